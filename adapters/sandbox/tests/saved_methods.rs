//! Saved methods, and charges without the customer (contracts/hyperswitch.md §3).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use common::{Reply, World};
use serde_json::{Value, json};
use veza_sandbox::{Behaviour, ChargeOutcome, Fault, MethodStatus, Op, Script};

/// A first payment of `customer`, to be confirmed, that asks for the method to be kept.
fn first(id: &str, customer: &str) -> Value {
    json!({"payment_id": id, "amount": 500, "currency": "USD", "customer_id": customer, "setup_future_usage": "off_session",
        "metadata": {"subscription_id": id}})
}

/// A charge of `method` without the customer.
fn charge(id: &str, customer: &str, method: &str) -> Value {
    json!({"payment_id": id, "amount": 900, "currency": "USD", "customer_id": customer, "confirm": true, "off_session": true,
        "recurring_details": {"type": "payment_method_id", "data": method}, "metadata": {"invoice_id": id}})
}

fn without(mut body: Value, key: &str) -> Value {
    body.as_object_mut().unwrap().remove(key);
    body
}

fn with(mut body: Value, key: &str, value: Value) -> Value {
    body[key] = value;
    body
}

impl World {
    /// `customer` has paid 500 and let the method be kept.
    async fn kept(&self, customer: &str) -> String {
        let id = format!("first_of_{customer}");
        assert_eq!(self.post("/payments", first(&id, customer)).await.status, 200);
        self.sandbox.pay(&id).unwrap();
        self.get(&format!("/payments/{id}")).await.json()["payment_method_id"].as_str().unwrap().to_owned()
    }

    async fn charge(&self, id: &str, customer: &str, method: &str) -> Reply {
        self.post("/payments", charge(id, customer, method)).await
    }

    async fn confirm_in_browser(&self, id: &str, fields: Value) -> Reply {
        let secret = self.get(&format!("/payments/{id}")).await.json()["client_secret"].clone();
        let body = with(with(fields, "client_secret", secret), "payment_method", json!("card"));
        let request = self.http.post(self.url(&format!("/payments/{id}/confirm"))).header("api-key", "pk_snd_veza");
        self.send(request.json(&body)).await.unwrap()
    }
}

#[tokio::test]
async fn what_the_customer_accepts_is_kept_and_charged() {
    let world = World::new().await;
    let opened = world.post("/payments", first("p", "c")).await.json();
    assert_eq!((&opened["payment_method_id"], &opened["customer_id"]), (&Value::Null, &json!("c")));
    let acceptance = json!({"acceptance_type": "online", "accepted_at": "2026-08-21T10:11:12Z",
        "online": {"ip_address": "127.0.0.1", "user_agent": "test"}});
    let paid = world.confirm_in_browser("p", json!({"customer_acceptance": acceptance})).await.json();
    let (method, mandate) = (paid["payment_method_id"].as_str().unwrap(), paid["mandate_id"].as_str().unwrap());
    assert!(method.starts_with("pm_") && mandate.starts_with("man_"), "{paid}");
    assert_eq!(paid["payment_method_status"], "active");

    let charged = world.charge("one", "c", method).await.json();
    assert_eq!((&charged["status"], &charged["amount_received"]), (&json!("succeeded"), &json!(900)));
    assert_eq!((&charged["payment_method_id"], &charged["mandate_id"]), (&json!(method), &json!(mandate)));
    let by_mandate = json!({"type": "mandate_id", "data": mandate});
    let charged = world.post("/payments", with(charge("two", "c", ""), "recurring_details", by_mandate)).await.json();
    assert_eq!((&charged["status"], &charged["payment_method_id"]), (&json!("succeeded"), &json!(method)));

    let books = world.sandbox.books();
    assert_eq!(books.customers.iter().map(|customer| customer.customer_id.as_str()).collect::<Vec<_>>(), ["c"]);
    assert_eq!(books.saved_methods_of("c").map(|kept| kept.payment_id.as_str()).collect::<Vec<_>>(), ["p"]);
    let told: Vec<_> = books.charged("c").map(|charge| (charge.payment_id.as_str(), charge.off_session, charge.amount)).collect();
    assert_eq!(told, [("p", false, 500), ("one", true, 900), ("two", true, 900)]);
    assert_eq!(books.charged_for("invoice_id", "one").count(), 1);
    assert_eq!(books.charged_for("subscription_id", "p").count(), 1);
    assert_eq!((books.charged("nobody").count(), books.charged_for("invoice_id", "three").count()), (0, 0));
    assert_eq!(books.totals["usd"].captured, 2300);
}

