//! Orders and their refunds: confirm, look, give back.

mod body;

pub use body::{
    OrderBody, OrderCreated, OrderPage, OrderStatusView, OrderView, PaymentView, RefundBody, RefundCreated, RefundPage, RefundView,
};

use crate::http::auth::Caller;
use crate::http::keyed::{IdempotencyKey, answer, answer_again, begin, lost};
use crate::http::page;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::checkout::{self, Item};
use crate::usecases::idempotency::{self, Begun};
use crate::usecases::refunds;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{ParseFromJSON, ToJSON};
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::ids::{OrderId, RefundId};
use veza_domain::refund::Refund;
use veza_ports::storage::{IdempotencyRecord, Versioned};

/// Routes of orders.
#[derive(Clone, Copy, Debug, Default)]
pub struct OrdersApi;

/// An order was placed.
#[derive(ApiResponse)]
enum Placed {
    /// The order, and what the browser needs to pay it.
    #[oai(status = 201)]
    Order(Json<OrderCreated>),
}

/// A refund is on its way.
#[derive(ApiResponse)]
enum Requested {
    /// The refund; only the payment provider's word ends it.
    #[oai(status = 202)]
    Refund(Json<RefundCreated>),
}

#[OpenApi(prefix_path = "/api/v1/marketplace/orders", tag = "Area::Orders")]
impl OrdersApi {
    /// Place an order.
    ///
    /// Freezes prices and licence terms and opens one payment for all items. An order of 0 is completed at once, with
    /// `payment: null`. 503 `payment_provider_unavailable` means that the order stands (`order_id`) and its payment will be
    /// opened; 502 `payment_provider_refused` that it has failed; 503 `payment_provider_required` that nothing was written.
    #[oai(path = "/", method = "post", operation_id = "createOrder")]
    async fn create(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        body: Json<OrderBody>,
        /// Makes the request safe to repeat for 24 h: same key and body, same answer.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
    ) -> Result<Placed, ApiError> {
        let items: Vec<Item> = body.0.items.iter().map(Into::into).collect();
        let incoming = match begin(&app, &caller, idempotency::ORDERS, key.0.as_deref(), &body.0).await? {
            None => None,
            Some(Begun::New(incoming)) => Some(incoming),
            Some(Begun::Answered { status, body, resource }) => return repeated(&app, &caller, status, &body, resource).await,
            Some(Begun::Interrupted { resource, stored }) => return gone_on(&app, &caller, OrderId(resource), stored).await,
        };
        let placed = match checkout::place(&app, caller.id(), &items, incoming.as_ref()).await {
            Ok(stored) => Ok(OrderCreated::new(&app.money, &stored.file, Vec::new())),
            Err(error) => Err(error),
        };
        answer(&app, incoming, 201, placed, |created| created.without_secret().to_json_string())
            .await
            .map(|created| Placed::Order(Json(created)))
    }

