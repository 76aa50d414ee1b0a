//! Reversals: what a seller is to give back of one order, because of one refund or by somebody's hand at Connect (spec/01-money §5).

use crate::backoff::RetryPolicy;
use crate::ids::{OrderId, RefundId, ReversalId, TransferId, UserId, derive};
use crate::money::{Minor, Money, MoneyError};
use crate::refund::Refund;
use crate::time::Timestamp;
use crate::transfer::{Attempt, CallOutcome, CallRefusal, Hold, Transfer};
use std::time::Duration;

/// Why a reversal is given up whose transfer has no id at Connect: the one reason that goes away again.
pub const LACKS_AN_ID: &str = "the transfer has no id at Connect";

/// Where a reversal stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReversalStatus {
    /// To be carried out.
    ReversalPending,
    /// Connect has taken the money back, or later shares have paid it.
    Reversed,
    /// Nothing more will be tried, unless it was given up for lack of its transfer's id and that is found; the seller owes it, and
    /// later shares pay it.
    PermanentlyFailed,
}

impl ReversalStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::ReversalPending, Self::Reversed, Self::PermanentlyFailed];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
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
}

/// Why a share is taken back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ReversalCause {
    /// A refund, or a lost dispute (which is a refund too).
    Refund(RefundId),
    /// It was made at Connect, not through us.
    External,
}

impl ReversalCause {
    /// The refund, where it is one.
    #[must_use]
    pub fn refund(self) -> Option<RefundId> {
        match self {
            Self::Refund(id) => Some(id),
            Self::External => None,
        }
    }
}

/// One taking back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reversal {
    /// Derived from transfer and refund: a refund takes back from a transfer once, unless it came undone and succeeded again.
    pub id: ReversalId,
    /// The order whose share is taken back.
    pub order_id: OrderId,
    /// From whom.
    pub seller_id: UserId,
    /// What is taken back at Connect; none for a debt that no transfer stands for (the share had paid an earlier debt).
    pub transfer_id: Option<TransferId>,
    /// Why.
    pub cause: ReversalCause,
    /// How much, in all.
    pub amount: Money,
    /// How much of it the seller's later shares have paid. Of an external one: how much of it an operator has had
    /// sent again.
    pub netted: Minor,
    /// How much of it the platform has taken upon itself. Of an external one: how much of it the seller is not to have, by an
    /// operator's word.
    pub written_off: Minor,
    /// Where it stands.
    pub status: ReversalStatus,
    /// Calls and keys.
    pub attempt: Attempt,
    /// Retries used up.
    pub retry_count: u32,
    /// When its worker looks at it again; always there while it is pending.
    pub next_retry_at: Option<Timestamp>,
    /// Why it waits, if it waits for what time heals.
    pub hold: Option<Hold>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// Connect's id.
    pub stripe_reversal_id: Option<String>,
    /// When it was opened.
    pub created_at: Timestamp,
}

impl Reversal {
    /// The id of what `refund` takes back from `transfer`, after `earlier` times.
    #[must_use]
    pub fn id_of(transfer: TransferId, refund: RefundId, earlier: usize) -> ReversalId {
        let of = [transfer.0.as_bytes().as_slice(), &(earlier as u64).to_be_bytes()].concat();
        ReversalId(derive(refund.0, "reversal", &of))
    }

    /// A reversal that is due at once; `earlier` = how often this refund has taken back from this transfer before.
    #[must_use]
    pub fn open(transfer: &Transfer, refund_id: RefundId, earlier: usize, amount: Money, now: Timestamp) -> Self {
        let id = Self::id_of(transfer.id, refund_id, earlier);
        let row = Self::new(id, transfer.order_id, transfer.seller_id, ReversalCause::Refund(refund_id), amount, now);
        Self { transfer_id: Some(transfer.id), ..row }
    }

    /// A debt that no transfer of the order holds at Connect: the share had paid an earlier debt. It is never sent; it waits for
    /// the seller's next shares, or to be written off. `earlier` = how many such debts this refund has left the seller before.
    #[must_use]
    pub fn open_debt(refund: &Refund, seller_id: UserId, earlier: usize, amount: Money, policy: &RetryPolicy, now: Timestamp) -> Self {
        let of = [seller_id.0.as_bytes().as_slice(), &(earlier as u64).to_be_bytes()].concat();
        let id = ReversalId(derive(refund.id.0, "debt", &of));
        Self::new(id, refund.order_id, seller_id, ReversalCause::Refund(refund.id), amount, now).held(Hold::NothingAtConnect, policy, now)
    }

    /// One that was made at Connect, as `connect_id`, and not through us.
    #[must_use]
    pub fn external(transfer: &Transfer, connect_id: &str, amount: Money, now: Timestamp) -> Self {
        let id = ReversalId(derive(transfer.id.0, "external_reversal", connect_id.as_bytes()));
        let row = Self::new(id, transfer.order_id, transfer.seller_id, ReversalCause::External, amount, now);
        let stripe_reversal_id = Some(connect_id.to_owned());
        Self { transfer_id: Some(transfer.id), stripe_reversal_id, ..row }.closed()
    }

