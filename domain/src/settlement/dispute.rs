//! Facts about disputes of an order's payment (spec/01-money §9).
//!
//! An open dispute holds the shares; a lost one is booked as a refund that the bank made, for as much as the order has left, and
//! what the bank takes beyond that is the platform's loss.

use super::booking::{book, follow, moment_after, rebalanced, unasked, unbook};
use super::draft::Draft;
use super::{Change, OrderFile, SettlementError, Source, Verdict};
use crate::attention::{Code, Subject};
use crate::dispute::{Dispute, DisputeStatus};
use crate::effect::EffectKind;
use crate::ids::{DisputeId, RefundId, derive};
use crate::ledger::{self, Event};
use crate::look::Look;
use crate::money::{Currency, Minor, Money};
use crate::refund::{Refund, RefundOrigin};
use crate::time::Timestamp;

/// A report on a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeFact {
    /// How far it is trusted.
    pub source: Source,
    /// The PSP's id of it.
    pub psp_dispute_id: String,
    /// What it says; none for a status that we do not know.
    pub status: Option<DisputeStatus>,
    /// The PSP's word for the stage.
    pub stage: Option<String>,
    /// Minor units, where it says.
    pub amount: Option<i64>,
    /// ISO code, where it says.
    pub currency: Option<String>,
    /// The bank's reason.
    pub reason: Option<String>,
    /// Until when evidence may be handed in.
    pub respond_by: Option<Timestamp>,
}

impl DisputeFact {
    fn money(&self) -> Option<Money> {
        let currency = self.currency.as_deref()?.parse::<Currency>().ok()?;
        self.amount.filter(|minor| *minor > 0).map(|minor| Money::new(minor, currency))
    }

    /// The row after it: what it does not say stays.
    fn applied_to(&self, row: &Dispute, status: DisputeStatus) -> Dispute {
        let amount = self.money().unwrap_or(row.amount);
        Dispute {
            amount,
            // What it is worth was said of that amount.
            booked_as: row.booked_as.filter(|_| amount == row.amount),
            status,
            stage: self.stage.clone().or_else(|| row.stage.clone()),
            reason: self.reason.clone().or_else(|| row.reason.clone()),
            respond_by: self.respond_by.or(row.respond_by),
            ..row.clone()
        }
    }
}

pub(super) fn settle(draft: &mut Draft<'_>, fact: &DisputeFact) -> Result<Verdict, SettlementError> {
    let Some(status) = fact.status else { return Ok(Verdict::NotFinal) };
    let (order_id, now) = (draft.file.order.id, draft.context.now);
    let id = Dispute::id_of(order_id, &fact.psp_dispute_id);
    let known = draft.file.disputes.iter().find(|dispute| dispute.id == id).cloned();
    let ask = EffectKind::ReadDispute(order_id, id);
    let next = match (&known, fact.money()) {
        (None, None) if fact.source == Source::Read => return Ok(Verdict::NotFinal),
        (None, None) => return Ok(draft.ask(ask)),
        (None, Some(amount)) => Dispute {
            id,
            order_id,
            psp_dispute_id: fact.psp_dispute_id.clone(),
            amount,
            booked_as: None,
            status,
            stage: fact.stage.clone(),
            reason: fact.reason.clone(),
            respond_by: fact.respond_by,
            look: Look::from(now),
            created_at: now,
            closed_at: None,
        },
        (Some(row), _) => fact.applied_to(row, status),
    };
    match &known {
        Some(row) if *row == next => return Ok(Verdict::AlreadySettled),
        Some(row) if fact.source == Source::Webhook => match row.status.hears(status) {
            Heard::Forward => {}
            Heard::Stale => return Ok(Verdict::AlreadySettled),
            Heard::Contradiction => return Ok(draft.ask(ask)),
        },
        Some(_) | None => {}
    }
    if fact.source == Source::Webhook && !next.status.is_open() {
        // A dispute can be opened anew, and the message of that may have come before this one: the PSP has the last word.
        draft.ask(ask);
    }
    enter(draft, known.as_ref(), next)?;
    Ok(Verdict::Settled)
}

