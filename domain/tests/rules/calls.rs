//! A transfer's and a reversal's row after each answer of Connect: when it is due, under which key, and what it says of itself
//! (spec/01-money §5).

use crate::support::*;
use std::time::Duration;
use veza_domain::backoff::RetryPolicy;
use veza_domain::ids::TransferId;
use veza_domain::money::Money;
use veza_domain::reversal::{LACKS_AN_ID, Reversal, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Attempt, CallOutcome, CallRefusal, Hold, Step, Transfer, TransferStatus};

const POLICY: RetryPolicy = RetryPolicy { retries_max: 3, base: Duration::from_secs(60), max: Duration::from_secs(3600) };
const ONCE: RetryPolicy = RetryPolicy { retries_max: 0, ..POLICY };

fn transfer() -> Transfer {
    Transfer::open(TransferId(uuid(9)), order_id(), seller(1), Money::new(900, eur()), START)
}

fn reversal() -> Reversal {
    Reversal::open(&transfer(), refund_id(0), 0, Money::new(900, eur()), START)
}

fn replayed() -> CallOutcome {
    CallOutcome::Unknown { message: "500".into(), replayed: true }
}

/// What the two kinds of rows say of a call in the same words.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    due_at: Option<Timestamp>,
    hold: Option<Hold>,
    error: Option<String>,
    retries: u32,
    attempt: Attempt,
}

fn of_transfer(row: &Transfer) -> Seen {
    Seen { due_at: row.next_retry_at, hold: row.hold, error: row.last_error.clone(), retries: row.retry_count, attempt: row.attempt }
}

fn of_reversal(row: &Reversal) -> Seen {
    Seen { due_at: row.next_retry_at, hold: row.hold, error: row.last_error.clone(), retries: row.retry_count, attempt: row.attempt }
}

fn after(row: &Transfer, outcome: &CallOutcome, policy: &RetryPolicy) -> Transfer {
    row.after_call(outcome, true, policy, START).unwrap().pop().unwrap()
}

/// Both kinds of rows, sent and answered in turn: they say the same.
fn answered(outcomes: &[CallOutcome], policy: &RetryPolicy) -> (Seen, Transfer, Reversal) {
    let (mut transfer, mut reversal) = (transfer(), reversal());
    for outcome in outcomes {
        transfer = after(&transfer.sent(START, LEASE), outcome, policy);
        reversal = reversal.sent(START, LEASE).after_call(outcome, policy, START);
    }
    assert_eq!(of_transfer(&transfer), of_reversal(&reversal));
    (of_transfer(&transfer), transfer, reversal)
}

/// Nobody else makes a call that is under way; the first call under a key says how old its outcome is, the last one when it was made.
#[test]
fn a_row_whose_call_is_under_way_is_left_alone_for_the_lease() {
    let later = START.plus(Duration::from_secs(7));
    let sent = transfer().sent(START, LEASE).sent(later, LEASE);
    let attempt = Attempt { first_sent_at: Some(START), last_sent_at: Some(later), ..Attempt::default() };
    assert_eq!((sent.next_retry_at, sent.attempt), (Some(later.plus(LEASE)), attempt));
    let sent = reversal().sent(START, LEASE).sent(later, LEASE);
    assert_eq!((sent.next_retry_at, sent.attempt), (Some(later.plus(LEASE)), attempt));
}

/// A success leaves nothing of what went wrong before it: no reason to wait, no error, no doubt.
#[test]
fn a_success_ends_all_doubt() {
    let outcomes = [refused(CallRefusal::BalanceInsufficient), replayed(), done("id_1")];
    let (seen, transfer, reversal) = answered(&outcomes, &POLICY);
    assert_eq!((transfer.status(), reversal.status), (TransferStatus::Completed, ReversalStatus::Reversed));
    assert_eq!((seen.due_at, seen.hold, seen.error, seen.attempt.look_up), (None, None, None, false));
    assert!(!seen.attempt.is_unknown() && seen.attempt.generation == 1, "it succeeded under the second key");
}

