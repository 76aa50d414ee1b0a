//! Rows that wait: effects of the outbox from their decision to their end, looks of the reconciler, runs of the audit, and moments.

use crate::support::*;
use std::time::Duration;
use veza_domain::audit::{Audit, AuditState};
use veza_domain::effect::{Effect, EffectKind, EffectState};
use veza_domain::ids::AuditId;
use veza_domain::look::Look;
use veza_domain::order::Order;
use veza_domain::time::Timestamp;

const PAUSE: Duration = Duration::from_secs(5);

fn effect() -> Effect {
    Effect::pending(EffectKind::CreatePayment(order_id()), START)
}

/// While a call is under way nobody else makes it; if its caller dies, it is due again when the lease ends.
#[test]
fn an_effect_that_is_being_sent_is_left_alone_for_the_lease() {
    let later = START.plus(PAUSE);
    let sent = effect().sent(later, LEASE);
    assert_eq!(sent, Effect { state: EffectState::Sent, due_at: Some(later.plus(LEASE)), attempts: 1, sent_at: Some(later), ..effect() });
    assert_eq!(sent.sent(later, LEASE).attempts, 2);
}

#[test]
fn what_was_not_heard_is_pending_again_and_what_may_have_been_is_not() {
    let due_at = Some(START.plus(PAUSE));
    let why = |text: &str| Some(text.to_owned());
    for row in [effect(), effect().sent(START, LEASE)] {
        let again = row.clone().again("429", START, PAUSE);
        assert_eq!(again, Effect { state: EffectState::Pending, due_at, last_error: why("429"), ..row.clone() });
        let unknown = row.clone().unknown("cut off", START, PAUSE);
        assert_eq!(unknown, Effect { state: EffectState::Sent, due_at, last_error: why("cut off"), ..row.clone() });
        assert!(!row.is_over() && !again.is_over() && !unknown.is_over());
    }
}

#[test]
fn an_effect_that_is_over_is_never_due() {
    let sent = effect().sent(START, LEASE);
    let done = sent.clone().done();
    assert_eq!(done, Effect { state: EffectState::Done, due_at: None, ..sent.clone() });
    let refused = sent.clone().refused("no such card");
    let last_error = Some("no such card".to_owned());
    assert_eq!(refused, Effect { state: EffectState::Refused, due_at: None, last_error, ..sent });
    assert!(done.is_over() && refused.is_over());
}

#[test]
fn a_look_that_is_over_remembers_how_it_went() {
    let look = Look { due_at: Some(START), count: 3, last_at: Some(START) };
    assert_eq!(look.over(), Look { due_at: None, ..look });
}

#[test]
fn an_audit_that_has_ended_says_when_and_why_and_belongs_to_nobody() {
    let run = Audit::asked(AuditId(uuid(1)), (Timestamp(0), Timestamp(9)), false, None, START).taken(START.plus(LEASE));
    let end = START.plus(PAUSE);
    let ended = run.clone().ended(AuditState::Failed, Some("why".to_owned()), end);
    let expected = Audit { state: AuditState::Failed, error: Some("why".to_owned()), lease_until: None, ended_at: Some(end), ..run };
    assert_eq!(ended, expected);
}

#[test]
fn moments_are_shifted_compared_and_counted_in_whole_seconds() {
    let (early, late) = (Timestamp(1_500_000), Timestamp(4_000_000));
    assert_eq!((late.minus(Duration::from_millis(2_500)), early.plus(Duration::from_millis(2_500))), (early, late));
    assert_eq!((late.since(early), early.since(late)), (Duration::from_millis(2_500), Duration::ZERO));
    assert_eq!([early, late, Timestamp(-1)].map(Timestamp::unix_seconds), [1, 4, -1], "before 1970 it rounds down as well");
    let ends = (Timestamp(i64::MIN).minus(PAUSE), Timestamp(i64::MAX).plus(PAUSE));
    assert_eq!(ends, (Timestamp(i64::MIN), Timestamp(i64::MAX)));
}

/// The PSP knows a payment by the order's id, so a payment that is asked for twice is one payment.
#[test]
fn a_payment_is_named_after_its_order() {
    assert_eq!(Order::payment_id_of(order_nth(1)), order_nth(1).to_string());
    assert_ne!(Order::payment_id_of(order_nth(1)), Order::payment_id_of(order_nth(2)));
}
