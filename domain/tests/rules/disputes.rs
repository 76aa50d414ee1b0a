//! Disputes: what is held, what a loss moves, and what a change of mind moves back (spec/01-money §9).

use crate::support::ops::any_sale;
use crate::support::*;
use proptest::prelude::*;
use veza_domain::attention::{Code, Subject};
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::effect::EffectKind;
use veza_domain::ids::DisputeId;
use veza_domain::ledger::Account;
use veza_domain::money::Minor;
use veza_domain::order::OrderStatus;
use veza_domain::refund::{RefundOrigin, RefundRefusal, RefundStatus};
use veza_domain::settlement::{DisputeFact, Fact, PaymentStatus, PspRefundStatus, Source, Verdict};
use veza_domain::transfer::{CallOutcome, CallRefusal, Hold, TransferStatus};

use DisputeStatus::{Accepted, Cancelled, Challenged, Expired, Lost, Opened, Won};

/// Paid: 1,000 by seller 1, of which 900 are the seller's.
fn paid() -> Book {
    Book::paid(checkout(&[(1, 1000)], 1_000))
}

/// Paid, and the share is with the seller.
fn paid_out() -> Book {
    let mut book = paid();
    book.pay_out();
    book
}

fn said(source: Source, status: DisputeStatus, amount: i64) -> Fact {
    Fact::Dispute(dispute(source, "dp_1", status, amount))
}

fn tell(book: &mut Book, source: Source, status: DisputeStatus) -> Verdict {
    book.tell(said(source, status, 1000))
}

fn id() -> DisputeId {
    Dispute::id_of(order_id(), "dp_1")
}

fn row(book: &Book) -> Dispute {
    book.file.disputes.iter().find(|row| row.id == id()).unwrap().clone()
}

fn losses(book: &Book) -> usize {
    let of_dispute = |origin| origin == RefundOrigin::Dispute(id());
    book.file.refunds.iter().filter(|row| of_dispute(row.origin) && row.status == RefundStatus::Succeeded).count()
}

/// §9: what each report is to each row. A message moves a dispute forward only, and is asked about where it contradicts one that
/// is closed; a read is right whatever it says.
#[test]
fn every_pair_of_a_disputes_status_and_a_report() {
    let rank = |status| match status {
        Opened => 0,
        Challenged => 1,
        Expired => 2,
        Accepted | Cancelled | Won | Lost => 3,
    };
    let mut pairs = 0;
    for known in [None].into_iter().chain(DisputeStatus::ALL.map(Some)) {
        for told in DisputeStatus::ALL {
            for source in [Source::Webhook, Source::Read] {
                let mut book = paid_out();
                if let Some(known) = known {
                    assert_eq!(tell(&mut book, Source::Read, known), Verdict::Settled);
                }
                let before = book.file.clone();
                let expected = match (known, source) {
                    (None, _) => Verdict::Settled,
                    (Some(known), _) if known == told => Verdict::AlreadySettled,
                    (Some(_), Source::Read) => Verdict::Settled,
                    (Some(known), Source::Webhook) if rank(known) == 3 => Verdict::AskProvider,
                    (Some(known), Source::Webhook) if rank(told) > rank(known) => Verdict::Settled,
                    (Some(_), Source::Webhook) => Verdict::AlreadySettled,
                };
                let pair = format!("{known:?}, {told:?} by {source:?}");
                assert_eq!(tell(&mut book, source, told), expected, "{pair}");
                if expected == Verdict::Settled {
                    assert_eq!((row(&book).status, losses(&book)), (told, usize::from(told.is_lost())), "{pair}");
                } else {
                    assert_eq!(book.file, before, "{pair}");
                }
                let asked = book.effects.iter().any(|effect| effect.kind == EffectKind::ReadDispute(order_id(), id()));
                let closed_by_message = expected == Verdict::Settled && source == Source::Webhook && rank(told) == 3;
                assert_eq!(asked, expected == Verdict::AskProvider || closed_by_message, "{pair}");
                let open = row(&book).status.is_open();
                let on_list = |code| book.attention.contains(&(Subject::Dispute(id()), code));
                assert_eq!((on_list(Code::DisputeOpened), row(&book).closed_at.is_none()), (open, open), "{pair}");
                assert_eq!(on_list(Code::DisputeExpired), row(&book).status == Expired && open, "{pair}");
                let expected = match (row(&book).status.is_lost(), open) {
                    (true, _) => OrderStatus::ChargedBack,
                    (false, true) => OrderStatus::Disputed,
                    (false, false) => OrderStatus::Completed,
                };
                assert_eq!(book.file.order.status, expected, "{pair}");
                pairs += 1;
            }
        }
    }
    assert_eq!(pairs, 8 * 7 * 2);
}

