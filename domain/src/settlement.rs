//! One order with all that hangs on it, and what every fact about it changes (spec/01-money §2, §4, §5).
//!
//! The webhook, the effect worker, the reconciler and the operator bring the same [`Fact`]s to the same [`decide`].
//! Invariants, each a property in `domain/tests/rules/settlement.rs`:
//! - order-free: after one authoritative read, the state is the provider's, whatever came before and how often;
//! - nothing is granted that was not paid for; what goes back beyond the capture is the platform's loss, on the books;
//! - each seller has what was earned, to the cent, but for what is owed, held, written off or taken by others, each on a list;
//! - every posting balances, every event posts once, and the rows say what the postings say ([`check`]);
//! - a fact that is refused changes nothing.
//!
//! `sums` has the sums that every rule asks; `booking` what goes back to buyers; `shares` and `taking_back` what goes to sellers
//! and comes back; `docs/adr/0012-lost-dispute-is-a-refund.md` why.

mod billing;
mod booking;
mod check;
mod connect;
mod dispute;
mod draft;
mod operators;
mod payment;
mod refund;
mod shares;
mod sums;
mod taking_back;
mod transfer;

use crate::attention::{Attention, Code, Subject};
use crate::backoff::RetryPolicy;
use crate::dispute::Dispute;
use crate::effect::{Effect, EffectKind};
use crate::ids::{OrderId, ReversalId, SubscriptionId, TransferId};
use crate::ledger::Posting;
use crate::licence::{ExclusiveHold, Licence};
use crate::money::{Minor, MoneyError};
use crate::netting::Netting;
use crate::order::{Order, OrderLine};
use crate::refund::Refund;
use crate::reversal::Reversal;
use crate::subscription::{BillingPolicy, Invoice, InvoiceStatus, Subscription};
use crate::time::Timestamp;
use crate::transfer::{Attempt, CallOutcome, IllegalMove, Transfer};
use draft::Draft;
use std::time::Duration;
use uuid::Uuid;

pub use billing::{decide_customer_asked, mail as billing_mail};
pub use check::{Broken, check};
pub use connect::{ConnectReversal, ConnectTransferFact};
pub use dispute::DisputeFact;
pub use operators::{
    AdoptRefusal, BookLossRefusal, KeepRefusal, ReplaceRefusal, RetryRefusal, WriteOffRefusal, decide_adopt_transfer_id, decide_book_loss,
    decide_keep_back, decide_replace_transfer, decide_retry_transfer, decide_write_off,
};
pub use payment::{PaymentFact, PaymentStatus};
pub use refund::{PspRefundStatus, RefundFact};

/// An order and every row that hangs on it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderFile {
    /// The order.
    pub order: Order,
    /// Its lines, by position; at least one.
    pub lines: Vec<OrderLine>,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Its licences.
    pub licences: Vec<Licence>,
    /// Its transfers.
    pub transfers: Vec<Transfer>,
    /// The reversals of its transfers.
    pub reversals: Vec<Reversal>,
    /// The guard rows of the products that it buys an exclusive licence of.
    pub exclusives: Vec<ExclusiveHold>,
    /// The disputes of its payment.
    pub disputes: Vec<Dispute>,
    /// What of its shares was kept to pay debts.
    pub nettings: Vec<Netting>,
    /// What its sellers owe from other orders and no call can be taking back right now: `reversal_pending`, or given up with
    /// something left open; nothing in flight, oldest first. Read so that a new share can pay it; not guarded unless it is written.
    pub debts: Vec<Reversal>,
    /// What it is a try to collect; none: it is a sale.
    pub billing: Option<Billing>,
}

/// The invoice that an order is a try to collect, and its subscription.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Billing {
    /// The invoice.
    pub invoice: Invoice,
    /// Its subscription.
    pub subscription: Subscription,
    /// Another subscription of the same person that is open. Not guarded: that one is open at most is a unique value of the store.
    pub other_open: Option<SubscriptionId>,
}

impl Billing {
    /// Is the invoice still to be paid, and by this order? Else a charge would only be sent back.
    #[must_use]
    pub fn is_collected_by(&self, order: OrderId) -> bool {
        let Self { invoice, subscription, .. } = self;
        invoice.status == InvoiceStatus::Open && invoice.order_id == order && subscription.open_invoice == Some(invoice.id)
    }
}

/// How far a report may be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Source {
    /// A signed message: trusted where it moves a row forward, never where it contradicts one.
    Webhook,
    /// The provider's own answer to a read made now.
    Read,
}

