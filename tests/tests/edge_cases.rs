//! Odd requests over a whole Veza: what is not understood is refused, and makes nothing.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::collections::BTreeSet;
use veza_tests::{Answer, Person, World, euros};

/// Keys that can't be read: bytes that are not ASCII, in Latin 1 and in UTF-8, and two keys at once.
const UNREADABLE: [&[&[u8]]; 4] = [&[b"schl\xfcssel"], &["schl\u{fc}ssel".as_bytes()], &[b"one", b"other"], &[b"one", b"\xfc"]];

/// Operations that take a key, as the description has them.
fn take_a_key() -> BTreeSet<String> {
    let document: Value = serde_json::from_str(&veza::http::server::api_service().spec()).unwrap();
    let operations = document["paths"].as_object().unwrap().values().flat_map(|path| path.as_object().unwrap().values());
    let takes = |operation: &&Value| {
        let parameters = operation["parameters"].as_array().into_iter().flatten();
        parameters.into_iter().any(|parameter| parameter["name"].as_str().unwrap().eq_ignore_ascii_case("idempotency-key"))
    };
    operations.filter(takes).map(|operation| operation["operationId"].as_str().unwrap().to_owned()).collect()
}

async fn keyed(world: &World, who: &Person, path: &str, body: &Value, keys: &[&[u8]]) -> Answer {
    let mut request = world.http.post(world.url(path)).bearer_auth(&who.token).json(body);
    for key in keys {
        request = request.header("idempotency-key", reqwest::header::HeaderValue::from_bytes(key).unwrap());
    }
    Answer::of(request.send().await.unwrap()).await
}

async fn count(who: &Person, path: &str) -> usize {
    who.get(path).await.ok(200)["items"].as_array().unwrap().len()
}

#[tokio::test]
async fn a_key_that_cannot_be_read_makes_nothing() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    let bought = buyer.buy(&world, &[&product]).await;
    let (refund, refunds) = (format!("/api/v1/marketplace/orders/{bought}/refund"), format!("/api/v1/marketplace/orders/{bought}/refunds"));
    let (orders, invoices) = ("/api/v1/marketplace/orders", "/api/v1/subscriptions/invoices");
    let routes: [(&str, &Person, &str, Value, u16, &str, usize); 4] = [
        ("createOrder", &buyer, orders, json!({"items": [{"product_id": product}]}), 201, orders, 1),
        ("refundOrder", &buyer, &refund, json!({}), 202, &refunds, 0),
        (
            "submitDistribution",
            &seller,
            "/api/v1/distribution/submit",
            json!({"product_id": product, "platforms": ["spotify"]}),
            201,
            "/api/v1/distribution/submissions",
            0,
        ),
        ("subscribe", &buyer, "/api/v1/subscriptions/subscribe", json!({"plan": "creator"}), 201, invoices, 0),
    ];
    assert_eq!(take_a_key(), routes.iter().map(|(operation, ..)| (*operation).to_owned()).collect(), "every route that takes a key");
    for (operation, who, path, body, status, list, before) in &routes {
        for keys in UNREADABLE.iter().chain(&UNREADABLE) {
            keyed(&world, who, path, body, keys).await.problem(400, "bad_idempotency_key");
        }
        assert_eq!(count(who, list).await, *before, "{operation}");
        // The same key twice in one request is one key, and a repetition makes nothing more.
        for keys in [&[b"one".as_slice()] as &[&[u8]], &[b"one", b"one"]] {
            keyed(&world, who, path, body, keys).await.ok(*status);
        }
        assert_eq!(count(who, list).await, before + 1, "{operation}");
    }
    world.stop().await;
}
