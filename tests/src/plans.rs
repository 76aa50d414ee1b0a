//! Plans as people have them: chosen, paid, made due.

use crate::{Answer, Person, World};
use serde_json::{Value, json};
use std::time::Duration;
use veza_domain::subscription::{Period, Subscription};
use veza_ports::storage::{Row, Write};

/// A day.
pub const DAY: Duration = Duration::from_secs(86_400);
/// Where a plan is chosen.
pub const SUBSCRIBE: &str = "/api/v1/subscriptions/subscribe";

/// Chooses this plan, by the month.
pub async fn subscribe(person: &Person, plan: &str) -> Answer {
    person.post(SUBSCRIBE, json!({"plan": plan, "cycle": "monthly"})).await
}

/// What I have of it.
pub async fn mine(person: &Person) -> Value {
    person.get("/api/v1/me/subscription").await.ok(200)
}

/// My invoices, the newest first.
pub async fn invoices(person: &Person) -> Vec<Value> {
    person.get("/api/v1/subscriptions/invoices").await.ok(200)["items"].as_array().unwrap().clone()
}

/// Waits until my plan runs; the plan.
pub async fn until_active(world: &World, person: &Person) -> Value {
    let look = || async {
        let mine = mine(person).await;
        (mine["subscription"]["status"] == "active").then(|| mine["subscription"].clone())
    };
    world.until("the plan to be active", look).await
}

/// Chooses and pays the plan `creator`; answers the subscription's id.
pub async fn paid(world: &World, person: &Person) -> String {
    let id = subscribe(person, "creator").await.ok(201)["subscription"]["id"].as_str().unwrap().to_owned();
    world.sandbox.pay(&id).unwrap();
    until_active(world, person).await;
    id
}

/// Goes the way to pay that `recovery_url` names.
pub async fn recover(person: &Person, url: &str) -> Answer {
    person.post(&url[url.find("/api/").unwrap()..], Value::Null).await
}

/// The same, again while the worker is opening the payment.
pub async fn recovered(world: &World, person: &Person, url: &str) -> Value {
    let open = || async { Some(recover(person, url).await).filter(|answer| answer.status != 503) };
    world.until("a payment that is open", open).await.ok(200)
}

/// Somebody with the role creator and no plan.
pub async fn creator(world: &World) -> Person {
    let person = world.buyer().await;
    person.post("/api/v1/me/creator", Value::Null).await.ok(200);
    person
}

/// Does what needs a plan.
pub async fn sell(person: &Person) -> Answer {
    let product = json!({"kind": "track", "title": "Night Drive", "price": {"amount": 1_000, "currency": "EUR"}});
    person.post("/api/v1/marketplace/products", product).await
}

/// Changes the row of somebody's subscription, as time or an outage would.
pub async fn rewritten(world: &World, person: &Person, change: impl FnOnce(Subscription) -> Subscription) {
    let stored = world.running.app().store.standing(person.user_id()).await.unwrap().current.unwrap().subscription;
    let row = Row::Subscription(change(stored.value));
    world.write(vec![Write::Update { row, expected: stored.revision }]).await;
}

/// The period ends in half an hour, and the worker looks now.
pub async fn renewal_is_due(world: &World, person: &Person) {
    let now = world.running.app().now();
    let period = Some(Period { start: now.minus(30 * DAY), end: now.plus(DAY / 48) });
    rewritten(world, person, |row| Subscription { period, due_at: Some(now), ..row }).await;
    world.running.app().wake.subscriptions.notify_one();
}
