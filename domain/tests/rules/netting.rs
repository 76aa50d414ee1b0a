//! Debts: netted against later shares, ended by their own worker, written off (spec/01-money §5).

use crate::support::ops::Sale;
use crate::support::world::World;
use crate::support::*;
use veza_domain::attention::{Code, Subject};
use veza_domain::ledger::Account;
use veza_domain::money::{Minor, Money};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::{Change, Fact, PaymentStatus, PspRefundStatus, Source, Verdict, WriteOffRefusal, decide_write_off};
use veza_domain::transfer::{CallOutcome, CallRefusal, Hold, TransferStatus};

/// Orders of 1,000, 500 and 200 by one seller, of which 900, 450 and 180 are the seller's. The first is paid out and refunded, and
/// the seller's account is empty.
fn indebted() -> World {
    let sale = |price| Sale { lines: vec![(1, price)], points: 1_000 };
    let mut world = World::new(&[sale(1000), sale(500), sale(200)], PATIENT, 0);
    world.pay(0);
    world.quiet_down();
    world.refund(0, 0, None);
    refuse_for_lack_of_balance(&mut world, 0);
    world
}

fn refuse_for_lack_of_balance(world: &mut World, nth: usize) {
    let debt = debt(world, nth);
    assert_eq!(world.tell(nth, &Fact::Reversal(debt.id, refused(CallRefusal::BalanceInsufficient))), Verdict::Settled);
}

fn debt(world: &World, nth: usize) -> Reversal {
    world.books[nth].file.reversals[0].clone()
}

fn owed(world: &World) -> i64 {
    world.books.iter().map(|book| book.balance(Account::SellerReceivable(who()))).sum()
}

fn paid_to_seller(world: &World) -> i64 {
    world.books.iter().map(|book| book.with_seller(who())).sum()
}

/// §5: a new transfer of a seller who owes is opened for what is left of the share only, and the reversal shrinks by the same.
#[test]
fn a_share_pays_a_debt_before_the_seller() {
    let mut world = indebted();
    assert_eq!((owed(&world), debt(&world, 0).hold), (900, Some(Hold::BalanceInsufficient)));
    world.pay(1);
    assert!(world.books[1].file.transfers.is_empty(), "nothing at all, if nothing is left");
    assert_eq!(world.books[1].file.nettings[0].amount.amount, Minor(450));
    assert_eq!((debt(&world, 0).netted, debt(&world, 0).open_amount(), owed(&world)), (Minor(450), Minor(450), 450));
    world.pay(2);
    assert_eq!((debt(&world, 0).open_amount(), owed(&world)), (Minor(270), 270));
    assert_eq!(world.books[2].balance(Account::SellerPayable(who())), 0);

    // What is left is taken back at Connect, and no more.
    world.quiet_down();
    assert_eq!((debt(&world, 0).status, paid_to_seller(&world), owed(&world)), (ReversalStatus::Reversed, 630, 0));
    let transfer = &world.books[0].file.transfers[0];
    assert_eq!((transfer.amount_reversed, transfer.status()), (Minor(270), TransferStatus::Reversed));
}

/// §5: what a share leaves over is sent; a debt that is paid in full ends without a call and without an id.
#[test]
fn a_debt_that_shares_have_paid_is_ended_by_its_own_worker_without_a_call() {
    let sale = |price| Sale { lines: vec![(1, price)], points: 1_000 };
    let mut world = World::new(&[sale(300), sale(1000)], PATIENT, 0);
    world.pay(0);
    world.quiet_down();
    world.refund(0, 0, None);
    refuse_for_lack_of_balance(&mut world, 0);
    world.pay(1);
    let paid = debt(&world, 0);
    assert_eq!((paid.status, paid.open_amount(), paid.needs_call()), (ReversalStatus::ReversalPending, Minor(0), false));
    assert!(paid.next_retry_at.is_some_and(|due| due <= world.books[0].now()), "its worker looks at it at once");
    assert_eq!(world.books[1].file.transfers[0].amount.amount, Minor(900 - 270));

    let posted = world.books[0].postings.len();
    assert_eq!(world.tell(0, &Fact::Reversal(paid.id, CallOutcome::NotNeeded)), Verdict::Settled);
    let ended = debt(&world, 0);
    assert_eq!((ended.status, ended.stripe_reversal_id, world.books[0].postings.len()), (ReversalStatus::Reversed, None, posted));
    assert_eq!(world.books[0].file.transfers[0].status(), TransferStatus::Reversed);
    assert_eq!(world.tell(0, &Fact::Reversal(paid.id, CallOutcome::NotNeeded)), Verdict::AlreadySettled);
    world.quiet_down();
    assert_eq!((paid_to_seller(&world), owed(&world)), (900, 0));
}

