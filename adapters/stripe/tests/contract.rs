//! The port's contract suite, over real HTTP against the sandbox.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use veza_domain::ids::UserId;
use veza_domain::money::Money;
use veza_ports::contract::transfers::{Access, Call, Trouble, World, run};
use veza_ports::transfers::{
    ConnectAccount, Found, ListedPayout, ListedTransfer, LookupError, NewReversal, NewTransfer, OnboardingLink, TransferError,
    TransferFilter, TransferPage, TransferService,
};
use veza_sandbox::{Fault, Op, Sandbox, SandboxConfig, Script};
use veza_stripe::{Stripe, StripeConfig};

/// What the suite gets to see of our adapter: it, or it with a mistake.
type Dress = fn(Stripe) -> Arc<dyn TransferService>;

struct Boxed {
    sandbox: Sandbox,
    dress: Dress,
}

async fn boxed(dress: Dress) -> Boxed {
    Boxed { sandbox: Sandbox::start(SandboxConfig::default()).await.unwrap(), dress }
}

fn op(call: Call) -> Op {
    match call {
        Call::CreateAccount => Op::CreateAccount,
        Call::CreateTransfer => Op::CreateTransfer,
        Call::CreateReversal => Op::CreateReversal,
        Call::ReadAccount => Op::ReadAccount,
        Call::FindTransfer => Op::ListTransfers,
        Call::FindReversal => Op::ListReversals,
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
        (self.dress)(Stripe::new(config).unwrap())
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

    async fn empty(&self, account_id: &str) {
        self.sandbox.payout(account_id).unwrap();
    }

    async fn reverse_elsewhere(&self, transfer_id: &str) {
        self.sandbox.reverse_transfer(transfer_id, None).unwrap();
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
    run(&boxed(|stripe| Arc::new(stripe)).await).await;
}

/// Mistakes that the suite has to find.
#[derive(Clone, Copy, PartialEq)]
enum Mistake {
    NewKeyEachTime,
    UnknownIsRefused,
    UnreadableIsNone,
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
        self.0.transfer(stripe_transfer_id).await
    }
    async fn transfers(&self, which: &TransferFilter, after: Option<&str>) -> Result<TransferPage, LookupError> {
        self.0.transfers(which, after).await
    }
    async fn payout(&self, account_id: &str, payout_id: &str) -> Result<Option<ListedPayout>, LookupError> {
        self.0.payout(account_id, payout_id).await
    }
}

#[tokio::test]
#[should_panic(expected = "left == right")]
async fn the_suite_finds_a_key_that_is_not_stable() {
    run(&boxed(|stripe| Arc::new(Wrong(stripe, Mistake::NewKeyEachTime))).await).await;
}

#[tokio::test]
#[should_panic(expected = "AnswerLost: Err(Refused")]
async fn the_suite_finds_an_unknown_taken_for_a_refusal() {
    run(&boxed(|stripe| Arc::new(Wrong(stripe, Mistake::UnknownIsRefused))).await).await;
}

#[tokio::test]
#[should_panic(expected = "not \"none\"")]
async fn the_suite_finds_a_failed_look_up_taken_for_none() {
    run(&boxed(|stripe| Arc::new(Wrong(stripe, Mistake::UnreadableIsNone))).await).await;
}
