//! Choosing a plan, and going on with a payment that was begun.

use super::{Planned, Sender, asks_the_customer, own, planned, refused};
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::checkout;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit_if_current, fresh_unit};
use crate::usecases::idempotency::Incoming;
use crate::usecases::psp_reads::{self, ReadSettled};
use veza_domain::ids::{OrderId, SubscriptionId, UserId};
use veza_domain::order::{Order, OrderStatus};
use veza_domain::settlement::{PaymentStatus, Verdict};
use veza_domain::subscription::SubscriptionStatus;
use veza_domain::subscription::{Cycle, Opening, Plan, PlanId, Step, close_unpaid, collect_again, opening, start};
use veza_ports::BoxError;
use veza_ports::storage::{Row, Standing, StoredSubscription, Trial, Write};

/// What subscribing made.
pub struct Subscribed {
    /// The subscription.
    pub stored: StoredSubscription,
    /// It is new; false: what was begun goes on.
    pub is_new: bool,
}

/// Subscribes `user` to `plan`, and opens its payment. `incoming` is taken away where nothing is made under the key of the request:
/// where what was begun before goes on.
///
/// # Errors
/// 422 for a plan that there is not; 409 `already_subscribed`, `payment_in_question`; 503 `payment_provider_required` (nothing was written);
/// 503 `payment_provider_unavailable` and 502 `payment_provider_refused`, both with the `order_id` of the payment that was begun.
pub async fn subscribe(
    app: &App,
    user: UserId,
    (plan, cycle): (PlanId, Cycle),
    incoming: &mut Option<Incoming>,
) -> Result<Subscribed, ApiError> {
    let plan = offered(app, plan, cycle).await?;
    if plan.choice.plan != PlanId::Free && app.psp.is_none() {
        return Err(ApiError::unavailable("payment_provider_required", "paid plans need a payment provider, and none is configured"));
    }
    for _ in 0..REDECIDE_MAX {
        let standing = app.store.standing(user).await?;
        let current = standing.current.as_ref();
        let mut writes = match opening(current.map(|current| &current.subscription.value), plan.choice, app.now()).map_err(refused)? {
            Opening::Resume => {
                *incoming = None;
                return resume(app, user, current).await;
            }
            Opening::ReplaceUnpaid => {
                close_first(app, current).await?;
                continue;
            }
            Opening::ReplaceFree => make_room(app, current),
            Opening::New => Vec::new(),
        };
        let id = SubscriptionId(incoming.as_ref().map_or_else(|| app.ids.uuid(), Incoming::resource));
        let step = first_step(app, id, user, &plan, &standing);
        let Planned { writes: of_step, payment } = planned(app, &step, None, Sender::Request);
        writes.extend(of_step);
        let trial = step.subscription.trial_ends_at.is_some();
        writes.extend(trial.then(|| Write::Insert(Row::Trial(Trial { user_id: user, plan: plan.choice.plan, started_at: app.now() }))));
        writes.extend(incoming.as_ref().map(Incoming::insert));
        if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
            tracing::info!(subscription = %id, plan = plan.choice.plan.as_str(), status = step.subscription.status.as_str(), "subscribed");
            if let Some((order, effect)) = payment {
                checkout::open_now(app, order, effect).await?;
            }
            return Ok(Subscribed { stored: own(app, user, id).await?, is_new: true });
        }
        if let Some(incoming) = &incoming {
            incoming.still_ours(app).await?;
        }
    }
    Err(busy("subscription"))
}

/// The row of the price list.
///
/// # Errors
/// 422.
pub(super) async fn offered(app: &App, plan: PlanId, cycle: Cycle) -> Result<Plan, ApiError> {
    let plans = app.store.plans().await?;
    let found = plans.into_iter().find(|row| (row.choice.plan, row.choice.cycle) == (plan, cycle));
    found.ok_or_else(|| ApiError::field("plan", "plan_not_available", "there is no such plan"))
}

fn first_step(app: &App, id: SubscriptionId, user: UserId, plan: &Plan, standing: &Standing) -> Step {
    let method = standing.current.as_ref().and_then(|current| current.subscription.value.method.clone());
    start(id, user, plan, !standing.trial_used, method, app.now())
}

/// The free plan ends in the commit in which a paid one begins.
fn make_room(app: &App, current: Option<&StoredSubscription>) -> Vec<Write> {
    let over = |current: &StoredSubscription| Write::Update {
        row: Row::Subscription(current.subscription.value.clone().expired(app.now())),
        expected: current.subscription.revision,
    };
    current.map(over).into_iter().collect()
}

/// Closes a subscription whose payment is missing, once the PSP says that it was not paid: what it says is settled first. Of a try that
/// has failed it has said so.
async fn close_first(app: &App, current: Option<&StoredSubscription>) -> Result<(), ApiError> {
    let Some(stored) = current else { return Ok(()) };
    if let Some(order) = stored.open_order.as_ref().filter(|order| order.value.status != OrderStatus::Failed) {
        // A call on its way could reach the PSP after our question.
        match checkout::resume(app, order.value.id).await {
            Ok(()) if is_still_open(app, order.value.id).await? => {}
            Ok(()) => return Ok(()),
            Err(error) if error.problem().status == 502 => return Ok(()),
            Err(_) => return Err(not_looked_up()),
        }
    }
    let step = close_unpaid(&stored.subscription.value, stored.open.as_ref().map(|open| &open.value), app.now());
    let Planned { writes, .. } = planned(app, &step, Some(stored), Sender::Worker);
    // Where somebody was faster it is looked at anew.
    commit_if_current(app, fresh_unit(app, writes)).await?;
    Ok(())
}

