//! Transfers and reversals: what a refund does to a share on its way, and what Connect's answers do (spec/01-money §4.3, §5,
//! §11).

use crate::support::*;
use proptest::prelude::*;
use std::time::Duration;
use veza_domain::attention::Code;
use veza_domain::ids::{RefundId, TransferId};
use veza_domain::ledger::Account;
use veza_domain::money::Minor;
use veza_domain::order::OrderStatus;
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::{Change, Fact, PspRefundStatus, Source, Verdict};
use veza_domain::transfer::{Attempt, CallOutcome, CallRefusal, Hold, Step, Transfer, TransferStatus};

/// Paid: 1,000 by seller 1, of which 900 are the seller's.
fn paid() -> Book {
    Book::paid(checkout(&[(1, 1000)], 1_000))
}

fn only_transfer(book: &Book) -> Transfer {
    let [transfer] = book.file.transfers.as_slice() else { panic!("{:?}", book.file.transfers) };
    transfer.clone()
}

fn only_reversal(book: &Book) -> Reversal {
    let [reversal] = book.file.reversals.as_slice() else { panic!("{:?}", book.file.reversals) };
    reversal.clone()
}

fn answer(book: &mut Book, outcome: CallOutcome) {
    let id = only_transfer(book).id;
    assert_eq!(book.tell(Fact::Transfer(id, outcome)), Verdict::Settled);
}

fn answer_reversal(book: &mut Book, n: usize, outcome: CallOutcome) {
    let id = book.file.reversals[n].id;
    assert_eq!(book.tell(Fact::Reversal(id, outcome)), Verdict::Settled);
}

/// Paid, and the share is with the seller.
fn paid_out() -> Book {
    let mut book = paid();
    answer(&mut book, done("tr_1"));
    book
}

fn undo(book: &mut Book, id: RefundId) {
    assert_eq!(book.report(Source::Read, id, PspRefundStatus::Failed), Verdict::Settled);
}

/// Somebody asked what became of a call, found nothing, and stood still while others called again: the next call may have taken effect,
/// and the old answer says nothing of it. What Connect has made, it has made.
#[test]
fn an_answer_that_another_call_has_overtaken_counts_for_nothing() {
    let said = || {
        let not_now = CallOutcome::NotNow { message: "later".into() };
        [
            CallOutcome::NotThere,
            refused(CallRefusal::Other),
            unknown(),
            not_now,
            CallOutcome::NotNeeded,
            CallOutcome::Done { provider_id: None },
        ]
    };
    let mut book = paid();
    let id = only_transfer(&book).id;
    let overtaken = |book: &Book, asked: &Attempt| -> Vec<bool> {
        assert!(!Fact::Transfer(id, done("tr_1")).is_overtaken(&book.file, asked));
        said().into_iter().map(|outcome| Fact::Transfer(id, outcome).is_overtaken(&book.file, asked)).collect()
    };
    let unsent = only_transfer(&book).attempt;
    book.send_transfer(id);
    let first = only_transfer(&book).attempt;
    assert_eq!((overtaken(&book, &unsent), overtaken(&book, &first)), (vec![true; 6], vec![false; 6]));
    answer(&mut book, unknown());
    assert_eq!(overtaken(&book, &first), [false; 6], "no call was made since");
    book.send_transfer(id);
    let again = only_transfer(&book).attempt;
    assert_eq!((overtaken(&book, &first), overtaken(&book, &again)), (vec![true; 6], vec![false; 6]), "again, with the same key");
    answer(&mut book, CallOutcome::NotThere);
    assert_eq!(overtaken(&book, &again), [true; 6], "what became of it is known");
    book.send_transfer(id);
    assert_eq!(overtaken(&book, &again), [true; 6], "again, with the next key");

    let mut book = paid_out();
    book.refund_now(0, None, Vec::new());
    let reversal = only_reversal(&book);
    let overtaken = |book: &Book| -> Vec<bool> {
        assert!(!Fact::Reversal(reversal.id, done("trr_1")).is_overtaken(&book.file, &reversal.attempt));
        said().into_iter().map(|outcome| Fact::Reversal(reversal.id, outcome).is_overtaken(&book.file, &reversal.attempt)).collect()
    };
    assert_eq!(overtaken(&book), [false; 6]);
    book.send_reversal(reversal.id);
    assert_eq!(overtaken(&book), [true; 6]);
}

