//! Histories that once broke something, as they were when they were found and shrunk. Each names what it had found.

#![allow(clippy::unwrap_used, clippy::panic)]

use veza_sim::ops::TO_THE_END as END;
use veza_sim::{Base, History, Op, Setting, run};

fn ends_well(setting: Setting, ops: &[Op]) {
    let history = History { setting, ops: ops.to_vec() };
    for base in [Base::Memory, Base::Sqlite] {
        let ended = run(&history, base, true);
        assert!(ended.broken.is_empty(), "{base:?}:\n{}\n{}", ended.text.join("\n"), ended.broken.join("\n"));
    }
}

/// What happens, line by line, until quiet is made; it ends well.
fn told(ops: &[Op]) -> Vec<String> {
    let ended = run(&History { setting: PLAIN, ops: ops.to_vec() }, Base::Memory, true);
    assert!(ended.broken.is_empty(), "{}", ended.broken.join("\n"));
    ended.text.into_iter().take_while(|line| line != "-- quiet").collect()
}

const PLAIN: Setting = Setting { slow_money: false, dispute_fee: false, lose_the_rest: false, close_all: false };
const LOSING: Setting = Setting { lose_the_rest: true, ..PLAIN };

/// The check of the standing invariants read rows and postings one after the other, and took a settlement between them for a break.
#[test]
fn a_settlement_in_the_middle_of_a_check_breaks_nothing() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 3, at: 0, run: END },
        Op::Buy { buyer: 1, basket: 0, key: 2, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Advance { time: 11 },
        Op::Work { worker: 13, at: 0, run: 5 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Pay { order: 11 },
        Op::Deliver { letter: 0, at: 0, run: END },
    ];
    ends_well(PLAIN, &ops);
}

/// The reconciler reads a declined payment; before it settles what it read, the buyer pays and the message of that comes. The old
/// answer took the goods back again.
#[test]
fn an_answer_that_a_message_has_overtaken_takes_nothing_back() {
    let ops = [
        Op::Buy { buyer: 0, basket: 0, key: 3, at: 0, run: END },
        Op::Decline { order: 11 },
        Op::Advance { time: 9 },
        Op::Work { worker: 12, at: 0, run: 5 },
        Op::Pay { order: 0 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Deliver { letter: 2, at: 0, run: END },
    ];
    ends_well(LOSING, &ops);
}

/// A payment succeeds and turns out to have failed; the second message comes first. The order was delivered for good.
#[test]
fn a_success_that_comes_after_its_own_failure_is_asked_about() {
    let ops = [
        Op::Buy { buyer: 0, basket: 0, key: 1, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::PaymentFails { order: 7 },
        Op::Deliver { letter: 5, at: 0, run: END },
        Op::Deliver { letter: 7, at: 0, run: END },
    ];
    ends_well(LOSING, &ops);
}

/// A refund of the PSP's dashboard succeeds and fails after all; the second message comes first. It was imported for good.
#[test]
fn a_dashboard_refund_that_had_failed_before_we_heard_of_it_is_asked_about() {
    let ops = [
        Op::Buy { buyer: 0, basket: 0, key: 2, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::DashboardRefund { order: 2, part: 1 },
        Op::RefundTurns { refund: 11 },
        Op::Deliver { letter: 9, at: 0, run: END },
    ];
    ends_well(PLAIN, &ops);
}

/// A process stands still between writing down that it is about to call Connect and calling; others look the call up, find nothing and
/// give it up; then it goes on. The share was paid by a call that nobody knew of.
#[test]
fn a_process_that_stood_still_does_not_make_the_call_that_others_gave_up() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 0, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::Deliver { letter: 5, at: 0, run: END },
        Op::Refund { order: 0, who: 1, part: 0, key: 3, at: 0, run: END },
        Op::Work { worker: 5, at: 1, run: 6 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Deliver { letter: 9, at: 0, run: END },
        Op::Advance { time: 5 },
        Op::RefundTurns { refund: 9 },
        Op::Work { worker: 12, at: 0, run: END },
    ];
    ends_well(Setting { slow_money: true, dispute_fee: true, ..PLAIN }, &ops);
}

/// The same with a part of a share that is taken back, wherever the process stands still; found by mutation, not by a seed.
#[test]
fn a_process_that_stood_still_takes_nothing_back_twice() {
    let deliver = Op::Deliver { letter: 0, at: 0, run: END };
    for stands_at in 1..16 {
        let ops = [
            Op::Buy { buyer: 1, basket: 0, key: 0, at: 0, run: END },
            Op::Pay { order: 0 },
            deliver,
            deliver,
            deliver,
            deliver,
            Op::Work { worker: 4, at: 0, run: END },
            Op::Refund { order: 0, who: 1, part: 3, key: 3, at: 0, run: END },
            Op::Work { worker: 0, at: 0, run: END },
            deliver,
            deliver,
            deliver,
            Op::Work { worker: 7, at: 1, run: stands_at },
            Op::Advance { time: 5 },
            Op::Work { worker: 12, at: 0, run: END },
            Op::Work { worker: 7, at: 0, run: END },
            // Connect forgets the key of a call after a day.
            Op::Advance { time: 9 },
            Op::Finish,
        ];
        ends_well(PLAIN, &ops);
    }
}

/// Somebody takes a transfer back at Connect before we know the answer to the call that made it. The message named a transfer that was
/// none of ours yet, and was skipped for good.
#[test]
fn a_message_about_a_transfer_that_we_do_not_know_yet_is_no_strangers() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 0, at: 0, run: END },
        Op::Buy { buyer: 0, basket: 3, key: 2, at: 0, run: END },
        Op::ProviderFault { call: 4, fault: 15, times: 1 },
        Op::Pay { order: 7 },
        Op::Pay { order: 0 },
        Op::Double { letter: 10, at: 0, run: END },
        Op::Advance { time: 10 },
        Op::StoreFault { how: 2, skip: 7 },
        Op::Work { worker: 6, at: 0, run: END },
    ];
    ends_well(Setting { slow_money: true, ..PLAIN }, &ops);
}

