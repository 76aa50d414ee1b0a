//! Plans, subscriptions, invoices.

use super::{before, values};
use crate::PostgresStore;
use crate::fault;
use crate::record::{Read, Record};
use crate::rows::billing::{select_invoice, subscription_fields};
use crate::rows::orders::order_fields;
use crate::statement::Statement;
use async_trait::async_trait;
use uuid::Uuid;
use veza_domain::ids::{InvoiceId, SubscriptionId, UserId};
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::Billing;
use veza_domain::subscription::{Invoice, Plan, Subscription};
use veza_domain::time::Timestamp;
use veza_ports::BoxError;
use veza_ports::storage::{BillingReads, OverdueRenewal, Page, Revisions, RowKey, Standing, StoreError, StoredSubscription, Versioned};

const PLANS: &str = "SELECT ROW(plan, cycle, price, currency, can_sell_on_marketplace, can_distribute, upload_quota, analytics_export, \
     trial_days) FROM plans";

/// A subscription with its open invoice, that one's order, and the invoice that paid it; `s` is where it is read from.
macro_rules! with_invoices {
    ($from:literal) => {
        concat!(
            "SELECT ROW(",
            subscription_fields!(),
            ", ARRAY(",
            select_invoice!("WHERE invoices.id = s.open_invoice"),
            "), ARRAY(SELECT ROW(",
            order_fields!(),
            ") FROM orders WHERE orders.id = (SELECT i.order_id FROM invoices AS i WHERE i.id = s.open_invoice)), ARRAY(",
            select_invoice!("WHERE invoices.id = s.paid_by"),
            ")) FROM ",
            $from
        )
    };
}

pub(crate) const STANDING: &str = concat!(
    "SELECT ROW(EXISTS (SELECT FROM trials WHERE user_id = $1), ARRAY(",
    with_invoices!("(SELECT * FROM subscriptions WHERE user_id = $1 ORDER BY status = 'expired', id DESC LIMIT 1) AS s"),
    "))"
);
pub(crate) const SUBSCRIPTION: &str = with_invoices!("subscriptions AS s WHERE s.id = $1");
pub(crate) const BY_METHOD: &str = concat!("SELECT ROW(", subscription_fields!(), ") FROM subscriptions WHERE method = $1 ORDER BY id");
pub(crate) const INVOICE: &str = select_invoice!("WHERE id = $1");
pub(crate) const OF_USER: &str = select_invoice!("WHERE user_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
pub(crate) const OVERDUE: &str = "SELECT ROW(id, user_id, coalesce(period_end, trial_ends_at)) FROM subscriptions \
     WHERE status IN ('active', 'trialing') AND coalesce(period_end, trial_ends_at) < $1 \
     ORDER BY coalesce(period_end, trial_ends_at), id LIMIT $2";
/// Rows are kept as they were and ended as the rules say, or neither. All subscriptions are walked: nobody waits for it, and it is run
/// once in a while. One that is written meanwhile, as by a payment that comes, is no longer at its revision, and is left alone.
const SWEEP: &str = concat!(
    "WITH unpaid AS MATERIALIZED (SELECT id AS unpaid_id, revision AS unpaid_at FROM subscriptions AS s WHERE plan <> 'free' \
         AND status IN ('active', 'past_due', 'canceled') AND (trial_ends_at IS NULL OR trial_ends_at <= $1) \
         AND NOT EXISTS (SELECT FROM invoices AS i WHERE i.subscription_id = s.id AND i.status = 'paid' AND i.paid_by IS NOT NULL) \
         ORDER BY id LIMIT $2), \
     held AS MATERIALIZED (SELECT s.* FROM unpaid JOIN subscriptions AS s ON s.id = unpaid_id AND s.revision = unpaid_at \
         ORDER BY s.id FOR NO KEY UPDATE OF s), \
     kept AS (INSERT INTO swept_subscriptions (",
    subscription_fields!(),
    ", swept_at) SELECT ",
    subscription_fields!(),
    ", $1 FROM held), \
     ended AS (UPDATE subscriptions AS s SET revision = s.revision + 1, status = 'expired', open_invoice = NULL, next_plan = NULL, \
         next_cycle = NULL, next_price = NULL, next_currency = NULL, past_due_since = NULL, due_at = NULL, ended_at = $1 \
         FROM held WHERE s.id = held.id RETURNING s.id) \
     SELECT ROW(id) FROM ended ORDER BY id"
);

/// What an order collects, as a field of the order.
macro_rules! billing_field {
    () => {
        concat!(
            "ARRAY(SELECT ROW(",
            crate::rows::billing::invoice_fields!(),
            ", ARRAY(SELECT ROW(",
            crate::rows::billing::subscription_fields!(),
            ", (SELECT o.id FROM subscriptions AS o WHERE o.user_id = s.user_id AND o.status <> 'expired' AND o.id <> s.id)) \
             FROM subscriptions AS s WHERE s.id = invoices.subscription_id)) FROM invoices WHERE invoices.id = orders.invoice_id)"
        )
    };
}
pub(super) use billing_field;

#[async_trait]
impl BillingReads for PostgresStore {
    async fn plans(&self) -> Result<Vec<Plan>, StoreError> {
        let mut plans: Vec<Plan> = self.read(|| Statement::new(PLANS)).await?;
        plans.sort_by_key(|plan| (plan.choice.plan, plan.choice.cycle, plan.choice.price.currency));
        Ok(plans)
    }

    async fn standing(&self, user: UserId) -> Result<Standing, StoreError> {
        Ok(self.read_one(|| Statement::new(STANDING).with(user.0)).await?.unwrap_or_default())
    }

    async fn subscription(&self, id: SubscriptionId) -> Result<Option<StoredSubscription>, StoreError> {
        self.read_one(|| Statement::new(SUBSCRIPTION).with(id.0)).await
    }

    async fn subscriptions_by_method(&self, method: &SavedMethod) -> Result<Vec<Versioned<Subscription>>, StoreError> {
        self.read(|| Statement::new(BY_METHOD).with(method.0.as_str())).await
    }

    async fn invoice(&self, id: InvoiceId) -> Result<Option<Versioned<Invoice>>, StoreError> {
        self.read_one(|| Statement::new(INVOICE).with(id.0)).await
    }

    async fn invoices_of(&self, user: UserId, page: Page) -> Result<Vec<Invoice>, StoreError> {
        self.read(|| Statement::new(OF_USER).with(user.0).with(before(page)).with(page.limit)).await.map(values)
    }

    async fn overdue_renewals(&self, before: Timestamp, limit: u32) -> Result<Vec<OverdueRenewal>, StoreError> {
        self.read(|| Statement::new(OVERDUE).with(before).with(limit)).await
    }

    async fn sweep_unpaid(&self, now: Timestamp, limit: u32) -> Result<Vec<SubscriptionId>, StoreError> {
        let answer = self.pool.lease().await?.run(Statement::new(SWEEP).with(now).with(limit)).await;
        let swept: Vec<Swept> = answer.and_then(|rows| crate::record::rows(&rows)).map_err(fault::of_read)?;
        Ok(swept.into_iter().map(|row| row.0).collect())
    }
}

struct Swept(SubscriptionId);

impl Read for Swept {
    const WHAT: &'static str = "subscriptions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        row.id().map(|id| Self(SubscriptionId(id)))
    }
}

