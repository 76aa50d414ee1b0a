//! Sample rows of distribution.

use super::{BUYER, ODD, SELLER, at, placement_id, placement_move_id, product_id, submission_id, user_id};
use veza_domain::distribution::{
    Call, FileHash, Moved, Placement, PlacementMove, PlacementStatus, Platform, ReleaseKind, ReportPeriod, RoyaltyFile, RoyaltyKey,
    RoyaltyLine, Submission,
};
use veza_domain::money::{Currency, Minor};

/// Submission `n` of the seller: product `n` (1 to 5).
#[must_use]
pub fn submission(n: u32) -> Submission {
    Submission {
        id: submission_id(n),
        user_id: user_id(SELLER),
        product_id: product_id((n - 1) % 5 + 1),
        kind: ReleaseKind::ALL[n as usize % 2],
        title: format!("Track {n} {ODD}"),
        created_at: at(i64::from(n)),
    }
}

/// Placement `n` of a submission, just handed in.
#[must_use]
pub fn placement(n: u32, of: &Submission, platform: Platform) -> Placement {
    Placement::new(placement_id(n), of.id, of.product_id, of.user_id, platform, at(i64::from(n)))
}

/// Placement `n` with this status and every field set.
#[must_use]
pub fn placement_full(n: u32, of: &Submission, platform: Platform, status: PlacementStatus) -> Placement {
    let mut row = placement(n, of, platform).stored_as(status);
    (row.partner_id, row.isrc) = (Some(format!("rel_{n}")), Some(format!("isrc_{}", of.product_id)));
    (row.call, row.tries, row.last_error) = (Call::Sent(at(7)), u32::MAX, Some(ODD.to_owned()));
    row.due_at = (!status.is_over()).then(|| at(50));
    row
}

/// Move `n` of a placement, to where it was handed in.
#[must_use]
pub fn placement_move(n: u32, of: &Placement) -> PlacementMove {
    PlacementMove {
        id: placement_move_id(n),
        placement_id: of.id,
        submission_id: of.submission_id,
        moved: Moved { from: None, to: PlacementStatus::Submitted, why: ODD.to_owned() },
        at: at(i64::from(n)),
        by: Some(user_id(SELLER)),
    }
}

/// The hash of report `n`.
#[must_use]
pub fn file_hash(n: u32) -> FileHash {
    super::hash(n).0
}

/// Report `n`.
#[must_use]
pub fn royalty_file(n: u32) -> RoyaltyFile {
    RoyaltyFile { hash: file_hash(n), lines: 3, fresh: 2, imported_by: user_id(BUYER), imported_at: at(i64::from(n)) }
}

/// What a line of product `n` in January of 2026 is about.
#[must_use]
pub fn royalty_key(n: u32, platform: Platform, territory: &str, currency: Currency) -> RoyaltyKey {
    let period = ReportPeriod::parse("2026-01").unwrap();
    RoyaltyKey { product_id: product_id(n), platform, period, currency, territory: territory.to_owned() }
}

/// A line of report `file` about the seller's track.
#[must_use]
pub fn royalty_line(key: RoyaltyKey, units: i64, amount: i64, file: u32) -> RoyaltyLine {
    RoyaltyLine { key, user_id: user_id(SELLER), units, amount: Minor(amount), file: file_hash(file) }
}
