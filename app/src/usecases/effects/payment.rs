//! Opening an order's payment at the PSP, finding out what became of it, reading it again.

use super::{EffectError, OVERTAKEN, Performed, later, mark_sent, not_judged, over, settle_answer, settle_read, told, unread};
use crate::services::App;
use crate::usecases::attention::flag;
use crate::usecases::calls::{TOO_LATE, is_too_late, may_be_under_way};
use crate::usecases::commit::{commit, fresh_unit};
use crate::usecases::psp_reads::{self, payment_fact};
use std::time::Duration;
use veza_domain::attention::{Code, Subject};
use veza_domain::effect::Effect;
use veza_domain::ids::{DisputeId, OrderId};
use veza_domain::order::{Order, OrderStatus};
use veza_domain::settlement::{Billing, Change, Fact, OrderFile, PaymentFact, PaymentStatus, decide_customer_asked};
use veza_domain::subscription::Collection;
use veza_ports::payments::{NewPayment, Payment, PaymentMethod, PspError};
use veza_ports::storage::{CommitError, Row, StoredOrder, Versioned, Write};

/// How long a buyer may take to pay; as long is an exclusive licence reserved.
const SALE_OPEN_FOR: Duration = Duration::from_secs(3600);
/// How long a customer may take who is asked by mail.
const PLAN_OPEN_FOR: Duration = Duration::from_secs(24 * 3600);

pub(super) async fn create(app: &App, sent: Versioned<Effect>, order_id: OrderId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, sent, "no payment provider is configured", false).await;
    };
    let order = &stored.file.order;
    if order.status != OrderStatus::Pending {
        return over(app, sent).await;
    }
    let new = wanted(app, &stored.file);
    if is_too_late(app, sent.value.sent_at) {
        return later(app, sent, TOO_LATE, true).await;
    }
    if stored.file.billing.as_ref().is_some_and(|billing| !billing.is_collected_by(order_id)) {
        return not_wanted(app, sent, &stored).await;
    }
    // The key of a payment is the order's id (spec/01-money §3).
    match psp.provider.create_payment(&order_id.to_string(), &new).await {
        Ok(payment) => answered(app, sent, stored, &payment).await,
        Err(error) => not_answered(app, sent, &stored, error).await,
    }
}

fn wanted(app: &App, file: &OrderFile) -> NewPayment {
    let order = &file.order;
    let title = file.lines.first().map_or("", |line| line.title.as_str());
    let more = file.lines.len().saturating_sub(1);
    let description = if more == 0 { title.to_owned() } else { format!("{title} and {more} more") };
    NewPayment {
        payment_id: order.payment_id.clone().unwrap_or_else(|| Order::payment_id_of(order.id)),
        order_id: order.id,
        amount: order.total,
        description: description.chars().take(255).collect(),
        return_url: Some(format!("{}/orders/{}", app.money.public_url, order.id)),
        customer_id: file.billing.as_ref().map(|_| order.buyer_id.to_string()),
        method: method(file),
        open_for: if file.billing.is_some() { PLAN_OPEN_FOR } else { SALE_OPEN_FOR },
    }
}

/// A plan's customer lets the method be kept, or is charged by the one that is; a sale keeps nothing.
fn method(file: &OrderFile) -> PaymentMethod {
    let Some(Billing { invoice, subscription, .. }) = &file.billing else { return PaymentMethod::AtCheckout };
    match (invoice.collection, &subscription.method) {
        (Collection::SavedMethod, Some(method)) => PaymentMethod::Saved(method.clone()),
        // A method that was revoked since: the customer is asked.
        (Collection::SavedMethod, None) | (Collection::Customer, _) => PaymentMethod::AtCheckoutKept,
    }
}

/// The provider has the payment: keep what the buyer needs, settle what is final.
async fn answered(app: &App, sent: Versioned<Effect>, stored: StoredOrder, payment: &Payment) -> Result<Performed, EffectError> {
    let order_id = stored.file.order.id;
    let message = payment.error.clone().unwrap_or_else(|| payment.psp_status.clone());
    let next = match payment.status {
        PaymentStatus::Failed => sent.value.clone().refused(&message),
        PaymentStatus::Succeeded | PaymentStatus::Open | PaymentStatus::NotFound => sent.value.clone().done(),
    };
    let journal = told(app, &sent.value, &format!("answered by the PSP: {}", payment.psp_status));
    if payment.status == PaymentStatus::Open {
        let effect = Write::Update { row: Row::Effect(next), expected: sent.revision };
        return opened(app, &stored, payment, [effect].into_iter().chain(journal).collect()).await;
    }
    let fact = Fact::Payment(payment_fact(payment));
    settle_answer(app, sent, (order_id, &fact, &stored.revisions), next, journal).await
}

/// The plan was cancelled, changed or ended before its payment was opened: nobody is charged for it.
async fn not_wanted(app: &App, sent: Versioned<Effect>, stored: &StoredOrder) -> Result<Performed, EffectError> {
    let order_id = stored.file.order.id;
    let why = "the plan was cancelled or changed before it was charged";
    let fact = Fact::Payment(PaymentFact { error: Some(why.to_owned()), ..psp_reads::no_payment() });
    let journal = told(app, &sent.value, &format!("not made: {why}"));
    tracing::info!(order = %order_id, "a payment is not opened: {why}");
    let next = sent.value.clone().done();
    settle_answer(app, sent, (order_id, &fact, &stored.revisions), next, journal).await
}

