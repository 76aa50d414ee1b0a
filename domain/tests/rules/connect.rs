//! What Connect has of a transfer: reversals that are ours, those that somebody made by hand, transfers that are not as we made them
//! (spec/01-money §5).

use crate::support::*;
use proptest::prelude::*;
use veza_domain::attention::{Code, Subject};
use veza_domain::ids::{ReversalId, TransferId};
use veza_domain::ledger::Account;
use veza_domain::money::Minor;
use veza_domain::reversal::{Reversal, ReversalCause, ReversalStatus};
use veza_domain::settlement::{
    AdoptRefusal, ConnectReversal, ConnectTransferFact, Fact, PspRefundStatus, SettlementError, Source, Verdict, decide_adopt_transfer_id,
};
use veza_domain::transfer::{CallOutcome, CallRefusal, Transfer, TransferStatus};

/// Paid, and the share of 900 is with the seller, as `tr_1`.
fn paid_out() -> Book {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    let id = book.file.transfers[0].id;
    book.tell(Fact::Transfer(id, done("tr_1")));
    book
}

fn transfer(book: &Book) -> Transfer {
    book.file.transfers[0].clone()
}

fn by_hand(id: &str, amount: i64) -> ConnectReversal {
    ConnectReversal { id: id.into(), amount, reversal_id: None }
}

fn ours(id: &str, row: &Reversal) -> ConnectReversal {
    ConnectReversal { id: id.into(), amount: row.open_amount().0, reversal_id: Some(row.id) }
}

fn seen(book: &Book, reversals: &[ConnectReversal]) -> Fact {
    let id = transfer(book).id;
    Fact::ConnectTransfer(id, ConnectTransferFact { id: "tr_1".into(), amount: 900, currency: "eur".into(), reversals: reversals.to_vec() })
}

fn look(book: &mut Book, reversals: &[ConnectReversal]) -> Verdict {
    let verdict = book.tell(seen(book, reversals));
    let after = book.file.clone();
    let again = book.tell(seen(book, reversals));
    assert_eq!(book.file, after, "a second look changes nothing");
    assert!(matches!(again, Verdict::AlreadySettled) || again == verdict);
    verdict
}

fn externals(book: &Book) -> Vec<Reversal> {
    book.file.reversals.iter().filter(|row| row.cause == ReversalCause::External).cloned().collect()
}

fn on_list(book: &Book, code: Code) -> bool {
    book.attention.contains(&(Subject::Transfer(transfer(book).id), code))
}

#[test]
fn a_transfer_that_is_as_we_made_it_changes_nothing() {
    let mut book = paid_out();
    let before = book.file.clone();
    assert_eq!(look(&mut book, &[]), Verdict::AlreadySettled);
    assert_eq!(book.file, before);
    let unknown = Fact::ConnectTransfer(
        TransferId(uuid(7)),
        ConnectTransferFact { id: "tr_7".into(), amount: 1, currency: "eur".into(), reversals: vec![] },
    );
    assert_eq!(book.settle(&unknown), Err(SettlementError::UnknownRow));
}

/// Amount, currency and id must be those of ours, else a person has to look and nothing moves.
#[test]
fn a_transfer_that_is_not_as_we_made_it_is_flagged() {
    for (id, amount, currency, code) in [
        ("tr_1", 901, "eur", Code::TransferMismatch),
        ("tr_1", 900, "usd", Code::TransferMismatch),
        ("tr_2", 900, "eur", Code::TransferPaidTwice),
    ] {
        let mut book = paid_out();
        let before = book.file.clone();
        let fact = ConnectTransferFact { id: id.into(), amount, currency: currency.into(), reversals: vec![by_hand("trr_x", 100)] };
        assert_eq!(book.tell(Fact::ConnectTransfer(before.transfers[0].id, fact)), Verdict::AmountMismatch);
        assert_eq!(book.file, before);
        assert!(on_list(&book, code));
    }
}

/// A read is an answer too: what Connect has was sent, whatever became of our call.
#[test]
fn a_transfer_of_unknown_outcome_that_connect_has_is_completed() {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    book.send_transfer(transfer(&book).id);
    assert_eq!(look(&mut book, &[]), Verdict::Settled);
    assert_eq!((transfer(&book).status(), transfer(&book).stripe_transfer_id.as_deref()), (TransferStatus::Completed, Some("tr_1")));
    assert_eq!(book.with_seller(seller(1)), 900);
}

