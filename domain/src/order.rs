//! Orders and their lines (spec/01-money §2).
//!
//! Invariant: a status follows from what has happened: while nothing is open it is read off `refunded` and `total`.

use crate::ids::{InvoiceId, LineId, OfferId, OrderId, ProductId, UserId};
use crate::ledger::Account;
use crate::licence::LicenceKind;
use crate::look::Look;
use crate::money::{Minor, Money};
use crate::time::Timestamp;
use std::fmt;
use std::time::Duration;

/// Where an order stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OrderStatus {
    /// Checked out; the payment is open.
    Pending,
    /// Paid and delivered.
    Completed,
    /// The payment failed, was cancelled, expired, or never existed.
    Failed,
    /// A refund is in flight.
    RefundPending,
    /// A part of the total went back.
    PartiallyRefunded,
    /// All of the total went back.
    Refunded,
    /// A dispute is open.
    Disputed,
    /// A dispute was lost.
    ChargedBack,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [Self; 8] = [
        Self::Pending,
        Self::Completed,
        Self::Failed,
        Self::RefundPending,
        Self::PartiallyRefunded,
        Self::Refunded,
        Self::Disputed,
        Self::ChargedBack,
    ];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::RefundPending => "refund_pending",
            Self::PartiallyRefunded => "partially_refunded",
            Self::Refunded => "refunded",
            Self::Disputed => "disputed",
            Self::ChargedBack => "charged_back",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The status of a paid order of `total` of which `refunded` went back, when nothing is open.
    #[must_use]
    pub fn settled(total: Minor, refunded: Minor) -> Self {
        if refunded.0 <= 0 {
            Self::Completed
        } else if refunded < total {
            Self::PartiallyRefunded
        } else {
            Self::Refunded
        }
    }
}

/// What the browser needs to pay. Whoever has it can pay, so it is never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct ClientSecret(pub String);

impl fmt::Debug for ClientSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ClientSecret(…)")
    }
}

/// A purchase.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Ours; also the idempotency key of its payment.
    pub id: OrderId,
    /// Who buys.
    pub buyer_id: UserId,
    /// The invoice that it is a try to collect; none: a sale.
    pub invoice_id: Option<InvoiceId>,
    /// Where it stands.
    pub status: OrderStatus,
    /// Sum of its lines.
    pub total: Money,
    /// How much of it went back to the buyer.
    pub refunded: Minor,
    /// The PSP's payment id, chosen by us; none for an order of 0.
    pub payment_id: Option<String>,
    /// Known once the PSP has answered.
    pub client_secret: Option<ClientSecret>,
    /// Why it failed, in the PSP's words.
    pub failure: Option<String>,
    /// Checkout.
    pub created_at: Timestamp,
    /// When it was paid.
    pub completed_at: Option<Timestamp>,
    /// Until when a refund may be asked for.
    pub refund_deadline: Option<Timestamp>,
    /// When the reconciler reads its payment: while it is pending, and for a day after it failed.
    pub look: Look,
}

impl Order {
    /// The payment id that we choose for an order.
    #[must_use]
    pub fn payment_id_of(id: OrderId) -> String {
        id.to_string()
    }

    /// Is it time to stop reading the payment of a failed order? A buyer may try again after a decline, so it is read for a day.
    ///
    /// The row does not keep when it failed (a claim moves its look), so the day is counted from checkout, which a decline
    /// follows within minutes; an order that failed long after its checkout is still read [`Self::LOOKS_MIN`] times, with growing
    /// pauses. Decided where a read of a failed order is settled ([`crate::settlement::decide`]).
    #[must_use]
    pub fn look_ends(&self, now: Timestamp) -> bool {
        let day_over = now.since(self.created_at) >= Self::LOOK_AFTER_FAILURE;
        self.status == OrderStatus::Failed && day_over && self.look.count >= Self::LOOKS_MIN
    }

    /// How long the payment of a failed order is read.
    pub const LOOK_AFTER_FAILURE: Duration = Duration::from_secs(24 * 3600);
    /// How often it is read at least.
    pub const LOOKS_MIN: u32 = 5;

    /// Where the platform's part of it is booked.
    #[must_use]
    pub fn revenue(&self) -> Account {
        if self.invoice_id.is_some() { Account::SubscriptionRevenue } else { Account::PlatformFee }
    }

    /// True once it was paid, whatever came later.
    #[must_use]
    pub fn is_paid(&self) -> bool {
        self.completed_at.is_some()
    }
}

/// One position of an order, with price and terms as they were at checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderLine {
    /// Ours.
    pub id: LineId,
    /// Its order.
    pub order_id: OrderId,
    /// Its place, from 0.
    pub position: u32,
    /// What was bought.
    pub product_id: ProductId,
    /// The licence chosen, if any.
    pub offer_id: Option<OfferId>,
    /// Its kind.
    pub licence_kind: LicenceKind,
    /// Its terms, frozen.
    pub terms: String,
    /// The product's title, frozen.
    pub title: String,
    /// Who sells.
    pub seller_id: UserId,
    /// What it costs.
    pub price: Minor,
    /// The platform's part of the price.
    pub fee: Minor,
    /// The seller's part of the price.
    pub share: Minor,
    /// How much of the price went back to the buyer.
    pub refunded: Minor,
}

impl OrderLine {
    /// What a refund may still give back of it.
    #[must_use]
    pub fn left(&self) -> Minor {
        Minor(self.price.0 - self.refunded.0)
    }
}
