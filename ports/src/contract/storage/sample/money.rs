//! Sample rows of orders, and of the money that moves for them.

use super::{
    BUYER, ODD, SELLER, T0, at, dispute_id, euros, licence_kind, line_id, offer_id, order_id, product_id, refund_id, reversal_id,
    transfer_id, user_id,
};
use veza_domain::ids::{LicenceId, OrderId, RefundId, TransferId};
use veza_domain::ledger::{Account, Entry, Posting};
use veza_domain::licence::{Licence, LicenceStatus};
use veza_domain::look::Look;
use veza_domain::money::{Currency, Minor};
use veza_domain::order::{ClientSecret, Order, OrderLine, OrderStatus};
use veza_domain::refund::{LinePart, Refund, RefundOrigin, RefundStatus, SellerPart};
use veza_domain::reversal::{Reversal, ReversalCause, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Attempt, Hold, Transfer, TransferStatus};

/// A schedule with every field set.
pub const LOOK: Look = Look { due_at: Some(Timestamp(T0.0 + 90_000_000)), count: u32::MAX, last_at: Some(Timestamp(T0.0 + 80_000_000)) };

/// Order `n` of the buyer, of one line, just checked out.
#[must_use]
pub fn order(n: u32) -> Order {
    Order {
        id: order_id(n),
        buyer_id: user_id(BUYER),
        invoice_id: None,
        status: OrderStatus::Pending,
        total: euros(9000),
        refunded: Minor::ZERO,
        payment_id: None,
        client_secret: None,
        failure: None,
        created_at: at(i64::from(n)),
        completed_at: None,
        refund_deadline: None,
        look: Look::default(),
    }
}

/// Order `n`, paid and partly refunded, with every field set.
#[must_use]
pub fn order_full(n: u32) -> Order {
    Order {
        status: OrderStatus::PartiallyRefunded,
        refunded: Minor(100),
        payment_id: Some(format!("pay_{n}")),
        client_secret: Some(ClientSecret(format!("pay_{n}_secret_x"))),
        failure: Some(ODD.to_owned()),
        completed_at: Some(at(60)),
        refund_deadline: Some(at(1_209_600)),
        look: LOOK,
        ..order(n)
    }
}

/// The line of order `n` at `position` (0 to 4): the exclusive licence of product `n`, or of its `position`th follower.
#[must_use]
pub fn line(n: u32, position: u32) -> OrderLine {
    OrderLine {
        id: line_id(10 * n + position),
        order_id: order_id(n),
        position,
        product_id: product_id((n + position - 1) % 5 + 1),
        offer_id: None,
        licence_kind: licence_kind("exclusive"),
        terms: String::new(),
        title: format!("Track {n}"),
        seller_id: user_id(SELLER),
        price: Minor(9000),
        fee: Minor(900),
        share: Minor(8100),
        refunded: Minor::ZERO,
    }
}

/// The same with every field set.
#[must_use]
pub fn line_full(n: u32, position: u32) -> OrderLine {
    let plain = line(n, position);
    let offer = offer_id(10 * ((n + position - 1) % 5 + 1));
    OrderLine { offer_id: Some(offer), terms: ODD.to_owned(), title: ODD.to_owned(), refunded: Minor(100), ..plain }
}

/// Refund `n` of an order, in flight, of all that is left.
#[must_use]
pub fn refund(n: u32, order: OrderId) -> Refund {
    Refund {
        id: refund_id(n),
        order_id: order,
        amount: euros(100),
        status: RefundStatus::Pending,
        psp_refund_id: None,
        reason: None,
        lines: Vec::new(),
        line_parts: Vec::new(),
        seller_parts: Vec::new(),
        requested_by: None,
        origin: RefundOrigin::Requested,
        error_message: None,
        created_at: at(i64::from(n)),
        succeeded_at: None,
        look: Look::default(),
    }
}

