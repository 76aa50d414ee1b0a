//! Invoices: what a subscription asks for one period, and how it is collected (spec/02-subscriptions §2).
//!
//! Each try to collect an invoice is an order of its own, with a payment of its own: so webhooks, the reconciler, refunds, disputes
//! and the audit know it already (`docs/adr/0015-an-invoice-is-collected-by-orders.md`).

use super::Subscription;
use super::plan::{Choice, Period};
use crate::ids::{InvoiceId, LineId, OrderId, ProductId, SubscriptionId, UserId, derive, derive_at};
use crate::licence::LicenceKind;
use crate::look::Look;
use crate::money::{Minor, Money};
use crate::order::{Order, OrderLine, OrderStatus};
use crate::time::Timestamp;
use uuid::Uuid;

/// Why there is an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvoiceReason {
    /// The first period.
    First,
    /// The next period.
    Renewal,
    /// A better plan, at once.
    Upgrade,
}

impl InvoiceReason {
    /// Every reason.
    pub const ALL: [Self; 3] = [Self::First, Self::Renewal, Self::Upgrade];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::First => "first",
            Self::Renewal => "renewal",
            Self::Upgrade => "upgrade",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|reason| reason.as_str() == text)
    }
}

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum InvoiceStatus {
    /// It is being collected.
    Open,
    /// The PSP has confirmed its payment.
    Paid,
    /// It was not paid.
    Failed,
    /// It is not to be paid any more: what still comes for it goes back.
    Void,
    /// It was paid, and all of it went back.
    Refunded,
}

impl InvoiceStatus {
    /// Every status.
    pub const ALL: [Self; 5] = [Self::Open, Self::Paid, Self::Failed, Self::Void, Self::Refunded];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Paid => "paid",
            Self::Failed => "failed",
            Self::Void => "void",
            Self::Refunded => "refunded",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// How a try to collect is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Collection {
    /// The customer pays, and the method is kept.
    Customer,
    /// The kept method is charged without the customer.
    SavedMethod,
}

impl Collection {
    /// Every way.
    pub const ALL: [Self; 2] = [Self::Customer, Self::SavedMethod];

    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Customer => "customer",
            Self::SavedMethod => "saved_method",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|way| way.as_str() == text)
    }
}

/// What a subscription asks for one period.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invoice {
    /// Ours.
    pub id: InvoiceId,
    /// Whose.
    pub subscription_id: SubscriptionId,
    /// Who pays.
    pub user_id: UserId,
    /// Why.
    pub reason: InvoiceReason,
    /// What it is for.
    pub choice: Choice,
    /// The unused part of what was paid for the plan before, in minor units; at most the price.
    pub credit: Minor,
    /// The period that it pays for; of a first one and of an upgrade known once it is paid.
    pub period: Option<Period>,
    /// Where it stands.
    pub status: InvoiceStatus,
    /// The order of the last try.
    pub order_id: OrderId,
    /// How that try is made.
    pub collection: Collection,
    /// Tries, the last one with them.
    pub attempts: u32,
    /// The order that paid it, and so the PSP's payment; none: nothing has.
    pub paid_by: Option<OrderId>,
    /// When it was paid first; a replay leaves it.
    pub paid_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// Who sells plans: the platform, a seller that no person can be.
pub const PLATFORM: UserId = UserId(Uuid::nil());

impl Invoice {
    /// An invoice whose first try is made by `collection`.
    #[must_use]
    pub fn open(
        id: InvoiceId,
        of: &Subscription,
        (reason, choice, credit): (InvoiceReason, Choice, Minor),
        period: Option<Period>,
        collection: Collection,
        now: Timestamp,
    ) -> Self {
        Self {
            id,
            subscription_id: of.id,
            user_id: of.user_id,
            reason,
            choice,
            credit,
            period,
            status: InvoiceStatus::Open,
            order_id: OrderId(id.0),
            collection,
            attempts: 1,
            paid_by: None,
            paid_at: None,
            created_at: now,
        }
    }

    /// The id of a subscription's first invoice: its own, which so is the key of the first payment (spec §2).
    #[must_use]
    pub fn first_id(subscription: SubscriptionId) -> InvoiceId {
        InvoiceId(subscription.0)
    }

    /// The id of a renewal's invoice that is made at `now`. One period may need several: a cancellation voids the one that is being
    /// collected, and taken back it leaves the period to be paid anew. That there is one at a time is the subscription's row to see to.
    #[must_use]
    pub fn renewal_id(subscription: SubscriptionId, now: Timestamp) -> InvoiceId {
        InvoiceId(derive_at(now, subscription.0, "renewal", &now.0.to_be_bytes()))
    }

    /// The next try, by an order of its own.
    #[must_use]
    pub fn try_again(self, collection: Collection, now: Timestamp) -> Self {
        let attempts = self.attempts.saturating_add(1);
        let order_id = OrderId(derive_at(now, self.id.0, "attempt", &attempts.to_be_bytes()));
        Self { order_id, collection, attempts, ..self }
    }

    /// What is to be paid.
    #[must_use]
    pub fn amount(&self) -> Money {
        let amount = Minor(self.choice.price.amount.0.saturating_sub(self.credit.0).max(0));
        Money { amount, currency: self.choice.price.currency }
    }

    /// How it is called on paper: unique, without a gapless series.
    #[must_use]
    pub fn number(&self) -> String {
        let id = self.id.0.simple().to_string();
        format!("V-{}-{}", id[..8].to_uppercase(), id[24..].to_uppercase())
    }

    /// Does it stand as paid, by a payment that the PSP has confirmed?
    #[must_use]
    pub fn is_confirmed(&self) -> bool {
        self.status == InvoiceStatus::Paid && self.paid_by.is_some() && self.paid_at.is_some()
    }

    /// The order of the last try, and its only line: a period of the plan, all of it the platform's.
    #[must_use]
    pub fn order(&self, now: Timestamp) -> (Order, OrderLine) {
        let total = self.amount();
        let order = Order {
            id: self.order_id,
            buyer_id: self.user_id,
            invoice_id: Some(self.id),
            status: OrderStatus::Pending,
            total,
            refunded: Minor::ZERO,
            payment_id: Some(Order::payment_id_of(self.order_id)),
            client_secret: None,
            failure: None,
            created_at: now,
            completed_at: None,
            refund_deadline: None,
            look: Look::from(now),
        };
        let line = OrderLine {
            id: LineId(derive(self.order_id.0, "line", &[])),
            order_id: self.order_id,
            position: 0,
            product_id: ProductId(self.subscription_id.0),
            offer_id: None,
            licence_kind: LicenceKind::standard(),
            terms: String::new(),
            title: format!("{} ({})", self.choice.plan.as_str(), self.choice.cycle.as_str()),
            seller_id: PLATFORM,
            price: total.amount,
            fee: total.amount,
            share: Minor::ZERO,
            refunded: Minor::ZERO,
        };
        (order, line)
    }
}
