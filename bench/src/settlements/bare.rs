//! The bare loop: the rows of a settlement, written by nothing but SQLite statements in a loop.
//!
//! Same schema, same settings, same rows and values as the application's, many settlements to a transaction; no HTTP, no
//! signature, no JSON, no reads, no rules. What varies is made up before the clock runs.

use crate::failure::Outcome;
use crate::fixture::Fixture;
use crate::messages::{Messages, USER_AGENT};
use crate::settlements::verify::{self, Expected};
use rusqlite::{Connection, params};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};
use uuid::Uuid;
use veza_domain::ids::derive;
use veza_domain::ledger;
use veza_domain::order::{Order, OrderLine};
use veza_domain::time::Timestamp;
use veza_sqlite::SqliteConfig;

/// `REFUND_WINDOW` as it is by default.
const REFUND_WINDOW: Duration = Duration::from_secs(336 * 3600);

const ORDER: &str = "UPDATE orders SET revision = ?2 + 1, status = ?5, total = ?6, currency = ?7, refunded = ?8, client_secret = ?9, \
     failure = ?10, created_at = ?11, completed_at = ?12, refund_deadline = ?13, look_due_at = NULL \
     WHERE id = ?1 AND revision = ?2 AND buyer_id = ?3 AND payment_id IS ?4";
const LICENCE: &str = "INSERT INTO licences (id, revision, line_id, order_id, product_id, buyer_id, kind, status, granted_at) \
     VALUES (?1, 1, ?2, ?3, ?4, ?5, ?6, 'active', ?7)";
const POSTING: &str = "INSERT INTO postings (event, order_id, posted_at) VALUES (?1, ?2, ?3)";
const ENTRY: &str = "INSERT INTO ledger_entries (account, currency, posting, amount) VALUES (?1, ?2, ?3, ?4)";
const TRANSFER: &str = "INSERT INTO transfers (id, revision, order_id, seller_id, amount, currency, amount_reversed, status, generation, \
     first_sent_at, last_sent_at, look_up, retry_count, next_retry_at, hold, last_error, stripe_transfer_id, created_at) \
     VALUES (?1, 1, ?2, ?3, ?4, ?5, 0, 'pending', 0, NULL, NULL, 0, 0, ?6, NULL, NULL, NULL, ?6)";
const DELIVERY: &str = "INSERT INTO webhook_log (id, sender, order_id, received_at, event_type, signature_valid, processing_result, \
     source_ip, user_agent, request_id, payload) \
     VALUES (?1, 'hyperswitch', ?6, ?2, 'payment_succeeded', 1, 'ok', '127.0.0.1', ?3, ?4, ?5)";
const UNIT: &str = "INSERT INTO units (id, fingerprint, decided_at) VALUES (?1, ?2, ?3)";

/// One settlement as it will be written.
struct Settlement {
    order: Order,
    line: OrderLine,
    licence_id: Uuid,
    transfer_id: Uuid,
    event: String,
    entries: Vec<(String, i64)>,
    delivery_id: Uuid,
    request_id: String,
    unit_id: String,
    fingerprint: [u8; 32],
    payload: String,
}

/// The loop, on a copy of the prepared database. It runs in turns, before and after what it is compared with, because machines have
/// better and worse minutes.
pub struct Bare<'a> {
    path: PathBuf,
    db: Connection,
    fixture: &'a Fixture,
    messages: &'a Messages<'a>,
    next: usize,
    counted: usize,
    elapsed: Duration,
}

impl<'a> Bare<'a> {
    /// A loop on a copy of the database `prepared`, in `folder`.
    ///
    /// # Errors
    /// It can't be copied or opened.
    pub fn new(folder: &Path, prepared: &Path, fixture: &'a Fixture, messages: &'a Messages<'a>) -> Outcome<Self> {
        let path = folder.join("bare.db");
        std::fs::copy(prepared, &path)?;
        let db = connect(&path)?;
        Ok(Self { path, db, fixture, messages, next: 0, counted: 0, elapsed: Duration::ZERO })
    }

