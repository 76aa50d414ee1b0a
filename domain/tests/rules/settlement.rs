//! What the facts about an order do to it, whatever order they come in (spec/01-money §2, §4, §5, §10).

use crate::support::ops::{any_history, any_sale, any_sales};
use crate::support::world::World;
use crate::support::*;
use proptest::prelude::*;
use veza_domain::attention::{Code, Subject};
use veza_domain::dispute::DisputeStatus;
use veza_domain::effect::EffectKind;
use veza_domain::ids::TransferId;
use veza_domain::ledger::Account;
use veza_domain::money::Minor;
use veza_domain::order::OrderStatus;
use veza_domain::refund::{RefundOrigin, RefundStatus};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::{Change, Fact, OrderFile, PaymentStatus, PspRefundStatus, RefundFact, SettlementError, Source, Verdict};
use veza_domain::transfer::TransferStatus;

proptest! {
    #![proptest_config(cases(256))]

    /// §2, §9: whatever permutation, duplication or loss of the PSP's messages, after one reconcile pass our state is the PSP's,
    /// and so is the money on its account.
    #[test]
    fn after_one_authoritative_read_our_state_is_the_providers(
        sales in any_sales(), history in any_history(), first in 0usize..8, fee in 0i64..2000,
    ) {
        let mut world = World::after(&sales, PATIENT, fee, &history);
        world.reconcile(first);
        world.assert_settled();
    }

    /// §5, §10.4: once the workers are quiet, each seller has what was earned less what was taken back: to the cent, but for what is
    /// owed, written off, held, or was taken back by somebody else; and each of these is on the books or a list.
    #[test]
    fn once_quiet_every_seller_has_exactly_the_share_that_stands(
        sales in any_sales(), history in any_history(), first in 0usize..8, fee in 0i64..2000,
    ) {
        let mut world = World::after(&sales, PATIENT, fee, &history);
        world.reconcile(first);
        world.quiet_down();
        world.assert_settled();
        for who in world.sellers() {
            world.assert_square(who);
        }
    }

    /// §5, §10.4: the same with workers that give up early: what they gave up is owed by the seller or to the seller, never paid
    /// twice, and on the operators' list.
    #[test]
    fn what_was_given_up_is_never_paid_twice(sales in any_sales(), history in any_history(), first in 0usize..8) {
        let mut world = World::after(&sales, HASTY, 0, &history);
        world.reconcile(first);
        world.quiet_down();
        world.assert_settled();
        for who in world.sellers() {
            world.assert_square(who);
            for book in &world.books {
                let open = |row: &Reversal| row.status == ReversalStatus::PermanentlyFailed && row.open_amount().0 > 0;
                for row in book.reversals_of(who).iter().filter(|row| open(row)) {
                    prop_assert!(book.attention.contains(&(Subject::Reversal(row.id), Code::ReversalPermanentlyFailed)));
                }
            }
        }
    }

    /// §4.3: amount and currency, where given, must be the refund's.
    #[test]
    fn a_refund_of_another_amount_or_currency_changes_nothing_but_one_flag(
        sale in any_sale(), by_read in any::<bool>(), off in prop_oneof![-1000i64..0, 1i64..1000], in_currency in any::<bool>(),
    ) {
        let mut book = Book::paid(sale.checkout());
        let id = refund_id(0);
        let amount = book.open(id, user(buyer()), None, Vec::new()).unwrap().amount.amount.0;
        let source = if by_read { Source::Read } else { Source::Webhook };
        let right = refund(source, &id.to_string(), PspRefundStatus::Succeeded, amount);
        let wrong = if in_currency {
            RefundFact { currency: Some("USD".into()), ..right }
        } else {
            RefundFact { amount: Some(amount + off), ..right }
        };
        let before = book.file.clone();
        prop_assert_eq!(book.tell(Fact::Refund(wrong)), Verdict::AmountMismatch);
        prop_assert_eq!(&book.file, &before);
        prop_assert!(book.attention.contains(&(Subject::Refund(id), Code::AmountMismatch)));
        prop_assert_eq!(book.report(Source::Webhook, id, PspRefundStatus::Succeeded), Verdict::Settled);
    }

}

fn one_line() -> OrderFile {
    checkout(&[(1, 1000)], 1_000)
}

fn told(source: Source, status: PaymentStatus) -> Fact {
    Fact::Payment(payment(source, status, 1000))
}

