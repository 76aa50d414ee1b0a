//! What an on-call engineer meets: a database that is locked, rows from before, sellers who come back, work that waits.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza_domain::settlement::{Change, OrderFile};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Person, Store, World, assert_books_agree, euros};

/// An order that is paid, and the PSP's message of it, which is held back.
async fn paid_and_not_told(world: &World, buyer: &Person, product: &str) -> (String, String) {
    world.sandbox.hold_webhooks(true).unwrap();
    let order = buyer.order(&[product]).await["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(&order).unwrap();
    let event = world.sandbox.webhooks().into_iter().find(|event| event.event_type == "payment_succeeded").unwrap();
    (order, event.body)
}

#[tokio::test]
async fn a_locked_database_answers_503_and_nothing_is_half_done() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    let (order, message) = paid_and_not_told(&world, &buyer, &product).await;

    let held = world.hold_writes();
    buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": product}]})).await.problem(503, "storage_unavailable");
    world.webhook(&message).await.problem(503, "storage_unavailable");
    assert_eq!(buyer.get_order(&order).await["status"], "pending", "reading goes on");
    drop(held);

    assert_eq!(buyer.get("/api/v1/marketplace/orders").await.ok(200)["items"].as_array().unwrap().len(), 1, "nothing half done");
    assert_eq!(world.webhook(&message).await.ok(200)["result"], "ok", "the PSP sends it again");
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Whose message it is can't be looked up: the PSP is to send it again, and not to take it for one that is nobody's.
#[tokio::test]
async fn a_message_that_can_not_be_looked_up_is_not_skipped() {
    let world = World::on(Store::Sqlite, &[]).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    let (order, message) = paid_and_not_told(&world, &buyer, &product).await;
    let db = rusqlite::Connection::open(world.data_dir().join("veza.db")).unwrap();
    db.execute_batch("ALTER TABLE orders RENAME TO gone").unwrap();
    world.webhook(&message).await.problem(503, "storage_unavailable");
    db.execute_batch("ALTER TABLE gone RENAME TO orders").unwrap();
    assert_eq!(world.webhook(&message).await.ok(200)["result"], "ok");
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_full_database_answers_503_and_nothing_is_half_done() {
    let world = World::on(Store::Sqlite, &[("SQLITE_MAX_PAGE_COUNT", "260")]).await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let product = seller.product(euros(0)).await;
    let wish = json!({"items": [{"product_id": product}]});
    let mut made = 0;
    let refused = loop {
        let answer = buyer.post("/api/v1/marketplace/orders", wish.clone()).await;
        if answer.status != 201 {
            break answer;
        }
        made += 1;
        assert!(made < 5_000, "the file grows without end");
    };
    refused.problem(503, "storage_unavailable");
    let world = world.restarted(&[]).await;
    let (buyer, seller) = (buyer.moved_to(&world), seller.moved_to(&world));
    let licences = world
        .running
        .app()
        .store
        .licences_of_buyer(buyer.user_id(), veza_ports::storage::Page { limit: 10_000, before: None })
        .await
        .unwrap();
    assert_eq!(licences.len(), made, "each order that was answered has its licence, the refused one has nothing");
    seller.product(euros(100)).await;
    world.stop().await;
}

#[tokio::test]
async fn a_reversal_of_a_transfer_without_an_id_makes_no_call() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    // Connect's message about it would bring the id.
    world.lose_every_stripe_webhook();
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    // As a row from before ids were kept.
    let changed = |file: &OrderFile| {
        let mut row = file.transfers[0].clone();
        row.stripe_transfer_id = None;
        Change::Transfer(row)
    };
    world.rewrite(&order, changed).await;

    buyer.refund(&order, json!({})).await;
    buyer.until_order(&world, &order, "refunded").await;
    seller.until_transfer(&world, &order, "permanently_failed").await;
    assert!(world.sandbox.books().reversals.is_empty(), "no call");
    let admin = world.admin().await;
    let waiting = admin.get("/api/v1/admin/attention").await.ok(200);
    assert_eq!(waiting["items"][0]["class"], "reversal_permanently_failed", "{waiting}");
    assert_eq!(seller.get("/api/v1/seller/balance").await.ok(200)["owed"][0]["amount"], 900);
    world.stop().await;
}

/// Nobody is paid for refunded goods; but what may have been sent is looked for first, and taken back.
#[tokio::test]
async fn a_share_of_unknown_outcome_is_found_and_taken_back_when_its_order_is_refunded() {
    let world = World::with(&[("TRANSFER_RETRY_BACKOFF_BASE", "2s"), ("TRANSFER_RETRY_BACKOFF_MAX", "2s")]).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    world.lose_every_stripe_webhook();
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::AnswerLost)).unwrap();
    let order = buyer.buy(&world, &[&product]).await;
    world.until("the call", || async { (world.sandbox.books().transfers.len() == 1).then_some(()) }).await;
    buyer.refund(&order, json!({})).await;
    buyer.until_order(&world, &order, "refunded").await;
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_seller_who_comes_back_from_onboarding_is_paid_what_waited() {
    let world = World::with(&[("TRANSFER_RETRY_BACKOFF_MAX", "1h")]).await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned();
    let done = world.url(&format!("/seller/onboarding/done?seller={}", seller.id));
    let page = world.http.get(&done).send().await.unwrap();
    assert!(page.status().is_success() && page.text().await.unwrap().contains("still wants something"));
    world.sandbox.set_account(&account, Some("active"), None).unwrap();
    let page = world.http.get(&done).send().await.unwrap();
    assert!(page.text().await.unwrap().contains("can receive transfers"));
    seller.until_transfer(&world, &order, "completed").await;
    let stranger = world.url("/seller/onboarding/done?seller=00000000-0000-7000-8000-000000000000");
    assert_eq!(world.http.get(stranger).send().await.unwrap().status(), 404);
    world.stop().await;
}

#[tokio::test]
async fn a_provider_that_does_not_know_us_is_flagged_and_everything_goes_on_by_itself() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    world.sandbox.script(Script::new(Op::Hyperswitch, Fault::Unavailable).times(0)).unwrap();
    let order = buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": product}]})).await;
    let order = order.problem(503, "payment_provider_unavailable")["order_id"].as_str().unwrap().to_owned();
    let health = admin.get("/health/deep").await;
    assert_ne!(health.body["status"], "ok", "{:#}", health.body);
    world.sandbox.clear_scripts().unwrap();
    let open = || async { buyer.get_order(&order).await["payment"]["client_secret"].is_string().then_some(()) };
    world.until("the payment opened by the worker", open).await;
    world.sandbox.pay(&order).unwrap();
    buyer.until_order(&world, &order, "completed").await;
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refund_of_a_line_that_the_order_does_not_have_is_refused() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let wish = json!({"item_ids": ["00000000-0000-7000-8000-000000000000"]});
    buyer.post(&format!("/api/v1/marketplace/orders/{order}/refund"), wish).await.problem(422, "validation_failed");
    world.stop().await;
}
