//! Plans, end to end: chosen, paid, used, cancelled; and no way to have one without paying (spec/02-subscriptions).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use veza_ports::storage::{Row, Write};
use veza_sandbox::{Fault, Op, ReleaseOrder, SandboxConfig, Script};
use veza_tests::plans::{SUBSCRIBE, creator, invoices, mine, paid, recover, recovered, rewritten, sell, subscribe, until_active};
use veza_tests::{Answer, World, assert_books_agree};

#[tokio::test]
async fn a_plan_is_had_once_the_psp_has_confirmed_its_payment() {
    let world = World::start().await;
    let person = creator(&world).await;
    let required = sell(&person).await.problem(403, "plan_required");
    assert_eq!(required["plans"], json!(["creator", "premium"]));
    world.sandbox.hold_webhooks(true).unwrap();
    let begun = subscribe(&person, "creator").await.ok(201);
    let id = begun["subscription"]["id"].as_str().unwrap();
    assert_eq!(begun["subscription"]["status"], "pending_payment");
    assert_eq!(begun["payment"]["payment_id"], id, "the key of the first payment is the subscription's id");
    assert!(begun["payment"]["client_secret"].is_string());
    sell(&person).await.problem(403, "complete_payment");
    let missing = mine(&person).await;
    assert_eq!((&missing["subscription"], &missing["needs_payment"]), (&Value::Null, &json!(true)));
    assert!(missing["recovery_url"].as_str().unwrap().ends_with(&format!("/api/v1/subscriptions/complete/{id}")));

    world.sandbox.pay(id).unwrap();
    sell(&person).await.problem(403, "complete_payment");
    world.sandbox.hold_webhooks(false).unwrap();
    world.sandbox.release_webhooks(ReleaseOrder::Fifo, 3).await.unwrap();
    let active = until_active(&world, &person).await;
    assert!(active["current_period_end"].is_string());
    sell(&person).await.ok(201);
    let invoice = invoices(&person).await.remove(0);
    assert_eq!((&invoice["status"], &invoice["payment_id"]), (&json!("paid"), &json!(id)));
    assert_eq!(invoice["amount"], json!({"amount": 999, "currency": "USD"}));
    person.post(&format!("/api/v1/subscriptions/complete/{id}"), Value::Null).await.problem(409, "subscription_not_pending");
    subscribe(&person, "creator").await.problem(409, "already_subscribed");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn without_a_payment_provider_nothing_is_written() {
    let world = World::with(&[("SANDBOX_ENABLED", "false")]).await;
    let person = creator(&world).await;
    for plan in ["creator", "premium"] {
        subscribe(&person, plan).await.problem(503, "payment_provider_required");
    }
    assert!(invoices(&person).await.is_empty());
    let mine_now = mine(&person).await;
    assert_eq!((&mine_now["subscription"], &mine_now["needs_payment"]), (&Value::Null, &json!(false)));
    let free = subscribe(&person, "free").await.ok(201);
    assert_eq!((&free["subscription"]["status"], &free["payment"]), (&json!("active"), &Value::Null));
    sell(&person).await.problem(403, "plan_required");
    subscribe(&person, "free").await.ok(200);
    world.stop().await;
}

#[tokio::test]
async fn a_trial_is_had_once_ever() {
    let world = World::start().await;
    let person = creator(&world).await;
    let trial = subscribe(&person, "premium").await.ok(201);
    assert_eq!((&trial["subscription"]["status"], &trial["payment"]), (&json!("trialing"), &Value::Null));
    assert!(invoices(&person).await.is_empty(), "no invoice");
    assert!(world.sandbox.books().payments.is_empty(), "no call");
    sell(&person).await.ok(201);
    let canceled = person.post("/api/v1/subscriptions/cancel", Value::Null).await.ok(200);
    assert_eq!(canceled["subscription"]["status"], "canceled");
    sell(&person).await.ok(201);
    subscribe(&person, "premium").await.problem(409, "already_subscribed");
    let back = person.post("/api/v1/subscriptions/reactivate", Value::Null).await.ok(200);
    assert_eq!(back["subscription"]["status"], "trialing");
    person.post("/api/v1/subscriptions/reactivate", Value::Null).await.problem(409, "subscription_not_canceled");
    world.stop().await;

    let world = World::start().await;
    let person = creator(&world).await;
    subscribe(&person, "creator").await.ok(201);
    // What grants nothing does not stand in the way, and does not use the trial up.
    assert_eq!(subscribe(&person, "premium").await.ok(201)["subscription"]["status"], "trialing");
    // Over, and chosen again: now it is to be paid.
    rewritten(&world, &person, |current| current.clone().expired(current.created_at)).await;
    assert_eq!(subscribe(&person, "premium").await.ok(201)["subscription"]["status"], "pending_payment");
    world.stop().await;
}

#[tokio::test]
async fn one_open_subscription_per_person_under_concurrent_requests() {
    let world = World::start().await;
    let person = creator(&world).await;
    let answers = futures_util::future::join_all((0..12).map(|_| subscribe(&person, "creator"))).await;
    let mut ids = Vec::new();
    for answer in &answers {
        assert!(matches!(answer.status, 200 | 201 | 503), "{answer:?}");
        if answer.status != 503 {
            ids.push(answer.body["subscription"]["id"].as_str().unwrap().to_owned());
        }
    }
    ids.dedup();
    assert_eq!(ids.len(), 1, "all go on with the same one");
    assert_eq!(answers.iter().filter(|answer| answer.status == 201).count(), 1);
    assert_eq!(world.sandbox.books().payments.len(), 1);
    world.sandbox.pay(&ids[0]).unwrap();
    until_active(&world, &person).await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_lost_answer_is_resumed_and_charged_once() {
    let world = World::start().await;
    let person = creator(&world).await;
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::AnswerLost)).unwrap();
    let key = [("Idempotency-Key", "plan-1")];
    let body = json!({"plan": "creator", "cycle": "monthly"});
    let first = person.call(Method::POST, SUBSCRIBE, body.clone(), &key).await;
    first.problem(503, "payment_provider_unavailable");
    let look = || async {
        let answer = person.call(Method::POST, SUBSCRIBE, body.clone(), &key).await;
        matches!(answer.status, 200 | 201).then(|| answer.body.clone())
    };
    let resumed = world.until("an answer", look).await;
    let id = resumed["subscription"]["id"].as_str().unwrap();
    assert_eq!(world.sandbox.books().payments.len(), 1);
    world.sandbox.pay(id).unwrap();
    until_active(&world, &person).await;
    assert_eq!(invoices(&person).await.len(), 1);
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The PSP says no when it is back: that is the answer, and it stays; another key begins anew.
#[tokio::test]
async fn a_refusal_is_the_answer_of_its_key() {
    let world = World::start().await;
    let person = creator(&world).await;
    let body = json!({"plan": "creator", "cycle": "monthly"});
    let choose = async |key| person.call(Method::POST, SUBSCRIBE, body.clone(), &[("Idempotency-Key", key)]).await;
    world.sandbox.script(Script::new(Op::Hyperswitch, Fault::RateLimited).times(0)).unwrap();
    let first = choose("no").await.problem(503, "payment_provider_unavailable");
    world.sandbox.clear_scripts().unwrap();
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::NotFound)).unwrap();
    for _ in 0..2 {
        let refused = choose("no").await.problem(502, "payment_provider_refused");
        assert_eq!(refused["order_id"], first["order_id"]);
    }
    choose("yes").await.ok(201);
    assert_eq!(world.sandbox.books().payments.len(), 1);
    world.stop().await;
}

