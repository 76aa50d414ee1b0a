//! The Stripe side over real HTTP, by the sections of contracts/stripe.md.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use std::time::Duration;

use common::World;
use serde_json::json;
use veza_sandbox::{Fault, Op, Script};

/// A world whose platform has 10 000 cents, and one seller.
async fn shop() -> (World, String) {
    let world = World::new().await;
    world.paid(10_000).await;
    let seller = world.seller().await;
    (world, seller)
}

#[tokio::test]
async fn s1_auth_versions_and_forms() {
    let world = World::new().await;
    let wrong = world.send(world.http.get(world.url("/v1/balance")).bearer_auth("sk_test_wrong")).await.unwrap();
    assert_eq!(wrong.refusal(), (401, "none".to_owned()));
    assert_eq!(wrong.json()["error"]["message"], "Invalid API Key provided: sk_test_***");
    let basic = world.http.get(world.url("/v1/balance")).basic_auth("sk_test_veza", Some("")).header("stripe-version", "2026-10-28.endive");
    let basic = world.send(basic).await.unwrap();
    assert_eq!((basic.status, basic.header("stripe-version")), (200, Some("2026-10-28.endive")));
    assert!(basic.header("request-id").unwrap().starts_with("req_"));
    assert!(basic.header("stripe-should-retry").is_none());

    let raw = "country=DE&metadata[order_id]=a+b&metadata%5Bx%5D=1&capabilities[transfers][requested]=true&controller[losses][payments]=application";
    let created = world
        .http
        .post(world.url("/v1/accounts"))
        .bearer_auth("sk_test_veza")
        .header("content-type", "application/x-www-form-urlencoded")
        .body(raw);
    let account = world.send(created).await.unwrap().json();
    assert_eq!(account["metadata"], json!({"order_id": "a b", "x": "1"}));
    assert_eq!((&account["capabilities"]["transfers"], &account["default_currency"]), (&json!("inactive"), &json!("eur")));
    let as_json = world.http.post(world.url("/v1/accounts")).bearer_auth("sk_test_veza").json(&json!({}));
    assert_eq!(world.send(as_json).await.unwrap().status, 400);
    assert_eq!(world.stripe("/v1/nothing").await.status, 404);
}

#[tokio::test]
async fn s3_transfer_and_reversals() {
    let (world, seller) = shop().await;
    let form = [("amount", "4000"), ("currency", "USD"), ("destination", &*seller), ("transfer_group", "o1"), ("metadata[order_id]", "o1")];
    let created = world.form("/v1/transfers", Some("t1"), &form).await;
    let transfer = created.json();
    assert_eq!((created.status, &transfer["currency"], &transfer["reversed"]), (200, &json!("usd"), &json!(false)));
    assert_eq!(transfer["metadata"], json!({"order_id": "o1"}));
    assert_eq!(created.header("original-request"), created.header("request-id"));
    assert_eq!((created.header("idempotency-key"), created.header("stripe-should-retry")), (Some("t1"), Some("false")));
    let id = transfer["id"].as_str().unwrap();
    let reversals = format!("/v1/transfers/{id}/reversals");

    let part = world.form(&reversals, Some("r1"), &[("amount", "1500")]).await.json();
    assert_eq!((&part["object"], &part["metadata"]), (&json!("transfer_reversal"), &json!(null)));
    let read = world.stripe(&format!("/v1/transfers/{id}")).await.json();
    assert_eq!((&read["amount_reversed"], &read["reversed"], &read["reversals"]["total_count"]), (&json!(1500), &json!(false), &json!(1)));
    let over = world.form(&reversals, Some("r2"), &[("amount", "2501")]).await;
    assert_eq!(over.refusal(), (400, "none".to_owned()));
    assert!(over.json()["error"]["message"].as_str().unwrap().starts_with("Transfer reversal amount ($25.01) is greater than"));
    world.form(&reversals, Some("r3"), &[]).await;
    let full = world.form(&reversals, Some("r4"), &[]).await;
    assert_eq!(full.json()["error"]["message"], format!("The transfer {id} is already fully reversed."));
    assert_eq!(full.refusal(), (400, "none".to_owned()));
    assert_eq!(world.stripe(&format!("/v1/transfers/{id}")).await.json()["reversed"], true);
    let first = part["id"].as_str().unwrap();
    assert_eq!(world.stripe(&format!("{reversals}/{first}")).await.json()["amount"], 1500);
    assert_eq!(world.stripe(&reversals).await.json()["data"][1]["id"], first);

    let updated = world.form(&format!("/v1/transfers/{id}"), None, &[("metadata[order_id]", ""), ("metadata[a]", "b")]).await;
    assert_eq!(updated.json()["metadata"], json!({"a": "b"}));
    let books = world.sandbox.books();
    let totals = &books.totals["usd"];
    assert_eq!((totals.platform_available, totals.accounts_available, totals.reversed), (10_000, 0, 4000));
}

