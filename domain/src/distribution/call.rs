//! The call that a placement waits for, and what its answer changes.

use super::{Moved, Placement, PlacementStatus, words};
use crate::backoff::RetryPolicy;
use crate::time::Timestamp;
use std::time::Duration;

/// How far the call is that a status wants: the submission's, then a takedown's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// Nothing that counts was sent.
    Due,
    /// It was sent then and may have been heard: the partner is asked before anything is sent again.
    Sent(Timestamp),
    /// The partner has heard it.
    Heard,
}

impl Call {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Due => "due",
            Self::Sent(_) => "sent",
            Self::Heard => "heard",
        }
    }

    /// Since when it may have been heard.
    #[must_use]
    pub fn sent_at(self) -> Option<Timestamp> {
        match self {
            Self::Sent(at) => Some(at),
            Self::Due | Self::Heard => None,
        }
    }

    /// Reads what [`Self::as_str`] and [`Self::sent_at`] gave.
    #[must_use]
    pub fn parse(text: &str, sent_at: Option<Timestamp>) -> Option<Self> {
        match (text, sent_at) {
            ("due", None) => Some(Self::Due),
            ("sent", Some(at)) => Some(Self::Sent(at)),
            ("heard", None) => Some(Self::Heard),
            _ => None,
        }
    }
}

/// When a placement is looked at again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Schedule {
    /// Longer than any call: after it none of ours can be under way.
    pub lease: Duration,
    /// Pauses after calls that brought nothing; beyond the budget a person is told, and it goes on at the slow pace.
    pub retries: RetryPolicy,
    /// Pause between looks at what the platform works on.
    pub looks: Duration,
    /// Pause between looks at what is live.
    pub live_looks: Duration,
}

/// What is to be done next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Nothing: it is over.
    Nothing,
    /// It is to go and never left: no call is needed.
    Withdraw,
    /// Send the submission.
    Submit,
    /// Ask the partner whether it has one under our key.
    LookUp,
    /// Ask for the takedown.
    TakeDown,
    /// Read it at the partner.
    Read,
}

/// What a call brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Answer {
    /// The partner has it.
    Stands {
        /// Its reference there.
        partner_id: String,
        /// Where it stands there; none for a word that we do not know.
        status: Option<PlacementStatus>,
        /// The partner's reason, where it gives one.
        reason: Option<String>,
        /// The code that it assigned.
        isrc: Option<String>,
    },
    /// The partner has none.
    NotThere,
    /// It was never sent, and need not be.
    Withdrawn,
    /// The partner refuses what was sent, for good: nothing happened.
    Refused(String),
    /// What was sent may have happened.
    Unknown(String),
    /// What was to be sent did not happen; later.
    NotSent(String),
    /// The partner could not be read: this says nothing.
    Unread(String),
}

/// A placement after an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct After {
    /// Its next state.
    pub placement: Placement,
    /// How its status has moved, if it has.
    pub moved: Option<Moved>,
    /// Why a person should look, if one should.
    pub stuck: Option<String>,
}

impl Placement {
    /// What is to be done next.
    #[must_use]
    pub fn next_step(&self) -> Step {
        let leaving = self.status == PlacementStatus::TakedownRequested;
        match (self.partner_id.is_some(), self.call) {
            _ if self.status.is_over() => Step::Nothing,
            (false, Call::Due) if leaving => Step::Withdraw,
            (false, Call::Due) => Step::Submit,
            (false, Call::Sent(_) | Call::Heard) => Step::LookUp,
            (true, Call::Due) if leaving => Step::TakeDown,
            (true, Call::Due | Call::Sent(_) | Call::Heard) => Step::Read,
        }
    }

    /// It is about to be sent; nobody else looks at it for a lease.
    #[must_use]
    pub fn sent(self, schedule: &Schedule, now: Timestamp) -> Self {
        Self { call: Call::Sent(now), due_at: Some(now.plus(schedule.lease)), ..self }
    }

