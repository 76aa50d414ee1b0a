//! The transfer matrix, rows that can't be, and what is added up.

use super::check::{Store, apply, commit, insert, invalid, update, world};
use super::sample::{
    LOOK, at, attention, creator, currency, debt, dispute, effect, euros, invoice, line, netting, order, order_id, placement_full, posting,
    product, product_id, refund, refund_id, reversal, reversal_id, submission, subscription, subscription_id, transfer, transfer_full,
    transfer_id, unit, user_id,
};
use crate::storage::{BacklogClass, CommitError, Committed, Row, RowKey, Write};
use veza_domain::attention::Code;
use veza_domain::catalog::Product;
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::distribution::{PlacementStatus, Platform, Submission};
use veza_domain::effect::{Effect, EffectState};
use veza_domain::ledger::Account::{Connect, PlatformFee, PspClearing, SellerPayable, SellerReceivable};
use veza_domain::money::{Minor, Money};
use veza_domain::netting::Netting;
use veza_domain::order::{Order, OrderLine, OrderStatus};
use veza_domain::payout::SellerBooks;
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::subscription::{Choice, Invoice, Subscription};
use veza_domain::transfer::{Hold, Transfer, TransferStatus};

pub async fn the_whole_matrix(store: Store) {
    world(&store).await;
    let mut n = 0;
    for from in TransferStatus::ALL {
        for to in TransferStatus::ALL {
            n += 1;
            let row = transfer_full(n, order_id(1), from);
            insert(&store, &format!("insert {n}"), vec![Row::Transfer(row.clone())]).await;
            let mut next = row.clone().restored(to);
            next.amount_reversed = Minor(7);
            let answer = commit(&store, unit(&format!("move {n}"), vec![update(Row::Transfer(next.clone()), 1)])).await;
            let stored = store.order_file(order_id(1)).await.unwrap().unwrap();
            let (now, revision) = (stored.file.transfers.last().unwrap(), stored.revisions[&RowKey::Transfer(row.id)]);
            if from.may_move_to(to) {
                assert!(matches!(answer, Ok(Committed::Applied)), "{from:?} -> {to:?}: {answer:?}");
                assert_eq!((now, revision.0), (&next, 2));
            } else {
                let key = RowKey::Transfer(row.id);
                assert!(matches!(&answer, Err(CommitError::Invalid(on, _)) if *on == key), "{from:?} -> {to:?}: {answer:?}");
                assert_eq!((now, revision.0), (&row, 1));
            }
        }
    }
    assert_eq!(n, 36);
    // Two moves in one unit are two moves of the matrix, not one from the first status to the last.
    let pending = transfer(50, order_id(1));
    insert(&store, "pending", vec![Row::Transfer(pending.clone())]).await;
    let ended = pending.clone().restored(TransferStatus::PermanentlyFailed);
    let key = RowKey::Transfer(pending.id);
    let by_completed = pending.clone().restored(TransferStatus::Completed);
    let writes = vec![update(Row::Transfer(by_completed), 1), update(Row::Transfer(ended), 2)];
    invalid(&store, "no such way", writes, &key).await;
    let stale = vec![update(Row::Transfer(pending.restored(TransferStatus::Reversed)), 9)];
    super::check::conflicts(&store, "stale", stale, &key).await;
}

pub async fn a_pending_reversal_is_due(store: Store) {
    world(&store).await;
    let rows = [Row::Transfer(transfer(1, order_id(1))), Row::Refund(refund(1, order_id(1))), Row::Refund(refund(2, order_id(1)))];
    insert(&store, "rows", rows.to_vec()).await;
    let due = reversal(1, order_id(1), transfer_id(1), refund_id(1));
    let never = Reversal { next_retry_at: None, ..due.clone() };
    let key = RowKey::Reversal(due.id);
    invalid(&store, "insert", vec![Write::Insert(Row::Reversal(never.clone()))], &key).await;
    invalid(&store, "ensure", vec![Write::Ensure(Row::Reversal(never.clone()))], &key).await;
    insert(&store, "due", vec![Row::Reversal(due.clone())]).await;
    invalid(&store, "update", vec![update(Row::Reversal(never.clone()), 1)], &key).await;
    let done = Reversal { status: ReversalStatus::Reversed, ..never.clone() };
    apply(&store, "done", vec![update(Row::Reversal(done), 1)]).await;
    let given_up = Reversal { status: ReversalStatus::PermanentlyFailed, ..reversal(2, order_id(1), transfer_id(1), refund_id(2)) };
    insert(&store, "given up", vec![Row::Reversal(Reversal { next_retry_at: None, ..given_up })]).await;
}

