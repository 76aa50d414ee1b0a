//! Payments: what completes an order, what contradicts it, and when the reconciler stops looking (spec/01-money §2, §8).

use crate::support::ops::any_sale;
use crate::support::*;
use proptest::prelude::*;
use std::time::Duration;
use veza_domain::attention::{Code, Subject};
use veza_domain::dispute::DisputeStatus;
use veza_domain::effect::EffectKind;
use veza_domain::ledger::Account;
use veza_domain::licence::{ExclusiveHold, ExclusiveState, LicenceStatus};
use veza_domain::look::Look;
use veza_domain::money::Minor;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::{RefundOrigin, RefundStatus};
use veza_domain::settlement::{
    Change, Context, Fact, OrderFile, PaymentFact, PaymentStatus, PspRefundStatus, Source, Verdict, check, decide, decide_free,
};
use veza_domain::transfer::TransferStatus;

proptest! {
    #![proptest_config(cases(256))]

    /// §2: amount, amount received and currency must be the order's, else nothing is granted and the order is flagged.
    #[test]
    fn a_payment_of_another_amount_or_currency_changes_nothing_but_one_flag(
        sale in any_sale(), by_read in any::<bool>(), off in prop_oneof![-1000i64..0, 1i64..1000], which in 0usize..3,
    ) {
        let mut book = Book::new(sale.checkout());
        let source = if by_read { Source::Read } else { Source::Webhook };
        let total = book.file.order.total.amount.0;
        let right = payment(source, PaymentStatus::Succeeded, total);
        let wrong = match which {
            0 => PaymentFact { amount: Some(total + off), ..right },
            1 => PaymentFact { amount_received: Some(total + off), ..right },
            _ => PaymentFact { currency: Some("USD".into()), ..right },
        };
        let before = book.file.clone();
        prop_assert_eq!(book.tell(Fact::Payment(wrong)), Verdict::AmountMismatch);
        prop_assert_eq!(&book.file, &before);
        prop_assert!(book.attention.contains(&(Subject::Order(order_id()), Code::AmountMismatch)));
        prop_assert_eq!(book.pay(), Verdict::Settled);
    }

    /// §2: completing grants each line and opens one transfer per seller, none for a share of 0; a replay does neither.
    #[test]
    fn a_paid_order_grants_each_line_and_opens_one_transfer_per_seller_once(sale in any_sale(), replays in 0usize..4) {
        let mut book = Book::paid(sale.checkout());
        let after = book.file.clone();
        for _ in 0..replays {
            prop_assert_eq!(book.pay(), Verdict::AlreadySettled);
        }
        prop_assert_eq!(&book.file, &after);
        prop_assert_eq!(book.grants, sale.lines.len());
        for who in book.sellers() {
            let amounts: Vec<i64> = book.transfers_of(who).iter().map(|row| row.amount.amount.0).collect();
            let share = book.share(who);
            prop_assert_eq!(amounts, if share > 0 { vec![share] } else { Vec::new() });
        }
        let order = &book.file.order;
        prop_assert_eq!(order.refund_deadline, order.completed_at.map(|at| at.plus(REFUND_WINDOW)));
    }
}

fn one_line() -> OrderFile {
    checkout(&[(1, 1000)], 1_000)
}

fn told(source: Source, status: PaymentStatus) -> Fact {
    Fact::Payment(payment(source, status, 1000))
}

/// §2: a body that carries no amount is a hint: read the payment, then settle.
#[test]
fn a_body_without_an_amount_is_a_hint() {
    let mut book = Book::new(one_line());
    let hint = PaymentFact { amount: None, amount_received: None, ..payment(Source::Webhook, PaymentStatus::Succeeded, 1000) };
    assert_eq!(book.tell(Fact::Payment(hint)), Verdict::AskProvider);
    assert_eq!(book.effects.pop().map(|effect| effect.kind), Some(EffectKind::ReadPayment(order_id())));
    assert_eq!(book.file, one_line());
    assert_eq!(book.tell(told(Source::Read, PaymentStatus::Succeeded)), Verdict::Settled);
}

