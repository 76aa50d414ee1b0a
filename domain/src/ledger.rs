//! The double-entry ledger: append-only, every event posts once, every posting sums to zero (spec/01-money §5).
//!
//! Amounts are signed minor units: debits above zero, credits below. `docs/adr/0004-ledger-postings.md` has the table of
//! which event posts what; the functions here are that table.

use crate::ids::{DisputeId, NettingId, OrderId, RefundId, ReversalId, TransferId, UserId};
use crate::money::{Currency, Minor, Money, MoneyError};
use crate::order::OrderLine;
use crate::refund::Burden;
use crate::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt;
use uuid::Uuid;

/// An account of the ledger.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Account {
    /// What the PSP captured for us and did not refund.
    PspClearing,
    /// The platform's fees.
    PlatformFee,
    /// What we owe a seller and have not transferred (a credit balance).
    SellerPayable(UserId),
    /// What we have sent to a seller's Connect account and not taken back (a credit balance).
    Connect(UserId),
    /// What a seller owes us: refunded after it was transferred.
    SellerReceivable(UserId),
    /// What the platform has lost: to banks beyond what an order had left, and debts of sellers that it took upon itself; less what
    /// it kept of shares that others had taken back.
    DisputeLoss,
    /// What plans were sold for, before what was credited for plans that they took the place of.
    SubscriptionRevenue,
    /// What upgrades credited for the unused part of what was paid before (a debit balance).
    ProrationCredit,
}

impl fmt::Display for Account {
    /// `psp_clearing`, `seller_payable:<id>`, …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PspClearing => f.write_str("psp_clearing"),
            Self::PlatformFee => f.write_str("platform_fee"),
            Self::SellerPayable(seller) => write!(f, "seller_payable:{seller}"),
            Self::Connect(seller) => write!(f, "connect:{seller}"),
            Self::SellerReceivable(seller) => write!(f, "seller_receivable:{seller}"),
            Self::DisputeLoss => f.write_str("dispute_loss"),
            Self::SubscriptionRevenue => f.write_str("subscription_revenue"),
            Self::ProrationCredit => f.write_str("proration_credit"),
        }
    }
}

impl std::str::FromStr for Account {
    type Err = UnknownAccount;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, seller) = match text.split_once(':') {
            None => (text, None),
            Some((name, seller)) => (name, Some(seller.parse::<UserId>().map_err(|_| UnknownAccount)?)),
        };
        match (name, seller) {
            ("psp_clearing", None) => Ok(Self::PspClearing),
            ("platform_fee", None) => Ok(Self::PlatformFee),
            ("dispute_loss", None) => Ok(Self::DisputeLoss),
            ("subscription_revenue", None) => Ok(Self::SubscriptionRevenue),
            ("proration_credit", None) => Ok(Self::ProrationCredit),
            ("seller_payable", Some(seller)) => Ok(Self::SellerPayable(seller)),
            ("connect", Some(seller)) => Ok(Self::Connect(seller)),
            ("seller_receivable", Some(seller)) => Ok(Self::SellerReceivable(seller)),
            _ => Err(UnknownAccount),
        }
    }
}

/// Text that names no account.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown ledger account")]
pub struct UnknownAccount;

/// What happened, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Event {
    /// An order was paid.
    OrderCompleted(OrderId),
    /// A refund reached the buyer.
    RefundSucceeded(RefundId),
    /// A refund that had reached the buyer came back: the success of that moment.
    RefundUndone(RefundId, Timestamp),
    /// A refund that had failed reached the buyer after all, at that moment. A late read can make it fail and succeed more
    /// than once, so the moment is part of the key.
    RefundSucceededLate(RefundId, Timestamp),
    /// A transfer reached Connect.
    TransferCompleted(TransferId),
    /// A share that a seller already has is to be taken back.
    ReversalOpened(ReversalId),
    /// It was taken back.
    ReversalDone(ReversalId),
    /// Somebody took it back at Connect, not through us.
    ExternalReversal(ReversalId),
    /// A share paid a debt instead of being transferred.
    Netted(NettingId),
    /// The platform took a debt upon itself.
    WrittenOff(ReversalId),
    /// The refund that had caused a written-off debt came undone: the debt is one again, at that moment.
    WriteOffUndone(ReversalId, Timestamp),
    /// The bank took more than the order had left, in the loss of that moment.
    DisputeSurplus(DisputeId, Timestamp),
    /// That loss was taken back.
    DisputeSurplusUndone(DisputeId, Timestamp),
    /// What a lost dispute costs beyond its amount: once, whatever becomes of it.
    DisputeFee(DisputeId),
    /// What others took back at Connect is not to go to the seller; the id is the decision's.
    KeptBack(ReversalId, Uuid),
    /// A refund takes a part of that back from the seller, so it was not the seller's to lose; the id is the decision's.
    KeptBackUndone(ReversalId, Uuid),
}