/// §2: a webhook that contradicts a terminal row changes nothing by itself: the provider is asked.
#[test]
fn a_contradiction_by_webhook_only_asks_the_provider() {
    let read_refund = |book: &Book| Some(EffectKind::ReadRefund(order_id(), book.file.refunds[0].id));
    let mut book = Book::paid(one_line());
    for status in [PaymentStatus::Failed, PaymentStatus::NotFound] {
        assert_eq!(book.tell(told(Source::Webhook, status)), Verdict::AskProvider);
        assert_eq!(book.effects.pop().map(|effect| effect.kind), Some(EffectKind::ReadPayment(order_id())));
    }
    let succeeded = book.refund_now(0, None, Vec::new());
    book.effects.clear();
    assert_eq!(book.report(Source::Webhook, succeeded, PspRefundStatus::Failed), Verdict::AskProvider);
    assert_eq!(book.effects.pop().map(|effect| effect.kind), read_refund(&book));

    let mut book = Book::paid(one_line());
    book.open(refund_id(0), user(buyer()), None, Vec::new()).unwrap();
    book.report(Source::Webhook, refund_id(0), PspRefundStatus::Failed);
    book.effects.clear();
    assert_eq!(book.report(Source::Webhook, refund_id(0), PspRefundStatus::Succeeded), Verdict::AskProvider);
    assert_eq!(book.effects.pop().map(|effect| effect.kind), read_refund(&book));
}

/// §4.4: success moves refund, order, licences, ledger and transfers together; a replay leaves all as it is.
#[test]
fn a_refund_succeeds_once_and_moves_everything_together() {
    let mut book = Book::paid(one_line());
    let id = book.refund_now(0, None, Vec::new());
    let after = book.file.clone();
    let refund = book.refund(id);
    assert_eq!((after.order.status, refund.status), (OrderStatus::Refunded, RefundStatus::Succeeded));
    assert_eq!(refund.psp_refund_id, Some(id.to_string()));
    assert!(refund.succeeded_at.is_some() && book.active_lines().is_empty());
    assert_eq!(after.transfers[0].status(), TransferStatus::PermanentlyFailed);
    for source in [Source::Webhook, Source::Read] {
        assert_eq!(book.report(source, id, PspRefundStatus::Succeeded), Verdict::AlreadySettled);
        assert_eq!(book.report(source, id, PspRefundStatus::Open), Verdict::NotFinal);
    }
    assert_eq!(book.file, after);
}

/// §4: failure gives the order back as it was, with the PSP's message; so does a refund that the PSP never had.
#[test]
fn a_failed_refund_gives_the_order_back() {
    let mut book = Book::paid(one_line());
    book.refund_now(0, Some(100), Vec::new());
    for (n, status, words) in [(1, PspRefundStatus::Failed, "card closed"), (2, PspRefundStatus::NotFound, "the PSP has no such refund")] {
        let before = book.file.order.clone();
        book.open(refund_id(n), user(buyer()), None, Vec::new()).unwrap();
        assert_eq!(book.file.order.status, OrderStatus::RefundPending);
        let error = (status == PspRefundStatus::Failed).then(|| words.to_owned());
        let fact = RefundFact { error, ..refund(Source::Webhook, &refund_id(n).to_string(), status, 900) };
        assert_eq!(book.tell(Fact::Refund(fact)), Verdict::Settled);
        assert_eq!(book.file.order, before);
        assert_eq!(book.refund(refund_id(n)).error_message.as_deref(), Some(words));
        assert_eq!(book.active_lines().len(), 1);
    }
}

/// §4: a refund made outside is imported as a refund of its order, booked once, flagged.
#[test]
fn a_refund_made_outside_is_booked_once() {
    let mut book = Book::paid(one_line());
    let outside = |status| Fact::Refund(refund(Source::Webhook, "ref_42", status, 300));
    for status in [PspRefundStatus::Open, PspRefundStatus::Failed, PspRefundStatus::NotFound] {
        assert_eq!(book.tell(outside(status)), Verdict::NotFinal);
    }
    assert_eq!(book.tell(outside(PspRefundStatus::Succeeded)), Verdict::Settled);
    assert_eq!(book.tell(outside(PspRefundStatus::Succeeded)), Verdict::AlreadySettled);
    assert_eq!((book.file.refunds.len(), book.file.order.refunded), (1, Minor(300)));
    assert!(book.file.refunds[0].origin == RefundOrigin::External && book.is_flagged(Code::ExternalRefund));
    assert_eq!(book.file.order.status, OrderStatus::PartiallyRefunded);
}

