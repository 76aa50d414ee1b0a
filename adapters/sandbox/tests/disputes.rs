//! Disputes from the buyer's claim to the bank's word, and payments and refunds that change their mind (hyperswitch.md §4, §5, §9).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use std::time::Duration;

use common::World;
use serde_json::{Value, json};
use veza_sandbox::{Fault, NewDispute, Op, PaymentStatus, RefundStatus, Script, Totals};

const DAY: Duration = Duration::from_secs(86_400);

fn usd(world: &World) -> Totals {
    world.sandbox.books().totals["usd"].clone()
}

async fn disputed(world: &World, body: Value) -> (String, String) {
    let id = world.paid(1000).await;
    let opened = world.control(&format!("/payments/{id}/dispute"), body).await;
    assert_eq!(opened.status, 200, "{}", opened.text);
    (id, opened.json()["dispute_id"].as_str().unwrap().to_owned())
}

#[tokio::test]
async fn s9_every_step_by_the_control_api() {
    let world = World::new().await;
    let (_, id) = disputed(&world, json!({"amount": 400, "reason": "fraud", "reason_code": "10.4", "respond_within": "3d"})).await;
    let opened = world.get(&format!("/disputes/{id}")).await.json();
    assert_eq!((&opened["connector_reason"], &opened["connector_reason_code"]), (&json!("fraud"), &json!("10.4")));
    assert_eq!((&opened["dispute_stage"], &opened["is_already_refunded"]), (&json!("dispute"), &json!(false)));
    let deadline: chrono::DateTime<chrono::Utc> = opened["challenge_required_by"].as_str().unwrap().parse().unwrap();
    let created: chrono::DateTime<chrono::Utc> = opened["created_at"].as_str().unwrap().parse().unwrap();
    assert_eq!((deadline - created).num_hours(), 72);
    assert_eq!((usd(&world).disputed, usd(&world).platform_available), (400, 600));
    // The money is with the bank until the merchant has won.
    for (action, status, withdrawn, lost) in [
        ("challenge", "dispute_challenged", 400, 0),
        ("expire", "dispute_expired", 400, 0),
        ("lose", "dispute_lost", 400, 400),
        ("win", "dispute_won", 0, 0),
        ("accept", "dispute_accepted", 400, 400),
        ("cancel", "dispute_cancelled", 0, 0),
    ] {
        let reply = world.control(&format!("/disputes/{id}/{action}"), json!({})).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
        assert_eq!(world.get(&format!("/disputes/{id}")).await.json()["dispute_status"], status);
        let totals = usd(&world);
        assert_eq!((totals.disputed, totals.disputes_lost, totals.platform_available), (withdrawn, lost, 1000 - withdrawn), "{status}");
    }
    let staged = world.control(&format!("/disputes/{id}"), json!({"status": "opened", "stage": "pre_arbitration"})).await;
    assert_eq!(staged.status, 200, "{}", staged.text);
    assert_eq!(world.get(&format!("/disputes/{id}")).await.json()["dispute_stage"], "pre_arbitration");
    world.settle().await;
    let mut types = world.receiver.types();
    types.retain(|kind| kind.starts_with("dispute"));
    types.sort();
    let expected = ["accepted", "cancelled", "challenged", "expired", "lost", "opened", "won"];
    assert_eq!(types, expected.map(|status| format!("dispute_{status}")), "opened again: one event per (dispute, status), ever");
}

#[tokio::test]
async fn s9_events_have_the_real_shape() {
    let world = World::new().await;
    let (payment_id, id) = disputed(&world, json!({})).await;
    world.settle().await;
    let received = world.receiver.all().into_iter().find(|event| event.event_type() == "dispute_opened").unwrap().json();
    let object = &received["content"]["object"];
    assert_eq!(received["content"]["type"], "dispute_details");
    assert_eq!((&object["dispute_id"], &object["payment_id"], &object["amount"]), (&json!(id), &json!(payment_id), &json!("1000")));
    let sample: Value = serde_json::from_str(include_str!("samples/dispute_opened.json")).unwrap();
    let keys = |value: &Value| value.as_object().unwrap().keys().cloned().collect::<Vec<_>>();
    assert_eq!(keys(object), keys(&sample["content"]["object"]));
    // Among those of its payment it has what `DisputeResponsePaymentsRetrieve` has: neither payment nor currency.
    let short = world.get(&format!("/payments/{payment_id}")).await.json()["disputes"][0].clone();
    let required = ["dispute_id", "amount", "dispute_stage", "dispute_status", "connector_status", "connector_dispute_id", "created_at"];
    assert!(required.iter().all(|key| short[key] == object[key] && !short[key].is_null()), "{short:#}");
    let full = ["payment_id", "attempt_id", "currency", "connector", "profile_id", "merchant_connector_id", "is_already_refunded"];
    assert!(full.iter().all(|key| short.get(key).is_none() && object.get(key).is_some()), "{short:#}");
}