/// What a signed message of a status is to a row.
enum Heard {
    /// It moves the row forward.
    Forward,
    /// The row was there before.
    Stale,
    /// It says something else of what is closed, or of the same stage: the provider is asked.
    Contradiction,
}

impl DisputeStatus {
    fn hears(self, said: Self) -> Heard {
        let rank = |status: Self| match status {
            Self::Opened => 0,
            Self::Challenged => 1,
            Self::Expired => 2,
            Self::Accepted | Self::Cancelled | Self::Won | Self::Lost => 3,
        };
        match (rank(self), rank(said)) {
            (3, _) => Heard::Contradiction,
            (known, said) if said > known => Heard::Forward,
            (known, said) if said < known => Heard::Stale,
            _ => Heard::Contradiction,
        }
    }
}

/// An operator has said what a dispute in another currency is worth in the order's.
pub(super) fn book_as(draft: &mut Draft<'_>, dispute: &Dispute, amount: Minor) -> Result<(), SettlementError> {
    enter(draft, Some(dispute), Dispute { booked_as: Some(amount), ..dispute.clone() })
}

/// The dispute becomes `next`; books, shares and the operators' list follow.
fn enter(draft: &mut Draft<'_>, before: Option<&Dispute>, next: Dispute) -> Result<(), SettlementError> {
    let now = draft.context.now;
    let was_open = before.is_some_and(|row| row.status.is_open());
    let (look, closed_at) = match (next.status.is_open(), was_open) {
        (true, true) => (next.look, None),
        (true, false) => (Look::from(now), None),
        (false, _) => (next.look.over(), before.and_then(|row| row.closed_at).or(Some(now))),
    };
    let next = Dispute { look, closed_at, ..next };
    draft.put(Change::Dispute(next.clone()));
    tell(draft, before, &next);
    if !draft.file.order.is_paid() {
        // The books follow once the payment is known to have succeeded; it must have, so that is asked.
        draft.ask(EffectKind::ReadPayment(next.order_id));
        return Ok(());
    }
    let mut came_back = false;
    if let Some(loss) = draft.file.loss_of(next.id).cloned()
        && let Some(before) = before
        && (!next.status.is_lost() || draft.file.loss_amount(before) != draft.file.loss_amount(&next))
    {
        rebalanced(draft, |draft| unbook_loss(draft, before, &loss))?;
        came_back = true;
        if !next.status.is_lost() {
            draft.flag(Subject::Dispute(next.id), Code::DisputeWonAfterLoss, format!("{} is not lost after all", next.amount));
        }
    }
    lose(draft, &next)?;
    follow(draft, came_back)
}

/// The operators' list.
fn tell(draft: &mut Draft<'_>, before: Option<&Dispute>, next: &Dispute) {
    let subject = Subject::Dispute(next.id);
    let was = before.map(|row| row.status);
    let detail = format!("{} {}: {}", next.psp_dispute_id, next.status.as_str(), next.amount);
    if next.status.is_open() && !was.is_some_and(DisputeStatus::is_open) {
        draft.flag(subject, Code::DisputeOpened, detail.clone());
    }
    if next.status == DisputeStatus::Expired && was != Some(DisputeStatus::Expired) {
        draft.flag(subject, Code::DisputeExpired, detail.clone());
    }
    if !next.status.is_open() && was.is_some_and(DisputeStatus::is_open) {
        draft.put(Change::Settled(subject, Code::DisputeOpened));
    }
    if next.status != DisputeStatus::Expired && was == Some(DisputeStatus::Expired) {
        draft.put(Change::Settled(subject, Code::DisputeExpired));
    }
    let unbooked = |row: &Dispute, file: &OrderFile| row.status.is_lost() && file.loss_amount(row).is_none();
    match (before.is_some_and(|row| unbooked(row, &draft.file)), unbooked(next, &draft.file)) {
        (false, true) => {
            let detail = format!("{detail}; the order is in {}: what is it worth there?", draft.file.order.total.currency);
            draft.flag(subject, Code::DisputeInAnotherCurrency, detail);
        }
        (true, false) => draft.put(Change::Settled(subject, Code::DisputeInAnotherCurrency)),
        _ => {}
    }
}