#[tokio::test]
async fn nothing_is_kept_unasked_or_unaccepted() {
    let world = World::new().await;
    world.post("/payments", first("silent", "c")).await;
    let paid = world.confirm_in_browser("silent", json!({})).await.json();
    assert_eq!((&paid["status"], &paid["payment_method_id"]), (&json!("succeeded"), &Value::Null), "the customer accepted nothing");
    for (id, usage) in [("unasked", Value::Null), ("present", json!("on_session"))] {
        world.post("/payments", with(first(id, "c"), "setup_future_usage", usage)).await;
        let paid = world.confirm_in_browser(id, json!({"customer_acceptance": {"acceptance_type": "offline"}})).await.json();
        assert_eq!((&paid["status"], &paid["payment_method_id"]), (&json!("succeeded"), &Value::Null), "{id}");
    }
    world.post("/payments", first("declined", "c")).await;
    world.sandbox.decline("declined").unwrap();
    assert_eq!(world.get("/payments/declined").await.json()["payment_method_id"], Value::Null);
    assert!(world.sandbox.books().saved_methods.is_empty());

    for nonsense in [
        json!({}),
        json!({"acceptance_type": "perhaps"}),
        json!({"acceptance_type": "online", "colour": "red"}),
        json!({"acceptance_type": "online", "accepted_at": "yesterday"}),
        json!({"acceptance_type": "online", "online": {"ip_address": "127.0.0.1"}}),
    ] {
        let answer = world.confirm_in_browser("declined", json!({"customer_acceptance": nonsense})).await;
        assert_eq!(answer.refusal(), (400, "IR_06".to_owned()), "{}", answer.text);
    }
}

#[tokio::test]
async fn s3_what_a_charge_must_say() {
    let world = World::new().await;
    let method = world.kept("c").await;
    let good = || charge("x", "c", &method);
    let of = |kind: &str, data: &str| json!({"type": kind, "data": data});
    let cases = [
        (with(good(), "recuring_details", json!({})), 400, "IR_06", "an unknown field"),
        (with(good(), "recurring_details", of("payment_method", &method)), 400, "IR_06", "an unknown type"),
        (with(good(), "recurring_details", json!({"type": "payment_method_id"})), 400, "IR_06", "no data"),
        (with(good(), "recurring_details", of("processor_payment_token", "x")), 501, "IR_00", "nothing kept here"),
        (with(good(), "customer_id", json!("")), 400, "IR_06", "an empty customer"),
        (with(good(), "customer_id", json!("c".repeat(65))), 400, "IR_06", "a long customer"),
        (without(good(), "customer_id"), 400, "IR_04", "no customer"),
        (without(good(), "off_session"), 400, "IR_04", "no off_session"),
        (with(good(), "off_session", json!(false)), 400, "IR_16", "on session"),
        (with(good(), "confirm", json!(false)), 400, "IR_16", "not confirmed"),
        (with(good(), "recurring_details", of("payment_method_id", "pm_none")), 404, "HE_02", "no such method"),
        (with(good(), "recurring_details", of("mandate_id", &method)), 404, "HE_02", "no such mandate"),
        (with(good(), "customer_id", json!("d")), 404, "HE_02", "another customer's"),
        (without(first("x", "c"), "customer_id"), 400, "IR_16", "kept for nobody"),
        (with(first("x", "c"), "off_session", json!(true)), 400, "IR_16", "off session without confirm"),
    ];
    for (body, status, code, why) in cases {
        let answer = world.post("/payments", body).await;
        assert_eq!(answer.refusal(), (status, code.to_owned()), "{why}: {}", answer.text);
    }
    assert!(world.sandbox.payment("x").is_none(), "a refused charge leaves no payment");
    assert_eq!(world.charge("x", "c", &method).await.json()["status"], "succeeded");
    assert_eq!(world.charge("x", "c", &method).await.refusal(), (400, "HE_01".to_owned()), "the same id again");
    assert_eq!(world.sandbox.books().charged("c").count(), 2);
    let by_object = with(without(charge("y", "c", &method), "customer_id"), "customer", json!({"id": "c"}));
    assert_eq!(world.post("/payments", by_object).await.json()["status"], "succeeded");
}

