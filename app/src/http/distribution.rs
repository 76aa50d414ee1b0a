//! Sending music to streaming platforms, taking it down, and what it brought.

mod body;

use super::keyed::{IdempotencyKey, answer, begin, lost};
use crate::http::auth::Caller;
use crate::http::page;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::distribution::{self, BYTES_MAX, import};
use crate::usecases::idempotency::{self, Begun};
use body::{
    ImportedView, ReportBody, RoyaltyPage, RoyaltyView, SubmissionDetail, SubmissionPage, SubmissionView, SubmitBody, TakedownBody,
};
use poem::web::Data;
use poem_openapi::param::{Path, Query};
use poem_openapi::payload::Json;
use poem_openapi::types::{ParseFromJSON, ToJSON};
use poem_openapi::{ApiResponse, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::distribution::{Platform, ReportPeriod, RoyaltySum};
use veza_domain::ids::{ProductId, SubmissionId};
use veza_ports::storage::RoyaltyPlace;

/// The scope of keys of submissions.
const SUBMIT: &str = "submit_distribution";

/// Routes of distribution.
#[derive(Clone, Copy, Debug, Default)]
pub struct DistributionApi;

#[derive(ApiResponse)]
enum Submitted {
    /// It is handed in; a worker sends it to the distributor.
    #[oai(status = 201)]
    Submission(Json<SubmissionDetail>),
}

#[derive(ApiResponse)]
enum Requested {
    /// The takedown is asked for; each platform's status says when it is done.
    #[oai(status = 202)]
    Submission(Json<SubmissionDetail>),
}

#[OpenApi(prefix_path = "/api/v1", tag = "Area::Distribution")]
impl DistributionApi {
    /// Send a track or release to streaming platforms.
    ///
    /// A product of kind `track` or `pack` of the caller's, published or not. Needs a plan that can distribute: 403 `plan_required`, or
    /// `complete_payment` for a plan that is not paid. 409 `already_distributed` while it is on one of these platforms or on its way there.
    #[oai(path = "/distribution/submit", method = "post", operation_id = "submitDistribution")]
    async fn submit(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        body: Json<SubmitBody>,
        /// Makes the request safe to repeat for 24 h: same key and body, same answer.
        #[oai(name = "Idempotency-Key")]
        key: IdempotencyKey,
    ) -> Result<Submitted, ApiError> {
        let platforms = body::platforms(&body.0.platforms)?;
        let incoming = match begin(&app, &caller, SUBMIT, key.0.as_deref(), &body.0).await? {
            None => None,
            Some(Begun::New(incoming)) => Some(incoming),
            Some(Begun::Answered { status: 201, body, .. }) => {
                let stored = serde_json::from_str(&body).ok().and_then(|json| SubmissionDetail::parse_from_json(Some(json)).ok());
                return stored.map(|made| Submitted::Submission(Json(made))).ok_or_else(lost);
            }
            Some(Begun::Answered { status, body, .. }) => return Err(idempotency::stored_error(status, &body)),
            Some(Begun::Interrupted { resource, .. }) => {
                let stored = distribution::shown(&app, &caller.actor(), SubmissionId(resource)).await?;
                return Ok(Submitted::Submission(Json((&stored).into())));
            }
        };
        let made = distribution::submit(&app, caller.user(), ProductId(body.0.product_id), &platforms, incoming.as_ref()).await;
        let made = made.map(|stored| SubmissionDetail::from(&stored));
        answer(&app, incoming, 201, made, ToJSON::to_json_string).await.map(|made| Submitted::Submission(Json(made)))
    }

    /// List my submissions, newest first.
    #[oai(path = "/distribution/submissions", method = "get", operation_id = "listSubmissions")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<SubmissionPage>, ApiError> {
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut found = app.store.submissions_of_user(caller.id(), page).await?;
        let next_cursor = page::cut(&mut found, page, |listed| listed.submission.id.0);
        Ok(Json(SubmissionPage { items: found.iter().map(SubmissionView::from).collect(), next_cursor }))
    }

    /// Show a submission with each platform's history: who moved it, when and why.
    #[oai(path = "/distribution/submissions/:id", method = "get", operation_id = "getSubmission")]
    async fn get(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The submission.
        id: Path<Uuid>,
    ) -> Result<Json<SubmissionDetail>, ApiError> {
        let stored = distribution::shown(&app, &caller.actor(), SubmissionId(id.0)).await?;
        Ok(Json((&stored).into()))
    }

    /// Ask for a submission to be taken down.
    ///
    /// Its owner or an admin. Asked twice, done once. 409 `nothing_to_take_down` when it is over on all of these platforms.
    #[oai(path = "/distribution/submissions/:id/takedown", method = "post", operation_id = "requestTakedown")]
    async fn take_down(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// The submission.
        id: Path<Uuid>,
        body: Json<TakedownBody>,
    ) -> Result<Requested, ApiError> {
        let platforms = body.0.platforms.as_deref().map(body::platforms).transpose()?;
        let why = body.0.reason()?;
        let id = SubmissionId(id.0);
        let stored = distribution::take_down(&app, &caller.actor(), id, platforms.as_deref(), why).await?;
        Ok(Requested::Submission(Json((&stored).into())))
    }

    /// What my tracks have brought, by track, platform and period.
    ///
    /// Over all territories, per currency, from the reports that operators have imported.
    #[oai(path = "/distribution/royalties", method = "get", operation_id = "getRoyalties")]
    async fn royalties(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<RoyaltyPage>, ApiError> {
        let (limit, after) = (page::limit(limit.0), cursor.0.as_deref().map(opened).transpose()?);
        let mut sums = app.store.royalties_of_user(caller.id(), limit + 1, after).await?;
        let more = sums.len() > limit as usize;
        sums.truncate(limit as usize);
        let next_cursor = sums.last().filter(|_| more).map(|sum| page::opaque(&place(sum)));
        let ids: Vec<ProductId> = sums.iter().map(|sum| sum.product_id).collect();
        let products = app.store.products_by_id(&ids).await?;
        let title = |id: ProductId| products.iter().find(|product| product.value.id == id).map(|product| product.value.title.clone());
        let items = sums.iter().map(|sum| RoyaltyView::new(sum, title(sum.product_id))).collect();
        Ok(Json(RoyaltyPage { items, next_cursor }))
    }

    /// Import a royalty report.
    ///
    /// CSV with a header: `reference` (the distributor's, or an ISRC), `platform`, `period` (`2026-01`), `units`, `amount` (minor units),
    /// `currency`, and where told apart `territory`; at most 2 MiB and 10,000 lines. All of it counts or nothing: what is wrong is named
    /// by line in `errors`. The same file counts once, and so does a line that another file has told already; one with other figures is
    /// refused.
    #[oai(path = "/admin/royalties", method = "post", operation_id = "importRoyalties")]
    async fn import(&self, app: Data<&Arc<App>>, caller: Caller, body: ReportBody) -> Result<Json<ImportedView>, ApiError> {
        let admin = caller.admin()?.id;
        let ReportBody::Csv(body) = body;
        let too_large = |_| ApiError::too_large("body_too_large", "a report has at most 2 MiB");
        let bytes = body.0.into_bytes_limit(BYTES_MAX).await.map_err(too_large)?;
        let imported = import(&app, admin, &bytes).await?;
        Ok(Json(ImportedView::from(&imported)))
    }
}

/// A place in the list of royalties.
fn place(sum: &RoyaltySum) -> String {
    let (product, platform, period, currency) = sum.place();
    format!("{product}/{}/{period}/{currency}", platform.as_str())
}

/// Reads what [`place`] wrote.
fn opened(cursor: &str) -> Result<RoyaltyPlace, ApiError> {
    let text = page::opened(cursor)?;
    let mut parts = text.split('/');
    let mut next = || parts.next().unwrap_or_default();
    let (product, platform, period, currency) =
        (next().parse().ok(), Platform::parse(next()), ReportPeriod::parse(next()), next().parse().ok());
    product.zip(platform).zip(period).zip(currency).map(|(((a, b), c), d)| (a, b, c, d)).ok_or_else(page::bad_cursor)
}