/// §4: ours is found by the id we chose, also before its answer was stored, and one of the dashboard's does not end ours.
#[test]
fn a_refund_from_outside_does_not_end_the_one_in_flight() {
    let mut book = Book::paid(one_line());
    book.open(refund_id(0), user(buyer()), Some(200), Vec::new()).unwrap();
    book.tell(Fact::Refund(refund(Source::Webhook, "ref_42", PspRefundStatus::Succeeded, 300)));
    assert_eq!((book.file.order.status, book.file.order.refunded), (OrderStatus::RefundPending, Minor(300)));
    book.report(Source::Webhook, refund_id(0), PspRefundStatus::Succeeded);
    assert_eq!((book.file.order.status, book.file.order.refunded), (OrderStatus::PartiallyRefunded, Minor(500)));
    assert_eq!(book.file.refunds.len(), 2);
}

/// §4: what can't be a refund of the order is flagged and not booked.
#[test]
fn a_refund_from_outside_in_another_currency_or_of_nothing_is_flagged_and_not_booked() {
    let mut book = Book::paid(one_line());
    let outside = |amount, currency: Option<&str>| {
        let currency = currency.map(str::to_owned);
        Fact::Refund(RefundFact { currency, ..refund(Source::Webhook, "ref_42", PspRefundStatus::Succeeded, amount) })
    };
    let before = book.file.clone();
    for (amount, currency) in [(-1, Some("EUR")), (0, Some("EUR")), (500, Some("USD")), (500, Some("dollars")), (500, None)] {
        assert_eq!(book.tell(outside(amount, currency)), Verdict::AmountMismatch, "{amount} {currency:?}");
        assert_eq!(book.file, before);
        assert!(book.is_flagged(Code::ExternalRefund));
    }
}

/// §4, §10.2: the order bears as much of its refunds as it has; the PSP has paid out the rest as well, so the platform bears that,
/// and a person is told. When another refund comes undone, the order bears more, and nobody has to be told any more.
#[test]
fn what_is_refunded_beyond_the_order_is_the_platforms_loss_as_long_as_the_order_has_nothing_left() {
    let mut book = Book::paid(one_line());
    book.open(refund_id(0), user(buyer()), None, Vec::new()).unwrap();
    let outside = |source, status| Fact::Refund(refund(source, "ref_42", status, 300));
    assert_eq!(book.tell(outside(Source::Webhook, PspRefundStatus::Succeeded)), Verdict::Settled);
    assert_eq!(book.report(Source::Webhook, refund_id(0), PspRefundStatus::Succeeded), Verdict::Settled);
    assert_eq!((book.file.order.status, book.file.order.refunded), (OrderStatus::Refunded, Minor(1000)));
    assert_eq!((book.balance(Account::PspClearing), book.balance(Account::DisputeLoss)), (-300, 300));
    assert!(book.attention.contains(&(Subject::Refund(refund_id(0)), Code::RefundExceedsOrder)));

    assert_eq!(book.tell(outside(Source::Read, PspRefundStatus::Failed)), Verdict::Settled);
    assert_eq!((book.file.order.status, book.file.order.refunded), (OrderStatus::Refunded, Minor(1000)));
    assert_eq!((book.balance(Account::PspClearing), book.balance(Account::DisputeLoss)), (0, 0));
    assert!(!book.is_flagged(Code::RefundExceedsOrder));
}

/// ADR 0013: the failure of a refund that nobody here knows leaves no row, and an answer in which it succeeded may be on its way; so the
/// order is written as it is, and that answer is void.
#[test]
fn a_refund_that_failed_before_we_heard_of_it_voids_answers_that_are_on_their_way() {
    for mut book in [Book::new(one_line()), Book::paid(one_line())] {
        let order = book.file.order.clone();
        let mut told = |source, status| book.settle(&Fact::Refund(refund(source, "ref_42", status, 300))).unwrap().changes;
        assert_eq!(told(Source::Webhook, PspRefundStatus::Failed), [Change::Order(order)]);
        assert_eq!(told(Source::Read, PspRefundStatus::Failed), []);
        assert_eq!(told(Source::Webhook, PspRefundStatus::Open), []);
    }
}

