//! What a script can listen to, and what it can make go wrong.

use serde::{Deserialize, Serialize};

/// What a script listens to: a call of one of the two APIs, or something that happens inside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "each is the call of that name")]
pub enum Op {
    CreatePayment,
    UpdatePayment,
    Confirm,
    Capture,
    Cancel,
    ReadPayment,
    CreateRefund,
    ReadRefund,
    ListRefunds,
    ReadDispute,
    CreateTransfer,
    UpdateTransfer,
    ReadTransfer,
    ListTransfers,
    CreateReversal,
    ReadReversal,
    ListReversals,
    CreateAccount,
    ReadAccount,
    CreateAccountLink,
    ReadBalance,
    ListEvents,
    ReadPayout,
    ListPayouts,
    SubmitRelease,
    ReadRelease,
    ListReleases,
    TakeDownRelease,
    /// An attempt to charge, by a create with `confirm: true` or by a confirm; and what becomes of the charge.
    Attempt,
    /// A webhook event of Hyperswitch is made.
    Webhook,
    /// A webhook event of Stripe is made.
    StripeWebhook,
    /// A payout of a connected account is made.
    Payout,
    /// In a script only: every call of that side.
    Hyperswitch,
    /// In a script only: every call of that side.
    Stripe,
    /// In a script only: every call of that side.
    Distributor,
    /// In a script only: every call that changes nothing.
    HyperswitchReads,
    /// In a script only: every call that changes something.
    HyperswitchWrites,
    /// In a script only: every call that changes nothing.
    StripeReads,
    /// In a script only: every call that changes something.
    StripeWrites,
    /// In a script only: every call.
    Any,
}

/// What kind of thing an [`Op`] is.
#[derive(PartialEq, Eq)]
enum Kind {
    Read,
    Write,
    /// No call: something that happens inside.
    Inside,
}

impl Op {
    /// The API that a call belongs to.
    pub(crate) fn side(self) -> Op {
        match self {
            Self::CreateTransfer
            | Self::UpdateTransfer
            | Self::ReadTransfer
            | Self::ListTransfers
            | Self::CreateReversal
            | Self::ReadReversal
            | Self::ListReversals
            | Self::CreateAccount
            | Self::ReadAccount
            | Self::CreateAccountLink
            | Self::ReadBalance
            | Self::ListEvents
            | Self::ReadPayout
            | Self::ListPayouts
            | Self::StripeWebhook
            | Self::Payout => Self::Stripe,
            Self::SubmitRelease | Self::ReadRelease | Self::ListReleases | Self::TakeDownRelease => Self::Distributor,
            _ => Self::Hyperswitch,
        }
    }

    fn kind(self) -> Kind {
        match self {
            Self::ReadPayment
            | Self::ReadRefund
            | Self::ListRefunds
            | Self::ReadDispute
            | Self::ReadTransfer
            | Self::ListTransfers
            | Self::ReadReversal
            | Self::ListReversals
            | Self::ReadAccount
            | Self::ReadBalance
            | Self::ListEvents
            | Self::ReadPayout
            | Self::ListPayouts
            | Self::ReadRelease
            | Self::ListReleases => Kind::Read,
            Self::Attempt | Self::Webhook | Self::StripeWebhook | Self::Payout => Kind::Inside,
            _ => Kind::Write,
        }
    }

    pub(super) fn covers(self, op: Op) -> bool {
        match self {
            Self::Any => true,
            Self::Hyperswitch | Self::Stripe | Self::Distributor => self == op.side(),
            Self::HyperswitchReads => op.side() == Self::Hyperswitch && op.kind() == Kind::Read,
            Self::HyperswitchWrites => op.side() == Self::Hyperswitch && op.kind() == Kind::Write,
            Self::StripeReads => op.side() == Self::Stripe && op.kind() == Kind::Read,
            Self::StripeWrites => op.side() == Self::Stripe && op.kind() == Kind::Write,
            // An attempt to charge is part of the call that makes it.
            Self::Attempt => matches!(op, Self::Attempt | Self::CreatePayment | Self::Confirm),
            _ => self == op,
        }
    }
}