/// §11: from refund to reversed, end to end.
#[test]
fn a_completed_transfer_is_taken_back_from_refund_to_reversed() {
    let mut book = paid_out();
    let id = book.refund_now(0, None, Vec::new());
    let reversal = only_reversal(&book);
    assert_eq!(
        (reversal.amount.amount, reversal.cause.refund(), reversal.transfer_id),
        (Minor(900), Some(id), Some(only_transfer(&book).id))
    );
    assert!(reversal.next_retry_at.is_some_and(|due| due <= book.now()), "due at once");
    assert_eq!(only_transfer(&book).status(), TransferStatus::ReversalPending);
    assert_eq!(book.file.order.status, OrderStatus::Refunded, "the buyer's refund never waits for Connect");

    answer_reversal(&mut book, 0, done("trr_1"));
    assert_eq!(only_reversal(&book).stripe_reversal_id.as_deref(), Some("trr_1"));
    assert_eq!(only_transfer(&book).status(), TransferStatus::Reversed);
    assert!(book.balances().values().all(|balance| *balance == 0));
    assert_eq!(book.tell(Fact::Reversal(reversal.id, done("trr_2"))), Verdict::AlreadySettled);
}

/// §5: a transfer taken back in parts stays `completed` until the parts cover all that is left of it.
#[test]
fn a_transfer_taken_back_in_parts_stays_completed_until_all_of_it_is_covered() {
    let mut book = paid_out();
    book.refund_now(0, Some(400), Vec::new());
    answer_reversal(&mut book, 0, done("trr_1"));
    let transfer = only_transfer(&book);
    assert_eq!((transfer.status(), transfer.amount_reversed), (TransferStatus::Completed, Minor(360)));
    let rest = book.refund_now(1, None, Vec::new());
    assert_eq!((book.file.reversals[1].cause.refund(), book.file.reversals[1].amount.amount), (Some(rest), Minor(540)));
    assert_eq!(only_transfer(&book).status(), TransferStatus::ReversalPending);
    answer_reversal(&mut book, 1, done("trr_2"));
    assert_eq!((only_transfer(&book).status(), only_transfer(&book).left()), (TransferStatus::Reversed, Minor(0)));
}

/// §4.3: never pay for refunded goods: what was not sent, or was refused, ends by way of `failed`.
#[test]
fn after_a_full_refund_what_was_not_sent_is_not_sent_any_more() {
    for refusal in [None, Some(CallRefusal::Other), Some(CallRefusal::BalanceInsufficient)] {
        let mut book = paid();
        if let Some(refusal) = refusal {
            answer(&mut book, refused(refusal));
            assert_eq!(only_transfer(&book).status(), TransferStatus::Failed);
        }
        book.refund_now(0, None, Vec::new());
        let transfer = only_transfer(&book);
        assert_eq!((transfer.status(), transfer.next_retry_at), (TransferStatus::PermanentlyFailed, None));
        assert!(book.file.reversals.is_empty() && !book.is_flagged(Code::TransferPermanentlyFailed), "nobody has to look at it");
    }
}

/// §4.3: after a partial refund the share is still paid, and taken back in part once it is there.
#[test]
fn after_a_partial_refund_the_share_is_paid_and_then_taken_back_in_part() {
    for refused_first in [false, true] {
        let mut book = paid();
        if refused_first {
            answer(&mut book, refused(CallRefusal::Other));
        }
        let status = only_transfer(&book).status();
        book.refund_now(0, Some(400), Vec::new());
        assert_eq!((only_transfer(&book).status(), book.file.reversals.len()), (status, 0));
        answer(&mut book, done("tr_1"));
        assert_eq!(only_reversal(&book).amount.amount, Minor(360));
        book.pay_out();
        assert_eq!(book.with_seller(seller(1)), 540);
    }
}

/// §4.3: a call that may have taken effect is not closed by a refund: its reversal opens the moment it completes.
#[test]
fn a_transfer_in_flight_during_a_full_refund_is_taken_back_once_it_completes() {
    for answer_first in [None, Some(unknown())] {
        let mut book = paid();
        book.send_transfer(only_transfer(&book).id);
        answer_first.into_iter().for_each(|outcome| answer(&mut book, outcome));
        let key = only_transfer(&book).key();
        book.refund_now(0, None, Vec::new());
        let transfer = only_transfer(&book);
        assert_eq!((transfer.status(), transfer.key()), (TransferStatus::Pending, key));
        assert!(transfer.attempt.is_unknown() && transfer.next_retry_at.is_some() && book.file.reversals.is_empty());
        answer(&mut book, done("tr_1"));
        assert_eq!(only_transfer(&book).status(), TransferStatus::ReversalPending);
        assert_eq!(only_reversal(&book).amount.amount, Minor(900));
    }
}

