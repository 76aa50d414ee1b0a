//! What the distributor remembers.

use serde::{Deserialize, Serialize};

use crate::ids::Micros;

/// Where a release stands on its platform.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the wire's word")]
pub enum ReleaseStatus {
    Submitted,
    Processing,
    Live,
    Rejected,
    TakedownRequested,
    TakenDown,
}

/// A track or release on one platform.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Release {
    /// `rel_…`.
    pub id: String,
    /// The caller's id of it, which was the key of its submission.
    pub external_id: String,
    /// The caller's id of the work.
    pub work_id: String,
    /// `track` or `release`.
    pub kind: String,
    /// Its title.
    pub title: String,
    /// `spotify`, `apple_music`, `deezer`.
    pub platform: String,
    /// Where it stands.
    pub status: ReleaseStatus,
    /// Why it was rejected or taken down.
    pub reason: Option<String>,
    /// The same for every release of a work.
    pub isrc: String,
    /// When it came.
    pub created: Micros,
    /// When it moves by itself, and where to.
    pub due: Option<(Micros, ReleaseStatus)>,
    /// It will be rejected instead of going live.
    pub doomed: bool,
}
