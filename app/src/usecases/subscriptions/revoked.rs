//! A kept payment method that the PSP has revoked: it is not charged any more, the customer is asked at the next renewal.

use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, commit, fresh_unit};
use veza_domain::ids::UserId;
use veza_domain::subscription::Subscription;
use veza_ports::BoxError;
use veza_ports::storage::{Retry, Row, Write};

/// Forgets the method of `user`'s subscription, if it is this one (none: whichever it is). True when something changed.
///
/// # Errors
/// The store's.
pub async fn forget(app: &App, user: UserId, method: Option<&str>) -> Result<bool, BoxError> {
    for _ in 0..REDECIDE_MAX {
        let Some(stored) = app.store.standing(user).await?.current else { return Ok(false) };
        let subscription = stored.subscription.value;
        let kept = subscription.method.as_ref().filter(|kept| method.is_none_or(|method| kept.0 == method));
        if kept.is_none() {
            return Ok(false);
        }
        let id = subscription.id;
        let row = Row::Subscription(Subscription { method: None, ..subscription });
        match commit(app, fresh_unit(app, vec![Write::Update { row, expected: stored.subscription.revision }])).await {
            Ok(_) => {
                tracing::warn!(subscription = %id, "the kept payment method was revoked: the customer is asked at the next renewal");
                return Ok(true);
            }
            Err(error) if error.retry() == Retry::Redecide => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(false)
}