/// Something that happened outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fact {
    /// About the order's payment.
    Payment(PaymentFact),
    /// About a refund of it.
    Refund(RefundFact),
    /// A call for a transfer has been answered, or not.
    Transfer(TransferId, CallOutcome),
    /// A call for a reversal has been answered, or not.
    Reversal(ReversalId, CallOutcome),
    /// About a dispute of its payment.
    Dispute(DisputeFact),
    /// What Connect has of one of its transfers, read now.
    ConnectTransfer(TransferId, ConnectTransferFact),
}

impl Fact {
    /// Is it the answer to a call, `asked`, after which another was made, or the outcome of which is known by now? Who stood still
    /// between asking and settling brings old news then: that nothing took effect says nothing of the calls since. What has taken
    /// effect, by Connect's own id, has for good.
    #[must_use]
    pub fn is_overtaken(&self, file: &OrderFile, asked: &Attempt) -> bool {
        let now = match self {
            Self::Transfer(_, CallOutcome::Done { provider_id: Some(_) })
            | Self::Reversal(_, CallOutcome::Done { provider_id: Some(_) }) => None,
            Self::Transfer(id, _) => file.transfers.iter().find(|row| row.id == *id).map(|row| row.attempt),
            Self::Reversal(id, _) => file.reversals.iter().find(|row| row.id == *id).map(|row| row.attempt),
            Self::Payment(_) | Self::Refund(_) | Self::Dispute(_) | Self::ConnectTransfer(..) => None,
        };
        now.is_some_and(|now| !now.is_still(asked))
    }

    /// Is it a message that something came to an end, or of a dispute?
    fn is_told(&self) -> bool {
        match self {
            Self::Payment(fact) => {
                fact.source == Source::Webhook && matches!(fact.status, PaymentStatus::Succeeded | PaymentStatus::Failed)
            }
            Self::Refund(fact) => {
                fact.source == Source::Webhook && matches!(fact.status, PspRefundStatus::Succeeded | PspRefundStatus::Failed)
            }
            Self::Dispute(fact) => fact.source == Source::Webhook,
            Self::Transfer(..) | Self::Reversal(..) | Self::ConnectTransfer(..) => false,
        }
    }
}

/// What varies: time, ids and settings.
#[derive(Clone, Copy, Debug)]
pub struct Context {
    /// Now.
    pub now: Timestamp,
    /// A new id, for at most one new row that has no other to derive its id from.
    pub fresh: Uuid,
    /// How long after completion a refund may be asked for.
    pub refund_window: Duration,
    /// `TRANSFER_RETRY_*`.
    pub transfers: RetryPolicy,
    /// `REVERSAL_*`.
    pub reversals: RetryPolicy,
    /// `DISPUTE_FEE`: what a lost dispute costs the platform beyond its amount, in minor units of the order's currency.
    pub dispute_fee: Minor,
    /// `SUBSCRIPTION_*`.
    pub billing: BillingPolicy,
}

/// The next state of one row; a row that the file does not have yet is new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// The order.
    Order(Order),
    /// A line.
    Line(OrderLine),
    /// A refund.
    Refund(Refund),
    /// A licence.
    Licence(Licence),
    /// A transfer.
    Transfer(Transfer),
    /// A reversal.
    Reversal(Reversal),
    /// A guard row of an exclusive licence.
    Exclusive(ExclusiveHold),
    /// A dispute.
    Dispute(Dispute),
    /// A new netting.
    Netting(Netting),
    /// The next state of one of the file's debts.
    Debt(Reversal),
    /// The invoice that it is a try to collect.
    Invoice(Invoice),
    /// That invoice's subscription.
    Subscription(Subscription),
    /// A new posting of the ledger.
    Posting(Posting),
    /// A new effect for the outbox.
    Effect(Effect),
    /// An entry of the operators' list, unless it is there already.
    Attention(Attention),
    /// An entry of the operators' list is over, if it is there.
    Settled(Subject, Code),
}

/// What became of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It changed something.
    Settled,
    /// It had been settled before. The look of a failed order may end with it.
    AlreadySettled,
    /// It says nothing final. The look of a failed order may end with it.
    NotFinal,
    /// It contradicts what is booked, or says too little: the provider is asked.
    AskProvider,
    /// Its amount or currency is not ours: flagged, nothing moved.
    AmountMismatch,
}

/// What a fact changes, in the order in which the rows change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Decision {
    /// What became of it.
    pub verdict: Verdict,
    /// The rows' next states; empty = nothing changes.
    pub changes: Vec<Change>,
}

