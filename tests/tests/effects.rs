//! The outbox, end to end (spec/01-money §3, §8): what may have been heard is asked about and not sent again, an answer that is older
//! than the books counts for nothing, and the timeline tells of each call.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza::usecases::effects::{self, Performed};
use veza::usecases::psp_reads;
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::ids::OrderId;
use veza_domain::settlement::Verdict;
use veza_domain::time::Timestamp;
use veza_ports::storage::Versioned;
use veza_sandbox::{Fault, Op, ReleaseOrder, SandboxConfig, Script};
use veza_tests::{Person, World, assert_books_agree, euros};

/// The worker leaves what was sent alone for a minute: it is looked at when a test does so. And answers are waited for, however busy the
/// machine is.
const PATIENT: &[(&str, &str)] = &[("PROVIDER_TIMEOUT", "60s")];

async fn row(world: &World, kind: EffectKind) -> Versioned<Effect> {
    let id = Effect::pending(kind, Timestamp(0)).id;
    world.running.app().store.effect(id).await.unwrap().unwrap()
}

/// What the worker does once the row is due.
async fn work(world: &World, kind: EffectKind) -> Performed {
    effects::work(world.running.app(), row(world, kind).await).await.unwrap()
}

/// An order whose payment's call came to nothing that we know of.
async fn unanswered(buyer: &Person, product: &str) -> String {
    let answer = buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": product}]})).await;
    answer.problem(503, "payment_provider_unavailable")["order_id"].as_str().unwrap().to_owned()
}

fn of_refund(order: &str, id: &str) -> EffectKind {
    EffectKind::CreateRefund(order.parse().unwrap(), id.parse().unwrap())
}

async fn until_told(world: &World, admin: &Person, order: &str, text: &str) {
    let told = || async { admin.timeline(order).await.iter().any(|line| line == text).then_some(()) };
    world.until(text, told).await;
}

/// How often the PSP was called under this key.
fn calls(world: &World, key: &str) -> u64 {
    world.sandbox.books().received.get(key).copied().unwrap_or_default()
}

/// The PSP has nothing of it, and the call may still arrive.
#[tokio::test]
async fn a_call_that_may_be_under_way_is_not_made_again() {
    let world = World::with(PATIENT).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    let not_yet = Performed::Later { message: "not there yet".to_owned() };

    world.sandbox.script(Script::new(Op::CreatePayment, Fault::RequestLost)).unwrap();
    let order = unanswered(&buyer, &product).await;
    assert_eq!(work(&world, EffectKind::CreatePayment(order.parse().unwrap())).await, not_yet);
    assert_eq!(calls(&world, &order), 1);
    assert!(admin.timeline(&order).await.contains(&format!("create_payment {order} outcome unknown: not there yet")));

    let sold = buyer.buy(&world, &[&product]).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RequestLost)).unwrap();
    let id = buyer.refund(&sold, json!({})).await;
    assert_eq!(work(&world, of_refund(&sold, &id)).await, not_yet);
    assert_eq!(calls(&world, &id), 1);
    assert_eq!(buyer.get_order(&sold).await["status"], "refund_pending");
    world.stop().await;
}

/// Whether it was heard is as unknown after a look-up that failed as before it; one that works brings the PSP's own words.
#[tokio::test]
async fn a_look_up_that_fails_is_no_reason_to_send_again() {
    let world = World::with(PATIENT).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    world.sandbox.hold_webhooks(true).unwrap();
    let fails = async |kind: EffectKind, order: &str, read: Op| {
        world.sandbox.script(Script::new(read, Fault::ErrorBeforeEffect)).unwrap();
        assert!(matches!(work(&world, kind).await, Performed::Later { .. }));
        let kept = row(&world, kind).await.value;
        assert_eq!((kept.state, kept.attempts), (EffectState::Sent, 1), "{kept:?}");
        let told = admin.timeline(order).await;
        let unknown = told.iter().filter(|text| text.starts_with(kind.name()) && text.contains(" outcome unknown: ")).count();
        assert_eq!(unknown, 2, "the call and the look-up: {told:#?}");
    };

    world.sandbox.script(Script::new(Op::CreatePayment, Fault::AnswerLost)).unwrap();
    let order = unanswered(&buyer, &product).await;
    let payment = EffectKind::CreatePayment(order.parse().unwrap());
    fails(payment, &order, Op::ReadPayment).await;
    assert_eq!(work(&world, payment).await, Performed::Done);
    assert!(buyer.get_order(&order).await["payment"]["client_secret"].is_string(), "it can be paid");
    world.sandbox.pay(&order).unwrap();
    world.sandbox.release_webhooks(ReleaseOrder::Fifo, 1).await.unwrap();
    buyer.until_order(&world, &order, "completed").await;

    for fault in [Fault::RefundPending, Fault::AnswerLost] {
        world.sandbox.script(Script::new(Op::CreateRefund, fault)).unwrap();
    }
    let id = buyer.refund(&order, json!({})).await;
    assert_eq!(buyer.refund_row(&order, &id).await["psp_refund_id"], Value::Null);
    fails(of_refund(&order, &id), &order, Op::ReadRefund).await;
    assert_eq!(work(&world, of_refund(&order, &id)).await, Performed::Done);
    let found = buyer.refund_row(&order, &id).await;
    assert_eq!((&found["status"], &found["psp_refund_id"]), (&json!("pending"), &json!(id)), "the PSP has it, and it is not over");
    world.sandbox.succeed_refund(&id).unwrap();
    world.sandbox.release_webhooks(ReleaseOrder::Fifo, 1).await.unwrap();
    buyer.until_order(&world, &order, "refunded").await;
    assert_eq!((calls(&world, &order), calls(&world, &id)), (1, 1));
    assert_books_agree(&world).await;
    world.stop().await;
}