#[tokio::test]
async fn control_refuses_what_cannot_be() {
    let world = World::new().await;
    let (payment_id, id) = disputed(&world, json!({})).await;
    let dispute = format!("/disputes/{id}");
    for (path, body, status) in [
        ("/payments/none/dispute".to_owned(), json!({}), 404),
        (format!("/payments/{payment_id}/dispute"), json!({"amount": 1001}), 409),
        (format!("/payments/{payment_id}/dispute"), json!({"stage": "court"}), 409),
        (format!("/payments/{payment_id}/dispute"), json!({"respond_within": "soon"}), 400),
        (format!("/payments/{payment_id}/dispute"), json!({"why": "so"}), 400),
        ("/disputes/none".to_owned(), json!({"status": "won"}), 404),
        (dispute.clone(), json!({"status": "reopened"}), 409),
        (dispute.clone(), json!({"status": "won", "stage": "court"}), 409),
        (format!("{dispute}/settle"), json!({}), 404),
        ("/disputes/none/win".to_owned(), json!({}), 404),
        ("/payments/none/fail".to_owned(), json!({}), 404),
        ("/payments/none/refund".to_owned(), json!({}), 404),
    ] {
        let reply = world.control(&path, body).await;
        assert_eq!(reply.status, status, "{path}: {}", reply.text);
    }
    let open = NewDispute { amount: Some(0), ..NewDispute::default() };
    assert!(world.sandbox.open_dispute(&payment_id, open).is_err());
}

#[tokio::test]
async fn disputes_by_amount_and_by_metadata() {
    let world = World::new().await;
    let pay = |body: Value| {
        let world = &world;
        async move { world.post("/payments", body).await.json()["payment_id"].as_str().unwrap().to_owned() }
    };
    let body = |extra: Value| {
        let mut body = json!({"amount": 500, "currency": "USD", "confirm": true});
        body.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        body
    };
    let at_once = pay(body(json!({"amount": 999_000_031}))).await;
    let lost = pay(body(json!({"amount": 999_000_032}))).await;
    let won = pay(body(json!({"metadata": {"sandbox": "dispute_won"}}))).await;
    world.sandbox.script(Script::new(Op::Attempt, Fault::Disputed).payment("late").delay(2 * DAY)).unwrap();
    let late = pay(body(json!({"payment_id": "late"}))).await;
    world.settle().await;
    let status = |id: &str| {
        let books = world.sandbox.books();
        let dispute = books.disputes.iter().find(|dispute| dispute.payment_id == id);
        dispute.map(|dispute| dispute.status.clone())
    };
    let of = |status: &str| Some(format!("dispute_{status}"));
    assert_eq!([&at_once, &lost, &won, &late].map(|id| status(id)), [of("opened"), of("opened"), of("opened"), None]);
    world.sandbox.advance_clock(Duration::from_secs(3_600)).await.unwrap();
    assert_eq!([&at_once, &lost, &won, &late].map(|id| status(id)), [of("opened"), of("lost"), of("won"), None]);
    world.sandbox.advance_clock(2 * DAY).await.unwrap();
    assert_eq!(status(&late), of("opened"));
    let types = world.receiver.types();
    assert_eq!(types.iter().filter(|kind| *kind == "dispute_opened").count(), 4);
    // A payment that a person pays later meets its script then.
    pay(json!({"payment_id": "slow", "amount": 999_000_031, "currency": "USD"})).await;
    assert_eq!(status("slow"), None);
    world.sandbox.pay("slow").unwrap();
    world.settle().await;
    assert_eq!(status("slow"), of("opened"));
}

#[tokio::test]
async fn the_page_opens_and_decides() {
    let world = World::new().await;
    let id = world.paid(1234).await;
    let secret = world.get(&format!("/payments/{id}")).await.json()["client_secret"].as_str().unwrap().to_owned();
    let tell = |path: &str, secret: &str| {
        let request = world.http.post(world.url(&format!("/checkout/{id}/{path}?client_secret={secret}")));
        let world = &world;
        async move { world.send(request).await.unwrap().status }
    };
    assert_eq!(tell("dispute/won", &secret).await, 409, "none yet");
    assert_eq!(tell("dispute", "x").await, 409);
    assert_eq!(tell("dispute", &secret).await, 204);
    let page = world.send(world.http.get(world.url(&format!("/checkout/{id}?client_secret={secret}")))).await.unwrap();
    assert!(page.text.contains("data-dispute=\"opened\"") && page.text.contains("The merchant wins"), "{}", page.text);
    assert_eq!(tell("dispute/lost", "x").await, 409);
    assert_eq!(tell("dispute/lost", &secret).await, 204);
    assert_eq!(usd(&world).disputes_lost, 1234);
    let overview = world.send(world.http.get(world.url("/control/"))).await.unwrap();
    assert!(overview.text.contains("<h2>Disputes</h2>") && overview.text.contains("12.34 USD"), "{}", overview.text);
}

