//! The reconciler, end to end (spec/01-money §8, §11): the message that never came, the read that fails, the orphan.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza_domain::refund::Refund;
use veza_domain::settlement::{Change, OrderFile};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Person, World, assert_books_agree, euros};

/// Everything is stuck at once, and the worker leaves it to the button.
const AT_ONCE: &[(&str, &str)] = &[
    ("RECONCILE_WORKER_ENABLED", "false"),
    ("PROVIDER_TIMEOUT", "1s"),
    ("RECONCILE_ORDER_STUCK_AFTER", "0s"),
    ("RECONCILE_REFUND_STUCK_AFTER", "0s"),
    ("RECONCILE_REFUND_ORPHAN_AFTER", "0s"),
];

async fn reconcile(admin: &Person) -> Value {
    admin.post("/api/v1/admin/reconcile", Value::Null).await.ok(200)
}

/// Passes until one does this with a row of the class: a row that was just looked at is left alone for a while.
async fn reconcile_until(world: &World, admin: &Person, class: &str, done: &str) -> Value {
    let pass = || async {
        let report = reconcile(admin).await;
        (report[class][done] != json!(0)).then_some(report)
    };
    world.until(&format!("{class} {done}"), pass).await
}

async fn refund_row(buyer: &Person, order: &str) -> Value {
    buyer.get(&format!("/api/v1/marketplace/orders/{order}/refunds")).await.ok(200)["items"][0].clone()
}

#[tokio::test]
async fn a_stuck_order_settles() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    world.lose_every_webhook();
    let order = buyer.placed(&product).await;
    world.sandbox.pay(&order).unwrap();
    assert_eq!(buyer.get_order(&order).await["status"], "pending", "the message was lost");

    let report = reconcile(&admin).await;
    assert_eq!((&report["orders"]["settled"], &report["orders"]["errors"]), (&json!(1), &json!(0)), "{report:#}");
    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    seller.until_transfer(&world, &order, "completed").await;
    let again = reconcile(&admin).await;
    assert_eq!(again["orders"]["seen"], 0, "all terminal: nothing done");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Looks that find nothing new leave one line in the timeline, and not one each.
#[tokio::test]
async fn looks_that_found_nothing_are_told_in_one_line() {
    let world = World::with(&[("RECONCILE_INTERVAL", "100ms"), ("RECONCILE_ORDER_STUCK_AFTER", "0s"), ("PROVIDER_TIMEOUT", "1s")]).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.placed(&seller.product(euros(1_000)).await).await;
    let path = format!("/api/v1/admin/orders/{order}/timeline");
    let looks = || async {
        let items = admin.get(&path).await.ok(200)["items"].as_array().unwrap().clone();
        let texts = items.iter().filter(|item| item["kind"] == "job").map(|item| item["text"].as_str().unwrap().to_owned());
        // A look may come between the order and its payment's call: that call is told of in a line of its own.
        let told: Vec<String> = texts.filter(|text| text.starts_with("payment of order")).collect();
        (!told.is_empty()).then_some(told)
    };
    let told = world.until("the look", looks).await;
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].starts_with(&format!("payment of order {order} looked at ")) && told[0].contains(": nothing new; again at 20"),
        "{told:?}"
    );
    // Its tick is counted like any other worker's.
    for (name, label, worker) in [
        ("veza_worker_batches_total", ("result", "ok"), "reconcile"),
        ("veza_worker_rows_total", ("outcome", "nothing"), "reconcile"),
        ("veza_worker_batches_total", ("result", "ok"), "webhook_log_sweep"),
    ] {
        let counted = || async { world.metrics().await.get(name, &[label, ("worker", worker)]).filter(|count| *count >= 1.0) };
        world.until(name, counted).await;
    }
    world.sandbox.pay(&order).unwrap();
    buyer.until_order(&world, &order, "completed").await;
    assert_eq!(looks().await, None, "it is over: nobody looks any more");
    world.stop().await;
}

#[tokio::test]
async fn the_worker_does_it_by_itself() {
    let world = World::with(&[("RECONCILE_INTERVAL", "100ms"), ("RECONCILE_ORDER_STUCK_AFTER", "0s")]).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    world.lose_every_webhook();
    let order = buyer.placed(&product).await;
    world.sandbox.pay(&order).unwrap();
    buyer.until_order(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn recent_completed_and_open_orders_are_untouched() {
    let world = World::with(&[("RECONCILE_WORKER_ENABLED", "false")]).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    let completed = buyer.buy(&world, &[&product]).await;
    world.lose_every_webhook();
    let recent = buyer.placed(&product).await;
    world.sandbox.pay(&recent).unwrap();
    let report = reconcile(&admin).await;
    assert_eq!(report["orders"]["seen"], 0, "{report:#}");
    assert_eq!(buyer.get_order(&recent).await["status"], "pending");
    assert_eq!(buyer.get_order(&completed).await["status"], "completed");
    world.stop().await;
}

#[tokio::test]
async fn an_order_that_is_not_paid_yet_waits() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.placed(&seller.product(euros(1_000)).await).await;
    let report = reconcile(&admin).await;
    assert_eq!((&report["orders"]["seen"], &report["orders"]["skipped"]), (&json!(1), &json!(1)), "{report:#}");
    assert_eq!(buyer.get_order(&order).await["status"], "pending");
    world.stop().await;
}

#[tokio::test]
async fn an_order_that_was_never_sent_is_the_effect_workers() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::RequestLost).times(0)).unwrap();
    let answer = buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": product}]})).await;
    let order = answer.problem(503, "payment_provider_unavailable")["order_id"].as_str().unwrap().to_owned();
    let report = reconcile(&admin).await;
    assert_eq!((&report["orders"]["failed"], &report["orders"]["skipped"]), (&json!(0), &json!(1)), "{report:#}");
    assert_eq!(buyer.get_order(&order).await["status"], "pending", "nothing was given up");
    world.stop().await;
}

