//! Carrying out effects: the calls that open payments and refunds, the reads that settle contradictions, the mails.
//!
//! A request may run its own effect at once; the outbox worker is the backstop. "Unknown" is never treated as "failed": an
//! effect that may have been heard stays `sent` until a look-up tells.

use crate::services::{App, Psp};
use crate::usecases::commit::{commit, fresh_unit, unit};
use crate::usecases::settle::{Bring, SettleError, bring};
use std::time::Duration;
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::backoff::RetryPolicy;
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::ids::{OrderId, RefundId};
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::Refund;
use veza_domain::settlement::{Fact, OrderFile, PaymentFact, PaymentStatus, PspRefundStatus, RefundFact, Source};
use veza_ports::mail::MailError;
use veza_ports::payments::{NewPayment, NewRefund, Payment, PspError, PspRefund, ReadError};
use veza_ports::storage::{CommitError, Row, StoreError, StoredOrder, Versioned, Write};

/// Pauses between tries of an effect; there is no last try.
const RETRIES: RetryPolicy = RetryPolicy { retries_max: u32::MAX, base: Duration::from_secs(5), max: Duration::from_secs(600) };

/// What became of an effect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Performed {
    /// It happened.
    Done,
    /// The provider refused for good; the books know.
    Refused {
        /// The provider's words.
        message: String,
    },
    /// It did not happen, or nobody knows; the worker goes on with it.
    Later {
        /// What was seen.
        message: String,
    },
}

/// Why an effect could not be recorded. The worker comes back to it.
#[derive(Debug, thiserror::Error)]
pub enum EffectError {
    /// Settling its answer failed.
    #[error(transparent)]
    Settle(#[from] SettleError),
    /// Recording its answer failed.
    #[error(transparent)]
    Commit(#[from] CommitError),
    /// Reading what it is about failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

/// Carries out an effect that the worker has claimed: first marks it as sent, or finds out what became of it.
///
/// # Errors
/// [`EffectError`]; the effect is due again after its lease.
pub async fn work(app: &App, claimed: Versioned<Effect>) -> Result<Performed, EffectError> {
    match (claimed.value.kind, claimed.value.state) {
        (EffectKind::CreatePayment(_) | EffectKind::CreateRefund(..), EffectState::Pending) => {
            let sent = mark_sent(app, claimed).await?;
            perform(app, sent).await
        }
        (EffectKind::CreatePayment(order), EffectState::Sent) => recover_payment(app, claimed, order).await,
        (EffectKind::CreateRefund(order, refund), EffectState::Sent) => recover_refund(app, claimed, order, refund).await,
        (_, EffectState::Done | EffectState::Refused) => Ok(Performed::Done),
        // Reading twice and mailing twice do no harm: nothing to find out first.
        (EffectKind::ReadPayment(_) | EffectKind::ReadRefund(..), _) => perform(app, claimed).await,
        (EffectKind::MailVerification(..) | EffectKind::MailAlreadyRegistered(_), _) => perform(app, claimed).await,
    }
}

/// Makes the call of an effect; one that creates something is marked as sent already.
///
/// # Errors
/// [`EffectError`] when its answer could not be recorded.
pub async fn perform(app: &App, effect: Versioned<Effect>) -> Result<Performed, EffectError> {
    match effect.value.kind {
        EffectKind::CreatePayment(order) => create_payment(app, effect, order).await,
        EffectKind::CreateRefund(order, refund) => create_refund(app, effect, order, refund).await,
        EffectKind::ReadPayment(order) => read_payment(app, effect, order).await,
        EffectKind::ReadRefund(order, refund) => read_refund(app, effect, order, refund).await,
        EffectKind::MailVerification(..) | EffectKind::MailAlreadyRegistered(_) => mail(app, effect).await,
    }
}

async fn mark_sent(app: &App, effect: Versioned<Effect>) -> Result<Versioned<Effect>, CommitError> {
    let sent = effect.value.sent(app.now(), app.money.lease());
    let write = Write::Update { row: Row::Effect(sent.clone()), expected: effect.revision };
    commit(app, fresh_unit(app, vec![write])).await?;
    Ok(Versioned { value: sent, revision: effect.revision.next() })
}

async fn create_payment(app: &App, sent: Versioned<Effect>, order_id: OrderId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, sent, "no payment provider is configured", false).await;
    };
    let order = &stored.file.order;
    if order.status != OrderStatus::Pending {
        return over(app, sent).await;
    }
    let wanted = new_payment(app, &stored.file);
    // The key of a payment is the order's id (spec/01-money §3).
    match psp.provider.create_payment(&order_id.to_string(), &wanted).await {
        Ok(payment) => payment_answered(app, sent, stored, &payment).await,
        Err(error) => payment_not_answered(app, sent, order_id, error).await,
    }
}

fn new_payment(app: &App, file: &OrderFile) -> NewPayment {
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
    }
}