/// §5: a refund closes such a row only once it is known that no call took effect.
#[test]
fn a_transfer_in_flight_during_a_full_refund_ends_once_it_is_known_that_nothing_happened() {
    for outcome in [CallOutcome::NotThere, refused(CallRefusal::BalanceInsufficient), refused(CallRefusal::Other)] {
        let mut book = paid();
        answer(&mut book, refused(CallRefusal::Other));
        book.send_transfer(only_transfer(&book).id);
        book.refund_now(0, None, Vec::new());
        assert_eq!(only_transfer(&book).status(), TransferStatus::Failed);
        answer(&mut book, outcome);
        assert_eq!(only_transfer(&book).status(), TransferStatus::PermanentlyFailed);
        assert!(book.balance(Account::SellerPayable(seller(1))) == 0 && book.file.reversals.is_empty());
    }
}

/// §4: an open reversal runs to its end, and the share then goes out as a new transfer.
#[test]
fn a_refund_that_failed_after_success_gives_licences_and_share_again() {
    let mut book = paid_out();
    let id = book.refund_now(0, None, Vec::new());
    undo(&mut book, id);
    assert_eq!((book.file.order.status, book.active_lines().len()), (OrderStatus::Completed, 1));
    assert!(book.is_flagged(Code::RefundFailedAfterSuccess) && book.refund(id).succeeded_at.is_some());
    assert_eq!(book.file.transfers.len(), 1, "the reversal runs to its end first");
    answer_reversal(&mut book, 0, done("trr_1"));
    let again = book.file.transfers[1].clone();
    assert_eq!((again.status(), again.amount.amount), (TransferStatus::Pending, Minor(900)));
    book.pay_out();
    assert_eq!((book.with_seller(seller(1)), book.balance(Account::SellerReceivable(seller(1)))), (900, 0));
}

#[test]
fn a_share_that_was_never_sent_goes_out_when_its_refund_comes_undone() {
    let mut book = paid();
    let id = book.refund_now(0, None, Vec::new());
    undo(&mut book, id);
    let amounts: Vec<_> = book.file.transfers.iter().map(|row| (row.status(), row.amount.amount.0)).collect();
    assert_eq!(amounts, [(TransferStatus::PermanentlyFailed, 900), (TransferStatus::Pending, 900)]);
}

/// Found by `once_quiet_every_seller_has_exactly_the_share_that_stands`: the gap that one refund left was looked for only when
/// a reversal of the same refund ended, and the reversal of another one still stood in the way then.
#[test]
fn a_share_goes_out_again_also_when_the_reversal_of_another_refund_ends_last() {
    let mut book = paid_out();
    let undone = book.refund_now(0, Some(400), Vec::new());
    book.refund_now(1, Some(200), Vec::new());
    undo(&mut book, undone);
    answer_reversal(&mut book, 0, done("trr_1"));
    assert_eq!(book.file.transfers.len(), 1, "a reversal of this seller is still open");
    answer_reversal(&mut book, 1, done("trr_2"));
    assert_eq!(book.file.transfers[1].amount.amount, Minor(360));
    book.pay_out();
    assert_eq!(book.with_seller(seller(1)), 720);
}

/// Found by `what_was_given_up_is_never_paid_twice`: the refund's first reversal was taken for the second one, so the seller
/// kept what had gone out again.
#[test]
fn a_refund_that_succeeds_after_all_takes_back_what_went_out_again() {
    let mut book = paid_out();
    let id = book.refund_now(0, Some(400), Vec::new());
    for times in 1..=3 {
        book.pay_out();
        assert_eq!(book.with_seller(seller(1)), 540);
        undo(&mut book, id);
        book.pay_out();
        assert_eq!((book.with_seller(seller(1)), book.file.transfers.len()), (900, times + 1));
        assert_eq!(book.report(Source::Read, id, PspRefundStatus::Succeeded), Verdict::Settled);
        let open = book.file.reversals.iter().filter(|row| row.status == ReversalStatus::ReversalPending);
        assert_eq!(open.map(|row| row.amount.amount.0).sum::<i64>(), 360);
    }
}