pub async fn postings_balance(store: Store) {
    world(&store).await;
    let key = RowKey::Posting("event".to_owned());
    for entries in [&[(PspClearing, 1)][..], &[(PspClearing, 100), (PlatformFee, -99)], &[(PspClearing, i64::MAX), (PlatformFee, i64::MAX)]]
    {
        let unbalanced = Row::Posting(posting("event", order_id(1), currency("EUR"), entries));
        invalid(&store, "insert", vec![Write::Insert(unbalanced.clone())], &key).await;
        invalid(&store, "ensure", vec![Write::Ensure(unbalanced)], &key).await;
    }
    assert_eq!(store.ledger_balances().await.unwrap(), []);
    let even = posting("event", order_id(1), currency("EUR"), &[(PspClearing, i64::MAX), (PlatformFee, -i64::MAX)]);
    insert(&store, "even", vec![Row::Posting(even)]).await;
}

pub async fn amounts_that_can_not_be(store: Store) {
    world(&store).await;
    let known = [Row::Transfer(transfer(1, order_id(1))), Row::Refund(refund(1, order_id(1))), Row::Reversal(debt(9, order_id(1)))];
    insert(&store, "rows", known.to_vec()).await;
    let mut over_transfer = transfer(2, order_id(1));
    over_transfer.amount_reversed = Minor(over_transfer.amount.amount.0 + 1);
    let back = reversal(1, order_id(1), transfer_id(1), refund_id(1));
    let negative = Refund { amount: euros(-1), ..refund(2, order_id(1)) };
    let rows = [
        Row::Order(Order { refunded: Minor(9001), ..order(7) }),
        Row::Order(Order { refunded: Minor(-1), ..order(7) }),
        Row::Line(OrderLine { refunded: Minor(9001), ..line(1, 1) }),
        Row::Line(OrderLine { share: Minor(-1), ..line(1, 1) }),
        Row::Refund(negative),
        Row::Transfer(over_transfer),
        Row::Reversal(Reversal { amount: euros(-1), ..back.clone() }),
        Row::Reversal(Reversal { netted: Minor(-1), ..back.clone() }),
        Row::Reversal(Reversal { written_off: Minor(-1), ..back.clone() }),
        Row::Reversal(Reversal { netted: Minor(60), written_off: Minor(31), ..back.clone() }),
        Row::Reversal(Reversal { netted: Minor(i64::MAX), written_off: Minor(i64::MAX), ..back }),
        Row::Dispute(Dispute { amount: euros(-1), ..dispute(1, order_id(1)) }),
        Row::Netting(Netting { amount: euros(-1), ..netting(1, order_id(1), reversal_id(9)) }),
        Row::Product(Product { price: euros(-1), ..product(7) }),
        Row::Subscription(Subscription { choice: Choice { price: euros(-1), ..creator() }, ..subscription(1, user_id(1)) }),
        Row::Invoice(Invoice { credit: Minor(1000), ..invoice(1, subscription_id(1)) }),
        Row::Invoice(Invoice { credit: Minor(-1), ..invoice(1, subscription_id(1)) }),
    ];
    for row in rows {
        invalid(&store, "insert", vec![Write::Insert(row.clone())], &row.key()).await;
    }
    let settled = Reversal { netted: Minor(60), written_off: Minor(30), ..debt(9, order_id(1)) };
    apply(&store, "all of a debt", vec![update(Row::Reversal(settled), 1)]).await;
    let over = Row::Order(Order { refunded: Minor(9001), ..order(1) });
    invalid(&store, "update", vec![update(over.clone(), 1)], &over.key()).await;
    apply(&store, "all of it", vec![update(Row::Order(Order { refunded: Minor(9000), ..order(1) }), 1)]).await;
}

