//! What one decision leaves of a plan: whole rows, in which every field says something before, so that none is lost or kept unseen.
//! How plans live over time is in [`crate::subscriptions`].

use crate::support::plans::{DAY, POLICY, open_id, plan, row, subscription_id, usd, user};
use crate::support::{START, cases, uuid};
use proptest::prelude::*;
use std::time::Duration;
use veza_domain::ids::{InvoiceId, OrderId};
use veza_domain::money::Minor;
use veza_domain::order::OrderStatus;
use veza_domain::saved_method::SavedMethod;
use veza_domain::subscription::{
    BillingPolicy, Choice, Collection, Cycle, Dunning, Invoice, InvoiceReason, InvoiceStatus, Notice, Period, PlanId, Quote, Refusal, Step,
    Subscription, SubscriptionStatus, cancel, change, close_unpaid, collect_again, due, quote, reactivate, start,
};
use veza_domain::time::Timestamp;

const HOUR: Duration = Duration::from_secs(3600);
const MOMENT: Duration = Duration::from_micros(1);

fn creator() -> Choice {
    plan(PlanId::Creator, Cycle::Monthly).choice
}

fn premium() -> Choice {
    plan(PlanId::Premium, Cycle::Monthly).choice
}

fn free() -> Choice {
    plan(PlanId::Free, Cycle::Monthly).choice
}

fn yearly() -> Choice {
    plan(PlanId::Creator, Cycle::Yearly).choice
}

fn period() -> Period {
    Cycle::Monthly.period(START)
}

fn end() -> Timestamp {
    period().end
}

/// The same on its trial, which ends in a fortnight; nothing was paid.
fn tried(status: SubscriptionStatus) -> Subscription {
    Subscription { trial_ends_at: Some(START.plus(14 * DAY)), period: None, paid_by: None, ..row(status) }
}

/// The row's open invoice, tried twice.
fn invoice(reason: InvoiceReason, status: InvoiceStatus) -> Invoice {
    Invoice {
        id: open_id(),
        subscription_id: subscription_id(),
        user_id: user(),
        reason,
        choice: premium(),
        credit: Minor(7),
        period: Some(period()),
        status,
        order_id: OrderId(uuid(0x83)),
        collection: Collection::Customer,
        attempts: 2,
        paid_by: Some(OrderId(uuid(0x84))),
        paid_at: Some(START),
        created_at: START.plus(DAY),
    }
}

/// An invoice as it is made, with its first try.
fn made(id: InvoiceId, (reason, choice, credit): (InvoiceReason, Choice, i64), collection: Collection, at: Timestamp) -> Invoice {
    Invoice {
        id,
        choice,
        credit: Minor(credit),
        period: None,
        order_id: OrderId(id.0),
        collection,
        attempts: 1,
        paid_by: None,
        paid_at: None,
        created_at: at,
        ..invoice(reason, InvoiceStatus::Open)
    }
}

fn quiet(subscription: Subscription) -> Step {
    Step { subscription, invoices: Vec::new(), collect: false, notice: None }
}

/// Over at `now`: what was paid and by what stays, nothing is waited for.
fn over(before: &Subscription, now: Timestamp) -> Subscription {
    Subscription {
        status: SubscriptionStatus::Expired,
        open_invoice: None,
        next: None,
        past_due_since: None,
        due_at: None,
        ended_at: Some(now),
        ..before.clone()
    }
}

#[test]
fn only_what_is_over_leaves_the_place_to_another() {
    let open = SubscriptionStatus::ALL.map(SubscriptionStatus::is_open);
    assert_eq!(open, [true, true, true, true, true, false]);
}

#[test]
fn a_plan_that_was_never_paid_is_closed_with_its_open_invoice_alone() {
    let unpaid = row(SubscriptionStatus::PendingPayment);
    let now = START.plus(DAY);
    assert_eq!(close_unpaid(&unpaid, None, now), quiet(over(&unpaid, now)));
    for status in InvoiceStatus::ALL {
        let before = invoice(InvoiceReason::First, status);
        let failed = Invoice { status: InvoiceStatus::Failed, ..before.clone() };
        let invoices = if status == InvoiceStatus::Open { vec![failed] } else { Vec::new() };
        let closed = close_unpaid(&unpaid, Some(&before), now);
        assert_eq!(closed, Step { invoices, ..quiet(over(&unpaid, now)) }, "{}", status.as_str());
    }
}