/// The provider has the payment: keep what the buyer needs, settle what is final.
async fn payment_answered(app: &App, sent: Versioned<Effect>, stored: StoredOrder, payment: &Payment) -> Result<Performed, EffectError> {
    let order_id = stored.file.order.id;
    let done = |message: &str| match payment.status {
        PaymentStatus::Failed => sent.value.clone().refused(message),
        PaymentStatus::Succeeded | PaymentStatus::Open | PaymentStatus::NotFound => sent.value.clone().done(),
    };
    let message = payment.error.clone().unwrap_or_else(|| payment.psp_status.clone());
    let effect = Write::Update { row: Row::Effect(done(&message)), expected: sent.revision };
    if payment.status == PaymentStatus::Open {
        let order = Order { client_secret: payment.client_secret.clone(), ..stored.file.order.clone() };
        let revision = stored.revisions.get(&Row::Order(order.clone()).key()).copied();
        let mut writes = vec![effect];
        if let (OrderStatus::Pending, Some(expected)) = (order.status, revision) {
            writes.push(Write::Update { row: Row::Order(order), expected });
        }
        return match commit(app, fresh_unit(app, writes)).await {
            Ok(_) => Ok(Performed::Done),
            // A webhook was faster: the effect is still sent, and its look-up finds the order settled.
            Err(CommitError::Conflict(_)) => Ok(Performed::Done),
            Err(error) => Err(error.into()),
        };
    }
    let fact = Fact::Payment(payment_fact(payment));
    let unit_id = format!("effect:{}:{}", sent.value.id, sent.revision.0);
    bring(app, Bring { order_id, fact: &fact, unit_id, request: &[], extra: &|_| vec![effect.clone()] }).await?;
    match payment.status {
        PaymentStatus::Failed => Ok(Performed::Refused { message }),
        PaymentStatus::Succeeded | PaymentStatus::Open | PaymentStatus::NotFound => Ok(Performed::Done),
    }
}

fn payment_fact(payment: &Payment) -> PaymentFact {
    PaymentFact {
        source: Source::Read,
        status: payment.status,
        amount: Some(payment.amount),
        amount_received: payment.amount_received,
        currency: Some(payment.currency.clone()),
        error: payment.error.clone(),
    }
}

async fn payment_not_answered(app: &App, sent: Versioned<Effect>, order_id: OrderId, error: PspError) -> Result<Performed, EffectError> {
    let flagged = matches!(error, PspError::NotOurs(_));
    match error {
        PspError::Refused { .. } | PspError::NotOurs(_) => {
            let message = error.to_string();
            let fact = Fact::Payment(PaymentFact {
                source: Source::Read,
                status: PaymentStatus::Failed,
                amount: None,
                amount_received: None,
                currency: None,
                error: Some(message.clone()),
            });
            let effect = Write::Update { row: Row::Effect(sent.value.clone().refused(&message)), expected: sent.revision };
            let attention = flag(app, Subject::Order(order_id), Code::ProviderRefused, Some(order_id), &message);
            let extra = move |_: &_| if flagged { vec![effect.clone(), attention.clone()] } else { vec![effect.clone()] };
            let unit_id = format!("effect:{}:{}", sent.value.id, sent.revision.0);
            bring(app, Bring { order_id, fact: &fact, unit_id, request: &[], extra: &extra }).await?;
            Ok(Performed::Refused { message })
        }
        error => not_judged(app, sent, Subject::Order(order_id), order_id, error).await,
    }
}

/// No verdict: the effect waits, as sent if it may have been heard.
async fn not_judged(
    app: &App,
    sent: Versioned<Effect>,
    subject: Subject,
    order_id: OrderId,
    error: PspError,
) -> Result<Performed, EffectError> {
    let message = chain(&error);
    match error {
        PspError::Unknown(_) => later(app, sent, &message, true).await,
        PspError::Unavailable(_) => later(app, sent, &message, false).await,
        PspError::Credentials(_) => {
            flag_now(app, subject, Code::ProviderCredentials, order_id, &message).await;
            later(app, sent, &message, false).await
        }
        PspError::EmptyKey(_) | PspError::Refused { .. } | PspError::NotOurs(_) => {
            tracing::error!(effect = %sent.value.id, %message, "an effect can't be sent: this is a bug");
            later(app, sent, &message, false).await
        }
    }
}

