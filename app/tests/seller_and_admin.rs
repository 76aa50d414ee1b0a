//! What sellers see of their money, what buyers own, and what operators see.
#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod support;

use poem::endpoint::EndpointExt;
use poem::test::TestClient;
use poem_openapi::OpenApiService;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use support::{NOW, Person, World, euro, get};
use uuid::Uuid;
use veza::http::admin::{AttentionApi, DeliveriesApi, LedgerApi};
use veza::http::licences::LicencesApi;
use veza::http::seller::SellerApi;
use veza::workers;
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::identity::Role;
use veza_domain::ids::{DeliveryId, LicenceId, LineId, OrderId, ProductId, RefundId, ReversalId, TransferId, UserId};
use veza_domain::ledger::{reversal_opened, transfer_completed};
use veza_domain::licence::{Licence, LicenceKind, LicenceStatus};
use veza_domain::money::{Minor, Money};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Transfer, TransferStatus};
use veza_domain::webhook::{Delivery, ProcessingResult};
use veza_ports::storage::{DeliveryFilter, Row};

type Client = TestClient<poem::endpoint::BoxEndpoint<'static>>;

fn client(world: &World) -> Client {
    let service = OpenApiService::new((LicencesApi, SellerApi, (AttentionApi, DeliveriesApi, LedgerApi)), "Veza", "0");
    TestClient::new(service.data(Arc::clone(&world.app)).boxed())
}

fn order() -> OrderId {
    OrderId(Uuid::now_v7())
}

fn transfer(seller: UserId, status: TransferStatus) -> Transfer {
    Transfer::open(TransferId(Uuid::now_v7()), order(), seller, euro(900), NOW).restored(status)
}

fn reversal(transfer: &Transfer, amount: i64, status: ReversalStatus, id: Option<&str>) -> Reversal {
    let next_retry_at = (status == ReversalStatus::ReversalPending).then_some(NOW);
    let open = Reversal::open(transfer, RefundId(Uuid::now_v7()), 0, euro(amount), NOW);
    Reversal { status, stripe_reversal_id: id.map(Into::into), next_retry_at, ..open }
}

async fn pages(client: &Client, path: &str, who: &Person) -> (Vec<Value>, Vec<usize>) {
    let (mut items, mut sizes, mut cursor) = (Vec::new(), Vec::new(), String::new());
    loop {
        let body = get(client, format!("{path}{cursor}"), Some(who)).await.is(200).body;
        let page = body["items"].as_array().unwrap();
        sizes.push(page.len());
        items.extend(page.iter().cloned());
        let Some(next) = body["next_cursor"].as_str() else { return (items, sizes) };
        cursor = format!("&cursor={next}");
    }
}

#[tokio::test]
async fn a_balance_has_one_entry_per_currency_and_no_number_below_zero() {
    let world = World::new();
    let client = client(&world);
    let mia = world.creator("mia").await;
    let empty = get(&client, "/api/v1/seller/balance", Some(&mia)).await.is(200).body;
    assert_eq!(empty, json!({"available": [], "pending": [], "owed": []}));
    assert_eq!(get(&client, "/api/v1/seller/balance", None).await.status, 401);

    let dollars = Money::new(300, "USD".parse().unwrap());
    let debt = reversal_opened(ReversalId(Uuid::now_v7()), order(), mia.id, euro(400), NOW).unwrap();
    let sent = transfer_completed(TransferId(Uuid::now_v7()), order(), mia.id, dollars, NOW).unwrap();
    world.insert(vec![Row::Posting(debt), Row::Posting(sent)]).await;
    let body = get(&client, "/api/v1/seller/balance", Some(&mia)).await.is(200).body;
    assert_eq!(body["owed"], json!([{"amount": 400, "currency": "EUR"}, {"amount": 300, "currency": "USD"}]));
    for list in ["available", "pending", "owed"] {
        assert!(body[list].as_array().unwrap().iter().all(|money| money["amount"].as_i64().unwrap() >= 0), "{body}");
        assert_eq!(body[list].as_array().unwrap().len(), 2, "{body}");
    }
}

