//! Sample rows of plans: subscriptions, what they ask for, and how it is collected.

use super::{T0, at, currency, invoice_id, order, order_id, subscription_id, user_id};
use crate::storage::Trial;
use veza_domain::ids::{InvoiceId, SubscriptionId, UserId};
use veza_domain::money::{Minor, Money};
use veza_domain::order::Order;
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::{
    Choice, Collection, Cycle, Invoice, InvoiceReason, InvoiceStatus, Period, PlanId, Subscription, SubscriptionStatus,
};

/// Creator by the month.
#[must_use]
pub fn creator() -> Choice {
    Choice { plan: PlanId::Creator, cycle: Cycle::Monthly, price: Money::new(999, currency("USD")) }
}

/// Premium by the year.
#[must_use]
pub fn premium() -> Choice {
    Choice { plan: PlanId::Premium, cycle: Cycle::Yearly, price: Money::new(19_990, currency("USD")) }
}

/// Free by the month.
#[must_use]
pub fn free() -> Choice {
    Choice { plan: PlanId::Free, cycle: Cycle::Monthly, price: Money::new(0, currency("USD")) }
}

/// From the one second to the other.
#[must_use]
pub fn period(start: i64, end: i64) -> Period {
    Period { start: at(start), end: at(end) }
}

/// That user `n` has had a trial.
#[must_use]
pub fn trial(n: u32) -> Trial {
    Trial { user_id: user_id(n), plan: PlanId::Premium, started_at: at(i64::from(n)) }
}

/// Subscription `n` of a person, just chosen: its first payment is open.
#[must_use]
pub fn subscription(n: u32, user: UserId) -> Subscription {
    Subscription {
        id: subscription_id(n),
        user_id: user,
        choice: creator(),
        status: SubscriptionStatus::PendingPayment,
        trial_ends_at: None,
        period: None,
        paid_by: None,
        open_invoice: None,
        method: None,
        next: None,
        past_due_since: None,
        retries: 0,
        due_at: None,
        created_at: at(i64::from(n)),
        canceled_at: None,
        ended_at: None,
    }
}

/// Subscription `n` with every field set; invoice `n` has paid it, and invoice `n + 1` is being collected.
#[must_use]
pub fn subscription_full(n: u32, user: UserId) -> Subscription {
    Subscription {
        choice: premium(),
        status: SubscriptionStatus::PastDue,
        trial_ends_at: Some(at(10)),
        period: Some(period(20, 30)),
        paid_by: Some(invoice_id(n)),
        open_invoice: Some(invoice_id(n + 1)),
        method: Some(SavedMethod(format!("pm_{n}"))),
        next: Some(free()),
        past_due_since: Some(at(31)),
        retries: u32::MAX,
        due_at: Some(at(40)),
        canceled_at: Some(at(33)),
        ended_at: Some(at(34)),
        ..subscription(n, user)
    }
}

/// Invoice `n` of a subscription of user 1, open; order `n` is its first try.
#[must_use]
pub fn invoice(n: u32, of: SubscriptionId) -> Invoice {
    Invoice {
        id: invoice_id(n),
        subscription_id: of,
        user_id: user_id(1),
        reason: InvoiceReason::First,
        choice: creator(),
        credit: Minor::ZERO,
        period: None,
        status: InvoiceStatus::Open,
        order_id: order_id(n),
        collection: Collection::Customer,
        attempts: 1,
        paid_by: None,
        paid_at: None,
        created_at: at(i64::from(n)),
    }
}

/// Invoice `n` with every field set: order `n` has paid it.
#[must_use]
pub fn invoice_full(n: u32, of: SubscriptionId) -> Invoice {
    Invoice {
        reason: InvoiceReason::Upgrade,
        choice: premium(),
        credit: Minor(19_990),
        period: Some(period(20, 30)),
        status: InvoiceStatus::Paid,
        collection: Collection::SavedMethod,
        attempts: u32::MAX,
        paid_by: Some(order_id(n)),
        paid_at: Some(T0),
        ..invoice(n, of)
    }
}

/// Order `n`, a try to collect an invoice.
#[must_use]
pub fn collecting(n: u32, invoice: InvoiceId) -> Order {
    Order { invoice_id: Some(invoice), ..order(n) }
}
