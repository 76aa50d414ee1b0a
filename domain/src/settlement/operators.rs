//! What operators do by hand to transfers and reversals (spec/01-money §5). Two who press the same button act once: the second is
//! refused, or finds that nothing is left to change.

use super::dispute::book_as;
use super::draft::Draft;
use super::shares::{next_transfer_id, open_share, replace_what_others_took, send_what_is_missing, set_off, set_off_and_send};
use super::taking_back::move_along;
use super::{Change, Context, OrderFile, SettlementError};
use crate::attention::{Code, Subject};
use crate::dispute::DisputeStatus;
use crate::ids::{DisputeId, ReversalId, TransferId};
use crate::ledger::{self, Event};
use crate::money::{Minor, Money};
use crate::reversal::{Reversal, ReversalCause, ReversalStatus};
use crate::transfer::{Hold, Transfer, TransferStatus};

/// Why a transfer is not tried again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RetryRefusal {
    /// The order has no such transfer.
    #[error("the order has no such transfer")]
    Unknown,
    /// Only a failed one is tried again.
    #[error("the transfer is {}; only a failed one can be tried again", .0.as_str())]
    NotFailed(TransferStatus),
    /// A dispute holds it.
    #[error("a dispute of the order holds its transfers")]
    Disputed,
}

/// Makes a refused transfer due at once, whatever it waited for, with a fresh budget of retries.
///
/// # Errors
/// [`RetryRefusal`].
pub fn decide_retry_transfer(file: &OrderFile, id: TransferId, context: &Context) -> Result<Vec<Change>, RetryRefusal> {
    let transfer = file.transfers.iter().find(|transfer| transfer.id == id).ok_or(RetryRefusal::Unknown)?;
    match (transfer.status(), file.may_send(transfer)) {
        (TransferStatus::Failed, Err(Hold::Disputed)) => Err(RetryRefusal::Disputed),
        (TransferStatus::Failed, _) => Ok(vec![Change::Transfer(transfer.clone().retried(context.now))]),
        (status, _) => Err(RetryRefusal::NotFailed(status)),
    }
}

/// Why a transfer is not replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReplaceRefusal {
    /// The order has no such transfer.
    #[error("the order has no such transfer")]
    Unknown,
    /// It is on its way, or with the seller: neither was it given up, nor has anybody taken it back by hand.
    #[error("the transfer is {}; only one that was given up or taken back at Connect by hand can be replaced", .0.as_str())]
    NotReplaceable(TransferStatus),
    /// The seller has, or is being sent, all that was earned: perhaps it was replaced already.
    #[error("nothing is missing: the seller has or is being sent all that was earned")]
    NothingMissing,
    /// The books can't take it.
    #[error(transparent)]
    Books(#[from] SettlementError),
}

/// Opens a new transfer in the place of one that was given up, or of what others took back of one at Connect: for as much as the
/// seller has earned and lacks, never more. Debts are paid from it as from any share. The caller has made sure by a look-up that
/// Connect does not have the one that was given up.
///
/// # Errors
/// [`ReplaceRefusal`].
pub fn decide_replace_transfer(file: &OrderFile, id: TransferId, context: &Context) -> Result<Vec<Change>, ReplaceRefusal> {
    let transfer = file.transfers.iter().find(|transfer| transfer.id == id).ok_or(ReplaceRefusal::Unknown)?;
    let seller = transfer.seller_id;
    let external = |row: &&Reversal| row.cause == ReversalCause::External;
    let given_up = !file.carries(transfer);
    if !given_up && file.reversals_of(id).find(external).is_none() {
        return Err(ReplaceRefusal::NotReplaceable(transfer.status()));
    }
    if given_up && file.transfers.iter().any(|row| row.replaces == Some(id) && file.carries(row)) {
        return Err(ReplaceRefusal::NothingMissing);
    }
    let mut draft = Draft::new(file, context);
    set_off(&mut draft, seller)?;
    let taken: i64 = draft.file.reversals_of(id).filter(external).map(|row| row.open_amount().0).sum();
    let lacks = draft.file.missing(seller);
    let amount = if given_up { lacks.min(transfer.amount.amount.0) } else { (lacks + draft.file.withheld(seller)).min(taken) };
    if amount <= 0 {
        return Err(ReplaceRefusal::NothingMissing);
    }
    if given_up {
        draft.put(Change::Settled(Subject::Transfer(id), Code::TransferPermanentlyFailed));
    } else {
        replace_what_others_took(&mut draft, id, amount)?;
    }
    let new = next_transfer_id(&draft, seller);
    open_share(&mut draft, new, seller, Minor(amount), Some(id))?;
    Ok(draft.changes())
}

