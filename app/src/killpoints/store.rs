//! Storage with points: around every commit, and after every claim that brought something.
//!
//! A claim has no point before it: what is claimed next is what the last commit left, and that has its own point. A claim that
//! brings nothing changes nothing, and how many there are depends on time; so neither is recorded.

use super::{Plan, names};
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::audit::{Audit, AuditDifference};
use veza_domain::catalog::Product;
use veza_domain::dispute::Dispute;
use veza_domain::distribution::{FileHash, RoyaltyFile, RoyaltyKey, RoyaltyLine, RoyaltySum, RoyaltyTrack};
use veza_domain::effect::Effect;
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{
    AuditId, DeliveryId, EffectId, InvoiceId, OrderId, ProductId, ReversalId, SessionId, SubmissionId, SubscriptionId, TransferId, UserId,
};
use veza_domain::journal::AdminAction;
use veza_domain::ledger::Account;
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::money::{Currency, Minor};
use veza_domain::payout::{Payout, SellerAccount, SellerBooks};
use veza_domain::refund::Refund;
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::{self, Invoice, Subscription};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;
use veza_ports::storage::{
    AddressHash, AdminReads, Audits, Backlog, BillingReads, CatalogReads, ClaimedPlacement, ClaimedReversal, ClaimedSubscription,
    ClaimedTransfer, Commit, CommitError, Committed, DeliveryFilter, DistributionReads, FailedLogins, FreshWork, History,
    IdempotencyRecord, IdentityReads, Instance, Instances, LedgerCheck, ListedOrder, ListedSubmission, LookClaim, Looked, OrderFilter,
    OrderReads, OverdueRenewal, Page, ProductFilter, RoyaltyPlace, SellerReads, SellerTransfer, Standing, StatusFilter, Storage,
    StoreError, StoredOrder, StoredSubmission, StoredSubscription, UnitOfWork, UnknownLogins, Versioned, WaitingOn, Work,
};

/// A store with points.
pub(super) struct Points {
    pub(super) inner: Arc<dyn Storage>,
    pub(super) plan: Arc<Plan>,
}

#[async_trait]
impl Commit for Points {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        self.plan.around(&names::of_unit(&unit), self.inner.commit(unit)).await
    }
}

impl Points {
    fn claimed<T>(&self, what: &str, claimed: Vec<T>) -> Vec<T> {
        if !claimed.is_empty() {
            self.plan.at(&format!("store.claim_{what}.after"));
        }
        claimed
    }
}

