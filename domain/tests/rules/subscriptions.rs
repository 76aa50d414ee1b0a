//! Plans: who has access, what moves, what is charged (spec/02-subscriptions).

use crate::support::plans::{DAY, POLICY, World, paid, plan, plans, subscription_id, usd, user};
use crate::support::{START, uuid};
use proptest::prelude::*;
use std::time::Duration;
use veza_domain::ids::{InvoiceId, SubscriptionId, UserId};
use veza_domain::ledger::Account;
use veza_domain::money::Minor;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{Change, Fact, PaymentStatus, PspRefundStatus, RefundFact, Source};
use veza_domain::subscription::gate::{Access, Denied, Standing, access, features, require};
use veza_domain::subscription::{
    Cycle, Dunning, Feature, Invoice, InvoiceReason, InvoiceStatus, Opening, Period, PlanId, Quote, Refusal, Subscription,
    SubscriptionStatus, cancel, change, close_unpaid, collect_again, due, opening, quote, reactivate, start, worth,
};
use veza_domain::time::Timestamp;

#[test]
fn every_pair_of_statuses_is_in_the_table_or_not() {
    use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
    let moves = [
        (PendingPayment, Active),
        (PendingPayment, Expired),
        (Trialing, PendingPayment),
        (Trialing, Active),
        (Trialing, Canceled),
        (Active, PastDue),
        (Active, Canceled),
        (Active, Expired),
        (PastDue, Active),
        (PastDue, Canceled),
        (PastDue, Expired),
        (Canceled, Active),
        (Canceled, Trialing),
        (Canceled, Expired),
        (Expired, Active),
        (Expired, Canceled),
    ];
    for from in SubscriptionStatus::ALL {
        for to in SubscriptionStatus::ALL {
            assert_eq!(from.may_become(to), from == to || moves.contains(&(from, to)), "{} to {}", from.as_str(), to.as_str());
        }
        assert_eq!(SubscriptionStatus::parse(from.as_str()), Some(from));
    }
    assert_eq!(SubscriptionStatus::parse("unknown"), None);
}

#[test]
fn the_gate_table() {
    let unpaid = World::of(start(subscription_id(), user(), &plan(PlanId::Creator, Cycle::Monthly), false, None, START));
    let trial = World::of(start(subscription_id(), user(), &plan(PlanId::Premium, Cycle::Monthly), true, None, START));
    let free = World::of(start(subscription_id(), user(), &plan(PlanId::Free, Cycle::Monthly), true, None, START));
    let good = paid(PlanId::Creator, Cycle::Monthly, None);
    assert_eq!(access(&Standing { subscription: None, paid: None }, START), Access::Plan(PlanId::Free), "no row");
    assert_eq!(free.access(), Access::Plan(PlanId::Free));
    assert_eq!(trial.access(), Access::Plan(PlanId::Premium), "trial running");
    let over = World { now: START.plus(14 * DAY), ..trial };
    assert_eq!(over.access(), Access::NeedsPayment(PlanId::Premium), "trial over");
    assert_eq!(good.access(), Access::Plan(PlanId::Creator), "paid");
    assert_eq!(unpaid.access(), Access::NeedsPayment(PlanId::Creator), "unpaid");
    let mut failed = unpaid;
    failed.decline();
    assert_eq!(failed.access(), Access::Plan(PlanId::Free), "payment failed");

    let (subscription, invoice) = good.standing();
    let invoice = invoice.unwrap();
    let asked = |subscription: &Subscription, paid: Option<&Invoice>, at| access(&Standing { subscription: Some(subscription), paid }, at);
    let denied = Access::NeedsPayment(PlanId::Creator);
    assert_eq!(asked(&subscription, None, START), denied, "a row that somebody wrote by hand");
    let forged = [
        Invoice { paid_by: None, ..invoice.clone() },
        Invoice { paid_at: None, ..invoice.clone() },
        Invoice { status: InvoiceStatus::Open, ..invoice.clone() },
        Invoice { status: InvoiceStatus::Refunded, ..invoice.clone() },
        Invoice { user_id: UserId(uuid(0x99)), ..invoice.clone() },
        Invoice { id: InvoiceId(uuid(0x98)), ..invoice.clone() },
    ];
    for forged in forged {
        assert_eq!(asked(&subscription, Some(&forged), START), denied, "{forged:?}");
    }
    let end = subscription.period.unwrap().end;
    assert_eq!(asked(&subscription, Some(&invoice), end), denied, "the period is over");
    for status in SubscriptionStatus::ALL {
        let row = Subscription { status, period: None, paid_by: None, trial_ends_at: None, ..subscription.clone() };
        assert_ne!(asked(&row, None, START), Access::Plan(PlanId::Creator), "{}", status.as_str());
    }
}

