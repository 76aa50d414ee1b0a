//! Audits over HTTP (spec/01-money §8): started by an operator, run by a worker, read while they run and after.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use std::time::Duration;
use veza::services::App;
use veza::usecases::audit::{self, Difference, Listener, Period, Progress};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Person, World, assert_books_agree, euros};

const AUDITS: &str = "/api/v1/admin/audits";

async fn items(admin: &Person, path: &str) -> Vec<Value> {
    admin.get(path).await.ok(200)["items"].as_array().unwrap().clone()
}

async fn read(admin: &Person, id: &str) -> Value {
    admin.get(&format!("{AUDITS}/{id}")).await.ok(200)
}

/// Waits until an audit is over.
async fn over(world: &World, admin: &Person, id: &str) -> Value {
    let look = || async { Some(read(admin, id).await).filter(|audit| audit["state"] != "running") };
    world.until("the end of the audit", look).await
}

async fn audited(world: &World, admin: &Person, body: Value) -> Value {
    let asked = admin.post(AUDITS, body).await.ok(202);
    assert_eq!((&asked["state"], &asked["agrees"]), (&json!("running"), &json!(false)));
    over(world, admin, asked["id"].as_str().unwrap()).await
}

/// Listens to nothing.
struct Nobody;

impl Listener for Nobody {
    fn found(&mut self, _: &Difference) {}
    fn progress(&mut self, _: &Progress) {}
}