/// Why nothing is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeepRefusal {
    /// The order has no such transfer.
    #[error("the order has no such transfer")]
    Unknown,
    /// Nobody took anything of it by hand, or it was replaced, kept or refunded since.
    #[error("nothing of the transfer was taken back by hand that the seller has earned and still lacks")]
    NothingWithheld,
    /// The books can't take it.
    #[error(transparent)]
    Books(#[from] SettlementError),
}

/// What others took back of a transfer at Connect is not to go to the seller: the platform keeps it, as far as no refund accounts for
/// it and the seller has earned it by this order. What is missing beyond that, because another order's share has paid for it already,
/// is not to be kept. The other answer to it is [`decide_replace_transfer`].
///
/// # Errors
/// [`KeepRefusal`].
pub fn decide_keep_back(file: &OrderFile, id: TransferId, context: &Context) -> Result<Vec<Change>, KeepRefusal> {
    let transfer = file.transfers.iter().find(|transfer| transfer.id == id).ok_or(KeepRefusal::Unknown)?;
    let seller = transfer.seller_id;
    let mut draft = Draft::new(file, context);
    set_off(&mut draft, seller)?;
    let earned = draft.file.share_left(seller) - draft.file.kept(seller);
    let mut left = draft.file.withheld(seller).min(earned);
    let external = |row: &&Reversal| row.cause == ReversalCause::External && row.open_amount().is_positive();
    let rows: Vec<Reversal> = draft.file.reversals_of(id).filter(external).cloned().collect();
    if left <= 0 || rows.is_empty() {
        return Err(KeepRefusal::NothingWithheld);
    }
    for row in rows {
        let part = Minor(left.min(row.open_amount().0));
        if part.is_positive() {
            left -= part.0;
            let amount = Money { amount: part, currency: row.amount.currency };
            let event = Event::KeptBack(row.id, context.fresh);
            let posting = ledger::kept_back(event, row.order_id, seller, amount, false, context.now).map_err(SettlementError::from)?;
            draft.put(Change::Posting(posting));
            draft.put(Change::Reversal(Reversal { written_off: Minor(row.written_off.0 + part.0), ..row }));
        }
    }
    Ok(draft.changes())
}

/// Why a debt is not written off.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteOffRefusal {
    /// The order has no such reversal.
    #[error("the order has no such reversal")]
    Unknown,
    /// It was carried out, paid or written off: nobody owes it.
    #[error("nothing of it is owed")]
    NothingOwed,
    /// A call for it may be taking effect.
    #[error("a call for it is under way")]
    InFlight,
    /// The books can't take it.
    #[error(transparent)]
    Books(#[from] SettlementError),
}

/// Takes what is open of a reversal upon the platform: nothing more is tried, and the seller does not owe it any more. What the
/// seller has coming from the same order is set off first.
///
/// # Errors
/// [`WriteOffRefusal`].
pub fn decide_write_off(file: &OrderFile, id: ReversalId, context: &Context) -> Result<Vec<Change>, WriteOffRefusal> {
    let known = file.reversals.iter().find(|reversal| reversal.id == id).ok_or(WriteOffRefusal::Unknown)?;
    if known.cause == ReversalCause::External || known.status == ReversalStatus::Reversed || !known.open_amount().is_positive() {
        return Err(WriteOffRefusal::NothingOwed);
    }
    if known.attempt.is_unknown() {
        return Err(WriteOffRefusal::InFlight);
    }
    let mut draft = Draft::new(file, context);
    set_off(&mut draft, known.seller_id)?;
    let reversal = draft.reversal(id)?;
    let open = reversal.open_amount();
    if open.is_positive() {
        let amount = Money { amount: open, currency: reversal.amount.currency };
        let event = Event::WrittenOff(id);
        let posting = ledger::written_off(event, reversal.order_id, reversal.seller_id, amount, false, context.now);
        let written_off = Minor(reversal.written_off.0 + open.0);
        let (seller, transfer) = (reversal.seller_id, reversal.transfer_id);
        draft.put(Change::Reversal(Reversal { written_off, ..reversal.given_up("written off by an operator") }));
        draft.put(Change::Posting(posting.map_err(SettlementError::from)?));
        draft.put(Change::Settled(Subject::Reversal(id), Code::ReversalPermanentlyFailed));
        match transfer {
            Some(transfer) => move_along(&mut draft, transfer)?,
            None => draft.put(Change::Settled(Subject::Reversal(id), Code::NothingAtConnect)),
        }
        send_what_is_missing(&mut draft, seller)?;
    }
    Ok(draft.changes())
}

