//! What operators see and do (spec/01-money §7, §8; spec/07-operations): the webhook log, timelines, the list of what waits, transfers by
//! hand, the audit.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza::usecases::audit::{self, Difference, Listener, Period, Progress};
use veza_domain::time::Timestamp;
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Person, World, assert_books_agree, euros};

async fn items(admin: &Person, path: &str) -> Vec<Value> {
    admin.get(path).await.ok(200)["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn a_lost_message_is_found_in_the_log_and_replayed() {
    let world = World::with(&[("RECONCILE_WORKER_ENABLED", "false")]).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    world.raw_webhook(b"{}".to_vec(), Some("00")).await.problem(401, "signature_invalid");

    let log = items(&admin, "/api/v1/admin/webhooks?event_type=payment_succeeded").await;
    assert_eq!((log.len(), &log[0]["order_id"], &log[0]["sender"]), (1, &json!(order), &json!("hyperswitch")));
    let id = log[0]["id"].as_str().unwrap();
    let before = seller.transfers().await;
    let answer = admin.post(&format!("/api/v1/admin/webhooks/{id}/replay"), Value::Null).await.ok(200);
    assert_eq!(answer["result"], "ok");
    assert_eq!(seller.transfers().await, before, "a replay of what was settled changes nothing");
    assert_eq!(items(&admin, "/api/v1/admin/webhooks?event_type=payment_succeeded").await.len(), 1, "and is no delivery");

    let forged =
        world.until("the refused delivery", || async { items(&admin, "/api/v1/admin/webhooks?signature_valid=false").await.pop() }).await;
    let id = forged["id"].as_str().unwrap();
    admin.post(&format!("/api/v1/admin/webhooks/{id}/replay"), Value::Null).await.problem(409, "signature_invalid");
    let done = items(&admin, "/api/v1/admin/actions").await;
    assert_eq!((done.len(), &done[0]["action"], &done[0]["order_id"]), (1, &json!("replay_webhook"), &json!(order)));
    world.stop().await;
}

#[tokio::test]
async fn a_timeline_tells_the_whole_story_in_time_order() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::AnswerLost)).unwrap();
    buyer.refund(&order, json!({})).await;
    buyer.until_order(&world, &order, "refunded").await;
    seller.until_transfer(&world, &order, "reversed").await;

    let story = items(&admin, &format!("/api/v1/admin/orders/{order}/timeline")).await;
    let times: Vec<&str> = story.iter().map(|item| item["at"].as_str().unwrap()).collect();
    assert!(times.is_sorted(), "{story:#?}");
    let tells = |kind: &str, words: &str| {
        let found = story.iter().any(|item| item["kind"] == kind && item["text"].as_str().unwrap().contains(words));
        assert!(found, "{kind}: {words} is missing in {story:#?}");
    };
    tells("human", "order placed");
    tells("call", "create_payment");
    tells("call", "answered by the PSP");
    tells("webhook", "payment_succeeded");
    tells("ledger", "order_completed");
    tells("call", "sent to Connect, key transfer:");
    tells("call", "done at Connect as tr_");
    tells("ledger", "transfer_completed");
    tells("human", "asked for by");
    tells("call", "outcome unknown");
    tells("webhook", "refund_succeeded");
    tells("ledger", "refund_succeeded");
    tells("call", "sent to Connect, key reversal:");
    tells("ledger", "reversal_done");
    for item in &story {
        let text = item["text"].as_str().unwrap();
        assert!(!text.contains("_secret_"), "no secrets: {text}");
    }
    buyer.get(&format!("/api/v1/admin/orders/{order}/timeline")).await.problem(403, "admin_only");
    world.stop().await;
}

/// A share that waits is looked at again and again, and told of once.
#[tokio::test]
async fn what_waits_is_told_once_in_the_timeline() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.creator().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let later = [("outcome", "later"), ("worker", "transfers")];
    let looked = || async { (world.metrics().await.get("veza_worker_rows_total", &later) >= Some(3.0)).then_some(()) };
    world.until("three looks", looked).await;
    let story = items(&admin, &format!("/api/v1/admin/orders/{order}/timeline")).await;
    let told = story.iter().filter(|item| item["text"].as_str().unwrap().contains("waits: account_not_ready")).count();
    assert_eq!(told, 1, "{story:#?}");
    world.stop().await;
}

/// A sale whose transfer Connect refuses for good.
async fn refused_for_good(world: &World) -> (Person, Person, String, Value) {
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::NotFound).times(0)).unwrap();
    let order = buyer.buy(world, &[&seller.product(euros(1_000)).await]).await;
    let transfer = seller.until_transfer(world, &order, "permanently_failed").await;
    world.sandbox.clear_scripts().unwrap();
    (seller, buyer, order, transfer)
}

