//! Messages of the providers. Input: the signature header, a line feed, the body.
//!
//! The sandbox signs with code of its own, so it is the other opinion on what a signature has to be.

use crate::line;
use secrecy::SecretString;
use serde_json::Value;
use std::sync::LazyLock;
use std::time::Duration;
use veza_domain::time::Timestamp;
use veza_hyperswitch::{Hyperswitch, HyperswitchConfig};
use veza_ports::payments::{PaymentWebhooks, WebhookEvent, WebhookSubject};
use veza_ports::transfers::{RejectedMessage, TransferWebhooks};
use veza_stripe::StripeWebhooks;

const SECRET: &str = "hs_sample_response_hash_key_0123456789abcdefghijklmnopqrstuvwxyzAB";
const STRIPE_SECRETS: [&str; 2] = ["whsec_platform_1f2e3d4c5b6a", "whsec_connect_6a5b4c3d2e1f"];
/// When the messages come, in seconds.
const NOW: i64 = 1_790_000_515;
/// How far a time of Stripe's may be off.
const TOLERANCE: i64 = 300;

static HYPERSWITCH: LazyLock<Hyperswitch> = LazyLock::new(|| {
    let config = HyperswitchConfig {
        base_url: "http://127.0.0.1:1".into(),
        api_key: "none".into(),
        webhook_secret: SECRET.into(),
        profile_id: None,
        timeout: Duration::from_secs(1),
    };
    Hyperswitch::new(config).unwrap()
});

static STRIPE: LazyLock<StripeWebhooks> = LazyLock::new(|| StripeWebhooks::new(&STRIPE_SECRETS.map(SecretString::from)).unwrap());

/// Nothing but the one right signature is accepted; the same JSON written otherwise means the same; amounts are the body's own.
///
/// # Panics
/// When that is not so.
pub fn hyperswitch_webhook(input: &[u8]) {
    let (header, body) = line(input);
    let right = veza_sandbox::sign(SECRET, body);
    if let Ok(header) = std::str::from_utf8(header) {
        assert_eq!(HYPERSWITCH.verify(body, Some(header)), header.eq_ignore_ascii_case(&right), "accepted, or refused, by {header:?}");
    }
    assert!(HYPERSWITCH.verify(body, Some(&right)) && !HYPERSWITCH.verify(body, None));
    let mut longer = body.to_vec();
    longer.push(b' ');
    assert!(!HYPERSWITCH.verify(&longer, Some(&right)), "a signature of another body");

    let event_type = HYPERSWITCH.event_type(body);
    let Ok(event) = HYPERSWITCH.parse(body) else { return };
    assert_eq!(event.event_type, event_type);
    let Ok(json) = serde_json::from_slice::<Value>(body) else { return };
    assert_eq!(HYPERSWITCH.parse(json.to_string().as_bytes()).ok().as_ref(), Some(&event), "the same JSON, written otherwise");
    for amount in amounts(&event) {
        assert!(amount >= 0 && says(&json, amount), "{amount} is not in the body");
    }
}

fn amounts(event: &WebhookEvent) -> Vec<i64> {
    let (one, other) = match &event.subject {
        WebhookSubject::Payment { amount, amount_received, .. } => (*amount, *amount_received),
        WebhookSubject::Refund { amount, .. } | WebhookSubject::Dispute { amount, .. } => (*amount, None),
        WebhookSubject::MethodRevoked { .. } | WebhookSubject::Other => (None, None),
    };
    one.into_iter().chain(other).collect()
}

/// Is this number in the document, as a number or as its digits?
fn says(json: &Value, amount: i64) -> bool {
    match json {
        Value::Number(number) => number.as_i64() == Some(amount),
        Value::String(text) => text.parse() == Ok(amount),
        Value::Array(items) => items.iter().any(|item| says(item, amount)),
        Value::Object(fields) => fields.values().any(|field| says(field, amount)),
        Value::Null | Value::Bool(_) => false,
    }
}

/// Nothing is accepted but what one of the two secrets has signed, at about this time; the same JSON written otherwise means the same.
///
/// # Panics
/// When that is not so.
pub fn stripe_webhook(input: &[u8]) {
    let (header, body) = line(input);
    let now = |seconds: i64| Timestamp(seconds * 1_000_000);
    if let Ok(header) = std::str::from_utf8(header) {
        let accepted = !matches!(STRIPE.accept(body, Some(header), now(NOW)), Err(RejectedMessage::Signature));
        assert!(!accepted || may_count(header, body), "a forged signature: {header:?}");
    }
    assert!(matches!(STRIPE.accept(body, None, now(NOW)), Err(RejectedMessage::Signature)), "no signature at all");
    for secret in STRIPE_SECRETS {
        let signed = veza_sandbox::sign_stripe(secret, NOW, body);
        let accepted = |at| !matches!(STRIPE.accept(body, Some(&signed), now(at)), Err(RejectedMessage::Signature));
        assert!(accepted(NOW - TOLERANCE) && accepted(NOW + TOLERANCE), "refuses what is signed");
        assert!(!accepted(NOW - TOLERANCE - 1) && !accepted(NOW + TOLERANCE + 1), "accepts what is old");
        let other = veza_sandbox::sign_stripe(&format!("{secret}x"), NOW, body);
        assert!(matches!(STRIPE.accept(body, Some(&other), now(NOW)), Err(RejectedMessage::Signature)), "another secret");
    }

    let event_type = STRIPE.event_type(body);
    let Ok(event) = STRIPE.parse(body) else { return };
    assert_eq!(Some(&event.event_type), event_type.as_ref());
    let Ok(json) = serde_json::from_slice::<Value>(body) else { return };
    assert_eq!(STRIPE.parse(json.to_string().as_bytes()).ok().as_ref(), Some(&event), "the same JSON, written otherwise");
}

/// One time, not far from ours, and a digest that one of the secrets gives for it and this body.
fn may_count(header: &str, body: &[u8]) -> bool {
    let times: Vec<i64> = header.split(',').filter_map(|pair| pair.trim().strip_prefix("t=")?.parse().ok()).collect();
    let [time] = times[..] else { return false };
    let signed = |secret: &str| {
        let right = veza_sandbox::sign_stripe(secret, time, body);
        right.split_once(',').is_some_and(|(_, digest)| header.to_ascii_lowercase().contains(digest))
    };
    time.abs_diff(NOW) <= TOLERANCE.unsigned_abs() && STRIPE_SECRETS.iter().any(|secret| signed(secret))
}