/// A dispute is lost and opened anew; the second message comes first. It was lost for good.
#[test]
fn a_dispute_that_was_opened_anew_before_we_heard_of_its_loss_is_asked_about() {
    let ops = [
        Op::Buy { buyer: 0, basket: 0, key: 1, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Dispute { order: 0, part: 2 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::DisputeMoves { dispute: 7, to: 1 },
        Op::DisputeMoves { dispute: 4, to: 2 },
        Op::Deliver { letter: 1, at: 0, run: END },
    ];
    ends_well(Setting { slow_money: true, dispute_fee: true, ..PLAIN }, &ops);
}

/// Paid, refunded at the dashboard and failed, all before we heard of any of it: the audit named the refund, which nobody owes.
#[test]
fn a_refund_of_a_payment_that_was_none_in_the_end_is_no_difference() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 1, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::DashboardRefund { order: 0, part: 1 },
        Op::PaymentFails { order: 2 },
    ];
    ends_well(Setting { dispute_fee: true, ..LOSING }, &ops);
}

/// Refunded in part, taken back by the bank, paid anew, and the refund fails after all: the sandbox took the refund's money from the new
/// payment.
#[test]
fn a_refund_that_fails_after_its_payment_was_paid_anew_is_of_the_new_payment() {
    let ops = [
        Op::Buy { buyer: 0, basket: 0, key: 1, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::Deliver { letter: 11, at: 0, run: END },
        Op::Refund { order: 0, who: 2, part: 3, key: 0, at: 0, run: END },
        Op::PaymentFails { order: 8 },
        Op::Pay { order: 0 },
        Op::RefundTurns { refund: 6 },
    ];
    ends_well(LOSING, &ops);
}

/// A share was taken back at Connect before we knew the answer to the call that sent it, and looking that call up found nobody there: the
/// message was skipped for good.
#[test]
fn a_message_about_a_transfer_that_cannot_be_looked_up_comes_again() {
    let ops = [
        Op::Buy { buyer: 0, basket: 7, key: 0, at: 0, run: END },
        Op::ProviderFault { call: 2, fault: 7, times: 3 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::ProviderFault { call: 10, fault: 3, times: 2 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Work { worker: 6, at: 1, run: 9 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
    ];
    ends_well(LOSING, &ops);
}

/// A refund of the dashboard fails while an older answer, in which it had succeeded, is about to be settled: it stayed a success here.
#[test]
fn a_refund_that_fails_while_an_older_answer_is_settled_is_asked_about() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 0, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::DashboardRefund { order: 3, part: 0 },
        Op::Deliver { letter: 3, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Work { worker: 1, at: 0, run: 7 },
        Op::RefundTurns { refund: 3 },
        Op::Deliver { letter: 5, at: 0, run: END },
    ];
    ends_well(Setting { dispute_fee: true, ..PLAIN }, &ops);
}

/// A refund of the dashboard fails after all, which is being settled when another one of the whole order is booked: the order's own row
/// had nothing to say to the second, so the first did not notice, and the seller was paid although the buyer had the money.
#[test]
fn a_refund_that_comes_while_an_earlier_one_is_undone_is_not_overlooked() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 2, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: 2 },
        Op::Pay { order: 0 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::DashboardRefund { order: 3, part: 1 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::StoreFault { how: 2, skip: 2 },
        Op::RefundTurns { refund: 3 },
        Op::Deliver { letter: 0, at: 1, run: 0 },
        Op::Advance { time: 11 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Work { worker: 2, at: 1, run: 6 },
        Op::DashboardRefund { order: 8, part: 3 },
        Op::Deliver { letter: 2, at: 0, run: END },
    ];
    ends_well(Setting { slow_money: true, dispute_fee: true, ..PLAIN }, &ops);
}

/// A payment fails after its refund had succeeded, and the refund fails too; both are settled at once. All was refunded when the payment's
/// end was booked, so that took nothing, and the end of the refund did not notice it.
#[test]
fn a_payment_and_its_refund_that_both_fail_at_once_are_both_noticed() {
    let ops = [
        Op::Buy { buyer: 0, basket: 0, key: 2, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::ProviderFault { call: 9, fault: 3, times: 1 },
        Op::Deliver { letter: 8, at: 0, run: END },
        Op::Refund { order: 0, who: 5, part: 1, key: 2, at: 0, run: END },
        Op::PaymentFails { order: 0 },
        Op::Advance { time: 11 },
    ];
    ends_well(Setting { slow_money: true, close_all: true, ..PLAIN }, &ops);
}

/// The same with a plan's payment: somebody had the plan for nothing.
#[test]
fn a_plans_payment_and_its_refund_that_both_fail_at_once_are_both_noticed() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 3, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::Plan { who: 0, action: 0, plan: 1, at: 1, run: END },
        Op::Account { seller: 0, ready: false },
        Op::ProviderFault { call: 3, fault: 15, times: 2 },
        Op::Pay { order: 1 },
        Op::Operate { action: 9, nth: 11, at: 0, run: END },
        Op::Refund { order: 1, who: 4, part: 1, key: 2, at: 0, run: END },
        Op::Advance { time: 8 },
        Op::PaymentFails { order: 1 },
    ];
    ends_well(Setting { slow_money: true, dispute_fee: true, ..PLAIN }, &ops);
}

/// A request that goes on with a key which is a day old, and the key is swept meanwhile: no two orders under one key.
#[test]
fn a_key_that_is_swept_while_a_late_request_goes_on_with_it_is_a_new_one() {
    let ops = [
        Op::Buy { buyer: 0, basket: 1, key: 2, at: 1, run: 5 },
        Op::Advance { time: 9 },
        Op::Advance { time: 8 },
        Op::Buy { buyer: 0, basket: 1, key: 2, at: 1, run: 4 },
        Op::Work { worker: 15, at: 0, run: END },
        Op::Buy { buyer: 0, basket: 1, key: 2, at: 0, run: END },
    ];
    ends_well(PLAIN, &ops);
}

/// A call for a share was looked up and not found; who had looked stood still for hours, in which others found the same, sent the share again
/// and did not hear the answer. The old "not found" was then taken for news of the new call, and the share was sent a second time.
#[test]
fn what_was_found_out_about_one_call_says_nothing_of_the_next() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 3, at: 0, run: END },
        Op::Buy { buyer: 1, basket: 0, key: 0, at: 0, run: END },
        Op::Buy { buyer: 1, basket: 3, key: 0, at: 0, run: END },
        Op::Advance { time: 11 },
        Op::Pay { order: 0 },
        Op::Work { worker: 11, at: 0, run: END },
        Op::Work { worker: 4, at: 0, run: 6 },
        Op::Advance { time: 5 },
        Op::Pay { order: 2 },
        Op::Deliver { letter: 11, at: 0, run: END },
        Op::Advance { time: 9 },
        Op::ProviderFault { call: 6, fault: 23, times: 3 },
        Op::Work { worker: 4, at: 0, run: 13 },
        Op::Advance { time: 5 },
        Op::Work { worker: 6, at: 0, run: END },
        Op::Work { worker: 5, at: 0, run: END },
    ];
    ends_well(PLAIN, &ops);
}

