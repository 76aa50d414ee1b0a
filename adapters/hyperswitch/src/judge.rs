//! What an answer means: the object, a verdict, or neither (contracts/hyperswitch.md §7, spec/01-money §3).

use crate::http::{Answer, CallError};
use crate::wire::ErrorWire;
use reqwest::StatusCode;
use serde::de::DeserializeOwned;
use veza_ports::payments::{PspError, ReadError};

/// Server fault or resource busy, with 500 or 422: the outcome is unknown (§6, §7).
const SERVER_FAULT: &str = "HE_00";
/// "There is no such payment, refund …", with 404.
pub(crate) const NO_SUCH_OBJECT: &str = "HE_02";
/// "There is no such dispute", with 404 (§9).
pub(crate) const NO_SUCH_DISPUTE: &str = "HE_04";

/// What the answer to a creating call brought.
///
/// The body counts before the status: 200 may carry an error (`blocked`), and with `proxy_status_mapping` a payment may come
/// with the connector's 4xx or 5xx (§1).
pub(crate) fn created<T: DeserializeOwned>(answer: Result<Answer, CallError>) -> Result<T, PspError> {
    let Answer { status, body } = answer.map_err(|error| match error {
        CallError::NotSent(..) => PspError::Unavailable(error.into()),
        other => PspError::Unknown(other.into()),
    })?;
    let Some(error) = ErrorWire::of(&body) else {
        return serde_json::from_slice(&body).map_err(|_| match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => PspError::Credentials(CallError::Unreadable(status).into()),
            StatusCode::TOO_MANY_REQUESTS => PspError::Unavailable(CallError::Unreadable(status).into()),
            _ => PspError::Unknown(CallError::Unreadable(status).into()),
        });
    };
    let (code, message) = (error.code(status.as_u16()), error.message());
    Err(match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => PspError::Credentials(no_verdict(status, code, message).into()),
        StatusCode::TOO_MANY_REQUESTS => PspError::Unavailable(no_verdict(status, code, message).into()),
        _ if code == SERVER_FAULT || status.is_server_error() || status.is_redirection() => {
            PspError::Unknown(no_verdict(status, code, message).into())
        }
        _ => PspError::Refused { code, message },
    })
}

/// What the answer to a read brought; `None` only when Hyperswitch itself says, by 404 and `missing`, that there is no such
/// object.
pub(crate) fn read<T: DeserializeOwned>(answer: Result<Answer, CallError>, missing: &str) -> Result<Option<T>, ReadError> {
    let Answer { status, body } = answer.map_err(|error| ReadError::Unavailable(error.into()))?;
    let Some(error) = ErrorWire::of(&body) else {
        return match serde_json::from_slice(&body) {
            Ok(object) => Ok(Some(object)),
            Err(_) if is_credentials(status) => Err(ReadError::Credentials(CallError::Unreadable(status).into())),
            Err(_) => Err(ReadError::Unavailable(CallError::Unreadable(status).into())),
        };
    };
    let (code, message) = (error.code(status.as_u16()), error.message());
    if status == StatusCode::NOT_FOUND && code == missing {
        Ok(None)
    } else if is_credentials(status) {
        Err(ReadError::Credentials(no_verdict(status, code, message).into()))
    } else {
        Err(ReadError::Unavailable(no_verdict(status, code, message).into()))
    }
}

/// Did Hyperswitch itself answer that it, or its connector, can't tell?
pub(crate) fn says_fault(error: &ReadError) -> bool {
    let ReadError::Unavailable(cause) = error else { return false };
    matches!(cause.downcast_ref::<CallError>(), Some(CallError::Status { status, .. }) if status.is_server_error())
}

fn is_credentials(status: StatusCode) -> bool {
    matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)
}

/// Words about our key stay where they are: they may quote it.
fn no_verdict(status: StatusCode, code: String, message: String) -> CallError {
    let message = if is_credentials(status) { String::new() } else { message };
    CallError::Status { status, code, message }
}
