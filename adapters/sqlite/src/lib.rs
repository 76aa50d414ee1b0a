//! Storage in SQLite: one thread writes, a few read, nobody blocks the async runtime.
//!
//! A unit of work travels as data to the writer's queue, joins the transaction that is next, and is answered once that is on
//! disk (`writer`); inside, each of its writes is one guarded statement (`apply`, `rows`). Reads run on connections of their
//! own (`readers`, `reads`). The schema is `migrations/sqlite`, which is also where an on-call engineer should begin to read.
//!
//! Invariants: those of [`veza_ports::storage`]; bound parameters only; no statement outside `rows`, `reads`, `apply`,
//! `work`, `connection` and `migrations`.

mod apply;
mod audits;
mod config;
mod connection;
mod fault;
mod fields;
mod migrations;
#[cfg(test)]
mod plans;
mod queue;
mod readers;
mod reads;
mod rows;
mod shared;
mod work;
mod writer;

pub use config::{BackupError, OpenError, SqliteConfig};
pub use migrations::newest_version;

use async_trait::async_trait;
use readers::Readers;
use std::fmt;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::thread::JoinHandle;
use veza_ports::storage::{Commit, CommitError, Committed, UnitOfWork};
use writer::Writer;

/// A database file, open. Ends with [`SqliteStore::shutdown`]; dropped, its threads finish what they were given and end.
pub struct SqliteStore {
    writer: Writer,
    readers: Readers,
    threads: Mutex<Threads>,
}

#[derive(Default)]
struct Threads {
    writer: Option<JoinHandle<()>>,
    readers: Vec<JoinHandle<()>>,
}

impl SqliteStore {
    /// Opens the file, brings its schema up to date and starts the threads. Blocks for some milliseconds, and for as long as
    /// another process holds the lock, at most [`SqliteConfig::busy_timeout`].
    /// # Errors
    /// [`OpenError`]; the file is as it was.
    pub fn open(config: SqliteConfig) -> Result<Self, OpenError> {
        let mut db = connection::open_writer(&config)?;
        migrations::run(&mut db)?;
        let open_reader = |_| connection::open_reader(&config);
        let connections = (0..config.readers.max(1)).map(open_reader).collect::<Result<Vec<_>, _>>()?;
        let (readers, reading) = Readers::start(config.queue, connections)?;
        let (writer, writing) = Writer::start(config, db)?;
        Ok(Self { writer, readers, threads: Mutex::new(Threads { writer: Some(writing), readers: reading }) })
    }

    /// Lets nothing more in, finishes what is in, brings the log into the file and closes it. Blocks until that is done; a
    /// second call finds nothing to do.
    pub fn shutdown(&self) {
        let threads = std::mem::take(&mut *self.threads.lock().unwrap_or_else(PoisonError::into_inner));
        // The writer's connection goes last: only it may bring the log into the file.
        self.readers.close();
        join(threads.readers);
        self.writer.close();
        join(threads.writer);
    }

    /// The schema that a file is at, without changing anything: 0 for an empty one, none where there is no file. Blocks.
    /// # Errors
    /// [`OpenError::Sqlite`] if it can't be read, or is no database.
    pub fn schema_version(path: &Path) -> Result<Option<i64>, OpenError> {
        if !path.exists() {
            return Ok(None);
        }
        let db = connection::open_reader(&SqliteConfig::new(path))?;
        Ok(Some(migrations::version(&db)?))
    }

    /// Copies a database to a file that is not there yet, as of one moment; a store that has it open goes on meanwhile. Only its
    /// owner may read the copy. Blocks.
    /// # Errors
    /// [`BackupError`]; nothing is left of the copy then.
    pub fn backup(from: &Path, to: &Path) -> Result<(), BackupError> {
        let name = to.to_str().ok_or_else(|| rusqlite::Error::InvalidPath(to.to_owned()))?;
        let db = connection::open_reader(&SqliteConfig::new(from))?;
        connection::create(to).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => BackupError::Exists(to.to_owned()),
            _ => BackupError::File(error),
        })?;
        let copied = db.execute("VACUUM INTO ?1", [name]);
        if copied.is_err()
            && let Err(error) = std::fs::remove_file(to)
        {
            tracing::warn!(file = name, %error, "what was written of a copy that failed could not be removed");
        }
        copied?;
        Ok(())
    }
}

fn join(threads: impl IntoIterator<Item = JoinHandle<()>>) {
    for thread in threads {
        if thread.join().is_err() {
            tracing::error!("a thread of the store has panicked");
        }
    }
}

impl Drop for SqliteStore {
    fn drop(&mut self) {
        self.readers.close();
        self.writer.close();
    }
}

impl fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SqliteStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Commit for SqliteStore {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        self.writer.commit(unit).await
    }
}
