//! Plans, subscriptions, invoices.

use super::before;
use super::orders::ORDER;
use crate::SqliteStore;
use crate::fault::of_read;
use crate::fields::{all, one, values};
use crate::rows::billing::{invoice, plan, select_invoice, select_subscription, subscription, subscription_columns};
use crate::rows::orders::order;
use crate::rows::{Stored, execute};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, params};
use uuid::Uuid;
use veza_domain::ids::{InvoiceId, SubscriptionId, UserId};
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::Billing;
use veza_domain::subscription::{Invoice, Plan, Subscription};
use veza_domain::time::Timestamp;
use veza_ports::storage::{BillingReads, OverdueRenewal, Page, Revisions, RowKey, Standing, StoreError, StoredSubscription, Versioned};

pub(super) const PLANS: &str = "SELECT 1, plan, cycle, price, currency, can_sell_on_marketplace, can_distribute, upload_quota, \
     analytics_export, trial_days FROM plans";
pub(super) const SUBSCRIPTION: &str = select_subscription!("WHERE id = ?1");
pub(super) const BY_METHOD: &str = select_subscription!("WHERE method = ?1 ORDER BY id");
pub(super) const INVOICE: &str = select_invoice!("WHERE id = ?1");
/// By the index in which there is one at most.
pub(super) const OPEN: &str = select_subscription!("INDEXED BY subscriptions_open WHERE user_id = ?1 AND status <> 'expired'");
pub(super) const LAST: &str = select_subscription!("WHERE user_id = ?1 ORDER BY id DESC LIMIT 1");
pub(super) const OTHER_OPEN: &str =
    "SELECT id FROM subscriptions INDEXED BY subscriptions_open WHERE user_id = ?1 AND status <> 'expired' AND id <> ?2";