/// §5: netting is for what Connect has refused. What it still holds is taken from there, or the next share would pay for it and be
/// missing when its own order is refunded, with the first one left at Connect for good.
#[test]
fn what_connect_has_not_refused_is_taken_from_there_and_not_from_the_next_share() {
    let sale = |price| Sale { lines: vec![(1, price)], points: 1_000 };
    let mut world = World::new(&[sale(1000), sale(1000)], PATIENT, 0);
    world.pay(0);
    world.quiet_down();
    world.refund(0, 0, None);
    world.pay(1); // before the reversal's first call
    assert!(!debt(&world, 0).may_be_netted() && world.books[1].file.nettings.is_empty());
    assert_eq!(world.books[1].file.transfers[0].amount.amount, Minor(900));
    world.refund(1, 0, None);
    world.quiet_down();
    assert_eq!((paid_to_seller(&world), owed(&world)), (0, 0), "nothing waits for a third sale");
}

/// The oldest debt is paid first, whichever order it is of; another seller's is none of theirs.
#[test]
fn the_oldest_debt_of_the_same_seller_is_paid_first() {
    let sale = |by, price| Sale { lines: vec![(by, price)], points: 1_000 };
    let mut world = World::new(&[sale(1, 100), sale(1, 200), sale(2, 300), sale(1, 200)], PATIENT, 0);
    for nth in 0..3 {
        world.pay(nth);
    }
    world.quiet_down();
    for nth in [2, 1, 0] {
        world.refund(nth, 0, None);
        refuse_for_lack_of_balance(&mut world, nth);
    }
    world.pay(3);
    assert_eq!([0, 1, 2].map(|nth| debt(&world, nth).netted.0), [0, 180, 0]);
    assert!(world.books[3].file.transfers.is_empty());
}

/// §5: a debt that a call may be taking back right now is not paid as well; nor one in another currency, or of the same order.
#[test]
fn a_debt_in_flight_in_another_currency_or_of_the_same_order_is_not_netted() {
    let world = indebted();
    let debt = debt(&world, 0);
    let sent = debt.clone().sent(world.books[0].now(), LEASE);
    assert!(debt.may_be_netted() && !sent.may_be_netted() && sent.needs_call());
    let dollars = Reversal { amount: Money::new(50, "USD".parse().unwrap()), ..debt.clone() };
    let own = Reversal { order_id: order_nth(1), ..debt };
    for not_payable in [sent, dollars, own] {
        let mut book = Book::new(world.books[1].file.clone());
        book.file.debts = vec![not_payable];
        assert_eq!(book.pay(), Verdict::Settled);
        assert_eq!((book.file.transfers[0].amount.amount, book.file.nettings.len()), (Minor(450), 0));
    }
}

