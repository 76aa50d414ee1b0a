//! What waits on a person.

use super::operator;
use crate::http::auth::Caller;
use crate::http::page;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::operators::attention::{self, how_to};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::time::Timestamp;
use veza_ports::storage::WaitingOn;

/// Routes of what waits on a person.
#[derive(Clone, Copy, Debug, Default)]
pub struct AttentionApi;

/// Something that waits on a person.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "AttentionItem")]
pub struct AttentionView {
    /// Why, as a stable word.
    pub class: String,
    /// What it is about: `order`, `refund`, `transfer`, `reversal`, `dispute`, `user`.
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
    /// How that is done: calls and commands, with the ids filled in.
    pub how: String,
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
            how: how_to(entry),
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

/// An entry is taken off the list.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct ResolveBody {
    /// What was found and done; the audit log keeps it.
    #[oai(validator(max_length = 500))]
    pub note: Option<String>,
}

#[derive(ApiResponse)]
enum Resolved {
    /// It is off the list.
    #[oai(status = 204)]
    Gone,
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Area::Admin")]
impl AttentionApi {
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
        let next_cursor = entries.last().filter(|_| more).map(|entry| cursor_after(&place(entry)));
        Ok(Json(AttentionPage { items: entries.iter().map(AttentionView::from).collect(), next_cursor }))
    }

    /// Take an entry off the list of what waits on a person. The audit log keeps it.
    #[oai(path = "/attention/:id/:class/resolve", method = "post", operation_id = "resolveAttention")]
    async fn resolve(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// What it is about.
        id: Path<Uuid>,
        /// Why it waits.
        class: Path<String>,
        body: Json<ResolveBody>,
    ) -> Result<Resolved, ApiError> {
        let operator = operator(&caller)?;
        attention::resolve(&app, operator, id.0, &class.0, body.note.as_deref().unwrap_or("no note")).await?;
        Ok(Resolved::Gone)
    }
}

fn place(entry: &Attention) -> WaitingOn {
    WaitingOn { since: entry.since, subject: entry.subject.id(), code: entry.code }
}

/// The cursor of the page that begins after this place.
#[must_use]
pub fn cursor_after(place: &WaitingOn) -> String {
    page::opaque(&format!("{} {} {}", place.since.0, place.subject, place.code.as_str()))
}

/// The place that [`cursor_after`] wrote.
///
/// # Errors
/// 400 `bad_cursor`.
pub fn read_cursor(cursor: &str) -> Result<WaitingOn, ApiError> {
    let text = page::opened(cursor)?;
    let read = || {
        let [since, subject, code] = text.split(' ').collect::<Vec<_>>().try_into().ok()?;
        Some(WaitingOn { since: Timestamp(since.parse().ok()?), subject: Uuid::parse_str(subject).ok()?, code: Code::parse(code)? })
    };
    read().ok_or_else(page::bad_cursor)
}
