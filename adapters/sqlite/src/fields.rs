//! Reading rows: columns come in the order in which their `SELECT` names them, and what we would not write is corrupt.

use rusqlite::types::{FromSql, Type};
use rusqlite::{CachedStatement, Connection, Params, Row};
use std::fmt::Display;
use uuid::Uuid;
use veza_domain::identity::TokenHash;
use veza_domain::look::Look;
use veza_domain::money::{Currency, Minor, Money};
use veza_domain::time::Timestamp;
use veza_ports::storage::{Revision, Versioned};

/// A value that no version of ours writes.
#[derive(Debug, thiserror::Error)]
#[error("column {column} of {table} holds {value:?}")]
struct Unreadable {
    table: String,
    column: String,
    value: String,
}

/// One row, column by column.
pub(crate) struct Fields<'r, 's> {
    row: &'r Row<'s>,
    at: usize,
}

impl<'r, 's> Fields<'r, 's> {
    pub(crate) fn of(row: &'r Row<'s>) -> Self {
        Self { row, at: 0 }
    }

    /// The next column.
    pub(crate) fn get<T: FromSql>(&mut self) -> rusqlite::Result<T> {
        let value = self.row.get(self.at)?;
        self.at += 1;
        Ok(value)
    }

    /// The next column, text that `parse` must know.
    pub(crate) fn parsed<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<T> {
        let text: String = self.get()?;
        parse(&text).ok_or_else(|| self.unreadable(&text))
    }

    /// The next column, text that `parse` must know, or none.
    pub(crate) fn parsed_opt<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> rusqlite::Result<Option<T>> {
        let text: Option<String> = self.get()?;
        text.map(|text| parse(&text).ok_or_else(|| self.unreadable(&text))).transpose()
    }

    pub(crate) fn id(&mut self) -> rusqlite::Result<Uuid> {
        self.get()
    }

    pub(crate) fn id_opt<T>(&mut self, wrap: impl FnOnce(Uuid) -> T) -> rusqlite::Result<Option<T>> {
        Ok(self.get::<Option<Uuid>>()?.map(wrap))
    }

    /// The next column, a count.
    pub(crate) fn count(&mut self) -> rusqlite::Result<u64> {
        let count: i64 = self.get()?;
        u64::try_from(count).map_err(|_| self.unreadable(&count))
    }

    pub(crate) fn time(&mut self) -> rusqlite::Result<Timestamp> {
        self.get().map(Timestamp)
    }

    pub(crate) fn time_opt(&mut self) -> rusqlite::Result<Option<Timestamp>> {
        Ok(self.get::<Option<i64>>()?.map(Timestamp))
    }

    pub(crate) fn minor(&mut self) -> rusqlite::Result<Minor> {
        self.get().map(Minor)
    }

    pub(crate) fn currency(&mut self) -> rusqlite::Result<Currency> {
        self.parsed(|code| code.parse().ok())
    }

    /// Two columns: amount, currency.
    pub(crate) fn money(&mut self) -> rusqlite::Result<Money> {
        Ok(Money { amount: self.minor()?, currency: self.currency()? })
    }

    /// Three columns: when it is due, how often it was looked at, when last.
    pub(crate) fn look(&mut self) -> rusqlite::Result<Look> {
        Ok(Look { due_at: self.time_opt()?, count: self.get()?, last_at: self.time_opt()? })
    }

    pub(crate) fn hash(&mut self) -> rusqlite::Result<TokenHash> {
        self.get().map(TokenHash)
    }

    /// The error for the column that was read last.
    pub(crate) fn unreadable(&self, value: &(impl Display + ?Sized)) -> rusqlite::Error {
        let statement = self.row.as_ref();
        let column = self.at.saturating_sub(1);
        let name = statement.column_name(column).unwrap_or("?").to_owned();
        let table = statement.expanded_sql().and_then(|sql| table_of(&sql)).unwrap_or_else(|| "?".to_owned());
        let unreadable = Unreadable { table, column: name, value: value.to_string() };
        rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(unreadable))
    }
}

fn table_of(sql: &str) -> Option<String> {
    sql.split_once(" FROM ")?.1.split_whitespace().next().map(str::to_owned)
}

/// Reads the columns after the revision.
pub(crate) type Read<T> = fn(&mut Fields<'_, '_>) -> rusqlite::Result<T>;

/// The rows of a `SELECT revision, …`.
pub(crate) fn all<T>(db: &Connection, sql: &str, params: impl Params, read: Read<T>) -> rusqlite::Result<Vec<Versioned<T>>> {
    let mut statement: CachedStatement<'_> = db.prepare_cached(sql)?;
    let rows = statement.query_map(params, |row| {
        let mut fields = Fields::of(row);
        Ok(Versioned { revision: Revision(fields.get()?), value: read(&mut fields)? })
    })?;
    rows.collect()
}

/// The one row of a `SELECT revision, …`, if there is one.
pub(crate) fn one<T>(db: &Connection, sql: &str, params: impl Params, read: Read<T>) -> rusqlite::Result<Option<Versioned<T>>> {
    let mut statement = db.prepare_cached(sql)?;
    let mut rows = statement.query(params)?;
    let Some(row) = rows.next()? else { return Ok(None) };
    let mut fields = Fields::of(row);
    Ok(Some(Versioned { revision: Revision(fields.get()?), value: read(&mut fields)? }))
}

/// Without the revisions.
pub(crate) fn values<T>(rows: Vec<Versioned<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.value).collect()
}
