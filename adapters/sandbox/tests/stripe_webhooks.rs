//! Stripe's webhooks over real HTTP: two endpoints, two secrets, and everything that goes wrong with them (stripe.md §9).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use std::time::Duration;

use common::{Received, World};
use serde_json::json;
use veza_sandbox::{EventStatus, Fault, Op, ReleaseOrder, Script, Target, sign_stripe};

const HOUR: Duration = Duration::from_secs(3_600);

/// The time of a signature, and whether `secret` made it.
fn signed(received: &Received, secret: &str) -> Option<(i64, bool)> {
    let header = received.stripe_signature.as_ref()?;
    let time: i64 = header.strip_prefix("t=")?.split(',').next()?.parse().ok()?;
    let ours = sign_stripe(secret, time, received.body.as_bytes());
    Some((time, header.starts_with(&format!("{ours},"))))
}

async fn shop() -> (World, String) {
    let world = World::with_stripe_webhooks().await;
    world.paid(10_000).await;
    let seller = world.seller().await;
    world.settle().await;
    (world, seller)
}

fn types(received: &[Received]) -> Vec<String> {
    received.iter().map(Received::event_type).collect()
}

#[test]
fn signatures_are_those_of_another_program() {
    // printf '%s' '1790000510.{}' | openssl dgst -sha256 -hmac whsec_sample
    let expected = "t=1790000510,v1=64272ce1a0c852456d8b247110bdf5bab9b0dacb7ee9dbaf6a47a98659df35db";
    assert_eq!(sign_stripe("whsec_sample", 1_790_000_510, b"{}"), expected);
}

#[tokio::test]
async fn each_endpoint_gets_its_own_with_its_own_secret() {
    let (world, seller) = shop().await;
    let id = world.transfer("key:1", 400, &seller).await.json()["id"].as_str().unwrap().to_owned();
    world.form(&format!("/v1/transfers/{id}/reversals"), Some("rev"), &[("amount", "150")]).await;
    world.control(&format!("/transfers/{id}/reverse"), json!({"amount": 50})).await;
    world.control(&format!("/accounts/{seller}"), json!({"transfers": "inactive"})).await;
    world.control(&format!("/accounts/{seller}"), json!({"transfers": "inactive"})).await; // changes nothing
    world.sandbox.payout(&seller).unwrap();
    world.settle().await;
    let (platform, connect) = (world.receiver.at("/platform"), world.receiver.at("/connect"));
    let sorted = |received: &[Received]| {
        let mut types = types(received);
        types.sort();
        types
    };
    assert_eq!(sorted(&platform), ["transfer.created", "transfer.reversed", "transfer.reversed"]);
    assert_eq!(sorted(&connect), ["account.updated", "account.updated", "payout.created", "payout.paid"]);
    let now = chrono::Utc::now().timestamp();
    for (received, ours, other) in
        [(&platform, "whsec_sandbox_platform", "whsec_sandbox_connect"), (&connect, "whsec_sandbox_connect", "whsec_sandbox_platform")]
    {
        for event in received {
            let (time, genuine) = signed(event, ours).unwrap();
            assert!(genuine && (now - time).abs() < 60, "{:?}", event.stripe_signature);
            assert!(!signed(event, other).unwrap().1);
            assert!(event.stripe_signature.as_ref().unwrap().contains(",v0="), "a scheme that nobody may count");
            assert!(event.user_agent.as_ref().unwrap().starts_with("Stripe/1.0") && event.signature.is_none());
        }
    }
    let created = platform.iter().find(|event| event.event_type() == "transfer.created").unwrap().json();
    assert_eq!(created["request"]["idempotency_key"], "key:1");
    assert_eq!((&created["data"]["object"]["id"], created.get("account")), (&json!(id), None));
    let changed = connect.iter().rfind(|event| event.event_type() == "account.updated").unwrap().json();
    assert_eq!((&changed["account"], &changed["data"]["object"]["capabilities"]["transfers"]), (&json!(seller), &json!("inactive")));
    // The same events are listed: the platform's, and those of the account by its header.
    let listed = world.stripe("/v1/events?type=transfer.created").await.json();
    assert_eq!((&listed["data"][0]["id"], &listed["data"][0]["pending_webhooks"]), (&created["id"], &json!(0)));
    assert_eq!(world.stripe("/v1/events?type=account.updated").await.json()["data"], json!([]));
    assert_eq!(world.stripe_as(&seller, "/v1/events?type=account.updated").await.json()["data"][0]["id"], changed["id"]);
}

