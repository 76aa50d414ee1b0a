//! The partner's JSON. Unknown fields are ignored, an unknown status is kept as such.

use serde::{Deserialize, Serialize};
use veza_domain::distribution::{PlacementStatus, WORDS_CHARS_MAX};
use veza_ports::distribution::{NewPlacement, PartnerPlacement};

#[derive(Serialize)]
pub(crate) struct NewReleaseWire<'a> {
    external_id: String,
    work_id: String,
    kind: &'static str,
    title: &'a str,
    platform: &'static str,
}

impl<'a> From<&'a NewPlacement> for NewReleaseWire<'a> {
    fn from(new: &'a NewPlacement) -> Self {
        Self {
            external_id: new.placement_id.to_string(),
            work_id: new.product_id.to_string(),
            kind: new.kind.as_str(),
            title: &new.title,
            platform: new.platform.as_str(),
        }
    }
}

#[derive(Deserialize)]
pub(crate) struct ReleaseWire {
    pub(crate) id: String,
    pub(crate) external_id: String,
    status: String,
    reason: Option<String>,
    isrc: Option<String>,
}

impl From<ReleaseWire> for PartnerPlacement {
    fn from(release: ReleaseWire) -> Self {
        let ReleaseWire { id, status, reason, isrc, .. } = release;
        let known = PlacementStatus::parse(&status);
        let reason = if known.is_some() { reason } else { Some(status) };
        Self { partner_id: id, status: known, reason, isrc: isrc.filter(|isrc| !isrc.is_empty()) }
    }
}

#[derive(Deserialize)]
pub(crate) struct ListWire {
    pub(crate) data: Vec<ReleaseWire>,
}

#[derive(Deserialize)]
struct ErrorBody {
    error: ErrorWire,
}

/// What the partner says of a call that went wrong.
#[derive(Deserialize)]
pub(crate) struct ErrorWire {
    pub(crate) code: String,
    message: Option<String>,
}

impl ErrorWire {
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        serde_json::from_slice::<ErrorBody>(body).ok().map(|body| body.error)
    }

    pub(crate) fn words(&self) -> String {
        let Self { code, message } = self;
        let words = format!("{code}: {}", message.as_deref().unwrap_or_default());
        words.chars().take(WORDS_CHARS_MAX).collect()
    }
}
