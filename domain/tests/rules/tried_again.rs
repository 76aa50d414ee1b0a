//! What operators do to transfers by hand: try again, replace; pressed twice, done once (spec/01-money §5).

use crate::support::ops::Sale;
use crate::support::world::World;
use crate::support::*;
use veza_domain::attention::{Code, Subject};
use veza_domain::dispute::DisputeStatus;
use veza_domain::ids::TransferId;
use veza_domain::money::Minor;
use veza_domain::settlement::{
    ConnectReversal, ConnectTransferFact, Fact, PspRefundStatus, ReplaceRefusal, RetryRefusal, Source, decide_replace_transfer,
    decide_retry_transfer,
};
use veza_domain::transfer::{CallRefusal, Hold, Transfer, TransferStatus};

/// Paid: 1,000 by seller 1, of which 900 are the seller's.
fn paid() -> Book {
    Book::paid(checkout(&[(1, 1000)], 1_000))
}

/// Connect has refused the share for good.
fn given_up() -> Book {
    let mut book = paid();
    book.policy = HASTY;
    for _ in 0..2 {
        refuse(&mut book, CallRefusal::Other);
    }
    assert_eq!((first(&book).status(), on_list(&book, Code::TransferPermanentlyFailed)), (TransferStatus::PermanentlyFailed, true));
    book
}

fn first(book: &Book) -> Transfer {
    book.file.transfers[0].clone()
}

fn refuse(book: &mut Book, refusal: CallRefusal) {
    let id = first(book).id;
    book.tell(Fact::Transfer(id, refused(refusal)));
}

fn on_list(book: &Book, code: Code) -> bool {
    book.attention.contains(&(Subject::Transfer(first(book).id), code))
}

fn replace(book: &mut Book) -> Result<(), ReplaceRefusal> {
    let changes = decide_replace_transfer(&book.file, first(book).id, &book.context())?;
    book.commit(&changes);
    Ok(())
}

fn amounts(book: &Book) -> Vec<i64> {
    book.file.transfers.iter().map(|row| row.amount.amount.0).collect()
}

/// §5: a `failed` one is due at once, whatever it waited for, with a fresh budget; no other status can be tried again.
#[test]
fn only_a_failed_transfer_is_tried_again() {
    for refusal in [CallRefusal::Other, CallRefusal::BalanceInsufficient, CallRefusal::CapabilityMissing] {
        let mut book = paid();
        refuse(&mut book, refusal);
        let (before, now) = (first(&book), book.now());
        let changes = decide_retry_transfer(&book.file, before.id, &book.context()).unwrap();
        book.commit(&changes);
        let after = first(&book);
        assert_eq!((after.status(), after.hold, after.retry_count), (TransferStatus::Failed, None, 0));
        assert_eq!((after.next_retry_at, after.key()), (Some(now), before.key()));
    }
    for status in TransferStatus::ALL.into_iter().filter(|status| *status != TransferStatus::Failed) {
        let mut book = paid();
        book.file.transfers[0] = first(&book).restored(status);
        let refused = decide_retry_transfer(&book.file, first(&book).id, &book.context());
        assert_eq!(refused, Err(RetryRefusal::NotFailed(status)));
    }
    let book = paid();
    assert_eq!(decide_retry_transfer(&book.file, TransferId(uuid(7)), &book.context()), Err(RetryRefusal::Unknown));
}

#[test]
fn a_transfer_that_a_dispute_holds_is_not_tried_again() {
    let mut book = paid();
    refuse(&mut book, CallRefusal::Other);
    book.tell(Fact::Dispute(dispute(Source::Webhook, "dp_1", DisputeStatus::Opened, 1000)));
    assert_eq!(decide_retry_transfer(&book.file, first(&book).id, &book.context()), Err(RetryRefusal::Disputed));
}

/// §5: one that was given up is replaced by a new row for the same share, once.
#[test]
fn a_transfer_that_was_given_up_is_replaced_once() {
    let mut book = given_up();
    replace(&mut book).unwrap();
    let new = book.file.transfers[1].clone();
    assert_eq!((new.amount.amount, new.status(), new.replaces), (Minor(900), TransferStatus::Pending, Some(first(&book).id)));
    assert_ne!(new.key(), first(&book).key());
    assert!(!on_list(&book, Code::TransferPermanentlyFailed));
    assert_eq!(replace(&mut book), Err(ReplaceRefusal::NothingMissing), "the second operator");
    book.pay_out();
    assert_eq!((book.with_seller(seller(1)), replace(&mut book)), (900, Err(ReplaceRefusal::NothingMissing)));
}