impl fmt::Display for Event {
    /// The posting's key: `order_completed:<id>`, …
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OrderCompleted(id) => write!(f, "order_completed:{id}"),
            Self::RefundSucceeded(id) => write!(f, "refund_succeeded:{id}"),
            Self::RefundUndone(id, at) => write!(f, "refund_undone:{id}:{}", at.0),
            Self::RefundSucceededLate(id, at) => write!(f, "refund_succeeded_late:{id}:{}", at.0),
            Self::TransferCompleted(id) => write!(f, "transfer_completed:{id}"),
            Self::ReversalOpened(id) => write!(f, "reversal_opened:{id}"),
            Self::ReversalDone(id) => write!(f, "reversal_done:{id}"),
            Self::ExternalReversal(id) => write!(f, "external_reversal:{id}"),
            Self::Netted(id) => write!(f, "netted:{id}"),
            Self::WrittenOff(id) => write!(f, "written_off:{id}"),
            Self::WriteOffUndone(id, at) => write!(f, "write_off_undone:{id}:{}", at.0),
            Self::DisputeSurplus(id, at) => write!(f, "dispute_surplus:{id}:{}", at.0),
            Self::DisputeSurplusUndone(id, at) => write!(f, "dispute_surplus_undone:{id}:{}", at.0),
            Self::DisputeFee(id) => write!(f, "dispute_fee:{id}"),
            Self::KeptBack(id, decision) => write!(f, "kept_back:{id}:{decision}"),
            Self::KeptBackUndone(id, decision) => write!(f, "kept_back_undone:{id}:{decision}"),
        }
    }
}

/// One side of a posting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which account.
    pub account: Account,
    /// Debit above zero, credit below.
    pub amount: Minor,
}

/// What one event moves: entries that sum to zero, in one currency, posted once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Posting {
    /// Its key.
    pub event: String,
    /// The order it belongs to.
    pub order_id: OrderId,
    /// The currency of all entries.
    pub currency: Currency,
    /// At least two, none of 0, each account once.
    pub entries: Vec<Entry>,
    /// When it was posted.
    pub posted_at: Timestamp,
}

impl Posting {
    /// Sums entries per account and drops zeros.
    fn new(
        event: Event,
        order_id: OrderId,
        currency: Currency,
        entries: impl IntoIterator<Item = (Account, Minor)>,
        posted_at: Timestamp,
    ) -> Result<Self, MoneyError> {
        let mut sums: BTreeMap<Account, Minor> = BTreeMap::new();
        for (account, amount) in entries {
            let sum = sums.entry(account).or_default();
            *sum = sum.plus(amount)?;
        }
        sums.retain(|_, amount| *amount != Minor::ZERO);
        let entries = sums.into_iter().map(|(account, amount)| Entry { account, amount }).collect();
        let posting = Self { event: event.to_string(), order_id, currency, entries, posted_at };
        if posting.balances() { Ok(posting) } else { Err(MoneyError::Overflow) }
    }

    /// True when it sums to zero.
    #[must_use]
    pub fn balances(&self) -> bool {
        self.entries.iter().map(|entry| i128::from(entry.amount.0)).sum::<i128>() == 0
    }
}

/// An order was paid: the PSP holds the total, the platform has its fees, each seller a share.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn order_completed(order: OrderId, total: Money, lines: &[OrderLine], at: Timestamp) -> Result<Posting, MoneyError> {
    let mut entries = vec![(Account::PspClearing, total.amount)];
    for line in lines {
        entries.push((Account::PlatformFee, line.fee.negate()?));
        entries.push((Account::SellerPayable(line.seller_id), line.share.negate()?));
    }
    Posting::new(Event::OrderCompleted(order), order, total.currency, entries, at)
}

/// An invoice was paid by `order`: the PSP holds what was asked, the platform has sold a plan for that and the credit.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn invoice_paid(order: OrderId, total: Money, credit: Minor, at: Timestamp) -> Result<Posting, MoneyError> {
    let sold = total.amount.plus(credit)?;
    let entries =
        [(Account::PspClearing, total.amount), (Account::ProrationCredit, credit), (Account::SubscriptionRevenue, sold.negate()?)];
    Posting::new(Event::OrderCompleted(order), order, total.currency, entries, at)
}