/// Seller 2 earns 8100 and 2700 EUR cents and 500 JPY; 8100 are sent, 1000 of them refunded and owed.
fn books() -> Vec<Row> {
    let (two, three) = (user_id(2), user_id(3));
    let eur = |event: &str, entries: &[(_, i64)]| Row::Posting(posting(event, order_id(1), currency("EUR"), entries));
    vec![
        eur("order_completed:1", &[(PspClearing, 9000), (PlatformFee, -900), (SellerPayable(two), -8100)]),
        eur("order_completed:2", &[(PspClearing, 4000), (PlatformFee, -400), (SellerPayable(two), -2700), (SellerPayable(three), -900)]),
        eur("transfer_completed:1", &[(SellerPayable(two), 8100), (Connect(two), -8100)]),
        eur("refund_succeeded:1", &[(PspClearing, -1111), (PlatformFee, 111), (SellerPayable(two), 1000)]),
        eur("reversal_opened:1", &[(SellerReceivable(two), 1000), (SellerPayable(two), -1000)]),
        Row::Posting(posting("order_completed:3", order_id(3), currency("JPY"), &[(PspClearing, 500), (SellerPayable(two), -500)])),
    ]
}

pub async fn books_of_a_seller(store: Store) {
    world(&store).await;
    insert(&store, "books", books()).await;
    let books = |payable, receivable, held| SellerBooks { payable: Minor(payable), receivable: Minor(receivable), held: Minor(held) };
    let (eur, jpy) = (currency("EUR"), currency("JPY"));
    let expected = [(eur, books(-2700, 1000, 0)), (jpy, books(-500, 0, 0))];
    assert_eq!(store.seller_books(user_id(2)).await.unwrap(), expected);

    let held = |n, status, hold, money| {
        let mut row: Transfer = transfer(n, order_id(2)).restored(status);
        row.hold = hold;
        row.amount = money;
        Row::Transfer(row)
    };
    let mut theirs = transfer(9, order_id(2));
    theirs.seller_id = user_id(3);
    theirs.hold = Some(Hold::AccountNotReady);
    let rows = vec![
        held(1, TransferStatus::Pending, Some(Hold::AccountNotReady), euros(1000)),
        held(2, TransferStatus::Failed, Some(Hold::BalanceInsufficient), euros(700)),
        held(3, TransferStatus::Pending, None, euros(10)),
        held(4, TransferStatus::Completed, Some(Hold::AccountNotReady), euros(20)),
        held(5, TransferStatus::PermanentlyFailed, Some(Hold::AccountNotReady), euros(40)),
        held(6, TransferStatus::Pending, Some(Hold::AccountNotReady), Money::new(500, jpy)),
        held(7, TransferStatus::Pending, Some(Hold::Disputed), euros(3)),
        held(8, TransferStatus::Pending, Some(Hold::NothingAtConnect), euros(80)),
        Row::Transfer(theirs),
    ];
    insert(&store, "transfers", rows).await;
    let expected = [(eur, books(-2700, 1000, 1703)), (jpy, books(-500, 0, 500))];
    assert_eq!(store.seller_books(user_id(2)).await.unwrap(), expected);
    assert_eq!(store.seller_books(user_id(3)).await.unwrap(), [(eur, books(-900, 0, 8100))]);
    assert_eq!(store.seller_books(user_id(4)).await.unwrap(), []);
}

