//! Facts about an order's payment.

use super::billing;
use super::booking::{book_payment_undone, follow, unasked, unbook};
use super::dispute::lose_what_was_lost;
use super::draft::Draft;
use super::shares::open_share;
use super::{Change, SettlementError, Source, Verdict};
use crate::attention::{Code, Subject};
use crate::effect::EffectKind;
use crate::ids::{LicenceId, RefundId, TransferId, derive};
use crate::licence::{ExclusiveHold, ExclusiveState, Licence, LicenceStatus};
use crate::look::Look;
use crate::money::{Minor, Money};
use crate::order::{Order, OrderLine, OrderStatus};
use crate::refund::RefundOrigin;
use crate::saved_method::SavedMethod;
use crate::time::Timestamp;
use std::time::Duration;

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
    /// The method that the PSP says it kept, or charged; where it says.
    pub saved_method: Option<SavedMethod>,
    /// Nobody has tried to pay it, and after this nobody can; where it says.
    pub untried_until: Option<Timestamp>,
}

/// By how much our clock and the PSP's may differ, and a buyer be late.
const UNTRIED_GRACE: Duration = Duration::from_secs(900);

impl PaymentFact {
    /// Has the time to pay run out before anybody tried? The PSP leaves such a payment open for ever and tells nobody; were the order left
    /// open with it, an exclusive licence would be reserved for nobody.
    fn ran_out(&self, now: Timestamp) -> bool {
        let over = self.untried_until.is_some_and(|until| now > until.plus(UNTRIED_GRACE));
        self.status == PaymentStatus::Open && self.source == Source::Read && over
    }

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
    let order = draft.file.order.clone();
    match (fact.status, order.is_paid(), order.status) {
        (PaymentStatus::Open, true, _) => Ok(Verdict::NotFinal),
        (PaymentStatus::Open, false, OrderStatus::Pending) if fact.ran_out(draft.context.now) => {
            let error = Some("nobody has tried to pay in time".to_owned());
            failed(draft, &PaymentFact { error, ..fact.clone() }, order);
            Ok(Verdict::Settled)
        }
        (PaymentStatus::Open, false, _) => Ok(looked(draft, fact, order, Verdict::NotFinal)),
        (PaymentStatus::Succeeded, true, _) => stands(draft, fact, &order),
        (PaymentStatus::Succeeded, false, _) => succeeded(draft, fact, &order),
        (PaymentStatus::Failed | PaymentStatus::NotFound, true, _) => contradicted(draft, fact, &order),
        (PaymentStatus::Failed | PaymentStatus::NotFound, false, OrderStatus::Failed) => {
            Ok(looked(draft, fact, order, Verdict::AlreadySettled))
        }
        (PaymentStatus::Failed | PaymentStatus::NotFound, false, _) => {
            failed(draft, fact, order);
            Ok(Verdict::Settled)
        }
    }
}

/// A failed order was read again. Its look is over after a day ([`Order::look_ends`]), and at once when the PSP has no such
/// payment: what does not exist can't be paid later.
fn looked(draft: &mut Draft<'_>, fact: &PaymentFact, order: Order, verdict: Verdict) -> Verdict {
    let ends = order.look_ends(draft.context.now) || fact.status == PaymentStatus::NotFound;
    if fact.source == Source::Read && order.status == OrderStatus::Failed && ends {
        draft.put_order(Order { look: order.look.over(), ..order });
    }
    verdict
}

/// A success that is booked already, or was taken back meanwhile and stands after all.
fn stands(draft: &mut Draft<'_>, fact: &PaymentFact, order: &Order) -> Result<Verdict, SettlementError> {
    let Some(undone) = draft.file.payment_undone().cloned() else { return Ok(Verdict::AlreadySettled) };
    if fact.source == Source::Webhook {
        return Ok(draft.ask(EffectKind::ReadPayment(order.id)));
    }
    if !fact.is_of(order.total) {
        return Ok(mismatch(draft, fact, order));
    }
    unbook(draft, &undone, Some("the payment stands after all".to_owned()))?;
    draft.flag(Subject::Order(order.id), Code::PaymentStandsAfterAll, format!("{} came back", undone.amount));
    draft.put(Change::Settled(Subject::Order(order.id), Code::PaymentFailedAfterSuccess));
    follow(draft, true)?;
    Ok(Verdict::Settled)
}

