//! What is read. Each list has its own query in the adapter, one round trip, by an index.
//!
//! Lists run from the newest id to the oldest (ids are UUIDv7); a page begins after the last id of the one before.

use super::{IdempotencyRecord, StoreError, StoredOrder, Versioned};
use async_trait::async_trait;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::catalog::{Product, ProductKind};
use veza_domain::dispute::Dispute;
use veza_domain::effect::Effect;
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{DeliveryId, EffectId, OrderId, ProductId, ReversalId, SessionId, TransferId, UserId};
use veza_domain::journal::{AdminAction, Journal};
use veza_domain::ledger::{Account, Posting};
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::money::{Currency, Minor};
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::payout::{Payout, SellerAccount, SellerBooks};
use veza_domain::refund::Refund;
use veza_domain::reversal::Reversal;
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::{Delivery, Sender};

/// The lowest id of those that are made at `at` (UUIDv7, so to the millisecond): ids of a period are those from the first of its
/// beginning to below the first of its end, so that periods that follow each other share no id and miss none.
#[must_use]
pub fn first_id(at: Timestamp) -> Uuid {
    let milliseconds = at.0.div_euclid(1000).clamp(0, (1 << 48) - 1);
    Uuid::from_u128(u128::from(milliseconds.unsigned_abs()) << 80)
}

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

/// Most debts that an order's file brings ([`veza_domain::settlement::OrderFile::debts`]).
pub const DEBTS_MAX: u32 = 50;

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
    /// An order with all that hangs on it, from one consistent state. Of what its sellers owe, the oldest [`DEBTS_MAX`] debts.
    async fn order_file(&self, id: OrderId) -> Result<Option<StoredOrder>, StoreError>;
    /// The order that a payment at the PSP is for.
    async fn order_of_payment(&self, payment_id: &str) -> Result<Option<OrderId>, StoreError>;
    /// The order that a refund belongs to, by the PSP's id of the refund or ours.
    async fn order_of_refund(&self, psp_refund_id: &str) -> Result<Option<OrderId>, StoreError>;
    /// What a buyer bought; not the orders that collect invoices.
    async fn orders_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<ListedOrder>, StoreError>;
    /// A buyer's licences.
    async fn licences_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<Licence>, StoreError>;
    /// What waits on a person, of an order and all that hangs on it.
    async fn attention_of_order(&self, id: OrderId) -> Result<Vec<Attention>, StoreError>;
    /// A row of the outbox.
    async fn effect(&self, id: EffectId) -> Result<Option<Versioned<Effect>>, StoreError>;
    /// The order that a dispute belongs to, by the PSP's id of the dispute.
    async fn order_of_dispute(&self, psp_dispute_id: &str) -> Result<Option<OrderId>, StoreError>;
    /// The order that a transfer belongs to, and the transfer, by Connect's id of it.
    async fn order_of_transfer(&self, stripe_transfer_id: &str) -> Result<Option<(OrderId, TransferId)>, StoreError>;
    /// The order that a transfer belongs to, by our id of it.
    async fn order_of_our_transfer(&self, id: TransferId) -> Result<Option<OrderId>, StoreError>;
    /// The order that a reversal belongs to.
    async fn order_of_reversal(&self, id: ReversalId) -> Result<Option<OrderId>, StoreError>;
    /// What happened to an order beyond its rows, in one round trip.
    async fn history(&self, id: OrderId) -> Result<History, StoreError>;
}

/// What happened to an order beyond its rows. Each list is in the order in which it happened: by its time, then by id (postings: by
/// event; their entries by account).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct History {
    /// Calls, looks and facts.
    pub journal: Vec<Journal>,
    /// The ledger.
    pub postings: Vec<Posting>,
    /// Messages about it, of both providers; payloads are left out (empty).
    pub deliveries: Vec<Delivery>,
    /// What operators did.
    pub actions: Vec<AdminAction>,
    /// Its rows of the outbox.
    pub effects: Vec<Effect>,
}

