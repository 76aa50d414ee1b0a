//! What the monitoring sees: `/metrics` after a sale, without a database; and one log line per action of a worker, or of the reconciler.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Exposition, Lines, World, euros};

/// A sale with its transfer, and its refund with the reversal.
async fn sale_and_refund(world: &World) -> String {
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(world, &order, "completed").await;
    buyer.refund(&order, json!({})).await;
    buyer.until_order(world, &order, "refunded").await;
    seller.until_transfer(world, &order, "reversed").await;
    order
}

/// Asks until the backlog is read anew and `seen` holds.
async fn until(world: &World, what: &str, seen: impl Fn(&Exposition) -> bool) -> Exposition {
    world
        .until(what, || async {
            let scraped = world.metrics().await;
            seen(&scraped).then_some(scraped)
        })
        .await
}

#[tokio::test]
async fn a_sale_moves_the_counters() {
    let world = World::start().await;
    let before = world.metrics().await;
    assert_eq!(before.get("veza_settlements_total", &[("verdict", "settled")]), Some(0.0), "there before it is needed");
    sale_and_refund(&world).await;
    world.raw_webhook(b"{}".to_vec(), None).await.problem(401, "signature_invalid");
    world.raw_webhook(vec![b' '; 64 * 1024 + 1], None).await.problem(413, "body_too_large");
    // A row counts once its worker has put it down, a moment after its outcome is stored.
    let reversals = [("outcome", "done"), ("worker", "reversals")];
    let after = until(&world, "a reversal done", |scraped| scraped.get("veza_worker_rows_total", &reversals) == Some(1.0)).await;

    let grown = |name: &str, labels: &[(&str, &str)]| after.get(name, labels).unwrap_or(0.0) - before.get(name, labels).unwrap_or(0.0);
    let route = [("method", "POST"), ("route", "/api/v1/marketplace/orders/{id}/refund"), ("status", "2xx")];
    assert_eq!(grown("veza_http_requests_total", &route), 1.0);
    assert_eq!(grown("veza_http_request_duration_seconds_count", &route), 1.0);
    let delivery = |result| grown("veza_webhook_deliveries_total", &[("result", result), ("sender", "hyperswitch")]);
    assert!(delivery("ok") >= 2.0, "the payment's and the refund's");
    assert_eq!((delivery("signature_invalid"), delivery("too_large"), delivery("not_stored")), (1.0, 1.0, 0.0));
    // The payment, the refund, the transfer, the reversal.
    assert!(grown("veza_settlements_total", &[("verdict", "settled")]) >= 4.0, "{after:?}");
    assert_eq!(grown("veza_settlements_total", &[("verdict", "amount_mismatch")]), 0.0);
    for (provider, operation) in [
        ("hyperswitch", "create_payment"),
        ("hyperswitch", "create_refund"),
        ("stripe", "create_account"),
        ("stripe", "create_transfer"),
        ("stripe", "create_reversal"),
    ] {
        let called = grown("veza_provider_calls_total", &[("operation", operation), ("outcome", "ok"), ("provider", provider)]);
        assert_eq!(called, 1.0, "{operation}");
        let timed = grown("veza_provider_call_duration_seconds_count", &[("operation", operation), ("provider", provider)]);
        assert_eq!(timed, 1.0, "{operation}");
        let refused = [("operation", operation), ("outcome", "refused"), ("provider", provider)];
        assert_eq!(before.get("veza_provider_calls_total", &refused), Some(0.0), "{operation}");
    }
    for worker in ["transfers", "reversals"] {
        assert_eq!(grown("veza_worker_rows_total", &[("outcome", "done"), ("worker", worker)]), 1.0, "{worker}");
        assert!(grown("veza_worker_batches_total", &[("result", "ok"), ("worker", worker)]) >= 1.0, "{worker}");
    }
    world.stop().await;
}

