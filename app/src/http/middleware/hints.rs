//! What a handler wants in the head of its answer beside the body.

use std::cell::Cell;
use std::time::Duration;

tokio::task_local! {
    /// Seconds after which the client may try again.
    pub(super) static RETRY_AFTER: Cell<Option<u64>>;
}

/// Puts `Retry-After` on the answer to the request that is being served, rounded up to whole seconds.
pub fn retry_after(wait: Duration) {
    let seconds = wait.as_secs() + u64::from(wait.subsec_nanos() > 0);
    let _ = RETRY_AFTER.try_with(|cell| cell.set(Some(seconds.max(1)))); // outside of a request nobody asks
}

/// What was hinted at in the request that is being served.
pub(super) fn wished() -> Option<u64> {
    RETRY_AFTER.try_with(Cell::get).ok().flatten()
}