#[test]
fn each_try_has_an_order_of_its_own_and_the_invoice_keeps_its_number() {
    let first = Invoice { id: InvoiceId(uuid(0xabcd)), ..invoice(InvoiceReason::Renewal, InvoiceStatus::Open) };
    let second = first.clone().try_again(Collection::SavedMethod, START);
    let third = second.clone().try_again(Collection::Customer, START);
    assert!(first.order_id != second.order_id && second.order_id != third.order_id && first.order_id != third.order_id);
    assert_eq!(second, Invoice { order_id: second.order_id, collection: Collection::SavedMethod, attempts: 3, ..first.clone() });
    assert_eq!(third, Invoice { order_id: third.order_id, attempts: 4, ..first });
    assert_eq!(third.number(), "V-01900000-0000ABCD");
}

/// Who subscribes is on the page already and is not written to; who comes from a trial is, unless a kept method pays.
#[test]
fn a_first_invoice_is_written_about_only_when_nobody_is_there_to_pay_it() {
    let first_id = InvoiceId(subscription_id().0);
    let first = |choice, by, at| made(first_id, (InvoiceReason::First, choice, 0), by, at);
    let begun = start(subscription_id(), user(), &plan(PlanId::Premium, Cycle::Monthly), false, None, START);
    assert_eq!((begun.collect, begun.notice), (true, None));
    assert_eq!(begun.invoices, [first(premium(), Collection::Customer, START)]);

    let at = START.plus(14 * DAY);
    for (method, next, by, notice) in [
        (None, None, Collection::Customer, Some(Notice::PaymentNeeded)),
        (Some(SavedMethod("pm_1".into())), Some(premium()), Collection::SavedMethod, None),
    ] {
        let trial = Subscription { method, next, ..tried(SubscriptionStatus::Trialing) };
        assert_eq!(due(&trial, None, &POLICY, at.minus(MOMENT)), None, "the trial still runs");
        let choice = next.unwrap_or(creator());
        let subscription = Subscription {
            choice,
            status: SubscriptionStatus::PendingPayment,
            open_invoice: Some(first_id),
            next: None,
            due_at: None,
            ..trial.clone()
        };
        let step = Step { subscription, invoices: vec![first(choice, by, at)], collect: true, notice };
        assert_eq!(due(&trial, None, &POLICY, at), Some(step));
    }
}

/// An upgrade that nobody paid is void by then.
#[test]
fn what_goes_free_keeps_nothing_of_the_plan_before() {
    let trial = Subscription { next: Some(free()), ..tried(SubscriptionStatus::Trialing) };
    let paid = Subscription { next: Some(free()), ..row(SubscriptionStatus::Active) };
    for (before, at) in [(trial, START.plus(14 * DAY)), (paid, end())] {
        let after = Subscription {
            choice: free(),
            status: SubscriptionStatus::Active,
            trial_ends_at: None,
            period: None,
            paid_by: None,
            open_invoice: None,
            next: None,
            due_at: None,
            ..before.clone()
        };
        assert_eq!(due(&before, None, &POLICY, at.minus(MOMENT)), None);
        assert_eq!(due(&before, None, &POLICY, at), Some(quiet(after.clone())));
        if before.period.is_some() {
            let upgrade = invoice(InvoiceReason::Upgrade, InvoiceStatus::Open);
            let void = Invoice { status: InvoiceStatus::Void, ..upgrade.clone() };
            let open = Some((&upgrade, OrderStatus::Pending));
            assert_eq!(due(&before, open, &POLICY, at), Some(Step { invoices: vec![void], ..quiet(after) }));
        }
    }
}

#[test]
fn what_is_cancelled_waits_for_its_end_and_what_is_unpaid_past_it_is_over_at_once() {
    use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
    let canceled = |before: &Subscription, now| Subscription {
        status: Canceled,
        open_invoice: None,
        next: None,
        past_due_since: None,
        retries: 0,
        due_at: before.period.map(|period| period.end).or(before.trial_ends_at),
        canceled_at: Some(now),
        ..before.clone()
    };
    for now in [end().minus(MOMENT), end(), end().plus(MOMENT)] {
        for status in [PendingPayment, Canceled, Expired] {
            assert_eq!(cancel(&row(status), None, now), Err(Refusal::NotRunning), "{}", status.as_str());
        }
        let nothing = Subscription { choice: free(), ..row(Active) };
        assert_eq!(cancel(&nothing, None, now), Err(Refusal::NotRunning), "free");
        for before in [row(Active), tried(Trialing)] {
            assert_eq!(cancel(&before, None, now), Ok(quiet(canceled(&before, now))));
        }
        let late = row(PastDue);
        let gone = Subscription { canceled_at: Some(now), ..over(&late, now) };
        let after = if now < end() { canceled(&late, now) } else { gone };
        assert_eq!(cancel(&late, None, now), Ok(quiet(after)), "at {now:?}");
    }
    for status in InvoiceStatus::ALL {
        let before = invoice(InvoiceReason::Renewal, status);
        let void = Invoice { status: InvoiceStatus::Void, ..before.clone() };
        let invoices = if status == InvoiceStatus::Open { vec![void] } else { Vec::new() };
        assert_eq!(cancel(&row(Active), Some(&before), START).unwrap().invoices, invoices, "{}", status.as_str());
    }
}