/// §2: `pending` to `failed`, also when the PSP never had the payment; a late success still delivers.
#[test]
fn a_late_success_of_a_failed_order_delivers_the_goods() {
    for status in [PaymentStatus::Failed, PaymentStatus::NotFound] {
        let mut book = Book::new(one_line());
        assert_eq!(book.tell(told(Source::Read, PaymentStatus::Open)), Verdict::NotFinal);
        assert_eq!(book.tell(told(Source::Read, status)), Verdict::Settled);
        assert_eq!(book.file.order.status, OrderStatus::Failed);
        assert_eq!(book.tell(told(Source::Webhook, status)), Verdict::AlreadySettled);
        assert_eq!(book.pay(), Verdict::Settled);
        assert_eq!((book.file.order.status, book.file.order.failure.clone()), (OrderStatus::Completed, None));
        assert_eq!((book.grants, book.file.transfers.len()), (1, 1));
    }
}

#[test]
fn the_words_of_a_failed_payment_are_kept() {
    let mut book = Book::new(one_line());
    let declined = PaymentFact { error: Some("insufficient funds".into()), ..payment(Source::Webhook, PaymentStatus::Failed, 1000) };
    book.tell(Fact::Payment(declined));
    assert_eq!(book.file.order.failure.as_deref(), Some("insufficient funds"));
}

/// §2: a payment that the PSP confirms not to have succeeded is booked as what it is, everything left going back: licences revoked,
/// what was sent taken back, what was not sent ended, and a person told. A message alone is only asked about.
#[test]
fn a_payment_that_failed_after_success_takes_everything_back() {
    for sent in [false, true] {
        let mut book = Book::paid(one_line());
        book.refund_now(0, Some(300), Vec::new());
        if sent {
            book.pay_out();
        }
        assert_eq!(book.tell(told(Source::Webhook, PaymentStatus::Failed)), Verdict::AskProvider);
        assert_eq!(book.tell(told(Source::Read, PaymentStatus::Failed)), Verdict::Settled);
        let undone = book.file.refunds[1].clone();
        assert_eq!(
            (undone.origin, undone.amount.amount, undone.status),
            (RefundOrigin::PaymentUndone, Minor(700), RefundStatus::Succeeded)
        );
        assert_eq!((book.file.order.status, book.balance(Account::PspClearing)), (OrderStatus::Refunded, 0));
        assert!(book.active_lines().is_empty());
        assert!(book.attention.contains(&(Subject::Order(order_id()), Code::PaymentFailedAfterSuccess)));
        for source in [Source::Webhook, Source::Read] {
            assert_eq!(book.tell(told(source, PaymentStatus::Failed)), Verdict::AlreadySettled);
        }
        book.pay_out();
        assert_eq!(book.with_seller(seller(1)), 0);
        let expected = if sent { TransferStatus::Reversed } else { TransferStatus::PermanentlyFailed };
        assert_eq!(book.file.transfers[0].status(), expected);
    }
}

/// §2: it stands after all: what was taken back comes back. A message alone is only asked about, and the amount must fit.
#[test]
fn a_payment_that_stands_after_all_gives_everything_back() {
    let mut book = Book::paid(one_line());
    book.pay_out();
    for _ in 0..3 {
        book.tell(told(Source::Read, PaymentStatus::Failed));
        assert_eq!(book.tell(told(Source::Webhook, PaymentStatus::Succeeded)), Verdict::AskProvider);
        assert_eq!(book.effects.pop().map(|effect| effect.kind), Some(EffectKind::ReadPayment(order_id())));
        assert_eq!(book.tell(Fact::Payment(payment(Source::Read, PaymentStatus::Succeeded, 999))), Verdict::AmountMismatch);
        assert_eq!(book.tell(told(Source::Read, PaymentStatus::Succeeded)), Verdict::Settled);
        assert_eq!((book.file.order.status, book.active_lines().len()), (OrderStatus::Completed, 1));
        assert!(book.is_flagged(Code::PaymentStandsAfterAll) && !book.is_flagged(Code::PaymentFailedAfterSuccess));
        assert_eq!(book.tell(told(Source::Read, PaymentStatus::Succeeded)), Verdict::AlreadySettled);
        book.pay_out();
        assert_eq!((book.with_seller(seller(1)), book.balance(Account::PspClearing)), (900, 1000));
    }
}

