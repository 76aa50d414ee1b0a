//! Booking what goes back to the buyer, whoever sent it: a refund of ours, one made at the PSP, a lost dispute, a payment that did
//! not stand. Each is a [`Refund`] row, so shares, licences and transfers follow one set of rules.

use super::billing;
use super::dispute;
use super::draft::Draft;
use super::shares::{hold_or_release, send_what_is_missing, set_off_and_send};
use super::taking_back::{close_unwanted, open_reversals};
use super::{Change, SettlementError};
use crate::attention::{Code, Subject};
use crate::ids::{LineId, RefundId, derive};
use crate::ledger::{self, Event};
use crate::licence::{ExclusiveHold, ExclusiveState, Licence, LicenceStatus};
use crate::look::Look;
use crate::money::{Minor, Money};
use crate::order::{Order, OrderLine};
use crate::refund::{Burden, Refund, RefundOrigin, RefundStatus, bear};
use crate::time::Timestamp;
use std::collections::BTreeSet;
use std::time::Duration;

/// A refund that Veza learns of or makes by a rule; it is not booked yet.
pub(super) fn unasked(draft: &Draft<'_>, id: RefundId, amount: Money, origin: RefundOrigin, reason: Option<String>) -> Refund {
    Refund {
        id,
        order_id: draft.file.order.id,
        amount,
        status: RefundStatus::Pending,
        psp_refund_id: None,
        reason,
        lines: Vec::new(),
        line_parts: Vec::new(),
        seller_parts: Vec::new(),
        requested_by: None,
        origin,
        error_message: None,
        created_at: draft.context.now,
        succeeded_at: None,
        look: Look::from(draft.context.now),
    }
}

/// The moment of a success: no two of one refund, or of one dispute, bear the same, because it tells their postings apart.
pub(super) fn moment_after(earlier: Option<Timestamp>, now: Timestamp) -> Timestamp {
    earlier.map_or(now, |earlier| now.max(earlier.plus(Duration::from_micros(1))))
}

/// `refund` stands from now on. The order bears it as far as it has anything left; the PSP has moved the rest as well, so the
/// platform bears that, and a person is told.
pub(super) fn book(draft: &mut Draft<'_>, refund: Refund, event: Event, at: Timestamp) -> Result<(), SettlementError> {
    let (order, now) = (draft.file.order.clone(), draft.context.now);
    let within = refund.amount.amount.min(order.total.amount.minus(order.refunded)?);
    let standing: Vec<&Refund> = draft.file.standing_refunds().collect();
    let burden = bear(within, &refund.lines, &draft.file.lines, &standing)?;
    let settled = Refund {
        status: RefundStatus::Succeeded,
        line_parts: burden.lines.clone(),
        seller_parts: burden.sellers.clone(),
        error_message: None,
        succeeded_at: Some(at),
        look: refund.look.over(),
        ..refund.clone()
    };
    draft.put(Change::Refund(settled));
    give_back_lines(draft, &burden, 1)?;
    if refund.amount.amount.is_positive() {
        let posting = ledger::refunded(event, (order.id, order.revenue()), refund.amount, &burden, false, now)?;
        draft.put(Change::Posting(posting));
    }
    draft.put_order(Order { refunded: order.refunded.plus(within)?, ..order });
    if within < refund.amount.amount {
        let detail = format!("{}, of which the order had {} left; the platform bears the rest", refund.amount, within.0);
        draft.flag(Subject::Refund(refund.id), Code::RefundExceedsOrder, detail);
    }
    Ok(())
}

/// `refund` stood and does not any more: what it had moved moves back by entries of its own.
pub(super) fn unbook(draft: &mut Draft<'_>, refund: &Refund, error: Option<String>) -> Result<(), SettlementError> {
    let (order, now) = (draft.file.order.clone(), draft.context.now);
    let within = Minor::sum(refund.line_parts.iter().map(|part| part.amount))?;
    let given = Minor::sum(refund.seller_parts.iter().map(|part| part.amount))?;
    let burden = Burden { lines: refund.line_parts.clone(), sellers: refund.seller_parts.clone(), platform: within.minus(given)? };
    draft.put(Change::Refund(Refund { status: RefundStatus::Failed, error_message: error, ..refund.clone() }));
    give_back_lines(draft, &burden, -1)?;
    if refund.amount.amount.is_positive() {
        let event = Event::RefundUndone(refund.id, refund.succeeded_at.unwrap_or(refund.created_at));
        let posting = ledger::refunded(event, (order.id, order.revenue()), refund.amount, &burden, true, now)?;
        draft.put(Change::Posting(posting));
    }
    draft.put_order(Order { refunded: order.refunded.minus(within)?, ..order });
    Ok(())
}

