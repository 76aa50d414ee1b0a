//! Renewals, end to end: charged, asked for, declined and tried again, and nobody charged who has left (spec/02-subscriptions §2).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::FutureExt;
use serde_json::{Value, json};
use std::time::Duration;
use veza::usecases::subscriptions::work::work;
use veza::wiring::Parts;
use veza::workers;
use veza_domain::order::OrderStatus;
use veza_domain::subscription::{Period, Subscription};
use veza_domain::time::Timestamp;
use veza_ports::storage::ClaimedSubscription;
use veza_sandbox::{Behaviour, Fault, Op, Script};
use veza_tests::plans::{DAY, creator, invoices, mine, paid, recover, recovered, renewal_is_due, rewritten, sell, subscribe};
use veza_tests::{Person, World, assert_books_agree};

#[tokio::test]
async fn a_renewal_that_did_not_happen_is_found() {
    let world = World::start().await;
    let admin = world.admin().await;
    let now = world.running.app().now();
    // As after an outage of the worker: the period is over, and nothing is due, or not for long.
    for due_at in [None, Some(now.plus(30 * DAY))] {
        let person = creator(&world).await;
        paid(&world, &person).await;
        let period = Some(Period { start: now.minus(32 * DAY), end: now.minus(DAY) });
        rewritten(&world, &person, |row| Subscription { period, due_at, ..row }).await;
        sell(&person).await.problem(403, "complete_payment");
        admin.post("/api/v1/admin/reconcile", Value::Null).await.ok(200);
        let listed = admin.get("/api/v1/admin/attention").await.ok(200);
        let mine = |entry: &Value| entry["class"] == "renewal_missed" && entry.to_string().contains(&person.id);
        assert!(listed["items"].as_array().unwrap().iter().any(mine), "{listed:#}");
        let renewed = || async { (invoices(&person).await.len() == 2).then_some(()) };
        world.until("the renewal", renewed).await;
    }
    world.stop().await;
}

/// The consent is taken back: at the renewal nothing is charged, the customer is asked, and goes on by paying.
#[tokio::test]
async fn a_revoked_payment_method_is_charged_no_more() {
    let world = World::start().await;
    let person = creator(&world).await;
    paid(&world, &person).await;
    let kept = async || {
        let standing = world.running.app().store.standing(person.user_id()).await.unwrap();
        standing.current.unwrap().subscription.value.method
    };
    let method = kept().await.expect("the first payment keeps the method");
    world.sandbox.revoke_saved_method(&method.0).unwrap();
    world.until("the method forgotten", || async { kept().await.is_none().then_some(()) }).await;
    let delivered = || async {
        let told = world.sandbox.webhooks().into_iter().find(|event| event.event_type == "mandate_revoked")?;
        told.attempts.first().map(|attempt| attempt.status)
    };
    assert_eq!(world.until("the answer to the message", delivered).await, Some(200));
    renewal_is_due(&world, &person).await;
    let asked = || async { mine(&person).await["recovery_url"].as_str().map(str::to_owned) };
    let recovery = world.until("the renewal that waits for the customer", asked).await;
    assert_eq!(mine(&person).await["subscription"]["status"], "active", "what was paid goes on");
    let asked = recovered(&world, &person, &recovery).await;
    let payment = asked["payment"]["payment_id"].as_str().unwrap();
    assert!(asked["payment"]["client_secret"].is_string(), "the customer is asked: {asked:#}");
    world.sandbox.pay(payment).unwrap();
    until_renewed(&world, &person).await;
    assert_eq!(mine(&person).await["recovery_url"], Value::Null);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_renewal_that_is_being_charged_can_not_be_paid_as_well() {
    let world = World::with(&[("PROVIDER_TIMEOUT", "20s")]).await;
    let person = creator(&world).await;
    let id = paid(&world, &person).await;
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost).times(0)).unwrap();
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::Slow).lasting(Duration::from_secs(3))).unwrap();
    renewal_is_due(&world, &person).await;
    world.until("the renewal", || async { (invoices(&person).await.len() == 2).then_some(()) }).await;
    person.post(&format!("/api/v1/subscriptions/complete/{id}"), Value::Null).await.problem(409, "payment_under_way");
    assert_eq!(mine(&person).await["recovery_url"], Value::Null);
    until_renewed(&world, &person).await;
    assert_eq!(world.sandbox.books().payments.len(), 2, "charged once");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The PSP is away when a renewal waits for the customer: who asks how to pay is told so, and pays once it is back.
