//! Every fault that is not a webhook's, and what survives a restart.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use std::time::{Duration, Instant};

use common::World;
use serde_json::json;
use veza_sandbox::{Fault, Op, PaymentStatus, RefundStatus, Sandbox, Script};

async fn create(world: &World, id: &str, sandbox: &str) -> Result<common::Reply, reqwest::Error> {
    let body = json!({"payment_id": id, "amount": 1000, "currency": "USD", "confirm": true, "metadata": {"sandbox": sandbox}});
    world.try_post("/payments", body).await
}

#[tokio::test]
async fn answer_lost_after_the_effect() {
    let world = World::new().await;
    assert!(create(&world, "p", "answer_lost").await.is_err());
    assert_eq!(world.get("/payments/p").await.json()["status"], "succeeded");
    assert_eq!(create(&world, "p", "answer_lost").await.unwrap().refusal().1, "HE_01", "once only");
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::AnswerLost)).unwrap();
    let refund = json!({"payment_id": "p", "refund_id": "r", "amount": 10});
    assert!(world.try_post("/refunds", refund).await.is_err());
    assert_eq!(world.get("/refunds/r").await.json()["status"], "succeeded");
}

#[tokio::test]
async fn request_lost_has_no_effect() {
    let world = World::new().await;
    assert!(create(&world, "p", "request_lost").await.is_err());
    assert_eq!(world.get("/payments/p").await.status, 404);
    assert_eq!(create(&world, "p", "request_lost").await.unwrap().status, 200, "a repeat does not meet it again");
}

#[tokio::test]
async fn errors_before_and_after_the_effect() {
    let world = World::new().await;
    assert_eq!(create(&world, "a", "error_after_effect").await.unwrap().refusal(), (500, "HE_00".to_owned()));
    assert_eq!(create(&world, "b", "error_before_effect").await.unwrap().refusal(), (500, "HE_00".to_owned()));
    let busy = create(&world, "c", "busy").await.unwrap();
    assert_eq!(busy.refusal(), (422, "HE_00".to_owned()));
    assert_eq!(busy.json()["error"]["message"], "There was an issue processing the webhook body");
    assert_eq!(create(&world, "d", "rate_limited").await.unwrap().status, 429);
    let down = create(&world, "e", "unavailable").await.unwrap();
    assert!(down.status == 503 && down.text.starts_with("<html>"));
    let ids: Vec<String> = world.sandbox.books().payments.into_iter().map(|payment| payment.payment_id).collect();
    assert_eq!(ids, ["a"]);
}

#[tokio::test]
async fn slow_answers_come_after_the_effect() {
    let world = World::new().await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::Slow).delay(Duration::from_millis(300))).unwrap();
    let start = Instant::now();
    let impatient = tokio::time::timeout(Duration::from_millis(100), create(&world, "p", "")).await;
    assert!(impatient.is_err());
    assert_eq!(world.get("/payments/p").await.status, 200);
    world.sandbox.script(Script::new(Op::ReadPayment, Fault::SlowBeforeEffect).delay(Duration::from_millis(200))).unwrap();
    world.get("/payments/p").await;
    assert!(start.elapsed() >= Duration::from_millis(300));
}

#[tokio::test]
async fn outcomes_of_an_attempt() {
    let world = World::new().await;
    for (fault, status) in [("decline", "failed"), ("processing", "processing"), ("requires_action", "requires_customer_action")] {
        assert_eq!(create(&world, fault, fault).await.unwrap().json()["status"], status);
    }
    let blocked = create(&world, "blocked", "blocked").await.unwrap();
    assert_eq!((blocked.status, &blocked.json()["error"]["type"]), (200, &json!("blocked")));
    world.sandbox.pay("processing").unwrap();
    world.sandbox.decline("requires_action").unwrap();
    let books = world.sandbox.books();
    assert_eq!(books.payment("processing").unwrap().status, PaymentStatus::Succeeded);
    assert_eq!(books.payment("requires_action").unwrap().status, PaymentStatus::Failed);
    assert!(world.sandbox.pay("processing").is_err());
    world.sandbox.pay("decline").unwrap(); // a late success
    let magic = json!({"amount": 999_000_001, "currency": "USD", "confirm": true});
    assert_eq!(world.post("/payments", magic).await.json()["status"], "failed");
    world.post("/payments", json!({"payment_id": "late", "amount": 5, "currency": "USD"})).await;
    assert_eq!(world.control("/payments/late/expire", json!({})).await.status, 200);
    assert_eq!(world.get("/payments/late").await.json()["status"], "expired");
}

