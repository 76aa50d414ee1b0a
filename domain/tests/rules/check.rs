//! The check of an order's rows against its postings finds what is broken (spec/01-money §10): one planted fault per rule.

use crate::support::*;
use veza_domain::dispute::DisputeStatus;
use veza_domain::ids::NettingId;
use veza_domain::ledger::{Entry, Posting};
use veza_domain::licence::LicenceStatus;
use veza_domain::money::{Minor, Money};
use veza_domain::netting::Netting;
use veza_domain::order::OrderStatus;
use veza_domain::refund::RefundStatus;
use veza_domain::reversal::ReversalStatus;
use veza_domain::settlement::{Fact, OrderFile, PspRefundStatus, Source, check};
use veza_domain::transfer::TransferStatus;

/// Two sellers, paid out; 400 of 1,500 refunded and taken back of one, open at the other; a dispute of 300 lost beyond what was left.
fn lively() -> (OrderFile, Vec<Posting>) {
    let mut book = Book::paid(checkout(&[(1, 1000), (2, 500)], 1_000));
    book.dispute_fee = 1500;
    book.pay_out();
    book.refund_now(0, Some(400), vec![line_id(0)]);
    book.pay_out();
    book.tell(Fact::Dispute(dispute(Source::Webhook, "dp_1", DisputeStatus::Lost, 1400)));
    assert!(book.file.reversals.iter().any(|row| row.status == ReversalStatus::ReversalPending));
    (book.file, book.postings)
}

#[test]
fn good_books_are_good() {
    let (file, postings) = lively();
    assert_eq!(check(&file, &postings), []);
}

