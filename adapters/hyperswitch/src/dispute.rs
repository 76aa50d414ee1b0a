//! Disputes as they stand in JSON (contracts/hyperswitch.md §2, §9): amounts are strings, statuses carry a prefix.

use crate::wire::{head, words};
use chrono::DateTime;
use serde::{Deserialize, Deserializer};
use veza_domain::dispute::DisputeStatus;
use veza_domain::time::Timestamp;
use veza_ports::payments::PspDispute;

/// Longest name of a stage that we keep; real ones have at most 16 characters.
const STAGE_CHARS_MAX: usize = 100;

/// A dispute in an answer, alone or among those of a payment.
#[derive(Deserialize)]
pub(crate) struct DisputeWire {
    dispute_id: String,
    payment_id: String,
    #[serde(deserialize_with = "minor_units")]
    amount: i64,
    currency: String,
    dispute_status: String,
    #[serde(default)]
    dispute_stage: Option<String>,
    #[serde(default)]
    connector_reason: Option<String>,
    #[serde(default)]
    connector_reason_code: Option<String>,
    #[serde(default)]
    challenge_required_by: Option<String>,
}

impl DisputeWire {
    pub(crate) fn is(&self, dispute_id: &str) -> bool {
        self.dispute_id == dispute_id
    }
}

impl From<DisputeWire> for PspDispute {
    fn from(wire: DisputeWire) -> Self {
        Self {
            dispute_id: wire.dispute_id,
            payment_id: wire.payment_id,
            status: dispute_status(&wire.dispute_status),
            psp_status: wire.dispute_status,
            stage: wire.dispute_stage.as_deref().and_then(stage),
            amount: wire.amount,
            currency: wire.currency.to_ascii_uppercase(),
            reason: words(wire.connector_reason_code.as_deref(), wire.connector_reason.as_deref()),
            respond_by: wire.challenge_required_by.as_deref().and_then(moment),
        }
    }
}

/// §9: `dispute_opened`, …; flat bodies may leave the prefix out. None for one that we do not know.
pub(crate) fn dispute_status(status: &str) -> Option<DisputeStatus> {
    DisputeStatus::parse(status.strip_prefix("dispute_").unwrap_or(status))
}

/// The provider's word for a stage, if it says one.
pub(crate) fn stage(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| head(text, STAGE_CHARS_MAX).to_owned())
}

/// §2: `YYYY-MM-DDTHH:MM:SS.mmmZ`. Only shown, so one that can't be read is left out.
pub(crate) fn moment(text: &str) -> Option<Timestamp> {
    DateTime::parse_from_rfc3339(text).ok().map(|at| Timestamp(at.timestamp_micros()))
}

/// Minor units from a string of digits, or from a number should one come.
pub(crate) fn minor(text: &str) -> Option<i64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

fn minor_units<'de, D: Deserializer<'de>>(deserializer: D) -> Result<i64, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Either {
        Text(String),
        Number(i64),
    }
    let amount = match Either::deserialize(deserializer)? {
        Either::Text(text) => minor(&text),
        Either::Number(number) => Some(number).filter(|number| *number >= 0),
    };
    amount.ok_or_else(|| serde::de::Error::custom("an amount is not a number of minor units"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_is_read_with_and_without_its_prefix() {
        for status in DisputeStatus::ALL {
            assert_eq!(dispute_status(&format!("dispute_{}", status.as_str())), Some(status));
            assert_eq!(dispute_status(status.as_str()), Some(status));
        }
        for unknown in ["", "dispute_", "dispute_dispute_won", "DISPUTE_WON", "tomorrow"] {
            assert_eq!(dispute_status(unknown), None, "{unknown:?}");
        }
    }

    #[test]
    fn moments_are_read_or_left_out() {
        assert_eq!(moment("2026-08-12T08:14:55.386Z"), Some(Timestamp(1_786_522_495_386_000)));
        assert_eq!(moment("2026-08-12T10:14:55+02:00"), Some(Timestamp(1_786_522_495_000_000)));
        for unreadable in ["", "tomorrow", "2026-08-12", "1786522495"] {
            assert_eq!(moment(unreadable), None, "{unreadable:?}");
        }
    }
}
