//! Transfers and reversals as operators see and drive them, and what operators did.

use super::operator;
use crate::http::auth::Caller;
use crate::http::page;
use crate::http::seller::{ReversalView, TransferPage, TransferView};
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::operators::transfers;
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::ids::{ReversalId, TransferId};
use veza_domain::journal::AdminAction;
use veza_domain::transfer::TransferStatus;
use veza_ports::storage::StatusFilter;

/// Routes of transfers, reversals and the audit log of operators.
#[derive(Clone, Copy, Debug, Default)]
pub struct AdminMoneyApi;

/// Why an operator does something.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct NoteBody {
    /// What was found; the audit log keeps it.
    #[oai(validator(max_length = 500))]
    pub note: Option<String>,
}

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "AdminAction")]
pub struct ActionView {
    /// Its id.
    pub id: Uuid,
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
    /// Who; null for somebody at the command line.
    #[oai(nullable)]
    pub admin_id: Option<Uuid>,
    /// What, as a stable word.
    pub action: String,
    /// What it was done to: `order`, `refund`, `transfer`, `reversal`, `dispute`, `user`; null where it was no one thing.
    #[oai(nullable)]
    pub subject: Option<String>,
    /// Its id.
    #[oai(nullable)]
    pub subject_id: Option<Uuid>,
    /// The order it belongs to, where it belongs to one.
    #[oai(nullable)]
    pub order_id: Option<Uuid>,
    /// Figures and reasons.
    pub detail: String,
}

impl From<&AdminAction> for ActionView {
    fn from(action: &AdminAction) -> Self {
        Self {
            id: action.id.0,
            at: page::time(action.at),
            admin_id: action.admin_id.map(|admin| admin.0),
            action: action.action.clone(),
            subject: action.subject.map(|subject| subject.kind().to_owned()),
            subject_id: action.subject.map(|subject| subject.id()),
            order_id: action.order_id.map(|order| order.0),
            detail: action.detail.clone(),
        }
    }
}

/// A page of what operators did.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct ActionPage {
    /// Newest first.
    pub items: Vec<ActionView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Area::Admin")]
impl AdminMoneyApi {
    /// List all transfers, newest first, each with what was taken back of it.
    #[oai(path = "/transfers", method = "get", operation_id = "listAllTransfers")]
    async fn transfers(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Only with this status.
        status: Query<Option<String>>,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<TransferPage>, ApiError> {
        caller.admin()?;
        let unknown = || ApiError::field("status", "unknown_status", "there is no such status");
        let status = status.0.as_deref().map(|text| TransferStatus::parse(text).ok_or_else(unknown)).transpose()?;
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut transfers = app.store.transfers(StatusFilter { status: status.map(TransferStatus::as_str) }, page).await?;
        let next_cursor = page::cut(&mut transfers, page, |row| row.transfer.id.0);
        Ok(Json(TransferPage { items: transfers.iter().map(TransferView::from).collect(), next_cursor }))
    }

    /// Try a refused transfer again at once, with a fresh budget of retries.
    #[oai(path = "/transfers/:id/retry", method = "post", operation_id = "retryTransfer")]
    async fn retry(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The transfer.
        id: Path<Uuid>,
    ) -> Result<Json<TransferView>, ApiError> {
        let shown = transfers::retry(&app, operator(&caller)?, TransferId(id.0)).await?;
        Ok(Json(TransferView::from(&shown)))
    }

    /// Pay a share by a new transfer, in the place of one that was given up or was taken back at Connect.
    ///
    /// Only after Connect was asked and has none for it. The answer is the new transfer.
    #[oai(path = "/transfers/:id/replace", method = "post", operation_id = "replaceTransfer")]
    async fn replace(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The transfer that is replaced.
        id: Path<Uuid>,
    ) -> Result<Json<TransferView>, ApiError> {
        let shown = transfers::replace(&app, operator(&caller)?, TransferId(id.0)).await?;
        Ok(Json(TransferView::from(&shown)))
    }

    /// Keep what somebody took back of a transfer at Connect: the seller is not to have it.
    ///
    /// Booked as the platform's. The other answer to `external_reversal` is `replace`, by which the seller gets it again.
    #[oai(path = "/transfers/:id/keep", method = "post", operation_id = "keepTransfer")]
    async fn keep(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The transfer.
        id: Path<Uuid>,
        body: Json<NoteBody>,
    ) -> Result<Json<TransferView>, ApiError> {
        let note = body.note.as_deref().unwrap_or("no note");
        let shown = transfers::keep(&app, operator(&caller)?, TransferId(id.0), note).await?;
        Ok(Json(TransferView::from(&shown)))
    }

    /// Write off what a seller owes by a reversal: the platform bears it. The answer is the reversal.
    #[oai(path = "/reversals/:id/write-off", method = "post", operation_id = "writeOffReversal")]
    async fn write_off(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The reversal.
        id: Path<Uuid>,
    ) -> Result<Json<ReversalView>, ApiError> {
        let written_off = transfers::write_off(&app, operator(&caller)?, ReversalId(id.0)).await?;
        Ok(Json(ReversalView::from(&written_off)))
    }

    /// List what operators did, newest first.
    #[oai(path = "/actions", method = "get", operation_id = "listAdminActions")]
    async fn actions(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<ActionPage>, ApiError> {
        caller.admin()?;
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut actions = app.store.admin_actions(page).await?;
        let next_cursor = page::cut(&mut actions, page, |row| row.id.0);
        Ok(Json(ActionPage { items: actions.iter().map(ActionView::from).collect(), next_cursor }))
    }
}
