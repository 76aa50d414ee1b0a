//! Transfers: a seller's share on its way to the seller's Connect account (spec/01-money §5).
//!
//! Invariant: the status moves along [`TransferStatus::may_move_to`] and no other way: the field is private, and only
//! [`Transfer::moved`] writes it.

use crate::backoff::RetryPolicy;
use crate::ids::{OrderId, TransferId, UserId};
use crate::money::{Minor, Money, MoneyError};
use crate::time::Timestamp;
use std::time::Duration;

/// Where a transfer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferStatus {
    /// To be sent, or sent without a known outcome.
    Pending,
    /// Connect has it.
    Completed,
    /// Connect refused; it will be tried again.
    Failed,
    /// All that is left of it is being taken back.
    ReversalPending,
    /// All of it was taken back.
    Reversed,
    /// Nothing more will be tried.
    PermanentlyFailed,
}

impl TransferStatus {
    /// Every status.
    pub const ALL: [Self; 6] =
        [Self::Pending, Self::Completed, Self::Failed, Self::ReversalPending, Self::Reversed, Self::PermanentlyFailed];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Completed => "completed",
            Self::Failed => "failed",
            Self::ReversalPending => "reversal_pending",
            Self::Reversed => "reversed",
            Self::PermanentlyFailed => "permanently_failed",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// The moves there are, each status' own list; staying is always allowed (a retry count moves).
    #[must_use]
    pub fn moves(self) -> &'static [Self] {
        match self {
            Self::Pending => &[Self::Completed, Self::Failed],
            Self::Failed => &[Self::Completed, Self::PermanentlyFailed],
            Self::Completed => &[Self::ReversalPending],
            Self::ReversalPending => &[Self::Reversed, Self::PermanentlyFailed],
            Self::Reversed | Self::PermanentlyFailed => &[],
        }
    }

    /// May a transfer go from here to `to`?
    #[must_use]
    pub fn may_move_to(self, to: Self) -> bool {
        self == to || self.moves().contains(&to)
    }
}

/// A move that the matrix does not have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a transfer can't go from {from} to {to}", from = from.as_str(), to = to.as_str())]
pub struct IllegalMove {
    /// Where it is.
    pub from: TransferStatus,
    /// Where it was to go.
    pub to: TransferStatus,
}

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

/// Why a transfer waits without using up its retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Hold {
    /// The seller has no account that can receive transfers.
    AccountNotReady,
    /// Card money becomes available days after the sale; a seller's account may be empty.
    BalanceInsufficient,
    /// A dispute of the order is open.
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

/// A seller's share on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Transfer {
    /// Derived from order and seller: a share is sent once.
    pub id: TransferId,
    /// The order it is a share of; Connect's `transfer_group`.
    pub order_id: OrderId,
    /// Who gets it.
    pub seller_id: UserId,
    /// How much.
    pub amount: Money,
    /// How much of it was taken back.
    pub amount_reversed: Minor,
    status: TransferStatus,
    /// Calls and keys.
    pub attempt: Attempt,
    /// Retries used up.
    pub retry_count: u32,
    /// When its worker looks at it again; none when nothing more is to be done.
    pub next_retry_at: Option<Timestamp>,
    /// Why it waits, if it waits for what time heals.
    pub hold: Option<Hold>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Connect's id; never an invented one.
    pub stripe_transfer_id: Option<String>,
    /// The transfer that was given up for good and that an operator had this one replace.
    pub replaces: Option<TransferId>,
    /// When it was opened.
    pub created_at: Timestamp,
}

impl Transfer {
    /// A transfer of `amount` that is due at once.
    #[must_use]
    pub fn open(id: TransferId, order_id: OrderId, seller_id: UserId, amount: Money, now: Timestamp) -> Self {
        Self {
            id,
            order_id,
            seller_id,
            amount,
            amount_reversed: Minor::ZERO,
            status: TransferStatus::Pending,
            attempt: Attempt::default(),
            retry_count: 0,
            next_retry_at: Some(now),
            hold: None,
            last_error: None,
            stripe_transfer_id: None,
            replaces: None,
            created_at: now,
        }
    }

    /// For adapters: the row as it was stored.
    #[must_use]
    pub fn restored(self, status: TransferStatus) -> Self {
        Self { status, ..self }
    }

    /// Where it stands.
    #[must_use]
    pub fn status(&self) -> TransferStatus {
        self.status
    }

    /// The idempotency key of its calls.
    #[must_use]
    pub fn key(&self) -> String {
        format!("transfer:{}:{}", self.id, self.attempt.generation)
    }

    /// What may still be taken back.
    #[must_use]
    pub fn left(&self) -> Minor {
        Minor(self.amount.amount.0 - self.amount_reversed.0)
    }