#[test]
fn a_cancellation_is_taken_back_until_just_before_the_end() {
    use SubscriptionStatus::{Active, Canceled, Trialing};
    let goes_free = Subscription { next: Some(free()), ..row(Canceled) };
    for (before, last, status, due_at) in [
        (row(Canceled), end(), Active, end().minus(POLICY.renewal_lead)),
        (goes_free, end(), Active, end()),
        (tried(Canceled), START.plus(14 * DAY), Trialing, START.plus(14 * DAY)),
    ] {
        let after = Subscription { status, canceled_at: None, due_at: Some(due_at), ..before.clone() };
        assert_eq!(reactivate(&before, &POLICY, last.minus(MOMENT)), Ok(quiet(after)));
        for late in [last, last.plus(MOMENT)] {
            assert_eq!(reactivate(&before, &POLICY, late), Err(Refusal::NotCanceled));
        }
    }
    for status in SubscriptionStatus::ALL.into_iter().filter(|status| *status != Canceled) {
        assert_eq!(reactivate(&row(status), &POLICY, START), Err(Refusal::NotCanceled), "{}", status.as_str());
    }
}

#[test]
fn choosing_what_one_has_takes_a_noted_change_back_and_costs_nothing() {
    let noted = row(SubscriptionStatus::Active);
    let now = START.plus(10 * DAY);
    let later = Quote { at_once: false, credit: usd(0), due_now: usd(0), effective_at: end() };
    assert_eq!(quote(&noted, Minor(999), creator(), now), Ok(later));
    let after = Subscription { next: None, open_invoice: None, due_at: Some(end().minus(HOUR)), ..noted.clone() };
    assert_eq!(change(&noted, None, Minor(999), creator(), InvoiceId(uuid(0x85)), &POLICY, now), Ok(quiet(after.clone())));
    assert_eq!(quote(&after, Minor(999), creator(), now), Err(Refusal::SamePlan), "there is nothing left to take back");
}

/// An upgrade that nobody has paid yet gives way to another wish; a renewal, and the same upgrade, are paid first.
#[test]
fn a_change_that_is_under_way_gives_way_to_another_wish_only() {
    let before = row(SubscriptionStatus::Active);
    let (id, now) = (InvoiceId(uuid(0x85)), START);
    let dearer = Choice { price: usd(2999), ..premium() };
    let noted = |to| Subscription { next: Some(to), open_invoice: None, due_at: Some(end().minus(HOUR)), ..before.clone() };
    let upgrade = |to: Choice, invoices: &[Invoice]| {
        let new = made(id, (InvoiceReason::Upgrade, to, 999), Collection::Customer, now);
        let subscription = Subscription { open_invoice: Some(id), ..before.clone() };
        Step { subscription, invoices: [invoices, &[new]].concat(), collect: true, notice: None }
    };
    for status in InvoiceStatus::ALL {
        let open = status == InvoiceStatus::Open;
        let asked = |reason, to| change(&before, Some(&invoice(reason, status)), Minor(999), to, id, &POLICY, now);
        let voided = Invoice { status: InvoiceStatus::Void, ..invoice(InvoiceReason::Upgrade, status) };
        let gone = if open { vec![voided] } else { Vec::new() };
        let or_refused = |step| if open { Err(Refusal::ChangeUnderWay) } else { Ok(step) };

        let what = status.as_str();
        let later = Step { invoices: gone.clone(), ..quiet(noted(yearly())) };
        assert_eq!(asked(InvoiceReason::Upgrade, yearly()), Ok(later), "{what}: something else, later");
        assert_eq!(asked(InvoiceReason::Upgrade, dearer), Ok(upgrade(dearer, &gone)), "{what}: something else, at once");
        assert_eq!(asked(InvoiceReason::Upgrade, premium()), or_refused(upgrade(premium(), &[])), "{what}: the same");
        assert_eq!(asked(InvoiceReason::Renewal, premium()), or_refused(upgrade(premium(), &[])), "{what}: a renewal");
        assert_eq!(asked(InvoiceReason::Renewal, yearly()), or_refused(quiet(noted(yearly()))), "{what}: a renewal, later");
    }
}