/// The PSP says that what was paid is not. A message alone is asked about. Nothing is revoked because a payment was not found:
/// that is what a wrong account or environment looks like.
fn contradicted(draft: &mut Draft<'_>, fact: &PaymentFact, order: &Order) -> Result<Verdict, SettlementError> {
    if draft.file.payment_undone().is_some() {
        return Ok(Verdict::AlreadySettled);
    }
    if order.payment_id.is_none() || !order.total.amount.is_positive() {
        return Ok(Verdict::NotFinal);
    }
    if fact.source == Source::Webhook {
        return Ok(draft.ask(EffectKind::ReadPayment(order.id)));
    }
    let subject = Subject::Order(order.id);
    if fact.status == PaymentStatus::NotFound {
        let why = "the PSP has no such payment: is it the right account and environment? Nothing was booked";
        draft.flag(subject, Code::PaymentFailedAfterSuccess, why.to_owned());
        return Ok(Verdict::Settled);
    }
    let why = fact.error.clone().unwrap_or_else(|| "the PSP says that the payment did not succeed".to_owned());
    draft.flag(subject, Code::PaymentFailedAfterSuccess, why.clone());
    draft.put(Change::Settled(subject, Code::PaymentStandsAfterAll));
    book_payment_undone(draft, Some(why))?;
    follow(draft, false)?;
    Ok(Verdict::Settled)
}

fn mismatch(draft: &mut Draft<'_>, fact: &PaymentFact, order: &Order) -> Verdict {
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
    Verdict::AmountMismatch
}

fn succeeded(draft: &mut Draft<'_>, fact: &PaymentFact, order: &Order) -> Result<Verdict, SettlementError> {
    if fact.source == Source::Webhook && !fact.names_amount() {
        return Ok(draft.ask(EffectKind::ReadPayment(order.id)));
    }
    if !fact.is_of(order.total) {
        return Ok(mismatch(draft, fact, order));
    }
    if fact.source == Source::Webhook && order.status == OrderStatus::Failed {
        // The failure and this success are two messages that may have come in the wrong order: the goods go out at once, and the
        // PSP is asked which of them is its last word.
        draft.ask(EffectKind::ReadPayment(order.id));
    }
    if draft.file.exclusives.iter().any(|hold| !hold.is_free_for(order.id)) {
        refund_at_once(draft, "exclusive_sold", Code::ExclusiveAlreadySold, "the exclusive licence was sold before the payment came")?;
    } else if let Some(why) = billing::in_vain(&draft.file) {
        refund_at_once(draft, "in_vain", Code::SubscriptionPaidInVain, why)?;
    } else {
        billing::keep_method(draft, fact.saved_method.as_ref());
        complete(draft)?;
    }
    Ok(Verdict::Settled)
}

/// Grants everything: order, licences, ledger, transfers.
pub(super) fn complete(draft: &mut Draft<'_>) -> Result<(), SettlementError> {
    let now = draft.context.now;
    let order = completed(draft);
    draft.put(Change::Order(order.clone()));
    billing::paid(draft);
    let sold: Vec<OrderLine> = if order.invoice_id.is_none() { draft.file.lines.clone() } else { Vec::new() };
    for line in sold {
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
        let posting = billing::posting(&draft.file, now)?;
        draft.put(Change::Posting(posting));
    }
    for seller in draft.file.sellers() {
        let share = Minor::sum(draft.file.lines.iter().filter(|line| line.seller_id == seller).map(|line| line.share))?;
        if share.is_positive() {
            open_share(draft, TransferId(derive(order.id.0, "transfer", seller.0.as_bytes())), seller, share, None)?;
        }
    }
    lose_what_was_lost(draft)?;
    follow(draft, false)
}

/// A late success that finds an exclusive licence sold, or nothing that it could pay for: the money is booked and sent back at once,
/// nothing is granted.
fn refund_at_once(draft: &mut Draft<'_>, kind: &str, code: Code, why: &str) -> Result<(), SettlementError> {
    let order = completed(draft);
    draft.put(Change::Order(order.clone()));
    let posting = billing::posting(&draft.file, draft.context.now)?;
    draft.put(Change::Posting(posting));
    let id = RefundId(derive(order.id.0, kind, &[]));
    let refund = unasked(draft, id, order.total, RefundOrigin::Requested, Some(why.to_owned()));
    draft.flag(Subject::Order(order.id), code, format!("{} is being refunded", order.total));
    for change in super::decide_refund_opened(&draft.file, refund) {
        draft.put(change);
    }
    lose_what_was_lost(draft)?;
    follow(draft, false)
}

fn completed(draft: &Draft<'_>) -> Order {
    let now = draft.context.now;
    Order {
        status: OrderStatus::Completed,
        completed_at: Some(now),
        refund_deadline: Some(now.plus(draft.context.refund_window)),
        failure: None,
        look: draft.file.order.look.over(),
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
    draft.put(Change::Order(Order { status: OrderStatus::Failed, failure, look: Look::from(draft.context.now), ..order }));
    billing::not_paid(draft);
}
