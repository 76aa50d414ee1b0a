//! What the suite of transfers needs of an adapter and of the provider behind it.

use crate::transfers::{TransferService, TransferWebhooks};
use async_trait::async_trait;
use std::sync::Arc;
use veza_domain::money::Money;
use veza_domain::time::Timestamp;

/// Which call meets a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`TransferService::create_account`].
    CreateAccount,
    /// [`TransferService::create_transfer`].
    CreateTransfer,
    /// [`TransferService::create_reversal`].
    CreateReversal,
    /// [`TransferService::account`].
    ReadAccount,
    /// [`TransferService::find_transfer`] and [`TransferService::transfers`].
    FindTransfer,
    /// [`TransferService::find_reversal`], and [`TransferService::transfer`] beyond the reversals that a transfer embeds.
    FindReversal,
    /// [`TransferService::transfer`].
    ReadTransfer,
    /// [`TransferService::payout`].
    ReadPayout,
}

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The effect happens, the connection is cut; the key replays the answer.
    AnswerLost,
    /// The connection is cut, no effect, nothing saved.
    RequestLost,
    /// The effect happens, the answer is a 500, and the key replays that.
    ErrorAfterEffect,
    /// No effect, a 500, and the key replays that.
    ErrorSaved,
    /// No effect, a 500, nothing saved.
    ErrorBeforeEffect,
    /// A proxy answers 502 in HTML, no effect.
    BadGateway,
    /// 429 of the limiter.
    RateLimited,
    /// 429 `lock_timeout`.
    LockTimeout,
    /// 409: the key's first call still runs.
    KeyInUse,
    /// 400 `balance_insufficient`, saved under the key.
    BalanceInsufficient,
    /// 400 `insufficient_capabilities_for_transfer`, saved under the key.
    CapabilityMissing,
    /// A page in HTML with status 200, no effect, nothing saved.
    Html,
    /// Status 200 and JSON of something else, no effect, nothing saved.
    WrongJson,
    /// Status 200 and the provider's error body, no effect, nothing saved.
    ErrorIn200,
    /// The effect happens, the answer is cut within its JSON; the key replays the whole one.
    Garbled,
}

/// Ways in which a read brings no answer.
pub(super) const UNREADABLE: [Trouble; 8] = [
    Trouble::AnswerLost,
    Trouble::ErrorBeforeEffect,
    Trouble::BadGateway,
    Trouble::RateLimited,
    Trouble::Html,
    Trouble::WrongJson,
    Trouble::ErrorIn200,
    Trouble::Garbled,
];

/// What may have made a call's outcome unknown, and whether it had its effect; nothing else is replayed.
pub(super) const OUTCOMES: [(Trouble, bool); 8] = [
    (Trouble::AnswerLost, true),
    (Trouble::RequestLost, false),
    (Trouble::ErrorBeforeEffect, false),
    (Trouble::BadGateway, false),
    (Trouble::Html, false),
    (Trouble::WrongJson, false),
    (Trouble::ErrorIn200, false),
    (Trouble::Garbled, true),
];

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// We.
    Ours,
    /// Somebody whose key the provider does not know.
    WrongKey,
    /// We, and there is no provider at that address.
    Unreachable,
}

/// Which webhook secrets the adapter knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Secrets {
    /// Both: of the platform's endpoint and of the Connect endpoint.
    Both,
    /// The platform's only.
    Platform,
    /// Others.
    Others,
}

/// A message as it arrived.
#[derive(Clone, Debug)]
pub struct Message {
    /// The bytes of its body.
    pub body: Vec<u8>,
    /// The header that [`TransferWebhooks::signature_header`] names.
    pub signature: Option<String>,
}

/// The adapter with a provider behind it, and the provider's controls. Methods panic when the control itself fails.
#[async_trait]
pub trait World: Send + Sync {
    /// The adapter.
    fn service(&self, access: Access) -> Arc<dyn TransferService>;

    /// The next `call` meets `trouble`.
    async fn next(&self, call: Call, trouble: Trouble);

    /// Money for transfers.
    async fn fund_platform(&self, money: Money);

    /// The provider's review of the account ends well.
    async fn activate(&self, account_id: &str);

    /// The account loses what it needs to receive.
    async fn deactivate(&self, account_id: &str);

    /// All of the account's money leaves for its bank, and arrives; the payout's id, where there was money.
    async fn empty(&self, account_id: &str) -> Option<String>;

    /// A payout comes back, with the bank's words.
    async fn fail_payout(&self, payout_id: &str);

    /// Somebody takes a transfer back in the provider's dashboard: a part of it, or the rest.
    async fn reverse_elsewhere(&self, transfer_id: &str, amount: Option<i64>);

    /// Somebody makes a transfer in the provider's dashboard; its id.
    async fn transfer_elsewhere(&self, account_id: &str, money: Money) -> String;

    /// What checks and reads the provider's messages.
    fn webhooks(&self, secrets: Secrets) -> Arc<dyn TransferWebhooks>;

    /// What the provider has sent us, in the order of arrival; waits for what is on its way.
    async fn messages(&self) -> Vec<Message>;

    /// The time by which messages are signed.
    fn now(&self) -> Timestamp;

    /// Calls of this kind that have reached the server.
    async fn calls(&self, call: Call) -> usize;

    /// Transfers to this account, by the provider's own books: amount, and how much of it was taken back.
    async fn transfers_to(&self, account_id: &str) -> Vec<(i64, i64)>;
}