/// A refusal that time does not heal uses up the budget, and then the row ends with Connect's words and the count of its calls.
#[test]
fn refusals_are_counted_and_the_last_one_ends_the_row() {
    let no = refused(CallRefusal::Other);
    let (seen, ..) = answered(&[no.clone(), no.clone()], &POLICY);
    let due = Some(START.plus(POLICY.delay(2)));
    assert_eq!((seen.due_at, seen.error.as_deref(), seen.retries, seen.attempt.generation), (due, Some("no"), 2, 2));
    let row = reversal().sent(START, LEASE).after_call(&no, &ONCE, START);
    assert_eq!((row.status, row.retry_count, row.last_error.as_deref()), (ReversalStatus::PermanentlyFailed, 1, Some("no")));
    let gone = reversal().sent(START, LEASE).after_call(&refused(CallRefusal::NotFound), &POLICY, START);
    assert_eq!((gone.status, gone.attempt.is_unknown(), gone.attempt.generation), (ReversalStatus::PermanentlyFailed, false, 1));
    assert!(gone.may_be_netted(), "later shares pay it");
}

/// What would only be replayed is looked up at once, and so is what was tried often enough; once in doubt, it stays so until an answer.
#[test]
fn what_a_further_call_can_not_tell_is_looked_up_at_once() {
    let (seen, ..) = answered(&[replayed()], &POLICY);
    assert_eq!((seen.due_at, seen.attempt.next_step(START)), (Some(START), Step::LookUp));
    let (seen, ..) = answered(&[unknown()], &ONCE);
    assert_eq!((seen.due_at, seen.attempt.next_step(START)), (Some(START), Step::LookUp));
    let (seen, ..) = answered(&[unknown()], &POLICY);
    assert_eq!((seen.due_at, seen.attempt.next_step(START)), (Some(START.plus(POLICY.delay(1))), Step::Send));
    let doubtful = after(&transfer().sent(START, LEASE), &replayed(), &POLICY);
    let doubted = after(&doubtful, &unknown(), &POLICY);
    assert_eq!((doubted.attempt.next_step(START), doubted.retry_count), (Step::LookUp, 2));
    let doubtful = reversal().sent(START, LEASE).after_call(&replayed(), &POLICY, START);
    let doubted = doubtful.after_call(&unknown(), &POLICY, START);
    assert_eq!((doubted.attempt.next_step(START), doubted.retry_count), (Step::LookUp, 2));
}

/// A look-up that finds nothing proves that nothing happened: the next call is due at once, under a new key, while the budget lasts.
#[test]
fn what_is_not_there_is_sent_anew_while_the_budget_lasts() {
    let (seen, transfer, reversal) = answered(&[replayed(), CallOutcome::NotThere], &POLICY);
    assert_eq!((transfer.status(), reversal.status), (TransferStatus::Pending, ReversalStatus::ReversalPending));
    assert_eq!((seen.due_at, seen.attempt), (Some(START), Attempt { generation: 1, ..Attempt::default() }));
    let (seen, transfer, reversal) = answered(&[unknown(), CallOutcome::NotThere], &ONCE);
    assert_eq!((transfer.status(), reversal.status), (TransferStatus::PermanentlyFailed, ReversalStatus::PermanentlyFailed));
    assert_eq!((seen.due_at, seen.error.as_deref()), (None, Some("cut off")));
}

/// Nobody is paid for refunded goods: what Connect does not have, or refuses, is over once it is not wanted any more.
#[test]
fn what_is_not_wanted_any_more_ends_with_the_first_proof_that_it_was_not_sent() {
    for outcome in [CallOutcome::NotThere, refused(CallRefusal::Other), refused(CallRefusal::BalanceInsufficient)] {
        for row in [transfer(), after(&transfer().sent(START, LEASE), &refused(CallRefusal::Other), &POLICY)] {
            let steps = row.sent(START, LEASE).after_call(&outcome, false, &POLICY, START).unwrap();
            let statuses: Vec<_> = steps.iter().map(Transfer::status).collect();
            assert_eq!(statuses, [TransferStatus::Failed, TransferStatus::PermanentlyFailed], "{outcome:?}");
            assert!(steps.iter().all(|step| step.next_retry_at.is_none() && !step.attempt.is_unknown()));
        }
    }
}

/// A debt that is over, or goes on, does not say any more why it waited.
#[test]
fn a_reversal_that_ends_or_goes_on_says_nothing_of_what_held_it() {
    let held = reversal().sent(START, LEASE).after_call(&refused(CallRefusal::BalanceInsufficient), &POLICY, START);
    assert_eq!((held.hold, held.last_error.as_deref()), (Some(Hold::BalanceInsufficient), Some("no")));
    let closed = held.closed();
    assert_eq!((closed.status, closed.hold, closed.last_error, closed.next_retry_at), (ReversalStatus::Reversed, None, None, None));
    let reopened = reversal().given_up(LACKS_AN_ID).reopened(START);
    assert_eq!((reopened.status, reopened.last_error, reopened.next_retry_at), (ReversalStatus::ReversalPending, None, Some(START)));
}
