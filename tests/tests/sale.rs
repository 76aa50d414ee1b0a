//! A sale, end to end: checkout, payment, webhook, licences, ledger, transfers (spec/01-money §2, §3, §6).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza_domain::money::Money;
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{World, assert_books_agree, euros};

#[tokio::test]
async fn two_sellers_are_paid_their_shares_to_the_cent() {
    let world = World::start().await;
    let (first, second, buyer) = (world.seller().await, world.seller().await, world.buyer().await);
    let (track, pack) = (first.product(euros(999)).await, second.product(euros(2_501)).await);
    let order = buyer.buy(&world, &[&track, &pack]).await;

    let shown = buyer.get_order(&order).await;
    assert_eq!(shown["total"], json!({"amount": 3_500, "currency": "EUR"}));
    assert_eq!((&shown["payment"], &shown["flags"]), (&Value::Null, &json!([])));
    assert!(shown["refund_deadline"].is_string() && shown["completed_at"].is_string());
    assert_eq!(buyer.licences().await.iter().filter(|licence| licence["status"] == "active").count(), 2);

    // Fee 10 %, rounded down: 99 of 999 and 250 of 2,501.
    let to_first = first.until_transfer(&world, &order, "completed").await;
    let to_second = second.until_transfer(&world, &order, "completed").await;
    assert_eq!((&to_first["amount"]["amount"], &to_second["amount"]["amount"]), (&json!(900), &json!(2_251)));
    assert!(to_first["stripe_transfer_id"].as_str().unwrap().starts_with("tr_"));
    let books = world.sandbox.books();
    let account = |person: &Value| books.transfer(person["stripe_transfer_id"].as_str().unwrap()).cloned();
    assert!(account(&to_first).is_some() && account(&to_second).is_some());
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn the_key_of_a_payment_is_the_orders_id_as_seen_at_the_server() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let placed = buyer.order(&[&seller.product(euros(500)).await]).await;
    let order = placed["order"]["id"].as_str().unwrap();
    assert_eq!(placed["payment"]["payment_id"], order);
    assert!(placed["payment"]["client_secret"].as_str().unwrap().starts_with(order));
    let calls = serde_json::to_value(&world.sandbox.books().calls).unwrap();
    let keyed = calls.as_array().unwrap().iter().filter(|call| call.to_string().contains(&format!("\"{order}\"")));
    assert!(keyed.count() >= 1, "the idempotency key of the call is the order's id");
    world.stop().await;
}