    /// `amount` of it is back.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn taken_back(self, amount: Minor) -> Result<Self, MoneyError> {
        Ok(Self { amount_reversed: self.amount_reversed.plus(amount)?, ..self })
    }

    /// The only way to change the status.
    ///
    /// # Errors
    /// [`IllegalMove`] for a pair that the matrix does not have.
    pub fn moved(self, to: TransferStatus) -> Result<Self, IllegalMove> {
        if self.status.may_move_to(to) { Ok(Self { status: to, ..self }) } else { Err(IllegalMove { from: self.status, to }) }
    }

    /// It is about to be sent; `lease` is how long nobody else looks at it.
    #[must_use]
    pub fn sent(self, now: Timestamp, lease: Duration) -> Self {
        Self { attempt: self.attempt.sent(now), next_retry_at: Some(now.plus(lease)), ..self }
    }

    /// The seller's account can't receive it yet: it waits, nothing is lost.
    #[must_use]
    pub fn held(self, hold: Hold, policy: &RetryPolicy, now: Timestamp) -> Self {
        Self { hold: Some(hold), next_retry_at: Some(now.plus(policy.max)), ..self }
    }

    /// What it waited for is there: it is due at once.
    #[must_use]
    pub fn released(self, now: Timestamp) -> Self {
        Self { hold: None, next_retry_at: Some(now), ..self }
    }

    /// The states it goes through after a call, in order; the last one stays. `wanted` = the seller is still to have it
    /// (not refunded in full).
    ///
    /// # Errors
    /// [`IllegalMove`] when the transfer is not one that can be sent.
    pub fn after_call(&self, outcome: &CallOutcome, wanted: bool, policy: &RetryPolicy, now: Timestamp) -> Result<Vec<Self>, IllegalMove> {
        use TransferStatus::{Completed, Failed, PermanentlyFailed};
        let counted = self.retry_count.saturating_add(1);
        match outcome {
            CallOutcome::Done { provider_id } => {
                let done = self.clone().moved(Completed)?;
                Ok(vec![Self {
                    stripe_transfer_id: provider_id.clone(),
                    next_retry_at: None,
                    hold: None,
                    last_error: None,
                    attempt: Attempt { look_up: false, first_sent_at: None, ..done.attempt },
                    ..done
                }])
            }
            CallOutcome::Refused { refusal, message } => {
                let failed = Self {
                    attempt: self.attempt.next_generation(),
                    last_error: Some(message.clone()),
                    hold: Hold::of(*refusal),
                    ..self.clone().moved(Failed)?
                };
                let retry_count = if failed.hold.is_some() { self.retry_count } else { counted };
                if !wanted || policy.exhausted(retry_count) {
                    return failed.closed();
                }
                let pause = if failed.hold.is_some() { policy.max } else { policy.delay(retry_count) };
                Ok(vec![Self { retry_count, next_retry_at: Some(now.plus(pause)), ..failed }])
            }
            CallOutcome::Unknown { message, replayed } => {
                let exhausted = policy.exhausted(counted);
                let pause = if *replayed || exhausted { Duration::ZERO } else { policy.delay(counted) };
                let look_up = self.attempt.look_up || *replayed || exhausted;
                let attempt = Attempt { look_up, ..self.attempt };
                Ok(vec![Self {
                    attempt,
                    retry_count: counted,
                    last_error: Some(message.clone()),
                    next_retry_at: Some(now.plus(pause)),
                    ..self.clone().moved(self.status)?
                }])
            }
            CallOutcome::NotNow { message } => {
                Ok(vec![Self { last_error: Some(message.clone()), next_retry_at: Some(now.plus(policy.delay(1))), ..self.clone() }])
            }
            CallOutcome::NotThere => {
                let fresh = Self { attempt: self.attempt.next_generation(), next_retry_at: Some(now), ..self.clone() };
                if wanted && !policy.exhausted(self.retry_count) {
                    return Ok(vec![fresh]);
                }
                match self.status {
                    Failed | PermanentlyFailed => fresh.closed(),
                    _ => fresh.moved(Failed)?.closed(),
                }
            }
        }
    }

    /// From `failed` (or `pending`, by way of `failed`) to the end: nobody is paid for refunded goods.
    ///
    /// # Errors
    /// [`IllegalMove`] from any other status.
    pub fn closed(self) -> Result<Vec<Self>, IllegalMove> {
        let quiet = Self { next_retry_at: None, ..self };
        let failed = quiet.moved(TransferStatus::Failed)?;
        let ended = failed.clone().moved(TransferStatus::PermanentlyFailed)?;
        Ok(vec![failed, ended])
    }
}

#[cfg(test)]
mod tests {
    use super::TransferStatus::{Completed, Failed, Pending, PermanentlyFailed, ReversalPending, Reversed};
    use super::*;
    use uuid::Uuid;

    const POLICY: RetryPolicy = RetryPolicy { retries_max: 2, base: Duration::from_secs(60), max: Duration::from_secs(3600) };
    const NOW: Timestamp = Timestamp(1_000_000);