#[async_trait]
impl Work for Points {
    async fn claim_effects(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Versioned<Effect>>, StoreError> {
        Ok(self.claimed("effects", self.inner.claim_effects(now, lease, limit).await?))
    }

    async fn claim_transfers(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedTransfer>, StoreError> {
        Ok(self.claimed("transfers", self.inner.claim_transfers(now, lease, limit).await?))
    }

    async fn claim_reversals(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedReversal>, StoreError> {
        Ok(self.claimed("reversals", self.inner.claim_reversals(now, lease, limit).await?))
    }

    async fn claim_subscriptions(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedSubscription>, StoreError> {
        Ok(self.claimed("subscriptions", self.inner.claim_subscriptions(now, lease, limit).await?))
    }

    async fn claim_placements(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedPlacement>, StoreError> {
        Ok(self.claimed("placements", self.inner.claim_placements(now, lease, limit).await?))
    }

    async fn fresh_work(&self, now: Timestamp) -> Result<FreshWork, StoreError> {
        self.inner.fresh_work(now).await
    }

    async fn claim_looks(&self, claim: &LookClaim) -> Result<Vec<Looked>, StoreError> {
        Ok(self.claimed("looks", self.inner.claim_looks(claim).await?))
    }

    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.sweep_deliveries(before, limit).await
    }

    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.sweep(before, limit).await
    }
}

/// A port that passes everything on.
macro_rules! passes_on {
    ($port:ident: $($name:ident($($arg:ident: $type:ty),*) -> $answer:ty;)+) => {
        #[async_trait]
        impl $port for Points {
            $(async fn $name(&self, $($arg: $type),*) -> Result<$answer, StoreError> {
                self.inner.$name($($arg),*).await
            })+
        }
    };
}

passes_on! {
    IdentityReads:
    user(id: UserId) -> Option<Versioned<User>>;
    user_by_email(email: &Email) -> Option<Versioned<User>>;
    mail_token(hash: TokenHash) -> Option<Versioned<MailToken>>;
    session(id: SessionId) -> Option<Versioned<Session>>;
    refresh_token(hash: TokenHash) -> Option<Versioned<RefreshToken>>;
    caller(user: UserId, session: SessionId, now: Timestamp) -> Option<User>;
    idempotency(user: UserId, scope: &str, key: &str) -> Option<Versioned<IdempotencyRecord>>;
}

passes_on! {
    CatalogReads:
    product(id: ProductId) -> Option<Versioned<Product>>;
    products_by_id(ids: &[ProductId]) -> Vec<Versioned<Product>>;
    products(filter: ProductFilter, page: Page) -> Vec<Product>;
    exclusive_holds(products: &[ProductId]) -> Vec<Versioned<ExclusiveHold>>;
}

passes_on! {
    OrderReads:
    order_file(id: OrderId) -> Option<StoredOrder>;
    order_of_payment(payment_id: &str) -> Option<OrderId>;
    order_of_refund(psp_refund_id: &str) -> Option<OrderId>;
    orders_of_buyer(buyer: UserId, page: Page) -> Vec<ListedOrder>;
    licences_of_buyer(buyer: UserId, page: Page) -> Vec<Licence>;
    attention_of_order(id: OrderId) -> Vec<Attention>;
    effect(id: EffectId) -> Option<Versioned<Effect>>;
    order_of_dispute(psp_dispute_id: &str) -> Option<OrderId>;
    order_of_transfer(stripe_transfer_id: &str) -> Option<(OrderId, TransferId)>;
    order_of_our_transfer(id: TransferId) -> Option<OrderId>;
    order_of_reversal(id: ReversalId) -> Option<OrderId>;
    history(id: OrderId) -> History;
}

passes_on! {
    SellerReads:
    seller_account(seller: UserId) -> Option<Versioned<SellerAccount>>;
    seller_books(seller: UserId) -> Vec<(Currency, SellerBooks)>;
    transfers_of_seller(seller: UserId, page: Page) -> Vec<SellerTransfer>;
    held_transfers(seller: UserId, limit: u32) -> Vec<Versioned<Transfer>>;
    seller_of_account(stripe_account_id: &str) -> Option<UserId>;
    payout(id: &str) -> Option<Versioned<Payout>>;
    payouts_of_seller(seller: UserId, limit: u32, after: Option<(Timestamp, String)>) -> Vec<Payout>;
}

passes_on! {
    DistributionReads:
    submission(id: SubmissionId) -> Option<StoredSubmission>;
    submissions_of_user(user: UserId, page: Page) -> Vec<ListedSubmission>;
    royalty_tracks(references: &[String]) -> Vec<RoyaltyTrack>;
    royalty_file(hash: FileHash) -> Option<RoyaltyFile>;
    royalty_lines(keys: &[RoyaltyKey]) -> Vec<RoyaltyLine>;
    royalties_of_user(user: UserId, limit: u32, after: Option<RoyaltyPlace>) -> Vec<RoyaltySum>;
}

passes_on! {
    AdminReads:
    attention(limit: u32, after: Option<WaitingOn>) -> Vec<Attention>;
    deliveries(filter: &DeliveryFilter, page: Page) -> Vec<Delivery>;
    delivery(id: DeliveryId) -> Option<Delivery>;
    ledger_balances() -> Vec<(Account, Currency, Minor)>;
    ledger_check() -> LedgerCheck;
    attention_entry(subject: Uuid, code: Code) -> Option<Attention>;
    orders(filter: OrderFilter, page: Page) -> Vec<ListedOrder>;
    refunds(filter: StatusFilter, page: Page) -> Vec<Refund>;
    transfers(filter: StatusFilter, page: Page) -> Vec<SellerTransfer>;
    disputes(filter: StatusFilter, page: Page) -> Vec<Dispute>;
    admin_actions(page: Page) -> Vec<AdminAction>;
    orders_between(from: Timestamp, until: Timestamp, after: Option<OrderId>, limit: u32) -> Vec<OrderId>;
    count_orders_between(from: Timestamp, until: Timestamp) -> u64;
    transfers_without_stripe_id(after: Option<TransferId>, limit: u32) -> Vec<Transfer>;
    backlog() -> Backlog;
    check() -> ();
}

passes_on! {
    BillingReads:
    plans() -> Vec<subscription::Plan>;
    standing(user: UserId) -> Standing;
    subscription(id: SubscriptionId) -> Option<StoredSubscription>;
    subscriptions_by_method(method: &SavedMethod) -> Vec<Versioned<Subscription>>;
    invoice(id: InvoiceId) -> Option<Versioned<Invoice>>;
    invoices_of(user: UserId, page: Page) -> Vec<Invoice>;
    overdue_renewals(before: Timestamp, limit: u32) -> Vec<OverdueRenewal>;
    sweep_unpaid(now: Timestamp, limit: u32) -> Vec<SubscriptionId>;
}

passes_on! {
    Instances:
    instance_runs(instance: &Instance, since: Timestamp) -> Vec<Instance>;
    instance_ended(address: &str) -> ();
}

passes_on! {
    UnknownLogins:
    unknown_logins(address: AddressHash) -> Option<FailedLogins>;
    unknown_login_failed(address: AddressHash, at: Timestamp) -> ();
}

passes_on! {
    Audits:
    audit_asked(audit: &Audit) -> Audit;
    audit_taken(now: Timestamp, lease_until: Timestamp) -> Option<Audit>;
    audit_told(audit: &Audit, found: &[AuditDifference]) -> bool;
    audit_stopped(id: AuditId, at: Timestamp) -> bool;
    audit(id: AuditId) -> Option<Audit>;
    audits(page: Page) -> Vec<Audit>;
    audit_differences(id: AuditId, code: Option<&str>, limit: u32, after: Option<u64>) -> Vec<AuditDifference>;
}
