//! A store that is broken on purpose: memory, with one fault in front of it.

use async_trait::async_trait;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;
use veza_domain::attention::Attention;
use veza_domain::catalog::Product;
use veza_domain::effect::Effect;
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{DeliveryId, EffectId, OrderId, ProductId, SessionId, UserId};
use veza_domain::ledger::Account;
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::money::{Currency, Minor};
use veza_domain::payout::{SellerAccount, SellerBooks};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;
use veza_memory::MemoryStore;
use veza_ports::storage::{
    AddressHash, AdminReads, Backlog, CatalogReads, ClaimedReversal, ClaimedTransfer, Commit, CommitError, Committed, DeliveryFilter,
    FailedLogins, IdempotencyRecord, IdentityReads, Instance, Instances, ListedOrder, OrderReads, Page, ProductFilter, SellerReads,
    SellerTransfer, StoreError, StoredOrder, UnitId, UnitOfWork, UnknownLogins, Versioned, WaitingOn, Work, Write,
};

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each test uses its own")]
pub enum Fault {
    /// Nothing.
    None,
    /// Rows that were read for a decision are not guarded.
    IgnoresUnchanged,
    /// An update writes over whatever is there.
    IgnoresRevisions,
    /// A unit that comes again is carried out again.
    ForgetsUnits,
    /// Any unit under a known id is a repeat.
    IgnoresFingerprints,
    /// A refused unit's id is used up.
    KeepsRefusedIds,
    /// A refused unit leaves the writes before the one that failed.
    HalfUnits,
    /// An `Ensure` of a row that is there is refused.
    EnsureIsInsert,
    /// A value that another row has is taken silently for another row to have.
    SwallowsTaken,
    /// A move that the matrix does not have is answered as if it had been made.
    SwallowsInvalid,
    /// Work that was claimed can be claimed again at once.
    NoLease,
    /// Work is claimed newest first.
    ClaimsBackwards,
    /// A page begins with the last row of the one before.
    PagesOverlap,
    /// An order and what hangs on it are read at two moments.
    TornReads,
    /// The broom takes what is young.
    SweepsTheYoung,
    /// Who has not been seen for long still counts.
    SeesTheDead,
    /// The wrong sign of what is owed.
    BooksUpsideDown,
}

/// A memory store with a fault.
pub struct Broken {
    inner: MemoryStore,
    fault: Fault,
    units: AtomicU64,
}

impl Broken {
    pub fn new(fault: Fault) -> Self {
        Self { inner: MemoryStore::new(), fault, units: AtomicU64::new(0) }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn page(&self, page: Page) -> Page {
        let before = page.before.map(|id| if self.is(Fault::PagesOverlap) { Uuid::from_u128(id.as_u128() + 1) } else { id });
        Page { before, ..page }
    }

    fn lease(&self, lease: Duration) -> Duration {
        if self.is(Fault::NoLease) { Duration::ZERO } else { lease }
    }

    fn in_order<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if self.is(Fault::ClaimsBackwards) {
            rows.reverse();
        }
        rows
    }

    fn with_writes(unit: &UnitOfWork, id: UnitId, writes: Vec<Write>) -> UnitOfWork {
        UnitOfWork::new(id, *unit.fingerprint(), unit.decided_at(), writes)
    }

    fn fresh_id(&self) -> UnitId {
        UnitId(format!("fresh {}", self.units.fetch_add(1, Ordering::Relaxed)))
    }

    /// Raises the expected revision of the row in conflict until it is the stored one.
    async fn commit_over(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        let mut writes = unit.writes().to_vec();
        for _ in 0..200 {
            let answer = self.inner.commit(Self::with_writes(&unit, unit.id().clone(), writes.clone())).await;
            let Err(CommitError::Conflict(key)) = &answer else { return answer };
            let Some(Write::Update { expected, .. }) = writes.iter_mut().find(|write| write.key() == *key) else { return answer };
            *expected = expected.next();
        }
        self.inner.commit(unit).await
    }

    async fn commit_in_pieces(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        if unit.writes().len() > 1 {
            for write in unit.writes() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                self.inner.commit(Self::with_writes(&unit, self.fresh_id(), vec![write.clone()])).await?;
            }
            return self.inner.commit(Self::with_writes(&unit, unit.id().clone(), Vec::new())).await;
        }
        self.inner.commit(unit).await
    }
}

