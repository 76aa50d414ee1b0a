//! The store as an instance sees it: every call is a point at which something else may happen, and may fail on purpose.
//!
//! It also watches what is written: which rows there are (so that operations have something to be about), and that nothing is handed
//! out before the provider has the money.

use crate::ground::wait;
use crate::points::Points;
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::future::Future;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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
    AuditId, DeliveryId, EffectId, InvoiceId, OrderId, ProductId, RefundId, ReversalId, SessionId, SubmissionId, SubscriptionId,
    TransferId, UserId,
};
use veza_domain::journal::AdminAction;
use veza_domain::ledger::{Account, Posting};
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::money::{Currency, Minor};
use veza_domain::order::Order;
use veza_domain::payout::{Payout, SellerAccount, SellerBooks};
use veza_domain::refund::Refund;
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::{Invoice, Plan, Subscription};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;
use veza_ports::storage::*;
use veza_sandbox::{InProcess, Payment};

/// How a call of the store fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// Nothing happened.
    Before,
    /// A commit whose outcome is unknown; nothing happened. Of other calls: the same as `Before`.
    UnknownWithout,
    /// It happened, and the answer was lost.
    UnknownWith,
}

/// What was written so far.
#[derive(Default)]
pub struct Seen {
    /// Orders, as they were made.
    pub orders: Vec<OrderId>,
    /// Refunds of ours, as they were opened.
    pub refunds: Vec<RefundId>,
    /// Transfers, as they were opened.
    pub transfers: Vec<TransferId>,
    /// Reversals, as they were opened.
    pub reversals: Vec<ReversalId>,
    /// Connect's ids of transfers.
    pub at_connect: Vec<String>,
    /// Logged deliveries.
    pub deliveries: Vec<DeliveryId>,
    /// What ever stood on the operators' list.
    pub attention: Vec<(Uuid, Code)>,
    /// Postings, as they were made.
    pub postings: BTreeMap<String, Posting>,
    /// Orders that are known to be paid.
    paid: BTreeSet<OrderId>,
    /// What must not be.
    pub broken: Vec<String>,
}

impl Seen {
    /// How many orders were paid.
    #[must_use]
    pub fn paid(&self) -> usize {
        self.paid.len()
    }
}

fn remember<T: PartialEq>(known: &mut Vec<T>, one: T) {
    if !known.contains(&one) {
        known.push(one);
    }
}

/// What the instances of a world share of the store.
pub struct Shared {
    /// The store itself.
    pub inner: Arc<dyn Storage>,
    /// Where everybody waits.
    pub points: Arc<Points>,
    /// The provider that the money must come from.
    pub sandbox: Arc<InProcess>,
    /// What was written so far.
    pub seen: Mutex<Seen>,
    /// Failures to come: so many calls are spared, then how.
    pub failures: Mutex<VecDeque<(u32, Failure)>>,
}

impl Shared {
    /// What was written so far.
    pub fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Failures to come.
    pub fn failures(&self) -> MutexGuard<'_, VecDeque<(u32, Failure)>> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn failure(&self) -> Option<Failure> {
        let mut failures = self.failures();
        let (spared, how) = failures.front_mut()?;
        if *spared > 0 {
            *spared -= 1;
            return None;
        }
        let how = *how;
        failures.pop_front();
        Some(how)
    }

    fn written(&self, unit: &UnitOfWork) {
        let mut seen = self.seen();
        for write in unit.writes() {
            let (Write::Insert(row) | Write::Ensure(row) | Write::Update { row, .. }) = write else { continue };
            match row {
                Row::Order(row) => {
                    remember(&mut seen.orders, row.id);
                    self.goods_for_money(&mut seen, row);
                }
                Row::Refund(row) => remember(&mut seen.refunds, row.id),
                Row::Transfer(row) => {
                    remember(&mut seen.transfers, row.id);
                    if let Some(id) = &row.stripe_transfer_id {
                        remember(&mut seen.at_connect, id.clone());
                    }
                }
                Row::Reversal(row) => remember(&mut seen.reversals, row.id),
                Row::Delivery(row) => remember(&mut seen.deliveries, row.id),
                Row::Attention(row) => remember(&mut seen.attention, (row.subject.id(), row.code)),
                Row::Posting(row) => {
                    seen.postings.insert(row.event.clone(), row.clone());
                }
                _ => {}
            }
        }
    }

    /// The moment an order is paid in our books, the provider has the money, or had it.
    fn goods_for_money(&self, seen: &mut Seen, order: &Order) {
        if order.completed_at.is_none() || !seen.paid.insert(order.id) || order.total.amount == Minor::ZERO {
            return;
        }
        let payment = self.sandbox.payment(&order.id.to_string());
        let had = payment.as_ref().map_or(0, captured);
        if had != order.total.amount.0 {
            let line = format!("order {} of {} was completed while the PSP has {had}", order.id, order.total);
            seen.broken.push(line);
        }
    }
}

