//! Rows of plans: trials, subscriptions and what they ask for.

use super::Lcg;
use crate::contract::storage::sample;
use crate::storage::Row;
use veza_domain::subscription::{Choice, Cycle, Invoice, InvoiceReason, InvoiceStatus, Period, PlanId, Subscription, SubscriptionStatus};

/// `value` says whose it is; two share a person, so the place is often taken.
pub(super) fn random_billing(random: &mut Lcg, n: u32, value: u32, full: bool) -> Row {
    let of = sample::subscription_id((n - 1) % 3 + 1);
    match random.below(8) {
        0 => Row::Trial(sample::trial(n)),
        1..5 => {
            let user = sample::user_id((value - 1) % 3 + 1);
            let plain = if full { sample::subscription_full(n, user) } else { sample::subscription(n, user) };
            Row::Subscription(Subscription {
                choice: Choice { plan: random.pick(&PlanId::ALL), cycle: random.pick(&Cycle::ALL), ..plain.choice },
                status: if random.chance(40) { SubscriptionStatus::Expired } else { random.pick(&SubscriptionStatus::ALL) },
                trial_ends_at: random.sometimes(()).map(|()| random.time()),
                period: random_period(random),
                paid_by: random.sometimes(sample::invoice_id(n)),
                due_at: random.sometimes(()).map(|()| random.time()),
                ..plain
            })
        }
        _ => {
            let plain = if full { sample::invoice_full(n, of) } else { sample::invoice(n, of) };
            let order = sample::order_id(1 + random.below(6));
            Row::Invoice(Invoice {
                reason: random.pick(&InvoiceReason::ALL),
                status: random.pick(&InvoiceStatus::ALL),
                period: random_period(random),
                paid_by: random.sometimes(order),
                ..plain
            })
        }
    }
}

fn random_period(random: &mut Lcg) -> Option<Period> {
    let (start, end) = (random.time(), random.time());
    random.sometimes(Period { start, end })
}
