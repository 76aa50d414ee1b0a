//! Requests that may be repeated under an `Idempotency-Key` (spec/05-marketplace): how their routes begin and answer.

use crate::http::auth::Caller;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::idempotency::{self, Begun, Incoming};
use poem_openapi::types::ToJSON;
use veza_ports::storage::{IdempotencyRecord, Versioned};

/// Looks the key of a request up, if it came with one.
///
/// # Errors
/// As [`idempotency::begin`].
pub(super) async fn begin(
    app: &App,
    caller: &Caller,
    scope: &str,
    key: Option<&str>,
    body: &impl ToJSON,
) -> Result<Option<Begun>, ApiError> {
    match key {
        Some(key) => idempotency::begin(app, caller.id(), scope, key, body.to_json_string().as_bytes()).await.map(Some),
        None => Ok(None),
    }
}

/// Stores what a repetition is to get, if the request came with a key.
pub(super) async fn answer<T>(
    app: &App,
    incoming: Option<Incoming>,
    status: u16,
    answer: Result<T, ApiError>,
    body: impl Fn(&T) -> String,
) -> Result<T, ApiError> {
    if let Some(incoming) = incoming {
        match &answer {
            Ok(made) => incoming.answered(app, status, body(made)).await,
            // What was refused before anything was made has left no record behind.
            Err(error) if has_made_something(error) => incoming.answered(app, error.problem().status, idempotency::error_body(error)).await,
            Err(_) => {}
        }
    }
    answer
}

/// 502 and 503 come with what was made, where something was.
fn has_made_something(error: &ApiError) -> bool {
    let problem = error.problem();
    problem.status == 502 || problem.status == idempotency::TRY_AGAIN && problem.order_id.is_some()
}

/// Stores what a repetition is to get from now on, when an interrupted request was gone on with. After 503 the next one goes on again.
pub(super) async fn answer_again<T>(
    app: &App,
    stored: Versioned<IdempotencyRecord>,
    status: u16,
    went_on: Result<T, ApiError>,
    body: impl Fn(&T) -> String,
) -> Result<T, ApiError> {
    match &went_on {
        Ok(made) => idempotency::finish(app, stored, status, body(made)).await,
        Err(error) if error.problem().status == 502 => idempotency::finish(app, stored, 502, idempotency::error_body(error)).await,
        Err(_) => {}
    }
    went_on
}

/// The stored answer is not readable.
pub(super) fn lost() -> ApiError {
    ApiError::internal("internal", "the stored answer can't be read; look up what was made")
}
