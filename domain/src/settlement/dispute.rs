//! Facts about disputes of an order's payment (spec/01-money §9).

use super::Source;
use crate::dispute::DisputeStatus;
use crate::time::Timestamp;

/// A report on a dispute.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisputeFact {
    /// How far it is trusted.
    pub source: Source,
    /// The PSP's id of it.
    pub psp_dispute_id: String,
    /// What it says; none for a status that we do not know.
    pub status: Option<DisputeStatus>,
    /// The PSP's word for the stage.
    pub stage: Option<String>,
    /// Minor units, where it says.
    pub amount: Option<i64>,
    /// ISO code, where it says.
    pub currency: Option<String>,
    /// The bank's reason.
    pub reason: Option<String>,
    /// Until when evidence may be handed in.
    pub respond_by: Option<Timestamp>,
}
