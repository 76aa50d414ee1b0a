//! Plans, trials, subscriptions and what they ask for.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use std::time::Duration;
use veza_domain::ids::{InvoiceId, OrderId, SubscriptionId, UserId};
use veza_domain::money::Money;
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::{
    Choice, Collection, Cycle, Features, Invoice, InvoiceReason, InvoiceStatus, Period, Plan, PlanId, Subscription, SubscriptionStatus,
};
use veza_ports::storage::{Revision, Trial};

const DAY_SECONDS: u64 = 86_400;

/// Four columns: plan, cycle, price, currency.
fn choice(row: &mut Fields<'_, '_>) -> rusqlite::Result<Choice> {
    Ok(Choice { plan: row.parsed(PlanId::parse)?, cycle: row.parsed(Cycle::parse)?, price: row.money()? })
}

/// The same, of which all are there or none.
fn choice_opt(row: &mut Fields<'_, '_>) -> rusqlite::Result<Option<Choice>> {
    let (plan, cycle) = (row.parsed_opt(PlanId::parse)?, row.parsed_opt(Cycle::parse)?);
    let (amount, currency) = (row.get::<Option<i64>>()?, row.parsed_opt(|code| code.parse().ok())?);
    let price = amount.zip(currency).map(|(amount, currency)| Money::new(amount, currency));
    Ok(plan.zip(cycle).zip(price).map(|((plan, cycle), price)| Choice { plan, cycle, price }))
}

/// Two columns: start, end; both are there or none.
fn period_opt(row: &mut Fields<'_, '_>) -> rusqlite::Result<Option<Period>> {
    let (start, end) = (row.time_opt()?, row.time_opt()?);
    Ok(start.zip(end).map(|(start, end)| Period { start, end }))
}

pub(crate) fn plan(row: &mut Fields<'_, '_>) -> rusqlite::Result<Plan> {
    let choice = choice(row)?;
    let features = Features {
        can_sell_on_marketplace: row.get()?,
        can_distribute: row.get()?,
        upload_quota: row.count()?,
        analytics_export: row.get()?,
    };
    let days: Option<u32> = row.get()?;
    Ok(Plan { choice, features, trial: days.map(|days| Duration::from_secs(u64::from(days) * DAY_SECONDS)) })
}

impl Stored for Trial {
    const INSERT: &'static str = "INSERT INTO trials (user_id, plan, started_at) VALUES (?1, ?2, ?3)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        execute(db, sql, params![self.user_id.0, self.plan.as_str(), self.started_at.0])
    }
}

macro_rules! subscription_columns {
    () => {
        "revision, id, user_id, plan, cycle, price, currency, status, trial_ends_at, period_start, period_end, paid_by, open_invoice, method, \
         next_plan, next_cycle, next_price, next_currency, past_due_since, retries, due_at, created_at, canceled_at, ended_at"
    };
}
pub(crate) use subscription_columns;

macro_rules! select_subscription {
    ($rest:literal) => {
        concat!("SELECT ", crate::rows::billing::subscription_columns!(), " FROM subscriptions ", $rest)
    };
}
pub(crate) use select_subscription;

