//! Stuck refunds: with a PSP id they are read; without one the PSP is asked for the id we chose, and only then decided.

use super::{Found, LookError};
use crate::services::App;
use crate::usecases::attention::flag;
use crate::usecases::calls::may_be_under_way;
use crate::usecases::journal;
use crate::usecases::psp_reads;
use crate::usecases::settle::{AsOf, Bring, bring};
use veza_domain::attention::{Code, Subject};
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::ids::RefundId;
use veza_domain::journal::JournalKind;
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::settlement::{Decision, Fact, PspRefundStatus};
use veza_ports::payments::PspRefund;
use veza_ports::storage::{Looked, Row, StoredOrder, Versioned, Write};

const BY: &str = "reconcile";

pub(super) async fn look(app: &App, row: Looked) -> Result<Found, LookError> {
    let Some((stored, refund)) = pending(app, row).await? else { return Ok(Found::Waits("settled meanwhile")) };
    let (Some(psp), Some(psp_refund_id)) = (&app.psp, refund.psp_refund_id.clone()) else { return Ok(Found::Waits("no id yet")) };
    let fact = match psp.reads.refund(&psp_refund_id).await? {
        Some(read) => psp_reads::refund_fact(&read),
        None => psp_reads::no_refund(psp_refund_id),
    };
    let status = fact.status;
    let settled = psp_reads::settle(app, stored.file.order.id, &Fact::Refund(fact), BY, &mut stored.revisions.clone()).await?;
    Ok(found(status, settled.committed))
}

fn found(status: PspRefundStatus, changed: bool) -> Found {
    match status {
        PspRefundStatus::Open => Found::Waits("nothing final at the PSP"),
        _ if !changed => Found::Waits("settled meanwhile"),
        PspRefundStatus::Succeeded => Found::Settled,
        PspRefundStatus::Failed | PspRefundStatus::NotFound => Found::Failed,
    }
}

async fn pending(app: &App, row: Looked) -> Result<Option<(StoredOrder, Refund)>, LookError> {
    let Some(stored) = app.store.order_file(row.order_id).await? else { return Ok(None) };
    let refund = stored.file.refunds.iter().find(|refund| refund.id == RefundId(row.subject)).cloned();
    Ok(refund.filter(|refund| refund.status == RefundStatus::Pending).map(|refund| (stored, refund)))
}

pub(super) async fn look_at_orphan(app: &App, row: Looked) -> Result<Found, LookError> {
    let Some((stored, refund)) = pending(app, row).await? else { return Ok(Found::Waits("settled meanwhile")) };
    let Some(psp) = &app.psp else { return Ok(Found::Waits("no payment provider")) };
    let order_id = stored.file.order.id;
    let effect = app.store.effect(Effect::pending(EffectKind::CreateRefund(order_id, refund.id), row.created_at).id).await?;
    if effect.as_ref().is_some_and(|effect| may_be_under_way(app, effect.value.sent_at)) {
        return Ok(Found::Waits("our call may be under way"));
    }
    match psp.reads.refund(&refund.id.to_string()).await? {
        Some(read) if !is_ours(&stored, &refund, &read) => {
            tracing::error!(refund = %refund.id, "reconcile: the PSP's refund under our id is another one");
            end(app, &stored, &refund, effect, "the PSP has another refund under its id").await
        }
        Some(read) => adopt(app, stored, &refund, effect, &read).await,
        None => end(app, &stored, &refund, effect, "the PSP has no such refund").await,
    }
}

fn is_ours(stored: &StoredOrder, refund: &Refund, read: &PspRefund) -> bool {
    Some(&read.payment_id) == stored.file.order.payment_id.as_ref() && read.amount == refund.amount.amount.0
}

/// The PSP has it: keep its id, settle what is final.
async fn adopt(
    app: &App,
    stored: StoredOrder,
    refund: &Refund,
    effect: Option<Versioned<Effect>>,
    read: &PspRefund,
) -> Result<Found, LookError> {
    let order_id = stored.file.order.id;
    let over = effect.filter(|effect| !effect.value.is_over());
    let done = over.map(|effect| Write::Update { row: Row::Effect(effect.value.done()), expected: effect.revision });
    if read.status == PspRefundStatus::Open {
        let row = Row::Refund(Refund { psp_refund_id: Some(read.refund_id.clone()), ..refund.clone() });
        let Some(expected) = stored.revisions.get(&row.key()).copied() else { return Ok(Found::Waits("settled meanwhile")) };
        let mut writes = vec![Write::Update { row, expected }];
        writes.extend(done);
        writes.push(journal::line(app, order_id, JournalKind::Fact, &format!("{BY}: the PSP has refund {}; adopted", refund.id)));
        crate::usecases::commit::commit(app, crate::usecases::commit::fresh_unit(app, writes)).await?;
        return Ok(Found::Waits("adopted, nothing final at the PSP"));
    }
    let fact = Fact::Refund(psp_reads::refund_fact(read));
    let told = journal::line(app, order_id, JournalKind::Fact, &format!("{BY}: adopted; {}", psp_reads::words(&fact)));
    let extra = |_: &Decision| done.iter().cloned().chain([told.clone()]).collect();
    let unit_id = format!("{BY}:{}:{}", refund.id, app.ids.uuid());
    let as_of = AsOf::Rows(&stored.revisions);
    let settled = bring(app, Bring { order_id, fact: &fact, as_of, unit_id, request: &[], extra: &extra }).await?;
    Ok(found(read.status, settled.committed))
}

/// The PSP definitely has none, and no call of ours can be under way: it failed, and the order is back where it was. The effect
/// ends in the same unit, so nobody sends it afterwards.
async fn end(app: &App, stored: &StoredOrder, refund: &Refund, effect: Option<Versioned<Effect>>, why: &str) -> Result<Found, LookError> {
    let order_id = stored.file.order.id;
    let fact = Fact::Refund(psp_reads::no_refund(refund.id.to_string()));
    let over = effect.filter(|effect| !effect.value.is_over());
    let mut extra: Vec<Write> =
        over.map(|effect| Write::Update { row: Row::Effect(effect.value.refused(why)), expected: effect.revision }).into_iter().collect();
    extra.push(flag(app, Subject::Refund(refund.id), Code::OrphanRefundFailed, Some(order_id), &format!("{}: {why}", refund.amount)));
    extra.push(journal::line(app, order_id, JournalKind::Fact, &format!("{BY}: {why}: refund {} ended as failed", refund.id)));
    let unit_id = format!("{BY}:{}:{}", refund.id, app.ids.uuid());
    let as_of = AsOf::Rows(&stored.revisions);
    let settled = bring(app, Bring { order_id, fact: &fact, as_of, unit_id, request: &[], extra: &|_| extra.clone() }).await?;
    Ok(if settled.overtaken { Found::Waits("settled meanwhile") } else { Found::Failed })
}
