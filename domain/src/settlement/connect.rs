//! What Connect has of a transfer, read now: reversals that are ours, and those that somebody made by hand (spec/01-money §5).

use super::draft::Draft;
use super::operators::learn_id;
use super::shares::set_off_and_send;
use super::taking_back::move_along;
use super::transfer::{settle_reversal, settle_transfer};
use super::{Change, SettlementError, Verdict};
use crate::attention::{Code, Subject};
use crate::ids::{ReversalId, TransferId};
use crate::ledger;
use crate::money::Money;
use crate::reversal::{Reversal, ReversalStatus};
use crate::transfer::{CallOutcome, Transfer, TransferStatus};

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

pub(super) fn settle(draft: &mut Draft<'_>, id: TransferId, fact: &ConnectTransferFact) -> Result<Verdict, SettlementError> {
    let transfer = draft.transfer(id)?;
    if let Some(odd) = is_another(&transfer, fact) {
        let code = if transfer.stripe_transfer_id.as_ref().is_some_and(|ours| *ours != fact.id) {
            Code::TransferPaidTwice
        } else {
            Code::TransferMismatch
        };
        draft.flag(Subject::Transfer(id), code, odd);
        return Ok(Verdict::AmountMismatch);
    }
    let mut moved = arrived(draft, transfer, fact)?;
    for reversal in &fact.reversals {
        moved |= settle_one(draft, id, reversal)?;
    }
    Ok(if moved { Verdict::Settled } else { Verdict::AlreadySettled })
}

/// Why it is not the transfer that we made.
fn is_another(transfer: &Transfer, fact: &ConnectTransferFact) -> Option<String> {
    let at_connect = format!("Connect has {} of {} {}", fact.id, fact.amount, fact.currency);
    match &transfer.stripe_transfer_id {
        Some(ours) if *ours != fact.id => Some(format!("{at_connect} beside {ours}")),
        _ if fact.amount != transfer.amount.amount.0 || !fact.currency.eq_ignore_ascii_case(transfer.amount.currency.code()) => {
            Some(format!("{at_connect}; ours is {}", transfer.amount))
        }
        _ => None,
    }
}

/// Connect has it: that is an answer to a call whose outcome we did not know, and its id where we had none.
fn arrived(draft: &mut Draft<'_>, transfer: Transfer, fact: &ConnectTransferFact) -> Result<bool, SettlementError> {
    if matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed) {
        settle_transfer(draft, transfer.id, &CallOutcome::Done { provider_id: Some(fact.id.clone()) })?;
        return Ok(true);
    }
    if transfer.stripe_transfer_id.is_some() {
        return Ok(false);
    }
    if !draft.file.carries(&transfer) {
        let detail = format!("Connect has {} of {}, which we gave up sending", fact.id, transfer.amount);
        draft.flag(Subject::Transfer(transfer.id), Code::TransferMismatch, detail);
        return Ok(true);
    }
    learn_id(draft, transfer, &fact.id)?;
    Ok(true)
}

/// Books a reversal that Connect has, if it is not booked yet. False: nothing changed.
fn settle_one(draft: &mut Draft<'_>, id: TransferId, seen: &ConnectReversal) -> Result<bool, SettlementError> {
    let known = |row: &Reversal| row.stripe_reversal_id.as_deref() == Some(seen.id.as_str());
    let transfer = draft.transfer(id)?;
    if draft.file.reversals_of(id).any(known) || !draft.file.carries(&transfer) {
        return Ok(false);
    }
    let same_amount = |row: &&Reversal| row.open_amount().0 == seen.amount;
    // Carried out without our learning its id ("already reversed").
    let nameless =
        |row: &&Reversal| row.status == ReversalStatus::Reversed && row.cause.refund().is_some() && row.stripe_reversal_id.is_none();
    let done = draft.file.reversals_of(id).filter(same_amount).find(nameless).cloned();
    if let Some(row) = done {
        draft.put(Change::Reversal(Reversal { stripe_reversal_id: Some(seen.id.clone()), ..row }));
        return Ok(true);
    }
    // Ours by its metadata; or by hand, in the place of one that is not being sent.
    let pending = |row: &&Reversal| row.status == ReversalStatus::ReversalPending;
    let open: Vec<&Reversal> = draft.file.reversals_of(id).filter(pending).filter(same_amount).collect();
    let by_name = open.iter().find(|row| Some(row.id) == seen.reversal_id);
    let ours = by_name.or_else(|| open.iter().find(|row| !row.attempt.is_unknown())).map(|row| row.id);
    if let Some(ours) = ours {
        settle_reversal(draft, ours, &CallOutcome::Done { provider_id: Some(seen.id.clone()) })?;
        return Ok(true);
    }
    // "Already reversed" means that nothing is left at Connect, so what our books have left is what others took, and no more.
    let gone = draft.file.reversals_of(id).any(|row| nameless(&row));
    let amount = if gone { seen.amount.min(transfer.left().0) } else { seen.amount };
    if gone && amount == 0 {
        return Ok(false);
    }
    import(draft, transfer, seen, amount)
}

/// Somebody else's: booked, and left to a person as far as no refund accounts for it.
fn import(draft: &mut Draft<'_>, transfer: Transfer, seen: &ConnectReversal, amount: i64) -> Result<bool, SettlementError> {
    let now = draft.context.now;
    let (id, seller) = (transfer.id, transfer.seller_id);
    let amount = Money::new(amount, transfer.amount.currency);
    if !amount.amount.is_positive() || amount.amount > transfer.left() {
        let detail = format!("{} of {amount} at Connect, of which our books have {} left; nothing was booked", seen.id, transfer.left().0);
        draft.flag(Subject::Transfer(id), Code::ExternalReversal, detail);
        return Ok(true);
    }
    let reversal = Reversal::external(&transfer, &seen.id, amount, now);
    let row = reversal.id;
    draft.put(Change::Reversal(reversal));
    draft.put(Change::Posting(ledger::external_reversal(row, transfer.order_id, seller, amount, now)?));
    draft.put(Change::Transfer(transfer.taken_back(amount.amount)?));
    move_along(draft, id)?;
    set_off_and_send(draft, seller)?;
    Ok(true)
}
