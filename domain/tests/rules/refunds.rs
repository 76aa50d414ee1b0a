//! Opening a refund, and who bears it (spec/01-money §1, §4.1, §11).

use crate::support::ops::{Sale, any_sale};
use crate::support::*;
use proptest::prelude::*;
use std::time::Duration;
use veza_domain::access::Actor;
use veza_domain::effect::EffectKind;
use veza_domain::ids::LineId;
use veza_domain::money::Minor;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::{OpenRefund, Refund, RefundOrigin, RefundRefusal, RefundStatus, bear, open};
use veza_domain::settlement::{OrderFile, PspRefundStatus, Source};

/// Paid; line 0 (1,000) by seller 1, line 1 (500) by seller 2, line 2 (100) by seller 1.
fn paid() -> Book {
    Book::paid(checkout(&[(1, 1000), (2, 500), (1, 100)], 1_000))
}

fn ask(file: &OrderFile, actor: Actor, amount: Option<i64>, lines: &[usize]) -> Result<Refund, RefundRefusal> {
    ask_at(file, actor, amount, lines, Duration::ZERO)
}

/// The same, some time after the payment.
fn ask_at(file: &OrderFile, actor: Actor, amount: Option<i64>, lines: &[usize], after: Duration) -> Result<Refund, RefundRefusal> {
    let lines = lines.iter().map(|position| line_id(*position)).collect();
    let now = file.order.completed_at.unwrap_or(START).plus(after);
    let wish = OpenRefund { id: refund_id(0), actor, amount, lines, reason: Some("broken".into()), now };
    open(&file.order, &file.lines, file.refund_in_flight(), &wish)
}

fn with_order(file: &OrderFile, change: impl FnOnce(&mut Order)) -> OrderFile {
    let mut file = file.clone();
    change(&mut file.order);
    file
}

/// §4.1: one unit writes the refund as `pending` and the order as `refund_pending`; licences are untouched.
#[test]
fn an_opened_refund_is_pending_and_touches_no_licence() {
    let mut book = paid();
    let before = book.file.clone();
    let refund = book.open(refund_id(0), user(buyer()), None, Vec::new()).unwrap();
    assert_eq!((refund.amount.amount, refund.status, refund.requested_by), (Minor(1600), RefundStatus::Pending, Some(buyer())));
    assert!(refund.lines.is_empty() && refund.seller_parts.is_empty() && refund.origin == RefundOrigin::Requested);
    assert_eq!(book.file.order, Order { status: OrderStatus::RefundPending, ..before.order });
    assert_eq!((book.file.licences, book.file.transfers, book.file.lines), (before.licences, before.transfers, before.lines));
    let effects: Vec<EffectKind> = book.effects.iter().map(|effect| effect.kind).collect();
    assert_eq!(effects, [EffectKind::CreateRefund(order_id(), refund_id(0))]);
}

#[test]
fn a_stranger_is_refused() {
    let file = paid().file;
    assert_eq!(ask(&file, user(stranger()), None, &[]), Err(RefundRefusal::Stranger));
    assert_eq!(ask(&file, user(seller(3)), None, &[]), Err(RefundRefusal::Stranger), "sells, but nothing of this order");
    let in_flight = with_order(&file, |order| order.status = OrderStatus::RefundPending);
    assert_eq!(ask(&in_flight, user(stranger()), None, &[]), Err(RefundRefusal::Stranger), "and learns nothing about the order");
}

#[test]
fn a_buyer_an_admin_and_veza_itself_may_refund_the_order() {
    let file = paid().file;
    for actor in [user(buyer()), admin(), Actor::System] {
        let refund = ask(&file, actor, None, &[]).unwrap();
        assert_eq!((refund.amount.amount, refund.lines.len(), refund.requested_by), (Minor(1600), 0, actor.user_id()));
        assert_eq!(refund.reason.as_deref(), Some("broken"));
    }
}

#[test]
fn a_seller_may_refund_own_lines_and_means_all_of_them_when_none_is_named() {
    let file = paid().file;
    let all = ask(&file, user(seller(1)), None, &[]).unwrap();
    assert_eq!((all.amount.amount, all.lines), (Minor(1100), vec![line_id(0), line_id(2)]));
    let one = ask(&file, user(seller(1)), Some(50), &[2]).unwrap();
    assert_eq!((one.amount.amount, one.lines), (Minor(50), vec![line_id(2)]));
    assert_eq!(ask(&file, user(seller(1)), Some(1101), &[]), Err(RefundRefusal::AmountOutOfRange { left: Minor(1100) }));
}

