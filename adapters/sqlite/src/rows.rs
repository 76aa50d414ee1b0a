//! Every kind of row: the statements that write it and the columns it is read from, side by side.
//!
//! Invariants: values are bound, never spliced; an `UPDATE` names all that may change and is guarded by the revision;
//! each `SELECT` begins with the revision.

pub(crate) mod billing;
pub(crate) mod catalogue;
pub(crate) mod distribution;
mod ledger;
pub(crate) mod operations;
pub(crate) mod orders;
pub(crate) mod people;
pub(crate) mod refunds;
pub(crate) mod trail;
pub(crate) mod transfers;

use rusqlite::{Connection, Params, params};
use veza_ports::storage::{Revision, Row, RowKey};

/// A row that can be written.
pub(crate) trait Stored {
    /// Inserts it; its parameters are those of [`Stored::run`].
    const INSERT: &'static str;
    /// Replaces it where it is still at the revision given. Tried in turn until one finds the row: where indexed columns hardly
    /// ever change, the first statement leaves them and their indexes alone, and finds the row only if they are the same.
    const UPDATES: &'static [&'static str];

    /// Binds the row (key first, then `revision`) and runs a statement; says how many rows it changed.
    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize>;

    /// Writes the rows that belong to it; `replace` = there may be older ones.
    fn write_parts(&self, _db: &Connection, _replace: bool) -> rusqlite::Result<()> {
        Ok(())
    }

    fn insert(&self, db: &Connection) -> rusqlite::Result<()> {
        self.run(db, Self::INSERT, Revision::FIRST).map(|_| ())
    }

    /// Replaces it; false if the guard does not hold.
    fn update(&self, db: &Connection, expected: Revision) -> rusqlite::Result<bool> {
        for sql in Self::UPDATES {
            if self.run(db, sql, expected)? == 1 {
                return Ok(true);
            }
        }
        Ok(false)
    }
}