#[tokio::test]
async fn an_invoice_that_is_paid_is_counted() {
    let world = World::start().await;
    let person = world.buyer().await;
    let paid = [("reason", "first"), ("status", "paid")];
    assert_eq!(world.metrics().await.get("veza_invoices_total", &paid), Some(0.0), "there before it is needed");
    let chosen = person.post("/api/v1/subscriptions/subscribe", json!({"plan": "creator"})).await.ok(201);
    world.sandbox.pay(chosen["payment"]["payment_id"].as_str().unwrap()).unwrap();
    let scraped = until(&world, "a paid invoice", |scraped| scraped.get("veza_invoices_total", &paid) == Some(1.0)).await;
    assert!(scraped.get("veza_subscriptions_total", &[("status", "active")]) >= Some(1.0));
    world.stop().await;
}

#[tokio::test]
async fn how_things_stand_is_there_too() {
    let world = World::start().await;
    let started_before = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs_f64();
    let ran = |scraped: &Exposition, worker| scraped.get("veza_worker_last_run_age_seconds", &[("worker", worker)]).is_some();
    let workers = ["effects", "transfers", "reversals", "sweep"];
    let scraped = until(&world, "every worker's first run", |scraped| workers.iter().all(|worker| ran(scraped, worker))).await;
    for (labels, age) in scraped.of("veza_worker_last_run_age_seconds") {
        assert!((0.0..60.0).contains(&age), "{labels:?} {age}");
    }
    assert_eq!(scraped.get("veza_build_info", &[("version", env!("CARGO_PKG_VERSION"))]), Some(1.0));
    assert_eq!(scraped.get("veza_database_up", &[]), Some(1.0));
    assert_eq!(scraped.get("veza_refused_deliveries_overflowed_total", &[]), Some(0.0));
    let started = scraped.get("veza_process_start_time_seconds", &[]).unwrap();
    assert!(started <= started_before && started > started_before - 60.0, "{started}");
    assert!(scraped.families().all(|family| family.starts_with("veza_")));
    world.stop().await;
}

#[tokio::test]
async fn work_that_waits_grows_old() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let waits = [("class", "transfers")];
    let scraped = until(&world, "a transfer that waits", |scraped| scraped.get("veza_backlog_rows", &waits) == Some(1.0)).await;
    let age = scraped.get("veza_backlog_oldest_age_seconds", &waits).unwrap();
    assert_eq!(scraped.get("veza_backlog_oldest_age_seconds", &[("class", "attention")]), Some(0.0));
    let scraped = world.metrics().await;
    assert!(scraped.get("veza_backlog_oldest_age_seconds", &waits).unwrap() > age, "the rows may be a few seconds old, ages are not");
    let later = [("outcome", "later"), ("worker", "transfers")];
    until(&world, "a worker that puts it off", |scraped| scraped.get("veza_worker_rows_total", &later) >= Some(1.0)).await;
    world.stop().await;
}

#[tokio::test]
async fn a_provider_that_fails_is_seen() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::ErrorBeforeEffect)).unwrap();
    let order = buyer.buy(&world, &[&product]).await;
    seller.until_transfer(&world, &order, "completed").await;
    let scraped = world.metrics().await;
    let unknown = [("operation", "create_transfer"), ("outcome", "unknown"), ("provider", "stripe")];
    assert!(scraped.get("veza_provider_calls_total", &unknown) >= Some(1.0), "{scraped:?}");
    world.stop().await;
}

