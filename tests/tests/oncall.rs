//! The sections of `docs/oncall.md` that no other test follows to their end: each causes what the section is about in the sandbox, looks at
//! what the page says there is to see, and does what it says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza::usecases::audit;
use veza_domain::settlement::{Change, OrderFile};
use veza_domain::time::Timestamp;
use veza_sandbox::{Fault, Op, SandboxConfig, Script};
use veza_tests::{Person, World, assert_books_agree, euros};

/// Hears nothing of an audit.
struct Silent;

impl audit::Listener for Silent {
    fn found(&mut self, _: &audit::Difference) {}
    fn progress(&mut self, _: &audit::Progress) {}
}

/// Waits for the entry, and for what the page promises of it: a reason, an action, a way to do it.
async fn entry(world: &World, admin: &Person, class: &str) -> Value {
    let entry = world.until(class, || admin.waits(class)).await;
    for field in ["why", "proposed_action", "how", "since"] {
        assert!(entry[field].as_str().is_some_and(|text| !text.is_empty()), "{field} of {entry:#}");
    }
    entry
}

/// "… then resolve the entry."
async fn resolve(admin: &Person, entry: &Value) {
    let path = format!("/api/v1/admin/attention/{}/{}/resolve", entry["id"].as_str().unwrap(), entry["class"].as_str().unwrap());
    assert!(entry["how"].as_str().unwrap().contains(&path), "{entry:#}");
    assert_eq!(admin.post(&path, json!({"note": "done"})).await.status, 204);
    assert!(admin.waits(entry["class"].as_str().unwrap()).await.is_none());
}

async fn sold(world: &World, cents: i64) -> (Person, Person, String) {
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(world, &[&seller.product(euros(cents)).await]).await;
    seller.until_transfer(world, &order, "completed").await;
    (seller, buyer, order)
}

fn event(order: &str, kind: &str, object: Value) -> String {
    let mut object = object;
    object["payment_id"] = json!(order);
    let id = format!("evt_{:032x}", kind.len() + order.len() + object.to_string().len());
    let content = json!({"type": "payment_details", "object": object});
    json!({"merchant_id": "m", "event_id": id, "event_type": kind, "content": content, "timestamp": "2026-11-01T00:00:00Z"}).to_string()
}

#[tokio::test]
async fn amount_mismatch() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.order(&[&seller.product(euros(1_000)).await]).await["order"]["id"].as_str().unwrap().to_owned();
    let body = event(&order, "payment_succeeded", json!({"status": "succeeded", "amount": 1, "amount_received": 1, "currency": "EUR"}));
    assert_eq!(world.webhook(&body).await.ok(200)["result"], "error: amount mismatch");
    let entry = entry(&world, &admin, "amount_mismatch").await;
    assert_eq!(buyer.get_order(&order).await["status"], "pending", "nothing was granted");
    assert_eq!(buyer.licences().await.len(), 0);
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn payment_failed_after_success() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (seller, buyer, order) = sold(&world, 1_000).await;
    world.sandbox.fail_payment(&order).unwrap();
    let gone = entry(&world, &admin, "payment_failed_after_success").await;
    assert_eq!(buyer.licences().await[0]["status"], "revoked");
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    resolve(&admin, &gone).await;
    world.stop().await;
}

