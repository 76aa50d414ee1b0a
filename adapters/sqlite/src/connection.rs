//! Connections and their settings.

use crate::config::SqliteConfig;
use rusqlite::{Connection, ErrorCode, OpenFlags};
use std::fs::OpenOptions;
use std::path::Path;
use std::time::{Duration, Instant};

/// Statements that a connection keeps prepared: more than there are.
const STATEMENTS: usize = 200;

/// The write-ahead log is cut back to this when it was longer, in bytes.
const LOG_BYTES_KEPT: u32 = 64 << 20;

/// Makes an empty file, which to SQLite is an empty database, that only its owner may read: there are password hashes in it. What
/// SQLite puts beside it gets the same mode.
/// # Errors
/// `AlreadyExists` where something is: it is not even opened, for closing it again would end all locks that this process has on it.
pub(crate) fn create(path: &Path) -> std::io::Result<()> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path).map(drop)
}

/// The connection that writes. Every commit is flushed to disk before it is answered (`synchronous=FULL`).
pub(crate) fn open_writer(config: &SqliteConfig) -> rusqlite::Result<Connection> {
    // It is there already, or can't be made: then SQLite says why.
    drop(create(&config.path));
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let db = Connection::open_with_flags(&config.path, flags)?;
    db.busy_timeout(config.busy_timeout)?;
    use_write_ahead_log(&db, config.busy_timeout)?;
    db.pragma_update(None, "synchronous", "FULL")?;
    db.pragma_update(None, "wal_autocheckpoint", config.checkpoint_pages)?;
    db.pragma_update(None, "journal_size_limit", LOG_BYTES_KEPT)?;
    db.pragma_update(None, "temp_store", "MEMORY")?;
    if let Some(pages) = config.max_page_count {
        db.pragma_update_and_check(None, "max_page_count", pages, |_| Ok(()))?;
    }
    common(&db, config.cache_kib)?;
    Ok(db)
}

/// A connection that only reads; the database must be there.
pub(crate) fn open_reader(config: &SqliteConfig) -> rusqlite::Result<Connection> {
    let db = Connection::open_with_flags(&config.path, OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    db.busy_timeout(config.busy_timeout)?;
    common(&db, config.cache_kib / 4)?;
    Ok(db)
}

fn common(db: &Connection, cache_kib: u32) -> rusqlite::Result<()> {
    db.pragma_update(None, "foreign_keys", true)?;
    db.pragma_update(None, "trusted_schema", false)?;
    db.pragma_update(None, "cache_size", -i64::from(cache_kib))?;
    db.set_prepared_statement_cache_capacity(STATEMENTS);
    Ok(())
}

/// SQLite does not wait for the lock by itself here, so two processes that start together have to.
fn use_write_ahead_log(db: &Connection, patience: Duration) -> rusqlite::Result<()> {
    let started = Instant::now();
    loop {
        match db.pragma_update_and_check(None, "journal_mode", "WAL", |_| Ok(())) {
            Err(error) if error.sqlite_error_code() == Some(ErrorCode::DatabaseBusy) && started.elapsed() < patience => {
                std::thread::sleep(Duration::from_millis(5));
            }
            done => return done,
        }
    }
}
