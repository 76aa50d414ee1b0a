//! What others took back at Connect, after that: sent again, kept, or accounted for by refunds, in part and more than once; and who is
//! told of it when (spec/01-money §5).

use crate::support::ops::Sale;
use crate::support::world::World;
use crate::support::*;
use veza_domain::attention::{Code, Subject};
use veza_domain::dispute::DisputeStatus;
use veza_domain::ids::TransferId;
use veza_domain::ledger::Account;
use veza_domain::money::Minor;
use veza_domain::reversal::ReversalStatus;
use veza_domain::settlement::{
    Change, ConnectReversal, ConnectTransferFact, Fact, PspRefundStatus, Source, Verdict, decide_keep_back, decide_replace_transfer,
    decide_write_off,
};
use veza_domain::transfer::{CallOutcome, CallRefusal, TransferStatus};

/// What Connect has of a transfer once somebody has taken `amounts` of it back by hand.
fn seen(book: &Book, id: TransferId, amounts: &[i64]) -> Fact {
    let transfer = book.transfer(id);
    let by_hand = |(n, amount): (usize, &i64)| ConnectReversal { id: format!("trr_{id}_{n}"), amount: *amount, reversal_id: None };
    let fact = ConnectTransferFact {
        id: transfer.stripe_transfer_id.unwrap(),
        amount: transfer.amount.amount.0,
        currency: "eur".to_owned(),
        reversals: amounts.iter().enumerate().map(by_hand).collect(),
    };
    Fact::ConnectTransfer(id, fact)
}

/// Somebody takes `amounts` back of the seller's `nth` transfer.
fn taken(book: &mut Book, nth: usize, amounts: &[i64]) -> TransferId {
    let id = book.file.transfers[nth].id;
    book.tell(seen(book, id, amounts));
    id
}

fn replace(book: &mut Book, id: TransferId) {
    let changes = decide_replace_transfer(&book.file, id, &book.context()).unwrap();
    book.commit(&changes);
    book.pay_out();
}

fn keep(book: &mut Book, id: TransferId) {
    let changes = decide_keep_back(&book.file, id, &book.context()).unwrap();
    book.commit(&changes);
}

fn undo(book: &mut Book, n: u64) {
    assert_eq!(book.report(Source::Read, refund_id(n), PspRefundStatus::Failed), Verdict::Settled);
    book.pay_out();
}

fn is_listed(book: &Book, id: TransferId) -> bool {
    book.attention.contains(&(Subject::Transfer(id), Code::ExternalReversal))
}

/// What an operator has had sent again is not withheld a second time: a refund that comes undone later gives all of it back.
#[test]
fn what_was_replaced_is_not_withheld_again() {
    let mut book = share_paid_out();
    let id = taken(&mut book, 0, &[300]);
    replace(&mut book, id);
    assert_eq!(book.with_seller(who()), 900);
    book.refund_now(0, None, Vec::new());
    book.pay_out();
    assert_eq!(book.with_seller(who()), 0);
    undo(&mut book, 0);
    assert_eq!((book.with_seller(who()), book.withheld(who()), is_listed(&book, id)), (900, 0, false));
}

/// Of 500 that were taken in two parts a refund accounts for 225; what is replaced is the rest, and no more of either part.
#[test]
fn what_is_replaced_counts_against_what_was_taken_once() {
    let mut book = share_paid_out();
    book.refund_now(0, Some(250), Vec::new());
    let id = book.file.reversals[0].id;
    book.tell(Fact::Reversal(id, refused(CallRefusal::BalanceInsufficient)));
    let id = taken(&mut book, 0, &[200, 300]);
    book.pay_out();
    assert_eq!((book.with_seller(who()), book.withheld(who())), (400, 275));
    replace(&mut book, id);
    assert_eq!((book.with_seller(who()), book.withheld(who())), (675, 0));
    undo(&mut book, 0);
    assert_eq!((book.with_seller(who()), book.withheld(who())), (675, 225), "nobody has said that it is to be sent");
    book.refund_now(1, None, Vec::new());
    book.pay_out();
    undo(&mut book, 1);
    assert_eq!((book.with_seller(who()), book.withheld(who())), (675, 225));
}