    /// What an answer changes. An answer to a call of before somebody else's change is harmless: it moves along the table or not at all.
    #[must_use]
    pub fn after(&self, answer: &Answer, schedule: &Schedule, now: Timestamp) -> After {
        if self.status.is_over() {
            return self.clone().unmoved();
        }
        match answer {
            Answer::Stands { partner_id, status, reason, isrc } => {
                let known = Self {
                    partner_id: self.partner_id.clone().or_else(|| Some(partner_id.clone())),
                    isrc: isrc.clone().or_else(|| self.isrc.clone()),
                    tries: 0,
                    last_error: None,
                    ..self.clone()
                };
                known.seen(*status, reason.as_deref(), schedule, now)
            }
            Answer::NotThere if self.partner_id.is_some() => self.clone().failed("the partner no longer has it", self.call, schedule, now),
            Answer::NotThere => match self.under_way_until(schedule) {
                Some(end) if end > now => Self { due_at: Some(end), ..self.clone() }.unmoved(),
                _ => Self { call: Call::Due, due_at: Some(now), ..self.clone() }.unmoved(),
            },
            Answer::Withdrawn if self.next_step() == Step::Withdraw => {
                self.clone().to(PlacementStatus::TakenDown, "it was never sent to the partner")
            }
            Answer::Withdrawn => self.clone().unmoved(),
            Answer::Refused(why) if self.partner_id.is_none() => self.clone().to(PlacementStatus::Rejected, why),
            Answer::Refused(why) => {
                let waits = self.clone().failed(why, Call::Due, schedule, now);
                let placement = Self { due_at: Some(now.plus(schedule.retries.max)), ..waits.placement };
                After { placement, moved: None, stuck: Some(words(why)) }
            }
            Answer::Unknown(why) | Answer::Unread(why) => self.clone().failed(why, self.call, schedule, now),
            Answer::NotSent(why) => self.clone().failed(why, Call::Due, schedule, now),
        }
    }

    /// Until when a call of ours may still be on its way.
    fn under_way_until(&self, schedule: &Schedule) -> Option<Timestamp> {
        self.call.sent_at().map(|at| at.plus(schedule.lease))
    }

    fn seen(self, theirs: Option<PlacementStatus>, reason: Option<&str>, schedule: &Schedule, now: Timestamp) -> After {
        use PlacementStatus::{Live, Processing, Submitted, TakedownRequested};
        let Some(theirs) = theirs else {
            let error = Some(format!("the partner says what we do not know: {}", words(reason.unwrap_or("nothing"))));
            return Self { last_error: error, ..self.waiting(schedule, now) }.unmoved();
        };
        if self.status == TakedownRequested && matches!(theirs, Submitted | Processing | Live) {
            // The partner has not heard of the takedown; a call that may be on its way is waited for.
            return match self.under_way_until(schedule).filter(|end| *end > now) {
                Some(end) => Self { due_at: Some(end), ..self }.unmoved(),
                None => Self { call: Call::Due, due_at: Some(now), ..self }.unmoved(),
            };
        }
        let heard = Self { call: Call::Heard, ..self };
        if theirs == heard.status {
            return heard.waiting(schedule, now).unmoved();
        }
        if !heard.status.may_move_to(theirs) {
            let error = Some(format!("the partner says {}", theirs.as_str()));
            return Self { last_error: error, ..heard.waiting(schedule, now) }.unmoved();
        }
        let After { placement, moved, stuck } = heard.to(theirs, reason.unwrap_or("the partner says so"));
        After { placement: placement.waiting(schedule, now), moved, stuck }
    }

    /// The next look at what the partner has.
    fn waiting(self, schedule: &Schedule, now: Timestamp) -> Self {
        let pause = if self.status == PlacementStatus::Live { schedule.live_looks } else { schedule.looks };
        Self { due_at: (!self.status.is_over()).then(|| now.plus(pause)), ..self }
    }

    fn failed(self, why: &str, call: Call, schedule: &Schedule, now: Timestamp) -> After {
        let tries = self.tries.saturating_add(1);
        let stuck = schedule.retries.exhausted(tries).then(|| words(why));
        let due_at = Some(now.plus(schedule.retries.delay(tries)));
        After { placement: Self { call, tries, due_at, last_error: Some(words(why)), ..self }, moved: None, stuck }
    }

    /// Along the table; a move that it lacks changes nothing.
    fn to(self, to: PlacementStatus, why: &str) -> After {
        match self.clone().moved(to, why) {
            Ok((placement, moved)) => After { placement: Self { call: Call::Heard, ..placement }, moved: Some(moved), stuck: None },
            Err(_) => self.unmoved(),
        }
    }

    fn unmoved(self) -> After {
        After { placement: self, moved: None, stuck: None }
    }
}