/// §9: a status that we do not know says nothing; a message without an amount is a hint.
#[test]
fn what_says_too_little_is_read_at_the_provider() {
    let mut book = paid();
    let fact = dispute(Source::Webhook, "dp_1", Lost, 1000);
    assert_eq!(book.tell(Fact::Dispute(DisputeFact { status: None, ..fact.clone() })), Verdict::NotFinal);
    let vague = DisputeFact { amount: None, currency: None, ..fact.clone() };
    for fact in [vague.clone(), DisputeFact { amount: Some(0), ..fact.clone() }, DisputeFact { currency: Some("euros".into()), ..fact }] {
        assert_eq!(book.tell(Fact::Dispute(fact)), Verdict::AskProvider);
        assert_eq!(book.effects.pop().map(|effect| effect.kind), Some(EffectKind::ReadDispute(order_id(), id())));
        assert!(book.file.disputes.is_empty());
    }
    tell(&mut book, Source::Webhook, Opened);
    assert_eq!(book.tell(Fact::Dispute(vague)), Verdict::Settled, "the amount is known by then");
    assert_eq!((row(&book).status, book.file.order.refunded), (Lost, Minor(1000)));
    let other = DisputeFact { stage: Some("arbitration".into()), ..dispute(Source::Webhook, "dp_1", Lost, 1000) };
    assert_eq!(book.tell(Fact::Dispute(other.clone())), Verdict::AskProvider, "the stage moves by a read only");
    assert_eq!(book.tell(Fact::Dispute(DisputeFact { source: Source::Read, ..other })), Verdict::Settled);
    assert_eq!((row(&book).stage.as_deref(), losses(&book)), (Some("arbitration"), 1));
}

/// §9: the share is held while it is open: no transfer is sent, and when the bank lets go it is due at once.
#[test]
fn an_open_dispute_holds_the_share_and_a_won_one_lets_it_go() {
    for (refused_first, status) in [(None, TransferStatus::Pending), (Some(CallRefusal::Other), TransferStatus::Failed)] {
        for end in [Won, Cancelled] {
            let mut book = paid();
            let id = book.file.transfers[0].id;
            if let Some(refusal) = refused_first {
                book.tell(Fact::Transfer(id, refused(refusal)));
            }
            tell(&mut book, Source::Webhook, Opened);
            let held = book.transfer(id);
            assert_eq!((held.status(), held.hold, book.file.may_send(&held)), (status, Some(Hold::Disputed), Err(Hold::Disputed)));
            assert!(held.next_retry_at.is_some_and(|due| due > book.now()), "it is looked at again anyway");
            tell(&mut book, Source::Webhook, Challenged);
            assert_eq!(book.transfer(id).hold, Some(Hold::Disputed));
            let now = book.now();
            tell(&mut book, Source::Webhook, end);
            let released = book.transfer(id);
            assert_eq!((released.hold, released.next_retry_at, book.file.may_send(&released)), (None, Some(now), Ok(())));
            book.pay_out();
            assert_eq!((book.with_seller(seller(1)), book.file.order.status), (900, OrderStatus::Completed));
        }
    }
}

/// §9: two disputes hold until both have ended.
#[test]
fn the_last_open_dispute_holds() {
    let mut book = paid();
    let other = |status| Fact::Dispute(dispute(Source::Webhook, "dp_2", status, 400));
    tell(&mut book, Source::Webhook, Opened);
    book.tell(other(Opened));
    tell(&mut book, Source::Webhook, Won);
    assert_eq!((book.file.order.status, book.file.transfers[0].hold), (OrderStatus::Disputed, Some(Hold::Disputed)));
    book.tell(other(Lost));
    assert_eq!((book.file.order.status, book.file.transfers[0].hold), (OrderStatus::ChargedBack, None));
    book.pay_out();
    assert_eq!(book.with_seller(seller(1)), 540, "what a partial loss leaves is paid");
}

