//! Distribution's reads.

use super::{Broken, Fault};
use async_trait::async_trait;
use veza_domain::distribution::{FileHash, RoyaltyFile, RoyaltyKey, RoyaltyLine, RoyaltySum, RoyaltyTrack};
use veza_domain::ids::{SubmissionId, UserId};
use veza_ports::storage::{DistributionReads, ListedSubmission, Page, RoyaltyPlace, StoreError, StoredSubmission};

#[async_trait]
impl DistributionReads for Broken {
    async fn submission(&self, id: SubmissionId) -> Result<Option<StoredSubmission>, StoreError> {
        self.inner.submission(id).await
    }

    async fn submissions_of_user(&self, user: UserId, page: Page) -> Result<Vec<ListedSubmission>, StoreError> {
        self.inner.submissions_of_user(user, self.page(page)).await
    }

    async fn royalty_tracks(&self, references: &[String]) -> Result<Vec<RoyaltyTrack>, StoreError> {
        let mut tracks = self.inner.royalty_tracks(references).await?;
        if self.is(Fault::ForgetsTracks) {
            tracks.pop();
        }
        Ok(tracks)
    }

    async fn royalty_file(&self, hash: FileHash) -> Result<Option<RoyaltyFile>, StoreError> {
        self.inner.royalty_file(hash).await
    }

    async fn royalty_lines(&self, keys: &[RoyaltyKey]) -> Result<Vec<RoyaltyLine>, StoreError> {
        self.inner.royalty_lines(keys).await
    }

    async fn royalties_of_user(&self, user: UserId, limit: u32, after: Option<RoyaltyPlace>) -> Result<Vec<RoyaltySum>, StoreError> {
        self.inner.royalties_of_user(user, limit, after).await
    }
}