/// An expired payment is paid after all and fails again, while an answer in which it is paid is about to be settled: the failure changed no
/// row, so the answer counted, and the goods went out for nothing.
#[test]
fn a_failure_told_again_voids_the_answer_of_the_success_between() {
    let ops = [
        Op::Buy { buyer: 1, basket: 0, key: 2, at: 0, run: END },
        Op::Buy { buyer: 0, basket: 0, key: 2, at: 0, run: END },
        Op::Buy { buyer: 1, basket: 6, key: 1, at: 0, run: END },
        Op::Lose { letter: 0 },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Advance { time: 9 },
        Op::Expire { order: 3 },
        Op::Buy { buyer: 0, basket: 0, key: 3, at: 0, run: END },
        Op::Deliver { letter: 0, at: 0, run: END },
        Op::Pay { order: 0 },
        Op::Work { worker: 12, at: 1, run: 8 },
        Op::Step { task: 0, point: 0, steps: 6 },
        Op::Dispute { order: 0, part: 0 },
        Op::PaymentFails { order: 8 },
        Op::Deliver { letter: 8, at: 0, run: END },
    ];
    ends_well(PLAIN, &ops);
}

/// Both shares of an order are due at once; the second found that the first had changed the order, and waited a minute for its next turn.
#[test]
fn two_shares_of_an_order_are_sent_by_one_batch() {
    let deliver = Op::Deliver { letter: 0, at: 0, run: END };
    let ops = [
        // Connect's messages about both accounts.
        deliver,
        deliver,
        Op::Buy { buyer: 1, basket: 3, key: 1, at: 0, run: END },
        Op::Pay { order: 0 },
        deliver,
        Op::Work { worker: 4, at: 0, run: END },
    ];
    assert_eq!(told(&ops).iter().filter(|line| line.trim() == "POST /v1/transfers").count(), 2);
}

/// A plan is cancelled while its renewal is being collected, and that is taken back: the next renewal was made under the id of the voided
/// one, which nobody could write, and the plan was never renewed again.
#[test]
fn a_renewal_that_was_cancelled_and_taken_back_is_made_anew() {
    let plan = |action| Op::Plan { who: 0, action, plan: 0, at: 0, run: END };
    let (worker, deliver) = (Op::Work { worker: 16, at: 0, run: END }, Op::Deliver { letter: 0, at: 0, run: END });
    // 40 minutes before the month is over.
    let advances = [11, 10, 10, 10, 10, 9, 9, 8, 8, 8, 7, 7, 7].map(|time| Op::Advance { time });
    let ops: Vec<Op> = [deliver, deliver, plan(0), Op::Pay { order: 0 }, deliver]
        .into_iter()
        .chain(advances)
        .chain([worker, plan(3), Op::Advance { time: 1 }, plan(4), worker])
        .collect();
    let told = told(&ops);
    let invoices = told.iter().filter(|line| line.trim().starts_with("applied:") && line.contains("Invoice(") && line.contains("Line("));
    assert_eq!(invoices.count(), 3, "the first, the one that was voided, and the one that takes its place");
}
