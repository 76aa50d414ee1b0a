//! The Hyperswitch side over real HTTP, by the sections of contracts/hyperswitch.md.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use common::World;
use serde_json::{Value, json};
use veza_sandbox::{Fault, Op, Script};

/// Keys of a JSON object in the order of the text.
fn key_order(text: &str) -> Vec<String> {
    struct Keys(Vec<String>);
    impl<'de> serde::Deserialize<'de> for Keys {
        fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
            struct Visitor;
            impl<'de> serde::de::Visitor<'de> for Visitor {
                type Value = Keys;
                fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                    f.write_str("an object")
                }
                fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Keys, A::Error> {
                    let mut keys = Vec::new();
                    while let Some((key, _)) = map.next_entry::<String, serde::de::IgnoredAny>()? {
                        keys.push(key);
                    }
                    Ok(Keys(keys))
                }
            }
            deserializer.deserialize_map(Visitor)
        }
    }
    serde_json::from_str::<Keys>(text).unwrap().0
}

fn create(id: &str) -> Value {
    json!({"payment_id": id, "amount": 1000, "currency": "USD"})
}

#[tokio::test]
async fn s1_keys_and_request_ids() {
    let world = World::new().await;
    for key in [None, Some("wrong"), Some("pk_snd_veza")] {
        let mut request = world.http.post(world.url("/payments")).json(&create("a"));
        if let Some(key) = key {
            request = request.header("api-key", key);
        }
        let reply = world.send(request).await.unwrap();
        assert_eq!(reply.refusal(), (401, "IR_01".to_owned()));
        assert!(reply.header("x-request-id").unwrap().starts_with("01"));
    }
    let unknown = world.get("/nothing").await;
    assert_eq!(unknown.refusal(), (404, "IR_02".to_owned()));
    assert!(unknown.header("x-request-id").is_some());
    let method = world.send(world.http.put(world.url("/refunds")).header("api-key", "snd_veza")).await.unwrap();
    assert_eq!(method.refusal(), (405, "IR_03".to_owned()));
}

