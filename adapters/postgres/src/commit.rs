//! A unit of work, from the first attempt to its answer.
//!
//! Nearly every unit is one statement that is its own transaction: one round trip, and no lock outlives it. A unit that writes a
//! row more than once is one transaction of as many statements as the row has writes. Only a unit that is refused is gone
//! through again, write by write in a transaction, to find the write that did not hold (which may go well by then: that is as
//! good an answer).
//!
//! Invariants: the order of judging is the model's (`veza-memory`): the unit's id; then per write what can't be, its guard, the
//! move of a transfer, unique values. A deadlock, a serialization failure, a lock or a statement that took too long are
//! [`CommitError::Unavailable`]: the server undid all of the unit, which may come again as it is. Only the statement that is its
//! own transaction, and `COMMIT`, can leave the outcome unknown.

use crate::batch::Batch;
use crate::fault::{self, Fault};
use crate::pool::{Lease, Pool};
use crate::rows::place;
use crate::statement::Statement;
use sqlx::Row as _;
use sqlx::postgres::PgRow;
use std::collections::BTreeMap;
use veza_ports::storage::{CommitError, Committed, RowKey, UnitOfWork, Write};

/// The id of the unit was noted and swept again while we looked.
#[derive(Debug, thiserror::Error)]
#[error("the unit's id has just been swept")]
struct Swept;

pub(crate) async fn commit(pool: &Pool, unit: &UnitOfWork) -> Result<Committed, CommitError> {
    if unit.writes().iter().all(|write| write.fault().is_none()) {
        let layers = layers(unit);
        let answer = if layers.len() == 1 { at_once(pool, unit, layers).await? } else { in_layers(pool, unit, layers).await? };
        if let Some(committed) = answer {
            return Ok(committed);
        }
    }
    step_by_step(pool, unit).await
}

/// The first write of every row, the second ones, and so on. A guard that the write before it has looked at already is left out.
fn layers(unit: &UnitOfWork) -> Vec<Vec<&Write>> {
    let mut layers: Vec<Vec<&Write>> = vec![Vec::new()];
    let mut written: BTreeMap<RowKey, usize> = BTreeMap::new();
    let mut before: Option<&Write> = None;
    for write in unit.writes() {
        if before == Some(write) && matches!(write, Write::Unchanged { .. }) {
            continue;
        }
        before = Some(write);
        let layer = written.entry(write.key()).or_default();
        match layers.get_mut(*layer) {
            Some(writes) => writes.push(write),
            None => layers.push(vec![write]),
        }
        *layer += 1;
    }
    layers
}

/// What a statement says.
struct Outcome {
    open: bool,
    known: Option<Vec<u8>>,
    inserted: Option<i64>,
}

impl Outcome {
    fn of(answer: &[PgRow]) -> Result<Self, sqlx::Error> {
        let row = answer.first().ok_or(sqlx::Error::RowNotFound)?;
        Ok(Self { open: row.try_get(0)?, known: row.try_get(1)?, inserted: row.try_get(2)? })
    }
}

async fn run(db: &mut Lease, batch: Batch<'_>) -> Result<Outcome, sqlx::Error> {
    Outcome::of(&db.run(batch.statement()).await?)
}

/// What is said to a unit whose id was noted before.
fn applied_before(unit: &UnitOfWork, fingerprint: &[u8]) -> Result<Committed, CommitError> {
    if fingerprint == unit.fingerprint() { Ok(Committed::AlreadyApplied) } else { Err(CommitError::IdReused(unit.id().clone())) }
}

