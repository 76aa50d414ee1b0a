//! Reading rows. Every `SELECT` gives one column, `ROW(…)`, whose fields come in the order in which they are named, and which
//! may hold arrays of further such rows; so whatever hangs together is read by one statement, from one consistent state.
//!
//! Invariant: what we would not write is corrupt.

use sqlx::postgres::types::{Oid, PgRecordDecoder};
use sqlx::postgres::{PgHasArrayType, PgRow, PgTypeInfo, PgValueRef};
use sqlx::{Decode, Postgres, Row, Type};
use std::fmt::Display;
use uuid::Uuid;
use veza_domain::identity::TokenHash;
use veza_domain::look::Look;
use veza_domain::money::{Currency, Minor, Money};
use veza_domain::time::Timestamp;
use veza_ports::BoxError;
use veza_ports::storage::{Revision, Versioned};

/// Postgres' number of the type of `ROW(…)`, and of an array of such.
const RECORD: Oid = Oid(2249);
const RECORDS: Oid = Oid(2287);

/// A value that no version of ours writes.
#[derive(Debug, thiserror::Error)]
#[error("field {place} of a row of {what} holds {value:?}")]
struct Unreadable {
    what: &'static str,
    place: usize,
    value: String,
}

/// One row, field by field.
pub(crate) struct Record<'r> {
    fields: PgRecordDecoder<'r>,
    what: &'static str,
    place: usize,
}

/// What can be read from a row.
pub(crate) trait Read: Sized + Send {
    /// What such a row is called.
    const WHAT: &'static str;
    /// Reads its fields.
    fn read(row: &mut Record<'_>) -> Result<Self, BoxError>;
}

/// A row within a row, or a whole one.
struct Nested<T>(T);

impl<T> Type<Postgres> for Nested<T> {
    fn type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(RECORD)
    }

    fn compatible(kind: &PgTypeInfo) -> bool {
        kind.oid() == Some(RECORD)
    }
}

impl<T> PgHasArrayType for Nested<T> {
    fn array_type_info() -> PgTypeInfo {
        PgTypeInfo::with_oid(RECORDS)
    }

    fn array_compatible(kind: &PgTypeInfo) -> bool {
        kind.oid() == Some(RECORDS)
    }
}

impl<'r, T: Read> Decode<'r, Postgres> for Nested<T> {
    fn decode(value: PgValueRef<'r>) -> Result<Self, BoxError> {
        let mut row = Record { fields: PgRecordDecoder::new(value)?, what: T::WHAT, place: 0 };
        T::read(&mut row).map(Self)
    }
}

impl Record<'_> {
    /// The next field.
    pub(crate) fn get<T>(&mut self) -> Result<T, BoxError>
    where
        T: for<'a> Decode<'a, Postgres> + Type<Postgres>,
    {
        self.place += 1;
        self.fields.try_decode()
    }

    /// The next field, text that `parse` must know.
    pub(crate) fn parsed<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<T, BoxError> {
        let text: String = self.get()?;
        parse(&text).ok_or_else(|| self.unreadable(&text))
    }

    /// The next field, text that `parse` must know, or none.
    pub(crate) fn parsed_opt<T>(&mut self, parse: impl FnOnce(&str) -> Option<T>) -> Result<Option<T>, BoxError> {
        let text: Option<String> = self.get()?;
        text.map(|text| parse(&text).ok_or_else(|| self.unreadable(&text))).transpose()
    }

    pub(crate) fn id(&mut self) -> Result<Uuid, BoxError> {
        self.get()
    }

    pub(crate) fn id_opt<T>(&mut self, wrap: impl FnOnce(Uuid) -> T) -> Result<Option<T>, BoxError> {
        Ok(self.get::<Option<Uuid>>()?.map(wrap))
    }

    /// The next field, a whole number that fits.
    pub(crate) fn number<T: TryFrom<i64>>(&mut self) -> Result<T, BoxError> {
        let number: i64 = self.get()?;
        T::try_from(number).map_err(|_| self.unreadable(&number))
    }

    pub(crate) fn number_opt<T: TryFrom<i64>>(&mut self) -> Result<Option<T>, BoxError> {
        let number: Option<i64> = self.get()?;
        number.map(|number| T::try_from(number).map_err(|_| self.unreadable(&number))).transpose()
    }

    pub(crate) fn time(&mut self) -> Result<Timestamp, BoxError> {
        self.get().map(Timestamp)
    }

    pub(crate) fn time_opt(&mut self) -> Result<Option<Timestamp>, BoxError> {
        Ok(self.get::<Option<i64>>()?.map(Timestamp))
    }

    pub(crate) fn minor(&mut self) -> Result<Minor, BoxError> {
        self.get().map(Minor)
    }

    pub(crate) fn currency(&mut self) -> Result<Currency, BoxError> {
        self.parsed(|code| code.parse().ok())
    }

    /// Two fields: amount, currency.
    pub(crate) fn money(&mut self) -> Result<Money, BoxError> {
        Ok(Money { amount: self.minor()?, currency: self.currency()? })
    }

    /// Three fields: when it is due, how often it was looked at, when last.
    pub(crate) fn look(&mut self) -> Result<Look, BoxError> {
        Ok(Look { due_at: self.time_opt()?, count: self.number()?, last_at: self.time_opt()? })
    }

    pub(crate) fn hash(&mut self) -> Result<[u8; 32], BoxError> {
        let bytes: Vec<u8> = self.get()?;
        bytes.try_into().map_err(|bytes: Vec<u8>| self.unreadable(&format!("{} bytes", bytes.len())))
    }

    pub(crate) fn token_hash(&mut self) -> Result<TokenHash, BoxError> {
        self.hash().map(TokenHash)
    }

    /// The next field, an array of rows.
    pub(crate) fn all<T: Read>(&mut self) -> Result<Vec<T>, BoxError> {
        let rows: Vec<Nested<T>> = self.get()?;
        Ok(rows.into_iter().map(|row| row.0).collect())
    }

    /// The error for the field that was read last.
    pub(crate) fn unreadable(&self, value: &(impl Display + ?Sized)) -> BoxError {
        Box::new(Unreadable { what: self.what, place: self.place, value: value.to_string() })
    }
}

/// The revision first, then the row.
impl<T: Read> Read for Versioned<T> {
    const WHAT: &'static str = T::WHAT;

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let revision = Revision(row.get()?);
        Ok(Self { value: T::read(row)?, revision })
    }
}

/// A row that is only a count.
pub(crate) struct Count(pub(crate) u64);

impl Read for Count {
    const WHAT: &'static str = "counts";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        row.number().map(Self)
    }
}

/// The rows of an answer, each one column.
pub(crate) fn rows<T: Read>(answer: &[PgRow]) -> Result<Vec<T>, sqlx::Error> {
    answer.iter().map(|row| row.try_get::<Nested<T>, _>(0).map(|row| row.0)).collect()
}
