//! What the rows of one order add up to: where the order stands, and what each seller was sent, has earned and owes.
//!
//! Every rule that opens, ends or nets something asks these sums and not its own history, so facts may come in any order.
//! For a seller, in minor units:
//! - `earned`: shares of granted lines, less what the refunds that stand take back and what an operator has kept;
//! - `sent`: what transfers carry and have not given back, plus what was kept to pay debts, less what later shares paid of this
//!   order's own debts;
//! - `covered`: what this order's reversals are taking back or were given up taking back;
//! - `over` = `earned + covered − sent`: above zero the seller has something coming, below zero a reversal is missing.

use super::OrderFile;
use crate::dispute::Dispute;
use crate::ids::{DisputeId, TransferId, UserId};
use crate::money::Money;
use crate::order::{OrderLine, OrderStatus};
use crate::refund::{Refund, RefundOrigin, RefundStatus};
use crate::reversal::{Reversal, ReversalCause, ReversalStatus};
use crate::transfer::{Hold, Transfer, TransferStatus};

impl OrderFile {
    /// Where the order stands. Follows from its rows alone: a refund in flight shows first, then a lost dispute, then one that is open or
    /// whose loss can't be booked yet, then what was refunded. An unpaid order is what its payment made it.
    #[must_use]
    pub fn status(&self) -> OrderStatus {
        let order = &self.order;
        if !order.is_paid() {
            order.status
        } else if self.refund_in_flight() {
            OrderStatus::RefundPending
        } else if self.standing_refunds().any(|refund| refund.origin.dispute().is_some()) {
            OrderStatus::ChargedBack
        } else if self.disputes.iter().any(|dispute| self.holds_shares(dispute)) {
            OrderStatus::Disputed
        } else {
            OrderStatus::settled(order.total.amount, order.refunded)
        }
    }

    /// Is one of its refunds in flight?
    #[must_use]
    pub fn refund_in_flight(&self) -> bool {
        self.refunds.iter().any(|refund| refund.status == RefundStatus::Pending)
    }

    /// Is a dispute of its payment open?
    #[must_use]
    pub fn has_open_dispute(&self) -> bool {
        self.disputes.iter().any(|dispute| dispute.status.is_open())
    }

    /// May its worker send `transfer` now? Not while a dispute is open, nor after one was lost that the books can't take yet (another
    /// currency, and nobody has said what it is worth): then it waits with that hold, and what may have been sent before is only looked up.
    ///
    /// # Errors
    /// The reason to hold it.
    pub fn may_send(&self, transfer: &Transfer) -> Result<(), Hold> {
        let held = transfer.order_id == self.order.id && self.disputes.iter().any(|dispute| self.holds_shares(dispute));
        if held { Err(Hold::Disputed) } else { Ok(()) }
    }

    fn holds_shares(&self, dispute: &Dispute) -> bool {
        dispute.status.is_open() || dispute.status.is_lost() && self.loss_amount(dispute).is_none()
    }

    pub(super) fn is_in_currency(&self, dispute: &Dispute) -> bool {
        dispute.amount.currency == self.order.total.currency
    }

    /// What the books take a dispute's loss to be, in the order's currency.
    pub(super) fn loss_amount(&self, dispute: &Dispute) -> Option<Money> {
        dispute.loss_in(self.order.total.currency)
    }

    /// The refunds that stand, oldest first.
    pub(super) fn standing_refunds(&self) -> impl DoubleEndedIterator<Item = &Refund> {
        self.refunds.iter().filter(|refund| refund.status == RefundStatus::Succeeded)
    }

    /// The refund by which a lost dispute is booked.
    pub(super) fn loss_of(&self, dispute: DisputeId) -> Option<&Refund> {
        self.standing_refunds().find(|refund| refund.origin == RefundOrigin::Dispute(dispute))
    }

    /// The refund by which a payment that did not stand is booked.
    pub(super) fn payment_undone(&self) -> Option<&Refund> {
        self.standing_refunds().find(|refund| refund.origin == RefundOrigin::PaymentUndone)
    }

    pub(super) fn is_refunded_in_full(&self) -> bool {
        self.order.total.amount.is_positive() && self.order.refunded >= self.order.total.amount
    }

    pub(super) fn sellers(&self) -> Vec<UserId> {
        let mut sellers: Vec<UserId> = self.lines.iter().map(|line| line.seller_id).collect();
        sellers.sort();
        sellers.dedup();
        sellers
    }

    pub(super) fn transfers_of(&self, seller: UserId) -> impl Iterator<Item = &Transfer> {
        self.transfers.iter().filter(move |transfer| transfer.seller_id == seller)
    }

