//! Distribution (spec/02-subscriptions §4): handed in here, brought to the partner by a worker, taken down on wish; royalties.

mod royalties;
mod work;

pub use royalties::{BYTES_MAX, Imported, Numbered, import, read};
pub use work::work;

use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit, commit_if_current, fresh_unit, unless_stale};
use crate::usecases::entitlements;
use crate::usecases::idempotency::Incoming;
use std::time::Duration;
use veza_domain::access::Actor;
use veza_domain::backoff::RetryPolicy;
use veza_domain::catalog::ProductStatus;
use veza_domain::distribution::{Moved, Placement, PlacementMove, Platform, ReleaseKind, Schedule, Submission};
use veza_domain::identity::User;
use veza_domain::ids::{PlacementMoveId, ProductId, SubmissionId, UserId};
use veza_domain::subscription::Feature;
use veza_ports::storage::{CommitError, Row, RowKey, StoredSubmission, UniqueValue, Write};

/// `DISTRIBUTION_*`.
#[derive(Clone, Copy, Debug)]
pub struct DistributionSettings {
    /// `DISTRIBUTION_WORKER_ENABLED`.
    pub worker: bool,
    /// `DISTRIBUTION_CHECK_INTERVAL`.
    pub every: Duration,
    /// `DISTRIBUTION_LOOK_INTERVAL`.
    pub looks: Duration,
    /// `DISTRIBUTION_LIVE_LOOK_INTERVAL`.
    pub live_looks: Duration,
    /// `DISTRIBUTION_MAX_RETRIES`, `DISTRIBUTION_BACKOFF_*`.
    pub retries: RetryPolicy,
}

fn schedule(app: &App) -> Schedule {
    let DistributionSettings { looks, live_looks, retries, .. } = app.distribution;
    Schedule { lease: app.money.lease(), retries, looks, live_looks }
}

/// A row of a placement's history.
fn told(app: &App, placement: &Placement, moved: Moved, by: Option<UserId>) -> Write {
    Write::Insert(Row::PlacementMove(PlacementMove {
        id: PlacementMoveId(app.ids.uuid()),
        placement_id: placement.id,
        submission_id: placement.submission_id,
        moved,
        at: app.now(),
        by,
    }))
}

/// 503 where nobody brings music anywhere.
fn distributor_required(app: &App) -> Result<(), ApiError> {
    let missing = || ApiError::unavailable("distributor_required", "no distributor is configured: nothing can be sent to platforms");
    app.distributor.as_ref().map(|_| ()).ok_or_else(missing)
}

/// Hands a product of the caller's in for these platforms. One unit has it all: submission, placements, their first moves, the
/// idempotency record; the worker sends it.
///
/// # Errors
/// 403 `plan_required`, `complete_payment`, `not_your_product`; 404 `product_not_found`; 409 `product_archived`, `already_distributed`;
/// 422 for what is no music; 503 `distributor_required`. Nothing is written then.
pub async fn submit(
    app: &App,
    caller: &User,
    product: ProductId,
    platforms: &[Platform],
    incoming: Option<&Incoming>,
) -> Result<StoredSubmission, ApiError> {
    entitlements::require(app, caller.id, Feature::Distribute).await?;
    distributor_required(app)?;
    let id = SubmissionId(incoming.map_or_else(|| app.ids.uuid(), Incoming::resource));
    for _ in 0..REDECIDE_MAX {
        let (submission, guard) = decide(app, caller, id, product).await?;
        let mut writes = vec![guard, Write::Insert(Row::Submission(submission.clone()))];
        for platform in platforms {
            let (placement, moved) = Placement::open(&submission, *platform);
            writes.push(told(app, &placement, moved, Some(caller.id)));
            writes.push(Write::Insert(Row::Placement(placement)));
        }
        writes.extend(incoming.map(Incoming::insert));
        match commit(app, fresh_unit(app, writes)).await {
            Ok(_) => {
                app.wake.distribution.notify_one();
                return find(app, id).await;
            }
            Err(CommitError::Taken(_, UniqueValue::OpenPlacement)) => {
                return Err(ApiError::conflict(
                    "already_distributed",
                    "the product is on one of these platforms, or on its way there; take it down first",
                ));
            }
            Err(error) => unless_stale(error)?,
        }
        if let Some(incoming) = incoming {
            incoming.still_ours(app).await?;
        }
    }
    Err(busy("release"))
}