#[tokio::test]
async fn refunds_pending_for_days_failed_and_failed_after_success() {
    let world = World::new().await;
    let id = world.paid(1000).await;
    let script = |fault: Fault, days: u64| {
        let script = Script::new(Op::CreateRefund, fault).delay(Duration::from_secs(days * 86_400));
        world.sandbox.script(script).unwrap();
    };
    script(Fault::RefundPending, 3);
    assert_eq!(world.refund(&id, "slow", 100).await.json()["status"], "pending");
    script(Fault::RefundFailed, 0);
    assert_eq!(world.refund(&id, "no", 100).await.json()["status"], "failed");
    script(Fault::RefundFailsLater, 2);
    assert_eq!(world.refund(&id, "turns", 100).await.json()["status"], "succeeded");
    assert_eq!(world.sandbox.books().totals["usd"].refunded, 100);
    world.settle().await;
    world.sandbox.advance_clock(Duration::from_secs(4 * 86_400)).await.unwrap();
    let books = world.sandbox.books();
    assert_eq!(books.refund("slow").unwrap().status, RefundStatus::Succeeded);
    assert_eq!(books.refund("turns").unwrap().status, RefundStatus::Failed);
    assert_eq!(books.totals["usd"].platform_available, 900);
    let of_turns: Vec<String> =
        world.receiver.all().iter().filter(|event| event.body.contains("\"turns\"")).map(common::Received::event_type).collect();
    assert_eq!(of_turns, ["refund_succeeded", "refund_failed"]);
    let dashboard = world.control(&format!("/payments/{id}/refund"), json!({"amount": 50})).await.json();
    world.control(&format!("/refunds/{}/fail", dashboard["refund_id"].as_str().unwrap()), json!({})).await;
    assert_eq!(world.sandbox.books().totals["usd"].platform_available, 900);
}

#[tokio::test]
async fn stripe_answer_lost_and_5xx_under_their_keys() {
    let world = World::new().await;
    world.paid(10_000).await;
    let seller = world.seller().await;
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::AnswerLost)).unwrap();
    let form = [("amount", "100"), ("currency", "usd"), ("destination", &*seller)];
    assert!(world.try_form("/v1/transfers", Some("lost"), &form).await.is_err());
    assert_eq!(world.transfer("lost", 100, &seller).await.header("idempotent-replayed"), Some("true"));
    assert_eq!(world.sandbox.books().created["transfer:lost"], 1);

    for (key, fault, made) in [("after", Fault::ErrorAfterEffect, true), ("saved", Fault::ErrorSaved, false)] {
        world.sandbox.script(Script::new(Op::CreateTransfer, fault)).unwrap();
        let first = world.transfer(key, 100, &seller).await;
        assert_eq!((first.status, first.header("stripe-should-retry")), (500, Some("false")));
        let again = world.transfer(key, 100, &seller).await;
        assert_eq!((again.status, again.header("idempotent-replayed")), (500, Some("true")));
        assert_eq!(world.sandbox.books().created.contains_key(&format!("transfer:{key}")), made);
    }
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::ErrorBeforeEffect)).unwrap();
    assert_eq!(world.transfer("before", 100, &seller).await.status, 500);
    assert_eq!(world.transfer("before", 100, &seller).await.status, 200, "nothing was saved");
    world.sandbox.script(Script::new(Op::Stripe, Fault::LockTimeout)).unwrap();
    assert_eq!(world.transfer("locked", 100, &seller).await.refusal(), (429, "lock_timeout".to_owned()));
    world.sandbox.script(Script::new(Op::Stripe, Fault::Unavailable).times(0)).unwrap();
    assert_eq!(world.stripe("/v1/balance").await.status, 503);
    assert_eq!(world.stripe("/v1/balance").await.status, 503);
    world.sandbox.clear_scripts().unwrap();
    assert_eq!(world.stripe("/v1/balance").await.status, 200);
}

