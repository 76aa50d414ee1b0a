//! Subscriptions: choosing, paying, changing and ending a plan (spec/02-subscriptions).
//!
//! The rules decide a [`Step`]; one commit has it all: subscription, invoices, the order that collects, its payment's effect, mails.

pub mod manage;
pub mod revoked;
pub mod subscribe;
pub mod watch;
pub mod work;

use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::effects;
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::ids::{InvoiceId, OrderId, SubscriptionId, UserId};
use veza_domain::order::OrderStatus;
use veza_domain::settlement::billing_mail;
use veza_domain::subscription::{Collection, Refusal, Step};
use veza_ports::storage::{Revision, Row, StoredSubscription, Write};

/// The writes of a step, and the payment that it opens.
struct Planned {
    writes: Vec<Write>,
    payment: Option<(OrderId, Effect)>,
}

/// Who makes the call that opens the payment.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sender {
    /// The request, right after the commit: the effect is written as sent.
    Request,
    /// The outbox worker.
    Worker,
}

/// The writes that carry out `step`. `before`: the subscription as it was read; none: it is new.
fn planned(app: &App, step: &Step, before: Option<&StoredSubscription>, sender: Sender) -> Planned {
    let now = app.now();
    let known = |id: InvoiceId| -> Option<Revision> {
        let invoices = before.into_iter().flat_map(|before| before.open.iter().chain(&before.paid));
        invoices.filter(|invoice| invoice.value.id == id).map(|invoice| invoice.revision).next()
    };
    let mut writes = vec![write(Row::Subscription(step.subscription.clone()), before.map(|before| before.subscription.revision))];
    writes.extend(step.invoices.iter().map(|invoice| write(Row::Invoice(invoice.clone()), known(invoice.id))));
    let mut payment = None;
    if let Some(invoice) = step.invoices.last().filter(|_| step.collect) {
        let (order, line) = invoice.order(now);
        let effect = Effect::pending(EffectKind::CreatePayment(order.id), now);
        let effect = if sender == Sender::Request { effect.sent(now, app.money.lease()) } else { effect };
        if sender == Sender::Request {
            writes.extend(effects::told(app, &effect, "sent to the PSP"));
        }
        payment = Some((order.id, effect.clone()));
        writes.extend([Row::Order(order), Row::Line(line), Row::Effect(effect)].map(Write::Insert));
    }
    let mail = step.notice.map(|notice| billing_mail(&step.subscription, notice, now));
    writes.extend(mail.map(|effect| Write::Insert(Row::Effect(effect))));
    Planned { writes, payment }
}

fn write(row: Row, revision: Option<Revision>) -> Write {
    match revision {
        Some(expected) => Write::Update { row, expected },
        None => Write::Insert(row),
    }
}

/// The subscription with this id, if it is `user`'s.
///
/// # Errors
/// 404 `subscription_not_found`.
pub async fn own(app: &App, user: UserId, id: SubscriptionId) -> Result<StoredSubscription, ApiError> {
    let stored = app.store.subscription(id).await?.filter(|stored| stored.subscription.value.user_id == user);
    stored.ok_or_else(|| ApiError::not_found("subscription_not_found", "no such subscription"))
}

/// Does a payment wait for the customer: of a renewal without a kept method, or of an upgrade?
#[must_use]
pub fn asks_the_customer(current: &StoredSubscription) -> bool {
    let by_customer = current.open.as_ref().is_some_and(|open| open.value.collection == Collection::Customer);
    by_customer && current.open_order.as_ref().is_some_and(|order| order.value.status == OrderStatus::Pending)
}

/// The subscription that `user` has now.
async fn current(app: &App, user: UserId) -> Result<StoredSubscription, ApiError> {
    let standing = app.store.standing(user).await?;
    standing.current.ok_or_else(|| ApiError::conflict("no_subscription", "you have no subscription: choose a plan first"))
}

/// What the edge says of a refusal.
fn refused(refusal: Refusal) -> ApiError {
    let code = match refusal {
        Refusal::NotRunning => "subscription_not_running",
        Refusal::NotCanceled => "subscription_not_canceled",
        Refusal::PaymentMissing => "complete_payment",
        Refusal::SamePlan => "same_plan",
        Refusal::ChangeUnderWay => "change_under_way",
        Refusal::AlreadySubscribed => "already_subscribed",
        Refusal::NothingToPay => "subscription_not_pending",
    };
    ApiError::conflict(code, refusal.to_string())
}
