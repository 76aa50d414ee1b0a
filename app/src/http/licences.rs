//! Licences that I own.

use crate::http::auth::Caller;
use crate::http::page;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use poem::web::Data;
use poem_openapi::param::Query;
use poem_openapi::payload::Json;
use poem_openapi::{Enum, Object, OpenApi};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::licence::{Licence, LicenceStatus};

/// Routes of licences.
#[derive(Clone, Copy, Debug, Default)]
pub struct LicencesApi;

/// Whether a licence still permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "OwnedLicenseStatus", rename_all = "snake_case")]
pub enum LicenceStatusView {
    /// It does.
    Active,
    /// Its price was refunded.
    Revoked,
}

/// A licence that somebody owns.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "OwnedLicense")]
pub struct LicenceView {
    /// Its id.
    pub id: Uuid,
    /// What it licenses.
    pub product_id: Uuid,
    /// The order that paid for it.
    pub order_id: Uuid,
    /// Under which terms; `standard` where the product was bought without a chosen licence.
    pub kind: String,
    /// Whether it still permits.
    pub status: LicenceStatusView,
    /// When it was granted.
    pub granted_at: chrono::DateTime<chrono::Utc>,
}

impl From<&Licence> for LicenceView {
    fn from(licence: &Licence) -> Self {
        Self {
            id: licence.id.0,
            product_id: licence.product_id.0,
            order_id: licence.order_id.0,
            kind: licence.kind.as_str().to_owned(),
            status: match licence.status {
                LicenceStatus::Active => LicenceStatusView::Active,
                LicenceStatus::Revoked => LicenceStatusView::Revoked,
            },
            granted_at: page::time(licence.granted_at),
        }
    }
}

/// A page of licences.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct OwnedLicensePage {
    /// Newest first.
    pub items: Vec<LicenceView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

#[OpenApi(prefix_path = "/api/v1", tag = "Area::Orders")]
impl LicencesApi {
    /// List the licences I own, newest first, revoked ones too.
    #[oai(path = "/me/licenses", method = "get", operation_id = "listMyLicenses")]
    async fn list(
        &self,
        app: Data<&Arc<App>>,
        caller: Caller,
        /// Items of a page, 1 to 100; 20 when left out, a larger wish is clamped.
        limit: Query<Option<u32>>,
        /// `next_cursor` of the page before.
        cursor: Query<Option<String>>,
    ) -> Result<Json<OwnedLicensePage>, ApiError> {
        let page = page::read(limit.0, cursor.0.as_deref())?;
        let mut licences = app.store.licences_of_buyer(caller.id(), page).await?;
        let next_cursor = page::cut(&mut licences, page, |licence| licence.id.0);
        Ok(Json(OwnedLicensePage { items: licences.iter().map(LicenceView::from).collect(), next_cursor }))
    }
}