#[tokio::test]
async fn sellers_without_balance_and_transfers_reversed_elsewhere() {
    let world = World::new().await;
    world.paid(10_000).await;
    let seller = world.seller().await;
    let script = json!([{"on": "create_transfer", "fault": "seller_without_balance", "match": {"destination": seller}},
        {"on": "create_transfer", "fault": "capability_missing", "match": {"amount": 7}}]);
    assert_eq!(world.control("/scripts", script).await.status, 200);
    assert_eq!(world.transfer("a", 100, &seller).await.refusal().1, "balance_insufficient");
    assert_eq!(world.transfer("b", 7, &seller).await.refusal().1, "insufficient_capabilities_for_transfer");
    let id = world.transfer("c", 100, &seller).await.json()["id"].as_str().unwrap().to_owned();
    let reversals = format!("/v1/transfers/{id}/reversals");
    world.sandbox.script(Script::new(Op::CreateReversal, Fault::BalanceInsufficient).matching("transfer", id.as_str())).unwrap();
    assert_eq!(world.form(&reversals, None, &[("amount", "1")]).await.refusal().1, "balance_insufficient");
    world.sandbox.script(Script::new(Op::CreateReversal, Fault::ReversedElsewhere)).unwrap();
    let elsewhere = world.form(&reversals, None, &[("amount", "1")]).await;
    assert!(elsewhere.json()["error"]["message"].as_str().unwrap().ends_with("is already fully reversed."));
    let other = world.transfer("d", 100, &seller).await.json()["id"].as_str().unwrap().to_owned();
    world.control(&format!("/transfers/{other}/reverse"), json!({"amount": 40})).await;
    assert_eq!(world.stripe(&format!("/v1/transfers/{other}")).await.json()["amount_reversed"], 40);
    assert_eq!(world.control("/scripts", json!({"on": "create_transfer", "fault": "nonsense"})).await.status, 400);
}

#[tokio::test]
async fn everything_survives_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_file(folder.path().join("sandbox.db")).await;
    let seller = world.seller().await;
    let id = world.paid(1000).await;
    let transfer = world.transfer("k", 400, &seller).await;
    world.refund(&id, "r", 100).await;
    world.settle().await;
    world.sandbox.advance_clock(Duration::from_secs(3600)).await.unwrap();
    world.sandbox.script(Script::new(Op::ReadPayment, Fault::NotFound)).unwrap();
    world.receiver.statuses.lock().unwrap().push_back(500);
    world.paid(50).await;
    world.settle().await;
    let before = world.sandbox.books();
    // Not stopped: a second sandbox on a copy of the file sees what a killed process leaves behind.
    let copy = folder.path().join("copy.db");
    for suffix in ["", "-wal"] {
        std::fs::copy(folder.path().join(format!("sandbox.db{suffix}")), format!("{}{suffix}", copy.display())).unwrap();
    }
    let mut config = world.config.clone();
    config.data_file = Some(copy);
    let again = Sandbox::start(config).await.unwrap();
    let after = again.books();
    assert_eq!(serde_json::to_value(&before.payments).unwrap(), serde_json::to_value(&after.payments).unwrap());
    assert_eq!((&before.totals, &before.created), (&after.totals, &after.created));
    assert!(after.now >= before.now, "the clock keeps its offset");
    assert_eq!(again.scripts().len(), 1);
    let replay = world
        .http
        .post(format!("{}/v1/transfers", again.base_url()))
        .bearer_auth("sk_test_veza")
        .header("idempotency-key", "k")
        .form(&[("amount", "400"), ("currency", "usd"), ("destination", &*seller)]);
    assert_eq!(world.send(replay).await.unwrap().json(), transfer.json());
    let fresh = world
        .http
        .post(format!("{}/payments", again.base_url()))
        .header("api-key", "snd_veza")
        .json(&json!({"amount": 1, "currency": "USD"}));
    let fresh = world.send(fresh).await.unwrap().json()["payment_id"].as_str().unwrap().to_owned();
    let here = world.post("/payments", json!({"amount": 1, "currency": "USD"})).await.json()["payment_id"].as_str().unwrap().to_owned();
    assert_ne!(fresh, here, "ids of another start");
    let count = world.receiver.all().len();
    again.advance_clock(Duration::from_secs(61)).await.unwrap();
    assert_eq!(world.receiver.all().len(), count + 1, "the pending retry goes on");
    again.stop().await;
}

