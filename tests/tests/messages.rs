//! Messages of both providers, and what stands in the webhook log of each (spec/01-money §5, §6, §7).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza_domain::settlement::{Change, OrderFile};
use veza_sandbox::{Fault, NewPayout, Op, PayoutStatus, ReleaseOrder, SandboxConfig, Script, WebhookEvent};
use veza_tests::{Answer, Lines, Person, World, assert_books_agree, euros};

/// Connect's answers to reads are waited for, however busy the machine is: a message whose read fails comes again much later.
const PATIENT: (&str, &str) = ("PROVIDER_TIMEOUT", "20s");

/// The deliveries of a type in the webhook log, newest first.
async fn deliveries(admin: &Person, event_type: &str) -> Vec<Value> {
    admin.get(&format!("/api/v1/admin/webhooks?limit=100&event_type={event_type}")).await.ok(200)["items"].as_array().unwrap().clone()
}

/// The results of these deliveries, and the orders that they were about.
fn outcomes(rows: &[Value]) -> Vec<(&str, Option<&str>)> {
    rows.iter().map(|row| (row["processing_result"].as_str().unwrap(), row["order_id"].as_str())).collect()
}

/// Waits for a delivery that was logged with these words in its body.
async fn until_logged(world: &World, admin: &Person, event_type: &str, words: &str) -> Value {
    let look = || async { deliveries(admin, event_type).await.into_iter().find(|row| row["payload"].as_str().unwrap().contains(words)) };
    world.until(event_type, look).await
}

/// A seller, a buyer and a paid order of 10.00 whose transfer has arrived, and Connect's id of that.
async fn sold(world: &World) -> (Person, Person, String, String) {
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(world, &[&seller.product(euros(1_000)).await]).await;
    let transfer = seller.until_transfer(world, &order, "completed").await;
    (seller, buyer, order, transfer["stripe_transfer_id"].as_str().unwrap().to_owned())
}

async fn account(seller: &Person) -> String {
    seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned()
}

fn stripe_event(world: &World, event_type: &str, object: &str) -> Option<WebhookEvent> {
    world.sandbox.stripe_webhooks().into_iter().find(|event| event.event_type == event_type && event.object_id == object)
}

/// Sends a message as Stripe does, signed now.
async fn from_stripe(world: &World, body: &str) -> Answer {
    let now = world.running.app().now().unix_seconds();
    let signature = veza_sandbox::sign_stripe(&SandboxConfig::default().stripe_webhook_secret, now, body.as_bytes());
    let request = world.http.post(world.url("/webhooks/stripe")).header("content-type", "application/json");
    Answer::of(request.header("stripe-signature", signature).body(body.to_owned()).send().await.unwrap()).await
}

/// A message that changes nothing is logged with its order and result like any other, and leaves its id to one that does.
#[tokio::test]
async fn every_message_of_the_psp_is_logged_with_its_order_and_result() {
    let (lines, _guard) = Lines::of_this_thread();
    let world = World::start().await;
    let (seller, buyer, admin) = (world.creator().await, world.buyer().await, world.admin().await);
    let order = buyer.order(&[&seller.product(euros(1_000)).await]).await["order"]["id"].as_str().unwrap().to_owned();
    let message = |id: &str, kind: &str, status: &str, amount: i64| {
        let object = json!({"payment_id": order, "status": status, "amount": amount, "amount_received": amount, "currency": "EUR"});
        json!({"event_id": id, "event_type": kind, "content": {"type": "payment_details", "object": object}}).to_string()
    };
    let about = Some(order.as_str());
    let result = async |body: String| world.webhook(&body).await.ok(200)["result"].as_str().unwrap().to_owned();

    assert_eq!(result(message("evt_1", "payment_processing", "processing", 1_000)).await, "ok");
    assert_eq!(outcomes(&deliveries(&admin, "payment_processing").await), [("ok", about)]);
    assert_eq!(result(message("evt_2", "payment_captured", "succeeded", 999)).await, "error: amount mismatch");
    assert_eq!(outcomes(&deliveries(&admin, "payment_captured").await), [("error: amount mismatch", about)]);
    let told = lines.told("error: amount mismatch");
    assert_eq!(told.iter().map(|line| &line["order"]).collect::<Vec<_>>(), [&json!(order)], "and the server's own log says so");
    assert_eq!(result(message("evt_1", "payment_succeeded", "succeeded", 1_000)).await, "ok");
    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    assert_eq!(result(message("evt_1", "payment_succeeded", "succeeded", 1_000)).await, "ok");
    assert_eq!(outcomes(&deliveries(&admin, "payment_succeeded").await), [("ok", about), ("ok", about)]);
    assert_eq!(lines.told("error: amount mismatch").len(), 1, "nothing else was of another amount");
    world.stop().await;
}

