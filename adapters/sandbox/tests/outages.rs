//! Providers that are down, slow, limiting or answering nonsense: by side, by path, for reads or writes, for a count or a span.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use std::time::{Duration, Instant};

use common::World;
use serde_json::{Value, json};
use veza_sandbox::{Fault, Op, Script};

const MINUTE: Duration = Duration::from_secs(60);

async fn add(world: &World, script: Value) {
    let reply = world.control("/scripts", script).await;
    assert_eq!(reply.status, 200, "{}", reply.text);
}

#[tokio::test]
async fn a_side_is_down_for_a_span_of_the_clock() {
    let world = World::new().await;
    let id = world.paid(1000).await;
    add(&world, json!({"on": "hyperswitch", "fault": "unavailable", "for": "30m"})).await;
    for _ in 0..3 {
        assert_eq!(world.get(&format!("/payments/{id}")).await.status, 503);
        assert_eq!(world.refund(&id, "r", 10).await.status, 503);
        assert_eq!(world.stripe("/v1/balance").await.status, 200, "the other side is up");
    }
    world.settle().await;
    world.sandbox.advance_clock(29 * MINUTE).await.unwrap();
    assert_eq!(world.get(&format!("/payments/{id}")).await.status, 503);
    assert_eq!(world.sandbox.scripts().len(), 1);
    world.sandbox.advance_clock(MINUTE).await.unwrap();
    assert!(world.sandbox.scripts().is_empty(), "over");
    assert_eq!(world.get(&format!("/payments/{id}")).await.status, 200);
    assert_eq!(world.sandbox.books().totals["usd"].refunded, 0);
}

#[tokio::test]
async fn reads_and_writes_apart() {
    let world = World::new().await;
    let (id, seller) = (world.paid(1000).await, world.seller().await);
    add(&world, json!([{"on": "hyperswitch_reads", "fault": "rate_limited", "times": 0}, {"on": "stripe_writes", "fault": "rate_limited", "times": 2}])).await;
    assert_eq!(world.get(&format!("/payments/{id}")).await.status, 429);
    assert_eq!(world.post("/refunds/list", json!({})).await.status, 429, "a read by POST");
    assert_eq!(world.refund(&id, "r", 10).await.status, 200);
    for _ in 0..2 {
        assert_eq!(world.transfer("t", 10, &seller).await.refusal(), (429, "rate_limit".to_owned()));
        assert_eq!(world.stripe("/v1/transfers").await.status, 200);
    }
    assert_eq!(world.transfer("t", 10, &seller).await.status, 200, "used up, and nothing was saved under the key");
}

#[tokio::test]
async fn one_path_only() {
    let world = World::new().await;
    let (id, other) = (world.paid(1000).await, world.paid(1000).await);
    add(&world, json!({"on": "any", "fault": "bad_gateway", "times": 0, "path": format!("/payments/{id}")})).await;
    add(&world, json!({"on": "stripe", "fault": "bad_gateway", "times": 0, "path": "/v1/transfers"})).await;
    assert_eq!(world.get(&format!("/payments/{id}")).await.status, 502);
    assert_eq!(world.get(&format!("/payments/{other}")).await.status, 200);
    assert_eq!(world.stripe("/v1/transfers/tr_x").await.status, 502);
    assert_eq!(world.stripe("/v1/balance").await.status, 200);
}

#[tokio::test]
async fn slow_for_a_while() {
    let world = World::new().await;
    world.sandbox.script(Script::new(Op::StripeReads, Fault::Slow).delay(Duration::from_millis(150)).lasting(MINUTE)).unwrap();
    for _ in 0..2 {
        let start = Instant::now();
        assert_eq!(world.stripe("/v1/balance").await.status, 200);
        assert!(start.elapsed() >= Duration::from_millis(150));
    }
}

#[tokio::test]
async fn nonsense_from_both_sides() {
    let world = World::new().await;
    let (id, seller) = (world.paid(1000).await, world.seller().await);
    for (number, on) in [(0, "hyperswitch"), (1, "stripe")] {
        for (fault, effect) in [("html", false), ("wrong_json", false), ("error_in_200", false), ("garbled", true)] {
            add(&world, json!({"on": on, "fault": fault})).await;
            let key = format!("{fault}{number}");
            let reply = if on == "stripe" { world.transfer(&key, 10, &seller).await } else { world.refund(&id, &key, 10).await };
            assert_eq!(reply.status, 200, "{fault}");
            let json: Option<Value> = serde_json::from_str(&reply.text).ok();
            match fault {
                "html" => assert!(reply.text.starts_with("<html>") && reply.header("content-type") == Some("text/html")),
                "wrong_json" => assert!(json.unwrap().get("id").is_none()),
                "error_in_200" => assert!(json.unwrap()["error"]["message"].is_string()),
                _ => assert!(json.is_none() && reply.text.starts_with('{'), "{}", reply.text),
            }
            let created = world.sandbox.books().created;
            let made = created.contains_key(&format!("refund:{key}")) || created.contains_key(&format!("transfer:{key}"));
            assert_eq!(made, effect, "{on} {fault}");
        }
    }
    for (fault, path) in [("html", "/v1/balance"), ("wrong_json", "/v1/transfers"), ("garbled", "/v1/events")] {
        add(&world, json!({"on": "stripe_reads", "fault": fault})).await;
        let reply = world.stripe(path).await;
        assert_eq!(reply.status, 200);
        assert!(serde_json::from_str::<Value>(&reply.text).ok().is_none_or(|json| json.get("object").is_none()), "{fault}: {}", reply.text);
    }
    add(&world, json!({"on": "read_dispute", "fault": "not_found"})).await;
    assert_eq!(world.get("/disputes/dp_x").await.refusal(), (404, "HE_04".to_owned()));
}

#[tokio::test]
async fn spans_and_delays_must_be_durations() {
    let world = World::new().await;
    for script in [json!({"on": "any", "fault": "slow", "for": "soon"}), json!({"on": "any", "fault": "slow", "delay": "5 parsecs"})] {
        assert_eq!(world.control("/scripts", script.clone()).await.status, 400, "{script}");
    }
    let nonsense = Script { lasts: Some("soon".to_owned()), ..Script::new(Op::Any, Fault::Slow) };
    assert!(world.sandbox.script(nonsense).is_err());
    assert!(world.sandbox.scripts().is_empty());
}
