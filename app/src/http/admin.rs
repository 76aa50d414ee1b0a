//! What operators see: what waits on a person, the webhook log, the ledger's balances.

use crate::http::auth::Caller;
use crate::http::page;
use crate::http::tags::Area;
use crate::http::views::MoneyView;
use crate::problem::ApiError;
use crate::services::App;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::ids::DeliveryId;
use veza_domain::time::Timestamp;
use veza_domain::webhook::Delivery;
use veza_ports::storage::{DeliveryFilter, WaitingOn};

/// Routes of operators.
#[derive(Clone, Copy, Debug, Default)]
pub struct AdminApi;

/// Something that waits on a person.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "AttentionItem")]
pub struct AttentionView {
    /// Why, as a stable word.
    pub class: String,
    /// What it is about: `order`, `refund`, `transfer`, `reversal`, `user`.
    pub subject: String,
    /// Its id.
    pub id: Uuid,
    /// The order it belongs to, where it belongs to one.
    #[oai(nullable)]
    pub order_id: Option<Uuid>,
    /// Since when.
    pub since: chrono::DateTime<chrono::Utc>,
    /// Figures and the provider's words.
    pub why: String,
    /// What to do about it.
    pub proposed_action: String,
}

impl From<&Attention> for AttentionView {
    fn from(entry: &Attention) -> Self {
        Self {
            class: entry.code.as_str().to_owned(),
            subject: entry.subject.kind().to_owned(),
            id: entry.subject.id(),
            order_id: entry.order_id.map(|order| order.0),
            since: page::time(entry.since),
            why: entry.detail.clone(),
            proposed_action: entry.code.proposed_action().to_owned(),
        }
    }
}

/// A page of what waits on a person.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct AttentionPage {
    /// Oldest first.
    pub items: Vec<AttentionView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// A delivery in the webhook log.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "WebhookDelivery")]
pub struct DeliveryView {
    /// Its id.
    pub id: Uuid,
    /// When it came.
    pub received_at: chrono::DateTime<chrono::Utc>,
    /// What it says it is; null if unreadable.
    #[oai(nullable)]
    pub event_type: Option<String>,
    /// Was it signed by the payment provider?
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

/// The balance of a ledger account in one currency.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct LedgerBalance {
    /// `psp_clearing`, `platform_fee`, `seller_payable:<seller>`, `connect:<seller>`, `seller_receivable:<seller>`.
    pub account: String,
    /// Debit above 0, credit below.
    pub balance: MoneyView,
}

/// The balances of all accounts of the ledger; they sum to 0 per currency.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct LedgerBalances {
    /// By account and currency.
    pub items: Vec<LedgerBalance>,
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Area::Admin")]
impl AdminApi {
    /// List what waits on a person, oldest first, each with a reason and a proposed action.
    #[oai(path = "/attention", method = "get", operation_id = "listAttention")]
    async fn attention(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<AttentionPage>, ApiError> {
        caller.admin()?;
        let shown = page::limit(limit.0);
        let after = cursor.0.as_deref().map(read_cursor).transpose()?;
        let mut entries = app.store.attention(shown + 1, after).await?;
        let more = entries.len() > shown as usize;
        entries.truncate(shown as usize);
        let next_cursor = entries.last().filter(|_| more).map(cursor_after);
        Ok(Json(AttentionPage { items: entries.iter().map(AttentionView::from).collect(), next_cursor }))
    }

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

    /// Show the balance of every account of the ledger.
    #[oai(path = "/ledger", method = "get", operation_id = "getLedgerBalances")]
    async fn ledger(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<LedgerBalances>, ApiError> {
        caller.admin()?;
        let rows = app.store.ledger_balances().await?;
        let item = |(account, currency, amount): (veza_domain::ledger::Account, _, _)| LedgerBalance {
            account: account.to_string(),
            balance: MoneyView::of(amount, currency),
        };
        Ok(Json(LedgerBalances { items: rows.into_iter().map(item).collect() }))
    }
}

/// The cursor of the page that begins after `entry`: its place in the list, opaque.
fn cursor_after(entry: &Attention) -> String {
    URL_SAFE_NO_PAD.encode(format!("{} {} {}", entry.since.0, entry.subject.id(), entry.code.as_str()))
}

fn read_cursor(cursor: &str) -> Result<WaitingOn, ApiError> {
    let read = || {
        let text = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
        let [since, subject, code] = text.split(' ').collect::<Vec<_>>().try_into().ok()?;
        Some(WaitingOn { since: Timestamp(since.parse().ok()?), subject: Uuid::parse_str(subject).ok()?, code: Code::parse(code)? })
    };
    read().ok_or_else(|| ApiError::bad_request("bad_cursor", "the cursor is not one that a list has given out"))
}