/// Why a loss is not booked by hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BookLossRefusal {
    /// The order has no such dispute.
    #[error("the order has no such dispute")]
    Unknown,
    /// It is in the order's currency: it is booked by itself.
    #[error("the dispute is in the order's currency: its loss is booked by itself")]
    InCurrency,
    /// Nobody has lost it (yet), or the order was not paid.
    #[error("the dispute is {}: there is no loss to book", .0.as_str())]
    NotLost(DisputeStatus),
    /// It has been done.
    #[error("its loss is booked")]
    Booked,
    /// Nothing, or less.
    #[error("a loss is more than nothing")]
    NotPositive,
    /// The books can't take it.
    #[error(transparent)]
    Books(#[from] SettlementError),
}

/// Books the loss of a dispute that is in another currency than its order, as `amount` of the order's: what of it the order has left
/// goes back like a refund, the rest is the platform's loss, and the shares that it held go their way.
///
/// # Errors
/// [`BookLossRefusal`].
pub fn decide_book_loss(file: &OrderFile, id: DisputeId, amount: Minor, context: &Context) -> Result<Vec<Change>, BookLossRefusal> {
    let dispute = file.disputes.iter().find(|dispute| dispute.id == id).ok_or(BookLossRefusal::Unknown)?;
    if file.is_in_currency(dispute) {
        return Err(BookLossRefusal::InCurrency);
    }
    if !dispute.status.is_lost() || !file.order.is_paid() {
        return Err(BookLossRefusal::NotLost(dispute.status));
    }
    if dispute.booked_as.is_some() {
        return Err(BookLossRefusal::Booked);
    }
    if !amount.is_positive() {
        return Err(BookLossRefusal::NotPositive);
    }
    let mut draft = Draft::new(file, context);
    book_as(&mut draft, dispute, amount)?;
    Ok(draft.changes())
}

/// Why a transfer does not take over an id.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AdoptRefusal {
    /// The order has no such transfer.
    #[error("the order has no such transfer")]
    Unknown,
    /// Connect does not have it, as far as we know.
    #[error("the transfer is {}: Connect does not have it, as far as our books go", .0.as_str())]
    NotAtConnect(TransferStatus),
    /// It has another id.
    #[error("the transfer has another id")]
    HasAnother,
    /// The books can't take it.
    #[error(transparent)]
    Books(#[from] SettlementError),
}

/// Stores Connect's id of a transfer that was completed without one (`veza backfill-transfer-ids`); reversals that were given up for
/// lack of it are due again.
///
/// # Errors
/// [`AdoptRefusal`].
pub fn decide_adopt_transfer_id(file: &OrderFile, id: TransferId, stripe_id: &str, context: &Context) -> Result<Vec<Change>, AdoptRefusal> {
    let transfer = file.transfers.iter().find(|transfer| transfer.id == id).ok_or(AdoptRefusal::Unknown)?;
    let open = matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed);
    match &transfer.stripe_transfer_id {
        Some(ours) if ours == stripe_id => Ok(Vec::new()),
        Some(_) => Err(AdoptRefusal::HasAnother),
        None if open || !file.carries(transfer) => Err(AdoptRefusal::NotAtConnect(transfer.status())),
        None => {
            let mut draft = Draft::new(file, context);
            learn_id(&mut draft, transfer.clone(), stripe_id)?;
            Ok(draft.changes())
        }
    }
}

/// A transfer's id at Connect is found: what was given up for lack of it is tried after all.
pub(super) fn learn_id(draft: &mut Draft<'_>, transfer: Transfer, stripe_id: &str) -> Result<(), SettlementError> {
    let (id, seller) = (transfer.id, transfer.seller_id);
    draft.put(Change::Transfer(transfer.known_as(stripe_id)));
    for row in draft.file.reversals_of(id).filter(|row| row.lacks_an_id()).cloned().collect::<Vec<_>>() {
        draft.put(Change::Settled(Subject::Reversal(row.id), Code::ReversalPermanentlyFailed));
        draft.put(Change::Reversal(row.reopened(draft.context.now)));
    }
    set_off_and_send(draft, seller)
}
