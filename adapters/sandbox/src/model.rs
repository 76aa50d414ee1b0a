//! What the sandbox remembers: the objects of both providers as plain records.
//!
//! They are the sandbox's own books, not the wire format (`hyperswitch/render.rs`, `stripe/render.rs` make that).
//! All amounts are integers in minor units; all times are [`Micros`] on the sandbox's clock.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ids::Micros, table::Record};

/// Status of a payment (hyperswitch.md §4); the ones that the simulator can reach.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the contract's")]
pub enum PaymentStatus {
    RequiresPaymentMethod,
    RequiresConfirmation,
    RequiresCustomerAction,
    RequiresCapture,
    Processing,
    PartiallyCaptured,
    PartiallyCapturedAndCapturable,
    Succeeded,
    Failed,
    Cancelled,
    Expired,
}

impl PaymentStatus {
    /// The outgoing event of hyperswitch.md §4, if the status raises one.
    pub(crate) fn event_type(self) -> Option<&'static str> {
        match self {
            Self::Succeeded => Some("payment_succeeded"),
            Self::Failed => Some("payment_failed"),
            Self::Cancelled => Some("payment_cancelled"),
            Self::Expired => Some("payment_expired"),
            Self::PartiallyCaptured | Self::PartiallyCapturedAndCapturable => Some("payment_captured"),
            Self::Processing => Some("payment_processing"),
            Self::RequiresCapture => Some("payment_authorized"),
            Self::RequiresCustomerAction => Some("action_required"),
            Self::RequiresPaymentMethod | Self::RequiresConfirmation => None,
        }
    }
}

/// Captured money on its way to the platform's balance.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Fund {
    /// What is still pending of this capture (refunds take from it first).
    pub amount: i64,
    /// When it becomes available.
    pub available_at: Micros,
    /// It has become available.
    pub released: bool,
}

/// A payment at Hyperswitch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payment {
    /// Chosen by the merchant, or `pay_` + 20.
    pub payment_id: String,
    /// `<payment_id>_secret_<20>`.
    pub client_secret: String,
    /// Where it stands.
    pub status: PaymentStatus,
    /// Asked for.
    pub amount: i64,
    /// Authorized and not captured yet.
    pub amount_capturable: i64,
    /// Captured.
    pub amount_received: i64,
    /// ISO 4217, upper case.
    pub currency: String,
    /// When it was made.
    pub created: Micros,
    /// Last change.
    pub updated: Micros,
    /// End of the session.
    pub expires_on: Micros,
    /// Request fields that come back unchanged (metadata, description, billing ...), by their names.
    pub echo: BTreeMap<String, Value>,
    /// `card` ...; null until given.
    pub payment_method: Option<String>,
    /// `credit` ...; refunds need it (hyperswitch.md §5, check 11).
    pub payment_method_type: Option<String>,
    /// First six and last four digits, expiry month and year of the card.
    pub card: Option<[String; 4]>,
    /// Saved method (hyperswitch.md §3), when `setup_future_usage` asked for it.
    pub payment_method_id: Option<String>,
    /// The connector's words after a decline.
    pub error: Option<(String, String)>,
    /// Attempts so far.
    pub attempt_count: i64,
    /// Charge at the connector; Stripe's `source_transaction`.
    pub charge_id: Option<String>,
    /// In order of creation.
    pub refund_ids: Vec<String>,
    /// In order of creation.
    pub dispute_ids: Vec<String>,
    /// Sum of refunds that succeeded.
    pub total_refunded: i64,
    /// Sum of disputes that are open or lost.
    pub total_disputed: i64,
    /// A post-capture void was issued (hyperswitch.md §5, check 4).
    pub void_issued: bool,
    /// One per capture.
    pub funds: Vec<Fund>,
    /// Drawn by transfers with `source_transaction`.
    pub source_drawn: i64,
}

/// Status of a refund as the API spells it (hyperswitch.md §5).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the contract's")]
pub enum RefundStatus {
    Pending,
    Succeeded,
    Failed,
}

/// A refund at Hyperswitch.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Refund {
    /// Chosen by the merchant, or `ref_` + 20.
    pub refund_id: String,
    /// Payment that it gives back.
    pub payment_id: String,
    /// Given back.
    pub amount: i64,
    /// The payment's.
    pub currency: String,
    /// Where it stands.
    pub status: RefundStatus,
    /// As sent.
    pub reason: Option<String>,
    /// As sent.
    pub metadata: Option<Value>,
    /// Code and message of a failure.
    pub error: Option<(String, String)>,
    /// When it was made.
    pub created_at: Micros,
    /// Last change.
    pub updated_at: Micros,
    /// Refund at the connector.
    pub connector_refund_id: String,
    /// Made from the PSP's dashboard, not by the API.
    pub from_dashboard: bool,
    /// What a script made it do later: succeed (true) or fail (false), and when.
    pub due: Option<(Micros, bool)>,
}

/// A dispute at Hyperswitch (§9).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Dispute {
    /// `dp_` + 20.
    pub dispute_id: String,
    /// Disputed payment.
    pub payment_id: String,
    /// Disputed part; a JSON string on the wire.
    pub amount: i64,
    /// The payment's.
    pub currency: String,
    /// `dispute_opened`, `dispute_won` ...
    pub status: String,
    /// At the connector.
    pub connector_dispute_id: String,
    /// When it was opened.
    pub created_at: Micros,
    /// Last change.
    pub updated_at: Micros,
    /// The platform's money is withdrawn for it at the moment.
    pub withdrawn: bool,
}

