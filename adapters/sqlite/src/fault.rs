//! What an error of SQLite means to a caller: a refused row, a store that is out of order, a row that can't be read.
//!
//! Invariant: "nothing was written" is only said where that is certain.

use rusqlite::{Error, ErrorCode, ffi};
use veza_ports::storage::{CommitError, StoreError};

/// The answer of a thread that ended before it gave one.
#[derive(Debug, thiserror::Error)]
#[error("the store's thread has ended")]
pub(crate) struct Gone;

/// An error that several callers get: only its text can be shared.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Shared(pub(crate) String);

/// A failed transaction.
#[derive(Clone, Debug)]
pub(crate) enum Failure {
    /// Nothing of it was written.
    NothingWritten(Shared),
    /// It may have been written.
    Unknown(Shared),
}

impl Failure {
    pub(crate) fn commit_error(&self) -> CommitError {
        match self.clone() {
            Self::NothingWritten(error) => CommitError::Unavailable(Box::new(error)),
            Self::Unknown(error) => CommitError::Unknown(Box::new(error)),
        }
    }

    pub(crate) fn store_error(&self) -> StoreError {
        match self.clone() {
            Self::NothingWritten(error) | Self::Unknown(error) => StoreError::Unavailable(Box::new(error)),
        }
    }

    /// A statement before `COMMIT` failed, or `BEGIN` did.
    pub(crate) fn before_commit(error: &Error) -> Self {
        Self::NothingWritten(Shared(error.to_string()))
    }

    /// `COMMIT` itself failed. Without room or lock the frame that makes it valid was not written; an I/O error may have come
    /// after it.
    pub(crate) fn of_commit(error: &Error) -> Self {
        let shared = Shared(error.to_string());
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull | ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked | ErrorCode::ConstraintViolation) => {
                Self::NothingWritten(shared)
            }
            _ => Self::Unknown(shared),
        }
    }
}

pub(crate) fn is_constraint(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::ConstraintViolation)
}

pub(crate) fn is_unique(error: &Error) -> bool {
    matches!(error, Error::SqliteFailure(failure, _)
        if matches!(failure.extended_code, ffi::SQLITE_CONSTRAINT_UNIQUE | ffi::SQLITE_CONSTRAINT_PRIMARYKEY))
}

/// Is it the row that does not fit, rather than the database that fails?
pub(crate) fn is_about_a_row(error: &Error) -> bool {
    match error {
        Error::SqliteFailure(failure, _) => {
            matches!(failure.code, ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
        }
        Error::ToSqlConversionFailure(_) => true,
        _ => false,
    }
}

/// A read failed.
pub(crate) fn of_read(error: Error) -> StoreError {
    match error {
        Error::SqliteFailure(failure, _) if matches!(failure.code, ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            StoreError::Corrupt(error.to_string())
        }
        Error::SqliteFailure(failure, Some(ref text)) if failure.code == ErrorCode::Unknown && text.contains("integer overflow") => {
            StoreError::Corrupt("a balance does not fit".to_owned())
        }
        Error::FromSqlConversionFailure(_, _, why) => StoreError::Corrupt(why.to_string()),
        Error::IntegralValueOutOfRange(..) | Error::InvalidColumnType(..) | Error::Utf8Error(..) => StoreError::Corrupt(error.to_string()),
        other => StoreError::Unavailable(Box::new(other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(code: std::ffi::c_int) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn nothing_was_written_is_said_only_where_it_is_certain() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED] {
            assert!(matches!(Failure::of_commit(&failure(code)), Failure::NothingWritten(_)), "{code}");
        }
        for code in [ffi::SQLITE_IOERR, ffi::SQLITE_IOERR_FSYNC, ffi::SQLITE_NOMEM, ffi::SQLITE_CORRUPT] {
            let failed = Failure::of_commit(&failure(code));
            assert!(matches!(failed, Failure::Unknown(_)), "{code}");
            assert!(matches!(failed.commit_error(), CommitError::Unknown(_)), "{code}");
            assert!(matches!(Failure::before_commit(&failure(code)), Failure::NothingWritten(_)), "{code}");
        }
    }

    #[test]
    fn a_row_that_does_not_fit_is_no_fault_of_the_database() {
        assert!(is_about_a_row(&failure(ffi::SQLITE_TOOBIG)) && is_about_a_row(&failure(ffi::SQLITE_CONSTRAINT_CHECK)));
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_IOERR, ffi::SQLITE_NOMEM] {
            assert!(!is_about_a_row(&failure(code)), "{code}");
        }
    }
}
