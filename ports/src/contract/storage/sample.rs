//! Sample rows: plain ones with every option empty, and `_full` ones with every field set.
//!
//! Invariant: every row refers only to rows that [`world`] has or that its own arguments name, so that a store with foreign
//! keys takes them too. Ids grow with their number: the greater number is the newer row.

mod billing;
mod distribution;
mod money;
mod trail;

pub use billing::*;
pub use distribution::*;
pub use money::*;
pub use trail::*;

use crate::storage::{IdempotencyRecord, IdempotencyState, Row, UnitId, UnitOfWork, Write};
use uuid::Uuid;
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::catalog::{Offer, Product, ProductKind, ProductStatus};
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::identity::{Email, MailToken, PasswordHash, RefreshToken, Role, Roles, Session, TokenHash, User, Username};
use veza_domain::ids::{
    AdminActionId, DeliveryId, DisputeId, EffectId, InvoiceId, JournalId, LicenceId, LineId, MailTokenId, NettingId, OfferId, OrderId,
    PlacementId, PlacementMoveId, ProductId, RefundId, ReversalId, SessionId, SubmissionId, SubscriptionId, TransferId, UserId,
};
use veza_domain::licence::{ExclusiveHold, ExclusiveState, LicenceKind};
use veza_domain::money::{Currency, Money};
use veza_domain::payout::SellerAccount;
use veza_domain::time::Timestamp;
use veza_domain::webhook::{Delivery, ProcessingResult, Sender};

/// When the samples happen.
pub const T0: Timestamp = Timestamp(1_750_000_000_123_456);
/// Text that a careless adapter would break on.
pub const ODD: &str = "l'été \"%_\\ 100 % \u{1F3B5}\n; --";
/// Buys, in every sample.
pub const BUYER: u32 = 1;
/// Sells, in every sample.
pub const SELLER: u32 = 2;

/// `T0` and so many seconds.
#[must_use]
pub fn at(seconds: i64) -> Timestamp {
    Timestamp(T0.0 + seconds * 1_000_000)
}

/// The id of number `n` of a kind of row, a UUIDv7 whose time grows with `n`.
#[must_use]
pub fn uuid(kind: u8, n: u32) -> Uuid {
    Uuid::from_u128(((0x0190_0000_0000 + u128::from(n)) << 80) | (0x7000_8000 << 48) | u128::from(kind))
}

/// When the ids of number `n` are made.
#[must_use]
pub fn made(n: u32) -> Timestamp {
    Timestamp((0x0190_0000_0000 + i64::from(n)) * 1000)
}

macro_rules! ids {
    ($($name:ident -> $id:ident = $kind:literal),+ $(,)?) => {$(
        #[doc = concat!("The id of sample number `n`: a `", stringify!($id), "`.")]
        #[must_use]
        pub fn $name(n: u32) -> $id {
            $id(uuid($kind, n))
        }
    )+};
}

ids! {
    user_id -> UserId = 1,
    session_id -> SessionId = 2,
    mail_token_id -> MailTokenId = 3,
    product_id -> ProductId = 4,
    offer_id -> OfferId = 5,
    order_id -> OrderId = 6,
    line_id -> LineId = 7,
    licence_id -> LicenceId = 8,
    refund_id -> RefundId = 9,
    transfer_id -> TransferId = 10,
    reversal_id -> ReversalId = 11,
    effect_id -> EffectId = 12,
    delivery_id -> DeliveryId = 13,
    dispute_id -> DisputeId = 14,
    netting_id -> NettingId = 15,
    journal_id -> JournalId = 16,
    admin_action_id -> AdminActionId = 17,
    subscription_id -> SubscriptionId = 18,
    invoice_id -> InvoiceId = 19,
    submission_id -> SubmissionId = 20,
    placement_id -> PlacementId = 21,
    placement_move_id -> PlacementMoveId = 22,
}

/// The currency with this code.
#[must_use]
pub fn currency(code: &str) -> Currency {
    code.parse().unwrap()
}