/// §5: a share that paid a debt is refunded: no transfer of the order holds it, so the seller owes it again, and no call is made.
#[test]
fn what_paid_a_debt_and_is_refunded_is_owed_and_waits_for_the_next_share() {
    let mut world = indebted();
    world.pay(1);
    let refund = world.refund(1, 0, None);
    let again = debt(&world, 1);
    assert_eq!((again.amount.amount, again.transfer_id, again.hold), (Minor(450), None, Some(Hold::NothingAtConnect)));
    assert_eq!((again.cause.refund(), again.needs_call(), owed(&world)), (Some(refund), false, 900));
    let now = world.books[1].now();
    assert_eq!(world.tell(1, &Fact::Reversal(again.id, CallOutcome::NotNeeded)), Verdict::Settled);
    assert_eq!(debt(&world, 1).next_retry_at, Some(now.plus(PATIENT.max)), "it waits on");
    for outcome in [CallOutcome::NotThere, unknown(), done("trr_1")] {
        world.tell(1, &Fact::Reversal(again.id, outcome));
        assert_eq!((debt(&world, 1).status, debt(&world, 1).open_amount()), (ReversalStatus::ReversalPending, Minor(450)));
    }
    // The older debt is paid first.
    world.pay(2);
    assert_eq!((debt(&world, 0).open_amount(), debt(&world, 1).open_amount()), (Minor(270), Minor(450)));
    world.quiet_down();
    assert_eq!((paid_to_seller(&world), owed(&world)), (630, 450));
    for nth in 0..3 {
        world.books[nth].check();
    }
}

/// The refund of such a share comes undone: the debt it left is set off against the share at once, whatever else is sold.
#[test]
fn a_debt_that_its_own_share_can_pay_is_set_off() {
    let mut world = indebted();
    world.pay(1);
    let refund = world.refund(1, 0, None);
    assert_eq!(world.report(1, refund, Source::Read, PspRefundStatus::Failed), Verdict::Settled);
    assert_eq!((debt(&world, 1).status, debt(&world, 1).stripe_reversal_id.clone()), (ReversalStatus::Reversed, None));
    assert_eq!((owed(&world), world.books[1].balance(Account::SellerPayable(who()))), (450, 0));
    assert!(world.books[1].file.transfers.is_empty(), "the share still pays the old debt");
    assert_eq!(world.report(1, refund, Source::Read, PspRefundStatus::Succeeded), Verdict::Settled);
    assert_eq!(owed(&world), 900);
}

/// §5: an admin may write a debt off: the platform bears it, the seller does not owe it, the books say so.
#[test]
fn a_written_off_debt_is_the_platforms() {
    for given_up in [false, true] {
        let mut world = indebted();
        if given_up {
            world.tell(0, &Fact::Reversal(debt(&world, 0).id, refused(CallRefusal::NotFound)));
            assert!(world.books[0].is_flagged(Code::ReversalPermanentlyFailed));
        }
        world.pay(2);
        let open = 720; // 180 were paid by the last order's share, whether it had been given up or not
        let (id, book) = (debt(&world, 0).id, &world.books[0]);
        let changes = decide_write_off(&book.file, id, &book.context()).unwrap();
        world.commit(0, &changes);
        let row = debt(&world, 0);
        assert_eq!((row.status, row.written_off, row.open_amount()), (ReversalStatus::PermanentlyFailed, Minor(open), Minor(0)));
        assert_eq!((owed(&world), world.books[0].balance(Account::DisputeLoss)), (0, open));
        assert!(!world.books[0].attention.contains(&(Subject::Reversal(id), Code::ReversalPermanentlyFailed)));
        assert_eq!(world.books[0].file.transfers[0].status(), TransferStatus::PermanentlyFailed);
        let book = &world.books[0];
        assert_eq!(decide_write_off(&book.file, id, &book.context()), Err(WriteOffRefusal::NothingOwed), "two operators write off once");
        world.pay(1);
        assert_eq!(world.books[1].file.transfers[0].amount.amount, Minor(450), "the next share is the seller's");
    }
}

#[test]
fn a_debt_that_a_call_may_be_taking_back_is_not_written_off() {
    let mut world = indebted();
    let book = &mut world.books[0];
    let id = book.file.reversals[0].id;
    assert_eq!(decide_write_off(&book.file, veza_domain::ids::ReversalId(uuid(7)), &book.context()), Err(WriteOffRefusal::Unknown));
    book.file.reversals[0] = book.file.reversals[0].clone().sent(book.now(), LEASE);
    assert_eq!(decide_write_off(&book.file, id, &book.context()), Err(WriteOffRefusal::InFlight));
    book.tell(Fact::Reversal(id, done("trr_1")));
    assert_eq!(decide_write_off(&book.file, id, &book.context()), Err(WriteOffRefusal::NothingOwed));
}

