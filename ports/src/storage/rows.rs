//! Every kind of row there is, and the keys that give them their one order.

use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::catalog::Product;
use veza_domain::dispute::Dispute;
use veza_domain::distribution::{FileHash, Placement, PlacementMove, RoyaltyFile, RoyaltyKey, RoyaltyLine, Submission};
use veza_domain::effect::Effect;
use veza_domain::identity::{MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{
    AdminActionId, DeliveryId, DisputeId, EffectId, InvoiceId, JournalId, LicenceId, LineId, MailTokenId, NettingId, OrderId, PlacementId,
    PlacementMoveId, ProductId, RefundId, ReversalId, SessionId, SubmissionId, SubscriptionId, TransferId, UserId,
};
use veza_domain::journal::{AdminAction, Journal};
use veza_domain::ledger::Posting;
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::netting::Netting;
use veza_domain::order::{Order, OrderLine};
use veza_domain::payout::{Payout, SellerAccount};
use veza_domain::refund::Refund;
use veza_domain::reversal::Reversal;
use veza_domain::subscription::{Invoice, PlanId, Subscription};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;

/// A row as it will stand.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// A person.
    User(User),
    /// A mail token.
    MailToken(MailToken),
    /// A login.
    Session(Session),
    /// A refresh token.
    RefreshToken(RefreshToken),
    /// A product with its offers and images.
    Product(Product),
    /// The guard row of a product's exclusive licence.
    Exclusive(ExclusiveHold),
    /// A seller's Connect account.
    SellerAccount(SellerAccount),
    /// An incoming idempotency key.
    Idempotency(IdempotencyRecord),
    /// That a person has had a trial; only ever inserted, and outlives everything else of the person's plans.
    Trial(Trial),
    /// A person's plan over time.
    Subscription(Subscription),
    /// What a subscription asks for one period.
    Invoice(Invoice),
    /// An order.
    Order(Order),
    /// A line of an order.
    Line(OrderLine),
    /// A refund.
    Refund(Refund),
    /// A licence.
    Licence(Licence),
    /// A transfer.
    Transfer(Transfer),
    /// A reversal.
    Reversal(Reversal),
    /// A dispute.
    Dispute(Dispute),
    /// A part of a share that paid a debt; only ever inserted.
    Netting(Netting),
    /// A payout at Connect.
    Payout(Payout),
    /// A posting of the ledger; only ever inserted.
    Posting(Posting),
    /// A row of the outbox.
    Effect(Effect),
    /// An entry of the operators' list; only ever ensured and removed.
    Attention(Attention),
    /// A webhook delivery; only ever inserted.
    Delivery(Delivery),
    /// A line of an order's journal; only ever inserted.
    Journal(Journal),
    /// What an operator did; only ever inserted.
    AdminAction(AdminAction),
    /// What was handed in for distribution; only ever inserted.
    Submission(Submission),
    /// A submission on one platform.
    Placement(Placement),
    /// A move of a placement's status; only ever inserted.
    PlacementMove(PlacementMove),
    /// A royalty report that was imported; only ever inserted.
    RoyaltyFile(RoyaltyFile),
    /// A line of one; only ever inserted.
    RoyaltyLine(RoyaltyLine),
}

/// Names a row. The order of keys is the order of locks.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RowKey {
    /// A person.
    User(UserId),
    /// A mail token.
    MailToken(MailTokenId),
    /// A login.
    Session(SessionId),
    /// A refresh token.
    RefreshToken(TokenHash),
    /// A product.
    Product(ProductId),
    /// The guard row of a product's exclusive licence.
    Exclusive(ProductId),
    /// A seller's Connect account.
    SellerAccount(UserId),
    /// An incoming idempotency key of a user, within its scope.
    Idempotency(UserId, String, String),
    /// That a person has had a trial.
    Trial(UserId),
    /// A person's plan over time.
    Subscription(SubscriptionId),
    /// What a subscription asks for one period.
    Invoice(InvoiceId),
    /// An order.
    Order(OrderId),
    /// A line of an order.
    Line(LineId),
    /// A refund.
    Refund(RefundId),
    /// A licence.
    Licence(LicenceId),
    /// A transfer.
    Transfer(TransferId),
    /// A reversal.
    Reversal(ReversalId),
    /// A dispute.
    Dispute(DisputeId),
    /// A part of a share that paid a debt.
    Netting(NettingId),
    /// A payout, by Connect's id.
    Payout(String),
    /// A posting, by its event.
    Posting(String),
    /// A row of the outbox.
    Effect(EffectId),
    /// An entry of the operators' list, by subject and code.
    Attention(Uuid, Code),
    /// A webhook delivery.
    Delivery(DeliveryId),
    /// A line of an order's journal.
    Journal(JournalId),
    /// What an operator did.
    AdminAction(AdminActionId),
    /// What was handed in for distribution.
    Submission(SubmissionId),
    /// A submission on one platform.
    Placement(PlacementId),
    /// A move of a placement's status.
    PlacementMove(PlacementMoveId),
    /// A royalty report, by its bytes' hash.
    RoyaltyFile(FileHash),
    /// A line of one, by what it is about.
    RoyaltyLine(RoyaltyKey),
}