impl Read for OverdueRenewal {
    const WHAT: &'static str = "subscriptions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { id: SubscriptionId(row.id()?), user_id: UserId(row.id()?), ended_at: row.time()? })
    }
}

/// The row of the next field, an array of one or none.
fn next<T: Read>(row: &mut Record<'_>) -> Result<Option<T>, BoxError> {
    Ok(row.all()?.into_iter().next())
}

impl Read for StoredSubscription {
    const WHAT: &'static str = "subscriptions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { subscription: Read::read(row)?, open: next(row)?, open_order: next(row)?, paid: next(row)? })
    }
}

impl Read for Standing {
    const WHAT: &'static str = "standings";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let trial_used = row.get()?;
        Ok(Self { current: next(row)?, trial_used })
    }
}

/// What an order collects.
struct Collected {
    invoice: Versioned<Invoice>,
    owner: Option<Owner>,
}

/// Whose invoice it is.
struct Owner {
    subscription: Versioned<Subscription>,
    other_open: Option<SubscriptionId>,
}

impl Read for Collected {
    const WHAT: &'static str = "invoices";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { invoice: Read::read(row)?, owner: next(row)? })
    }
}

impl Read for Owner {
    const WHAT: &'static str = "subscriptions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { subscription: Read::read(row)?, other_open: row.get::<Option<Uuid>>()?.map(SubscriptionId) })
    }
}

/// Reads [`billing_field`]; the revisions are noted.
pub(super) fn billing(row: &mut Record<'_>, revisions: &mut Revisions) -> Result<Option<Billing>, BoxError> {
    let Some(Collected { invoice, owner: Some(Owner { subscription, other_open }) }) = next(row)? else { return Ok(None) };
    revisions.insert(RowKey::Invoice(invoice.value.id), invoice.revision);
    revisions.insert(RowKey::Subscription(subscription.value.id), subscription.revision);
    Ok(Some(Billing { invoice: invoice.value, subscription: subscription.value, other_open }))
}
