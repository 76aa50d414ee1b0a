//! Outgoing webhooks, as they are remembered.

use serde::{Deserialize, Serialize};

use crate::ids::Micros;

/// One attempt to deliver a webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Micros,
    /// The receiver's answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
    /// This copy carried a wrong or stale signature, or none, on purpose.
    pub forged: bool,
}

/// Where a webhook event stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EventStatus {
    /// An attempt is due at `next_at`, or running.
    Waiting,
    /// Mode `hold`: waits for a release.
    Held,
    /// A script lost it: the sender died between the change and the first attempt.
    Lost,
    /// A 2xx came back.
    Delivered,
    /// All automatic retries are used up.
    Exhausted,
}

/// Where an event goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Target {
    /// The endpoint for Hyperswitch's webhooks.
    #[default]
    Hyperswitch,
    /// The endpoint for Stripe's events of the platform: `transfer.*`.
    Stripe,
    /// The endpoint for Stripe's events of connected accounts: `account.*`, `payout.*`.
    StripeConnect,
}

/// What is wrong with a copy that precedes the genuine one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Forgery {
    /// Signed with another key.
    WrongKey,
    /// Not signed.
    Unsigned,
    /// Signed with the right key, long ago.
    Stale,
}

/// An outgoing webhook (hyperswitch.md §8, stripe.md §9). Its bytes never change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WebhookEvent {
    /// Where it goes.
    #[serde(default)]
    pub target: Target,
    /// Hyperswitch: `evt_` + 32 hex. Stripe: `evt_1` + 23.
    pub event_id: String,
    /// `payment_succeeded`, `transfer.created` ...
    pub event_type: String,
    /// Payment, refund or dispute; transfer, account or payout.
    pub object_id: String,
    /// Payment that it belongs to; of Stripe's, where one is known, else empty.
    pub payment_id: String,
    /// Stripe: the connected account that it is about.
    #[serde(default)]
    pub account: Option<String>,
    /// The exact bytes of the body.
    pub body: String,
    /// Hyperswitch: `x-webhook-signature-512` of the body, made once. Stripe: `Stripe-Signature` of the latest attempt.
    pub signature: String,
    /// When the event was made.
    pub created: Micros,
    /// Where it stands.
    pub status: EventStatus,
    /// Due time of the next attempt.
    pub next_at: Option<Micros>,
    /// Attempts so far, copies included.
    pub attempts: Vec<Attempt>,
    /// Automatic retries used.
    pub retries: usize,
    /// Copies that the next attempt sends (2 when doubled).
    pub copies: u32,
    /// Bad copies that precede the next attempt.
    #[serde(default)]
    pub forgeries: Vec<Forgery>,
    /// Waits for a later event of the same payment, or account, to overtake it.
    pub overtaken_by_next: bool,
    /// The answer of the call that raised it waits for the first attempt.
    pub before_answer: bool,
}

impl WebhookEvent {
    /// Events of one lane can overtake each other: those of a payment, or of a connected account.
    pub(crate) fn lane(&self) -> &str {
        self.account.as_deref().unwrap_or(&self.payment_id)
    }
}