/// §2: what an undone payment takes is always what the refunds and disputes leave, whichever was told first.
#[test]
fn a_refund_and_an_undone_payment_come_in_any_order() {
    let fail = told(Source::Read, PaymentStatus::Failed);
    let outside = |source, status| Fact::Refund(refund(source, "ref_42", status, 300));
    let lost = Fact::Dispute(dispute(Source::Read, "dp_1", DisputeStatus::Lost, 400));
    let facts = [fail.clone(), outside(Source::Webhook, PspRefundStatus::Succeeded), lost];
    for first in 0..3 {
        let mut book = Book::paid(one_line());
        for nth in 0..3 {
            assert_eq!(book.tell(facts[(first + nth) % 3].clone()), Verdict::Settled);
        }
        assert_eq!((book.file.order.refunded, book.balance(Account::PspClearing)), (Minor(1000), 0));
        let standing = |origin: RefundOrigin| -> i64 {
            book.standing_refunds().filter(|row| row.origin == origin).map(|row| row.amount.amount.0).sum()
        };
        assert_eq!((standing(RefundOrigin::External), standing(RefundOrigin::PaymentUndone)), (300, 300));

        assert_eq!(book.tell(outside(Source::Read, PspRefundStatus::Failed)), Verdict::Settled);
        assert_eq!((book.file.order.refunded, book.balance(Account::PspClearing)), (Minor(1000), 0), "the payment did not stand");
        assert_eq!(book.tell(told(Source::Read, PaymentStatus::Succeeded)), Verdict::Settled);
        assert_eq!((book.file.order.refunded, book.balance(Account::PspClearing)), (Minor(400), 600));
    }
}

/// §2: "no such payment" is what a wrong account or environment says: a person is told, and nothing is revoked on it.
#[test]
fn a_paid_order_whose_payment_is_not_found_is_only_flagged() {
    let mut book = Book::paid(one_line());
    let before = book.file.clone();
    assert_eq!(book.tell(told(Source::Read, PaymentStatus::NotFound)), Verdict::Settled);
    assert_eq!(book.file, before);
    assert!(book.is_flagged(Code::PaymentFailedAfterSuccess));
}

/// A refund that had succeeded and is not found was not undone: a wrong account or environment looks like that.
#[test]
fn a_refund_that_is_not_found_any_more_is_only_flagged() {
    let mut book = Book::paid(one_line());
    book.refund_now(0, Some(300), Vec::new());
    let before = book.file.clone();
    let id = before.refunds[0].psp_refund_id.clone().unwrap();
    assert_eq!(book.tell(Fact::Refund(refund(Source::Read, &id, PspRefundStatus::NotFound, 300))), Verdict::Settled);
    assert_eq!(book.file, before, "the buyer has the money: no goods, and no second refund");
    assert!(book.is_flagged(Code::RefundFailedAfterSuccess));
}

/// Nobody can pay any more, and nobody will say so: the order fails, and an exclusive licence is free for others. Whoever has begun to pay,
/// or has paid, is waited for.
#[test]
fn an_order_that_nobody_has_tried_to_pay_in_time_fails_and_reserves_nothing() {
    let over = START.plus(Duration::from_secs(900));
    let untried = |source, status| Fact::Payment(PaymentFact { untried_until: Some(START), ..payment(source, status, 1000) });
    let at = |book: &Book, now| Context { now, ..book.context() };
    let book = Book::new(with_exclusive(one_line(), 0));
    let still = decide(&book.file, &untried(Source::Read, PaymentStatus::Open), &at(&book, over)).unwrap();
    assert_eq!((still.verdict, still.changes), (Verdict::NotFinal, Vec::new()), "a buyer may be late");
    let late = over.plus(Duration::from_micros(1));
    for begun in [untried(Source::Webhook, PaymentStatus::Open), Fact::Payment(payment(Source::Read, PaymentStatus::Open, 1000))] {
        assert_eq!(decide(&book.file, &begun, &at(&book, late)).unwrap().verdict, Verdict::NotFinal);
    }
    let decision = decide(&book.file, &untried(Source::Read, PaymentStatus::Open), &at(&book, late)).unwrap();
    let after = decision.changes.iter().fold(book.file.clone(), OrderFile::evolve);
    assert_eq!((after.order.status, after.order.failure.as_deref()), (OrderStatus::Failed, Some("nobody has tried to pay in time")));
    assert_eq!(after.exclusives[0].state, ExclusiveState::Released);
    let paid = decide(&after, &Fact::Payment(payment(Source::Read, PaymentStatus::Succeeded, 1000)), &at(&book, late)).unwrap();
    let paid = paid.changes.iter().fold(after, OrderFile::evolve);
    assert_eq!((paid.order.status, paid.licences.len()), (OrderStatus::Completed, 1), "who pays all the same gets the goods");
    let again = decide(&paid, &untried(Source::Read, PaymentStatus::Open), &at(&book, late)).unwrap();
    assert_eq!(again.changes, Vec::new());
}