#[tokio::test]
async fn a_payment_that_the_psp_does_not_know_ends_the_order() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.placed(&seller.product(euros(1_000)).await).await;
    world.sandbox.script(Script::new(Op::ReadPayment, Fault::NotFound).times(2)).unwrap(); // a synced read and a plain one
    let report = reconcile(&admin).await;
    assert_eq!(report["orders"]["failed"], 1, "{report:#}");
    assert_eq!(buyer.get_order(&order).await["status"], "failed");
    // It was there after all, and the buyer pays: failed orders of the last day are read as well.
    world.lose_every_webhook();
    world.sandbox.pay(&order).unwrap();
    reconcile_until(&world, &admin, "orders", "settled").await;
    assert_eq!(buyer.get_order(&order).await["status"], "completed", "the PSP holds the money, so the buyer gets the goods");
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_read_error_of_any_kind_leaves_the_row_and_the_next_pass_settles_it() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    world.lose_every_webhook();
    let order = buyer.placed(&product).await;
    world.sandbox.pay(&order).unwrap();
    for fault in [Fault::RequestLost, Fault::AnswerLost, Fault::ErrorBeforeEffect, Fault::BadGateway, Fault::RateLimited] {
        world.sandbox.script(Script::new(Op::ReadPayment, fault).times(0)).unwrap();
        let report = reconcile_until(&world, &admin, "orders", "seen").await;
        assert_eq!((&report["orders"]["settled"], &report["orders"]["errors"]), (&json!(0), &json!(1)), "{fault:?} {report:#}");
        assert_eq!(buyer.get_order(&order).await["status"], "pending", "{fault:?}");
        world.sandbox.clear_scripts().unwrap();
        world.lose_every_webhook();
    }
    reconcile_until(&world, &admin, "orders", "settled").await;
    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_stuck_refund_succeeds_and_fails_with_its_message() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    let (kept, given) = (buyer.buy(&world, &[&product]).await, buyer.buy(&world, &[&product]).await);
    for order in [&kept, &given] {
        seller.until_transfer(&world, order, "completed").await;
    }
    world.lose_every_webhook();
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundPending).times(2)).unwrap();
    let (failing, succeeding) = (buyer.refund(&kept, json!({})).await, buyer.refund(&given, json!({})).await);
    world.sandbox.fail_refund(&failing).unwrap();
    world.sandbox.succeed_refund(&succeeding).unwrap();

    let report = reconcile(&admin).await;
    assert_eq!((&report["refunds"]["settled"], &report["refunds"]["failed"]), (&json!(1), &json!(1)), "{report:#}");
    assert_eq!(buyer.get_order(&kept).await["status"], "completed");
    assert_eq!(buyer.get_order(&given).await["status"], "refunded");
    let failed = refund_row(&buyer, &kept).await;
    assert_eq!(failed["status"], "failed");
    assert!(failed["error_message"].as_str().is_some_and(|message| !message.is_empty()), "{failed}");
    seller.until_transfer(&world, &given, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// A pending refund whose call was made by a process that died before it heard anything: no PSP id, the effect done with.
async fn orphan(world: &World, buyer: &Person, order: &str) -> String {
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundPending)).unwrap();
    let id = buyer.refund(order, json!({})).await;
    forget_psp_id(world, order, &id).await;
    id
}

async fn forget_psp_id(world: &World, order: &str, refund_id: &str) {
    let forgotten = |file: &OrderFile| {
        let row = file.refunds.iter().find(|row| row.id.to_string() == refund_id).unwrap();
        Change::Refund(Refund { psp_refund_id: None, ..row.clone() })
    };
    world.rewrite(order, forgotten).await;
}

