//! Who may do what: every operation of `openapi.yaml`, on real things, by nobody, a stranger, their owner, their seller and an admin.
//!
//! [`TABLE`] is the promise. What it says is checked on the real server, and beyond it, for every cell:
//! - a refusal is a problem document, changes nothing, and is the same for a thing that does not exist: it tells nobody that there is one;
//! - who may act on a thing gets 404 for one that does not exist;
//! - no answer shows somebody a mail address, an id or a secret that is another's;
//! - the status is one that `openapi.yaml` names, and an operation asks for a token there if and only if it refuses nobody with 401.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use reqwest::Method;
use serde_json::{Value, json};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Answer, Person, World, euros};

/// What an operation is called on. A thing is made when it is first needed, and anew once something has changed it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum On {
    /// No single thing.
    None,
    /// A completed order of the owner, of a product of the seller.
    Order,
    /// A published product of the seller.
    Product,
    /// A product of the seller that is not published.
    Draft,
    /// A delivery of the webhook log.
    Delivery,
    /// A transfer that was given up.
    Transfer,
    /// A transfer of which somebody has taken a part back at Connect.
    Taken,
    /// An audit that is over.
    Audit,
    /// A reversal for which the seller's account is too empty.
    Reversal,
    /// An entry of the list of what waits on a person.
    Attention,
    /// A plan that the owner has chosen and not paid; its first invoice has the same id.
    Plan,
    /// What the seller has handed in for distribution.
    Submission,
}

const PEOPLE: [&str; 5] = ["nobody", "stranger", "owner", "seller", "admin"];

