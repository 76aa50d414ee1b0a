//! The port's contract suite, over real HTTP against the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "../../hyperswitch/tests/support/mod.rs"]
mod support;

use async_trait::async_trait;
use secrecy::SecretString;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use support::{Reply, Scripted};
use veza_domain::ids::UserId;
use veza_domain::money::Money;
use veza_domain::time::Timestamp;
use veza_ports::contract::transfers::{Access, Call, Message, Secrets, Trouble, World, run};
use veza_ports::transfers::{
    ConnectAccount, ConnectEvent, Found, ListedPayout, ListedTransfer, LookupError, NewReversal, NewTransfer, OnboardingLink,
    RejectedMessage, TransferError, TransferFilter, TransferPage, TransferService, TransferWebhooks,
};
use veza_sandbox::{Fault, Op, PayoutStatus, Sandbox, SandboxConfig, Script};
use veza_stripe::{Stripe, StripeConfig, StripeWebhooks};

/// What the suite gets to see of our adapter: it, or it with a mistake.
struct Boxed {
    sandbox: Sandbox,
    receiver: Scripted,
    mistake: Option<Mistake>,
}

async fn boxed(mistake: Option<Mistake>) -> Boxed {
    let receiver = Scripted::start(std::iter::repeat_n(Reply::Json(200, "{}".to_owned()), 10_000)).await;
    let config = SandboxConfig {
        stripe_webhook_url: Some(receiver.url.clone()),
        stripe_connect_webhook_url: Some(receiver.url.clone()),
        ..SandboxConfig::default()
    };
    Boxed { sandbox: Sandbox::start(config).await.unwrap(), receiver, mistake }
}

fn op(call: Call) -> Op {
    match call {
        Call::CreateAccount => Op::CreateAccount,
        Call::CreateTransfer => Op::CreateTransfer,
        Call::CreateReversal => Op::CreateReversal,
        Call::ReadAccount => Op::ReadAccount,
        Call::FindTransfer => Op::ListTransfers,
        Call::FindReversal => Op::ListReversals,
        Call::ReadTransfer => Op::ReadTransfer,
        Call::ReadPayout => Op::ReadPayout,
    }
}

fn fault(trouble: Trouble) -> Fault {
    match trouble {
        Trouble::AnswerLost => Fault::AnswerLost,
        Trouble::RequestLost => Fault::RequestLost,
        Trouble::ErrorAfterEffect => Fault::ErrorAfterEffect,
        Trouble::ErrorSaved => Fault::ErrorSaved,
        Trouble::ErrorBeforeEffect => Fault::ErrorBeforeEffect,
        Trouble::BadGateway => Fault::BadGateway,
        Trouble::RateLimited => Fault::RateLimited,
        Trouble::LockTimeout => Fault::LockTimeout,
        Trouble::KeyInUse => Fault::KeyInUse,
        Trouble::BalanceInsufficient => Fault::BalanceInsufficient,
        Trouble::CapabilityMissing => Fault::CapabilityMissing,
        Trouble::Html => Fault::Html,
        Trouble::WrongJson => Fault::WrongJson,
        Trouble::ErrorIn200 => Fault::ErrorIn200,
        Trouble::Garbled => Fault::Garbled,
    }
}

#[async_trait]
impl World for Boxed {
    fn service(&self, access: Access) -> Arc<dyn TransferService> {
        let (base_url, key) = (self.sandbox.base_url(), SandboxConfig::default().stripe_secret_key);
        let (base_url, key) = match access {
            Access::Ours => (base_url, key),
            Access::WrongKey => (base_url, "sk_test_of_nobody".to_owned()),
            Access::Unreachable => ("http://127.0.0.1:1".to_owned(), key),
        };
        let config = StripeConfig { base_url, secret_key: key.into(), timeout: Duration::from_secs(5) };
        let stripe = Stripe::new(config).unwrap();
        match self.mistake {
            Some(mistake) => Arc::new(Wrong(stripe, mistake)),
            None => Arc::new(stripe),
        }
    }

    async fn next(&self, call: Call, trouble: Trouble) {
        self.sandbox.script(Script::new(op(call), fault(trouble))).unwrap();
    }

