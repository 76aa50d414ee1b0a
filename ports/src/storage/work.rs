//! What is claimed: due work, and rows that the reconciler looks at.

use super::{ClaimedSubscription, StoreError, Versioned};
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::backoff::RetryPolicy;
use veza_domain::effect::Effect;
use veza_domain::ids::{OrderId, PlacementId, ReversalId, SubmissionId, TransferId};
use veza_domain::look::Look;
use veza_domain::time::Timestamp;

/// A transfer that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedTransfer {
    /// Which.
    pub id: TransferId,
    /// Its order.
    pub order_id: OrderId,
}

/// A reversal that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedReversal {
    /// Which.
    pub id: ReversalId,
    /// Its transfer's order.
    pub order_id: OrderId,
}

/// A placement that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClaimedPlacement {
    /// Which.
    pub id: PlacementId,
    /// Its submission.
    pub submission_id: SubmissionId,
}

/// Which rows the reconciler looks at (spec/01-money §8).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LookClass {
    /// Sales that are `pending`.
    PendingOrders,
    /// Orders that collect an invoice and are `pending`.
    PendingInvoices,
    /// Orders that are `failed` and still looked at.
    FailedOrders,
    /// Refunds that are `pending` and have a PSP id.
    Refunds,
    /// Refunds that are `pending` and have none.
    OrphanRefunds,
    /// Disputes that are open.
    Disputes,
    /// Transfers, `pending` or `failed`, of which a call's outcome is unknown.
    Transfers,
    /// Reversals, `reversal_pending`, of which a call's outcome is unknown.
    Reversals,
}

impl LookClass {
    /// Every class.
    pub const ALL: [Self; 8] = [
        Self::PendingOrders,
        Self::PendingInvoices,
        Self::FailedOrders,
        Self::Refunds,
        Self::OrphanRefunds,
        Self::Disputes,
        Self::Transfers,
        Self::Reversals,
    ];

    /// Are its rows at Connect? Those keep their own workers' schedule, `next_retry_at`, instead of a `look`.
    #[must_use]
    pub fn is_at_connect(self) -> bool {
        match self {
            Self::Transfers | Self::Reversals => true,
            Self::PendingOrders | Self::PendingInvoices | Self::FailedOrders | Self::Refunds | Self::OrphanRefunds | Self::Disputes => {
                false
            }
        }
    }
}

/// A claim of rows to look at.
///
/// A row that is due at no time is over and never claimed. A claim sets its `look` to (`due_at`: `now` + max(`lease`,
/// `pause.delay(count)`), `count` + 1, `last_at`: `now`), where `count` is the new count; of a class at Connect
/// ([`LookClass::is_at_connect`]) it moves `next_retry_at` to `now + lease`. The revision grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LookClaim {
    /// Which rows.
    pub class: LookClass,
    /// Now.
    pub now: Timestamp,
    /// Only rows made before this (transfers and reversals: last sent before this).
    pub older_than: Timestamp,
    /// How long nobody else looks at a claimed row.
    pub lease: Duration,
    /// The growing pauses.
    pub pause: RetryPolicy,
    /// `None`: rows whose look is due, the longest due first. `Some(after)`: whatever is due when, by ascending id above `after`
    /// (nil = from the first), but none that was claimed within the lease: a pass that sees each row once. Of transfers and
    /// reversals any claim counts, their own workers' too.
    pub pass: Option<Uuid>,
    /// Most rows.
    pub limit: u32,
}

impl LookClaim {
    /// Until when nobody else looks at a claimed row.
    #[must_use]
    pub fn until(&self) -> Timestamp {
        self.now.plus(self.lease)
    }

    /// A pass leaves out what was claimed after this.
    #[must_use]
    pub fn claimed_until(&self) -> Timestamp {
        self.now.minus(self.lease)
    }

    /// When a row is due again that is looked at for the `count`th time.
    #[must_use]
    pub fn due_again(&self, count: u32) -> Timestamp {
        self.now.plus(self.pause.delay(count).max(self.lease))
    }

    /// The look of a row once it is claimed.
    #[must_use]
    pub fn taken(&self, look: Look) -> Look {
        let count = look.count.saturating_add(1);
        Look { due_at: Some(self.due_again(count)), count, last_at: Some(self.now) }
    }
}

/// A claimed row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Looked {
    /// The order, refund, dispute, transfer or reversal.
    pub subject: Uuid,
    /// Its order.
    pub order_id: OrderId,
    /// When the row was made.
    pub created_at: Timestamp,
}

/// Is there due work that nobody has taken yet?
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct FreshWork {
    /// Transfers, `pending`, never claimed and never sent.
    pub transfers: bool,
    /// Reversals, `reversal_pending`, never claimed and never sent.
    pub reversals: bool,
}

/// Due work. **A claim moves the due time**: a claimed row's `due_at` or `next_retry_at` becomes `now + lease` and its revision
/// grows, so nobody else gets it meanwhile, and if the claimer dies it is due again by itself. Oldest due first.
#[async_trait]
pub trait Work: Send + Sync {
    /// Claims effects in state `pending` or `sent` whose `due_at` has come.
    async fn claim_effects(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Versioned<Effect>>, StoreError>;
    /// Claims transfers in status `pending` or `failed` whose `next_retry_at` has come.
    async fn claim_transfers(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedTransfer>, StoreError>;
    /// Claims reversals in status `reversal_pending` whose `next_retry_at` has come.
    async fn claim_reversals(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedReversal>, StoreError>;
    /// Claims subscriptions whose `due_at` has come.
    async fn claim_subscriptions(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedSubscription>, StoreError>;
    /// Claims placements whose `due_at` has come.
    async fn claim_placements(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedPlacement>, StoreError>;
    /// Looks for due work that nobody has ever claimed; takes nothing.
    async fn fresh_work(&self, now: Timestamp) -> Result<FreshWork, StoreError>;
    /// Claims rows for the reconciler.
    async fn claim_looks(&self, claim: &LookClaim) -> Result<Vec<Looked>, StoreError>;
    /// Of the `limit` oldest deliveries (by id, so that nothing else is walked) deletes those received before `before`. Returns how
    /// many went.
    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
    /// Deletes what nobody needs any more, at most `limit` rows of each: applied unit ids and idempotency records older than
    /// `before`, mail tokens, sessions and refresh tokens that ended before `before`,
    /// instances and failed logins without an account that were last seen before it. Returns how many rows went.
    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