/// A person who looks at the list decides about the transfer that was taken from, and about no other.
#[test]
fn only_the_transfer_that_was_taken_from_is_listed() {
    let mut book = share_paid_out();
    let first = taken(&mut book, 0, &[300]);
    assert!(is_listed(&book, first));
    replace(&mut book, first);
    assert!(!is_listed(&book, first));
    let second = taken(&mut book, 1, &[100]);
    assert!(is_listed(&book, second) && !is_listed(&book, first), "the first one was replaced in full");
}

/// The list is not told again of what it has: a refund that accounts for a part makes less of it, not more.
#[test]
fn what_shrinks_is_not_listed_anew() {
    let mut book = share_paid_out();
    let id = taken(&mut book, 0, &[300]);
    book.open(refund_id(0), user(buyer()), Some(100), Vec::new()).unwrap();
    let fact = Fact::Refund(refund(Source::Webhook, &refund_id(0).to_string(), PspRefundStatus::Succeeded, 100));
    let decision = book.settle(&fact).unwrap();
    assert_eq!((book.withheld(who()), is_listed(&book, id)), (210, true));
    let told = |change: &Change| matches!(change, Change::Attention(_) | Change::Settled(..));
    assert!(!decision.changes.iter().any(told), "{:?}", decision.changes);
    let decision = book.settle(&seen(&book, id, &[300, 50])).unwrap();
    assert!(decision.changes.iter().any(told), "more of it is news");
}

/// Of two parts that were taken, a refund accounts for some: what is kept is the rest, whichever part it is of.
#[test]
fn of_what_was_taken_in_parts_only_what_is_lacking_is_kept() {
    let mut book = share_paid_out();
    let id = taken(&mut book, 0, &[50, 60]);
    book.refund_now(0, Some(56), Vec::new());
    assert_eq!((book.taken_back(who()), book.withheld(who())), (50, 60));
    keep(&mut book, id);
    assert_eq!((book.kept(who()), book.withheld(who()), book.with_seller(who())), (60, 0, 790));
}

/// What is kept is what others took, also beside a reversal of ours that was carried out before.
#[test]
fn what_is_kept_is_not_what_a_refund_took_back() {
    let mut book = share_paid_out();
    book.refund_now(0, Some(400), Vec::new());
    book.pay_out();
    let ours = book.file.reversals[0].clone();
    let transfer = book.file.transfers[0].clone();
    let by_us = ConnectReversal { id: ours.stripe_reversal_id.clone().unwrap(), amount: 360, reversal_id: Some(ours.id) };
    let by_hand = ConnectReversal { id: "trr_hand".to_owned(), amount: 50, reversal_id: None };
    let id = transfer.stripe_transfer_id.clone().unwrap();
    let fact = ConnectTransferFact { id, amount: 900, currency: "eur".to_owned(), reversals: vec![by_us, by_hand] };
    book.tell(Fact::ConnectTransfer(transfer.id, fact));
    keep(&mut book, transfer.id);
    assert_eq!((&book.file.reversals[0], book.kept(who()), book.with_seller(who())), (&ours, 50, 490));
}

/// A refund makes the platform give up as much of what it kept as was not earned after all, over as many parts as that takes.
#[test]
fn of_what_was_kept_in_parts_a_refund_leaves_what_was_earned() {
    let mut book = share_paid_out();
    let id = taken(&mut book, 0, &[50, 60]);
    keep(&mut book, id);
    assert_eq!(book.kept(who()), 110);
    book.refund_now(0, Some(967), Vec::new());
    assert_eq!((book.taken_back(who()), book.kept(who())), (870, 30), "870 of 900 go back, so 30 are left to keep");
    book.pay_out();
    assert_eq!(book.with_seller(who()), 0);
}

/// What was kept from one seller stays kept when another one's line is refunded, and so do debts that were written off.
#[test]
fn a_refund_of_one_seller_leaves_what_was_kept_from_another() {
    let mut book = Book::paid(checkout(&[(1, 1000), (2, 1000)], 1_000));
    book.pay_out();
    for nth in [1, 0] {
        let id = taken(&mut book, nth, &[50]);
        keep(&mut book, id);
    }
    let sellers = book.transfers_of(seller(1))[0].id == book.file.transfers[0].id;
    assert!(sellers && (book.kept(seller(1)), book.kept(seller(2))) == (50, 50));
    book.refund_now(0, None, vec![line_id(0)]);
    book.pay_out();
    assert_eq!((book.kept(seller(1)), book.kept(seller(2))), (0, 50));
    assert_eq!((book.with_seller(seller(1)), book.with_seller(seller(2))), (0, 850));
}

