//! The one gate: may somebody use a feature? Until plans are there, who is a creator may distribute.

use crate::problem::ApiError;
use crate::services::App;
use veza_domain::identity::Role;
use veza_domain::ids::UserId;
use veza_domain::subscription::Feature;

/// Goes on for those who may use `feature`.
///
/// # Errors
/// 403 `plan_required`; the store's.
pub async fn require(app: &App, user: UserId, feature: Feature) -> Result<(), ApiError> {
    let creator = app.store.user(user).await?.is_some_and(|user| user.value.roles.has(Role::Creator));
    match feature {
        Feature::SellOnMarketplace | Feature::Distribute if creator => Ok(()),
        Feature::SellOnMarketplace | Feature::Distribute | Feature::ExportAnalytics => {
            Err(ApiError::forbidden("plan_required", "the plans creator and premium have this"))
        }
    }
}
