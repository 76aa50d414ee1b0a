//! The port's contract suite, over real HTTP against the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod support;

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use support::{Reply, Scripted};
use veza_domain::dispute::DisputeStatus;
use veza_domain::saved_method::SavedMethod;
use veza_hyperswitch::{Hyperswitch, HyperswitchConfig};
use veza_ports::contract::payments::{Access, Behaviour, Call, Client, Message, Trouble, World, run};
use veza_ports::payments::{
    HyperswitchReadClient, MalformedWebhook, NewPayment, NewRefund, Payment, PaymentMethod, PaymentProvider, PaymentWebhooks, PspDispute,
    PspError, PspRefund, ReadError, WebhookEvent, WebhookSubject,
};
use veza_sandbox::{Fault, NewDispute, Op, Sandbox, SandboxConfig, Script, sign};

/// What the suite gets to see of our adapter: it, or it with a mistake.
struct Dressed {
    provider: fn(Arc<Hyperswitch>) -> Arc<dyn PaymentProvider>,
    reader: fn(Arc<Hyperswitch>) -> Arc<dyn HyperswitchReadClient>,
    webhooks: fn(Arc<Hyperswitch>) -> Arc<dyn PaymentWebhooks>,
}

const AS_IT_IS: Dressed = Dressed { provider: |adapter| adapter, reader: |adapter| adapter, webhooks: |adapter| adapter };

/// Ours over the sandbox.
struct Boxed {
    sandbox: Sandbox,
    receiver: Scripted,
    dressed: Dressed,
}

impl Boxed {
    async fn start(dressed: Dressed) -> Self {
        let receiver = Scripted::start(std::iter::repeat_n(Reply::Json(200, "{}".to_owned()), 10_000)).await;
        let config = SandboxConfig { webhook_url: Some(receiver.url.clone()), ..SandboxConfig::default() };
        Self { sandbox: Sandbox::start(config).await.unwrap(), receiver, dressed }
    }

    fn adapter(&self, access: Access) -> Arc<Hyperswitch> {
        let (base_url, key) = (self.sandbox.base_url(), SandboxConfig::default().api_key);
        match access {
            Access::Ours => adapter(base_url, &key),
            Access::WrongKey => adapter(base_url, "snd_of_nobody"),
            Access::Unreachable => adapter("http://127.0.0.1:1".to_owned(), &key),
        }
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
        Call::ReadDispute => Op::ReadDispute,
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
        Trouble::Html => Fault::Html,
        Trouble::WrongJson => Fault::WrongJson,
        Trouble::ErrorIn200 => Fault::ErrorIn200,
        Trouble::Garbled => Fault::Garbled,
    }
}

#[async_trait]
impl World for Boxed {
    fn client(&self, access: Access) -> Client {
        let adapter = self.adapter(access);
        Client { provider: (self.dressed.provider)(adapter.clone()), reader: (self.dressed.reader)(adapter) }
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

    async fn fail(&self, payment_id: &str) {
        self.sandbox.fail_payment(payment_id).unwrap();
    }

    async fn behave(&self, method: &SavedMethod, behaviour: Behaviour) {
        let behaviour = match behaviour {
            Behaviour::Succeeds => veza_sandbox::Behaviour::Succeeds,
            Behaviour::Declines => veza_sandbox::Behaviour::declines(0),
            Behaviour::WantsCustomer => veza_sandbox::Behaviour::RequiresCustomerAction,
        };
        self.sandbox.set_saved_method(&method.0, behaviour).unwrap();
    }

    async fn revoke(&self, method: &SavedMethod) {
        self.sandbox.revoke_saved_method(&method.0).unwrap();
    }

    async fn refund_elsewhere(&self, payment_id: &str, amount: i64) -> String {
        self.sandbox.refund_from_dashboard(payment_id, Some(amount)).unwrap()
    }

    async fn turn_refund(&self, refund_id: &str, succeeds: bool) {
        if succeeds { self.sandbox.succeed_refund(refund_id) } else { self.sandbox.fail_refund(refund_id) }.unwrap();
    }

    async fn dispute(&self, payment_id: &str, amount: i64) -> String {
        let new = NewDispute { amount: Some(amount), reason: Some("fraud".to_owned()), ..NewDispute::default() };
        self.sandbox.open_dispute(payment_id, new).unwrap()
    }

    async fn move_dispute(&self, dispute_id: &str, status: DisputeStatus) {
        self.sandbox.set_dispute(dispute_id, status.as_str()).unwrap();
    }

    fn webhooks(&self) -> Arc<dyn PaymentWebhooks> {
        (self.dressed.webhooks)(self.adapter(Access::Ours))
    }

    async fn messages(&self) -> Vec<Message> {
        assert!(self.sandbox.settle(Duration::from_secs(10)).await);
        let message = |seen: support::Seen| Message {
            signature: seen.header("x-webhook-signature-512").map(str::to_owned),
            body: seen.body.into_bytes(),
        };
        self.receiver.seen().into_iter().map(message).collect()
    }

    async fn keys_seen(&self, call: Call) -> Vec<Option<String>> {
        let books = self.sandbox.books();
        books.calls.into_iter().filter(|seen| seen.op == op(call)).map(|seen| seen.idempotency_key).collect()
    }

    async fn has_payment(&self, payment_id: &str) -> bool {
        self.sandbox.books().payment(payment_id).is_some()
    }

    async fn charges_of(&self, customer_id: &str) -> usize {
        self.sandbox.books().charged(customer_id).count()
    }

    async fn refunds_of(&self, payment_id: &str) -> usize {
        self.sandbox.books().refunds.iter().filter(|refund| refund.payment_id == payment_id).count()
    }
}

#[tokio::test]
async fn hyperswitch_over_the_sandbox() {
    run(&Boxed::start(AS_IT_IS).await).await;
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
    run(&Boxed::start(Dressed { provider: |adapter| Arc::new(Rash(adapter)), ..AS_IT_IS }).await).await;
}

#[tokio::test]
#[should_panic(expected = "key of a refund = its id")]
async fn the_suite_finds_a_wrong_key() {
    run(&Boxed::start(Dressed { provider: |adapter| Arc::new(Forgetful(adapter)), ..AS_IT_IS }).await).await;
}

/// A reader that takes a dispute that can't be read for none.
struct Hopeful(Arc<Hyperswitch>);

#[async_trait]
impl HyperswitchReadClient for Hopeful {
    async fn payment(&self, payment_id: &str) -> Result<Option<Payment>, ReadError> {
        self.0.payment(payment_id).await
    }
    async fn refund(&self, refund_id: &str) -> Result<Option<PspRefund>, ReadError> {
        self.0.refund(refund_id).await
    }
    async fn dispute(&self, dispute_id: &str) -> Result<Option<PspDispute>, ReadError> {
        Ok(self.0.dispute(dispute_id).await.unwrap_or_default())
    }
}

/// Reads messages with a mistake: anything is signed, or a dispute's amount gets lost.
struct Careless(Arc<Hyperswitch>, bool);

impl PaymentWebhooks for Careless {
    fn signature_header(&self) -> &'static str {
        self.0.signature_header()
    }
    fn verify(&self, body: &[u8], signature: Option<&str>) -> bool {
        self.1 || self.0.verify(body, signature)
    }
    fn parse(&self, body: &[u8]) -> Result<WebhookEvent, MalformedWebhook> {
        let mut event = self.0.parse(body)?;
        if let WebhookSubject::Dispute { amount, .. } = &mut event.subject {
            *amount = amount.filter(|_| self.1);
        }
        Ok(event)
    }
    fn event_type(&self, body: &[u8]) -> Option<String> {
        self.0.event_type(body)
    }
}

