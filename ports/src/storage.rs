//! The storage ports: one method that writes ([`Commit`]), narrow traits that read, claims of due work.
//!
//! **The unit of work is data.** A use case loads what a rule needs, the rule decides, and one [`UnitOfWork`] says all that
//! changes, each write with its own guard. Nothing in a unit can wait, so nothing can hold the writer; no provider can be
//! called inside it (style.md §2).
//!
//! Invariants that every adapter keeps (the suite in `contract::storage` checks them):
//! - all of a unit or none of it; durable once `Ok` is returned;
//! - a unit whose id was applied before changes nothing: [`Committed::AlreadyApplied`];
//! - a guard that does not hold refuses the whole unit and leaves its neighbours alone;
//! - an inserted row has [`Revision::FIRST`], each update adds one.

mod audits;
mod billing;
mod distribution;
mod faults;
mod order_writes;
mod reads;
mod rows;
mod shared;
mod work;

pub use audits::Audits;
pub use billing::{BillingReads, ClaimedSubscription, OverdueRenewal, Standing, StoredSubscription};
pub use distribution::{DistributionReads, ListedSubmission, RoyaltyPlace, StoredSubmission};
pub use order_writes::StoredOrder;
pub use reads::{
    AdminReads, Backlog, BacklogClass, CatalogReads, DEBTS_MAX, DeliveryFilter, History, IdentityReads, LedgerCheck, ListedOrder,
    OrderFilter, OrderReads, Page, ProductFilter, SellerReads, SellerTransfer, StatusFilter, WaitingOn, first_id,
};
pub use rows::{IdempotencyRecord, IdempotencyState, Row, RowKey, Trial};
pub use shared::{AddressHash, FailedLogins, Instance, Instances, UnknownLogins};
pub use work::{ClaimedPlacement, ClaimedReversal, ClaimedTransfer, FreshWork, LookClaim, LookClass, Looked, Work};

use crate::BoxError;
use async_trait::async_trait;
use std::collections::BTreeMap;
use veza_domain::time::Timestamp;

/// How often a row was written; its optimistic guard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Revision(pub i64);

impl Revision {
    /// Of a row that was just inserted.
    pub const FIRST: Self = Self(1);

    /// Of the row after one more update.
    #[must_use]
    pub fn next(self) -> Self {
        Self(self.0 + 1)
    }
}

/// A row and the revision it was read at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Versioned<T> {
    /// The row.
    pub value: T,
    /// Its revision.
    pub revision: Revision,
}

/// The revisions at which a set of rows was read.
pub type Revisions = BTreeMap<RowKey, Revision>;

/// What makes a unit safe to repeat: an idempotency key, an effect and its attempt, a webhook event's id.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct UnitId(pub String);

/// One change of one row, with its guard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Write {
    /// There is no such row yet.
    Insert(Row),
    /// Inserts the row unless one with its key is there, which then stays as it is.
    Ensure(Row),
    /// The row is still at the revision it was decided on.
    Update {
        /// Its next state.
        row: Row,
        /// The revision it was read at.
        expected: Revision,
    },
    /// The row is there, and goes. Only an entry of the operators' list can: whatever is about money stays.
    Remove(RowKey),
    /// The row goes, if it is there. Only an entry of the operators' list can.
    Clear(RowKey),
    /// The row was read for the decision, is not written, and is still as it was.
    Unchanged {
        /// Which.
        key: RowKey,
        /// The revision it was read at.
        expected: Revision,
    },
}

impl Write {
    /// The row it is about.
    #[must_use]
    pub fn key(&self) -> RowKey {
        match self {
            Self::Insert(row) | Self::Ensure(row) | Self::Update { row, .. } => row.key(),
            Self::Unchanged { key, .. } | Self::Remove(key) | Self::Clear(key) => key.clone(),
        }
    }
}

/// One atomic change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnitOfWork {
    id: UnitId,
    fingerprint: [u8; 32],
    decided_at: Timestamp,
    writes: Vec<Write>,
}

