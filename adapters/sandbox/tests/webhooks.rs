//! Webhooks over real HTTP: contracts/hyperswitch.md §8.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use std::time::Duration;

use common::World;
use serde_json::json;
use veza_sandbox::{EventStatus, Fault, Op, ReleaseOrder, Script, sign};

const SAMPLE_KEY: &str = "hs_sample_response_hash_key_0123456789abcdefghijklmnopqrstuvwxyzAB";

#[test]
fn signatures_are_those_of_the_samples() {
    let samples: [(&str, &str); 3] = [
        (
            include_str!("samples/dispute_opened.json"),
            "e3c92613d3fe5350b00147ab64defd7fd175d992642ab925bf87813fb93201c429b2362d85eb7014c39279963757e63ab7e51bc31718d74a53a5650c7e73ab4c",
        ),
        (
            include_str!("samples/payment_succeeded.json"),
            "7cf6a57ccc432b21ab5d6ead2c07b9f88e7afb3903e7ea40114b99c86a265e414a7dc7e9ed9efbfe49e6862a8d08f173fa8c4d74faa3bcce6352e3824d5c5791",
        ),
        (
            include_str!("samples/refund_succeeded.json"),
            "19a9fc4cf2bf542c292bd99c0beca32f084852fe04094d2d08ec105744da4578a46327053999f43b65f78eb393794b5310fd0c78a0699a6a964b7b9b1ea4042e",
        ),
    ];
    for (body, signature) in samples {
        assert_eq!(sign(SAMPLE_KEY, body.as_bytes()), signature);
    }
}

#[tokio::test]
async fn signed_over_the_exact_bytes_with_the_right_headers() {
    let world = World::new().await;
    world.paid(1000).await;
    world.settle().await;
    let received = world.receiver.all();
    assert_eq!(received.len(), 1);
    let event = &received[0];
    assert_eq!(event.signature.as_deref(), Some(sign(&world.config.webhook_secret, event.body.as_bytes()).as_str()));
    assert_eq!(event.user_agent.as_deref(), Some("Hyperswitch-Backend-Server"));
    let body = event.json();
    assert_eq!(body["content"]["type"], "payment_details");
    assert_eq!(body["content"]["object"]["status"], "succeeded");
    let event_id = body["event_id"].as_str().unwrap();
    assert!(event_id.starts_with("evt_") && event_id.len() == 36 && event_id.as_bytes()[16] == b'7', "{event_id}");
}

#[tokio::test]
async fn retries_follow_the_clock_with_the_same_bytes_and_stop() {
    let world = World::new().await;
    world.receiver.statuses.lock().unwrap().extend(std::iter::repeat_n(500, 16));
    world.paid(1000).await;
    world.settle().await;
    assert_eq!(world.receiver.all().len(), 1);
    let minute = Duration::from_secs(60);
    world.sandbox.advance_clock(minute).await.unwrap();
    assert_eq!(world.receiver.all().len(), 2, "after 60 s");
    // A minute of slack: each pause begins when the attempt before it has ended, which takes real time.
    world.sandbox.advance_clock(11 * minute).await.unwrap();
    assert_eq!(world.receiver.all().len(), 4, "twice after 5 min");
    world.sandbox.advance_clock(60 * 24 * minute).await.unwrap();
    let received = world.receiver.all();
    assert_eq!(received.len(), 17, "the 16th retry is taken");
    assert!(received.iter().all(|event| event.body == received[0].body && event.signature == received[0].signature));
    assert_eq!(world.sandbox.webhooks()[0].status, EventStatus::Delivered);
}