    /// Settles the next `count` orders, `batch` to a transaction, and does not count the first twentieth.
    ///
    /// # Errors
    /// The database does not take it.
    pub fn turn(&mut self, count: usize, batch: usize) -> Outcome<()> {
        let end = (self.next + count).min(self.fixture.orders());
        let numbers: Vec<usize> = (self.next..end).collect();
        let warm = numbers.len() / 20;
        let mut done = 0;
        for numbers in numbers.chunks(batch.max(1)) {
            let prepared = |number: &usize| prepare(self.fixture, self.messages, *number);
            let settlements = numbers.iter().map(prepared).collect::<Outcome<Vec<_>>>()?;
            let started = Instant::now();
            self.db.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
            for settlement in &settlements {
                write(&self.db, settlement)?;
            }
            self.db.prepare_cached("COMMIT")?.execute([])?;
            if done >= warm {
                self.elapsed += started.elapsed();
                self.counted += numbers.len();
            }
            done += numbers.len();
        }
        self.next = end;
        Ok(())
    }

    /// Settlements a second of all turns; what the loop wrote is checked like the server's.
    ///
    /// # Errors
    /// The database holds something else than it should.
    pub fn rate(self) -> Outcome<f64> {
        drop(self.db);
        verify::sqlite(&self.path, self.fixture, Expected { settled: self.next, repeated: 0 })?;
        Ok(self.counted as f64 / self.elapsed.as_secs_f64())
    }
}

/// A connection with the settings of the application's writer.
fn connect(path: &Path) -> Outcome<Connection> {
    let settings = SqliteConfig::new(path);
    let db = Connection::open(path)?;
    db.pragma_update(None, "journal_mode", "WAL")?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", settings.checkpoint_pages)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cache_size", -i64::from(settings.cache_kib))?;
    db.set_prepared_statement_cache_capacity(20);
    Ok(db)
}

fn prepare(fixture: &Fixture, messages: &Messages<'_>, number: usize) -> Outcome<Settlement> {
    let (order, line) = fixture.order(number);
    let posting = ledger::order_completed(order.id, order.total, std::slice::from_ref(&line), order.created_at)?;
    let mut fingerprint = [0; 32];
    fingerprint[..16].copy_from_slice(order.id.0.as_bytes());
    fingerprint[16..].copy_from_slice(line.id.0.as_bytes());
    Ok(Settlement {
        licence_id: derive(line.id.0, "licence", &[]),
        transfer_id: derive(order.id.0, "transfer", line.seller_id.0.as_bytes()),
        event: posting.event,
        entries: posting.entries.iter().map(|entry| (entry.account.to_string(), entry.amount.0)).collect(),
        delivery_id: Uuid::now_v7(),
        request_id: Uuid::now_v7().to_string(),
        unit_id: format!("webhook:evt_{}", order.id.0.simple()),
        fingerprint,
        payload: messages.body(number),
        order,
        line,
    })
}

fn write(db: &Connection, settlement: &Settlement) -> rusqlite::Result<()> {
    let Settlement { order, line, .. } = settlement;
    let Timestamp(now) = order.created_at;
    let currency = order.total.currency.code();
    db.prepare_cached(UNIT)?.execute(params![settlement.unit_id, settlement.fingerprint, now])?;
    db.prepare_cached(ORDER)?.execute(params![
        order.id.0,
        1,
        order.buyer_id.0,
        order.payment_id,
        "completed",
        order.total.amount.0,
        currency,
        order.refunded.0,
        order.client_secret.as_ref().map(|secret| &secret.0),
        order.failure,
        now,
        now,
        order.created_at.plus(REFUND_WINDOW).0,
    ])?;
    let licence =
        params![settlement.licence_id, line.id.0, order.id.0, line.product_id.0, order.buyer_id.0, line.licence_kind.as_str(), now];
    db.prepare_cached(LICENCE)?.execute(licence)?;
    db.prepare_cached(TRANSFER)?.execute(params![settlement.transfer_id, order.id.0, line.seller_id.0, line.share.0, currency, now])?;
    db.prepare_cached(POSTING)?.execute(params![settlement.event, order.id.0, now])?;
    let posting = db.last_insert_rowid();
    for (account, amount) in &settlement.entries {
        db.prepare_cached(ENTRY)?.execute(params![account, currency, posting, amount])?;
    }
    let delivery = params![settlement.delivery_id, now, USER_AGENT, settlement.request_id, settlement.payload, order.id.0];
    db.prepare_cached(DELIVERY)?.execute(delivery)?;
    Ok(())
}