/// Books what was lost before the payment was known.
pub(super) fn lose_what_was_lost(draft: &mut Draft<'_>) -> Result<(), SettlementError> {
    for dispute in draft.file.disputes.clone() {
        lose(draft, &dispute)?;
    }
    Ok(())
}

/// Books a lost dispute, unless it is booked: a refund of what the order has left of it, the rest a loss, and once the fee.
fn lose(draft: &mut Draft<'_>, dispute: &Dispute) -> Result<(), SettlementError> {
    let booked = draft.file.loss_of(dispute.id).is_some();
    if booked || !dispute.status.is_lost() || draft.file.loss_amount(dispute).is_none() {
        return Ok(());
    }
    rebalanced(draft, |draft| book_loss(draft, dispute))
}

/// The order has room for more of a loss than when that was booked.
pub(super) fn book_anew(draft: &mut Draft<'_>, dispute: &Dispute, loss: &Refund) -> Result<(), SettlementError> {
    unbook_loss(draft, dispute, loss)?;
    book_loss(draft, dispute)?;
    let whole = draft.file.loss_amount(dispute);
    if draft.file.loss_of(dispute.id).is_some_and(|loss| Some(loss.amount) == whole) {
        draft.put(Change::Settled(Subject::Dispute(dispute.id), Code::DisputeExceedsOrder));
    }
    Ok(())
}

fn book_loss(draft: &mut Draft<'_>, dispute: &Dispute) -> Result<(), SettlementError> {
    let (order, now) = (draft.file.order.clone(), draft.context.now);
    let Some(lost) = draft.file.loss_amount(dispute) else { return Ok(()) };
    let amount = Money { amount: lost.amount.min(order.total.amount.minus(order.refunded)?), ..lost };
    let earlier: Vec<&Refund> = draft.file.refunds.iter().filter(|row| row.origin == RefundOrigin::Dispute(dispute.id)).collect();
    let is_first = earlier.is_empty();
    let id = lost_refund_id(dispute.id, earlier.len());
    let at = moment_after(earlier.iter().filter_map(|row| row.succeeded_at).max(), now);
    let lines = draft.file.lines.iter().map(|line| line.id).collect();
    let refund = unasked(draft, id, amount, RefundOrigin::Dispute(dispute.id), dispute.reason.clone());
    book(draft, Refund { lines, ..refund }, Event::RefundSucceeded(id), at)?;
    let surplus = Money { amount: lost.amount.minus(amount.amount)?, ..lost };
    if surplus.amount.is_positive() {
        draft.put(Change::Posting(ledger::lost(Event::DisputeSurplus(dispute.id, at), order.id, surplus, false, now)?));
        let detail = format!("{lost} was lost; the order had {amount} left");
        draft.flag(Subject::Dispute(dispute.id), Code::DisputeExceedsOrder, detail);
    }
    let fee = Money { amount: draft.context.dispute_fee, currency: order.total.currency };
    if is_first && fee.amount.is_positive() {
        draft.put(Change::Posting(ledger::lost(Event::DisputeFee(dispute.id), order.id, fee, false, now)?));
    }
    Ok(())
}

/// A loss does not stand: `dispute` is as it was when it was booked.
fn unbook_loss(draft: &mut Draft<'_>, dispute: &Dispute, loss: &Refund) -> Result<(), SettlementError> {
    let (order_id, now) = (draft.file.order.id, draft.context.now);
    let why = "the dispute is not lost as it was booked".to_owned();
    unbook(draft, loss, Some(why))?;
    let lost = draft.file.loss_amount(dispute).unwrap_or(loss.amount);
    let surplus = Money { amount: lost.amount.minus(loss.amount.amount)?, ..lost };
    if surplus.amount.is_positive() {
        let event = Event::DisputeSurplusUndone(dispute.id, loss.succeeded_at.unwrap_or(loss.created_at));
        draft.put(Change::Posting(ledger::lost(event, order_id, surplus, true, now)?));
    }
    Ok(())
}

/// The refund that books the loss of a dispute, after `earlier` times.
fn lost_refund_id(dispute: DisputeId, earlier: usize) -> RefundId {
    RefundId(derive(dispute.0, "lost", &(earlier as u64).to_be_bytes()))
}