/// The stranger sells too, so what is refused to the stranger is refused for not being theirs.
#[rustfmt::skip]
const TABLE: &[(&str, On, [u16; 5])] = &[
    // operation                   on what        nobody stranger owner seller admin
    ("register",                   On::None,      [201, 201, 201, 201, 201]),
    ("verifyEmail",                On::None,      [400, 400, 400, 400, 400]), // by the mail's token alone, and this is none
    ("resendVerification",         On::None,      [202, 202, 202, 202, 202]),
    ("login",                      On::None,      [200, 200, 200, 200, 200]),
    ("refreshTokens",              On::None,      [200, 200, 200, 200, 200]),
    ("logout",                     On::None,      [401, 204, 204, 204, 204]),
    ("getMe",                      On::None,      [401, 200, 200, 200, 200]),

    ("createOrder",                On::Product,   [401, 201, 201, 201, 201]),
    ("listOrders",                 On::None,      [401, 200, 200, 200, 200]),
    ("getOrder",                   On::Order,     [401, 404, 200, 404, 200]),
    ("refundOrder",                On::Order,     [401, 403, 202, 202, 202]),
    ("listRefunds",                On::Order,     [401, 404, 200, 200, 200]),
    ("listMyLicenses",             On::None,      [401, 200, 200, 200, 200]),

    ("listProducts",               On::None,      [200, 200, 200, 200, 200]),
    ("createProduct",              On::None,      [401, 201, 403, 201, 403]),
    ("listSellerProducts",         On::None,      [401, 200, 200, 200, 200]),
    ("getProduct",                 On::Product,   [200, 200, 200, 200, 200]),
    ("getProduct",                 On::Draft,     [404, 404, 404, 200, 200]),
    ("updateProduct",              On::Product,   [401, 403, 403, 200, 200]),
    ("updateProduct",              On::Draft,     [401, 404, 404, 200, 200]),
    ("publishProduct",             On::Product,   [401, 403, 403, 200, 200]),
    ("publishProduct",             On::Draft,     [401, 404, 404, 200, 200]),
    ("replaceProductImages",       On::Product,   [401, 403, 403, 200, 200]),
    ("replaceProductImages",       On::Draft,     [401, 404, 404, 200, 200]),
    ("replaceProductLicenses",     On::Product,   [401, 403, 403, 200, 200]),
    ("replaceProductLicenses",     On::Draft,     [401, 404, 404, 200, 200]),
    ("archiveProduct",             On::Product,   [401, 403, 403, 204, 204]),
    ("archiveProduct",             On::Draft,     [401, 404, 404, 204, 204]),

    ("getSellerBalance",           On::None,      [401, 200, 200, 200, 200]),
    ("listSellerTransfers",        On::None,      [401, 200, 200, 200, 200]),
    ("listSellerPayouts",          On::None,      [401, 200, 200, 200, 200]),
    ("startOnboarding",            On::None,      [401, 200, 403, 200, 403]),

    ("submitDistribution",         On::Draft,     [401, 404, 403, 201, 403]), // the owner and the admin have no plan
    ("submitDistribution",         On::Product,   [401, 403, 403, 201, 403]),
    ("listSubmissions",            On::None,      [401, 200, 200, 200, 200]),
    ("getSubmission",              On::Submission, [401, 404, 404, 200, 200]),
    ("requestTakedown",            On::Submission, [401, 404, 404, 202, 202]),
    ("getRoyalties",               On::None,      [401, 200, 200, 200, 200]),
    ("importRoyalties",            On::None,      [401, 403, 403, 403, 422]), // by an admin, and this names no track

    ("listAttention",              On::None,      [401, 403, 403, 403, 200]),
    ("resolveAttention",           On::Attention, [401, 403, 403, 403, 204]),
    ("listWebhookDeliveries",      On::None,      [401, 403, 403, 403, 200]),
    ("getWebhookDelivery",         On::Delivery,  [401, 403, 403, 403, 200]),
    ("replayWebhookDelivery",      On::Delivery,  [401, 403, 403, 403, 200]),
    ("getLedgerBalances",          On::None,      [401, 403, 403, 403, 200]),
    ("listAllTransfers",           On::None,      [401, 403, 403, 403, 200]),
    ("retryTransfer",              On::Transfer,  [401, 403, 403, 403, 409]), // given up, so not to be retried but replaced
    ("replaceTransfer",            On::Transfer,  [401, 403, 403, 403, 200]),
    ("keepTransfer",               On::Taken,     [401, 403, 403, 403, 200]),
    ("writeOffReversal",           On::Reversal,  [401, 403, 403, 403, 200]),
    ("listAdminActions",           On::None,      [401, 403, 403, 403, 200]),
    ("listAllOrders",              On::None,      [401, 403, 403, 403, 200]),
    ("getOrderTimeline",           On::Order,     [401, 403, 403, 403, 200]),
    ("listAllRefunds",             On::None,      [401, 403, 403, 403, 200]),
    ("listDisputes",               On::None,      [401, 403, 403, 403, 200]),
    ("bookDisputeLoss",            On::Order,     [401, 403, 403, 403, 404]), // the order has no such dispute
    ("runReconcile",               On::None,      [401, 403, 403, 403, 200]),
    ("listAudits",                 On::None,      [401, 403, 403, 403, 200]),
    ("getAudit",                   On::Audit,     [401, 403, 403, 403, 200]),
    ("listAuditDifferences",       On::Audit,     [401, 403, 403, 403, 200]),
    ("stopAudit",                  On::Audit,     [401, 403, 403, 403, 409]), // it is over
    ("startAudit",                 On::None,      [401, 403, 403, 403, 202]),

    ("receiveHyperswitchWebhook",  On::None,      [401, 401, 401, 401, 401]), // by signature alone, and this has none
    ("receiveStripeWebhook",       On::None,      [401, 401, 401, 401, 401]),
    ("getHealth",                  On::None,      [200, 200, 200, 200, 200]),
    ("getReadiness",               On::None,      [200, 200, 200, 200, 200]),
    ("getDeepHealth",              On::None,      [200, 200, 200, 200, 200]),
    ("getMetrics",                 On::None,      [401, 401, 401, 401, 401]), // by METRICS_TOKEN alone

    ("listPlans",                  On::None,      [200, 200, 200, 200, 200]),
    ("getMySubscription",          On::None,      [401, 200, 200, 200, 200]),
    ("listInvoices",               On::None,      [401, 200, 200, 200, 200]),
    ("completeSubscription",       On::Plan,      [401, 404, 200, 404, 404]),
    ("getInvoicePage",             On::Plan,      [401, 404, 200, 404, 200]),
    ("getInvoicePdf",              On::Plan,      [401, 404, 200, 404, 200]),
    ("previewSubscriptionChange",  On::None,      [401, 200, 409, 200, 409]), // the stranger and the seller try a plan, nobody else has one
    ("changeSubscription",         On::None,      [401, 200, 409, 200, 409]),
    ("cancelSubscription",         On::None,      [401, 200, 409, 200, 409]),
    ("reactivateSubscription",     On::None,      [401, 200, 409, 200, 409]),
    ("subscribe",                  On::None,      [401, 409, 201, 409, 201]),

    ("becomeCreator",              On::None,      [401, 200, 200, 200, 200]), // last: everybody sells from here on
];

