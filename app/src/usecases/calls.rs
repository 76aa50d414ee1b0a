//! Calls that may have been heard: when one must not be made any more, and from when on "not found" proves that none was.

use crate::services::App;
use veza_domain::time::Timestamp;

/// What is told of a call that was not made.
pub(super) const TOO_LATE: &str = "this process stood still before the call: it is looked up first";

/// Has this process stood still so long after writing that it is about to call that others may take the call for over? Then it must
/// not be made any more.
pub(super) fn is_too_late(app: &App, sent_at: Option<Timestamp>) -> bool {
    sent_at.is_some_and(|sent| app.now().since(sent) >= app.money.provider_timeout)
}

/// Could the call still be running at the provider? "Not found" is final only once it can't (spec/01-money §8): it begins within
/// `PROVIDER_TIMEOUT` of being written down ([`is_too_late`]) and takes that long at most.
pub(super) fn may_be_under_way(app: &App, sent_at: Option<Timestamp>) -> bool {
    sent_at.is_some_and(|sent| app.now().since(sent) < app.money.lease())
}