#[test]
fn no_plan_and_no_payment_are_told_apart() {
    let plans = plans();
    let require = |world: &World, feature| {
        let (subscription, paid) = world.standing();
        require(&Standing { subscription: Some(&subscription), paid: paid.as_ref() }, &plans, feature, world.now)
    };
    let selling = vec![PlanId::Creator, PlanId::Premium];
    let free = World::of(start(subscription_id(), user(), &plan(PlanId::Free, Cycle::Monthly), true, None, START));
    let unpaid = World::of(start(subscription_id(), user(), &plan(PlanId::Creator, Cycle::Monthly), false, None, START));
    let good = paid(PlanId::Creator, Cycle::Monthly, None);
    assert_eq!(require(&free, Feature::Distribute), Err(Denied::PlanRequired { plans: selling }));
    assert_eq!(require(&unpaid, Feature::SellOnMarketplace), Err(Denied::CompletePayment));
    assert_eq!(require(&unpaid, Feature::ExportAnalytics), Err(Denied::PlanRequired { plans: Vec::new() }), "paying would not help");
    assert_eq!(require(&good, Feature::SellOnMarketplace), Ok(()));
    let (subscription, _) = unpaid.standing();
    let standing = Standing { subscription: Some(&subscription), paid: None };
    assert_eq!(features(&standing, &plans, START).map(|features| features.can_distribute), Some(false));
}

#[test]
fn a_first_payment_activates_and_its_replay_changes_nothing() {
    let mut world = World::of(start(subscription_id(), user(), &plan(PlanId::Creator, Cycle::Monthly), false, None, START));
    assert_eq!(world.files[0].order.id.0, subscription_id().0, "the key of the first payment is the subscription's id");
    world.pay();
    assert_eq!(world.subscription.status, SubscriptionStatus::Active);
    assert_eq!(world.subscription.method, Some(SavedMethod("pm_1".into())), "the method is kept");
    let invoice = world.invoices[0].clone();
    assert_eq!((invoice.status, invoice.paid_at), (InvoiceStatus::Paid, Some(START)));
    world.at(START.plus(DAY));
    let replay = world.bring(0, &world.payment(0, PaymentStatus::Succeeded));
    assert_eq!(replay.changes, []);
    assert_eq!(world.invoices[0].paid_at, Some(START));
    assert_eq!(world.balance(Account::SubscriptionRevenue), -999);
    assert_eq!(world.balance(Account::PspClearing), 999);
}

#[test]
fn a_late_success_of_an_expired_row_activates_it_or_goes_back() {
    let mut world = World::of(start(subscription_id(), user(), &plan(PlanId::Creator, Cycle::Monthly), false, None, START));
    world.decline();
    assert_eq!(world.subscription.status, SubscriptionStatus::Expired);
    assert_eq!(world.invoices[0].status, InvoiceStatus::Failed);
    let before = (world.subscription.clone(), world.invoices.clone(), world.files.clone());
    world.pay();
    assert_eq!(world.subscription.status, SubscriptionStatus::Active, "the money is real");

    let mut other = World { postings: Vec::new(), other_open: Some(SubscriptionId(uuid(0x77))), ..world };
    (other.subscription, other.invoices, other.files) = before;
    let decision = other.bring(0, &other.payment(0, PaymentStatus::Succeeded));
    assert_eq!(other.subscription.status, SubscriptionStatus::Expired);
    assert_eq!(other.files[0].order.status, OrderStatus::RefundPending, "refunded in full at once");
    assert!(decision.changes.iter().any(|change| matches!(change, Change::Attention(_))), "and flagged");
}