/// What was captured by a payment, also if it was taken back later.
#[must_use]
pub fn captured(payment: &Payment) -> i64 {
    let so_far = payment.amount_received + payment.failed_after_success;
    // One that has failed may have been paid again: then the whole stands twice in the sums.
    if payment.failed_after_success > 0 { so_far.min(payment.amount) } else { so_far }
}

/// The store of one instance.
pub struct SimStore(pub Arc<Shared>);

#[derive(Debug, thiserror::Error)]
#[error("on purpose")]
struct OnPurpose;

impl SimStore {
    async fn read<T>(&self, name: &'static str, call: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        self.0.points.reach(name).await;
        match self.0.failure() {
            None => wait(call),
            Some(_) => Err(StoreError::Unavailable(Box::new(OnPurpose))),
        }
    }

    async fn claim<T: Send>(&self, name: &'static str, call: impl Future<Output = Result<T, StoreError>> + Send) -> Result<T, StoreError> {
        self.0.points.reach(name).await;
        let claimed = match self.0.failure() {
            None => wait(call),
            Some(Failure::UnknownWith) => {
                let _ = wait(call);
                Err(StoreError::Unavailable(Box::new(OnPurpose)))
            }
            Some(Failure::Before | Failure::UnknownWithout) => Err(StoreError::Unavailable(Box::new(OnPurpose))),
        };
        self.0.points.reach("claimed").await;
        claimed
    }
}

#[async_trait]
impl Commit for SimStore {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        let shared = &self.0;
        shared.points.reach("commit").await;
        let failure = shared.failure();
        let committed = match failure {
            Some(Failure::Before) => Err(CommitError::Unavailable(Box::new(OnPurpose))),
            Some(Failure::UnknownWithout) => Err(CommitError::Unknown(Box::new(OnPurpose))),
            None | Some(Failure::UnknownWith) => {
                let committed = wait(shared.inner.commit(unit.clone()));
                if matches!(committed, Ok(Committed::Applied)) {
                    shared.written(&unit);
                }
                if let Err(error @ (CommitError::Invalid(..) | CommitError::IdReused(_))) = &committed {
                    shared.seen().broken.push(format!("a unit was refused for good: {error}"));
                }
                if failure.is_some() { Err(CommitError::Unknown(Box::new(OnPurpose))) } else { committed }
            }
        };
        let outcome = match &committed {
            Ok(Committed::Applied) => "applied",
            Ok(Committed::AlreadyApplied) => "had been applied",
            Err(CommitError::Conflict(_)) => "conflict",
            Err(CommitError::Taken(..)) => "taken",
            Err(CommitError::IdReused(_) | CommitError::Invalid(..)) => "refused",
            Err(CommitError::Unavailable(_)) => "unavailable",
            Err(CommitError::Unknown(_)) => "unknown",
        };
        if shared.points.is_read() {
            let keys: Vec<String> = unit.writes().iter().map(|write| format!("{:?}", write.key())).collect();
            shared.points.note(format_args!("    {outcome}: {}", keys.join(", ")));
        } else {
            shared.points.note(format_args!("{outcome} {}", unit.writes().len()));
        }
        shared.points.reach("committed").await;
        committed
    }
}

macro_rules! reads {
    ($port:ident: $($name:ident($($arg:ident: $kind:ty),*) -> $out:ty;)+) => {
        #[async_trait]
        impl $port for SimStore {
            $(async fn $name(&self, $($arg: $kind),*) -> Result<$out, StoreError> {
                self.read(stringify!($name), self.0.inner.$name($($arg),*)).await
            })+
        }
    };
}

reads! { IdentityReads:
    user(id: UserId) -> Option<Versioned<User>>;
    user_by_email(email: &Email) -> Option<Versioned<User>>;
    mail_token(hash: TokenHash) -> Option<Versioned<MailToken>>;
    session(id: SessionId) -> Option<Versioned<Session>>;
    refresh_token(hash: TokenHash) -> Option<Versioned<RefreshToken>>;
    caller(user: UserId, session: SessionId, now: Timestamp) -> Option<User>;
    idempotency(user: UserId, scope: &str, key: &str) -> Option<Versioned<IdempotencyRecord>>;
}

