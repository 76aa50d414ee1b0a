//! What operators decide where the rules can't: shares that others took back, losses in another currency, debts that nothing holds; and
//! what was given up and can go on.

use crate::support::ops::Sale;
use crate::support::world::World;
use crate::support::*;
use proptest::prelude::*;
use veza_domain::attention::{Code, Subject};
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::ids::{DisputeId, ReversalId, TransferId};
use veza_domain::ledger::Account;
use veza_domain::money::Minor;
use veza_domain::order::OrderStatus;
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::{
    BookLossRefusal, ConnectReversal, ConnectTransferFact, DisputeFact, Fact, KeepRefusal, PspRefundStatus, Source,
    decide_adopt_transfer_id, decide_book_loss, decide_keep_back, decide_replace_transfer, decide_write_off,
};
use veza_domain::transfer::{CallOutcome, CallRefusal, Hold, TransferStatus};

/// Somebody takes `amount` back at Connect's dashboard.
fn taken(book: &mut Book, amount: i64) -> TransferId {
    let transfer = book.file.transfers[0].clone();
    let reversals = vec![ConnectReversal { id: "trr_hand".to_owned(), amount, reversal_id: None }];
    let fact = ConnectTransferFact {
        id: transfer.stripe_transfer_id.clone().unwrap(),
        amount: transfer.amount.amount.0,
        currency: "eur".to_owned(),
        reversals,
    };
    book.tell(Fact::ConnectTransfer(transfer.id, fact));
    transfer.id
}

#[test]
fn what_others_took_is_kept_once_and_is_not_the_sellers_any_more() {
    let mut book = share_paid_out();
    let id = taken(&mut book, 50);
    assert!(book.is_flagged(Code::ExternalReversal) && book.withheld(who()) == 50);
    let changes = decide_keep_back(&book.file, id, &book.context()).unwrap();
    book.commit(&changes);
    assert!(!book.is_flagged(Code::ExternalReversal));
    assert_eq!((book.balance(Account::SellerPayable(who())), book.balance(Account::DisputeLoss)), (0, -50));
    assert_eq!((book.with_seller(who()), book.earned(who()), book.withheld(who())), (850, 850, 0));
    assert_eq!(decide_keep_back(&book.file, id, &book.context()), Err(KeepRefusal::NothingWithheld), "once");
    assert!(decide_replace_transfer(&book.file, id, &book.context()).is_err(), "and it is not sent after that");
    assert_eq!(decide_keep_back(&book.file, TransferId(uuid(7)), &book.context()), Err(KeepRefusal::Unknown));
}

#[test]
fn nothing_is_kept_where_nothing_was_taken_or_it_was_sent_again() {
    let mut book = share_paid_out();
    let id = book.file.transfers[0].id;
    assert_eq!(decide_keep_back(&book.file, id, &book.context()), Err(KeepRefusal::NothingWithheld));
    taken(&mut book, 50);
    let changes = decide_replace_transfer(&book.file, id, &book.context()).unwrap();
    book.commit(&changes);
    assert_eq!(decide_keep_back(&book.file, id, &book.context()), Err(KeepRefusal::NothingWithheld));
}

/// A refund takes back what was kept as well: it was not the seller's then. When the refund comes undone, a person is asked again.
#[test]
fn what_was_kept_gives_way_to_a_refund() {
    let mut book = share_paid_out();
    let id = taken(&mut book, 50);
    let changes = decide_keep_back(&book.file, id, &book.context()).unwrap();
    book.commit(&changes);
    let refund = book.refund_now(0, None, Vec::new());
    assert_eq!((book.kept(who()), book.balance(Account::DisputeLoss)), (0, 0), "all of the share goes back, so nothing is left to keep");
    book.pay_out();
    assert_eq!((book.with_seller(who()), book.balance(Account::SellerPayable(who()))), (0, 0));
    book.report(Source::Read, refund, PspRefundStatus::Failed);
    book.pay_out();
    assert_eq!((book.with_seller(who()), book.withheld(who())), (850, 50));
    assert!(book.is_flagged(Code::ExternalReversal));
}

