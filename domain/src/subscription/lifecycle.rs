//! What people and the worker do to a subscription. What the PSP says of its payments is in [`crate::settlement`].

use super::invoice::{Collection, Invoice, InvoiceReason, InvoiceStatus};
use super::plan::{Choice, Plan, PlanId};
use super::{BillingPolicy, Subscription, SubscriptionStatus};
use crate::ids::{InvoiceId, SubscriptionId, UserId};
use crate::money::{Minor, Money};
use crate::order::{Order, OrderStatus};
use crate::saved_method::SavedMethod;
use crate::time::Timestamp;
use std::time::Duration;

/// How long a renewal may stay without an answer before the subscription counts as past due.
const UNANSWERED: Duration = Duration::from_secs(3600);

/// What the person is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Notice {
    /// A payment is missing: come back and pay.
    PaymentNeeded,
    /// It is over because it was not paid.
    Ended,
}

/// What one decision changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// Its next state.
    pub subscription: Subscription,
    /// The next states of invoices: changed ones first, a new one last.
    pub invoices: Vec<Invoice>,
    /// The last of `invoices` is to be collected now, by its order.
    pub collect: bool,
    /// What the person is written.
    pub notice: Option<Notice>,
}

impl Step {
    fn of(subscription: Subscription) -> Self {
        Self { subscription, invoices: Vec::new(), collect: false, notice: None }
    }
}

/// Why something can't be done to a subscription.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is nothing to cancel or to change: it is free, unpaid, cancelled or over.
    #[error("no plan runs that costs something: choose one")]
    NotRunning,
    /// It was not cancelled, or it is over.
    #[error("only a cancelled plan whose time is not over can be reactivated")]
    NotCanceled,
    /// The first payment, or the last one, is missing.
    #[error("the plan's payment is missing: complete it first")]
    PaymentMissing,
    /// It is what it is asked to become.
    #[error("this is the plan that you have")]
    SamePlan,
    /// An upgrade's payment is open.
    #[error("the payment of another change is open")]
    ChangeUnderWay,
    /// There is a plan that runs.
    #[error("you have a plan: change, cancel or reactivate it")]
    AlreadySubscribed,
    /// Nothing waits for a payment.
    #[error("no payment of this subscription is open")]
    NothingToPay,
}

/// A new subscription to `plan`. `trial`: the person has never had one; `method`: what an earlier subscription kept.
#[must_use]
pub fn start(id: SubscriptionId, user_id: UserId, plan: &Plan, trial: bool, method: Option<SavedMethod>, now: Timestamp) -> Step {
    let new = Subscription {
        id,
        user_id,
        choice: plan.choice,
        status: SubscriptionStatus::Active,
        trial_ends_at: None,
        period: None,
        paid_by: None,
        open_invoice: None,
        method,
        next: None,
        past_due_since: None,
        retries: 0,
        due_at: None,
        created_at: now,
        canceled_at: None,
        ended_at: None,
    };
    match plan.trial.filter(|_| trial) {
        _ if plan.choice.plan == PlanId::Free => Step::of(new),
        Some(length) => {
            let end = Some(now.plus(length));
            Step::of(Subscription { status: SubscriptionStatus::Trialing, trial_ends_at: end, due_at: end, ..new })
        }
        None => first_invoice(new, Collection::Customer, now),
    }
}

fn first_invoice(subscription: Subscription, collection: Collection, now: Timestamp) -> Step {
    let (id, choice) = (Invoice::first_id(subscription.id), subscription.choice);
    let invoice = Invoice::open(id, &subscription, (InvoiceReason::First, choice, Minor::ZERO), None, collection, now);
    let subscription =
        Subscription { status: SubscriptionStatus::PendingPayment, open_invoice: Some(id), due_at: None, next: None, ..subscription };
    let notice = (collection == Collection::Customer && subscription.trial_ends_at.is_some()).then_some(Notice::PaymentNeeded);
    Step { subscription, invoices: vec![invoice], collect: true, notice }
}