#[tokio::test]
async fn s3_create_confirm_retrieve() {
    let world = World::new().await;
    let body = json!({"payment_id": "p1", "amount": 6540, "currency": "USD", "metadata": {"order_id": "o1"},
        "description": "two songs", "return_url": "https://shop.example/back"});
    let created = world.post("/payments", body).await;
    assert_eq!(created.status, 200);
    let payment = created.json();
    assert_eq!(payment["status"], "requires_payment_method");
    assert_eq!(payment["metadata"], json!({"order_id": "o1"}));
    let secret = payment["client_secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("p1_secret_") && secret.len() == "p1_secret_".len() + 20);
    let stamp = payment["created"].as_str().unwrap();
    assert!(stamp.len() == 24 && stamp.ends_with('Z') && stamp.as_bytes()[19] == b'.', "{stamp}");
    assert!(payment["payment_method"].is_null() && payment["refunds"].is_null());

    let confirmed = world
        .send(
            world
                .http
                .post(world.url("/payments/p1/confirm"))
                .header("api-key", "pk_snd_veza")
                .header("origin", "https://shop.example")
                .json(&json!({"client_secret": secret, "payment_method": "card"})),
        )
        .await
        .unwrap();
    assert_eq!(confirmed.json()["status"], "succeeded");
    assert!(confirmed.header("access-control-allow-origin").is_some());
    let wrong = world
        .send(world.http.post(world.url("/payments/p1/confirm")).header("api-key", "pk_snd_veza").json(&json!({"client_secret": "x"})))
        .await
        .unwrap();
    assert_eq!(wrong.refusal(), (400, "IR_09".to_owned()));

    world.refund("p1", "r1", 40).await;
    let read = world.get("/payments/p1?force_sync=true").await.json();
    assert_eq!((&read["amount_received"], &read["amount_capturable"]), (&json!(6540), &json!(0)));
    assert_eq!(read["refunds"][0]["refund_id"], "r1");
    assert_eq!(world.get("/payments/none").await.refusal(), (404, "HE_02".to_owned()));
}

#[tokio::test]
async fn s3_preflight_for_the_browser() {
    let world = World::new().await;
    let preflight = world
        .http
        .request(reqwest::Method::OPTIONS, world.url("/payments/p/confirm"))
        .header("origin", "https://shop.example")
        .header("access-control-request-method", "POST")
        .header("access-control-request-headers", "api-key,content-type");
    let reply = world.send(preflight).await.unwrap();
    assert!(reply.status < 300, "{reply:?}");
    assert!(reply.header("access-control-allow-headers").unwrap().contains("api-key"), "{reply:?}");
}

#[tokio::test]
async fn s3_keys_are_those_of_the_sample_in_its_order() {
    let sample = include_str!("samples/payment_succeeded.json");
    let sample_object = serde_json::from_str::<Value>(sample).unwrap();
    let world = World::new().await;
    let id = world.paid(1000).await;
    world.refund(&id, "r", 100).await;
    world.settle().await;
    let mine = world.receiver.all();
    let event = &mine.iter().find(|event| event.event_type() == "payment_succeeded").unwrap().body;
    assert_eq!(key_order(event), key_order(sample));
    let object = |text: &str| text[text.find("\"object\":").unwrap() + 9..].rsplit_once("},\"timestamp\"").unwrap().0.to_owned();
    assert_eq!(key_order(&object(event)), key_order(&object(sample)));
    assert_eq!(sample_object["content"]["object"].as_object().unwrap().len(), key_order(&object(event)).len());
    let refund = &mine.iter().find(|event| event.event_type() == "refund_succeeded").unwrap().body;
    assert_eq!(key_order(&object(refund)), key_order(&object(include_str!("samples/refund_succeeded.json"))));
}

#[tokio::test]
async fn s6_payment_id_is_unique_whatever_the_body() {
    let world = World::new().await;
    world.post("/payments", create("p")).await;
    for body in [create("p"), json!({"payment_id": "p", "amount": 7, "currency": "EUR"})] {
        let again = world.post("/payments", body).await;
        assert_eq!(again.refusal(), (400, "HE_01".to_owned()));
        assert_eq!(again.json()["error"]["reason"], "PaymentId(p) already exists");
    }
    assert_eq!(world.sandbox.books().payments.len(), 1);
    assert_eq!(world.sandbox.books().created["payment:p"], 1);
}

#[tokio::test]
async fn s7_bodies_that_do_not_parse() {
    let world = World::new().await;
    let bad = [
        json!({"amount": 1, "currency": "USD", "amuont": 2}),
        json!({"amount": -1, "currency": "USD"}),
        json!({"amount": 1.5, "currency": "USD"}),
        json!({"amount": "1", "currency": "USD"}),
        json!({"amount": 1, "currency": "usd"}),
        json!({"amount": 1, "currency": "USD", "metadata": "text"}),
        json!({"amount": 1, "currency": "USD", "payment_id": "a b"}),
        json!({"amount": 1, "currency": "USD", "payment_id": "x".repeat(65)}),
        json!([]),
    ];
    for body in bad {
        let reply = world.post("/payments", body.clone()).await;
        assert_eq!(reply.refusal(), (400, "IR_06".to_owned()), "{body}");
        assert_eq!(reply.json()["error"]["error_type"], "invalid_request");
        assert!(reply.json()["error"]["type"].is_null());
    }
    assert_eq!(world.post("/payments", json!({"currency": "USD"})).await.refusal().1, "IR_04");
    assert_eq!(world.post("/refunds", json!({"payment_id": "x", "refund": 1})).await.refusal().1, "IR_06");
    let large = json!({"amount": 1, "currency": "USD", "description": "x".repeat(33 * 1024)});
    assert_eq!(world.post("/payments", large).await.refusal(), (400, "IR_06".to_owned()));
}

#[tokio::test]
async fn s3_a_decline_is_200_and_may_be_tried_again() {
    let world = World::new().await;
    let mut body = create("p");
    body["confirm"] = json!(true);
    body["payment_method_data"] = json!({"card": {"card_number": "4000 0000 0000 0002"}});
    let declined = world.post("/payments", body).await;
    assert_eq!((declined.status, &declined.json()["status"]), (200, &json!("failed")));
    assert_eq!(declined.json()["error_code"], "card_declined");
    let again = world.post("/payments/p/confirm", json!({"payment_method_data": {"card": {"card_number": "4000000000000002"}}})).await;
    assert_eq!(again.json()["status"], "failed");
    let paid = world.post("/payments/p/confirm", json!({"payment_method_data": {"card": {"card_number": "4242424242424242"}}})).await;
    assert_eq!((&paid.json()["status"], &paid.json()["attempt_count"]), (&json!("succeeded"), &json!(3)));
    world.settle().await;
    // §8: a second failure raises no second event.
    let mut types = world.receiver.types();
    types.sort();
    assert_eq!(types, ["payment_failed", "payment_succeeded"]);
}

#[tokio::test]
async fn s3_manual_capture_and_cancel() {
    let world = World::new().await;
    for (id, method) in [("part", "manual"), ("many", "manual_multiple"), ("stop", "manual")] {
        let mut body = create(id);
        body["capture_method"] = json!(method);
        body["confirm"] = json!(true);
        assert_eq!(world.post("/payments", body).await.json()["status"], "requires_capture");
    }
    let capture = |id: &str, amount: i64| world.post_owned(format!("/payments/{id}/capture"), json!({"amount_to_capture": amount}));
    assert_eq!(capture("part", 2000).await.refusal(), (422, "IR_06".to_owned()));
    assert_eq!(capture("part", 0).await.refusal(), (422, "IR_05".to_owned()));
    let part = capture("part", 400).await.json();
    assert_eq!(
        (&part["status"], &part["amount_received"], &part["amount_capturable"]),
        (&json!("partially_captured"), &json!(400), &json!(0))
    );
    assert_eq!(capture("part", 1).await.refusal(), (400, "IR_14".to_owned()));
    assert_eq!(world.post("/payments/many/capture", json!({})).await.refusal().1, "IR_04");
    assert_eq!(capture("many", 400).await.json()["status"], "partially_captured_and_capturable");
    assert_eq!(capture("many", 600).await.json()["status"], "succeeded");
    assert_eq!(world.post("/payments/stop/cancel", json!({"cancellation_reason": "x"})).await.json()["status"], "cancelled");
    assert_eq!(world.post("/payments/stop/cancel", json!({})).await.refusal(), (400, "IR_16".to_owned()));
    assert_eq!(world.sandbox.books().totals["usd"].platform_available, 1400);
}

#[tokio::test]
async fn s5_refund_checks_in_their_order() {
    let world = World::new().await;
    // 1 before 2, 5, 7: unknown payment
    assert_eq!(world.refund("none", &"x".repeat(65), 0).await.refusal(), (404, "HE_02".to_owned()));
    // 2 before 3 and 5
    world.post("/payments", create("open")).await;
    assert_eq!(world.refund("open", "r", 0).await.refusal(), (400, "IR_14".to_owned()));
    // 3 before 7: more than captured
    let id = world.paid(1000).await;
    assert_eq!(world.refund(&id, &"x".repeat(65), 1001).await.refusal(), (400, "IR_13".to_owned()));
    // 5 before 7
    assert_eq!(world.refund(&id, &"x".repeat(65), 0).await.refusal(), (422, "IR_05".to_owned()));
    assert_eq!(world.refund(&id, "r", -5).await.refusal(), (422, "IR_05".to_owned()));
    // 7 before 9: a pending refund takes what is left
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundPending)).unwrap();
    assert_eq!(world.refund(&id, "pending", 600).await.json()["status"], "pending");
    assert_eq!(world.refund(&id, &"x".repeat(65), 500).await.refusal(), (422, "IR_05".to_owned()));
    // 9 before 12: pending counts, so the repeat is IR_13 and not HE_01
    assert_eq!(world.refund(&id, "pending", 600).await.refusal(), (400, "IR_13".to_owned()));
    // 12: enough is left, the id is taken; also by another payment
    assert_eq!(world.refund(&id, "pending", 400).await.refusal(), (400, "HE_01".to_owned()));
    let other = world.paid(1000).await;
    assert_eq!(world.refund(&other, "pending", 1).await.refusal(), (400, "HE_01".to_owned()));
    // a repeat of a full refund: IR_13
    assert_eq!(world.refund(&other, "full", 1000).await.json()["status"], "succeeded");
    assert_eq!(world.refund(&other, "full", 1000).await.refusal(), (400, "IR_13".to_owned()));
    // the default amount is what was captured, not what is left
    assert_eq!(world.post("/refunds", json!({"payment_id": id})).await.refusal(), (400, "IR_13".to_owned()));
}