proptest! {
    #![proptest_config(cases(256))]

    /// Keeping and refunding come in any order: the seller ends with what was earned less what was taken, and the platform keeps no more
    /// than the refunds leave.
    #[test]
    fn kept_and_refunded_in_any_order(hand in 1i64..=900, refunded in 1i64..=1000, keeps_first in any::<bool>()) {
        let mut book = share_paid_out();
        let id = taken(&mut book, hand);
        let keep = |book: &mut Book| {
            if let Ok(changes) = decide_keep_back(&book.file, id, &book.context()) {
                book.commit(&changes);
            }
        };
        if keeps_first {
            keep(&mut book);
        }
        book.refund_now(0, Some(refunded), Vec::new());
        book.pay_out();
        keep(&mut book);
        let part = book.taken_back(who());
        prop_assert_eq!(book.with_seller(who()), book.earned(who()));
        prop_assert_eq!(book.balance(Account::SellerPayable(who())), 0);
        if keeps_first {
            prop_assert_eq!(book.kept(who()), hand.min(900 - part), "kept first, all of it counts as far as the share goes");
        } else {
            prop_assert_eq!(book.with_seller(who()), 900 - part.max(hand), "the refund found the money there already");
        }
    }
}

/// Found by `once_quiet_every_seller_has_exactly_the_share_that_stands`: a debt that had been given up was paid by another order's
/// share, and then somebody took the money back by hand as well. That is the other order's, so it is sent again and never kept.
#[test]
fn what_another_share_has_paid_is_not_kept() {
    let mut world = indebted();
    world.tell(0, &Fact::Reversal(debt(&world, 0).id, refused(CallRefusal::NotFound)));
    world.pay(1);
    assert_eq!(debt(&world, 0).open_amount(), Minor(450));
    let id = taken(&mut world.books[0], 900);
    assert_eq!(world.books[0].withheld(who()), 450, "paid once by the other share, and once by hand");
    let book = &world.books[0];
    assert_eq!(decide_keep_back(&book.file, id, &book.context()), Err(KeepRefusal::NothingWithheld));
    assert!(book.is_flagged(Code::ExternalReversal));
    let changes = decide_replace_transfer(&book.file, id, &book.context()).unwrap();
    world.commit(0, &changes);
    assert_eq!(world.books[0].file.transfers.last().unwrap().amount.amount, Minor(450));
}

fn indebted() -> World {
    let sale = |price| Sale { lines: vec![(1, price)], points: 1_000 };
    let mut world = World::new(&[sale(1000), sale(500), sale(2000)], PATIENT, 0);
    world.pay(0);
    world.quiet_down();
    world.refund(0, 0, None);
    world
}

fn debt(world: &World, nth: usize) -> Reversal {
    world.books[nth].file.reversals[0].clone()
}

/// What was given up is owed like any other debt, so later shares pay it.
#[test]
fn later_shares_pay_what_was_given_up() {
    let mut world = indebted();
    world.tell(0, &Fact::Reversal(debt(&world, 0).id, refused(CallRefusal::NotFound)));
    let given_up = debt(&world, 0);
    assert_eq!((given_up.status, given_up.open_amount()), (ReversalStatus::PermanentlyFailed, Minor(900)));
    assert!(world.books[0].is_flagged(Code::ReversalPermanentlyFailed));
    world.pay(1);
    assert!(world.books[1].file.transfers.is_empty(), "450 of 900");
    assert_eq!(debt(&world, 0).open_amount(), Minor(450));
    world.pay(2);
    assert_eq!(world.books[2].file.transfers[0].amount.amount, Minor(1350), "450 of 1,800 pay the rest");
    let paid = debt(&world, 0);
    assert_eq!((paid.status, paid.open_amount()), (ReversalStatus::PermanentlyFailed, Minor(0)));
    assert!(world.books[2].attention.is_empty() && world.books.iter().all(|book| book.withheld(who()) == 0));
    world.quiet_down();
    world.assert_square(who());
}