/// Runs a cached statement.
pub(crate) fn execute(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<usize> {
    db.prepare_cached(sql)?.execute(params)
}

macro_rules! each_kind {
    ($row:expr, $inner:ident => $body:expr) => {
        match $row {
            Row::User($inner) => $body,
            Row::MailToken($inner) => $body,
            Row::Session($inner) => $body,
            Row::RefreshToken($inner) => $body,
            Row::Product($inner) => $body,
            Row::Exclusive($inner) => $body,
            Row::SellerAccount($inner) => $body,
            Row::Idempotency($inner) => $body,
            Row::Trial($inner) => $body,
            Row::Subscription($inner) => $body,
            Row::Invoice($inner) => $body,
            Row::Order($inner) => $body,
            Row::Line($inner) => $body,
            Row::Refund($inner) => $body,
            Row::Licence($inner) => $body,
            Row::Transfer($inner) => $body,
            Row::Reversal($inner) => $body,
            Row::Dispute($inner) => $body,
            Row::Netting($inner) => $body,
            Row::Payout($inner) => $body,
            Row::Posting($inner) => $body,
            Row::Effect($inner) => $body,
            Row::Attention($inner) => $body,
            Row::Delivery($inner) => $body,
            Row::Journal($inner) => $body,
            Row::AdminAction($inner) => $body,
            Row::Submission($inner) => $body,
            Row::Placement($inner) => $body,
            Row::PlacementMove($inner) => $body,
            Row::RoyaltyFile($inner) => $body,
            Row::RoyaltyLine($inner) => $body,
        }
    };
}

pub(crate) fn insert(db: &Connection, row: &Row) -> rusqlite::Result<()> {
    each_kind!(row, row => row.insert(db))
}

pub(crate) fn update(db: &Connection, row: &Row, expected: Revision) -> rusqlite::Result<bool> {
    each_kind!(row, row => row.update(db, expected))
}

/// Removes the row with this key; false if there is none. Only entries of the operators' list are removed.
pub(crate) fn remove(db: &Connection, key: &RowKey) -> rusqlite::Result<bool> {
    match key {
        RowKey::Attention(subject, code) => {
            Ok(execute(db, "DELETE FROM attention WHERE subject_id = ?1 AND code = ?2", params![subject, code.as_str()])? == 1)
        }
        _ => Ok(false),
    }
}

pub(crate) fn write_parts(db: &Connection, row: &Row, replace: bool) -> rusqlite::Result<()> {
    each_kind!(row, row => row.write_parts(db, replace))
}

/// The revision of the row with this key; rows that are never updated are at the first.
pub(crate) fn revision(db: &Connection, key: &RowKey) -> rusqlite::Result<Option<Revision>> {
    let by = |sql: &str, params: &[&dyn rusqlite::ToSql]| -> rusqlite::Result<Option<Revision>> {
        let mut statement = db.prepare_cached(sql)?;
        let mut rows = statement.query(params)?;
        rows.next()?.map(|row| row.get(0).map(Revision)).transpose()
    };
    match key {
        RowKey::User(id) => by("SELECT revision FROM users WHERE id = ?1", &[&id.0]),
        RowKey::MailToken(id) => by("SELECT revision FROM mail_tokens WHERE id = ?1", &[&id.0]),
        RowKey::Session(id) => by("SELECT revision FROM sessions WHERE id = ?1", &[&id.0]),
        RowKey::RefreshToken(hash) => by("SELECT revision FROM refresh_tokens WHERE hash = ?1", &[&hash.0]),
        RowKey::Product(id) => by("SELECT revision FROM products WHERE id = ?1", &[&id.0]),
        RowKey::Exclusive(id) => by("SELECT revision FROM exclusive_holds WHERE product_id = ?1", &[&id.0]),
        RowKey::SellerAccount(id) => by("SELECT revision FROM seller_accounts WHERE seller_id = ?1", &[&id.0]),
        RowKey::Idempotency(user, scope, key) => {
            by("SELECT revision FROM idempotency_keys WHERE user_id = ?1 AND scope = ?2 AND key = ?3", &[&user.0, scope, key])
        }
        RowKey::Trial(id) => by("SELECT 1 FROM trials WHERE user_id = ?1", &[&id.0]),
        RowKey::Subscription(id) => by("SELECT revision FROM subscriptions WHERE id = ?1", &[&id.0]),
        RowKey::Invoice(id) => by("SELECT revision FROM invoices WHERE id = ?1", &[&id.0]),
        RowKey::Order(id) => by("SELECT revision FROM orders WHERE id = ?1", &[&id.0]),
        RowKey::Line(id) => by("SELECT revision FROM order_lines WHERE id = ?1", &[&id.0]),
        RowKey::Refund(id) => by("SELECT revision FROM refunds WHERE id = ?1", &[&id.0]),
        RowKey::Licence(id) => by("SELECT revision FROM licences WHERE id = ?1", &[&id.0]),
        RowKey::Transfer(id) => by("SELECT revision FROM transfers WHERE id = ?1", &[&id.0]),
        RowKey::Reversal(id) => by("SELECT revision FROM reversals WHERE id = ?1", &[&id.0]),
        RowKey::Dispute(id) => by("SELECT revision FROM disputes WHERE id = ?1", &[&id.0]),
        RowKey::Netting(id) => by("SELECT 1 FROM nettings WHERE id = ?1", &[&id.0]),
        RowKey::Payout(id) => by("SELECT revision FROM payouts WHERE id = ?1", &[id]),
        RowKey::Posting(event) => by("SELECT 1 FROM postings WHERE event = ?1", &[event]),
        RowKey::Effect(id) => by("SELECT revision FROM effects WHERE id = ?1", &[&id.0]),
        RowKey::Attention(subject, code) => by("SELECT 1 FROM attention WHERE subject_id = ?1 AND code = ?2", &[subject, &code.as_str()]),
        RowKey::Delivery(id) => by("SELECT 1 FROM webhook_log WHERE id = ?1", &[&id.0]),
        RowKey::Journal(id) => by("SELECT 1 FROM journal WHERE id = ?1", &[&id.0]),
        RowKey::AdminAction(id) => by("SELECT 1 FROM admin_actions WHERE id = ?1", &[&id.0]),
        RowKey::Submission(id) => by("SELECT 1 FROM submissions WHERE id = ?1", &[&id.0]),
        RowKey::Placement(id) => by("SELECT revision FROM placements WHERE id = ?1", &[&id.0]),
        RowKey::PlacementMove(id) => by("SELECT 1 FROM placement_moves WHERE id = ?1", &[&id.0]),
        RowKey::RoyaltyFile(hash) => by("SELECT 1 FROM royalty_files WHERE hash = ?1", &[hash]),
        RowKey::RoyaltyLine(key) => by(
            "SELECT 1 FROM royalty_lines WHERE product_id = ?1 AND platform = ?2 AND period = ?3 AND currency = ?4 AND territory = ?5",
            &[&key.product_id.0, &key.platform.as_str(), &key.period.to_string(), &key.currency.code(), &key.territory],
        ),
    }
}