/// What another order's share has paid for was never lost by this order's seller: it is not kept, whatever was kept before.
#[test]
fn no_more_is_kept_than_was_earned_also_the_second_time() {
    let sale = |price| Sale { lines: vec![(1, price)], points: 1_000 };
    let mut world = World::new(&[sale(1000), sale(500)], PATIENT, 0);
    world.pay(0);
    world.books[0].pay_out();
    let id = taken(&mut world.books[0], 0, &[100]);
    keep(&mut world.books[0], id);
    world.refund(0, 0, Some(500));
    let debt = world.books[0].reversals_of(who())[0].clone();
    assert_eq!(debt.open_amount(), Minor(450));
    world.tell(0, &Fact::Reversal(debt.id, refused(CallRefusal::NotFound)));
    world.pay(1);
    assert_eq!(world.books[0].reversal(debt.id).open_amount(), Minor(0), "another order's share has paid it");
    let book = &mut world.books[0];
    let fact = seen(book, id, &[100, 800]);
    book.tell(fact);
    keep(book, id);
    assert_eq!((book.kept(who()), book.earned(who())), (450, 0), "half of the share was refunded, the other half is kept");
}

/// What waits behind an open reversal goes out the moment that is set off, also when no call has ended it.
#[test]
fn a_share_that_waits_goes_out_when_the_reversal_before_it_is_set_off() {
    let mut book = share_paid_out();
    book.refund_now(0, Some(200), Vec::new());
    book.pay_out();
    book.refund_now(1, Some(400), Vec::new());
    let open = book.file.reversals[1].clone();
    assert_eq!((open.status, open.open_amount()), (ReversalStatus::ReversalPending, Minor(360)));
    book.file.reversals[1] = open.clone().sent(book.now(), LEASE);
    for n in [0, 1] {
        assert_eq!(book.report(Source::Read, refund_id(n), PspRefundStatus::Failed), Verdict::Settled);
    }
    let ours = ConnectReversal { id: book.file.reversals[0].stripe_reversal_id.clone().unwrap(), amount: 180, reversal_id: None };
    let hand = ConnectReversal { id: "trr_hand".to_owned(), amount: 360, reversal_id: None };
    let transfer = book.file.transfers[0].clone();
    let id = transfer.stripe_transfer_id.clone().unwrap();
    let fact = ConnectTransferFact { id, amount: 900, currency: "eur".to_owned(), reversals: vec![ours, hand] };
    book.tell(Fact::ConnectTransfer(transfer.id, fact));
    assert_eq!(book.file.transfers.len(), 1, "the reversal's call may be taking effect");
    book.tell(Fact::Reversal(open.id, refused(CallRefusal::Other)));
    assert_eq!(book.reversal(open.id).status, ReversalStatus::Reversed, "what was taken by hand has done its work");
    assert_eq!(book.file.transfers[1].amount.amount, Minor(180), "the first refund's part");
    book.pay_out();
    assert_eq!((book.with_seller(who()), book.withheld(who())), (540, 360));
}