/// What we gave up and Connect has: neither booked nor sent again by itself; a person has to look.
#[test]
fn a_transfer_that_was_given_up_and_connect_has_is_flagged() {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    book.refund_now(0, None, Vec::new());
    assert_eq!(transfer(&book).status(), TransferStatus::PermanentlyFailed);
    let before = book.file.clone();
    look(&mut book, &[by_hand("trr_x", 100)]);
    assert!(book.file == before && on_list(&book, Code::TransferMismatch));
}

/// Ours by its metadata: the answer was lost, or has not come yet.
#[test]
fn a_reversal_of_ours_is_settled_by_its_name() {
    for in_flight in [false, true] {
        let mut book = paid_out();
        book.refund_now(0, None, Vec::new());
        if in_flight {
            book.file.reversals[0] = book.file.reversals[0].clone().sent(book.now(), LEASE);
        }
        let row = book.file.reversals[0].clone();
        assert_eq!(look(&mut book, &[ours("trr_1", &row)]), Verdict::Settled);
        let row = book.file.reversals[0].clone();
        assert_eq!((row.status, row.stripe_reversal_id.as_deref()), (ReversalStatus::Reversed, Some("trr_1")));
        assert_eq!((transfer(&book).status(), book.file.reversals.len()), (TransferStatus::Reversed, 1));
        assert_eq!(book.tell(Fact::Reversal(row.id, done("trr_1"))), Verdict::AlreadySettled);
    }
}

/// Somebody did our work by hand: exactly what one of ours is about to take, and none is in flight.
#[test]
fn a_reversal_by_hand_of_the_same_amount_is_taken_for_ours() {
    let mut book = paid_out();
    book.refund_now(0, Some(400), Vec::new());
    assert_eq!(look(&mut book, &[by_hand("trr_hand", 360)]), Verdict::Settled);
    let row = book.file.reversals[0].clone();
    assert_eq!((row.status, row.stripe_reversal_id.as_deref()), (ReversalStatus::Reversed, Some("trr_hand")));
    assert!(externals(&book).is_empty() && !on_list(&book, Code::ExternalReversal));
    assert_eq!(book.with_seller(seller(1)), 540);
}

/// "Already reversed", and only now it shows by whom: its id is kept, nothing is booked twice.
#[test]
fn a_reversal_that_was_done_without_an_id_takes_it_over() {
    let mut book = paid_out();
    book.refund_now(0, None, Vec::new());
    let id = book.file.reversals[0].id;
    book.tell(Fact::Reversal(id, CallOutcome::Done { provider_id: None }));
    let posted = book.postings.len();
    assert_eq!(look(&mut book, &[by_hand("trr_hand", 900)]), Verdict::Settled);
    assert_eq!((book.file.reversals[0].stripe_reversal_id.as_deref(), book.postings.len()), (Some("trr_hand"), posted));
}

/// "Already reversed" in pieces, or more of it than we wanted: the books take what they had left, and no more.
#[test]
fn what_was_already_reversed_by_others_is_booked_as_far_as_the_transfer_goes() {
    for (refunded, hands) in [(1000, vec![500, 400]), (400, vec![900]), (400, vec![100, 800])] {
        let mut book = paid_out();
        book.refund_now(0, Some(refunded), Vec::new());
        let id = book.file.reversals[0].id;
        book.tell(Fact::Reversal(id, CallOutcome::Done { provider_id: None }));
        let hands: Vec<_> = hands.iter().enumerate().map(|(n, amount)| by_hand(&format!("trr_{n}"), *amount)).collect();
        look(&mut book, &hands);
        assert_eq!((transfer(&book).left(), book.with_seller(seller(1))), (Minor(0), 0), "{hands:?}");
        assert_eq!(book.withheld(seller(1)), 900 * (1000 - refunded) / 1000);
        assert_eq!(book.withheld(seller(1)) > 0, on_list(&book, Code::ExternalReversal));
    }
}

/// Nobody knows why: it is booked, the gap is not sent again by itself, and a person has to say.
#[test]
fn a_reversal_by_a_stranger_is_imported_once_and_flagged() {
    let mut book = paid_out();
    assert_eq!(look(&mut book, &[by_hand("trr_hand", 300)]), Verdict::Settled);
    let [row] = externals(&book).try_into().unwrap();
    assert_eq!(
        (row.amount.amount, row.status, row.stripe_reversal_id.as_deref()),
        (Minor(300), ReversalStatus::Reversed, Some("trr_hand"))
    );
    assert_eq!((book.with_seller(seller(1)), book.balance(Account::SellerPayable(seller(1)))), (600, -300));
    assert_eq!((transfer(&book).status(), transfer(&book).amount_reversed), (TransferStatus::Completed, Minor(300)));
    assert!(on_list(&book, Code::ExternalReversal));
    let id = book.refund_now(0, Some(100), Vec::new());
    assert_eq!(book.report(Source::Read, id, PspRefundStatus::Failed), Verdict::Settled);
    book.pay_out();
    assert_eq!((book.file.transfers.len(), book.with_seller(seller(1))), (1, 600), "the gap is not sent again by itself");

    look(&mut book, &[by_hand("trr_hand", 300), by_hand("trr_more", 600)]);
    assert_eq!(transfer(&book).status(), TransferStatus::Reversed, "all of it is gone");
}

