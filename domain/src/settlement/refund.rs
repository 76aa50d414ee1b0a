//! Facts about an order's refunds, ours and those made at the PSP.

use super::transfer::{close_unwanted, open_reversals, send_what_is_missing};
use super::{Change, Draft, SettlementError, Source, Verdict};
use crate::attention::{Code, Subject};
use crate::effect::EffectKind;
use crate::ids::{RefundId, derive};
use crate::ledger::{self, Event};
use crate::licence::{ExclusiveHold, ExclusiveState, Licence, LicenceStatus};
use crate::money::{Currency, Minor, Money};
use crate::order::{Order, OrderLine, OrderStatus};
use crate::refund::{Burden, Refund, RefundStatus, bear};
use std::collections::BTreeSet;
use std::time::Duration;

/// What the PSP says of a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PspRefundStatus {
    /// The buyer has the money.
    Succeeded,
    /// The buyer has not.
    Failed,
    /// Nothing final.
    Open,
    /// It has no such refund, and no call of ours can be under way.
    NotFound,
}

/// A report on a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundFact {
    /// How far it is trusted.
    pub source: Source,
    /// The PSP's id of it; ours, where it was made through us.
    pub psp_refund_id: String,
    /// What it says.
    pub status: PspRefundStatus,
    /// Minor units, where it says.
    pub amount: Option<i64>,
    /// ISO code, where it says.
    pub currency: Option<String>,
    /// The PSP's words on a failure.
    pub error: Option<String>,
}

impl RefundFact {
    /// Our row: the id we chose, or the one the PSP gave.
    fn is_about(&self, refund: &Refund) -> bool {
        refund.psp_refund_id.as_deref() == Some(self.psp_refund_id.as_str()) || refund.id.to_string() == self.psp_refund_id
    }

    /// Amount and currency, where given, must be the refund's.
    fn is_of(&self, amount: Money) -> bool {
        self.amount.is_none_or(|minor| minor == amount.amount.0)
            && self.currency.as_deref().is_none_or(|code| code.eq_ignore_ascii_case(amount.currency.code()))
    }
}

pub(super) fn settle(draft: &mut Draft<'_>, fact: &RefundFact) -> Result<Verdict, SettlementError> {
    let Some(refund) = draft.file.refunds.iter().find(|refund| fact.is_about(refund)).cloned() else {
        return import(draft, fact);
    };
    let order_id = draft.file.order.id;
    Ok(match (fact.status, refund.status) {
        (PspRefundStatus::Open, _) => Verdict::NotFinal,
        (PspRefundStatus::Succeeded, RefundStatus::Succeeded) => Verdict::AlreadySettled,
        (PspRefundStatus::Failed | PspRefundStatus::NotFound, RefundStatus::Failed) => Verdict::AlreadySettled,
        (PspRefundStatus::Succeeded, RefundStatus::Pending) => succeeded(draft, fact, refund, false)?,
        (PspRefundStatus::Failed | PspRefundStatus::NotFound, RefundStatus::Pending) => {
            failed(draft, fact, refund);
            Verdict::Settled
        }
        (PspRefundStatus::Succeeded, RefundStatus::Failed) => match fact.source {
            Source::Webhook => draft.ask(EffectKind::ReadRefund(order_id, refund.id)),
            Source::Read => succeeded(draft, fact, refund, true)?,
        },
        (PspRefundStatus::Failed | PspRefundStatus::NotFound, RefundStatus::Succeeded) => match fact.source {
            Source::Webhook => draft.ask(EffectKind::ReadRefund(order_id, refund.id)),
            Source::Read => {
                undone(draft, fact, refund)?;
                Verdict::Settled
            }
        },
    })
}