/// "Already reversed" is not our doing where less is left than we asked for: what is left is asked for anew, and nobody is alarmed.
#[test]
fn already_reversed_is_not_believed_of_more_than_is_left() {
    let mut book = share_paid_out();
    book.refund_now(0, Some(400), Vec::new());
    let open = book.file.reversals[0].clone();
    book.file.reversals[0] = open.clone().sent(book.now(), LEASE);
    taken(&mut book, 0, &[700]);
    assert_eq!(book.tell(Fact::Reversal(open.id, CallOutcome::Done { provider_id: None })), Verdict::Settled);
    let after = book.reversal(open.id);
    assert_eq!((after.status, after.open_amount()), (ReversalStatus::Reversed, Minor(0)), "the hand has taken it already");
    assert!(!book.is_flagged(Code::TransferMismatch));
    assert_eq!((book.with_seller(who()), book.withheld(who())), (200, 340));

    // Connect's own word for a call of ours, with its id, can't be right and our books as well: a person has to look.
    let mut book = share_paid_out();
    book.refund_now(0, Some(400), Vec::new());
    book.file.reversals[0] = open.clone().sent(book.now(), LEASE);
    taken(&mut book, 0, &[700]);
    assert_eq!(book.tell(Fact::Reversal(open.id, done("trr_1"))), Verdict::AmountMismatch);
    assert!(book.is_flagged(Code::TransferMismatch) && book.with_seller(who()) == 200);

    let mut book = share_paid_out();
    book.refund_now(0, Some(400), Vec::new());
    let open = book.file.reversals[0].id;
    book.tell(Fact::Reversal(open, CallOutcome::Done { provider_id: None }));
    assert_eq!((book.reversal(open).status, book.with_seller(who())), (ReversalStatus::Reversed, 540), "enough is left, so it was ours");
}

/// A transfer that was given up can be replaced whatever other transfers the seller has, and once.
#[test]
fn a_transfer_that_was_given_up_is_replaced_beside_one_that_arrived() {
    let mut book = share_paid_out();
    book.refund_now(0, Some(400), Vec::new());
    book.pay_out();
    assert_eq!(book.report(Source::Read, refund_id(0), PspRefundStatus::Failed), Verdict::Settled);
    let id = book.file.transfers[1].id;
    book.policy = HASTY;
    for _ in 0..2 {
        book.tell(Fact::Transfer(id, refused(CallRefusal::Other)));
    }
    assert_eq!((book.transfer(id).status(), book.with_seller(who())), (TransferStatus::PermanentlyFailed, 540));
    replace(&mut book, id);
    assert_eq!((book.file.transfers[2].replaces, book.with_seller(who())), (Some(id), 900));
    assert!(decide_replace_transfer(&book.file, id, &book.context()).is_err());
}

/// The platform took a debt upon itself, the loss behind it was booked anew, and then the money came back by hand after all, in two parts
/// that one look brings: each part is off the platform's loss, by an entry of its own.
#[test]
fn what_was_written_off_and_comes_back_in_parts_is_booked_part_by_part() {
    let mut book = share_paid_out();
    let lost = |amount| Fact::Dispute(dispute(Source::Read, "dp_1", DisputeStatus::Lost, amount));
    book.tell(lost(1000));
    let debt = book.file.reversals[0].id;
    let changes = decide_write_off(&book.file, debt, &book.context()).unwrap();
    book.commit(&changes);
    assert_eq!((book.reversal(debt).written_off, book.balance(Account::DisputeLoss)), (Minor(900), 900));
    book.tell(lost(999));
    assert_eq!((book.reversal(debt).written_off, book.balance(Account::DisputeLoss)), (Minor(899), 899));
    taken(&mut book, 0, &[100, 200]);
    assert_eq!((book.reversal(debt).written_off, book.balance(Account::DisputeLoss)), (Minor(599), 599));
    assert_eq!((book.with_seller(who()), book.withheld(who())), (600, 0));
}

/// A debt that was given up is on the list until the last of it is paid, also by what its own order has coming.
#[test]
fn a_debt_that_is_set_off_in_part_stays_on_the_list() {
    let mut book = share_paid_out();
    let told = |status, amount| Fact::Dispute(dispute(Source::Read, "dp_1", status, amount));
    book.tell(told(DisputeStatus::Lost, 1000));
    let debt = book.file.reversals[0].id;
    book.tell(Fact::Reversal(debt, refused(CallRefusal::NotFound)));
    let last = told(DisputeStatus::Won, 100);
    for (fact, owed) in [(told(DisputeStatus::Lost, 500), 450), (told(DisputeStatus::Lost, 100), 90), (last, 0)] {
        book.tell(fact);
        let listed = book.attention.contains(&(Subject::Reversal(debt), Code::ReversalPermanentlyFailed));
        assert_eq!((book.reversal(debt).open_amount(), book.owed(who()), listed), (Minor(owed), owed, owed > 0));
        assert_eq!(book.with_seller(who()), 900);
    }
}