/// The same, before the first reversal has run: it serves the second success as well.
#[test]
fn a_refund_that_succeeds_after_all_while_its_reversal_is_open_takes_back_once() {
    let mut book = paid_out();
    let id = book.refund_now(0, None, Vec::new());
    undo(&mut book, id);
    book.report(Source::Read, id, PspRefundStatus::Succeeded);
    assert_eq!(only_reversal(&book).amount.amount, Minor(900));
    book.pay_out();
    assert_eq!((book.with_seller(seller(1)), book.file.transfers.len()), (0, 1));
}

/// §5: a reversal that was given up is a debt on the books, shown to a person; the transfer ends as far back as it got.
#[test]
fn a_reversal_that_was_given_up_leaves_a_debt_and_a_flag() {
    let mut book = paid_out();
    book.refund_now(0, None, Vec::new());
    answer_reversal(&mut book, 0, refused(CallRefusal::NotFound));
    assert_eq!(only_reversal(&book).status, ReversalStatus::PermanentlyFailed);
    assert_eq!(only_transfer(&book).status(), TransferStatus::PermanentlyFailed);
    assert_eq!(book.balance(Account::SellerReceivable(seller(1))), 900);
    assert!(book.is_flagged(Code::ReversalPermanentlyFailed));
}

/// §5: a row without a transfer id ends without a call, and the seller still has the money: it is not sent again.
#[test]
fn a_transfer_without_an_id_is_not_taken_back_and_not_paid_twice() {
    let mut book = paid();
    answer(&mut book, CallOutcome::Done { provider_id: None });
    let transfer = only_transfer(&book);
    assert_eq!((transfer.status(), transfer.stripe_transfer_id), (TransferStatus::Completed, None), "no id is invented");
    let id = book.refund_now(0, None, Vec::new());
    answer_reversal(&mut book, 0, unknown());
    assert_eq!((only_reversal(&book).status, book.with_seller(seller(1))), (ReversalStatus::PermanentlyFailed, 900));
    undo(&mut book, id);
    assert_eq!(book.file.transfers.len(), 1);
}

/// §5: retries exhausted: the transfer ends, and a person has to look at it.
#[test]
fn a_transfer_that_connect_refuses_for_good_is_flagged() {
    let mut book = paid();
    book.policy = HASTY;
    answer(&mut book, refused(CallRefusal::Other));
    assert!(!book.is_flagged(Code::TransferPermanentlyFailed));
    answer(&mut book, refused(CallRefusal::Other));
    assert_eq!(only_transfer(&book).status(), TransferStatus::PermanentlyFailed);
    assert!(book.is_flagged(Code::TransferPermanentlyFailed));
    let id = only_transfer(&book).id;
    assert_eq!(book.tell(Fact::Transfer(id, done("tr_1"))), Verdict::AlreadySettled);
}

/// §5: only `pending` and `failed` ones are sent; whatever else is told of a call for another one changes nothing.
#[test]
fn an_answer_to_a_transfer_that_is_not_open_changes_nothing() {
    for status in TransferStatus::ALL {
        let mut book = paid_out();
        let restored = only_transfer(&book).restored(status);
        book.file = book.file.clone().evolve(&Change::Transfer(restored.clone()));
        let fact = Fact::Transfer(restored.id, refused(CallRefusal::Other));
        let decision = veza_domain::settlement::decide(&book.file, &fact, &book.context()).unwrap();
        let open = matches!(status, TransferStatus::Pending | TransferStatus::Failed);
        assert_eq!((decision.verdict == Verdict::Settled, decision.changes.is_empty()), (open, !open), "{status:?}");
    }
}

fn any_outcome() -> impl Strategy<Value = CallOutcome> {
    let refusals = [CallRefusal::BalanceInsufficient, CallRefusal::CapabilityMissing, CallRefusal::NotFound, CallRefusal::Other];
    let words = || "words".to_owned();
    prop_oneof![
        Just(done("id_1")),
        Just(CallOutcome::Done { provider_id: None }),
        prop::sample::select(refusals.to_vec()).prop_map(refused),
        any::<bool>().prop_map(move |replayed| CallOutcome::Unknown { message: words(), replayed }),
        Just(CallOutcome::NotNow { message: words() }),
        Just(CallOutcome::NotThere),
    ]
}