    fn transfer() -> Transfer {
        let id = Uuid::from_u128(1);
        Transfer::open(TransferId(id), OrderId(id), UserId(id), Money::new(900, "EUR".parse().unwrap()), NOW)
    }

    fn refused(refusal: CallRefusal) -> CallOutcome {
        CallOutcome::Refused { refusal, message: "no".into() }
    }

    fn last(transfer: &Transfer, outcome: &CallOutcome) -> Transfer {
        transfer.after_call(outcome, true, &POLICY, NOW).unwrap().pop().unwrap()
    }

    #[test]
    fn every_pair_of_the_matrix() {
        let allowed = [
            (Pending, Completed),
            (Pending, Failed),
            (Failed, Completed),
            (Failed, PermanentlyFailed),
            (Completed, ReversalPending),
            (ReversalPending, Reversed),
            (ReversalPending, PermanentlyFailed),
        ];
        let mut pairs = 0;
        for from in TransferStatus::ALL {
            for to in TransferStatus::ALL {
                let expected = from == to || allowed.contains(&(from, to));
                assert_eq!(transfer().restored(from).moved(to).is_ok(), expected, "{from:?} -> {to:?}");
                pairs += 1;
            }
        }
        assert_eq!(pairs, 36);
    }

    #[test]
    fn ends_have_no_way_out_and_an_unknown_status_goes_nowhere() {
        assert!(Reversed.moves().is_empty() && PermanentlyFailed.moves().is_empty());
        assert_eq!(TransferStatus::parse("paid"), None);
        for status in TransferStatus::ALL {
            assert_eq!(TransferStatus::parse(status.as_str()), Some(status));
        }
    }

    #[test]
    fn the_id_is_kept_on_first_try_and_on_retry_and_none_is_invented() {
        let done = CallOutcome::Done { provider_id: Some("tr_1".into()) };
        assert_eq!(last(&transfer(), &done).stripe_transfer_id.as_deref(), Some("tr_1"));
        let failed = last(&transfer(), &refused(CallRefusal::Other));
        assert_eq!((failed.status(), failed.stripe_transfer_id.clone()), (Failed, None));
        assert_eq!(last(&failed, &done).stripe_transfer_id.as_deref(), Some("tr_1"));
    }

    #[test]
    fn an_unknown_outcome_keeps_status_and_key_a_refusal_takes_the_next_key() {
        let sent = transfer().sent(NOW, Duration::from_secs(60));
        let unknown = last(&sent, &CallOutcome::Unknown { message: "cut".into(), replayed: false });
        assert_eq!((unknown.status(), unknown.key()), (Pending, sent.key()));
        assert!(unknown.attempt.is_unknown());
        let failed = last(&unknown, &refused(CallRefusal::BalanceInsufficient));
        assert_ne!(failed.key(), sent.key());
        assert!(!failed.attempt.is_unknown());
    }

    #[test]
    fn what_time_heals_never_uses_up_the_budget() {
        let mut held = transfer();
        for _ in 0..20 {
            held = last(&held, &refused(CallRefusal::BalanceInsufficient));
            assert_eq!((held.status(), held.retry_count), (Failed, 0));
            assert_eq!(held.next_retry_at, Some(NOW.plus(POLICY.max)));
        }
    }

    #[test]
    fn retries_are_exhausted_by_refusals() {
        let mut failed = transfer();
        for _ in 0..POLICY.retries_max {
            failed = last(&failed, &refused(CallRefusal::Other));
            assert_eq!(failed.status(), Failed);
        }
        let steps = failed.after_call(&refused(CallRefusal::Other), true, &POLICY, NOW).unwrap();
        assert_eq!(steps.iter().map(Transfer::status).collect::<Vec<_>>(), [Failed, PermanentlyFailed]);
    }

    #[test]
    fn an_unknown_outcome_is_looked_up_before_it_ends() {
        let mut row = transfer().sent(NOW, Duration::from_secs(60));
        for _ in 0..=POLICY.retries_max {
            row = last(&row, &CallOutcome::Unknown { message: "cut".into(), replayed: false });
        }
        assert_eq!((row.status(), row.attempt.next_step(NOW)), (Pending, Step::LookUp));
        let steps = row.after_call(&CallOutcome::NotThere, true, &POLICY, NOW).unwrap();
        assert_eq!(steps.last().map(Transfer::status), Some(PermanentlyFailed));
    }

    #[test]
    fn an_old_unknown_outcome_is_never_sent_again_blindly() {
        let sent = transfer().sent(NOW, Duration::from_secs(60));
        assert_eq!(sent.attempt.next_step(NOW.plus(Duration::from_secs(19 * 3600))), Step::Send);
        assert_eq!(sent.attempt.next_step(NOW.plus(Attempt::BLIND_RESEND_MAX)), Step::LookUp);
    }
}
