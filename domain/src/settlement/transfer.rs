//! Answers to calls for transfers and reversals.

use super::draft::Draft;
use super::shares::{hold_or_release, send_what_is_missing, set_off, set_off_and_send};
use super::taking_back::{move_along, open_reversals};
use super::{Change, SettlementError, Verdict};
use crate::attention::{Code, Subject};
use crate::ids::{ReversalId, TransferId};
use crate::ledger;
use crate::money::{Minor, Money};
use crate::reversal::{LACKS_AN_ID, Reversal, ReversalStatus};
use crate::transfer::{CallOutcome, CallRefusal, Hold, TransferStatus};

pub(super) fn settle_transfer(draft: &mut Draft<'_>, id: TransferId, outcome: &CallOutcome) -> Result<Verdict, SettlementError> {
    let transfer = draft.transfer(id)?;
    if !matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed) {
        return Ok(Verdict::AlreadySettled);
    }
    if *outcome == CallOutcome::NotNeeded {
        return Ok(Verdict::NotFinal);
    }
    let wanted = !draft.file.is_refunded_in_full();
    let (policy, now) = (draft.context.transfers, draft.context.now);
    for step in transfer.after_call(outcome, wanted, &policy, now)? {
        draft.put(Change::Transfer(step));
    }
    let after = draft.transfer(id)?;
    match after.status() {
        TransferStatus::Completed => {
            draft.put(Change::Posting(ledger::transfer_completed(id, after.order_id, after.seller_id, after.amount, now)?));
            open_reversals(draft)?;
        }
        TransferStatus::PermanentlyFailed => {
            set_off(draft, after.seller_id)?;
            if draft.file.missing(after.seller_id) > 0 {
                let why = after.last_error.clone().unwrap_or_default();
                let detail = format!("{} to seller {}: {why}", after.amount, after.seller_id);
                draft.flag(Subject::Transfer(id), Code::TransferPermanentlyFailed, detail);
            }
        }
        _ => hold_or_release(draft),
    }
    Ok(Verdict::Settled)
}

pub(super) fn settle_reversal(draft: &mut Draft<'_>, id: ReversalId, outcome: &CallOutcome) -> Result<Verdict, SettlementError> {
    let reversal = draft.reversal(id)?;
    if reversal.status != ReversalStatus::ReversalPending {
        return Ok(Verdict::AlreadySettled);
    }
    if !reversal.needs_call() {
        return no_call_made(draft, reversal);
    }
    if *outcome == CallOutcome::NotNeeded {
        return Ok(Verdict::NotFinal);
    }
    let transfer = match reversal.transfer_id {
        Some(transfer) => draft.transfer(transfer)?,
        None => return Err(SettlementError::UnknownRow),
    };
    let (policy, now) = (draft.context.reversals, draft.context.now);
    let taken = reversal.open_amount();
    let after = match (&transfer.stripe_transfer_id, outcome) {
        (None, _) => reversal.clone().given_up(LACKS_AN_ID),
        (Some(_), CallOutcome::Done { provider_id: None }) if taken > transfer.left() => {
            // Somebody took a part of it back by hand, so it was not our call: what is left of the debt is tried again.
            let message = "less is left of the transfer than is to be taken back".to_owned();
            reversal.after_call(&CallOutcome::Refused { refusal: CallRefusal::Other, message }, &policy, now)
        }
        (Some(_), outcome) => reversal.after_call(outcome, &policy, now),
    };
    match after.status {
        ReversalStatus::ReversalPending => {
            draft.put(Change::Reversal(after));
            set_off_and_send(draft, transfer.seller_id)?;
        }
        ReversalStatus::Reversed if taken > transfer.left() => {
            let detail = format!("Connect took {} back, and our books had {} left", taken.0, transfer.left().0);
            draft.flag(Subject::Transfer(transfer.id), Code::TransferMismatch, detail);
            return Ok(Verdict::AmountMismatch);
        }
        ReversalStatus::Reversed => {
            let amount = Money { amount: taken, currency: reversal.amount.currency };
            draft.put(Change::Reversal(after));
            draft.put(Change::Posting(ledger::reversal_done(id, transfer.order_id, transfer.seller_id, amount, now)?));
            draft.put(Change::Transfer(transfer.clone().taken_back(taken)?));
            ended(draft, transfer.id)?;
        }
        ReversalStatus::PermanentlyFailed => {
            let why = after.last_error.clone().unwrap_or_default();
            draft.put(Change::Reversal(after));
            ended(draft, transfer.id)?;
            let owed = draft.reversal(id)?.open_amount();
            if owed.is_positive() {
                let owed = Money { amount: owed, currency: reversal.amount.currency };
                let detail = format!("{owed} owed by seller {}: {why}", transfer.seller_id);
                draft.flag(Subject::Reversal(id), Code::ReversalPermanentlyFailed, detail);
            }
        }
    }
    Ok(Verdict::Settled)
}

/// Later shares have paid all of it, so it ends; or no transfer holds it, so it waits on.
fn no_call_made(draft: &mut Draft<'_>, reversal: Reversal) -> Result<Verdict, SettlementError> {
    if reversal.open_amount() == Minor::ZERO {
        let of = reversal.transfer_id;
        let seller = reversal.seller_id;
        let id = reversal.id;
        draft.put(Change::Reversal(reversal.closed()));
        match of {
            Some(transfer) => ended(draft, transfer)?,
            None => {
                draft.put(Change::Settled(Subject::Reversal(id), Code::NothingAtConnect));
                send_what_is_missing(draft, seller)?;
            }
        }
    } else {
        let (policy, now) = (draft.context.reversals, draft.context.now);
        draft.put(Change::Reversal(reversal.held(Hold::NothingAtConnect, &policy, now)));
    }
    Ok(Verdict::Settled)
}

/// A reversal of a transfer has ended, one way or another.
fn ended(draft: &mut Draft<'_>, transfer: TransferId) -> Result<(), SettlementError> {
    move_along(draft, transfer)?;
    let seller = draft.transfer(transfer)?.seller_id;
    send_what_is_missing(draft, seller)
}