/// A share that paid a debt and is refunded leaves a debt that nothing at Connect stands for: it is on the list until it is paid.
#[test]
fn a_debt_that_nothing_holds_is_on_the_list_until_it_is_paid_or_written_off() {
    for write_off in [false, true] {
        let mut world = indebted();
        world.tell(0, &Fact::Reversal(debt(&world, 0).id, refused(CallRefusal::BalanceInsufficient)));
        world.pay(1);
        world.refund(1, 1, None);
        let held = debt(&world, 1);
        assert_eq!((held.transfer_id, held.hold, held.open_amount()), (None, Some(Hold::NothingAtConnect), Minor(450)));
        assert!(world.books[1].is_flagged(Code::NothingAtConnect));
        if write_off {
            let changes = decide_write_off(&world.books[1].file, held.id, &world.books[1].context()).unwrap();
            world.commit(1, &changes);
        } else {
            world.pay(2);
            world.tell(1, &Fact::Reversal(held.id, CallOutcome::NotNeeded));
            assert_eq!(debt(&world, 1).status, ReversalStatus::Reversed);
        }
        assert!(!world.books[1].is_flagged(Code::NothingAtConnect));
    }
}

/// Without Connect's id nothing can be taken back; once it is found, it is.
#[test]
fn what_was_given_up_for_lack_of_an_id_goes_on_when_the_id_is_found() {
    for partly in [false, true] {
        let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
        let id = book.file.transfers[0].id;
        book.tell(Fact::Transfer(id, CallOutcome::Done { provider_id: None }));
        book.refund_now(0, partly.then_some(100), Vec::new());
        let reversal = book.file.reversals[0].id;
        book.tell(Fact::Reversal(reversal, CallOutcome::NotThere));
        assert!(book.reversal(reversal).lacks_an_id() && book.is_flagged(Code::ReversalPermanentlyFailed));
        let changes = decide_adopt_transfer_id(&book.file, id, "tr_found", &book.context()).unwrap();
        book.commit(&changes);
        assert_eq!(book.reversal(reversal).status, ReversalStatus::ReversalPending);
        assert!(!book.is_flagged(Code::ReversalPermanentlyFailed));
        book.pay_out();
        let back = if partly { 90 } else { 900 };
        assert_eq!((book.with_seller(who()), book.transfer(id).amount_reversed), (900 - back, Minor(back)));
        assert_eq!(book.balance(Account::SellerReceivable(who())), 0);
        let status = if partly { TransferStatus::Completed } else { TransferStatus::PermanentlyFailed };
        assert_eq!(book.transfer(id).status(), status, "an end has no way out, and the money is back all the same");
    }
}

#[test]
fn what_was_given_up_for_another_reason_stays_so() {
    let mut book = share_paid_out();
    book.refund_now(0, None, Vec::new());
    let reversal = book.file.reversals[0].id;
    book.tell(Fact::Reversal(reversal, refused(CallRefusal::NotFound)));
    let id = book.file.transfers[0].id;
    let adopted = decide_adopt_transfer_id(&book.file, id, book.file.transfers[0].stripe_transfer_id.as_deref().unwrap(), &book.context());
    assert_eq!(adopted, Ok(Vec::new()));
    assert!(!book.reversal(reversal).lacks_an_id());
}

fn in_dollars(source: Source, status: DisputeStatus, amount: i64) -> Fact {
    Fact::Dispute(DisputeFact { currency: Some("USD".into()), ..dispute(source, "dp_1", status, amount) })
}

/// Lost in dollars; the order is in euros, paid and not yet sent.
fn lost_in_dollars() -> (Book, DisputeId) {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    book.dispute_fee = 15;
    book.tell(in_dollars(Source::Webhook, DisputeStatus::Opened, 1100));
    book.tell(in_dollars(Source::Webhook, DisputeStatus::Lost, 1100));
    let id = Dispute::id_of(book.file.order.id, "dp_1");
    (book, id)
}

