//! Audits: our books against the providers', started here, run by a worker, read while they run and after.

use super::operator;
use crate::http::auth::Caller;
use crate::http::page;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::audit::{Period, runs};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::audit::{Audit, AuditDifference, KEPT_MAX};
use veza_domain::ids::AuditId;
use veza_domain::time::Timestamp;

/// Routes of audits.
#[derive(Clone, Copy, Debug, Default)]
pub struct AuditsApi;

/// What is audited.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct StartAudit {
    /// Orders and transfers made at or after this; 30 days before `until` when left out.
    pub since: Option<chrono::DateTime<chrono::Utc>>,
    /// And before this; now when left out.
    pub until: Option<chrono::DateTime<chrono::Utc>>,
    /// Settle what the providers say where our books differ, as `veza audit --import` does.
    #[oai(default)]
    pub import: bool,
}

/// An audit and how far it is.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Audit")]
pub struct AuditView {
    /// Its id.
    pub id: Uuid,
    /// Orders and transfers made at or after this are compared.
    pub since: chrono::DateTime<chrono::Utc>,
    /// And before this.
    pub until: chrono::DateTime<chrono::Utc>,
    /// Is what it finds settled?
    pub import: bool,
    /// `running` (or waiting for a worker), `done`, `failed`, `stopped`.
    pub state: String,
    /// Who asked for it.
    #[oai(nullable)]
    pub asked_by: Option<Uuid>,
    /// When.
    pub asked_at: chrono::DateTime<chrono::Utc>,
    /// When it was over.
    #[oai(nullable)]
    pub ended_at: Option<chrono::DateTime<chrono::Utc>>,
    /// How often it was begun: more than once when an instance died over it. 0 while it waits for a worker.
    pub attempt: u32,
    /// Orders in the period.
    pub orders: u64,
    /// Orders compared.
    pub orders_done: u64,
    /// Transfers at Connect compared.
    pub transfers_done: u64,
    /// Differences found; the first 10,000 are kept to be read.
    pub differences: u64,
    /// Objects that could not be read at their provider: not compared.
    pub unread: u64,
    /// Differences whose facts were settled.
    pub imported: u64,
    /// True when it is done, found no difference and could read everything: our books and the providers' agree to the cent.
    pub agrees: bool,
    /// Why it failed.
    #[oai(nullable)]
    pub error: Option<String>,
}

impl From<&Audit> for AuditView {
    fn from(audit: &Audit) -> Self {
        use veza_domain::audit::AuditState;
        let counts = audit.counts;
        Self {
            id: audit.id.0,
            since: page::time(audit.since),
            until: page::time(audit.until),
            import: audit.import,
            state: audit.state.as_str().to_owned(),
            asked_by: audit.asked_by.map(|by| by.0),
            asked_at: page::time(audit.asked_at),
            ended_at: audit.ended_at.map(page::time),
            attempt: audit.attempt,
            orders: counts.orders,
            orders_done: counts.orders_done,
            transfers_done: counts.transfers_done,
            differences: counts.differences,
            unread: counts.unread,
            imported: counts.imported,
            agrees: audit.state == AuditState::Done && counts.differences == 0 && counts.unread == 0,
            error: audit.error.clone(),
        }
    }
}

/// A page of audits.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct AuditPage {
    /// Newest first; the newest 30 are kept.
    pub items: Vec<AuditView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// A difference between our books and a provider's, or within ours.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "AuditDifference")]
pub struct DifferenceView {
    /// Its place among those of the audit, from 0.
    pub place: u64,
    /// Its kind, as a stable word.
    pub code: String,
    /// The order, where it belongs to one.
    #[oai(nullable)]
    pub order_id: Option<Uuid>,
    /// What it is about: an id at a provider, or one of ours.
    pub subject: String,
    /// What our books say.
    pub ours: String,
    /// What the other side says.
    pub theirs: String,
    /// What to do about it.
    pub proposed_action: String,
}

impl From<&AuditDifference> for DifferenceView {
    fn from(found: &AuditDifference) -> Self {
        Self {
            place: found.place,
            code: found.code.clone(),
            order_id: found.order_id.map(|order| order.0),
            subject: found.subject.clone(),
            ours: found.ours.clone(),
            theirs: found.theirs.clone(),
            proposed_action: found.proposed.clone(),
        }
    }
}