/// What goes wrong. The table in the crate's documentation says what each does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "one table, in the crate's documentation")]
pub enum Fault {
    Slow,
    SlowBeforeEffect,
    AnswerLost,
    RequestLost,
    ErrorAfterEffect,
    ErrorBeforeEffect,
    ErrorSaved,
    BadGateway,
    RateLimited,
    LockTimeout,
    Busy,
    KeyInUse,
    Unavailable,
    NotFound,
    Html,
    WrongJson,
    #[serde(rename = "error_in_200")]
    ErrorIn200,
    Garbled,
    Decline,
    Processing,
    RequiresAction,
    Blocked,
    Disputed,
    DisputeWon,
    DisputeLost,
    RefundPending,
    RefundFailed,
    RefundFailsLater,
    RefundSucceedsLater,
    RefundNotSupported,
    #[serde(alias = "seller_without_balance")]
    BalanceInsufficient,
    CapabilityMissing,
    #[serde(alias = "transfer_reversed_elsewhere")]
    ReversedElsewhere,
    ReleaseRejected,
    PayoutPending,
    PayoutFailed,
    PayoutFailsLater,
    WebhookLost,
    WebhookDoubled,
    WebhookLate,
    WebhookOutOfOrder,
    WebhookBeforeAnswer,
    WebhookForged,
    WebhookUnsigned,
    WebhookStale,
}

impl Fault {
    /// Where the fault strikes. A script whose `on` names a call strikes at that call's matching stage.
    pub(crate) fn stage(self) -> Stage {
        match self {
            Self::Decline | Self::Processing | Self::RequiresAction | Self::Blocked => Stage::Attempt,
            Self::Disputed | Self::DisputeWon | Self::DisputeLost => Stage::Captured,
            Self::RefundPending
            | Self::RefundFailed
            | Self::RefundFailsLater
            | Self::RefundSucceedsLater
            | Self::RefundNotSupported
            | Self::BalanceInsufficient
            | Self::CapabilityMissing
            | Self::ReversedElsewhere
            | Self::ReleaseRejected => Stage::Effect,
            Self::PayoutPending | Self::PayoutFailed | Self::PayoutFailsLater => Stage::Payout,
            Self::WebhookLost
            | Self::WebhookDoubled
            | Self::WebhookLate
            | Self::WebhookOutOfOrder
            | Self::WebhookBeforeAnswer
            | Self::WebhookForged
            | Self::WebhookUnsigned
            | Self::WebhookStale => Stage::Webhook,
            _ => Stage::Transport,
        }
    }

    /// What a fault named in `metadata.sandbox` or by a magic amount listens to, when nothing else is said.
    pub(super) fn default_on(self) -> Op {
        match self.stage() {
            Stage::Attempt | Stage::Captured => Op::Attempt,
            Stage::Webhook if self == Self::WebhookStale => Op::StripeWebhook,
            Stage::Webhook => Op::Webhook,
            Stage::Payout => Op::Payout,
            Stage::Effect if matches!(self, Self::BalanceInsufficient | Self::CapabilityMissing) => Op::CreateTransfer,
            Stage::Effect if self == Self::ReversedElsewhere => Op::CreateReversal,
            Stage::Effect if self == Self::ReleaseRejected => Op::SubmitRelease,
            Stage::Effect => Op::CreateRefund,
            Stage::Transport => Op::CreatePayment,
        }
    }
}

/// Stage of a call at which faults are taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Around the call: delay, error, cut connection.
    Transport,
    /// Inside a charge attempt.
    Attempt,
    /// A charge has been captured.
    Captured,
    /// Inside what else the call does.
    Effect,
    /// When a payout is made.
    Payout,
    /// When an event is made.
    Webhook,
}
