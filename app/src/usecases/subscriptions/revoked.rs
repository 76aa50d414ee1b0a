//! A kept payment method that the PSP has revoked: it is not charged any more, the customer is asked at the next renewal.

use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, commit_if_current, fresh_unit};
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::Subscription;
use veza_ports::BoxError;
use veza_ports::storage::{Row, Write};

/// Forgets `method` wherever it would be charged; says in how many subscriptions.
///
/// # Errors
/// The store's; the message is to come again.
pub async fn forget(app: &App, method: &SavedMethod) -> Result<usize, BoxError> {
    let mut forgotten = 0;
    // Each commit takes a row off the list; a row that somebody else is writing is read again.
    for _ in 0..REDECIDE_MAX {
        let rows = app.store.subscriptions_by_method(method).await?;
        if rows.is_empty() {
            return Ok(forgotten);
        }
        for row in rows {
            let id = row.value.id;
            let next = Row::Subscription(Subscription { method: None, ..row.value });
            if commit_if_current(app, fresh_unit(app, vec![Write::Update { row: next, expected: row.revision }])).await?.is_some() {
                forgotten += 1;
                tracing::warn!(subscription = %id, "the kept payment method was revoked: the customer is asked at the next renewal");
            }
        }
    }
    Err("the subscriptions that charge the revoked payment method are being written again and again".into())
}