fn lose(book: &mut Book, id: DisputeId, amount: i64) {
    let changes = decide_book_loss(&book.file, id, Minor(amount), &book.context()).unwrap();
    book.commit(&changes);
    book.check();
}

#[test]
fn a_loss_in_another_currency_is_booked_as_an_operator_says_once() {
    let (mut book, id) = lost_in_dollars();
    assert!(book.attention.contains(&(Subject::Dispute(id), Code::DisputeInAnotherCurrency)));
    assert_eq!(decide_book_loss(&book.file, id, Minor(0), &book.context()), Err(BookLossRefusal::NotPositive));
    lose(&mut book, id, 1020);
    assert!(!book.attention.contains(&(Subject::Dispute(id), Code::DisputeInAnotherCurrency)));
    assert_eq!(book.file.order.status, OrderStatus::ChargedBack);
    assert!(book.active_lines().is_empty());
    assert_eq!((book.balance(Account::PspClearing), book.balance(Account::DisputeLoss)), (-20 - 15, 20 + 15), "beyond the order: our loss");
    assert_eq!(book.balance(Account::SellerPayable(who())), 0);
    assert_eq!(decide_book_loss(&book.file, id, Minor(1020), &book.context()), Err(BookLossRefusal::Booked));
    // The PSP says the same again, in its own words: nothing changes.
    let before = (book.file.clone(), book.postings.len());
    book.tell(in_dollars(Source::Read, DisputeStatus::Lost, 1100));
    assert_eq!((&book.file, book.postings.len()), (&before.0, before.1));
}

#[test]
fn a_part_that_was_lost_lets_the_rest_of_the_share_go() {
    let (mut book, id) = lost_in_dollars();
    lose(&mut book, id, 400);
    assert_eq!(book.file.may_send(&book.file.transfers[0]), Ok(()));
    book.pay_out();
    assert_eq!(book.with_seller(who()), 900 - 360);
}

#[test]
fn what_was_booked_comes_back_when_the_dispute_is_won_after_all_and_is_asked_anew_when_its_amount_changes() {
    let (mut book, id) = lost_in_dollars();
    lose(&mut book, id, 1020);
    book.tell(in_dollars(Source::Read, DisputeStatus::Won, 1100));
    assert_eq!((book.balance(Account::PspClearing), book.balance(Account::DisputeLoss)), (1000 - 15, 15), "but for the fee");
    book.tell(in_dollars(Source::Read, DisputeStatus::Lost, 500));
    assert!(book.attention.contains(&(Subject::Dispute(id), Code::DisputeInAnotherCurrency)), "that was said of another amount");
    assert_eq!(book.file.may_send(&book.file.transfers[0]), Err(Hold::Disputed));
    lose(&mut book, id, 460);
    assert_eq!(book.file.order.refunded, Minor(460));
}

#[test]
fn no_other_dispute_is_booked_by_hand() {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    let id = Dispute::id_of(book.file.order.id, "dp_1");
    let decided = |book: &Book| decide_book_loss(&book.file, id, Minor(1), &book.context());
    assert_eq!(decided(&book), Err(BookLossRefusal::Unknown));
    book.tell(in_dollars(Source::Webhook, DisputeStatus::Opened, 1100));
    assert_eq!(decided(&book), Err(BookLossRefusal::NotLost(DisputeStatus::Opened)));
    let mut in_euros = Book::paid(checkout(&[(1, 1000)], 1_000));
    in_euros.tell(Fact::Dispute(dispute(Source::Webhook, "dp_1", DisputeStatus::Lost, 1000)));
    assert_eq!(decided(&in_euros), Err(BookLossRefusal::InCurrency));
    assert!(decide_write_off(&in_euros.file, ReversalId(uuid(9)), &in_euros.context()).is_err());
}
