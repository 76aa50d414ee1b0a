//! How a store is opened and copied, and what can go wrong with that.

use std::path::PathBuf;
use std::time::Duration;

/// How a store is opened. `SqliteConfig::new(path)` has sensible values for the rest.
#[derive(Clone, Debug)]
pub struct SqliteConfig {
    /// The database file; its `-wal` and `-shm` stand beside it.
    pub path: PathBuf,
    /// Connections that read, each on a thread of its own.
    pub readers: usize,
    /// Writes that may wait, and reads that may wait; one more is refused at once.
    pub queue: usize,
    /// Most units of one transaction.
    pub batch_max: usize,
    /// How long another process may hold the lock before we give up.
    pub busy_timeout: Duration,
    /// Most pages (4 KiB) that the file may grow to; none = as the disk allows.
    pub max_page_count: Option<u32>,
    /// Page cache of the writer, in KiB; a reader has a quarter of it. Taken as needed.
    pub cache_kib: u32,
    /// Pages in the write-ahead log after which they are brought into the file.
    pub checkpoint_pages: u32,
}

impl SqliteConfig {
    /// The file at `path`, everything else as usual.
    #[must_use]
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            readers: 2,
            queue: 4096,
            batch_max: 256,
            busy_timeout: Duration::from_secs(5),
            max_page_count: None,
            cache_kib: 8192,
            checkpoint_pages: 8000,
        }
    }
}

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The database was written by a newer version of Veza.
    #[error("the database is at schema {found}, this binary knows up to {known}")]
    Newer {
        /// The database's version.
        found: i64,
        /// The newest version that we know.
        known: i64,
    },
    /// A migration failed; nothing of it was kept.
    #[error("migration {name} failed")]
    Migration {
        /// Which.
        name: &'static str,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
    /// The file can't be opened, or is no database.
    #[error("the database can't be opened")]
    Sqlite(#[from] rusqlite::Error),
    /// A thread can't be started.
    #[error("a thread can't be started")]
    Thread(#[from] std::io::Error),
}

/// Why a copy was not made.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// There is something at its place already; it is as it was.
    #[error("{} is there already", .0.display())]
    Exists(PathBuf),
    /// Its file can't be made.
    #[error("the copy's file can't be made")]
    File(#[source] std::io::Error),
    /// The database can't be read, or there is no room for the copy.
    #[error("the database can't be copied")]
    Sqlite(#[from] rusqlite::Error),
}