    fn new(id: ReversalId, order_id: OrderId, seller_id: UserId, cause: ReversalCause, amount: Money, now: Timestamp) -> Self {
        Self {
            id,
            order_id,
            seller_id,
            transfer_id: None,
            cause,
            amount,
            netted: Minor::ZERO,
            written_off: Minor::ZERO,
            status: ReversalStatus::ReversalPending,
            attempt: Attempt::default(),
            retry_count: 0,
            next_retry_at: Some(now),
            hold: None,
            last_error: None,
            stripe_reversal_id: None,
            created_at: now,
        }
    }

    /// What is still to be taken back, in minor units; of one that Connect has carried out: what Connect took; of an external
    /// one: what nobody has replaced or kept. A call is made for this and never for [`Reversal::amount`].
    #[must_use]
    pub fn open_amount(&self) -> Minor {
        Minor(self.amount.amount.0 - self.netted.0 - self.written_off.0)
    }

    /// Is there something to take back at Connect? If not, its worker makes no call and brings [`CallOutcome::NotNeeded`]: the rules
    /// then end what later shares have paid, and let wait what Connect does not hold.
    #[must_use]
    pub fn needs_call(&self) -> bool {
        self.attempt.is_unknown() || self.transfer_id.is_some() && self.open_amount().is_positive()
    }

    /// May a share of another order pay a part of it? Only once it is known that Connect can't give it back for now
    /// ([`Self::hold`]), or ever: what Connect still holds is taken from there. A share that paid it instead would be missing when its
    /// own order is refunded, and the seller would keep what was never taken.
    #[must_use]
    pub fn may_be_netted(&self) -> bool {
        self.is_at_rest() && self.hold.is_some() || self.is_given_up()
    }

    /// Is nothing more tried, and the seller still owes it?
    fn is_given_up(&self) -> bool {
        self.status == ReversalStatus::PermanentlyFailed && !self.attempt.is_unknown() && self.open_amount().is_positive()
    }

    /// Is it open, and no call under way that may be taking it back right now?
    #[must_use]
    pub fn is_at_rest(&self) -> bool {
        self.status == ReversalStatus::ReversalPending && !self.attempt.is_unknown() && self.open_amount().is_positive()
    }

    /// `paid` of it was kept from a share. If it still stands open, it is looked at again at once.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`].
    pub fn netted(self, paid: Minor, now: Timestamp) -> Result<Self, MoneyError> {
        let next_retry_at = self.next_retry_at.map(|_| now);
        Ok(Self { netted: self.netted.plus(paid)?, next_retry_at, ..self })
    }

    /// Later shares have paid all of it: no call is made for it.
    #[must_use]
    pub fn closed(self) -> Self {
        Self { status: ReversalStatus::Reversed, next_retry_at: None, hold: None, last_error: None, ..self }
    }

    /// It waits for what no call brings about; nothing is lost.
    #[must_use]
    pub fn held(self, hold: Hold, policy: &RetryPolicy, now: Timestamp) -> Self {
        Self { hold: Some(hold), next_retry_at: Some(now.plus(policy.max)), ..self }
    }

    /// The idempotency key of its calls.
    #[must_use]
    pub fn key(&self) -> String {
        format!("reversal:{}:{}", self.id, self.attempt.generation)
    }

    /// It is about to be sent; `lease` is how long nobody else looks at it.
    #[must_use]
    pub fn sent(self, now: Timestamp, lease: Duration) -> Self {
        Self { attempt: self.attempt.sent(now), next_retry_at: Some(now.plus(lease)), ..self }
    }

    /// Was it given up, without a call, because Connect's id of its transfer was missing?
    #[must_use]
    pub fn lacks_an_id(&self) -> bool {
        self.is_given_up() && self.last_error.as_deref() == Some(LACKS_AN_ID)
    }

    /// What it lacked is there: it is due at once.
    #[must_use]
    pub fn reopened(self, now: Timestamp) -> Self {
        Self { status: ReversalStatus::ReversalPending, next_retry_at: Some(now), last_error: None, ..self }
    }

    /// Nothing more is tried; the debt stays on the books.
    #[must_use]
    pub fn given_up(self, why: &str) -> Self {
        Self { status: ReversalStatus::PermanentlyFailed, next_retry_at: None, last_error: Some(why.to_owned()), ..self }
    }