#[test]
fn a_renewal_is_one_invoice_for_one_period_whoever_makes_it() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    let period = world.subscription.period.unwrap();
    assert!(!world.work(), "nothing is due yet");
    world.at(world.subscription.due_at.unwrap());
    assert!(world.now < period.end, "charged ahead of the end");
    let (mut twin, before) = (world.subscription.clone(), world.now);
    assert!(world.work());
    let again = due(&twin, None, &POLICY, before).unwrap();
    assert_eq!(again.invoices.last().unwrap().id, world.open().unwrap().id, "a twin makes the same row");
    twin.due_at = None;
    world.pay();
    assert_eq!(world.access(), Access::Plan(PlanId::Creator));
    let next = world.subscription.period.unwrap();
    assert_eq!((next.start, next.end), (period.end, period.end.plus_months(1)));
    world.at(period.end.plus(DAY));
    assert_eq!(world.access(), Access::Plan(PlanId::Creator));
    assert_eq!(world.balance(Account::SubscriptionRevenue), -2 * 999);
}

#[test]
fn dunning_tries_on_days_1_3_5_and_7_then_ends() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    world.at(world.subscription.due_at.unwrap());
    world.work();
    world.decline();
    assert_eq!(world.subscription.status, SubscriptionStatus::PastDue);
    let since = world.now;
    let mut tried = Vec::new();
    while world.subscription.status == SubscriptionStatus::PastDue {
        world.at(world.subscription.due_at.unwrap());
        assert!(world.work());
        tried.push(world.now.since(since).as_secs() / 86_400);
        world.decline();
    }
    assert_eq!(tried, [1, 3, 5, 7]);
    assert_eq!(world.subscription.status, SubscriptionStatus::Expired);
    assert_eq!(world.files.len(), 6, "the first payment, the renewal, four retries");
    assert_eq!(world.subscription.due_at, None);
}

#[test]
fn a_retry_that_succeeds_recovers_and_an_older_one_that_does_too_goes_back() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    let end = world.subscription.period.unwrap().end;
    world.at(world.subscription.due_at.unwrap());
    world.work();
    world.decline();
    world.at(world.subscription.due_at.unwrap().plus(2 * DAY));
    world.work();
    world.pay();
    assert_eq!(world.subscription.status, SubscriptionStatus::Active);
    let period = world.subscription.period.unwrap();
    assert!(period.start >= end && period.start == world.now, "days without access are not paid for");
    world.bring(1, &world.payment(1, PaymentStatus::Succeeded));
    assert_eq!(world.files[1].order.status, OrderStatus::RefundPending, "nobody is charged twice for one period");
    assert_eq!(world.subscription.period, Some(period));
}

#[test]
fn while_nobody_knows_what_became_of_a_try_there_is_no_other() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    world.at(world.subscription.due_at.unwrap());
    world.work();
    for _ in 0..12 {
        world.at(world.subscription.due_at.unwrap());
        world.work();
        assert_eq!(world.files.len(), 2);
        assert_ne!(world.subscription.status, SubscriptionStatus::Expired);
    }
    assert_eq!(world.subscription.status, SubscriptionStatus::PastDue);
    world.pay();
    assert_eq!(world.subscription.status, SubscriptionStatus::Active);
}

#[test]
fn without_a_kept_method_the_customer_is_asked() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    world.subscription.method = None;
    world.at(world.subscription.due_at.unwrap());
    world.work();
    world.decline();
    let step = collect_again(&world.subscription, world.open().as_ref(), world.now).unwrap();
    world.take(step);
    world.pay();
    assert_eq!(world.subscription.status, SubscriptionStatus::Active);
    assert_eq!(collect_again(&world.subscription, world.open().as_ref(), world.now), Err(Refusal::NothingToPay));
}

#[test]
fn a_trial_is_followed_by_its_first_invoice() {
    let premium = plan(PlanId::Premium, Cycle::Monthly);
    let mut world = World::of(start(subscription_id(), user(), &premium, true, None, START));
    assert!(world.files.is_empty() && world.invoices.is_empty(), "no call, no invoice");
    world.at(START.plus(14 * DAY));
    assert!(world.work());
    assert_eq!(world.subscription.status, SubscriptionStatus::PendingPayment);
    assert_eq!(world.access(), Access::NeedsPayment(PlanId::Premium));
    world.pay();
    assert_eq!(world.access(), Access::Plan(PlanId::Premium));
    let second = start(SubscriptionId(uuid(0x60)), user(), &premium, false, None, START);
    assert_eq!(second.subscription.status, SubscriptionStatus::PendingPayment, "once per user, ever");
}