/// A refund moved money back to the buyer (`event` says which), or came back from the buyer when `undone`. What it gave back
/// beyond what the order had left (`amount` less what `burden` spreads over sellers and platform) is the platform's loss. `revenue`:
/// where the platform's part was booked.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn refunded(
    event: Event,
    (order, revenue): (OrderId, Account),
    amount: Money,
    burden: &Burden,
    undone: bool,
    at: Timestamp,
) -> Result<Posting, MoneyError> {
    let sign = |amount: Minor| if undone { amount.negate() } else { Ok(amount) };
    let mut entries = vec![(Account::PspClearing, sign(amount.amount.negate()?)?), (revenue, sign(burden.platform)?)];
    let mut lost = amount.amount.minus(burden.platform)?;
    for part in &burden.sellers {
        entries.push((Account::SellerPayable(part.seller_id), sign(part.amount)?));
        lost = lost.minus(part.amount)?;
    }
    entries.push((Account::DisputeLoss, sign(lost)?));
    Posting::new(event, order, amount.currency, entries, at)
}

/// A seller's share reached Connect.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn transfer_completed(
    transfer: TransferId,
    order: OrderId,
    seller: UserId,
    amount: Money,
    at: Timestamp,
) -> Result<Posting, MoneyError> {
    let entries = [(Account::SellerPayable(seller), amount.amount), (Account::Connect(seller), amount.amount.negate()?)];
    Posting::new(Event::TransferCompleted(transfer), order, amount.currency, entries, at)
}

/// What was refunded is with the seller already: the seller owes it.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn reversal_opened(reversal: ReversalId, order: OrderId, seller: UserId, amount: Money, at: Timestamp) -> Result<Posting, MoneyError> {
    let entries = [(Account::SellerReceivable(seller), amount.amount), (Account::SellerPayable(seller), amount.amount.negate()?)];
    Posting::new(Event::ReversalOpened(reversal), order, amount.currency, entries, at)
}

/// The seller's debt was taken back from Connect.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn reversal_done(reversal: ReversalId, order: OrderId, seller: UserId, amount: Money, at: Timestamp) -> Result<Posting, MoneyError> {
    let entries = [(Account::Connect(seller), amount.amount), (Account::SellerReceivable(seller), amount.amount.negate()?)];
    Posting::new(Event::ReversalDone(reversal), order, amount.currency, entries, at)
}

/// Somebody took a part of a transfer back at Connect: it is the seller's again, and not sent again by itself.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn external_reversal(
    reversal: ReversalId,
    order: OrderId,
    seller: UserId,
    amount: Money,
    at: Timestamp,
) -> Result<Posting, MoneyError> {
    let entries = [(Account::Connect(seller), amount.amount), (Account::SellerPayable(seller), amount.amount.negate()?)];
    Posting::new(Event::ExternalReversal(reversal), order, amount.currency, entries, at)
}

/// A share of `order` paid a debt of the seller's.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn netted(netting: NettingId, order: OrderId, seller: UserId, amount: Money, at: Timestamp) -> Result<Posting, MoneyError> {
    let entries = [(Account::SellerPayable(seller), amount.amount), (Account::SellerReceivable(seller), amount.amount.negate()?)];
    Posting::new(Event::Netted(netting), order, amount.currency, entries, at)
}

/// The platform took a seller's debt upon itself; or gave it back, by an event of its own, when `undone`.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn written_off(
    event: Event,
    order: OrderId,
    seller: UserId,
    amount: Money,
    undone: bool,
    at: Timestamp,
) -> Result<Posting, MoneyError> {
    let lost = if undone { amount.amount.negate()? } else { amount.amount };
    let entries = [(Account::DisputeLoss, lost), (Account::SellerReceivable(seller), lost.negate()?)];
    Posting::new(event, order, amount.currency, entries, at)
}

/// What others took of a share at Connect stays with the platform; or is the seller's after all, by an event of its own, when `undone`.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn kept_back(event: Event, order: OrderId, seller: UserId, amount: Money, undone: bool, at: Timestamp) -> Result<Posting, MoneyError> {
    let kept = if undone { amount.amount.negate()? } else { amount.amount };
    let entries = [(Account::SellerPayable(seller), kept), (Account::DisputeLoss, kept.negate()?)];
    Posting::new(event, order, amount.currency, entries, at)
}

/// The bank took `amount` that the order does not bear (a surplus, a fee); or gave it back when `undone`.
///
/// # Errors
/// [`MoneyError`] when an amount does not fit.
pub fn lost(event: Event, order: OrderId, amount: Money, undone: bool, at: Timestamp) -> Result<Posting, MoneyError> {
    let lost = if undone { amount.amount.negate()? } else { amount.amount };
    Posting::new(event, order, amount.currency, [(Account::DisputeLoss, lost), (Account::PspClearing, lost.negate()?)], at)
}