impl Row {
    /// Its key.
    #[must_use]
    pub fn key(&self) -> RowKey {
        match self {
            Self::User(row) => RowKey::User(row.id),
            Self::MailToken(row) => RowKey::MailToken(row.id),
            Self::Session(row) => RowKey::Session(row.id),
            Self::RefreshToken(row) => RowKey::RefreshToken(row.hash),
            Self::Product(row) => RowKey::Product(row.id),
            Self::Exclusive(row) => RowKey::Exclusive(row.product_id),
            Self::SellerAccount(row) => RowKey::SellerAccount(row.seller_id),
            Self::Idempotency(row) => RowKey::Idempotency(row.user_id, row.scope.clone(), row.key.clone()),
            Self::Trial(row) => RowKey::Trial(row.user_id),
            Self::Subscription(row) => RowKey::Subscription(row.id),
            Self::Invoice(row) => RowKey::Invoice(row.id),
            Self::Order(row) => RowKey::Order(row.id),
            Self::Line(row) => RowKey::Line(row.id),
            Self::Refund(row) => RowKey::Refund(row.id),
            Self::Licence(row) => RowKey::Licence(row.id),
            Self::Transfer(row) => RowKey::Transfer(row.id),
            Self::Reversal(row) => RowKey::Reversal(row.id),
            Self::Dispute(row) => RowKey::Dispute(row.id),
            Self::Netting(row) => RowKey::Netting(row.id),
            Self::Payout(row) => RowKey::Payout(row.id.clone()),
            Self::Posting(row) => RowKey::Posting(row.event.clone()),
            Self::Effect(row) => RowKey::Effect(row.id),
            Self::Attention(row) => RowKey::Attention(row.subject.id(), row.code),
            Self::Delivery(row) => RowKey::Delivery(row.id),
            Self::Journal(row) => RowKey::Journal(row.id),
            Self::AdminAction(row) => RowKey::AdminAction(row.id),
            Self::Submission(row) => RowKey::Submission(row.id),
            Self::Placement(row) => RowKey::Placement(row.id),
            Self::PlacementMove(row) => RowKey::PlacementMove(row.id),
            Self::RoyaltyFile(row) => RowKey::RoyaltyFile(row.hash),
            Self::RoyaltyLine(row) => RowKey::RoyaltyLine(row.key.clone()),
        }
    }
}

/// A person has had the one trial that there is for everybody (spec/02-subscriptions §1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trial {
    /// Who.
    pub user_id: UserId,
    /// Of which plan.
    pub plan: PlanId,
    /// When it began.
    pub started_at: Timestamp,
}

/// An incoming `Idempotency-Key` and what came of it; kept 24 h (spec/05-marketplace).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyRecord {
    /// Whose key.
    pub user_id: UserId,
    /// The operation: `create_order`, `refund:<order>`.
    pub scope: String,
    /// As sent.
    pub key: String,
    /// SHA-256 of the request's body.
    pub fingerprint: [u8; 32],
    /// What the request made: an order, a refund.
    pub resource: Uuid,
    /// What came of it.
    pub state: IdempotencyState,
    /// When it was first seen.
    pub created_at: Timestamp,
}

/// What came of a request with an idempotency key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum IdempotencyState {
    /// It is being worked on, or was when the process died.
    InFlight,
    /// It was answered.
    Answered {
        /// The answer's HTTP status.
        status: u16,
        /// The answer's body, without client secrets: those are read from the resource.
        body: String,
    },
}
