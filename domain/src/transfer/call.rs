//! Calls to Connect for a transfer or reversal: their keys, their answers, and why a row waits (spec/01-money §5).
//!
//! Invariant: a key changes only once it is proven that no call under it took effect.

use crate::time::Timestamp;
use std::time::Duration;

/// The calls made for a transfer or reversal: which key they used and what is known of them.
///
/// Stripe replays the first executed answer under a key, refusals and 5xx too, and forgets keys after 24 h. So an unknown
/// outcome keeps the key, a refusal (which proves that nothing happened) starts the next generation, and an unknown
/// outcome older than [`Attempt::BLIND_RESEND_MAX`] is looked up before anything is sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Attempt {
    /// Which key.
    pub generation: u32,
    /// First call under this key; none = never sent under it. While it is set the outcome is unknown.
    pub first_sent_at: Option<Timestamp>,
    /// Last call under this key.
    pub last_sent_at: Option<Timestamp>,
    /// Look it up before anything else is sent.
    pub look_up: bool,
}

/// What a worker does with a due transfer or reversal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Call the provider with the row's key.
    Send,
    /// Ask the provider whether an earlier call took effect.
    LookUp,
}

impl Attempt {
    /// Stripe prunes keys after 24 h; this leaves a margin (spec/01-money §5).
    pub const BLIND_RESEND_MAX: Duration = Duration::from_secs(20 * 3600);

    /// What comes next.
    #[must_use]
    pub fn next_step(&self, now: Timestamp) -> Step {
        match self.first_sent_at {
            Some(sent) if self.look_up || now.since(sent) >= Self::BLIND_RESEND_MAX => Step::LookUp,
            Some(_) | None => Step::Send,
        }
    }

    /// True while a call may have taken effect without our knowing.
    #[must_use]
    pub fn is_unknown(&self) -> bool {
        self.first_sent_at.is_some()
    }

    /// Has no call been made since `earlier`, and nothing been found out about that one?
    #[must_use]
    pub fn is_still(&self, earlier: &Self) -> bool {
        (self.generation, self.last_sent_at) == (earlier.generation, earlier.last_sent_at)
    }

    /// A call is about to be made.
    #[must_use]
    pub fn sent(self, now: Timestamp) -> Self {
        Self { first_sent_at: self.first_sent_at.or(Some(now)), last_sent_at: Some(now), ..self }
    }

    /// It is proven that no call under this key took effect.
    #[must_use]
    pub fn next_generation(self) -> Self {
        Self { generation: self.generation.saturating_add(1), ..Self::default() }
    }
}

/// What is known after a call for a transfer or reversal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It took effect.
    Done {
        /// Connect's id; none where Connect only says that it is so (already reversed).
        provider_id: Option<String>,
    },
    /// Connect said no: nothing happened.
    Refused {
        /// Why.
        refusal: CallRefusal,
        /// Connect's words.
        message: String,
    },
    /// It may have taken effect.
    Unknown {
        /// What was seen.
        message: String,
        /// The same answer would come again under this key: only a look-up helps.
        replayed: bool,
    },
    /// Nothing happened and nothing was judged (401, 403, 409, 429, no connection): wait, same key.
    NotNow {
        /// What was seen.
        message: String,
    },
    /// A look-up showed that no call took effect, and none can be under way.
    NotThere,
    /// Nothing is to be taken back at Connect, so nothing was sent (see [`crate::reversal::Reversal::needs_call`]).
    NotNeeded,
}

/// Why Connect said no.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallRefusal {
    /// Too little available balance: time heals it.
    BalanceInsufficient,
    /// The account can't receive transfers yet: time heals it.
    CapabilityMissing,
    /// The transfer or account does not exist.
    NotFound,
    /// Anything else.
    Other,
}

/// Why a transfer or a reversal waits without using up its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// The seller has no account that can receive transfers.
    AccountNotReady,
    /// Card money becomes available days after the sale; a seller's account may be empty.
    BalanceInsufficient,
    /// A dispute of the order is open, or was lost and can't be booked yet.
    Disputed,
    /// Nothing at Connect is left to take back: the debt waits for the seller's next shares, or to be written off.
    NothingAtConnect,
}

impl Hold {
    /// Every reason.
    pub const ALL: [Self; 4] = [Self::AccountNotReady, Self::BalanceInsufficient, Self::Disputed, Self::NothingAtConnect];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::AccountNotReady => "account_not_ready",
            Self::BalanceInsufficient => "balance_insufficient",
            Self::Disputed => "disputed",
            Self::NothingAtConnect => "nothing_at_connect",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|hold| hold.as_str() == text)
    }

    pub(crate) fn of(refusal: CallRefusal) -> Option<Self> {
        match refusal {
            CallRefusal::BalanceInsufficient => Some(Self::BalanceInsufficient),
            CallRefusal::CapabilityMissing => Some(Self::AccountNotReady),
            CallRefusal::NotFound | CallRefusal::Other => None,
        }
    }
}