#[test]
fn a_seller_may_not_name_another_sellers_line() {
    let file = paid().file;
    for lines in [&[1][..], &[0, 1]] {
        assert_eq!(ask(&file, user(seller(1)), Some(1), lines), Err(RefundRefusal::NotYourLine));
    }
}

#[test]
fn a_line_that_the_order_does_not_have_is_refused() {
    let file = paid().file;
    for actor in [user(buyer()), user(seller(1)), admin()] {
        assert_eq!(ask(&file, actor, None, &[0, 9]), Err(RefundRefusal::UnknownLine));
    }
}

/// §4.1: checked first, never the general error: whatever else is wrong with the second request or the order by then.
#[test]
fn a_second_request_gets_its_own_error_first() {
    let mut book = paid();
    book.open(refund_id(0), user(buyer()), Some(1), Vec::new()).unwrap();
    let late = Duration::from_secs(400 * 24 * 3600);
    for (amount, lines) in [(None, &[][..]), (Some(0), &[]), (Some(1_000_000), &[]), (None, &[9])] {
        assert_eq!(ask_at(&book.file, user(buyer()), amount, lines, late), Err(RefundRefusal::AlreadyRequested));
    }
    assert_eq!(ask(&book.file, user(seller(1)), None, &[1]), Err(RefundRefusal::AlreadyRequested));
    let disputed = with_order(&book.file, |order| order.status = OrderStatus::Disputed);
    assert_eq!(ask(&disputed, user(buyer()), None, &[]), Err(RefundRefusal::AlreadyRequested), "the refund itself is what counts");
}

#[test]
fn only_a_paid_order_with_something_left_and_no_dispute_can_be_refunded() {
    let file = paid().file;
    for status in OrderStatus::ALL {
        let expected = match status {
            OrderStatus::Completed | OrderStatus::PartiallyRefunded => Ok(Minor(1600)),
            OrderStatus::RefundPending => Err(RefundRefusal::AlreadyRequested),
            _ => Err(RefundRefusal::NotRefundable),
        };
        let asked = ask(&with_order(&file, |order| order.status = status), user(buyer()), None, &[]);
        assert_eq!(asked.map(|refund| refund.amount.amount), expected, "{status:?}");
    }
    let unpaid = checkout(&[(1, 1000)], 1_000);
    assert_eq!(ask(&unpaid, user(buyer()), None, &[]), Err(RefundRefusal::NotRefundable));
}

#[test]
fn an_order_without_a_payment_id_cannot_be_refunded() {
    let file = with_order(&paid().file, |order| order.payment_id = None);
    assert_eq!(ask(&file, user(buyer()), None, &[]), Err(RefundRefusal::NotRefundable));
}

const MICROSECOND: Duration = Duration::from_micros(1);

#[test]
fn the_window_is_over_after_its_deadline() {
    let file = paid().file;
    assert!(ask_at(&file, user(buyer()), None, &[], REFUND_WINDOW).is_ok());
    for actor in [user(buyer()), user(seller(1)), admin()] {
        assert_eq!(ask_at(&file, actor, None, &[], REFUND_WINDOW + MICROSECOND), Err(RefundRefusal::WindowExpired));
    }
}

#[test]
fn an_order_without_a_deadline_has_14_days() {
    let fortnight = Duration::from_secs(14 * 24 * 3600);
    let file = with_order(&paid().file, |order| order.refund_deadline = None);
    assert!(ask_at(&file, user(buyer()), None, &[], fortnight).is_ok());
    assert_eq!(ask_at(&file, user(buyer()), None, &[], fortnight + MICROSECOND), Err(RefundRefusal::WindowExpired));
}

#[test]
fn an_amount_must_be_within_what_is_left_of_the_named_lines() {
    let mut book = paid();
    book.refund_now(7, Some(400), vec![line_id(0)]);
    let cases: [(&[usize], i64); 4] = [(&[], 1200), (&[0], 600), (&[1, 2], 600), (&[0, 0], 600)];
    for (lines, left) in cases {
        for amount in [i64::MIN, -1, 0, left + 1, i64::MAX] {
            let refused = Err(RefundRefusal::AmountOutOfRange { left: Minor(left) });
            assert_eq!(ask(&book.file, user(buyer()), Some(amount), lines), refused, "{amount} of {lines:?}");
        }
        for (amount, expected) in [(Some(1), 1), (Some(left), left), (None, left)] {
            assert_eq!(ask(&book.file, user(buyer()), amount, lines).unwrap().amount.amount, Minor(expected));
        }
    }
    book.refund_now(8, None, vec![line_id(0)]);
    assert_eq!(ask(&book.file, user(buyer()), None, &[0]), Err(RefundRefusal::AmountOutOfRange { left: Minor(0) }), "nothing left");
}

