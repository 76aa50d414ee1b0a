//! Plans, trials, subscriptions and what they ask for.

use super::{Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Int, Text, Uuid};
use crate::statement::Value;
use std::time::Duration;
use veza_domain::ids::{InvoiceId, OrderId, SubscriptionId, UserId};
use veza_domain::money::Money;
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::{
    Choice, Collection, Cycle, Features, Invoice, InvoiceReason, InvoiceStatus, Period, Plan, PlanId, Subscription, SubscriptionStatus,
};
use veza_domain::time::Timestamp;
use veza_ports::BoxError;
use veza_ports::storage::Trial;

const DAY_SECONDS: u64 = 86_400;

/// Four fields: plan, cycle, price, currency.
fn choice(row: &mut Record<'_>) -> Result<Choice, BoxError> {
    Ok(Choice { plan: row.parsed(PlanId::parse)?, cycle: row.parsed(Cycle::parse)?, price: row.money()? })
}

/// The same, of which all are there or none.
fn choice_opt(row: &mut Record<'_>) -> Result<Option<Choice>, BoxError> {
    let (plan, cycle) = (row.parsed_opt(PlanId::parse)?, row.parsed_opt(Cycle::parse)?);
    let (amount, currency) = (row.number_opt()?, row.parsed_opt(|code| code.parse().ok())?);
    let price = amount.zip(currency).map(|(amount, currency)| Money::new(amount, currency));
    Ok(plan.zip(cycle).zip(price).map(|((plan, cycle), price)| Choice { plan, cycle, price }))
}

/// Two fields: start, end; both are there or none.
fn period_opt(row: &mut Record<'_>) -> Result<Option<Period>, BoxError> {
    let (start, end) = (row.time_opt()?, row.time_opt()?);
    Ok(start.zip(end).map(|(start, end)| Period { start, end }))
}

/// The values of a choice.
fn chosen(choice: &Choice) -> [Value; 4] {
    let Money { amount, currency } = choice.price;
    [choice.plan.as_str().into(), choice.cycle.as_str().into(), amount.into(), currency.code().into()]
}

/// The values of a period.
fn span(period: Option<Period>) -> [Value; 2] {
    [period.map(|period| period.start), period.map(|period| period.end)].map(|at: Option<Timestamp>| at.into())
}

impl Read for Plan {
    const WHAT: &'static str = "plans";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let choice = choice(row)?;
        let features = Features {
            can_sell_on_marketplace: row.get()?,
            can_distribute: row.get()?,
            upload_quota: row.number()?,
            analytics_export: row.get()?,
        };
        let days: Option<u32> = row.number_opt()?;
        Ok(Self { choice, features, trial: days.map(|days| Duration::from_secs(u64::from(days) * DAY_SECONDS)) })
    }
}

pub(crate) static TRIALS: Table = Table {
    name: "trials",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[("user_id", Uuid), ("plan", Text), ("started_at", Int)],
};

impl Stored for Trial {
    fn table(&self) -> &'static Table {
        &TRIALS
    }

    fn values(&self) -> Vec<Value> {
        vec![self.user_id.0.into(), self.plan.as_str().into(), self.started_at.into()]
    }
}

/// A subscription's fields, of `subscriptions`.
macro_rules! subscription_fields {
    () => {
        "revision, id, user_id, plan, cycle, price, currency, status, trial_ends_at, period_start, period_end, paid_by, open_invoice, method, \
         next_plan, next_cycle, next_price, next_currency, past_due_since, retries, due_at, created_at, canceled_at, ended_at"
    };
}
pub(crate) use subscription_fields;

pub(crate) static SUBSCRIPTIONS: Table = Table {
    name: "subscriptions",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("id", Uuid),
        ("user_id", Uuid),
        ("plan", Text),
        ("cycle", Text),
        ("price", Int),
        ("currency", Text),
        ("status", Text),
        ("trial_ends_at", Int),
        ("period_start", Int),
        ("period_end", Int),
        ("paid_by", Uuid),
        ("open_invoice", Uuid),
        ("method", Text),
        ("next_plan", Text),
        ("next_cycle", Text),
        ("next_price", Int),
        ("next_currency", Text),
        ("past_due_since", Int),
        ("retries", Int),
        ("due_at", Int),
        ("created_at", Int),
        ("canceled_at", Int),
        ("ended_at", Int),
    ],
};

impl Stored for Subscription {
    fn table(&self) -> &'static Table {
        &SUBSCRIPTIONS
    }

    fn values(&self) -> Vec<Value> {
        let mut values = vec![self.id.0.into(), self.user_id.0.into()];
        values.extend(chosen(&self.choice));
        values.extend([self.status.as_str().into(), self.trial_ends_at.into()]);
        values.extend(span(self.period));
        values.extend([self.paid_by.map(|id| id.0).into(), self.open_invoice.map(|id| id.0).into()]);
        values.push(self.method.as_ref().map(|method| method.0.as_str()).into());
        let next = self.next.as_ref().map(chosen);
        values.extend(next.unwrap_or([Value::Text(None), Value::Text(None), Value::Int(None), Value::Text(None)]));
        values.extend([self.past_due_since.into(), self.retries.into(), self.due_at.into()]);
        values.extend([self.created_at.into(), self.canceled_at.into(), self.ended_at.into()]);
        values
    }
}

impl Read for Subscription {
    const WHAT: &'static str = "subscriptions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
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
            retries: row.number()?,
            due_at: row.time_opt()?,
            created_at: row.time()?,
            canceled_at: row.time_opt()?,
            ended_at: row.time_opt()?,
        })
    }
}

/// An invoice's fields, of `invoices`.
macro_rules! invoice_fields {
    () => {
        "revision, id, subscription_id, user_id, reason, plan, cycle, price, currency, credit, period_start, period_end, status, order_id, \
         collection, attempts, paid_by, paid_at, created_at"
    };
}
pub(crate) use invoice_fields;

macro_rules! select_invoice {
    ($rest:literal) => {
        concat!("SELECT ROW(", crate::rows::billing::invoice_fields!(), ") FROM invoices ", $rest)
    };
}
pub(crate) use select_invoice;

pub(crate) static INVOICES: Table = Table {
    name: "invoices",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("subscription_id", Uuid),
        ("user_id", Uuid),
        ("reason", Text),
        ("plan", Text),
        ("cycle", Text),
        ("price", Int),
        ("currency", Text),
        ("credit", Int),
        ("period_start", Int),
        ("period_end", Int),
        ("status", Text),
        ("order_id", Uuid),
        ("collection", Text),
        ("attempts", Int),
        ("paid_by", Uuid),
        ("paid_at", Int),
        ("created_at", Int),
    ],
};

impl Stored for Invoice {
    fn table(&self) -> &'static Table {
        &INVOICES
    }

    fn values(&self) -> Vec<Value> {
        let mut values = vec![self.id.0.into(), self.subscription_id.0.into(), self.user_id.0.into(), self.reason.as_str().into()];
        values.extend(chosen(&self.choice));
        values.push(self.credit.into());
        values.extend(span(self.period));
        values.extend([self.status.as_str().into(), self.order_id.0.into(), self.collection.as_str().into(), self.attempts.into()]);
        values.extend([self.paid_by.map(|id| id.0).into(), self.paid_at.into(), self.created_at.into()]);
        values
    }
}

impl Read for Invoice {
    const WHAT: &'static str = "invoices";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
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
            attempts: row.number()?,
            paid_by: row.id_opt(OrderId)?,
            paid_at: row.time_opt()?,
            created_at: row.time()?,
        })
    }
}