/// §5: what may have been sent is looked up and never sent again while it is held; its outcome is taken as it is.
#[test]
fn a_transfer_in_flight_during_a_dispute_keeps_its_schedule_until_its_outcome_is_known() {
    for outcome in [CallOutcome::NotThere, refused(CallRefusal::BalanceInsufficient), done("tr_1")] {
        let mut book = paid();
        let id = book.file.transfers[0].id;
        book.send_transfer(id);
        let sent = book.transfer(id);
        tell(&mut book, Source::Webhook, Opened);
        assert_eq!(book.transfer(id), sent, "its outcome is unknown");
        assert_eq!(book.file.may_send(&sent), Err(Hold::Disputed));
        let is_done = matches!(outcome, CallOutcome::Done { .. });
        book.tell(Fact::Transfer(id, outcome));
        let after = book.transfer(id);
        let expected = if is_done { (TransferStatus::Completed, None) } else { (after.status(), Some(Hold::Disputed)) };
        assert_eq!((after.status(), after.hold), expected);
    }
}

/// §9: lost: like a refund of that amount; licences revoked, what was sent is taken back, what was not is not sent.
#[test]
fn a_lost_dispute_takes_back_like_a_refund() {
    for status in [Lost, Accepted] {
        let mut book = paid_out();
        tell(&mut book, Source::Webhook, Opened);
        tell(&mut book, Source::Webhook, status);
        let loss = book.file.refunds[0].clone();
        assert_eq!((loss.amount.amount, loss.status, loss.origin), (Minor(1000), RefundStatus::Succeeded, RefundOrigin::Dispute(id())));
        assert!(loss.requested_by.is_none() && loss.psp_refund_id.is_none());
        assert!(book.active_lines().is_empty());
        book.pay_out();
        assert_eq!(book.file.transfers[0].status(), TransferStatus::Reversed);
        assert!(book.balances().values().all(|balance| *balance == 0));

        let mut unsent = paid();
        tell(&mut unsent, Source::Webhook, status);
        assert_eq!(unsent.file.transfers[0].status(), TransferStatus::PermanentlyFailed);
        assert!(unsent.file.reversals.is_empty());
    }
}

/// §9: a partial loss revokes every licence and takes the seller's part of it.
#[test]
fn a_partial_loss_revokes_all_and_takes_its_part() {
    let mut book = Book::paid(checkout(&[(1, 600), (2, 400)], 1_000));
    book.pay_out();
    book.tell(said(Source::Webhook, Lost, 500));
    assert_eq!((book.file.order.status, book.file.order.refunded), (OrderStatus::ChargedBack, Minor(500)));
    assert!(book.active_lines().is_empty());
    assert_eq!((book.owed(seller(1)), book.owed(seller(2))), (270, 180));
}

/// §9, §10.2: what the bank takes beyond what the order has left is the platform's loss, on the books and on the list.
#[test]
fn what_the_bank_takes_beyond_the_order_is_the_platforms_loss() {
    for refund_first in [true, false] {
        let mut book = paid();
        book.dispute_fee = 1500;
        if refund_first {
            book.refund_now(0, Some(700), Vec::new());
            tell(&mut book, Source::Webhook, Lost);
            assert!(book.attention.contains(&(Subject::Dispute(id()), Code::DisputeExceedsOrder)));
        } else {
            book.open(refund_id(0), user(buyer()), Some(700), Vec::new()).unwrap();
            tell(&mut book, Source::Webhook, Opened);
            assert_eq!(book.file.order.status, OrderStatus::RefundPending, "the refund shows first");
            tell(&mut book, Source::Webhook, Lost);
            assert_eq!(book.file.order.status, OrderStatus::RefundPending);
            book.report(Source::Webhook, refund_id(0), PspRefundStatus::Succeeded);
            assert!(book.attention.contains(&(Subject::Refund(refund_id(0)), Code::RefundExceedsOrder)));
        }
        assert_eq!((book.file.order.status, book.file.order.refunded), (OrderStatus::ChargedBack, Minor(1000)));
        assert_eq!((book.balance(Account::PspClearing), book.balance(Account::DisputeLoss)), (1000 - 700 - 1000 - 1500, 700 + 1500));
        assert_eq!(book.balance(Account::SellerPayable(seller(1))), 0);
    }
}

