//! Is what was settled right? A fast wrong answer is worthless.

use crate::failure::{Outcome, fail};
use crate::fixture::{Fixture, PRICE};
use crate::postgres::cluster::Cluster;
use rusqlite::Connection;
use std::path::Path;

/// What has to stand in a database.
#[derive(Clone, Copy, Debug)]
pub struct Expected {
    /// Orders of the fixture that were settled.
    pub settled: usize,
    /// Deliveries of messages that had been settled before.
    pub repeated: usize,
}

/// A number that has to come out.
struct Check {
    what: &'static str,
    sql: String,
    expected: i64,
}

/// Checks the SQLite database at `path`, which nobody has open: the first orders are completed, each exactly once and with all that
/// hangs on it, the others wait as before, the books balance, and the file is sound.
///
/// # Errors
/// Something is not as expected: all of it is named.
pub fn sqlite(path: &Path, fixture: &Fixture, expected: Expected) -> Outcome<()> {
    let db = Connection::open(path)?;
    let mut checks = checks(fixture, expected)?;
    let file = [
        ("faults of the file", "SELECT count(*) FROM pragma_quick_check WHERE quick_check <> 'ok'"),
        ("references that lead nowhere", "SELECT count(*) FROM pragma_foreign_key_check"),
    ];
    checks.extend(file.map(|(what, sql)| Check { what, sql: sql.to_owned(), expected: 0 }));
    let last = match expected.settled.checked_sub(1) {
        Some(number) => format!("id > X'{}'", fixture.order_id(number).simple()),
        None => "TRUE".to_owned(),
    };
    let sql = format!("SELECT count(*) FROM orders WHERE status = 'completed' AND {last}");
    checks.push(Check { what: "orders completed that nobody paid", sql, expected: 0 });
    judge(checks, |sql| Ok(db.query_row(sql, [], |row| row.get(0))?))
}

/// Checks a database on Postgres in the same way, but for which orders they were.
///
/// # Errors
/// Something is not as expected: all of it is named.
pub fn postgres(cluster: &Cluster, database: &str, fixture: &Fixture, expected: Expected) -> Outcome<()> {
    let count = |sql: &str| Ok(cluster.sql(database, sql)?.parse()?);
    judge(checks(fixture, expected)?, count).or_else(|error| fail(format!("{database}: {error}")))
}

fn judge(checks: Vec<Check>, count: impl Fn(&str) -> Outcome<i64>) -> Outcome<()> {
    let mut wrong = Vec::new();
    for Check { what, sql, expected } in checks {
        let found = count(&sql)?;
        if found != expected {
            wrong.push(format!("{what}: {found} instead of {expected}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { fail(format!("the books are wrong: {}", wrong.join("; "))) }
}

/// What holds on both databases.
fn checks(fixture: &Fixture, expected: Expected) -> Outcome<Vec<Check>> {
    let settled = i64::try_from(expected.settled)?;
    let waiting = i64::try_from(fixture.orders())? - settled;
    let logged = settled + i64::try_from(expected.repeated)?;
    let share = fixture.order(0).1.share.0;
    let mut checks = Vec::new();
    let mut check = |what: &'static str, sql: &str, expected: i64| checks.push(Check { what, sql: sql.to_owned(), expected });
    // Written once since it was made, so at its second revision.
    let completed = "SELECT count(*) FROM orders WHERE status = 'completed' AND revision = 2 AND completed_at IS NOT NULL \
                     AND refund_deadline > completed_at";
    check("orders completed once", completed, settled);
    check("orders that wait", "SELECT count(*) FROM orders WHERE status = 'pending' AND revision = 1", waiting);
    let licences = "SELECT count(*) FROM licences AS l JOIN order_lines AS i ON i.id = l.line_id AND i.order_id = l.order_id \
                    AND i.product_id = l.product_id JOIN orders AS o ON o.id = l.order_id AND o.buyer_id = l.buyer_id \
                    WHERE l.status = 'active'";
    check("licences of what was bought", licences, settled);
    check("licences", "SELECT count(*) FROM licences", settled);
    check("lines with a licence", "SELECT count(DISTINCT line_id) FROM licences", settled);
    check("postings", "SELECT count(*) FROM postings", settled);
    check("orders posted", "SELECT count(DISTINCT order_id) FROM postings", settled);
    check("sum of the ledger", "SELECT coalesce(sum(amount), 0) FROM ledger_entries", 0);
    check("balances that differ from the ledger", "SELECT count(*) FROM ledger_drift", 0);
    let account = |name: &str| format!("SELECT coalesce(sum(amount), 0) FROM ledger_entries WHERE account LIKE '{name}'");
    check("held by the PSP", &account("psp_clearing"), settled * PRICE);
    check("owed to sellers", &account("seller_payable:%"), -settled * share);
    check("the platform's fees", &account("platform_fee"), -settled * (PRICE - share));
    let transfers = "SELECT count(*) FROM transfers AS t JOIN order_lines AS i ON i.order_id = t.order_id AND i.seller_id = t.seller_id \
                     AND i.share = t.amount WHERE t.status = 'pending'";
    check("transfers of what was sold", transfers, settled);
    check("orders with a transfer", "SELECT count(DISTINCT order_id) FROM transfers", settled);
    check("sum of transfers", "SELECT coalesce(sum(amount), 0) FROM transfers", settled * share);
    let stray = "WITH done AS (SELECT id FROM orders WHERE status = 'completed') \
                 SELECT (SELECT count(*) FROM licences WHERE order_id NOT IN (SELECT id FROM done)) \
                 + (SELECT count(*) FROM transfers WHERE order_id NOT IN (SELECT id FROM done)) \
                 + (SELECT count(*) FROM postings WHERE order_id NOT IN (SELECT id FROM done))";
    check("rows of orders that are not completed", stray, 0);
    let log = "SELECT count(*) FROM webhook_log WHERE signature_valid AND processing_result = 'ok' AND length(payload) = 4096";
    check("deliveries logged", log, logged);
    check("deliveries in all", "SELECT count(*) FROM webhook_log", logged);
    check("units", "SELECT count(*) FROM units WHERE id LIKE 'webhook:%'", settled);
    check("rows that wait on a person", "SELECT count(*) FROM attention", 0);
    Ok(checks)
}