#[tokio::test]
async fn s4_a_payment_fails_after_success_and_succeeds_again() {
    let world = World::new().await;
    let id = world.paid(1000).await;
    assert_eq!(world.control(&format!("/payments/{id}/fail"), json!({})).await.status, 200);
    let failed = world.get(&format!("/payments/{id}")).await.json();
    assert_eq!((&failed["status"], &failed["error_code"]), (&json!("failed"), &json!("capture_failed")));
    let totals = usd(&world);
    assert_eq!((totals.captured, totals.failed_after_success, totals.platform_available), (0, 1000, 0));
    assert_eq!(world.control(&format!("/payments/{id}/fail"), json!({})).await.status, 409);
    world.sandbox.pay(&id).unwrap();
    world.settle().await;
    assert_eq!(world.sandbox.books().payment(&id).unwrap().status, PaymentStatus::Succeeded);
    assert_eq!((usd(&world).captured, usd(&world).platform_available), (1000, 1000));
    let mut types = world.receiver.types();
    types.sort();
    assert_eq!(types, ["payment_failed", "payment_succeeded"], "the second success raises no event: only a read tells");

    let partly = world.paid(1000).await;
    world.refund(&partly, "r", 300).await;
    world.sandbox.fail_payment(&partly).unwrap();
    let totals = usd(&world);
    assert_eq!((totals.captured - totals.refunded, totals.failed_after_success, totals.platform_available), (1000, 1700, 1000));
}

#[tokio::test]
async fn a_late_success_after_every_end() {
    let world = World::new().await;
    for (end, path) in [("decline", "decline"), ("expire", "expire")] {
        world.post("/payments", json!({"payment_id": end, "amount": 5, "currency": "USD"})).await;
        assert_eq!(world.control(&format!("/payments/{end}/{path}"), json!({})).await.status, 200);
        assert_eq!(world.control(&format!("/payments/{end}/pay"), json!({})).await.status, 200, "{end}");
    }
    world.post("/payments", json!({"payment_id": "cancelled", "amount": 5, "currency": "USD"})).await;
    world.post("/payments/cancelled/cancel", json!({})).await;
    assert!(world.sandbox.decline("cancelled").is_err());
    world.sandbox.pay("cancelled").unwrap();
    assert_eq!(usd(&world).captured, 15);
}

#[tokio::test]
async fn s5_refunds_change_their_mind_both_ways() {
    let world = World::new().await;
    let id = world.paid(1000).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundSucceedsLater).delay(DAY)).unwrap();
    assert_eq!(world.refund(&id, "late", 100).await.json()["status"], "failed");
    world.sandbox.advance_clock(DAY).await.unwrap();
    assert_eq!(world.sandbox.books().refund("late").unwrap().status, RefundStatus::Succeeded);
    world.control("/refunds/late/fail", json!({})).await;
    assert_eq!(usd(&world).refunded, 0);
    assert_eq!(world.control("/refunds/late/succeed", json!({})).await.status, 200);
    assert_eq!((usd(&world).refunded, usd(&world).platform_available), (100, 900));
    world.settle().await;
    let mut types = world.receiver.types();
    types.retain(|kind| kind.starts_with("refund"));
    types.sort();
    assert_eq!(types, ["refund_failed", "refund_succeeded"], "one event per (refund, type), whatever follows");

    world.control("/refunds/late/fail", json!({})).await;
    world.refund(&id, "instead", 1000).await;
    assert_eq!(world.control("/refunds/late/succeed", json!({})).await.status, 409, "nothing is left for it");
    assert_eq!(usd(&world).refunded, 1000);
}

#[tokio::test]
async fn refunds_from_the_dashboard_are_told() {
    let world = World::new().await;
    let id = world.paid(1000).await;
    let made = world.control(&format!("/payments/{id}/refund"), json!({"amount": 250})).await.json();
    world.settle().await;
    let told = world.receiver.all().into_iter().find(|event| event.event_type() == "refund_succeeded").unwrap().json();
    assert_eq!((&told["content"]["object"]["refund_id"], &told["content"]["object"]["amount"]), (&made["refund_id"], &json!(250)));
    assert!(world.sandbox.books().refund(made["refund_id"].as_str().unwrap()).unwrap().from_dashboard);
}