/// ADR 0013: what is told again changes no row; but between the two it may have been otherwise, and that answer may be on its way.
#[test]
fn what_is_told_again_voids_answers_that_are_on_their_way() {
    let told = |source, status| Fact::Payment(payment(source, status, 1000));
    let mut unpaid = Book::new(one_line());
    unpaid.tell(told(Source::Webhook, PaymentStatus::Failed));
    let mut undone = Book::paid(one_line());
    undone.tell(told(Source::Read, PaymentStatus::Failed));
    let paid = Book::paid(one_line());
    for (mut book, status) in [(unpaid, PaymentStatus::Failed), (undone, PaymentStatus::Failed), (paid, PaymentStatus::Succeeded)] {
        let order = book.file.order.clone();
        assert_eq!(book.settle(&told(Source::Webhook, status)).unwrap().changes, [Change::Order(order)]);
        assert_eq!(book.settle(&told(Source::Read, status)).unwrap().changes, []);
        assert_eq!(book.settle(&told(Source::Webhook, PaymentStatus::Open)).unwrap().changes, []);
    }

    for status in [PspRefundStatus::Failed, PspRefundStatus::Succeeded] {
        let mut book = Book::paid(one_line());
        let id = refund_id(0);
        book.open(id, user(buyer()), None, Vec::new()).unwrap();
        assert_eq!(book.report(Source::Webhook, id, status), Verdict::Settled);
        let order = book.file.order.clone();
        let again = |source| Fact::Refund(refund(source, &id.to_string(), status, 1000));
        assert_eq!(book.settle(&again(Source::Webhook)).unwrap().changes, [Change::Order(order)]);
        assert_eq!(book.settle(&again(Source::Read)).unwrap().changes, []);
    }

    for status in [DisputeStatus::Opened, DisputeStatus::Lost] {
        let mut book = Book::paid(one_line());
        let again = |source| Fact::Dispute(dispute(source, "dp_1", status, 1000));
        book.tell(again(Source::Webhook));
        let order = book.file.order.clone();
        assert_eq!(book.settle(&again(Source::Webhook)).unwrap().changes, [Change::Order(order)]);
        assert_eq!(book.settle(&again(Source::Read)).unwrap().changes, []);
    }
}

/// An unpaid order has nothing to refund; but where there is a refund there must have been a payment, and a read of it brings both.
#[test]
fn a_refund_of_an_unpaid_order_is_not_booked_and_the_payment_is_read() {
    let mut book = Book::new(one_line());
    let outside = |source| Fact::Refund(refund(source, "ref_42", PspRefundStatus::Succeeded, 300));
    assert_eq!(book.tell(outside(Source::Webhook)), Verdict::AskProvider);
    assert_eq!(book.effects.pop().map(|effect| effect.kind), Some(EffectKind::ReadPayment(order_id())));
    assert_eq!(book.tell(outside(Source::Read)), Verdict::NotFinal);
    assert_eq!(book.file, one_line());
}

/// A late read can make a refund fail and succeed more than once; each time is booked under a key of its own.
#[test]
fn a_refund_that_fails_and_succeeds_again_and_again_is_booked_each_time() {
    let mut book = Book::paid(one_line());
    let id = book.refund_now(0, None, Vec::new());
    book.ticks_stand_still();
    for _ in 0..3 {
        assert_eq!(book.report(Source::Read, id, PspRefundStatus::Failed), Verdict::Settled);
        assert_eq!(book.file.order.status, OrderStatus::Completed);
        assert_eq!(book.report(Source::Read, id, PspRefundStatus::Succeeded), Verdict::Settled);
        assert_eq!(book.file.order.status, OrderStatus::Refunded);
    }
    assert!(book.is_flagged(Code::RefundFailedAfterSuccess) && book.is_flagged(Code::RefundSucceededAfterFailure));
    assert_eq!(book.postings.len(), 8, "the order, the refund, and each change of mind");
}

#[test]
fn a_fact_about_a_row_that_the_order_does_not_have_is_refused() {
    let mut book = Book::paid(one_line());
    let before = book.file.clone();
    assert_eq!(book.settle(&Fact::Transfer(TransferId(uuid(7)), done("tr_7"))), Err(SettlementError::UnknownRow));
    assert_eq!(book.settle(&Fact::Reversal(veza_domain::ids::ReversalId(uuid(7)), done("trr_7"))), Err(SettlementError::UnknownRow));
    assert_eq!(book.file, before);
}