#[tokio::test]
async fn without_an_address_events_are_only_listed() {
    let world = World::new().await;
    world.paid(1000).await;
    let seller = world.seller().await;
    world.transfer("t", 100, &seller).await;
    world.settle().await;
    assert!(world.sandbox.stripe_webhooks().is_empty());
    assert_eq!(world.stripe("/v1/events").await.json()["data"].as_array().unwrap().len(), 1);
    let base = world.receiver.url.trim_end_matches("/hook").to_owned();
    for (target, path) in [("stripe", "platform"), ("stripe_connect", "connect")] {
        let reply = world.control("/webhook_url", json!({"target": target, "url": format!("{base}/{path}")})).await;
        assert_eq!(reply.status, 200, "{}", reply.text);
    }
    world.transfer("u", 100, &seller).await;
    world.sandbox.payout(&seller).unwrap();
    world.settle().await;
    assert_eq!(types(&world.receiver.at("/platform")), ["transfer.created"]);
    assert_eq!(world.receiver.at("/connect").len(), 2);
}

#[tokio::test]
async fn addresses_and_secrets_come_with_the_configuration() {
    let world = World::with(|config| {
        let base = config.webhook_url.clone().unwrap().replace("/hook", "");
        config.stripe_webhook_url = Some(format!("{base}/both"));
        config.stripe_connect_webhook_url = Some(format!("{base}/both"));
        config.stripe_webhook_secret = "whsec_one".to_owned();
        config.stripe_connect_webhook_secret = "whsec_two".to_owned();
    })
    .await;
    world.paid(1000).await;
    let seller = world.seller().await;
    world.transfer("t", 100, &seller).await;
    world.settle().await;
    for event in world.receiver.at("/both") {
        let secret = if event.event_type().starts_with("transfer") { "whsec_one" } else { "whsec_two" };
        assert!(signed(&event, secret).unwrap().1);
    }
    assert_eq!(world.receiver.at("/both").len(), 2);
}

async fn scripted(fault: Fault) -> (World, String) {
    let (world, seller) = shop().await;
    let script = Script::new(Op::StripeWebhook, fault).matching("event_type", "transfer.created").matching("account", seller.as_str());
    world.sandbox.script(script).unwrap();
    world.transfer("t", 100, &seller).await;
    (world, seller)
}

#[tokio::test]
async fn fault_webhook_lost() {
    let (world, _) = scripted(Fault::WebhookLost).await;
    world.sandbox.advance_clock(72 * HOUR).await.unwrap();
    assert!(world.receiver.at("/platform").is_empty());
    let lost = world.sandbox.stripe_webhooks().into_iter().find(|event| event.target == Target::Stripe).unwrap();
    assert_eq!(lost.status, EventStatus::Lost);
    assert_eq!(world.control(&format!("/webhooks/{}/resend", lost.event_id), json!({})).await.status, 200);
    assert_eq!(world.receiver.at("/platform").len(), 1);
}

#[tokio::test]
async fn fault_webhook_doubled_and_late() {
    let (world, seller) = scripted(Fault::WebhookDoubled).await;
    world.settle().await;
    let twice = world.receiver.at("/platform");
    assert_eq!((twice.len(), &twice[0].body), (2, &twice[1].body));
    world.sandbox.script(Script::new(Op::StripeWebhook, Fault::WebhookLate).delay(48 * HOUR)).unwrap();
    world.transfer("late", 100, &seller).await;
    world.sandbox.advance_clock(47 * HOUR).await.unwrap();
    assert_eq!(world.receiver.at("/platform").len(), 2);
    world.sandbox.advance_clock(HOUR).await.unwrap();
    let late = world.receiver.at("/platform").remove(2);
    let (time, genuine) = signed(&late, "whsec_sandbox_platform").unwrap();
    assert!(genuine && (chrono::Utc::now().timestamp() - time).abs() < 60, "each attempt is signed anew, by real time");
}

#[tokio::test]
async fn fault_webhook_out_of_order() {
    let (world, seller) = scripted(Fault::WebhookOutOfOrder).await;
    world.settle().await;
    assert!(world.receiver.at("/platform").is_empty());
    world.sandbox.set_account(&seller, Some("pending"), None).unwrap();
    world.settle().await;
    assert_eq!(world.receiver.types().into_iter().next_back().as_deref(), Some("transfer.created"), "after the account's next event");
}

