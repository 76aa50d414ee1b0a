//! What a payment does to the invoice that it is for, and to its subscription (spec/02-subscriptions §2).

use super::draft::Draft;
use super::{Billing, Change, OrderFile, SettlementError};
use crate::effect::{Effect, EffectKind};
use crate::ids::derive;
use crate::ledger::{self, Posting};
use crate::saved_method::SavedMethod;
use crate::subscription::{
    Collection, Invoice, InvoiceReason, InvoiceStatus, Notice, Period, Step, Subscription, SubscriptionStatus, next_due, unpaid,
};
use crate::time::Timestamp;

/// The posting of a paid order.
pub(super) fn posting(file: &OrderFile, at: Timestamp) -> Result<Posting, SettlementError> {
    let order = &file.order;
    let posting = match &file.billing {
        None => ledger::order_completed(order.id, order.total, &file.lines, at),
        Some(billing) => ledger::invoice_paid(order.id, order.total, billing.invoice.credit, at),
    };
    Ok(posting?)
}

/// Why the money of this order's payment can't be for anything: then it goes back at once.
pub(super) fn in_vain(file: &OrderFile) -> Option<&'static str> {
    let Billing { invoice, subscription, other_open } = file.billing.as_ref()?;
    match invoice.status {
        InvoiceStatus::Paid | InvoiceStatus::Refunded => Some("the period was paid by another payment"),
        InvoiceStatus::Void => Some("the plan was cancelled or changed before the payment came"),
        InvoiceStatus::Open | InvoiceStatus::Failed => {
            let given_up = subscription.open_invoice != Some(invoice.id);
            if subscription.status == SubscriptionStatus::Expired && other_open.is_some() {
                Some("another plan was begun before the payment came")
            } else if given_up && invoice.reason == InvoiceReason::Upgrade {
                Some("the change was given up before the payment came")
            } else if given_up && invoice.reason == InvoiceReason::Renewal && invoice.status == InvoiceStatus::Open {
                // Dunning that ends has said so of its invoice; this one's plan was ended by a refund.
                Some("the plan ended before the payment came")
            } else {
                None
            }
        }
    }
}

/// The customer let the PSP keep a method: it is charged from now on. One that was charged without the customer is not kept by that: it
/// may have been revoked meanwhile.
pub(super) fn keep_method(draft: &mut Draft<'_>, method: Option<&SavedMethod>) {
    if let (Some(billing), Some(method)) = (&draft.file.billing, method)
        && billing.invoice.collection == Collection::Customer
        && billing.subscription.method.as_ref() != Some(method)
    {
        let subscription = Subscription { method: Some(method.clone()), ..billing.subscription.clone() };
        draft.put(Change::Subscription(subscription));
    }
}

/// Decides what changes when the kept method can't be charged without the customer, because it was revoked or the bank wants to see them:
/// the try is the customer's from here on, who is written to once.
#[must_use]
pub fn decide_customer_asked(file: &OrderFile, now: Timestamp) -> Vec<Change> {
    let Some(billing) = &file.billing else { return Vec::new() };
    let Billing { invoice, subscription, .. } = billing;
    if !billing.is_collected_by(file.order.id) || invoice.collection == Collection::Customer {
        return Vec::new();
    }
    let asked = Invoice { collection: Collection::Customer, ..invoice.clone() };
    vec![Change::Invoice(asked), Change::Effect(mail(subscription, Notice::PaymentNeeded, now))]
}

/// The order paid its invoice: the period is the customer's.
pub(super) fn paid(draft: &mut Draft<'_>) {
    let Some(Billing { invoice, subscription, .. }) = draft.file.billing.clone() else { return };
    let now = draft.context.now;
    let period = match invoice.period {
        // A renewal that was paid after its period had begun does not pay for days without access.
        Some(planned) if now <= planned.start => planned,
        Some(_) | None => invoice.choice.cycle.period(now),
    };
    draft.put(Change::Invoice(Invoice {
        status: InvoiceStatus::Paid,
        period: Some(period),
        paid_by: Some(draft.file.order.id),
        paid_at: Some(invoice.paid_at.unwrap_or(now)),
        ..invoice.clone()
    }));
    let subscription = running(subscription, &invoice, period);
    let due_at = if subscription.canceled_at.is_some() { Some(period.end) } else { next_due(&subscription, &draft.context.billing) };
    draft.put(Change::Subscription(Subscription { due_at, ..subscription }));
}

