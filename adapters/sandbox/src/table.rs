//! Rows by id, in order of arrival, that remember which of them have to be written to disk.
//!
//! Invariant: a row keeps its position for ever (nothing is deleted), so a position is a stable cursor for lists
//! and the key under which [`crate::store::Store`] keeps the row.

use std::collections::{BTreeSet, HashMap};

use serde::{Serialize, de::DeserializeOwned};

/// Something that lives in a [`Table`].
pub(crate) trait Record: Serialize + DeserializeOwned {
    /// Name of the table on disk.
    const KIND: &'static str;
    /// Unique within the table.
    fn id(&self) -> &str;
}

/// Rows of one kind.
pub(crate) struct Table<T> {
    rows: Vec<T>,
    by_id: HashMap<String, usize>,
    dirty: BTreeSet<usize>,
    /// False without a data file: then nobody would ever empty `dirty`.
    durable: bool,
}

impl<T: Record> Table<T> {
    pub(crate) fn new(rows: Vec<T>, durable: bool) -> Self {
        let by_id = rows.iter().enumerate().map(|(position, row)| (row.id().to_owned(), position)).collect();
        Self { rows, by_id, dirty: BTreeSet::new(), durable }
    }

    pub(crate) fn get(&self, id: &str) -> Option<&T> {
        self.by_id.get(id).and_then(|&position| self.rows.get(position))
    }

    /// A row to change; it is written to disk before the answer leaves.
    pub(crate) fn edit(&mut self, id: &str) -> Option<&mut T> {
        let position = *self.by_id.get(id)?;
        if self.durable {
            self.dirty.insert(position);
        }
        self.rows.get_mut(position)
    }

    /// A row to change in memory only: what a restart may forget.
    pub(crate) fn edit_volatile(&mut self, id: &str) -> Option<&mut T> {
        let position = *self.by_id.get(id)?;
        self.rows.get_mut(position)
    }

    /// Adds a row, or replaces the one with the same id in its place.
    pub(crate) fn put(&mut self, row: T) {
        let position = match self.by_id.get(row.id()) {
            Some(&position) => position,
            None => {
                self.by_id.insert(row.id().to_owned(), self.rows.len());
                self.rows.len()
            }
        };
        if self.durable {
            self.dirty.insert(position);
        }
        match self.rows.get_mut(position) {
            Some(slot) => *slot = row,
            None => self.rows.push(row),
        }
    }

    pub(crate) fn contains(&self, id: &str) -> bool {
        self.by_id.contains_key(id)
    }

    pub(crate) fn position(&self, id: &str) -> Option<usize> {
        self.by_id.get(id).copied()
    }

    /// All rows, oldest first.
    pub(crate) fn rows(&self) -> &[T] {
        &self.rows
    }

    /// Rows that changed since [`Table::written`], with their positions.
    pub(crate) fn unwritten(&self) -> impl Iterator<Item = (usize, &T)> {
        self.dirty.iter().filter_map(|&position| self.rows.get(position).map(|row| (position, row)))
    }

    pub(crate) fn written(&mut self) {
        self.dirty.clear();
    }
}