impl UnitOfWork {
    /// A unit of `writes`, brought into one lock order: by key, several writes of one row in the order given (each expects
    /// the revision that the one before it leaves). `fingerprint` is a hash of the request: the same id with another
    /// fingerprint is a bug of the caller.
    #[must_use]
    pub fn new(id: UnitId, fingerprint: [u8; 32], decided_at: Timestamp, mut writes: Vec<Write>) -> Self {
        writes.sort_by_cached_key(Write::key);
        Self { id, fingerprint, decided_at, writes }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> &UnitId {
        &self.id
    }

    /// Hash of the request it stems from.
    #[must_use]
    pub fn fingerprint(&self) -> &[u8; 32] {
        &self.fingerprint
    }

    /// When it was decided; says when its id may be forgotten.
    #[must_use]
    pub fn decided_at(&self) -> Timestamp {
        self.decided_at
    }

    /// Its writes, sorted by key.
    #[must_use]
    pub fn writes(&self) -> &[Write] {
        &self.writes
    }
}

/// What became of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Committed {
    /// It was applied now.
    Applied,
    /// It had been applied before; nothing changed.
    AlreadyApplied,
}

/// A value that may stand once only.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum UniqueValue {
    /// `users.email`.
    Email,
    /// `users.username`, folded.
    Username,
    /// `orders.payment_id`, where there is one.
    PaymentId,
    /// `refunds.psp_refund_id`, where there is one.
    PspRefundId,
    /// `transfers.stripe_transfer_id`, where there is one.
    StripeTransferId,
    /// `reversals.stripe_reversal_id`, where there is one.
    StripeReversalId,
    /// `disputes.psp_dispute_id`.
    PspDisputeId,
    /// `seller_accounts.stripe_account_id`, where there is one.
    StripeAccountId,
    /// `subscriptions.user_id`, of those that are open.
    OpenSubscription,
    /// `mail_tokens.hash`.
    MailTokenHash,
    /// `placements.product_id` and `platform`, while it is not over.
    OpenPlacement,
}

/// Why a unit was not applied.
#[derive(Debug, thiserror::Error)]
pub enum CommitError {
    /// A guard did not hold: reload, decide again.
    #[error("guard on {0:?} did not hold")]
    Conflict(RowKey),
    /// Another row has the value already.
    #[error("{1:?} of {0:?} is taken")]
    Taken(RowKey, UniqueValue),
    /// Same id, other fingerprint: a bug of the caller.
    #[error("unit {0:?} belongs to another request")]
    IdReused(UnitId),
    /// The store refuses a row as such (a CHECK, a move that the transfer matrix does not have): a bug.
    #[error("the store refuses {0:?}: {1}")]
    Invalid(RowKey, String),
    /// Nothing was written: back off, same unit again.
    #[error("store unavailable, nothing was written")]
    Unavailable(#[source] BoxError),
    /// It may have been written: same unit again, its id makes that safe.
    #[error("outcome of the commit is unknown")]
    Unknown(#[source] BoxError),
}

/// What to do after a [`CommitError`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Retry {
    /// Load and decide again.
    Redecide,
    /// Bring the same unit again.
    SameUnit,
    /// Give up: a bug.
    Never,
}

impl CommitError {
    /// What to do after it.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Conflict(_) | Self::Taken(..) => Retry::Redecide,
            Self::Unavailable(_) | Self::Unknown(_) => Retry::SameUnit,
            Self::IdReused(_) | Self::Invalid(..) => Retry::Never,
        }
    }
}

/// Why a read brought no answer.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The store is locked, full, slow or gone: try again.
    #[error("store unavailable")]
    Unavailable(#[source] BoxError),
    /// A stored row is not one that this version writes.
    #[error("stored row can't be read: {0}")]
    Corrupt(String),
}

/// Writes.
#[async_trait]
pub trait Commit: Send + Sync {
    /// Applies all of `unit` or none of it. Durable once `Ok` is returned.
    /// # Errors
    /// [`CommitError`]; whether to retry is [`CommitError::retry`].
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError>;
}

/// All of storage; upcasts to each narrow port.
pub trait Storage:
    Commit
    + IdentityReads
    + CatalogReads
    + OrderReads
    + SellerReads
    + BillingReads
    + DistributionReads
    + AdminReads
    + Work
    + Instances
    + UnknownLogins
    + Audits
{
}

impl<T> Storage for T where
    T: Commit
        + IdentityReads
        + CatalogReads
        + OrderReads
        + SellerReads
        + BillingReads
        + DistributionReads
        + AdminReads
        + Work
        + Instances
        + UnknownLogins
        + Audits
{
}