fn running(subscription: Subscription, invoice: &Invoice, period: Period) -> Subscription {
    let open_invoice = subscription.open_invoice.filter(|open| *open != invoice.id);
    // What was cancelled meanwhile stays so, and lasts as long as it is paid.
    let canceled = subscription.status == SubscriptionStatus::Canceled;
    let status = if canceled { SubscriptionStatus::Canceled } else { SubscriptionStatus::Active };
    // A change that was noted for the renewal is carried out by it; one that was noted since stays.
    let next = subscription.next.filter(|next| (next.plan, next.cycle) != (invoice.choice.plan, invoice.choice.cycle));
    Subscription {
        choice: invoice.choice,
        status,
        period: Some(period),
        paid_by: Some(invoice.id),
        open_invoice,
        next,
        past_due_since: None,
        retries: 0,
        canceled_at: subscription.canceled_at.filter(|_| canceled),
        ended_at: None,
        ..subscription
    }
}

/// The order's payment failed. Only the last try of an open invoice says something about it.
pub(super) fn not_paid(draft: &mut Draft<'_>) {
    let Some(Billing { invoice, subscription, .. }) = draft.file.billing.clone() else { return };
    if invoice.status != InvoiceStatus::Open || invoice.order_id != draft.file.order.id {
        return;
    }
    let (now, policy) = (draft.context.now, draft.context.billing);
    let failed = Invoice { status: InvoiceStatus::Failed, ..invoice.clone() };
    match (invoice.reason, subscription.status) {
        (InvoiceReason::Renewal, SubscriptionStatus::Active | SubscriptionStatus::PastDue) => {
            put(draft, unpaid(&subscription, &invoice, &policy, now));
        }
        (InvoiceReason::First, SubscriptionStatus::PendingPayment) => {
            draft.put(Change::Invoice(failed));
            draft.put(Change::Subscription(subscription.expired(now)));
        }
        // An upgrade stays the open one: a customer who was declined may try again on the same page.
        _ => draft.put(Change::Invoice(failed)),
    }
}

fn put(draft: &mut Draft<'_>, step: Step) {
    for invoice in step.invoices {
        draft.put(Change::Invoice(invoice));
    }
    if let Some(notice) = step.notice {
        draft.put(Change::Effect(mail(&step.subscription, notice, draft.context.now)));
    }
    draft.put(Change::Subscription(step.subscription));
}

/// The mail of a notice. A subscription may need several; the moment tells them apart.
#[must_use]
pub fn mail(subscription: &Subscription, notice: Notice, now: Timestamp) -> Effect {
    let (user, moment) = (subscription.user_id, now.0.to_be_bytes());
    let kind = match notice {
        Notice::PaymentNeeded => EffectKind::MailPaymentNeeded(user, derive(subscription.id.0, "payment_needed", &moment)),
        Notice::Ended => EffectKind::MailSubscriptionEnded(user, derive(subscription.id.0, "ended", &moment)),
    };
    Effect::pending(kind, now)
}

/// Invoice and subscription follow what was booked: a period whose money went back grants nothing, and grants again when it stands
/// after all.
pub(super) fn follow(draft: &mut Draft<'_>) {
    let Some(Billing { invoice, subscription, other_open }) = draft.file.billing.clone() else { return };
    if invoice.paid_by != Some(draft.file.order.id) {
        return;
    }
    let now = draft.context.now;
    let current = subscription.paid_by == Some(invoice.id);
    match (draft.file.is_refunded_in_full(), invoice.status) {
        (true, InvoiceStatus::Paid) => {
            draft.put(Change::Invoice(Invoice { status: InvoiceStatus::Refunded, ..invoice }));
            if current && subscription.status.is_open() {
                // What was noted for its end counts again if the money stands after all.
                let next = subscription.next;
                draft.put(Change::Subscription(Subscription { next, ..subscription.expired(now) }));
            }
        }
        (false, InvoiceStatus::Refunded) => {
            draft.put(Change::Invoice(Invoice { status: InvoiceStatus::Paid, ..invoice }));
            let left = subscription.period.is_some_and(|period| now < period.end);
            if current && left && other_open.is_none() && subscription.status == SubscriptionStatus::Expired {
                let back = Subscription { ended_at: None, ..subscription };
                let back = if back.canceled_at.is_some() {
                    Subscription { status: SubscriptionStatus::Canceled, due_at: back.ends_at(), ..back }
                } else {
                    let due_at = next_due(&back, &draft.context.billing);
                    Subscription { status: SubscriptionStatus::Active, due_at, ..back }
                };
                draft.put(Change::Subscription(back));
            }
        }
        _ => {}
    }
}