async fn create_refund(app: &App, sent: Versioned<Effect>, order_id: OrderId, refund_id: RefundId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, sent, "no payment provider is configured", false).await;
    };
    let (Some(refund), Some(payment_id)) = (find_refund(&stored.file, refund_id), stored.file.order.payment_id.clone()) else {
        return over(app, sent).await;
    };
    let wanted = NewRefund { refund_id, payment_id, amount: refund.amount, reason: refund.reason.clone() };
    // The key of a refund is the refund's id (spec/01-money §3).
    match psp.provider.create_refund(&refund_id.to_string(), &wanted).await {
        // Even a "succeeded" in the answer leaves it pending: only the webhook or a read ends it (spec/01-money §4.2).
        Ok(answer) if answer.status == PspRefundStatus::Failed => refund_ended(app, sent, order_id, &answer).await,
        Ok(answer) => refund_known(app, sent, stored, refund_id, &answer).await,
        Err(error @ (PspError::Refused { .. } | PspError::NotOurs(_))) => refund_refused(app, sent, order_id, refund_id, &error).await,
        Err(error) => not_judged(app, sent, Subject::Refund(refund_id), order_id, error).await,
    }
}

fn find_refund(file: &OrderFile, id: RefundId) -> Option<&Refund> {
    file.refunds.iter().find(|refund| refund.id == id)
}

/// The provider has the refund: keep its id.
async fn refund_known(
    app: &App,
    sent: Versioned<Effect>,
    stored: StoredOrder,
    refund_id: RefundId,
    answer: &PspRefund,
) -> Result<Performed, EffectError> {
    let mut writes = vec![Write::Update { row: Row::Effect(sent.value.done()), expected: sent.revision }];
    if let Some(refund) = find_refund(&stored.file, refund_id).filter(|refund| refund.psp_refund_id.is_none()) {
        let row = Row::Refund(Refund { psp_refund_id: Some(answer.refund_id.clone()), ..refund.clone() });
        if let Some(expected) = stored.revisions.get(&row.key()).copied() {
            writes.push(Write::Update { row, expected });
        }
    }
    match commit(app, fresh_unit(app, writes)).await {
        // On a conflict the webhook was faster: the effect is still sent, and its look-up finds the refund settled.
        Ok(_) | Err(CommitError::Conflict(_)) => Ok(Performed::Done),
        Err(error) => Err(error.into()),
    }
}

async fn refund_ended(app: &App, sent: Versioned<Effect>, order_id: OrderId, answer: &PspRefund) -> Result<Performed, EffectError> {
    let message = answer.error.clone().unwrap_or_else(|| answer.psp_status.clone());
    let (row, refused) = match answer.status {
        PspRefundStatus::Failed => (sent.value.clone().refused(&message), true),
        PspRefundStatus::Succeeded | PspRefundStatus::Open | PspRefundStatus::NotFound => (sent.value.clone().done(), false),
    };
    let effect = Write::Update { row: Row::Effect(row), expected: sent.revision };
    let fact = Fact::Refund(refund_fact(answer));
    let unit_id = format!("effect:{}:{}", sent.value.id, sent.revision.0);
    bring(app, Bring { order_id, fact: &fact, unit_id, request: &[], extra: &|_| vec![effect.clone()] }).await?;
    Ok(if refused { Performed::Refused { message } } else { Performed::Done })
}

fn refund_fact(refund: &PspRefund) -> RefundFact {
    RefundFact {
        source: Source::Read,
        psp_refund_id: refund.refund_id.clone(),
        status: refund.status,
        amount: Some(refund.amount),
        currency: Some(refund.currency.clone()),
        error: refund.error.clone(),
    }
}