/// Settles what the PSP says of the payment of `order`; false: the next look at the subscription sees what came of it.
///
/// # Errors
/// 409 `payment_in_question`; 503 where the PSP can't be asked.
async fn is_still_open(app: &App, order: OrderId) -> Result<bool, ApiError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order).await?) else { return Ok(true) };
    let look = async || -> Result<(bool, ReadSettled), BoxError> {
        let payment = psp.reads.payment(&Order::payment_id_of(order)).await?;
        let read = psp_reads::settle_answer(app, order, payment.as_ref(), "read before another plan", stored.revisions).await?;
        Ok((payment.is_some_and(|payment| payment.status == PaymentStatus::Open), read))
    };
    let (open, read) = look().await.map_err(|error| {
        tracing::warn!(%order, %error, "another plan was asked for, and the payment of the one before it can't be looked up");
        not_looked_up()
    })?;
    if read.verdict == Verdict::AmountMismatch {
        // It stays as it is until a person has looked: nothing is closed over money that has come.
        let detail = "the payment of the plan that you began is not of the amount that was asked for: ask for help";
        return Err(ApiError::conflict("payment_in_question", detail));
    }
    Ok(open && !read.overtaken)
}

/// Without an order's id: nothing was made under the key of this request.
fn not_looked_up() -> ApiError {
    ApiError::unavailable("payment_provider_unavailable", "the payment of the plan that you began can't be looked up; try again")
}

/// Goes on with what an interrupted request has begun. What was settled meanwhile is shown as it stands.
///
/// # Errors
/// 404; 502, 503 as [`subscribe`].
pub async fn go_on(app: &App, user: UserId, id: SubscriptionId) -> Result<StoredSubscription, ApiError> {
    own(app, user, id).await?;
    // The first payment has the subscription's id; a plan that costs nothing yet has none.
    checkout::resume(app, OrderId(id.0)).await?;
    own(app, user, id).await
}

async fn resume(app: &App, user: UserId, current: Option<&StoredSubscription>) -> Result<Subscribed, ApiError> {
    let Some(stored) = current else { return Err(busy("subscription")) };
    let id = stored.subscription.value.id;
    open_payment_of(app, stored).await?;
    Ok(Subscribed { stored: own(app, user, id).await?, is_new: false })
}

/// Opens the payment of the open invoice where it is not open yet.
async fn open_payment_of(app: &App, stored: &StoredSubscription) -> Result<(), ApiError> {
    let pending = stored.open_order.as_ref().filter(|order| order.value.status == OrderStatus::Pending);
    match pending.filter(|order| order.value.client_secret.is_none()) {
        Some(order) => checkout::resume(app, order.value.id).await,
        None => Ok(()),
    }
}

/// Goes on with a payment that was begun or that the customer is asked for, or opens one more for a renewal that was not paid.
///
/// # Errors
/// 404; 409 `subscription_not_pending`, `payment_under_way`; 502, 503 as [`subscribe`].
pub async fn complete(app: &App, user: UserId, id: SubscriptionId) -> Result<Subscribed, ApiError> {
    for _ in 0..REDECIDE_MAX {
        let stored = own(app, user, id).await?;
        match stored.subscription.value.status {
            SubscriptionStatus::PendingPayment => return resume(app, user, Some(&stored)).await,
            // A renewal that the customer is asked for, or an upgrade, is open while the plan still runs.
            SubscriptionStatus::PastDue | SubscriptionStatus::Active => {
                if let Some(done) = pay_open(app, user, &stored).await? {
                    return Ok(done);
                }
            }
            SubscriptionStatus::Trialing | SubscriptionStatus::Canceled | SubscriptionStatus::Expired => {
                return Err(refused(veza_domain::subscription::Refusal::NothingToPay));
            }
        }
    }
    Err(busy("subscription"))
}

/// None: somebody was faster, look again.
async fn pay_open(app: &App, user: UserId, stored: &StoredSubscription) -> Result<Option<Subscribed>, ApiError> {
    let id = stored.subscription.value.id;
    let order = stored.open_order.as_ref().map(|order| &order.value);
    match order.map(|order| (order.status, order.client_secret.is_some())) {
        // The customer is asked for, or has begun to pay.
        Some((OrderStatus::Pending, has_secret)) if asks_the_customer(stored) || has_secret => {
            return resume(app, user, Some(stored)).await.map(Some);
        }
        Some((OrderStatus::Pending, _)) => {
            return Err(ApiError::conflict("payment_under_way", "your saved payment method is being charged; look again in a minute"));
        }
        _ => {}
    }
    let step = collect_again(&stored.subscription.value, stored.open.as_ref().map(|open| &open.value), app.now()).map_err(refused)?;
    let Planned { writes, payment } = planned(app, &step, Some(stored), Sender::Request);
    if commit_if_current(app, fresh_unit(app, writes)).await?.is_none() {
        return Ok(None);
    }
    if let Some((order, effect)) = payment {
        checkout::open_now(app, order, effect).await?;
    }
    Ok(Some(Subscribed { stored: own(app, user, id).await?, is_new: false }))
}