#[tokio::test]
async fn every_message_of_connect_is_logged_with_its_order_and_result() {
    let world = World::with(&[PATIENT]).await;
    let admin = world.admin().await;
    let (_, _, order, transfer) = sold(&world).await;
    let about = Some(order.as_str());
    until_logged(&world, &admin, "transfer.created", &transfer).await;
    let created = stripe_event(&world, "transfer.created", &transfer).unwrap();
    world.sandbox.resend(&created.event_id).await.unwrap();
    let rows = deliveries(&admin, "transfer.created").await;
    assert_eq!(outcomes(&rows), [("ok", about), ("ok", about)], "the second one changes nothing");

    let strange = json!({"id": "evt_charge", "type": "charge.succeeded", "data": {"object": {"id": "ch_1"}}}).to_string();
    assert_eq!(from_stripe(&world, &strange).await.ok(200)["result"], "skipped");
    assert_eq!(outcomes(&deliveries(&admin, "charge.succeeded").await), [("skipped", None)]);

    world.sandbox.reverse_transfer(&transfer, Some(100)).unwrap();
    until_logged(&world, &admin, "transfer.reversed", &transfer).await;
    assert_eq!(outcomes(&deliveries(&admin, "transfer.reversed").await), [("ok", about)], "and so is what settles something");

    // Somebody has changed the row in the database: the same message finds another amount at Connect.
    let changed = |file: &OrderFile| {
        let mut row = file.transfers[0].clone();
        row.amount = euros(901);
        Change::Transfer(row)
    };
    world.rewrite(&order, changed).await;
    let reversed = stripe_event(&world, "transfer.reversed", &transfer).unwrap();
    assert_eq!(from_stripe(&world, &reversed.body).await.ok(200)["result"], "error: amount mismatch");
    let rows = deliveries(&admin, "transfer.reversed").await;
    assert_eq!(outcomes(&rows), [("error: amount mismatch", about), ("ok", about)]);
    world.stop().await;
}

/// Its answer was lost, and neither Connect's list nor a retry tells us of it: the message is not thrown away, it is wanted again.
#[tokio::test]
async fn a_message_of_a_transfer_whose_call_is_not_known_yet_is_wanted_again() {
    let world = World::with(&[PATIENT, ("TRANSFER_RETRY_BACKOFF_BASE", "1h"), ("TRANSFER_RETRY_BACKOFF_MAX", "1h")]).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    world.sandbox.hold_stripe_webhooks(true).unwrap();
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::AnswerLost)).unwrap();
    world.sandbox.script(Script::new(Op::ListTransfers, Fault::ErrorBeforeEffect).times(0)).unwrap();
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let made = || async { world.sandbox.books().transfers.first().map(|transfer| transfer.id.clone()) };
    let id = world.until("the transfer at Connect", made).await;
    let event = stripe_event(&world, "transfer.created", &id).unwrap();
    world.sandbox.release_stripe_webhooks(ReleaseOrder::Fifo, 1).await.unwrap();
    let first = until_logged(&world, &admin, "transfer.created", &id).await;
    assert_eq!(first["processing_result"], "error: not processed");
    assert_eq!(seller.transfers().await[0]["stripe_transfer_id"], Value::Null);

    world.sandbox.clear_scripts().unwrap();
    world.sandbox.resend(&event.event_id).await.unwrap();
    assert_eq!(outcomes(&deliveries(&admin, "transfer.created").await)[0], ("ok", Some(order.as_str())));
    let transfer = seller.until_transfer(&world, &order, "completed").await;
    assert_eq!(transfer["stripe_transfer_id"], id.as_str());
    assert_books_agree(&world).await;
    world.stop().await;
}