/// The payment waits: for the buyer, or for the customer whom it can't be charged without. `writes` join what changes.
async fn opened(app: &App, stored: &StoredOrder, payment: &Payment, mut writes: Vec<Write>) -> Result<Performed, EffectError> {
    let order = Order { client_secret: payment.client_secret.clone(), ..stored.file.order.clone() };
    let without_them = matches!(method(&stored.file), PaymentMethod::Saved(_)) && !payment.needs_customer;
    let asked = if without_them { Vec::new() } else { decide_customer_asked(&stored.file, app.now()) };
    let is_asked = !asked.is_empty();
    let changes: Vec<Change> = [Change::Order(order)].into_iter().chain(asked).collect();
    writes.extend(stored.writes(&changes));
    match commit(app, fresh_unit(app, writes)).await {
        Ok(_) => {
            if is_asked {
                tracing::info!(order = %stored.file.order.id, "the kept method can't be charged without the customer, who is written to");
                app.wake.effects.notify_one();
            }
            Ok(Performed::Done)
        }
        // A webhook was faster: the effect is still sent, and its look-up finds the order settled.
        Err(CommitError::Conflict(_)) => Ok(Performed::Done),
        Err(error) => Err(error.into()),
    }
}

async fn not_answered(app: &App, sent: Versioned<Effect>, stored: &StoredOrder, error: PspError) -> Result<Performed, EffectError> {
    let order_id = stored.file.order.id;
    let flagged = matches!(error, PspError::NotOurs(_));
    match error {
        PspError::Refused { .. } | PspError::NotOurs(_) => {
            let message = error.to_string();
            let error = Some(message.clone());
            let fact = Fact::Payment(PaymentFact { status: PaymentStatus::Failed, error, ..psp_reads::no_payment() });
            let attention = flagged.then(|| flag(app, Subject::Order(order_id), Code::ProviderRefused, Some(order_id), &message));
            let more = told(app, &sent.value, &message).into_iter().chain(attention);
            let next = sent.value.clone().refused(&message);
            settle_answer(app, sent, (order_id, &fact, &stored.revisions), next, more).await
        }
        error => not_judged(app, sent, Subject::Order(order_id), order_id, error).await,
    }
}

/// A payment that may have been opened: ask before sending again.
pub(super) async fn recover(app: &App, sent: Versioned<Effect>, order_id: OrderId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, sent, "no payment provider is configured", true).await;
    };
    let order = &stored.file.order;
    if order.status != OrderStatus::Pending {
        return over(app, sent).await;
    }
    let payment_id = order.payment_id.clone().unwrap_or_else(|| Order::payment_id_of(order_id));
    match psp.reads.payment(&payment_id).await {
        Ok(Some(payment)) if is_ours(&payment, order) => answered(app, sent, stored, &payment).await,
        Ok(Some(_)) => not_answered(app, sent, &stored, PspError::NotOurs(payment_id)).await,
        Ok(None) if may_be_under_way(app, sent.value.sent_at) => later(app, sent, "not there yet", true).await,
        Ok(None) => {
            let sent = mark_sent(app, sent).await?;
            create(app, sent, order_id).await
        }
        Err(error) => unread(app, sent, Subject::Order(order_id), order_id, &error).await,
    }
}

fn is_ours(payment: &Payment, order: &Order) -> bool {
    payment.amount == order.total.amount.0 && payment.currency.eq_ignore_ascii_case(order.total.currency.code())
}

pub(super) async fn read(app: &App, effect: Versioned<Effect>, order_id: OrderId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, effect, "no payment provider is configured", false).await;
    };
    let payment_id = stored.file.order.payment_id.clone().unwrap_or_default();
    match psp.reads.payment(&payment_id).await {
        Ok(Some(payment)) => {
            // Its refunds and disputes come with it.
            let read = psp_reads::settle_payment(app, order_id, &payment, "read at the PSP", stored.revisions).await?;
            if read.overtaken { later(app, effect, OVERTAKEN, false).await } else { over(app, effect).await }
        }
        Ok(None) => settle_read(app, effect, order_id, Fact::Payment(psp_reads::no_payment()), &stored.revisions).await,
        Err(error) => unread(app, effect, Subject::Order(order_id), order_id, &error).await,
    }
}

pub(super) async fn read_dispute(
    app: &App,
    effect: Versioned<Effect>,
    order_id: OrderId,
    dispute_id: DisputeId,
) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, effect, "no payment provider is configured", false).await;
    };
    let Some(dispute) = stored.file.disputes.iter().find(|dispute| dispute.id == dispute_id) else {
        // It was told of without an amount, so there is no row yet: the payment brings its disputes.
        return read(app, effect, order_id).await;
    };
    match psp.reads.dispute(&dispute.psp_dispute_id).await {
        Ok(Some(read)) => {
            let fact = Fact::Dispute(psp_reads::dispute_fact(&read));
            settle_read(app, effect, order_id, fact, &stored.revisions).await
        }
        Ok(None) => later(app, effect, "the PSP has no such dispute", false).await,
        Err(error) => unread(app, effect, Subject::Dispute(dispute_id), order_id, &error).await,
    }
}