impl Stored for Subscription {
    const INSERT: &'static str = "INSERT INTO subscriptions (id, revision, user_id, plan, cycle, price, currency, status, trial_ends_at, \
         period_start, period_end, paid_by, open_invoice, method, next_plan, next_cycle, next_price, next_currency, past_due_since, retries, \
         due_at, created_at, canceled_at, ended_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21, ?22, ?23, ?24)";
    const UPDATES: &'static [&'static str] = &["UPDATE subscriptions SET revision = ?2 + 1, user_id = ?3, plan = ?4, cycle = ?5, \
         price = ?6, currency = ?7, status = ?8, trial_ends_at = ?9, period_start = ?10, period_end = ?11, paid_by = ?12, open_invoice = ?13, \
         method = ?14, next_plan = ?15, next_cycle = ?16, next_price = ?17, next_currency = ?18, past_due_since = ?19, retries = ?20, \
         due_at = ?21, created_at = ?22, canceled_at = ?23, ended_at = ?24 WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.user_id.0,
            self.choice.plan.as_str(),
            self.choice.cycle.as_str(),
            self.choice.price.amount.0,
            self.choice.price.currency.code(),
            self.status.as_str(),
            self.trial_ends_at.map(|at| at.0),
            self.period.map(|period| period.start.0),
            self.period.map(|period| period.end.0),
            self.paid_by.map(|id| id.0),
            self.open_invoice.map(|id| id.0),
            self.method.as_ref().map(|method| &method.0),
            self.next.map(|next| next.plan.as_str()),
            self.next.map(|next| next.cycle.as_str()),
            self.next.map(|next| next.price.amount.0),
            self.next.as_ref().map(|next| next.price.currency.code()),
            self.past_due_since.map(|at| at.0),
            self.retries,
            self.due_at.map(|at| at.0),
            self.created_at.0,
            self.canceled_at.map(|at| at.0),
            self.ended_at.map(|at| at.0),
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn subscription(row: &mut Fields<'_, '_>) -> rusqlite::Result<Subscription> {
    Ok(Subscription {
        id: SubscriptionId(row.id()?),
        user_id: UserId(row.id()?),
        choice: choice(row)?,
        status: row.parsed(SubscriptionStatus::parse)?,
        trial_ends_at: row.time_opt()?,
        period: period_opt(row)?,
        paid_by: row.id_opt(InvoiceId)?,
        open_invoice: row.id_opt(InvoiceId)?,
        method: row.get::<Option<String>>()?.map(SavedMethod),
        next: choice_opt(row)?,
        past_due_since: row.time_opt()?,
        retries: row.get()?,
        due_at: row.time_opt()?,
        created_at: row.time()?,
        canceled_at: row.time_opt()?,
        ended_at: row.time_opt()?,
    })
}

macro_rules! select_invoice {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, subscription_id, user_id, reason, plan, cycle, price, currency, credit, period_start, period_end, status, \
             order_id, collection, attempts, paid_by, paid_at, created_at FROM invoices ",
            $rest
        )
    };
}
pub(crate) use select_invoice;

impl Stored for Invoice {
    const INSERT: &'static str = "INSERT INTO invoices (id, revision, subscription_id, user_id, reason, plan, cycle, price, currency, credit, \
         period_start, period_end, status, order_id, collection, attempts, paid_by, paid_at, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
    const UPDATES: &'static [&'static str] = &["UPDATE invoices SET revision = ?2 + 1, subscription_id = ?3, user_id = ?4, reason = ?5, \
         plan = ?6, cycle = ?7, price = ?8, currency = ?9, credit = ?10, period_start = ?11, period_end = ?12, status = ?13, order_id = ?14, \
         collection = ?15, attempts = ?16, paid_by = ?17, paid_at = ?18, created_at = ?19 WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.subscription_id.0,
            self.user_id.0,
            self.reason.as_str(),
            self.choice.plan.as_str(),
            self.choice.cycle.as_str(),
            self.choice.price.amount.0,
            self.choice.price.currency.code(),
            self.credit.0,
            self.period.map(|period| period.start.0),
            self.period.map(|period| period.end.0),
            self.status.as_str(),
            self.order_id.0,
            self.collection.as_str(),
            self.attempts,
            self.paid_by.map(|id| id.0),
            self.paid_at.map(|at| at.0),
            self.created_at.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn invoice(row: &mut Fields<'_, '_>) -> rusqlite::Result<Invoice> {
    Ok(Invoice {
        id: InvoiceId(row.id()?),
        subscription_id: SubscriptionId(row.id()?),
        user_id: UserId(row.id()?),
        reason: row.parsed(InvoiceReason::parse)?,
        choice: choice(row)?,
        credit: row.minor()?,
        period: period_opt(row)?,
        status: row.parsed(InvoiceStatus::parse)?,
        order_id: OrderId(row.id()?),
        collection: row.parsed(Collection::parse)?,
        attempts: row.get()?,
        paid_by: row.id_opt(OrderId)?,
        paid_at: row.time_opt()?,
        created_at: row.time()?,
    })
}