/// §4.3: a partial refund revokes the lines it names, none if it names none; a full one revokes every licence.
#[test]
fn a_partial_refund_revokes_the_lines_it_names_and_a_full_one_all() {
    let mut book = paid();
    book.refund_now(0, Some(1), Vec::new());
    assert_eq!(book.active_lines().len(), 3);
    book.refund_now(1, Some(1), vec![line_id(1)]);
    assert_eq!(book.active_lines(), [line_id(0), line_id(2)].into());
    book.refund_now(2, None, Vec::new());
    assert!(book.active_lines().is_empty());
    assert_eq!(book.file.order.status, OrderStatus::Refunded);
}

/// A wish: an amount in thousandths of what is left (none = all), and at most one line.
type Wish = (Option<i64>, Option<usize>);

fn any_wish() -> impl Strategy<Value = Wish> {
    (prop::option::weighted(0.8, 1i64..=1000), prop::option::of(0usize..5))
}

fn lines_of(book: &Book, line: Option<usize>) -> Vec<LineId> {
    line.map(|n| line_id(n % book.file.lines.len())).into_iter().collect()
}

fn left_of(book: &Book, lines: &[LineId]) -> i64 {
    book.file.lines.iter().filter(|line| lines.is_empty() || lines.contains(&line.id)).map(|line| line.left().0).sum()
}

/// Grants what is asked for, as far as there is anything left.
fn refund_as_asked(book: &mut Book, n: u64, (per_mille, line): Wish) {
    let lines = lines_of(book, line);
    let left = left_of(book, &lines);
    if left > 0 {
        book.refund_now(n, per_mille.map(|per_mille| (left * per_mille / 1000).max(1)), lines);
    }
}