/// More than the transfer has left by our books can't be told from a mistake: flagged, nothing booked.
#[test]
fn a_reversal_beyond_what_is_left_is_only_flagged() {
    let mut book = paid_out();
    let before = book.file.clone();
    for amount in [901, 0, -1] {
        look(&mut book, &[by_hand("trr_hand", amount)]);
        assert!(book.file == before && on_list(&book, Code::ExternalReversal));
    }
}

/// A reversal that names another row of ours, or one that is done already, is a stranger's.
#[test]
fn a_reversal_with_a_name_that_does_not_fit_is_a_strangers() {
    let mut book = paid_out();
    book.refund_now(0, Some(400), Vec::new());
    let row = book.file.reversals[0].clone();
    book.tell(Fact::Reversal(row.id, done("trr_1")));
    let twice = ConnectReversal { id: "trr_2".into(), amount: 360, reversal_id: Some(row.id) };
    let nobody = ConnectReversal { id: "trr_3".into(), amount: 10, reversal_id: Some(ReversalId(uuid(7))) };
    look(&mut book, &[by_hand("trr_1", 360), twice, nobody]);
    assert_eq!(externals(&book).iter().map(|row| row.amount.amount.0).collect::<Vec<_>>(), [360, 10]);
    assert!(on_list(&book, Code::ExternalReversal));
}

/// What a stranger left of a transfer is all that our open reversal can ask for; what it can't take there, it takes elsewhere or not.
#[test]
fn an_open_reversal_shrinks_to_what_a_stranger_left() {
    let mut book = paid_out();
    book.refund_now(0, None, Vec::new());
    assert_eq!(look(&mut book, &[by_hand("trr_hand", 300)]), Verdict::Settled);
    let row = book.file.reversals[0].clone();
    assert_eq!((row.status, row.open_amount(), row.netted), (ReversalStatus::ReversalPending, Minor(600), Minor(300)));
    assert!(!on_list(&book, Code::ExternalReversal), "the refund accounts for it");
    book.pay_out();
    assert_eq!((transfer(&book).status(), book.with_seller(seller(1))), (TransferStatus::Reversed, 0));
    assert!(book.balances().values().all(|balance| *balance == 0));
}

/// One that may be under way is left as it is; once Connect has refused it, it asks for what is left.
#[test]
fn a_reversal_in_flight_shrinks_once_its_outcome_is_known() {
    let mut book = paid_out();
    book.refund_now(0, None, Vec::new());
    book.file.reversals[0] = book.file.reversals[0].clone().sent(book.now(), LEASE);
    let sent = book.file.reversals[0].clone();
    look(&mut book, &[by_hand("trr_hand", 300)]);
    assert_eq!(book.file.reversals[0], sent);
    book.tell(Fact::Reversal(sent.id, refused(CallRefusal::Other)));
    assert_eq!(book.file.reversals[0].open_amount(), Minor(600));
    book.pay_out();
    assert!(book.balances().values().all(|balance| *balance == 0));
}

/// Found by `once_quiet_every_seller_has_exactly_the_share_that_stands`: our reversal went on asking for more than the stranger had
/// left of its transfer, while another transfer of the seller was to give the rest.
#[test]
fn what_a_stranger_took_of_one_transfer_is_taken_from_the_next_one() {
    let mut book = paid_out();
    let id = book.refund_now(0, Some(930), Vec::new());
    let row = book.file.reversals[0].clone();
    book.tell(Fact::Reversal(row.id, done("trr_1")));
    book.report(Source::Read, id, PspRefundStatus::Failed);
    book.report(Source::Read, id, PspRefundStatus::Succeeded);
    assert_eq!(book.file.transfers.iter().map(|row| row.amount.amount.0).collect::<Vec<_>>(), [900, 837], "the second is on its way");
    assert_eq!(book.file.reversals[1].open_amount(), Minor(63));
    look(&mut book, &[by_hand("trr_1", 837), by_hand("trr_hand", 10)]);
    assert_eq!(book.file.reversals[1].open_amount(), Minor(53), "all that is left");
    book.pay_out();
    assert_eq!((book.with_seller(seller(1)), book.withheld(seller(1))), (63, 0));
}