    /// Its state after a call. Only a pending one changes.
    #[must_use]
    pub fn after_call(&self, outcome: &CallOutcome, policy: &RetryPolicy, now: Timestamp) -> Self {
        if self.status != ReversalStatus::ReversalPending {
            return self.clone();
        }
        let counted = self.retry_count.saturating_add(1);
        let again = |row: Self, message: &str, pause: Duration| Self {
            last_error: Some(message.to_owned()),
            next_retry_at: Some(now.plus(pause)),
            ..row
        };
        match outcome {
            CallOutcome::Done { provider_id } => Self {
                status: ReversalStatus::Reversed,
                stripe_reversal_id: provider_id.clone(),
                next_retry_at: None,
                hold: None,
                last_error: None,
                attempt: Attempt { first_sent_at: None, look_up: false, ..self.attempt },
                ..self.clone()
            },
            CallOutcome::Refused { refusal: CallRefusal::NotFound, message } => {
                Self { attempt: self.attempt.next_generation(), ..self.clone() }.given_up(message)
            }
            CallOutcome::Refused { refusal, message } => {
                let row = Self { attempt: self.attempt.next_generation(), hold: Hold::of(*refusal), ..self.clone() };
                if row.hold.is_some() {
                    again(row, message, policy.max)
                } else if policy.exhausted(counted) {
                    Self { retry_count: counted, ..row }.given_up(message)
                } else {
                    again(Self { retry_count: counted, ..row }, message, policy.delay(counted))
                }
            }
            CallOutcome::Unknown { message, replayed } => {
                let look_up = self.attempt.look_up || *replayed || policy.exhausted(counted);
                let pause = if look_up { Duration::ZERO } else { policy.delay(counted) };
                again(Self { retry_count: counted, attempt: Attempt { look_up, ..self.attempt }, ..self.clone() }, message, pause)
            }
            CallOutcome::NotNow { message } => again(self.clone(), message, policy.delay(1)),
            CallOutcome::NotNeeded => self.clone(),
            CallOutcome::NotThere if policy.exhausted(self.retry_count) => {
                let why = self.last_error.clone().unwrap_or_default();
                Self { attempt: self.attempt.next_generation(), ..self.clone() }.given_up(&why)
            }
            CallOutcome::NotThere => Self { attempt: self.attempt.next_generation(), next_retry_at: Some(now), ..self.clone() },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{OrderId, UserId};
    use uuid::Uuid;

    const NOW: Timestamp = Timestamp(1_000_000);
    const POLICY: RetryPolicy = RetryPolicy { retries_max: 4, base: Duration::from_secs(1), max: Duration::from_secs(10) };

    fn reversal() -> Reversal {
        let id = Uuid::from_u128(1);
        let amount = Money::new(900, "EUR".parse().unwrap());
        let transfer = Transfer::open(TransferId(id), OrderId(id), UserId(id), amount, NOW);
        Reversal::open(&transfer, RefundId(id), 0, amount, NOW)
    }

    fn unknown() -> CallOutcome {
        CallOutcome::Unknown { message: "503".into(), replayed: false }
    }

    #[test]
    fn done_with_id_kept() {
        let done = reversal().after_call(&CallOutcome::Done { provider_id: Some("trr_1".into()) }, &POLICY, NOW);
        assert_eq!((done.status, done.stripe_reversal_id.as_deref(), done.next_retry_at), (ReversalStatus::Reversed, Some("trr_1"), None));
    }

    #[test]
    fn not_found_is_one_call_and_no_retry() {
        let gone = reversal().after_call(
            &CallOutcome::Refused { refusal: CallRefusal::NotFound, message: "no such transfer".into() },
            &POLICY,
            NOW,
        );
        assert_eq!((gone.status, gone.retry_count, gone.next_retry_at), (ReversalStatus::PermanentlyFailed, 0, None));
    }

    #[test]
    fn a_503_counts_and_backs_off_capped() {
        let mut row = reversal().sent(NOW, Duration::from_secs(60));
        let mut pauses = Vec::new();
        for _ in 0..4 {
            row = row.after_call(&unknown(), &POLICY, NOW);
            pauses.push(row.next_retry_at.unwrap().since(NOW).as_secs());
        }
        assert_eq!((row.status, row.retry_count), (ReversalStatus::ReversalPending, 4));
        assert_eq!(pauses, [2, 4, 8, 10], "fourth retry: 10 s, not 16");
    }

    #[test]
    fn retries_exhausted_after_a_look_up() {
        let mut row = reversal().sent(NOW, Duration::from_secs(60));
        for _ in 0..5 {
            row = row.after_call(&unknown(), &POLICY, NOW);
        }
        assert_eq!((row.status, row.attempt.look_up), (ReversalStatus::ReversalPending, true));
        let ended = row.after_call(&CallOutcome::NotThere, &POLICY, NOW);
        assert_eq!(ended.status, ReversalStatus::PermanentlyFailed);
    }

    #[test]
    fn an_empty_seller_account_is_the_normal_case_and_never_gives_up() {
        let mut row = reversal();
        for generation in 1..50 {
            row =
                row.after_call(&CallOutcome::Refused { refusal: CallRefusal::BalanceInsufficient, message: "empty".into() }, &POLICY, NOW);
            assert_eq!((row.status, row.retry_count, row.attempt.generation), (ReversalStatus::ReversalPending, 0, generation));
        }
    }

    #[test]
    fn other_statuses_are_skipped() {
        for status in [ReversalStatus::Reversed, ReversalStatus::PermanentlyFailed] {
            let row = Reversal { status, ..reversal() };
            assert_eq!(row.after_call(&unknown(), &POLICY, NOW), row);
        }
    }
}
