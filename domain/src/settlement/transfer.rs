//! Facts about transfers and reversals, and which of them a change of the order opens or ends.

use super::{Change, Draft, SettlementError, Verdict};
use crate::attention::{Code, Subject};
use crate::ids::{RefundId, ReversalId, TransferId, UserId, derive};
use crate::ledger;
use crate::money::{Minor, Money};
use crate::refund::SellerPart;
use crate::reversal::{Reversal, ReversalStatus};
use crate::transfer::{CallOutcome, Transfer, TransferStatus};
use std::cmp::Reverse;

/// A reversal as Connect has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectReversal {
    /// Connect's id, `trr_…`.
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// Ours, from its metadata; none when it was not made through us.
    pub reversal_id: Option<ReversalId>,
}

/// A transfer as Connect has it, read now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConnectTransferFact {
    /// Connect's id, `tr_…`.
    pub id: String,
    /// Minor units.
    pub amount: i64,
    /// ISO code.
    pub currency: String,
    /// All its reversals, oldest first.
    pub reversals: Vec<ConnectReversal>,
}

pub(super) fn settle_transfer(draft: &mut Draft<'_>, id: TransferId, outcome: &CallOutcome) -> Result<Verdict, SettlementError> {
    let transfer = draft.file.transfers.iter().find(|transfer| transfer.id == id).cloned().ok_or(SettlementError::UnknownRow)?;
    if !matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed) {
        return Ok(Verdict::AlreadySettled);
    }
    let wanted = draft.file.order.refunded < draft.file.order.total.amount;
    let (policy, now) = (draft.context.transfers, draft.context.now);
    for step in transfer.after_call(outcome, wanted, &policy, now)? {
        draft.put(Change::Transfer(step));
    }
    let after = draft.file.transfers.iter().find(|transfer| transfer.id == id).cloned().ok_or(SettlementError::UnknownRow)?;
    match after.status() {
        TransferStatus::Completed => {
            draft.put(Change::Posting(ledger::transfer_completed(id, after.order_id, after.seller_id, after.amount, now)?));
            open_reversals(draft)?;
        }
        TransferStatus::PermanentlyFailed if wanted => {
            let why = after.last_error.clone().unwrap_or_default();
            draft.flag(
                Subject::Transfer(id),
                Code::TransferPermanentlyFailed,
                format!("{} to seller {}: {why}", after.amount, after.seller_id),
            );
        }
        _ => {}
    }
    Ok(Verdict::Settled)
}

pub(super) fn settle_reversal(draft: &mut Draft<'_>, id: ReversalId, outcome: &CallOutcome) -> Result<Verdict, SettlementError> {
    let reversal = draft.file.reversals.iter().find(|reversal| reversal.id == id).cloned().ok_or(SettlementError::UnknownRow)?;
    if reversal.status != ReversalStatus::ReversalPending {
        return Ok(Verdict::AlreadySettled);
    }
    let transfer = draft
        .file
        .transfers
        .iter()
        .find(|transfer| Some(transfer.id) == reversal.transfer_id)
        .cloned()
        .ok_or(SettlementError::UnknownRow)?;
    let (policy, now) = (draft.context.reversals, draft.context.now);
    let after = match transfer.stripe_transfer_id {
        Some(_) => reversal.after_call(outcome, &policy, now),
        None => reversal.given_up("the transfer has no id at Connect"),
    };
    draft.put(Change::Reversal(after.clone()));
    match after.status {
        ReversalStatus::ReversalPending => {}
        ReversalStatus::Reversed => {
            draft.put(Change::Posting(ledger::reversal_done(id, transfer.order_id, transfer.seller_id, after.amount, now)?));
            end_reversed(draft, transfer.clone().taken_back(after.amount.amount)?)?;
            send_what_is_missing(draft, transfer.seller_id)?;
        }
        ReversalStatus::PermanentlyFailed => {
            let why = after.last_error.clone().unwrap_or_default();
            draft.flag(
                Subject::Reversal(id),
                Code::ReversalPermanentlyFailed,
                format!("{} owed by seller {}: {why}", after.amount, transfer.seller_id),
            );
            end_reversed(draft, transfer.clone())?;
            send_what_is_missing(draft, transfer.seller_id)?;
        }
    }
    Ok(Verdict::Settled)
}

