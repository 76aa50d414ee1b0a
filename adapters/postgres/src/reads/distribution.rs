//! Submissions with their placements, royalties.

use super::before;
use crate::PostgresStore;
use crate::record::{Read, Record};
use crate::rows::distribution::{ROYALTY_LINES, royalty_key, select_placement, select_placement_move, submission_fields};
use crate::statement::{Statement, Type, Value};
use async_trait::async_trait;
use veza_domain::distribution::{
    FileHash, Placement, Platform, ReportPeriod, RoyaltyFile, RoyaltyKey, RoyaltyLine, RoyaltySum, RoyaltyTrack, Submission,
};
use veza_domain::ids::{ProductId, SubmissionId, UserId};
use veza_ports::BoxError;
use veza_ports::storage::{DistributionReads, ListedSubmission, Page, RoyaltyPlace, StoreError, StoredSubmission, Versioned};

macro_rules! with_placements {
    ($more:expr, $rest:literal) => {
        concat!(
            "SELECT ROW(",
            submission_fields!(),
            ", ARRAY(",
            select_placement!("WHERE p.submission_id = s.id ORDER BY p.platform, p.id"),
            ")",
            $more,
            ") FROM submissions s ",
            $rest
        )
    };
}

pub(crate) const SUBMISSION: &str = with_placements!(
    concat!(", ARRAY(", select_placement_move!("WHERE m.submission_id = s.id ORDER BY m.at, m.id"), ")"),
    "WHERE s.id = $1"
);
pub(crate) const OF_USER: &str = with_placements!("", "WHERE s.user_id = $1 AND s.id < $2 ORDER BY s.id DESC LIMIT $3");
pub(crate) const FILE: &str = "SELECT ROW(hash, lines, fresh, imported_by, imported_at) FROM royalty_files WHERE hash = $1";
macro_rules! sums {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(product_id, platform, period, sum(units)::bigint, sum(amount)::bigint, currency) FROM royalty_lines \
             WHERE user_id = $1 ",
            $rest,
            "GROUP BY product_id, platform, period, currency ORDER BY product_id, platform, period, currency LIMIT $2"
        )
    };
}
pub(crate) const SUMS: &str = sums!("");
pub(crate) const SUMS_AFTER: &str = sums!("AND (product_id, platform, period, currency) > ($3, $4, $5, $6) ");

#[async_trait]
impl DistributionReads for PostgresStore {
    async fn submission(&self, id: SubmissionId) -> Result<Option<StoredSubmission>, StoreError> {
        self.read_one(|| Statement::new(SUBMISSION).with(id.0)).await
    }

    async fn submissions_of_user(&self, user: UserId, page: Page) -> Result<Vec<ListedSubmission>, StoreError> {
        self.read(|| Statement::new(OF_USER).with(user.0).with(before(page)).with(page.limit)).await
    }

    async fn royalty_tracks(&self, references: &[String]) -> Result<Vec<RoyaltyTrack>, StoreError> {
        let mut found: Vec<RoyaltyTrack> = self.read(|| tracks(references)).await?;
        found.sort();
        Ok(found)
    }

    async fn royalty_file(&self, hash: FileHash) -> Result<Option<RoyaltyFile>, StoreError> {
        self.read_one(|| Statement::new(FILE).with(hash)).await
    }

    async fn royalty_lines(&self, keys: &[RoyaltyKey]) -> Result<Vec<RoyaltyLine>, StoreError> {
        let mut found: Vec<RoyaltyLine> = self.read(|| lines(keys)).await?;
        found.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(found)
    }

    async fn royalties_of_user(&self, user: UserId, limit: u32, after: Option<RoyaltyPlace>) -> Result<Vec<RoyaltySum>, StoreError> {
        let list = || match after {
            None => Statement::new(SUMS).with(user.0).with(limit),
            Some((product, platform, period, currency)) => Statement::new(SUMS_AFTER)
                .with(user.0)
                .with(limit)
                .with(product.0)
                .with(platform.as_str())
                .with(period.to_string().as_str())
                .with(currency.code()),
        };
        self.read(list).await
    }
}

/// One walk along each of the two indexes per reference.
pub(crate) fn tracks(references: &[String]) -> Statement {
    let rows: Vec<Vec<Value>> = references.iter().map(|reference| vec![reference.as_str().into()]).collect();
    let mut sql = Statement::new("WITH wanted AS MATERIALIZED (SELECT DISTINCT reference COLLATE \"C\" AS reference FROM ");
    sql.rows([Type::Text].into_iter(), &rows).push(
        " AS v (reference)) SELECT ROW(reference, platform, product_id, user_id) FROM ( \
             SELECT w.reference, p.platform, p.product_id, p.user_id FROM wanted w, \
                 LATERAL (SELECT * FROM placements WHERE partner_id = w.reference) AS p \
             UNION SELECT w.reference, p.platform, p.product_id, p.user_id FROM wanted w, \
                 LATERAL (SELECT * FROM placements WHERE isrc = w.reference) AS p) AS found",
    );
    sql
}

pub(crate) fn lines(keys: &[RoyaltyKey]) -> Statement {
    let keys: Vec<Vec<Value>> = keys.iter().map(royalty_key).collect();
    let columns: Vec<&str> = ROYALTY_LINES.key_columns().collect();
    let mut sql = Statement::new(
        "SELECT ROW(l.product_id, l.platform, l.period, l.currency, l.territory, l.user_id, l.units, l.amount, l.file) \
         FROM (SELECT DISTINCT * FROM ",
    );
    sql.rows(ROYALTY_LINES.columns.iter().take(ROYALTY_LINES.key).map(|(_, kind)| *kind), &keys);
    sql.push(&format!(" AS v ({})) AS k JOIN royalty_lines l USING ({})", columns.join(", "), columns.join(", ")));
    sql
}

impl Read for StoredSubmission {
    const WHAT: &'static str = "submissions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { submission: Submission::read(row)?, placements: row.all()?, moves: row.all()? })
    }
}

impl Read for ListedSubmission {
    const WHAT: &'static str = "submissions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let submission = Submission::read(row)?;
        let placements: Vec<Versioned<Placement>> = row.all()?;
        Ok(Self { submission, placements: super::values(placements) })
    }
}

impl Read for RoyaltyTrack {
    const WHAT: &'static str = "placements";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let (reference, platform) = (row.get()?, row.parsed(Platform::parse)?);
        Ok(Self { reference, platform, product_id: ProductId(row.id()?), user_id: UserId(row.id()?) })
    }
}

impl Read for RoyaltySum {
    const WHAT: &'static str = "royalty_lines";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            product_id: ProductId(row.id()?),
            platform: row.parsed(Platform::parse)?,
            period: row.parsed(ReportPeriod::parse)?,
            units: row.get()?,
            amount: row.money()?,
        })
    }
}
