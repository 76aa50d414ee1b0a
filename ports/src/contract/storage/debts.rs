//! What the sellers of an order owe from other orders comes with its file.

use super::check::{Store, apply, insert, update, world};
use super::sample::{ATTEMPT, at, debt, line, order, order_id, refund, refund_id, reversal, reversal_id, transfer, transfer_id, user_id};
use crate::storage::{DEBTS_MAX, Row, RowKey, Write};
use veza_domain::ids::ReversalId;
use veza_domain::money::Minor;
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::Change;
use veza_domain::transfer::Attempt;

async fn debts(store: &Store, n: u32) -> Vec<ReversalId> {
    store.order_file(order_id(n)).await.unwrap().unwrap().file.debts.iter().map(|debt| debt.id).collect()
}

/// Order 1 sells for seller 2 and 3; orders 2 and 3 sell for seller 2.
pub async fn what_its_sellers_owe_comes_with_an_order(store: Store) {
    world(&store).await;
    let mut second = line(1, 1);
    second.seller_id = user_id(3);
    let theirs = |n, seller| Reversal { seller_id: user_id(seller), ..debt(n, order_id(3)) };
    let of_transfer = reversal(5, order_id(2), transfer_id(1), refund_id(1));
    let rows = vec![
        Row::Line(second),
        Row::Transfer(transfer(1, order_id(2))),
        Row::Refund(refund(1, order_id(2))),
        Row::Reversal(theirs(4, 3)),
        Row::Reversal(of_transfer.clone()),
        Row::Reversal(theirs(6, 2)),
        Row::Reversal(theirs(7, 4)),
    ];
    insert(&store, "rows", rows).await;
    assert_eq!(debts(&store, 1).await, [4, 5, 6].map(reversal_id), "of both of its sellers, by id");
    assert_eq!(debts(&store, 2).await, [reversal_id(6)], "its own is no debt of another order");
    assert_eq!(debts(&store, 3).await, [reversal_id(5)]);
    let stored = store.order_file(order_id(1)).await.unwrap().unwrap();
    assert_eq!(stored.file.debts[1], of_transfer);
    assert_eq!(stored.file.reversals, []);
    assert_eq!(store.order_file(order_id(2)).await.unwrap().unwrap().file.reversals, [of_transfer]);
    assert_eq!(stored.revisions[&RowKey::Reversal(reversal_id(4))].0, 1, "a debt may be written");
}

pub async fn what_is_under_way_or_over_is_no_debt(store: Store) {
    world(&store).await;
    let row = |n| debt(n, order_id(2));
    let given_up = |n| Reversal { status: ReversalStatus::PermanentlyFailed, next_retry_at: None, ..row(n) };
    let sent = Attempt { generation: 0, first_sent_at: Some(at(1)), last_sent_at: Some(at(1)), look_up: false };
    let rows = [
        Reversal { attempt: sent, ..row(1) },
        Reversal { attempt: ATTEMPT, ..row(2) },
        Reversal { status: ReversalStatus::Reversed, ..row(3) },
        given_up(4),
        Reversal { attempt: Attempt { generation: 7, ..Attempt::default() }, next_retry_at: Some(at(9999)), ..row(5) },
        Reversal { netted: Minor(1), ..given_up(6) },
        Reversal { netted: Minor(1), written_off: Minor(row(7).amount.amount.0 - 1), ..given_up(7) },
        Reversal { attempt: sent, ..given_up(8) },
    ];
    insert(&store, "rows", rows.clone().map(Row::Reversal).to_vec()).await;
    let wanted = [4, 5, 6].map(reversal_id);
    assert_eq!(debts(&store, 1).await, wanted, "one that waits, whenever it is due; what was given up and is still owed");
    let refused = Reversal { attempt: sent.next_generation(), ..rows[0].clone() };
    apply(&store, "refused", vec![update(Row::Reversal(refused), 1)]).await;
    assert_eq!(debts(&store, 1).await, [1, 4, 5, 6].map(reversal_id), "nothing is in flight any more");
}

pub async fn the_oldest_debts_and_no_more_than_fifty(store: Store) {
    world(&store).await;
    let mut second = line(1, 1);
    second.seller_id = user_id(3);
    let row = |n: u32| {
        let sent = if n.is_multiple_of(10) { ATTEMPT } else { Attempt::default() };
        Row::Reversal(Reversal {
            seller_id: user_id(2 + n % 2),
            attempt: sent,
            created_at: at(1000 - i64::from(n)),
            ..debt(n, order_id(3))
        })
    };
    insert(&store, "rows", std::iter::once(Row::Line(second)).chain((1..=120).rev().map(row)).collect()).await;
    let oldest: Vec<_> = (1..).filter(|n| n % 10 != 0).take(DEBTS_MAX as usize).map(reversal_id).collect();
    assert_eq!(oldest.len(), 50);
    assert_eq!(debts(&store, 1).await, oldest, "by id, over all of its sellers");
    let of_one: Vec<_> = (1..=120).filter(|n| n % 2 == 0 && n % 10 != 0).take(50).map(reversal_id).collect();
    assert_eq!(debts(&store, 2).await, of_one);
    assert_eq!(debts(&store, 3).await, []);
}

/// A debt is written with the order's unit, guarded; one that is only read is not.
pub async fn a_debt_that_is_paid_is_guarded(store: Store) {
    world(&store).await;
    let rows = [1, 2].map(|n| Row::Reversal(debt(n, order_id(2))));
    insert(&store, "debts", rows.to_vec()).await;
    let stored = store.order_file(order_id(1)).await.unwrap().unwrap();
    apply(&store, "another share", vec![update(Row::Reversal(Reversal { netted: Minor(1), ..debt(2, order_id(2)) }), 1)]).await;
    let paid = Reversal { netted: Minor(40), ..debt(1, order_id(2)) };
    let netting = super::sample::netting(1, order_id(1), paid.id);
    let changes = [Change::Order(order(1)), Change::Debt(paid.clone()), Change::Netting(netting.clone())];
    apply(&store, "paid", stored.writes(&changes)).await;
    let now = store.order_file(order_id(1)).await.unwrap().unwrap();
    assert_eq!((&now.file.nettings, &now.file.debts[0]), (&vec![netting], &paid));
    assert_eq!(now.revisions[&RowKey::Reversal(paid.id)].0, 2);
    let stale = stored.writes(&changes);
    assert!(stale.iter().any(|write| matches!(write, Write::Update { row: Row::Reversal(_), .. })));
    super::check::conflicts(&store, "stale", vec![update(Row::Reversal(paid.clone()), 1)], &RowKey::Reversal(paid.id)).await;
}
