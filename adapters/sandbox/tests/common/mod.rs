//! A sandbox, a merchant that calls it, and a receiver of its webhooks.
#![allow(dead_code, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test support")]

use std::{
    collections::VecDeque,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use poem::{Endpoint, EndpointExt, Request, Response, endpoint::make, listener::TcpAcceptor};
use serde_json::{Value, json};
use veza_sandbox::{Sandbox, SandboxConfig};

pub const PATIENCE: Duration = Duration::from_secs(10);

/// One received webhook.
#[derive(Debug, Clone)]
pub struct Received {
    pub path: String,
    pub signature: Option<String>,
    pub stripe_signature: Option<String>,
    pub user_agent: Option<String>,
    pub body: String,
}

impl Received {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap()
    }

    pub fn event_type(&self) -> String {
        let body = self.json();
        body["event_type"].as_str().or(body["type"].as_str()).unwrap().to_owned()
    }
}

/// A merchant's webhook endpoint. Answers the prepared statuses first, then 200.
#[derive(Clone, Default)]
pub struct Receiver {
    pub received: Arc<Mutex<Vec<Received>>>,
    pub statuses: Arc<Mutex<VecDeque<u16>>>,
    pub url: String,
}

impl Receiver {
    pub async fn start() -> Self {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let receiver = Self { url: format!("http://{}/hook", listener.local_addr().unwrap()), ..Self::default() };
        let acceptor = TcpAcceptor::from_tokio(listener).unwrap();
        let app = receiver.clone().endpoint();
        tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(app));
        receiver
    }

    fn endpoint(self) -> impl Endpoint {
        make(move |mut request: Request| {
            let receiver = self.clone();
            async move {
                let header = |name: &str| request.header(name).map(str::to_owned);
                let (signature, user_agent) = (header("x-webhook-signature-512"), header("user-agent"));
                let (stripe_signature, path) = (header("stripe-signature"), request.uri().path().to_owned());
                let body = request.take_body().into_string().await?;
                receiver.received.lock().unwrap().push(Received { path, signature, stripe_signature, user_agent, body });
                let status = receiver.statuses.lock().unwrap().pop_front().unwrap_or(200);
                Ok::<_, poem::Error>(Response::builder().status(poem::http::StatusCode::from_u16(status).unwrap()).finish())
            }
        })
        .boxed()
    }

    pub fn all(&self) -> Vec<Received> {
        self.received.lock().unwrap().clone()
    }

    pub fn types(&self) -> Vec<String> {
        self.all().iter().map(Received::event_type).collect()
    }

    /// What came to one path.
    pub fn at(&self, path: &str) -> Vec<Received> {
        self.all().into_iter().filter(|received| received.path == path).collect()
    }
}

/// An answer with its headers.
#[derive(Debug, Clone)]
pub struct Reply {
    pub status: u16,
    pub headers: reqwest::header::HeaderMap,
    pub text: String,
}

impl Reply {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("not JSON: {}", self.text))
    }

    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(|value| value.to_str().unwrap())
    }

    /// `error.code`, with the status.
    pub fn refusal(&self) -> (u16, String) {
        (self.status, self.json()["error"]["code"].as_str().unwrap_or("none").to_owned())
    }
}

pub struct World {
    pub sandbox: Sandbox,
    pub receiver: Receiver,
    pub http: reqwest::Client,
    pub config: SandboxConfig,
    payments: AtomicUsize,
}

impl World {
    pub async fn new() -> Self {
        Self::with(|_| ()).await
    }

    pub async fn in_file(path: PathBuf) -> Self {
        Self::with(|config| config.data_file = Some(path)).await
    }

    pub async fn with(change: impl FnOnce(&mut SandboxConfig)) -> Self {
        let receiver = Receiver::start().await;
        let mut config = SandboxConfig { webhook_url: Some(receiver.url.clone()), ..SandboxConfig::default() };
        change(&mut config);
        let sandbox = Sandbox::start(config.clone()).await.unwrap();
        let http = reqwest::Client::builder().no_proxy().redirect(reqwest::redirect::Policy::none()).build().unwrap();
        Self { sandbox, receiver, http, config, payments: AtomicUsize::new(0) }
    }

