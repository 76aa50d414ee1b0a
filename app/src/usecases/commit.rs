//! Committing, the same way everywhere: an unknown outcome brings the same unit again, which its id makes safe.

use crate::problem::ApiError;
use crate::services::App;
use sha2::{Digest, Sha256};
use std::time::Duration;
use veza_ports::storage::{CommitError, Committed, Retry, UnitId, UnitOfWork, Write};

/// How often a decision is made anew when its guards don't hold.
pub const REDECIDE_MAX: usize = 32;
/// How often a unit of unknown outcome is brought again.
const SAME_UNIT_MAX: usize = 3;
/// Pause before a unit is brought again.
const SAME_UNIT_PAUSE: Duration = Duration::from_millis(50);

/// A unit that stems from `request` (its bytes are hashed) and is decided now.
#[must_use]
pub fn unit(app: &App, id: impl Into<String>, request: &[u8], writes: Vec<Write>) -> UnitOfWork {
    UnitOfWork::new(UnitId(id.into()), Sha256::digest(request).into(), app.now(), writes)
}

/// A unit that nobody will bring again: its id is new.
#[must_use]
pub fn fresh_unit(app: &App, writes: Vec<Write>) -> UnitOfWork {
    unit(app, app.ids.uuid().to_string(), &[], writes)
}

/// Commits `unit`; an unknown outcome is settled by bringing it again.
///
/// # Errors
/// [`CommitError`], `Unknown` only after several tries.
pub async fn commit(app: &App, unit: UnitOfWork) -> Result<Committed, CommitError> {
    for _ in 1..SAME_UNIT_MAX {
        match app.store.commit(unit.clone()).await {
            Err(CommitError::Unknown(cause)) => {
                tracing::warn!(unit = unit.id().0, %cause, "outcome of a commit unknown, bringing the unit again");
                app.clock.pause(SAME_UNIT_PAUSE).await;
            }
            known => return known,
        }
    }
    app.store.commit(unit).await
}

/// Commits `unit`; `None` when a row on which it was decided is another by now: to be read and decided anew, [`REDECIDE_MAX`] times at most.
///
/// # Errors
/// [`CommitError`], of [`Retry::Redecide`] never.
pub async fn commit_if_current(app: &App, unit: UnitOfWork) -> Result<Option<Committed>, CommitError> {
    match commit(app, unit).await {
        Ok(committed) => Ok(Some(committed)),
        Err(error) => unless_stale(error).map(|()| None),
    }
}

/// `error`, unless all that it says is that the decision is to be made anew.
///
/// # Errors
/// [`CommitError`], of [`Retry::Redecide`] never.
pub fn unless_stale(error: CommitError) -> Result<(), CommitError> {
    if error.retry() == Retry::Redecide { Ok(()) } else { Err(error) }
}

/// What the edge says when others changed the same `what` so often that nothing could be decided.
#[must_use]
pub fn busy(what: &str) -> ApiError {
    ApiError::unavailable("busy", format!("too many changes of the same {what} at once; try again"))
}

/// What the edge says of a commit that did not work.
impl From<CommitError> for ApiError {
    fn from(error: CommitError) -> Self {
        match error.retry() {
            Retry::SameUnit => Self::storage(&error),
            Retry::Redecide => busy("thing"),
            Retry::Never => {
                tracing::error!(%error, "a unit of work was refused: this is a bug");
                Self::internal("internal", "a fault of ours; it is in the log")
            }
        }
    }
}
