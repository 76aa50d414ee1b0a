//! Replaying a delivery of the webhook log.

use super::Operator;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::delivery::Handled;
use crate::usecases::{connect_events, webhooks};
use veza_domain::ids::DeliveryId;
use veza_domain::webhook::{ProcessingResult, Sender};

/// Brings a delivery again, through the dispatcher that it came through. What was settled changes nothing.
///
/// # Errors
/// 404 for an unknown delivery; 409 `signature_invalid` for one that was never to be believed; 422 for a body that can't be read;
/// 503 when it can't be processed now.
pub async fn replay(app: &App, operator: Operator, id: DeliveryId) -> Result<ProcessingResult, ApiError> {
    let delivery = app.store.delivery(id).await?;
    let delivery = delivery.ok_or_else(|| ApiError::not_found("delivery_not_found", "there is no such delivery, or it was swept"))?;
    if !delivery.signature_valid {
        return Err(ApiError::conflict("signature_invalid", "its signature was not valid: it can't be replayed"));
    }
    let what = format!("delivery {id}, {}", delivery.event_type.as_deref().unwrap_or("untyped"));
    operator.note(app, "replay_webhook", None, delivery.order_id, what).await?;
    let handled = match delivery.sender {
        Sender::Hyperswitch => webhooks::replay(app, &delivery).await,
        Sender::Stripe => connect_events::replay(app, &delivery).await,
    };
    match handled {
        Handled::Answered(result) => Ok(result),
        Handled::Malformed(why) => Err(ApiError::field("payload", "malformed", why)),
        Handled::BadSignature | Handled::NotStored => {
            Err(ApiError::unavailable("storage_unavailable", "it could not be processed; try again"))
        }
    }
}
