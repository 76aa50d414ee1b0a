//! What is stored is read back: every name as it stands in the tables and in the API. Whoever changes one changes data.

use uuid::Uuid;
use veza_domain::attention::{Code, Subject};
use veza_domain::catalog::{ProductKind, ProductStatus};
use veza_domain::dispute::DisputeStatus;
use veza_domain::effect::{EffectKind, EffectState};
use veza_domain::identity::Role;
use veza_domain::ids::{DisputeId, MailTokenId, OrderId, RefundId, ReversalId, TransferId, UserId, derive, derive_at};
use veza_domain::journal::JournalKind;
use veza_domain::licence::{ExclusiveState, LicenceStatus};
use veza_domain::order::OrderStatus;
use veza_domain::payout::PayoutStatus;
use veza_domain::refund::{RefundOrigin, RefundStatus};
use veza_domain::reversal::ReversalStatus;
use veza_domain::subscription::{Collection, Cycle, InvoiceReason, InvoiceStatus, PlanId, SubscriptionStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Hold, TransferStatus};
use veza_domain::webhook::Sender;

/// A type's names, each read back as what it was.
macro_rules! names {
    ($kind:ty, $all:expr, $names:expr) => {
        let all: Vec<$kind> = $all.into_iter().collect();
        assert_eq!(all.iter().map(|one| one.as_str()).collect::<Vec<_>>(), $names);
        assert!(all.iter().all(|one| <$kind>::parse(one.as_str()) == Some(*one)), "{}", stringify!($kind));
        assert_eq!(<$kind>::parse("nonsense"), None);
    };
}

#[test]
fn states_are_stored_under_their_names() {
    names!(
        OrderStatus,
        OrderStatus::ALL,
        ["pending", "completed", "failed", "refund_pending", "partially_refunded", "refunded", "disputed", "charged_back"]
    );
    names!(RefundStatus, RefundStatus::ALL, ["pending", "succeeded", "failed"]);
    names!(TransferStatus, TransferStatus::ALL, ["pending", "completed", "failed", "reversal_pending", "reversed", "permanently_failed"]);
    names!(ReversalStatus, ReversalStatus::ALL, ["reversal_pending", "reversed", "permanently_failed"]);
    names!(Hold, Hold::ALL, ["account_not_ready", "balance_insufficient", "disputed", "nothing_at_connect"]);
    names!(DisputeStatus, DisputeStatus::ALL, ["opened", "challenged", "expired", "accepted", "cancelled", "won", "lost"]);
    names!(PayoutStatus, PayoutStatus::ALL, ["pending", "in_transit", "paid", "failed", "canceled"]);
    names!(EffectState, EffectState::ALL, ["pending", "sent", "done", "refused"]);
    names!(JournalKind, JournalKind::ALL, ["fact", "call", "job"]);
    names!(ProductKind, ProductKind::ALL, ["track", "pack", "course", "service"]);
    names!(ProductStatus, ProductStatus::ALL, ["draft", "published", "archived"]);
    names!(LicenceStatus, [LicenceStatus::Active, LicenceStatus::Revoked], ["active", "revoked"]);
    names!(ExclusiveState, [ExclusiveState::Held, ExclusiveState::Sold, ExclusiveState::Released], ["held", "sold", "released"]);
    names!(Sender, [Sender::Hyperswitch, Sender::Stripe], ["hyperswitch", "stripe"]);
    names!(SubscriptionStatus, SubscriptionStatus::ALL, ["pending_payment", "trialing", "active", "past_due", "canceled", "expired"]);
    names!(InvoiceStatus, InvoiceStatus::ALL, ["open", "paid", "failed", "void", "refunded"]);
    names!(InvoiceReason, InvoiceReason::ALL, ["first", "renewal", "upgrade"]);
    names!(Collection, Collection::ALL, ["customer", "saved_method"]);
    names!(PlanId, PlanId::ALL, ["free", "creator", "premium"]);
    names!(Cycle, Cycle::ALL, ["monthly", "yearly"]);
    assert_eq!(Role::ALL.map(Role::as_str), ["user", "creator", "admin"]);
    assert!(Code::ALL.iter().all(|code| Code::parse(code.as_str()) == Some(*code) && !code.proposed_action().is_empty()));
}