pub(super) const TRIAL: &str = "SELECT 1 FROM trials WHERE user_id = ?1";
pub(super) const OF_USER: &str = select_invoice!("WHERE user_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
pub(super) const OVERDUE: &str = "SELECT id, user_id, coalesce(period_end, trial_ends_at) FROM subscriptions \
     INDEXED BY subscriptions_running \
     WHERE (status = 'active' OR status = 'trialing') AND coalesce(period_end, trial_ends_at) < ?1 \
     ORDER BY coalesce(period_end, trial_ends_at), id LIMIT ?2";
/// All subscriptions are walked: nobody waits for it, and it is run once in a while.
const UNPAID: &str = "SELECT id FROM subscriptions AS s WHERE plan <> 'free' \
     AND (status = 'active' OR status = 'past_due' OR status = 'canceled') AND (trial_ends_at IS NULL OR trial_ends_at <= ?1) \
     AND NOT EXISTS (SELECT 1 FROM invoices AS i WHERE i.subscription_id = s.id AND i.status = 'paid' AND i.paid_by IS NOT NULL) \
     ORDER BY id LIMIT ?2";
const KEEP: &str = concat!(
    "INSERT INTO swept_subscriptions (",
    subscription_columns!(),
    ", swept_at) SELECT ",
    subscription_columns!(),
    ", ?2 FROM subscriptions WHERE id = ?1"
);

#[async_trait]
impl BillingReads for SqliteStore {
    async fn plans(&self) -> Result<Vec<Plan>, StoreError> {
        let mut plans = self.readers.read(|db| all(db, PLANS, [], plan)).await.map(values)?;
        plans.sort_by_key(|plan| (plan.choice.plan, plan.choice.cycle, plan.choice.price.currency));
        Ok(plans)
    }

    async fn standing(&self, user: UserId) -> Result<Standing, StoreError> {
        self.readers.snapshot(move |db| standing(db, user)).await
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<StoredSubscription>, StoreError> {
        let find = move |db: &Connection| match one(db, SUBSCRIPTION, [id.0], subscription)? {
            Some(found) => with_invoices(db, found).map(Some),
            None => Ok(None),
        };
        self.readers.snapshot(find).await
    }

    async fn subscriptions_by_method(&self, method: &SavedMethod) -> Result<Vec<Versioned<Subscription>>, StoreError> {
        let method = method.0.clone();
        self.readers.read(move |db| all(db, BY_METHOD, [method], subscription)).await
    }

    async fn invoice(&self, id: InvoiceId) -> Result<Option<Versioned<Invoice>>, StoreError> {
        self.readers.read(move |db| one(db, INVOICE, [id.0], invoice)).await
    }

    async fn invoices_of(&self, user: UserId, page: Page) -> Result<Vec<Invoice>, StoreError> {
        self.readers.read(move |db| all(db, OF_USER, params![user.0, before(page), page.limit], invoice)).await.map(values)
    }

    async fn overdue_renewals(&self, before: Timestamp, limit: u32) -> Result<Vec<OverdueRenewal>, StoreError> {
        let list = move |db: &Connection| {
            let mut statement = db.prepare_cached(OVERDUE)?;
            let rows = statement.query_map(params![before.0, limit], |row| {
                let (id, user_id, ended_at): (Uuid, Uuid, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok(OverdueRenewal { id: SubscriptionId(id), user_id: UserId(user_id), ended_at: Timestamp(ended_at) })
            })?;
            rows.collect()
        };
        self.readers.read(list).await
    }

    async fn sweep_unpaid(&self, now: Timestamp, limit: u32) -> Result<Vec<SubscriptionId>, StoreError> {
        self.writer.task(move |db| sweep(db, now, limit).map_err(of_read)).await
    }
}

fn standing(db: &Connection, user: UserId) -> rusqlite::Result<Standing> {
    let found = match one(db, OPEN, [user.0], subscription)? {
        Some(open) => Some(open),
        None => one(db, LAST, [user.0], subscription)?,
    };
    let current = found.map(|found| with_invoices(db, found)).transpose()?;
    Ok(Standing { current, trial_used: db.prepare_cached(TRIAL)?.exists([user.0])? })
}

fn with_invoices(db: &Connection, subscription: Versioned<Subscription>) -> rusqlite::Result<StoredSubscription> {
    let find = |id: Option<InvoiceId>| match id {
        Some(id) => one(db, INVOICE, [id.0], invoice),
        None => Ok(None),
    };
    let open = find(subscription.value.open_invoice)?;
    let open_order = match &open {
        Some(open) => one(db, ORDER, [open.value.order_id.0], order)?,
        None => None,
    };
    let paid = find(subscription.value.paid_by)?;
    Ok(StoredSubscription { subscription, open, open_order, paid })
}

/// The invoice that an order collects, with its subscription; their revisions are noted.
pub(super) fn billing(db: &Connection, id: InvoiceId, revisions: &mut Revisions) -> rusqlite::Result<Option<Billing>> {
    let Some(invoice) = one(db, INVOICE, [id.0], invoice)? else { return Ok(None) };
    let Some(own) = one(db, SUBSCRIPTION, [invoice.value.subscription_id.0], subscription)? else { return Ok(None) };
    revisions.insert(RowKey::Invoice(id), invoice.revision);
    revisions.insert(RowKey::Subscription(own.value.id), own.revision);
    let other = db.prepare_cached(OTHER_OPEN)?.query_row(params![own.value.user_id.0, own.value.id.0], |row| row.get(0)).optional()?;
    Ok(Some(Billing { invoice: invoice.value, subscription: own.value, other_open: other.map(SubscriptionId) }))
}

/// Each row is kept as it was, and then ended as the rules say.
fn sweep(db: &Connection, now: Timestamp, limit: u32) -> rusqlite::Result<Vec<SubscriptionId>> {
    let unpaid: Vec<Uuid> = db.prepare_cached(UNPAID)?.query_map(params![now.0, limit], |row| row.get(0))?.collect::<Result<_, _>>()?;
    for id in &unpaid {
        execute(db, KEEP, params![id, now.0])?;
        if let Some(found) = one(db, SUBSCRIPTION, [id], subscription)? {
            found.value.expired(now).update(db, found.revision)?;
        }
    }
    Ok(unpaid.into_iter().map(SubscriptionId).collect())
}