async fn refund_refused(
    app: &App,
    sent: Versioned<Effect>,
    order_id: OrderId,
    refund_id: RefundId,
    error: &PspError,
) -> Result<Performed, EffectError> {
    let message = error.to_string();
    let fact = Fact::Refund(RefundFact {
        source: Source::Read,
        psp_refund_id: refund_id.to_string(),
        status: PspRefundStatus::Failed,
        amount: None,
        currency: None,
        error: Some(message.clone()),
    });
    let mut extra = vec![Write::Update { row: Row::Effect(sent.value.clone().refused(&message)), expected: sent.revision }];
    if matches!(error, PspError::NotOurs(_)) {
        extra.push(flag(app, Subject::Refund(refund_id), Code::ProviderRefused, Some(order_id), &message));
    }
    let unit_id = format!("effect:{}:{}", sent.value.id, sent.revision.0);
    bring(app, Bring { order_id, fact: &fact, unit_id, request: &[], extra: &|_| extra.clone() }).await?;
    Ok(Performed::Refused { message })
}

/// A payment that may have been opened: ask before sending again.
async fn recover_payment(app: &App, sent: Versioned<Effect>, order_id: OrderId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, sent, "no payment provider is configured", true).await;
    };
    let order = &stored.file.order;
    if order.status != OrderStatus::Pending {
        return over(app, sent).await;
    }
    let payment_id = order.payment_id.clone().unwrap_or_else(|| Order::payment_id_of(order_id));
    match psp.reads.payment(&payment_id).await {
        Ok(Some(payment)) if is_ours(&payment, order) => payment_answered(app, sent, stored, &payment).await,
        Ok(Some(_)) => payment_not_answered(app, sent, order_id, PspError::NotOurs(payment_id)).await,
        Ok(None) if may_be_under_way(app, &sent.value) => later(app, sent, "not there yet", true).await,
        Ok(None) => {
            let sent = mark_sent(app, sent).await?;
            create_payment(app, sent, order_id).await
        }
        Err(error) => unread(app, sent, Subject::Order(order_id), order_id, &error).await,
    }
}

fn is_ours(payment: &Payment, order: &Order) -> bool {
    payment.amount == order.total.amount.0 && payment.currency.eq_ignore_ascii_case(order.total.currency.code())
}

/// "Not found" is final only once our own call can't be running any more (spec/01-money §8).
fn may_be_under_way(app: &App, effect: &Effect) -> bool {
    effect.sent_at.is_some_and(|sent| app.now().since(sent) < app.money.provider_timeout)
}

/// A refund that may have been carried out: ask before sending again.
async fn recover_refund(app: &App, sent: Versioned<Effect>, order_id: OrderId, refund_id: RefundId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, sent, "no payment provider is configured", true).await;
    };
    let Some(refund) = find_refund(&stored.file, refund_id) else { return over(app, sent).await };
    match psp.reads.refund(&refund_id.to_string()).await {
        Ok(Some(answer))
            if Some(&answer.payment_id) != stored.file.order.payment_id.as_ref() || answer.amount != refund.amount.amount.0 =>
        {
            refund_refused(app, sent, order_id, refund_id, &PspError::NotOurs(answer.refund_id)).await
        }
        Ok(Some(answer)) if answer.status == PspRefundStatus::Open => refund_known(app, sent, stored, refund_id, &answer).await,
        Ok(Some(answer)) => refund_ended(app, sent, order_id, &answer).await,
        Ok(None) if may_be_under_way(app, &sent.value) => later(app, sent, "not there yet", true).await,
        Ok(None) => {
            let sent = mark_sent(app, sent).await?;
            create_refund(app, sent, order_id, refund_id).await
        }
        Err(error) => unread(app, sent, Subject::Refund(refund_id), order_id, &error).await,
    }
}

async fn read_payment(app: &App, effect: Versioned<Effect>, order_id: OrderId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, effect, "no payment provider is configured", false).await;
    };
    let payment_id = stored.file.order.payment_id.clone().unwrap_or_default();
    let fact = match psp.reads.payment(&payment_id).await {
        Ok(Some(payment)) => payment_fact(&payment),
        Ok(None) => {
            let status = PaymentStatus::NotFound;
            PaymentFact { source: Source::Read, status, amount: None, amount_received: None, currency: None, error: None }
        }
        Err(error) => return unread(app, effect, Subject::Order(order_id), order_id, &error).await,
    };
    settle_read(app, effect, order_id, Fact::Payment(fact)).await
}

