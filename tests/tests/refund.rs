//! Refunds and what they take back, end to end (spec/01-money §4, §5).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Answer, Person, World, assert_books_agree, euros};

async fn refund(person: &Person, order: &str, body: Value) -> Answer {
    person.post(&format!("/api/v1/marketplace/orders/{order}/refund"), body).await
}

async fn refunds(person: &Person, order: &str) -> Vec<Value> {
    person.get(&format!("/api/v1/marketplace/orders/{order}/refunds")).await.ok(200)["items"].as_array().unwrap().clone()
}

/// A seller, a buyer and a paid order of 10.00 whose transfer has arrived.
async fn sold(world: &World) -> (Person, Person, String) {
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(world, &order, "completed").await;
    (seller, buyer, order)
}

#[tokio::test]
async fn from_refund_to_reversed_end_to_end() {
    let world = World::start().await;
    let (seller, buyer, order) = sold(&world).await;
    world.sandbox.hold_webhooks(true).unwrap();
    let answer = refund(&buyer, &order, json!({"reason": "changed my mind"})).await.ok(202);
    assert_eq!(answer["refund"]["status"], "pending");
    assert!(answer["message"].is_string());
    // The sandbox has carried it out at once; only its webhook ends it.
    let pending = refunds(&buyer, &order).await.remove(0);
    assert_eq!((&pending["status"], &pending["psp_refund_id"]), (&json!("pending"), &answer["refund"]["id"]));
    assert_eq!(buyer.get_order(&order).await["status"], "refund_pending");
    assert_eq!(buyer.licences().await[0]["status"], "active", "licences are untouched while it is pending");
    refund(&buyer, &order, json!({})).await.problem(409, "refund_already_requested");
    world.sandbox.hold_webhooks(false).unwrap();
    world.sandbox.release_webhooks(veza_sandbox::ReleaseOrder::Fifo, 1).await.unwrap();

    let shown = buyer.until_order(&world, &order, "refunded").await;
    assert_eq!(shown["refunded"], shown["total"]);
    assert_eq!(buyer.licences().await[0]["status"], "revoked");
    let transfer = seller.until_transfer(&world, &order, "reversed").await;
    assert_eq!(transfer["amount"], transfer["amount_reversed"]);
    assert!(transfer["stripe_reversal_id"].as_str().unwrap().starts_with("trr_"));
    refund(&buyer, &order, json!({})).await.problem(409, "order_not_refundable");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn eight_refunds_at_once_one_runs_seven_get_409() {
    let world = World::start().await;
    let (_, buyer, order) = sold(&world).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundPending)).unwrap();
    let answers = futures_util::future::join_all((0..8).map(|_| refund(&buyer, &order, json!({})))).await;
    let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(|answer| answer.status == 202);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for answer in lost {
        answer.problem(409, "refund_already_requested");
    }
    let id = won[0].body["refund"]["id"].as_str().unwrap();
    world.sandbox.succeed_refund(id).unwrap();
    buyer.until_order(&world, &order, "refunded").await;
    assert_eq!(refunds(&buyer, &order).await.len(), 1);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn the_key_of_a_refund_is_the_refunds_id() {
    let world = World::start().await;
    let (_, buyer, order) = sold(&world).await;
    let answer = refund(&buyer, &order, json!({"amount": 100})).await.ok(202);
    let id = answer["refund"]["id"].as_str().unwrap();
    assert!(world.sandbox.books().refund(id).is_some(), "the PSP knows it by our id");
    let calls = serde_json::to_string(&world.sandbox.books().calls).unwrap();
    assert!(calls.contains(&format!("\"{id}\"")), "and has seen it as the idempotency key");
    world.stop().await;
}

