//! What is kept and told of what the PSP and the bank say: words, dates, lists, and when they are asked again (spec/01-money §4, §9).

use crate::support::*;
use std::time::Duration;
use veza_domain::attention::{Code, Subject};
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::effect::EffectKind;
use veza_domain::ids::RefundId;
use veza_domain::look::Look;
use veza_domain::money::Minor;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::{RefundOrigin, RefundStatus};
use veza_domain::settlement::{DisputeFact, Fact, OrderFile, PaymentFact, PaymentStatus, PspRefundStatus, RefundFact, Source, Verdict};

fn one_line() -> OrderFile {
    checkout(&[(1, 1000)], 1_000)
}

fn paid() -> Book {
    Book::paid(one_line())
}

fn of_payment(source: Source, status: PaymentStatus) -> Fact {
    Fact::Payment(payment(source, status, 1000))
}

fn outside(source: Source, id: &str, status: PspRefundStatus, amount: i64) -> Fact {
    Fact::Refund(refund(source, id, status, amount))
}

fn bank(source: Source, status: DisputeStatus, amount: i64) -> DisputeFact {
    dispute(source, "dp_1", status, amount)
}

fn row(book: &Book) -> Dispute {
    book.file.disputes[0].clone()
}

fn asked(book: &Book) -> Vec<EffectKind> {
    book.effects.iter().map(|effect| effect.kind).collect()
}

/// The words of a failure are kept while it stands, and no longer.
#[test]
fn a_refund_says_why_it_failed_until_it_succeeds() {
    let mut book = paid();
    let id = book.refund_now(0, None, Vec::new());
    let error = Some("account closed".to_owned());
    let told = |source, status, error| Fact::Refund(RefundFact { error, ..refund(source, &refund_id(0).to_string(), status, 1000) });
    book.tell(told(Source::Read, PspRefundStatus::Failed, error.clone()));
    assert_eq!((book.refund(id).status, book.refund(id).error_message), (RefundStatus::Failed, error));
    book.tell(told(Source::Read, PspRefundStatus::Succeeded, None));
    assert_eq!((book.refund(id).status, book.refund(id).error_message), (RefundStatus::Succeeded, None));
}

/// A refund at the dashboard may have failed by the time we hear of it: after a message the PSP is asked, after a read it need not be.
#[test]
fn a_refund_of_the_dashboard_is_asked_about_once_a_message_told_of_it() {
    for (source, asks) in [(Source::Webhook, 1), (Source::Read, 0)] {
        let mut book = paid();
        book.tell(outside(source, "ref_1", PspRefundStatus::Succeeded, 300));
        assert_eq!(asked(&book).len(), asks, "{source:?}");
        assert!(asked(&book).iter().all(|kind| matches!(kind, EffectKind::ReadRefund(..))));
    }
}

/// Failure and success of a payment may come in the wrong order: after a message the PSP has the last word.
#[test]
fn a_late_success_is_asked_about_if_only_a_message_told_of_it() {
    for (source, asks) in [(Source::Webhook, vec![EffectKind::ReadPayment(order_id())]), (Source::Read, Vec::new())] {
        let mut book = Book::new(one_line());
        book.tell(of_payment(Source::Read, PaymentStatus::Failed));
        book.tell(of_payment(source, PaymentStatus::Succeeded));
        assert_eq!((book.file.order.status, asked(&book)), (OrderStatus::Completed, asks));
    }
    assert!(asked(&paid()).is_empty(), "nothing failed before");
}

/// The reconciler begins anew when an order fails: the buyer may try again.
#[test]
fn an_order_that_fails_says_why_and_is_looked_at_from_then_on() {
    for (status, words) in [(PaymentStatus::Failed, None), (PaymentStatus::NotFound, Some("the PSP has no such payment"))] {
        let mut book = Book::new(one_line());
        book.file.order.look = Look { due_at: Some(START.plus(Duration::from_secs(900))), count: 4, last_at: Some(START) };
        book.ticks = 600;
        let now = book.now();
        book.tell(Fact::Payment(PaymentFact { error: None, ..payment(Source::Webhook, status, 1000) }));
        let expected = Order { status: OrderStatus::Failed, failure: words.map(str::to_owned), look: Look::from(now), ..one_line().order };
        assert_eq!(book.file.order, expected);
    }
}

