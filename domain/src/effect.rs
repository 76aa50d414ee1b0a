//! The outbox: what must happen outside, written in the commit that decided it (ARCHITECTURE.md: decide, commit, act, record).
//!
//! Transfers and reversals are their own effect rows and are not here.

use crate::ids::{DisputeId, EffectId, MailTokenId, OrderId, RefundId, UserId, derive};
use crate::time::Timestamp;
use std::time::Duration;
use uuid::Uuid;

/// What is to happen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EffectKind {
    /// Open the order's payment at the PSP.
    CreatePayment(OrderId),
    /// Carry out a refund at the PSP.
    CreateRefund(OrderId, RefundId),
    /// Read a payment at the PSP and settle what it says.
    ReadPayment(OrderId),
    /// Read a refund at the PSP and settle what it says.
    ReadRefund(OrderId, RefundId),
    /// Read a dispute at the PSP and settle what it says. Where it is not known yet, the payment brings it.
    ReadDispute(OrderId, DisputeId),
    /// Mail the link that proves an address.
    MailVerification(UserId, MailTokenId),
    /// Tell the owner of an address that somebody tried to register it again.
    MailAlreadyRegistered(UserId),
    /// Tell a subscriber that an invoice waits to be paid. The other id is the notice's own.
    MailPaymentNeeded(UserId, Uuid),
    /// Tell a subscriber that the plan is over because it was not paid. The other id is the notice's own.
    MailSubscriptionEnded(UserId, Uuid),
}

impl EffectKind {
    /// Its name as stored and shown.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::CreatePayment(_) => "create_payment",
            Self::CreateRefund(..) => "create_refund",
            Self::ReadPayment(_) => "read_payment",
            Self::ReadRefund(..) => "read_refund",
            Self::ReadDispute(..) => "read_dispute",
            Self::MailVerification(..) => "mail_verification",
            Self::MailAlreadyRegistered(_) => "mail_already_registered",
            Self::MailPaymentNeeded(..) => "mail_payment_needed",
            Self::MailSubscriptionEnded(..) => "mail_subscription_ended",
        }
    }

    /// The ids it names, as stored: the first and, where there is one, the second.
    #[must_use]
    pub fn subjects(&self) -> (Uuid, Option<Uuid>) {
        match self {
            Self::CreatePayment(order) | Self::ReadPayment(order) => (order.0, None),
            Self::CreateRefund(order, refund) | Self::ReadRefund(order, refund) => (order.0, Some(refund.0)),
            Self::ReadDispute(order, dispute) => (order.0, Some(dispute.0)),
            Self::MailVerification(user, token) => (user.0, Some(token.0)),
            Self::MailAlreadyRegistered(user) => (user.0, None),
            Self::MailPaymentNeeded(user, notice) => (user.0, Some(*notice)),
            Self::MailSubscriptionEnded(user, notice) => (user.0, Some(*notice)),
        }
    }

    /// The order it belongs to; mails belong to none.
    #[must_use]
    pub fn order(&self) -> Option<OrderId> {
        match self {
            Self::CreatePayment(order) | Self::ReadPayment(order) => Some(*order),
            Self::CreateRefund(order, _) | Self::ReadRefund(order, _) => Some(*order),
            Self::ReadDispute(order, _) => Some(*order),
            Self::MailVerification(..) | Self::MailAlreadyRegistered(_) => None,
            Self::MailPaymentNeeded(..) | Self::MailSubscriptionEnded(..) => None,
        }
    }

    /// Reads what [`Self::name`] and [`Self::subjects`] gave.
    #[must_use]
    pub fn parse(name: &str, first: Uuid, second: Option<Uuid>) -> Option<Self> {
        match (name, second) {
            ("create_payment", None) => Some(Self::CreatePayment(OrderId(first))),
            ("create_refund", Some(second)) => Some(Self::CreateRefund(OrderId(first), RefundId(second))),
            ("read_payment", None) => Some(Self::ReadPayment(OrderId(first))),
            ("read_refund", Some(second)) => Some(Self::ReadRefund(OrderId(first), RefundId(second))),
            ("read_dispute", Some(second)) => Some(Self::ReadDispute(OrderId(first), DisputeId(second))),
            ("mail_verification", Some(second)) => Some(Self::MailVerification(UserId(first), MailTokenId(second))),
            ("mail_already_registered", None) => Some(Self::MailAlreadyRegistered(UserId(first))),
            ("mail_payment_needed", Some(second)) => Some(Self::MailPaymentNeeded(UserId(first), second)),
            ("mail_subscription_ended", Some(second)) => Some(Self::MailSubscriptionEnded(UserId(first), second)),
            _ => None,
        }
    }
}

