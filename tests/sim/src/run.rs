//! A history from its beginning to the comparison of the books.

use crate::ground::within_runtime;
use crate::ops::{History, TO_THE_END};
use crate::world::World;
use crate::year::{Figures, Year, live};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use veza_memory::MemoryStore;
use veza_ports::BoxError;
use veza_ports::storage::Storage;
use veza_sqlite::{SqliteConfig, SqliteStore};

/// What a world keeps its books in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Base {
    /// The memory adapter.
    Memory,
    /// The SQLite adapter, on a file of its own.
    Sqlite,
}

/// What came of a history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ended {
    /// What must not be. Empty: all is well.
    pub broken: Vec<String>,
    /// Hash of all that happened.
    pub hash: u64,
    /// How much that was.
    pub events: u64,
    /// The same as text, where it was asked for.
    pub text: Vec<String>,
    /// Orders, and of them paid ones; refunds, transfers and reversals that there were.
    pub made: [usize; 5],
}

/// Runs a history.
#[must_use]
pub fn run(history: &History, base: Base, with_text: bool) -> Ended {
    let run = || within_runtime(|| play(history, base, with_text));
    match catch_unwind(AssertUnwindSafe(run)) {
        Ok(Ok(ended)) => ended,
        Ok(Err(error)) => Ended { broken: vec![format!("no world: {error}")], ..Ended::default() },
        Err(panic) => {
            let text = panic.downcast_ref::<&str>().map(ToString::to_string).or_else(|| panic.downcast_ref::<String>().cloned());
            Ended { broken: vec![format!("a panic: {}", text.unwrap_or_default())], ..Ended::default() }
        }
    }
}

/// Lives a year of subscribers.
///
/// # Errors
/// When there is no world.
pub fn run_year(year: &Year, base: Base) -> Result<Figures, BoxError> {
    within_runtime(|| on(base, |store| live(year, store)))
}

fn play(history: &History, base: Base, with_text: bool) -> Result<Ended, BoxError> {
    on(base, |store| lived(World::new(store, history.setting, with_text)?, history))
}

/// Does something on an empty store.
fn on<T>(base: Base, work: impl FnOnce(Arc<dyn Storage>) -> Result<T, BoxError>) -> Result<T, BoxError> {
    match base {
        Base::Memory => work(Arc::new(MemoryStore::new())),
        Base::Sqlite => {
            // Memory where there is such a disk: what a flush costs is not the question here.
            let shm = std::path::Path::new("/dev/shm");
            let dir = if shm.is_dir() { tempfile::tempdir_in(shm)? } else { tempfile::tempdir()? };
            let store = Arc::new(SqliteStore::open(SqliteConfig { readers: 1, ..SqliteConfig::new(dir.path().join("veza.db")) })?);
            let shared: Arc<dyn Storage> = store.clone();
            let ended = work(shared);
            store.shutdown();
            ended
        }
    }
}

fn lived(mut world: World, history: &History) -> Result<Ended, BoxError> {
    for seller in 0..2 {
        world.onboard(seller, 0, TO_THE_END);
        let account = world.account(usize::from(seller)).ok_or("a seller without an account")?;
        world.sandbox.set_account(&account, Some("active"), Some(true))?;
        world.onboard(seller, 1, TO_THE_END);
    }
    world.collect();
    for op in &history.ops {
        world.act(*op);
        if !world.broken.is_empty() {
            break;
        }
    }
    if world.broken.is_empty() {
        world.conclude();
    }
    let mut broken = std::mem::take(&mut world.broken);
    broken.append(&mut world.shared.seen().broken);
    for what in &broken {
        world.points.note(format_args!("!! {what}"));
    }
    let (hash, events, text) = world.points.trace();
    let seen = world.shared.seen();
    let made = [seen.orders.len(), seen.paid(), seen.refunds.len(), seen.transfers.len(), seen.reversals.len()];
    drop(seen);
    Ok(Ended { broken, hash, events, text, made })
}