#[tokio::test]
async fn a_saved_method_behaves_as_it_is_told() {
    let world = World::new().await;
    let method = world.kept("c").await;
    let set = format!("/saved_methods/{method}");
    let status = async |id: &str| world.charge(id, "c", &method).await.json()["status"].as_str().unwrap().to_owned();

    let words = json!({"behaviour": "declines", "code": "51", "message": "no funds", "times": 2});
    assert_eq!(world.control(&set, words).await.status, 200);
    let declined = world.charge("a", "c", &method).await;
    assert_eq!((declined.status, &declined.json()["status"]), (200, &json!("failed")), "a decline is an answer");
    assert_eq!((&declined.json()["error_code"], &declined.json()["error_message"]), (&json!("51"), &json!("no funds")));
    assert_eq!((status("b").await, status("c").await), ("failed".to_owned(), "succeeded".to_owned()), "twice, then it pays");

    world.control(&set, json!({"behaviour": "declines"})).await;
    for id in ["d", "e", "f"] {
        assert_eq!(status(id).await, "failed", "from now on");
    }
    world.control(&set, json!({"behaviour": "requires_customer_action"})).await;
    let waits = world.charge("g", "c", &method).await.json();
    assert_eq!(waits["status"], "requires_customer_action");
    assert!(waits["next_action"]["redirect_to_url"].as_str().unwrap().starts_with("/checkout/g?"), "where to ask the customer back");
    assert_eq!(world.confirm_in_browser("g", json!({})).await.json()["status"], "succeeded", "who then pays");
    world.control(&set, json!({"behaviour": "succeeds"})).await;
    assert_eq!(status("h").await, "succeeded");

    let books = world.sandbox.books();
    let ended = |outcome| books.charges.iter().filter(|charge| charge.outcome == outcome).count();
    assert_eq!((ended(ChargeOutcome::Approved), ended(ChargeOutcome::Declined), ended(ChargeOutcome::ActionRequired)), (4, 5, 1));
    let g: Vec<bool> = books.charges.iter().filter(|charge| charge.payment_id == "g").map(|charge| charge.off_session).collect();
    assert_eq!(g, [true, false], "without the customer, then with");

    for nonsense in
        [json!({}), json!({"behaviour": "explodes"}), json!({"behaviour": "succeeds", "times": 2}), json!({"behavior": "succeeds"})]
    {
        assert_eq!(world.control(&set, nonsense).await.status, 400);
    }
    assert_eq!(world.control("/saved_methods/pm_none", json!({"behaviour": "succeeds"})).await.status, 404);
}

#[tokio::test]
async fn the_faults_of_payments_are_those_of_charges() {
    let world = World::new().await;
    let method = world.kept("c").await;
    let charge_in_trouble = async |id: &str, fault: Fault| {
        world.sandbox.script(Script::new(Op::CreatePayment, fault).matching("customer_id", "c")).unwrap();
        world.try_post("/payments", charge(id, "c", &method)).await
    };
    for (id, fault, taken) in [
        ("lost", Fault::AnswerLost, 1),
        ("error_after", Fault::ErrorAfterEffect, 1),
        ("garbled", Fault::Garbled, 1),
        ("request_lost", Fault::RequestLost, 0),
        ("error_before", Fault::ErrorBeforeEffect, 0),
        ("unavailable", Fault::Unavailable, 0),
        ("limited", Fault::RateLimited, 0),
        ("declined", Fault::Decline, 0),
        ("processing", Fault::Processing, 0),
        ("action", Fault::RequiresAction, 0),
        ("blocked", Fault::Blocked, 0),
    ] {
        // What comes back is the business of `faults.rs`.
        let _ = charge_in_trouble(id, fault).await;
        assert_eq!(world.sandbox.books().charged_for("invoice_id", id).count(), taken, "{id}");
    }
    assert!(world.sandbox.scripts().is_empty(), "each met its charge");
    world.sandbox.pay("processing").unwrap();
    assert_eq!(world.sandbox.books().charged_for("invoice_id", "processing").count(), 1, "it turned out to be paid");

    let scripted = with(charge("scripted", "c", &method), "metadata", json!({"sandbox": "decline, webhook_lost"}));
    assert_eq!(world.post("/payments", scripted).await.json()["status"], "failed", "a payment's own script");
    for (id, fault, copies) in [("once_lost", Fault::WebhookLost, 0), ("twice", Fault::WebhookDoubled, 2)] {
        world.sandbox.script(Script::new(Op::Webhook, fault).payment(id)).unwrap();
        assert_eq!(world.charge(id, "c", &method).await.json()["status"], "succeeded");
        world.settle().await;
        let told = world.receiver.all().iter().filter(|message| message.json()["content"]["object"]["payment_id"] == id).count();
        assert_eq!(told, copies, "{id}");
    }
    let told = world.receiver.all().iter().any(|message| message.json()["content"]["object"]["payment_id"] == "scripted");
    assert!(!told);
}