#[tokio::test]
async fn fault_webhook_before_answer() {
    let (world, _) = scripted(Fault::WebhookBeforeAnswer).await;
    assert_eq!(types(&world.receiver.at("/platform")), ["transfer.created"], "no waiting: it came before the answer");
}

#[tokio::test]
async fn faults_of_signatures() {
    let (world, seller) = shop().await;
    for fault in [Fault::WebhookForged, Fault::WebhookUnsigned, Fault::WebhookStale] {
        world.sandbox.script(Script::new(Op::StripeWebhook, fault)).unwrap();
    }
    world.transfer("t", 100, &seller).await;
    world.settle().await;
    let received = world.receiver.at("/platform");
    let secret = "whsec_sandbox_platform";
    let now = chrono::Utc::now().timestamp();
    let judged: Vec<Option<(bool, bool)>> =
        received.iter().map(|event| signed(event, secret).map(|(time, genuine)| (genuine, (now - time).abs() <= 300))).collect();
    assert_eq!(judged, [Some((false, true)), None, Some((true, false)), Some((true, true))], "wrong key, unsigned, stale, genuine");
    assert!(received.iter().all(|event| event.body == received[0].body));
}

#[tokio::test]
async fn retries_for_three_days_with_the_same_bytes() {
    let (world, seller) = shop().await;
    world.receiver.statuses.lock().unwrap().extend(std::iter::repeat_n(500, 9));
    world.transfer("t", 100, &seller).await;
    world.settle().await;
    assert_eq!(world.receiver.at("/platform").len(), 1);
    world.sandbox.advance_clock(Duration::from_secs(301)).await.unwrap();
    assert_eq!(world.receiver.at("/platform").len(), 2);
    world.sandbox.advance_clock(72 * HOUR).await.unwrap();
    let received = world.receiver.at("/platform");
    assert_eq!(received.len(), 10);
    assert!(received.iter().all(|event| event.body == received[0].body && signed(event, "whsec_sandbox_platform").unwrap().1));
    world.receiver.statuses.lock().unwrap().extend(std::iter::repeat_n(500, 100));
    world.transfer("u", 100, &seller).await;
    world.settle().await;
    world.sandbox.advance_clock(96 * HOUR).await.unwrap();
    let given_up = world.sandbox.stripe_webhooks().into_iter().next_back().unwrap();
    assert_eq!((given_up.status, given_up.attempts.len()), (EventStatus::Exhausted, 10));
}

#[tokio::test]
async fn hold_and_release_apart_from_hyperswitchs() {
    let (world, seller) = shop().await;
    let before = world.receiver.all().len();
    assert_eq!(world.control("/webhooks", json!({"mode": "hold", "side": "stripe"})).await.status, 200);
    let id = world.transfer("t", 100, &seller).await.json()["id"].as_str().unwrap().to_owned();
    world.sandbox.reverse_transfer(&id, Some(40)).unwrap();
    world.paid(5).await;
    world.settle().await;
    assert_eq!(world.receiver.all().len(), before + 1, "Hyperswitch's goes on");
    assert!(world.sandbox.release_webhooks(ReleaseOrder::Fifo, 1).await.unwrap().is_empty());
    let released = world.control("/webhooks/release", json!({"side": "stripe", "order": "lifo", "copies": 2})).await.json();
    assert_eq!(released["released"].as_array().unwrap().len(), 2);
    let types = types(&world.receiver.at("/platform"));
    assert_eq!(types, ["transfer.reversed", "transfer.reversed", "transfer.created", "transfer.created"]);
    assert_eq!(world.sandbox.books().stripe_webhooks.len(), 3);
}

#[tokio::test]
async fn a_payments_scripts_reach_the_events_of_its_transfers() {
    let (world, seller) = shop().await;
    let body = json!({"payment_id": "p", "amount": 500, "currency": "USD", "confirm": true,
        "metadata": {"sandbox": "stripe_webhook:webhook_lost"}});
    world.post("/payments", body).await;
    let form = [("amount", "100"), ("currency", "usd"), ("destination", &*seller), ("transfer_group", "p")];
    world.form("/v1/transfers", Some("p"), &form).await;
    world.transfer("other", 100, &seller).await;
    world.settle().await;
    assert_eq!(world.receiver.at("/platform").len(), 1);
}