#[tokio::test]
async fn without_a_database_the_rest_is_there() {
    let (lines, _guard) = Lines::of_this_thread();
    let world = World::start().await;
    assert_eq!(world.metrics().await.get("veza_database_up", &[]), Some(1.0));
    let held = world.hold_reads();
    let down = |scraped: &Exposition| scraped.get("veza_database_up", &[]) == Some(0.0);
    let scraped = until(&world, "a database that is away", down).await;
    assert_eq!(scraped.of("veza_backlog_rows").count(), 0, "no stale backlog");
    assert!(scraped.sum("veza_http_requests_total") > 0.0);
    const SCRAPES: usize = 20;
    let words = ["metrics: the backlog can't be read", "metrics: reading the backlog took too long"];
    let asked = || words.iter().map(|words| lines.told(words).len()).sum::<usize>();
    let before = asked();
    for _ in 0..SCRAPES {
        world.metrics().await;
    }
    assert!(before > 0 && asked() - before < SCRAPES, "that it is away is remembered for a while: asked {} times", asked() - before);
    drop(held);
    world.stop().await;
}

/// What workers did.
fn actions(lines: &Lines) -> Vec<Value> {
    lines.told("worked")
}

#[tokio::test]
async fn every_worker_writes_one_line_per_action() {
    let (lines, _guard) = Lines::of_this_thread();
    let world = World::start().await;
    let order = sale_and_refund(&world).await;
    let of_reversals = || async { actions(&lines).into_iter().find(|line| line["worker"] == "reversals" && line["outcome"] == "done") };
    world.until("a reversal done", of_reversals).await;
    let of_order = |worker: &str| -> Vec<Value> {
        let actions = actions(&lines);
        actions.into_iter().filter(|line| line["worker"] == worker && line["order"] == order.as_str()).collect()
    };
    for (worker, what) in [("transfers", "send"), ("reversals", "take_back")] {
        let done: Vec<Value> = of_order(worker).into_iter().filter(|line| line["outcome"] == "done").collect();
        assert_eq!(done.len(), 1, "{worker}: {:?}", actions(&lines));
        assert_eq!(done[0]["what"], what);
        assert!(done[0]["id"].as_str().is_some_and(|id| id.len() == 36) && done[0]["ms"].is_f64(), "{}", done[0]);
    }
    let mails: Vec<Value> = actions(&lines).into_iter().filter(|line| line["what"] == "mail_verification").collect();
    assert_eq!(mails.len(), 2, "{:?}", actions(&lines));
    assert!(mails.iter().all(|line| line["worker"] == "effects" && line["outcome"] == "done" && line["order"].is_null()), "{mails:?}");
    world.stop().await;
}

/// A line per row that was ended, the worse the louder, and one per pass that saw something.
#[tokio::test]
async fn what_the_reconciler_did_stands_in_the_log() {
    let (lines, _guard) = Lines::of_this_thread();
    let settings = [("RECONCILE_WORKER_ENABLED", "false"), ("PROVIDER_TIMEOUT", "10m"), ("RECONCILE_REFUND_ORPHAN_AFTER", "1h")];
    let world = World::with(&settings).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    let given_back = buyer.buy(&world, &[&product]).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RequestLost)).unwrap();
    let orphan = buyer.refund(&given_back, json!({})).await;
    world.lose_every_webhook();
    let declined = buyer.placed(&product).await;
    world.sandbox.decline(&declined).unwrap();

    // Another process on the same books, for which everything is stuck; what its first pass has in hand its second leaves alone.
    world.reconcile_in_hours(2).await;
    world.reconcile_in_hours(2).await;
    let passes = lines.told("reconcile: pass over");
    let told: Vec<_> = passes.iter().map(|line| (&line["seen"], &line["failed"], &line["skipped"])).collect();
    assert_eq!(told, [(&json!(3), &json!(2), &json!(1))]);
    for (message, level, what, id) in [
        ("reconcile: ended as failed", "WARN", "pending order", declined),
        ("reconcile: orphan ended as failed, the order was given back", "ERROR", "orphan refund", orphan),
    ] {
        let told = lines.told(message);
        let of: Vec<_> = told.iter().map(|line| (&line["level"], &line["what"], &line["id"])).collect();
        assert_eq!(of, [(&json!(level), &json!(what), &json!(id))], "{message}");
    }
    world.stop().await;
}