/// The submission as the product stands, and the guard that it still stands so.
async fn decide(app: &App, caller: &User, id: SubmissionId, product: ProductId) -> Result<(Submission, Write), ApiError> {
    let not_found = || ApiError::not_found("product_not_found", "there is no such product");
    let found = app.store.product(product).await?.ok_or_else(not_found)?;
    let product = found.value;
    if product.seller_id != caller.id {
        let seen = product.status == ProductStatus::Published;
        return Err(if seen { ApiError::forbidden("not_your_product", "only its seller distributes a product") } else { not_found() });
    }
    if product.status == ProductStatus::Archived {
        return Err(ApiError::conflict("product_archived", "the product is off sale for good"));
    }
    let kind = ReleaseKind::of(product.kind);
    let kind = kind.ok_or_else(|| ApiError::field("product_id", "not_music", "only tracks and packs are distributed"))?;
    let guard = Write::Unchanged { key: RowKey::Product(product.id), expected: found.revision };
    let submission = Submission { id, user_id: caller.id, product_id: product.id, kind, title: product.title, created_at: app.now() };
    Ok((submission, guard))
}

async fn find(app: &App, id: SubmissionId) -> Result<StoredSubmission, ApiError> {
    let not_found = || ApiError::not_found("submission_not_found", "there is no such submission");
    app.store.submission(id).await?.ok_or_else(not_found)
}

/// A submission that `actor` may see: the own ones, and admins all.
///
/// # Errors
/// 404 `submission_not_found`.
pub async fn shown(app: &App, actor: &Actor, id: SubmissionId) -> Result<StoredSubmission, ApiError> {
    let stored = find(app, id).await?;
    let own = actor.user_id() == Some(stored.submission.user_id);
    if own || actor.is_admin() { Ok(stored) } else { Err(ApiError::not_found("submission_not_found", "there is no such submission")) }
}

/// Asks for the takedown from these platforms (none named: from all). What was asked for before stays as it is.
///
/// # Errors
/// 404 `submission_not_found`; 409 `nothing_to_take_down`; 422 for a platform that it was not handed in for; 503
/// `distributor_required`.
pub async fn take_down(
    app: &App,
    actor: &Actor,
    id: SubmissionId,
    platforms: Option<&[Platform]>,
    why: &str,
) -> Result<StoredSubmission, ApiError> {
    for _ in 0..REDECIDE_MAX {
        let stored = shown(app, actor, id).await?;
        distributor_required(app)?;
        let known = |platform: &Platform| stored.placements.iter().any(|placement| placement.value.platform == *platform);
        if !platforms.unwrap_or_default().iter().all(known) {
            return Err(ApiError::field("platforms", "not_submitted", "it was not handed in for this platform"));
        }
        let wanted = |placement: &Placement| platforms.is_none_or(|platforms| platforms.contains(&placement.platform));
        let (mut writes, mut open) = (Vec::new(), false);
        for placement in stored.placements.iter().filter(|placement| wanted(&placement.value) && !placement.value.status().is_over()) {
            let Ok((next, moved)) = placement.value.clone().take_down(why, app.now()) else { continue };
            open = true;
            if let Some(moved) = moved {
                writes.push(told(app, &next, moved, actor.user_id()));
                writes.push(Write::Update { row: Row::Placement(next), expected: placement.revision });
            }
        }
        if !open {
            return Err(ApiError::conflict("nothing_to_take_down", "it is on none of these platforms, nor on its way there"));
        }
        if writes.is_empty() {
            return Ok(stored);
        }
        if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
            app.wake.distribution.notify_one();
            return find(app, id).await;
        }
    }
    Err(busy("release"))
}
