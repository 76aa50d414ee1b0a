//! Stores on throw-away files.

#![allow(dead_code, clippy::unwrap_used, reason = "test code, shared by several test binaries")]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use tempfile::TempDir;
use veza_ports::storage::Storage;
use veza_sqlite::{SqliteConfig, SqliteStore};

/// A folder that goes when it is dropped.
pub struct Folder {
    folder: TempDir,
    made: AtomicU32,
}

/// A folder in memory where the system has one: most tests are about answers, not about the disk.
pub fn folder() -> Folder {
    let memory = Path::new("/dev/shm");
    let folder = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() };
    Folder { folder: folder.unwrap(), made: AtomicU32::new(0) }
}

/// A folder on the disk.
pub fn on_disk() -> Folder {
    Folder { folder: TempDir::new().unwrap(), made: AtomicU32::new(0) }
}

impl Folder {
    /// The path of a database that is not there yet.
    pub fn path(&self) -> PathBuf {
        self.folder.path().join(format!("{}.db", self.made.fetch_add(1, Ordering::Relaxed)))
    }

    /// An empty store.
    pub fn fresh(&self) -> Arc<dyn Storage> {
        Arc::new(SqliteStore::open(config(self.path())).unwrap())
    }
}

pub fn config(path: PathBuf) -> SqliteConfig {
    SqliteConfig { busy_timeout: Duration::from_millis(500), ..SqliteConfig::new(path) }
}
