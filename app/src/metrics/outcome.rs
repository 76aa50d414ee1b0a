//! What outcomes are called as labels. One short word per thing that somebody would treat differently.

use crate::usecases::delivery::Handled;
use crate::usecases::settle::{SettleError, Settled};
use veza_domain::settlement::Verdict;
use veza_domain::webhook::ProcessingResult;
use veza_ports::distribution::{self, DistributorError};
use veza_ports::payments::{PspError, ReadError};
use veza_ports::transfers::{LookupError, TransferError};

/// It worked.
pub const OK: &str = "ok";
/// It did not, for a reason of our own side.
pub const FAILED: &str = "failed";
/// Of a delivery above the size cap.
pub const TOO_LARGE: &str = "too_large";
/// Of a call that nobody waits for any more: a check that took too long, a stop.
pub const ABANDONED: &str = "abandoned";

/// Every word of [`of_settlement`].
pub const VERDICTS: [&str; 7] = ["settled", "already_settled", "not_final", "ask_provider", "amount_mismatch", "unknown_order", FAILED];
/// Every word of [`of_delivery`], and [`TOO_LARGE`].
pub const DELIVERIES: [&str; 7] = [OK, "skipped", "error", "signature_invalid", "malformed", "not_stored", TOO_LARGE];

/// Outcomes of a call that trying again does not mend.
pub const FINAL_ERRORS: [&str; 4] = [REFUSED, CREDENTIALS, NOT_OURS, BUG];

/// What came of a delivery.
#[must_use]
pub fn of_delivery(handled: &Handled) -> &'static str {
    match handled {
        Handled::Answered(ProcessingResult::Ok) => OK,
        Handled::Answered(ProcessingResult::Skipped) => "skipped",
        Handled::Answered(ProcessingResult::Error(_)) => "error",
        Handled::BadSignature | Handled::Answered(ProcessingResult::SignatureInvalid) => "signature_invalid",
        Handled::Malformed(_) => "malformed",
        Handled::NotStored => "not_stored",
    }
}

/// What came of a fact.
#[must_use]
pub fn of_settlement(settled: &Result<Settled, SettleError>) -> &'static str {
    match settled {
        Ok(Settled { verdict: Verdict::Settled, .. }) => "settled",
        Ok(Settled { verdict: Verdict::AlreadySettled, .. }) => "already_settled",
        Ok(Settled { verdict: Verdict::NotFinal, .. }) => "not_final",
        Ok(Settled { verdict: Verdict::AskProvider, .. }) => "ask_provider",
        Ok(Settled { verdict: Verdict::AmountMismatch, .. }) => "amount_mismatch",
        Err(SettleError::UnknownOrder) => "unknown_order",
        Err(SettleError::Unbookable(_) | SettleError::Read(_) | SettleError::Commit(_)) => FAILED,
    }
}

/// Why a call of a provider brought nothing.
pub trait Outcome {
    /// As a label.
    fn outcome(&self) -> &'static str;
}

const REFUSED: &str = "refused";
const UNKNOWN: &str = "unknown";
const UNAVAILABLE: &str = "unavailable";
const CREDENTIALS: &str = "credentials";
const NOT_OURS: &str = "not_ours";
/// A mistake of ours; nothing was sent.
const BUG: &str = "bug";

impl Outcome for PspError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused { .. } => REFUSED,
            Self::Unknown(_) => UNKNOWN,
            Self::Unavailable(_) => UNAVAILABLE,
            Self::Credentials(_) => CREDENTIALS,
            Self::NotOurs(_) => NOT_OURS,
            Self::EmptyKey(_) => BUG,
        }
    }
}

impl Outcome for ReadError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Unavailable(_) => UNAVAILABLE,
            Self::Credentials(_) => CREDENTIALS,
        }
    }
}

impl Outcome for TransferError {
    fn outcome(&self) -> &'static str {
        match self {
            // Time or the seller heals these; they are no reason to get up.
            Self::BalanceInsufficient(_) | Self::CapabilityMissing(_) => "not_ready",
            Self::AlreadyReversed(_) => "already_done",
            Self::NotFound(_) | Self::Refused(_) => REFUSED,
            Self::Unknown { .. } => UNKNOWN,
            Self::NotNow(_) => UNAVAILABLE,
            Self::Credentials(_) => CREDENTIALS,
            Self::EmptyKey(_) => BUG,
        }
    }
}

impl Outcome for LookupError {
    fn outcome(&self) -> &'static str {
        UNAVAILABLE
    }
}

impl Outcome for DistributorError {
    fn outcome(&self) -> &'static str {
        match self {
            Self::Refused(_) => REFUSED,
            Self::Unknown(_) => UNKNOWN,
            Self::NotNow(_) => UNAVAILABLE,
            Self::Credentials(_) => CREDENTIALS,
        }
    }
}

impl Outcome for distribution::LookupError {
    fn outcome(&self) -> &'static str {
        UNAVAILABLE
    }
}
