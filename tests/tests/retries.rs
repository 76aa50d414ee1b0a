//! Requests that are repeated with their `Idempotency-Key` (spec/05-marketplace): one order, one payment, and an answer as soon as there can
//! be one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use veza::usecases::idempotency::{KEY_CHARS_MAX, ORDERS, SUBSCRIPTIONS};
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::time::Timestamp;
use veza_ports::storage::{IdempotencyRecord, IdempotencyState, Row, Write};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Answer, Person, World, euros};

async fn place(buyer: &Person, product: &str, key: &str) -> Answer {
    let body = json!({"items": [{"product_id": product}]});
    buyer.call(Method::POST, "/api/v1/marketplace/orders", body, &[("Idempotency-Key", key)]).await
}

async fn shop(settings: &[(&str, &str)]) -> (World, Person, String) {
    let world = World::with(settings).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    (world, buyer, product)
}

async fn orders(buyer: &Person) -> usize {
    buyer.get("/api/v1/marketplace/orders").await.ok(200)["items"].as_array().unwrap().len()
}

/// The order as the second request gets it, and that nothing was made twice.
async fn goes_on(world: &World, buyer: &Person, product: &str, key: &str, first: &Value) {
    let placed = place(buyer, product, key).await.ok(201);
    assert_eq!(placed["order"]["id"], first["order_id"], "the same order");
    assert!(placed["payment"]["client_secret"].as_str().is_some_and(|secret| !secret.is_empty()), "and it can be paid: {placed:#}");
    let again = place(buyer, product, key).await.ok(201);
    assert_eq!(again["payment"], placed["payment"], "from now on it is the stored answer");
    assert_eq!((orders(buyer).await, world.sandbox.books().payments.len()), (1, 1), "one order, one payment");
    let id = placed["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(placed["payment"]["payment_id"].as_str().unwrap()).unwrap();
    buyer.until_order(world, &id, "completed").await;
}

/// The call took effect and its answer was lost: the repetition finds the payment by our id.
#[tokio::test]
async fn a_repetition_finds_what_the_lost_answer_had_opened() {
    let (world, buyer, product) = shop(&[("PROVIDER_TIMEOUT", "2s")]).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::AnswerLost)).unwrap();
    let first = place(&buyer, &product, "lost").await;
    assert!(first.retry_after().is_some(), "{first:?}");
    let first = first.problem(503, "payment_provider_unavailable");
    goes_on(&world, &buyer, &product, "lost", &first).await;
    world.stop().await;
}

/// The provider was away, and heard nothing: as soon as it is back, the repetition opens the payment.
#[tokio::test]
async fn a_repetition_opens_the_payment_once_the_provider_is_back() {
    let (world, buyer, product) = shop(&[]).await;
    world.sandbox.script(Script::new(Op::Hyperswitch, Fault::RateLimited).times(0)).unwrap();
    let first = place(&buyer, &product, "away").await.problem(503, "payment_provider_unavailable");
    let second = place(&buyer, &product, "away").await.problem(503, "payment_provider_unavailable");
    assert_eq!(second["order_id"], first["order_id"], "still away, still the same order");
    world.sandbox.clear_scripts().unwrap();
    goes_on(&world, &buyer, &product, "away", &first).await;
    world.stop().await;
}

/// The provider says no when it is back: that is the answer, and it stays.
#[tokio::test]
async fn a_repetition_that_is_refused_says_so_from_then_on() {
    let (world, buyer, product) = shop(&[]).await;
    world.sandbox.script(Script::new(Op::Hyperswitch, Fault::RateLimited).times(0)).unwrap();
    let first = place(&buyer, &product, "no").await.problem(503, "payment_provider_unavailable");
    world.sandbox.clear_scripts().unwrap();
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::NotFound)).unwrap();
    for _ in 0..2 {
        let refused = place(&buyer, &product, "no").await.problem(502, "payment_provider_refused");
        assert_eq!(refused["order_id"], first["order_id"]);
    }
    assert_eq!(buyer.get_order(first["order_id"].as_str().unwrap()).await["status"], "failed");
    world.stop().await;
}

/// While the first one is under way, others are told what is going on, and when to come again.
#[tokio::test]
async fn what_is_being_worked_on_is_named() {
    let (world, buyer, product) = shop(&[("PROVIDER_TIMEOUT", "20s")]).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::Slow).lasting(Duration::from_secs(3))).unwrap();
    let first = async { place(&buyer, &product, "slow").await };
    let second = async {
        world.until("the order is placed", || async { (orders(&buyer).await == 1).then_some(()) }).await;
        place(&buyer, &product, "slow").await
    };
    let (first, second) = tokio::join!(first, second);
    let order = first.ok(201)["order"]["id"].clone();
    assert_eq!(second.retry_after(), Some(1), "{second:?}");
    assert_eq!(second.problem(409, "idempotency_key_in_use")["order_id"], order);
    assert_eq!(place(&buyer, &product, "slow").await.ok(201)["order"]["id"], order);
    world.stop().await;
}

/// Many repeat at once: one of them goes on, nothing is made twice, and each gets the order in the end.
#[tokio::test]
async fn many_repeat_at_once() {
    let (world, buyer, product) = shop(&[("PROVIDER_TIMEOUT", "2s")]).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::AnswerLost)).unwrap();
    let first = place(&buyer, &product, "many").await.problem(503, "payment_provider_unavailable");
    let answers = futures_util::future::join_all((0..8).map(|_| place(&buyer, &product, "many"))).await;
    for answer in answers {
        match answer.status {
            201 => assert_eq!(answer.ok(201)["order"]["id"], first["order_id"]),
            503 => assert!(answer.retry_after().is_some(), "{answer:?}"),
            _ => panic!("{answer:?}"),
        }
    }
    goes_on(&world, &buyer, &product, "many", &first).await;
    world.stop().await;
}