/// A transfer as its seller sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SellerTransfer {
    /// The transfer.
    pub transfer: Transfer,
    /// Its reversals, oldest first.
    pub reversals: Vec<Reversal>,
    /// What of the share was kept to pay debts when it was opened: the nettings of its order and seller that stand since that moment.
    pub netted: Minor,
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
    /// A seller's transfers that are on hold until the account is ready (`account_not_ready`, no other reason), at most `limit`.
    async fn held_transfers(&self, seller: UserId, limit: u32) -> Result<Vec<Versioned<Transfer>>, StoreError>;
    /// The seller whose account at Connect this is.
    async fn seller_of_account(&self, stripe_account_id: &str) -> Result<Option<UserId>, StoreError>;
    /// A payout, by Connect's id.
    async fn payout(&self, id: &str) -> Result<Option<Versioned<Payout>>, StoreError>;
    /// A seller's payouts, newest first by `created_at`, then by descending id; those after `after`.
    async fn payouts_of_seller(&self, seller: UserId, limit: u32, after: Option<(Timestamp, String)>) -> Result<Vec<Payout>, StoreError>;
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
    /// Only this sender's.
    pub sender: Option<Sender>,
}

/// Which orders, for operators.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct OrderFilter {
    /// Only with this status.
    pub status: Option<OrderStatus>,
    /// Only this buyer's.
    pub buyer: Option<UserId>,
}

/// Which rows of a list for operators: all, or only with this status as stored.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct StatusFilter {
    /// Only with this status; a word that no row can have finds nothing.
    pub status: Option<&'static str>,
}

/// What the ledger says about itself. Everything is empty or 0 in good books.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LedgerCheck {
    /// Per currency with any entry: the sum of all balances; 0 in good books.
    pub sums: Vec<(Currency, Minor)>,
    /// Accounts whose kept balance differs from the sum of their entries: account, currency, sum of entries, kept balance.
    pub drift: Vec<(Account, Currency, Minor, Minor)>,
}

/// A place in the list of what waits on a person: oldest first, then by subject and by the code's text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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
    /// `effects`, `orders` (pending), `refunds` (pending), `transfers`, `reversals`, `disputes` (open), `subscriptions` (past due),
    /// `placements` (neither live nor over), `attention`.
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
    /// Sums over the whole ledger, for the check of the standing invariants; reads every entry.
    async fn ledger_check(&self) -> Result<LedgerCheck, StoreError>;
    /// One entry of the operators' list.
    async fn attention_entry(&self, subject: Uuid, code: Code) -> Result<Option<Attention>, StoreError>;
    /// Orders, newest first.
    async fn orders(&self, filter: OrderFilter, page: Page) -> Result<Vec<ListedOrder>, StoreError>;
    /// Refunds, newest first.
    async fn refunds(&self, filter: StatusFilter, page: Page) -> Result<Vec<Refund>, StoreError>;
    /// Transfers with their reversals, newest first.
    async fn transfers(&self, filter: StatusFilter, page: Page) -> Result<Vec<SellerTransfer>, StoreError>;
    /// Disputes, newest first.
    async fn disputes(&self, filter: StatusFilter, page: Page) -> Result<Vec<Dispute>, StoreError>;
    /// What operators did, newest first.
    async fn admin_actions(&self, page: Page) -> Result<Vec<AdminAction>, StoreError>;
    /// Ids of orders made in `from..until`, ascending, above `after`: for walks over a period with bounded memory. When an order
    /// was made is what its id says (UUIDv7, see [`first_id`]).
    async fn orders_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<OrderId>, StoreError>;
    /// How many orders were made in `from..until`, by their ids.
    async fn count_orders_between(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError>;
    /// Transfers that Connect has (`completed`, `reversal_pending`, `reversed`; `permanently_failed` with a reversal) without its id,
    /// above `after`, ascending.
    async fn transfers_without_stripe_id(&self, after: Option<TransferId>, limit: u32) -> Result<Vec<Transfer>, StoreError>;
    /// How far behind the work is.
    async fn backlog(&self) -> Result<Backlog, StoreError>;
    /// Can the store be read and written? Reads at least; for `/health`.
    async fn check(&self) -> Result<(), StoreError>;
}
