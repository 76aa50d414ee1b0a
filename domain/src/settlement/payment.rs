//! Facts about an order's payment.

use super::{Change, Draft, SettlementError, Source, Verdict};
use crate::attention::{Code, Subject};
use crate::effect::EffectKind;
use crate::ids::{LicenceId, RefundId, TransferId, derive};
use crate::ledger;
use crate::licence::{ExclusiveHold, ExclusiveState, Licence, LicenceStatus};
use crate::money::{Minor, Money};
use crate::order::{Order, OrderStatus};
use crate::refund::{Refund, RefundStatus};
use crate::transfer::Transfer;

/// What the PSP says of a payment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PaymentStatus {
    /// It holds the buyer's money.
    Succeeded,
    /// It does not: declined, cancelled or expired. The buyer may try again.
    Failed,
    /// Nothing final.
    Open,
    /// It has no such payment.
    NotFound,
}

/// A report on a payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PaymentFact {
    /// How far it is trusted.
    pub source: Source,
    /// What it says.
    pub status: PaymentStatus,
    /// Minor units asked for, where it says.
    pub amount: Option<i64>,
    /// Minor units received, where it says.
    pub amount_received: Option<i64>,
    /// ISO code, where it says.
    pub currency: Option<String>,
    /// The PSP's words on a failure.
    pub error: Option<String>,
}

impl PaymentFact {
    /// Does it say enough to be settled without asking?
    fn names_amount(&self) -> bool {
        self.amount.is_some() && self.currency.is_some()
    }

    fn is_of(&self, total: Money) -> bool {
        let same_currency = self.currency.as_deref().is_some_and(|code| code.eq_ignore_ascii_case(total.currency.code()));
        same_currency && self.amount == Some(total.amount.0) && self.amount_received.is_none_or(|received| received == total.amount.0)
    }
}

pub(super) fn settle(draft: &mut Draft<'_>, fact: &PaymentFact) -> Result<Verdict, SettlementError> {
    use OrderStatus::{ChargedBack, Completed, Disputed, Failed, PartiallyRefunded, Pending, RefundPending, Refunded};
    let order = draft.file.order.clone();
    Ok(match (fact.status, order.status) {
        (PaymentStatus::Open, _) => Verdict::NotFinal,
        (PaymentStatus::Succeeded, Pending | Failed) => succeeded(draft, fact, &order)?,
        (PaymentStatus::Succeeded, Completed | RefundPending | PartiallyRefunded | Refunded | Disputed | ChargedBack) => {
            Verdict::AlreadySettled
        }
        (PaymentStatus::Failed | PaymentStatus::NotFound, Pending) => {
            failed(draft, fact, order);
            Verdict::Settled
        }
        (PaymentStatus::Failed | PaymentStatus::NotFound, Failed) => Verdict::AlreadySettled,
        (
            PaymentStatus::Failed | PaymentStatus::NotFound,
            Completed | RefundPending | PartiallyRefunded | Refunded | Disputed | ChargedBack,
        ) => match fact.source {
            Source::Webhook => draft.ask(EffectKind::ReadPayment(order.id)),
            Source::Read => {
                let why = fact.error.clone().unwrap_or_else(|| "the PSP says that the payment did not succeed".to_owned());
                draft.flag(Subject::Order(order.id), Code::PaymentFailedAfterSuccess, why);
                Verdict::Settled
            }
        },
    })
}

fn succeeded(draft: &mut Draft<'_>, fact: &PaymentFact, order: &Order) -> Result<Verdict, SettlementError> {
    if fact.source == Source::Webhook && !fact.names_amount() {
        return Ok(draft.ask(EffectKind::ReadPayment(order.id)));
    }
    if !fact.is_of(order.total) {
        let reported = |amount: Option<i64>| amount.map_or("nothing".to_owned(), |minor| minor.to_string());
        let detail = format!(
            "the order is {} minor units of {}; the PSP reports {} of {}, received {}",
            order.total.amount.0,
            order.total.currency,
            reported(fact.amount),
            fact.currency.as_deref().unwrap_or("no currency"),
            reported(fact.amount_received),
        );
        draft.flag(Subject::Order(order.id), Code::AmountMismatch, detail);
        return Ok(Verdict::AmountMismatch);
    }
    if draft.file.exclusives.iter().any(|hold| !hold.is_free_for(order.id)) {
        refund_at_once(draft)?;
    } else {
        complete(draft)?;
    }
    Ok(Verdict::Settled)
}

