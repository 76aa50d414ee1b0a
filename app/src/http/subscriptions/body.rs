//! What the routes of subscriptions take and give.

use crate::http::orders::PaymentView;
use crate::http::page::time;
use crate::http::views::MoneyView;
use crate::services::App;
use crate::usecases::subscriptions::asks_the_customer;
use chrono::{DateTime, Utc};
use poem_openapi::{Enum, Object};
use uuid::Uuid;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::subscription::gate::{Access, access};
use veza_domain::subscription::{
    Choice, Cycle, Invoice, InvoiceReason, InvoiceStatus, Period, Plan, PlanId, Quote, Subscription, SubscriptionStatus,
};
use veza_ports::storage::{Standing, StoredSubscription};

/// A plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "PlanId", rename_all = "snake_case")]
pub enum PlanIdView {
    /// What everybody has.
    Free,
    /// For who sells.
    Creator,
    /// For who sells a lot.
    Premium,
}

impl From<PlanIdView> for PlanId {
    fn from(view: PlanIdView) -> Self {
        match view {
            PlanIdView::Free => Self::Free,
            PlanIdView::Creator => Self::Creator,
            PlanIdView::Premium => Self::Premium,
        }
    }
}

impl From<PlanId> for PlanIdView {
    fn from(plan: PlanId) -> Self {
        match plan {
            PlanId::Free => Self::Free,
            PlanId::Creator => Self::Creator,
            PlanId::Premium => Self::Premium,
        }
    }
}

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "Cycle", rename_all = "snake_case")]
pub enum CycleView {
    /// A month.
    Monthly,
    /// A year, for the price of ten months.
    Yearly,
}

impl From<CycleView> for Cycle {
    fn from(view: CycleView) -> Self {
        match view {
            CycleView::Monthly => Self::Monthly,
            CycleView::Yearly => Self::Yearly,
        }
    }
}

impl From<Cycle> for CycleView {
    fn from(cycle: Cycle) -> Self {
        match cycle {
            Cycle::Monthly => Self::Monthly,
            Cycle::Yearly => Self::Yearly,
        }
    }
}

/// Which plan is wished.
#[derive(Clone, Debug, Object)]
pub struct SubscribeBody {
    /// The plan.
    pub plan: PlanIdView,
    /// For how long at a time; a month when left out.
    pub cycle: Option<CycleView>,
}

/// Which plan is wished instead.
#[derive(Clone, Debug, Object)]
pub struct ChangeBody {
    /// The plan.
    pub plan: PlanIdView,
    /// For how long at a time.
    pub cycle: CycleView,
}

impl ChangeBody {
    /// As the use cases take it.
    #[must_use]
    pub fn wish(&self) -> (PlanId, Cycle) {
        (self.plan.into(), self.cycle.into())
    }
}

/// What a plan allows.
#[derive(Clone, Debug, Object)]
pub struct FeaturesView {
    /// Sell on the marketplace.
    pub can_sell_on_marketplace: bool,
    /// Send tracks to other platforms.
    pub can_distribute: bool,
    /// Bytes that may be stored.
    pub upload_quota_bytes: u64,
    /// Export analytics.
    pub analytics_export: bool,
}

/// A plan for a cycle, as it is offered.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Plan")]
pub struct PlanView {
    /// The plan.
    pub id: PlanIdView,
    /// For how long at a time.
    pub cycle: CycleView,
    /// What a period costs.
    pub price: MoneyView,
    /// What it allows.
    pub features: FeaturesView,
    /// Days that it may be tried, once per person; 0: it may not.
    pub trial_days: u32,
}

