//! Disputes: a buyer asks the card's bank for the money back (spec/01-money §9).
//!
//! A lost dispute is a refund that the bank made: it becomes a [`crate::refund::Refund`] of origin
//! [`crate::refund::RefundOrigin::Dispute`], so that shares, licences and transfers follow the one set of rules.

use crate::ids::{DisputeId, OrderId, derive};
use crate::look::Look;
use crate::money::{Currency, Minor, Money};
use crate::time::Timestamp;

/// Where a dispute stands, in the PSP's words without their `dispute_` prefix (contracts/hyperswitch.md §9).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DisputeStatus {
    /// Evidence may be handed in.
    Opened,
    /// Evidence was handed in.
    Challenged,
    /// The time for evidence is over; who wins is not said yet.
    Expired,
    /// The merchant gave in: the bank takes the money.
    Accepted,
    /// The buyer gave in, or the bank dropped it.
    Cancelled,
    /// The merchant keeps the money.
    Won,
    /// The bank takes the money.
    Lost,
}

impl DisputeStatus {
    /// Every status.
    pub const ALL: [Self; 7] = [Self::Opened, Self::Challenged, Self::Expired, Self::Accepted, Self::Cancelled, Self::Won, Self::Lost];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Opened => "opened",
            Self::Challenged => "challenged",
            Self::Expired => "expired",
            Self::Accepted => "accepted",
            Self::Cancelled => "cancelled",
            Self::Won => "won",
            Self::Lost => "lost",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// Nobody has won yet: the sellers' shares are held.
    #[must_use]
    pub fn is_open(self) -> bool {
        matches!(self, Self::Opened | Self::Challenged | Self::Expired)
    }

    /// The bank takes the money.
    #[must_use]
    pub fn is_lost(self) -> bool {
        matches!(self, Self::Accepted | Self::Lost)
    }
}

/// One dispute of an order's payment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispute {
    /// Ours; follows from the order and the PSP's id.
    pub id: DisputeId,
    /// Its order.
    pub order_id: OrderId,
    /// The PSP's id.
    pub psp_dispute_id: String,
    /// What the buyer wants back.
    pub amount: Money,
    /// What an operator books of its loss, in the order's currency; only where the bank's currency is another.
    pub booked_as: Option<Minor>,
    /// Where it stands.
    pub status: DisputeStatus,
    /// `pre_dispute`, `dispute`, `pre_arbitration`, … as the PSP says it.
    pub stage: Option<String>,
    /// The bank's reason.
    pub reason: Option<String>,
    /// Until when evidence may be handed in.
    pub respond_by: Option<Timestamp>,
    /// When the reconciler reads it again; over once it is closed.
    pub look: Look,
    /// When we learnt of it.
    pub created_at: Timestamp,
    /// When it was won or lost.
    pub closed_at: Option<Timestamp>,
}

impl Dispute {
    /// The id of the dispute that the PSP calls `psp_dispute_id`.
    #[must_use]
    pub fn id_of(order: OrderId, psp_dispute_id: &str) -> DisputeId {
        DisputeId(derive(order.0, "dispute", psp_dispute_id.as_bytes()))
    }

    /// What the books of an order in `currency` take its loss to be; none while nobody has said what it is worth there.
    #[must_use]
    pub fn loss_in(&self, currency: Currency) -> Option<Money> {
        if self.amount.currency == currency {
            return Some(self.amount);
        }
        self.booked_as.map(|amount| Money { amount, currency })
    }
}