#[test]
fn a_cancelled_trial_lasts_to_its_end_and_may_come_back() {
    let mut world = World::of(start(subscription_id(), user(), &plan(PlanId::Premium, Cycle::Monthly), true, None, START));
    let step = cancel(&world.subscription, None, world.now).unwrap();
    world.take(step);
    assert_eq!((world.subscription.status, world.access()), (SubscriptionStatus::Canceled, Access::Plan(PlanId::Premium)));
    let step = reactivate(&world.subscription, &POLICY, world.now).unwrap();
    world.take(step);
    assert_eq!(world.subscription.status, SubscriptionStatus::Trialing);
    let step = cancel(&world.subscription, None, world.now).unwrap();
    world.take(step);
    world.at(START.plus(14 * DAY));
    assert!(world.work());
    assert_eq!(world.subscription.status, SubscriptionStatus::Expired);
    assert_eq!(reactivate(&world.subscription, &POLICY, world.now), Err(Refusal::NotCanceled));
}

#[test]
fn cancelling_stops_retries_and_what_is_under_way_goes_back() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    world.at(world.subscription.due_at.unwrap());
    world.work();
    let step = cancel(&world.subscription, world.open().as_ref(), world.now).unwrap();
    world.take(step);
    assert_eq!(world.subscription.status, SubscriptionStatus::Canceled);
    world.pay();
    assert_eq!(world.files[1].order.status, OrderStatus::RefundPending);
    assert_eq!(world.access(), Access::Plan(PlanId::Creator), "until the end of what was paid");
    world.at(world.subscription.due_at.unwrap());
    assert!(world.work());
    assert_eq!(world.subscription.status, SubscriptionStatus::Expired);
    assert_eq!(cancel(&world.subscription, None, world.now), Err(Refusal::NotRunning));
}

#[test]
fn an_upgrade_is_credited_to_the_minor_unit_and_comes_when_it_is_paid() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    world.at(START.plus(10 * DAY));
    let premium = plan(PlanId::Premium, Cycle::Monthly).choice;
    let told = quote(&world.subscription, world.worth(), premium, world.now).unwrap();
    let days = world.subscription.period.unwrap().end.since(START).as_secs() / 86_400;
    let credit = 999 * (i64::try_from(days).unwrap() - 10) / i64::try_from(days).unwrap();
    assert_eq!(told, Quote { at_once: true, credit: usd(credit), due_now: usd(1999 - credit), effective_at: world.now });
    let step = change(&world.subscription, None, world.worth(), premium, InvoiceId(uuid(0x71)), &POLICY, world.now).unwrap();
    world.take(step);
    assert_eq!(world.access(), Access::Plan(PlanId::Creator), "not before it is paid");
    assert_eq!(world.files[1].order.total, told.due_now);
    world.pay();
    assert_eq!(world.access(), Access::Plan(PlanId::Premium));
    assert_eq!(world.subscription.period.unwrap().start, world.now);
    assert_eq!(world.balance(Account::SubscriptionRevenue), -999 - 1999);
    assert_eq!(world.balance(Account::ProrationCredit), credit);
    assert_eq!(world.balance(Account::PspClearing), 999 + 1999 - credit);
}

/// What went back is not given a second time as a credit; while nobody knows what will, nothing is credited.
#[test]
fn an_upgrade_credits_what_still_stands_of_the_payment() {
    let world = paid(PlanId::Creator, Cycle::Monthly, None);
    let premium = plan(PlanId::Premium, Cycle::Monthly).choice;
    for (status, refunded, worth_of_it) in [
        (OrderStatus::Completed, 0, 999),
        (OrderStatus::PartiallyRefunded, 400, 599),
        (OrderStatus::RefundPending, 0, 0),
        (OrderStatus::Disputed, 0, 0),
        (OrderStatus::ChargedBack, 999, 0),
        (OrderStatus::Refunded, 999, 0),
    ] {
        let order = Order { status, refunded: Minor(refunded), ..world.files[0].order.clone() };
        let worth = worth(&world.subscription, &order);
        assert_eq!(worth, Minor(worth_of_it), "{}", status.as_str());
        let told = quote(&world.subscription, worth, premium, START).unwrap();
        assert_eq!((told.credit, told.due_now), (usd(worth_of_it), usd(1999 - worth_of_it)), "{}", status.as_str());
    }
}

