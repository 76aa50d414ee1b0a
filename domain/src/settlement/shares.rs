//! Shares on their way out: a transfer is opened for what the seller's debts leave of it, held while a dispute is open, and what a
//! seller has coming is first set off against what the same order has left the seller owing.

use super::draft::Draft;
use super::taking_back::{move_along, open_reversals};
use super::{Change, OrderFile, SettlementError};
use crate::attention::{Code, Subject};
use crate::ids::{ReversalId, TransferId, UserId, derive};
use crate::ledger::{self, Event};
use crate::money::{Minor, Money};
use crate::netting::Netting;
use crate::reversal::{Reversal, ReversalCause, ReversalStatus};
use crate::transfer::{Hold, Transfer, TransferStatus};
use std::time::Duration;

/// The id of one more transfer of a seller, after those there are.
pub(super) fn next_transfer_id(draft: &Draft<'_>, seller: UserId) -> TransferId {
    let earlier = draft.file.transfers_of(seller).count() as u64;
    let of = [seller.0.as_bytes().as_slice(), &earlier.to_be_bytes()].concat();
    TransferId(derive(draft.file.order.id.0, "transfer_again", &of))
}

/// Sends a seller `amount`: the oldest debts are paid first, a transfer is opened for what is left, if anything is.
pub(super) fn open_share(
    draft: &mut Draft<'_>,
    id: TransferId,
    seller: UserId,
    amount: Minor,
    replaces: Option<TransferId>,
) -> Result<(), SettlementError> {
    let (now, order_id) = (draft.context.now, draft.file.order.id);
    let left = pay_debts(draft, seller, amount)?;
    if left.is_positive() {
        let amount = Money { amount: left, currency: draft.file.order.total.currency };
        let transfer = Transfer::open(id, order_id, seller, amount, now).replacing(replaces);
        let opened = match draft.file.may_send(&transfer) {
            Ok(()) => transfer,
            Err(hold) => transfer.held(hold, &draft.context.transfers, now),
        };
        draft.put(Change::Transfer(opened));
    }
    Ok(())
}

/// Keeps what the seller owes from other orders, oldest first, and says what of `share` is left. The debtor's order is not
/// touched: the debt's own worker ends what is pending, and what was given up is over anyhow.
fn pay_debts(draft: &mut Draft<'_>, seller: UserId, share: Minor) -> Result<Minor, SettlementError> {
    let order = draft.file.order.clone();
    let payable = |debt: &&Reversal| {
        debt.seller_id == seller && debt.order_id != order.id && debt.amount.currency == order.total.currency && debt.may_be_netted()
    };
    let mut debts: Vec<Reversal> = draft.file.debts.iter().filter(payable).cloned().collect();
    debts.sort_by_key(|debt| (debt.created_at, debt.id));
    let mut left = share;
    for debt in debts {
        let paid = left.min(debt.open_amount());
        if paid.is_positive() {
            keep(draft, &debt, paid)?;
            let debt = debt.netted(paid, draft.context.now)?;
            if debt.status == ReversalStatus::PermanentlyFailed && debt.open_amount() == Minor::ZERO {
                draft.put(Change::Settled(Subject::Reversal(debt.id), Code::ReversalPermanentlyFailed));
            }
            draft.put(Change::Debt(debt));
            left = left.minus(paid)?;
        }
    }
    Ok(left)
}

/// The netting and its entries; the debt itself is the caller's.
fn keep(draft: &mut Draft<'_>, debt: &Reversal, paid: Minor) -> Result<(), SettlementError> {
    let (now, order_id) = (draft.context.now, draft.file.order.id);
    let earlier = draft.file.nettings.iter().filter(|netting| netting.reversal_id == debt.id).count();
    let id = Netting::id_of(debt.id, order_id, earlier);
    let (seller_id, amount) = (debt.seller_id, Money { amount: paid, currency: debt.amount.currency });
    draft.put(Change::Netting(Netting { id, order_id, reversal_id: debt.id, seller_id, amount, created_at: now }));
    draft.put(Change::Posting(ledger::netted(id, order_id, seller_id, amount, now)?));
    Ok(())
}

