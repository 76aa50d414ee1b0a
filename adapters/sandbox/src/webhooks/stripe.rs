//! Stripe's webhooks (stripe.md §9): `transfer.*` for the platform's endpoint, `account.*` and `payout.*` for the Connect
//! endpoint, each with its own secret; every attempt is signed anew.

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha256;

use crate::{
    core::Core,
    ids::seconds,
    model::{StripeEvent, Target},
    state::State,
    stripe::render,
};

use super::Outgoing;

pub(super) const SIGNATURE_HEADER: &str = "stripe-signature";
/// Waits before the automatic retries. Stripe says "up to three days with an exponential back off" and no more; these are ours.
pub(super) const RETRY_SECONDS: [u64; 9] = [300, 1_800, 7_200, 18_000, 36_000, 43_200, 43_200, 43_200, 43_200];
/// Age of a stale signature; receivers refuse 300 s.
const STALE_SECONDS: i64 = 3_600;

/// The value of `Stripe-Signature` for a body: `secret` is the endpoint's (`whsec_…`, as text), `time` seconds since 1970.
pub fn sign_stripe(secret: &str, time: i64, body: &[u8]) -> String {
    format!("t={time},v1={}", digest(secret, time, body))
}

fn digest(secret: &str, time: i64, body: &[u8]) -> String {
    // HMAC takes keys of any length, so the error arm is never taken.
    Hmac::<Sha256>::new_from_slice(secret.as_bytes())
        .map(|mut mac| {
            mac.update(format!("{time}.").as_bytes());
            mac.update(body);
            hex::encode(mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}

/// As Stripe sends it in test mode: with a further signature of a scheme that nobody may count.
pub(super) fn header(secret: &str, time: i64, body: &str) -> String {
    format!("{},v0={}", sign_stripe(secret, time, body.as_bytes()), digest("v0", time, body.as_bytes()))
}

/// Signed with the right secret, long ago.
pub(super) fn stale_header(secret: &str, time: i64, body: &str) -> String {
    header(secret, time.saturating_sub(STALE_SECONDS), body)
}

/// Receivers compare it with their own clock, so it is real time unless the receiver follows the sandbox's clock.
pub(super) fn signing_time(core: &Core) -> i64 {
    if core.settings.stripe_signs_with_sandbox_clock { seconds(core.read(|state| state.now)) } else { chrono::Utc::now().timestamp() }
}

pub(super) fn headers(request: reqwest::RequestBuilder) -> reqwest::RequestBuilder {
    request
        .header("content-type", "application/json; charset=utf-8")
        .header("user-agent", "Stripe/1.0 (+https://stripe.com/docs/webhooks)")
        .header("accept", "*/*; q=0.5, application/xml")
}

/// Sends an event that is in the books already, unless its endpoint has no URL. `about` is the connected account that it is about.
pub(crate) fn emit(state: &mut State, event: &StripeEvent, object_id: &str, about: Option<&str>, payment_id: Option<String>) {
    let target = if event.account.is_some() { Target::StripeConnect } else { Target::Stripe };
    if state.webhook_url(target).is_none() {
        return;
    }
    let outgoing = Outgoing {
        target,
        event_id: event.id.clone(),
        event_type: event.event_type.clone(),
        object_id: object_id.to_owned(),
        payment_id,
        account: about.map(str::to_owned),
        body: render::event(event, 1).pretty(),
        signature: String::new(),
        facts: json!({"event_type": event.event_type, "object_id": object_id, "account": about}),
    };
    super::enqueue(state, outgoing);
}