fn void(open: Option<&Invoice>) -> Vec<Invoice> {
    let open = open.filter(|invoice| invoice.status == InvoiceStatus::Open);
    open.map(|invoice| Invoice { status: InvoiceStatus::Void, ..invoice.clone() }).into_iter().collect()
}

/// Ends a subscription whose payment is missing, so that another may be chosen. Its payment may still succeed: that is refunded when the
/// other is open by then.
#[must_use]
pub fn close_unpaid(subscription: &Subscription, open: Option<&Invoice>, now: Timestamp) -> Step {
    let failed = |invoice: &Invoice| Invoice { status: InvoiceStatus::Failed, ..invoice.clone() };
    let invoices = open.filter(|invoice| invoice.status == InvoiceStatus::Open).map(failed).into_iter().collect();
    Step { invoices, ..Step::of(subscription.clone().expired(now)) }
}

/// Cancels: access stays until what was paid, or the trial, is over; nothing is charged any more, and what is under way goes back.
///
/// # Errors
/// [`Refusal::NotRunning`].
pub fn cancel(subscription: &Subscription, open: Option<&Invoice>, now: Timestamp) -> Result<Step, Refusal> {
    use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
    let running = match subscription.status {
        Active => subscription.choice.plan != PlanId::Free,
        Trialing | PastDue => true,
        PendingPayment | Canceled | Expired => false,
    };
    if !running {
        return Err(Refusal::NotRunning);
    }
    let invoices = void(open);
    let canceled = Subscription { open_invoice: None, next: None, canceled_at: Some(now), ..subscription.clone() };
    let over = subscription.ends_at().is_none_or(|end| end <= now);
    let subscription = if over && subscription.status == PastDue {
        canceled.expired(now)
    } else {
        Subscription { status: Canceled, past_due_since: None, retries: 0, due_at: subscription.ends_at(), ..canceled }
    };
    Ok(Step { invoices, ..Step::of(subscription) })
}

/// Takes a cancellation back while there is something left.
///
/// # Errors
/// [`Refusal::NotCanceled`].
pub fn reactivate(subscription: &Subscription, policy: &BillingPolicy, now: Timestamp) -> Result<Step, Refusal> {
    let end = subscription.ends_at().filter(|end| now < *end);
    let (SubscriptionStatus::Canceled, Some(_)) = (subscription.status, end) else { return Err(Refusal::NotCanceled) };
    let status = if subscription.period.is_some() { SubscriptionStatus::Active } else { SubscriptionStatus::Trialing };
    let back = Subscription { status, canceled_at: None, ..subscription.clone() };
    let due_at = next_due(&back, policy);
    Ok(Step::of(Subscription { due_at, ..back }))
}

/// When the worker has to look at a subscription that runs: ahead of the period's end to renew it, at the end to let it go free.
#[must_use]
pub(crate) fn next_due(subscription: &Subscription, policy: &BillingPolicy) -> Option<Timestamp> {
    let goes_free = subscription.next.is_some_and(|next| next.plan == PlanId::Free);
    match subscription.period {
        Some(period) if goes_free => Some(period.end),
        Some(period) => Some(period.end.minus(policy.renewal_lead).max(period.start)),
        None => subscription.trial_ends_at,
    }
}

/// What a change would cost and when it would take effect.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quote {
    /// Now, and paid now; or when the period is over.
    pub at_once: bool,
    /// The unused part of the period that was paid.
    pub credit: Money,
    /// What is to be paid now.
    pub due_now: Money,
    /// When it takes effect; an upgrade does when it is paid.
    pub effective_at: Timestamp,
}

