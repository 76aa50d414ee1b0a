//! What is read, and what is claimed. Each list has its own query in the adapter, one round trip, by an index.
//!
//! Lists run from the newest id to the oldest (ids are UUIDv7); a page begins after the last id of the one before.

use super::{IdempotencyRecord, StoreError, StoredOrder, Versioned};
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::catalog::{Product, ProductKind};
use veza_domain::effect::Effect;
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{DeliveryId, EffectId, OrderId, ProductId, RefundId, ReversalId, SessionId, TransferId, UserId};
use veza_domain::ledger::Account;
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::money::{Currency, Minor};
use veza_domain::order::{Order, OrderLine};
use veza_domain::payout::{SellerAccount, SellerBooks};
use veza_domain::reversal::Reversal;
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;

/// Which part of a list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Page {
    /// Most rows; 1 to 100 from the outside, one more to see whether there is a next page.
    pub limit: u32,
    /// Only ids below this one; none = from the newest.
    pub before: Option<Uuid>,
}

/// People.
#[async_trait]
pub trait IdentityReads: Send + Sync {
    /// The person with this id.
    async fn user(&self, id: UserId) -> Result<Option<Versioned<User>>, StoreError>;
    /// The person with this address.
    async fn user_by_email(&self, email: &Email) -> Result<Option<Versioned<User>>, StoreError>;
    /// The mail token with this hash.
    async fn mail_token(&self, hash: TokenHash) -> Result<Option<Versioned<MailToken>>, StoreError>;
    /// The login with this id.
    async fn session(&self, id: SessionId) -> Result<Option<Versioned<Session>>, StoreError>;
    /// The refresh token with this hash.
    async fn refresh_token(&self, hash: TokenHash) -> Result<Option<Versioned<RefreshToken>>, StoreError>;
    /// The person behind a login, if it is theirs, not revoked and not over: one round trip, at every request.
    async fn caller(&self, user: UserId, session: SessionId, now: Timestamp) -> Result<Option<User>, StoreError>;
    /// What came of an incoming idempotency key.
    async fn idempotency(&self, user: UserId, scope: &str, key: &str) -> Result<Option<Versioned<IdempotencyRecord>>, StoreError>;
}

/// Which products.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ProductFilter {
    /// Only this seller's; with every status, unless `published` is set.
    pub seller: Option<UserId>,
    /// Only this kind.
    pub kind: Option<ProductKind>,
    /// Only what can be bought.
    pub published: bool,
}

/// Products.
#[async_trait]
pub trait CatalogReads: Send + Sync {
    /// The product with this id.
    async fn product(&self, id: ProductId) -> Result<Option<Versioned<Product>>, StoreError>;
    /// Those of these products that there are, in one round trip, in any order.
    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<Versioned<Product>>, StoreError>;
    /// A list.
    async fn products(&self, filter: ProductFilter, page: Page) -> Result<Vec<Product>, StoreError>;
    /// The guard rows that these products have, in one round trip.
    async fn exclusive_holds(&self, products: &[ProductId]) -> Result<Vec<Versioned<ExclusiveHold>>, StoreError>;
}

/// An order as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedOrder {
    /// The order.
    pub order: Order,
    /// Its lines, by position.
    pub lines: Vec<OrderLine>,
    /// What waits on a person, of the order and its refunds.
    pub flags: Vec<Code>,
}

/// Orders and what buyers have.
#[async_trait]
pub trait OrderReads: Send + Sync {
    /// An order with all that hangs on it, from one consistent state.
    async fn order_file(&self, id: OrderId) -> Result<Option<StoredOrder>, StoreError>;
    /// The order that a payment at the PSP is for.
    async fn order_of_payment(&self, payment_id: &str) -> Result<Option<OrderId>, StoreError>;
    /// The order that a refund belongs to, by the PSP's id of the refund or ours.
    async fn order_of_refund(&self, psp_refund_id: &str) -> Result<Option<OrderId>, StoreError>;
    /// A buyer's orders.
    async fn orders_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<ListedOrder>, StoreError>;
    /// A buyer's licences.
    async fn licences_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<Licence>, StoreError>;
    /// What waits on a person, of an order and all that hangs on it.
    async fn attention_of_order(&self, id: OrderId) -> Result<Vec<Attention>, StoreError>;
    /// A row of the outbox.
    async fn effect(&self, id: EffectId) -> Result<Option<Versioned<Effect>>, StoreError>;
}

/// A transfer as its seller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SellerTransfer {
    /// The transfer.
    pub transfer: Transfer,
    /// Its reversals, oldest first.
    pub reversals: Vec<Reversal>,
}

/// Sellers.
#[async_trait]
pub trait SellerReads: Send + Sync {
    /// A seller's Connect account.
    async fn seller_account(&self, seller: UserId) -> Result<Option<Versioned<SellerAccount>>, StoreError>;
    /// What the ledger and the open transfers say about a seller, per currency with any entry.
    async fn seller_books(&self, seller: UserId) -> Result<Vec<(Currency, SellerBooks)>, StoreError>;
    /// A seller's transfers.
    async fn transfers_of_seller(&self, seller: UserId, page: Page) -> Result<Vec<SellerTransfer>, StoreError>;
    /// A seller's transfers that are on hold until the account is ready, at most `limit`.
    async fn held_transfers(&self, seller: UserId, limit: u32) -> Result<Vec<Versioned<Transfer>>, StoreError>;
}

/// Which deliveries.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct DeliveryFilter {
    /// Signed by the PSP, or not.
    pub signature_valid: Option<bool>,
    /// Exactly this type.
    pub event_type: Option<String>,
    /// Result that begins with this (`error` finds all errors).
    pub result: Option<String>,
    /// Received at or after this.
    pub since: Option<Timestamp>,
}

/// What waits on a person, in the order of the list: oldest first, then by subject and code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct WaitingOn {
    /// Since when.
    pub since: Timestamp,
    /// What it is about.
    pub subject: Uuid,
    /// Why.
    pub code: Code,
}

/// A class of work and how far behind it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BacklogClass {
    /// `effects`, `transfers`, `reversals`, `attention`.
    pub class: &'static str,
    /// Rows that are not over.
    pub open: u64,
    /// When the oldest of them was made.
    pub oldest: Option<Timestamp>,
}

/// How far behind the work is.
pub type Backlog = Vec<BacklogClass>;

/// What operators see.
#[async_trait]
pub trait AdminReads: Send + Sync {
    /// What waits on a person, oldest first, after `after`.
    async fn attention(&self, limit: u32, after: Option<WaitingOn>) -> Result<Vec<Attention>, StoreError>;
    /// The webhook log.
    async fn deliveries(&self, filter: &DeliveryFilter, page: Page) -> Result<Vec<Delivery>, StoreError>;
    /// One delivery.
    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError>;
    /// The balance of every account of the ledger, by account and currency.
    async fn ledger_balances(&self) -> Result<Vec<(Account, Currency, Minor)>, StoreError>;
    /// How far behind the work is.
    async fn backlog(&self) -> Result<Backlog, StoreError>;
    /// Can the store be read and written? Reads at least; for `/health`.
    async fn check(&self) -> Result<(), StoreError>;
}

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
    /// Its cause.
    pub refund_id: RefundId,
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
    /// Deletes what nobody needs any more, at most `limit` rows of each: applied unit ids and idempotency records older than
    /// `before`, mail tokens, sessions and refresh tokens that ended before `before`,
    /// instances and failed logins without an account that were last seen before it. Returns how many rows went.
    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError>;
}