    /// Stripe's webhooks go to the receiver's `/platform` and `/connect`.
    pub async fn with_stripe_webhooks() -> Self {
        let world = Self::new().await;
        let base = world.receiver.url.trim_end_matches("/hook");
        world.sandbox.set_stripe_webhook_urls(Some(format!("{base}/platform")), Some(format!("{base}/connect"))).unwrap();
        world
    }

    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.sandbox.base_url())
    }

    pub async fn send(&self, request: reqwest::RequestBuilder) -> Result<Reply, reqwest::Error> {
        let response = request.send().await?;
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Ok(Reply { status, headers, text: response.text().await? })
    }

    // Hyperswitch

    pub async fn try_post(&self, path: &str, body: Value) -> Result<Reply, reqwest::Error> {
        self.send(self.http.post(self.url(path)).header("api-key", "snd_veza").json(&body)).await
    }

    pub async fn post(&self, path: &str, body: Value) -> Reply {
        self.try_post(path, body).await.unwrap()
    }

    pub async fn get(&self, path: &str) -> Reply {
        self.send(self.http.get(self.url(path)).header("api-key", "snd_veza")).await.unwrap()
    }

    /// A payment that has succeeded.
    pub async fn paid(&self, amount: i64) -> String {
        let id = format!("paid_{}", self.payments.fetch_add(1, Ordering::Relaxed));
        let reply = self.post("/payments", json!({"payment_id": id, "amount": amount, "currency": "USD", "confirm": true})).await;
        assert_eq!(reply.json()["status"], "succeeded", "{}", reply.text);
        id
    }

    pub async fn refund(&self, payment_id: &str, refund_id: &str, amount: i64) -> Reply {
        self.post("/refunds", json!({"payment_id": payment_id, "refund_id": refund_id, "amount": amount})).await
    }

    // Stripe

    pub async fn try_form(&self, path: &str, key: Option<&str>, form: &[(&str, &str)]) -> Result<Reply, reqwest::Error> {
        let mut request = self.http.post(self.url(path)).bearer_auth("sk_test_veza").form(form);
        if let Some(key) = key {
            request = request.header("idempotency-key", key);
        }
        self.send(request).await
    }

    pub async fn form(&self, path: &str, key: Option<&str>, form: &[(&str, &str)]) -> Reply {
        self.try_form(path, key, form).await.unwrap()
    }

    pub async fn stripe(&self, path: &str) -> Reply {
        self.send(self.http.get(self.url(path)).bearer_auth("sk_test_veza")).await.unwrap()
    }

    pub async fn stripe_as(&self, account: &str, path: &str) -> Reply {
        self.send(self.http.get(self.url(path)).bearer_auth("sk_test_veza").header("stripe-account", account)).await.unwrap()
    }

    /// An account that can receive transfers.
    pub async fn seller(&self) -> String {
        let reply = self.form("/v1/accounts", None, &[("country", "DE"), ("capabilities[transfers][requested]", "true")]).await;
        let id = reply.json()["id"].as_str().unwrap().to_owned();
        self.sandbox.set_account(&id, Some("active"), Some(true)).unwrap();
        id
    }

    pub async fn transfer(&self, key: &str, amount: i64, destination: &str) -> Reply {
        let amount = amount.to_string();
        self.form("/v1/transfers", Some(key), &[("amount", &amount), ("currency", "usd"), ("destination", destination)]).await
    }

    // Control

    pub async fn control(&self, path: &str, body: Value) -> Reply {
        self.send(self.http.post(self.url(&format!("/control{path}"))).json(&body)).await.unwrap()
    }

    /// Waits for all webhooks that are due.
    pub async fn settle(&self) {
        assert!(self.sandbox.settle(PATIENCE).await, "webhooks still under way");
    }
}