#[tokio::test]
async fn a_revoked_method_is_told_once_and_charged_no_more() {
    let world = World::new().await;
    let (method, other) = (world.kept("c").await, world.kept("d").await);
    let revoke = format!("/saved_methods/{method}/revoke");
    assert_eq!(world.control(&revoke, json!({})).await.status, 200);
    assert_eq!(world.control(&revoke, json!({})).await.status, 409);
    assert_eq!(world.control("/saved_methods/pm_none/revoke", json!({})).await.status, 404);
    assert_eq!(world.charge("x", "c", &method).await.refusal(), (400, "HE_03".to_owned()));
    assert_eq!(world.charge("y", "d", &other).await.json()["status"], "succeeded", "nobody else's is touched");
    assert_eq!(world.get("/payments/first_of_c").await.json()["payment_method_status"], "inactive");

    world.settle().await;
    let messages: Vec<Value> = world.receiver.all().iter().map(common::Received::json).collect();
    let told: Vec<&Value> = messages.iter().filter(|message| message["event_type"] == "mandate_revoked").collect();
    let [told] = told.as_slice() else { panic!("{messages:?}") };
    assert_eq!(told["content"]["type"], "mandate_details");
    let object = &told["content"]["object"];
    assert_eq!((&object["payment_method_id"], &object["status"]), (&json!(method), &json!("revoked")));
    assert_eq!(object["card"]["last4_digits"], "4242");
    assert!(object["mandate_id"].as_str().unwrap().starts_with("man_"));
    assert!(object.get("customer_id").is_none(), "MandateResponse has none");

    let again = world.post("/payments", first("again", "c")).await;
    assert_eq!(again.status, 200);
    world.sandbox.pay("again").unwrap();
    let books = world.sandbox.books();
    let [new] = books.saved_methods_of("c").collect::<Vec<_>>()[..] else { panic!("the customer has one that works") };
    assert_eq!((new.payment_id.as_str(), new.status), ("again", MethodStatus::Active));
    assert_eq!(world.charge("z", "c", &new.payment_method_id).await.json()["status"], "succeeded");
}

#[tokio::test]
async fn a_restart_forgets_no_method() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sandbox.db");
    let (method, mandate) = {
        let world = World::in_file(file.clone()).await;
        let method = world.kept("c").await;
        world.sandbox.set_saved_method(&method, Behaviour::declines(1)).unwrap();
        let mandate = world.sandbox.books().saved_methods[0].mandate_id.clone();
        (method, mandate)
    };
    let world = World::in_file(file).await;
    assert_eq!(world.charge("a", "c", &method).await.json()["status"], "failed");
    let by_mandate = json!({"type": "mandate_id", "data": mandate});
    let charged = world.post("/payments", with(charge("b", "c", ""), "recurring_details", by_mandate)).await.json();
    assert_eq!(charged["status"], "succeeded");
    assert_eq!(world.sandbox.books().charges.len(), 3);
}

#[tokio::test]
async fn the_checkout_says_what_will_be_kept() {
    let world = World::new().await;
    for (body, kept) in [(first("kept", "c"), true), (without(first("plain", "c"), "setup_future_usage"), false)] {
        let payment = world.post("/payments", body).await.json();
        let (id, secret) = (payment["payment_id"].as_str().unwrap(), payment["client_secret"].as_str().unwrap());
        let page = world.send(world.http.get(world.url(&format!("/checkout/{id}?client_secret={secret}")))).await.unwrap().text;
        assert_eq!((page.contains("charged again without you"), page.contains("data-keeps")), (kept, kept), "{page}");
    }
}