#[tokio::test]
async fn payment_stands_after_all() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (seller, buyer, order) = sold(&world, 1_000).await;
    world.sandbox.fail_payment(&order).unwrap();
    seller.until_transfer(&world, &order, "reversed").await;
    // The provider sends a success once only; the audit reads, and imports what it finds.
    world.sandbox.pay(&order).unwrap();
    let app = world.running.app();
    let period = audit::Period { since: Timestamp(0), until: app.now() };
    let done = audit::run(app, period, true, &[], &mut Silent).await.unwrap();
    assert_eq!((done.differences, done.imported), (1, 1));
    let entry = entry(&world, &admin, "payment_stands_after_all").await;
    assert_eq!(buyer.licences().await[0]["status"], "active");
    let paid = || async { seller.transfers().await.into_iter().find(|transfer| transfer["status"] == "completed") };
    world.until("the share sent again", paid).await;
    assert_books_agree(&world).await;
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn refund_succeeded_after_failure() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (seller, buyer, order) = sold(&world, 1_000).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundPending)).unwrap();
    let id = buyer.refund(&order, json!({})).await;
    world.sandbox.fail_refund(&id).unwrap();
    buyer.until_order(&world, &order, "completed").await;
    world.sandbox.succeed_refund(&id).unwrap();
    buyer.until_order(&world, &order, "refunded").await;
    let entry = entry(&world, &admin, "refund_succeeded_after_failure").await;
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn refund_exceeds_order() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (_, _, order) = sold(&world, 1_000).await;
    let object = json!({"refund_id": "ref_from_elsewhere", "status": "succeeded", "amount": 5_000, "currency": "EUR"});
    let body = event(&order, "refund_succeeded", object).replace("payment_details", "refund_details");
    assert_eq!(world.webhook(&body).await.status, 200);
    let entry = entry(&world, &admin, "refund_exceeds_order").await;
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn exclusive_already_sold() {
    let world = World::start().await;
    let (seller, first, second, admin) = (world.seller().await, world.buyer().await, world.buyer().await, world.admin().await);
    let offer = json!({"kind": "exclusive", "price": {"amount": 5_000, "currency": "EUR"}, "terms": "all rights"});
    let price = json!({"amount": 1_000, "currency": "EUR"});
    let body = json!({"kind": "track", "title": "Only one", "price": price, "licenses": [offer]});
    let product = seller.post("/api/v1/marketplace/products", body).await.ok(201);
    let id = product["id"].as_str().unwrap();
    seller.post(&format!("/api/v1/marketplace/products/{id}/publish"), Value::Null).await.ok(200);
    let wish = json!({"items": [{"product_id": id, "license_id": product["licenses"][0]["id"]}]});
    let place = |buyer: Person| {
        let wish = wish.clone();
        async move { buyer.post("/api/v1/marketplace/orders", wish).await.ok(201)["order"]["id"].as_str().unwrap().to_owned() }
    };
    let late = place(first.clone()).await;
    world.sandbox.decline(&late).unwrap();
    first.until_order(&world, &late, "failed").await;
    let sold = place(second.clone()).await;
    world.sandbox.pay(&sold).unwrap();
    second.until_order(&world, &sold, "completed").await;
    world.sandbox.pay(&late).unwrap();
    let entry = entry(&world, &admin, "exclusive_already_sold").await;
    first.until_order(&world, &late, "refunded").await;
    assert_eq!(first.licences().await.len(), 0);
    assert_books_agree(&world).await;
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn dispute_expired() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (_, buyer, order) = sold(&world, 1_000).await;
    let dispute = world.sandbox.dispute(&order, None).unwrap();
    world.sandbox.set_dispute(&dispute, "expired").unwrap();
    let expired = entry(&world, &admin, "dispute_expired").await;
    assert_eq!(buyer.get_order(&order).await["status"], "disputed", "nobody has won yet");
    assert!(expired["how"].as_str().unwrap().contains(&order));
    world.sandbox.set_dispute(&dispute, "won").unwrap();
    buyer.until_order(&world, &order, "completed").await;
    assert!(admin.waits("dispute_expired").await.is_none(), "its word was booked when it came");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn dispute_exceeds_order() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (seller, buyer, order) = sold(&world, 1_000).await;
    // A part goes back, and the bank takes the whole all the same.
    buyer.refund(&order, json!({"amount": 300})).await;
    buyer.until_order(&world, &order, "partially_refunded").await;
    let dispute = world.sandbox.dispute(&order, Some(1_000)).unwrap();
    buyer.until_order(&world, &order, "disputed").await;
    world.sandbox.set_dispute(&dispute, "lost").unwrap();
    buyer.until_order(&world, &order, "charged_back").await;
    seller.until_transfer(&world, &order, "reversed").await;
    let entry = entry(&world, &admin, "dispute_exceeds_order").await;
    assert_books_agree(&world).await;
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn transfer_paid_twice() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned();
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::ErrorAfterEffect)).unwrap();
    world.sandbox.script(Script::new(Op::StripeReads, Fault::ErrorBeforeEffect).times(0)).unwrap();
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    // Somebody helps by hand and pays the share a second time, under the same metadata.
    let made = || async { world.sandbox.books().transfers.first().map(|transfer| transfer.id.clone()) };
    let id = world.until("the transfer at Connect", made).await;
    let transfer = seller.until_transfer(&world, &order, "pending").await;
    let sandbox = world.running.sandbox().unwrap().base_url();
    let form = [
        ("amount", "900"),
        ("currency", "eur"),
        ("destination", account.as_str()),
        ("transfer_group", order.as_str()),
        ("metadata[order_id]", order.as_str()),
        ("metadata[transfer_id]", transfer["id"].as_str().unwrap()),
    ];
    world.sandbox.deposit("platform", "eur", 900).unwrap();
    let request = world.http.post(format!("{sandbox}/v1/transfers")).bearer_auth(SandboxConfig::default().stripe_secret_key);
    let answer = request.header("idempotency-key", "by hand").form(&form).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200, "{} beside {id}", answer.text().await.unwrap());
    world.sandbox.clear_scripts().unwrap();
    let entry = entry(&world, &admin, "transfer_paid_twice").await;
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn transfer_mismatch() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (seller, _, order) = sold(&world, 1_000).await;
    // A row that somebody has changed in the database.
    let changed = |file: &OrderFile| {
        let mut row = file.transfers[0].clone();
        row.amount = euros(901);
        Change::Transfer(row)
    };
    world.rewrite(&order, changed).await;
    let at_connect = seller.transfers().await[0]["stripe_transfer_id"].as_str().unwrap().to_owned();
    world.sandbox.reverse_transfer(&at_connect, Some(1)).unwrap();
    let entry = entry(&world, &admin, "transfer_mismatch").await;
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn reversal_permanently_failed() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (seller, buyer, order) = sold(&world, 1_000).await;
    world.sandbox.script(Script::new(Op::CreateReversal, Fault::NotFound)).unwrap();
    buyer.refund(&order, json!({})).await;
    buyer.until_order(&world, &order, "refunded").await;
    let entry = entry(&world, &admin, "reversal_permanently_failed").await;
    let owed = seller.get("/api/v1/seller/balance").await.ok(200)["owed"][0]["amount"].clone();
    assert_eq!(owed, 900, "the debt is shown");
    let path = entry["how"].as_str().unwrap().strip_prefix("POST ").unwrap().to_owned();
    admin.post(&path, Value::Null).await.ok(200);
    assert!(admin.waits("reversal_permanently_failed").await.is_none());
    assert_eq!(seller.get("/api/v1/seller/balance").await.ok(200)["owed"][0]["amount"], 0);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn provider_refused() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    // The provider has another payment under our id: it is flagged, and never adopted.
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::RequestLost)).unwrap();
    let answer = buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": product}]})).await;
    let order = answer.problem(503, "payment_provider_unavailable")["order_id"].as_str().unwrap().to_owned();
    let sandbox = world.running.sandbox().unwrap().base_url();
    let request = world.http.post(format!("{sandbox}/payments")).header("api-key", SandboxConfig::default().api_key);
    let other = json!({"payment_id": order, "amount": 7, "currency": "EUR"});
    assert_eq!(request.json(&other).send().await.unwrap().status().as_u16(), 200);
    let entry = entry(&world, &admin, "provider_refused").await;
    assert_eq!(buyer.get_order(&order).await["status"], "failed");
    resolve(&admin, &entry).await;
    world.stop().await;
}

