//! Subscriptions: a person's plan over time (spec/02-subscriptions).
//!
//! Invariants, each a property in `domain/tests/rules/subscriptions.rs`:
//! - a status moves only as [`SubscriptionStatus::may_become`] says;
//! - nothing grants a paid plan but a trial that runs or a period whose invoice was confirmed ([`gate`]);
//! - one period is paid by one invoice, one invoice by one order; what else comes for it goes back in full;
//! - who may be charged is never forgotten: a row that waits for a worker has a due time.

pub mod gate;
mod invoice;
mod lifecycle;
mod plan;

use crate::ids::{InvoiceId, SubscriptionId, UserId};
use crate::saved_method::SavedMethod;
use crate::time::Timestamp;
use std::time::Duration;

pub use invoice::{Collection, Invoice, InvoiceReason, InvoiceStatus, PLATFORM};
pub use lifecycle::{
    Notice, Opening, Quote, Refusal, Step, cancel, change, close_unpaid, collect_again, due, opening, quote, reactivate, start, worth,
};
pub(crate) use lifecycle::{next_due, unpaid};
pub use plan::{Choice, Cycle, Feature, Features, Period, Plan, PlanId};

/// Where a subscription stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SubscriptionStatus {
    /// Its first payment is open.
    PendingPayment,
    /// It is being tried.
    Trialing,
    /// It is paid, or free.
    Active,
    /// Its renewal was not paid.
    PastDue,
    /// It ends when what was paid, or the trial, is over.
    Canceled,
    /// It is over.
    Expired,
}

impl SubscriptionStatus {
    /// Every status.
    pub const ALL: [Self; 6] = [Self::PendingPayment, Self::Trialing, Self::Active, Self::PastDue, Self::Canceled, Self::Expired];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::PendingPayment => "pending_payment",
            Self::Trialing => "trialing",
            Self::Active => "active",
            Self::PastDue => "past_due",
            Self::Canceled => "canceled",
            Self::Expired => "expired",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }

    /// May it go from here to `to`?
    #[must_use]
    pub fn may_become(self, to: Self) -> bool {
        use SubscriptionStatus::{Active, Canceled, Expired, PastDue, PendingPayment, Trialing};
        match (self, to) {
            (from, to) if from == to => true,
            (PendingPayment, Active | Expired) => true,
            (Trialing, PendingPayment | Active | Canceled) => true,
            (Active, PastDue | Canceled | Expired) => true,
            (PastDue, Active | Canceled | Expired) => true,
            (Canceled, Active | Trialing | Expired) => true,
            // A late success, or money that came back and stands after all; what was cancelled before that stays so.
            (Expired, Active | Canceled) => true,
            _ => false,
        }
    }

    /// Does it take the one place that a person has?
    #[must_use]
    pub fn is_open(self) -> bool {
        self != Self::Expired
    }
}

/// A person's plan over time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subscription {
    /// Ours; also the key of its first payment.
    pub id: SubscriptionId,
    /// Whose.
    pub user_id: UserId,
    /// The plan that is paid or tried; its price stays as it was chosen.
    pub choice: Choice,
    /// Where it stands. To allow something, ask [`gate`] instead.
    pub status: SubscriptionStatus,
    /// When its trial ends or ended; none: it had none.
    pub trial_ends_at: Option<Timestamp>,
    /// The last period that was paid; it begins later than now when it was renewed ahead of time.
    pub period: Option<Period>,
    /// The invoice that paid it.
    pub paid_by: Option<InvoiceId>,
    /// The invoice that is being collected.
    pub open_invoice: Option<InvoiceId>,
    /// What may be charged without the customer.
    pub method: Option<SavedMethod>,
    /// What it changes to when the period, or the trial, is over.
    pub next: Option<Choice>,
    /// Since when its renewal is not paid.
    pub past_due_since: Option<Timestamp>,
    /// How often that was tried again.
    pub retries: u32,
    /// When its worker has something to do; none: nothing.
    pub due_at: Option<Timestamp>,
    /// When it was chosen.
    pub created_at: Timestamp,
    /// When it was cancelled.
    pub canceled_at: Option<Timestamp>,
    /// When it was over.
    pub ended_at: Option<Timestamp>,
}

impl Subscription {
    /// When it is renewed, ends, or its trial is over: whatever comes first.
    #[must_use]
    pub fn ends_at(&self) -> Option<Timestamp> {
        self.period.map(|period| period.end).or(self.trial_ends_at)
    }

    /// It is over now; nobody has anything to do.
    #[must_use]
    pub fn expired(self, now: Timestamp) -> Self {
        let status = SubscriptionStatus::Expired;
        Self { status, open_invoice: None, next: None, past_due_since: None, due_at: None, ended_at: Some(now), ..self }
    }
}

/// Most retries of a renewal.
pub const DUNNING_MAX: usize = 8;

/// On which days after a renewal failed first it is tried again (`SUBSCRIPTION_DUNNING_DAYS`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dunning {
    days: [u16; DUNNING_MAX],
    count: usize,
}

impl Dunning {
    /// Days 1, 3, 5 and 7.
    pub const DEFAULT: Self = Self { days: [1, 3, 5, 7, 0, 0, 0, 0], count: 4 };

    /// At most [`DUNNING_MAX`] days, each later than the one before; none: not that.
    #[must_use]
    pub fn new(days: &[u16]) -> Option<Self> {
        let ascending = days.windows(2).all(|pair| pair[0] < pair[1]) && days.first() != Some(&0);
        let mut kept = [0; DUNNING_MAX];
        kept.get_mut(..days.len())?.copy_from_slice(days);
        ascending.then_some(Self { days: kept, count: days.len() })
    }

    /// When the retry after `retries` others is made; none: it was the last.
    #[must_use]
    pub fn next(&self, since: Timestamp, retries: u32) -> Option<Timestamp> {
        let day = self.days[..self.count].get(usize::try_from(retries).ok()?)?;
        Some(since.plus(Duration::from_secs(u64::from(*day) * 86_400)))
    }
}

/// The settings of billing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BillingPolicy {
    /// How long before a period ends the next one is charged (`SUBSCRIPTION_RENEWAL_LEAD`).
    pub renewal_lead: Duration,
    /// When a renewal that failed is tried again.
    pub dunning: Dunning,
}
