//! Exclusive licences: each product's has one holder, and what happens to one order, or to one line of it, moves no other's.

use crate::support::*;
use veza_domain::ids::OrderId;
use veza_domain::licence::{ExclusiveHold, ExclusiveState};
use veza_domain::settlement::{Fact, PaymentStatus, PspRefundStatus, Source, Verdict};

fn other() -> OrderId {
    order_nth(1)
}

/// Lines 0 and 1 are exclusive, line 2 is not.
fn two_exclusives() -> Book {
    let file = with_exclusive(with_exclusive(checkout(&[(1, 1000), (1, 500), (2, 300)], 1_000), 0), 1);
    Book::paid(file)
}

fn states(book: &Book) -> Vec<ExclusiveState> {
    book.file.exclusives.iter().map(|hold| hold.state).collect()
}

/// Another order takes the first licence, as far as `state` says.
fn taken_by_another(book: &mut Book, state: ExclusiveState) {
    book.file.exclusives[0] = ExclusiveHold { order_id: other(), state, ..book.file.exclusives[0].clone() };
}

#[test]
fn a_refund_of_one_line_releases_its_licence_and_no_other_one() {
    use ExclusiveState::{Released, Sold};
    for (line, after) in [(0, [Released, Sold]), (1, [Sold, Released]), (2, [Sold, Sold])] {
        let mut book = two_exclusives();
        let id = book.refund_now(0, None, vec![line_id(line)]);
        assert_eq!(states(&book), after, "line {line}");
        assert_eq!(book.report(Source::Read, id, PspRefundStatus::Failed), Verdict::Settled);
        assert_eq!((states(&book), book.active_lines().len()), (vec![Sold, Sold], 3), "and gets it back");
    }
}

/// Another order had it meanwhile and gave it back: it is ours again, by name.
#[test]
fn who_gets_a_licence_back_is_its_holder() {
    let mut book = two_exclusives();
    let id = book.refund_now(0, None, vec![line_id(0)]);
    taken_by_another(&mut book, ExclusiveState::Released);
    assert_eq!(book.report(Source::Read, id, PspRefundStatus::Failed), Verdict::Settled);
    assert_eq!((book.file.exclusives[0].order_id, book.file.exclusives[0].state), (order_id(), ExclusiveState::Sold));
}

/// The same with a payment that succeeds late.
#[test]
fn who_pays_late_and_finds_the_licence_free_is_its_holder() {
    let mut book = Book::new(with_exclusive(checkout(&[(1, 1000)], 1_000), 0));
    book.tell(Fact::Payment(payment(Source::Webhook, PaymentStatus::Failed, 1000)));
    taken_by_another(&mut book, ExclusiveState::Released);
    book.pay();
    assert_eq!((book.file.exclusives[0].order_id, book.file.exclusives[0].state), (order_id(), ExclusiveState::Sold));
}

/// An order that fails lets go of what it holds, and of nothing that another order holds or has bought.
#[test]
fn a_failed_order_releases_its_own_holds_only() {
    let failed = Fact::Payment(payment(Source::Webhook, PaymentStatus::Failed, 1000));
    let held = with_exclusive(checkout(&[(1, 1000)], 1_000), 0);
    let mut book = Book::new(held.clone());
    book.tell(failed.clone());
    assert_eq!(states(&book), [ExclusiveState::Released]);
    for state in [ExclusiveState::Held, ExclusiveState::Sold] {
        let mut book = Book::new(held.clone());
        taken_by_another(&mut book, state);
        let theirs = book.file.exclusives.clone();
        book.tell(failed.clone());
        assert_eq!(book.file.exclusives, theirs);
    }
}