#[test]
fn an_upgrade_that_is_declined_leaves_the_plan() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    let premium = plan(PlanId::Premium, Cycle::Monthly).choice;
    let step = change(&world.subscription, None, world.worth(), premium, InvoiceId(uuid(0x71)), &POLICY, world.now).unwrap();
    world.take(step);
    world.decline();
    assert_eq!((world.subscription.status, world.access()), (SubscriptionStatus::Active, Access::Plan(PlanId::Creator)));
    world.pay();
    assert_eq!(world.access(), Access::Plan(PlanId::Premium), "a second try on the same page");
}

#[test]
fn a_downgrade_and_a_change_of_cycle_come_with_the_renewal() {
    let mut world = paid(PlanId::Premium, Cycle::Monthly, None);
    for to in [plan(PlanId::Creator, Cycle::Monthly).choice, plan(PlanId::Premium, Cycle::Yearly).choice] {
        let told = quote(&world.subscription, world.worth(), to, world.now).unwrap();
        assert!(!told.at_once && told.effective_at == world.subscription.period.unwrap().end);
    }
    let creator = plan(PlanId::Creator, Cycle::Yearly).choice;
    let step = change(&world.subscription, None, world.worth(), creator, InvoiceId(uuid(0x71)), &POLICY, world.now).unwrap();
    world.take(step);
    assert_eq!((world.files.len(), world.access()), (1, Access::Plan(PlanId::Premium)));
    world.at(world.subscription.due_at.unwrap());
    world.work();
    assert_eq!(world.files[1].order.total, usd(9990));
    world.pay();
    assert_eq!((world.subscription.choice, world.subscription.next), (creator, None));
}

#[test]
fn going_free_waits_for_the_end() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    let free = plan(PlanId::Free, Cycle::Monthly).choice;
    let step = change(&world.subscription, None, world.worth(), free, InvoiceId(uuid(0x71)), &POLICY, world.now).unwrap();
    world.take(step);
    let end = world.subscription.period.unwrap().end;
    assert_eq!(world.subscription.due_at, Some(end));
    world.at(end);
    assert!(world.work());
    assert_eq!((world.subscription.status, world.access()), (SubscriptionStatus::Active, Access::Plan(PlanId::Free)));
    assert_eq!(world.files.len(), 1, "nothing is charged");
    let creator = plan(PlanId::Creator, Cycle::Monthly).choice;
    assert_eq!(quote(&world.subscription, world.worth(), creator, world.now), Err(Refusal::NotRunning), "who has nothing subscribes");
}

#[test]
fn a_refunded_period_grants_nothing_and_grants_again_when_the_refund_fails_after_all() {
    let mut world = paid(PlanId::Creator, Cycle::Monthly, None);
    let refund = |status| {
        Fact::Refund(RefundFact {
            source: Source::Read,
            psp_refund_id: "re_1".into(),
            status,
            amount: Some(999),
            currency: Some("USD".into()),
            error: None,
        })
    };
    world.bring(0, &refund(PspRefundStatus::Succeeded));
    assert_eq!(world.invoices[0].status, InvoiceStatus::Refunded);
    assert_eq!(world.subscription.status, SubscriptionStatus::Expired);
    assert_eq!((world.balance(Account::SubscriptionRevenue), world.balance(Account::PspClearing)), (0, 0));
    world.bring(0, &refund(PspRefundStatus::Failed));
    assert_eq!(world.invoices[0].status, InvoiceStatus::Paid);
    assert_eq!(world.access(), Access::Plan(PlanId::Creator));
}