/// The record of a key as it was before its answer was stored.
async fn unanswered(world: &World, person: &Person, scope: &str, key: &str, since: Timestamp) {
    let app = world.running.app();
    let stored = app.store.idempotency(person.user_id(), scope, key).await.unwrap().unwrap();
    let row = Row::Idempotency(IdempotencyRecord { state: IdempotencyState::InFlight, created_at: since, ..stored.value });
    let write = Write::Update { row, expected: stored.revision };
    world.write(vec![write]).await;
}

/// Whoever worked on the first request has died: for the time of a call nobody knows that, after it the repetition goes on.
#[tokio::test]
async fn a_request_whose_worker_died_is_gone_on_with_after_its_time() {
    let (world, buyer, product) = shop(&[("PROVIDER_TIMEOUT", "60s")]).await;
    let placed = place(&buyer, &product, "died").await.ok(201);
    let app = world.running.app();
    unanswered(&world, &buyer, ORDERS, "died", app.now()).await;
    place(&buyer, &product, "died").await.problem(409, "idempotency_key_in_use");
    unanswered(&world, &buyer, ORDERS, "died", app.now().minus(app.money.lease())).await;
    assert_eq!(place(&buyer, &product, "died").await.ok(201), placed);
    assert_eq!((orders(&buyer).await, world.sandbox.books().payments.len()), (1, 1));
    world.stop().await;
}

/// Who repeats an order or a refund that is being worked on can look it up by its id already; a plan has neither.
#[tokio::test]
async fn what_is_being_worked_on_is_named_as_what_it_is() {
    let (world, buyer, product) = shop(&[("PROVIDER_TIMEOUT", "60s")]).await;
    let order = buyer.buy(&world, &[&product]).await;
    let cases = [
        (ORDERS.to_owned(), "/api/v1/marketplace/orders".to_owned(), json!({"items": [{"product_id": product}]}), Some("order")),
        (format!("refund:{order}"), format!("/api/v1/marketplace/orders/{order}/refund"), json!({"amount": 100}), Some("refund")),
        (SUBSCRIPTIONS.to_owned(), "/api/v1/subscriptions/subscribe".to_owned(), json!({"plan": "creator"}), None),
    ];
    for (scope, path, body, made) in cases {
        let post = async || buyer.call(Method::POST, &path, body.clone(), &[("Idempotency-Key", "twin")]).await;
        let first = post().await;
        assert!(matches!(first.status, 201 | 202), "{first:?}");
        unanswered(&world, &buyer, &scope, "twin", world.running.app().now()).await;
        let twin = post().await;
        assert_eq!(twin.retry_after(), Some(1), "{twin:?}");
        let twin = twin.problem(409, "idempotency_key_in_use");
        let id_of = |what: &str| if made == Some(what) { first.body[what]["id"].clone() } else { Value::Null };
        assert_eq!((&twin["order_id"], &twin["refund_id"]), (&id_of("order"), &id_of("refund")), "{scope}");
    }
    world.stop().await;
}

/// Who goes on with a payment has it for the time of a call: the worker does not come in between when the effect would have been due.
#[tokio::test]
async fn the_worker_leaves_a_payment_alone_that_a_repetition_is_looking_up() {
    let (world, buyer, product) = shop(&[("PROVIDER_TIMEOUT", "60s")]).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::AnswerLost)).unwrap();
    let first = place(&buyer, &product, "taken").await.problem(503, "payment_provider_unavailable");
    let app = world.running.app();
    let id = Effect::pending(EffectKind::CreatePayment(first["order_id"].as_str().unwrap().parse().unwrap()), app.now()).id;
    let waits = app.store.effect(id).await.unwrap().unwrap();
    world.sandbox.script(Script::new(Op::ReadPayment, Fault::Slow).delay(Duration::from_secs(3))).unwrap();
    let worker = async {
        let taken = || async { app.store.effect(id).await.unwrap().filter(|effect| effect.revision != waits.revision) };
        world.until("the repetition to take it", taken).await;
        let then = waits.value.due_at.unwrap().plus(Duration::from_secs(1));
        app.store.claim_effects(then, app.money.lease(), 50).await.unwrap()
    };
    let (second, claimed) = tokio::join!(place(&buyer, &product, "taken"), worker);
    assert!(claimed.iter().all(|effect| effect.value.id != id), "{claimed:?}");
    assert_eq!(second.ok(201)["order"]["id"], first["order_id"]);
    world.stop().await;
}

#[tokio::test]
async fn a_key_is_of_1_to_255_visible_characters() {
    let (world, buyer, product) = shop(&[]).await;
    let longest = "k".repeat(KEY_CHARS_MAX);
    for bad in ["", "tab\tin it", &format!("{longest}k")] {
        place(&buyer, &product, bad).await.problem(400, "bad_idempotency_key");
    }
    let placed = place(&buyer, &product, &longest).await.ok(201);
    assert_eq!(place(&buyer, &product, &longest).await.ok(201), placed);
    assert_eq!(orders(&buyer).await, 1);
    world.stop().await;
}