/// A read creates nothing: there is nothing unknown about one that failed, and each try is counted.
#[tokio::test]
async fn a_read_that_fails_is_tried_again_and_told_as_not_done() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.creator().await, world.buyer().await, world.admin().await);
    world.sandbox.hold_webhooks(true).unwrap();
    let order = buyer.order(&[&seller.product(euros(1_000)).await]).await["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.script(Script::new(Op::ReadPayment, Fault::ErrorBeforeEffect).times(0)).unwrap();
    let hint = json!({"event_type": "payment_succeeded", "payment_id": order, "status": "succeeded"}).to_string();
    world.webhook(&hint).await.ok(200);
    let id: OrderId = order.parse().unwrap();
    let tried_twice = || async {
        let effects = world.running.app().store.history(id).await.unwrap().effects;
        effects.into_iter().find(|effect| effect.kind == EffectKind::ReadPayment(id) && effect.attempts >= 2)
    };
    let waiting = world.until("two tries", tried_twice).await;
    assert_eq!((waiting.state, waiting.sent_at), (EffectState::Pending, None), "{waiting:?}");
    let told = admin.timeline(&order).await;
    let not_done = format!("read_payment {order} not done: ");
    assert!(told.iter().filter(|text| text.starts_with(&not_done)).count() >= 2, "{told:#?}");

    world.sandbox.pay(&order).unwrap();
    world.sandbox.clear_scripts().unwrap();
    buyer.until_order(&world, &order, "completed").await;
    let read = "read at the PSP: the PSP says of the payment: Succeeded, 1000 minor units of EUR";
    until_told(&world, &admin, &order, read).await;
    world.stop().await;
}