/// What the period that runs is worth, in minor units of its price: less what went back of the payment by `order`, and nothing while a
/// refund or a dispute of it is open.
#[must_use]
pub fn worth(subscription: &Subscription, order: &Order) -> Minor {
    match order.status {
        OrderStatus::Completed | OrderStatus::PartiallyRefunded => {
            Minor(subscription.choice.price.amount.0.saturating_sub(order.refunded.0).max(0))
        }
        _ => Minor::ZERO,
    }
}

/// What changing to `to` would mean. A better plan of the same cycle comes at once; everything else when the period is over. `worth`: what
/// the period that runs is worth ([`worth`]); the unused part of that is credited.
///
/// # Errors
/// [`Refusal`] when it can't be changed now.
pub fn quote(subscription: &Subscription, worth: Minor, to: Choice, now: Timestamp) -> Result<Quote, Refusal> {
    use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
    match subscription.status {
        PendingPayment | PastDue => return Err(Refusal::PaymentMissing),
        Canceled | Expired => return Err(Refusal::NotRunning),
        Active | Trialing => {}
    }
    let from = subscription.choice;
    if from.plan == PlanId::Free {
        return Err(Refusal::NotRunning);
    }
    if (from.plan, from.cycle) == (to.plan, to.cycle) && subscription.next.is_none() {
        return Err(Refusal::SamePlan);
    }
    let nothing = Money { amount: Minor::ZERO, currency: to.price.currency };
    let later = Quote { at_once: false, credit: nothing, due_now: nothing, effective_at: subscription.ends_at().unwrap_or(now) };
    let better = to.plan > from.plan && to.cycle == from.cycle && to.price.currency == from.price.currency;
    let Some(period) = subscription.period.filter(|_| better) else { return Ok(later) };
    let credit = period.unused(worth, now).min(to.price.amount);
    let due_now = Minor(to.price.amount.0 - credit.0);
    if !due_now.is_positive() {
        // There is nothing to pay, and so no payment that could bring it.
        return Ok(later);
    }
    let money = |amount| Money { amount, currency: to.price.currency };
    Ok(Quote { at_once: true, credit: money(credit), due_now: money(due_now), effective_at: now })
}

/// Changes the plan as [`quote`] says: opens the upgrade's invoice `id`, or notes what comes next. Choosing what one has takes a noted
/// change back.
///
/// # Errors
/// [`Refusal`].
pub fn change(
    subscription: &Subscription,
    open: Option<&Invoice>,
    worth: Minor,
    to: Choice,
    id: InvoiceId,
    policy: &BillingPolicy,
    now: Timestamp,
) -> Result<Step, Refusal> {
    let quote = quote(subscription, worth, to, now)?;
    let under_way = open.filter(|invoice| invoice.status == InvoiceStatus::Open);
    if under_way.is_some_and(|invoice| invoice.reason != InvoiceReason::Upgrade || quote.at_once && invoice.choice == to) {
        return Err(Refusal::ChangeUnderWay);
    }
    // Another wish takes the place of an upgrade that was not paid yet.
    let mut invoices = void(under_way);
    if quote.at_once {
        let what = (InvoiceReason::Upgrade, to, quote.credit.amount);
        invoices.push(Invoice::open(id, subscription, what, None, Collection::Customer, now));
        let subscription = Subscription { open_invoice: Some(id), ..subscription.clone() };
        return Ok(Step { subscription, invoices, collect: true, notice: None });
    }
    let next = Some(to).filter(|to| (to.plan, to.cycle) != (subscription.choice.plan, subscription.choice.cycle));
    let changed = Subscription { next, open_invoice: None, ..subscription.clone() };
    let due_at = next_due(&changed, policy);
    Ok(Step { invoices, ..Step::of(Subscription { due_at, ..changed }) })
}

