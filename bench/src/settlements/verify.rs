//! Is what was settled right? A fast wrong answer is worthless.

use crate::failure::{Outcome, fail};
use crate::fixture::{Fixture, PRICE};
use rusqlite::Connection;
use std::path::Path;

/// What has to stand in a database.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// The first orders of the fixture, as many as were settled.
    pub settled: usize,
    /// Deliveries of messages that had been settled before.
    pub repeated: usize,
}

/// Checks the database at `path`, which nobody has open: the first orders are completed, each exactly once and with all that hangs
/// on it, the others wait as before, the books balance, and the file is sound.
///
/// # Errors
/// Something is not as expected: all of it is named.
pub fn verify(path: &Path, fixture: &Fixture, expected: Expected) -> Outcome<()> {
    let db = Connection::open(path)?;
    let settled = i64::try_from(expected.settled)?;
    let waiting = i64::try_from(fixture.orders())? - settled;
    let logged = settled + i64::try_from(expected.repeated)?;
    let share = fixture.order(0).1.share.0;
    let mut wrong = Vec::new();
    let mut check = |what: &str, sql: &str, expected: i64| -> Outcome<()> {
        let found: i64 = db.query_row(sql, [], |row| row.get(0))?;
        if found != expected {
            wrong.push(format!("{what}: {found} instead of {expected}"));
        }
        Ok(())
    };
    // Written once since it was made, so at its second revision.
    let completed = "SELECT count(*) FROM orders WHERE status = 'completed' AND revision = 2 AND completed_at IS NOT NULL \
                     AND refund_deadline > completed_at";
    check("orders completed once", completed, settled)?;
    check("orders that wait", "SELECT count(*) FROM orders WHERE status = 'pending' AND revision = 1", waiting)?;
    check("licences", "SELECT count(*) FROM licences WHERE status = 'active'", settled)?;
    check("lines with a licence", "SELECT count(DISTINCT line_id) FROM licences", settled)?;
    check("postings", "SELECT count(*) FROM postings", settled)?;
    check("orders posted", "SELECT count(DISTINCT order_id) FROM postings", settled)?;
    check("sum of the ledger", "SELECT coalesce(sum(amount), 0) FROM ledger_entries", 0)?;
    check("balances that differ from the ledger", "SELECT count(*) FROM ledger_drift", 0)?;
    let account = |name: &str| format!("SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE account GLOB '{name}'");
    check("held by the PSP", &account("psp_clearing"), settled * PRICE)?;
    check("owed to sellers", &account("seller_payable:*"), -settled * share)?;
    check("the platform's fees", &account("platform_fee"), -settled * (PRICE - share))?;
    check("transfers", "SELECT count(*) FROM transfers WHERE status = 'pending'", settled)?;
    check("orders with a transfer", "SELECT count(DISTINCT order_id) FROM transfers", settled)?;
    check("sum of transfers", "SELECT coalesce(sum(amount), 0) FROM transfers", settled * share)?;
    let stray = "SELECT (SELECT count(*) FROM licences WHERE order_id NOT IN done) + (SELECT count(*) FROM transfers WHERE order_id \
                 NOT IN done) + (SELECT count(*) FROM postings WHERE order_id NOT IN done)";
    check("rows of orders that are not completed", &format!("WITH done AS (SELECT id FROM orders WHERE status = 'completed') {stray}"), 0)?;
    let log = "SELECT count(*) FROM webhook_log WHERE signature_valid = 1 AND processing_result = 'ok' AND length(payload) = 4096";
    check("deliveries logged", log, logged)?;
    check("deliveries in all", "SELECT count(*) FROM webhook_log", logged)?;
    check("units", "SELECT count(*) FROM units WHERE id GLOB 'webhook:*'", settled)?;
    check("rows that wait on a person", "SELECT count(*) FROM attention", 0)?;
    check("faults of the file", "SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'", 0)?;
    check("references that lead nowhere", "SELECT count(*) FROM pragma_foreign_key_check", 0)?;
    let last = "SELECT count(*) FROM orders WHERE status = 'completed' AND id > ?1";
    let later: i64 = match expected.settled.checked_sub(1) {
        Some(number) => db.query_row(last, [fixture.order_id(number)], |row| row.get(0))?,
        None => 0,
    };
    if later != 0 {
        wrong.push(format!("{later} orders are completed that nobody paid"));
    }
    if wrong.is_empty() { Ok(()) } else { fail(format!("the books are wrong: {}", wrong.join("; "))) }
}