#[async_trait]
impl Commit for Broken {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        let filtered = |keep: fn(&Write) -> bool| unit.writes().iter().filter(|write| keep(write)).cloned().collect();
        match self.fault {
            Fault::IgnoresUnchanged => {
                let writes = filtered(|write| !matches!(write, Write::Unchanged { .. }));
                self.inner.commit(Self::with_writes(&unit, unit.id().clone(), writes)).await
            }
            Fault::IgnoresRevisions => self.commit_over(unit).await,
            Fault::ForgetsUnits => self.inner.commit(Self::with_writes(&unit, self.fresh_id(), unit.writes().to_vec())).await,
            Fault::IgnoresFingerprints => {
                self.inner.commit(UnitOfWork::new(unit.id().clone(), [0; 32], unit.decided_at(), unit.writes().to_vec())).await
            }
            Fault::KeepsRefusedIds => {
                let answer = self.inner.commit(unit.clone()).await;
                if answer.is_err() {
                    let _ = self.inner.commit(Self::with_writes(&unit, unit.id().clone(), Vec::new())).await;
                }
                answer
            }
            Fault::HalfUnits => self.commit_in_pieces(unit).await,
            Fault::EnsureIsInsert => {
                let as_insert = |write: &Write| match write {
                    Write::Ensure(row) => Write::Insert(row.clone()),
                    other => other.clone(),
                };
                let writes = unit.writes().iter().map(as_insert).collect();
                self.inner.commit(Self::with_writes(&unit, unit.id().clone(), writes)).await
            }
            Fault::SwallowsTaken => match self.inner.commit(unit).await {
                Err(CommitError::Taken(..)) => Ok(Committed::Applied),
                answer => answer,
            },
            Fault::SwallowsInvalid => match self.inner.commit(unit).await {
                Err(CommitError::Invalid(..)) => Ok(Committed::Applied),
                answer => answer,
            },
            _ => self.inner.commit(unit).await,
        }
    }
}

