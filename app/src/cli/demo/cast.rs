//! The people of the story and what they do, over HTTP.

use super::{DemoError, PATIENCE};
use crate::usecases::identity::accounts;
use crate::usecases::identity::register::Registration;
use crate::wiring::Running;
use reqwest::Method;
use secrecy::SecretString;
use serde_json::{Value, json};
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use veza_mail::OutboxMailer;

/// Everybody's password here.
const PASSWORD: &str = "only-for-this-demo-42";

/// Where the story takes place.
pub struct Cast {
    base: String,
    http: reqwest::Client,
    outbox: PathBuf,
    app: Arc<crate::services::App>,
    sandbox_base: String,
}

/// Somebody who is signed in.
pub struct Person {
    base: String,
    http: reqwest::Client,
    token: String,
}

impl Cast {
    /// On a running instance.
    pub fn new(running: &Running, folder: &Path) -> Self {
        Self {
            base: format!("http://{}", running.addr),
            http: reqwest::Client::new(),
            outbox: folder.join("outbox"),
            app: Arc::clone(running.app()),
            sandbox_base: running.sandbox().map(|sandbox| sandbox.base_url()).unwrap_or_default(),
        }
    }

    /// Its address.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// Registers, opens the link in the mail, signs in.
    pub async fn sign_up(&self, name: &str) -> Result<Person, DemoError> {
        let email = format!("{name}@example.org");
        let body = json!({"email": email, "username": name, "password": PASSWORD});
        call(&self.http, Method::POST, &format!("{}/api/v1/auth/register", self.base), None, body, 201).await?;
        let token = wait("the verification mail", || self.token_for(&email)).await?;
        let verify = self.http.post(format!("{}/api/v1/auth/verify-email", self.base)).header("x-verify-token", token).send().await?;
        if !verify.status().is_success() {
            return Err(DemoError::Answer { what: "verify-email".to_owned(), answer: verify.text().await? });
        }
        self.sign_in(&email).await
    }

    /// Makes an admin as `veza admin create` does, signs in.
    pub async fn admin(&self, name: &str) -> Result<Person, DemoError> {
        let email = format!("{name}@example.org");
        let wish = Registration { email: email.clone(), username: name.to_owned(), password: SecretString::from(PASSWORD) };
        let refused =
            |error: crate::problem::ApiError| DemoError::Answer { what: "admin create".to_owned(), answer: error.problem().detail.clone() };
        accounts::make_admin(&self.app, wish).await.map_err(refused)?;
        self.sign_in(&email).await
    }

    async fn sign_in(&self, email: &str) -> Result<Person, DemoError> {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = call(&self.http, Method::POST, &format!("{}/api/v1/auth/login", self.base), None, body, 200).await?;
        let token = answer["access_token"].as_str().unwrap_or_default().to_owned();
        Ok(Person { base: self.base.clone(), http: self.http.clone(), token })
    }

    async fn token_for(&self, email: &str) -> Option<String> {
        let mails = OutboxMailer::new(&self.outbox).list(100).await.ok()?;
        let mail = mails.into_iter().map(|stored| stored.mail).find(|mail| mail.to == email)?;
        mail.body.split("token=").nth(1)?.split_whitespace().next().map(str::to_owned)
    }

    /// Pays with a card that works, as the browser does: by `client_secret`.
    pub async fn pay_in_browser(&self, payment: &Value) -> Result<(), DemoError> {
        self.confirm(payment, "4242424242424242").await
    }

    /// Pays with a card that is declined.
    pub async fn decline_in_browser(&self, payment: &Value) -> Result<(), DemoError> {
        self.confirm(payment, "4000000000000002").await
    }

    async fn confirm(&self, payment: &Value, card: &str) -> Result<(), DemoError> {
        let id = payment["payment_id"].as_str().unwrap_or_default();
        let key = payment["publishable_key"].as_str().unwrap_or_default();
        let body = json!({
            "client_secret": payment["client_secret"],
            "payment_method": "card",
            "payment_method_data": {"card": {"card_number": card, "card_exp_month": "03", "card_exp_year": "30", "card_cvc": "123"}},
        });
        let request = self.http.post(format!("{}/payments/{id}/confirm", self.sandbox_base)).header("api-key", key).json(&body);
        let answer = request.send().await?;
        if answer.status().is_success() {
            Ok(())
        } else {
            Err(DemoError::Answer { what: "paying".to_owned(), answer: answer.text().await? })
        }
    }
}

impl Person {
    /// GET, 200.
    pub async fn get(&self, path: &str) -> Result<Value, DemoError> {
        call(&self.http, Method::GET, &format!("{}{path}", self.base), Some(&self.token), Value::Null, 200).await
    }

    /// POST with an expected status.
    pub async fn post(&self, path: &str, body: Value, status: u16) -> Result<Value, DemoError> {
        call(&self.http, Method::POST, &format!("{}{path}", self.base), Some(&self.token), body, status).await
    }

    /// Puts something up for sale; the product's id.
    pub async fn publish(&self, title: &str, cents: i64) -> Result<String, DemoError> {
        let body = json!({"kind": "track", "title": title, "price": {"amount": cents, "currency": "EUR"}});
        let product = self.post("/api/v1/marketplace/products", body, 201).await?;
        let id = product["id"].as_str().unwrap_or_default().to_owned();
        self.post(&format!("/api/v1/marketplace/products/{id}/publish"), Value::Null, 200).await?;
        Ok(id)
    }

    /// Waits until one of my orders has this status.
    pub async fn until_order(&self, id: &str, status: &str) -> Result<Value, DemoError> {
        let look = || async {
            let order = self.get(&format!("/api/v1/marketplace/orders/{id}")).await.ok()?;
            (order["status"] == status).then_some(order)
        };
        wait(&format!("an order that is {status}"), look).await
    }

    /// Waits until my transfer of an order has this status.
    pub async fn until_transfer(&self, order: &str, status: &str) -> Result<Value, DemoError> {
        let found = |transfers: &[Value]| transfers.iter().find(|row| row["order_id"] == order && row["status"] == status).cloned();
        self.until(&format!("a transfer that is {status}"), found).await
    }

    /// Waits for something among my transfers.
    pub async fn until(&self, what: &str, find: impl Fn(&[Value]) -> Option<Value>) -> Result<Value, DemoError> {
        let look = || async {
            let transfers = self.get("/api/v1/seller/transfers").await.ok()?;
            find(transfers["items"].as_array()?)
        };
        wait(what, look).await
    }
}

async fn call(
    http: &reqwest::Client,
    method: Method,
    url: &str,
    token: Option<&str>,
    body: Value,
    status: u16,
) -> Result<Value, DemoError> {
    let what = format!("{method} {url}");
    let mut request = http.request(method, url);
    if let Some(token) = token {
        request = request.bearer_auth(token);
    }
    if !body.is_null() {
        request = request.json(&body);
    }
    let answer = request.send().await?;
    let seen = answer.status().as_u16();
    let text = answer.text().await?;
    if seen == status {
        Ok(serde_json::from_str(&text).unwrap_or_default())
    } else {
        Err(DemoError::Answer { what, answer: format!("{seen} {text}") })
    }
}

async fn wait<T, F: Future<Output = Option<T>>>(what: &str, look: impl Fn() -> F) -> Result<T, DemoError> {
    let found = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Some(found) = look().await {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    });
    found.await.map_err(|_| DemoError::Waited(what.to_owned()))
}
