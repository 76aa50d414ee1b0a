//! Submissions with their placements, royalties.

use super::before;
use crate::SqliteStore;
use crate::fields::{Fields, all, one, values};
use crate::rows::distribution::{
    placement, placement_move, royalty_file, royalty_line, select_placement, select_placement_move, select_royalty_file,
    select_royalty_line, select_submission, submission,
};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use std::collections::BTreeSet;
use veza_domain::distribution::{
    FileHash, Platform, ReportPeriod, RoyaltyFile, RoyaltyKey, RoyaltyLine, RoyaltySum, RoyaltyTrack, Submission,
};
use veza_domain::ids::{ProductId, SubmissionId, UserId};
use veza_ports::storage::{DistributionReads, ListedSubmission, Page, RoyaltyPlace, StoreError, StoredSubmission};

pub(super) const SUBMISSION: &str = select_submission!("WHERE id = ?1");
pub(super) const OF_USER: &str = select_submission!("WHERE user_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
pub(super) const PLACEMENTS: &str = select_placement!("WHERE submission_id = ?1 ORDER BY platform, id");
pub(super) const MOVES: &str = select_placement_move!("WHERE submission_id = ?1 ORDER BY at, id");
pub(super) const TRACKS: &str = "SELECT DISTINCT platform, product_id, user_id FROM ( \
         SELECT platform, product_id, user_id FROM placements WHERE partner_id = ?1 \
         UNION ALL SELECT platform, product_id, user_id FROM placements WHERE isrc = ?1)";
pub(super) const FILE: &str = select_royalty_file!("WHERE hash = ?1");
pub(super) const LINE: &str =
    select_royalty_line!("WHERE product_id = ?1 AND platform = ?2 AND period = ?3 AND currency = ?4 AND territory = ?5");
macro_rules! sums {
    ($rest:literal) => {
        concat!(
            "SELECT 1, product_id, platform, period, sum(units), sum(amount), currency FROM royalty_lines WHERE user_id = ?1 ",
            $rest,
            "GROUP BY product_id, platform, period, currency ORDER BY product_id, platform, period, currency LIMIT ?2"
        )
    };
}
pub(super) const SUMS: &str = sums!("");
pub(super) const SUMS_AFTER: &str = sums!("AND (product_id, platform, period, currency) > (?3, ?4, ?5, ?6) ");

#[async_trait]
impl DistributionReads for SqliteStore {
    async fn submission(&self, id: SubmissionId) -> Result<Option<StoredSubmission>, StoreError> {
        let whole = move |db: &Connection| {
            let Some(found) = one(db, SUBMISSION, [id.0], submission)? else { return Ok(None) };
            let placements = all(db, PLACEMENTS, [id.0], placement)?;
            let moves = values(all(db, MOVES, [id.0], placement_move)?);
            Ok(Some(StoredSubmission { submission: found.value, placements, moves }))
        };
        self.readers.snapshot(whole).await
    }

    async fn submissions_of_user(&self, user: UserId, page: Page) -> Result<Vec<ListedSubmission>, StoreError> {
        let with_placements = |db: &Connection, submission: Submission| {
            let placements = values(all(db, PLACEMENTS, [submission.id.0], placement)?);
            Ok(ListedSubmission { submission, placements })
        };
        let list = move |db: &Connection| {
            let found = values(all(db, OF_USER, params![user.0, before(page), page.limit], submission)?);
            found.into_iter().map(|submission| with_placements(db, submission)).collect()
        };
        self.readers.snapshot(list).await
    }

    async fn royalty_tracks(&self, references: &[String]) -> Result<Vec<RoyaltyTrack>, StoreError> {
        let references: BTreeSet<String> = references.iter().cloned().collect();
        self.readers.snapshot(move |db| tracks(db, references)).await
    }

    async fn royalty_file(&self, hash: FileHash) -> Result<Option<RoyaltyFile>, StoreError> {
        let found = self.readers.read(move |db| one(db, FILE, [hash], royalty_file)).await?;
        Ok(found.map(|file| file.value))
    }

    async fn royalty_lines(&self, keys: &[RoyaltyKey]) -> Result<Vec<RoyaltyLine>, StoreError> {
        let keys: BTreeSet<RoyaltyKey> = keys.iter().cloned().collect();
        let line = |db: &Connection, key: RoyaltyKey| {
            let RoyaltyKey { product_id, platform, period, currency, territory } = key;
            let found =
                one(db, LINE, params![product_id.0, platform.as_str(), period.to_string(), currency.code(), territory], royalty_line)?;
            Ok(found.map(|line| line.value))
        };
        self.readers.snapshot(move |db| keys.into_iter().filter_map(|key| line(db, key).transpose()).collect()).await
    }

    async fn royalties_of_user(&self, user: UserId, limit: u32, after: Option<RoyaltyPlace>) -> Result<Vec<RoyaltySum>, StoreError> {
        let list = move |db: &Connection| match after {
            None => all(db, SUMS, params![user.0, limit], sum),
            Some((product, platform, period, currency)) => {
                all(db, SUMS_AFTER, params![user.0, limit, product.0, platform.as_str(), period.to_string(), currency.code()], sum)
            }
        };
        self.readers.read(list).await.map(values)
    }
}

fn tracks(db: &Connection, references: BTreeSet<String>) -> rusqlite::Result<Vec<RoyaltyTrack>> {
    let mut found = Vec::new();
    for reference in references {
        let mut statement = db.prepare_cached(TRACKS)?;
        let rows = statement.query_map([&reference], |row| {
            let mut row = Fields::of(row);
            let (platform, product_id, user_id) = (row.parsed(Platform::parse)?, ProductId(row.id()?), UserId(row.id()?));
            Ok(RoyaltyTrack { reference: reference.clone(), platform, product_id, user_id })
        })?;
        found.extend(rows.collect::<rusqlite::Result<Vec<_>>>()?);
    }
    found.sort();
    Ok(found)
}

fn sum(row: &mut Fields<'_, '_>) -> rusqlite::Result<RoyaltySum> {
    Ok(RoyaltySum {
        product_id: ProductId(row.id()?),
        platform: row.parsed(Platform::parse)?,
        period: row.parsed(ReportPeriod::parse)?,
        units: row.get()?,
        amount: row.money()?,
    })
}