/// §5: the refund behind a written-off debt comes undone: the seller has the share already, so nothing is sent, and the platform
/// has lost nothing. It succeeds after all: the seller owes again.
#[test]
fn a_write_off_is_undone_with_the_refund_that_caused_it() {
    let mut world = indebted();
    let (id, book) = (debt(&world, 0).id, &world.books[0]);
    let changes = decide_write_off(&book.file, id, &book.context()).unwrap();
    world.commit(0, &changes);
    let refund = refund_nth(0, 0);
    for _ in 0..2 {
        assert_eq!(world.report(0, refund, Source::Read, PspRefundStatus::Failed), Verdict::Settled);
        let book = &world.books[0];
        assert_eq!((book.balance(Account::DisputeLoss), book.balance(Account::SellerPayable(who())), owed(&world)), (0, 0, 0));
        assert_eq!((paid_to_seller(&world), world.books[0].file.transfers.len()), (900, 1), "neither paid twice nor short");
        assert_eq!(world.report(0, refund, Source::Read, PspRefundStatus::Succeeded), Verdict::Settled);
        assert_eq!((owed(&world), paid_to_seller(&world)), (900, 900));
    }
}

/// Found by `once_quiet_every_seller_has_exactly_the_share_that_stands`: what was written off was taken back after all, when a later
/// share was sent without it.
#[test]
fn what_was_written_off_stays_with_the_seller_when_another_refund_comes_undone() {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    book.pay_out();
    book.refund_now(0, Some(100), Vec::new());
    let changes = decide_write_off(&book.file, book.file.reversals[0].id, &book.context()).unwrap();
    book.commit(&changes);
    let id = book.refund_now(1, None, Vec::new());
    book.pay_out();
    assert_eq!(book.with_seller(who()), 90);
    book.report(Source::Read, id, PspRefundStatus::Failed);
    book.pay_out();
    assert_eq!((book.with_seller(who()), book.balance(Account::DisputeLoss)), (810 + 90, 90));
    assert_eq!(book.balance(Account::SellerPayable(who())), 0);
}

/// A debt that was given up is set off against what the same order has the seller coming: nobody is dunned and paid at once.
#[test]
fn a_debt_that_was_given_up_is_set_off_when_its_refund_comes_undone() {
    let mut world = indebted();
    world.tell(0, &Fact::Reversal(debt(&world, 0).id, refused(CallRefusal::NotFound)));
    assert_eq!(world.report(0, refund_nth(0, 0), Source::Read, PspRefundStatus::Failed), Verdict::Settled);
    assert_eq!((owed(&world), world.books[0].balance(Account::SellerPayable(who()))), (0, 0));
    assert!(!world.books[0].is_flagged(Code::ReversalPermanentlyFailed));
    assert_eq!((paid_to_seller(&world), world.books[0].file.transfers.len()), (900, 1));
}

/// A debt that was given up is on the list until a share has paid the last of it; one that is still tried was never on it.
#[test]
fn a_share_that_pays_the_last_of_a_debt_that_was_given_up_takes_it_off_the_list() {
    let mut world = indebted();
    let tried = debt(&world, 0);
    world.tell(0, &Fact::Reversal(tried.id, refused(CallRefusal::NotFound)));
    let given_up = debt(&world, 0);
    for (debt, amount, settled) in [(&given_up, 450, true), (&given_up, 451, false), (&tried, 450, false)] {
        let mut book = Book::new(world.books[1].file.clone());
        book.file.debts = vec![Reversal { amount: Money::new(amount, eur()), ..debt.clone() }];
        let paid = payment(Source::Webhook, PaymentStatus::Succeeded, book.file.order.total.amount.0);
        let decision = book.settle(&Fact::Payment(paid)).unwrap();
        let off_the_list = Change::Settled(Subject::Reversal(debt.id), Code::ReversalPermanentlyFailed);
        assert_eq!(decision.changes.contains(&off_the_list), settled, "{amount}, {:?}", debt.status);
        assert_eq!(book.file.nettings[0].amount.amount, Minor(450));
    }
}