/// Refund `n` of order `order`, succeeded, with every field set. The order has the lines 0 and 1.
#[must_use]
pub fn refund_full(n: u32, order: u32) -> Refund {
    let (first, second) = (line(order, 0).id, line(order, 1).id);
    let line_part = |line_id, amount| LinePart { line_id, amount: Minor(amount) };
    let seller_part = |n, amount| SellerPart { seller_id: user_id(n), amount: Minor(amount) };
    Refund {
        status: RefundStatus::Succeeded,
        psp_refund_id: Some(format!("ref_{n}")),
        reason: Some(ODD.to_owned()),
        lines: vec![second, first],
        line_parts: vec![line_part(second, 40), line_part(first, 60)],
        seller_parts: vec![seller_part(SELLER, 50), seller_part(3, 40)],
        requested_by: Some(user_id(BUYER)),
        origin: RefundOrigin::Dispute(dispute_id(n)),
        error_message: Some(ODD.to_owned()),
        succeeded_at: Some(at(7)),
        look: LOOK,
        ..refund(n, order_id(order))
    }
}

/// The licence that a line grants.
#[must_use]
pub fn licence(line: &OrderLine) -> Licence {
    Licence {
        id: LicenceId(line.id.0),
        line_id: line.id,
        order_id: line.order_id,
        product_id: line.product_id,
        buyer_id: user_id(BUYER),
        kind: line.licence_kind.clone(),
        status: LicenceStatus::Active,
        granted_at: at(60),
    }
}

/// Transfer `n` of an order's share to the seller, due at once.
#[must_use]
pub fn transfer(n: u32, order: OrderId) -> Transfer {
    Transfer::open(transfer_id(n), order, user_id(SELLER), euros(8100), at(i64::from(n)))
}

/// Calls and keys with every field set.
pub const ATTEMPT: Attempt =
    Attempt { generation: u32::MAX, first_sent_at: Some(Timestamp(T0.0 + 1)), last_sent_at: Some(Timestamp(T0.0 + 2)), look_up: true };

/// Transfer `n` with every field set.
#[must_use]
pub fn transfer_full(n: u32, order: OrderId, status: TransferStatus) -> Transfer {
    let mut row = transfer(n, order).restored(status);
    row.amount_reversed = Minor(100);
    row.attempt = ATTEMPT;
    row.retry_count = u32::MAX;
    row.next_retry_at = Some(at(9));
    row.hold = Some(Hold::AccountNotReady);
    row.last_error = Some(ODD.to_owned());
    row.stripe_transfer_id = Some(format!("tr_{n}"));
    row.replaces = Some(transfer_id(100 + n));
    row
}

/// Reversal `n` of a transfer of an order's share to the seller, for a refund, due at once.
#[must_use]
pub fn reversal(n: u32, order: OrderId, transfer: TransferId, refund: RefundId) -> Reversal {
    Reversal {
        id: reversal_id(n),
        order_id: order,
        seller_id: user_id(SELLER),
        transfer_id: Some(transfer),
        cause: ReversalCause::Refund(refund),
        amount: euros(90),
        netted: Minor::ZERO,
        written_off: Minor::ZERO,
        status: ReversalStatus::ReversalPending,
        attempt: Attempt::default(),
        retry_count: 0,
        next_retry_at: Some(at(i64::from(n))),
        hold: None,
        last_error: None,
        stripe_reversal_id: None,
        created_at: at(i64::from(n)),
    }
}

/// Reversal `n` with every field set.
#[must_use]
pub fn reversal_full(n: u32, order: OrderId, transfer: TransferId, refund: RefundId) -> Reversal {
    Reversal {
        netted: Minor(30),
        written_off: Minor(60),
        attempt: ATTEMPT,
        retry_count: u32::MAX,
        hold: Some(Hold::BalanceInsufficient),
        last_error: Some(ODD.to_owned()),
        stripe_reversal_id: Some(format!("trr_{n}")),
        ..reversal(n, order, transfer, refund)
    }
}

/// Debt `n` of the seller from an order: a reversal that no transfer stands for, for no refund.
#[must_use]
pub fn debt(n: u32, order: OrderId) -> Reversal {
    Reversal {
        transfer_id: None,
        cause: ReversalCause::External,
        hold: Some(Hold::NothingAtConnect),
        ..reversal(n, order, transfer_id(n), refund_id(n))
    }
}

/// A posting of `entries` under the key `event`.
#[must_use]
pub fn posting(event: &str, order: OrderId, currency: Currency, entries: &[(Account, i64)]) -> Posting {
    let entries = entries.iter().map(|(account, amount)| Entry { account: *account, amount: Minor(*amount) }).collect();
    Posting { event: event.to_owned(), order_id: order, currency, entries, posted_at: at(60) }
}
