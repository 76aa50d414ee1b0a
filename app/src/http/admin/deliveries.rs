//! The webhook log: search, read, replay.

use super::operator;
use crate::http::auth::Caller;
use crate::http::page;
use crate::http::tags::Area;
use crate::http::webhooks::DeliveryAnswer;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::operators::webhooks;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::ids::DeliveryId;
use veza_domain::time::Timestamp;
use veza_domain::webhook::{Delivery, Sender};
use veza_ports::storage::DeliveryFilter;

/// Routes of the webhook log.
#[derive(Clone, Copy, Debug, Default)]
pub struct DeliveriesApi;

/// A delivery in the webhook log.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "WebhookDelivery")]
pub struct DeliveryView {
    /// Its id.
    pub id: Uuid,
    /// Whose route it came to: `hyperswitch` or `stripe`.
    pub sender: String,
    /// The order it is about, where that is known.
    #[oai(nullable)]
    pub order_id: Option<Uuid>,
    /// When it came.
    pub received_at: chrono::DateTime<chrono::Utc>,
    /// What it says it is; null if unreadable.
    #[oai(nullable)]
    pub event_type: Option<String>,
    /// Was it signed by the sender?
    pub signature_valid: bool,
    /// `ok`, `error: …`, `signature_invalid` or `skipped`.
    pub processing_result: String,
    /// The sender's address.
    pub source_ip: String,
    /// The sender's name for itself.
    pub user_agent: String,
    /// The sender's id of the request, or ours; it is on every log line of it.
    pub request_id: String,
    /// The body as it came; empty if it was not UTF-8.
    pub payload: String,
}

impl From<&Delivery> for DeliveryView {
    fn from(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.0,
            sender: delivery.sender.as_str().to_owned(),
            order_id: delivery.order_id.map(|order| order.0),
            received_at: page::time(delivery.received_at),
            event_type: delivery.event_type.clone(),
            signature_valid: delivery.signature_valid,
            processing_result: delivery.result.to_string(),
            source_ip: delivery.source_ip.clone(),
            user_agent: delivery.user_agent.clone(),
            request_id: delivery.request_id.clone(),
            payload: delivery.payload.clone(),
        }
    }
}

/// A page of the webhook log.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct DeliveryPage {
    /// Newest first.
    pub items: Vec<DeliveryView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Area::Admin")]
impl DeliveriesApi {
    /// Search the webhook log, newest first.
    ///
    /// Every delivery within the size limit has one row, whatever came of it.
    #[expect(clippy::too_many_arguments, reason = "each is a filter of the list")]
    #[oai(path = "/webhooks", method = "get", operation_id = "listWebhookDeliveries")]
    async fn webhooks(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Only deliveries whose signature was good, or was not.
        signature_valid: Query<Option<bool>>,
        /// Only this type, e.g. `payment_succeeded`.
        event_type: Query<Option<String>>,
        /// Only results that begin with this; `error` finds all errors.
        result: Query<Option<String>>,
        /// Only one sender's: `hyperswitch` or `stripe`.
        sender: Query<Option<String>>,
        /// Only what came at or after this moment (RFC 3339).
        since: Query<Option<chrono::DateTime<chrono::Utc>>>,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<DeliveryPage>, ApiError> {
        caller.admin()?;
        let filter = DeliveryFilter {
            signature_valid: signature_valid.0,
            event_type: event_type.0,
            result: result.0,
            sender: sender.0.as_deref().map(read_sender).transpose()?,
            since: since.0.map(|at| Timestamp(at.timestamp_micros())),
        };
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut deliveries = app.store.deliveries(&filter, page).await?;
        let next_cursor = page::cut(&mut deliveries, page, |delivery| delivery.id.0);
        Ok(Json(DeliveryPage { items: deliveries.iter().map(DeliveryView::from).collect(), next_cursor }))
    }

    /// Show one delivery of the webhook log.
    #[oai(path = "/webhooks/:id", method = "get", operation_id = "getWebhookDelivery")]
    async fn webhook(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The delivery.
        id: Path<Uuid>,
    ) -> Result<Json<DeliveryView>, ApiError> {
        caller.admin()?;
        let delivery = app.store.delivery(DeliveryId(id.0)).await?;
        let delivery = delivery.ok_or_else(|| ApiError::not_found("delivery_not_found", "there is no such delivery, or it was swept"))?;
        Ok(Json(DeliveryView::from(&delivery)))
    }

    /// Bring a delivery again, through the dispatcher it came through.
    ///
    /// What was settled changes nothing. A delivery whose signature was not valid can't be replayed.
    #[oai(path = "/webhooks/:id/replay", method = "post", operation_id = "replayWebhookDelivery")]
    async fn replay(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The delivery.
        id: Path<Uuid>,
    ) -> Result<Json<DeliveryAnswer>, ApiError> {
        let result = webhooks::replay(&app, operator(&caller)?, DeliveryId(id.0)).await?;
        Ok(Json(DeliveryAnswer { result: result.to_string() }))
    }
}

fn read_sender(text: &str) -> Result<Sender, ApiError> {
    Sender::parse(text).ok_or_else(|| ApiError::field("sender", "unknown_sender", "is hyperswitch or stripe"))
}
