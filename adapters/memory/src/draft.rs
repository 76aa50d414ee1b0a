//! A unit on its way: the rows that its writes have changed so far, over the state that they were brought to.
//!
//! Invariant: the state beneath is only read; a refused unit is a draft that is dropped.

use crate::rules;
use crate::state::Rows;
use std::collections::BTreeMap;
use veza_ports::storage::{CommitError, Revision, Row, RowKey, Versioned, Write};

/// The state as it would be after the writes so far.
pub(crate) struct Draft<'a> {
    rows: &'a Rows,
    changed: Rows,
}

impl<'a> Draft<'a> {
    /// Nothing written yet.
    pub(crate) fn new(rows: &'a Rows) -> Self {
        Self { rows, changed: BTreeMap::new() }
    }

    /// The rows to put into the state.
    pub(crate) fn into_changed(self) -> Rows {
        self.changed
    }

    /// Judges one write and carries it out.
    pub(crate) fn apply(&mut self, write: &Write) -> Result<(), CommitError> {
        let key = write.key();
        rules::as_such(write).map_err(|why| CommitError::Invalid(key.clone(), why))?;
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
                    rules::may_follow(&before.value, row).map_err(|why| CommitError::Invalid(key.clone(), why))?;
                    self.put(key, row, expected.next())
                }
                Some(_) | None => Err(CommitError::Conflict(key)),
            },
            Write::Unchanged { expected, .. } => match stored {
                Some(before) if before.revision == *expected => Ok(()),
                Some(_) | None => Err(CommitError::Conflict(key)),
            },
        }
    }

    fn get(&self, key: &RowKey) -> Option<&Versioned<Row>> {
        self.changed.get(key).or_else(|| self.rows.get(key))
    }

    fn put(&mut self, key: RowKey, row: &Row, revision: Revision) -> Result<(), CommitError> {
        for (value, text) in rules::unique_values(row) {
            let taken = self.others(&key).any(|other| rules::unique_values(other).contains(&(value, text.clone())));
            if taken {
                return Err(CommitError::Taken(key, value));
            }
        }
        self.changed.insert(key, Versioned { value: row.clone(), revision });
        Ok(())
    }

    /// All other rows of the same kind, as they stand in the draft.
    fn others(&self, key: &RowKey) -> impl Iterator<Item = &Row> {
        let same_kind = move |other: &RowKey| other != key && std::mem::discriminant(other) == std::mem::discriminant(key);
        let untouched = self.rows.iter().filter(|(other, _)| !self.changed.contains_key(*other));
        untouched.chain(&self.changed).filter(move |(other, _)| same_kind(other)).map(|(_, row)| &row.value)
    }
}
