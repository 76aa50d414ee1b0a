//! Plans, subscriptions, invoices.

use super::{count, page};
use crate::MemoryStore;
use crate::state::{State, values};
use async_trait::async_trait;
use std::time::Duration;
use veza_domain::ids::{InvoiceId, SubscriptionId, UserId};
use veza_domain::money::{Currency, Money};
use veza_domain::order::Order;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::Billing;
use veza_domain::subscription::{Choice, Cycle, Features, Invoice, InvoiceStatus, Plan, PlanId, Subscription, SubscriptionStatus};
use veza_domain::time::Timestamp;
use veza_ports::storage::{
    BillingReads, OverdueRenewal, Page, Revisions, Row, RowKey, Standing, StoreError, StoredSubscription, Trial, Versioned,
};

/// What a plan costs for a month and for a year, in cents; whether its people sell and distribute; GiB; export; days of trial.
struct Listed {
    plan: PlanId,
    cents: [i64; 2],
    sells: bool,
    gibibytes: u64,
    exports: bool,
    trial_days: Option<u64>,
}

const PLANS: [Listed; 3] = [
    Listed { plan: PlanId::Free, cents: [0, 0], sells: false, gibibytes: 1, exports: false, trial_days: None },
    Listed { plan: PlanId::Creator, cents: [999, 9990], sells: true, gibibytes: 50, exports: false, trial_days: None },
    Listed { plan: PlanId::Premium, cents: [1999, 19_990], sells: true, gibibytes: 500, exports: true, trial_days: Some(14) },
];

fn price_list(currency: Currency) -> Vec<Plan> {
    let rows = |row: Listed| {
        let features = Features {
            can_sell_on_marketplace: row.sells,
            can_distribute: row.sells,
            upload_quota: row.gibibytes << 30,
            analytics_export: row.exports,
        };
        Cycle::ALL.into_iter().zip(row.cents).map(move |(cycle, cents)| Plan {
            choice: Choice { plan: row.plan, cycle, price: Money::new(cents, currency) },
            features,
            trial: row.trial_days.map(|days| Duration::from_secs(days * 86_400)),
        })
    };
    PLANS.into_iter().flat_map(rows).collect()
}

#[async_trait]
impl BillingReads for MemoryStore {
    async fn plans(&self) -> Result<Vec<Plan>, StoreError> {
        "USD".parse().map(price_list).map_err(|_| StoreError::Corrupt("USD is no currency".to_owned()))
    }

    async fn standing(&self, user: UserId) -> Result<Standing, StoreError> {
        let state = self.state();
        let own = state.find(|row: &Subscription| row.user_id == user);
        let current = own.into_iter().max_by_key(|row| (row.value.status.is_open(), row.value.id));
        let trial_used = state.get::<Trial>(&RowKey::Trial(user)).is_some();
        Ok(Standing { current: current.map(|row| state.with_invoices(row)), trial_used })
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<StoredSubscription>, StoreError> {
        let state = self.state();
        Ok(state.get(&RowKey::Subscription(id)).map(|row| state.with_invoices(row)))
    }

    async fn subscriptions_by_method(&self, method: &SavedMethod) -> Result<Vec<Versioned<Subscription>>, StoreError> {
        Ok(self.state().find(|row: &Subscription| row.method.as_ref() == Some(method)))
    }

    async fn invoice(&self, id: InvoiceId) -> Result<Option<Versioned<Invoice>>, StoreError> {
        Ok(self.state().get(&RowKey::Invoice(id)))
    }

    async fn invoices_of(&self, user: UserId, at: Page) -> Result<Vec<Invoice>, StoreError> {
        let state = self.state();
        let own = state.all::<Invoice>().filter(|row| row.value.user_id == user);
        Ok(page(own, |invoice| invoice.id.0, at).into_iter().cloned().collect())
    }

    async fn overdue_renewals(&self, before: Timestamp, limit: u32) -> Result<Vec<OverdueRenewal>, StoreError> {
        let state = self.state();
        let overdue = |row: &Subscription| {
            let running = matches!(row.status, SubscriptionStatus::Active | SubscriptionStatus::Trialing);
            let ended_at = row.ends_at().filter(|end| running && *end < before)?;
            Some(OverdueRenewal { id: row.id, user_id: row.user_id, ended_at })
        };
        let mut found: Vec<_> = state.all::<Subscription>().filter_map(|row| overdue(row.value)).collect();
        found.sort_by_key(|row| (row.ended_at, row.id));
        found.truncate(count(limit));
        Ok(found)
    }

    async fn sweep_unpaid(&self, now: Timestamp, limit: u32) -> Result<Vec<SubscriptionId>, StoreError> {
        let mut state = self.state();
        let mut swept = state.find(|row: &Subscription| state.grants_nothing(row, now));
        swept.truncate(count(limit));
        for row in &swept {
            state.replace(Row::Subscription(row.value.clone().expired(now)));
            state.swept.push((row.clone(), now));
        }
        Ok(values(swept).into_iter().map(|row| row.id).collect())
    }
}

impl State {
    /// The invoice that an order collects, with its subscription, and their revisions.
    pub(super) fn billing(&self, id: InvoiceId) -> Option<(Billing, Revisions)> {
        let invoice = self.get::<Invoice>(&RowKey::Invoice(id))?;
        let own = RowKey::Subscription(invoice.value.subscription_id);
        let subscription = self.get::<Subscription>(&own)?;
        let of_same = |row: &Subscription| row.user_id == subscription.value.user_id && row.id != subscription.value.id;
        let other = self.find(|row: &Subscription| of_same(row) && row.status.is_open());
        let other_open = other.first().map(|row| row.value.id);
        let revisions = Revisions::from([(RowKey::Invoice(id), invoice.revision), (own, subscription.revision)]);
        Some((Billing { invoice: invoice.value, subscription: subscription.value, other_open }, revisions))
    }

    fn with_invoices(&self, subscription: Versioned<Subscription>) -> StoredSubscription {
        let invoice = |id: Option<InvoiceId>| self.get::<Invoice>(&RowKey::Invoice(id?));
        let open = invoice(subscription.value.open_invoice);
        let open_order = open.as_ref().and_then(|open| self.get::<Order>(&RowKey::Order(open.value.order_id)));
        let paid = invoice(subscription.value.paid_by);
        StoredSubscription { subscription, open, open_order, paid }
    }

    /// Does it look as if it granted a paid plan, without a payment or a trial that runs?
    fn grants_nothing(&self, row: &Subscription, now: Timestamp) -> bool {
        let looks = matches!(row.status, SubscriptionStatus::Active | SubscriptionStatus::PastDue | SubscriptionStatus::Canceled);
        let on_trial = row.trial_ends_at.is_some_and(|end| now < end);
        let confirms =
            |invoice: &Invoice| invoice.subscription_id == row.id && invoice.status == InvoiceStatus::Paid && invoice.paid_by.is_some();
        looks && row.choice.plan != PlanId::Free && !on_trial && !self.all::<Invoice>().any(|invoice| confirms(invoice.value))
    }
}