/// §9: won after it was lost: all of it moves back but the fee, which is charged once for ever, and flagged; lost again, it moves again.
#[test]
fn a_dispute_that_is_lost_and_won_and_lost_again_is_booked_each_time() {
    let mut book = paid_out();
    book.dispute_fee = 1500;
    book.refund_now(0, Some(300), Vec::new());
    book.pay_out();
    book.ticks_stand_still();
    for _ in 0..3 {
        assert_eq!(tell(&mut book, Source::Read, Lost), Verdict::Settled);
        assert_eq!((book.file.order.status, losses(&book)), (OrderStatus::ChargedBack, 1));
        assert_eq!((book.balance(Account::PspClearing), book.balance(Account::DisputeLoss)), (1000 - 300 - 1000 - 1500, 300 + 1500));
        book.pay_out();
        assert_eq!(book.with_seller(seller(1)), 0);

        assert_eq!(tell(&mut book, Source::Webhook, Won), Verdict::AskProvider);
        assert_eq!(tell(&mut book, Source::Read, Won), Verdict::Settled);
        assert!(book.attention.contains(&(Subject::Dispute(id()), Code::DisputeWonAfterLoss)));
        assert_eq!((book.file.order.status, losses(&book), book.active_lines().len()), (OrderStatus::PartiallyRefunded, 0, 1));
        assert_eq!((book.balance(Account::PspClearing), book.balance(Account::DisputeLoss)), (1000 - 300 - 1500, 1500));
        book.pay_out();
        assert_eq!(book.with_seller(seller(1)), 630);
    }
}

/// §9: the bank names another amount for what is lost already: the books follow.
#[test]
fn another_amount_of_a_lost_dispute_is_booked_anew() {
    let mut book = paid_out();
    book.tell(said(Source::Webhook, Lost, 1000));
    assert_eq!(book.tell(said(Source::Webhook, Lost, 400)), Verdict::AskProvider);
    assert_eq!(book.tell(said(Source::Read, Lost, 400)), Verdict::Settled);
    assert_eq!((book.file.order.refunded, losses(&book)), (Minor(400), 1));
    assert!(!book.is_flagged(Code::DisputeWonAfterLoss), "it is lost as before");
    book.pay_out();
    assert_eq!((book.with_seller(seller(1)), book.balance(Account::PspClearing)), (540, 600));
}

/// §9: it overtakes the payment's success: the row is kept, so the share is held from its first moment, and the payment is read.
#[test]
fn a_dispute_that_comes_before_its_payment_holds_from_the_first_moment() {
    let mut book = Book::new(checkout(&[(1, 1000)], 1_000));
    for failed_first in [false, true] {
        if failed_first {
            book = Book::new(checkout(&[(1, 1000)], 1_000));
            book.tell(Fact::Payment(payment(Source::Webhook, PaymentStatus::Failed, 1000)));
        }
        assert_eq!(tell(&mut book, Source::Webhook, Opened), Verdict::Settled);
        assert!(book.effects.iter().any(|effect| effect.kind == EffectKind::ReadPayment(order_id())));
        assert!(!book.file.order.is_paid());
        book.pay();
        assert_eq!((book.file.order.status, book.file.transfers[0].hold), (OrderStatus::Disputed, Some(Hold::Disputed)));
    }
}

