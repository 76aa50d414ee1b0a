//! The reconciler's button.

use super::operator;
use crate::http::auth::Caller;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::reconcile::{self, Counts, Extent, Report};
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;

/// Routes of the reconciler.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReconcileApi;

/// What became of the rows of one class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object, serde::Serialize)]
#[oai(rename = "ReconcileCounts")]
pub struct CountsView {
    /// Rows looked at.
    pub seen: u64,
    /// Brought to where the provider is.
    pub settled: u64,
    /// Ended as failed: the provider refused, or definitely has none.
    pub failed: u64,
    /// Nothing to do yet.
    pub skipped: u64,
    /// The provider could not be read; the row is as it was.
    pub errors: u64,
}

impl From<Counts> for CountsView {
    fn from(counts: Counts) -> Self {
        let Counts { seen, settled, failed, skipped, errors } = counts;
        Self { seen, settled, failed, skipped, errors }
    }
}

/// What became of a pass of the reconciler.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Object, serde::Serialize)]
#[oai(rename = "ReconcileReport")]
pub struct ReportView {
    /// Stuck orders, failed ones of the last day, open disputes.
    pub orders: CountsView,
    /// Stuck refunds that the payment provider has given an id.
    pub refunds: CountsView,
    /// Stuck refunds without one.
    pub orphan_refunds: CountsView,
    /// Stuck subscriptions.
    pub subscriptions: CountsView,
    /// Transfers and reversals of unknown outcome.
    pub transfers: CountsView,
}

impl From<Report> for ReportView {
    fn from(report: Report) -> Self {
        Self {
            orders: report.orders.into(),
            refunds: report.refunds.into(),
            orphan_refunds: report.orphan_refunds.into(),
            subscriptions: report.subscriptions.into(),
            transfers: report.transfers.into(),
        }
    }
}

#[OpenApi(prefix_path = "/api/v1/admin", tag = "Area::Admin")]
impl ReconcileApi {
    /// Ask the providers about everything that is stuck, now.
    ///
    /// Each stuck row is seen once, whatever its pause; recent and settled rows are left alone. What can't be read stays as it was and is
    /// counted in `errors`. A pass that takes longer than a request may (a minute) is cut off with 503 `timeout`; `veza reconcile --once`
    /// has no limit.
    #[oai(path = "/reconcile", method = "post", operation_id = "runReconcile")]
    async fn run(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<ReportView>, ApiError> {
        let operator = operator(&caller)?;
        if app.psp.is_none() {
            return Err(ApiError::unavailable("payment_provider_required", "reconciling needs a payment provider, and none is configured"));
        }
        operator.note(&app, "reconcile", None, None, "every stuck row once").await?;
        Ok(Json(reconcile::run(&app, Extent::Everything, &|_| {}).await?.into()))
    }
}