/// Without a payment of ours, or without money, there is nothing that a PSP could take back.
#[test]
fn an_order_without_a_payment_or_without_money_has_none_to_fail() {
    let mut book = paid();
    book.file.order.payment_id = None;
    assert_eq!(book.tell(of_payment(Source::Read, PaymentStatus::Failed)), Verdict::NotFinal);
    let mut book = paid();
    book.file.order.total.amount = Minor::ZERO;
    let fact = Fact::Payment(payment(Source::Read, PaymentStatus::Failed, 0));
    let decision = veza_domain::settlement::decide(&book.file, &fact, &book.context()).unwrap();
    assert_eq!((decision.verdict, decision.changes), (Verdict::NotFinal, Vec::new()));
}

/// Nobody has to look at a transfer that ended because nobody is to have it.
#[test]
fn a_transfer_that_was_refunded_before_it_was_sent_is_on_no_list() {
    use veza_domain::transfer::{CallOutcome, CallRefusal};
    for outcome in [CallOutcome::NotThere, refused(CallRefusal::Other)] {
        let mut book = paid();
        let id = book.file.transfers[0].id;
        book.send_transfer(id);
        book.refund_now(0, None, Vec::new());
        book.tell(Fact::Transfer(id, outcome));
        assert!(!book.is_flagged(Code::TransferPermanentlyFailed));
    }
}

/// §9: the bank's reason and its date come when they come; what a later message leaves out stays.
#[test]
fn what_the_bank_adds_is_kept() {
    let mut book = paid();
    book.tell(Fact::Dispute(bank(Source::Webhook, DisputeStatus::Opened, 1000)));
    let (reason, respond_by) = (Some("fraudulent".to_owned()), Some(START.plus(Duration::from_secs(86_400))));
    let more = DisputeFact { reason: reason.clone(), respond_by, ..bank(Source::Webhook, DisputeStatus::Challenged, 1000) };
    book.tell(Fact::Dispute(more));
    assert_eq!((row(&book).reason, row(&book).respond_by), (reason.clone(), respond_by));
    book.tell(Fact::Dispute(bank(Source::Read, DisputeStatus::Lost, 1000)));
    assert_eq!((row(&book).reason, row(&book).respond_by), (reason, respond_by));
}

/// A read that has no amount has no more to say: asking again would only be answered the same.
#[test]
fn a_read_of_an_unknown_dispute_without_an_amount_is_not_repeated() {
    let mut book = paid();
    let vague = |source| Fact::Dispute(DisputeFact { amount: None, ..bank(source, DisputeStatus::Opened, 1000) });
    assert_eq!(book.tell(vague(Source::Read)), Verdict::NotFinal);
    assert_eq!(book.tell(vague(Source::Webhook)), Verdict::AskProvider);
}

/// A message that says something else of the same stage of an open dispute may be the older one: the PSP is asked.
#[test]
fn a_message_that_contradicts_an_open_dispute_is_asked_about() {
    for status in [DisputeStatus::Opened, DisputeStatus::Challenged, DisputeStatus::Expired] {
        let mut book = paid();
        book.tell(Fact::Dispute(bank(Source::Read, status, 1000)));
        assert_eq!(book.tell(Fact::Dispute(bank(Source::Webhook, status, 900))), Verdict::AskProvider, "{status:?}");
        assert_eq!(row(&book).amount.amount, Minor(1000));
    }
}

