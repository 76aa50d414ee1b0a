//! A value of a column, for either database.

use rusqlite::ToSql;
use rusqlite::types::{Null, ToSqlOutput};
use std::fmt::Write;
use uuid::Uuid;
use veza_domain::money::Minor;
use veza_domain::time::Timestamp;

/// A value of a column.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// None.
    Null,
    /// A number, an amount or a time.
    Int(i64),
    /// True or false.
    Bool(bool),
    /// Text.
    Text(String),
    /// An id.
    Id(Uuid),
    /// A hash.
    Hash([u8; 32]),
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
    i64, number => Self::Int(number);
    u32, number => Self::Int(number.into());
    usize, number => i64::try_from(number).map_or(Self::Null, Self::Int);
    bool, truth => Self::Bool(truth);
    Minor, amount => Self::Int(amount.0);
    Timestamp, time => Self::Int(time.0);
    Uuid, id => Self::Id(id);
    [u8; 32], hash => Self::Hash(hash);
    String, text => Self::Text(text);
    &str, text => Self::Text(text.to_owned());
    &String, text => Self::Text(text.clone());
}

impl<T: Into<Self>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self {
            Self::Null => Null.to_sql(),
            Self::Int(number) => number.to_sql(),
            Self::Bool(truth) => truth.to_sql(),
            Self::Text(text) => text.to_sql(),
            Self::Id(id) => id.to_sql(),
            Self::Hash(hash) => hash.to_sql(),
        }
    }
}

impl Value {
    /// Adds it to a line of Postgres' `COPY`, in text form.
    pub fn copy(&self, line: &mut String) {
        // Writing to a string can't fail.
        let _ = match self {
            Self::Null => write!(line, "\\N"),
            Self::Int(number) => write!(line, "{number}"),
            Self::Bool(truth) => write!(line, "{truth}"),
            Self::Id(id) => write!(line, "{id}"),
            Self::Hash(hash) => write!(line, "\\\\x{}", hex::encode(hash)),
            Self::Text(text) if text.contains(['\\', '\t', '\n', '\r']) => {
                text.chars().for_each(|letter| match letter {
                    '\\' => line.push_str("\\\\"),
                    '\t' => line.push_str("\\t"),
                    '\n' => line.push_str("\\n"),
                    '\r' => line.push_str("\\r"),
                    letter => line.push(letter),
                });
                Ok(())
            }
            Self::Text(text) => write!(line, "{text}"),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_escaped_for_copy() {
        let mut line = String::new();
        for value in [Value::from(None::<&str>), true.into(), "a\tb\\c\n".into(), [1; 32].into()] {
            value.copy(&mut line);
            line.push('|');
        }
        assert_eq!(line, format!("\\N|true|a\\tb\\\\c\\n|\\\\x{}|", "01".repeat(32)));
    }
}