/// A free order has no payment that could fail.
#[test]
fn a_free_order_has_no_payment_to_fail() {
    let mut file = checkout(&[(1, 0)], 1_000);
    file.order.payment_id = None;
    let book = Book::new(file);
    let free = decide_free(&book.file, &book.context()).unwrap().iter().fold(book.file.clone(), OrderFile::evolve);
    for status in [PaymentStatus::Failed, PaymentStatus::NotFound] {
        let decision = decide(&free, &Fact::Payment(payment(Source::Read, status, 0)), &book.context()).unwrap();
        assert_eq!((decision.verdict, decision.changes), (Verdict::NotFinal, Vec::new()));
    }
}

/// §8: looked at while it is pending; not once it is paid; for a day and a few looks after it failed.
#[test]
fn an_order_is_looked_at_until_it_is_paid_or_has_failed_for_a_day() {
    let mut book = Book::new(one_line());
    assert_eq!(book.file.order.look.due_at, Some(START));
    book.tell(told(Source::Webhook, PaymentStatus::Failed));
    let failed = book.file.order.clone();
    assert_eq!(failed.look, Look::from(failed.look.due_at.unwrap()));
    let looked = |count, hours: u64, status| {
        let look = Look { count, ..failed.look };
        let file = OrderFile { order: Order { look, ..failed.clone() }, ..book.file.clone() };
        let context = veza_domain::settlement::Context { now: START.plus(Duration::from_secs(hours * 3600)), ..book.context() };
        let decision = decide(&file, &told(Source::Read, status), &context).unwrap();
        let expected = if status == PaymentStatus::Open { Verdict::NotFinal } else { Verdict::AlreadySettled };
        assert_eq!(decision.verdict, expected);
        let ends = file.order.look_ends(context.now);
        (ends, decision.changes.iter().fold(file, OrderFile::evolve).order.look.due_at.is_none())
    };
    for status in [PaymentStatus::Open, PaymentStatus::Failed] {
        assert_eq!(looked(Order::LOOKS_MIN, 23, status), (false, false), "not a day yet");
        assert_eq!(looked(1, 48, status), (false, false), "it failed long after its checkout");
        assert_eq!(looked(Order::LOOKS_MIN, 24, status), (true, true));
    }
    assert_eq!(looked(1, 1, PaymentStatus::NotFound), (false, true), "what the PSP does not know is not paid later");
    book.pay();
    assert_eq!(book.file.order.look.due_at, None);
}

/// §2: a total of 0 completes without the PSP, with nothing to book or to send.
#[test]
fn a_free_order_is_granted_without_money() {
    let mut file = checkout(&[(1, 0), (2, 0)], 1_000);
    file.order.payment_id = None;
    let book = Book::new(file);
    let changes = decide_free(&book.file, &book.context()).unwrap();
    let after = changes.iter().fold(book.file, OrderFile::evolve);
    assert_eq!((after.order.status, after.transfers.len()), (OrderStatus::Completed, 0));
    assert_eq!(after.licences.iter().filter(|licence| licence.status == LicenceStatus::Active).count(), 2);
    assert_eq!(check(&after, &[]), []);
    assert!(!changes.iter().any(|change| matches!(change, Change::Posting(_) | Change::Effect(_))));
}

/// A failed order whose exclusive licence (line 0) another order holds or has bought since.
fn overtaken(state: ExclusiveState) -> Book {
    let mut book = Book::new(with_exclusive(checkout(&[(1, 1000), (2, 500)], 1_000), 0));
    book.tell(Fact::Payment(payment(Source::Webhook, PaymentStatus::Failed, 1500)));
    assert_eq!(book.file.exclusives[0].state, ExclusiveState::Released);
    let other = veza_domain::ids::OrderId(uuid(0x999));
    book.file.exclusives[0] = ExclusiveHold { order_id: other, state, ..book.file.exclusives[0].clone() };
    book
}