#[tokio::test]
async fn a_transfer_shows_what_was_taken_back_of_it() {
    let world = World::new();
    let client = client(&world);
    let (mia, eve) = (world.creator("mia").await, world.creator("eve").await);
    let mut plain = transfer(mia.id, TransferStatus::Failed);
    plain.last_error = Some("no account".into());
    plain.retry_count = 2;
    let mut back = transfer(mia.id, TransferStatus::ReversalPending);
    back.amount_reversed = Minor(100);
    back.next_retry_at = None;
    back.stripe_transfer_id = Some("tr_1".into());
    let done = reversal(&back, 100, ReversalStatus::Reversed, Some("trr_1"));
    let open = reversal(&back, 800, ReversalStatus::ReversalPending, None);
    let open = Reversal { retry_count: 3, last_error: Some("503".into()), created_at: NOW.plus(Duration::from_secs(1)), ..open };
    let rows = [Row::Transfer(plain), Row::Transfer(back.clone()), Row::Reversal(done), Row::Reversal(open)];
    world.insert(rows.into()).await;

    let (items, sizes) = pages(&client, "/api/v1/seller/transfers?limit=1", &mia).await;
    assert_eq!(sizes, [1, 1]);
    let [shown, failed] = items.as_slice() else { panic!("{items:?}") };
    assert_eq!((&shown["id"], &shown["status"]), (&json!(back.id.to_string()), &json!("reversal_pending")));
    assert_eq!((&shown["amount"], &shown["amount_reversed"]["amount"]), (&json!({"amount": 900, "currency": "EUR"}), &json!(100)));
    assert_eq!((&shown["stripe_transfer_id"], &shown["stripe_reversal_id"]), (&json!("tr_1"), &json!("trr_1")));
    assert_eq!((&shown["retry_count"], &shown["last_error"]), (&json!(3), &json!("503")), "the open reversal's");
    assert!(shown["next_retry_at"].is_string());
    assert_eq!(shown["reversals"].as_array().unwrap().len(), 2);
    assert_eq!((&failed["status"], &failed["retry_count"], &failed["last_error"]), (&json!("failed"), &json!(2), &json!("no account")));
    assert_eq!((&failed["stripe_transfer_id"], &failed["reversals"]), (&Value::Null, &json!([])));

    let (items, _) = pages(&client, "/api/v1/seller/transfers?limit=1", &eve).await;
    assert!(items.is_empty(), "a seller sees only the own ones");
}

#[tokio::test]
async fn i_see_the_licences_i_own_also_revoked_ones() {
    let world = World::new();
    let client = client(&world);
    let (bob, eve) = (world.person("bob", &[]).await, world.person("eve", &[]).await);
    let licence = |buyer_id, status| Licence {
        id: LicenceId(Uuid::now_v7()),
        line_id: LineId(Uuid::now_v7()),
        order_id: order(),
        product_id: ProductId(Uuid::now_v7()),
        buyer_id,
        kind: LicenceKind::standard(),
        status,
        granted_at: NOW,
    };
    let rows = [licence(bob.id, LicenceStatus::Active), licence(bob.id, LicenceStatus::Revoked), licence(eve.id, LicenceStatus::Active)];
    world.insert(rows.into_iter().map(Row::Licence).collect()).await;
    let (items, sizes) = pages(&client, "/api/v1/me/licenses?limit=1", &bob).await;
    assert_eq!(sizes, [1, 1]);
    assert_eq!((&items[0]["status"], &items[1]["status"], &items[1]["kind"]), (&json!("revoked"), &json!("active"), &json!("standard")));
    assert!(items[0]["granted_at"].as_str().unwrap().starts_with("2026-11-20T00:00:00"));
    assert_eq!(get(&client, "/api/v1/me/licenses", None).await.status, 401);
}

#[tokio::test]
async fn operators_pages_are_for_admins() {
    let world = World::new();
    let client = client(&world);
    let mia = world.creator("mia").await;
    for path in ["attention", "webhooks", "ledger", &format!("webhooks/{}", Uuid::now_v7())] {
        let path = format!("/api/v1/admin/{path}");
        get(&client, &path, Some(&mia)).await.problem(403, "admin_only");
        assert_eq!(get(&client, &path, None).await.status, 401);
    }
}

#[tokio::test]
async fn what_waits_on_a_person_has_a_reason_and_a_proposed_action() {
    let world = World::new();
    let client = client(&world);
    let admin = world.person("root", &[Role::Admin]).await;
    let order = order();
    let entry = |subject, code, order_id, since| Attention { subject, code, order_id, detail: "12 EUR, ours 13".into(), since };
    let rows = [
        entry(Subject::User(admin.id), Code::ProviderCredentials, None, NOW),
        entry(Subject::Order(order), Code::AmountMismatch, Some(order), Timestamp(NOW.0 - 5)),
        entry(Subject::Order(order), Code::ExclusiveAlreadySold, Some(order), NOW),
    ];
    world.insert(rows.into_iter().map(Row::Attention).collect()).await;
    let (items, sizes) = pages(&client, "/api/v1/admin/attention?limit=1", &admin).await;
    assert_eq!(sizes, [1, 1, 1]);
    let oldest = &items[0];
    assert_eq!((&oldest["class"], &oldest["subject"]), (&json!("amount_mismatch"), &json!("order")));
    assert_eq!((&oldest["id"], &oldest["order_id"]), (&json!(order.to_string()), &json!(order.to_string())));
    assert_eq!(oldest["why"], "12 EUR, ours 13");
    assert_eq!(oldest["proposed_action"], Code::AmountMismatch.proposed_action());
    for bad in ["x", "", "MSAyIDM"] {
        get(&client, format!("/api/v1/admin/attention?cursor={bad}"), Some(&admin)).await.problem(400, "bad_cursor");
    }
}