/// Each list has what it is for: only one whose time to answer is over has expired, and only once.
#[test]
fn a_dispute_is_listed_as_what_it_is() {
    let mut book = paid();
    let subject = Subject::Dispute(Dispute::id_of(order_id(), "dp_1"));
    let listed = |book: &Book| [Code::DisputeOpened, Code::DisputeExpired].map(|code| book.attention.contains(&(subject, code)));
    for (status, expected) in [
        (DisputeStatus::Opened, [true, false]),
        (DisputeStatus::Challenged, [true, false]),
        (DisputeStatus::Expired, [true, true]),
        (DisputeStatus::Won, [false, false]),
    ] {
        book.tell(Fact::Dispute(bank(Source::Read, status, 1000)));
        assert_eq!(listed(&book), expected, "{status:?}");
        book.tell(Fact::Dispute(DisputeFact { reason: Some(status.as_str().into()), ..bank(Source::Read, status, 1000) }));
        assert_eq!(listed(&book), expected, "{status:?}, and more is known of it");
    }
}

/// What a share waits for is written down once: each further message would put its next look off.
#[test]
fn a_share_that_is_held_keeps_its_date() {
    let mut book = paid();
    book.tell(Fact::Dispute(bank(Source::Webhook, DisputeStatus::Opened, 1000)));
    let held = book.file.transfers[0].clone();
    book.tell(Fact::Dispute(bank(Source::Webhook, DisputeStatus::Challenged, 1000)));
    assert_eq!(book.file.transfers[0], held);
}

/// A loss that the order bears in whole is left as it is booked when more goes back.
#[test]
fn a_loss_that_is_booked_in_whole_is_not_booked_again() {
    let mut book = paid();
    book.tell(Fact::Dispute(bank(Source::Read, DisputeStatus::Lost, 300)));
    let loss = book.file.refunds[0].clone();
    book.tell(outside(Source::Read, "ref_1", PspRefundStatus::Succeeded, 200));
    assert_eq!((book.file.refunds.len(), &book.file.refunds[0]), (2, &loss));
    assert_eq!(book.file.order.refunded, Minor(500));
}

/// A loss that the order could bear in part only is borne in whole once a refund comes undone, and then nobody has to look at it.
#[test]
fn a_loss_takes_the_room_that_a_refund_leaves() {
    for (lost, borne) in [(600, 600), (1000, 1000), (1200, 1000)] {
        let mut book = paid();
        book.refund_now(0, Some(700), Vec::new());
        book.tell(Fact::Dispute(bank(Source::Read, DisputeStatus::Lost, lost)));
        assert!(book.is_flagged(Code::DisputeExceedsOrder));
        book.report(Source::Read, refund_id(0), PspRefundStatus::Failed);
        let standing: Vec<_> = book.standing_refunds().map(|row| (row.origin, row.amount.amount.0)).collect();
        assert_eq!(standing, [(RefundOrigin::Dispute(row(&book).id), borne)]);
        assert_eq!(book.is_flagged(Code::DisputeExceedsOrder), lost > borne, "{lost}");
    }
}

/// The same with a refund at the dashboard of more than the order has left: it is off the list only once the order bears all of it.
#[test]
fn a_refund_beyond_the_order_stays_listed_until_all_of_it_is_borne() {
    for (amount, listed) in [(950, false), (1200, true)] {
        let mut book = paid();
        book.tell(outside(Source::Read, "ref_small", PspRefundStatus::Succeeded, 50));
        book.tell(outside(Source::Read, "ref_undone", PspRefundStatus::Succeeded, 100));
        book.tell(outside(Source::Read, "ref_big", PspRefundStatus::Succeeded, amount));
        let big: RefundId = book.file.refunds[2].id;
        let exceeds = (Subject::Refund(big), Code::RefundExceedsOrder);
        assert!(book.attention.contains(&exceeds));
        book.tell(outside(Source::Read, "ref_undone", PspRefundStatus::Failed, 100));
        assert_eq!(book.file.order.refunded, Minor(1000));
        assert_eq!(book.attention.contains(&exceeds), listed, "{amount}");
    }
}
