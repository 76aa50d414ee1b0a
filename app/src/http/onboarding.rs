//! A seller's onboarding at the payout provider.

use crate::http::auth::Caller;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::onboarding;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{Object, OpenApi};
use std::sync::Arc;

/// Routes of onboarding.
#[derive(Clone, Copy, Debug, Default)]
pub struct OnboardingApi;

/// Where a seller stands at the payout provider.
#[derive(Clone, Debug, Object)]
pub struct OnboardingView {
    /// The account's id there.
    pub account_id: String,
    /// The provider's page to go on with; it works once, ask again for another.
    pub url: String,
    /// The account can receive transfers.
    pub transfers_enabled: bool,
    /// The account can pay out to its bank.
    pub payouts_enabled: bool,
}

#[OpenApi(prefix_path = "/api/v1/seller", tag = "Area::Selling")]
impl OnboardingApi {
    /// Start or go on with onboarding.
    ///
    /// Opens an account at the payout provider where there is none, asks how it stands, and gives a link to go on with. What
    /// waited for the account is sent as soon as it can receive. Needs the role creator (403 `creator_required`).
    #[oai(path = "/onboarding", method = "post", operation_id = "startOnboarding")]
    async fn start(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<OnboardingView>, ApiError> {
        let onboarding = onboarding::start(&app, caller.user()).await?;
        Ok(Json(OnboardingView {
            account_id: onboarding.account.stripe_account_id.unwrap_or_default(),
            url: onboarding.url,
            transfers_enabled: onboarding.account.transfers_enabled,
            payouts_enabled: onboarding.account.payouts_enabled,
        }))
    }
}