/// One attempt to deliver a webhook.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Attempt {
    /// When.
    pub at: Micros,
    /// The receiver's answer.
    pub status: Option<u16>,
    /// Why there was none.
    pub error: Option<String>,
    /// This copy carried a wrong signature, or none, on purpose.
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

/// An outgoing Hyperswitch webhook (§8). Its bytes never change.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct WebhookEvent {
    /// `evt_` + 32 hex.
    pub event_id: String,
    /// `payment_succeeded` ...
    pub event_type: String,
    /// Payment, refund or dispute.
    pub object_id: String,
    /// Payment that it belongs to.
    pub payment_id: String,
    /// The exact bytes of the body.
    pub body: String,
    /// `x-webhook-signature-512` of the body, made once.
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
    /// Copies with a wrong signature that precede the next attempt; true inside = no signature at all.
    pub forgery: Option<bool>,
    /// Waits for a later event of the same payment to overtake it.
    pub overtaken_by_next: bool,
    /// The answer of the call that raised it waits for the first attempt.
    pub before_answer: bool,
}

/// A connected account at Stripe.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Account {
    /// `acct_` + 16.
    pub id: String,
    /// When it was made.
    pub created: Micros,
    /// ISO 3166.
    pub country: String,
    /// ISO 4217, lower case.
    pub default_currency: String,
    /// As sent.
    pub email: Option<String>,
    /// As sent.
    pub metadata: BTreeMap<String, String>,
    /// `custom`, `express`, `standard` or `none`.
    pub kind: String,
    /// `business_type` as sent.
    pub business_type: Option<String>,
    /// Capability → `active`, `inactive`, `pending`.
    pub capabilities: BTreeMap<String, String>,
    /// The onboarding form was sent.
    pub details_submitted: bool,
    /// May pay out to a bank.
    pub payouts_enabled: bool,
    /// Paid out to the bank so far, per currency.
    pub paid_out: BTreeMap<String, i64>,
    /// `Idempotency-Key` of the call that made it.
    pub idempotency_key: Option<String>,
}

/// A transfer at Stripe.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Transfer {
    /// `tr_` + 24.
    pub id: String,
    /// Moved to the account.
    pub amount: i64,
    /// Taken back.
    pub amount_reversed: i64,
    /// Lower case.
    pub currency: String,
    /// When it was made.
    pub created: Micros,
    /// As sent.
    pub description: Option<String>,
    /// Connected account.
    pub destination: String,
    /// As sent; an empty value removes a key.
    pub metadata: BTreeMap<String, String>,
    /// Charge that it draws on.
    pub source_transaction: Option<String>,
    /// `card` unless sent.
    pub source_type: String,
    /// As sent, or made up when `source_transaction` is set.
    pub transfer_group: Option<String>,
    /// In order of creation.
    pub reversal_ids: Vec<String>,
    /// `Idempotency-Key` of the call that made it.
    pub idempotency_key: Option<String>,
}

/// A transfer reversal at Stripe.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Reversal {
    /// `trr_` + 24.
    pub id: String,
    /// Taken back.
    pub amount: i64,
    /// The transfer's.
    pub currency: String,
    /// When it was made.
    pub created: Micros,
    /// Null on the wire when empty.
    pub metadata: BTreeMap<String, String>,
    /// Its transfer.
    pub transfer: String,
    /// `Idempotency-Key` of the call that made it; none when it was made elsewhere.
    pub idempotency_key: Option<String>,
}

/// An entry of `GET /v1/events`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StripeEvent {
    /// `evt_` + 24.
    pub id: String,
    /// `transfer.created` ...
    pub event_type: String,
    /// When it was made.
    pub created: Micros,
    /// Snapshot of the object.
    pub object: Value,
    /// Request id and idempotency key, when an API call caused it.
    pub request: Option<(String, Option<String>)>,
}

/// Balance of the platform or of a connected account in one currency.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Balance {
    /// `<owner>/<currency>`.
    pub key: String,
    /// `platform` or an account's id.
    pub owner: String,
    /// Lower case.
    pub currency: String,
    /// Ready for transfers (platform) or payouts (account). May be negative.
    pub available: i64,
    /// Captured, not yet available.
    pub pending: i64,
}

impl Balance {
    pub(crate) fn key(owner: &str, currency: &str) -> String {
        format!("{owner}/{}", currency.to_ascii_lowercase())
    }
}

/// An answer that Stripe saved under an `Idempotency-Key` (stripe.md §5).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct SavedAnswer {
    pub(crate) key: String,
    pub(crate) path: String,
    pub(crate) params: Vec<(String, String)>,
    pub(crate) request_id: String,
    pub(crate) status: u16,
    pub(crate) body: String,
    pub(crate) saved_at: Micros,
}

/// A single-use onboarding link (stripe.md §8).
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct AccountLink {
    pub(crate) token: String,
    pub(crate) account: String,
    pub(crate) refresh_url: String,
    pub(crate) return_url: String,
    pub(crate) expires_at: Micros,
    pub(crate) opened: bool,
    pub(crate) finished: bool,
}

macro_rules! records {
    ($($type:ty, $kind:literal, $id:ident;)*) => {
        $(impl Record for $type {
            const KIND: &'static str = $kind;
            fn id(&self) -> &str {
                &self.$id
            }
        })*
    };
}

records! {
    Payment, "payment", payment_id;
    Refund, "refund", refund_id;
    Dispute, "dispute", dispute_id;
    WebhookEvent, "webhook_event", event_id;
    Account, "account", id;
    Transfer, "transfer", id;
    Reversal, "reversal", id;
    StripeEvent, "stripe_event", id;
    Balance, "balance", key;
    SavedAnswer, "saved_answer", key;
    AccountLink, "account_link", token;
}