/// An exclusive licence sells once: a late success finds it gone, and the buyer has the money back at once.
#[test]
fn a_late_success_that_finds_the_exclusive_licence_gone_is_refunded_in_full_and_grants_nothing() {
    for state in [ExclusiveState::Held, ExclusiveState::Sold] {
        let mut book = overtaken(state);
        let theirs = book.file.exclusives.clone();
        assert_eq!(book.pay(), Verdict::Settled);
        assert_eq!(book.pay(), Verdict::AlreadySettled);
        let refund = book.file.refunds[0].clone();
        assert_eq!((refund.amount, refund.status, refund.requested_by), (book.file.order.total, RefundStatus::Pending, None));
        assert_eq!(book.file.order.status, OrderStatus::RefundPending);
        assert!(book.effects.iter().any(|effect| effect.kind == EffectKind::CreateRefund(order_id(), refund.id)));
        assert!(book.is_flagged(Code::ExclusiveAlreadySold));
        book.report(Source::Webhook, refund.id, PspRefundStatus::Succeeded);
        assert_eq!(book.file.order.status, OrderStatus::Refunded);
        assert!(book.balances().values().all(|balance| *balance == 0));
        assert!(book.file.licences.is_empty() && book.file.transfers.is_empty());
        assert_eq!(book.file.exclusives, theirs);
    }
}

/// The same, and the bank has taken the money as well by then: the order bears it once, the platform the rest.
#[test]
fn a_late_success_that_is_refunded_and_disputed_is_borne_once() {
    let mut book = overtaken(ExclusiveState::Sold);
    book.tell(Fact::Dispute(dispute(Source::Webhook, "dp_1", DisputeStatus::Lost, 1500)));
    book.pay();
    assert_eq!(book.file.order.status, OrderStatus::RefundPending);
    let id = book.file.refunds.iter().find(|row| row.origin == RefundOrigin::Requested).unwrap().id;
    book.report(Source::Webhook, id, PspRefundStatus::Succeeded);
    assert_eq!((book.file.order.status, book.file.order.refunded), (OrderStatus::ChargedBack, Minor(1500)));
    assert_eq!((book.balance(Account::PspClearing), book.balance(Account::DisputeLoss)), (-1500, 1500));
    assert!(book.file.licences.is_empty() && book.file.transfers.is_empty() && book.file.reversals.is_empty());
}

/// Nobody is paid for goods that were not delivered, whatever becomes of that refund.
#[test]
fn an_order_that_granted_nothing_pays_no_seller_when_its_refund_comes_undone() {
    let mut book = overtaken(ExclusiveState::Sold);
    book.pay();
    let id = book.file.refunds[0].id;
    book.report(Source::Webhook, id, PspRefundStatus::Succeeded);
    book.report(Source::Read, id, PspRefundStatus::Failed);
    assert_eq!(book.file.order.status, OrderStatus::Completed);
    assert!(book.file.licences.is_empty() && book.file.transfers.is_empty());
    assert!(book.is_flagged(Code::RefundFailedAfterSuccess));
}

/// The licence may be sold again once it was taken back; if the refund then comes undone, it has one holder only.
#[test]
fn an_exclusive_licence_has_one_holder_also_when_its_refund_comes_undone() {
    let mut book = Book::paid(with_exclusive(one_line(), 0));
    assert_eq!(book.file.exclusives[0].state, ExclusiveState::Sold);
    let id = book.refund_now(0, None, Vec::new());
    assert_eq!(book.file.exclusives[0].state, ExclusiveState::Released);
    let mut resold = Book::new(book.file.clone());
    resold.file.exclusives[0] =
        ExclusiveHold { order_id: veza_domain::ids::OrderId(uuid(0x999)), state: ExclusiveState::Sold, ..book.file.exclusives[0].clone() };

    book.report(Source::Read, id, PspRefundStatus::Failed);
    assert_eq!((book.active_lines().len(), book.file.exclusives[0].state), (1, ExclusiveState::Sold));

    let undone = Fact::Refund(refund(Source::Read, &id.to_string(), PspRefundStatus::Failed, 1000));
    let decision = decide(&resold.file, &undone, &resold.context()).unwrap();
    let flagged = |change: &Change| matches!(change, Change::Attention(entry) if entry.code == Code::ExclusiveAlreadySold);
    assert!(decision.changes.iter().any(flagged));
    let after = decision.changes.iter().fold(resold.file.clone(), OrderFile::evolve);
    assert_eq!((after.licences, after.exclusives), (resold.file.licences, resold.file.exclusives));
}