/// What a seller has earned and neither has nor is being sent goes out as a new transfer, once no reversal is open. Only what
/// comes undone leaves such a gap; what others took back at Connect is left out, until an operator says otherwise.
pub(super) fn send_what_is_missing(draft: &mut Draft<'_>, seller: UserId) -> Result<(), SettlementError> {
    set_off(draft, seller)?;
    if draft.file.has_open_reversal(seller) {
        return Ok(());
    }
    let missing = Minor(draft.file.missing(seller));
    if missing.is_positive() {
        open_share(draft, next_transfer_id(draft, seller), seller, missing, None)?;
        for given_up in draft.file.transfers_of(seller).filter(|row| !draft.file.carries(row)).map(|row| row.id).collect::<Vec<_>>() {
            draft.put(Change::Settled(Subject::Transfer(given_up), Code::TransferPermanentlyFailed));
        }
    }
    Ok(())
}

/// Sets off what a seller has coming from this order against what the same order left the seller owing, so that nobody is paid
/// and dunned at once. A reversal that Connect can carry out runs to its end instead, except against what somebody took back at
/// Connect by hand: that has done its work. True: no reversal is open any more.
pub(super) fn set_off(draft: &mut Draft<'_>, seller: UserId) -> Result<bool, SettlementError> {
    let open_before = draft.file.has_open_reversal(seller);
    for transfer in draft.file.transfers_of(seller).map(|transfer| transfer.id).collect::<Vec<_>>() {
        shrink_to_what_is_left(draft, transfer)?;
    }
    let mut debts: Vec<(bool, ReversalId)> = draft
        .file
        .debts_of(seller)
        .map(|debt| (debt.status == ReversalStatus::ReversalPending && debt.transfer_id.is_some(), debt.id))
        .collect();
    debts.sort(); // what Connect can carry out comes last
    for (at_connect, id) in debts {
        let debt = draft.reversal(id)?;
        let over = draft.file.over(seller);
        let against = if at_connect { over.min(draft.file.taken_by_others(seller)) } else { over };
        let paid = Minor(against.min(may_be_set_off(draft, &debt)));
        if paid.is_positive() {
            pay_own_debt(draft, debt, paid)?;
        }
    }
    open_reversals(draft)?;
    Ok(open_before && !draft.file.has_open_reversal(seller))
}

/// Sets off what can be, and sends what that leaves missing.
pub(super) fn set_off_and_send(draft: &mut Draft<'_>, seller: UserId) -> Result<(), SettlementError> {
    if set_off(draft, seller)? { send_what_is_missing(draft, seller) } else { Ok(()) }
}

/// Connect can't take back more than is left of a transfer: what others took of it by hand is off its open reversals, and what is
/// then still to come back is taken elsewhere.
fn shrink_to_what_is_left(draft: &mut Draft<'_>, id: TransferId) -> Result<(), SettlementError> {
    for debt in draft.file.reversals_of(id).filter(|row| row.is_at_rest()).cloned().collect::<Vec<_>>() {
        let beyond = -draft.file.uncovered(&draft.transfer(id)?);
        let paid = Minor(beyond.min(debt.open_amount().0));
        if paid.is_positive() {
            pay_own_debt(draft, debt, paid)?;
        }
    }
    Ok(())
}

fn may_be_set_off(draft: &Draft<'_>, debt: &Reversal) -> i64 {
    if debt.attempt.is_unknown() {
        return 0;
    }
    let caused = |refund_id| draft.file.standing_refunds().any(|refund| Some(refund.id) == refund_id);
    match debt.status {
        ReversalStatus::Reversed => 0,
        ReversalStatus::PermanentlyFailed if !caused(debt.cause.refund()) => debt.amount.amount.0 - debt.netted.0,
        ReversalStatus::ReversalPending | ReversalStatus::PermanentlyFailed => debt.open_amount().0,
    }
}

/// Sets `paid` of a debt of this order off. What of it had been written off is a debt again first.
fn pay_own_debt(draft: &mut Draft<'_>, debt: Reversal, paid: Minor) -> Result<(), SettlementError> {
    let now = draft.context.now;
    let written_off = Minor((paid.0 - debt.open_amount().0).max(0));
    if written_off.is_positive() {
        // A netting follows each time, so no two moments of one debt are the same.
        let earlier = draft.file.nettings.iter().filter(|netting| netting.reversal_id == debt.id).count() as u64;
        let event = Event::WriteOffUndone(debt.id, now.plus(Duration::from_micros(earlier)));
        let amount = Money { amount: written_off, currency: debt.amount.currency };
        draft.put(Change::Posting(ledger::written_off(event, debt.order_id, debt.seller_id, amount, true, now)?));
    }
    keep(draft, &debt, paid)?;
    let rest = Minor(debt.written_off.0 - written_off.0);
    let paid = Reversal { written_off: rest, ..debt }.netted(paid, now)?;
    let (id, over) = (paid.id, paid.open_amount() == Minor::ZERO);
    match (paid.status, paid.transfer_id) {
        (ReversalStatus::ReversalPending, transfer) if over => {
            draft.put(Change::Reversal(paid.closed()));
            match transfer {
                Some(transfer) => move_along(draft, transfer)?,
                None => draft.put(Change::Settled(Subject::Reversal(id), Code::NothingAtConnect)),
            }
        }
        (ReversalStatus::PermanentlyFailed, _) if over => {
            draft.put(Change::Reversal(paid));
            draft.put(Change::Settled(Subject::Reversal(id), Code::ReversalPermanentlyFailed));
        }
        _ => draft.put(Change::Reversal(paid)),
    }
    Ok(())
}

