//! What came of working on one row, as log lines and metrics name it.

use crate::usecases::effects::Performed;
use veza_domain::transfer::CallOutcome;

/// What came of working on one row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Worked {
    /// It is over: it happened.
    Done,
    /// The provider refused.
    Refused,
    /// It may have happened; it is looked up first.
    Unknown,
    /// Not yet; it is due again.
    Later,
    /// No call of ours took effect at the provider.
    NotThere,
    /// There was nothing to do: it is over, or somebody else was faster.
    Nothing,
}

impl Worked {
    /// As shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
            Self::Later => "later",
            Self::NotThere => "not_there",
            Self::Nothing => "nothing",
        }
    }
}

impl From<&Performed> for Worked {
    fn from(performed: &Performed) -> Self {
        match performed {
            Performed::Done => Self::Done,
            Performed::Refused { .. } => Self::Refused,
            Performed::Later { .. } => Self::Later,
        }
    }
}

impl From<&CallOutcome> for Worked {
    fn from(outcome: &CallOutcome) -> Self {
        match outcome {
            CallOutcome::Done { .. } => Self::Done,
            CallOutcome::Refused { .. } => Self::Refused,
            CallOutcome::Unknown { .. } => Self::Unknown,
            CallOutcome::NotNow { .. } => Self::Later,
            CallOutcome::NotThere => Self::NotThere,
            CallOutcome::NotNeeded => Self::Done,
        }
    }
}
