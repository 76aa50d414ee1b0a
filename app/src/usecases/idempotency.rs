//! Incoming `Idempotency-Key` headers (spec/05-marketplace): same key and body, same answer; other body, 422; in flight, 409. A request
//! that was answered with 503 is not over: a repetition goes on where it stopped.
//!
//! The record is inserted in the commit that makes the order or refund, so there is one of each per key, whatever happens
//! between the two. Answers are stored without client secrets.

use crate::http::middleware::hints;
use crate::problem::{ApiError, Problem};
use crate::services::App;
use crate::usecases::commit::{commit, fresh_unit};
use poem_openapi::types::{ParseFromJSON, ToJSON};
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;
use veza_domain::ids::UserId;
use veza_ports::storage::{IdempotencyRecord, IdempotencyState, Revision, Row, Versioned, Write};

/// The scope of requests that place orders.
pub const ORDERS: &str = "create_order";
/// The scope of requests that subscribe.
pub const SUBSCRIPTIONS: &str = "subscribe";
/// The status of an answer after which a repetition goes on.
pub const TRY_AGAIN: u16 = 503;
/// When a repetition of what is being worked on may find it done.
const IN_USE_FOR: Duration = Duration::from_secs(1);
/// Longest key.
pub const KEY_CHARS_MAX: usize = 255;

/// A request with a key that is to be carried out.
#[derive(Clone, Debug)]
pub struct Incoming {
    record: IdempotencyRecord,
}

/// What a key says about its request.
#[derive(Debug)]
pub enum Begun {
    /// Nobody has seen it: carry it out.
    New(Incoming),
    /// It was answered: the stored answer.
    Answered {
        /// HTTP status.
        status: u16,
        /// Body without client secrets.
        body: String,
        /// What it made.
        resource: Uuid,
    },
    /// It was answered with 503, or the process died before it answered: what it made stands; go on from there.
    Interrupted {
        /// What it would have made.
        resource: Uuid,
        /// To store the answer by.
        stored: Versioned<IdempotencyRecord>,
    },
}

/// Looks a key up. `request` = the bytes that must be the same.
///
/// # Errors
/// 400 `bad_idempotency_key`; 422 `idempotency_key_reused`; 409 `idempotency_key_in_use`.
pub async fn begin(app: &App, user: UserId, scope: &str, key: &str, request: &[u8]) -> Result<Begun, ApiError> {
    if key.trim().is_empty() || key.chars().count() > KEY_CHARS_MAX || key.chars().any(char::is_control) {
        return Err(ApiError::bad_request(
            "bad_idempotency_key",
            format!("an Idempotency-Key has 1 to {KEY_CHARS_MAX} visible characters"),
        ));
    }
    let fingerprint: [u8; 32] = Sha256::digest(request).into();
    let Some(stored) = app.store.idempotency(user, scope, key).await? else {
        let record = IdempotencyRecord {
            user_id: user,
            scope: scope.to_owned(),
            key: key.to_owned(),
            fingerprint,
            resource: app.ids.uuid(),
            state: IdempotencyState::InFlight,
            created_at: app.now(),
        };
        return Ok(Begun::New(Incoming { record }));
    };
    known(app, stored, &fingerprint)
}

fn known(app: &App, stored: Versioned<IdempotencyRecord>, fingerprint: &[u8; 32]) -> Result<Begun, ApiError> {
    let record = &stored.value;
    if record.fingerprint != *fingerprint {
        return Err(ApiError::unprocessable("idempotency_key_reused", "this Idempotency-Key was used for another request"));
    }
    match &record.state {
        IdempotencyState::Answered { status: TRY_AGAIN, .. } => Ok(Begun::Interrupted { resource: record.resource, stored }),
        IdempotencyState::Answered { status, body } => {
            Ok(Begun::Answered { status: *status, body: body.clone(), resource: record.resource })
        }
        IdempotencyState::InFlight if app.now().since(record.created_at) < app.money.lease() => Err(in_use(record)),
        IdempotencyState::InFlight => Ok(Begun::Interrupted { resource: record.resource, stored }),
    }
}

/// Says what is going on: what the request makes has its id already.
fn in_use(record: &IdempotencyRecord) -> ApiError {
    let busy = ApiError::conflict(
        "idempotency_key_in_use",
        "a request with this Idempotency-Key is being worked on; its answer is to be had by repeating it in a moment",
    );
    hints::retry_after(IN_USE_FOR);
    match record.scope.as_str() {
        ORDERS => busy.with_order(record.resource),
        scope if scope.starts_with("refund:") => busy.with_refund(record.resource),
        _ => busy,
    }
}

impl Incoming {
    /// The id that what the request makes will have.
    #[must_use]
    pub fn resource(&self) -> Uuid {
        self.record.resource
    }

    /// Joins the unit that makes it.
    #[must_use]
    pub fn insert(&self) -> Write {
        Write::Insert(Row::Idempotency(self.record.clone()))
    }

    /// After a conflict: has a twin of this request been faster?
    ///
    /// # Errors
    /// 409 `idempotency_key_in_use`.
    pub async fn still_ours(&self, app: &App) -> Result<(), ApiError> {
        match app.store.idempotency(self.record.user_id, &self.record.scope, &self.record.key).await? {
            Some(twin) => Err(in_use(&twin.value)),
            None => Ok(()),
        }
    }

    /// Stores the answer.
    pub async fn answered(&self, app: &App, status: u16, body: String) {
        finish(app, Versioned { value: self.record.clone(), revision: Revision::FIRST }, status, body).await;
    }
}

/// Stores an answer. Failing to do so is logged: a repetition then answers from what was made.
pub async fn finish(app: &App, stored: Versioned<IdempotencyRecord>, status: u16, body: String) {
    let row = Row::Idempotency(IdempotencyRecord { state: IdempotencyState::Answered { status, body }, ..stored.value });
    if let Err(error) = commit(app, fresh_unit(app, vec![Write::Update { row, expected: stored.revision }])).await {
        tracing::warn!(%error, "the answer to an idempotency key could not be stored");
    }
}

/// A problem as stored.
#[must_use]
pub fn error_body(error: &ApiError) -> String {
    error.problem().to_json_string()
}

/// A stored problem as the answer it was.
#[must_use]
pub fn stored_error(status: u16, body: &str) -> ApiError {
    let problem = serde_json::from_str(body).ok().and_then(|json| Problem::parse_from_json(Some(json)).ok());
    match problem {
        Some(problem) => ApiError::of(problem),
        None => ApiError::of(Problem::new(status, "repeated", "the request was answered before")),
    }
}
