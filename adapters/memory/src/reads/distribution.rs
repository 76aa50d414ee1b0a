//! Submissions with their placements, royalties.

use super::{count, page};
use crate::MemoryStore;
use crate::state::{State, values};
use async_trait::async_trait;
use std::collections::BTreeSet;
use veza_domain::distribution::{
    FileHash, Placement, PlacementMove, RoyaltyFile, RoyaltyKey, RoyaltyLine, RoyaltySum, RoyaltyTrack, Submission, aggregate,
};
use veza_domain::ids::{SubmissionId, UserId};
use veza_ports::storage::{DistributionReads, ListedSubmission, Page, RowKey, RoyaltyPlace, StoreError, StoredSubmission, Versioned};

#[async_trait]
impl DistributionReads for MemoryStore {
    async fn submission(&self, id: SubmissionId) -> Result<Option<StoredSubmission>, StoreError> {
        let state = self.state();
        let Some(found) = state.get::<Submission>(&RowKey::Submission(id)) else { return Ok(None) };
        let mut moves = values(state.find(|row: &PlacementMove| row.submission_id == id));
        moves.sort_by_key(|row| (row.at, row.id));
        Ok(Some(StoredSubmission { submission: found.value, placements: state.placements(id), moves }))
    }

    async fn submissions_of_user(&self, user: UserId, at: Page) -> Result<Vec<ListedSubmission>, StoreError> {
        let state = self.state();
        let found = page(state.all::<Submission>().filter(|row| row.value.user_id == user), |row| row.id.0, at);
        let listed = |submission: &Submission| {
            let placements = values(state.placements(submission.id));
            ListedSubmission { submission: submission.clone(), placements }
        };
        Ok(found.into_iter().map(listed).collect())
    }

    async fn royalty_tracks(&self, references: &[String]) -> Result<Vec<RoyaltyTrack>, StoreError> {
        let state = self.state();
        let mut found = BTreeSet::new();
        for Placement { platform, product_id, user_id, partner_id, isrc, .. } in state.all::<Placement>().map(|row| row.value) {
            let names = [partner_id, isrc].into_iter().flatten().filter(|name| references.contains(name));
            found.extend(names.map(|reference| RoyaltyTrack {
                reference: reference.clone(),
                platform: *platform,
                product_id: *product_id,
                user_id: *user_id,
            }));
        }
        Ok(found.into_iter().collect())
    }

    async fn royalty_file(&self, hash: FileHash) -> Result<Option<RoyaltyFile>, StoreError> {
        Ok(self.state().get(&RowKey::RoyaltyFile(hash)).map(|file| file.value))
    }

    async fn royalty_lines(&self, keys: &[RoyaltyKey]) -> Result<Vec<RoyaltyLine>, StoreError> {
        Ok(values(self.state().find(|line: &RoyaltyLine| keys.contains(&line.key))))
    }

    async fn royalties_of_user(&self, user: UserId, limit: u32, after: Option<RoyaltyPlace>) -> Result<Vec<RoyaltySum>, StoreError> {
        let lines = values(self.state().find(|line: &RoyaltyLine| line.user_id == user));
        let sums = aggregate(&lines).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        Ok(sums.into_iter().filter(|sum| after.is_none_or(|after| sum.place() > after)).take(count(limit)).collect())
    }
}

impl State {
    fn placements(&self, id: SubmissionId) -> Vec<Versioned<Placement>> {
        let mut placements = self.find(|row: &Placement| row.submission_id == id);
        placements.sort_by_key(|row| (row.value.platform, row.value.id));
        placements
    }
}