/// Why a fact can't be booked. Nothing has changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettlementError {
    /// An amount does not fit.
    #[error(transparent)]
    Money(#[from] MoneyError),
    /// A transfer would have to make a move that the matrix does not have.
    #[error(transparent)]
    Transfer(#[from] IllegalMove),
    /// The file has no such transfer, or the reversal's transfer is missing.
    #[error("the order has no such row")]
    UnknownRow,
}

/// Decides what `fact` changes. Pure: the same file, fact and context always give the same decision.
///
/// # Errors
/// [`SettlementError`] when the fact can't be booked at all; the caller flags it.
pub fn decide(file: &OrderFile, fact: &Fact, context: &Context) -> Result<Decision, SettlementError> {
    let mut draft = Draft::new(file, context);
    let verdict = match fact {
        Fact::Payment(fact) => payment::settle(&mut draft, fact)?,
        Fact::Refund(fact) => refund::settle(&mut draft, fact)?,
        Fact::Transfer(id, outcome) => transfer::settle_transfer(&mut draft, *id, outcome)?,
        Fact::Reversal(id, outcome) => transfer::settle_reversal(&mut draft, *id, outcome)?,
        Fact::Dispute(fact) => dispute::settle(&mut draft, fact)?,
        Fact::ConnectTransfer(id, fact) => connect::settle(&mut draft, *id, fact)?,
    };
    if fact.is_told() && draft.is_unchanged() {
        // It may have been otherwise between the last message and this one, and an answer that is on its way may say so.
        draft.void_answers();
    }
    Ok(Decision { verdict, changes: draft.changes() })
}

/// Decides what completing an order of 0 changes: no payment, everything else.
///
/// # Errors
/// [`SettlementError::Money`].
pub fn decide_free(file: &OrderFile, context: &Context) -> Result<Vec<Change>, SettlementError> {
    let mut draft = Draft::new(file, context);
    payment::complete(&mut draft)?;
    Ok(draft.changes())
}

/// Decides what opening `refund` (from [`crate::refund::open`]) changes.
#[must_use]
pub fn decide_refund_opened(file: &OrderFile, refund: Refund) -> Vec<Change> {
    let effect = Effect::pending(EffectKind::CreateRefund(file.order.id, refund.id), refund.created_at);
    let change = Change::Refund(refund);
    let opened = file.clone().evolve(&change);
    let order = Order { status: opened.status(), ..opened.order };
    vec![Change::Order(order), change, Change::Effect(effect)]
}

impl OrderFile {
    /// A new order's file.
    #[must_use]
    pub fn new(order: Order, lines: Vec<OrderLine>, exclusives: Vec<ExclusiveHold>) -> Self {
        Self {
            order,
            lines,
            refunds: Vec::new(),
            licences: Vec::new(),
            transfers: Vec::new(),
            reversals: Vec::new(),
            exclusives,
            disputes: Vec::new(),
            nettings: Vec::new(),
            debts: Vec::new(),
            billing: None,
        }
    }

    /// The file after `change`. Does not judge: the judging is done.
    #[must_use]
    pub fn evolve(mut self, change: &Change) -> Self {
        self.apply(change);
        self
    }

    fn apply(&mut self, change: &Change) {
        match change {
            Change::Order(row) => self.order = row.clone(),
            Change::Line(row) => upsert(&mut self.lines, row, |line| line.id),
            Change::Refund(row) => upsert(&mut self.refunds, row, |refund| refund.id),
            Change::Licence(row) => upsert(&mut self.licences, row, |licence| licence.id),
            Change::Transfer(row) => upsert(&mut self.transfers, row, |transfer| transfer.id),
            Change::Reversal(row) => upsert(&mut self.reversals, row, |reversal| reversal.id),
            Change::Exclusive(row) => upsert(&mut self.exclusives, row, |hold| hold.product_id),
            Change::Dispute(row) => upsert(&mut self.disputes, row, |dispute| dispute.id),
            Change::Netting(row) => upsert(&mut self.nettings, row, |netting| netting.id),
            Change::Debt(row) => upsert(&mut self.debts, row, |reversal| reversal.id),
            Change::Invoice(row) => {
                if let Some(billing) = &mut self.billing {
                    billing.invoice = row.clone();
                }
            }
            Change::Subscription(row) => {
                if let Some(billing) = &mut self.billing {
                    billing.subscription = row.clone();
                }
            }
            Change::Posting(_) | Change::Effect(_) | Change::Attention(_) | Change::Settled(..) => {}
        }
    }
}

fn upsert<T: Clone, K: PartialEq>(rows: &mut Vec<T>, row: &T, key: impl Fn(&T) -> K) {
    match rows.iter_mut().find(|known| key(known) == key(row)) {
        Some(known) => *known = row.clone(),
        None => rows.push(row.clone()),
    }
}
