//! What sellers owe, and what others took from them (spec/01-money §5): the entries of the operators' list about it, each caused in the
//! sandbox and followed to its end by the on-call page.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Person, World, assert_books_agree, euros};

async fn balance(seller: &Person, what: &str) -> i64 {
    seller.get("/api/v1/seller/balance").await.ok(200)[what][0]["amount"].as_i64().unwrap()
}

/// Empties a seller's account at Connect: nothing can be taken back from it.
async fn emptied(world: &World, seller: &Person) {
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned();
    world.sandbox.payout(&account).unwrap();
}

/// A sale that is paid out and refunded, while the seller's account is empty; the seller owes 900.
async fn indebted(world: &World) -> (Person, Person, String) {
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    let order = buyer.buy(world, &[&product]).await;
    seller.until_transfer(world, &order, "completed").await;
    emptied(world, &seller).await;
    buyer.refunded(world, &order).await;
    let refused = || async {
        let rows = seller.transfers().await;
        (rows[0]["reversals"][0]["hold"] == "balance_insufficient").then_some(())
    };
    world.until("the empty account", refused).await;
    (seller, buyer, product)
}

/// Then the next share pays the debt, so none of it reaches Connect, and is refunded: its order, and the operators' entry.
async fn indebted_without_a_transfer(world: &World, admin: &Person) -> (Person, Person, String, Value) {
    let (seller, buyer, product) = indebted(world).await;
    let second = buyer.buy(world, &[&product]).await;
    world.until("the debt paid", || async { (balance(&seller, "owed").await == 0).then_some(()) }).await;
    buyer.refunded(world, &second).await;
    let entry = world.until("the entry", || admin.waits("nothing_at_connect")).await;
    (seller, buyer, second, entry)
}

#[tokio::test]
async fn a_debt_that_nothing_at_connect_stands_for() {
    for by_hand in [false, true] {
        let world = World::start().await;
        let admin = world.admin().await;
        let (seller, buyer, second, entry) = indebted_without_a_transfer(&world, &admin).await;
        assert_eq!(entry["order_id"], second.as_str());
        assert_eq!(balance(&seller, "owed").await, 900);
        if by_hand {
            let how = entry["how"].as_str().unwrap().strip_prefix("POST ").unwrap().to_owned();
            admin.post(&how, Value::Null).await.ok(200);
        } else {
            let dear = seller.product(euros(2_000)).await;
            let third = buyer.buy(&world, &[&dear]).await;
            let paid = seller.until_transfer(&world, &third, "completed").await;
            assert_eq!((&paid["amount"]["amount"], &paid["netted"]["amount"]), (&json!(900), &json!(900)), "half of it paid the debt");
        }
        world.until("the list without it", || async { admin.waits("nothing_at_connect").await.is_none().then_some(()) }).await;
        assert_eq!(balance(&seller, "owed").await, 0);
        assert_books_agree(&world).await;
        world.stop().await;
    }
}

/// It is looked at for ever; the order's timeline does not grow by that until it ends.
#[tokio::test]
async fn a_debt_that_only_waits_is_told_once() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (seller, buyer, second, _) = indebted_without_a_transfer(&world, &admin).await;
    let done = [("outcome", "done"), ("worker", "reversals")];
    let looks = async || world.metrics().await.get("veza_worker_rows_total", &done).unwrap_or_default();
    let told = async || admin.get(&format!("/api/v1/admin/orders/{second}/timeline")).await.ok(200)["items"].as_array().unwrap().clone();
    let (seen, lines) = (looks().await, told().await.len());
    world.until("two looks more", || async { (looks().await >= seen + 2.0).then_some(()) }).await;
    assert_eq!(told().await.len(), lines);
    // The next share pays it.
    buyer.buy(&world, &[&seller.product(euros(2_000)).await]).await;
    let its_end = |item: &Value| item["text"].as_str().unwrap().contains(": no call is needed: later shares have paid it");
    world.until("its end in the timeline", || async { told().await.iter().any(its_end).then_some(()) }).await;
    world.stop().await;
}

