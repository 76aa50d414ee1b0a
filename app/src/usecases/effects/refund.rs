//! Carrying a refund out at the PSP, finding out what became of it, reading it again.

use super::{EffectError, Performed, later, mark_sent, not_judged, over, settle_answer, settle_read, told, unread};
use crate::services::App;
use crate::usecases::attention::flag;
use crate::usecases::calls::{TOO_LATE, is_too_late, may_be_under_way};
use crate::usecases::commit::{commit, fresh_unit};
use crate::usecases::psp_reads::{self, refund_fact};
use veza_domain::attention::{Code, Subject};
use veza_domain::effect::Effect;
use veza_domain::ids::{OrderId, RefundId};
use veza_domain::refund::Refund;
use veza_domain::settlement::{Fact, OrderFile, PspRefundStatus, RefundFact, Source};
use veza_ports::payments::{NewRefund, PspError, PspRefund};
use veza_ports::storage::{CommitError, Row, StoredOrder, Versioned, Write};

pub(super) async fn create(app: &App, sent: Versioned<Effect>, order_id: OrderId, refund_id: RefundId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, sent, "no payment provider is configured", false).await;
    };
    let (Some(refund), Some(payment_id)) = (find(&stored.file, refund_id), stored.file.order.payment_id.clone()) else {
        return over(app, sent).await;
    };
    let wanted = NewRefund { refund_id, payment_id, amount: refund.amount, reason: Some(psp_reason(refund)) };
    if is_too_late(app, sent.value.sent_at) {
        return later(app, sent, TOO_LATE, true).await;
    }
    // The key of a refund is the refund's id (spec/01-money §3).
    match psp.provider.create_refund(&refund_id.to_string(), &wanted).await {
        // Even a "succeeded" in the answer leaves it pending: only the webhook or a read ends it (spec/01-money §4.2).
        Ok(answer) if answer.status == PspRefundStatus::Failed => ended(app, sent, &stored, &answer).await,
        Ok(answer) => known(app, sent, stored, refund_id, &answer).await,
        Err(error @ (PspError::Refused { .. } | PspError::NotOurs(_))) => refused(app, sent, &stored, refund_id, &error).await,
        Err(error) => not_judged(app, sent, Subject::Refund(refund_id), order_id, error).await,
    }
}

fn find(file: &OrderFile, id: RefundId) -> Option<&Refund> {
    file.refunds.iter().find(|refund| refund.id == id)
}

/// What the PSP is told: some connectors take these three words and no others (contracts/hyperswitch.md §5).
fn psp_reason(refund: &Refund) -> String {
    let known = ["duplicate", "fraudulent", "requested_by_customer"];
    let word = known.into_iter().find(|word| refund.reason.as_deref() == Some(*word));
    word.unwrap_or("requested_by_customer").to_owned()
}

/// The provider has the refund: keep its id.
async fn known(
    app: &App,
    sent: Versioned<Effect>,
    stored: StoredOrder,
    refund_id: RefundId,
    answer: &PspRefund,
) -> Result<Performed, EffectError> {
    let journal = told(app, &sent.value, &format!("answered by the PSP: {}", answer.psp_status));
    let mut writes = vec![Write::Update { row: Row::Effect(sent.value.done()), expected: sent.revision }];
    writes.extend(journal);
    if let Some(refund) = find(&stored.file, refund_id).filter(|refund| refund.psp_refund_id.is_none()) {
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

async fn ended(app: &App, sent: Versioned<Effect>, stored: &StoredOrder, answer: &PspRefund) -> Result<Performed, EffectError> {
    let order_id = stored.file.order.id;
    let message = answer.error.clone().unwrap_or_else(|| answer.psp_status.clone());
    let next = match answer.status {
        PspRefundStatus::Failed => sent.value.clone().refused(&message),
        PspRefundStatus::Succeeded | PspRefundStatus::Open | PspRefundStatus::NotFound => sent.value.clone().done(),
    };
    let journal = told(app, &sent.value, &format!("answered by the PSP: {}", answer.psp_status));
    let fact = Fact::Refund(refund_fact(answer));
    settle_answer(app, sent, (order_id, &fact, &stored.revisions), next, journal).await
}

async fn refused(
    app: &App,
    sent: Versioned<Effect>,
    stored: &StoredOrder,
    refund_id: RefundId,
    error: &PspError,
) -> Result<Performed, EffectError> {
    let order_id = stored.file.order.id;
    let message = error.to_string();
    let fact = Fact::Refund(RefundFact {
        source: Source::Read,
        psp_refund_id: refund_id.to_string(),
        status: PspRefundStatus::Failed,
        amount: None,
        currency: None,
        error: Some(message.clone()),
    });
    let flagged = matches!(error, PspError::NotOurs(_));
    let attention = flagged.then(|| flag(app, Subject::Refund(refund_id), Code::ProviderRefused, Some(order_id), &message));
    let more = told(app, &sent.value, &message).into_iter().chain(attention);
    let next = sent.value.clone().refused(&message);
    settle_answer(app, sent, (order_id, &fact, &stored.revisions), next, more).await
}

/// A refund that may have been carried out: ask before sending again.
pub(super) async fn recover(app: &App, sent: Versioned<Effect>, order_id: OrderId, refund_id: RefundId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, sent, "no payment provider is configured", true).await;
    };
    let Some(refund) = find(&stored.file, refund_id) else { return over(app, sent).await };
    match psp.reads.refund(&refund_id.to_string()).await {
        Ok(Some(answer))
            if Some(&answer.payment_id) != stored.file.order.payment_id.as_ref() || answer.amount != refund.amount.amount.0 =>
        {
            refused(app, sent, &stored, refund_id, &PspError::NotOurs(answer.refund_id)).await
        }
        Ok(Some(answer)) if answer.status == PspRefundStatus::Open => known(app, sent, stored, refund_id, &answer).await,
        Ok(Some(answer)) => ended(app, sent, &stored, &answer).await,
        Ok(None) if may_be_under_way(app, sent.value.sent_at) => later(app, sent, "not there yet", true).await,
        Ok(None) => {
            let sent = mark_sent(app, sent).await?;
            create(app, sent, order_id, refund_id).await
        }
        Err(error) => unread(app, sent, Subject::Refund(refund_id), order_id, &error).await,
    }
}

pub(super) async fn read(app: &App, effect: Versioned<Effect>, order_id: OrderId, refund_id: RefundId) -> Result<Performed, EffectError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(order_id).await?) else {
        return later(app, effect, "no payment provider is configured", false).await;
    };
    let known = find(&stored.file, refund_id).and_then(|refund| refund.psp_refund_id.clone());
    let psp_refund_id = known.unwrap_or_else(|| refund_id.to_string());
    let fact = match psp.reads.refund(&psp_refund_id).await {
        Ok(Some(refund)) => refund_fact(&refund),
        Ok(None) => psp_reads::no_refund(psp_refund_id),
        Err(error) => return unread(app, effect, Subject::Refund(refund_id), order_id, &error).await,
    };
    settle_read(app, effect, order_id, Fact::Refund(fact), &stored.revisions).await
}
