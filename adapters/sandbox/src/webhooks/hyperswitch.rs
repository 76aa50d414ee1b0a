//! Hyperswitch's webhooks (hyperswitch.md §8): signed once, one event per (object, type), ever.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha512;

use crate::{
    ids::timestamp,
    json::{Json, object},
    model::Target,
    state::{State, event_key},
};

use super::Outgoing;

/// Merchant account that all objects belong to.
pub(crate) const MERCHANT_ID: &str = "merchant_sandbox";
pub(super) const SIGNATURE_HEADER: &str = "x-webhook-signature-512";
/// Waits before the 16 automatic retries.
pub(super) const RETRY_SECONDS: [u64; 16] =
    [60, 300, 300, 600, 600, 600, 600, 600, 3_600, 3_600, 3_600, 3_600, 3_600, 21_600, 21_600, 21_600];

/// Lower-case hex of HMAC-SHA512 over the exact bytes.
pub fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length, so the error arm is never taken.
    Hmac::<Sha512>::new_from_slice(secret.as_bytes())
        .map(|mut mac| {
            mac.update(body);
            hex::encode(mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}

pub(super) fn headers(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request.header("content-type", "application/json").header("user-agent", "Hyperswitch-Backend-Server").header("via", "HyperSwitch")
}

/// What an event is about.
pub(crate) struct Subject<'a> {
    pub(crate) object_id: &'a str,
    pub(crate) payment_id: &'a str,
    /// `payment_details`, `refund_details`, `dispute_details`, `mandate_details`.
    pub(crate) content_type: &'static str,
    pub(crate) object: Json,
}

/// Makes the event, unless no URL is set or the object has had one of this type.
pub(crate) fn emit(state: &mut State, event_type: &str, subject: Subject<'_>) {
    let Subject { object_id, payment_id, content_type, object } = subject;
    if state.webhook_url(Target::Hyperswitch).is_none() || !state.event_keys.insert(event_key(object_id, event_type)) {
        return;
    }
    let now = state.now;
    let event_id = format!("evt_{}", state.ids.uuid_v7(now).simple());
    let body = object! {
        "merchant_id" => MERCHANT_ID,
        "event_id" => event_id.as_str(),
        "event_type" => event_type,
        "content" => object! { "type" => content_type, "object" => object },
        "timestamp" => timestamp(now),
        "processor_merchant_id" => MERCHANT_ID,
    }
    .compact();
    let outgoing = Outgoing {
        target: Target::Hyperswitch,
        event_id,
        event_type: event_type.to_owned(),
        object_id: object_id.to_owned(),
        payment_id: Some(payment_id.to_owned()),
        account: None,
        signature: sign(&state.settings.webhook_secret, body.as_bytes()),
        body,
        facts: json!({"event_type": event_type, "object_id": object_id, "payment_id": payment_id}),
    };
    super::enqueue(state, outgoing);
}
