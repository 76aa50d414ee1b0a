//! Carrying out effects: the calls that open payments and refunds, the reads that settle contradictions, the mails.
//!
//! A request may run its own effect at once; the outbox worker is the backstop. "Unknown" is never treated as "failed": an
//! effect that may have been heard stays `sent` until a look-up tells.

mod payment;
mod refund;

use crate::problem::chain;
use crate::services::App;
use crate::usecases::attention::flag_now;
use crate::usecases::commit::{commit, fresh_unit};
use crate::usecases::identity::mails;
use crate::usecases::journal;
use crate::usecases::psp_reads;
use crate::usecases::settle::{AsOf, Bring, SettleError, bring};
use std::time::Duration;
use veza_domain::attention::{Code, Subject};
use veza_domain::backoff::RetryPolicy;
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::ids::OrderId;
use veza_domain::journal::JournalKind;
use veza_domain::settlement::Fact;
use veza_ports::mail::MailError;
use veza_ports::payments::{PspError, ReadError};
use veza_ports::storage::{CommitError, Revisions, Row, StoreError, Versioned, Write};

/// Pauses between tries of an effect; there is no last try.
const RETRIES: RetryPolicy = RetryPolicy { retries_max: u32::MAX, base: Duration::from_secs(1), max: Duration::from_secs(600) };

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
        (EffectKind::CreatePayment(order), EffectState::Sent) => payment::recover(app, claimed, order).await,
        (EffectKind::CreateRefund(order, refund), EffectState::Sent) => refund::recover(app, claimed, order, refund).await,
        (_, EffectState::Done | EffectState::Refused) => Ok(Performed::Done),
        // Reading twice and mailing twice do no harm: nothing to find out first.
        (EffectKind::ReadPayment(_) | EffectKind::ReadRefund(..) | EffectKind::ReadDispute(..), _) => perform(app, claimed).await,
        (EffectKind::MailVerification(..) | EffectKind::MailAlreadyRegistered(_), _) => perform(app, claimed).await,
        (EffectKind::MailPaymentNeeded(..) | EffectKind::MailSubscriptionEnded(..), _) => perform(app, claimed).await,
    }
}

/// Makes the call of an effect; one that creates something is marked as sent already.
///
/// # Errors
/// [`EffectError`] when its answer could not be recorded.
pub async fn perform(app: &App, effect: Versioned<Effect>) -> Result<Performed, EffectError> {
    match effect.value.kind {
        EffectKind::CreatePayment(order) => payment::create(app, effect, order).await,
        EffectKind::CreateRefund(order, refund) => refund::create(app, effect, order, refund).await,
        EffectKind::ReadPayment(order) => payment::read(app, effect, order).await,
        EffectKind::ReadRefund(order, refund) => refund::read(app, effect, order, refund).await,
        EffectKind::ReadDispute(order, dispute) => payment::read_dispute(app, effect, order, dispute).await,
        EffectKind::MailVerification(..) | EffectKind::MailAlreadyRegistered(_) => mail(app, effect).await,
        EffectKind::MailPaymentNeeded(..) | EffectKind::MailSubscriptionEnded(..) => mail(app, effect).await,
    }
}

async fn mark_sent(app: &App, effect: Versioned<Effect>) -> Result<Versioned<Effect>, CommitError> {
    let sent = effect.value.sent(app.now(), app.money.lease());
    let mut writes = vec![Write::Update { row: Row::Effect(sent.clone()), expected: effect.revision }];
    writes.extend(told(app, &sent, "sent to the PSP"));
    commit(app, fresh_unit(app, writes)).await?;
    Ok(Versioned { value: sent, revision: effect.revision.next() })
}

/// A line of the journal about an effect's call, where it belongs to an order.
pub(crate) fn told(app: &App, effect: &Effect, what: &str) -> Option<Write> {
    let order_id = effect.kind.order()?;
    let (order, part) = effect.kind.subjects();
    let of = part.unwrap_or(order);
    Some(journal::call(app, order_id, &format!("{} {of} {what}", effect.kind.name())))
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
            tracing::error!(effect = %sent.value.id, error = message, "an effect can't be sent: this is a bug");
            later(app, sent, &message, false).await
        }
    }
}

/// What an effect is told whose answer is older than the books.
const OVERTAKEN: &str = "something was settled while the provider was asked: ask again";

/// `as_of`: the order's rows before the read.
async fn settle_read(
    app: &App,
    effect: Versioned<Effect>,
    order_id: OrderId,
    fact: Fact,
    as_of: &Revisions,
) -> Result<Performed, EffectError> {
    let journal = journal::line(app, order_id, JournalKind::Fact, &format!("read at the PSP: {}", psp_reads::words(&fact)));
    let next = effect.value.clone().done();
    settle_answer(app, effect, (order_id, &fact, as_of), next, [journal]).await
}

/// Settles what the PSP said of an order, in one commit with the effect's next state and `more`. Something may have been settled since the
/// order's rows had these revisions: then the answer counts for nothing, and the PSP is asked again.
async fn settle_answer(
    app: &App,
    effect: Versioned<Effect>,
    (order_id, fact, as_of): (OrderId, &Fact, &Revisions),
    next: Effect,
    more: impl IntoIterator<Item = Write>,
) -> Result<Performed, EffectError> {
    let unit_id = format!("effect:{}:{}", effect.value.id, effect.revision.0);
    let performed = match next.state {
        EffectState::Refused => Performed::Refused { message: next.last_error.clone().unwrap_or_default() },
        EffectState::Pending | EffectState::Sent | EffectState::Done => Performed::Done,
    };
    let next = Write::Update { row: Row::Effect(next), expected: effect.revision };
    let writes: Vec<Write> = [next].into_iter().chain(more).collect();
    let extra = |_: &_| writes.clone();
    if bring(app, Bring { order_id, fact, as_of: AsOf::Rows(as_of), unit_id, request: &[], extra: &extra }).await?.overtaken {
        let was_sent = effect.value.state == EffectState::Sent;
        return later(app, effect, OVERTAKEN, was_sent).await;
    }
    Ok(performed)
}

async fn mail(app: &App, effect: Versioned<Effect>) -> Result<Performed, EffectError> {
    match mails::send(app, &effect.value.kind, effect.value.id).await {
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
    tracing::warn!(effect = effect.value.kind.name(), id = %effect.value.id, attempts = effect.value.attempts, heard, error = message, "an effect waits");
    let pause = RETRIES.delay(effect.value.attempts);
    // What may have been heard is left alone until the call can't be running any more.
    let pause = if heard { pause.max(app.money.provider_timeout) } else { pause };
    let now = app.now();
    let attempts = effect.value.attempts.saturating_add(u32::from(effect.value.state == EffectState::Pending));
    let row = Effect { attempts, ..effect.value };
    let row = if heard { row.unknown(message, now, pause) } else { row.again(message, now, pause) };
    let journal = told(app, &row, &format!("{}: {message}", if heard { "outcome unknown" } else { "not done" }));
    let mut writes = vec![Write::Update { row: Row::Effect(row), expected: effect.revision }];
    writes.extend(journal);
    commit(app, fresh_unit(app, writes)).await?;
    Ok(Performed::Later { message: message.to_owned() })
}