#[tokio::test]
async fn partial_refunds_add_up_to_the_whole() {
    let world = World::start().await;
    let (seller, buyer, order) = sold(&world).await;
    for (amount, status) in [(333, "partially_refunded"), (333, "partially_refunded"), (334, "refunded")] {
        refund(&buyer, &order, json!({"amount": amount})).await.ok(202);
        buyer.until_order(&world, &order, status).await;
    }
    let transfer = seller.until_transfer(&world, &order, "reversed").await;
    assert_eq!(transfer["amount_reversed"]["amount"], 900, "exactly what was handed out");
    assert_eq!(transfer["reversals"].as_array().unwrap().len(), 3);
    assert_eq!(buyer.licences().await[0]["status"], "revoked");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_failed_refund_gives_the_order_back_and_may_be_asked_for_again() {
    let world = World::start().await;
    let (_, buyer, order) = sold(&world).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundPending)).unwrap();
    let id = refund(&buyer, &order, json!({})).await.ok(202)["refund"]["id"].as_str().unwrap().to_owned();
    world.sandbox.fail_refund(&id).unwrap();
    buyer.until_order(&world, &order, "completed").await;
    let failed = refunds(&buyer, &order).await.remove(0);
    assert_eq!(failed["status"], "failed");
    assert!(failed["error_message"].is_string(), "{failed}");
    assert_eq!(buyer.licences().await[0]["status"], "active");
    refund(&buyer, &order, json!({})).await.ok(202);
    buyer.until_order(&world, &order, "refunded").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refusal_of_the_psp_rolls_back_with_502() {
    let world = World::start().await;
    let (_, buyer, order) = sold(&world).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundNotSupported)).unwrap();
    refund(&buyer, &order, json!({})).await.problem(502, "payment_provider_refused");
    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    assert_eq!(refunds(&buyer, &order).await[0]["status"], "failed");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_lost_answer_or_a_5xx_after_effect_stays_pending_and_is_never_repeated() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    for fault in [Fault::AnswerLost, Fault::ErrorAfterEffect, Fault::ErrorBeforeEffect, Fault::RateLimited, Fault::Busy] {
        let order = buyer.buy(&world, &[&product]).await;
        seller.until_transfer(&world, &order, "completed").await;
        world.sandbox.script(Script::new(Op::CreateRefund, fault)).unwrap();
        let answer = refund(&buyer, &order, json!({})).await.ok(202);
        assert_eq!(answer["refund"]["status"], "pending", "{fault:?}");
        buyer.until_order(&world, &order, "refunded").await;
        seller.until_transfer(&world, &order, "reversed").await;
    }
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn who_may_refund_what() {
    let world = World::start().await;
    let (first, second, buyer, stranger, admin) =
        (world.seller().await, world.seller().await, world.buyer().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&first.product(euros(1_000)).await, &second.product(euros(500)).await]).await;
    first.until_transfer(&world, &order, "completed").await;
    second.until_transfer(&world, &order, "completed").await;
    let shown = buyer.get_order(&order).await;
    let line_of = |seller: &Person| {
        let items = shown["items"].as_array().unwrap();
        items.iter().find(|item| item["seller_id"] == seller.id.as_str()).unwrap()["id"].as_str().unwrap().to_owned()
    };
    refund(&stranger, &order, json!({})).await.problem(403, "not_your_order");
    refund(&first, &order, json!({"item_ids": [line_of(&second)]})).await.problem(403, "not_your_line");
    refund(&first, &order, json!({"amount": 1_001})).await.problem(422, "validation_failed");
    for amount in [json!(0), json!(-1), json!(i64::MAX), json!(1_501)] {
        refund(&buyer, &order, json!({"amount": amount})).await.problem(422, "validation_failed");
    }
    for nonsense in [json!({"amount": 1.5}), json!({"amount": "1"}), json!({"item_ids": ["x"]}), json!([])] {
        let answer = refund(&buyer, &order, nonsense).await;
        assert!(matches!(answer.status, 400 | 422), "{answer:?}");
    }
    // A seller refunds all own lines; the other seller's licence stands.
    refund(&first, &order, json!({})).await.ok(202);
    let after = buyer.until_order(&world, &order, "partially_refunded").await;
    assert_eq!(after["refunded"]["amount"], 1_000);
    let licences = buyer.licences().await;
    assert_eq!(licences.iter().filter(|licence| licence["status"] == "revoked").count(), 1);
    refund(&admin, &order, json!({})).await.ok(202);
    buyer.until_order(&world, &order, "refunded").await;
    first.until_transfer(&world, &order, "reversed").await;
    second.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn an_empty_seller_account_delays_the_reversal_and_never_the_buyer() {
    let world = World::start().await;
    let (seller, buyer, order) = sold(&world).await;
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned();
    world.sandbox.payout(&account).unwrap();
    refund(&buyer, &order, json!({})).await.ok(202);
    buyer.until_order(&world, &order, "refunded").await;
    let open = |transfer: &Value| transfer["status"] == "reversal_pending" && transfer["last_error"].is_string();
    world.until("a delayed reversal", || async { seller.transfers().await.into_iter().find(open) }).await;
    let balance = seller.get("/api/v1/seller/balance").await.ok(200);
    assert_eq!(balance["owed"], json!([{"amount": 900, "currency": "EUR"}]));
    world.sandbox.deposit(&account, "EUR", 900).unwrap();
    seller.until_transfer(&world, &order, "reversed").await;
    assert_eq!(seller.get("/api/v1/seller/balance").await.ok(200)["owed"][0]["amount"], 0);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn reversals_survive_lost_answers_and_faults_of_the_provider() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    for fault in [Fault::AnswerLost, Fault::ErrorAfterEffect, Fault::ErrorSaved, Fault::RateLimited, Fault::LockTimeout, Fault::KeyInUse] {
        let order = buyer.buy(&world, &[&product]).await;
        seller.until_transfer(&world, &order, "completed").await;
        world.sandbox.script(Script::new(Op::CreateReversal, fault)).unwrap();
        refund(&buyer, &order, json!({})).await.ok(202);
        seller.until_transfer(&world, &order, "reversed").await;
    }
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refund_before_the_transfer_was_sent_pays_nobody() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    refund(&buyer, &order, json!({})).await.ok(202);
    buyer.until_order(&world, &order, "refunded").await;
    let transfer = seller.until_transfer(&world, &order, "permanently_failed").await;
    assert_eq!(transfer["stripe_transfer_id"], Value::Null);
    assert!(world.sandbox.books().transfers.is_empty());
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refund_made_at_the_psp_is_imported_once_and_flagged() {
    let world = World::start().await;
    let (seller, buyer, order) = sold(&world).await;
    world.sandbox.refund_from_dashboard(&order, Some(400)).unwrap();
    let shown = buyer.until_order(&world, &order, "partially_refunded").await;
    assert_eq!((&shown["refunded"]["amount"], &shown["flags"]), (&json!(400), &json!(["external_refund"])));
    let rows = refunds(&buyer, &order).await;
    assert_eq!((rows.len(), &rows[0]["external"], &rows[0]["flags"]), (1, &json!(true), &json!(["external_refund"])));
    let event = world.sandbox.webhooks().into_iter().find(|event| event.event_type == "refund_succeeded").unwrap();
    assert_eq!(world.webhook(&event.body).await.ok(200)["result"], "ok", "a replay changes nothing");
    assert_eq!(refunds(&buyer, &order).await, rows);
    let reversed = |transfer: &Value| transfer["amount_reversed"]["amount"] == 360;
    world.until("the share taken back", || async { seller.transfers().await.into_iter().find(reversed) }).await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refund_that_fails_after_it_had_succeeded_is_asked_about_and_undone() {
    let world = World::start().await;
    let (seller, buyer, order) = sold(&world).await;
    let id = refund(&buyer, &order, json!({})).await.ok(202)["refund"]["id"].as_str().unwrap().to_owned();
    buyer.until_order(&world, &order, "refunded").await;
    seller.until_transfer(&world, &order, "reversed").await;
    // A stale or forged-by-mistake message alone does nothing: the PSP is read, and says that it stands.
    let stale = json!({"event_id": "evt_stale", "event_type": "refund_failed",
        "content": {"type": "refund_details", "object": {"refund_id": id, "payment_id": order, "status": "failed", "amount": 1_000, "currency": "EUR"}}});
    assert_eq!(world.webhook(&stale.to_string()).await.ok(200)["result"], "ok");
    assert_eq!(buyer.get_order(&order).await["status"], "refunded");
    world.sandbox.fail_refund(&id).unwrap();
    let back = buyer.until_order(&world, &order, "completed").await;
    assert_eq!(back["flags"], json!(["refund_failed_after_success"]));
    assert_eq!(buyer.licences().await[0]["status"], "active");
    let again = |transfers: &[Value]| transfers.iter().filter(|transfer| transfer["status"] == "completed").count() == 1;
    world.until("the share sent again", || async { Some(seller.transfers().await).filter(|transfers| again(transfers)) }).await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn replays_and_orders_of_messages_leave_succeeded_at_and_balances() {
    let world = World::start().await;
    let (seller, buyer, order) = sold(&world).await;
    refund(&buyer, &order, json!({"amount": 500})).await.ok(202);
    buyer.until_order(&world, &order, "partially_refunded").await;
    let reversed = |transfer: &Value| transfer["amount_reversed"]["amount"] == 450;
    world.until("the share taken back", || async { seller.transfers().await.into_iter().find(reversed) }).await;
    let (before, balance) = (refunds(&buyer, &order).await, seller.get("/api/v1/seller/balance").await.ok(200));
    let mut events = world.sandbox.webhooks();
    events.reverse();
    for event in events.iter().chain(&events) {
        assert_eq!(world.webhook(&event.body).await.ok(200)["result"], "ok");
    }
    assert_eq!(refunds(&buyer, &order).await, before);
    assert_eq!(seller.get("/api/v1/seller/balance").await.ok(200), balance);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refund_with_an_idempotency_key_is_opened_once() {
    let world = World::start().await;
    let (_, buyer, order) = sold(&world).await;
    let path = format!("/api/v1/marketplace/orders/{order}/refund");
    let with_key = async |body: Value| buyer.call(reqwest::Method::POST, &path, body, &[("idempotency-key", "once")]).await;
    let first = with_key(json!({"amount": 100})).await.ok(202);
    buyer.until_order(&world, &order, "partially_refunded").await;
    assert_eq!(with_key(json!({"amount": 100})).await.ok(202), first);
    with_key(json!({"amount": 200})).await.problem(422, "idempotency_key_reused");
    assert_eq!(refunds(&buyer, &order).await.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn what_is_in_flight_survives_a_restart() {
    let world = World::start().await;
    let (seller, buyer, order) = sold(&world).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::AnswerLost)).unwrap();
    world.sandbox.hold_webhooks(true).unwrap();
    refund(&buyer, &order, json!({})).await.ok(202);
    let world = world.restarted(&[]).await;
    let (buyer, seller) = (buyer.moved_to(&world), seller.moved_to(&world));
    buyer.until_order(&world, &order, "refunded").await;
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}
