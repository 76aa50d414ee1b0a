//! Facts about an order's refunds, ours and those made at the PSP.

use super::booking::{book, follow, moment_after, rebalanced, unasked, unbook};
use super::draft::Draft;
use super::{Change, SettlementError, Source, Verdict};
use crate::attention::{Code, Subject};
use crate::effect::EffectKind;
use crate::ids::{RefundId, derive};
use crate::ledger::Event;
use crate::money::{Currency, Money};
use crate::refund::{Refund, RefundOrigin, RefundStatus};

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
    /// Our row: the id we chose, or the one the PSP gave. Losses that only have the form of a refund are none of the PSP's.
    fn is_about(&self, refund: &Refund) -> bool {
        if !matches!(refund.origin, RefundOrigin::Requested | RefundOrigin::External) {
            return false;
        }
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
            // Nothing is granted again because a refund was not found: that is what a wrong account or environment looks like.
            Source::Read if fact.status == PspRefundStatus::NotFound => {
                let why = "the PSP has no such refund: is it the right account and environment? Nothing was booked";
                draft.flag(Subject::Refund(refund.id), Code::RefundFailedAfterSuccess, why.to_owned());
                Verdict::Settled
            }
            Source::Read => {
                undone(draft, fact, refund)?;
                Verdict::Settled
            }
        },
    })
}

/// A refund that was made at the PSP: booked once, as a refund of its order.
fn import(draft: &mut Draft<'_>, fact: &RefundFact) -> Result<Verdict, SettlementError> {
    let order = draft.file.order.clone();
    if fact.status != PspRefundStatus::Succeeded {
        return Ok(Verdict::NotFinal);
    }
    if !order.is_paid() {
        // There must have been a payment; reading it brings its refunds.
        return Ok(match fact.source {
            Source::Webhook => draft.ask(EffectKind::ReadPayment(order.id)),
            Source::Read => Verdict::NotFinal,
        });
    }
    let currency = fact.currency.as_deref().and_then(|code| code.parse::<Currency>().ok());
    let amount = match (fact.amount, currency) {
        (Some(minor), Some(currency)) if minor > 0 && currency == order.total.currency => Money::new(minor, currency),
        (minor, _) => {
            let said = minor.map_or("no amount".to_owned(), |minor| minor.to_string());
            let currency = fact.currency.as_deref().unwrap_or("no currency");
            let detail = format!("refund {} at the PSP: {said} of {currency}; nothing was booked", fact.psp_refund_id);
            draft.flag(Subject::Order(order.id), Code::ExternalRefund, detail);
            return Ok(Verdict::AmountMismatch);
        }
    };
    let id = RefundId(derive(order.id.0, "external_refund", fact.psp_refund_id.as_bytes()));
    draft.flag(Subject::Refund(id), Code::ExternalRefund, format!("{amount} as refund {}", fact.psp_refund_id));
    let refund = unasked(draft, id, amount, RefundOrigin::External, None);
    if fact.source == Source::Webhook {
        // A message that it failed after all left no row behind, should it have come first: the PSP has the last word.
        draft.ask(EffectKind::ReadRefund(order.id, id));
    }
    succeeded(draft, fact, refund, false)
}

/// Refund, order, licences, ledger and transfers move together.
fn succeeded(draft: &mut Draft<'_>, fact: &RefundFact, refund: Refund, late: bool) -> Result<Verdict, SettlementError> {
    if !fact.is_of(refund.amount) {
        let detail = format!("the refund is {}; the PSP reports {:?} minor units of {:?}", refund.amount, fact.amount, fact.currency);
        draft.flag(Subject::Refund(refund.id), Code::AmountMismatch, detail);
        return Ok(Verdict::AmountMismatch);
    }
    let at = moment_after(refund.succeeded_at, draft.context.now);
    let event = if late { Event::RefundSucceededLate(refund.id, at) } else { Event::RefundSucceeded(refund.id) };
    if late {
        draft.flag(Subject::Refund(refund.id), Code::RefundSucceededAfterFailure, refund.amount.to_string());
    }
    let psp_refund_id = refund.psp_refund_id.clone().or_else(|| Some(fact.psp_refund_id.clone()));
    rebalanced(draft, |draft| book(draft, Refund { psp_refund_id, ..refund }, event, at))?;
    follow(draft, false)?;
    Ok(Verdict::Settled)
}

/// The order goes back to where it was.
fn failed(draft: &mut Draft<'_>, fact: &RefundFact, refund: Refund) {
    let error_message =
        fact.error.clone().or_else(|| (fact.status == PspRefundStatus::NotFound).then(|| "the PSP has no such refund".to_owned()));
    let look = refund.look.over();
    draft.put(Change::Refund(Refund { status: RefundStatus::Failed, error_message, look, ..refund }));
    draft.put_status();
}

/// The PSP took a success back.
fn undone(draft: &mut Draft<'_>, fact: &RefundFact, refund: Refund) -> Result<(), SettlementError> {
    let detail = format!("{}: {}", refund.amount, fact.error.as_deref().unwrap_or("no reason given"));
    draft.flag(Subject::Refund(refund.id), Code::RefundFailedAfterSuccess, detail);
    rebalanced(draft, |draft| unbook(draft, &refund, fact.error.clone()))?;
    follow(draft, true)
}