#[tokio::test]
async fn s5_check_8_age_and_check_10_count() {
    let world = World::new().await;
    let id = world.paid(1000).await;
    for n in 0..11 {
        assert_eq!(world.refund(&id, &format!("r{n}"), 1).await.status, 200, "refund {n}: the test is len > max");
    }
    assert_eq!(world.refund(&id, "r11", 1).await.refusal(), (400, "IR_12".to_owned()));
    world.settle().await;
    world.sandbox.advance_clock(std::time::Duration::from_secs(366 * 86_400)).await.unwrap();
    assert_eq!(world.refund(&id, "r11", 1).await.refusal(), (422, "IR_05".to_owned()), "8 comes before 10");
}

#[tokio::test]
async fn s5_check_11_method() {
    let world = World::new().await;
    let mut body = create("wallet");
    body["payment_method"] = json!("reward");
    body["confirm"] = json!(true);
    world.post("/payments", body).await;
    assert_eq!(world.refund("wallet", "r", 1).await.refusal(), (400, "IR_04".to_owned()));
    let id = world.paid(1000).await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundNotSupported).payment(&id)).unwrap();
    assert_eq!(world.refund(&id, "r", 1).await.refusal(), (422, "IR_06".to_owned()));
    assert_eq!(world.refund(&id, "r", 1).await.status, 200);
}