/// A refund that was made at the PSP: booked once, as a refund of its order.
fn import(draft: &mut Draft<'_>, fact: &RefundFact) -> Result<Verdict, SettlementError> {
    let (order, now) = (draft.file.order.clone(), draft.context.now);
    if fact.status != PspRefundStatus::Succeeded || !order.is_paid() {
        return Ok(Verdict::NotFinal);
    }
    let currency = fact.currency.as_deref().and_then(|code| code.parse::<Currency>().ok());
    let (Some(minor), Some(currency)) = (fact.amount, currency) else {
        draft.flag(
            Subject::Order(order.id),
            Code::ExternalRefund,
            format!("refund {} at the PSP names no amount; nothing was booked", fact.psp_refund_id),
        );
        return Ok(Verdict::AmountMismatch);
    };
    let refund = Refund {
        id: RefundId(derive(order.id.0, "external_refund", fact.psp_refund_id.as_bytes())),
        order_id: order.id,
        amount: Money::new(minor, currency),
        status: RefundStatus::Pending,
        psp_refund_id: Some(fact.psp_refund_id.clone()),
        reason: None,
        lines: Vec::new(),
        line_parts: Vec::new(),
        seller_parts: Vec::new(),
        requested_by: None,
        origin: crate::refund::RefundOrigin::External,
        error_message: None,
        created_at: now,
        succeeded_at: None,
        look: crate::look::Look::from(now),
    };
    if currency != order.total.currency || bear(refund.amount.amount, &[], &draft.file.lines, &draft.file.succeeded_refunds()).is_err() {
        draft.flag(
            Subject::Order(order.id),
            Code::RefundExceedsOrder,
            format!("refund {} of {} at the PSP", fact.psp_refund_id, refund.amount),
        );
        return Ok(Verdict::AmountMismatch);
    }
    draft.flag(Subject::Refund(refund.id), Code::ExternalRefund, format!("{} as refund {}", refund.amount, fact.psp_refund_id));
    succeeded(draft, fact, refund, false)
}

/// Refund, order, licences, ledger and transfers move together.
fn succeeded(draft: &mut Draft<'_>, fact: &RefundFact, refund: Refund, late: bool) -> Result<Verdict, SettlementError> {
    let (order, now) = (draft.file.order.clone(), draft.context.now);
    if !fact.is_of(refund.amount) {
        let detail = format!("the refund is {}; the PSP reports {:?} minor units of {:?}", refund.amount, fact.amount, fact.currency);
        draft.flag(Subject::Refund(refund.id), Code::AmountMismatch, detail);
        return Ok(Verdict::AmountMismatch);
    }
    let Ok(burden) = bear(refund.amount.amount, &refund.lines, &draft.file.lines, &draft.file.succeeded_refunds()) else {
        draft.flag(Subject::Refund(refund.id), Code::RefundExceedsOrder, format!("{} is more than the order has left", refund.amount));
        return Ok(Verdict::AmountMismatch);
    };
    // No two successes of a refund bear the same moment: it tells their postings apart.
    let succeeded_at = refund.succeeded_at.map_or(now, |earlier| now.max(earlier.plus(Duration::from_micros(1))));
    let event = if late { Event::RefundSucceededLate(refund.id, succeeded_at) } else { Event::RefundSucceeded(refund.id) };
    let posting = ledger::refunded(event, order.id, refund.amount, &burden, false, now)?;
    let settled = Refund {
        status: RefundStatus::Succeeded,
        psp_refund_id: refund.psp_refund_id.clone().or_else(|| Some(fact.psp_refund_id.clone())),
        line_parts: burden.lines.clone(),
        seller_parts: burden.sellers.clone(),
        error_message: None,
        succeeded_at: Some(succeeded_at),
        ..refund.clone()
    };
    draft.put(Change::Refund(settled));
    give_back_lines(draft, &burden, 1)?;
    draft.put(Change::Posting(posting));
    put_order(draft, order.refunded.plus(refund.amount.amount)?);
    revoke(draft, &refund.lines.iter().copied().collect());
    if late {
        draft.flag(Subject::Refund(refund.id), Code::RefundSucceededAfterFailure, refund.amount.to_string());
    }
    if is_refunded_in_full(&draft.file.order) {
        close_unwanted(draft)?;
    }
    open_reversals(draft)?;
    Ok(Verdict::Settled)
}

/// The order goes back to where it was.
fn failed(draft: &mut Draft<'_>, fact: &RefundFact, refund: Refund) {
    let error_message =
        fact.error.clone().or_else(|| (fact.status == PspRefundStatus::NotFound).then(|| "the PSP has no such refund".to_owned()));
    draft.put(Change::Refund(Refund { status: RefundStatus::Failed, error_message, ..refund }));
    let refunded = draft.file.order.refunded;
    put_order(draft, refunded);
}