/// Grants everything: order, licences, ledger, transfers.
pub(super) fn complete(draft: &mut Draft<'_>) -> Result<(), SettlementError> {
    let now = draft.context.now;
    let order = completed(draft);
    draft.put(Change::Order(order.clone()));
    for line in draft.file.lines.clone() {
        draft.put(Change::Licence(Licence {
            id: LicenceId(derive(line.id.0, "licence", &[])),
            line_id: line.id,
            order_id: order.id,
            product_id: line.product_id,
            buyer_id: order.buyer_id,
            kind: line.licence_kind,
            status: LicenceStatus::Active,
            granted_at: now,
        }));
    }
    for hold in draft.file.exclusives.clone() {
        draft.put(Change::Exclusive(ExclusiveHold { order_id: order.id, state: ExclusiveState::Sold, ..hold }));
    }
    if order.total.amount.is_positive() {
        let posting = ledger::order_completed(order.id, order.total, &draft.file.lines, now)?;
        draft.put(Change::Posting(posting));
    }
    for seller in draft.file.sellers() {
        let share = Minor::sum(draft.file.lines.iter().filter(|line| line.seller_id == seller).map(|line| line.share))?;
        if share.is_positive() {
            let id = TransferId(derive(order.id.0, "transfer", seller.0.as_bytes()));
            let amount = Money { amount: share, currency: order.total.currency };
            draft.put(Change::Transfer(Transfer::open(id, order.id, seller, amount, now)));
        }
    }
    Ok(())
}

/// A late success that finds an exclusive licence sold: the money is booked and sent back at once, nothing is granted.
fn refund_at_once(draft: &mut Draft<'_>) -> Result<(), SettlementError> {
    let now = draft.context.now;
    let order = completed(draft);
    draft.put(Change::Order(order.clone()));
    let posting = ledger::order_completed(order.id, order.total, &draft.file.lines, now)?;
    draft.put(Change::Posting(posting));
    let refund = Refund {
        id: RefundId(derive(order.id.0, "exclusive_sold", &[])),
        order_id: order.id,
        amount: order.total,
        status: RefundStatus::Pending,
        psp_refund_id: None,
        reason: Some("the exclusive licence was sold before the payment came".to_owned()),
        lines: Vec::new(),
        line_parts: Vec::new(),
        seller_parts: Vec::new(),
        requested_by: None,
        origin: crate::refund::RefundOrigin::Requested,
        error_message: None,
        created_at: now,
        succeeded_at: None,
        look: crate::look::Look::from(now),
    };
    draft.flag(Subject::Order(order.id), Code::ExclusiveAlreadySold, format!("{} is being refunded", order.total));
    for change in super::decide_refund_opened(&draft.file, refund) {
        draft.put(change);
    }
    Ok(())
}

fn completed(draft: &Draft<'_>) -> Order {
    let now = draft.context.now;
    Order {
        status: OrderStatus::Completed,
        completed_at: Some(now),
        refund_deadline: Some(now.plus(draft.context.refund_window)),
        failure: None,
        ..draft.file.order.clone()
    }
}

fn failed(draft: &mut Draft<'_>, fact: &PaymentFact, order: Order) {
    for hold in draft.file.exclusives.clone() {
        if hold.order_id == order.id && hold.state == ExclusiveState::Held {
            draft.put(Change::Exclusive(ExclusiveHold { state: ExclusiveState::Released, ..hold }));
        }
    }
    let failure = fact.error.clone().or_else(|| (fact.status == PaymentStatus::NotFound).then(|| "the PSP has no such payment".to_owned()));
    draft.put(Change::Order(Order { status: OrderStatus::Failed, failure, ..order }));
}