#[tokio::test]
async fn same_seed_same_ids() {
    let mut ids = Vec::new();
    for _ in 0..2 {
        let world = World::new().await;
        let body = json!({"amount": 1, "currency": "USD"});
        ids.push(world.post("/payments", body).await.json()["payment_id"].as_str().unwrap().to_owned());
    }
    assert_eq!(ids[0], ids[1]);
}

#[tokio::test]
async fn pages() {
    let world = World::new().await;
    let body = json!({"payment_id": "p", "amount": 1234, "currency": "USD", "description": "<b>&"});
    let secret = world.post("/payments", body).await.json()["client_secret"].as_str().unwrap().to_owned();
    let page = world.send(world.http.get(world.url(&format!("/checkout/p?client_secret={secret}")))).await.unwrap();
    assert!(page.text.contains("12.34 USD") && page.text.contains("&lt;b&gt;&amp;") && !page.text.contains("<b>"));
    assert!(page.header("content-security-policy").unwrap().contains("script-src 'self'"));
    assert_eq!(world.send(world.http.get(world.url("/checkout/p?client_secret=x"))).await.unwrap().status, 404);
    for path in ["/checkout.js", "/sandbox.css", "/control/", "/control", "/control/books", "/control/clock"] {
        assert_eq!(world.send(world.http.get(world.url(path))).await.unwrap().status, 200, "{path}");
    }
    world.sandbox.pay("p").unwrap();
    let dispute = world.http.post(world.url(&format!("/checkout/p/dispute?client_secret={secret}")));
    assert_eq!(world.send(dispute).await.unwrap().status, 204);
    let foreign = world.http.post(world.url("/control/payments/p/pay")).header("origin", "https://evil.example");
    assert_eq!(world.send(foreign).await.unwrap().status, 403);
}

#[tokio::test]
async fn a_payments_scripts_reach_its_transfers_and_reversals() {
    let world = World::new().await;
    let seller = world.seller().await;
    create(&world, "p", "seller_without_balance, transfer_reversed_elsewhere").await.unwrap();
    create(&world, "q", "").await.unwrap();
    let transfer = async |key: &str, group: &str| {
        let form = [("amount", "100"), ("currency", "usd"), ("destination", &*seller), ("transfer_group", group)];
        world.form("/v1/transfers", Some(key), &form).await
    };
    assert_eq!(transfer("q", "q").await.status, 200);
    assert_eq!(transfer("p", "p").await.refusal().1, "balance_insufficient");
    let id = transfer("p:2", "p").await.json()["id"].as_str().unwrap().to_owned();
    let reversal = world.form(&format!("/v1/transfers/{id}/reversals"), Some("r"), &[("amount", "100")]).await;
    assert!(reversal.text.contains("already fully reversed"));
}