/// A page of differences.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct DifferencePage {
    /// In the order in which they were found.
    pub items: Vec<DifferenceView>,
    /// Where the next page begins; null on the last one there is so far.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

#[derive(ApiResponse)]
enum Started {
    /// It runs; read on at its id.
    #[oai(status = 202)]
    Accepted(Json<AuditView>),
}

fn unknown() -> ApiError {
    ApiError::not_found("audit_not_found", "there is no such audit, or it is too old to be kept")
}

fn period(body: &StartAudit, now: Timestamp) -> Result<Period, ApiError> {
    let moment = |at: chrono::DateTime<chrono::Utc>| Timestamp(at.timestamp_micros());
    Period::asked(body.since.map(moment), body.until.map(moment), now)
        .ok_or_else(|| ApiError::field("since", "empty_period", "the period has to begin before it ends"))
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Area::Admin")]
impl AuditsApi {
    /// Compare our books with the providers', for a period.
    ///
    /// A worker runs it in batches, so the length of the period costs time and no memory; its progress and what it finds are read at
    /// its id meanwhile. One runs at a time: 409 `audit_running` names the one that does.
    #[oai(path = "/audits", method = "post", operation_id = "startAudit")]
    async fn start(&self, app: Data<&Arc<App>>, caller: Caller, body: Json<StartAudit>) -> Result<Started, ApiError> {
        let operator = operator(&caller)?;
        let audit = runs::ask(&app, operator, period(&body, app.now())?, body.import).await?;
        Ok(Started::Accepted(Json(AuditView::from(&audit))))
    }

    /// List audits, newest first.
    #[oai(path = "/audits", method = "get", operation_id = "listAudits")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<AuditPage>, ApiError> {
        caller.admin()?;
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut audits = app.store.audits(page).await?;
        let next_cursor = page::cut(&mut audits, page, |audit| audit.id.0);
        Ok(Json(AuditPage { items: audits.iter().map(AuditView::from).collect(), next_cursor }))
    }

    /// Read how far an audit is, and how it ended.
    #[oai(path = "/audits/:id", method = "get", operation_id = "getAudit")]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The audit.
        id: Path<Uuid>,
    ) -> Result<Json<AuditView>, ApiError> {
        caller.admin()?;
        let audit = app.store.audit(AuditId(id.0)).await?.ok_or_else(unknown)?;
        Ok(Json(AuditView::from(&audit)))
    }

    /// List what an audit has found (so far), each difference with what to do about it.
    #[oai(path = "/audits/:id/differences", method = "get", operation_id = "listAuditDifferences")]
    async fn differences(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The audit.
        id: Path<Uuid>,
        /// Only of this kind.
        code: Query<Option<String>>,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<DifferencePage>, ApiError> {
        caller.admin()?;
        let id = AuditId(id.0);
        app.store.audit(id).await?.ok_or_else(unknown)?;
        let shown = page::limit(limit.0);
        let after = cursor.0.as_deref().map(read_cursor).transpose()?;
        let mut found = app.store.audit_differences(id, code.0.as_deref(), shown + 1, after).await?;
        let more = found.len() > shown as usize;
        found.truncate(shown as usize);
        let next_cursor = found.last().filter(|_| more).map(|last| page::opaque(&last.place.to_string()));
        Ok(Json(DifferencePage { items: found.iter().map(DifferenceView::from).collect(), next_cursor }))
    }

    /// Stop an audit; what it has found so far is kept.
    #[oai(path = "/audits/:id/stop", method = "post", operation_id = "stopAudit")]
    async fn stop(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The audit.
        id: Path<Uuid>,
    ) -> Result<Json<AuditView>, ApiError> {
        let audit = runs::stop(&app, operator(&caller)?, AuditId(id.0)).await?;
        Ok(Json(AuditView::from(&audit)))
    }
}

fn read_cursor(cursor: &str) -> Result<u64, ApiError> {
    let place = page::opened(cursor)?.parse().map_err(|_| page::bad_cursor())?;
    if place > KEPT_MAX { Err(page::bad_cursor()) } else { Ok(place) }
}