impl From<&Plan> for PlanView {
    fn from(plan: &Plan) -> Self {
        let features = plan.features;
        Self {
            id: plan.choice.plan.into(),
            cycle: plan.choice.cycle.into(),
            price: plan.choice.price.into(),
            features: FeaturesView {
                can_sell_on_marketplace: features.can_sell_on_marketplace,
                can_distribute: features.can_distribute,
                upload_quota_bytes: features.upload_quota,
                analytics_export: features.analytics_export,
            },
            trial_days: plan.trial.map_or(0, |trial| u32::try_from(trial.as_secs() / 86_400).unwrap_or(u32::MAX)),
        }
    }
}

/// All plans.
#[derive(Clone, Debug, Object)]
pub struct PlanList {
    /// By plan and cycle.
    pub items: Vec<PlanView>,
    /// There is one page.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "SubscriptionStatus", rename_all = "snake_case")]
pub enum SubscriptionStatusView {
    /// Its first payment is open; it allows nothing yet.
    PendingPayment,
    /// It is being tried.
    Trialing,
    /// It is paid, or free.
    Active,
    /// Its renewal was not paid.
    PastDue,
    /// It ends when what was paid, or the trial, is over.
    Canceled,
    /// It is over.
    Expired,
}

impl From<SubscriptionStatus> for SubscriptionStatusView {
    fn from(status: SubscriptionStatus) -> Self {
        match status {
            SubscriptionStatus::PendingPayment => Self::PendingPayment,
            SubscriptionStatus::Trialing => Self::Trialing,
            SubscriptionStatus::Active => Self::Active,
            SubscriptionStatus::PastDue => Self::PastDue,
            SubscriptionStatus::Canceled => Self::Canceled,
            SubscriptionStatus::Expired => Self::Expired,
        }
    }
}

/// What a subscription changes to when its period is over.
#[derive(Clone, Debug, Object)]
pub struct NextPlanView {
    /// The plan.
    pub plan: PlanIdView,
    /// For how long at a time.
    pub cycle: CycleView,
}

/// A subscription.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Subscription")]
pub struct SubscriptionView {
    /// Its id; also the idempotency key of its first payment.
    pub id: Uuid,
    /// The plan.
    pub plan: PlanIdView,
    /// For how long at a time.
    pub cycle: CycleView,
    /// What a period costs.
    pub price: MoneyView,
    /// Where it stands.
    pub status: SubscriptionStatusView,
    /// When what was paid is over; null before the first payment, and for the free plan.
    #[oai(nullable)]
    pub current_period_end: Option<DateTime<Utc>>,
    /// When its trial ends or ended; null without one.
    #[oai(nullable)]
    pub trial_ends_at: Option<DateTime<Utc>>,
    /// What it changes to when the period is over.
    #[oai(nullable)]
    pub next: Option<NextPlanView>,
    /// When it was cancelled.
    #[oai(nullable)]
    pub canceled_at: Option<DateTime<Utc>>,
    /// When it was chosen.
    pub created_at: DateTime<Utc>,
}

impl From<&Subscription> for SubscriptionView {
    fn from(row: &Subscription) -> Self {
        Self {
            id: row.id.0,
            plan: row.choice.plan.into(),
            cycle: row.choice.cycle.into(),
            price: row.choice.price.into(),
            status: row.status.into(),
            current_period_end: row.ends_at().map(time),
            trial_ends_at: row.trial_ends_at.map(time),
            next: row.next.map(|next| NextPlanView { plan: next.plan.into(), cycle: next.cycle.into() }),
            canceled_at: row.canceled_at.map(time),
            created_at: time(row.created_at),
        }
    }
}

/// A subscription, and what is to be paid for it now.
#[derive(Clone, Debug, Object)]
pub struct SubscriptionAnswer {
    /// The subscription.
    pub subscription: SubscriptionView,
    /// How to pay what is open; null when nothing is.
    #[oai(nullable)]
    pub payment: Option<PaymentView>,
}

impl SubscriptionAnswer {
    /// As its owner sees it.
    #[must_use]
    pub fn new(app: &App, stored: &StoredSubscription) -> Self {
        let open = stored.open_order.as_ref().map(|order| &order.value);
        let payable = |order: &&Order| order.status == OrderStatus::Pending && order.client_secret.is_some();
        let payment = open.filter(payable).and_then(|order| PaymentView::of(&app.money, order));
        Self { subscription: (&stored.subscription.value).into(), payment }
    }
}

/// What a change would cost, and when it would take effect.
#[derive(Clone, Debug, Object)]
pub struct QuoteView {
    /// The plan.
    pub plan: PlanIdView,
    /// For how long at a time.
    pub cycle: CycleView,
    /// What a period of it costs.
    pub price: MoneyView,
    /// At once, when it is paid; false: when the period is over.
    pub at_once: bool,
    /// The unused part of what was paid, which is taken off.
    pub credit: MoneyView,
    /// What is to be paid now.
    pub due_now: MoneyView,
    /// When it takes effect.
    pub effective_at: DateTime<Utc>,
}

impl QuoteView {
    /// A quote for `to`.
    #[must_use]
    pub fn new(quote: &Quote, to: Choice) -> Self {
        Self {
            plan: to.plan.into(),
            cycle: to.cycle.into(),
            price: to.price.into(),
            at_once: quote.at_once,
            credit: quote.credit.into(),
            due_now: quote.due_now.into(),
            effective_at: time(quote.effective_at),
        }
    }
}

/// The plan that a person has, or what stands in its way.
#[derive(Clone, Debug, Object)]
pub struct MySubscriptionView {
    /// The plan in effect; null when there is none, or when its payment is missing.
    #[oai(nullable)]
    pub subscription: Option<SubscriptionView>,
    /// A plan was chosen, and its payment is missing.
    pub needs_payment: bool,
    /// The same for a person.
    pub message: String,
    /// Where to go on with the payment (POST), where there is one to go on with.
    #[oai(nullable)]
    pub recovery_url: Option<String>,
    /// Whom to ask.
    #[oai(nullable)]
    pub support_contact: Option<String>,
}

impl MySubscriptionView {
    /// As its owner sees it.
    #[must_use]
    pub fn new(app: &App, standing: &Standing) -> Self {
        let current = standing.current.as_ref();
        let support_contact = app.support_contact.clone();
        let link = |current: &StoredSubscription| {
            format!("{}/api/v1/subscriptions/complete/{}", app.money.public_url, current.subscription.value.id)
        };
        match (access(&standing.as_gate(), app.now()), current) {
            (Access::NeedsPayment(plan), Some(current)) => {
                let (message, can_go_on) = missing(current, plan);
                let recovery_url = can_go_on.then(|| link(current));
                Self { subscription: None, needs_payment: true, message, recovery_url, support_contact }
            }
            (_, current) => {
                let running = current.filter(|current| current.subscription.value.status.is_open());
                let asked = running.filter(|current| asks_the_customer(current));
                let plan = running.map(|current| current.subscription.value.choice.plan.as_str());
                let message = match plan {
                    Some(plan) if asked.is_some() => format!("your plan is {plan}, and a payment for it is open"),
                    Some(plan) => format!("your plan is {plan}"),
                    None if current.is_some() => "your plan is over: choose one".to_owned(),
                    None => "you have not chosen a plan".to_owned(),
                };
                let subscription = running.map(|current| SubscriptionView::from(&current.subscription.value));
                Self { subscription, needs_payment: false, message, recovery_url: asked.map(link), support_contact }
            }
        }
    }
}

/// Why a plan is not in effect, and whether there is a payment to go on with.
fn missing(current: &StoredSubscription, plan: PlanId) -> (String, bool) {
    let plan = plan.as_str();
    match current.subscription.value.status {
        SubscriptionStatus::PendingPayment => (format!("the payment of the plan {plan} is not complete"), true),
        SubscriptionStatus::PastDue => (format!("the renewal of the plan {plan} was not paid"), current.open.is_some()),
        SubscriptionStatus::Active if asks_the_customer(current) => (format!("the renewal of the plan {plan} waits for its payment"), true),
        SubscriptionStatus::Active if current.open.is_some() => (format!("the renewal of the plan {plan} is being charged"), false),
        _ => (format!("no payment of the plan {plan} is known: ask for help"), false),
    }
}

/// Where an invoice stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "InvoiceStatus", rename_all = "snake_case")]
pub enum InvoiceStatusView {
    /// It is being collected.
    Open,
    /// The payment provider has confirmed its payment.
    Paid,
    /// It was not paid.
    Failed,
    /// It is not to be paid any more.
    Void,
    /// It was paid, and all of it went back.
    Refunded,
}

/// Why there is an invoice.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "InvoiceReason", rename_all = "snake_case")]
pub enum InvoiceReasonView {
    /// The first period.
    First,
    /// The next period.
    Renewal,
    /// A better plan, at once.
    Upgrade,
}

/// What is paid for.
#[derive(Clone, Debug, Object)]
pub struct PeriodView {
    /// Its first moment.
    pub start: DateTime<Utc>,
    /// The first moment after it.
    pub end: DateTime<Utc>,
}

impl From<Period> for PeriodView {
    fn from(period: Period) -> Self {
        Self { start: time(period.start), end: time(period.end) }
    }
}

/// An invoice.
#[derive(Clone, Debug, Object)]
#[oai(rename = "Invoice")]
pub struct InvoiceView {
    /// Its id.
    pub id: Uuid,
    /// How it is called on paper.
    pub number: String,
    /// Whose it is.
    pub subscription_id: Uuid,
    /// Why there is one.
    pub reason: InvoiceReasonView,
    /// The plan.
    pub plan: PlanIdView,
    /// For how long at a time.
    pub cycle: CycleView,
    /// The period that it pays for; null until it is paid, where it begins with the payment.
    #[oai(nullable)]
    pub period: Option<PeriodView>,
    /// What is to be paid.
    pub amount: MoneyView,
    /// What was taken off for an unused part of an earlier plan.
    pub credit: MoneyView,
    /// Where it stands.
    pub status: InvoiceStatusView,
    /// The payment's id at the provider: the one that paid it, else the last one that was tried.
    pub payment_id: String,
    /// How often it was tried to collect it.
    pub attempts: u32,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was paid.
    #[oai(nullable)]
    pub paid_at: Option<DateTime<Utc>>,
}

impl From<&Invoice> for InvoiceView {
    fn from(row: &Invoice) -> Self {
        Self {
            id: row.id.0,
            number: row.number(),
            subscription_id: row.subscription_id.0,
            reason: match row.reason {
                InvoiceReason::First => InvoiceReasonView::First,
                InvoiceReason::Renewal => InvoiceReasonView::Renewal,
                InvoiceReason::Upgrade => InvoiceReasonView::Upgrade,
            },
            plan: row.choice.plan.into(),
            cycle: row.choice.cycle.into(),
            period: row.period.map(PeriodView::from),
            amount: row.amount().into(),
            credit: MoneyView::of(row.credit, row.choice.price.currency),
            status: match row.status {
                InvoiceStatus::Open => InvoiceStatusView::Open,
                InvoiceStatus::Paid => InvoiceStatusView::Paid,
                InvoiceStatus::Failed => InvoiceStatusView::Failed,
                InvoiceStatus::Void => InvoiceStatusView::Void,
                InvoiceStatus::Refunded => InvoiceStatusView::Refunded,
            },
            payment_id: Order::payment_id_of(row.paid_by.unwrap_or(row.order_id)),
            attempts: row.attempts,
            created_at: time(row.created_at),
            paid_at: row.paid_at.map(time),
        }
    }
}

/// A page of invoices.
#[derive(Clone, Debug, Object)]
pub struct InvoicePage {
    /// Newest first.
    pub items: Vec<InvoiceView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}
