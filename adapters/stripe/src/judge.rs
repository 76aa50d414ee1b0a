//! What an answer means (contracts/stripe.md §6, §7, spec/01-money §5). By status, `type` and `code`; by wording only where
//! Stripe has no code.

use crate::http::{Answer, CallError};
use crate::wire::ErrorWire;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use veza_ports::transfers::{LookupError, TransferError};

/// The object named in the path does not exist (§6).
pub(crate) const NO_SUCH_OBJECT: (u16, &str) = (404, "resource_missing");
/// There is no such account, or none that we may see (§6).
pub(crate) const NO_SUCH_ACCOUNT: (u16, &str) = (403, "account_invalid");

/// What was asked for: "already reversed" is an answer to a reversal only.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Asked {
    Account,
    Link,
    Transfer,
    Reversal,
}

/// What the answer to a creating call brought.
pub(crate) fn created<T: DeserializeOwned>(asked: Asked, answer: Result<Answer, CallError>) -> Result<T, TransferError> {
    let answer = answer.map_err(|error| match error {
        CallError::NotSent(..) => TransferError::NotNow(with_cause(&error)),
        other => TransferError::Unknown { message: with_cause(&other), replayed: false },
    })?;
    if answer.status.is_success() {
        return serde_json::from_slice(&answer.body)
            .map_err(|_| TransferError::Unknown { message: CallError::Unreadable(answer.status).to_string(), replayed: false });
    }
    Err(refused(asked, &answer))
}

fn refused(asked: Asked, answer: &Answer) -> TransferError {
    let status = answer.status;
    let Some(error) = ErrorWire::of(&answer.body) else {
        return bodiless(answer);
    };
    let words = format!("{} {}", status.as_u16(), error.words(true));
    match (status.as_u16(), error.code()) {
        (409 | 429, _) => TransferError::NotNow(words),
        (424 | 500.., _) => TransferError::Unknown { message: words, replayed: is_replayed(answer) },
        (403, "account_invalid") => TransferError::Refused(words),
        (401 | 403, _) => TransferError::Credentials(format!("{} {}", status.as_u16(), error.words(false))),
        (404, "resource_missing") => TransferError::NotFound(words),
        (400, "balance_insufficient") => TransferError::BalanceInsufficient(words),
        (400, "insufficient_capabilities_for_transfer") => TransferError::CapabilityMissing(words),
        (400, _) if asked == Asked::Reversal && says_already_reversed(&error) => TransferError::AlreadyReversed(words),
        (400..=499, _) if error.kind.as_deref() == Some("idempotency_error") => {
            // It proves that the key was used, so something may have taken effect: looked up, never sent anew under another key (§7).
            tracing::error!(request_id = answer.request_id.as_deref(), "idempotency key was used with other parameters before: {words}");
            TransferError::Unknown { message: words, replayed: true }
        }
        (400..=499, _) if answer.should_retry == Some(true) => TransferError::NotNow(words), // §7: whatever the status
        (400..=499, _) => TransferError::Refused(words),
        _ => TransferError::Unknown { message: words, replayed: false }, // no redirect is Stripe's
    }
}

/// Not Stripe's words: a proxy's. Only the status tells.
fn bodiless(answer: &Answer) -> TransferError {
    let message = CallError::Unreadable(answer.status).to_string();
    match answer.status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => TransferError::Credentials(message),
        StatusCode::CONFLICT | StatusCode::TOO_MANY_REQUESTS => TransferError::NotNow(message),
        _ => TransferError::Unknown { message, replayed: is_replayed(answer) },
    }
}

/// The saved answer would come again under this key (§5, §7).
fn is_replayed(answer: &Answer) -> bool {
    answer.replayed || answer.should_retry == Some(false)
}

/// Stripe has no code for it (stripe-ruby #1058); the wordings are pinned in `tests/wire.rs`.
fn says_already_reversed(error: &ErrorWire) -> bool {
    let message = error.message.as_deref().unwrap_or_default().to_lowercase();
    message.contains("already") && message.contains("revers")
}

/// What the answer to a read brought; `None` when Stripe's status and code are among `missing`.
pub(crate) fn read<T: DeserializeOwned>(answer: Result<Answer, CallError>, missing: &[(u16, &str)]) -> Result<Option<T>, LookupError> {
    let Answer { status, body, .. } = answer.map_err(|error| LookupError(error.into()))?;
    if status.is_success() {
        return serde_json::from_slice(&body).map(Some).map_err(|_| LookupError(CallError::Unreadable(status).into()));
    }
    match ErrorWire::of(&body) {
        Some(error) if missing.contains(&(status.as_u16(), error.code())) => Ok(None),
        Some(error) => {
            let words = error.words(!matches!(status.as_u16(), 401 | 403));
            Err(LookupError(CallError::Status { status, words }.into()))
        }
        None => Err(LookupError(CallError::Unreadable(status).into())),
    }
}

fn with_cause(error: &CallError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
