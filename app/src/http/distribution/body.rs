//! Bodies of distribution.

use crate::http::page;
use crate::http::views::MoneyView;
use crate::problem::ApiError;
use crate::usecases::distribution::Imported;
use poem::Body;
use poem_openapi::payload::Binary;
use poem_openapi::{ApiRequest, Enum, Object};
use uuid::Uuid;
use veza_domain::distribution::{Placement, PlacementMove, PlacementStatus, Platform, RoyaltySum, Submission, WORDS_CHARS_MAX};
use veza_ports::storage::{ListedSubmission, StoredSubmission};

/// A streaming platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "Platform", rename_all = "snake_case")]
pub enum PlatformName {
    /// Spotify.
    Spotify,
    /// Apple Music.
    AppleMusic,
    /// Deezer.
    Deezer,
}

impl From<PlatformName> for Platform {
    fn from(name: PlatformName) -> Self {
        match name {
            PlatformName::Spotify => Self::Spotify,
            PlatformName::AppleMusic => Self::AppleMusic,
            PlatformName::Deezer => Self::Deezer,
        }
    }
}

impl From<Platform> for PlatformName {
    fn from(platform: Platform) -> Self {
        match platform {
            Platform::Spotify => Self::Spotify,
            Platform::AppleMusic => Self::AppleMusic,
            Platform::Deezer => Self::Deezer,
        }
    }
}

/// Where something stands on its platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "PlacementStatus", rename_all = "snake_case")]
pub enum StatusName {
    /// Handed in; the platform has not begun.
    Submitted,
    /// The platform works on it.
    Processing,
    /// People can hear it there.
    Live,
    /// The distributor or the platform refused it.
    Rejected,
    /// It is to go; the platform has not confirmed yet.
    TakedownRequested,
    /// It is gone.
    TakenDown,
}

impl From<PlacementStatus> for StatusName {
    fn from(status: PlacementStatus) -> Self {
        match status {
            PlacementStatus::Submitted => Self::Submitted,
            PlacementStatus::Processing => Self::Processing,
            PlacementStatus::Live => Self::Live,
            PlacementStatus::Rejected => Self::Rejected,
            PlacementStatus::TakedownRequested => Self::TakedownRequested,
            PlacementStatus::TakenDown => Self::TakenDown,
        }
    }
}

/// What to send where.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "SubmitDistribution")]
pub struct SubmitBody {
    /// A product of mine, of kind `track` or `pack`.
    pub product_id: Uuid,
    /// Where to; each once.
    pub platforms: Vec<PlatformName>,
}

/// The platforms of a body: at least one, each once.
///
/// # Errors
/// 422 with a field error.
pub fn platforms(names: &[PlatformName]) -> Result<Vec<Platform>, ApiError> {
    if names.is_empty() {
        return Err(ApiError::field("platforms", "missing", "name at least one platform"));
    }
    if names.iter().enumerate().any(|(place, name)| names[..place].contains(name)) {
        return Err(ApiError::field("platforms", "duplicate", "name each platform once"));
    }
    Ok(names.iter().map(|name| Platform::from(*name)).collect())
}

/// What to take down.
#[derive(Clone, Debug, Default, PartialEq, Eq, Object)]
#[oai(rename = "RequestTakedown")]
pub struct TakedownBody {
    /// From where; everywhere when left out.
    pub platforms: Option<Vec<PlatformName>>,
    /// Why, at most 500 characters; kept in the history.
    pub reason: Option<String>,
}

impl TakedownBody {
    /// Why.
    ///
    /// # Errors
    /// 422 for a reason that is too long.
    pub fn reason(&self) -> Result<&str, ApiError> {
        let reason = self.reason.as_deref().map(str::trim).filter(|reason| !reason.is_empty()).unwrap_or("asked for");
        if reason.chars().count() > WORDS_CHARS_MAX {
            return Err(ApiError::field("reason", "too_long", format!("a reason has at most {WORDS_CHARS_MAX} characters")));
        }
        Ok(reason)
    }
}

/// A submission on one platform.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Placement")]
pub struct PlacementView {
    /// Where.
    pub platform: PlatformName,
    /// Where it stands.
    pub status: StatusName,
    /// The distributor's reference, once it has one.
    #[oai(nullable)]
    pub partner_reference: Option<String>,
    /// The recording's code, once it has one.
    #[oai(nullable)]
    pub isrc: Option<String>,
    /// What went wrong last; it is tried again by itself.
    #[oai(nullable)]
    pub last_error: Option<String>,
}

impl From<&Placement> for PlacementView {
    fn from(placement: &Placement) -> Self {
        Self {
            platform: placement.platform.into(),
            status: placement.status().into(),
            partner_reference: placement.partner_id.clone(),
            isrc: placement.isrc.clone(),
            last_error: placement.last_error.clone(),
        }
    }
}