    async fn fund_platform(&self, money: Money) {
        self.sandbox.deposit("platform", money.currency.code(), money.amount.0).unwrap();
    }

    async fn activate(&self, account_id: &str) {
        self.sandbox.set_account(account_id, Some("active"), Some(true)).unwrap();
    }

    async fn deactivate(&self, account_id: &str) {
        self.sandbox.set_account(account_id, Some("inactive"), None).unwrap();
    }

    async fn empty(&self, account_id: &str) -> Option<String> {
        self.sandbox.payout(account_id).unwrap().pop()
    }

    async fn fail_payout(&self, payout_id: &str) {
        self.sandbox.set_payout(payout_id, PayoutStatus::Failed, None).unwrap();
    }

    async fn reverse_elsewhere(&self, transfer_id: &str, amount: Option<i64>) {
        self.sandbox.reverse_transfer(transfer_id, amount).unwrap();
    }

    async fn transfer_elsewhere(&self, account_id: &str, money: Money) -> String {
        self.sandbox.transfer_from_dashboard(account_id, money.currency.code(), money.amount.0).unwrap()
    }

    fn webhooks(&self, secrets: Secrets) -> Arc<dyn TransferWebhooks> {
        let SandboxConfig { stripe_webhook_secret: platform, stripe_connect_webhook_secret: connect, .. } = SandboxConfig::default();
        let known = match secrets {
            Secrets::Both => vec![platform, connect],
            Secrets::Platform => vec![platform],
            Secrets::Others => vec!["whsec_of_nobody".to_owned()],
        };
        let known: Vec<SecretString> = known.into_iter().map(SecretString::from).collect();
        let webhooks = StripeWebhooks::new(&known).unwrap();
        match self.mistake {
            Some(mistake) => Arc::new(WrongWebhooks(webhooks, mistake)),
            None => Arc::new(webhooks),
        }
    }

    async fn messages(&self) -> Vec<Message> {
        assert!(self.sandbox.settle(Duration::from_secs(10)).await);
        let message =
            |seen: support::Seen| Message { signature: seen.header("stripe-signature").map(str::to_owned), body: seen.body.into_bytes() };
        self.receiver.seen().into_iter().map(message).collect()
    }

    fn now(&self) -> Timestamp {
        Timestamp(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_micros().try_into().unwrap())
    }

    async fn calls(&self, call: Call) -> usize {
        self.sandbox.books().calls.iter().filter(|seen| seen.op == op(call)).count()
    }

    async fn transfers_to(&self, account_id: &str) -> Vec<(i64, i64)> {
        let books = self.sandbox.books();
        let to_account = books.transfers.iter().filter(|transfer| transfer.destination == account_id);
        to_account.map(|transfer| (transfer.amount, transfer.amount_reversed)).collect()
    }
}

#[tokio::test]
async fn stripe_over_the_sandbox() {
    run(&boxed(None).await).await;
}

/// Mistakes that the suite has to find.
#[derive(Clone, Copy, PartialEq)]
enum Mistake {
    NewKeyEachTime,
    UnknownIsRefused,
    UnreadableIsNone,
    EmbeddedIsAll,
    OnePageIsAll,
    PayoutOfThePlatform,
    NoTime,
}

struct Wrong(Stripe, Mistake);

