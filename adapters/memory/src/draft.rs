//! A unit on its way: the rows that its writes have changed so far, over the state that they were brought to.
//!
//! Invariant: the state beneath is only read; a refused unit is a draft that is dropped.

use crate::state::{Place, Rows};
use std::collections::BTreeMap;
use veza_ports::storage::{CommitError, Revision, Row, RowKey, Versioned, Write};

/// The state as it would be after the writes so far.
pub(crate) struct Draft<'a> {
    rows: &'a Rows,
    /// What was written; none = it is gone.
    changed: BTreeMap<RowKey, Option<Versioned<Row>>>,
}

impl<'a> Draft<'a> {
    /// Nothing written yet.
    pub(crate) fn new(rows: &'a Rows) -> Self {
        Self { rows, changed: BTreeMap::new() }
    }

    /// What to put into the state, and what to take out of it.
    pub(crate) fn into_changed(self) -> BTreeMap<RowKey, Option<Versioned<Row>>> {
        self.changed
    }

    /// Judges one write and carries it out.
    pub(crate) fn apply(&mut self, write: &Write) -> Result<(), CommitError> {
        let key = write.key();
        if let Some(why) = write.fault() {
            return Err(CommitError::Invalid(key, why.to_owned()));
        }
        let stored = self.get(&key);
        match write {
            Write::Insert(row) => match stored {
                Some(_) => Err(CommitError::Conflict(key)),
                None => self.put(key, row, Revision::FIRST),
            },
            Write::Ensure(row) => match stored {
                Some(_) => Ok(()),
                None => self.put(key, row, Revision::FIRST),
            },
            Write::Update { row, expected } => match stored {
                Some(before) if before.revision == *expected => {
                    may_follow(&before.value, row).map_err(|why| CommitError::Invalid(key.clone(), why))?;
                    self.put(key, row, expected.next())
                }
                Some(_) | None => Err(CommitError::Conflict(key)),
            },
            Write::Remove(_) if stored.is_none() => Err(CommitError::Conflict(key)),
            Write::Remove(_) | Write::Clear(_) => {
                self.changed.insert(key, None);
                Ok(())
            }
            Write::Unchanged { expected, .. } => match stored {
                Some(before) if before.revision == *expected => Ok(()),
                Some(_) | None => Err(CommitError::Conflict(key)),
            },
        }
    }

    fn get(&self, key: &RowKey) -> Option<&Versioned<Row>> {
        match self.changed.get(key) {
            Some(changed) => changed.as_ref(),
            None => self.rows.get(key),
        }
    }

    fn put(&mut self, key: RowKey, row: &Row, revision: Revision) -> Result<(), CommitError> {
        for (value, text) in row.unique_values() {
            let taken = self.others(&key).any(|other| other.unique_values().contains(&(value, text.clone())));
            if taken {
                return Err(CommitError::Taken(key, value));
            }
        }
        self.changed.insert(key, Some(Versioned { value: row.clone(), revision }));
        Ok(())
    }

    /// All other rows of the same kind, as they stand in the draft.
    fn others(&self, key: &RowKey) -> impl Iterator<Item = &Row> {
        let kind = Place::of(key);
        let untouched = self.rows.of(kind).filter(|(other, _)| !self.changed.contains_key(*other));
        let changed = self.changed.iter().filter(move |(other, _)| Place::of(other) == kind);
        let changed = changed.filter_map(|(other, row)| row.as_ref().map(|row| (other, row)));
        untouched.chain(changed).filter(move |(other, _)| *other != key).map(|(_, row)| &row.value)
    }
}

/// May the row `before` become `after`?
fn may_follow(before: &Row, after: &Row) -> Result<(), String> {
    match (before, after) {
        (Row::Transfer(before), Row::Transfer(after)) if !before.status().may_move_to(after.status()) => {
            Err(format!("a transfer can't go from {} to {}", before.status().as_str(), after.status().as_str()))
        }
        (Row::Placement(before), Row::Placement(after)) => {
            let (from, to) = (before.status(), after.status());
            let stays_or_may = from == to || from.may_move_to(to);
            stays_or_may.then_some(()).ok_or_else(|| format!("a placement can't go from {} to {}", from.as_str(), to.as_str()))
        }
        _ => Ok(()),
    }
}