/// The same, when it was lost by then: the loss is booked with the payment.
#[test]
fn a_dispute_that_was_lost_before_its_payment_was_known_is_booked_with_it() {
    let mut book = Book::new(checkout(&[(1, 1000)], 1_000));
    book.dispute_fee = 1500;
    tell(&mut book, Source::Webhook, Lost);
    assert!(book.postings.is_empty() && book.file.refunds.is_empty());
    book.pay();
    assert_eq!((book.file.order.status, losses(&book)), (OrderStatus::ChargedBack, 1));
    assert!(book.active_lines().is_empty());
    assert_eq!(book.file.transfers[0].status(), TransferStatus::PermanentlyFailed);
    assert_eq!(book.balance(Account::PspClearing), -1500);
}

/// A loss in another currency moves no books; until a person has looked at it, nothing is paid out either.
#[test]
fn a_dispute_in_another_currency_holds_and_moves_no_books() {
    let mut book = paid();
    let in_dollars = |status| Fact::Dispute(DisputeFact { currency: Some("USD".into()), ..dispute(Source::Webhook, "dp_1", status, 1100) });
    book.tell(in_dollars(Opened));
    assert!(!book.attention.contains(&(Subject::Dispute(id()), Code::DisputeInAnotherCurrency)), "nothing is lost yet");
    assert_eq!(book.file.order.status, OrderStatus::Disputed);
    let posted = book.postings.len();
    book.tell(in_dollars(Lost));
    assert_eq!(
        (book.postings.len(), losses(&book), book.file.order.status),
        (posted, 0, OrderStatus::Disputed),
        "nobody refunds it as well"
    );
    assert_eq!(book.file.may_send(&book.file.transfers[0]), Err(Hold::Disputed), "no money is given away");
    assert!(book.attention.contains(&(Subject::Dispute(id()), Code::DisputeInAnotherCurrency)), "a person has to say what it is worth");
    book.tell(Fact::Dispute(DisputeFact { currency: Some("USD".into()), ..dispute(Source::Read, "dp_1", Won, 1100) }));
    assert_eq!(book.file.may_send(&book.file.transfers[0]), Ok(()));
    assert!(!book.attention.contains(&(Subject::Dispute(id()), Code::DisputeInAnotherCurrency)));
}

/// §4.1: no refund opens while a dispute is open, nor after a loss.
#[test]
fn no_refund_opens_during_a_dispute_or_after_a_loss() {
    let mut book = paid();
    book.tell(said(Source::Webhook, Opened, 400));
    for actor in [user(buyer()), user(seller(1)), admin()] {
        assert_eq!(book.open(refund_id(0), actor, None, Vec::new()), Err(RefundRefusal::NotRefundable));
    }
    book.tell(said(Source::Webhook, Lost, 400));
    assert_eq!(book.open(refund_id(0), user(buyer()), None, Vec::new()), Err(RefundRefusal::NotRefundable));
    book.tell(said(Source::Read, Won, 400));
    assert!(book.open(refund_id(0), user(buyer()), None, Vec::new()).is_ok());
}

proptest! {
    #![proptest_config(cases(256))]

    /// §9: whatever the bank says in whatever order, what it says last counts: a history that ends as another one ends in the same
    /// books, but for the fee.
    #[test]
    fn only_what_the_bank_says_last_counts(
        sale in any_sale(), history in prop::collection::vec((prop::sample::select(DisputeStatus::ALL.to_vec()), 1i64..150_000), 0..6),
        last in prop::sample::select(DisputeStatus::ALL.to_vec()), amount in 1i64..150_000,
    ) {
        let (mut long, mut short) = (Book::paid(sale.checkout()), Book::paid(sale.checkout()));
        for (status, amount) in history {
            long.tell(said(Source::Read, status, amount));
        }
        for book in [&mut long, &mut short] {
            book.tell(said(Source::Read, last, amount));
        }
        prop_assert_eq!(long.file.order.status, short.file.order.status);
        prop_assert_eq!(long.file.order.refunded, short.file.order.refunded);
        prop_assert_eq!(long.active_lines(), short.active_lines());
        let money = |book: &Book| -> Vec<i64> {
            let accounts = [Account::PspClearing, Account::DisputeLoss, Account::PlatformFee];
            accounts.into_iter().map(|account| book.balance(account)).chain(book.sellers().into_iter().map(|who| book.earned(who))).collect()
        };
        prop_assert_eq!(money(&long), money(&short));
    }
}