#[tokio::test]
async fn sixteen_retries_and_no_more() {
    let world = World::with(|config| config.webhook_retry_scale = 1e-6).await;
    world.receiver.statuses.lock().unwrap().extend(std::iter::repeat_n(404, 30));
    world.paid(1000).await;
    let gave_up = async {
        while world.sandbox.webhooks()[0].status != EventStatus::Exhausted {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(common::PATIENCE, gave_up).await.unwrap();
    assert_eq!(world.receiver.all().len(), 17);
    let event_id = world.sandbox.webhooks()[0].event_id.clone();
    world.receiver.statuses.lock().unwrap().clear();
    assert_eq!(world.control(&format!("/webhooks/{event_id}/resend"), json!({})).await.status, 200);
    assert_eq!(world.sandbox.webhooks()[0].status, EventStatus::Delivered);
    assert_eq!(world.receiver.all()[17].body, world.receiver.all()[0].body);
}

#[tokio::test]
async fn no_url_no_event() {
    let world = World::with(|config| config.webhook_url = None).await;
    world.paid(1000).await;
    world.sandbox.set_webhook_url(Some(world.receiver.url.clone()));
    world.settle().await;
    assert!(world.sandbox.webhooks().is_empty() && world.receiver.all().is_empty());
}

async fn scripted(fault: Fault) -> World {
    let world = World::new().await;
    let script = Script::new(Op::Webhook, fault).matching("event_type", "payment_succeeded");
    world.sandbox.script(script).unwrap();
    world
}

#[tokio::test]
async fn fault_webhook_lost() {
    let world = scripted(Fault::WebhookLost).await;
    world.paid(1000).await;
    world.sandbox.advance_clock(Duration::from_secs(86_400 * 2)).await.unwrap();
    assert!(world.receiver.all().is_empty());
    assert_eq!(world.sandbox.webhooks()[0].status, EventStatus::Lost);
}

#[tokio::test]
async fn fault_webhook_doubled() {
    let world = scripted(Fault::WebhookDoubled).await;
    world.paid(1000).await;
    world.settle().await;
    let received = world.receiver.all();
    assert_eq!(received.len(), 2);
    assert_eq!(received[0].body, received[1].body);
}

#[tokio::test]
async fn fault_webhook_late() {
    let world = scripted(Fault::WebhookLate).await;
    world.paid(1000).await;
    world.settle().await;
    assert!(world.receiver.all().is_empty());
    world.sandbox.advance_clock(Duration::from_secs(3_601)).await.unwrap();
    assert_eq!(world.receiver.types(), ["payment_succeeded"]);
}

#[tokio::test]
async fn fault_webhook_out_of_order() {
    let world = scripted(Fault::WebhookOutOfOrder).await;
    let id = world.paid(1000).await;
    world.settle().await;
    assert!(world.receiver.all().is_empty());
    world.refund(&id, "r", 100).await;
    world.settle().await;
    assert_eq!(world.receiver.types(), ["refund_succeeded", "payment_succeeded"]);
}

#[tokio::test]
async fn fault_webhook_before_answer() {
    let world = scripted(Fault::WebhookBeforeAnswer).await;
    world.paid(1000).await;
    assert_eq!(world.receiver.types(), ["payment_succeeded"], "no waiting: it came before the answer");
}

#[tokio::test]
async fn fault_webhook_forged_and_unsigned() {
    let world = scripted(Fault::WebhookForged).await;
    world.paid(1000).await;
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookUnsigned)).unwrap();
    world.settle().await;
    world.paid(1000).await;
    world.settle().await;
    let received = world.receiver.all();
    let valid: Vec<Option<bool>> = received
        .iter()
        .map(|event| event.signature.as_ref().map(|s| *s == sign(&world.config.webhook_secret, event.body.as_bytes())))
        .collect();
    assert_eq!(valid, [Some(false), Some(true), None, Some(true)]);
}

#[tokio::test]
async fn hold_and_release_in_any_order() {
    let world = World::new().await;
    world.control("/webhooks", json!({"mode": "hold"})).await;
    let id = world.paid(1000).await;
    world.refund(&id, "r", 100).await;
    world.settle().await;
    assert!(world.receiver.all().is_empty());
    let released = world.sandbox.release_webhooks(ReleaseOrder::Lifo, 2).await.unwrap();
    assert_eq!(released.len(), 2);
    assert_eq!(world.receiver.types(), ["refund_succeeded", "refund_succeeded", "payment_succeeded", "payment_succeeded"]);
}