/// So many cents.
#[must_use]
pub fn euros(cents: i64) -> Money {
    Money::new(cents, currency("EUR"))
}

/// A hash that belongs to `n`.
#[must_use]
pub fn hash(n: u32) -> TokenHash {
    let mut bytes = [0xa5; 32];
    bytes[..4].copy_from_slice(&n.to_be_bytes());
    TokenHash(bytes)
}

/// A unit decided at [`T0`] by a request of its own.
#[must_use]
pub fn unit(id: &str, writes: Vec<Write>) -> UnitOfWork {
    UnitOfWork::new(UnitId(id.to_owned()), [7; 32], T0, writes)
}

/// What every case stands on: users 1 to 5, products 1 to 5 of the seller (product `n` has the offers `10 n` and
/// `10 n + 1`), orders 1 to 3 of the buyer with one line each (line `10 n`: product `n`, exclusive).
#[must_use]
pub fn world() -> Vec<Write> {
    let users = (1..=5).map(|n| Row::User(user(n)));
    let products = (1..=5).map(|n| Row::Product(product_full(n)));
    let orders = (1..=3).flat_map(|n| [Row::Order(order(n)), Row::Line(line(n, 0))]);
    users.chain(products).chain(orders).map(Write::Insert).collect()
}

/// User `n`, fresh.
#[must_use]
pub fn user(n: u32) -> User {
    User {
        id: user_id(n),
        email: Email::new(&format!("user{n}@example.org")).unwrap(),
        username: Username::new(&format!("User.{n}")).unwrap(),
        password_hash: PasswordHash(format!("$argon2id$v=19${n}")),
        roles: Roles::user(),
        email_verified_at: None,
        failed_logins: 0,
        locked_until: None,
        created_at: T0,
    }
}

/// User `n`, with a history.
#[must_use]
pub fn user_full(n: u32) -> User {
    User {
        email: Email::new(&format!("zoë.o'{n}@exämple.org")).unwrap(),
        username: Username::new(&format!("Zoë-{n}")).unwrap(),
        roles: Roles::user().with(Role::Creator).with(Role::Admin),
        email_verified_at: Some(at(1)),
        failed_logins: u32::MAX,
        locked_until: Some(at(2)),
        ..user(n)
    }
}

/// Mail token `n` of the buyer.
#[must_use]
pub fn mail_token(n: u32) -> MailToken {
    MailToken { id: mail_token_id(n), user_id: user_id(BUYER), hash: hash(n), expires_at: at(3600), used_at: None }
}

/// Session `n` of the buyer.
#[must_use]
pub fn session(n: u32) -> Session {
    Session { id: session_id(n), user_id: user_id(BUYER), created_at: T0, expires_at: at(3600), revoked_at: None }
}

/// Refresh token `n` of a session.
#[must_use]
pub fn refresh_token(n: u32, of: SessionId) -> RefreshToken {
    RefreshToken { hash: hash(n), session_id: of, used_at: None, created_at: T0 }
}

/// Product `n` of the seller, a bare draft.
#[must_use]
pub fn product(n: u32) -> Product {
    Product {
        id: product_id(n),
        seller_id: user_id(SELLER),
        kind: ProductKind::Track,
        title: format!("Track {n}"),
        description: String::new(),
        price: euros(1000),
        status: ProductStatus::Draft,
        images: Vec::new(),
        offers: Vec::new(),
        created_at: T0,
        published_at: None,
    }
}

/// Product `n`, published, with images and two licences.
#[must_use]
pub fn product_full(n: u32) -> Product {
    let offer = |id, kind: &str, price| Offer { id: offer_id(id), kind: licence_kind(kind), price: euros(price), terms: ODD.to_owned() };
    Product {
        kind: ProductKind::ALL[n as usize % 4],
        title: format!("Track {n} {ODD}"),
        description: ODD.repeat(3),
        status: ProductStatus::Published,
        images: vec!["https://img.example/b.png".to_owned(), "https://img.example/a.png".to_owned()],
        offers: vec![offer(10 * n, "exclusive", 9000), offer(10 * n + 1, "basic", 0)],
        published_at: Some(at(1)),
        ..product(n)
    }
}