#[tokio::test]
async fn twelve_equal_webhooks_at_once_settle_once() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    world.sandbox.hold_webhooks(true).unwrap();
    let placed = buyer.order(&[&seller.product(euros(1_000)).await]).await;
    let order = placed["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(&order).unwrap();
    let event = world.sandbox.webhooks().into_iter().find(|event| event.event_type == "payment_succeeded").unwrap();
    let body = event.body.clone();
    let answers = futures_util::future::join_all((0..12).map(|_| world.webhook(&body))).await;
    assert!(answers.iter().all(|answer| answer.status == 200 && answer.body["result"] == "ok"), "{answers:?}");

    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    assert_eq!(buyer.licences().await.len(), 1);
    seller.until_transfer(&world, &order, "completed").await;
    assert_eq!(seller.transfers().await.len(), 1);
    let logged = world
        .until("twelve log rows", || async {
            let rows = admin.get("/api/v1/admin/webhooks?limit=100&event_type=payment_succeeded").await.ok(200);
            let rows = rows["items"].as_array().unwrap().clone();
            (rows.len() >= 12).then_some(rows)
        })
        .await;
    assert_eq!(logged.len(), 12, "each delivery is logged once");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn bad_webhooks_get_their_answers_and_one_log_row_each() {
    let world = World::start().await;
    let admin = world.admin().await;
    let unknown = r#"{"merchant_id":"m","event_id":"evt_1","event_type":"payment_succeeded","content":{"type":"payment_details","object":{"payment_id":"pay_unknown","status":"succeeded","amount":1,"amount_received":1,"currency":"EUR"}}}"#;
    world.raw_webhook(unknown.as_bytes().to_vec(), Some("00")).await.problem(401, "signature_invalid");
    world.raw_webhook(unknown.as_bytes().to_vec(), None).await.problem(401, "signature_invalid");
    world.raw_webhook(vec![0xff, 0xfe, 0x00], None).await.problem(401, "signature_invalid");
    world.raw_webhook(vec![b'x'; 64 * 1024 + 1], None).await.problem(413, "body_too_large");
    world.webhook("{not json").await.problem(400, "malformed_webhook");
    world.webhook(r#"{"event_type":"refund_succeeded","content":{"object":{"payment_id":"p"}}}"#).await.problem(400, "malformed_webhook");
    assert_eq!(world.webhook(unknown).await.ok(200)["result"], "skipped");
    let strange = r#"{"event_id":"evt_2","event_type":"martian_landed","content":{"type":"ufo","object":{}}}"#;
    assert_eq!(world.webhook(strange).await.ok(200)["result"], "skipped");
    let revoked = r#"{"event_id":"evt_3","event_type":"mandate_revoked","content":{"type":"mandate_details","object":{"mandate_id":"man_1","status":"revoked","payment_method_id":"pm_1","payment_method":"card"}}}"#;
    assert_eq!(world.webhook(revoked).await.ok(200)["result"], "skipped", "a method that nobody here uses");

    let rows = world
        .until("eight log rows", || async {
            let rows = admin.get("/api/v1/admin/webhooks?limit=100").await.ok(200)["items"].as_array().unwrap().clone();
            (rows.len() >= 8).then_some(rows)
        })
        .await;
    assert_eq!(rows.len(), 8, "413 stores nothing, everything else stands once");
    let with = |result: &str| rows.iter().filter(|row| row["processing_result"].as_str().unwrap().starts_with(result)).count();
    assert_eq!((with("signature_invalid"), with("error: "), with("skipped")), (3, 2, 3));
    assert!(rows.iter().all(|row| row["request_id"].as_str().is_some_and(|id| !id.is_empty())));
    assert_eq!(rows.iter().filter(|row| row["payload"] == "").count(), 1, "what is not UTF-8 has no payload");
    let forged = admin.get("/api/v1/admin/webhooks?signature_valid=false").await.ok(200);
    assert_eq!(forged["items"].as_array().unwrap().len(), 3);
    world.stop().await;
}

#[tokio::test]
async fn another_amount_or_currency_grants_nothing_and_is_flagged() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    for (amount, received, currency) in [(999, 999, "EUR"), (1_000, 1, "EUR"), (1_000, 1_000, "USD")] {
        let placed = buyer.order(&[&product]).await;
        let order = placed["order"]["id"].as_str().unwrap().to_owned();
        let object =
            json!({"payment_id": order, "status": "succeeded", "amount": amount, "amount_received": received, "currency": currency});
        let body = json!({"event_id": format!("evt_{order}"), "event_type": "payment_succeeded", "content": {"type": "payment_details", "object": object}});
        assert_eq!(world.webhook(&body.to_string()).await.ok(200)["result"], "error: amount mismatch");
        let shown = buyer.get_order(&order).await;
        assert_eq!((&shown["status"], &shown["flags"]), (&json!("pending"), &json!(["amount_mismatch"])));
    }
    assert!(buyer.licences().await.is_empty());
    assert!(seller.transfers().await.is_empty());
    let attention = admin.get("/api/v1/admin/attention").await.ok(200);
    assert_eq!(attention["items"].as_array().unwrap().len(), 3);
    world.stop().await;
}

#[tokio::test]
async fn a_body_without_an_amount_is_a_hint_and_the_payment_is_read() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    world.sandbox.hold_webhooks(true).unwrap();
    let placed = buyer.order(&[&seller.product(euros(1_000)).await]).await;
    let order = placed["order"]["id"].as_str().unwrap().to_owned();
    let hint = json!({"event_type": "payment_succeeded", "payment_id": order, "status": "succeeded"}).to_string();
    assert_eq!(world.webhook(&hint).await.ok(200)["result"], "ok");
    assert_eq!(buyer.get_order(&order).await["status"], "pending", "the PSP says that nobody has paid");
    world.sandbox.pay(&order).unwrap();
    assert_eq!(world.webhook(&hint).await.ok(200)["result"], "ok");
    buyer.until_order(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_decline_fails_the_order_and_a_late_success_delivers() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let placed = buyer.order(&[&seller.product(euros(700)).await]).await;
    let order = placed["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.decline(&order).unwrap();
    let failed = buyer.until_order(&world, &order, "failed").await;
    assert!(failed["failure"].is_string());
    world.sandbox.pay(&order).unwrap();
    buyer.until_order(&world, &order, "completed").await;
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_lost_answer_leaves_the_order_and_opens_one_payment() {
    let world = World::with(&[("PROVIDER_TIMEOUT", "1s")]).await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let product = seller.product(euros(700)).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::AnswerLost)).unwrap();
    let body = json!({"items": [{"product_id": product}]});
    let problem = buyer.post("/api/v1/marketplace/orders", body).await.problem(503, "payment_provider_unavailable");
    let order = problem["order_id"].as_str().unwrap().to_owned();
    let shown = buyer.get_order(&order).await;
    assert_eq!((&shown["status"], &shown["payment_id"]), (&json!("pending"), &json!(order)));
    assert_eq!(world.sandbox.books().created.get(&format!("payment:{order}")), Some(&1));
    world.sandbox.pay(&order).unwrap();
    buyer.until_order(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_definite_refusal_fails_the_order() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let product = seller.product(euros(700)).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::NotFound)).unwrap();
    let body = json!({"items": [{"product_id": product}]});
    let problem = buyer.post("/api/v1/marketplace/orders", body).await.problem(502, "payment_provider_refused");
    assert_eq!(buyer.get_order(problem["order_id"].as_str().unwrap()).await["status"], "failed");
    world.stop().await;
}

