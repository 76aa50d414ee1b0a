//! Plans, subscriptions and invoices, as they are read and claimed.

use super::{Page, Revision, StoreError, Versioned};
use async_trait::async_trait;

use veza_domain::ids::{InvoiceId, SubscriptionId, UserId};
use veza_domain::order::Order;
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::{Invoice, Plan, Subscription};
use veza_domain::time::Timestamp;

/// A subscription and what it hangs on, from one consistent state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSubscription {
    /// The subscription.
    pub subscription: Versioned<Subscription>,
    /// Its `open_invoice`.
    pub open: Option<Versioned<Invoice>>,
    /// The order of the last try to collect that.
    pub open_order: Option<Versioned<Order>>,
    /// The invoice that paid its period (`paid_by`).
    pub paid: Option<Versioned<Invoice>>,
}

/// What is known of a person's plan.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Standing {
    /// The one that is open, or else the last one (the highest id); none: never had one.
    pub current: Option<StoredSubscription>,
    /// The one trial has been had.
    pub trial_used: bool,
}

impl Standing {
    /// As the gate asks for it.
    #[must_use]
    pub fn as_gate(&self) -> veza_domain::subscription::gate::Standing<'_> {
        veza_domain::subscription::gate::Standing {
            subscription: self.current.as_ref().map(|current| &current.subscription.value),
            paid: self.current.as_ref().and_then(|current| current.paid.as_ref()).map(|paid| &paid.value),
        }
    }
}

/// A subscription that was due. Its row's `due_at` is the end of the lease by now, so that it was due is known from this alone: of a row
/// with another revision nothing is known any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedSubscription {
    /// Which.
    pub id: SubscriptionId,
    /// The row's revision since the claim.
    pub revision: Revision,
}

/// A subscription that should have been renewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OverdueRenewal {
    /// Which.
    pub id: SubscriptionId,
    /// Whose.
    pub user_id: UserId,
    /// When its period, or its trial, was over.
    pub ended_at: Timestamp,
}

/// Plans, subscriptions, invoices.
#[async_trait]
pub trait BillingReads: Send + Sync {
    /// The price list, by plan (free, creator, premium), cycle (monthly, yearly) and currency; seeded by the schema.
    async fn plans(&self) -> Result<Vec<Plan>, StoreError>;
    /// What is known of a person's plan, in one round trip.
    async fn standing(&self, user: UserId) -> Result<Standing, StoreError>;
    /// The subscription with this id.
    async fn subscription(&self, id: SubscriptionId) -> Result<Option<StoredSubscription>, StoreError>;
    /// The subscriptions that would charge this method.
    async fn subscriptions_by_method(&self, method: &SavedMethod) -> Result<Vec<Versioned<Subscription>>, StoreError>;
    /// The invoice with this id.
    async fn invoice(&self, id: InvoiceId) -> Result<Option<Versioned<Invoice>>, StoreError>;
    /// A person's invoices.
    async fn invoices_of(&self, user: UserId, page: Page) -> Result<Vec<Invoice>, StoreError>;
    /// Subscriptions that are `active` or `trialing` and whose period (or, without one, whose trial) was over before `before`; the oldest
    /// first, at most `limit`. They should have been renewed, or have become something else.
    async fn overdue_renewals(&self, before: Timestamp, limit: u32) -> Result<Vec<OverdueRenewal>, StoreError>;
    /// Moves rows that grant nothing and look as if they did (a paid plan, `active`, `past_due` or `canceled`, not on a trial that runs,
    /// without an invoice of theirs that is `paid` with an order behind it) to `expired`, at most `limit`; of each the row as it was is
    /// kept in an audit table. Says which.
    async fn sweep_unpaid(&self, now: Timestamp, limit: u32) -> Result<Vec<SubscriptionId>, StoreError>;
}