#[test]
fn origins_of_refunds_are_read_back() {
    let dispute = DisputeId(Uuid::from_u128(7));
    for (origin, name) in [
        (RefundOrigin::Requested, "requested"),
        (RefundOrigin::External, "external"),
        (RefundOrigin::Dispute(dispute), "dispute"),
        (RefundOrigin::PaymentUndone, "payment_undone"),
    ] {
        assert_eq!(origin.as_str(), name);
        assert_eq!(RefundOrigin::parse(name, origin.dispute()), Some(origin));
        let other = if origin.dispute().is_some() { None } else { Some(dispute) };
        assert_eq!(RefundOrigin::parse(name, other), None, "{name}");
    }
}

#[test]
fn subjects_and_effects_are_read_back() {
    let id = Uuid::from_u128(3);
    let subjects = [
        (Subject::Order(OrderId(id)), "order"),
        (Subject::Refund(RefundId(id)), "refund"),
        (Subject::Transfer(TransferId(id)), "transfer"),
        (Subject::Reversal(ReversalId(id)), "reversal"),
        (Subject::User(UserId(id)), "user"),
        (Subject::Dispute(DisputeId(id)), "dispute"),
    ];
    for (subject, kind) in subjects {
        assert_eq!((subject.kind(), subject.id(), Subject::parse(kind, id)), (kind, id, Some(subject)));
    }
    let (first, second) = (Uuid::from_u128(1), Uuid::from_u128(2));
    let order = Some(OrderId(first));
    let effects = [
        (EffectKind::CreatePayment(OrderId(first)), "create_payment", None, order),
        (EffectKind::CreateRefund(OrderId(first), RefundId(second)), "create_refund", Some(second), order),
        (EffectKind::ReadPayment(OrderId(first)), "read_payment", None, order),
        (EffectKind::ReadRefund(OrderId(first), RefundId(second)), "read_refund", Some(second), order),
        (EffectKind::ReadDispute(OrderId(first), DisputeId(second)), "read_dispute", Some(second), order),
        (EffectKind::MailVerification(UserId(first), MailTokenId(second)), "mail_verification", Some(second), None),
        (EffectKind::MailAlreadyRegistered(UserId(first)), "mail_already_registered", None, None),
    ];
    for (kind, name, other, order) in effects {
        assert_eq!((kind.name(), kind.subjects(), kind.order()), (name, (first, other), order));
        assert_eq!(EffectKind::parse(name, first, other), Some(kind));
        assert_eq!(EffectKind::parse(name, first, if other.is_some() { None } else { Some(second) }), None, "{name}");
    }
}

/// Ids that follow from facts stand in tables and at providers: they are the same for ever.
#[test]
fn derived_ids_are_the_same_for_ever() {
    let parent = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_002a);
    assert_eq!(derive(parent, "transfer", b"seller").to_string(), "01900000-0000-7b44-b06c-8cab6141e6fc");
    assert_eq!(derive(parent, "reversal", b"").to_string(), "01900000-0000-73a1-ab4b-0cba0181716c");
    let other = derive(parent, "transfer", b"seller2");
    assert_eq!((other.get_version_num(), other.as_bytes()[8] >> 6), (7, 0b10));
}

/// A time beyond what fits would lie before all others if its upper bits were cut off.
#[test]
fn an_id_of_a_time_that_it_has_no_room_for_is_of_the_first_or_the_last_that_it_has() {
    let parent = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_002a);
    let last = (1 << 48) - 1;
    for (milliseconds, kept) in [(-1, 0), (0, 0), (last, last), (last + 1, last), (last + 2, last), (i64::MAX / 1000, last)] {
        let id = derive_at(Timestamp(milliseconds * 1000), parent, "renewal", b"");
        assert_eq!(id.as_bytes()[..6], kept.to_be_bytes()[2..], "{milliseconds}");
        assert_eq!(id.as_bytes()[6..], derive(parent, "renewal", b"").as_bytes()[6..]);
    }
}
