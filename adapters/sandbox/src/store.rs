//! The data file: one SQLite table that holds every record as JSON.
//!
//! A change is committed before its answer is sent. WAL with `synchronous=NORMAL` survives the death of the process
//! (`kill -9`), not that of the machine; a simulator needs no more, and this way it costs no fsync per call.

use std::path::Path;

use rusqlite::{Connection, params};

use crate::table::{Record, Table};

/// Why the data file could not be read or written.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// SQLite refused.
    #[error("data file")]
    Sqlite(#[from] rusqlite::Error),
    /// A stored record does not parse: the file belongs to another version.
    #[error("record in the data file")]
    Record(#[from] serde_json::Error),
}

/// An open data file.
pub(crate) struct Store {
    connection: Connection,
}

impl Store {
    pub(crate) fn open(path: &Path) -> Result<Self, StoreError> {
        let connection = Connection::open(path)?;
        connection.execute_batch(
            "PRAGMA journal_mode = WAL;
             PRAGMA synchronous = NORMAL;
             PRAGMA busy_timeout = 5000;
             CREATE TABLE IF NOT EXISTS records (
                 kind TEXT NOT NULL, position INTEGER NOT NULL, body TEXT NOT NULL, PRIMARY KEY (kind, position)
             ) STRICT, WITHOUT ROWID;",
        )?;
        Ok(Self { connection })
    }

    pub(crate) fn load<T: Record>(&self) -> Result<Table<T>, StoreError> {
        let mut statement = self.connection.prepare("SELECT body FROM records WHERE kind = ?1 ORDER BY position")?;
        let bodies = statement.query_map([T::KIND], |row| row.get::<_, String>(0))?;
        let mut rows = Vec::new();
        for body in bodies {
            rows.push(serde_json::from_str(&body?)?);
        }
        Ok(Table::new(rows, true))
    }

    /// Runs `write` in one transaction: all of what one call changed, or none of it.
    pub(crate) fn commit(&mut self, write: impl FnOnce(&Batch<'_>) -> Result<(), StoreError>) -> Result<(), StoreError> {
        let transaction = self.connection.transaction()?;
        write(&Batch { connection: &transaction })?;
        Ok(transaction.commit()?)
    }
}

/// The open transaction of [`Store::commit`].
pub(crate) struct Batch<'a> {
    connection: &'a Connection,
}

impl Batch<'_> {
    pub(crate) fn write<T: Record>(&self, table: &Table<T>) -> Result<(), StoreError> {
        let mut unwritten = table.unwritten().peekable();
        if unwritten.peek().is_none() {
            return Ok(());
        }
        let mut statement = self.connection.prepare_cached("INSERT OR REPLACE INTO records (kind, position, body) VALUES (?1, ?2, ?3)")?;
        for (position, row) in unwritten {
            statement.execute(params![T::KIND, position as i64, serde_json::to_string(row)?])?;
        }
        Ok(())
    }
}
