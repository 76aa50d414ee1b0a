//! The payment provider of both shops: Veza's sandbox as a process of its own, with the faults that a round wants, and its books.

use crate::process::{Running, bare};
use crate::session::{Session, expect, text};
use crate::shop::Placed;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::Path;
use veza_bench::client::request;
use veza_bench::failure::{Outcome, fail};
use veza_bench::server::free_port;

/// What a merchant calls with.
pub const API_KEY: &str = "snd_veza";
/// What signs the webhooks.
pub const WEBHOOK_SECRET: &str = "sandbox_response_hash_key";
/// What a browser calls with.
const PUBLISHABLE_KEY: &str = "pk_snd_veza";
/// Pace of the webhooks' retries: the first comes after 0.6 s, the next after 3 s.
const RETRY_SCALE: &str = "0.01";

/// A running provider.
pub struct Provider {
    running: Running,
}

/// What the provider knows about one payment, in minor units.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Money {
    /// What the buyer has paid.
    pub captured: i64,
    /// What went back.
    pub refunded: i64,
}

impl Provider {
    /// Starts one with empty books, kept in memory, whose webhooks go to `shop`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(veza: &Path, folder: &Path, shop: SocketAddr, webhook_path: &str) -> Outcome<Self> {
        let address = free_port()?;
        let mut command = bare(veza);
        command.args(["sandbox", "--bind", &address.to_string(), "--webhook-retry-scale", RETRY_SCALE]);
        command.args(["--webhook-url", &format!("http://{shop}{webhook_path}")]);
        let running = Running::start(command, address, "/control/clock", &folder.join("provider.log"))?;
        Ok(Self { running })
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.running.address
    }

    /// Its address for a shop.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.running.address)
    }

    /// Says how the next calls go.
    ///
    /// # Errors
    /// It refuses.
    pub async fn control(&self, path: &str, body: &Value) -> Outcome<Value> {
        expect(200, Session::new(self.running.address).post(&format!("/control/{path}"), "", body).await?)
    }

    /// Everything it knows.
    ///
    /// # Errors
    /// It does not say.
    pub async fn books(&self) -> Outcome<Value> {
        expect(200, Session::new(self.running.address).get("/control/books").await?)
    }

    /// Its money, by payment.
    ///
    /// # Errors
    /// It does not say.
    pub async fn money(&self) -> Outcome<BTreeMap<String, Money>> {
        let books = self.books().await?;
        let mut money: BTreeMap<String, Money> = BTreeMap::new();
        for payment in books["payments"].as_array().into_iter().flatten() {
            money.entry(text(payment, "/payment_id")?.to_owned()).or_default().captured += payment["amount_received"].as_i64().unwrap_or(0);
        }
        for refund in books["refunds"].as_array().into_iter().flatten().filter(|refund| refund["status"] == "succeeded") {
            money.entry(text(refund, "/payment_id")?.to_owned()).or_default().refunded += refund["amount"].as_i64().unwrap_or(0);
        }
        Ok(money)
    }
}

/// What the buyer's browser does: confirms the payment with its client secret and a card.
///
/// # Errors
/// The payment does not succeed.
pub async fn pay(browser: &mut Session, placed: &Placed) -> Outcome<()> {
    let confirmation = json!({
        "client_secret": placed.client_secret,
        "payment_method": "card",
        "payment_method_type": "credit",
        "payment_method_data": {
            "card": {"card_number": "4242424242424242", "card_exp_month": "03", "card_exp_year": "30", "card_cvc": "737"}
        },
    });
    let path = format!("/payments/{}/confirm", placed.payment);
    let answer = expect(200, browser.post(&path, &format!("api-key: {PUBLISHABLE_KEY}\r\n"), &confirmation).await?)?;
    if answer["status"] == "succeeded" { Ok(()) } else { fail(format!("the payment did not succeed: {answer}")) }
}

/// A webhook as the provider sends it, to be sent by somebody else.
#[must_use]
pub fn delivery(path: &str, event: &Value) -> Vec<u8> {
    let (body, signature) = (event["body"].as_str().unwrap_or_default(), event["signature"].as_str().unwrap_or_default());
    let headers = format!("content-type: application/json\r\nx-webhook-signature-512: {signature}\r\n");
    request::bytes("POST", path, &headers, body.as_bytes())
}
