//! A statement under construction: its text, made of constants and placeholders, and the values that are bound to them.
//!
//! Invariant: values are bound, never spliced.

use sqlx::Arguments;
use sqlx::postgres::PgArguments;
use uuid::Uuid;
use veza_domain::identity::TokenHash;
use veza_domain::money::Minor;
use veza_domain::time::Timestamp;

/// The type of a column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Type {
    Uuid,
    Int,
    Text,
    Bool,
    Bytes,
}

impl Type {
    fn name(self) -> &'static str {
        match self {
            Self::Uuid => "uuid",
            Self::Int => "bigint",
            Self::Text => "text",
            Self::Bool => "boolean",
            Self::Bytes => "bytea",
        }
    }
}

/// A value of a column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Uuid(Option<Uuid>),
    Int(Option<i64>),
    Text(Option<String>),
    Bool(bool),
    Bytes(Vec<u8>),
}

macro_rules! values {
    ($($from:ty, $value:ident => $to:expr;)+) => {
        $(impl From<$from> for Value {
            fn from($value: $from) -> Self {
                $to
            }
        })+
    };
}

values! {
    Uuid, id => Self::Uuid(Some(id));
    Option<Uuid>, id => Self::Uuid(id);
    i64, number => Self::Int(Some(number));
    u32, number => Self::Int(Some(number.into()));
    Option<u16>, number => Self::Int(number.map(i64::from));
    Minor, amount => Self::Int(Some(amount.0));
    Timestamp, time => Self::Int(Some(time.0));
    Option<Timestamp>, time => Self::Int(time.map(|time| time.0));
    &str, value => Self::Text(Some(text(value)));
    Option<&str>, value => Self::Text(value.map(text));
    &Option<String>, value => Self::Text(value.as_deref().map(text));
    bool, truth => Self::Bool(truth);
    TokenHash, hash => Self::Bytes(hash.0.to_vec());
    [u8; 32], hash => Self::Bytes(hash.to_vec());
}

/// Text as Postgres can hold it: it knows no character 0, so one is kept as the sign for what can't be shown.
pub(crate) fn text(text: &str) -> String {
    if text.contains('\0') { text.replace('\0', "\u{FFFD}") } else { text.to_owned() }
}

/// The text so far and its values.
#[derive(Default)]
pub(crate) struct Statement {
    sql: String,
    arguments: PgArguments,
    failed: Option<sqlx::error::BoxDynError>,
}

macro_rules! array {
    ($rows:expr, $place:expr, $kind:ident) => {
        $rows
            .iter()
            .map(|row| if let Some(Value::$kind(value)) = row.get($place) { value.clone() } else { Default::default() })
            .collect::<Vec<_>>()
    };
}

impl Statement {
    pub(crate) fn new(sql: &str) -> Self {
        Self { sql: sql.to_owned(), ..Self::default() }
    }

    /// Adds text.
    pub(crate) fn push(&mut self, sql: &str) -> &mut Self {
        self.sql.push_str(sql);
        self
    }

    /// Adds a value; says its number.
    fn add<'t, T: sqlx::Encode<'t, sqlx::Postgres> + sqlx::Type<sqlx::Postgres>>(&mut self, value: T) -> usize {
        if let Err(error) = self.arguments.add(value) {
            self.failed.get_or_insert(error);
        }
        self.arguments.len()
    }

    /// Binds a value to the next number, for a text that names it.
    #[must_use]
    pub(crate) fn with(mut self, value: impl Into<Value>) -> Self {
        self.value(value.into());
        self
    }

    /// Binds a list of ids to the next number.
    #[must_use]
    pub(crate) fn with_ids(mut self, ids: Vec<Uuid>) -> Self {
        self.add(ids);
        self
    }

    /// Binds a list of numbers to the next number.
    #[must_use]
    pub(crate) fn with_numbers(mut self, numbers: Vec<i64>) -> Self {
        self.add(numbers);
        self
    }

    /// Binds a value and adds its placeholder.
    pub(crate) fn bind(&mut self, value: impl Into<Value>) -> &mut Self {
        let number = self.value(value.into());
        self.sql.push_str(&format!("${number}"));
        self
    }

    fn value(&mut self, value: Value) -> usize {
        match value {
            Value::Uuid(id) => self.add(id),
            Value::Int(number) => self.add(number),
            Value::Text(text) => self.add(text),
            Value::Bool(truth) => self.add(truth),
            Value::Bytes(bytes) => self.add(bytes),
        }
    }

    /// Adds `unnest($1::uuid[], …)`: a table of these rows, in their order. `types` are those of its columns.
    pub(crate) fn rows(&mut self, types: impl Iterator<Item = Type>, rows: &[Vec<Value>]) -> &mut Self {
        self.sql.push_str("unnest(");
        for (place, kind) in types.enumerate() {
            let number = match kind {
                Type::Uuid => self.add(array!(rows, place, Uuid)),
                Type::Int => self.add(array!(rows, place, Int)),
                Type::Text => self.add(array!(rows, place, Text)),
                Type::Bool => self.add(array!(rows, place, Bool)),
                Type::Bytes => self.add(array!(rows, place, Bytes)),
            };
            let comma = if place == 0 { "" } else { ", " };
            self.sql.push_str(&format!("{comma}${number}::{}[]", kind.name()));
        }
        self.push(")")
    }

    /// The text so far.
    #[cfg(test)]
    pub(crate) fn text(&self) -> &str {
        &self.sql
    }

    pub(crate) fn into_parts(self) -> Result<(String, PgArguments), sqlx::Error> {
        match self.failed {
            None => Ok((self.sql, self.arguments)),
            Some(error) => Err(sqlx::Error::Encode(error)),
        }
    }
}
