//! The distributor: a partner that brings music to streaming platforms.
//!
//! It knows a placement by our id of it, which is the idempotency key of its submission and what it is looked up by: a lost answer
//! never leads to a second one.

use crate::BoxError;
use async_trait::async_trait;
use veza_domain::distribution::{PlacementStatus, Platform, ReleaseKind};
use veza_domain::ids::{PlacementId, ProductId};

/// A placement to be made. Nothing in it varies between attempts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPlacement {
    /// Ours: key and `external_id`.
    pub placement_id: PlacementId,
    /// The same on every platform and in every submission: `work_id`.
    pub product_id: ProductId,
    /// What it is.
    pub kind: ReleaseKind,
    /// Its title.
    pub title: String,
    /// Where it is to be heard.
    pub platform: Platform,
}

/// A placement as the partner has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PartnerPlacement {
    /// The partner's reference.
    pub partner_id: String,
    /// Where it stands; none for a word that we do not know, which is in `reason`.
    pub status: Option<PlacementStatus>,
    /// The partner's reason, or its word for a status that we do not know.
    pub reason: Option<String>,
    /// The recording's code, once it has one.
    pub isrc: Option<String>,
}

/// Why a call that changes something brought no placement.
#[derive(Debug, thiserror::Error)]
pub enum DistributorError {
    /// A definite no: nothing happened, and the same call would be refused again.
    #[error("refused: {0}")]
    Refused(String),
    /// It may have happened: time-out, cut connection, 5xx, an unreadable answer, a call under the same key that still runs.
    #[error("outcome unknown: {0}")]
    Unknown(String),
    /// It did not happen now: 429, or nothing was sent.
    #[error("not now: {0}")]
    NotNow(String),
    /// 401 or 403: nothing happened, and nothing will until someone mends it.
    #[error("the distributor refused our credentials: {0}")]
    Credentials(String),
}

/// Why a read brought no answer. It says nothing about the placement; never "none", which would have it sent again.
#[derive(Debug, thiserror::Error)]
#[error("the distributor can't be read")]
pub struct LookupError(#[source] pub BoxError);

/// Brings music to platforms.
#[async_trait]
pub trait DistributorProvider: Send + Sync {
    /// Hands a placement in, under our id as its key: asked again, the partner answers with the one that it has.
    /// # Errors
    /// [`DistributorError`].
    async fn submit(&self, placement: &NewPlacement) -> Result<PartnerPlacement, DistributorError>;

    /// Looks for the placement that an earlier call of ours may have made, by our id; `None` when the partner definitely has none.
    /// # Errors
    /// [`LookupError`], also when it has more than one.
    async fn find(&self, id: PlacementId) -> Result<Option<PartnerPlacement>, LookupError>;

    /// The placement with this reference; `None` when the partner definitely has none.
    /// # Errors
    /// [`LookupError`].
    async fn read(&self, partner_id: &str) -> Result<Option<PartnerPlacement>, LookupError>;

    /// Asks for its takedown; asked twice, done once.
    /// # Errors
    /// [`DistributorError`].
    async fn take_down(&self, id: PlacementId, partner_id: &str) -> Result<PartnerPlacement, DistributorError>;
}
