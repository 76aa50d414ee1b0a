//! Refunds: opening one, and what each refund takes from whom (spec/01-money §1, §4).

use crate::access::Actor;
use crate::ids::{DisputeId, LineId, OrderId, RefundId, UserId};
use crate::look::Look;
use crate::money::{Minor, Money, MoneyError, proportion, spread};
use crate::order::{Order, OrderLine, OrderStatus};
use crate::time::Timestamp;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundStatus {
    /// Asked for; only the PSP's webhook or a read of it ends this.
    Pending,
    /// The buyer has the money.
    Succeeded,
    /// The buyer has not.
    Failed,
}

impl RefundStatus {
    /// Every status.
    pub const ALL: [Self; 3] = [Self::Pending, Self::Succeeded, Self::Failed];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|status| status.as_str() == text)
    }
}

/// Why money went back to the buyer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RefundOrigin {
    /// Somebody asked us, or a rule of ours wanted it.
    Requested,
    /// It was made at the PSP, not through us.
    External,
    /// The bank took it: this dispute was lost.
    Dispute(DisputeId),
    /// The PSP confirms that a payment which had succeeded has not.
    PaymentUndone,
}

impl RefundOrigin {
    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Requested => "requested",
            Self::External => "external",
            Self::Dispute(_) => "dispute",
            Self::PaymentUndone => "payment_undone",
        }
    }

    /// Reads what [`Self::as_str`] wrote; `dispute` is there exactly for a lost dispute.
    #[must_use]
    pub fn parse(text: &str, dispute: Option<DisputeId>) -> Option<Self> {
        match (text, dispute) {
            ("requested", None) => Some(Self::Requested),
            ("external", None) => Some(Self::External),
            ("dispute", Some(id)) => Some(Self::Dispute(id)),
            ("payment_undone", None) => Some(Self::PaymentUndone),
            _ => None,
        }
    }

    /// The lost dispute, where it is one.
    #[must_use]
    pub fn dispute(self) -> Option<DisputeId> {
        match self {
            Self::Dispute(id) => Some(id),
            Self::Requested | Self::External | Self::PaymentUndone => None,
        }
    }
}

/// What a refund took back from one seller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SellerPart {
    /// The seller.
    pub seller_id: UserId,
    /// Minor units of the order's currency.
    pub amount: Minor,
}

/// What a refund gave back of one line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LinePart {
    /// The line.
    pub line_id: LineId,
    /// Minor units of the order's currency.
    pub amount: Minor,
}

/// Money that goes back to the buyer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Ours; also its id at the PSP and its idempotency key.
    pub id: RefundId,
    /// Its order.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// Where it stands.
    pub status: RefundStatus,
    /// The PSP's id, once known.
    pub psp_refund_id: Option<String>,
    /// Why, in the words of who asked.
    pub reason: Option<String>,
    /// The lines it was asked for; empty = the whole order.
    pub lines: Vec<LineId>,
    /// What it gave back of each line; empty until it succeeds.
    pub line_parts: Vec<LinePart>,
    /// What it took back from each seller; empty until it succeeds.
    pub seller_parts: Vec<SellerPart>,
    /// Who asked; none when it was made at the PSP or by Veza itself.
    pub requested_by: Option<UserId>,
    /// Where it comes from.
    pub origin: RefundOrigin,
    /// Why it failed, in the PSP's words.
    pub error_message: Option<String>,
    /// When it was asked for.
    pub created_at: Timestamp,
    /// When it succeeded.
    pub succeeded_at: Option<Timestamp>,
    /// When the reconciler reads it; over once it is terminal.
    pub look: Look,
}

/// The refund window of an order without a deadline of its own.
pub const WINDOW_WITHOUT_DEADLINE: Duration = Duration::from_secs(14 * 24 * 3600);

/// A wish for a refund.
#[derive(Clone, Debug)]
pub struct OpenRefund {
    /// The id it will have.
    pub id: RefundId,
    /// Who asks.
    pub actor: Actor,
    /// Minor units; none = everything left of the lines.
    pub amount: Option<i64>,
    /// The lines; empty = all that the actor may refund.
    pub lines: Vec<LineId>,
    /// Why.
    pub reason: Option<String>,
    /// Now.
    pub now: Timestamp,
}

/// Why a refund was not opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefusal {
    /// Neither the buyer, nor a seller of the order, nor an admin.
    #[error("not yours to refund")]
    Stranger,
    /// A seller named another seller's line.
    #[error("a seller refunds own lines only")]
    NotYourLine,
    /// A line that the order does not have.
    #[error("the order has no such line")]
    UnknownLine,
    /// One is in flight.
    #[error("a refund of this order is in flight")]
    AlreadyRequested,
    /// The order's status, or the lack of a payment, does not allow it.
    #[error("the order can't be refunded")]
    NotRefundable,
    /// Too late.
    #[error("the refund window is over")]
    WindowExpired,
    /// Not within 1..=what is left.
    #[error("the amount must be between 1 and {left}", left = left.0)]
    AmountOutOfRange {
        /// What is left of the lines.
        left: Minor,
    },
}

