//! Scripts that a payment brings along: by its metadata, or by a magic amount.

use serde_json::Value;

use super::{Fault, Op, Script};

/// Amounts that carry a fault: minor units from 999 000 001 up, far from everyday prices.
pub const MAGIC_AMOUNTS: &[(i64, Fault)] = &[
    (999_000_001, Fault::Decline),
    (999_000_002, Fault::Processing),
    (999_000_003, Fault::RequiresAction),
    (999_000_004, Fault::Slow),
    (999_000_005, Fault::AnswerLost),
    (999_000_006, Fault::ErrorAfterEffect),
    (999_000_007, Fault::ErrorBeforeEffect),
    (999_000_008, Fault::RateLimited),
    (999_000_009, Fault::Busy),
    (999_000_011, Fault::RefundPending),
    (999_000_012, Fault::RefundFailed),
    (999_000_013, Fault::RefundFailsLater),
    (999_000_014, Fault::RefundSucceedsLater),
    (999_000_021, Fault::WebhookLost),
    (999_000_022, Fault::WebhookDoubled),
    (999_000_023, Fault::WebhookLate),
    (999_000_024, Fault::WebhookOutOfOrder),
    (999_000_025, Fault::WebhookBeforeAnswer),
    (999_000_026, Fault::WebhookForged),
    (999_000_031, Fault::Disputed),
    (999_000_032, Fault::DisputeLost),
    (999_000_033, Fault::DisputeWon),
];

/// The scripts that a new payment brings along: `metadata.sandbox` (`"decline"`, `"read_payment:slow, webhook_lost"`)
/// and its amount. Unknown words are ignored, as metadata is the merchant's own.
pub(crate) fn of_payment(payment_id: &str, amount: Option<i64>, metadata: Option<&Value>) -> Vec<Script> {
    let words = metadata.and_then(|metadata| metadata.get("sandbox")).and_then(Value::as_str).unwrap_or_default();
    let named = words.split(',').filter_map(|word| {
        let (on, fault) = match word.trim().split_once(':') {
            Some((on, fault)) => (Some(parse_word::<Op>(on)?), fault),
            None => (None, word),
        };
        let fault = parse_word::<Fault>(fault)?;
        Some((on.unwrap_or(fault.default_on()), fault))
    });
    let magic = MAGIC_AMOUNTS.iter().filter(|(magic, _)| amount == Some(*magic)).map(|(_, fault)| (fault.default_on(), *fault));
    named.chain(magic).map(|(on, fault)| Script::new(on, fault).payment(payment_id)).collect()
}

fn parse_word<T: serde::de::DeserializeOwned>(word: &str) -> Option<T> {
    serde_json::from_value(Value::String(word.trim().to_owned())).ok()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn metadata_and_amount_bring_scripts() {
        let scripts = of_payment("p", Some(999_000_001), Some(&json!({"sandbox": "answer_lost, read_refund:slow, hello, dispute_lost"})));
        let expected = [
            (Op::CreatePayment, Fault::AnswerLost),
            (Op::ReadRefund, Fault::Slow),
            (Op::Attempt, Fault::DisputeLost),
            (Op::Attempt, Fault::Decline),
        ];
        assert_eq!(scripts.iter().map(|s| (s.on, s.fault)).collect::<Vec<_>>(), expected);
    }
}
