//! Reads.

use super::{Broken, Fault};
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::catalog::Product;
use veza_domain::dispute::Dispute;
use veza_domain::effect::Effect;
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{DeliveryId, EffectId, OrderId, ProductId, ReversalId, SessionId, TransferId, UserId};
use veza_domain::journal::AdminAction;
use veza_domain::ledger::Account;
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::money::{Currency, Minor};
use veza_domain::payout::{Payout, SellerAccount, SellerBooks};
use veza_domain::refund::Refund;
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;
use veza_ports::contract::storage::sample::order_id;
use veza_ports::storage::{
    AdminReads, Backlog, CatalogReads, DeliveryFilter, History, IdempotencyRecord, IdentityReads, LedgerCheck, ListedOrder, OrderFilter,
    OrderReads, Page, ProductFilter, RowKey, SellerReads, SellerTransfer, StatusFilter, StoreError, StoredOrder, Versioned, WaitingOn,
};

#[async_trait]
impl OrderReads for Broken {
    async fn order_file(&self, id: OrderId) -> Result<Option<StoredOrder>, StoreError> {
        let mut first = self.inner.order_file(id).await?;
        if let Some(stored) = &mut first {
            self.more_debts(stored).await?;
            self.less_billing(stored);
        }
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
        if self.is(Fault::BuysInvoices) {
            return self.inner.orders(OrderFilter { buyer: Some(buyer), status: None }, page).await;
        }
        self.inner.orders_of_buyer(buyer, self.page(page)).await
    }

    async fn licences_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<Licence>, StoreError> {
        self.inner.licences_of_buyer(buyer, page).await
    }

    async fn attention_of_order(&self, id: OrderId) -> Result<Vec<Attention>, StoreError> {
        self.inner.attention_of_order(id).await
    }

    async fn order_of_dispute(&self, psp_dispute_id: &str) -> Result<Option<OrderId>, StoreError> {
        self.inner.order_of_dispute(psp_dispute_id).await
    }

    async fn order_of_transfer(&self, stripe_transfer_id: &str) -> Result<Option<(OrderId, TransferId)>, StoreError> {
        self.inner.order_of_transfer(stripe_transfer_id).await
    }

    async fn order_of_our_transfer(&self, id: TransferId) -> Result<Option<OrderId>, StoreError> {
        self.inner.order_of_our_transfer(id).await
    }

    async fn order_of_reversal(&self, id: ReversalId) -> Result<Option<OrderId>, StoreError> {
        self.inner.order_of_reversal(id).await
    }

    async fn history(&self, id: OrderId) -> Result<History, StoreError> {
        let mut history = self.inner.history(id).await?;
        if self.is(Fault::HistoryOfAnother) {
            let mut other = self.inner.history(order_id(2)).await?;
            history.journal.append(&mut other.journal);
            history.effects.append(&mut other.effects);
        }
        if self.is(Fault::PayloadsInHistory) {
            for delivery in &mut history.deliveries {
                delivery.payload = self.inner.delivery(delivery.id).await?.map(|row| row.payload).unwrap_or_default();
            }
        }
        Ok(history)
    }

    async fn effect(&self, id: EffectId) -> Result<Option<Versioned<Effect>>, StoreError> {
        self.inner.effect(id).await
    }
}

impl Broken {
    /// What an order's file should tell of what it collects.
    fn less_billing(&self, stored: &mut StoredOrder) {
        let Some(billing) = &mut stored.file.billing else { return };
        if self.is(Fault::ForgetsTheOther) {
            billing.other_open = None;
        }
        if self.is(Fault::ForgetsBillingRevisions) {
            stored.revisions.retain(|key, _| !matches!(key, RowKey::Invoice(_) | RowKey::Subscription(_)));
        }
    }

    /// Debts that an order's file should not have.
    async fn more_debts(&self, stored: &mut StoredOrder) -> Result<(), StoreError> {
        let sellers: Vec<_> = stored.file.lines.iter().map(|line| line.seller_id).collect();
        for n in 1..10 {
            let Some(other) = self.inner.order_file(order_id(n)).await? else { continue };
            let own = other.file.order.id == stored.file.order.id;
            let offered = |row: &&Reversal| match self.fault {
                Fault::DebtsInFlight => !own && row.attempt.is_unknown() && row.status == ReversalStatus::ReversalPending,
                Fault::OwnDebts => own,
                _ => false,
            };
            let more = other.file.reversals.iter().filter(|row| sellers.contains(&row.seller_id)).filter(offered);
            stored.file.debts.extend(more.cloned());
        }
        Ok(())
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

    async fn seller_of_account(&self, stripe_account_id: &str) -> Result<Option<UserId>, StoreError> {
        self.inner.seller_of_account(stripe_account_id).await
    }

    async fn payout(&self, id: &str) -> Result<Option<Versioned<Payout>>, StoreError> {
        self.inner.payout(id).await
    }

    async fn payouts_of_seller(&self, seller: UserId, limit: u32, after: Option<(Timestamp, String)>) -> Result<Vec<Payout>, StoreError> {
        let after = after.map(|(time, id)| if self.is(Fault::PagesOverlap) { (time, format!("{id}~")) } else { (time, id) });
        self.inner.payouts_of_seller(seller, limit, after).await
    }
}

impl Broken {
    fn status(&self, filter: StatusFilter) -> StatusFilter {
        if self.is(Fault::IgnoresStatus) { StatusFilter::default() } else { filter }
    }

    fn until(&self, until: Timestamp) -> Timestamp {
        if self.is(Fault::PeriodsOverlap) { until.plus(Duration::from_millis(1)) } else { until }
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

    async fn ledger_check(&self) -> Result<LedgerCheck, StoreError> {
        self.inner.ledger_check().await
    }

    async fn attention_entry(&self, subject: Uuid, code: Code) -> Result<Option<Attention>, StoreError> {
        self.inner.attention_entry(subject, code).await
    }

    async fn orders(&self, filter: OrderFilter, page: Page) -> Result<Vec<ListedOrder>, StoreError> {
        let status = filter.status.filter(|_| !self.is(Fault::IgnoresStatus));
        self.inner.orders(OrderFilter { status, ..filter }, self.page(page)).await
    }

    async fn refunds(&self, filter: StatusFilter, page: Page) -> Result<Vec<Refund>, StoreError> {
        self.inner.refunds(self.status(filter), self.page(page)).await
    }

    async fn transfers(&self, filter: StatusFilter, page: Page) -> Result<Vec<SellerTransfer>, StoreError> {
        self.inner.transfers(self.status(filter), self.page(page)).await
    }

    async fn disputes(&self, filter: StatusFilter, page: Page) -> Result<Vec<Dispute>, StoreError> {
        self.inner.disputes(self.status(filter), self.page(page)).await
    }

    async fn admin_actions(&self, page: Page) -> Result<Vec<AdminAction>, StoreError> {
        self.inner.admin_actions(self.page(page)).await
    }

    async fn orders_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<OrderId>, StoreError> {
        self.inner.orders_between(from, self.until(until), after, limit).await
    }

    async fn count_orders_between(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        self.inner.count_orders_between(from, self.until(until)).await
    }

    async fn transfers_without_stripe_id(&self, after: Option<TransferId>, limit: u32) -> Result<Vec<Transfer>, StoreError> {
        self.inner.transfers_without_stripe_id(after, limit).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.inner.backlog().await
    }

    async fn check(&self) -> Result<(), StoreError> {
        self.inner.check().await
    }
}