/// Decides whether `wish` opens a refund of `order`; `in_flight` = a refund of it is pending.
///
/// # Errors
/// [`RefundRefusal`]; an open refund is told before anything else that is wrong with the order. Source: spec/01-money §4.1.
pub fn open(order: &Order, lines: &[OrderLine], in_flight: bool, wish: &OpenRefund) -> Result<Refund, RefundRefusal> {
    let own: BTreeSet<LineId> = lines.iter().filter(|line| wish.actor.may_refund_line(order, line)).map(|line| line.id).collect();
    if own.is_empty() {
        return Err(RefundRefusal::Stranger);
    }
    if in_flight || order.status == OrderStatus::RefundPending {
        return Err(RefundRefusal::AlreadyRequested);
    }
    for id in &wish.lines {
        if !lines.iter().any(|line| line.id == *id) {
            return Err(RefundRefusal::UnknownLine);
        }
        if !own.contains(id) {
            return Err(RefundRefusal::NotYourLine);
        }
    }
    let open_status = matches!(order.status, OrderStatus::Completed | OrderStatus::PartiallyRefunded);
    let (true, Some(_), Some(completed_at)) = (open_status, &order.payment_id, order.completed_at) else {
        return Err(RefundRefusal::NotRefundable);
    };
    if wish.now > order.refund_deadline.unwrap_or_else(|| completed_at.plus(WINDOW_WITHOUT_DEADLINE)) {
        return Err(RefundRefusal::WindowExpired);
    }
    // A buyer or an admin who names nothing means the order; a seller can only mean the own lines.
    let named: BTreeSet<LineId> = match (wish.lines.is_empty(), own.len() == lines.len()) {
        (true, true) => BTreeSet::new(),
        (true, false) => own,
        (false, _) => wish.lines.iter().copied().collect(),
    };
    let chosen = lines.iter().filter(|line| named.is_empty() || named.contains(&line.id));
    let left = Minor::sum(chosen.map(OrderLine::left)).map_err(|_| RefundRefusal::NotRefundable)?;
    let amount = Minor(wish.amount.unwrap_or(left.0));
    if !amount.is_positive() || amount > left {
        return Err(RefundRefusal::AmountOutOfRange { left });
    }
    Ok(Refund {
        id: wish.id,
        order_id: order.id,
        amount: Money { amount, currency: order.total.currency },
        status: RefundStatus::Pending,
        psp_refund_id: None,
        reason: wish.reason.clone(),
        lines: named.into_iter().collect(),
        line_parts: Vec::new(),
        seller_parts: Vec::new(),
        requested_by: wish.actor.user_id(),
        origin: RefundOrigin::Requested,
        error_message: None,
        created_at: wish.now,
        succeeded_at: None,
        look: Look::from(wish.now),
    })
}

/// Who bears a refund.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Burden {
    /// Per line.
    pub lines: Vec<LinePart>,
    /// Per seller, without zeros.
    pub sellers: Vec<SellerPart>,
    /// The platform's part of its fee.
    pub platform: Minor,
}

/// Spreads `amount` over the `named` lines (all when empty, or when the named ones have no room left for it) and over
/// sellers and platform.
///
/// What a seller gives back is cumulative: `floor(share · refunded / total of own lines)` less what `succeeded` refunds
/// took already, so partial refunds that add up to the whole take back exactly what was handed out
/// (`partial_refunds_take_back_exactly_what_was_handed_out`). Source: spec/01-money §1.
///
/// # Errors
/// [`MoneyError::Overflow`] when `amount` is more than is left of the order.
pub fn bear(amount: Minor, named: &[LineId], lines: &[OrderLine], succeeded: &[&Refund]) -> Result<Burden, MoneyError> {
    let room = |wanted: &dyn Fn(&OrderLine) -> bool| -> Vec<Minor> {
        lines.iter().map(|line| if wanted(line) { line.left() } else { Minor::ZERO }).collect()
    };
    let parts = spread(amount, &room(&|line| named.is_empty() || named.contains(&line.id)))
        .or_else(|| spread(amount, &room(&|_| true)))
        .ok_or(MoneyError::Overflow)?;

    let mut sellers: BTreeMap<UserId, (Minor, Minor, Minor)> = BTreeMap::new(); // total, share, refunded with this one
    for (line, part) in lines.iter().zip(&parts) {
        let (total, share, refunded) = sellers.entry(line.seller_id).or_default();
        *total = total.plus(line.price)?;
        *share = share.plus(line.share)?;
        *refunded = refunded.plus(line.refunded)?.plus(*part)?;
    }
    let mut burden = Burden { lines: Vec::new(), sellers: Vec::new(), platform: amount };
    for (seller_id, (total, share, refunded)) in sellers {
        let given = Minor::sum(
            succeeded.iter().flat_map(|refund| &refund.seller_parts).filter(|part| part.seller_id == seller_id).map(|part| part.amount),
        )?;
        let part = Minor((proportion(share, refunded, total) - given.0).max(0));
        if part.is_positive() {
            burden.sellers.push(SellerPart { seller_id, amount: part });
            burden.platform = burden.platform.minus(part)?;
        }
    }
    let given_back = lines.iter().zip(parts).filter(|(_, part)| part.is_positive());
    burden.lines = given_back.map(|(line, amount)| LinePart { line_id: line.id, amount }).collect();
    Ok(burden)
}
