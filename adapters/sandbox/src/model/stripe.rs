//! Objects of the Stripe side: accounts, transfers, reversals, payouts, events, balances.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::Micros;

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
    /// Gone to the bank so far, and not come back, per currency.
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

/// Where a payout stands (stripe.md §4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the names are the contract's")]
pub enum PayoutStatus {
    Pending,
    InTransit,
    Paid,
    Failed,
    Canceled,
}

/// A payout of a connected account to its bank.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Payout {
    /// `po_` + 24.
    pub id: String,
    /// Whose.
    pub account: String,
    /// Gone from the account's balance; back in it once the payout has failed.
    pub amount: i64,
    /// Lower case.
    pub currency: String,
    /// Where it stands.
    pub status: PayoutStatus,
    /// Made by the daily schedule.
    pub automatic: bool,
    /// When it was made.
    pub created: Micros,
    /// When it arrives.
    pub arrival_date: Micros,
    /// Code and message of a failure.
    pub failure: Option<(String, String)>,
    /// What becomes of it by itself, and when.
    pub due: Option<(Micros, PayoutStatus)>,
    /// How long after it was paid it comes back, where a script says so.
    pub returns_after: Option<Micros>,
}

/// An entry of `GET /v1/events`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct StripeEvent {
    /// `evt_` + 24.
    pub id: String,
    /// `transfer.created` ...
    pub event_type: String,
    /// The connected account that it belongs to; none = the platform.
    #[serde(default)]
    pub account: Option<String>,
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
    /// Came from outside, not by a payment or a transfer.
    #[serde(default)]
    pub deposited: i64,
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