/// Once nothing of a transfer is being taken back any more, it is `reversed`, or as far from it as it will get.
fn end_reversed(draft: &mut Draft<'_>, transfer: Transfer) -> Result<(), SettlementError> {
    let open = draft.file.reversals_of(transfer.id).any(|reversal| reversal.status == ReversalStatus::ReversalPending);
    let to = match transfer.status() {
        TransferStatus::ReversalPending if !open && transfer.left() == Minor::ZERO => TransferStatus::Reversed,
        TransferStatus::ReversalPending if !open => TransferStatus::PermanentlyFailed,
        unchanged => unchanged,
    };
    let moved = transfer.moved(to)?;
    let changed = draft.file.transfers.iter().any(|known| known.id == moved.id && *known != moved);
    if changed {
        draft.put(Change::Transfer(moved));
    }
    Ok(())
}

/// Opens reversals, named after the refunds that stand, for all that a completed transfer has carried to a seller and the
/// seller is not to have.
///
/// Called when a refund succeeds and when a transfer completes, so the two may come in any order. What is missing is read
/// off the rows and not off one refund: a refund that came undone and then succeeded after all has a reversal already, whose
/// money has gone out again.
pub(super) fn open_reversals(draft: &mut Draft<'_>) -> Result<(), SettlementError> {
    let now = draft.context.now;
    let mut refunds = draft.file.succeeded_refunds();
    refunds.reverse();
    refunds.sort_by_key(|refund| Reverse(refund.succeeded_at)); // the one that opens the gap comes first
    let parts: Vec<(RefundId, SellerPart)> =
        refunds.iter().flat_map(|refund| refund.seller_parts.iter().map(|part| (refund.id, *part))).collect();
    for (refund_id, SellerPart { seller_id, amount: part }) in parts {
        let completed = |transfer: &&Transfer| transfer.seller_id == seller_id && transfer.status() == TransferStatus::Completed;
        for transfer in draft.file.transfers.iter().filter(completed).cloned().collect::<Vec<_>>() {
            let amount = draft.file.excess(seller_id).min(part.0).min(draft.file.uncovered(&transfer));
            if amount <= 0 {
                continue;
            }
            let amount = Money::new(amount, transfer.amount.currency);
            let earlier = draft.file.reversals_of(transfer.id).filter(|reversal| reversal.cause.refund() == Some(refund_id)).count();
            let reversal = Reversal::open(&transfer, refund_id, earlier, amount, now);
            let posting = ledger::reversal_opened(reversal.id, transfer.order_id, seller_id, amount, now)?;
            draft.put(Change::Reversal(reversal));
            draft.put(Change::Posting(posting));
            if draft.file.uncovered(&transfer) == 0 {
                draft.put(Change::Transfer(transfer.moved(TransferStatus::ReversalPending)?));
            }
        }
    }
    Ok(())
}

/// After a full refund, what was never sent and what Connect has refused is not sent any more. What may have taken effect
/// stays open until that is known.
pub(super) fn close_unwanted(draft: &mut Draft<'_>) -> Result<(), SettlementError> {
    for transfer in draft.file.transfers.clone() {
        let unsent = matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed) && !transfer.attempt.is_unknown();
        if unsent {
            let already_failed = transfer.status() == TransferStatus::Failed;
            for step in transfer.closed()?.into_iter().skip(usize::from(already_failed)) {
                draft.put(Change::Transfer(step));
            }
        }
    }
    Ok(())
}

/// What a seller has earned and neither has nor is being sent goes out as a new transfer, once no reversal of any refund is
/// open. Only a refund that comes undone leaves such a gap.
pub(super) fn send_what_is_missing(draft: &mut Draft<'_>, seller: UserId) -> Result<(), SettlementError> {
    if draft.file.has_open_reversal(seller) {
        return Ok(());
    }
    let missing = draft.file.earned(seller) - draft.file.sent(seller);
    if missing > 0 {
        let (order, now) = (&draft.file.order, draft.context.now);
        let earlier = draft.file.transfers.iter().filter(|transfer| transfer.seller_id == seller).count() as u64;
        let of = [seller.0.as_bytes().as_slice(), &earlier.to_be_bytes()].concat();
        let id = TransferId(derive(order.id.0, "transfer_again", &of));
        let transfer = Transfer::open(id, order.id, seller, Money::new(missing, order.total.currency), now);
        draft.put(Change::Transfer(transfer));
    }
    Ok(())
}