/// A submission.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Submission")]
pub struct SubmissionView {
    /// Its id.
    pub id: Uuid,
    /// The product that is sent.
    pub product_id: Uuid,
    /// As what: `track` or `release`.
    pub kind: String,
    /// Its title when it was handed in.
    pub title: String,
    /// When it was handed in.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// Each platform's status.
    pub platforms: Vec<PlacementView>,
}

impl SubmissionView {
    fn new<'a>(submission: &Submission, placements: impl Iterator<Item = &'a Placement>) -> Self {
        Self {
            id: submission.id.0,
            product_id: submission.product_id.0,
            kind: submission.kind.as_str().to_owned(),
            title: submission.title.clone(),
            created_at: page::time(submission.created_at),
            platforms: placements.map(PlacementView::from).collect(),
        }
    }
}

impl From<&ListedSubmission> for SubmissionView {
    fn from(listed: &ListedSubmission) -> Self {
        Self::new(&listed.submission, listed.placements.iter())
    }
}

/// A page of submissions.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct SubmissionPage {
    /// Newest first.
    pub items: Vec<SubmissionView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// A move of a platform's status.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "PlacementMove")]
pub struct MoveView {
    /// Where.
    pub platform: PlatformName,
    /// When.
    pub at: chrono::DateTime<chrono::Utc>,
    /// From where; null: it was handed in.
    #[oai(nullable)]
    pub from: Option<StatusName>,
    /// To where.
    pub to: StatusName,
    /// Who; null: the distributor.
    #[oai(nullable)]
    pub by: Option<Uuid>,
    /// Why.
    pub why: String,
}

/// A submission with its history.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct SubmissionDetail {
    /// Its id.
    pub id: Uuid,
    /// The product that is sent.
    pub product_id: Uuid,
    /// As what: `track` or `release`.
    pub kind: String,
    /// Its title when it was handed in.
    pub title: String,
    /// When it was handed in.
    pub created_at: chrono::DateTime<chrono::Utc>,
    /// Each platform's status.
    pub platforms: Vec<PlacementView>,
    /// Every move of every platform's status, oldest first.
    pub history: Vec<MoveView>,
}

impl From<&StoredSubmission> for SubmissionDetail {
    fn from(stored: &StoredSubmission) -> Self {
        let placements = || stored.placements.iter().map(|placement| &placement.value);
        let SubmissionView { id, product_id, kind, title, created_at, platforms } = SubmissionView::new(&stored.submission, placements());
        let moved = |row: &PlacementMove| {
            let of = placements().find(|placement| placement.id == row.placement_id)?;
            Some(MoveView {
                platform: of.platform.into(),
                at: page::time(row.at),
                from: row.moved.from.map(StatusName::from),
                to: row.moved.to.into(),
                by: row.by.map(|by| by.0),
                why: row.moved.why.clone(),
            })
        };
        let history = stored.moves.iter().filter_map(moved).collect();
        Self { id, product_id, kind, title, created_at, platforms, history }
    }
}

/// What a track has brought on a platform in a period.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "Royalty")]
pub struct RoyaltyView {
    /// The track: the product that was distributed.
    pub product_id: Uuid,
    /// Its title today.
    #[oai(nullable)]
    pub title: Option<String>,
    /// Where it was heard.
    pub platform: PlatformName,
    /// The month, e.g. `2026-01`.
    pub period: String,
    /// How often it was heard.
    pub units: i64,
    /// What was paid.
    pub amount: MoneyView,
}

impl RoyaltyView {
    /// A sum, with the track's title.
    #[must_use]
    pub fn new(sum: &RoyaltySum, title: Option<String>) -> Self {
        Self {
            product_id: sum.product_id.0,
            title,
            platform: sum.platform.into(),
            period: sum.period.to_string(),
            units: sum.units,
            amount: sum.amount.into(),
        }
    }
}

/// A page of royalties.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct RoyaltyPage {
    /// By track, platform, period and currency.
    pub items: Vec<RoyaltyView>,
    /// Where the next page begins; null on the last one.
    #[oai(nullable)]
    pub next_cursor: Option<String>,
}

/// A royalty report.
#[derive(ApiRequest)]
pub enum ReportBody {
    /// The file's bytes.
    #[oai(content_type = "text/csv")]
    Csv(Binary<Body>),
}

/// What came of an import.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(rename = "ImportedRoyalties")]
pub struct ImportedView {
    /// SHA-256 of the file.
    pub file: String,
    /// Its lines.
    pub lines: u32,
    /// Those that no earlier file had told.
    pub new_lines: u32,
    /// True when the same file had been imported before: nothing has changed.
    pub already_imported: bool,
    /// When it was imported.
    pub imported_at: chrono::DateTime<chrono::Utc>,
}

impl From<&Imported> for ImportedView {
    fn from(Imported { file, again }: &Imported) -> Self {
        Self {
            file: hex::encode(file.hash),
            lines: file.lines,
            new_lines: file.fresh,
            already_imported: *again,
            imported_at: page::time(file.imported_at),
        }
    }
}