#[tokio::test]
async fn an_orphan_that_the_psp_knows_is_adopted_and_settled() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    world.lose_every_webhook();
    let id = orphan(&world, &buyer, &order).await;
    let adopted = || async {
        reconcile(&admin).await;
        (refund_row(&buyer, &order).await["psp_refund_id"] == json!(id)).then_some(())
    };
    world.until("the PSP's id, by asking for the one we chose", adopted).await;
    world.sandbox.succeed_refund(&id).unwrap();
    reconcile_until(&world, &admin, "refunds", "settled").await;
    assert_eq!(buyer.get_order(&order).await["status"], "refunded");
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn an_orphan_that_the_psp_does_not_know_fails_and_the_order_is_given_back() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RequestLost).times(0)).unwrap();
    let id = buyer.refund(&order, json!({})).await;
    assert_eq!(buyer.get_order(&order).await["status"], "refund_pending");
    reconcile_until(&world, &admin, "orphan_refunds", "failed").await;
    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    assert_eq!(refund_row(&buyer, &order).await["status"], "failed");
    let waiting = admin.get("/api/v1/admin/attention").await.ok(200);
    let entry = waiting["items"].as_array().unwrap().iter().find(|entry| entry["id"] == json!(id)).unwrap().clone();
    assert_eq!(entry["class"], "orphan_refund_failed");
    // Nobody sends it afterwards, and the buyer may ask again.
    world.sandbox.clear_scripts().unwrap();
    buyer.refund(&order, json!({})).await;
    buyer.until_order(&world, &order, "refunded").await;
    assert!(world.sandbox.books().refund(&id).is_none(), "the one that was given up was never carried out");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// As long as the call that asks for it may be under way, that the PSP does not have it says nothing.
#[tokio::test]
async fn an_orphan_whose_call_may_be_under_way_is_not_given_up() {
    let world = World::with(&[AT_ONCE, &[("PROVIDER_TIMEOUT", "60s")]].concat()).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RequestLost).times(0)).unwrap();
    buyer.refund(&order, json!({})).await;
    let report = reconcile(&admin).await;
    assert_eq!((&report["orphan_refunds"]["seen"], &report["orphan_refunds"]["failed"]), (&json!(1), &json!(0)), "{report:#}");
    assert_eq!(buyer.get_order(&order).await["status"], "refund_pending");
    world.stop().await;
}

#[tokio::test]
async fn a_recent_orphan_is_untouched() {
    let world = World::with(&[("RECONCILE_WORKER_ENABLED", "false")]).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RequestLost).times(0)).unwrap();
    buyer.refund(&order, json!({})).await;
    assert_eq!(reconcile(&admin).await["orphan_refunds"]["seen"], 0);
    assert_eq!(buyer.get_order(&order).await["status"], "refund_pending");
    world.stop().await;
}

#[tokio::test]
async fn a_transfer_of_unknown_outcome_is_looked_up_and_never_sent_from_here() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::AnswerLost)).unwrap();
    let order = buyer.buy(&world, &[&product]).await;
    // Its own worker looks as well: whoever comes first, it is paid once.
    let settled = world
        .until("the transfer", || async {
            reconcile(&admin).await;
            seller.transfers().await.into_iter().find(|transfer| transfer["status"] == "completed")
        })
        .await;
    assert_eq!(settled["order_id"], json!(order));
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The workers try again in an hour; the button settles before, and says so.
#[tokio::test]
async fn what_connect_has_of_a_lost_answer_is_told_as_settled() {
    let patient = [
        ("TRANSFER_RETRY_BACKOFF_BASE", "1h"),
        ("TRANSFER_RETRY_BACKOFF_MAX", "1h"),
        ("REVERSAL_BACKOFF_BASE", "1h"),
        ("REVERSAL_BACKOFF_MAX", "1h"),
    ];
    let world = World::with(&[AT_ONCE, &patient].concat()).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::AnswerLost)).unwrap();
    world.sandbox.script(Script::new(Op::CreateReversal, Fault::AnswerLost)).unwrap();
    world.lose_every_webhook();
    world.lose_every_stripe_webhook();
    let order = buyer.placed(&product).await;
    world.sandbox.pay(&order).unwrap();
    let until = async |status: &str| {
        let pass = || async {
            reconcile(&admin).await;
            (seller.transfers().await.first()?["status"] == status).then_some(())
        };
        world.until(status, pass).await;
    };
    until("completed").await;
    buyer.refund(&order, json!({})).await;
    until("reversed").await;
    for class in ["transfer", "reversal"] {
        let settled = [("class", class), ("outcome", "settled")];
        assert_eq!(world.metrics().await.get("veza_reconciled_rows_total", &settled), Some(1.0), "{class}");
    }
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn two_who_press_the_button_at_once_settle_once() {
    let world = World::with(AT_ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    world.lose_every_webhook();
    let mut orders = Vec::new();
    for _ in 0..12 {
        let order = buyer.placed(&product).await;
        world.sandbox.pay(&order).unwrap();
        orders.push(order);
    }
    let (one, other) = tokio::join!(reconcile(&admin), reconcile(&admin));
    let settled = |report: &Value| report["orders"]["settled"].as_u64().unwrap();
    assert_eq!(settled(&one) + settled(&other), 12, "{one:#} {other:#}");
    for order in &orders {
        assert_eq!(buyer.get_order(order).await["status"], "completed");
        seller.until_transfer(&world, order, "completed").await;
    }
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn only_an_admin_may() {
    let world = World::start().await;
    let buyer = world.buyer().await;
    buyer.post("/api/v1/admin/reconcile", Value::Null).await.problem(403, "admin_only");
    world.stop().await;
}
