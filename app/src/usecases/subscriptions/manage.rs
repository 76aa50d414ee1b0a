//! Cancelling, reactivating, changing a plan.

use super::subscribe::offered;
use super::{Planned, Sender, current, own, planned, refused};
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::checkout;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit_if_current, fresh_unit};
use veza_domain::ids::{InvoiceId, UserId};
use veza_domain::money::Minor;
use veza_domain::subscription::{self as rules, Choice, Cycle, Invoice, PlanId, Quote, Refusal, Step, Subscription};
use veza_ports::storage::StoredSubscription;

/// Ends the plan when what was paid, or the trial, is over.
///
/// # Errors
/// 409 `no_subscription`, `subscription_not_running`.
pub async fn cancel(app: &App, user: UserId) -> Result<StoredSubscription, ApiError> {
    take(app, user, |subscription, open, _| rules::cancel(subscription, open, app.now())).await
}

/// Takes a cancellation back.
///
/// # Errors
/// 409 `no_subscription`, `subscription_not_canceled`.
pub async fn reactivate(app: &App, user: UserId) -> Result<StoredSubscription, ApiError> {
    take(app, user, |subscription, _, _| rules::reactivate(subscription, &app.billing, app.now())).await
}

/// What a change would cost, and when it would take effect.
///
/// # Errors
/// 409 as [`change`]; 422 for a plan that there is not.
pub async fn preview(app: &App, user: UserId, to: (PlanId, Cycle)) -> Result<(Quote, Choice), ApiError> {
    let to = offered(app, to.0, to.1).await?.choice;
    let stored = current(app, user).await?;
    let worth = worth(app, &stored).await?;
    Ok((rules::quote(&stored.subscription.value, worth, to, app.now()).map_err(refused)?, to))
}

/// What the period that runs is worth.
async fn worth(app: &App, stored: &StoredSubscription) -> Result<Minor, ApiError> {
    let Some(order) = stored.paid.as_ref().and_then(|paid| paid.value.paid_by) else { return Ok(Minor::ZERO) };
    let paid = app.store.order_file(order).await?;
    Ok(paid.map_or(Minor::ZERO, |paid| rules::worth(&stored.subscription.value, &paid.file.order)))
}

/// Changes the plan: a better one at once, once the difference is paid; any other when the period is over.
///
/// # Errors
/// 409 `no_subscription`, `same_plan`, `complete_payment`, `change_under_way`, `subscription_not_running`; 422 for a plan that there is
/// not; 502 and 503 of the payment.
pub async fn change(app: &App, user: UserId, to: (PlanId, Cycle)) -> Result<StoredSubscription, ApiError> {
    let to = offered(app, to.0, to.1).await?.choice;
    let id = InvoiceId(app.ids.uuid());
    take(app, user, |subscription, open, worth| {
        if app.psp.is_none() && to.plan != PlanId::Free {
            return Err(Refusal::PaymentMissing);
        }
        rules::change(subscription, open, worth, to, id, &app.billing, app.now())
    })
    .await
}

/// Decides on the person's subscription, commits, opens the payment; decides anew when somebody else was faster.
async fn take(
    app: &App,
    user: UserId,
    decide: impl Fn(&Subscription, Option<&Invoice>, Minor) -> Result<Step, Refusal>,
) -> Result<StoredSubscription, ApiError> {
    for _ in 0..REDECIDE_MAX {
        let stored = current(app, user).await?;
        let subscription = &stored.subscription.value;
        let worth = worth(app, &stored).await?;
        let step = decide(subscription, stored.open.as_ref().map(|open| &open.value), worth).map_err(refused)?;
        let Planned { writes, payment } = planned(app, &step, Some(&stored), Sender::Request);
        if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
            tracing::info!(subscription = %subscription.id, status = step.subscription.status.as_str(), "subscription");
            if let Some((order, effect)) = payment {
                checkout::open_now(app, order, effect).await?;
            }
            return own(app, user, subscription.id).await;
        }
    }
    Err(busy("subscription"))
}