/// Where an effect stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum EffectState {
    /// Not sent.
    Pending,
    /// We may have been heard: the outcome is unknown.
    Sent,
    /// It happened.
    Done,
    /// It was refused for good.
    Refused,
}

impl EffectState {
    /// Every state.
    pub const ALL: [Self; 4] = [Self::Pending, Self::Sent, Self::Done, Self::Refused];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Sent => "sent",
            Self::Done => "done",
            Self::Refused => "refused",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == text)
    }
}

/// A row of the outbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// Ours.
    pub id: EffectId,
    /// What is to happen.
    pub kind: EffectKind,
    /// Where it stands.
    pub state: EffectState,
    /// When its worker looks at it (again); none once it is done or refused.
    pub due_at: Option<Timestamp>,
    /// Calls made.
    pub attempts: u32,
    /// Last call.
    pub sent_at: Option<Timestamp>,
    /// What went wrong last.
    pub last_error: Option<String>,
    /// When it was decided.
    pub created_at: Timestamp,
}

impl Effect {
    /// An effect that the worker takes at once. Its id follows from what it is for, so one order has one payment effect.
    #[must_use]
    pub fn pending(kind: EffectKind, now: Timestamp) -> Self {
        let (first, second) = kind.subjects();
        let id = derive(second.unwrap_or(first), kind.name(), first.as_bytes());
        Self::with_id(EffectId(id), kind, now)
    }

    /// An effect that may be wanted again later (a read): `id` is a new one.
    #[must_use]
    pub fn with_id(id: EffectId, kind: EffectKind, now: Timestamp) -> Self {
        Self { id, kind, state: EffectState::Pending, due_at: Some(now), attempts: 0, sent_at: None, last_error: None, created_at: now }
    }

    /// It is about to be sent; nobody else looks at it for `lease`.
    #[must_use]
    pub fn sent(self, now: Timestamp, lease: Duration) -> Self {
        let attempts = self.attempts.saturating_add(1);
        Self { state: EffectState::Sent, sent_at: Some(now), due_at: Some(now.plus(lease)), attempts, ..self }
    }

    /// It happened.
    #[must_use]
    pub fn done(self) -> Self {
        Self { state: EffectState::Done, due_at: None, ..self }
    }

    /// It was refused for good.
    #[must_use]
    pub fn refused(self, why: &str) -> Self {
        Self { state: EffectState::Refused, due_at: None, last_error: Some(why.to_owned()), ..self }
    }

    /// Nothing happened; try again after `pause`.
    #[must_use]
    pub fn again(self, why: &str, now: Timestamp, pause: Duration) -> Self {
        Self { state: EffectState::Pending, due_at: Some(now.plus(pause)), last_error: Some(why.to_owned()), ..self }
    }

    /// The outcome is unknown; look again after `pause`.
    #[must_use]
    pub fn unknown(self, why: &str, now: Timestamp, pause: Duration) -> Self {
        Self { state: EffectState::Sent, due_at: Some(now.plus(pause)), last_error: Some(why.to_owned()), ..self }
    }

    /// Is it over?
    #[must_use]
    pub fn is_over(&self) -> bool {
        matches!(self.state, EffectState::Done | EffectState::Refused)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_is_read_as_it_is_written() {
        let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
        let kinds = [
            EffectKind::CreatePayment(OrderId(first)),
            EffectKind::CreateRefund(OrderId(first), RefundId(second)),
            EffectKind::ReadPayment(OrderId(first)),
            EffectKind::ReadRefund(OrderId(first), RefundId(second)),
            EffectKind::ReadDispute(OrderId(first), DisputeId(second)),
            EffectKind::MailVerification(UserId(first), MailTokenId(second)),
            EffectKind::MailAlreadyRegistered(UserId(first)),
            EffectKind::MailPaymentNeeded(UserId(first), second),
            EffectKind::MailSubscriptionEnded(UserId(first), second),
        ];
        for kind in kinds {
            let (first, second) = kind.subjects();
            assert_eq!(EffectKind::parse(kind.name(), first, second), Some(kind));
        }
        assert_eq!(EffectKind::parse("read_dispute", first, None), None);
    }
}
