//! What is read of distribution: submissions with their placements, royalties.

use super::{Page, StoreError, Versioned};
use async_trait::async_trait;
use veza_domain::distribution::{
    FileHash, Placement, PlacementMove, Platform, ReportPeriod, RoyaltyFile, RoyaltyKey, RoyaltyLine, RoyaltySum, RoyaltyTrack, Submission,
};
use veza_domain::ids::{ProductId, SubmissionId, UserId};
use veza_domain::money::Currency;

/// A submission with all that belongs to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredSubmission {
    /// The submission.
    pub submission: Submission,
    /// Its placements, by platform.
    pub placements: Vec<Versioned<Placement>>,
    /// Their moves, by time, then by id.
    pub moves: Vec<PlacementMove>,
}

/// A submission as lists show it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedSubmission {
    /// The submission.
    pub submission: Submission,
    /// Its placements, by platform.
    pub placements: Vec<Placement>,
}

/// A place in the list of what a user's tracks have brought.
pub type RoyaltyPlace = (ProductId, Platform, ReportPeriod, Currency);

/// Distribution.
#[async_trait]
pub trait DistributionReads: Send + Sync {
    /// A submission with its placements and their history, from one consistent state.
    async fn submission(&self, id: SubmissionId) -> Result<Option<StoredSubmission>, StoreError>;
    /// A user's submissions.
    async fn submissions_of_user(&self, user: UserId, page: Page) -> Result<Vec<ListedSubmission>, StoreError>;
    /// What these references, the partner's or ISRCs, stand for, by reference, platform, product and owner, each once; references
    /// that stand for nothing are left out.
    async fn royalty_tracks(&self, references: &[String]) -> Result<Vec<RoyaltyTrack>, StoreError>;
    /// The report with these bytes, if it was imported.
    async fn royalty_file(&self, hash: FileHash) -> Result<Option<RoyaltyFile>, StoreError>;
    /// Those of these lines that were imported, by key.
    async fn royalty_lines(&self, keys: &[RoyaltyKey]) -> Result<Vec<RoyaltyLine>, StoreError>;
    /// What a user's tracks have brought: lines summed over territories, by track, platform, period and currency; those after `after`.
    async fn royalties_of_user(&self, user: UserId, limit: u32, after: Option<RoyaltyPlace>) -> Result<Vec<RoyaltySum>, StoreError>;
}