proptest! {
    #![proptest_config(cases(256))]

    /// §1: any sequence of partial refunds that ends in a full one takes back exactly what was handed out, and then revokes
    /// every licence. On the way the platform bears no less than nothing.
    #[test]
    fn partial_refunds_take_back_exactly_what_was_handed_out(
        sale in any_sale(), wishes in prop::collection::vec(any_wish(), 0..10),
    ) {
        let mut book = Book::paid(sale.checkout());
        for (n, wish) in wishes.into_iter().chain([(None, None)]).enumerate() {
            refund_as_asked(&mut book, n as u64, wish);
        }
        prop_assert_eq!(book.file.order.status, OrderStatus::Refunded);
        for who in book.sellers() {
            prop_assert_eq!(book.taken_back(who), book.share(who));
        }
        let borne = |refund: &Refund| refund.amount.amount.0 - refund.seller_parts.iter().map(|part| part.amount.0).sum::<i64>();
        prop_assert_eq!(book.file.refunds.iter().map(borne).sum::<i64>(), book.fee());
        prop_assert!(book.file.refunds.iter().all(|refund| borne(refund) >= 0));
        prop_assert!(book.active_lines().is_empty());
        prop_assert!(book.balances().values().all(|balance| *balance == 0), "nothing was sent, so nothing is left on any account");
    }

    /// §1: what a seller has given back is at each step the floor of the share in proportion to what went back of own lines.
    #[test]
    fn a_seller_gives_back_in_proportion_to_what_was_refunded_so_far(
        sale in any_sale(), wishes in prop::collection::vec(any_wish(), 1..8),
    ) {
        let mut book = Book::paid(sale.checkout());
        for (n, wish) in wishes.into_iter().enumerate() {
            refund_as_asked(&mut book, n as u64, wish);
            for who in book.sellers() {
                let own: Vec<_> = book.file.lines.iter().filter(|line| line.seller_id == who).collect();
                let refunded: i128 = own.iter().map(|line| i128::from(line.refunded.0)).sum();
                let total: i128 = own.iter().map(|line| i128::from(line.price.0)).sum();
                let expected = if total == 0 { 0 } else { i128::from(book.share(who)) * refunded / total };
                prop_assert_eq!(i128::from(book.taken_back(who)), expected);
            }
        }
    }

    /// §4: pending and succeeded refunds never exceed what was captured, whatever is asked for, in flight or not, by whom.
    #[test]
    fn refunds_never_exceed_the_capture(
        sale in any_sale(),
        wishes in prop::collection::vec((0u8..4, prop::option::of(0i64..150_000), prop::option::of(0usize..5), 0u8..3), 1..15),
    ) {
        let mut book = Book::paid(sale.checkout());
        for (n, (who, amount, line, outcome)) in wishes.into_iter().enumerate() {
            let actor = if who == 3 { user(buyer()) } else { user(seller(who)) };
            let (id, lines) = (refund_id(n as u64), lines_of(&book, line));
            let before = book.file.clone();
            match (book.open(id, actor, amount, lines), outcome) {
                (Err(_), _) => prop_assert_eq!(&book.file, &before, "a refusal changes nothing"),
                (Ok(_), 0) => {}
                (Ok(_), 1) => drop(book.report(Source::Webhook, id, PspRefundStatus::Failed)),
                (Ok(_), _) => drop(book.report(Source::Webhook, id, PspRefundStatus::Succeeded)),
            }
            let standing = book.file.refunds.iter().filter(|refund| refund.status != RefundStatus::Failed);
            prop_assert!(standing.map(|refund| refund.amount.amount.0).sum::<i64>() <= book.file.order.total.amount.0);
        }
    }

    /// Whoever is refused, for whatever reason, has changed nothing: no row, no effect.
    #[test]
    fn a_refusal_changes_nothing(
        sale in any_sale(), who in 0u8..5, amount in prop::option::of(-10i64..200_000), line in prop::option::of(0usize..7),
        status in prop::sample::select(OrderStatus::ALL.to_vec()), days in 0u64..30, has_payment in prop::bool::weighted(0.8),
    ) {
        let mut file = Book::paid(sale.checkout()).file;
        file.order.status = status;
        file.order.payment_id = file.order.payment_id.filter(|_| has_payment);
        let actor = match who { 3 => user(buyer()), 4 => user(stranger()), n => user(seller(n)) };
        let lines: Vec<usize> = line.into_iter().collect();
        let before = file.clone();
        let asked = ask_at(&file, actor, amount, &lines, Duration::from_secs(days * 24 * 3600));
        prop_assert_eq!(&file, &before);
        if let Ok(refund) = asked {
            let left = file.lines.iter().filter(|row| refund.lines.is_empty() || refund.lines.contains(&row.id)).map(|row| row.left().0);
            prop_assert!((1..=left.sum::<i64>()).contains(&refund.amount.amount.0));
            prop_assert!(matches!(status, OrderStatus::Completed | OrderStatus::PartiallyRefunded) && has_payment && days <= 14);
            prop_assert!(refund.lines.iter().all(|id| file.lines.iter().any(|row| row.id == *id && actor.may_refund_line(&file.order, row))));
        }
    }

    /// §1: the parts of a refund sum to it, on lines as on sellers and platform, and no line gives back more than it has.
    #[test]
    fn a_burden_is_exact(sale in any_sale(), per_mille in 1i64..=1000, named in prop::collection::vec(any::<bool>(), 5)) {
        let file = sale.checkout();
        let amount = (file.order.total.amount.0 * per_mille / 1000).max(1);
        let named: Vec<LineId> = file.lines.iter().zip(&named).filter(|(_, named)| **named).map(|(line, _)| line.id).collect();
        let burden = bear(Minor(amount), &named, &file.lines, &[]).unwrap();
        prop_assert_eq!(burden.lines.iter().map(|part| part.amount.0).sum::<i64>(), amount);
        prop_assert_eq!(burden.sellers.iter().map(|part| part.amount.0).sum::<i64>() + burden.platform.0, amount);
        prop_assert!(burden.platform.0 >= 0 && burden.sellers.iter().all(|part| part.amount.is_positive()));
        for part in &burden.lines {
            let line = file.lines.iter().find(|line| line.id == part.line_id).unwrap();
            prop_assert!(part.amount.is_positive() && part.amount <= line.price);
        }
        prop_assert!(bear(Minor(file.order.total.amount.0 + 1), &named, &file.lines, &[]).is_err());
    }
}

/// §1, spelled out: a share of 2 of 3 goes back as 0, 1 and 1 cents, the fee of 1 in the first.
#[test]
fn the_cents_of_three_refunds_of_one_cent() {
    let sale = Sale { lines: vec![(1, 3)], points: 3_334 };
    let mut book = Book::paid(sale.checkout());
    assert_eq!((book.share(seller(1)), book.fee()), (2, 1));
    let mut parts = Vec::new();
    for n in 0..3 {
        let id = book.refund_now(n, Some(1), Vec::new());
        parts.push(book.refund(id).seller_parts.iter().map(|part| part.amount.0).sum::<i64>());
    }
    assert_eq!(parts, [0, 1, 1]);
}