/// The PSP took a success back: what it had moved moves back by entries of its own.
fn undone(draft: &mut Draft<'_>, fact: &RefundFact, refund: Refund) -> Result<(), SettlementError> {
    let (order, now) = (draft.file.order.clone(), draft.context.now);
    let given = Minor::sum(refund.seller_parts.iter().map(|part| part.amount))?;
    let burden =
        Burden { lines: refund.line_parts.clone(), sellers: refund.seller_parts.clone(), platform: refund.amount.amount.minus(given)? };
    let event = Event::RefundUndone(refund.id, refund.succeeded_at.unwrap_or(refund.created_at));
    let posting = ledger::refunded(event, order.id, refund.amount, &burden, true, now)?;
    let detail = format!("{}: {}", refund.amount, fact.error.as_deref().unwrap_or("no reason given"));
    draft.put(Change::Refund(Refund { status: RefundStatus::Failed, error_message: fact.error.clone(), ..refund.clone() }));
    give_back_lines(draft, &burden, -1)?;
    draft.put(Change::Posting(posting));
    put_order(draft, order.refunded.minus(refund.amount.amount)?);
    grant_again(draft);
    draft.flag(Subject::Refund(refund.id), Code::RefundFailedAfterSuccess, detail);
    for seller in draft.file.sellers() {
        send_what_is_missing(draft, seller)?;
    }
    Ok(())
}

fn give_back_lines(draft: &mut Draft<'_>, burden: &Burden, sign: i64) -> Result<(), SettlementError> {
    for part in &burden.lines {
        if let Some(line) = draft.file.lines.iter().find(|line| line.id == part.line_id).cloned() {
            let refunded = line.refunded.plus(Minor(part.amount.0 * sign))?;
            draft.put(Change::Line(OrderLine { refunded, ..line }));
        }
    }
    Ok(())
}

fn put_order(draft: &mut Draft<'_>, refunded: Minor) {
    let order = draft.file.order.clone();
    let status = match order.status {
        OrderStatus::Disputed | OrderStatus::ChargedBack => order.status,
        _ if draft.file.refund_in_flight() => OrderStatus::RefundPending,
        _ => OrderStatus::settled(order.total.amount, refunded),
    };
    draft.put(Change::Order(Order { status, refunded, ..order }));
}

fn is_refunded_in_full(order: &Order) -> bool {
    order.refunded >= order.total.amount
}

/// The lines whose licences are revoked while these refunds stand.
fn revoked_lines(draft: &Draft<'_>) -> BTreeSet<crate::ids::LineId> {
    if is_refunded_in_full(&draft.file.order) {
        return draft.file.lines.iter().map(|line| line.id).collect();
    }
    draft.file.succeeded_refunds().iter().flat_map(|refund| refund.lines.iter().copied()).collect()
}

/// A full refund revokes every licence; a partial one those of the lines it names.
fn revoke(draft: &mut Draft<'_>, named: &BTreeSet<crate::ids::LineId>) {
    let full = is_refunded_in_full(&draft.file.order);
    for licence in draft.file.licences.clone() {
        if licence.status == LicenceStatus::Active && (full || named.contains(&licence.line_id)) {
            release_exclusive(draft, &licence);
            draft.put(Change::Licence(Licence { status: LicenceStatus::Revoked, ..licence }));
        }
    }
}

/// An exclusive licence that was taken back may be sold again.
fn release_exclusive(draft: &mut Draft<'_>, licence: &Licence) {
    let held =
        |hold: &&ExclusiveHold| licence.kind.is_exclusive() && hold.product_id == licence.product_id && hold.order_id == licence.order_id;
    if let Some(hold) = draft.file.exclusives.iter().find(held).cloned() {
        draft.put(Change::Exclusive(ExclusiveHold { state: ExclusiveState::Released, ..hold }));
    }
}

fn grant_again(draft: &mut Draft<'_>) {
    let still_revoked = revoked_lines(draft);
    for licence in draft.file.licences.clone() {
        if licence.status == LicenceStatus::Revoked && !still_revoked.contains(&licence.line_id) {
            let hold =
                draft.file.exclusives.iter().find(|hold| licence.kind.is_exclusive() && hold.product_id == licence.product_id).cloned();
            match hold {
                Some(hold) if !hold.is_free_for(licence.order_id) => {
                    draft.flag(
                        Subject::Order(licence.order_id),
                        Code::ExclusiveAlreadySold,
                        "its refund came undone after the licence was sold again".to_owned(),
                    );
                    continue;
                }
                Some(hold) => {
                    draft.put(Change::Exclusive(ExclusiveHold { order_id: licence.order_id, state: ExclusiveState::Sold, ..hold }))
                }
                None => {}
            }
            draft.put(Change::Licence(Licence { status: LicenceStatus::Active, ..licence }));
        }
    }
}
