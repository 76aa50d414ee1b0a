//! Submissions, placements and their moves, royalties.

use super::{Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Bytes, Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::distribution::{
    Call, Moved, Placement, PlacementMove, PlacementStatus, Platform, ReleaseKind, ReportPeriod, RoyaltyFile, RoyaltyKey, RoyaltyLine,
    Submission,
};
use veza_domain::ids::{PlacementId, PlacementMoveId, ProductId, SubmissionId, UserId};
use veza_ports::BoxError;

macro_rules! submission_fields {
    () => {
        "s.id, s.user_id, s.product_id, s.kind, s.title, s.created_at"
    };
}
pub(crate) use submission_fields;

pub(crate) static SUBMISSIONS: Table = Table {
    name: "submissions",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[("id", Uuid), ("user_id", Uuid), ("product_id", Uuid), ("kind", Text), ("title", Text), ("created_at", Int)],
};

impl Stored for Submission {
    fn table(&self) -> &'static Table {
        &SUBMISSIONS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.user_id.0.into(),
            self.product_id.0.into(),
            self.kind.as_str().into(),
            self.title.as_str().into(),
            self.created_at.into(),
        ]
    }
}

impl Read for Submission {
    const WHAT: &'static str = "submissions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: SubmissionId(row.id()?),
            user_id: UserId(row.id()?),
            product_id: ProductId(row.id()?),
            kind: row.parsed(ReleaseKind::parse)?,
            title: row.get()?,
            created_at: row.time()?,
        })
    }
}

macro_rules! select_placement {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(p.revision, p.id, p.submission_id, p.product_id, p.user_id, p.platform, p.status, p.call, p.sent_at, p.partner_id, \
             p.isrc, p.tries, p.due_at, p.last_error, p.created_at) FROM placements p ",
            $rest
        )
    };
}
pub(crate) use select_placement;

pub(crate) static PLACEMENTS: Table = Table {
    name: "placements",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("id", Uuid),
        ("submission_id", Uuid),
        ("product_id", Uuid),
        ("user_id", Uuid),
        ("platform", Text),
        ("status", Text),
        ("call", Text),
        ("sent_at", Int),
        ("partner_id", Text),
        ("isrc", Text),
        ("tries", Int),
        ("due_at", Int),
        ("last_error", Text),
        ("created_at", Int),
    ],
};

impl Stored for Placement {
    fn table(&self) -> &'static Table {
        &PLACEMENTS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.submission_id.0.into(),
            self.product_id.0.into(),
            self.user_id.0.into(),
            self.platform.as_str().into(),
            self.status().as_str().into(),
            self.call.as_str().into(),
            self.call.sent_at().into(),
            (&self.partner_id).into(),
            (&self.isrc).into(),
            self.tries.into(),
            self.due_at.into(),
            (&self.last_error).into(),
            self.created_at.into(),
        ]
    }
}

impl Read for Placement {
    const WHAT: &'static str = "placements";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let (id, submission_id, product_id, user_id) =
            (PlacementId(row.id()?), SubmissionId(row.id()?), ProductId(row.id()?), UserId(row.id()?));
        let (platform, status) = (row.parsed(Platform::parse)?, row.parsed(PlacementStatus::parse)?);
        let (call, sent_at) = (row.get::<String>()?, row.time_opt()?);
        let call = Call::parse(&call, sent_at).ok_or_else(|| row.unreadable(&call))?;
        let (partner_id, isrc, tries) = (row.get()?, row.get()?, row.number()?);
        let (due_at, last_error, created_at) = (row.time_opt()?, row.get()?, row.time()?);
        let mut placement = Self::new(id, submission_id, product_id, user_id, platform, created_at).stored_as(status);
        (placement.call, placement.partner_id, placement.isrc, placement.tries) = (call, partner_id, isrc, tries);
        (placement.due_at, placement.last_error) = (due_at, last_error);
        Ok(placement)
    }
}

macro_rules! select_placement_move {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(m.id, m.placement_id, m.submission_id, m.from_status, m.to_status, m.why, m.at, m.moved_by) \
             FROM placement_moves m ",
            $rest
        )
    };
}
pub(crate) use select_placement_move;

pub(crate) static PLACEMENT_MOVES: Table = Table {
    name: "placement_moves",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[
        ("id", Uuid),
        ("placement_id", Uuid),
        ("submission_id", Uuid),
        ("from_status", Text),
        ("to_status", Text),
        ("why", Text),
        ("at", Int),
        ("moved_by", Uuid),
    ],
};

impl Stored for PlacementMove {
    fn table(&self) -> &'static Table {
        &PLACEMENT_MOVES
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.placement_id.0.into(),
            self.submission_id.0.into(),
            self.moved.from.map(PlacementStatus::as_str).into(),
            self.moved.to.as_str().into(),
            self.moved.why.as_str().into(),
            self.at.into(),
            self.by.map(|by| by.0).into(),
        ]
    }
}

impl Read for PlacementMove {
    const WHAT: &'static str = "placement_moves";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: PlacementMoveId(row.id()?),
            placement_id: PlacementId(row.id()?),
            submission_id: SubmissionId(row.id()?),
            moved: Moved { from: row.parsed_opt(PlacementStatus::parse)?, to: row.parsed(PlacementStatus::parse)?, why: row.get()? },
            at: row.time()?,
            by: row.id_opt(UserId)?,
        })
    }
}

pub(crate) static ROYALTY_FILES: Table = Table {
    name: "royalty_files",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[("hash", Bytes), ("lines", Int), ("fresh", Int), ("imported_by", Uuid), ("imported_at", Int)],
};

impl Stored for RoyaltyFile {
    fn table(&self) -> &'static Table {
        &ROYALTY_FILES
    }

    fn values(&self) -> Vec<Value> {
        vec![self.hash.into(), self.lines.into(), self.fresh.into(), self.imported_by.0.into(), self.imported_at.into()]
    }
}

impl Read for RoyaltyFile {
    const WHAT: &'static str = "royalty_files";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { hash: row.hash()?, lines: row.number()?, fresh: row.number()?, imported_by: UserId(row.id()?), imported_at: row.time()? })
    }
}

pub(crate) static ROYALTY_LINES: Table = Table {
    name: "royalty_lines",
    key: 5,
    revision: false,
    unique_values: false,
    columns: &[
        ("product_id", Uuid),
        ("platform", Text),
        ("period", Text),
        ("currency", Text),
        ("territory", Text),
        ("user_id", Uuid),
        ("units", Int),
        ("amount", Int),
        ("file", Bytes),
    ],
};

/// A line's key, in the order of its table's columns.
pub(crate) fn royalty_key(key: &RoyaltyKey) -> Vec<Value> {
    let RoyaltyKey { product_id, platform, period, currency, territory } = key;
    vec![
        product_id.0.into(),
        platform.as_str().into(),
        period.to_string().as_str().into(),
        currency.code().into(),
        territory.as_str().into(),
    ]
}

impl Stored for RoyaltyLine {
    fn table(&self) -> &'static Table {
        &ROYALTY_LINES
    }

    fn values(&self) -> Vec<Value> {
        let rest = [self.user_id.0.into(), self.units.into(), self.amount.into(), self.file.into()];
        royalty_key(&self.key).into_iter().chain(rest).collect()
    }
}

impl Read for RoyaltyLine {
    const WHAT: &'static str = "royalty_lines";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
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
            file: row.hash()?,
        })
    }
}