#[async_trait]
impl Work for Broken {
    async fn claim_effects(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Versioned<Effect>>, StoreError> {
        self.inner.claim_effects(now, self.lease(lease), limit).await.map(|rows| self.in_order(rows))
    }

    async fn claim_transfers(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedTransfer>, StoreError> {
        self.inner.claim_transfers(now, self.lease(lease), limit).await.map(|rows| self.in_order(rows))
    }

    async fn claim_reversals(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedReversal>, StoreError> {
        self.inner.claim_reversals(now, self.lease(lease), limit).await.map(|rows| self.in_order(rows))
    }

    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let grace = if self.is(Fault::SweepsTheYoung) { Duration::from_micros(1) } else { Duration::ZERO };
        self.inner.sweep(before.plus(grace), limit).await
    }
}

#[async_trait]
impl Instances for Broken {
    async fn instance_runs(&self, instance: &Instance, since: Timestamp) -> Result<Vec<Instance>, StoreError> {
        let since = if self.is(Fault::SeesTheDead) { Timestamp(0) } else { since };
        self.inner.instance_runs(instance, since).await
    }

    async fn instance_ended(&self, address: &str) -> Result<(), StoreError> {
        self.inner.instance_ended(address).await
    }
}

#[async_trait]
impl UnknownLogins for Broken {
    async fn unknown_logins(&self, address: AddressHash) -> Result<Option<FailedLogins>, StoreError> {
        self.inner.unknown_logins(address).await
    }

    async fn unknown_login_failed(&self, address: AddressHash, at: Timestamp) -> Result<(), StoreError> {
        self.inner.unknown_login_failed(address, at).await
    }
}

#[async_trait]
impl OrderReads for Broken {
    async fn order_file(&self, id: OrderId) -> Result<Option<StoredOrder>, StoreError> {
        let first = self.inner.order_file(id).await?;
        if !self.is(Fault::TornReads) {
            return Ok(first);
        }
        tokio::time::sleep(Duration::from_millis(1)).await;
        let second = self.inner.order_file(id).await?;
        Ok(first.zip(second).map(|(first, mut second)| {
            second.file.order = first.file.order;
            second
        }))
    }

    async fn order_of_payment(&self, payment_id: &str) -> Result<Option<OrderId>, StoreError> {
        self.inner.order_of_payment(payment_id).await
    }

    async fn order_of_refund(&self, psp_refund_id: &str) -> Result<Option<OrderId>, StoreError> {
        self.inner.order_of_refund(psp_refund_id).await
    }

    async fn orders_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<ListedOrder>, StoreError> {
        self.inner.orders_of_buyer(buyer, self.page(page)).await
    }

    async fn licences_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<Licence>, StoreError> {
        self.inner.licences_of_buyer(buyer, page).await
    }

    async fn attention_of_order(&self, id: OrderId) -> Result<Vec<Attention>, StoreError> {
        self.inner.attention_of_order(id).await
    }

    async fn effect(&self, id: EffectId) -> Result<Option<Versioned<Effect>>, StoreError> {
        self.inner.effect(id).await
    }
}

#[async_trait]
impl SellerReads for Broken {
    async fn seller_account(&self, seller: UserId) -> Result<Option<Versioned<SellerAccount>>, StoreError> {
        self.inner.seller_account(seller).await
    }

    async fn seller_books(&self, seller: UserId) -> Result<Vec<(Currency, SellerBooks)>, StoreError> {
        let mut books = self.inner.seller_books(seller).await?;
        if self.is(Fault::BooksUpsideDown) {
            books.iter_mut().for_each(|(_, books)| books.payable = Minor(-books.payable.0));
        }
        Ok(books)
    }

    async fn transfers_of_seller(&self, seller: UserId, page: Page) -> Result<Vec<SellerTransfer>, StoreError> {
        self.inner.transfers_of_seller(seller, page).await
    }

    async fn held_transfers(&self, seller: UserId, limit: u32) -> Result<Vec<Versioned<Transfer>>, StoreError> {
        self.inner.held_transfers(seller, limit).await
    }
}

#[async_trait]
impl IdentityReads for Broken {
    async fn user(&self, id: UserId) -> Result<Option<Versioned<User>>, StoreError> {
        self.inner.user(id).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<Versioned<User>>, StoreError> {
        self.inner.user_by_email(email).await
    }

    async fn mail_token(&self, hash: TokenHash) -> Result<Option<Versioned<MailToken>>, StoreError> {
        self.inner.mail_token(hash).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Versioned<Session>>, StoreError> {
        self.inner.session(id).await
    }

    async fn refresh_token(&self, hash: TokenHash) -> Result<Option<Versioned<RefreshToken>>, StoreError> {
        self.inner.refresh_token(hash).await
    }

    async fn caller(&self, user: UserId, session: SessionId, now: Timestamp) -> Result<Option<User>, StoreError> {
        self.inner.caller(user, session, now).await
    }

    async fn idempotency(&self, user: UserId, scope: &str, key: &str) -> Result<Option<Versioned<IdempotencyRecord>>, StoreError> {
        self.inner.idempotency(user, scope, key).await
    }
}

#[async_trait]
impl CatalogReads for Broken {
    async fn product(&self, id: ProductId) -> Result<Option<Versioned<Product>>, StoreError> {
        self.inner.product(id).await
    }

    async fn products_by_id(&self, ids: &[ProductId]) -> Result<Vec<Versioned<Product>>, StoreError> {
        self.inner.products_by_id(ids).await
    }

    async fn products(&self, filter: ProductFilter, page: Page) -> Result<Vec<Product>, StoreError> {
        self.inner.products(filter, page).await
    }

    async fn exclusive_holds(&self, products: &[ProductId]) -> Result<Vec<Versioned<ExclusiveHold>>, StoreError> {
        self.inner.exclusive_holds(products).await
    }
}

#[async_trait]
impl AdminReads for Broken {
    async fn attention(&self, limit: u32, after: Option<WaitingOn>) -> Result<Vec<Attention>, StoreError> {
        self.inner.attention(limit, after).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter, page: Page) -> Result<Vec<Delivery>, StoreError> {
        self.inner.deliveries(filter, page).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.inner.delivery(id).await
    }

    async fn ledger_balances(&self) -> Result<Vec<(Account, Currency, Minor)>, StoreError> {
        self.inner.ledger_balances().await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.inner.backlog().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }
}