/// One statement, its own transaction. None: it is refused, nothing was written.
async fn at_once(pool: &Pool, unit: &UnitOfWork, layers: Vec<Vec<&Write>>) -> Result<Option<Committed>, CommitError> {
    let mut db = pool.lease().await?;
    let batch = Batch { unit: Some(unit), writes: layers.concat(), alone: false };
    match run(&mut db, batch).await {
        Ok(Outcome { open: true, .. }) => Ok(Some(Committed::Applied)),
        Ok(Outcome { known: Some(fingerprint), .. }) => applied_before(unit, &fingerprint).map(Some),
        Ok(_) => Ok(None),
        Err(error) => match fault::of(&error) {
            Fault::Unique(_) | Fault::Row => Ok(None),
            Fault::Undone | Fault::Lost => Err(fault::of_commit(error)),
        },
    }
}

/// One statement per layer, in a transaction. None: it is refused, nothing was written.
async fn in_layers(pool: &Pool, unit: &UnitOfWork, layers: Vec<Vec<&Write>>) -> Result<Option<Committed>, CommitError> {
    let mut db = pool.lease().await?;
    db.begin().await.map_err(fault::unavailable)?;
    for (number, writes) in layers.into_iter().enumerate() {
        let batch = Batch { unit: (number == 0).then_some(unit), writes, alone: false };
        let refused = match run(&mut db, batch).await {
            Ok(Outcome { open: true, .. }) => continue,
            Ok(Outcome { known: Some(fingerprint), .. }) => applied_before(unit, &fingerprint).map(Some),
            Ok(_) => Ok(None),
            Err(error) => match fault::of(&error) {
                Fault::Unique(_) | Fault::Row => Ok(None),
                Fault::Undone | Fault::Lost => Err(fault::unavailable(error)),
            },
        };
        db.roll_back().await;
        return refused;
    }
    db.commit().await.map_err(fault::of_commit)?;
    Ok(Some(Committed::Applied))
}

/// One statement per write, in a transaction: the first that does not hold is named.
async fn step_by_step(pool: &Pool, unit: &UnitOfWork) -> Result<Committed, CommitError> {
    let mut db = pool.lease().await?;
    db.begin().await.map_err(fault::unavailable)?;
    match judged(&mut db, unit).await {
        Ok(Committed::Applied) => {
            db.commit().await.map_err(fault::of_commit)?;
            Ok(Committed::Applied)
        }
        refused => {
            db.roll_back().await;
            refused
        }
    }
}

async fn judged(db: &mut Lease, unit: &UnitOfWork) -> Result<Committed, CommitError> {
    let noted = run(db, Batch { unit: Some(unit), writes: Vec::new(), alone: true }).await.map_err(fault::unavailable)?;
    if !noted.open {
        // It may have been noted by a twin that the statement has waited for and could not see.
        let look = Statement::new("SELECT fingerprint FROM units WHERE id = $1").with(unit.id().0.as_str());
        let found = db.run(look).await.map_err(fault::unavailable)?;
        let found = found.first().ok_or_else(|| CommitError::Unavailable(Box::new(Swept)))?;
        return applied_before(unit, found.try_get(0).map_err(fault::unavailable)?);
    }
    for write in unit.writes() {
        if let Some(why) = write.fault() {
            return Err(CommitError::Invalid(write.key(), why.to_owned()));
        }
        let outcome = run(db, Batch { unit: None, writes: vec![write], alone: true }).await.map_err(|error| refusal(write, error))?;
        let was_there = matches!(write, Write::Insert(_)) && outcome.inserted == Some(0);
        if !outcome.open || was_there {
            return Err(CommitError::Conflict(write.key()));
        }
    }
    Ok(Committed::Applied)
}

/// The statement of one write failed.
fn refusal(write: &Write, error: sqlx::Error) -> CommitError {
    let key = write.key();
    match fault::of(&error) {
        Fault::Unique(index) => match fault::unique_value(&index) {
            Some(value) => CommitError::Taken(key, value),
            None if index == format!("{}_pkey", place(&key).0.name) => CommitError::Conflict(key),
            None => CommitError::Invalid(key, error.to_string()),
        },
        Fault::Row => CommitError::Invalid(key, error.to_string()),
        Fault::Undone | Fault::Lost => CommitError::Unavailable(Box::new(error)),
    }
}