#[tokio::test]
async fn dispute_in_another_currency() {
    let world = World::start().await;
    let admin = world.admin().await;
    let (seller, buyer, order) = sold(&world, 1_000).await;
    // The sandbox's bank speaks the order's currency; this one is heard from by message alone.
    let heard = |status: &str| {
        let object =
            json!({"dispute_id": "dp_abroad", "amount": "1100", "currency": "USD", "dispute_status": status, "dispute_stage": "dispute"});
        event(&order, status, object)
    };
    for status in ["dispute_opened", "dispute_lost"] {
        world.webhook(&heard(status)).await.ok(200);
    }
    let entry = entry(&world, &admin, "dispute_in_another_currency").await;
    let path = entry["how"].as_str().unwrap().strip_prefix("POST ").unwrap().to_owned();
    assert_eq!(path, format!("/api/v1/admin/orders/{order}/disputes/{}/book-loss", entry["id"].as_str().unwrap()));
    buyer.post(&path, json!({"amount": 1_000})).await.problem(403, "admin_only");
    admin.post(&path, json!({"amount": 0})).await.problem(422, "validation_failed");
    let booked = admin.post(&path, json!({"amount": 1_000, "note": "payout report of the 3rd"})).await.ok(200);
    assert_eq!((&booked["booked_as"], &booked["amount"]["currency"]), (&json!(1_000), &json!("USD")));
    admin.post(&path, json!({"amount": 1_000})).await.problem(409, "loss_not_bookable");
    assert!(admin.waits("dispute_in_another_currency").await.is_none());
    assert_eq!(buyer.get_order(&order).await["status"], "charged_back");
    assert_eq!(buyer.licences().await[0]["status"], "revoked");
    seller.until_transfer(&world, &order, "reversed").await;
    world.stop().await;
}
