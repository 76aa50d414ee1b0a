//! Objects of the Hyperswitch side: payments, refunds, disputes.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::ids::Micros;

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
    /// Saved method (hyperswitch.md §3): the one that this payment kept, or that it charges.
    pub payment_method_id: Option<String>,
    /// What the customer agreed to at confirm.
    #[serde(default)]
    pub customer_acceptance: Option<Value>,
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
    /// Taken back because the payment failed after it had succeeded; no longer in `amount_received`.
    #[serde(default)]
    pub failed_after_success: i64,
    /// When a script has it disputed.
    #[serde(default)]
    pub dispute_due: Option<Micros>,
}

impl Payment {
    /// Who pays, where the merchant says.
    pub fn customer_id(&self) -> Option<&str> {
        self.echo.get("customer_id").and_then(Value::as_str)
    }
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
    /// `pre_dispute`, `dispute`, `pre_arbitration`, `arbitration` or `dispute_reversal`.
    #[serde(default = "stage")]
    pub stage: String,
    /// The bank's words.
    #[serde(default)]
    pub reason: Option<String>,
    /// The bank's code.
    #[serde(default)]
    pub reason_code: Option<String>,
    /// Until when evidence may be handed in.
    #[serde(default)]
    pub challenge_required_by: Option<Micros>,
    /// As much as is disputed had been refunded when it was opened.
    #[serde(default)]
    pub is_already_refunded: bool,
    /// What a script decides, and when.
    #[serde(default)]
    pub due: Option<(Micros, String)>,
}

fn stage() -> String {
    "dispute".to_owned()
}

impl Dispute {
    /// The bank has the money for good.
    pub fn is_lost(&self) -> bool {
        matches!(self.status.as_str(), "dispute_lost" | "dispute_accepted")
    }
}