/// Opens one more try, paid by the customer, for a renewal whose last try is over.
///
/// # Errors
/// [`Refusal::NothingToPay`].
pub fn collect_again(subscription: &Subscription, open: Option<&Invoice>, now: Timestamp) -> Result<Step, Refusal> {
    match open.filter(|invoice| invoice.status == InvoiceStatus::Open && subscription.status == SubscriptionStatus::PastDue) {
        None => Err(Refusal::NothingToPay),
        Some(invoice) => {
            let invoice = invoice.clone().try_again(Collection::Customer, now);
            Ok(Step { invoices: vec![invoice], collect: true, ..Step::of(subscription.clone()) })
        }
    }
}

/// What is due now of a subscription whose due time has come; none: nothing is. Not told by `due_at`: who claims a row moves that to the
/// end of the claim. `open`: the invoice that is being collected, with the status of its last try's order.
#[must_use]
pub fn due(subscription: &Subscription, open: Option<(&Invoice, OrderStatus)>, policy: &BillingPolicy, now: Timestamp) -> Option<Step> {
    use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
    match subscription.status {
        Trialing => (subscription.trial_ends_at? <= now).then(|| trial_is_over(subscription, now)),
        Active => renew(subscription, open, policy, now),
        PastDue => Some(retry(subscription, open, policy, now)),
        Canceled => (subscription.ends_at().unwrap_or(now) <= now).then(|| Step::of(subscription.clone().expired(now))),
        PendingPayment | Expired => None,
    }
}

fn by(method: Option<&SavedMethod>) -> Collection {
    if method.is_some() { Collection::SavedMethod } else { Collection::Customer }
}

fn gone_free(subscription: &Subscription, free: Choice) -> Step {
    Step::of(Subscription {
        choice: free,
        status: SubscriptionStatus::Active,
        trial_ends_at: None,
        period: None,
        paid_by: None,
        open_invoice: None,
        next: None,
        due_at: None,
        ..subscription.clone()
    })
}

fn trial_is_over(subscription: &Subscription, now: Timestamp) -> Step {
    let choice = subscription.next.unwrap_or(subscription.choice);
    if choice.plan == PlanId::Free {
        return gone_free(subscription, choice);
    }
    let collection = by(subscription.method.as_ref());
    first_invoice(Subscription { choice, ..subscription.clone() }, collection, now)
}

fn renew(subscription: &Subscription, open: Option<(&Invoice, OrderStatus)>, policy: &BillingPolicy, now: Timestamp) -> Option<Step> {
    let period = subscription.period?;
    let renewal = open.filter(|(invoice, _)| invoice.reason == InvoiceReason::Renewal && invoice.status == InvoiceStatus::Open);
    if let Some((invoice, _)) = renewal {
        // Nobody has said what became of it.
        return (now >= unanswered_at(invoice, period.end)).then(|| unpaid(subscription, invoice, policy, now));
    }
    if now < next_due(subscription, policy)? {
        return None;
    }
    let choice = subscription.next.unwrap_or(subscription.choice);
    // An upgrade that was not paid is over with its period.
    let mut invoices = void(open.map(|(invoice, _)| invoice));
    if choice.plan == PlanId::Free {
        return Some(Step { invoices, ..gone_free(subscription, choice) });
    }
    let id = Invoice::renewal_id(subscription.id, now);
    let collection = by(subscription.method.as_ref());
    let what = (InvoiceReason::Renewal, choice, Minor::ZERO);
    let invoice = Invoice::open(id, subscription, what, Some(choice.cycle.period(period.end)), collection, now);
    let due_at = Some(unanswered_at(&invoice, period.end));
    invoices.push(invoice);
    let subscription = Subscription { open_invoice: Some(id), retries: 0, due_at, ..subscription.clone() };
    let notice = (collection == Collection::Customer).then_some(Notice::PaymentNeeded);
    Some(Step { subscription, invoices, collect: true, notice })
}

fn unanswered_at(invoice: &Invoice, period_end: Timestamp) -> Timestamp {
    period_end.max(invoice.created_at.plus(UNANSWERED))
}