/// An operator sends `amount` of what others took back of a transfer again.
pub(super) fn replace_what_others_took(draft: &mut Draft<'_>, id: TransferId, amount: i64) -> Result<(), SettlementError> {
    let mut left = amount;
    let external = |row: &&Reversal| row.cause == ReversalCause::External;
    for row in draft.file.reversals_of(id).filter(external).cloned().collect::<Vec<_>>() {
        let part = left.min(row.open_amount().0);
        if part > 0 {
            left -= part;
            draft.put(Change::Reversal(row.netted(Minor(part), draft.context.now)?));
        }
    }
    Ok(())
}

/// What the platform keeps of a share is at most what the seller has earned: as far as a refund takes that back, it was never the
/// seller's to lose.
pub(super) fn keep_no_more_than_was_earned(draft: &mut Draft<'_>) -> Result<(), SettlementError> {
    for seller in draft.file.sellers() {
        let mut beyond = draft.file.kept(seller) - draft.file.share_left(seller).max(0);
        let kept = |row: &&Reversal| row.seller_id == seller && row.cause == ReversalCause::External && row.written_off.is_positive();
        for row in draft.file.reversals.iter().filter(kept).cloned().collect::<Vec<_>>() {
            let part = Minor(beyond.min(row.written_off.0));
            if part.is_positive() {
                beyond -= part.0;
                let event = Event::KeptBackUndone(row.id, draft.context.fresh);
                let amount = Money { amount: part, currency: row.amount.currency };
                let posting = ledger::kept_back(event, row.order_id, seller, amount, true, draft.context.now)?;
                draft.put(Change::Posting(posting));
                draft.put(Change::Reversal(Reversal { written_off: row.written_off.minus(part)?, ..row }));
            }
        }
    }
    Ok(())
}

/// What others took back and leaves a seller short waits on a person, until a refund accounts for it or an operator replaces it.
pub(super) fn list_what_others_took(draft: &mut Draft<'_>, before: &OrderFile) {
    for seller in draft.file.sellers() {
        let (was, is) = (before.withheld(seller), draft.file.withheld(seller));
        if was == is || is > 0 && is < was {
            continue;
        }
        let taken = |row: &Transfer| {
            let by_hand = |reversal: &Reversal| reversal.cause == ReversalCause::External && (is == 0 || reversal.open_amount().0 > 0);
            draft.file.reversals_of(row.id).any(by_hand)
        };
        for id in draft.file.transfers_of(seller).filter(|row| taken(row)).map(|row| row.id).collect::<Vec<_>>() {
            let subject = Subject::Transfer(id);
            if is > 0 {
                let detail = format!("taken back at Connect and not through us; seller {seller} lacks {is} that no refund accounts for");
                draft.flag(subject, Code::ExternalReversal, detail);
            } else {
                draft.put(Change::Settled(subject, Code::ExternalReversal));
            }
        }
    }
}

/// Holds what is not sent while a dispute is open, and lets it go when the last one has ended.
pub(super) fn hold_or_release(draft: &mut Draft<'_>) {
    let (now, policy) = (draft.context.now, draft.context.transfers);
    for transfer in draft.file.transfers.clone() {
        let waits = matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed) && !transfer.attempt.is_unknown();
        match (waits, draft.file.may_send(&transfer), transfer.hold) {
            (true, Err(hold), held) if held != Some(hold) => draft.put(Change::Transfer(transfer.held(hold, &policy, now))),
            (true, Ok(()), Some(Hold::Disputed)) => draft.put(Change::Transfer(transfer.released(now))),
            _ => {}
        }
    }
}
