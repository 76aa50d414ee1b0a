//! People who buy and refund over HTTP whoever dies meanwhile, and the comparison of the books at the end.

#![allow(dead_code, reason = "each test binary uses its part")]

use reqwest::Method;
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use veza_mail::OutboxMailer;

/// Everybody's password.
pub const PASSWORD: &str = "quite-a-long-passphrase-42";

/// The real binary with a short temper, and nothing of this process's environment.
pub fn command(data: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_veza"));
    command
        .env_clear()
        .env("DATA_DIR", data)
        .env("RATE_LIMITS", "off")
        .env("PROVIDER_TIMEOUT", "1s")
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    for worker in ["TRANSFER_RETRY", "REVERSAL"] {
        command
            .env(format!("{worker}_CHECK_INTERVAL"), "1s")
            .env(format!("{worker}_BACKOFF_BASE"), "100ms")
            .env(format!("{worker}_BACKOFF_MAX"), "1s");
    }
    command
}

/// A port that nobody listens on.
pub fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

/// Somebody who talks to the API and to the sandbox's controls.
#[derive(Clone)]
pub struct Client {
    pub http: reqwest::Client,
    pub base: String,
    pub sandbox: String,
    pub token: String,
}

impl Client {
    /// Nobody in particular, at these ports of this machine.
    pub fn new(port: u16, sandbox_port: u16) -> Self {
        let http = reqwest::Client::builder().timeout(Duration::from_secs(5)).build().unwrap();
        let at = |port: u16| format!("http://127.0.0.1:{port}");
        Self { http, base: at(port), sandbox: at(sandbox_port), token: String::new() }
    }

    /// Status and body, or nothing when the server is not there.
    pub async fn call(&self, method: Method, url: String, body: Value, key: Option<&str>) -> Option<(u16, Value)> {
        let mut request = self.http.request(method, url).bearer_auth(&self.token);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        if !body.is_null() {
            request = request.json(&body);
        }
        let answer = request.send().await.ok()?;
        Some((answer.status().as_u16(), answer.json().await.unwrap_or(Value::Null)))
    }

    pub async fn api(&self, method: Method, path: &str, body: Value, key: Option<&str>) -> Option<(u16, Value)> {
        self.call(method, format!("{}{path}", self.base), body, key).await
    }

    pub async fn control(&self, path: &str, body: Value) -> Option<(u16, Value)> {
        self.call(Method::POST, format!("{}/control{path}", self.sandbox), body, None).await
    }

    pub async fn until<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>) -> T {
        self.until_or(what, look, String::new).await
    }

    /// As [`Self::until`]; `seen` tells what was there instead.
    async fn until_or<T>(&self, what: &str, look: impl AsyncFn() -> Option<T>, seen: impl Fn() -> String) -> T {
        let waited = tokio::time::timeout(Duration::from_secs(120), async {
            loop {
                if let Some(found) = look().await {
                    return found;
                }
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        });
        waited.await.unwrap_or_else(|_| panic!("never saw: {what} {}", seen()))
    }

    pub async fn up(&self) {
        self.until("a ready server", async || {
            self.api(Method::GET, "/health/ready", Value::Null, None).await.filter(|(status, _)| *status == 200)
        })
        .await;
    }

    pub async fn sign_up(&self, data: &Path, name: &str) -> Self {
        let email = format!("{name}@example.org");
        let body = json!({"email": email, "username": name, "password": PASSWORD});
        assert_eq!(self.api(Method::POST, "/api/v1/auth/register", body, None).await.unwrap().0, 201);
        let outbox = OutboxMailer::new(data.join("outbox"));
        let token = self
            .until("the mail", async || {
                let mail = outbox.list(100).await.ok()?.into_iter().map(|stored| stored.mail).find(|mail| mail.to == email)?;
                Some(mail.body.split("token=").nth(1)?.split_whitespace().next()?.to_owned())
            })
            .await;
        let verify = self.http.post(format!("{}/api/v1/auth/verify-email", self.base)).header("x-verify-token", token);
        assert!(verify.send().await.unwrap().status().is_success());
        self.sign_in(&email).await
    }

    pub async fn sign_in(&self, email: &str) -> Self {
        let (status, body) =
            self.api(Method::POST, "/api/v1/auth/login", json!({"email": email, "password": PASSWORD}), None).await.unwrap();
        assert_eq!(status, 200, "{body}");
        Self { token: body["access_token"].as_str().unwrap().to_owned(), ..self.clone() }
    }
}