#[tokio::test]
async fn s5_retrieve_and_list() {
    let world = World::new().await;
    let id = world.paid(1000).await;
    for n in 0..3 {
        world.refund(&id, &format!("r{n}"), 10 + n).await;
    }
    assert_eq!(world.get("/refunds/r1").await.json()["amount"], 11);
    assert_eq!(world.get("/refunds/none").await.refusal(), (404, "HE_02".to_owned()));
    let page = world.post("/refunds/list", json!({"payment_id": id, "limit": 2, "refund_status": ["success"]})).await.json();
    assert_eq!((&page["count"], &page["total_count"], &page["data"][0]["refund_id"]), (&json!(2), &json!(3), &json!("r2")));
    assert_eq!(world.post("/refunds/list", json!({"end_time": "2026-01-01T00:00:00Z"})).await.refusal().1, "IR_06");
}

#[tokio::test]
async fn s9_disputes() {
    let world = World::new().await;
    let id = world.paid(1000).await;
    let opened = world.control(&format!("/payments/{id}/dispute"), json!({"amount": 400})).await.json();
    let dispute_id = opened["dispute_id"].as_str().unwrap().to_owned();
    let dispute = world.get(&format!("/disputes/{dispute_id}")).await.json();
    assert_eq!((&dispute["amount"], &dispute["dispute_status"]), (&json!("400"), &json!("dispute_opened")));
    assert_eq!(world.get(&format!("/payments/{id}")).await.json()["disputes"][0]["dispute_id"], json!(dispute_id));
    assert_eq!(world.sandbox.books().totals["usd"].platform_available, 600);
    // §5 check 3: disputed money cannot be refunded too
    assert_eq!(world.refund(&id, "r", 700).await.refusal(), (400, "IR_13".to_owned()));
    world.control(&format!("/disputes/{dispute_id}"), json!({"status": "won"})).await;
    assert_eq!(world.sandbox.books().totals["usd"].platform_available, 1000);
    assert_eq!(world.get("/disputes/none").await.refusal(), (404, "HE_04".to_owned()));
    world.settle().await;
    let mut types = world.receiver.types();
    types.sort();
    assert_eq!(types, ["dispute_opened", "dispute_won", "payment_succeeded"]);
}

impl World {
    async fn post_owned(&self, path: String, body: Value) -> common::Reply {
        self.post(&path, body).await
    }
}
