//! What the timeline of an order is made of, beyond the rows themselves: calls and looks (spec/01-money §8), and what
//! operators did (spec/07-operations, Admin). Both are append-only.

use crate::attention::Subject;
use crate::ids::{AdminActionId, JournalId, OrderId, UserId};
use crate::time::Timestamp;

/// What kind of thing happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JournalKind {
    /// A fact was learnt by a read or an answer, and settled.
    Fact,
    /// A call to a provider: sent, answered, or unknown.
    Call,
    /// A worker looked, and why it did or did not do something.
    Job,
}

impl JournalKind {
    /// Every kind.
    pub const ALL: [Self; 3] = [Self::Fact, Self::Call, Self::Job];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Fact => "fact",
            Self::Call => "call",
            Self::Job => "job",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.as_str() == text)
    }
}

/// One line of an order's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// Ours.
    pub id: JournalId,
    /// Its order.
    pub order_id: OrderId,
    /// When.
    pub at: Timestamp,
    /// What kind.
    pub kind: JournalKind,
    /// What, for a person: names, ids, keys, statuses, amounts; no secrets.
    pub text: String,
}

/// Something that an operator did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AdminAction {
    /// Ours.
    pub id: AdminActionId,
    /// When.
    pub at: Timestamp,
    /// Who; none = somebody at the command line.
    pub admin_id: Option<UserId>,
    /// `retry_transfer`, `write_off`, `replay_webhook`, `resolve_attention`, `reconcile`, …
    pub action: String,
    /// What it was done to, where it was one thing.
    pub subject: Option<Subject>,
    /// The order it belongs to, where it belongs to one.
    pub order_id: Option<OrderId>,
    /// Figures and reasons.
    pub detail: String,
}