pub async fn balances_of_the_ledger(store: Store) {
    world(&store).await;
    insert(&store, "books", books()).await;
    let back = [(SellerReceivable(user_id(2)), -1000), (Connect(user_id(2)), 1000)];
    insert(&store, "back", vec![Row::Posting(posting("reversal_done:1", order_id(1), currency("EUR"), &back))]).await;
    let (eur, jpy, two, three) = (currency("EUR"), currency("JPY"), user_id(2), user_id(3));
    let expected = [
        (PspClearing, eur, Minor(11_889)),
        (PspClearing, jpy, Minor(500)),
        (PlatformFee, eur, Minor(-1189)),
        (SellerPayable(two), eur, Minor(-2700)),
        (SellerPayable(two), jpy, Minor(-500)),
        (SellerPayable(three), eur, Minor(-900)),
        (Connect(two), eur, Minor(-7100)),
        (SellerReceivable(two), eur, Minor(0)),
    ];
    let balances = store.ledger_balances().await.unwrap();
    assert_eq!(balances, expected);
    for code in [eur, jpy] {
        let sum: i64 = balances.iter().filter(|(_, currency, _)| *currency == code).map(|(_, _, amount)| amount.0).sum();
        assert_eq!(sum, 0, "{code}");
    }
}

pub async fn the_backlog(store: Store) {
    let class = |class, open, oldest: Option<i64>| BacklogClass { class, open, oldest: oldest.map(at) };
    let classes = ["effects", "orders", "refunds", "transfers", "reversals", "disputes", "subscriptions", "placements", "attention"];
    assert_eq!(store.backlog().await.unwrap(), classes.map(|name| class(name, 0, None)));
    world(&store).await;
    let refunds = (1..).zip(RefundStatus::ALL).map(|(n, status)| Row::Refund(Refund { status, ..refund(n, order_id(1)) }));
    let adopted = Refund { psp_refund_id: Some("ref_9".to_owned()), look: LOOK, ..refund(9, order_id(1)) };
    let orders = (10..).zip(OrderStatus::ALL).map(|(n, status)| Row::Order(Order { status, look: LOOK, ..order(n) }));
    let effects = (10..).zip(EffectState::ALL).map(|(n, state)| Row::Effect(Effect { state, ..effect(n, 0) }));
    let late = Effect { created_at: at(3), ..effect(20, 0) };
    let transfers = (30..).zip(TransferStatus::ALL).map(|(n, status)| Row::Transfer(transfer_full(n, order_id(1), status)));
    let reversals = (1..).zip(ReversalStatus::ALL);
    let reversals =
        reversals.map(|(n, status)| Row::Reversal(Reversal { status, ..reversal(n, order_id(1), transfer_id(30), refund_id(n)) }));
    let disputes = (40..).zip(DisputeStatus::ALL).map(|(n, status)| Row::Dispute(Dispute { status, ..dispute(n, order_id(1)) }));
    let flags = [attention(order_id(1), Code::AmountMismatch, 9), attention(order_id(2), Code::AmountMismatch, 8)].map(Row::Attention);
    let plans = [(1, Some(at(7))), (2, Some(at(5))), (3, None)];
    let plans = plans.map(|(n, past_due_since)| Row::Subscription(Subscription { past_due_since, ..subscription(n, user_id(n)) }));
    let rows = refunds.chain(plans).chain([Row::Refund(adopted), Row::Effect(late)]).chain(orders).chain(effects).chain(transfers);
    insert(&store, "rows", rows.chain(reversals).chain(disputes).chain(flags).collect()).await;
    let placements = (50..).zip(PlacementStatus::ALL).map(|(n, status)| {
        let of = Submission { product_id: product_id(n), ..submission(1) };
        Row::Placement(placement_full(n, &of, Platform::Deezer, *status))
    });
    insert(&store, "placements", [Row::Submission(submission(1))].into_iter().chain(placements).collect()).await;
    let expected = [
        class("effects", 3, Some(3)),
        class("orders", 4, Some(1)),
        class("refunds", 2, Some(1)),
        class("transfers", 2, Some(30)),
        class("reversals", 1, Some(1)),
        class("disputes", 3, Some(40)),
        class("subscriptions", 2, Some(5)),
        class("placements", 3, Some(50)),
        class("attention", 2, Some(8)),
    ];
    assert_eq!(store.backlog().await.unwrap(), expected);
}