#[tokio::test]
async fn the_webhook_log_is_searched_and_read() {
    let world = World::new();
    let client = client(&world);
    let admin = world.person("root", &[Role::Admin]).await;
    let delivery = |result, event_type: Option<&str>, signature_valid, seconds| Delivery {
        sender: veza_domain::webhook::Sender::Hyperswitch,
        order_id: None,
        id: DeliveryId(Uuid::now_v7()),
        received_at: NOW.plus(Duration::from_secs(seconds)),
        event_type: event_type.map(Into::into),
        signature_valid,
        result,
        source_ip: "192.0.2.1".into(),
        user_agent: "psp".into(),
        request_id: "r-1".into(),
        payload: "{\"a\":1}".into(),
    };
    let rows = [
        delivery(ProcessingResult::Ok, Some("payment_succeeded"), true, 0),
        delivery(ProcessingResult::Error("amount mismatch".into()), Some("refund_succeeded"), true, 10),
        delivery(ProcessingResult::SignatureInvalid, None, false, 20),
    ];
    let newest = rows[2].id;
    world.insert(rows.into_iter().map(Row::Delivery).collect()).await;

    let found = async |query: &str| {
        let answer = get(&client, format!("/api/v1/admin/webhooks?{query}"), Some(&admin)).await.is(200);
        let items = answer.body["items"].as_array().unwrap().clone();
        items.iter().map(|item| item["processing_result"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(found("").await, ["signature_invalid", "error: amount mismatch", "ok"]);
    assert_eq!(found("signature_valid=false").await, ["signature_invalid"]);
    assert_eq!(found("event_type=payment_succeeded").await, ["ok"]);
    assert_eq!(found("result=error").await, ["error: amount mismatch"]);
    assert_eq!(found("since=2026-11-20T00:00:10Z").await, ["signature_invalid", "error: amount mismatch"]);
    assert!(found("signature_valid=true&result=signature_invalid").await.is_empty());
    let (items, sizes) = pages(&client, "/api/v1/admin/webhooks?limit=2", &admin).await;
    assert_eq!(sizes, [2, 1]);

    let one = get(&client, format!("/api/v1/admin/webhooks/{newest}"), Some(&admin)).await.is(200).body;
    assert_eq!(one, items[0]);
    assert_eq!((&one["event_type"], &one["payload"], &one["request_id"]), (&Value::Null, &json!("{\"a\":1}"), &json!("r-1")));
    get(&client, format!("/api/v1/admin/webhooks/{}", Uuid::now_v7()), Some(&admin)).await.problem(404, "delivery_not_found");
    for bad in ["since=yesterday", "signature_valid=perhaps"] {
        assert_eq!(get(&client, format!("/api/v1/admin/webhooks?{bad}"), Some(&admin)).await.status, 400, "{bad}");
    }
}

#[tokio::test]
async fn the_ledgers_balances_sum_to_zero() {
    let world = World::new();
    let client = client(&world);
    let admin = world.person("root", &[Role::Admin]).await;
    let seller = UserId(Uuid::now_v7());
    let sent = transfer_completed(TransferId(Uuid::now_v7()), order(), seller, euro(900), NOW).unwrap();
    world.insert(vec![Row::Posting(sent)]).await;
    let body = get(&client, "/api/v1/admin/ledger", Some(&admin)).await.is(200).body;
    let items = body["items"].as_array().unwrap();
    let amounts: Vec<_> = items.iter().map(|item| item["balance"]["amount"].as_i64().unwrap()).collect();
    assert_eq!((items.len(), amounts.iter().sum::<i64>()), (2, 0));
    assert!(items.iter().any(|item| item["account"] == format!("connect:{seller}") && item["balance"]["amount"] == -900));
}

#[tokio::test]
async fn what_waits_for_the_webhook_log_is_written_at_a_stop() {
    let world = World::new();
    let refused = |n: u64| Delivery {
        sender: veza_domain::webhook::Sender::Stripe,
        order_id: None,
        id: DeliveryId(Uuid::now_v7()),
        received_at: NOW.plus(Duration::from_secs(n)),
        event_type: None,
        signature_valid: false,
        result: ProcessingResult::SignatureInvalid,
        source_ip: "192.0.2.1".into(),
        user_agent: String::new(),
        request_id: String::new(),
        payload: "{}".into(),
    };
    for n in 0..20 {
        world.app.refused_deliveries.push(refused(n));
    }
    workers::start_log(&world.app).shutdown().await;
    let page = veza_ports::storage::Page { limit: 100, before: None };
    assert_eq!(world.app.store.deliveries(&DeliveryFilter::default(), page).await.unwrap().len(), 20);
}