async fn read_refund(app: &App, effect: Versioned<Effect>, order_id: OrderId, refund_id: RefundId) -> Result<Performed, EffectError> {
    let (Some(Psp { reads, .. }), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, effect, "no payment provider is configured", false).await;
    };
    let known = find_refund(&stored.file, refund_id).and_then(|refund| refund.psp_refund_id.clone());
    let psp_refund_id = known.unwrap_or_else(|| refund_id.to_string());
    let fact = match reads.refund(&psp_refund_id).await {
        Ok(Some(refund)) => refund_fact(&refund),
        Ok(None) => {
            RefundFact { source: Source::Read, psp_refund_id, status: PspRefundStatus::NotFound, amount: None, currency: None, error: None }
        }
        Err(error) => return unread(app, effect, Subject::Refund(refund_id), order_id, &error).await,
    };
    settle_read(app, effect, order_id, Fact::Refund(fact)).await
}

async fn settle_read(app: &App, effect: Versioned<Effect>, order_id: OrderId, fact: Fact) -> Result<Performed, EffectError> {
    let unit_id = format!("effect:{}:{}", effect.value.id, effect.revision.0);
    let done = Write::Update { row: Row::Effect(effect.value.done()), expected: effect.revision };
    bring(app, Bring { order_id, fact: &fact, unit_id, request: &[], extra: &|_| vec![done.clone()] }).await?;
    Ok(Performed::Done)
}

async fn mail(app: &App, effect: Versioned<Effect>) -> Result<Performed, EffectError> {
    match send_mail(app, &effect.value.kind, effect.value.id).await {
        Ok(()) => over(app, effect).await,
        Err(MailError::Refused(message)) => {
            let row = Row::Effect(effect.value.refused(&message));
            commit(app, fresh_unit(app, vec![Write::Update { row, expected: effect.revision }])).await?;
            Ok(Performed::Refused { message })
        }
        Err(error @ MailError::Unavailable(_)) => later(app, effect, &chain(&error), false).await,
    }
}

async fn unread(
    app: &App,
    effect: Versioned<Effect>,
    subject: Subject,
    order_id: OrderId,
    error: &ReadError,
) -> Result<Performed, EffectError> {
    if matches!(error, ReadError::Credentials(_)) {
        flag_now(app, subject, Code::ProviderCredentials, order_id, &chain(error)).await;
    }
    let was_sent = effect.value.state == EffectState::Sent;
    later(app, effect, &chain(error), was_sent).await
}

/// The effect is done, or there is nothing left to do.
async fn over(app: &App, effect: Versioned<Effect>) -> Result<Performed, EffectError> {
    let row = Row::Effect(effect.value.done());
    commit(app, fresh_unit(app, vec![Write::Update { row, expected: effect.revision }])).await?;
    Ok(Performed::Done)
}

async fn later(app: &App, effect: Versioned<Effect>, message: &str, heard: bool) -> Result<Performed, EffectError> {
    tracing::warn!(effect = effect.value.kind.name(), id = %effect.value.id, attempts = effect.value.attempts, heard, message, "an effect waits");
    let pause = RETRIES.delay(effect.value.attempts.min(16));
    // What may have been heard is left alone until the call can't be running any more.
    let pause = if heard { pause.max(app.money.provider_timeout) } else { pause };
    let now = app.now();
    let attempts = effect.value.attempts.saturating_add(u32::from(effect.value.state == EffectState::Pending));
    let row = Effect { attempts, ..effect.value };
    let row = if heard { row.unknown(message, now, pause) } else { row.again(message, now, pause) };
    let write = Write::Update { row: Row::Effect(row), expected: effect.revision };
    commit(app, fresh_unit(app, vec![write])).await?;
    Ok(Performed::Later { message: message.to_owned() })
}

fn flag(app: &App, subject: Subject, code: Code, order_id: Option<OrderId>, detail: &str) -> Write {
    Write::Ensure(Row::Attention(Attention { subject, code, order_id, detail: detail.to_owned(), since: app.now() }))
}

/// Puts something on the operators' list by itself; failing to do so is logged.
pub async fn flag_now(app: &App, subject: Subject, code: Code, order_id: OrderId, detail: &str) {
    let write = flag(app, subject, code, Some(order_id), detail);
    tracing::error!(order = %order_id, code = code.as_str(), detail, "waits on a person");
    let id = format!("attention:{}:{}", subject.id(), app.ids.uuid());
    if let Err(error) = commit(app, unit(app, id, &[], vec![write])).await {
        tracing::error!(%error, "a flag could not be stored");
    }
}

/// An error with all its causes, for logs and rows.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

async fn send_mail(_app: &App, _kind: &EffectKind, _id: veza_domain::ids::EffectId) -> Result<(), MailError> {
    Err(MailError::Unavailable("not wired yet".into()))
}