#[tokio::test]
async fn s3_lists_page_by_cursor() {
    let (world, seller) = shop().await;
    let other = world.seller().await;
    let mut ids = Vec::new();
    for n in 0..5 {
        let (amount, group) = ((100 + n).to_string(), format!("g{}", n % 2));
        let form = [("amount", &*amount), ("currency", "usd"), ("destination", &*seller), ("transfer_group", &*group)];
        ids.push(world.form("/v1/transfers", None, &form).await.json()["id"].as_str().unwrap().to_owned());
    }
    world.transfer("x", 1, &other).await;
    let page = |query: String| {
        let world = &world;
        async move {
            let body = world.stripe(&format!("/v1/transfers?{query}")).await.json();
            let ids: Vec<String> = body["data"].as_array().unwrap().iter().map(|t| t["id"].as_str().unwrap().to_owned()).collect();
            (ids, body["has_more"].as_bool().unwrap())
        }
    };
    let newest: Vec<String> = ids.iter().rev().cloned().collect();
    assert_eq!(page(format!("destination={seller}&limit=2")).await, (newest[..2].to_vec(), true));
    assert_eq!(page(format!("destination={seller}&limit=3&starting_after={}", newest[1])).await, (newest[2..].to_vec(), false));
    assert_eq!(page(format!("destination={seller}&limit=1&ending_before={}", newest[2])).await, (newest[1..2].to_vec(), true));
    assert_eq!(page("transfer_group=g1".to_owned()).await.0, [ids[3].clone(), ids[1].clone()]);
    assert_eq!(page("created[gt]=99999999999".to_owned()).await.0, Vec::<String>::new());
    assert_eq!(page("created[gte]=1&limit=100".to_owned()).await.0.len(), 6);
    assert_eq!(world.stripe("/v1/transfers?limit=101").await.status, 400);
    assert_eq!(world.stripe("/v1/transfers?starting_after=tr_none").await.refusal(), (400, "resource_missing".to_owned()));
    let events = world.stripe("/v1/events?type=transfer.created&limit=1").await.json();
    assert_eq!(events["data"][0]["request"]["idempotency_key"], "x");
}

#[tokio::test]
async fn s5_replays_what_was_executed_refusals_too() {
    let (world, seller) = shop().await;
    let poor = world.transfer("k", 10_001, &seller).await;
    assert_eq!(poor.refusal(), (400, "balance_insufficient".to_owned()));
    world.paid(5_000).await;
    let replay = world.transfer("k", 10_001, &seller).await;
    assert_eq!(replay.text, poor.text);
    assert_eq!((replay.header("idempotent-replayed"), replay.header("original-request")), (Some("true"), poor.header("request-id")));
    assert_ne!(replay.header("request-id"), replay.header("original-request"));
    assert_eq!(world.transfer("k:2", 10_001, &seller).await.status, 200, "a new generation of the key");
    assert_eq!(world.transfer("k:2", 10_001, &seller).await.status, 200);
    assert_eq!(world.sandbox.books().created["transfer:k:2"], 1);
    assert_eq!(world.sandbox.books().received["k:2"], 2);
}

#[tokio::test]
async fn s5_mismatch_other_endpoint_and_what_is_not_saved() {
    let (world, seller) = shop().await;
    let first = world.transfer("k", 100, &seller).await.json();
    let other = world.transfer("k", 101, &seller).await;
    assert_eq!((other.status, &other.json()["error"]["type"]), (400, &json!("idempotency_error")));
    assert!(other.json()["error"]["message"].as_str().unwrap().contains("Try using a key other than 'k' if"));
    assert!(other.json()["error"].get("code").is_none());
    let path = format!("/v1/transfers/{}/reversals", first["id"].as_str().unwrap());
    assert_eq!(world.form(&path, Some("k"), &[("amount", "1")]).await.json()["error"]["type"], "idempotency_error");
    // validation is not saved: the same key may then be used with good parameters
    let bad = world.form("/v1/transfers", Some("v"), &[("amount", "ten"), ("currency", "usd"), ("destination", &seller)]).await;
    assert_eq!(bad.refusal(), (400, "parameter_invalid_integer".to_owned()));
    assert_eq!(world.transfer("v", 100, &seller).await.status, 200);
    // neither is a 429
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::RateLimited)).unwrap();
    assert_eq!(world.transfer("w", 100, &seller).await.refusal(), (429, "rate_limit".to_owned()));
    assert_eq!(world.transfer("w", 100, &seller).await.status, 200);
}