/// A message that a dispute is over is not the last word: that dispute is read.
#[tokio::test]
async fn a_dispute_that_is_over_is_read_and_what_it_says_is_told() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let (first, second) = (world.sandbox.dispute(&order, Some(300)).unwrap(), world.sandbox.dispute(&order, Some(200)).unwrap());
    let known = || async {
        let rows = admin.get("/api/v1/admin/disputes").await.ok(200);
        (rows["items"].as_array().unwrap().len() == 2).then_some(())
    };
    world.until("two disputes", known).await;
    for (dispute, amount) in [(&second, 200), (&first, 300)] {
        world.sandbox.set_dispute(dispute, "won").unwrap();
        let read = format!("read at the PSP: the PSP says of dispute {dispute}: won, {amount} minor units of EUR");
        until_told(&world, &admin, &order, &read).await;
        let asked =
            world.sandbox.books().calls.into_iter().filter(|call| call.op == Op::ReadDispute && call.path.contains(dispute.as_str()));
        assert!(asked.count() >= 1, "that dispute itself was asked for");
    }
    buyer.until_order(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The PSP was asked, and before its answer was looked at a message had settled more: the answer changes nothing, and who asked is told.
#[tokio::test]
async fn an_answer_that_is_older_than_the_books_counts_for_nothing() {
    let world = World::with(PATIENT).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    world.sandbox.hold_webhooks(true).unwrap();
    let order = buyer.order(&[&seller.product(euros(1_000)).await]).await["order"]["id"].as_str().unwrap().to_owned();
    let app = world.running.app();
    let id: OrderId = order.parse().unwrap();
    let asked = async || {
        let before = app.store.order_file(id).await.unwrap().unwrap().revisions;
        (before, app.psp.as_ref().unwrap().reads.payment(&order).await.unwrap().unwrap())
    };
    let (before, answer) = asked().await;
    world.sandbox.pay(&order).unwrap();
    world.sandbox.release_webhooks(ReleaseOrder::Fifo, 1).await.unwrap();
    buyer.until_order(&world, &order, "completed").await;
    let read = psp_reads::settle_payment(app, id, &answer, "read at the PSP", before).await.unwrap();
    assert!(read.overtaken && !read.changed, "{read:?}");
    seller.until_transfer(&world, &order, "completed").await;

    // Asked anew: its word on the payment is known, and the refund that comes with it is not.
    let elsewhere = world.sandbox.refund_from_dashboard(&order, Some(400)).unwrap();
    let (before, answer) = asked().await;
    let read = psp_reads::settle_payment(app, id, &answer, "read at the PSP", before).await.unwrap();
    assert_eq!((read.verdict, read.changed, read.overtaken), (Verdict::AlreadySettled, true, false));
    assert_eq!(buyer.get_order(&order).await["status"], "partially_refunded");
    let told = format!("read at the PSP: the PSP says of refund {elsewhere}: Succeeded, 400 minor units of EUR");
    until_told(&world, &admin, &order, &told).await;
    world.stop().await;
}

/// The PSP has another refund under our id, of another amount or of another payment: it is flagged, and never adopted.
#[tokio::test]
async fn a_refund_of_somebody_else_under_our_id_is_not_ours() {
    let world = World::with(PATIENT).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    let (order, other) = (buyer.buy(&world, &[&product]).await, buyer.buy(&world, &[&product]).await);
    world.sandbox.hold_webhooks(true).unwrap();
    let sandbox = world.running.sandbox().unwrap().base_url();
    for (payment, amount) in [(&order, 250), (&other, 300)] {
        world.sandbox.script(Script::new(Op::CreateRefund, Fault::RequestLost)).unwrap();
        let id = buyer.refund(&order, json!({"amount": 300})).await;
        let body = json!({"refund_id": id, "payment_id": payment, "amount": amount});
        let request = world.http.post(format!("{sandbox}/refunds")).header("api-key", SandboxConfig::default().api_key);
        assert_eq!(request.json(&body).send().await.unwrap().status().as_u16(), 200);

        let looked = work(&world, of_refund(&order, &id)).await;
        assert!(matches!(looked, Performed::Refused { .. }), "{amount} of {payment}: {looked:?}");
        assert_eq!(buyer.refund_row(&order, &id).await["status"], "failed");
        assert_eq!(buyer.get_order(&order).await["status"], "completed");
        let waiting = admin.get("/api/v1/admin/attention?limit=100").await.ok(200)["items"].as_array().unwrap().clone();
        let entry = waiting.iter().find(|entry| entry["id"] == id.as_str()).expect("it waits on a person");
        assert_eq!(entry["class"], "provider_refused", "{entry:#}");
    }
    world.stop().await;
}

/// Its answer says that it has failed: that is final, and no message is waited for.
#[tokio::test]
async fn a_refund_that_is_answered_as_failed_is_over_at_once() {
    let world = World::with(PATIENT).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    world.sandbox.hold_webhooks(true).unwrap();
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundFailed)).unwrap();
    let answer = buyer.post(&format!("/api/v1/marketplace/orders/{order}/refund"), json!({})).await;
    let id = answer.problem(502, "payment_provider_refused")["refund_id"].as_str().unwrap().to_owned();
    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    let failed = buyer.refund_row(&order, &id).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["error_message"].as_str().is_some_and(|message| !message.is_empty()), "{failed}");
    world.stop().await;
}

/// What the buyer sees at the PSP, and the bank: what is paid for, and one of the reasons for a refund that connectors know.
#[tokio::test]
async fn the_psp_is_told_what_is_paid_for_and_why_it_goes_back() {
    let world = World::with(PATIENT).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let (one, other) = (seller.product(euros(1_000)).await, seller.product(euros(500)).await);
    let single = buyer.buy(&world, &[&one]).await;
    let several = buyer.order(&[&one, &other]).await["order"]["id"].as_str().unwrap().to_owned();
    let description = |order: &str| world.sandbox.payment(order).unwrap().echo["description"].clone();
    assert_eq!((description(&single), description(&several)), (json!("Night Drive"), json!("Night Drive and 1 more")));

    for (wish, told) in [
        (json!({"amount": 100, "reason": "duplicate"}), "duplicate"),
        (json!({"amount": 100, "reason": "fraudulent"}), "fraudulent"),
        (json!({"amount": 100, "reason": "changed my mind"}), "requested_by_customer"),
        (json!({"amount": 100}), "requested_by_customer"),
    ] {
        let id = buyer.refund(&single, wish).await;
        assert_eq!(world.sandbox.refund(&id).unwrap().reason.as_deref(), Some(told));
        let over = || async { (buyer.refund_row(&single, &id).await["status"] == "succeeded").then_some(()) };
        world.until("the refund", over).await;
    }
    world.stop().await;
}