#[test]
fn a_customer_pays_again_only_what_is_open_of_a_plan_that_is_past_due() {
    let now = START.plus(28 * DAY);
    for status in SubscriptionStatus::ALL {
        let before = row(status);
        assert_eq!(collect_again(&before, None, now), Err(Refusal::NothingToPay));
        for of in InvoiceStatus::ALL {
            let open = Invoice { collection: Collection::SavedMethod, ..invoice(InvoiceReason::Renewal, of) };
            let again = open.clone().try_again(Collection::Customer, now);
            let step = Step { invoices: vec![again], collect: true, ..quiet(before.clone()) };
            let wanted = status == SubscriptionStatus::PastDue && of == InvoiceStatus::Open;
            let expected = if wanted { Ok(step) } else { Err(Refusal::NothingToPay) };
            assert_eq!(collect_again(&before, Some(&open), now), expected, "{} of {}", of.as_str(), status.as_str());
        }
    }
}

/// It is made an hour ahead, for the period that follows; retries of an earlier one do not count, an upgrade that nobody paid is void.
#[test]
fn a_renewal_starts_anew_and_asks_the_customer_where_no_method_is_kept() {
    let upgrade = invoice(InvoiceReason::Upgrade, InvoiceStatus::Open);
    let at = end().minus(HOUR);
    let id = Invoice::renewal_id(subscription_id(), at);
    for (method, by, notice) in
        [(Some(SavedMethod("pm_1".into())), Collection::SavedMethod, None), (None, Collection::Customer, Some(Notice::PaymentNeeded))]
    {
        let before = Subscription { method, ..row(SubscriptionStatus::Active) };
        let open = Some((&upgrade, OrderStatus::Pending));
        assert_eq!(due(&before, open, &POLICY, at.minus(MOMENT)), None);
        let void = Invoice { status: InvoiceStatus::Void, ..upgrade.clone() };
        let next = Some(Cycle::Yearly.period(end()));
        let renewal = Invoice { period: next, ..made(id, (InvoiceReason::Renewal, yearly(), 0), by, at) };
        let subscription = Subscription { open_invoice: Some(id), retries: 0, due_at: Some(end()), ..before.clone() };
        let step = Step { subscription, invoices: vec![void, renewal], collect: true, notice };
        assert_eq!(due(&before, open, &POLICY, at), Some(step));
    }
}

/// The cancellation has voided the invoice that was being collected: the period is to be paid by another one.
#[test]
fn a_renewal_after_a_cancellation_that_was_taken_back_is_a_new_one() {
    let (at, later) = (end().minus(HOUR), end().minus(HOUR / 2));
    let before = Subscription { next: None, ..row(SubscriptionStatus::Active) };
    let collected = due(&before, None, &POLICY, at).unwrap();
    let first = collected.invoices.last().unwrap();
    let cancelled = cancel(&collected.subscription, Some(first), later).unwrap();
    assert_eq!(cancelled.invoices, [Invoice { status: InvoiceStatus::Void, ..first.clone() }]);
    let back = reactivate(&cancelled.subscription, &POLICY, later).unwrap().subscription;
    let again = due(&back, None, &POLICY, later).unwrap();
    let second = again.invoices.last().unwrap();
    assert_eq!((second.period, again.collect, again.subscription.open_invoice), (first.period, true, Some(second.id)));
    assert_ne!((second.id, second.order_id), (first.id, first.order_id), "or it could never be written");
}