/// A renewal, or a retry of it, was not paid: the next retry, or the end.
#[must_use]
pub(crate) fn unpaid(subscription: &Subscription, invoice: &Invoice, policy: &BillingPolicy, now: Timestamp) -> Step {
    let since = subscription.past_due_since.unwrap_or(now);
    match policy.dunning.next(since, subscription.retries) {
        Some(at) => {
            let notice = subscription.past_due_since.is_none().then_some(Notice::PaymentNeeded);
            let status = SubscriptionStatus::PastDue;
            let due_at = Some(at.max(now.plus(Duration::from_micros(1))));
            let subscription = Subscription { status, past_due_since: Some(since), due_at, ..subscription.clone() };
            Step { notice, ..Step::of(subscription) }
        }
        None => {
            let invoices = vec![Invoice { status: InvoiceStatus::Failed, ..invoice.clone() }];
            Step { invoices, notice: Some(Notice::Ended), ..Step::of(subscription.clone().expired(now)) }
        }
    }
}

/// A retry is due. While nobody knows what became of the last try there is no other: nobody is charged twice for one period.
fn retry(subscription: &Subscription, open: Option<(&Invoice, OrderStatus)>, policy: &BillingPolicy, now: Timestamp) -> Step {
    let Some((invoice, order)) = open.filter(|(invoice, _)| invoice.status == InvoiceStatus::Open) else {
        return Step { notice: Some(Notice::Ended), ..Step::of(subscription.clone().expired(now)) };
    };
    let counted = Subscription { retries: subscription.retries.saturating_add(1), ..subscription.clone() };
    if order == OrderStatus::Failed && counted.method.is_some() {
        // Its answer moves the subscription on; without one this comes again.
        let due_at = Some(now.plus(UNANSWERED));
        let invoice = invoice.clone().try_again(Collection::SavedMethod, now);
        return Step { invoices: vec![invoice], collect: true, ..Step::of(Subscription { due_at, ..counted }) };
    }
    let step = unpaid(&counted, invoice, policy, now);
    if step.subscription.status == SubscriptionStatus::Expired && order == OrderStatus::Pending {
        // The last try is still open at the PSP, which ends it by itself: its word is waited for.
        let due_at = Some(now.plus(Duration::from_secs(86_400)));
        return Step::of(Subscription { due_at, ..subscription.clone() });
    }
    let notice = step.notice.or(Some(Notice::PaymentNeeded));
    Step { notice, ..step }
}

/// What subscribing means for who has a subscription already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Opening {
    /// There is nothing in the way.
    New,
    /// The same was begun: it goes on.
    Resume,
    /// The free plan makes room, in the same commit.
    ReplaceFree,
    /// A plan is not paid, and so grants nothing: it is closed first, once the PSP says so.
    ReplaceUnpaid,
}

/// Decides what subscribing to `to` means. What grants nothing never blocks: neither what was never paid, nor a plan whose renewal is not
/// paid and whose time is over.
///
/// # Errors
/// [`Refusal::AlreadySubscribed`].
pub fn opening(current: Option<&Subscription>, to: Choice, now: Timestamp) -> Result<Opening, Refusal> {
    use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
    let Some(current) = current else { return Ok(Opening::New) };
    let same = (current.choice.plan, current.choice.cycle) == (to.plan, to.cycle);
    match current.status {
        Expired => Ok(Opening::New),
        PendingPayment if same => Ok(Opening::Resume),
        PendingPayment => Ok(Opening::ReplaceUnpaid),
        PastDue if current.ends_at().is_none_or(|end| end <= now) => Ok(Opening::ReplaceUnpaid),
        Active if current.choice.plan == PlanId::Free && to.plan == PlanId::Free => Ok(Opening::Resume),
        Active if current.choice.plan == PlanId::Free => Ok(Opening::ReplaceFree),
        Active | Trialing | PastDue | Canceled => Err(Refusal::AlreadySubscribed),
    }
}