/// Found by the same: a reversal that could not be carried out any more was set off, and what that left missing was not looked for.
#[test]
fn a_stranger_who_takes_all_leaves_the_same_whatever_was_under_way() {
    let mut ends = Vec::new();
    for under_way in [false, true] {
        let mut book = paid_out();
        if under_way {
            let id = book.refund_now(0, Some(100), Vec::new());
            book.file.reversals[0] = book.file.reversals[0].clone().sent(book.now(), LEASE);
            book.report(Source::Read, id, PspRefundStatus::Failed);
        }
        look(&mut book, &[by_hand("trr_hand", 900)]);
        if under_way {
            let id = book.file.reversals[0].id;
            book.tell(Fact::Reversal(id, refused(CallRefusal::Other)));
        }
        book.pay_out();
        ends.push((
            book.with_seller(seller(1)),
            book.withheld(seller(1)),
            on_list(&book, Code::ExternalReversal),
            account_sums(&book.balances()),
        ));
    }
    assert_eq!((ends[0].0, ends[0].1, ends[0].2), (0, 900, true));
    assert_eq!(ends[0], ends[1]);
}

#[test]
fn an_id_is_adopted_by_what_connect_has_and_by_nothing_else() {
    let mut book = Book::paid(checkout(&[(1, 1000)], 1_000));
    let id = transfer(&book).id;
    let adopt = |book: &Book, name| decide_adopt_transfer_id(&book.file, id, name, &book.context());
    assert_eq!(decide_adopt_transfer_id(&book.file, TransferId(uuid(7)), "tr_1", &book.context()), Err(AdoptRefusal::Unknown));
    assert_eq!(adopt(&book, "tr_1"), Err(AdoptRefusal::NotAtConnect(TransferStatus::Pending)));
    book.tell(Fact::Transfer(id, CallOutcome::Done { provider_id: None }));
    let changes = adopt(&book, "tr_1").unwrap();
    book.commit(&changes);
    assert_eq!(transfer(&book).stripe_transfer_id.as_deref(), Some("tr_1"));
    assert_eq!((adopt(&book, "tr_1"), adopt(&book, "tr_2")), (Ok(Vec::new()), Err(AdoptRefusal::HasAnother)));

    let mut unsent = Book::paid(checkout(&[(1, 1000)], 1_000));
    unsent.refund_now(0, None, Vec::new());
    assert_eq!(adopt(&unsent, "tr_1"), Err(AdoptRefusal::NotAtConnect(TransferStatus::PermanentlyFailed)));
}

proptest! {
    #![proptest_config(cases(256))]

    /// The same person refunds at the PSP and reverses at Connect: whichever is told first, in how many parts ever, the seller ends
    /// with the same, and so do the books.
    #[test]
    fn a_refund_and_a_reversal_by_hand_come_in_any_order(
        refunded in 1i64..=1000, hands in prop::collection::vec(1i64..400, 0..4), first in 0usize..5,
    ) {
        let mut ends = Vec::new();
        for first in [0, first] {
            let mut book = paid_out();
            let mut hands = hands.clone();
            while hands.iter().sum::<i64>() > 900 {
                hands.pop();
            }
            let mut reversals: Vec<ConnectReversal> = Vec::new();
            for step in 0..=hands.len() {
                if step == first.min(hands.len()) {
                    let outside = refund(Source::Webhook, "ref_hand", PspRefundStatus::Succeeded, refunded);
                    prop_assert_eq!(book.tell(Fact::Refund(outside)), Verdict::Settled);
                }
                if let Some(amount) = hands.get(step) {
                    reversals.push(by_hand(&format!("trr_{step}"), *amount));
                    look(&mut book, &reversals);
                }
            }
            book.pay_out();
            let taken: i64 = hands.iter().sum();
            let part = book.taken_back(seller(1));
            prop_assert_eq!(book.with_seller(seller(1)), 900 - part.max(taken), "nothing is taken twice, nothing is left");
            prop_assert_eq!(book.withheld(seller(1)), (taken - part).max(0));
            ends.push((book.balances(), book.file.order.clone(), on_list(&book, Code::ExternalReversal)));
        }
        let first = ends[0].0.clone();
        prop_assert!(ends.iter().all(|(balances, ..)| account_sums(balances) == account_sums(&first)));
        prop_assert_eq!(ends[0].2, ends[1].2);
    }
}

/// Balances without accounts that are square.
fn account_sums(balances: &std::collections::BTreeMap<Account, i64>) -> Vec<(Account, i64)> {
    balances.iter().filter(|(_, balance)| **balance != 0).map(|(account, balance)| (*account, *balance)).collect()
}