/// Buys, pays and refunds, repeating each step under its key until it is answered, whoever dies meanwhile.
pub async fn shop(buyer: Client, product: String, name: usize, over: Arc<AtomicBool>) {
    let mut number = 0_u32;
    while !over.load(Ordering::Relaxed) {
        number += 1;
        let key = format!("order-{name}-{number}");
        let wish = json!({"items": [{"product_id": product}]});
        let order = buyer
            .until("an answer to a checkout", async || {
                let (status, body) = buyer.api(Method::POST, "/api/v1/marketplace/orders", wish.clone(), Some(&key)).await?;
                let id = body["order"]["id"].as_str().or(body["order_id"].as_str()).map(str::to_owned);
                assert!(matches!(status, 201 | 409 | 503), "{status} {body}");
                id
            })
            .await;
        buyer
            .until("a payment", async || {
                buyer.control(&format!("/payments/{order}/pay"), json!({})).await.filter(|(status, _)| *status < 300 || *status == 409)
            })
            .await;
        let path = format!("/api/v1/marketplace/orders/{order}");
        // The message may have been lost with the server: the sandbox's clock brings it again.
        let paid = async || {
            let (_, body) = buyer.api(Method::GET, &path, Value::Null, None).await?;
            if body["status"] == "pending" {
                buyer.control("/clock", json!({"advance": "2m"})).await;
            }
            (body["status"] == "completed").then_some(())
        };
        buyer.until("a completed order", paid).await;
        if number.is_multiple_of(2) {
            let refund = format!("{path}/refund");
            let asked =
                async || buyer.api(Method::POST, &refund, json!({}), Some(&key)).await.filter(|(status, _)| matches!(status, 202 | 409));
            buyer.until("an answer to a refund", asked).await;
        }
    }
}

/// Puts one product up for sale, by a seller who can receive transfers; the product's id.
pub async fn open_shop(nobody: &Client, data: &Path) -> String {
    let seller = nobody.sign_up(data, "seller").await;
    seller.api(Method::POST, "/api/v1/me/creator", Value::Null, None).await.unwrap();
    seller.api(Method::POST, "/api/v1/subscriptions/subscribe", json!({"plan": "premium"}), None).await.unwrap();
    let (_, account) = seller.api(Method::POST, "/api/v1/seller/onboarding", Value::Null, None).await.unwrap();
    let account = account["account_id"].as_str().unwrap().to_owned();
    seller.control(&format!("/accounts/{account}"), json!({"transfers": "active"})).await.unwrap();
    let product = json!({"kind": "track", "title": "Night Drive", "price": {"amount": 1_000, "currency": "EUR"}});
    let (_, product) = seller.api(Method::POST, "/api/v1/marketplace/products", product, None).await.unwrap();
    let product = product["id"].as_str().unwrap().to_owned();
    seller.api(Method::POST, &format!("/api/v1/marketplace/products/{product}/publish"), Value::Null, None).await.unwrap();
    product
}

/// What a run has come to.
#[derive(Debug)]
pub struct Outcome {
    /// Cents captured from buyers.
    pub captured: i64,
    /// Cents refunded to them.
    pub refunded: i64,
    /// Things that were created twice at a provider.
    pub doubled: usize,
    /// Sum of all accounts of the ledger.
    pub ledger_sum: i64,
    /// Rows that still wait for a worker.
    pub open: i64,
}

/// Waits until nothing is open any more and the three books agree to the cent.
pub async fn books_agree(admin: &Client) -> Outcome {
    // What was seen last, for whoever reads that they never agreed.
    let seen = std::cell::RefCell::new(Value::Null);
    let look = async || {
        admin.control("/clock", json!({"advance": "10m"})).await;
        let (_, health) = admin.api(Method::GET, "/health/deep", Value::Null, None).await?;
        let (_, ledger) = admin.api(Method::GET, "/api/v1/admin/ledger", Value::Null, None).await?;
        let (_, books) = admin.call(Method::GET, format!("{}/control/books", admin.sandbox), Value::Null, None).await?;
        let sum = |pick: fn(&str) -> bool| -> i64 {
            let entries = ledger["items"].as_array().unwrap().iter().filter(|entry| pick(entry["account"].as_str().unwrap()));
            entries.map(|entry| entry["balance"]["amount"].as_i64().unwrap()).sum()
        };
        let figure = |name: &str| books["totals"]["eur"][name].as_i64().unwrap_or(0);
        let psp = sum(|account| account == "psp_clearing") - (figure("captured") - figure("refunded"));
        let connect = -sum(|account| account.starts_with("connect:")) - (figure("transferred") - figure("reversed"));
        let unsettled = sum(|account| account.starts_with("seller_"));
        // An order that nobody has paid is no work that waits.
        let works = health["backlog"].as_array()?.iter().filter(|class| class["class"] != "orders");
        let open = works.map(|class| class["open"].as_i64().unwrap()).sum();
        let doubled = books["created"].as_object().unwrap().values().filter(|count| count.as_i64() > Some(1)).count();
        let outcome = Outcome { captured: figure("captured"), refunded: figure("refunded"), doubled, ledger_sum: sum(|_| true), open };
        *seen.borrow_mut() = json!({"apart": {"psp": psp, "connect": connect}, "backlog": health["backlog"], "ledger": ledger["items"]});
        ((psp, connect, unsettled, open) == (0, 0, 0, 0)).then_some(outcome)
    };
    let outcome = admin.until_or("books that agree, and nothing open", look, || seen.borrow().to_string()).await;
    assert_eq!((outcome.ledger_sum, outcome.doubled), (0, 0), "the ledger sums to zero, nothing was created twice");
    assert!(outcome.captured > 0 && outcome.refunded > 0, "something was sold and given back: {outcome:?}");
    outcome
}
