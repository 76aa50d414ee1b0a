//! `POST /webhooks/hyperswitch`, `POST /webhooks/stripe`: the providers' messages (spec/01-money §5, §6).
//!
//! 413 before anything is stored, 401 before anything is read, 400 for what is signed and broken, 5xx when storage fails so
//! that the PSP sends again, 200 for everything else, also for what is of no use to us.

use crate::http::client::ClientAddr;
use crate::http::tags::Area;
use crate::problem::{ApiError, request_id};
use crate::services::App;
use crate::usecases::connect_events;
use crate::usecases::delivery::{Envelope, Handled};
use crate::usecases::webhooks;
use poem::web::Data;
use poem::{Body, Request};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;
use veza_domain::webhook::Sender;

/// Largest body, in bytes.
pub const BODY_MAX: usize = 64 * 1024;
/// Most characters of a user agent that are kept.
const USER_AGENT_CHARS_MAX: usize = 512;

/// Routes of the providers' messages.
#[derive(Clone, Copy, Debug, Default)]
pub struct WebhooksApi;

/// What came of a delivery.
#[derive(Clone, Debug, Object)]
pub struct DeliveryAnswer {
    /// `ok`, `skipped` or `error: …`, as in the webhook log.
    pub result: String,
}

#[OpenApi(prefix_path = "/webhooks", tag = "Area::Webhooks")]
impl WebhooksApi {
    /// Receive a message of Hyperswitch.
    ///
    /// The raw body, at most 64 KiB, signed in `x-webhook-signature-512` (hex HMAC-SHA512). Each delivery within the size cap
    /// stands in the webhook log once.
    #[oai(path = "/hyperswitch", method = "post", operation_id = "receiveHyperswitchWebhook")]
    async fn hyperswitch(
        &self,
        app: Data<&Arc<App>>,
        client: Data<&ClientAddr>,
        request: &Request,
        body: Body,
    ) -> Result<Json<DeliveryAnswer>, ApiError> {
        let body = read(&app, Sender::Hyperswitch, body).await?;
        let header = app.psp.as_ref().map(|psp| psp.webhooks.signature_header());
        let handled = webhooks::receive(&app, envelope(&body, header, client.0, request)).await;
        answer(&app, Sender::Hyperswitch, handled)
    }

    /// Receive a message of Stripe.
    ///
    /// Of the platform's endpoint or the connected accounts' one; the raw body, at most 64 KiB, signed in `stripe-signature` with either
    /// endpoint's secret, not older than five minutes. A message is a hint: what it names is read at Stripe, and that is settled.
    #[oai(path = "/stripe", method = "post", operation_id = "receiveStripeWebhook")]
    async fn stripe(
        &self,
        app: Data<&Arc<App>>,
        client: Data<&ClientAddr>,
        request: &Request,
        body: Body,
    ) -> Result<Json<DeliveryAnswer>, ApiError> {
        let body = read(&app, Sender::Stripe, body).await?;
        let header = app.connect_webhooks.as_ref().map(|connect| connect.signature_header());
        let handled = connect_events::receive(&app, envelope(&body, header, client.0, request)).await;
        answer(&app, Sender::Stripe, handled)
    }
}

async fn read(app: &App, sender: Sender, body: Body) -> Result<bytes::Bytes, ApiError> {
    body.into_bytes_limit(BODY_MAX).await.map_err(|_| {
        app.metrics.delivery_too_large(sender.as_str());
        ApiError::too_large("body_too_large", "a webhook has at most 64 KiB")
    })
}

fn envelope<'a>(body: &'a [u8], signature_header: Option<&str>, client: &ClientAddr, request: &'a Request) -> Envelope<'a> {
    let header = |name: &str| request.headers().get(name).and_then(|value| value.to_str().ok());
    Envelope {
        body,
        signature: signature_header.and_then(header),
        source_ip: client.0.to_string(),
        user_agent: header("user-agent").unwrap_or_default().chars().take(USER_AGENT_CHARS_MAX).collect(),
        request_id: request_id(),
    }
}

fn answer(app: &App, sender: Sender, handled: Handled) -> Result<Json<DeliveryAnswer>, ApiError> {
    app.metrics.delivery(sender.as_str(), &handled);
    match handled {
        Handled::Answered(result) => Ok(Json(DeliveryAnswer { result: result.to_string() })),
        Handled::BadSignature => Err(ApiError::unauthorized("signature_invalid", "the signature is missing or wrong")),
        Handled::Malformed(why) => Err(ApiError::bad_request("malformed_webhook", why)),
        Handled::NotStored => Err(ApiError::unavailable("storage_unavailable", "it could not be processed; send it again")),
    }
}