/// Books that the payment did not stand: all that is left of the order goes back, be it nothing. The row is what says so, until
/// the PSP says that the payment stands after all.
pub(super) fn book_payment_undone(draft: &mut Draft<'_>, why: Option<String>) -> Result<(), SettlementError> {
    let (order, now) = (draft.file.order.clone(), draft.context.now);
    let earlier = draft.file.refunds.iter().filter(|refund| refund.origin == RefundOrigin::PaymentUndone).count() as u64;
    let id = RefundId(derive(order.id.0, "payment_undone", &earlier.to_be_bytes()));
    let left = Money { amount: order.total.amount.minus(order.refunded)?, currency: order.total.currency };
    let refund = unasked(draft, id, left, RefundOrigin::PaymentUndone, why);
    book(draft, refund, Event::RefundSucceeded(id), now)
}

/// Does `change`, which books or unbooks a refund, so that what is told first makes no difference: the order bears as much of its
/// refunds as it has, and a payment that did not stand took what the others have left.
pub(super) fn rebalanced(
    draft: &mut Draft<'_>,
    change: impl FnOnce(&mut Draft<'_>) -> Result<(), SettlementError>,
) -> Result<(), SettlementError> {
    let undone = draft.file.payment_undone().cloned();
    if let Some(undone) = &undone {
        unbook(draft, undone, Some("another refund of the order was told of later; what is left is booked anew".to_owned()))?;
    }
    change(draft)?;
    let standing: Vec<Refund> = draft.file.standing_refunds().cloned().collect();
    for refund in standing {
        if !draft.file.is_refunded_in_full() {
            bear_more(draft, refund)?;
        }
    }
    undone.map_or(Ok(()), |undone| book_payment_undone(draft, undone.reason))
}

/// The order has room for more than it bore of `refund` when that was booked: it is booked anew.
fn bear_more(draft: &mut Draft<'_>, refund: Refund) -> Result<(), SettlementError> {
    if let Some(id) = refund.origin.dispute() {
        let dispute = draft.file.disputes.iter().find(|dispute| dispute.id == id).cloned();
        return match dispute {
            Some(dispute) if draft.file.loss_amount(&dispute).is_some_and(|lost| lost.amount > refund.amount.amount) => {
                dispute::book_anew(draft, &dispute, &refund)
            }
            _ => Ok(()),
        };
    }
    if Minor::sum(refund.line_parts.iter().map(|part| part.amount))? == refund.amount.amount {
        return Ok(());
    }
    unbook(draft, &refund, None)?;
    let at = moment_after(refund.succeeded_at, refund.created_at);
    let id = refund.id;
    book(draft, refund, Event::RefundSucceededLate(id, at), at)?;
    let whole = |row: &&Refund| row.id == id && Ok(row.amount.amount) == Minor::sum(row.line_parts.iter().map(|part| part.amount));
    if draft.file.standing_refunds().any(|row| whole(&row)) {
        draft.put(Change::Settled(Subject::Refund(id), Code::RefundExceedsOrder));
    }
    Ok(())
}

/// Licences, transfers, reversals and status follow what was booked; `came_back`: something that stood does not any more.
pub(super) fn follow(draft: &mut Draft<'_>, came_back: bool) -> Result<(), SettlementError> {
    revoke(draft);
    if came_back {
        grant_again(draft);
    }
    if draft.file.is_refunded_in_full() {
        close_unwanted(draft)?;
    }
    open_reversals(draft)?;
    for seller in draft.file.sellers() {
        if came_back {
            send_what_is_missing(draft, seller)?;
        } else {
            set_off_and_send(draft, seller)?;
        }
    }
    hold_or_release(draft);
    billing::follow(draft);
    draft.put_status();
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

/// The lines whose licences are revoked while these refunds stand: all of them once all was refunded, else those that are named.
fn revoked_lines(draft: &Draft<'_>) -> BTreeSet<LineId> {
    if draft.file.is_refunded_in_full() {
        return draft.file.lines.iter().map(|line| line.id).collect();
    }
    draft.file.standing_refunds().flat_map(|refund| refund.lines.iter().copied()).collect()
}

fn revoke(draft: &mut Draft<'_>) {
    let revoked = revoked_lines(draft);
    for licence in draft.file.licences.clone() {
        if licence.status == LicenceStatus::Active && revoked.contains(&licence.line_id) {
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
        if licence.status != LicenceStatus::Revoked || still_revoked.contains(&licence.line_id) {
            continue;
        }
        let of_product = |hold: &&ExclusiveHold| licence.kind.is_exclusive() && hold.product_id == licence.product_id;
        match draft.file.exclusives.iter().find(of_product).cloned() {
            Some(hold) if !hold.is_free_for(licence.order_id) => {
                let detail = "what revoked it came undone after it was sold again".to_owned();
                draft.flag(Subject::Order(licence.order_id), Code::ExclusiveAlreadySold, detail);
            }
            hold => {
                if let Some(hold) = hold {
                    draft.put(Change::Exclusive(ExclusiveHold { order_id: licence.order_id, state: ExclusiveState::Sold, ..hold }));
                }
                draft.put(Change::Licence(Licence { status: LicenceStatus::Active, ..licence }));
            }
        }
    }
}