#[tokio::test]
#[should_panic(expected = "says nothing: Ok(None)")]
async fn the_suite_finds_a_dispute_that_is_given_up_too_early() {
    run(&Boxed::start(Dressed { reader: |adapter| Arc::new(Hopeful(adapter)), ..AS_IT_IS }).await).await;
}

#[tokio::test]
#[should_panic(expected = "dispute_lost was not told as it is")]
async fn the_suite_finds_a_lost_amount() {
    run(&Boxed::start(Dressed { webhooks: |adapter| Arc::new(Careless(adapter, false)), ..AS_IT_IS }).await).await;
}

#[tokio::test]
#[should_panic(expected = "another body")]
async fn the_suite_finds_a_signature_that_nobody_checks() {
    run(&Boxed::start(Dressed { webhooks: |adapter| Arc::new(Careless(adapter, true)), ..AS_IT_IS }).await).await;
}

/// A provider that tries a charge of unknown outcome again, under another id.
struct Impatient(Arc<Hyperswitch>);

#[async_trait]
impl PaymentProvider for Impatient {
    async fn create_payment(&self, key: &str, payment: &NewPayment) -> Result<Payment, PspError> {
        match (self.0.create_payment(key, payment).await, &payment.method) {
            (Err(error @ PspError::Unknown(_)), PaymentMethod::Saved(_)) => {
                let again = NewPayment { payment_id: format!("{}_again", payment.payment_id), ..payment.clone() };
                self.0.create_payment(&again.payment_id, &again).await.and(Err(error))
            }
            (answer, _) => answer,
        }
    }
    async fn create_refund(&self, key: &str, refund: &NewRefund) -> Result<PspRefund, PspError> {
        self.0.create_refund(key, refund).await
    }
}

#[tokio::test]
#[should_panic(expected = "AnswerLost: charged once")]
async fn the_suite_finds_a_customer_who_is_charged_twice() {
    run(&Boxed::start(Dressed { provider: |adapter| Arc::new(Impatient(adapter)), ..AS_IT_IS }).await).await;
}

/// Takes a revocation for a message about nothing of ours.
struct Deaf(Arc<Hyperswitch>);

impl PaymentWebhooks for Deaf {
    fn signature_header(&self) -> &'static str {
        self.0.signature_header()
    }
    fn verify(&self, body: &[u8], signature: Option<&str>) -> bool {
        self.0.verify(body, signature)
    }
    fn parse(&self, body: &[u8]) -> Result<WebhookEvent, MalformedWebhook> {
        let event = self.0.parse(body)?;
        let deaf = matches!(event.subject, WebhookSubject::MethodRevoked { .. });
        Ok(if deaf { WebhookEvent { subject: WebhookSubject::Other, ..event } } else { event })
    }
    fn event_type(&self, body: &[u8]) -> Option<String> {
        self.0.event_type(body)
    }
}

#[tokio::test]
#[should_panic(expected = "the revocation is told")]
async fn the_suite_finds_a_revocation_that_nobody_hears() {
    run(&Boxed::start(Dressed { webhooks: |adapter| Arc::new(Deaf(adapter)), ..AS_IT_IS }).await).await;
}

/// The sandbox signs as the contract says, and so do we read it.
#[test]
fn the_sandbox_signs_what_we_verify() {
    let adapter = adapter("http://127.0.0.1:1".to_owned(), "key");
    let body = br#"{"event_type":"payment_succeeded"}"#;
    let signature = sign(&SandboxConfig::default().webhook_secret, body);
    assert!(adapter.verify(body, Some(&signature)));
}