#[tokio::test]
async fn what_was_given_up_is_paid_by_the_next_shares() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    let first = buyer.buy(&world, &[&product]).await;
    seller.until_transfer(&world, &first, "completed").await;
    world.sandbox.script(Script::new(Op::CreateReversal, Fault::NotFound)).unwrap();
    buyer.refunded(&world, &first).await;
    world.until("the entry", || admin.waits("reversal_permanently_failed")).await;
    assert_eq!(balance(&seller, "owed").await, 900);

    let dear = seller.product(euros(3_000)).await;
    let second = buyer.buy(&world, &[&dear]).await;
    let paid = seller.until_transfer(&world, &second, "completed").await;
    assert_eq!((&paid["amount"]["amount"], &paid["netted"]["amount"]), (&json!(1_800), &json!(900)));
    assert!(admin.waits("reversal_permanently_failed").await.is_none(), "nobody owes it any more");
    assert_eq!(balance(&seller, "owed").await, 0);
    let row = seller.transfers().await.into_iter().find(|row| row["order_id"] == first.as_str()).unwrap();
    assert_eq!((&row["reversals"][0]["status"], &row["reversals"][0]["netted"]["amount"]), (&json!("permanently_failed"), &json!(900)));
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn what_was_taken_by_hand_is_kept_once() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let transfer = seller.until_transfer(&world, &order, "completed").await;
    world.sandbox.reverse_transfer(transfer["stripe_transfer_id"].as_str().unwrap(), Some(250)).unwrap();
    let entry = world.until("the entry", || admin.waits("external_reversal")).await;
    let path = format!("/api/v1/admin/transfers/{}/keep", transfer["id"].as_str().unwrap());
    assert!(entry["how"].as_str().unwrap().ends_with("/keep"), "{entry:#}");
    let body = json!({"note": "the seller sold what was not theirs"});
    buyer.post(&path, body.clone()).await.problem(403, "admin_only");
    let (one, other) = tokio::join!(admin.post(&path, body.clone()), admin.post(&path, body.clone()));
    assert_eq!([one.status.min(other.status), one.status.max(other.status)], [200, 409], "two operators, one action");
    admin.post(&path, body).await.problem(409, "nothing_withheld");
    assert!(admin.waits("external_reversal").await.is_none());
    assert_eq!((balance(&seller, "available").await, balance(&seller, "owed").await), (0, 0), "it is the platform's");
    let action = admin.get("/api/v1/admin/actions").await.ok(200)["items"][0].clone();
    assert_eq!((&action["action"], &action["subject_id"]), (&json!("keep_transfer"), &transfer["id"]));
    assert!(action["detail"].as_str().unwrap().contains("not theirs"), "{action:#}");
    assert_books_agree(&world).await;
    // A refund of the order takes the rest back, and nothing is taken twice.
    buyer.refunded(&world, &order).await;
    seller.until_transfer(&world, &order, "reversed").await;
    assert_eq!((balance(&seller, "available").await, balance(&seller, "owed").await), (0, 0));
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The command line settles; a server whose workers look once an hour sends the share at once.
#[tokio::test]
async fn what_another_process_settles_is_worked_on_at_once() {
    let world = World::with(&[("TRANSFER_RETRY_CHECK_INTERVAL", "1h"), ("REVERSAL_CHECK_INTERVAL", "1h")]).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost).times(0)).unwrap();
    let placed = buyer.order(&[&seller.product(euros(1_000)).await]).await;
    let order = placed["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(&order).unwrap();
    // Another process on the same database: its own wiring, no workers.
    let config = world.beside();
    let parts = veza::wiring::Parts::build_beside(&config).await.unwrap();
    let since = veza_domain::time::Timestamp(0);
    let period = veza::usecases::audit::Period { since, until: parts.app.now() };
    let told = veza::usecases::audit::run(&parts.app, period, true, &[], &mut Silent).await.unwrap();
    assert_eq!(told.imported, 1);
    parts.shutdown().await;
    seller.until_transfer(&world, &order, "completed").await;
    world.stop().await;
}

/// Hears nothing of an audit.
struct Silent;

impl veza::usecases::audit::Listener for Silent {
    fn found(&mut self, _: &veza::usecases::audit::Difference) {}
    fn progress(&mut self, _: &veza::usecases::audit::Progress) {}
}