/// Sales whose further messages are lost: a paid order, a refund and a reversal from the dashboards.
async fn with_differences(world: &World) -> (Person, Person, Vec<String>) {
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    let mut orders = Vec::new();
    for _ in 0..2 {
        let order = buyer.buy(world, &[&product]).await;
        seller.until_transfer(world, &order, "completed").await;
        orders.push(order);
    }
    for side in [Op::Webhook, Op::StripeWebhook] {
        world.sandbox.script(Script::new(side, Fault::WebhookLost).times(0)).unwrap();
    }
    let unheard = buyer.order(&[&product]).await["order"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(&unheard).unwrap();
    world.sandbox.refund_from_dashboard(&orders[0], Some(100)).unwrap();
    let transfers = seller.transfers().await;
    let of_second = transfers.iter().find(|transfer| transfer["order_id"] == orders[1].as_str()).unwrap();
    world.sandbox.reverse_transfer(of_second["stripe_transfer_id"].as_str().unwrap(), Some(50)).unwrap();
    orders.push(unheard);
    (seller, buyer, orders)
}

#[tokio::test]
async fn an_audit_is_started_followed_read_page_by_page_and_imported() {
    let world = World::with(&[("RECONCILE_WORKER_ENABLED", "false")]).await;
    let admin = world.admin().await;
    let (seller, buyer, orders) = with_differences(&world).await;

    let audit = audited(&world, &admin, json!({})).await;
    let id = audit["id"].as_str().unwrap();
    let of = |field: &str| audit[field].clone();
    assert_eq!((of("state"), of("agrees"), of("attempt"), of("error")), (json!("done"), json!(false), json!(1), Value::Null), "{audit:#}");
    assert_eq!((of("orders"), of("orders_done"), of("transfers_done")), (json!(3), json!(3), json!(2)));
    assert_eq!((of("differences"), of("unread"), of("imported")), (json!(3), json!(0), json!(0)));
    assert_eq!(of("asked_by"), json!(admin.user_id().to_string()));

    let (mut found, mut path) = (Vec::new(), format!("{AUDITS}/{id}/differences?limit=2"));
    loop {
        let page = admin.get(&path).await.ok(200);
        found.extend(page["items"].as_array().unwrap().clone());
        let Some(cursor) = page["next_cursor"].as_str() else { break };
        path = format!("{AUDITS}/{id}/differences?limit=2&cursor={cursor}");
    }
    let mut codes: Vec<&str> = found.iter().map(|difference| difference["code"].as_str().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["payment_status", "refund_unknown", "transfer"], "{found:#?}");
    for field in ["subject", "ours", "theirs", "proposed_action"] {
        assert!(found.iter().all(|difference| difference[field].as_str().is_some_and(|text| !text.is_empty())), "{field}: {found:#?}");
    }
    let transfer = &items(&admin, &format!("{AUDITS}/{id}/differences?code=transfer")).await[0];
    assert_eq!(transfer["order_id"], orders[1].as_str());
    assert_eq!((&transfer["ours"], &transfer["theirs"]), (&json!("900 EUR, 0 reversed"), &json!("900 EUR, 50 reversed")));
    assert_eq!(buyer.get_order(&orders[2]).await["status"], "pending", "it changes nothing by itself");

    let imported = audited(&world, &admin, json!({"import": true})).await;
    assert_eq!((&imported["state"], &imported["imported"]), (&json!("done"), &json!(3)), "{imported:#}");
    assert_eq!(buyer.get_order(&orders[2]).await["status"], "completed");
    seller.until_transfer(&world, &orders[2], "completed").await;
    assert_books_agree(&world).await;
    let clean = audited(&world, &admin, json!({})).await;
    assert_eq!((&clean["differences"], &clean["agrees"]), (&json!(0), &json!(true)), "{clean:#}");

    assert_eq!(items(&admin, AUDITS).await.len(), 3);
    let done = items(&admin, "/api/v1/admin/actions").await;
    let actions: Vec<&str> = done.iter().map(|action| action["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["audit", "audit_import", "audit"], "newest first");
    assert!(done[2]["detail"].as_str().unwrap().contains(id), "{done:#?}");
    world.stop().await;
}

#[tokio::test]
async fn one_audit_runs_at_a_time_and_can_be_stopped() {
    let world = World::with(&[("RECONCILE_WORKER_ENABLED", "false"), ("PROVIDER_TIMEOUT", "30s")]).await;
    let (admin, other) = (world.admin().await, world.admin().await);
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    buyer.order(&[&seller.product(euros(1_000)).await]).await;
    // A provider that takes its time: the audit waits for it.
    world.sandbox.script(Script::new(Op::ReadPayment, Fault::SlowBeforeEffect).times(0).delay(Duration::from_secs(10))).unwrap();

    let (one, two) = tokio::join!(admin.post(AUDITS, json!({})), other.post(AUDITS, json!({})));
    assert_eq!([one.status.min(two.status), one.status.max(two.status)], [202, 409], "two operators, one audit");
    let (won, lost) = if one.status == 202 { (one, two) } else { (two, one) };
    let id = won.ok(202)["id"].as_str().unwrap().to_owned();
    let refusal = lost.problem(409, "audit_running");
    assert!(refusal["detail"].as_str().unwrap().contains(&id), "it says which: {refusal:#}");
    world.until("the audit begun", || async { Some(read(&admin, &id).await).filter(|audit| audit["attempt"] == 1) }).await;

    let stopped = other.post(&format!("{AUDITS}/{id}/stop"), Value::Null).await.ok(200);
    assert_eq!((&stopped["state"], &stopped["agrees"]), (&json!("stopped"), &json!(false)));
    other.post(&format!("{AUDITS}/{id}/stop"), Value::Null).await.problem(409, "audit_over");
    world.sandbox.clear_scripts().unwrap();
    let next = audited(&world, &admin, json!({})).await;
    assert_eq!((&next["state"], &next["agrees"]), (&json!("done"), &json!(true)), "{next:#}");
    assert_eq!(read(&admin, &id).await, stopped, "what was stopped stays so");
    world.stop().await;
}

#[tokio::test]
async fn what_a_provider_does_not_answer_is_counted_and_no_difference() {
    let world = World::with(&[("RECONCILE_WORKER_ENABLED", "false")]).await;
    let admin = world.admin().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    world.sandbox.script(Script::new(Op::HyperswitchReads, Fault::BadGateway).times(0)).unwrap();
    world.sandbox.script(Script::new(Op::StripeReads, Fault::BadGateway).times(0)).unwrap();
    let audit = audited(&world, &admin, json!({})).await;
    assert_eq!((&audit["state"], &audit["differences"], &audit["agrees"]), (&json!("done"), &json!(0), &json!(false)), "{audit:#}");
    assert_eq!(audit["unread"], 2, "the payment, and the list of transfers");
    world.stop().await;
}

/// A provider that is switched off is asked nothing: what it would have said is unread, not in agreement.
#[tokio::test]
async fn books_that_nobody_is_asked_about_do_not_agree() {
    let world = World::with(&[("RECONCILE_WORKER_ENABLED", "false")]).await;
    let admin = world.admin().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    let clean = audited(&world, &admin, json!({})).await;
    assert_eq!((&clean["unread"], &clean["agrees"]), (&json!(0), &json!(true)), "{clean:#}");

    let unread = async |connect: bool, psp: bool| {
        let change = |app: &mut App| {
            app.connect = app.connect.take().filter(|_| connect);
            app.psp = app.psp.take().filter(|_| psp);
        };
        let parts = world.process_at(world.in_hours(1), change).await;
        let period = Period::asked(None, None, parts.app.now()).unwrap();
        let progress = audit::run(&parts.app, period, false, &[], &mut Nobody).await.unwrap();
        parts.shutdown().await;
        assert_eq!((progress.orders_done, progress.differences), (1, 0));
        progress.unread
    };
    assert_eq!(unread(true, true).await, 0);
    assert_eq!(unread(true, false).await, 1, "the payment");
    assert_eq!(unread(false, true).await, 1, "the transfer");
    assert_eq!(unread(false, false).await, 2);
    world.stop().await;
}

#[tokio::test]
async fn audits_are_for_admins_and_their_periods_make_sense() {
    let world = World::start().await;
    let (buyer, admin) = (world.buyer().await, world.admin().await);
    let nobody = "00000000-0000-7000-8000-000000000000";
    buyer.post(AUDITS, json!({})).await.problem(403, "admin_only");
    for path in [AUDITS.to_owned(), format!("{AUDITS}/{nobody}"), format!("{AUDITS}/{nobody}/differences")] {
        buyer.get(&path).await.problem(403, "admin_only");
    }
    buyer.post(&format!("{AUDITS}/{nobody}/stop"), Value::Null).await.problem(403, "admin_only");
    for path in [format!("{AUDITS}/{nobody}"), format!("{AUDITS}/{nobody}/differences")] {
        admin.get(&path).await.problem(404, "audit_not_found");
    }
    admin.post(&format!("{AUDITS}/{nobody}/stop"), Value::Null).await.problem(404, "audit_not_found");
    let backwards = json!({"since": "2026-11-02T00:00:00Z", "until": "2026-11-01T00:00:00Z"});
    admin.post(AUDITS, backwards).await.problem(422, "validation_failed");
    let long_ago = audited(&world, &admin, json!({"since": "2020-01-01T00:00:00Z", "until": "2020-02-01T00:00:00Z"})).await;
    assert_eq!(
        (&long_ago["orders"], &long_ago["agrees"], &long_ago["since"]),
        (&json!(0), &json!(true), &json!("2020-01-01T00:00:00+00:00"))
    );
    admin.get(&format!("{AUDITS}/{}/differences?cursor=zz", long_ago["id"].as_str().unwrap())).await.problem(400, "bad_cursor");
    world.stop().await;
}