    /// List my orders, newest first.
    #[oai(path = "/", method = "get", operation_id = "listOrders")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<OrderPage>, ApiError> {
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut orders = app.store.orders_of_buyer(caller.id(), page).await?;
        let next_cursor = page::cut(&mut orders, page, |listed| listed.order.id.0);
        let items = orders.iter().map(|listed| OrderView::new(&app.money, &listed.order, &listed.lines, &listed.flags)).collect();
        Ok(Json(OrderPage { items, next_cursor }))
    }

    /// Show one of my orders.
    #[oai(path = "/:id", method = "get", operation_id = "getOrder")]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /** The order. */
        id: Path<Uuid>,
    ) -> Result<Json<OrderView>, ApiError> {
        let stored = checkout::visible(&app, &caller.actor(), OrderId(id.0)).await?;
        let flags: Vec<_> = app.store.attention_of_order(OrderId(id.0)).await?.iter().map(|entry| entry.code).collect();
        let view = OrderView::new(&app.money, &stored.file.order, &stored.file.lines, &flags);
        let own = stored.file.order.buyer_id == caller.id();
        Ok(Json(if own { view } else { OrderView { payment: None, ..view } }))
    }

    /// Ask for a refund.
    ///
    /// The buyer, a seller of the order (own items only) or an admin. At most one refund of an order is in flight: 409
    /// `refund_already_requested`. Other 409s: `order_not_refundable`, `refund_window_expired`. 502
    /// `payment_provider_refused` means that the refund has failed and the order is back where it was.
    #[oai(path = "/:id/refund", method = "post", operation_id = "refundOrder")]
    async fn refund(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /** The order. */
        id: Path<Uuid>,
        body: Json<RefundBody>,
        /// Makes the request safe to repeat for 24 h: same key and body, same answer.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
    ) -> Result<Requested, ApiError> {
        let wish = body.0.read()?;
        let order_id = OrderId(id.0);
        let incoming = match begin(&app, &caller, &format!("refund:{order_id}"), key.0.as_deref(), &body.0).await? {
            None => None,
            Some(Begun::New(incoming)) => Some(incoming),
            Some(Begun::Answered { status: 202, body, .. }) => {
                let stored = serde_json::from_str(&body).ok().and_then(|json| RefundCreated::parse_from_json(Some(json)).ok());
                return stored.map(|created| Requested::Refund(Json(created))).ok_or_else(lost);
            }
            Some(Begun::Answered { status, body, .. }) => return Err(idempotency::stored_error(status, &body)),
            Some(Begun::Interrupted { resource, .. }) => {
                let refund = find_refund(&app, &caller, order_id, RefundId(resource)).await?;
                return Ok(Requested::Refund(Json(RefundCreated::new(&refund))));
            }
        };
        let requested = refunds::request(&app, caller.actor(), order_id, &wish, incoming.as_ref()).await;
        let requested = requested.map(|refund| RefundCreated::new(&refund));
        answer(&app, incoming, 202, requested, ToJSON::to_json_string).await.map(|created| Requested::Refund(Json(created)))
    }

    /// List the refunds of an order, oldest first.
    #[oai(path = "/:id/refunds", method = "get", operation_id = "listRefunds")]
    async fn refunds(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /** The order. */
        id: Path<Uuid>,
    ) -> Result<Json<RefundPage>, ApiError> {
        let stored = app.store.order_file(OrderId(id.0)).await?;
        let visible = stored.filter(|stored| caller.actor().may_see_refunds(&stored.file.order, &stored.file.lines));
        let stored = visible.ok_or_else(|| ApiError::not_found("order_not_found", "no such order"))?;
        let attention = app.store.attention_of_order(OrderId(id.0)).await?;
        let items = stored.file.refunds.iter().map(|refund| RefundView::new(refund, &attention)).collect();
        Ok(Json(RefundPage { items, next_cursor: None }))
    }
}

/// The first request has placed the order, and could not open its payment or did not live to say so: this one goes on with it.
async fn gone_on(app: &App, caller: &Caller, id: OrderId, stored: Versioned<IdempotencyRecord>) -> Result<Placed, ApiError> {
    let went_on = match checkout::resume(app, id).await {
        Ok(()) => shown(app, caller, id).await,
        Err(error) => Err(error),
    };
    let created = answer_again(app, stored, 201, went_on, |created| created.without_secret().to_json_string()).await?;
    Ok(Placed::Order(Json(created)))
}

async fn repeated(app: &App, caller: &Caller, status: u16, body: &str, resource: Uuid) -> Result<Placed, ApiError> {
    if status != 201 {
        return Err(idempotency::stored_error(status, body));
    }
    let stored = serde_json::from_str(body).ok().and_then(|json| OrderCreated::parse_from_json(Some(json)).ok()).ok_or_else(lost)?;
    let now = shown(app, caller, OrderId(resource)).await?;
    Ok(Placed::Order(Json(stored.with_secret_of(&now))))
}

/// The order as it stands, in the shape of its creation.
async fn shown(app: &App, caller: &Caller, id: OrderId) -> Result<OrderCreated, ApiError> {
    let stored = checkout::visible(app, &caller.actor(), id).await?;
    let flags = app.store.attention_of_order(id).await?.iter().map(|entry| entry.code).collect();
    Ok(OrderCreated::new(&app.money, &stored.file, flags))
}

async fn find_refund(app: &App, caller: &Caller, order: OrderId, id: RefundId) -> Result<Refund, ApiError> {
    let not_found = || ApiError::not_found("refund_not_found", "no such refund");
    let stored = app.store.order_file(order).await?.ok_or_else(not_found)?;
    if !caller.actor().may_see_refunds(&stored.file.order, &stored.file.lines) {
        return Err(not_found());
    }
    stored.file.refunds.into_iter().find(|refund| refund.id == id).ok_or_else(not_found)
}