/// Cells whose refusal differs from that of a thing that does not exist, and why that is right.
fn may_tell(operation: &str, on: On, person: &str) -> bool {
    match (operation, person) {
        // spec/01-money §4: a refund that a stranger asks for is refused with 403. Ids of orders can't be guessed.
        ("refundOrder", "stranger") => true,
        // An admin is told which of the two there is not: the order, or its dispute.
        ("bookDisputeLoss", "admin") => true,
        // Everybody sees a published product.
        _ => on == On::Product,
    }
}

/// Operations whose 401 is about something else than the access token.
const OTHER_CREDENTIALS: [&str; 3] = ["receiveHyperswitchWebhook", "receiveStripeWebhook", "getMetrics"];

/// An operation as `openapi.yaml` has it.
struct Operation {
    id: String,
    method: Method,
    path: String,
    statuses: BTreeSet<u16>,
    wants_token: bool,
    wants_body: bool,
}

fn operations() -> BTreeMap<String, Operation> {
    let document: Value = serde_yaml::from_str(include_str!("../../openapi.yaml")).unwrap();
    let mut operations = BTreeMap::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let id = operation["operationId"].as_str().expect("every operation has an id").to_owned();
            let schemes = operation["security"].as_array();
            let operation = Operation {
                id: id.clone(),
                method: method.to_uppercase().parse().unwrap(),
                path: path.clone(),
                statuses: operation["responses"].as_object().unwrap().keys().map(|status| status.parse().unwrap()).collect(),
                wants_token: schemes.is_some_and(|schemes| schemes.iter().all(|scheme| scheme.get("Caller").is_some())),
                wants_body: operation.get("requestBody").is_some(),
            };
            assert!(operations.insert(id, operation).is_none(), "operation ids are unique");
        }
    }
    operations
}

#[test]
fn the_table_has_every_operation_and_no_other() {
    let documented: BTreeSet<String> = operations().into_keys().collect();
    let listed: BTreeSet<String> = TABLE.iter().map(|(operation, ..)| (*operation).to_owned()).collect();
    let missing: Vec<_> = documented.difference(&listed).collect();
    let gone: Vec<_> = listed.difference(&documented).collect();
    assert!(missing.is_empty(), "say in the table who may: {missing:?}");
    assert!(gone.is_empty(), "openapi.yaml has no such operation: {gone:?}");
}

