//! Postings: inserted, never changed.

use super::{Stored, execute};
use rusqlite::{Connection, params};
use veza_domain::ledger::Posting;
use veza_ports::storage::Revision;

impl Stored for Posting {
    const INSERT: &'static str = "INSERT INTO postings (event, order_id, posted_at) VALUES (?1, ?2, ?3)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        execute(db, sql, params![self.event, self.order_id.0, self.posted_at.0])
    }

    /// The entries (a trigger adds them to the balances), under the number that the posting was just given.
    fn write_parts(&self, db: &Connection, _replace: bool) -> rusqlite::Result<()> {
        let posting = db.last_insert_rowid();
        let sql = "INSERT INTO ledger_entries (posting, account, currency, amount) VALUES (?1, ?2, ?3, ?4)";
        for entry in &self.entries {
            execute(db, sql, params![posting, entry.account.to_string(), self.currency.code(), entry.amount.0])?;
        }
        Ok(())
    }
}
