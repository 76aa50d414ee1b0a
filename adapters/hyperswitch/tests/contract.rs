//! The port's contract suite, over real HTTP against the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use veza_hyperswitch::{Hyperswitch, HyperswitchConfig};
use veza_ports::contract::payments::{Access, Call, Client, Trouble, World, run};
use veza_ports::payments::{NewPayment, NewRefund, Payment, PaymentProvider, PaymentWebhooks, PspError, PspRefund};
use veza_sandbox::{Fault, Op, Sandbox, SandboxConfig, Script, sign};

/// Ours over the sandbox; `break_it` puts a mistake between the suite and the adapter.
struct Boxed {
    sandbox: Sandbox,
    break_it: fn(Arc<Hyperswitch>) -> Arc<dyn PaymentProvider>,
}

impl Boxed {
    async fn start(break_it: fn(Arc<Hyperswitch>) -> Arc<dyn PaymentProvider>) -> Self {
        Self { sandbox: Sandbox::start(SandboxConfig::default()).await.unwrap(), break_it }
    }
}

fn adapter(base_url: String, api_key: &str) -> Arc<Hyperswitch> {
    let config = HyperswitchConfig {
        base_url,
        api_key: api_key.into(),
        webhook_secret: SandboxConfig::default().webhook_secret.into(),
        profile_id: None,
        timeout: Duration::from_secs(5),
    };
    Arc::new(Hyperswitch::new(config).unwrap())
}

fn op(call: Call) -> Op {
    match call {
        Call::CreatePayment => Op::CreatePayment,
        Call::CreateRefund => Op::CreateRefund,
        Call::ReadPayment => Op::ReadPayment,
        Call::ReadRefund => Op::ReadRefund,
    }
}

fn fault(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::AnswerLost => Fault::AnswerLost,
        Trouble::RequestLost => Fault::RequestLost,
        Trouble::ErrorAfterEffect => Fault::ErrorAfterEffect,
        Trouble::BadGateway => Fault::BadGateway,
        Trouble::Busy => Fault::Busy,
        Trouble::RateLimited => Fault::RateLimited,
        Trouble::RefundFailed => Fault::RefundFailed,
        Trouble::RefundPending => Fault::RefundPending,
        Trouble::RefundNotSupported => Fault::RefundNotSupported,
    }
}

#[async_trait]
impl World for Boxed {
    fn client(&self, access: Access) -> Client {
        let (base_url, key) = (self.sandbox.base_url(), SandboxConfig::default().api_key);
        let adapter = match access {
            Access::Ours => adapter(base_url, &key),
            Access::WrongKey => adapter(base_url, "snd_of_nobody"),
            Access::Unreachable => adapter("http://127.0.0.1:1".to_owned(), &key),
        };
        Client { provider: (self.break_it)(adapter.clone()), reader: adapter }
    }

    async fn next(&self, call: Call, trouble: Trouble) {
        self.sandbox.script(Script::new(op(call), fault(trouble))).unwrap();
    }

    async fn pay(&self, payment_id: &str) {
        self.sandbox.pay(payment_id).unwrap();
    }

    async fn decline(&self, payment_id: &str) {
        self.sandbox.decline(payment_id).unwrap();
    }

    async fn keys_seen(&self, call: Call) -> Vec<Option<String>> {
        let books = self.sandbox.books();
        books.calls.into_iter().filter(|seen| seen.op == op(call)).map(|seen| seen.idempotency_key).collect()
    }

    async fn has_payment(&self, payment_id: &str) -> bool {
        self.sandbox.books().payment(payment_id).is_some()
    }

    async fn refunds_of(&self, payment_id: &str) -> usize {
        self.sandbox.books().refunds.iter().filter(|refund| refund.payment_id == payment_id).count()
    }
}

#[tokio::test]
async fn hyperswitch_over_the_sandbox() {
    run(&Boxed::start(|adapter| adapter).await).await;
}

/// A provider that takes what it does not know for a refusal.
struct Rash(Arc<Hyperswitch>);

#[async_trait]
impl PaymentProvider for Rash {
    async fn create_payment(&self, key: &str, payment: &NewPayment) -> Result<Payment, PspError> {
        self.0.create_payment(key, payment).await.map_err(|error| match error {
            PspError::Unknown(_) => PspError::Refused { code: String::new(), message: String::new() },
            other => other,
        })
    }
    async fn create_refund(&self, key: &str, refund: &NewRefund) -> Result<PspRefund, PspError> {
        self.0.create_refund(key, refund).await
    }
}

/// A provider that sends a key of its own.
struct Forgetful(Arc<Hyperswitch>);

#[async_trait]
impl PaymentProvider for Forgetful {
    async fn create_payment(&self, key: &str, payment: &NewPayment) -> Result<Payment, PspError> {
        self.0.create_payment(key, payment).await
    }
    async fn create_refund(&self, key: &str, refund: &NewRefund) -> Result<PspRefund, PspError> {
        self.0.create_refund(&format!("{key}x"), refund).await
    }
}

#[tokio::test]
#[should_panic(expected = "AnswerLost: Err(Refused")]
async fn the_suite_finds_an_unknown_taken_for_a_refusal() {
    run(&Boxed::start(|adapter| Arc::new(Rash(adapter))).await).await;
}

#[tokio::test]
#[should_panic(expected = "key of a refund = its id")]
async fn the_suite_finds_a_wrong_key() {
    run(&Boxed::start(|adapter| Arc::new(Forgetful(adapter))).await).await;
}

/// The sandbox signs as the contract says, and so do we read it.
#[test]
fn the_sandbox_signs_what_we_verify() {
    let adapter = adapter("http://127.0.0.1:1".to_owned(), "key");
    let body = br#"{"event_type":"payment_succeeded"}"#;
    let signature = sign(&SandboxConfig::default().webhook_secret, body);
    assert!(adapter.verify(body, Some(&signature)));
}
