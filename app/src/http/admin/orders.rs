//! Orders, their timelines, refunds and disputes, as operators see them.

use super::operator;
use crate::http::auth::Caller;
use crate::http::orders::{OrderPage, OrderView, RefundPage, RefundView};
use crate::http::page;
use crate::http::tags::Area;
use crate::http::views::MoneyView;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::operators::disputes;
use crate::usecases::timeline::{self, Item};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::ids::{DisputeId, OrderId, UserId};
use veza_domain::money::Minor;
use veza_domain::order::OrderStatus;
use veza_domain::refund::RefundStatus;
use veza_ports::storage::{OrderFilter, StatusFilter};

/// Routes of orders, refunds and disputes for operators.
#[derive(Clone, Copy, Debug, Default)]
pub struct AdminOrdersApi;

/// Something that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct TimelineItem {
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
    /// `fact`, `call`, `webhook`, `ledger`, `job` or `human`.
    pub kind: String,
    /// What, for a person.
    pub text: String,
}

impl From<&Item> for TimelineItem {
    fn from(item: &Item) -> Self {
        Self { at: page::time(item.at), kind: item.kind.as_str().to_owned(), text: item.text.clone() }
    }
}

/// Everything that happened to an order.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct Timeline {
    /// Oldest first.
    pub items: Vec<TimelineItem>,
}

/// A dispute: a buyer asks the card's bank for the money back.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Dispute")]
pub struct DisputeView {
    /// Its id.
    pub id: Uuid,
    /// Its order.
    pub order_id: Uuid,
    /// The payment provider's id.
    pub psp_dispute_id: String,
    /// What the buyer wants back.
    pub amount: MoneyView,
    /// What an operator has booked of its loss, in minor units of the order's currency; only where the bank's is another.
    #[oai(nullable)]
    pub booked_as: Option<i64>,
    /// `opened`, `challenged`, `expired`, `accepted`, `cancelled`, `won` or `lost`.
    pub status: String,
    /// The provider's word for the stage.
    #[oai(nullable)]
    pub stage: Option<String>,
    /// The bank's reason.
    #[oai(nullable)]
    pub reason: Option<String>,
    /// Until when evidence may be handed in at the provider.
    #[oai(nullable)]
    pub respond_by: Option<chrono::DateTime<chrono::Utc>>,
    /// When we learnt of it.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// When it was won or lost.
    #[oai(nullable)]
    pub closed_at: Option<chrono::DateTime<chrono::Utc>>,
}

impl From<&Dispute> for DisputeView {
    fn from(dispute: &Dispute) -> Self {
        Self {
            id: dispute.id.0,
            order_id: dispute.order_id.0,
            psp_dispute_id: dispute.psp_dispute_id.clone(),
            amount: dispute.amount.into(),
            booked_as: dispute.booked_as.map(|amount| amount.0),
            status: dispute.status.as_str().to_owned(),
            stage: dispute.stage.clone(),
            reason: dispute.reason.clone(),
            respond_by: dispute.respond_by.map(page::time),
            created_at: page::time(dispute.created_at),
            closed_at: dispute.closed_at.map(page::time),
        }
    }
}

/// What a loss is worth.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct BookLossBody {
    /// What the bank took, in minor units of the order's currency.
    pub amount: i64,
    /// Where that figure is from; the audit log keeps it.
    #[oai(validator(max_length = 500))]
    pub note: Option<String>,
}

/// A page of disputes.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct DisputePage {
    /// Newest first.
    pub items: Vec<DisputeView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

fn unknown_status() -> ApiError {
    ApiError::field("status", "unknown_status", "there is no such status")
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Area::Admin")]
impl AdminOrdersApi {
    /// List all orders, newest first.
    #[oai(path = "/orders", method = "get", operation_id = "listAllOrders")]
    async fn orders(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Only with this status.
        status: Query<Option<String>>,
        /// Only this buyer's.
        buyer_id: Query<Option<Uuid>>,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<OrderPage>, ApiError> {
        caller.admin()?;
        let status = status.0.as_deref().map(|text| OrderStatus::parse(text).ok_or_else(unknown_status)).transpose()?;
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut orders = app.store.orders(OrderFilter { status, buyer: buyer_id.0.map(UserId) }, page).await?;
        let next_cursor = page::cut(&mut orders, page, |row| row.order.id.0);
        let items = orders.iter().map(|row| OrderView::new(&app.money, &row.order, &row.lines, &row.flags).for_operators()).collect();
        Ok(Json(OrderPage { items, next_cursor }))
    }

    /// Show everything that happened to an order, oldest first.
    #[oai(path = "/orders/:id/timeline", method = "get", operation_id = "getOrderTimeline")]
    async fn timeline(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The order.
        id: Path<Uuid>,
    ) -> Result<Json<Timeline>, ApiError> {
        caller.admin()?;
        let items = timeline::of_order(&app, OrderId(id.0)).await?;
        let items = items.ok_or_else(|| ApiError::not_found("order_not_found", "no such order"))?;
        Ok(Json(Timeline { items: items.iter().map(TimelineItem::from).collect() }))
    }

    /// List all refunds, newest first.
    #[oai(path = "/refunds", method = "get", operation_id = "listAllRefunds")]
    async fn refunds(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Only with this status.
        status: Query<Option<String>>,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<RefundPage>, ApiError> {
        caller.admin()?;
        let status = status.0.as_deref().map(|text| RefundStatus::parse(text).ok_or_else(unknown_status)).transpose()?;
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut refunds = app.store.refunds(StatusFilter { status: status.map(RefundStatus::as_str) }, page).await?;
        let next_cursor = page::cut(&mut refunds, page, |row| row.id.0);
        Ok(Json(RefundPage { items: refunds.iter().map(|refund| RefundView::new(refund, &[])).collect(), next_cursor }))
    }

    /// Book the loss of a dispute that is in another currency than its order.
    ///
    /// What of it the order has left goes back like a refund, the rest is the platform's loss; the shares that it held go their way.
    #[oai(path = "/orders/:id/disputes/:dispute_id/book-loss", method = "post", operation_id = "bookDisputeLoss")]
    async fn book_loss(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The order.
        id: Path<Uuid>,
        /// The dispute.
        dispute_id: Path<Uuid>,
        body: Json<BookLossBody>,
    ) -> Result<Json<DisputeView>, ApiError> {
        let (operator, note) = (operator(&caller)?, body.note.as_deref().unwrap_or("no note"));
        let amount = Minor(body.amount);
        let dispute = disputes::book_loss(&app, operator, OrderId(id.0), DisputeId(dispute_id.0), amount, note).await?;
        Ok(Json(DisputeView::from(&dispute)))
    }

    /// List all disputes, newest first.
    #[oai(path = "/disputes", method = "get", operation_id = "listDisputes")]
    async fn disputes(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Only with this status.
        status: Query<Option<String>>,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<DisputePage>, ApiError> {
        caller.admin()?;
        let status = status.0.as_deref().map(|text| DisputeStatus::parse(text).ok_or_else(unknown_status)).transpose()?;
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut disputes = app.store.disputes(StatusFilter { status: status.map(DisputeStatus::as_str) }, page).await?;
        let next_cursor = page::cut(&mut disputes, page, |row| row.id.0);
        Ok(Json(DisputePage { items: disputes.iter().map(DisputeView::from).collect(), next_cursor }))
    }
}