#[tokio::test]
async fn without_a_payment_provider_a_paid_sale_is_refused_and_a_free_one_works() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let (paid, free) = (seller.product(euros(700)).await, seller.product(euros(0)).await);
    let world = world.restarted(&[("SANDBOX_ENABLED", "false")]).await;
    let buyer = buyer.moved_to(&world);
    let problem = buyer.post("/api/v1/marketplace/orders", json!({"items": [{"product_id": paid}]})).await;
    problem.problem(503, "payment_provider_required");
    assert!(buyer.get("/api/v1/marketplace/orders").await.ok(200)["items"].as_array().unwrap().is_empty(), "nothing was written");
    let placed = buyer.order(&[&free]).await;
    assert_eq!((&placed["payment"], &placed["order"]["status"]), (&Value::Null, &json!("completed")));
    assert_eq!(buyer.licences().await.len(), 1);
    buyer
        .post(&format!("/api/v1/marketplace/orders/{}/refund", placed["order"]["id"].as_str().unwrap()), json!({}))
        .await
        .problem(409, "order_not_refundable");
    world.stop().await;
}

#[tokio::test]
async fn an_exclusive_licence_sells_once_under_concurrent_checkouts() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let body = json!({"kind": "track", "title": "Only one", "price": {"amount": 500, "currency": "EUR"},
        "licenses": [{"kind": "exclusive", "price": {"amount": 90_000, "currency": "EUR"}, "terms": "all yours"}]});
    let product = seller.post("/api/v1/marketplace/products", body).await.ok(201);
    let (id, licence) = (product["id"].as_str().unwrap().to_owned(), product["licenses"][0]["id"].as_str().unwrap().to_owned());
    seller.post(&format!("/api/v1/marketplace/products/{id}/publish"), Value::Null).await.ok(200);
    let wish = json!({"items": [{"product_id": id, "license_id": licence}]});
    let tries = futures_util::future::join_all((0..8).map(|_| buyer.post("/api/v1/marketplace/orders", wish.clone()))).await;
    let (won, lost): (Vec<_>, Vec<_>) = tries.into_iter().partition(|answer| answer.status == 201);
    assert_eq!((won.len(), lost.len()), (1, 7));
    for answer in lost {
        answer.problem(409, "licence_not_available");
    }
    // Its failure releases it; somebody else buys it; the first one's late money goes back at once.
    let first = won[0].body["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.decline(&first).unwrap();
    buyer.until_order(&world, &first, "failed").await;
    let second = buyer.post("/api/v1/marketplace/orders", wish).await.ok(201)["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(&second).unwrap();
    buyer.until_order(&world, &second, "completed").await;
    world.sandbox.pay(&first).unwrap();
    let refunded = buyer.until_order(&world, &first, "refunded").await;
    assert_eq!(refunded["flags"], json!(["exclusive_already_sold"]));
    assert_eq!(buyer.licences().await.len(), 1);
    seller.until_transfer(&world, &second, "completed").await;
    assert_eq!(seller.transfers().await.len(), 1);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn an_idempotency_key_makes_a_checkout_safe_to_repeat() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let (product, other) = (seller.product(euros(700)).await, seller.product(euros(800)).await);
    let order = |product: &str| json!({"items": [{"product_id": product}]});
    let with_key = async |body: Value, key: &str| {
        buyer.call(reqwest::Method::POST, "/api/v1/marketplace/orders", body, &[("idempotency-key", key)]).await
    };
    let first = with_key(order(&product), "k1").await.ok(201);
    let second = with_key(order(&product), "k1").await.ok(201);
    assert_eq!(first, second, "same key, same body, same answer");
    assert!(second["payment"]["client_secret"].is_string());
    with_key(order(&other), "k1").await.problem(422, "idempotency_key_reused");
    with_key(order(&other), "").await.problem(400, "bad_idempotency_key");
    let at_once = futures_util::future::join_all((0..8).map(|_| with_key(order(&product), "k2"))).await;
    let made: std::collections::BTreeSet<String> =
        at_once.iter().filter(|answer| answer.status == 201).map(|answer| answer.body["order"]["id"].to_string()).collect();
    assert_eq!(made.len(), 1);
    assert!(at_once.iter().all(|answer| matches!(answer.status, 201 | 409)), "{at_once:?}");
    assert_eq!(buyer.get("/api/v1/marketplace/orders").await.ok(200)["items"].as_array().unwrap().len(), 2);
    world.stop().await;
}

#[tokio::test]
async fn garbage_in_an_order_gets_a_clear_answer() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let euro = seller.product(euros(700)).await;
    let dollar = seller.product(Money::new(700, "USD".parse().unwrap())).await;
    let post = async |body: Value| buyer.post("/api/v1/marketplace/orders", body).await;
    post(json!({"items": [{"product_id": euro}, {"product_id": dollar}]})).await.problem(422, "mixed_currencies");
    post(json!({"items": [{"product_id": euro}, {"product_id": euro}]})).await.problem(422, "validation_failed");
    post(json!({"items": [{"product_id": "00000000-0000-7000-8000-000000000000"}]})).await.problem(422, "validation_failed");
    for nonsense in
        [json!({"items": []}), json!({"items": 7}), json!({}), json!([]), json!({"items": [{"product_id": "x"}]}), json!({"items": [{}]})]
    {
        let answer = post(nonsense.clone()).await;
        assert!(matches!(answer.status, 400 | 422), "{nonsense}: {answer:?}");
        assert!(answer.content_type.starts_with("application/problem+json"), "{answer:?}");
    }
    let stranger = world.buyer().await;
    let order = buyer.order(&[&euro]).await["order"]["id"].as_str().unwrap().to_owned();
    stranger.get(&format!("/api/v1/marketplace/orders/{order}")).await.problem(404, "order_not_found");
    world.stop().await;
}