#[tokio::test]
async fn everybody_may_do_what_the_table_says_and_nothing_else() {
    let mut stage = Stage::set().await;
    let operations = operations();
    let mut wrong = Vec::new();
    for (operation, on, expected) in TABLE {
        let Some(operation) = operations.get(*operation) else { continue };
        if operation.wants_token != (expected[0] == 401 && !OTHER_CREDENTIALS.contains(&operation.id.as_str())) {
            wrong.push(format!("{}: openapi.yaml says the contrary about the token", operation.id));
        }
        for (person, expected) in expected.iter().enumerate() {
            for fault in stage.cell(operation, *on, person, *expected).await {
                wrong.push(format!("{} on {on:?} by {}: {fault}", operation.id, PEOPLE[person]));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    stage.world.stop().await;
}

/// A thing that something is done to.
#[derive(Clone, Debug)]
struct Thing(String);

struct Stage {
    world: World,
    /// As in [`PEOPLE`]; nobody is none.
    people: [Option<Person>; 5],
    things: BTreeMap<On, Thing>,
    /// What must not be shown, and to whom it may be.
    private: Vec<(String, &'static [&'static str])>,
}

static COUNT: AtomicUsize = AtomicUsize::new(0);

impl Stage {
    async fn set() -> Self {
        let world = World::with(&[
            ("METRICS_TOKEN", "a-token-of-the-monitoring-alone"),
            ("TRANSFER_RETRY_MAX_RETRIES", "0"),
            ("REVERSAL_BACKOFF_BASE", "1h"),
            ("REVERSAL_BACKOFF_MAX", "2h"),
        ])
        .await;
        let (stranger, owner) = (world.seller().await, world.buyer().await);
        let (seller, admin) = (world.seller().await, world.admin().await);
        let product = seller.product(euros(1_000)).await;
        let paid = owner.buy(&world, &[&product]).await;
        let transfer = seller.until_transfer(&world, &paid, "completed").await;
        let pending = owner.order(&[&product]).await;
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let private: Vec<(String, &'static [&'static str])> = vec![
            (owner.email.clone(), &["owner", "admin"]),
            (seller.email.clone(), &["seller", "admin"]),
            (stranger.email.clone(), &["stranger", "admin"]),
            (paid, &["owner", "seller", "admin"]),
            (text(&transfer["id"]), &["seller", "admin"]),
            (text(&transfer["stripe_transfer_id"]), &["seller", "admin"]),
            (text(&pending["order"]["id"]), &["owner", "admin"]),
            (text(&pending["payment"]["client_secret"]), &["owner", "admin"]),
        ];
        let people = [None, Some(stranger), Some(owner), Some(seller), Some(admin)];
        Self { world, people, things: BTreeMap::new(), private }
    }

    fn person(&self, name: &str) -> &Person {
        self.people[PEOPLE.iter().position(|person| *person == name).unwrap()].as_ref().unwrap()
    }

    /// What is wrong with one cell of the table.
    async fn cell(&mut self, operation: &Operation, on: On, person: usize, expected: u16) -> Vec<String> {
        let mut wrong = Vec::new();
        let thing = self.thing(on).await;
        if on != On::None && operation.path.contains("{id}") {
            let unknown = self.call(operation, &Thing(uuid::Uuid::now_v7().to_string()), person).await;
            match expected {
                401..=404 if may_tell(&operation.id, on, PEOPLE[person]) => {}
                401..=404 => {
                    let known = self.call(operation, &thing, person).await;
                    if told(&known) != told(&unknown) {
                        wrong.push(format!("tells that there is one: {} and {}", known.body, unknown.body));
                    }
                }
                _ if unknown.status != 404 => wrong.push(format!("{} and not 404 for an unknown one", unknown.status)),
                _ => {}
            }
            if expected == 401 && self.call(operation, &Thing("no-id".into()), person).await.status != 401 {
                wrong.push("reads the request before it knows who asks".into());
            }
        }
        let refused = (401..=404).contains(&expected);
        let before = self.state(on, &thing).await;
        let answer = self.call(operation, &thing, person).await;
        if answer.status != expected {
            wrong.push(format!("{} and not {expected}: {}", answer.status, answer.body));
        }
        if refused && self.state(on, &thing).await != before {
            wrong.push("was refused and changed something".into());
        }
        if answer.status >= 400 && !answer.content_type.starts_with("application/problem+json") {
            wrong.push(format!("refuses with {:?}", answer.content_type));
        }
        if !operation.statuses.contains(&answer.status) {
            wrong.push(format!("{} is not in openapi.yaml", answer.status));
        }
        let shown = answer.body.to_string();
        for (private, _) in self.private.iter().filter(|(text, may)| shown.contains(text) && !may.contains(&PEOPLE[person])) {
            wrong.push(format!("shows {private}: {shown}"));
        }
        if answer.status < 300 && operation.method != Method::GET {
            self.things.remove(&on);
        }
        wrong
    }

    async fn call(&self, operation: &Operation, thing: &Thing, person: usize) -> Answer {
        let path = operation.path.replace("{id}", &thing.0).replace("{class}", "external_refund");
        let path = path.replace("{dispute_id}", &uuid::Uuid::nil().to_string());
        let mut request = self.world.http.request(operation.method.clone(), self.world.url(&path));
        let logged_in = if operation.id == "logout" { self.login(person).await } else { None };
        if let Some(token) = logged_in.or(self.people[person].as_ref().map(|person| person.token.clone())) {
            request = request.bearer_auth(token);
        }
        if operation.id == "verifyEmail" {
            request = request.header("x-verify-token", "made-up");
        }
        let body = self.body(&operation.id, thing).await;
        assert_eq!(operation.wants_body, !body.is_null(), "{}: say in this test what its body is", operation.id);
        request = match body {
            Value::Null => request,
            Value::String(csv) => request.header("content-type", "text/csv").body(csv),
            json => request.json(&json),
        };
        Answer::of(request.send().await.unwrap()).await
    }

    /// What the operation is called with.
    async fn body(&self, operation: &str, thing: &Thing) -> Value {
        let product = json!({"kind": "track", "title": "Day Drive", "price": {"amount": 1_200, "currency": "EUR"}});
        let new = || format!("new{}", COUNT.fetch_add(1, Ordering::Relaxed));
        match operation {
            "register" => {
                let name = new();
                json!({"email": format!("{name}@example.org"), "username": name, "password": veza_tests::PASSWORD})
            }
            "resendVerification" => json!({"email": "nobody@example.org"}),
            "login" => json!({"email": self.world.buyer().await.email, "password": veza_tests::PASSWORD}),
            "refreshTokens" => {
                let somebody = self.world.buyer().await;
                let body = json!({"email": somebody.email, "password": veza_tests::PASSWORD});
                let tokens = somebody.post("/api/v1/auth/login", body).await.ok(200);
                json!({"refresh_token": tokens["refresh_token"]})
            }
            "createProduct" | "updateProduct" => product,
            "replaceProductImages" => json!({"images": ["https://example.org/a.png"]}),
            "replaceProductLicenses" => json!({"licenses": []}),
            "createOrder" => json!({"items": [{"product_id": thing.0}]}),
            "refundOrder" => json!({"amount": 100}),
            "resolveAttention" | "keepTransfer" => json!({"note": "seen"}),
            "bookDisputeLoss" => json!({"amount": 100, "note": "seen"}),
            "subscribe" => json!({"plan": "free", "cycle": "monthly"}),
            "changeSubscription" | "previewSubscriptionChange" => json!({"plan": "creator", "cycle": "monthly"}),
            "startAudit" | "requestTakedown" => json!({}),
            "submitDistribution" => json!({"product_id": thing.0, "platforms": ["spotify"]}),
            "importRoyalties" => {
                Value::String("reference,platform,period,units,amount,currency\nnobody,deezer,2026-01,1,1,EUR\n".to_owned())
            }
            _ => Value::Null,
        }
    }

    /// The access token of a new login of the same person.
    async fn login(&self, person: usize) -> Option<String> {
        let person = self.people[person].as_ref()?;
        let body = json!({"email": person.email, "password": veza_tests::PASSWORD});
        Some(person.post("/api/v1/auth/login", body).await.ok(200)["access_token"].as_str()?.to_owned())
    }

    /// The thing as an admin sees it, where that can be looked at.
    async fn state(&self, on: On, thing: &Thing) -> Value {
        let path = match on {
            On::Order => format!("/api/v1/marketplace/orders/{}", thing.0),
            On::Product | On::Draft => format!("/api/v1/marketplace/products/{}", thing.0),
            _ => return Value::Null,
        };
        self.person("admin").get(&path).await.ok(200)
    }

    async fn thing(&mut self, on: On) -> Thing {
        if let Some(thing) = self.things.get(&on) {
            return thing.clone();
        }
        let thing = Thing(self.make(on).await);
        if on == On::Draft {
            self.private.push((thing.0.clone(), &["seller", "admin"]));
        }
        self.things.insert(on, thing.clone());
        thing
    }

    async fn make(&self, on: On) -> String {
        let (owner, seller, admin) = (self.person("owner"), self.person("seller"), self.person("admin"));
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        match on {
            On::None => String::new(),
            On::Order => owner.buy(&self.world, &[&seller.product(euros(1_000)).await]).await,
            On::Product => seller.product(euros(1_000)).await,
            On::Draft => {
                let body = json!({"kind": "track", "title": "Not yet", "price": {"amount": 900, "currency": "EUR"}});
                text(&seller.post("/api/v1/marketplace/products", body).await.ok(201)["id"])
            }
            On::Delivery => text(&admin.get("/api/v1/admin/webhooks?result=ok").await.ok(200)["items"][0]["id"]),
            On::Transfer => {
                let other = self.world.seller().await;
                self.world.sandbox.script(Script::new(Op::CreateTransfer, Fault::NotFound).times(0)).unwrap();
                let order = owner.buy(&self.world, &[&other.product(euros(1_000)).await]).await;
                let given_up = other.until_transfer(&self.world, &order, "permanently_failed").await;
                self.world.sandbox.clear_scripts().unwrap();
                text(&given_up["id"])
            }
            On::Taken => {
                let order = owner.buy(&self.world, &[&seller.product(euros(1_000)).await]).await;
                let transfer = seller.until_transfer(&self.world, &order, "completed").await;
                self.world.sandbox.reverse_transfer(transfer["stripe_transfer_id"].as_str().unwrap(), Some(100)).unwrap();
                let id = text(&transfer["id"]);
                let look = || async {
                    let entries = admin.get("/api/v1/admin/attention?limit=100").await.ok(200);
                    let listed = |entry: &Value| entry["class"] == "external_reversal" && entry["id"] == id.as_str();
                    entries["items"].as_array()?.iter().any(listed).then_some(())
                };
                self.world.until("the reversal by hand", look).await;
                id
            }
            On::Audit => {
                let id = text(&admin.post("/api/v1/admin/audits", json!({})).await.ok(202)["id"]);
                let over = || async {
                    let audit = admin.get(&format!("/api/v1/admin/audits/{id}")).await.ok(200);
                    (audit["state"] != "running").then_some(())
                };
                self.world.until("the end of the audit", over).await;
                id
            }
            On::Submission => {
                let body = json!({"product_id": seller.product(euros(1_000)).await, "platforms": ["deezer"]});
                text(&seller.post("/api/v1/distribution/submit", body).await.ok(201)["id"])
            }
            On::Reversal => self.unpaid_reversal().await,
            On::Plan => {
                let body = json!({"plan": "creator", "cycle": "monthly"});
                text(&owner.post("/api/v1/subscriptions/subscribe", body).await.body["subscription"]["id"]) // the same one again: 200
            }
            On::Attention => {
                let order = owner.buy(&self.world, &[&seller.product(euros(1_000)).await]).await;
                self.world.sandbox.refund_from_dashboard(&order, Some(100)).unwrap();
                let look = || async {
                    let entries = admin.get("/api/v1/admin/attention").await.ok(200);
                    let entry = entries["items"].as_array()?.iter().find(|entry| entry["class"] == "external_refund")?.clone();
                    Some(text(&entry["id"]))
                };
                self.world.until("the external refund", look).await
            }
        }
    }

    /// The money has left the seller's account before the refund.
    async fn unpaid_reversal(&self) -> String {
        let (owner, seller) = (self.person("owner"), self.world.seller().await);
        let order = owner.buy(&self.world, &[&seller.product(euros(1_000)).await]).await;
        seller.until_transfer(&self.world, &order, "completed").await;
        let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200);
        self.world.sandbox.payout(account["account_id"].as_str().unwrap()).unwrap();
        owner.refund(&order, json!({})).await;
        let refused = || async {
            let reversal = seller.transfers().await[0]["reversals"][0].clone();
            (reversal["hold"] == "balance_insufficient").then(|| reversal["id"].as_str().unwrap().to_owned())
        };
        self.world.until("the empty account", refused).await
    }
}

/// What an answer says, without the request's own id.
fn told(answer: &Answer) -> (u16, Value) {
    let mut body = answer.body.clone();
    if let Some(body) = body.as_object_mut() {
        body.remove("request_id");
    }
    (answer.status, body)
}
