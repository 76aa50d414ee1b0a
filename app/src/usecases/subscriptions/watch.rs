//! Renewals that should have happened and did not: listed for a person, and due again.

use crate::services::App;
use crate::usecases::attention::flag;
use crate::usecases::commit::{commit_if_current, fresh_unit};
use std::time::Duration;
use veza_domain::attention::{Code, Subject};
use veza_domain::subscription::Subscription;
use veza_ports::storage::{OverdueRenewal, Row, StoreError, Write};

/// How long after its period's end a subscription may still be seen as running: the worker has had every chance by then.
const GRACE: Duration = Duration::from_secs(2 * 3600);
/// Rows of a look.
const BATCH: u32 = 50;

/// Looks for them once; how many there are.
///
/// # Errors
/// [`StoreError`] when nothing could be read.
pub async fn overdue(app: &App) -> Result<usize, StoreError> {
    let overdue = app.store.overdue_renewals(app.now().minus(GRACE), BATCH).await?;
    for row in &overdue {
        match again(app, row).await {
            Ok(()) => {
                tracing::error!(subscription = %row.id, ended_at = row.ended_at.unix_seconds(), "reconcile: a renewal did not happen; it is due again");
            }
            Err(error) => {
                tracing::error!(subscription = %row.id, %error, "reconcile: a renewal did not happen, and it could not be listed")
            }
        }
    }
    Ok(overdue.len())
}

async fn again(app: &App, row: &OverdueRenewal) -> Result<(), Box<dyn std::error::Error + Send + Sync>> {
    let Some(stored) = app.store.subscription(row.id).await? else { return Ok(()) };
    let now = app.now();
    let mut writes = vec![flag(app, Subject::User(row.user_id), Code::RenewalMissed, None, &format!("subscription {}", row.id))];
    let subscription = stored.subscription.value;
    if subscription.due_at.is_none_or(|due| due > now) {
        let row = Row::Subscription(Subscription { due_at: Some(now), ..subscription });
        writes.push(Write::Update { row, expected: stored.subscription.revision });
    }
    // Otherwise it has just been worked on.
    if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
        app.wake.subscriptions.notify_one();
    }
    Ok(())
}
