//! Plans, subscriptions, invoices, broken.

use super::{Broken, Fault};
use async_trait::async_trait;
use std::time::Duration;
use veza_domain::ids::{InvoiceId, SubscriptionId, UserId};
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::{Invoice, Plan, Subscription};
use veza_domain::time::Timestamp;
use veza_ports::contract::storage::sample::subscription_id;
use veza_ports::storage::{BillingReads, OverdueRenewal, Page, Standing, StoreError, StoredSubscription, Versioned};

#[async_trait]
impl BillingReads for Broken {
    async fn plans(&self) -> Result<Vec<Plan>, StoreError> {
        self.inner.plans().await
    }

    async fn standing(&self, user: UserId) -> Result<Standing, StoreError> {
        let mut standing = self.inner.standing(user).await?;
        standing.trial_used &= !self.is(Fault::ForgetsTrials);
        if self.is(Fault::ShowsTheNewest) {
            for n in 1..100 {
                let row = self.inner.subscription(subscription_id(n)).await?;
                standing.current = row.filter(|row| row.subscription.value.user_id == user).or(standing.current);
            }
        }
        Ok(standing)
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<StoredSubscription>, StoreError> {
        self.inner.subscription(id).await
    }

    async fn subscriptions_by_method(&self, method: &SavedMethod) -> Result<Vec<Versioned<Subscription>>, StoreError> {
        self.inner.subscriptions_by_method(method).await
    }

    async fn invoice(&self, id: InvoiceId) -> Result<Option<Versioned<Invoice>>, StoreError> {
        self.inner.invoice(id).await
    }

    async fn invoices_of(&self, user: UserId, page: Page) -> Result<Vec<Invoice>, StoreError> {
        self.inner.invoices_of(user, self.page(page)).await
    }

    async fn overdue_renewals(&self, before: Timestamp, limit: u32) -> Result<Vec<OverdueRenewal>, StoreError> {
        let early = if self.is(Fault::MissesRenewalsAtOnce) { Duration::from_micros(1) } else { Duration::ZERO };
        self.inner.overdue_renewals(before.plus(early), limit).await
    }

    async fn sweep_unpaid(&self, now: Timestamp, limit: u32) -> Result<Vec<SubscriptionId>, StoreError> {
        let now = if self.is(Fault::SweepsTrials) { Timestamp(i64::MAX) } else { now };
        self.inner.sweep_unpaid(now, limit).await
    }
}