#[async_trait]
impl TransferService for Wrong {
    async fn create_account(&self, key: &str, seller: UserId, email: &str) -> Result<ConnectAccount, TransferError> {
        self.0.create_account(key, seller, email).await
    }
    async fn onboarding_link(&self, key: &str, account: &str, back: &str, again: &str) -> Result<OnboardingLink, TransferError> {
        self.0.onboarding_link(key, account, back, again).await
    }
    async fn account(&self, account_id: &str) -> Result<Option<ConnectAccount>, LookupError> {
        self.0.account(account_id).await
    }
    async fn create_transfer(&self, key: &str, transfer: &NewTransfer) -> Result<String, TransferError> {
        let suffix =
            if self.1 == Mistake::NewKeyEachTime && !key.trim().is_empty() { uuid::Uuid::now_v7().to_string() } else { String::new() };
        let answer = self.0.create_transfer(&format!("{key}{suffix}"), transfer).await;
        answer.map_err(|error| match error {
            TransferError::Unknown { message, .. } if self.1 == Mistake::UnknownIsRefused => TransferError::Refused(message),
            other => other,
        })
    }
    async fn create_reversal(&self, key: &str, reversal: &NewReversal) -> Result<String, TransferError> {
        self.0.create_reversal(key, reversal).await
    }
    async fn find_transfer(&self, transfer: &NewTransfer) -> Result<Found, LookupError> {
        let found = self.0.find_transfer(transfer).await;
        if self.1 == Mistake::UnreadableIsNone { Ok(found.unwrap_or(Found::None)) } else { found }
    }
    async fn find_reversal(&self, reversal: &NewReversal) -> Result<Found, LookupError> {
        self.0.find_reversal(reversal).await
    }
    async fn transfer(&self, stripe_transfer_id: &str) -> Result<Option<ListedTransfer>, LookupError> {
        let mut found = self.0.transfer(stripe_transfer_id).await?;
        if let (Mistake::EmbeddedIsAll, Some(transfer)) = (self.1, &mut found) {
            let beyond = transfer.reversals.len().saturating_sub(10);
            transfer.reversals.drain(..beyond);
        }
        Ok(found)
    }
    async fn transfers(&self, which: &TransferFilter, after: Option<&str>) -> Result<TransferPage, LookupError> {
        let page = self.0.transfers(which, after).await?;
        Ok(TransferPage { has_more: page.has_more && self.1 != Mistake::OnePageIsAll, ..page })
    }
    async fn payout(&self, account_id: &str, payout_id: &str) -> Result<Option<ListedPayout>, LookupError> {
        let read = self.0.payout(account_id, payout_id).await;
        if self.1 == Mistake::PayoutOfThePlatform && account_id.is_empty() { Ok(None) } else { read }
    }
}

struct WrongWebhooks(StripeWebhooks, Mistake);

impl TransferWebhooks for WrongWebhooks {
    fn signature_header(&self) -> &'static str {
        self.0.signature_header()
    }
    fn accept(&self, body: &[u8], signature: Option<&str>, now: Timestamp) -> Result<ConnectEvent, RejectedMessage> {
        let signed_at = || signature?.strip_prefix("t=")?.split(',').next()?.parse::<i64>().ok();
        let at = signed_at().filter(|_| self.1 == Mistake::NoTime).map(|seconds| Timestamp(seconds * 1_000_000));
        self.0.accept(body, signature, at.unwrap_or(now))
    }
    fn parse(&self, body: &[u8]) -> Result<ConnectEvent, RejectedMessage> {
        self.0.parse(body)
    }
    fn event_type(&self, body: &[u8]) -> Option<String> {
        self.0.event_type(body)
    }
}

#[tokio::test]
#[should_panic(expected = "left == right")]
async fn the_suite_finds_a_key_that_is_not_stable() {
    run(&boxed(Some(Mistake::NewKeyEachTime)).await).await;
}

#[tokio::test]
#[should_panic(expected = "may have moved money: Err(Refused")]
async fn the_suite_finds_an_unknown_taken_for_a_refusal() {
    run(&boxed(Some(Mistake::UnknownIsRefused)).await).await;
}

#[tokio::test]
#[should_panic(expected = "not \"none\"")]
async fn the_suite_finds_a_failed_look_up_taken_for_none() {
    run(&boxed(Some(Mistake::UnreadableIsNone)).await).await;
}

#[tokio::test]
#[should_panic(expected = "beyond the embedded ones")]
async fn the_suite_finds_reversals_that_are_left_out() {
    run(&boxed(Some(Mistake::EmbeddedIsAll)).await).await;
}

#[tokio::test]
#[should_panic(expected = "a page at a time")]
async fn the_suite_finds_a_list_that_ends_too_early() {
    run(&boxed(Some(Mistake::OnePageIsAll)).await).await;
}

#[tokio::test]
#[should_panic(expected = "never as the platform")]
async fn the_suite_finds_a_payout_that_is_looked_for_in_the_wrong_place() {
    run(&boxed(Some(Mistake::PayoutOfThePlatform)).await).await;
}

#[tokio::test]
#[should_panic(expected = "too old, or from the future")]
async fn the_suite_finds_a_signature_that_never_ends() {
    run(&boxed(Some(Mistake::NoTime)).await).await;
}
