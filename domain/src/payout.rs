//! Sellers' Connect accounts, balances, and payouts to their banks (spec/01-money §5).

use crate::ids::UserId;
use crate::money::{Minor, Money};
use crate::time::Timestamp;

/// A seller's account at Connect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SellerAccount {
    /// Whose.
    pub seller_id: UserId,
    /// Connect's id; none between our decision to open one and Connect's answer.
    pub stripe_account_id: Option<String>,
    /// The `transfers` capability is active: it can receive.
    pub transfers_enabled: bool,
    /// It can pay out to its bank; only shown.
    pub payouts_enabled: bool,
    /// When the seller asked for it; the idempotency key of its creation is the seller's id.
    pub created_at: Timestamp,
    /// When Connect was last asked.
    pub checked_at: Option<Timestamp>,
}

/// What the books say about a seller in one currency, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SellerBooks {
    /// Balance of `seller_payable` (credits below zero).
    pub payable: Minor,
    /// Balance of `seller_receivable` (debits above zero).
    pub receivable: Minor,
    /// Sum of the transfers that wait: for an account, for money to become available, for a dispute to end (any [`crate::transfer::Hold`]).
    pub held: Minor,
}

/// A seller's balance as shown, in minor units; nothing is below zero.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SellerBalance {
    /// Earned, releasable now, not yet transferred, less debts.
    pub available: Minor,
    /// Earned but held: the account is not ready, card money is not available yet, or a dispute is open.
    pub pending: Minor,
    /// Debts: refunded after it was transferred.
    pub owed: Minor,
}

/// Reads a seller's balance off the books. A clamp may hide a debt, it does not lose one: `owed` has it.
#[must_use]
pub fn balance(books: SellerBooks) -> SellerBalance {
    let earned = books.payable.0.saturating_neg();
    let pending = books.held.0.clamp(0, earned.max(0));
    let owed = books.receivable.0.max(0).saturating_add(earned.saturating_neg().max(0));
    let available = earned.max(0).saturating_sub(pending).saturating_sub(owed).max(0);
    SellerBalance { available: Minor(available), pending: Minor(pending), owed: Minor(owed) }
}

/// Where a payout to a seller's bank stands; Connect's words (contracts/stripe.md §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PayoutStatus {
    /// To be sent.
    Pending,
    /// On its way.
    InTransit,
    /// At the bank; it may still come back.
    Paid,
    /// It came back, or never went: the money is in the Connect account.
    Failed,
    /// It was called off.
    Canceled,
}

impl PayoutStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Pending, Self::InTransit, Self::Paid, Self::Failed, Self::Canceled];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::InTransit => "in_transit",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Canceled => "canceled",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// A payout from a seller's Connect account to the seller's bank: a mirror of Connect's, which makes it by itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payout {
    /// Connect's id, `po_…`.
    pub id: String,
    /// Whose.
    pub seller_id: UserId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: PayoutStatus,
    /// Connect's code and words, where it failed.
    pub failure: Option<String>,
    /// When Connect says that it arrives.
    pub arrives_at: Option<Timestamp>,
    /// When Connect made it.
    pub created_at: Timestamp,
    /// When we learnt of this status.
    pub updated_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(payable: i64, receivable: i64, held: i64) -> (i64, i64, i64) {
        let balance = balance(SellerBooks { payable: Minor(payable), receivable: Minor(receivable), held: Minor(held) });
        (balance.available.0, balance.pending.0, balance.owed.0)
    }

    #[test]
    fn a_debt_is_shown_and_the_available_part_never_goes_below_zero() {
        assert_eq!(shown(-900, 0, 0), (900, 0, 0));
        assert_eq!(shown(-900, 0, 900), (0, 900, 0));
        assert_eq!(shown(-900, 400, 0), (500, 0, 400));
        assert_eq!(shown(0, 400, 0), (0, 0, 400));
        assert_eq!(shown(100, 0, 0), (0, 0, 100));
    }

    #[test]
    fn a_share_that_a_dispute_holds_is_pending_and_not_available() {
        assert_eq!(shown(-900, 0, 900), (0, 900, 0));
        assert_eq!(shown(-1350, 0, 900), (450, 900, 0), "another order's share is available");
        assert_eq!(shown(-1350, 200, 900), (250, 900, 200));
        assert_eq!(shown(-600, 0, 900), (0, 600, 0), "a partial refund of a held share: no more is pending than is earned");
    }
}
