//! A run of the audit that an operator has started: what it compares, how far it is, how it ended (spec/01-money §8). A report, and no
//! fact about money: it is deleted when nobody needs it any more.
//!
//! Invariants: at most one runs at a time; it belongs to whoever holds its lease, under the number of the attempt, so a run whose
//! worker died begins anew elsewhere, and what the dead one still says changes nothing.

use crate::ids::{AuditId, OrderId, UserId};
use crate::time::Timestamp;

/// How often a run is begun before it is given up.
pub const ATTEMPTS_MAX: u32 = 3;
/// Differences of a run that are kept to be read; the rest are counted.
pub const KEPT_MAX: u64 = 10_000;
/// Runs that are kept, the newest ones.
pub const RUNS_MAX: u32 = 30;

/// Where a run stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum AuditState {
    /// It waits for a worker, or one is at it.
    Running,
    /// It has compared everything.
    Done,
    /// It could not go on.
    Failed,
    /// An operator has stopped it.
    Stopped,
}

impl AuditState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Stopped];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// How far a run is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AuditCounts {
    /// Orders in the period.
    pub orders: u64,
    /// Orders compared.
    pub orders_done: u64,
    /// Transfers at Connect compared.
    pub transfers_done: u64,
    /// Differences found.
    pub differences: u64,
    /// Objects that could not be read at their provider: not compared.
    pub unread: u64,
    /// Differences whose facts were settled.
    pub imported: u64,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Audit {
    /// Ours.
    pub id: AuditId,
    /// Orders and transfers made at or after this.
    pub since: Timestamp,
    /// And before this.
    pub until: Timestamp,
    /// Is what it finds settled?
    pub import: bool,
    /// Who asked for it; none = somebody at the command line.
    pub asked_by: Option<UserId>,
    /// When.
    pub asked_at: Timestamp,
    /// Where it stands.
    pub state: AuditState,
    /// How often it was begun.
    pub attempt: u32,
    /// Until when nobody else takes it; none = nobody has taken it, or it is over.
    pub lease_until: Option<Timestamp>,
    /// How far it is, in this attempt.
    pub counts: AuditCounts,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
    /// Why it failed.
    pub error: Option<String>,
}

impl Audit {
    /// One that waits for a worker.
    #[must_use]
    pub fn asked(id: AuditId, period: (Timestamp, Timestamp), import: bool, asked_by: Option<UserId>, now: Timestamp) -> Self {
        let (since, until) = period;
        Self {
            id,
            since,
            until,
            import,
            asked_by,
            asked_at: now,
            state: AuditState::Running,
            attempt: 0,
            lease_until: None,
            counts: AuditCounts::default(),
            ended_at: None,
            error: None,
        }
    }

    /// May a worker take it now? It waits, or whoever had it has not been heard of.
    #[must_use]
    pub fn is_due(&self, now: Timestamp) -> bool {
        self.state == AuditState::Running && self.lease_until.is_none_or(|until| until <= now)
    }

    /// Taken: it begins (anew), and what was counted before is forgotten.
    #[must_use]
    pub fn taken(self, until: Timestamp) -> Self {
        Self { attempt: self.attempt.saturating_add(1), lease_until: Some(until), counts: AuditCounts::default(), ..self }
    }

    /// Was it begun too often? Then it is not the providers that have a bad day.
    #[must_use]
    pub fn is_exhausted(&self) -> bool {
        self.attempt > ATTEMPTS_MAX
    }

    /// Over.
    #[must_use]
    pub fn ended(self, state: AuditState, error: Option<String>, now: Timestamp) -> Self {
        Self { state, error, lease_until: None, ended_at: Some(now), ..self }
    }
}

/// A difference that a run has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditDifference {
    /// Its place in the run, from 0.
    pub place: u64,
    /// Its kind, as a stable word.
    pub code: String,
    /// The order, where it belongs to one.
    pub order_id: Option<OrderId>,
    /// What it is about: an id at a provider, or one of ours.
    pub subject: String,
    /// What our books say.
    pub ours: String,
    /// What the other side says.
    pub theirs: String,
    /// What to do about it.
    pub proposed: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_run_that_was_left_alone_begins_anew_and_not_for_ever() {
        let mut run = Audit::asked(AuditId(Uuid::nil()), (Timestamp(0), Timestamp(9)), false, None, Timestamp(1));
        for begun in 1..=ATTEMPTS_MAX {
            assert!(run.is_due(Timestamp(10)));
            run.counts.differences = 7;
            run = run.taken(Timestamp(10));
            assert!(!run.is_due(Timestamp(9)), "somebody is at it");
            assert_eq!((run.attempt, run.counts, run.is_exhausted()), (begun, AuditCounts::default(), false));
        }
        assert!(run.clone().taken(Timestamp(20)).is_exhausted());
        let over = run.ended(AuditState::Failed, Some("why".to_owned()), Timestamp(30));
        assert!(!over.is_due(Timestamp(99)), "what is over is not taken");
    }

    #[test]
    fn every_state_is_read_as_it_was_written() {
        for state in AuditState::ALL {
            assert_eq!(AuditState::parse(state.as_str()), Some(state));
        }
        assert_eq!(AuditState::parse("other"), None);
    }
}
