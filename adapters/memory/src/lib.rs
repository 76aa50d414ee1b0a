//! Storage in memory: the model that the SQL adapters are held against, and a quick store for tests.
//!
//! Invariants: simple before fast. Every read is a scan of one state under one lock, so it is consistent; a commit works
//! on a draft over that state, which takes the state's place once every write has held, so half a unit is never seen.
//! Nothing is durable beyond the process.
//!
//! Where writes can be refused for several reasons, the order of judging is part of the model and the SQL adapters
//! follow it: see [`Commit`] on [`MemoryStore`].

mod audits;
mod draft;
mod reads;
mod shared;
mod state;
mod work;

use async_trait::async_trait;
use state::{AppliedUnit, State};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use veza_ports::storage::{Commit, CommitError, Committed, UnitOfWork};

/// A store that lives as long as its last clone: clones share the rows.
#[derive(Clone, Debug, Default)]
pub struct MemoryStore {
    state: Arc<Mutex<State>>,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The state, for as long as nothing is awaited. A poisoned lock is taken over: a commit that panics has changed
    /// nothing, as only the last step of one touches the state.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Commit for MemoryStore {
    /// The order of judging: the unit's id first; then write by write, in the unit's order, each against the state that
    /// the writes before it leave; the first refusal refuses the unit. Within one write:
    /// 1. what can't be, whatever is stored ([`veza_ports::storage::Write::fault`]: [`CommitError::Invalid`]);
    /// 2. its guard ([`CommitError::Conflict`]); an `Ensure` that finds its row ends here, well;
    /// 3. the move of a transfer ([`CommitError::Invalid`]);
    /// 4. unique values in the order of [`veza_ports::storage::UniqueValue`] ([`CommitError::Taken`], with the key of the
    ///    row that was to be written).
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        let mut state = self.state();
        if let Some(applied) = state.units.get(unit.id()) {
            let same = applied.fingerprint == *unit.fingerprint();
            return if same { Ok(Committed::AlreadyApplied) } else { Err(CommitError::IdReused(unit.id().clone())) };
        }
        let mut draft = draft::Draft::new(&state.rows);
        for write in unit.writes() {
            draft.apply(write)?;
        }
        for (key, row) in draft.into_changed() {
            match row {
                Some(row) => drop(state.rows.insert(key, row)),
                None => drop(state.rows.remove(&key)),
            }
        }
        state.units.insert(unit.id().clone(), AppliedUnit { fingerprint: *unit.fingerprint(), decided_at: unit.decided_at() });
        Ok(Committed::Applied)
    }
}
