//! The subscription worker: trials that end, renewals, retries, plans whose time is over. Idempotent per subscription and period:
//! the invoice of a period, and each try to collect it, have ids that follow from it.

use super::{Planned, Sender, planned};
use crate::services::App;
use crate::usecases::commit::{commit_if_current, unit};
use crate::usecases::effects::EffectError;
use crate::usecases::worked::Worked;
use veza_domain::subscription::due;
use veza_ports::storage::ClaimedSubscription;

/// Does what is due of one subscription.
///
/// # Errors
/// [`EffectError`] when it could not be recorded; it is due again after its lease.
pub async fn work(app: &App, claimed: ClaimedSubscription) -> Result<Worked, EffectError> {
    let stored = app.store.subscription(claimed.id).await?;
    // Of a row that has changed since nobody knows that it is due; what still is comes again.
    let Some(stored) = stored.filter(|stored| stored.subscription.revision == claimed.revision) else { return Ok(Worked::Nothing) };
    let open = stored.open.as_ref().zip(stored.open_order.as_ref()).map(|(invoice, order)| (&invoice.value, order.value.status));
    let Some(step) = due(&stored.subscription.value, open, &app.billing, app.now()) else { return Ok(Worked::Nothing) };
    if step.collect && app.psp.is_none() {
        tracing::warn!(subscription = %claimed.id, "a renewal waits: no payment provider is configured");
        return Ok(Worked::Later);
    }
    let Planned { writes, payment } = planned(app, &step, Some(&stored), Sender::Worker);
    let id = format!("subscription:{}:{}", claimed.id, stored.subscription.revision.0);
    if commit_if_current(app, unit(app, id, &[], writes)).await?.is_none() {
        // A message was faster; what is still due comes again.
        return Ok(Worked::Nothing);
    }
    let status = step.subscription.status.as_str();
    tracing::info!(subscription = %claimed.id, status, collects = step.collect, retries = step.subscription.retries, "subscription moved on");
    if payment.is_some() || step.notice.is_some() {
        app.wake.effects.notify_one();
    }
    Ok(Worked::Done)
}