/// What is planted, and the rule that must find it.
type Fault = (&'static str, fn(&mut OrderFile, &mut Vec<Posting>));

const FAULTS: &[Fault] = &[
    ("a posting does not balance", |_, postings| postings[0].entries[0].amount.0 += 1),
    ("an event was posted twice", |_, postings| postings.push(postings[0].clone())),
    ("a posting is in another currency", |_, postings| postings[0].currency = "USD".parse().unwrap()),
    ("the status does not follow from the rows", |file, _| file.order.status = OrderStatus::Completed),
    ("refunded is not what the refunds that stand gave back", |file, _| file.order.refunded.0 -= 1),
    ("more was refunded than captured", |file, _| file.order.refunded.0 += 1),
    ("the platform bears what the order has left", |file, _| {
        file.refunds[0].status = RefundStatus::Failed;
        file.order.refunded.0 -= 400;
    }),
    ("a line gave back something else than its refunds say", |file, _| file.lines[0].refunded.0 -= 1),
    ("something hangs on an order that was not paid", |file, _| file.order.completed_at = None),
    ("licences are active although all was refunded", |file, _| file.licences[0].status = LicenceStatus::Active),
    ("a loss is booked that no dispute accounts for", |file, _| file.disputes.clear()),
    ("a lost dispute is not booked once", |file, _| file.disputes[0].status = DisputeStatus::Won),
    ("more was booked than a dispute is about", |file, _| file.disputes[0].amount.amount.0 = 1),
    ("psp_clearing is not captured less what went back", |_, postings| forget(postings, "dispute_surplus:")),
    ("psp_clearing is not captured less what went back", |_, postings| forget(postings, "refund_succeeded:")),
    ("platform_fee is not what the lines and refunds say", |_, postings| forget(postings, "order_completed:")),
    ("dispute_loss is not what was lost and written off", |_, postings| forget(postings, "dispute_surplus:")),
    ("dispute_loss is not what was lost and written off", |file, _| file.reversals[0].written_off.0 = 1),
    ("a transfer was not taken back as its reversals say", |file, _| file.transfers[0].amount_reversed.0 -= 1),
    ("connect is not what transfers carry", |_, postings| forget(postings, "transfer_completed:")),
    ("seller_receivable is not what reversals and nettings leave open", |_, postings| forget(postings, "reversal_done:")),
    ("seller_payable is not what was earned and not sent", |_, postings| forget(postings, "reversal_opened:")),
    ("a seller has more than was earned, and nothing takes it back", |file, _| {
        file.reversals.retain(|row| row.status == ReversalStatus::Reversed)
    }),
    ("a seller lacks a share, and nothing sends it", |file, _| {
        file.refunds.iter_mut().for_each(|row| row.seller_parts.clear());
        file.reversals.iter_mut().for_each(|row| *row = row.clone().closed());
    }),
    ("a debt is written off that nobody owes any more", |file, _| {
        file.refunds.iter_mut().for_each(|row| row.seller_parts.clear());
        file.refunds[0].status = RefundStatus::Failed;
        file.reversals[0].written_off.0 = 1;
    }),
    ("a debt is paid by more than it is", |file, _| file.reversals[0].netted.0 = 1_000_000),
    ("an open debt is never looked at again", |file, _| {
        let open = file.reversals.iter_mut().find(|row| row.status == ReversalStatus::ReversalPending).unwrap();
        open.next_retry_at = None;
    }),
];

fn forget(postings: &mut Vec<Posting>, event: &str) {
    let at = postings.iter().position(|posting| posting.event.starts_with(event)).unwrap();
    postings.remove(at);
}

#[test]
fn each_planted_fault_is_found_by_its_rule() {
    for (rule, plant) in FAULTS {
        let (mut file, mut postings) = lively();
        plant(&mut file, &mut postings);
        let found = check(&file, &postings);
        assert!(found.iter().any(|broken| broken.what == *rule), "{rule}: {found:?}");
        assert!(found.iter().all(|broken| !broken.detail.is_empty()));
    }
}

/// A share that was sent without a call of ours, and one that was taken back twice.
#[test]
fn money_that_moved_without_a_row_is_found() {
    let (mut file, postings) = lively();
    file.transfers[0] = file.transfers[0].clone().taken_back(Minor(1)).unwrap();
    assert!(!check(&file, &postings).is_empty());
    let (file, mut postings) = lively();
    let sent = postings.iter().find(|posting| posting.event.starts_with("transfer_completed:")).unwrap().clone();
    postings.push(Posting { event: "transfer_completed:again".into(), ..sent });
    assert!(check(&file, &postings).iter().any(|broken| broken.what == "connect is not what transfers carry"));
    let (file, mut postings) = lively();
    postings[0].entries.push(Entry { account: veza_domain::ledger::Account::DisputeLoss, amount: Minor(5) });
    assert!(check(&file, &postings).iter().any(|broken| broken.what == "a posting does not balance"));
}

/// An order before, during and after its life has good books at every step.
#[test]
fn every_step_of_a_life_has_good_books() {
    let mut book = Book::new(checkout(&[(1, 1000)], 1_000));
    assert_eq!(check(&book.file, &book.postings), []);
    book.pay();
    book.open(refund_id(0), user(buyer()), None, Vec::new()).unwrap();
    assert_eq!(check(&book.file, &book.postings), []);
    book.report(Source::Webhook, refund_id(0), PspRefundStatus::Succeeded);
    assert_eq!((check(&book.file, &book.postings), book.file.transfers[0].status()), (Vec::new(), TransferStatus::PermanentlyFailed));
}

/// What the platform bears of one refund, although the order has enough left.
#[test]
fn a_refund_that_the_order_could_bear_is_found() {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    book.refund_now(0, Some(400), Vec::new());
    book.file.refunds[0].amount.amount.0 += 100;
    let found = check(&book.file, &book.postings);
    assert!(found.iter().any(|broken| broken.what == "the platform bears what the order has left"), "{found:?}");
}

/// Any one thing that hangs on an unpaid order is enough.
#[test]
fn whatever_hangs_on_an_unpaid_order_is_found() {
    let (mut file, _) = lively();
    file.nettings.push(Netting {
        id: NettingId(uuid(0x700)),
        order_id: order_id(),
        reversal_id: file.reversals[0].id,
        seller_id: seller(1),
        amount: Money::new(1, eur()),
        created_at: START,
    });
    let plants: [fn(&mut OrderFile, &OrderFile); 4] = [
        |unpaid, paid| unpaid.licences = paid.licences.clone(),
        |unpaid, paid| unpaid.transfers = paid.transfers.clone(),
        |unpaid, paid| unpaid.refunds = paid.refunds.clone(),
        |unpaid, paid| unpaid.nettings = paid.nettings.clone(),
    ];
    for plant in plants {
        let mut unpaid = checkout(&[(1, 1000), (2, 500)], 1_000);
        assert_eq!(check(&unpaid, &[]), []);
        plant(&mut unpaid, &file);
        assert!(check(&unpaid, &[]).iter().any(|broken| broken.what == "something hangs on an order that was not paid"));
    }
}

/// A loss belongs to its own dispute, and not to another one that was lost as well.
#[test]
fn a_loss_without_its_dispute_is_found_beside_another_one() {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    for id in ["dp_1", "dp_2"] {
        book.tell(Fact::Dispute(dispute(Source::Webhook, id, DisputeStatus::Lost, 100)));
    }
    for (gone, other) in [(0, 1), (1, 0)] {
        let mut file = book.file.clone();
        file.disputes.remove(gone);
        let found = check(&file, &book.postings);
        assert!(found.iter().any(|broken| broken.what == "a loss is booked that no dispute accounts for"), "{found:?}");
        let mut file = book.file.clone();
        file.disputes[other].status = DisputeStatus::Won;
        let found = check(&file, &book.postings);
        assert!(found.iter().any(|broken| broken.what == "a loss is booked that no dispute accounts for"), "{found:?}");
    }
}