/// §5: only for what the seller has still earned and lacks.
#[test]
fn a_replacement_is_never_more_than_what_is_missing() {
    let mut book = given_up();
    book.refund_now(0, Some(400), Vec::new());
    replace(&mut book).unwrap();
    assert_eq!(amounts(&book), [900, 540]);

    let mut book = given_up();
    book.refund_now(0, None, Vec::new());
    assert_eq!(replace(&mut book), Err(ReplaceRefusal::NothingMissing), "nobody is paid for refunded goods");

    // The replacement is given up as well, and replaced.
    let mut book = given_up();
    for _ in 0..3 {
        replace(&mut book).unwrap();
        let id = book.file.transfers.last().unwrap().id;
        for _ in 0..2 {
            book.tell(Fact::Transfer(id, refused(CallRefusal::Other)));
        }
    }
    replace(&mut book).unwrap();
    book.pay_out();
    assert_eq!(book.with_seller(seller(1)), 900);
}

#[test]
fn only_what_was_given_up_or_taken_by_hand_is_replaced() {
    let mut book = paid();
    assert_eq!(replace(&mut book), Err(ReplaceRefusal::NotReplaceable(TransferStatus::Pending)));
    book.pay_out();
    assert_eq!(replace(&mut book), Err(ReplaceRefusal::NotReplaceable(TransferStatus::Completed)));
    book.refund_now(0, None, Vec::new());
    assert_eq!(replace(&mut book), Err(ReplaceRefusal::NotReplaceable(TransferStatus::ReversalPending)));
    let id = book.file.reversals[0].id;
    book.tell(Fact::Reversal(id, refused(CallRefusal::NotFound)));
    assert_eq!(replace(&mut book), Err(ReplaceRefusal::NotReplaceable(TransferStatus::PermanentlyFailed)), "the seller has it");
    assert_eq!(decide_replace_transfer(&book.file, TransferId(uuid(7)), &book.context()), Err(ReplaceRefusal::Unknown));
}

/// What somebody took back at Connect goes out again when an operator says so, once, and only as far as the seller lacks it.
#[test]
fn what_others_took_back_is_replaced_once() {
    for (refunded, expected) in [(0, 300), (200, 120)] {
        let mut book = paid();
        book.pay_out();
        let (id, name) = (first(&book).id, first(&book).stripe_transfer_id.unwrap());
        let reversals = vec![ConnectReversal { id: "trr_hand".into(), amount: 300, reversal_id: None }];
        book.tell(Fact::ConnectTransfer(id, ConnectTransferFact { id: name, amount: 900, currency: "eur".into(), reversals }));
        if refunded > 0 {
            book.refund_now(0, Some(refunded), Vec::new());
        }
        assert!(on_list(&book, Code::ExternalReversal));
        replace(&mut book).unwrap();
        assert_eq!((amounts(&book), book.file.transfers[1].replaces), (vec![900, expected], Some(id)));
        assert!(!on_list(&book, Code::ExternalReversal));
        assert_eq!(replace(&mut book), Err(ReplaceRefusal::NothingMissing), "the second operator");
        book.pay_out();
        assert_eq!(book.with_seller(seller(1)), 900 - refunded * 9 / 10);
    }
}

/// A replacement is a share like any other: debts are paid from it, and a dispute holds it.
#[test]
fn a_replacement_pays_debts_and_is_held_by_disputes() {
    let sale = |price| Sale { lines: vec![(1, price)], points: 1_000 };
    let mut world = World::new(&[sale(1000), sale(300), sale(1000)], HASTY, 0);
    world.pay(0);
    world.pay(1);
    world.pay(2);
    for nth in [0, 2] {
        let id = world.books[nth].file.transfers[0].id;
        for _ in 0..2 {
            world.tell(nth, &Fact::Transfer(id, refused(CallRefusal::Other)));
        }
    }
    world.quiet_down();
    world.refund(1, 0, None);
    let owed = world.books[1].file.reversals[0].id;
    world.tell(1, &Fact::Reversal(owed, refused(CallRefusal::BalanceInsufficient)));
    for nth in [0, 2] {
        if nth == 2 {
            world.tell(2, &Fact::Dispute(dispute(Source::Webhook, "dp_1", DisputeStatus::Opened, 1000)));
        }
        world.replace(nth, 0);
    }
    let kept: Vec<i64> = world.books[0].file.nettings.iter().map(|row| row.amount.amount.0).collect();
    assert_eq!((kept, amounts(&world.books[0])), (vec![270], vec![900, 630]));
    assert_eq!((amounts(&world.books[2]), world.books[2].file.transfers[1].hold), (vec![900, 900], Some(Hold::Disputed)));
}

/// A refund that comes undone sends what is missing by itself: the entry of what was given up is over then.
#[test]
fn a_share_that_goes_out_again_by_itself_leaves_nothing_to_do_by_hand() {
    let mut book = given_up();
    let id = book.refund_now(0, Some(400), Vec::new());
    book.report(Source::Read, id, PspRefundStatus::Failed);
    assert_eq!(amounts(&book), [900, 900]);
    assert!(!on_list(&book, Code::TransferPermanentlyFailed));
    assert_eq!(replace(&mut book), Err(ReplaceRefusal::NothingMissing));
}