#[tokio::test]
async fn s5_keys_are_forgotten_after_24_hours_and_pay_twice() {
    let (world, seller) = shop().await;
    world.transfer("k", 100, &seller).await;
    world.control("/clock", json!({"advance": "23h"})).await;
    assert_eq!(world.transfer("k", 100, &seller).await.header("idempotent-replayed"), Some("true"));
    world.control("/clock", json!({"advance": "61m"})).await;
    assert_eq!(world.transfer("k", 100, &seller).await.header("idempotent-replayed"), None);
    assert_eq!(world.sandbox.books().created["transfer:k"], 2);
}

#[tokio::test]
async fn s5_a_key_in_use_is_409() {
    let (world, seller) = shop().await;
    world.sandbox.script(Script::new(Op::CreateTransfer, Fault::SlowBeforeEffect).delay(Duration::from_millis(300))).unwrap();
    let both = tokio::join!(world.transfer("k", 100, &seller), async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        world.transfer("k", 100, &seller).await
    });
    assert_eq!(both.0.status, 200);
    assert_eq!(both.1.refusal(), (409, "idempotency_key_in_use".to_owned()));
    assert_eq!(world.transfer("k", 100, &seller).await.json(), both.0.json());
}

#[tokio::test]
async fn s6_errors() {
    let (world, seller) = shop().await;
    let transfer = |form: Vec<(&'static str, String)>| {
        let world = &world;
        async move {
            let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
            world.form("/v1/transfers", None, &form).await
        }
    };
    let pair = |name: &'static str, value: &str| (name, value.to_owned());
    let base = || vec![pair("amount", "1"), pair("currency", "usd"), pair("destination", &seller)];
    let without = |name: &str| base().into_iter().filter(|(key, _)| *key != name).collect::<Vec<_>>();
    for name in ["amount", "currency", "destination"] {
        let reply = transfer(without(name)).await;
        assert_eq!((reply.refusal(), reply.json()["error"]["param"].clone()), ((400, "parameter_missing".to_owned()), json!(name)));
    }
    let with = |name: &'static str, value: &str| without(name).into_iter().chain([pair(name, value)]).collect::<Vec<_>>();
    assert_eq!(transfer(with("amuont", "1")).await.refusal(), (400, "parameter_unknown".to_owned()));
    assert_eq!(transfer(with("transfer_group", "")).await.refusal(), (400, "parameter_invalid_empty".to_owned()));
    let nobody = transfer(with("destination", "acct_x")).await;
    assert_eq!(nobody.refusal(), (400, "resource_missing".to_owned()));
    assert_eq!(nobody.json()["error"]["message"], "No such destination: 'acct_x'");
    let none = world.stripe("/v1/transfers/tr_x").await;
    assert_eq!(none.refusal(), (404, "resource_missing".to_owned()));
    assert_eq!(none.json()["error"]["message"], "No such transfer: 'tr_x'");
    assert_eq!(world.form("/v1/transfers/tr_x/reversals", None, &[("amount", "1")]).await.refusal(), (404, "resource_missing".to_owned()));
    assert_eq!(world.stripe("/v1/accounts/acct_x").await.refusal(), (403, "account_invalid".to_owned()));
    world.control(&format!("/accounts/{seller}"), json!({"transfers": "inactive"})).await;
    assert_eq!(transfer(base()).await.refusal(), (400, "insufficient_capabilities_for_transfer".to_owned()));
}