#[test]
fn what_grants_nothing_never_blocks() {
    let creator = plan(PlanId::Creator, Cycle::Monthly).choice;
    let premium = plan(PlanId::Premium, Cycle::Monthly).choice;
    let unpaid = World::of(start(subscription_id(), user(), &plan(PlanId::Creator, Cycle::Monthly), false, None, START)).subscription;
    let free = World::of(start(subscription_id(), user(), &plan(PlanId::Free, Cycle::Monthly), false, None, START)).subscription;
    let good = paid(PlanId::Creator, Cycle::Monthly, None).subscription;
    assert_eq!(opening(None, creator, START), Ok(Opening::New));
    assert_eq!(opening(Some(&unpaid), creator, START), Ok(Opening::Resume));
    assert_eq!(opening(Some(&unpaid), premium, START), Ok(Opening::ReplaceUnpaid));
    assert_eq!(opening(Some(&free), creator, START), Ok(Opening::ReplaceFree));
    assert_eq!(opening(Some(&free), free.choice, START), Ok(Opening::Resume), "who is free stays so");
    assert_eq!(opening(Some(&good), premium, START), Err(Refusal::AlreadySubscribed));
    let closed = close_unpaid(&unpaid, None, START).subscription;
    assert_eq!(opening(Some(&closed), premium, START), Ok(Opening::New));
    // A renewal that is not paid blocks while the time that was paid goes on, and no longer.
    let late = Subscription { status: SubscriptionStatus::PastDue, ..good };
    let end = late.ends_at().unwrap();
    for to in [creator, premium] {
        assert_eq!(opening(Some(&late), to, end.minus(Duration::from_micros(1))), Err(Refusal::AlreadySubscribed));
        assert_eq!(opening(Some(&late), to, end), Ok(Opening::ReplaceUnpaid));
    }
}

#[test]
fn months_end_on_their_last_day() {
    let at = |text: &str| Timestamp(text.parse().unwrap());
    // 2027-01-31T10:00:00Z and what follows it.
    let start = at("1801389600000000");
    assert_eq!(Cycle::Monthly.period(start).end, at("1803808800000000"), "28 February");
    assert_eq!(Cycle::Yearly.period(start).end, start.plus(365 * DAY));
}

#[test]
fn dunning_days_ascend() {
    assert!(Dunning::new(&[1, 3, 5, 7]) == Some(Dunning::DEFAULT));
    for wrong in [&[0_u16][..], &[3, 1], &[1, 1], &[1, 2, 3, 4, 5, 6, 7, 8, 9]] {
        assert_eq!(Dunning::new(wrong), None, "{wrong:?}");
    }
    assert_eq!(Dunning::new(&[]).unwrap().next(START, 0), None);
}

#[derive(Clone, Debug)]
enum Op {
    Wait(u32),
    /// Until a renewal is being collected, and the period is not over.
    UntilRenewal,
    Work,
    Pay(u8),
    Decline(u8),
    Cancel,
    Reactivate,
    /// Cancels, and takes it back.
    ChangeOfMind,
    Change(u8),
    Again,
    Revoke,
}

fn ops() -> impl Strategy<Value = Vec<Op>> {
    let op = prop_oneof![
        4 => (1_u32..40).prop_map(Op::Wait),
        2 => Just(Op::UntilRenewal),
        6 => Just(Op::Work),
        5 => any::<u8>().prop_map(Op::Pay),
        3 => any::<u8>().prop_map(Op::Decline),
        1 => Just(Op::Cancel),
        1 => Just(Op::Reactivate),
        2 => Just(Op::ChangeOfMind),
        2 => any::<u8>().prop_map(Op::Change),
        1 => Just(Op::Again),
        1 => Just(Op::Revoke),
    ];
    proptest::collection::vec(op, 1..60)
}

fn play(world: &mut World, op: &Op) {
    let (now, open) = (world.now, world.open());
    let step = match op {
        Op::Wait(days) => {
            world.at(now.plus(*days * DAY));
            return;
        }
        Op::UntilRenewal => {
            let end = world.subscription.ends_at().unwrap_or(now);
            world.at(now.max(end.minus(POLICY.renewal_lead / 2)));
            return;
        }
        Op::Work => {
            world.work();
            return;
        }
        Op::Pay(nth) | Op::Decline(nth) => {
            if !world.files.is_empty() {
                let nth = usize::from(*nth) % world.files.len();
                let status = if matches!(op, Op::Pay(_)) { PaymentStatus::Succeeded } else { PaymentStatus::Failed };
                // What the PSP has paid out to us stays with us here; failures after successes are the settlement's own properties.
                if status == PaymentStatus::Succeeded || !world.files[nth].order.is_paid() {
                    world.bring(nth, &world.payment(nth, status));
                }
            }
            return;
        }
        Op::ChangeOfMind => {
            play(world, &Op::Cancel);
            world.at(now.plus(Duration::from_secs(1)));
            play(world, &Op::Reactivate);
            return;
        }
        Op::Cancel => cancel(&world.subscription, open.as_ref(), now),
        Op::Reactivate => reactivate(&world.subscription, &POLICY, now),
        Op::Change(nth) => {
            let plans = plans();
            let to = plans[usize::from(*nth) % plans.len()].choice;
            let id = InvoiceId(uuid(0x1_0000 + world.invoices.len() as u128));
            change(&world.subscription, open.as_ref(), world.worth(), to, id, &POLICY, now)
        }
        Op::Again => {
            // The use case asks only when the last try is over.
            let over = open.as_ref().is_some_and(|open| {
                world.files.iter().any(|file| file.order.id == open.order_id && file.order.status == OrderStatus::Failed)
            });
            if over { collect_again(&world.subscription, open.as_ref(), now) } else { Err(Refusal::NothingToPay) }
        }
        Op::Revoke => {
            world.subscription.method = None;
            return;
        }
    };
    if let Ok(step) = step {
        world.take(step);
    }
}

