//! One unit of work inside the writer's transaction: its writes in order, each judged by its guard and by the schema.
//!
//! Invariants: the order of judging is the model's (`veza-memory`): the unit's id; then per write what can't be, its guard, the
//! move of a transfer, unique values. What exists is told by the failing statement, not asked beforehand.

use crate::fault;
use crate::rows;
use rusqlite::{Connection, OptionalExtension, params};
use veza_ports::storage::{CommitError, Committed, Row, UniqueValue, UnitOfWork, Write};

/// Why a unit stopped half way.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The unit is refused.
    Refused {
        /// Why.
        error: CommitError,
        /// Something that it wrote stands in the transaction.
        undo: bool,
    },
    /// The database failed: no unit of the transaction can stand.
    Fault(rusqlite::Error),
}

/// Why one write did not happen.
enum Refusal {
    Unit(CommitError),
    Fault(rusqlite::Error),
}

/// Carries out `unit`. What a refused unit has written is undone here where that is easy, else by the caller.
pub(crate) fn apply(db: &Connection, unit: &UnitOfWork) -> Result<Committed, Stop> {
    let noted = rows::execute(
        db,
        "INSERT INTO units (id, fingerprint, decided_at) VALUES (?1, ?2, ?3)",
        params![unit.id().0, unit.fingerprint(), unit.decided_at().0],
    );
    match noted {
        Ok(_) => {}
        Err(error) if fault::is_constraint(&error) => return applied_before(db, unit),
        Err(error) => return Err(Stop::Fault(error)),
    }
    for (done, write) in unit.writes().iter().enumerate() {
        match carry_out(db, write) {
            Ok(()) => {}
            Err(Refusal::Fault(error)) => return Err(Stop::Fault(error)),
            // A guard on the first row that fails is what races end in: only the unit's id was written so far.
            Err(Refusal::Unit(error @ CommitError::Conflict(_))) if done == 0 => {
                rows::execute(db, "DELETE FROM units WHERE id = ?1", [&unit.id().0]).map_err(Stop::Fault)?;
                return Err(Stop::Refused { error, undo: false });
            }
            Err(Refusal::Unit(error)) => return Err(Stop::Refused { error, undo: true }),
        }
    }
    Ok(Committed::Applied)
}

fn applied_before(db: &Connection, unit: &UnitOfWork) -> Result<Committed, Stop> {
    let mut statement = db.prepare_cached("SELECT fingerprint FROM units WHERE id = ?1").map_err(Stop::Fault)?;
    let known: Option<[u8; 32]> = statement.query_row([&unit.id().0], |row| row.get(0)).optional().map_err(Stop::Fault)?;
    if known.as_ref() == Some(unit.fingerprint()) {
        Ok(Committed::AlreadyApplied)
    } else {
        Err(Stop::Refused { error: CommitError::IdReused(unit.id().clone()), undo: false })
    }
}

fn carry_out(db: &Connection, write: &Write) -> Result<(), Refusal> {
    if let Some(why) = write.fault() {
        return Err(Refusal::Unit(CommitError::Invalid(write.key(), why.to_owned())));
    }
    match write {
        Write::Insert(row) => insert(db, row, false),
        Write::Ensure(row) => insert(db, row, true),
        Write::Update { row, expected } => match rows::update(db, row, *expected) {
            Ok(true) => rows::write_parts(db, row, true).map_err(|error| refused(&error, row).unwrap_or(Refusal::Fault(error))),
            Ok(false) => Err(Refusal::Unit(CommitError::Conflict(row.key()))),
            Err(error) => Err(judged(db, error, row)),
        },
        Write::Remove(key) => match rows::remove(db, key).map_err(Refusal::Fault)? {
            true => Ok(()),
            false => Err(Refusal::Unit(CommitError::Conflict(key.clone()))),
        },
        Write::Clear(key) => rows::remove(db, key).map(|_| ()).map_err(Refusal::Fault),
        Write::Unchanged { key, expected } => match rows::revision(db, key).map_err(Refusal::Fault)? {
            Some(revision) if revision == *expected => Ok(()),
            Some(_) | None => Err(Refusal::Unit(CommitError::Conflict(key.clone()))),
        },
    }
}

fn insert(db: &Connection, row: &Row, ensure: bool) -> Result<(), Refusal> {
    match rows::insert(db, row) {
        Ok(()) => rows::write_parts(db, row, false).map_err(|error| refused(&error, row).unwrap_or(Refusal::Fault(error))),
        Err(error) if fault::is_constraint(&error) => {
            let key = row.key();
            match (rows::revision(db, &key).map_err(Refusal::Fault)?, ensure) {
                (Some(_), true) => Ok(()),
                (Some(_), false) => Err(Refusal::Unit(CommitError::Conflict(key))),
                (None, _) => Err(judged(db, error, row)),
            }
        }
        Err(error) => Err(refused(&error, row).unwrap_or(Refusal::Fault(error))),
    }
}

/// A statement about `row` failed: a value that is taken, a row that the schema refuses, or a fault.
fn judged(db: &Connection, error: rusqlite::Error, row: &Row) -> Refusal {
    if !fault::is_unique(&error) {
        return refused(&error, row).unwrap_or(Refusal::Fault(error));
    }
    match taken(db, row) {
        Ok(Some(value)) => Refusal::Unit(CommitError::Taken(row.key(), value)),
        Ok(None) => Refusal::Unit(CommitError::Invalid(row.key(), error.to_string())),
        Err(error) => Refusal::Fault(error),
    }
}

fn refused(error: &rusqlite::Error, row: &Row) -> Option<Refusal> {
    fault::is_about_a_row(error).then(|| Refusal::Unit(CommitError::Invalid(row.key(), error.to_string())))
}

/// The first of a row's unique values that another row has.
fn taken(db: &Connection, row: &Row) -> rusqlite::Result<Option<UniqueValue>> {
    if let Row::User(user) = row {
        let mut other = db.prepare_cached("SELECT 1 FROM users WHERE email = ?1 AND id <> ?2")?;
        let email = other.exists(params![user.email.as_str(), user.id.0])?;
        return Ok(Some(if email { UniqueValue::Email } else { UniqueValue::Username }));
    }
    // No other kind has two.
    Ok(row.unique_values().first().map(|(value, _)| *value))
}
