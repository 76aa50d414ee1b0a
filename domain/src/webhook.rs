//! One row per webhook delivery, whatever came of it (spec/01-money §7).

use crate::ids::{DeliveryId, OrderId};
use crate::time::Timestamp;
use std::fmt;

/// What came of a delivery.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProcessingResult {
    /// It did what it was for, or that had been done.
    Ok,
    /// It was accepted and not acted on, or refused for a reason.
    Error(String),
    /// The signature is missing or wrong.
    SignatureInvalid,
    /// Not ours, or of no use to us.
    Skipped,
}

impl fmt::Display for ProcessingResult {
    /// `ok`, `error: …`, `signature_invalid`, `skipped`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ok => f.write_str("ok"),
            Self::Error(why) => write!(f, "error: {why}"),
            Self::SignatureInvalid => f.write_str("signature_invalid"),
            Self::Skipped => f.write_str("skipped"),
        }
    }
}

impl From<&str> for ProcessingResult {
    /// Reads what `Display` wrote; anything else is an error of that text.
    fn from(text: &str) -> Self {
        match text {
            "ok" => Self::Ok,
            "signature_invalid" => Self::SignatureInvalid,
            "skipped" => Self::Skipped,
            other => Self::Error(other.strip_prefix("error: ").unwrap_or(other).to_owned()),
        }
    }
}

/// Who sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sender {
    /// `/webhooks/hyperswitch`.
    Hyperswitch,
    /// `/webhooks/stripe`.
    Stripe,
}

impl Sender {
    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Hyperswitch => "hyperswitch",
            Self::Stripe => "stripe",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Hyperswitch, Self::Stripe].into_iter().find(|sender| sender.as_str() == text)
    }
}

/// One delivery, in its final state. The payload stands here and nowhere else.
#[derive(Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Ours.
    pub id: DeliveryId,
    /// Whose route it came to.
    pub sender: Sender,
    /// The order it is about, where that is known.
    pub order_id: Option<OrderId>,
    /// When it came.
    pub received_at: Timestamp,
    /// What it says it is; none if unreadable.
    pub event_type: Option<String>,
    /// Was it signed by the PSP?
    pub signature_valid: bool,
    /// What came of it.
    pub result: ProcessingResult,
    /// The client's address, trusted proxies respected.
    pub source_ip: String,
    /// The client's name for itself.
    pub user_agent: String,
    /// The PSP's `X-Request-Id`, else one of ours.
    pub request_id: String,
    /// The body; empty if it is not UTF-8.
    pub payload: String,
}

impl fmt::Debug for Delivery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Delivery({}, {:?}, {}, {} bytes)", self.id, self.event_type, self.result, self.payload.len())
    }
}