/// A kind of licence.
#[must_use]
pub fn licence_kind(text: &str) -> LicenceKind {
    LicenceKind::new(text).unwrap()
}

/// The guard row of product `n`, held by an order.
#[must_use]
pub fn exclusive(n: u32, order: OrderId) -> ExclusiveHold {
    ExclusiveHold { product_id: product_id(n), order_id: order, state: ExclusiveState::Held }
}

/// The Connect account of user `n`, just asked for.
#[must_use]
pub fn seller_account(n: u32) -> SellerAccount {
    SellerAccount {
        seller_id: user_id(n),
        stripe_account_id: None,
        transfers_enabled: false,
        payouts_enabled: false,
        created_at: T0,
        checked_at: None,
    }
}

/// The Connect account of user `n`, ready.
#[must_use]
pub fn seller_account_full(n: u32) -> SellerAccount {
    SellerAccount {
        stripe_account_id: Some(format!("acct_{n}")),
        transfers_enabled: true,
        payouts_enabled: true,
        checked_at: Some(at(3)),
        ..seller_account(n)
    }
}

/// An idempotency key of the buyer, being worked on.
#[must_use]
pub fn idempotency(key: &str) -> IdempotencyRecord {
    IdempotencyRecord {
        user_id: user_id(BUYER),
        scope: "create_order".to_owned(),
        key: key.to_owned(),
        fingerprint: [3; 32],
        resource: order_id(1).0,
        state: IdempotencyState::InFlight,
        created_at: T0,
    }
}

/// An idempotency key of the buyer, answered.
#[must_use]
pub fn idempotency_full(key: &str) -> IdempotencyRecord {
    IdempotencyRecord { state: IdempotencyState::Answered { status: 201, body: format!("{{\"a\": \"{ODD}\"}}") }, ..idempotency(key) }
}

/// Effect `n`, due so many seconds after [`T0`].
#[must_use]
pub fn effect(n: u32, due: i64) -> Effect {
    let kind = EffectKind::ReadPayment(order_id(1));
    Effect { due_at: Some(at(due)), ..Effect::with_id(effect_id(n), kind, at(i64::from(n))) }
}

/// Effect `n` with every field set.
#[must_use]
pub fn effect_full(n: u32) -> Effect {
    Effect {
        kind: EffectKind::CreateRefund(order_id(1), refund_id(n)),
        state: EffectState::Sent,
        attempts: u32::MAX,
        sent_at: Some(at(4)),
        last_error: Some(ODD.to_owned()),
        ..effect(n, 5)
    }
}

/// An entry of the operators' list about an order.
#[must_use]
pub fn attention(order: OrderId, code: Code, since: i64) -> Attention {
    Attention { subject: Subject::Order(order), code, order_id: Some(order), detail: ODD.to_owned(), since: at(since) }
}

/// Delivery `n`, unsigned and unreadable.
#[must_use]
pub fn delivery(n: u32) -> Delivery {
    Delivery {
        id: delivery_id(n),
        sender: Sender::Hyperswitch,
        order_id: None,
        received_at: at(i64::from(n)),
        event_type: None,
        signature_valid: false,
        result: ProcessingResult::SignatureInvalid,
        source_ip: String::new(),
        user_agent: String::new(),
        request_id: String::new(),
        payload: String::new(),
    }
}

/// Delivery `n` with every field set.
#[must_use]
pub fn delivery_full(n: u32) -> Delivery {
    Delivery {
        sender: Sender::Stripe,
        order_id: Some(order_id(1)),
        event_type: Some("payment_succeeded".to_owned()),
        signature_valid: true,
        result: ProcessingResult::Error(ODD.to_owned()),
        source_ip: "2001:db8::1".to_owned(),
        user_agent: ODD.to_owned(),
        request_id: "019f".to_owned(),
        payload: format!("{{\"odd\": \"{ODD}\"}}"),
        ..delivery(n)
    }
}
