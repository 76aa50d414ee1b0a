//! What a person may do by their plan: the one way for use cases to ask [`veza_domain::subscription::gate`].

use crate::problem::ApiError;
use crate::services::App;
use veza_domain::ids::UserId;
use veza_domain::subscription::Feature;
use veza_domain::subscription::gate::{self, Denied};
use veza_ports::storage::StoreError;

/// May `user` use `feature`?
///
/// # Errors
/// [`StoreError`] when nobody knows.
pub async fn allowed(app: &App, user: UserId, feature: Feature) -> Result<Result<(), Denied>, StoreError> {
    let standing = app.store.standing(user).await?;
    let plans = app.store.plans().await?;
    Ok(gate::require(&standing.as_gate(), &plans, feature, app.now()))
}

/// Refuses who may not use `feature`.
///
/// # Errors
/// 403 `plan_required`, with the plans that have it, or `complete_payment`; 503 when the store can't be read.
pub async fn require(app: &App, user: UserId, feature: Feature) -> Result<(), ApiError> {
    allowed(app, user, feature).await?.map_err(|denied| refused(&denied))
}

/// What the edge says of a refusal.
#[must_use]
pub fn refused(denied: &Denied) -> ApiError {
    match denied {
        Denied::PlanRequired { plans } => {
            let names: Vec<String> = plans.iter().map(|plan| plan.as_str().to_owned()).collect();
            ApiError::forbidden("plan_required", format!("this needs a plan that has it: {}", names.join(", "))).with_plans(names)
        }
        Denied::CompletePayment => {
            ApiError::forbidden("complete_payment", "your plan has this, and its payment is missing: complete it first")
        }
    }
}
