//! People: they register, prove their address, sign in, and talk to the API.

use crate::World;
use reqwest::Method;
use serde_json::{Value, json};
use veza_domain::ids::UserId;
use veza_domain::money::Money;

/// An answer of the API.
#[derive(Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// The body; null if it is none.
    pub body: Value,
    /// The content type.
    pub content_type: String,
    /// The headers.
    pub headers: reqwest::header::HeaderMap,
}

impl Answer {
    /// Reads an answer.
    pub async fn of(response: reqwest::Response) -> Self {
        let status = response.status().as_u16();
        let headers = response.headers().clone();
        let content_type = headers.get("content-type").and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
        let text = response.text().await.unwrap();
        Self { status, body: serde_json::from_str(&text).unwrap_or(Value::Null), content_type, headers }
    }

    /// The body, if the status is this one.
    pub fn ok(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{:#}", self.body);
        self.body
    }

    /// When to come again, in seconds, where it says so.
    pub fn retry_after(&self) -> Option<u64> {
        self.headers.get("retry-after")?.to_str().ok()?.parse().ok()
    }

    /// A problem document with this status and code.
    pub fn problem(self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{:#}", self.body);
        assert!(self.content_type.starts_with("application/problem+json"), "{}", self.content_type);
        assert_eq!(self.body["status"], status);
        assert!(self.body["request_id"].as_str().is_some_and(|id| !id.is_empty()));
        self.body
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
pub struct Person {
    /// Their id.
    pub id: String,
    /// Their address.
    pub email: String,
    /// Their access token.
    pub token: String,
    base: String,
    http: reqwest::Client,
}

/// Everybody's password.
pub const PASSWORD: &str = "quite-a-long-passphrase-42";

impl Person {
    pub(crate) async fn sign_up(world: &World, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let body = json!({"email": email, "username": name, "password": PASSWORD});
        let answer = Answer::of(world.http.post(world.url("/api/v1/auth/register")).json(&body).send().await.unwrap()).await.ok(201);
        assert!(answer.get("access_token").is_none(), "registration gives no tokens");
        let token = world.until("the verification mail", || verification_token(world, &email)).await;
        let request = world.http.post(world.url("/api/v1/auth/verify-email")).header("x-verify-token", token);
        let verified = Answer::of(request.send().await.unwrap()).await;
        assert!((200..300).contains(&verified.status), "{verified:?}");
        Self::login(world, &email).await
    }

    pub(crate) async fn admin(world: &World, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let registration = veza::usecases::identity::register::Registration {
            email: email.clone(),
            username: name.to_owned(),
            password: secrecy::SecretString::from(PASSWORD),
        };
        veza::usecases::identity::accounts::make_admin(world.running.app(), registration).await.unwrap();
        Self::login(world, &email).await
    }

    /// Their id, as the store has it.
    pub fn user_id(&self) -> UserId {
        self.id.parse().unwrap()
    }

    /// The same person, talking to another server on the same data.
    pub fn moved_to(&self, world: &World) -> Self {
        Self { base: world.url(""), http: world.http.clone(), ..self.clone() }
    }

    async fn login(world: &World, email: &str) -> Self {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = Answer::of(world.http.post(world.url("/api/v1/auth/login")).json(&body).send().await.unwrap()).await.ok(200);
        Self {
            id: answer["user"]["id"].as_str().unwrap().to_owned(),
            email: email.to_owned(),
            token: answer["access_token"].as_str().unwrap().to_owned(),
            base: world.url(""),
            http: world.http.clone(),
        }
    }

    /// Any call.
    pub async fn call(&self, method: Method, path: &str, body: Value, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.http.request(method, format!("{}{path}", self.base)).bearer_auth(&self.token);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        Answer::of(request.send().await.unwrap()).await
    }

    /// GET.
    pub async fn get(&self, path: &str) -> Answer {
        self.call(Method::GET, path, Value::Null, &[]).await
    }

    /// POST.
    pub async fn post(&self, path: &str, body: Value) -> Answer {
        self.call(Method::POST, path, body, &[]).await
    }

    /// Publishes a product at this price; its id.
    pub async fn product(&self, price: Money) -> String {
        let body =
            json!({"kind": "track", "title": "Night Drive", "price": {"amount": price.amount.0, "currency": price.currency.to_string()}});
        let product = self.post("/api/v1/marketplace/products", body).await.ok(201);
        let id = product["id"].as_str().unwrap().to_owned();
        let published = self.post(&format!("/api/v1/marketplace/products/{id}/publish"), Value::Null).await.ok(200);
        assert_eq!(published["status"], "published");
        id
    }

    /// Places an order for these products; the answer's body.
    pub async fn order(&self, products: &[&str]) -> Value {
        let items: Vec<Value> = products.iter().map(|id| json!({"product_id": id})).collect();
        self.post("/api/v1/marketplace/orders", json!({"items": items})).await.ok(201)
    }

    /// Places an order for one product; its id.
    pub async fn placed(&self, product: &str) -> String {
        self.order(&[product]).await["order"]["id"].as_str().unwrap().to_owned()
    }

    /// One of my orders.
    pub async fn get_order(&self, id: &str) -> Value {
        self.get(&format!("/api/v1/marketplace/orders/{id}")).await.ok(200)
    }

    /// Places an order, pays it on the sandbox, waits until it is completed; its id.
    pub async fn buy(&self, world: &World, products: &[&str]) -> String {
        let placed = self.order(products).await;
        let id = placed["order"]["id"].as_str().unwrap().to_owned();
        world.sandbox.pay(placed["payment"]["payment_id"].as_str().unwrap()).unwrap();
        self.until_order(world, &id, "completed").await;
        id
    }

    /// Waits until an order has this status; the order.
    pub async fn until_order(&self, world: &World, id: &str, status: &str) -> Value {
        let look = || async {
            let order = self.get_order(id).await;
            (order["status"] == status).then_some(order)
        };
        world.until(&format!("order {status}"), look).await
    }

    /// Asks for a refund, which is taken on; its id.
    pub async fn refund(&self, order: &str, body: Value) -> String {
        let answer = self.post(&format!("/api/v1/marketplace/orders/{order}/refund"), body).await.ok(202);
        answer["refund"]["id"].as_str().unwrap().to_owned()
    }

    /// Gets all of an order's money back; waits until it is there.
    pub async fn refunded(&self, world: &World, order: &str) {
        self.refund(order, json!({})).await;
        self.until_order(world, order, "refunded").await;
    }

    /// A refund of an order.
    pub async fn refund_row(&self, order: &str, id: &str) -> Value {
        let rows = self.get(&format!("/api/v1/marketplace/orders/{order}/refunds")).await.ok(200);
        rows["items"].as_array().unwrap().iter().find(|row| row["id"] == id).unwrap().clone()
    }

    /// As an admin: the texts of an order's timeline.
    pub async fn timeline(&self, order: &str) -> Vec<String> {
        let items = self.get(&format!("/api/v1/admin/orders/{order}/timeline")).await.ok(200);
        items["items"].as_array().unwrap().iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
    }

    /// As an admin: what waits on a person, the first of this class.
    pub async fn waits(&self, class: &str) -> Option<Value> {
        let entries = self.get("/api/v1/admin/attention?limit=100").await.ok(200)["items"].as_array().unwrap().clone();
        entries.into_iter().find(|entry| entry["class"] == class)
    }

    /// My licences.
    pub async fn licences(&self) -> Vec<Value> {
        self.get("/api/v1/me/licenses?limit=100").await.ok(200)["items"].as_array().unwrap().clone()
    }

    /// The transfers to me.
    pub async fn transfers(&self) -> Vec<Value> {
        self.get("/api/v1/seller/transfers?limit=100").await.ok(200)["items"].as_array().unwrap().clone()
    }

    /// Waits until my only transfer of this order has this status; the transfer.
    pub async fn until_transfer(&self, world: &World, order: &str, status: &str) -> Value {
        let look =
            || async { self.transfers().await.into_iter().find(|transfer| transfer["order_id"] == order && transfer["status"] == status) };
        world.until(&format!("transfer {status}"), look).await
    }
}

async fn verification_token(world: &World, email: &str) -> Option<String> {
    let mail = world.mails_to(email).await.into_iter().find(|mail| mail.body.contains("token="))?;
    let rest = mail.body.split("token=").nth(1)?;
    Some(rest.split_whitespace().next()?.to_owned())
}