#[tokio::test]
async fn a_seller_without_an_account_is_paid_once_it_can_receive() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let held = |transfer: &Value| transfer["hold"] == "account_not_ready" && transfer["status"] == "pending";
    world.until("a held transfer", || async { seller.transfers().await.into_iter().find(held) }).await;
    let balance = seller.get("/api/v1/seller/balance").await.ok(200);
    assert_eq!(balance["pending"], json!([{"amount": 900, "currency": "EUR"}]), "{balance}");
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200);
    assert_eq!(account["transfers_enabled"], false);
    world.sandbox.set_account(account["account_id"].as_str().unwrap(), Some("active"), None).unwrap();
    seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200);
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn money_that_is_not_available_yet_and_lost_answers_delay_a_transfer_and_never_double_it() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    for fault in [
        Fault::BalanceInsufficient,
        Fault::AnswerLost,
        Fault::ErrorAfterEffect,
        Fault::ErrorBeforeEffect,
        Fault::RateLimited,
        Fault::ErrorSaved,
    ] {
        world.sandbox.script(Script::new(Op::CreateTransfer, fault)).unwrap();
        let order = buyer.buy(&world, &[&product]).await;
        seller.until_transfer(&world, &order, "completed").await;
    }
    assert_books_agree(&world).await;
    world.stop().await;
}
