//! What the tests of the rules share: an order at checkout, the facts about it, and a book that keeps every change it makes
//! and checks after each one what must hold at any time.

use proptest::prelude::ProptestConfig;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::access::Actor;
use veza_domain::backoff::RetryPolicy;
use veza_domain::dispute::DisputeStatus;
use veza_domain::identity::{Role, Roles};
use veza_domain::ids::{LineId, OrderId, ProductId, RefundId, UserId};
use veza_domain::licence::{ExclusiveHold, ExclusiveState, LicenceKind};
use veza_domain::look::Look;
use veza_domain::money::{BasisPoints, Currency, Minor, Money, split};
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::settlement::{DisputeFact, OrderFile, PaymentFact, PaymentStatus, PspRefundStatus, RefundFact, Source};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{CallOutcome, CallRefusal, Transfer, TransferStatus};

mod book;
pub mod connect;
pub mod ops;
pub mod plans;
pub mod psp;
pub mod world;

pub use book::Book;

pub const START: Timestamp = Timestamp(1_700_000_000_000_000);
pub const REFUND_WINDOW: Duration = Duration::from_secs(336 * 3600);
pub const LEASE: Duration = Duration::from_secs(60);
/// A budget that no test uses up.
pub const PATIENT: RetryPolicy = RetryPolicy { retries_max: 10_000, base: Duration::from_secs(60), max: Duration::from_secs(3600) };
/// A budget that is gone at once.
pub const HASTY: RetryPolicy = RetryPolicy { retries_max: 1, base: Duration::from_secs(60), max: Duration::from_secs(3600) };

/// That many cases; a failure is told by its smallest case, which then becomes a test of its own.
pub fn cases(count: u32) -> ProptestConfig {
    ProptestConfig { cases: count, failure_persistence: None, ..ProptestConfig::default() }
}

pub fn eur() -> Currency {
    "EUR".parse().unwrap()
}

/// A UUIDv7; the same number always gives the same one.
pub fn uuid(n: u128) -> Uuid {
    Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + n)
}

pub fn buyer() -> UserId {
    UserId(uuid(1))
}

pub fn stranger() -> UserId {
    UserId(uuid(2))
}

pub fn seller(n: u8) -> UserId {
    UserId(uuid(0x100 + u128::from(n)))
}

/// The seller of a case that has one.
pub fn who() -> UserId {
    seller(1)
}

pub fn user(id: UserId) -> Actor {
    Actor::User { id, roles: Roles::user() }
}

pub fn admin() -> Actor {
    Actor::User { id: UserId(uuid(3)), roles: Roles::user().with(Role::Admin) }
}

/// Ids of one order lie together.
fn of_order(nth: usize, n: u128) -> Uuid {
    uuid(((nth as u128) << 40) + n)
}

pub fn order_nth(nth: usize) -> OrderId {
    OrderId(of_order(nth, 0x200))
}

pub fn order_id() -> OrderId {
    order_nth(0)
}

pub fn line_nth(nth: usize, position: usize) -> LineId {
    LineId(of_order(nth, 0x300 + position as u128))
}

pub fn line_id(position: usize) -> LineId {
    line_nth(0, position)
}

pub fn product_id(position: usize) -> ProductId {
    ProductId(uuid(0x400 + position as u128))
}

pub fn refund_nth(nth: usize, n: u64) -> RefundId {
    RefundId(of_order(nth, 0x1000 + u128::from(n)))
}

pub fn refund_id(n: u64) -> RefundId {
    refund_nth(0, n)
}

/// An order at checkout: one line per (seller, price), the fee at `points`.
pub fn checkout(lines: &[(u8, i64)], points: u16) -> OrderFile {
    checkout_nth(0, lines, points)
}

/// One line of 1,000, of which 900 are the seller's and with the seller.
pub fn share_paid_out() -> Book {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    book.pay_out();
    book
}

pub fn checkout_nth(nth: usize, lines: &[(u8, i64)], points: u16) -> OrderFile {
    let rate = BasisPoints::new(points).unwrap();
    let lines: Vec<OrderLine> = lines
        .iter()
        .enumerate()
        .map(|(position, (by, price))| {
            let parts = split(Minor(*price), rate);
            OrderLine {
                id: line_nth(nth, position),
                order_id: order_nth(nth),
                position: u32::try_from(position).unwrap(),
                product_id: product_id(position),
                offer_id: None,
                licence_kind: LicenceKind::standard(),
                terms: String::new(),
                title: format!("product {position}"),
                seller_id: seller(*by),
                price: Minor(*price),
                fee: parts.fee,
                share: parts.share,
                refunded: Minor::ZERO,
            }
        })
        .collect();
    let total = Minor::sum(lines.iter().map(|line| line.price)).unwrap();
    let order = Order {
        id: order_nth(nth),
        buyer_id: buyer(),
        invoice_id: None,
        status: OrderStatus::Pending,
        total: Money { amount: total, currency: eur() },
        refunded: Minor::ZERO,
        payment_id: Some(Order::payment_id_of(order_nth(nth))),
        client_secret: None,
        failure: None,
        created_at: START,
        completed_at: None,
        refund_deadline: None,
        look: Look::from(START),
    };
    OrderFile::new(order, lines, Vec::new())
}

/// The same order, its line `position` under an exclusive licence that it holds.
pub fn with_exclusive(mut file: OrderFile, position: usize) -> OrderFile {
    file.lines[position].licence_kind = LicenceKind::new("exclusive").unwrap();
    file.exclusives.push(ExclusiveHold { product_id: product_id(position), order_id: order_id(), state: ExclusiveState::Held });
    file
}

pub fn payment(source: Source, status: PaymentStatus, amount: i64) -> PaymentFact {
    let received = (status == PaymentStatus::Succeeded).then_some(amount);
    PaymentFact {
        source,
        status,
        amount: Some(amount),
        amount_received: received,
        currency: Some("EUR".into()),
        error: None,
        saved_method: None,
        untried_until: None,
    }
}

pub fn refund(source: Source, id: &str, status: PspRefundStatus, amount: i64) -> RefundFact {
    RefundFact { source, psp_refund_id: id.into(), status, amount: Some(amount), currency: Some("EUR".into()), error: None }
}

pub fn dispute(source: Source, id: &str, status: DisputeStatus, amount: i64) -> DisputeFact {
    DisputeFact {
        source,
        psp_dispute_id: id.into(),
        status: Some(status),
        stage: Some("dispute".into()),
        amount: Some(amount),
        currency: Some("EUR".into()),
        reason: None,
        respond_by: None,
    }
}

pub fn done(id: &str) -> CallOutcome {
    CallOutcome::Done { provider_id: Some(id.into()) }
}

pub fn refused(refusal: CallRefusal) -> CallOutcome {
    CallOutcome::Refused { refusal, message: "no".into() }
}

pub fn unknown() -> CallOutcome {
    CallOutcome::Unknown { message: "cut off".into(), replayed: false }
}

/// Does its worker still have something to do?
pub fn is_due(row: &Transfer) -> bool {
    matches!(row.status(), TransferStatus::Pending | TransferStatus::Failed)
}
