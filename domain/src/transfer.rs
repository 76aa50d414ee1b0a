//! Transfers: a seller's share on its way to the seller's Connect account (spec/01-money §5).
//!
//! Invariant: the status moves along [`TransferStatus::may_move_to`] and no other way: the field is private, and only
//! [`Transfer::moved`] writes it.

mod call;

use crate::backoff::RetryPolicy;
use crate::ids::{OrderId, TransferId, UserId};
use crate::money::{Minor, Money, MoneyError};
use crate::time::Timestamp;
use std::time::Duration;

pub use call::{Attempt, CallOutcome, CallRefusal, Hold, Step};

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

    /// The same, in the place of an earlier one, where it replaces one.
    #[must_use]
    pub fn replacing(self, replaces: Option<TransferId>) -> Self {
        Self { replaces, ..self }
    }

    /// Connect's id of it, learnt after the answer.
    #[must_use]
    pub fn known_as(self, stripe_transfer_id: &str) -> Self {
        Self { stripe_transfer_id: Some(stripe_transfer_id.to_owned()), ..self }
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

    /// An operator has it tried again: due at once, whatever it waited for, with a fresh budget of retries.
    #[must_use]
    pub fn retried(self, now: Timestamp) -> Self {
        Self { retry_count: 0, ..self.released(now) }
    }

    /// Has nothing gone wrong since it was made, or since an operator had it tried again?
    #[must_use]
    pub fn is_fresh(&self) -> bool {
        self.retry_count == 0 && self.hold.is_none()
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

    /// It waits for what no call brings about; nothing is lost.
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
        use TransferStatus::{Completed, Failed};
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
            CallOutcome::NotNeeded => Ok(vec![self.clone()]),
            CallOutcome::NotThere => {
                let fresh = Self { attempt: self.attempt.next_generation(), next_retry_at: Some(now), ..self.clone() };
                if wanted && !policy.exhausted(self.retry_count) {
                    return Ok(vec![fresh]);
                }
                fresh.closed()
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