#[tokio::test]
async fn a_transfer_that_was_given_up_is_replaced_once() {
    let world = World::with(&[("TRANSFER_RETRY_MAX_RETRIES", "0")]).await;
    let admin = world.admin().await;
    let (seller, _, order, transfer) = refused_for_good(&world).await;
    let id = transfer["id"].as_str().unwrap();
    let waiting = items(&admin, "/api/v1/admin/attention").await;
    let entry = waiting.iter().find(|entry| entry["id"] == id).expect("it waits on a person");
    assert_eq!(entry["class"], "transfer_permanently_failed");
    let how = entry["how"].as_str().unwrap().strip_prefix("POST ").unwrap().to_owned();

    let (one, other) = tokio::join!(admin.post(&how, Value::Null), admin.post(&how, Value::Null));
    let statuses = [one.status.min(other.status), one.status.max(other.status)];
    assert_eq!(statuses, [200, 409], "two operators, one action");
    let paid = seller.until_transfer(&world, &order, "completed").await;
    assert_eq!((&paid["replaces"], &paid["amount"]), (&json!(id), &transfer["amount"]));
    assert!(items(&admin, "/api/v1/admin/attention").await.iter().all(|entry| entry["id"] != id), "nothing waits any more");
    admin.post(&how, Value::Null).await.problem(409, "transfer_not_replaceable");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refused_transfer_is_tried_again_by_hand_and_keeps_its_id() {
    let world = World::with(&[("TRANSFER_RETRY_BACKOFF_BASE", "1h"), ("TRANSFER_RETRY_BACKOFF_MAX", "2h")]).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::NotFound)).unwrap();
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let failed = seller.until_transfer(&world, &order, "failed").await;
    let path = format!("/api/v1/admin/transfers/{}/retry", failed["id"].as_str().unwrap());
    buyer.post(&path, Value::Null).await.problem(403, "admin_only");
    admin.post(&path, Value::Null).await.ok(200);
    let paid = seller.until_transfer(&world, &order, "completed").await;
    assert!(paid["stripe_transfer_id"].as_str().unwrap().starts_with("tr_"), "the id is kept on an admin's retry as well");
    admin.post(&path, Value::Null).await.problem(409, "transfer_not_retryable");
    admin.post("/api/v1/admin/transfers/00000000-0000-7000-8000-000000000000/retry", Value::Null).await.problem(404, "transfer_not_found");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn an_entry_is_resolved_once_and_stays_in_the_audit_log() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    world.sandbox.refund_from_dashboard(&order, Some(100)).unwrap();
    let look = || async { items(&admin, "/api/v1/admin/attention").await.into_iter().find(|entry| entry["class"] == "external_refund") };
    let entry = world.until("the external refund", look).await;
    let path = format!("/api/v1/admin/attention/{}/external_refund/resolve", entry["id"].as_str().unwrap());
    let answer = admin.post(&path, json!({"note": "support did it"})).await;
    assert_eq!(answer.status, 204);
    admin.post(&path, json!({})).await.problem(404, "attention_not_found");
    let action = items(&admin, "/api/v1/admin/actions").await.remove(0);
    assert_eq!((&action["action"], &action["order_id"]), (&json!("resolve_attention"), &json!(order)));
    assert!(action["detail"].as_str().unwrap().contains("support did it"));
    assert_books_agree(&world).await;
    world.stop().await;
}

#[derive(Default)]
struct Heard {
    differences: Vec<Difference>,
}

impl Listener for Heard {
    fn found(&mut self, difference: &Difference) {
        self.differences.push(difference.clone());
    }

    fn progress(&mut self, _: &Progress) {}
}

async fn audited(world: &World, import: bool) -> Heard {
    let mut heard = Heard::default();
    let app = world.running.app();
    let period = Period { since: Timestamp(0), until: app.now() };
    let progress = audit::run(app, period, import, &[], &mut heard).await.unwrap();
    assert_eq!(progress.orders, progress.orders_done);
    assert_eq!(progress.differences, heard.differences.len() as u64);
    heard
}

#[tokio::test]
async fn the_audit_finds_nothing_in_good_books_and_every_planted_difference() {
    let world = World::with(&[("RECONCILE_WORKER_ENABLED", "false")]).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    let mut orders = Vec::new();
    for _ in 0..4 {
        let order = buyer.buy(&world, &[&product]).await;
        seller.until_transfer(&world, &order, "completed").await;
        orders.push(order);
    }
    assert_books_agree(&world).await;
    assert_eq!(audited(&world, false).await.differences, [], "good books");

    // Every message is lost: a paid order, a refund from the dashboard, a reversal from the dashboard.
    for side in [Op::Webhook, Op::StripeWebhook] {
        world.sandbox.script(Script::new(side, Fault::WebhookLost).times(0)).unwrap();
    }
    let unheard = buyer.order(&[&product]).await["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(&unheard).unwrap();
    world.sandbox.refund_from_dashboard(&orders[0], Some(100)).unwrap();
    let transfers = seller.transfers().await;
    let of = |order: &str| {
        transfers.iter().find(|transfer| transfer["order_id"] == order).unwrap()["stripe_transfer_id"].as_str().unwrap().to_owned()
    };
    world.sandbox.reverse_transfer(&of(&orders[1]), Some(50)).unwrap();

    let found = audited(&world, false).await.differences;
    let mut codes: Vec<&str> = found.iter().map(|difference| difference.code).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["payment_status", "refund_unknown", "transfer"], "{found:#?}");
    assert_eq!(audited(&world, false).await.differences, found, "it changes nothing by itself");

    audited(&world, true).await;
    assert_eq!(buyer.get_order(&unheard).await["status"], "completed", "what it found went into the code that settles messages");
    assert_eq!(buyer.get_order(&orders[0]).await["status"], "partially_refunded");
    seller.until_transfer(&world, &unheard, "completed").await;
    assert_books_agree(&world).await;
    assert_eq!(audited(&world, false).await.differences, [], "good books again");
    world.stop().await;
}
