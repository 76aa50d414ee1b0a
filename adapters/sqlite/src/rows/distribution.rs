//! Submissions, placements and their moves, royalties.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use veza_domain::distribution::{
    Call, Moved, Placement, PlacementMove, PlacementStatus, Platform, ReleaseKind, ReportPeriod, RoyaltyFile, RoyaltyKey, RoyaltyLine,
    Submission,
};
use veza_domain::ids::{PlacementId, PlacementMoveId, ProductId, SubmissionId, UserId};
use veza_ports::storage::Revision;

macro_rules! select_submission {
    ($rest:literal) => {
        concat!("SELECT 1, id, user_id, product_id, kind, title, created_at FROM submissions ", $rest)
    };
}
pub(crate) use select_submission;

impl Stored for Submission {
    const INSERT: &'static str =
        "INSERT INTO submissions (id, user_id, product_id, kind, title, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        execute(db, sql, params![self.id.0, self.user_id.0, self.product_id.0, self.kind.as_str(), self.title, self.created_at.0])
    }
}

pub(crate) fn submission(row: &mut Fields<'_, '_>) -> rusqlite::Result<Submission> {
    Ok(Submission {
        id: SubmissionId(row.id()?),
        user_id: UserId(row.id()?),
        product_id: ProductId(row.id()?),
        kind: row.parsed(ReleaseKind::parse)?,
        title: row.get()?,
        created_at: row.time()?,
    })
}

macro_rules! select_placement {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, submission_id, product_id, user_id, platform, status, call, sent_at, partner_id, isrc, tries, due_at, \
             last_error, created_at FROM placements ",
            $rest
        )
    };
}
pub(crate) use select_placement;

impl Stored for Placement {
    const INSERT: &'static str = "INSERT INTO placements (id, revision, submission_id, product_id, user_id, platform, status, call, sent_at, \
         partner_id, isrc, tries, due_at, last_error, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    const UPDATES: &'static [&'static str] =
        &["UPDATE placements SET revision = ?2 + 1, submission_id = ?3, product_id = ?4, user_id = ?5, \
         platform = ?6, status = ?7, call = ?8, sent_at = ?9, partner_id = ?10, isrc = ?11, tries = ?12, due_at = ?13, last_error = ?14, \
         created_at = ?15 WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.submission_id.0,
            self.product_id.0,
            self.user_id.0,
            self.platform.as_str(),
            self.status().as_str(),
            self.call.as_str(),
            self.call.sent_at().map(|at| at.0),
            self.partner_id,
            self.isrc,
            self.tries,
            self.due_at.map(|at| at.0),
            self.last_error,
            self.created_at.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn placement(row: &mut Fields<'_, '_>) -> rusqlite::Result<Placement> {
    let (id, submission_id, product_id, user_id) =
        (PlacementId(row.id()?), SubmissionId(row.id()?), ProductId(row.id()?), UserId(row.id()?));
    let (platform, status) = (row.parsed(Platform::parse)?, row.parsed(PlacementStatus::parse)?);
    let (call, sent_at) = (row.get::<String>()?, row.time_opt()?);
    let call = Call::parse(&call, sent_at).ok_or_else(|| row.unreadable(&call))?;
    let (partner_id, isrc, tries) = (row.get()?, row.get()?, row.get()?);
    let (due_at, last_error, created_at) = (row.time_opt()?, row.get()?, row.time()?);
    let mut placement = Placement::new(id, submission_id, product_id, user_id, platform, created_at).stored_as(status);
    (placement.call, placement.partner_id, placement.isrc, placement.tries) = (call, partner_id, isrc, tries);
    (placement.due_at, placement.last_error) = (due_at, last_error);
    Ok(placement)
}

macro_rules! select_placement_move {
    ($rest:literal) => {
        concat!("SELECT 1, id, placement_id, submission_id, from_status, to_status, why, at, moved_by FROM placement_moves ", $rest)
    };
}
pub(crate) use select_placement_move;

impl Stored for PlacementMove {
    const INSERT: &'static str = "INSERT INTO placement_moves (id, placement_id, submission_id, from_status, to_status, why, at, moved_by) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        let Moved { from, to, why } = &self.moved;
        let (from, by) = (from.map(PlacementStatus::as_str), self.by.map(|by| by.0));
        execute(db, sql, params![self.id.0, self.placement_id.0, self.submission_id.0, from, to.as_str(), why, self.at.0, by])
    }
}

pub(crate) fn placement_move(row: &mut Fields<'_, '_>) -> rusqlite::Result<PlacementMove> {
    Ok(PlacementMove {
        id: PlacementMoveId(row.id()?),
        placement_id: PlacementId(row.id()?),
        submission_id: SubmissionId(row.id()?),
        moved: Moved { from: row.parsed_opt(PlacementStatus::parse)?, to: row.parsed(PlacementStatus::parse)?, why: row.get()? },
        at: row.time()?,
        by: row.id_opt(UserId)?,
    })
}

macro_rules! select_royalty_file {
    ($rest:literal) => {
        concat!("SELECT 1, hash, lines, fresh, imported_by, imported_at FROM royalty_files ", $rest)
    };
}
pub(crate) use select_royalty_file;

impl Stored for RoyaltyFile {
    const INSERT: &'static str = "INSERT INTO royalty_files (hash, lines, fresh, imported_by, imported_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        execute(db, sql, params![self.hash, self.lines, self.fresh, self.imported_by.0, self.imported_at.0])
    }
}

pub(crate) fn royalty_file(row: &mut Fields<'_, '_>) -> rusqlite::Result<RoyaltyFile> {
    Ok(RoyaltyFile { hash: row.get()?, lines: row.get()?, fresh: row.get()?, imported_by: UserId(row.id()?), imported_at: row.time()? })
}

macro_rules! select_royalty_line {
    ($rest:literal) => {
        concat!("SELECT 1, product_id, platform, period, currency, territory, user_id, units, amount, file FROM royalty_lines ", $rest)
    };
}
pub(crate) use select_royalty_line;

impl Stored for RoyaltyLine {
    const INSERT: &'static str = "INSERT INTO royalty_lines (product_id, platform, period, currency, territory, user_id, units, amount, file) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    const UPDATES: &'static [&'static str] = &[];

    fn run(&self, db: &Connection, sql: &str, _revision: Revision) -> rusqlite::Result<usize> {
        let RoyaltyKey { product_id, platform, period, currency, territory } = &self.key;
        let key = (product_id.0, platform.as_str(), period.to_string(), currency.code());
        execute(db, sql, params![key.0, key.1, key.2, key.3, territory, self.user_id.0, self.units, self.amount.0, self.file])
    }
}

pub(crate) fn royalty_line(row: &mut Fields<'_, '_>) -> rusqlite::Result<RoyaltyLine> {
    Ok(RoyaltyLine {
        key: RoyaltyKey {
            product_id: ProductId(row.id()?),
            platform: row.parsed(Platform::parse)?,
            period: row.parsed(ReportPeriod::parse)?,
            currency: row.currency()?,
            territory: row.get()?,
        },
        user_id: UserId(row.id()?),
        units: row.get()?,
        amount: row.minor()?,
        file: row.get()?,
    })
}