    /// The reversals of a transfer, whoever made them.
    pub(super) fn reversals_of(&self, transfer: TransferId) -> impl Iterator<Item = &Reversal> {
        self.reversals.iter().filter(move |reversal| reversal.transfer_id == Some(transfer))
    }

    /// A seller's debts from this order, open, paid and given up.
    pub(super) fn debts_of(&self, seller: UserId) -> impl Iterator<Item = &Reversal> {
        self.reversals.iter().filter(move |reversal| reversal.seller_id == seller && reversal.cause != ReversalCause::External)
    }

    /// A transfer that was given up on its way out carries nothing; one that was given up on its way back has a reversal.
    pub(super) fn carries(&self, transfer: &Transfer) -> bool {
        transfer.status() != TransferStatus::PermanentlyFailed || self.reversals_of(transfer.id).next().is_some()
    }

    /// What of a transfer lies at Connect and no reversal is taking back or was given up taking back.
    pub(super) fn uncovered(&self, transfer: &Transfer) -> i64 {
        transfer.left().0 - self.reversals_of(transfer.id).map(covers).sum::<i64>()
    }

    /// Never below zero: an order that granted nothing earns nothing, and its refund takes nothing back.
    pub(super) fn earned(&self, seller: UserId) -> i64 {
        (self.share_left(seller) - self.kept(seller)).max(0)
    }

    /// Shares of granted lines, less what the refunds that stand take back.
    pub(super) fn share_left(&self, seller: UserId) -> i64 {
        let granted = |line: &&OrderLine| line.seller_id == seller && self.licences.iter().any(|licence| licence.line_id == line.id);
        let share: i64 = self.lines.iter().filter(granted).map(|line| line.share.0).sum();
        let parts = self.standing_refunds().flat_map(|refund| &refund.seller_parts);
        share - parts.filter(|part| part.seller_id == seller).map(|part| part.amount.0).sum::<i64>()
    }

    /// What others took back from a seller at Connect and the seller is not to have, by an operator's word.
    pub(super) fn kept(&self, seller: UserId) -> i64 {
        let external = |reversal: &&Reversal| reversal.seller_id == seller && reversal.cause == ReversalCause::External;
        self.reversals.iter().filter(external).map(|reversal| reversal.written_off.0).sum()
    }

    pub(super) fn sent(&self, seller: UserId) -> i64 {
        let carried: i64 = self.transfers_of(seller).filter(|transfer| self.carries(transfer)).map(|transfer| transfer.left().0).sum();
        let kept: i64 = self.nettings.iter().filter(|netting| netting.seller_id == seller).map(|netting| netting.amount.amount.0).sum();
        carried + kept - self.debts_of(seller).map(|debt| debt.netted.0).sum::<i64>()
    }

    pub(super) fn covered(&self, seller: UserId) -> i64 {
        self.debts_of(seller).map(covers).sum()
    }

    pub(super) fn over(&self, seller: UserId) -> i64 {
        self.earned(seller) + self.covered(seller) - self.sent(seller)
    }

    /// What others took back from a seller at Connect and no operator has replaced or kept.
    pub(super) fn taken_by_others(&self, seller: UserId) -> i64 {
        let external = |reversal: &&Reversal| reversal.seller_id == seller && reversal.cause == ReversalCause::External;
        self.reversals.iter().filter(external).map(|reversal| reversal.open_amount().0).sum()
    }

    /// What of that leaves the seller short, because no refund accounts for it: it is not sent again by itself.
    pub(super) fn withheld(&self, seller: UserId) -> i64 {
        self.taken_by_others(seller).min(self.over(seller).max(0))
    }

    /// What a seller has earned or may keep and neither has nor is being sent, without what is withheld.
    pub(super) fn missing(&self, seller: UserId) -> i64 {
        let may_keep: i64 = self.debts_of(seller).map(|debt| debt.written_off.0).sum();
        self.earned(seller) + may_keep - self.sent(seller) - self.withheld(seller)
    }

    pub(super) fn has_open_reversal(&self, seller: UserId) -> bool {
        self.debts_of(seller).any(|debt| debt.status == ReversalStatus::ReversalPending)
    }
}

/// What a reversal is still to take back, or was given up taking back; what Connect has carried out is off the transfer already.
fn covers(reversal: &Reversal) -> i64 {
    match reversal.status {
        ReversalStatus::ReversalPending => reversal.open_amount().0,
        ReversalStatus::Reversed => 0,
        ReversalStatus::PermanentlyFailed => reversal.amount.amount.0 - reversal.netted.0,
    }
}