proptest! {
    #[test]
    fn every_paid_period_is_charged_once_and_nothing_is_granted_unpaid(ops in ops(), trial in any::<bool>()) {
        let first = plan(PlanId::Premium, Cycle::Monthly);
        let mut world = World::of(start(subscription_id(), user(), &first, trial, None, START));
        let began = world.now;
        for op in &ops {
            // No two decisions are of the same moment.
            world.at(world.now.plus(Duration::from_micros(1)));
            play(&mut world, op);
            let (subscription, invoice) = world.standing();
            if let Access::Plan(plan) = world.access() && plan != PlanId::Free {
                let on_trial = trial && world.now < began.plus(14 * DAY);
                let order = invoice.as_ref().and_then(|invoice| invoice.paid_by);
                let paid = order.and_then(|id| world.files.iter().find(|file| file.order.id == id));
                let money = paid.is_some_and(|file| file.order.is_paid() && file.order.status == OrderStatus::Completed);
                prop_assert!(on_trial || money, "{plan:?} is granted and nobody paid");
            }
            // Who has money of theirs with us for an invoice has it for one order only; the rest is on its way back.
            for invoice in &world.invoices {
                let kept = world.files.iter().filter(|file| {
                    file.order.invoice_id == Some(invoice.id) && file.order.status == OrderStatus::Completed
                });
                prop_assert!(kept.count() <= 1, "an invoice was paid twice");
            }
            let waits = match subscription.status {
                SubscriptionStatus::Trialing | SubscriptionStatus::PastDue | SubscriptionStatus::Canceled => true,
                SubscriptionStatus::Active => subscription.choice.plan != PlanId::Free,
                SubscriptionStatus::PendingPayment | SubscriptionStatus::Expired => false,
            };
            prop_assert_eq!(subscription.due_at.is_some(), waits, "what waits for the worker has a due time: {:?}", subscription);
            let credits: i64 = world.files.iter().filter(|file| file.order.is_paid())
                .filter_map(|file| world.invoices.iter().find(|invoice| Some(invoice.id) == file.order.invoice_id))
                .map(|invoice| invoice.credit.0).sum();
            prop_assert_eq!(world.balance(Account::ProrationCredit), credits);
        }
    }

    #[test]
    fn what_is_unused_is_never_more_than_the_price(price in 0_i64..10_000_000, length in 1_u64..400, at in 0_u64..500) {
        let period = Period { start: START, end: START.plus(Duration::from_secs(length * 3600)) };
        let unused = period.unused(Minor(price), START.plus(Duration::from_secs(at * 3600)));
        prop_assert!(unused >= Minor::ZERO && unused.0 <= price);
        let (left, whole) = (length.saturating_sub(at).cast_signed(), length.cast_signed());
        prop_assert_eq!(unused.0, price * left / whole, "rounded down: nobody is credited what was not paid");
        prop_assert_eq!(at >= length, unused == Minor::ZERO || price == 0 || at >= length, "over is over");
        prop_assert_eq!(period.unused(Minor(price), START), Minor(price));
    }
}

#[test]
fn who_sells_plans_is_nobody() {
    let world = paid(PlanId::Creator, Cycle::Monthly, None);
    let file = world.file(0);
    let reason = world.invoices[0].reason;
    assert_eq!((reason, file.licences.len(), file.transfers.len()), (InvoiceReason::First, 0, 0));
    assert_eq!(file.order.payment_id, Some(Order::payment_id_of(file.order.id)));
    assert_eq!(world.balance(Account::PlatformFee), 0);
}
