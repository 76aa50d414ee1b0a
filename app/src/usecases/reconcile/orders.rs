//! Stuck orders, failed orders of the last day, and open disputes: what does the PSP say of the payment?

use super::{Found, LookError};
use crate::services::App;
use crate::usecases::psp_reads;
use veza_domain::dispute::Dispute;
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::order::OrderStatus;
use veza_domain::settlement::{Fact, Verdict};
use veza_ports::storage::Looked;

const BY: &str = "reconcile";

pub(super) async fn look(app: &App, row: Looked) -> Result<Found, LookError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(row.order_id).await?) else {
        return Ok(Found::Waits("no payment provider"));
    };
    let order = &stored.file.order;
    if !matches!(order.status, OrderStatus::Pending | OrderStatus::Failed) {
        return Ok(Found::Waits("settled meanwhile"));
    }
    let Some(payment_id) = order.payment_id.clone() else { return Ok(Found::Waits("no payment")) };
    let effect = app.store.effect(Effect::pending(EffectKind::CreatePayment(order.id), row.created_at).id).await?;
    let answered = effect.is_none_or(|effect| effect.value.is_over());
    let payment = psp.reads.payment(&payment_id).await?;
    if payment.is_none() && !answered {
        // The payment was never sent, or its outcome is not known yet: the effect worker asks, and sends it under the same id.
        return Ok(Found::Waits("the effect worker's"));
    }
    let read = psp_reads::settle_answer(app, order.id, payment.as_ref(), BY, stored.revisions.clone()).await?;
    Ok(match (payment, order.status) {
        (Some(_), _) => found(app, row, read.verdict, read.changed).await?,
        (None, OrderStatus::Failed) => Found::Waits("still not at the PSP"),
        (None, _) if read.overtaken => Found::Waits("settled meanwhile"),
        (None, _) => Found::Failed,
    })
}

async fn found(app: &App, row: Looked, verdict: Verdict, changed: bool) -> Result<Found, LookError> {
    Ok(match verdict {
        Verdict::AmountMismatch => Found::Waits("amount mismatch"),
        _ if !changed => Found::Waits("nothing final at the PSP"),
        _ => {
            let after = app.store.order_file(row.order_id).await?;
            match after.map(|stored| stored.file.order.status) {
                Some(OrderStatus::Failed) => Found::Failed,
                Some(OrderStatus::Pending) => Found::Waits("nothing final at the PSP"),
                _ => Found::Settled,
            }
        }
    })
}

pub(super) async fn look_at_dispute(app: &App, row: Looked) -> Result<Found, LookError> {
    let (Some(psp), Some(stored)) = (&app.psp, app.store.order_file(row.order_id).await?) else {
        return Ok(Found::Waits("no payment provider"));
    };
    let known = |dispute: &&Dispute| dispute.id.0 == row.subject && dispute.status.is_open();
    let Some(dispute) = stored.file.disputes.iter().find(known) else { return Ok(Found::Waits("closed meanwhile")) };
    let Some(read) = psp.reads.dispute(&dispute.psp_dispute_id).await? else {
        tracing::error!(order = %row.order_id, dispute = dispute.psp_dispute_id, "reconcile: the PSP has no such dispute any more");
        return Ok(Found::Waits("not at the PSP"));
    };
    let fact = Fact::Dispute(psp_reads::dispute_fact(&read));
    let settled = psp_reads::settle(app, row.order_id, &fact, BY, &mut stored.revisions.clone()).await?;
    let closed = read.status.is_some_and(|status| !status.is_open());
    Ok(if settled.committed && closed { Found::Settled } else { Found::Waits("still open at the PSP") })
}
