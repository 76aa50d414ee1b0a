//! What an error of Postgres means to a caller: a refused row, a store that is out of order, a row that can't be read.
//!
//! Invariant: "nothing was written" is only said where that is certain. Where the server itself answers with an `ERROR` it is:
//! the statement, and with it the transaction, was undone. A `FATAL` or a lost connection says nothing.

use crate::pool::NoConnection;
use sqlx::Error;
use sqlx::postgres::{PgDatabaseError, PgSeverity};
use veza_ports::storage::{CommitError, StoreError, UniqueValue};

/// What an error says about the statement that met it.
pub(crate) enum Fault {
    /// A unique index has the value already.
    Unique(String),
    /// The row is not one that the schema takes.
    Row,
    /// The statement was undone, for no fault of its own: a deadlock, a lock or a statement that took too long, no room, a
    /// server that only reads.
    Undone,
    /// The connection is gone, and with it the answer.
    Lost,
}

pub(crate) fn of(error: &Error) -> Fault {
    let Some(answer) = answer(error) else {
        return match error {
            // These are noticed before anything is sent.
            Error::Encode(_) | Error::InvalidArgument(_) => Fault::Row,
            _ => Fault::Lost,
        };
    };
    if answer.severity() != PgSeverity::Error {
        return Fault::Lost;
    }
    match answer.code() {
        "23505" => Fault::Unique(answer.constraint().unwrap_or_default().to_owned()),
        // Integrity, data (a value that does not fit), raised by a trigger, an index entry that is too long.
        code if code.starts_with("23") || code.starts_with("22") || matches!(code, "P0001" | "54000") => Fault::Row,
        _ => Fault::Undone,
    }
}

fn answer(error: &Error) -> Option<&PgDatabaseError> {
    error.as_database_error()?.try_downcast_ref()
}

/// The server only reads. Of a connection that once wrote: its server was demoted, and only a new one may lead to the new primary.
const ONLY_READS: &str = "25006";

/// Is the connection of no more use?
pub(crate) fn ends_the_connection(error: &Error) -> bool {
    match answer(error) {
        Some(answer) => matches!(answer.severity(), PgSeverity::Fatal | PgSeverity::Panic) || answer.code() == ONLY_READS,
        None => !matches!(error, Error::Encode(_) | Error::InvalidArgument(_) | Error::Decode(_) | Error::ColumnDecode { .. }),
    }
}

/// The value that an index guards.
pub(crate) fn unique_value(index: &str) -> Option<UniqueValue> {
    Some(match index {
        "users_email" => UniqueValue::Email,
        "users_username" => UniqueValue::Username,
        "orders_payment" => UniqueValue::PaymentId,
        "refunds_psp" => UniqueValue::PspRefundId,
        "transfers_stripe" => UniqueValue::StripeTransferId,
        "reversals_stripe" => UniqueValue::StripeReversalId,
        "disputes_psp" => UniqueValue::PspDisputeId,
        "seller_accounts_stripe" => UniqueValue::StripeAccountId,
        "subscriptions_open" => UniqueValue::OpenSubscription,
        "mail_tokens_hash" => UniqueValue::MailTokenHash,
        "placements_open" => UniqueValue::OpenPlacement,
        _ => return None,
    })
}

/// Nothing was written.
pub(crate) fn unavailable(error: Error) -> CommitError {
    CommitError::Unavailable(Box::new(error))
}

/// The statement that was its own transaction, or `COMMIT`, failed.
pub(crate) fn of_commit(error: Error) -> CommitError {
    match of(&error) {
        Fault::Lost => CommitError::Unknown(Box::new(error)),
        Fault::Unique(_) | Fault::Row | Fault::Undone => CommitError::Unavailable(Box::new(error)),
    }
}

impl From<NoConnection> for CommitError {
    fn from(error: NoConnection) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

impl From<NoConnection> for StoreError {
    fn from(error: NoConnection) -> Self {
        Self::Unavailable(Box::new(error))
    }
}

/// A read, a claim or a sweep failed.
pub(crate) fn of_read(error: Error) -> StoreError {
    let overflow = answer(&error).is_some_and(|answer| answer.code() == "22003");
    match error {
        _ if overflow => StoreError::Corrupt("a balance does not fit".to_owned()),
        Error::ColumnDecode { source, .. } | Error::Decode(source) => StoreError::Corrupt(source.to_string()),
        Error::ColumnNotFound(_) | Error::ColumnIndexOutOfBounds { .. } => StoreError::Corrupt(error.to_string()),
        other => StoreError::Unavailable(Box::new(other)),
    }
}