#[tokio::test]
async fn the_reconciler_settles_a_plan_whose_message_never_comes() {
    let world = World::with(&[("RECONCILE_SUBSCRIPTION_STUCK_AFTER", "0s")]).await;
    let person = creator(&world).await;
    let begun = subscribe(&person, "creator").await.ok(201);
    let id = begun["subscription"]["id"].as_str().unwrap();
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost)).unwrap();
    world.sandbox.pay(id).unwrap();
    let admin = world.admin().await;
    let report = admin.post("/api/v1/admin/reconcile", Value::Null).await.ok(200);
    assert_eq!(report["subscriptions"]["settled"], 1, "{report:#}");
    until_active(&world, &person).await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn another_plan_closes_the_unpaid_one_and_its_late_money_goes_back() {
    let world = World::start().await;
    let person = creator(&world).await;
    let first = subscribe(&person, "creator").await.ok(201)["subscription"]["id"].as_str().unwrap().to_owned();
    let second = subscribe(&person, "premium").await.ok(201);
    assert_eq!(second["subscription"]["status"], "trialing");
    world.sandbox.pay(&first).unwrap();
    let refunded =
        || async { (invoices(&person).await[0]["status"] == "failed" && world.sandbox.books().refunds.len() == 1).then_some(()) };
    world.until("the refund", refunded).await;
    let admin = world.admin().await;
    let listed = || async {
        let items = admin.get("/api/v1/admin/attention").await.ok(200);
        items["items"].as_array().unwrap().iter().any(|entry| entry["class"] == "subscription_paid_in_vain").then_some(())
    };
    world.until("the entry for a person", listed).await;
    assert_eq!(mine(&person).await["subscription"]["status"], "trialing");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn an_upgrade_is_previewed_paid_and_credited() {
    let world = World::start().await;
    let person = creator(&world).await;
    paid(&world, &person).await;
    let to = json!({"plan": "premium", "cycle": "monthly"});
    let quote = person.post("/api/v1/subscriptions/change/preview", to.clone()).await.ok(200);
    assert_eq!(quote["at_once"], true);
    let (credit, due) = (quote["credit"]["amount"].as_i64().unwrap(), quote["due_now"]["amount"].as_i64().unwrap());
    assert_eq!(credit + due, 1999);
    let changed = person.post("/api/v1/subscriptions/change", to).await.ok(200);
    assert_eq!(changed["subscription"]["plan"], "creator", "not before it is paid");
    let payment = changed["payment"]["payment_id"].as_str().unwrap();
    world.sandbox.pay(payment).unwrap();
    let premium = || async { (mine(&person).await["subscription"]["plan"] == "premium").then_some(()) };
    world.until("the better plan", premium).await;
    let down = person.post("/api/v1/subscriptions/change", json!({"plan": "creator", "cycle": "yearly"})).await.ok(200);
    assert_eq!((&down["subscription"]["plan"], &down["subscription"]["next"]["plan"]), (&json!("premium"), &json!("creator")));
    assert_eq!(down["payment"], Value::Null);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_row_without_a_payment_grants_nothing_and_is_swept() {
    use veza_domain::ids::{SubscriptionId, UserId};
    use veza_domain::subscription::{Subscription, SubscriptionStatus, start};

    let world = World::with(&[("SUPPORT_CONTACT", "help@example.org")]).await;
    let person = creator(&world).await;
    let app = world.running.app();
    let plans = app.store.plans().await.unwrap();
    let plan = plans.iter().find(|plan| plan.choice.plan == veza_domain::subscription::PlanId::Creator).unwrap();
    let user: UserId = person.user_id();
    let row = start(SubscriptionId(app.ids.uuid()), user, plan, false, None, app.now()).subscription;
    let legacy = Subscription { status: SubscriptionStatus::Active, open_invoice: None, ..row };
    world.write(vec![Write::Insert(Row::Subscription(legacy))]).await;
    sell(&person).await.problem(403, "complete_payment");
    let missing = mine(&person).await;
    assert_eq!((&missing["subscription"], &missing["needs_payment"]), (&Value::Null, &json!(true)));
    assert_eq!((&missing["recovery_url"], &missing["support_contact"]), (&Value::Null, &json!("help@example.org")));
    assert_eq!(app.store.sweep_unpaid(app.now(), 100).await.unwrap().len(), 1);
    assert!(app.store.sweep_unpaid(app.now(), 100).await.unwrap().is_empty());
    sell(&person).await.problem(403, "plan_required");
    subscribe(&person, "creator").await.ok(201);
    world.stop().await;
}

#[tokio::test]
async fn strangers_see_nothing_of_a_subscription() {
    let world = World::start().await;
    let (person, stranger) = (creator(&world).await, world.buyer().await);
    let id = subscribe(&person, "creator").await.ok(201)["subscription"]["id"].as_str().unwrap().to_owned();
    stranger.post(&format!("/api/v1/subscriptions/complete/{id}"), Value::Null).await.problem(404, "subscription_not_found");
    for form in ["html", "pdf"] {
        stranger.get(&format!("/api/v1/subscriptions/invoices/{id}/{form}")).await.problem(404, "invoice_not_found");
        assert_eq!(person.get(&format!("/api/v1/subscriptions/invoices/{id}/{form}")).await.status, 200);
    }
    stranger.post("/api/v1/subscriptions/cancel", Value::Null).await.problem(409, "no_subscription");
    assert!(stranger.get("/api/v1/marketplace/orders").await.ok(200)["items"].as_array().unwrap().is_empty());
    assert!(person.get("/api/v1/marketplace/orders").await.ok(200)["items"].as_array().unwrap().is_empty(), "an invoice is no purchase");
    world.sandbox.pay(&id).unwrap();
    until_active(&world, &person).await;
    person.post(&format!("/api/v1/marketplace/orders/{id}/refund"), json!({})).await.problem(403, "not_your_order");
    let admin = world.admin().await;
    admin.refund(&id, json!({})).await;
    let over = || async { (invoices(&person).await[0]["status"] == "refunded").then_some(()) };
    world.until("the refund", over).await;
    sell(&person).await.problem(403, "plan_required");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The PSP was away when the plan was chosen; who then asks how to pay gets the payment opened.
#[tokio::test]
async fn completing_opens_a_payment_that_could_not_be_opened() {
    let world = World::start().await;
    let person = creator(&world).await;
    world.sandbox.script(Script::new(Op::Hyperswitch, Fault::RateLimited).times(0)).unwrap();
    subscribe(&person, "creator").await.problem(503, "payment_provider_unavailable");
    let recovery = mine(&person).await["recovery_url"].as_str().unwrap().to_owned();
    recover(&person, &recovery).await.problem(503, "payment_provider_unavailable");
    world.sandbox.clear_scripts().unwrap();
    let opened = recovered(&world, &person, &recovery).await;
    assert!(opened["payment"]["client_secret"].is_string(), "{opened:#}");
    world.sandbox.pay(opened["payment"]["payment_id"].as_str().unwrap()).unwrap();
    until_active(&world, &person).await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The PSP was away when the first plan was chosen, and then refuses it: that is over, and another can be had.
#[tokio::test]
async fn a_plan_that_the_psp_refuses_makes_room_for_another() {
    let world = World::start().await;
    let person = creator(&world).await;
    world.sandbox.script(Script::new(Op::Hyperswitch, Fault::RateLimited).times(0)).unwrap();
    subscribe(&person, "creator").await.problem(503, "payment_provider_unavailable");
    world.sandbox.clear_scripts().unwrap();
    world.sandbox.script(Script::new(Op::CreatePayment, Fault::NotFound)).unwrap();
    assert_eq!(subscribe(&person, "premium").await.ok(201)["subscription"]["status"], "trialing");
    assert!(world.sandbox.books().payments.is_empty());
    world.stop().await;
}

#[tokio::test]
async fn the_free_plan_makes_room_for_a_paid_one() {
    let world = World::start().await;
    let person = creator(&world).await;
    subscribe(&person, "free").await.ok(201);
    let paid = paid(&world, &person).await;
    let shown = mine(&person).await["subscription"].clone();
    assert_eq!((&shown["id"], &shown["plan"]), (&json!(paid), &json!("creator")));
    sell(&person).await.ok(201);
    world.stop().await;
}

/// A plan can be left without a payment provider; what would have to be paid can't be had.
#[tokio::test]
async fn without_a_payment_provider_a_plan_can_be_left() {
    let world = World::start().await;
    let person = world.creator().await;
    let world = world.restarted(&[("SANDBOX_ENABLED", "false")]).await;
    let person = person.moved_to(&world);
    let change = async |plan: &str| person.post("/api/v1/subscriptions/change", json!({"plan": plan, "cycle": "monthly"})).await;
    change("creator").await.problem(409, "complete_payment");
    assert_eq!(mine(&person).await["subscription"]["next"], Value::Null);
    assert_eq!(change("free").await.ok(200)["subscription"]["next"]["plan"], "free");
    world.stop().await;
}

/// The message that the first plan was paid has not come yet when another is chosen: the PSP is asked before anything is closed.
#[tokio::test]
async fn a_plan_that_was_paid_meanwhile_is_not_closed_for_another() {
    let world = World::start().await;
    let person = creator(&world).await;
    let id = subscribe(&person, "creator").await.ok(201)["subscription"]["id"].as_str().unwrap().to_owned();
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost).times(0)).unwrap();
    world.sandbox.pay(&id).unwrap();
    subscribe(&person, "premium").await.problem(409, "already_subscribed");
    assert_eq!(until_active(&world, &person).await["id"], json!(id));
    assert_eq!(invoices(&person).await[0]["status"], "paid");
    assert!(world.sandbox.books().refunds.is_empty());
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Somebody has changed the amount at the PSP, and that was paid: nothing is closed over it, a person looks.
#[tokio::test]
async fn a_plan_that_was_paid_with_another_amount_is_not_closed_for_another() {
    let world = World::start().await;
    let person = creator(&world).await;
    let id = subscribe(&person, "creator").await.ok(201)["subscription"]["id"].as_str().unwrap().to_owned();
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost).times(0)).unwrap();
    let at_the_psp = format!("{}/payments/{id}", world.running.sandbox().unwrap().base_url());
    let request = world.http.post(at_the_psp).header("api-key", SandboxConfig::default().api_key).json(&json!({"amount": 1}));
    Answer::of(request.send().await.unwrap()).await.ok(200);
    world.sandbox.pay(&id).unwrap();
    subscribe(&person, "premium").await.problem(409, "payment_in_question");
    assert_eq!((&mine(&person).await["needs_payment"], &invoices(&person).await[0]["status"]), (&json!(true), &json!("open")));
    let listed = world.admin().await.get("/api/v1/admin/attention").await.ok(200);
    assert!(listed["items"].as_array().unwrap().iter().any(|entry| entry["class"] == "amount_mismatch"), "{listed:#}");
    world.stop().await;
}

/// Nobody knows what became of the first plan's payment while the PSP is away: it stands until that can be asked.
#[tokio::test]
async fn another_plan_can_not_be_had_while_the_psp_can_not_be_asked_about_the_first() {
    let world = World::start().await;
    let person = creator(&world).await;
    world.sandbox.script(Script::new(Op::Hyperswitch, Fault::RateLimited).times(0)).unwrap();
    subscribe(&person, "creator").await.problem(503, "payment_provider_unavailable");
    let other = subscribe(&person, "premium").await.problem(503, "payment_provider_unavailable");
    assert_eq!(other["order_id"], Value::Null, "nothing was made for this one");
    assert_eq!(mine(&person).await["needs_payment"], true);
    world.sandbox.clear_scripts().unwrap();
    let had = || async { (subscribe(&person, "premium").await.status == 201).then_some(()) };
    world.until("the other plan", had).await;
    assert_eq!(mine(&person).await["subscription"]["plan"], "premium");
    world.stop().await;
}
