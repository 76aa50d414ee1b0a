//! What a refund takes back of shares: reversals of what a seller has, the end of what was never sent.

use super::draft::Draft;
use super::shares::keep_no_more_than_was_earned;
use super::{Change, SettlementError};
use crate::attention::{Code, Subject};
use crate::ids::{RefundId, TransferId};
use crate::ledger;
use crate::money::{Minor, Money};
use crate::refund::{Refund, SellerPart};
use crate::reversal::{Reversal, ReversalStatus};
use crate::transfer::{Transfer, TransferStatus};
use std::cmp::Reverse;

/// Opens reversals, named after the refunds that stand, for all that a completed transfer has carried to a seller and the
/// seller is not to have; and debts for what no transfer of the order holds, because the share had paid earlier debts.
///
/// Called when a refund succeeds and when a transfer completes, so the two may come in any order. What is missing is read
/// off the rows and not off one refund: a refund that came undone and then succeeded after all has a reversal already, whose
/// money has gone out again.
pub(super) fn open_reversals(draft: &mut Draft<'_>) -> Result<(), SettlementError> {
    keep_no_more_than_was_earned(draft)?;
    let mut refunds: Vec<Refund> = draft.file.standing_refunds().rev().cloned().collect();
    refunds.sort_by_key(|refund| Reverse(refund.succeeded_at)); // the one that opens the gap comes first
    for refund in &refunds {
        for part in &refund.seller_parts {
            take_from_transfers(draft, refund.id, *part)?;
        }
    }
    for refund in &refunds {
        for part in &refund.seller_parts {
            leave_owing(draft, refund, *part)?;
        }
    }
    Ok(())
}

fn take_from_transfers(draft: &mut Draft<'_>, refund_id: RefundId, part: SellerPart) -> Result<(), SettlementError> {
    let SellerPart { seller_id, amount: part } = part;
    let completed = |transfer: &&Transfer| transfer.status() == TransferStatus::Completed;
    for transfer in draft.file.transfers_of(seller_id).filter(completed).cloned().collect::<Vec<_>>() {
        let excess = -draft.file.over(seller_id);
        let amount = excess.min(part.0).min(draft.file.uncovered(&transfer));
        if amount <= 0 {
            continue;
        }
        let amount = Money::new(amount, transfer.amount.currency);
        let earlier = draft.file.reversals_of(transfer.id).filter(|reversal| reversal.cause.refund() == Some(refund_id)).count();
        open(draft, Reversal::open(&transfer, refund_id, earlier, amount, draft.context.now))?;
        move_along(draft, transfer.id)?;
    }
    Ok(())
}

/// What is to come back beyond all that the order's transfers hold, or may yet come to hold.
fn leave_owing(draft: &mut Draft<'_>, refund: &Refund, part: SellerPart) -> Result<(), SettlementError> {
    use TransferStatus::{Completed, Failed, Pending};
    let SellerPart { seller_id, amount: part } = part;
    let can_give = |transfer: &&Transfer| matches!(transfer.status(), Pending | Failed | Completed);
    let given: i64 = draft.file.transfers_of(seller_id).filter(can_give).map(|transfer| draft.file.uncovered(transfer).max(0)).sum();
    let amount = (-draft.file.over(seller_id) - given).min(part.0);
    if amount <= 0 {
        return Ok(());
    }
    let amount = Money::new(amount, refund.amount.currency);
    let same = |debt: &&Reversal| debt.transfer_id.is_none() && debt.cause.refund() == Some(refund.id);
    let earlier = draft.file.debts_of(seller_id).filter(same).count();
    let debt = Reversal::open_debt(refund, seller_id, earlier, amount, &draft.context.reversals, draft.context.now);
    let detail = format!("{amount} owed by seller {seller_id}: the share had paid an earlier debt, so Connect holds nothing of it");
    draft.flag(Subject::Reversal(debt.id), Code::NothingAtConnect, detail);
    open(draft, debt)
}

fn open(draft: &mut Draft<'_>, reversal: Reversal) -> Result<(), SettlementError> {
    let posting = ledger::reversal_opened(reversal.id, reversal.order_id, reversal.seller_id, reversal.amount, draft.context.now)?;
    draft.put(Change::Reversal(reversal));
    draft.put(Change::Posting(posting));
    Ok(())
}

/// Moves a transfer as far as its reversals have come: all that is left of it is being taken back; then it is `reversed`, or as
/// far from it as it will get. What later shares have paid counts as taken back.
pub(super) fn move_along(draft: &mut Draft<'_>, id: TransferId) -> Result<(), SettlementError> {
    let transfer = draft.transfer(id)?;
    let open = draft.file.reversals_of(id).any(|reversal| reversal.status == ReversalStatus::ReversalPending);
    if transfer.status() == TransferStatus::Completed && draft.file.uncovered(&transfer) <= 0 && (open || transfer.left() == Minor::ZERO) {
        draft.put(Change::Transfer(transfer.moved(TransferStatus::ReversalPending)?));
        return move_along(draft, id);
    }
    if transfer.status() == TransferStatus::ReversalPending && !open {
        let ours = |reversal: &&Reversal| reversal.cause.refund().is_some();
        let netted: i64 = draft.file.reversals_of(id).filter(ours).map(|reversal| reversal.netted.0).sum();
        let back = transfer.left().0 <= netted;
        draft.put(Change::Transfer(transfer.moved(if back { TransferStatus::Reversed } else { TransferStatus::PermanentlyFailed })?));
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