#[tokio::test]
async fn a_renewal_that_waits_for_the_customer_waits_for_the_psp_too() {
    let world = World::start().await;
    let person = creator(&world).await;
    paid(&world, &person).await;
    world.sandbox.script(Script::new(Op::Hyperswitch, Fault::RateLimited).times(0)).unwrap();
    rewritten(&world, &person, |row| Subscription { method: None, ..row }).await;
    renewal_is_due(&world, &person).await;
    let asked = || async { mine(&person).await["recovery_url"].as_str().map(str::to_owned) };
    let recovery = world.until("the renewal that waits for the customer", asked).await;
    assert_eq!(recover(&person, &recovery).await.status, 503);
    world.sandbox.clear_scripts().unwrap();
    let open = recovered(&world, &person, &recovery).await;
    world.sandbox.pay(open["payment"]["payment_id"].as_str().unwrap()).unwrap();
    until_renewed(&world, &person).await;
    assert_eq!(world.sandbox.books().payments.len(), 2, "asked for once");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The kept method is charged, and the bank wants to see its owner, who is told so at once and goes on with that very payment.
#[tokio::test]
async fn a_charge_that_the_bank_asks_about_is_gone_on_with_by_the_customer() {
    let world = World::start().await;
    let person = creator(&world).await;
    let id = paid(&world, &person).await;
    let method = world.sandbox.books().saved_methods[0].payment_method_id.clone();
    world.sandbox.set_saved_method(&method, Behaviour::RequiresCustomerAction).unwrap();
    renewal_is_due(&world, &person).await;
    let asked = || async { mine(&person).await["recovery_url"].as_str().map(str::to_owned) };
    let recovery = world.until("the charge that waits", asked).await;
    assert!(recovery.ends_with(&format!("/api/v1/subscriptions/complete/{id}")), "{recovery}");
    assert_eq!(mine(&person).await["subscription"]["status"], "active", "what was paid goes on");
    let mails = || async {
        let mails = world.mails_to(&person.email).await;
        mails.into_iter().find(|mail| mail.subject == "Your plan waits for its payment")
    };
    let mail = world.until("the mail", mails).await;
    assert!(mail.body.contains("/api/v1/me/subscription"), "{}", mail.body);
    let open = recover(&person, &recovery).await.ok(200);
    assert!(open["payment"]["client_secret"].is_string(), "{open:#}");
    assert_eq!(world.sandbox.books().payments.len(), 2, "no payment beside it");
    world.sandbox.pay(open["payment"]["payment_id"].as_str().unwrap()).unwrap();
    until_renewed(&world, &person).await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Whoever decides a renewal wakes the outbox of the same process, and no charge waits for its next look.
#[tokio::test]
async fn a_renewal_wakes_who_charges_it() {
    let world = World::start().await;
    let person = creator(&world).await;
    let id = paid(&world, &person).await.parse().unwrap();
    let now = world.running.app().now();
    // The period ends in half an hour, and the server's own worker is not to see it.
    let period = Some(Period { start: now.minus(30 * DAY), end: now.plus(DAY / 48) });
    rewritten(&world, &person, |row| Subscription { period, due_at: Some(now.plus(30 * DAY)), ..row }).await;
    let beside = Parts::build_beside(&world.beside()).await.unwrap();
    assert!(beside.app.wake.effects.notified().now_or_never().is_none(), "nobody has done anything here yet");
    let revision = beside.app.store.subscription(id).await.unwrap().unwrap().subscription.revision;
    work(&beside.app, ClaimedSubscription { id, revision }).await.unwrap();
    assert!(beside.app.wake.effects.notified().now_or_never().is_some());
    beside.shutdown().await;
    until_renewed(&world, &person).await;
    assert_eq!(invoices(&person).await.len(), 2);
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Waits until the newest invoice is paid.
async fn until_renewed(world: &World, person: &Person) {
    world.until("the renewal paid", || async { (invoices(person).await[0]["status"] == "paid").then_some(()) }).await;
}

/// Somebody whose renewal was made and could not be charged yet: the PSP is away.
async fn renewed_while_the_psp_is_away(world: &World) -> Person {
    let person = creator(world).await;
    paid(world, &person).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::RateLimited).times(0)).unwrap();
    renewal_is_due(world, &person).await;
    world.until("the renewal", || async { (invoices(&person).await.len() == 2).then_some(()) }).await;
    person
}

/// The days on which a declined renewal is tried again, and the moment at which all is over.
const DUNNING: [u32; 4] = [1, 3, 5, 7];

/// The kept method is declined from now on, and the renewal with it; since when.
async fn declined(world: &World, person: &Person) -> Timestamp {
    let method = world.sandbox.books().saved_methods[0].payment_method_id.clone();
    world.sandbox.set_saved_method(&method, Behaviour::declines(0)).unwrap();
    renewal_is_due(world, person).await;
    let past_due = || async {
        let stored = world.running.app().store.standing(person.user_id()).await.unwrap().current.unwrap();
        stored.subscription.value.past_due_since
    };
    world.until("the renewal that is past due", past_due).await
}

/// What the workers of a process do that looks at this moment: subscriptions that were due, and calls.
async fn worked_at(world: &World, at: Timestamp) -> (usize, usize) {
    let process = world.process_at(at, |_| {}).await;
    let moved = workers::subscriptions_batch(process.app.clone()).await.unwrap();
    let called = workers::effects_batch(process.app.clone()).await.unwrap();
    process.shutdown().await;
    (moved, called)
}

/// On each of its days, and not before; then it is over, the person is told, and may choose again.
#[tokio::test]
async fn a_renewal_that_is_declined_is_tried_again_on_its_days_and_then_over() {
    let world = World::start().await;
    let person = creator(&world).await;
    paid(&world, &person).await;
    let since = declined(&world, &person).await;
    let tries = || world.sandbox.books().payments.len() - 1;
    assert_eq!((tries(), mine(&person).await["subscription"]["status"].as_str()), (1, Some("past_due")));
    for (nth, day) in DUNNING.into_iter().enumerate() {
        let at = since.plus(day * DAY);
        assert_eq!(worked_at(&world, at.minus(Duration::from_micros(1))).await.0, 0, "day {day} has not come");
        assert_eq!(worked_at(&world, at).await.0, 1, "day {day}");
        assert_eq!(tries(), nth + 2, "tried on day {day}");
    }
    assert_eq!(invoices(&person).await[0]["status"], "failed");
    let over = mine(&person).await;
    assert_eq!((&over["subscription"], &over["message"]), (&Value::Null, &json!("your plan is over: choose one")));
    worked_at(&world, since.plus(8 * DAY)).await;
    let mails = world.mails_to(&person.email).await;
    let told = |subject: &str| mails.iter().filter(|mail| mail.subject == subject).count();
    assert_eq!((told("Your plan waits for its payment"), told("Your plan is over")), (1, 1), "{mails:?}");
    assert_eq!(subscribe(&person, "creator").await.ok(201)["subscription"]["status"], "pending_payment");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// A kept method that works again brings the plan back on the first of the days.
#[tokio::test]
async fn a_retry_that_is_paid_brings_the_plan_back() {
    let world = World::start().await;
    let person = creator(&world).await;
    paid(&world, &person).await;
    let since = declined(&world, &person).await;
    let method = world.sandbox.books().saved_methods[0].payment_method_id.clone();
    world.sandbox.set_saved_method(&method, Behaviour::Succeeds).unwrap();
    assert_eq!(worked_at(&world, since.plus(DAY)).await.0, 1);
    until_renewed(&world, &person).await;
    assert_eq!(mine(&person).await["subscription"]["status"], "active");
    assert_eq!(world.sandbox.books().payments.len(), 3, "the first one, the renewal, its retry");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// What is past due and past its end grants nothing, and so does not stand in the way.
#[tokio::test]
async fn a_plan_that_is_not_paid_and_over_makes_room_for_another() {
    let world = World::start().await;
    let person = creator(&world).await;
    paid(&world, &person).await;
    declined(&world, &person).await;
    subscribe(&person, "premium").await.problem(409, "already_subscribed");
    let now = world.running.app().now();
    let period = Some(Period { start: now.minus(31 * DAY), end: now });
    rewritten(&world, &person, |row| Subscription { period, ..row }).await;
    sell(&person).await.problem(403, "complete_payment");
    assert_eq!(subscribe(&person, "premium").await.ok(201)["subscription"]["status"], "trialing");
    assert_eq!(invoices(&person).await[0]["status"], "failed", "nobody collects it any more");
    sell(&person).await.ok(201);
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The PSP was away when the renewal was to be charged; the customer has left since.
#[tokio::test]
async fn who_has_left_is_not_charged_when_the_psp_is_back() {
    let world = World::start().await;
    let person = renewed_while_the_psp_is_away(&world).await;
    person.post("/api/v1/subscriptions/cancel", Value::Null).await.ok(200);
    world.sandbox.clear_scripts().unwrap();
    let app = world.running.app();
    let order = invoices(&person).await[0]["payment_id"].as_str().unwrap().parse().unwrap();
    worked_at(&world, app.now().plus(DAY / 96)).await;
    let given_up = || async {
        let order = app.store.order_file(order).await.unwrap().unwrap().file.order;
        (order.status == OrderStatus::Failed).then_some(order)
    };
    let order = world.until("the order that is not wanted", given_up).await;
    assert_eq!(order.failure.as_deref(), Some("the plan was cancelled or changed before it was charged"));
    assert_eq!(world.sandbox.books().payments.len(), 1, "nobody was charged");
    assert_eq!(mine(&person).await["subscription"]["status"], "canceled");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The consent is taken back after the renewal was made and before it is charged: the customer is asked instead.
#[tokio::test]
async fn who_revokes_the_method_just_before_the_charge_is_asked() {
    let world = World::start().await;
    let person = renewed_while_the_psp_is_away(&world).await;
    rewritten(&world, &person, |row| Subscription { method: None, ..row }).await;
    assert_eq!(mine(&person).await["recovery_url"], Value::Null);
    world.sandbox.clear_scripts().unwrap();
    worked_at(&world, world.running.app().now().plus(DAY / 96)).await;
    let asked = || async { mine(&person).await["recovery_url"].as_str().map(str::to_owned) };
    let recovery = world.until("the way to pay", asked).await;
    let open = recovered(&world, &person, &recovery).await;
    world.sandbox.pay(open["payment"]["payment_id"].as_str().unwrap()).unwrap();
    until_renewed(&world, &person).await;
    assert_eq!(world.sandbox.books().payments.len(), 2);
    assert_books_agree(&world).await;
    world.stop().await;
}