reads! { CatalogReads:
    product(id: ProductId) -> Option<Versioned<Product>>;
    products_by_id(ids: &[ProductId]) -> Vec<Versioned<Product>>;
    products(filter: ProductFilter, page: Page) -> Vec<Product>;
    exclusive_holds(products: &[ProductId]) -> Vec<Versioned<ExclusiveHold>>;
}

reads! { OrderReads:
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

reads! { SellerReads:
    seller_account(seller: UserId) -> Option<Versioned<SellerAccount>>;
    seller_books(seller: UserId) -> Vec<(Currency, SellerBooks)>;
    transfers_of_seller(seller: UserId, page: Page) -> Vec<SellerTransfer>;
    held_transfers(seller: UserId, limit: u32) -> Vec<Versioned<Transfer>>;
    seller_of_account(stripe_account_id: &str) -> Option<UserId>;
    payout(id: &str) -> Option<Versioned<Payout>>;
    payouts_of_seller(seller: UserId, limit: u32, after: Option<(Timestamp, String)>) -> Vec<Payout>;
}

reads! { DistributionReads:
    submission(id: SubmissionId) -> Option<StoredSubmission>;
    submissions_of_user(user: UserId, page: Page) -> Vec<ListedSubmission>;
    royalty_tracks(references: &[String]) -> Vec<RoyaltyTrack>;
    royalty_file(hash: FileHash) -> Option<RoyaltyFile>;
    royalty_lines(keys: &[RoyaltyKey]) -> Vec<RoyaltyLine>;
    royalties_of_user(user: UserId, limit: u32, after: Option<RoyaltyPlace>) -> Vec<RoyaltySum>;
}

reads! { AdminReads:
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

reads! { BillingReads:
    plans() -> Vec<Plan>;
    standing(user: UserId) -> Standing;
    subscription(id: SubscriptionId) -> Option<StoredSubscription>;
    subscriptions_by_method(method: &SavedMethod) -> Vec<Versioned<Subscription>>;
    invoice(id: InvoiceId) -> Option<Versioned<Invoice>>;
    invoices_of(user: UserId, page: Page) -> Vec<Invoice>;
    overdue_renewals(before: Timestamp, limit: u32) -> Vec<OverdueRenewal>;
    sweep_unpaid(now: Timestamp, limit: u32) -> Vec<SubscriptionId>;
}

reads! { Instances:
    instance_runs(instance: &Instance, since: Timestamp) -> Vec<Instance>;
    instance_ended(address: &str) -> ();
}

reads! { UnknownLogins:
    unknown_logins(address: AddressHash) -> Option<FailedLogins>;
    unknown_login_failed(address: AddressHash, at: Timestamp) -> ();
}

reads! { Audits:
    audit_asked(audit: &Audit) -> Audit;
    audit_taken(now: Timestamp, lease_until: Timestamp) -> Option<Audit>;
    audit_told(audit: &Audit, found: &[AuditDifference]) -> bool;
    audit_stopped(id: AuditId, at: Timestamp) -> bool;
    audit(id: AuditId) -> Option<Audit>;
    audits(page: Page) -> Vec<Audit>;
    audit_differences(id: AuditId, code: Option<&str>, limit: u32, after: Option<u64>) -> Vec<AuditDifference>;
}

#[async_trait]
impl Work for SimStore {
    async fn claim_effects(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Versioned<Effect>>, StoreError> {
        self.claim("claim_effects", self.0.inner.claim_effects(now, lease, limit)).await
    }

    async fn claim_transfers(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedTransfer>, StoreError> {
        self.claim("claim_transfers", self.0.inner.claim_transfers(now, lease, limit)).await
    }

    async fn claim_reversals(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedReversal>, StoreError> {
        self.claim("claim_reversals", self.0.inner.claim_reversals(now, lease, limit)).await
    }

    async fn claim_subscriptions(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedSubscription>, StoreError> {
        self.claim("claim_subscriptions", self.0.inner.claim_subscriptions(now, lease, limit)).await
    }

    async fn claim_placements(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedPlacement>, StoreError> {
        self.claim("claim_placements", self.0.inner.claim_placements(now, lease, limit)).await
    }

    async fn fresh_work(&self, now: Timestamp) -> Result<FreshWork, StoreError> {
        self.claim("fresh_work", self.0.inner.fresh_work(now)).await
    }

    async fn claim_looks(&self, claim: &LookClaim) -> Result<Vec<Looked>, StoreError> {
        self.claim("claim_looks", self.0.inner.claim_looks(claim)).await
    }

    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.claim("sweep_deliveries", self.0.inner.sweep_deliveries(before, limit)).await
    }

    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.claim("sweep", self.0.inner.sweep(before, limit)).await
    }
}