/// What becomes of a renewal, first without an answer and then by its retries. The policy here: the first and the third day.
#[test]
fn who_does_not_pay_is_written_to_each_time_and_at_the_end() {
    let policy = BillingPolicy { dunning: Dunning::new(&[1, 3]).unwrap(), ..POLICY };
    let renewal = invoice(InvoiceReason::Renewal, InvoiceStatus::Open);
    let failed = Invoice { status: InvoiceStatus::Failed, ..renewal.clone() };
    let pending = Some((&renewal, OrderStatus::Pending));
    let declined = Some((&renewal, OrderStatus::Failed));

    let running = Subscription { past_due_since: None, retries: 0, ..row(SubscriptionStatus::Active) };
    let past_due =
        Subscription { status: SubscriptionStatus::PastDue, past_due_since: Some(end()), due_at: Some(end().plus(DAY)), ..running.clone() };
    let step = Step { notice: Some(Notice::PaymentNeeded), ..quiet(past_due.clone()) };
    assert_eq!(due(&running, pending, &policy, end().minus(MOMENT)), None, "its answer may come");
    assert_eq!(due(&running, pending, &policy, end()), Some(step), "nobody has said what became of it");
    let no_retries = BillingPolicy { dunning: Dunning::new(&[]).unwrap(), ..POLICY };
    let step = Step { invoices: vec![failed.clone()], notice: Some(Notice::Ended), ..quiet(over(&running, end())) };
    assert_eq!(due(&running, pending, &no_retries, end()), Some(step), "there are no retries");

    let first = end().plus(DAY);
    let charged = Subscription { retries: 1, due_at: Some(first.plus(HOUR)), ..past_due.clone() };
    let again = renewal.clone().try_again(Collection::SavedMethod, first);
    let step = Step { subscription: charged, invoices: vec![again], collect: true, notice: None };
    for claimed in [past_due.clone(), Subscription { due_at: Some(first.plus(HOUR)), ..past_due.clone() }] {
        assert_eq!(
            due(&claimed, declined, &policy, first),
            Some(step.clone()),
            "the kept method is charged, whoever claimed the row until when"
        );
    }

    let by_hand = Subscription { method: None, ..past_due };
    let asked = Subscription { retries: 1, due_at: Some(end().plus(3 * DAY)), ..by_hand.clone() };
    let step = Step { notice: Some(Notice::PaymentNeeded), ..quiet(asked.clone()) };
    assert_eq!(due(&by_hand, declined, &policy, first), Some(step), "the customer is asked");

    let last = end().plus(3 * DAY);
    let gone = Subscription { retries: 2, ..over(&asked, last) };
    let step = Step { invoices: vec![failed], notice: Some(Notice::Ended), ..quiet(gone) };
    assert_eq!(due(&asked, declined, &policy, last), Some(step), "that was the last time");
    let waits = Subscription { due_at: Some(last.plus(DAY)), ..asked.clone() };
    assert_eq!(due(&asked, pending, &policy, last), Some(quiet(waits)), "its last try is still open");
    let step = Step { notice: Some(Notice::Ended), ..quiet(over(&asked, last)) };
    assert_eq!(due(&asked, None, &policy, last), Some(step), "there is nothing to pay any more");
}

proptest! {
    #![proptest_config(cases(64))]

    /// However late the worker comes: a renewal has an hour for its answer, and counts as unpaid not before the period is over.
    #[test]
    fn a_renewal_has_an_hour_for_its_answer(late in 0_u64..200_000_000) {
        let now = end().minus(HOUR).minus(HOUR).plus(Duration::from_secs(late / 10_000));
        let policy = BillingPolicy { renewal_lead: 2 * HOUR, ..POLICY };
        let step = due(&row(SubscriptionStatus::Active), None, &policy, now).unwrap();
        let answer_by = now.plus(HOUR).max(end());
        prop_assert_eq!(step.subscription.due_at, Some(answer_by));
        let open = Some((step.invoices.last().unwrap(), OrderStatus::Pending));
        prop_assert_eq!(due(&step.subscription, open, &policy, answer_by.minus(MOMENT)), None);
        let unpaid = due(&step.subscription, open, &policy, answer_by).unwrap();
        prop_assert_eq!(unpaid.subscription.status, SubscriptionStatus::PastDue);
    }

    /// Whatever the prices are: what is due is the price less the credit, and the invoice asks just that; where that would be nothing, no
    /// payment could bring the change, and it comes when the period is over.
    #[test]
    fn an_upgrade_asks_for_the_price_less_what_is_unused(had in 1_i64..5_000, wanted in 1_i64..5_000, hours in 0_u32..800) {
        let before = row(SubscriptionStatus::Active);
        let (to, now) = (Choice { price: usd(wanted), ..premium() }, START.plus(hours * HOUR));
        let told = quote(&before, Minor(had), to, now).unwrap();
        let unused = period().unused(Minor(had), now).0;
        let at_once = Quote { at_once: true, credit: usd(unused), due_now: usd(wanted - unused), effective_at: now };
        let covered = Quote { at_once: false, credit: usd(0), due_now: usd(0), effective_at: end() };
        prop_assert_eq!(told, if unused < wanted { at_once } else { covered });
        let step = change(&before, None, Minor(had), to, InvoiceId(uuid(0x85)), &POLICY, now).unwrap();
        prop_assert_eq!(step.collect, told.at_once);
        prop_assert!(step.invoices.iter().all(|invoice| invoice.amount() == told.due_now));
    }
}