#[tokio::test]
async fn s4_money_becomes_available_later_and_refunds_take_it() {
    let world = World::with(|config| config.card_money_available_after = Duration::from_secs(2 * 86_400)).await;
    let seller = world.seller().await;
    let id = world.paid(1000).await;
    assert_eq!(world.transfer("a", 900, &seller).await.refusal().1, "balance_insufficient");
    world.refund(&id, "r", 300).await;
    let balance = world.stripe("/v1/balance").await.json();
    assert_eq!((&balance["available"][0]["amount"], &balance["pending"][0]["amount"]), (&json!(0), &json!(700)));
    world.settle().await;
    world.sandbox.advance_clock(Duration::from_secs(2 * 86_400)).await.unwrap();
    assert_eq!(world.transfer("b", 700, &seller).await.status, 200);
    world.refund(&id, "r2", 700).await;
    assert_eq!(world.sandbox.books().available("platform", "usd"), -700);

    let own = world.http.get(world.url("/v1/balance")).bearer_auth("sk_test_veza").header("stripe-account", &seller);
    assert_eq!(world.send(own).await.unwrap().json()["available"][0]["amount"], 700);
    world.control(&format!("/accounts/{seller}/payout"), json!({})).await;
    let transfer = world.sandbox.books().transfers[0].id.clone();
    let reversal = world.form(&format!("/v1/transfers/{transfer}/reversals"), Some("rev"), &[("amount", "1")]).await;
    assert_eq!(reversal.refusal(), (400, "balance_insufficient".to_owned()));
    world.control(&format!("/accounts/{seller}/deposit"), json!({"amount": 700, "currency": "usd"})).await;
    let reversal = world.form(&format!("/v1/transfers/{transfer}/reversals"), Some("rev:2"), &[("amount", "700")]).await;
    assert_eq!(reversal.status, 200);
    let totals = world.sandbox.books().totals["usd"].clone();
    assert_eq!((totals.platform_available, totals.paid_out, totals.accounts_available), (0, 700, 0));
}

#[tokio::test]
async fn s4_source_transaction_does_not_wait() {
    let world = World::with(|config| config.card_money_available_after = Duration::from_secs(86_400)).await;
    let seller = world.seller().await;
    let id = world.paid(1000).await;
    let charge = world.get(&format!("/payments/{id}")).await.json()["connector_transaction_id"].as_str().unwrap().to_owned();
    let send = |amount: &'static str| {
        world.form_owned(vec![
            ("amount", amount.to_owned()),
            ("currency", "usd".to_owned()),
            ("destination", seller.clone()),
            ("source_transaction", charge.clone()),
        ])
    };
    assert_eq!(send("900").await.json()["transfer_group"], format!("group_{id}"));
    assert_eq!(send("101").await.status, 400);
    world.sandbox.advance_clock(Duration::from_secs(86_400)).await.unwrap();
    assert_eq!(world.sandbox.books().available("platform", "usd"), 100);
}

#[tokio::test]
async fn s8_onboarding_link_is_single_use_and_expires() {
    let world = World::new().await;
    let account =
        world.form("/v1/accounts", None, &[("capabilities[transfers][requested]", "true")]).await.json()["id"].as_str().unwrap().to_owned();
    let form =
        [("account", &*account), ("type", "account_onboarding"), ("refresh_url", "http://shop/again"), ("return_url", "http://shop/done")];
    let link = world.form("/v1/account_links", None, &form).await.json();
    assert_eq!(link["expires_at"].as_i64().unwrap() - link["created"].as_i64().unwrap(), 300);
    let url = link["url"].as_str().unwrap().to_owned();
    let visit = |url: String| world.send(world.http.get(url));
    assert!(visit(url.clone()).await.unwrap().text.contains("Finish onboarding"));
    let again = visit(url.clone()).await.unwrap();
    assert_eq!((again.status, again.header("location")), (303, Some("http://shop/again")));
    let finished = world.send(world.http.post(format!("{url}/finish"))).await.unwrap();
    assert_eq!(finished.header("location"), Some("http://shop/done"));
    let ready = world.stripe(&format!("/v1/accounts/{account}")).await.json();
    assert_eq!((&ready["capabilities"]["transfers"], &ready["payouts_enabled"]), (&json!("active"), &json!(true)));
    let late = world.form("/v1/account_links", None, &form).await.json()["url"].as_str().unwrap().to_owned();
    world.sandbox.advance_clock(Duration::from_secs(301)).await.unwrap();
    assert_eq!(visit(late).await.unwrap().header("location"), Some("http://shop/again"));
}

impl World {
    async fn form_owned(&self, form: Vec<(&'static str, String)>) -> common::Reply {
        let form: Vec<(&str, &str)> = form.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.form("/v1/transfers", None, &form).await
    }
}