/// It names our transfer, which is known to be another one: a seller was paid twice, and a person has to know.
#[tokio::test]
async fn a_second_transfer_in_our_name_waits_on_a_person() {
    let world = World::with(&[PATIENT]).await;
    let admin = world.admin().await;
    let (seller, _, order, transfer) = sold(&world).await;
    let (account, before) = (account(&seller).await, seller.transfers().await);
    world.sandbox.deposit("platform", "eur", 900).unwrap();
    let form = [
        ("amount", "900"),
        ("currency", "eur"),
        ("destination", account.as_str()),
        ("metadata[order_id]", order.as_str()),
        ("metadata[transfer_id]", before[0]["id"].as_str().unwrap()),
    ];
    let sandbox = world.running.sandbox().unwrap().base_url();
    let request = world.http.post(format!("{sandbox}/v1/transfers")).bearer_auth(SandboxConfig::default().stripe_secret_key);
    let answer = request.header("idempotency-key", "by hand").form(&form).send().await.unwrap();
    assert_eq!(answer.status().as_u16(), 200);
    let second = world.sandbox.books().transfers.into_iter().map(|made| made.id).find(|id| *id != transfer).unwrap();
    let row = until_logged(&world, &admin, "transfer.created", &second).await;
    assert_eq!((&row["processing_result"], &row["order_id"]), (&json!("error: amount mismatch"), &json!(order)));
    let entry = admin.waits("transfer_paid_twice").await.unwrap();
    assert_eq!((&entry["id"], &entry["order_id"]), (&before[0]["id"], &json!(order)));
    assert!(entry["why"].as_str().unwrap().contains(&second), "{entry}");
    assert_eq!(seller.transfers().await, before);
    world.stop().await;
}

/// The bank sent the money back: that waits on a person until a payout has arrived, and not only until one is on its way.
#[tokio::test]
async fn a_failed_payout_waits_until_another_one_has_arrived() {
    let world = World::with(&[PATIENT]).await;
    let admin = world.admin().await;
    let (seller, _, _, _) = sold(&world).await;
    let account = account(&seller).await;
    // Each message reads the payout as it is then: the next thing happens once all of them have been heard.
    let until = async |id: &str, status: &str, heard: &[&str]| {
        for event_type in heard {
            until_logged(&world, &admin, event_type, id).await;
        }
        let shown = || async {
            let payouts = seller.get("/api/v1/seller/payouts").await.ok(200)["items"].as_array().unwrap().clone();
            payouts.into_iter().find(|payout| payout["id"] == id && payout["status"] == status)
        };
        world.until(status, shown).await
    };
    let failed = world.sandbox.payout(&account).unwrap().remove(0);
    until(&failed, "paid", &["payout.created", "payout.paid"]).await;
    assert!(admin.waits("payout_failed").await.is_none());
    world.sandbox.set_payout(&failed, PayoutStatus::Failed, None).unwrap();
    until(&failed, "failed", &["payout.failed"]).await;
    assert!(admin.waits("payout_failed").await.is_some());

    let on_its_way = NewPayout { status: Some(PayoutStatus::InTransit), ..NewPayout::default() };
    let next = world.sandbox.new_payout(&account, on_its_way).unwrap().remove(0);
    until(&next, "in_transit", &["payout.created", "payout.updated"]).await;
    assert!(admin.waits("payout_failed").await.is_some(), "it may come back as well");
    world.sandbox.set_payout(&next, PayoutStatus::Paid, None).unwrap();
    until(&next, "paid", &["payout.paid"]).await;
    assert!(admin.waits("payout_failed").await.is_none(), "nothing waits any more");
    world.stop().await;
}