proptest! {
    #![proptest_config(cases(512))]

    /// §5: the key changes only when it is proven that nothing happened under it; what is unknown keeps status and key.
    #[test]
    fn a_transfer_takes_a_new_key_only_after_a_proof(
        outcomes in prop::collection::vec(any_outcome(), 1..12), wanted in any::<bool>(), retries_max in 0u32..4,
    ) {
        let policy = veza_domain::backoff::RetryPolicy { retries_max, ..PATIENT };
        let amount = veza_domain::money::Money::new(900, eur());
        let mut row = Transfer::open(TransferId(uuid(9)), order_id(), seller(1), amount, START);
        for outcome in outcomes.iter().filter(|outcome| !matches!(outcome, CallOutcome::Done { .. })) {
            if !is_due(&row) {
                break;
            }
            let sent = row.clone().sent(START, LEASE);
            let steps = sent.after_call(outcome, wanted, &policy, START).unwrap();
            let mut from = sent.status();
            for step in &steps {
                prop_assert!(from.may_move_to(step.status()));
                from = step.status();
            }
            row = steps.last().unwrap().clone();
            let proven = matches!(outcome, CallOutcome::Refused { .. } | CallOutcome::NotThere);
            prop_assert_eq!((row.key() != sent.key(), row.attempt.is_unknown()), (proven, !proven), "{:?}", outcome);
            prop_assert!(proven || row.status() == sent.status());
            prop_assert!(row.status() != TransferStatus::PermanentlyFailed || row.next_retry_at.is_none());
            prop_assert!(!is_due(&row) || row.next_retry_at.is_some(), "what is open is due some day");
            prop_assert!(row.stripe_transfer_id.is_none(), "no id is invented on failure");
        }
    }

    /// §5: the same of a reversal; only the buyer's money was ever in a hurry, so time never uses up its budget.
    #[test]
    fn a_reversal_takes_a_new_key_only_after_a_proof(
        outcomes in prop::collection::vec(any_outcome(), 1..12), retries_max in 0u32..4,
    ) {
        let policy = veza_domain::backoff::RetryPolicy { retries_max, ..PATIENT };
        let amount = veza_domain::money::Money::new(900, eur());
        let transfer = Transfer::open(TransferId(uuid(9)), order_id(), seller(1), amount, START);
        let mut row = Reversal::open(&transfer, refund_id(0), 0, amount, START);
        for outcome in outcomes {
            let sent = row.clone().sent(START, LEASE);
            let after = sent.after_call(&outcome, &policy, START);
            prop_assert_eq!(after.status == ReversalStatus::ReversalPending, after.next_retry_at.is_some());
            let proven = matches!(outcome, CallOutcome::Refused { .. } | CallOutcome::NotThere);
            prop_assert_eq!(after.key() != sent.key(), proven);
            let heals = matches!(outcome, CallOutcome::Refused { refusal, .. } if matches!(refusal, CallRefusal::BalanceInsufficient | CallRefusal::CapabilityMissing));
            if heals || matches!(outcome, CallOutcome::NotNow { .. }) {
                prop_assert_eq!((after.status, after.retry_count), (ReversalStatus::ReversalPending, sent.retry_count));
            }
            if after.status != ReversalStatus::ReversalPending {
                break;
            }
            row = after;
        }
    }

    /// §5: an unknown outcome older than 20 h, or one that would only be replayed, is looked up and not sent again.
    #[test]
    fn what_may_have_happened_long_ago_is_looked_up(minutes in 0u64..3000, look_up in any::<bool>()) {
        let attempt = Attempt { look_up, ..Attempt::default().sent(START) };
        let now = START.plus(Duration::from_secs(minutes * 60));
        let expected = if look_up || minutes >= 20 * 60 { Step::LookUp } else { Step::Send };
        prop_assert_eq!(attempt.next_step(now), expected);
        prop_assert_eq!(Attempt { first_sent_at: None, ..attempt }.next_step(now), Step::Send);
    }
}

/// §5: what time heals waits on the slow schedule, as itself.
#[test]
fn a_transfer_that_waits_for_time_says_why() {
    let cases = [(CallRefusal::BalanceInsufficient, Hold::BalanceInsufficient), (CallRefusal::CapabilityMissing, Hold::AccountNotReady)];
    for (refusal, hold) in cases {
        let mut book = paid();
        let now = book.now();
        answer(&mut book, refused(refusal));
        let row = only_transfer(&book);
        assert_eq!((row.hold, row.retry_count, row.next_retry_at), (Some(hold), 0, Some(now.plus(PATIENT.max))));
        answer(&mut book, done("tr_1"));
        assert_eq!(only_transfer(&book).hold, None);
    }
}
