//! Lists for operators, walks over a period, and the check of the books.

use super::check::{Store, after, apply, first, insert, update, world};
use super::sample::{
    attention, currency, delivery_full, dispute, dispute_id, line, made, order, order_full, order_id, posting, refund, refund_full,
    refund_id, reversal, transfer_full, transfer_id, user_id,
};
use crate::storage::{LedgerCheck, ListedOrder, OrderFilter, Page, Row, StatusFilter};
use uuid::Uuid;
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::ledger::Account::{PlatformFee, PspClearing, SellerPayable};
use veza_domain::money::Minor;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::TransferStatus;
use veza_domain::webhook::{Delivery, Sender};

/// Which pages a list gives of rows by number, filtered by a status.
async fn walk(list: usize, store: &Store, status: Option<&'static str>) -> Vec<Uuid> {
    let filter = StatusFilter { status };
    let mut seen: Vec<Uuid> = Vec::new();
    loop {
        let page = Page { limit: 2, before: seen.last().copied() };
        let ids: Vec<Uuid> = match list {
            0 => store.refunds(filter, page).await.unwrap().iter().map(|row| row.id.0).collect(),
            1 => store.transfers(filter, page).await.unwrap().iter().map(|row| row.transfer.id.0).collect(),
            _ => store.disputes(filter, page).await.unwrap().iter().map(|row| row.id.0).collect(),
        };
        assert!(ids.len() <= 2 && seen.len() < 50, "the walk has an end");
        if ids.is_empty() {
            return seen;
        }
        seen.extend(ids);
    }
}

/// Twice each status, so that a filter finds rows that do not stand side by side.
pub async fn money_by_status(store: Store) {
    world(&store).await;
    let refunds = [0, 10].map(|from| (from + 1..).zip(RefundStatus::ALL)).into_iter().flatten();
    let refunds: Vec<_> = refunds.map(|(n, status)| Refund { status, ..refund(n, order_id(1)) }).collect();
    let transfers = [0, 10].map(|from| (from + 1..).zip(TransferStatus::ALL)).into_iter().flatten();
    let transfers: Vec<_> = transfers.map(|(n, status)| transfer_full(n, order_id(1), status)).collect();
    let disputes = [0, 10].map(|from| (from + 1..).zip(DisputeStatus::ALL)).into_iter().flatten();
    let disputes: Vec<_> = disputes.map(|(n, status)| Dispute { status, ..dispute(n, order_id(1)) }).collect();
    let back = [1, 2].map(|n| reversal(n, order_id(1), transfer_id(12), refund_id(n)));
    let mut rows: Vec<Row> = refunds.iter().cloned().map(Row::Refund).collect();
    rows.extend(transfers.iter().cloned().map(Row::Transfer));
    rows.extend(disputes.iter().cloned().map(Row::Dispute));
    rows.extend(back.iter().cloned().map(Row::Reversal));
    insert(&store, "rows", rows).await;
    let newest = |mut ids: Vec<Uuid>| {
        ids.sort_by(|a, b| b.cmp(a));
        ids
    };
    for status in RefundStatus::ALL {
        let of_it = refunds.iter().filter(|row| row.status == status).map(|row| row.id.0).collect();
        assert_eq!(walk(0, &store, Some(status.as_str())).await, newest(of_it), "{status:?}");
    }
    for status in TransferStatus::ALL {
        let of_it = transfers.iter().filter(|row| row.status() == status).map(|row| row.id.0).collect();
        assert_eq!(walk(1, &store, Some(status.as_str())).await, newest(of_it), "{status:?}");
    }
    for status in DisputeStatus::ALL {
        let of_it = disputes.iter().filter(|row| row.status == status).map(|row| row.id.0).collect();
        assert_eq!(walk(2, &store, Some(status.as_str())).await, newest(of_it), "{status:?}");
    }
    assert_eq!(walk(0, &store, None).await, newest(refunds.iter().map(|row| row.id.0).collect()));
    assert_eq!(walk(1, &store, None).await, newest(transfers.iter().map(|row| row.id.0).collect()));
    assert_eq!(walk(2, &store, None).await, newest(disputes.iter().map(|row| row.id.0).collect()));
    for list in 0..3 {
        for unknown in ["no_such_status", "", "PENDING"] {
            assert_eq!(walk(list, &store, Some(unknown)).await, [] as [Uuid; 0], "{unknown}");
        }
    }
    let any = StatusFilter::default();
    assert_eq!(store.refunds(any, first(1)).await.unwrap(), [refunds[5].clone()], "the whole row");
    assert_eq!(store.disputes(any, first(1)).await.unwrap(), [disputes[13].clone()], "the whole row");
    let completed = StatusFilter { status: Some("completed") };
    let listed = store.transfers(completed, first(1)).await.unwrap();
    assert_eq!((&listed[0].transfer, &listed[0].reversals), (&transfers[7], &back.to_vec()), "with its reversals, oldest first");
    insert(&store, "with parts", vec![Row::Line(line(1, 1)), Row::Refund(refund_full(20, 1))]).await;
    assert_eq!(store.refunds(any, first(1)).await.unwrap(), [refund_full(20, 1)], "with its parts");
    assert_eq!(store.disputes(any, after(1, dispute_id(2).0)).await.unwrap(), [disputes[0].clone()]);
}

pub async fn orders_by_status_and_buyer(store: Store) {
    world(&store).await;
    let statuses = [10, 20].map(|from| (from..).zip(OrderStatus::ALL)).into_iter().flatten();
    let orders: Vec<_> = statuses.map(|(n, status)| Order { status, buyer_id: user_id(3 + n / 20), ..order(n) }).collect();
    let flags = [attention(order_id(21), Code::ExternalRefund, 1), attention(order_id(21), Code::AmountMismatch, 2)];
    let rows = orders.iter().cloned().map(Row::Order).chain(flags.map(Row::Attention)).chain([Row::Line(line(21, 0))]);
    insert(&store, "rows", rows.collect()).await;
    let found = async |status, buyer: Option<u32>| {
        let filter = OrderFilter { status, buyer: buyer.map(user_id) };
        let (mut seen, mut before): (Vec<u32>, Option<Uuid>) = (Vec::new(), None);
        loop {
            let page = store.orders(filter, Page { limit: 2, before }).await.unwrap();
            let Some(last) = page.last() else { return seen };
            before = Some(last.order.id.0);
            assert!(page.len() <= 2 && seen.len() < 50, "the walk has an end");
            seen.extend(page.iter().map(|row| (1..50).find(|n| order_id(*n) == row.order.id).unwrap()));
        }
    };
    for (n, status) in (10..).zip(OrderStatus::ALL) {
        let of_world = if status == OrderStatus::Pending { vec![3, 2, 1] } else { vec![] };
        assert_eq!(found(Some(status), None).await, [vec![n + 10, n], of_world].concat(), "{status:?}");
        assert_eq!(found(Some(status), Some(4)).await, [n + 10], "{status:?}");
        assert_eq!(found(Some(status), Some(5)).await, [0_u32; 0]);
    }
    let everything: Vec<u32> = (20..28).rev().chain((10..18).rev()).chain([3, 2, 1]).collect();
    assert_eq!(found(None, None).await, everything);
    assert_eq!(found(None, Some(3)).await, (10..18).rev().collect::<Vec<_>>());
    let listed = store.orders(OrderFilter { status: Some(OrderStatus::Completed), buyer: None }, first(1)).await.unwrap();
    let flags = vec![Code::AmountMismatch, Code::ExternalRefund];
    assert_eq!(listed, [ListedOrder { order: orders[9].clone(), lines: vec![line(21, 0)], flags }]);
    apply(&store, "paid", vec![update(Row::Order(order_full(1)), 1)]).await;
    assert_eq!(found(Some(OrderStatus::Pending), None).await, [20, 10, 3, 2]);
    assert_eq!(found(Some(OrderStatus::PartiallyRefunded), None).await, [24, 14, 1]);
}

pub async fn orders_of_a_period(store: Store) {
    world(&store).await;
    insert(&store, "rows", (4..=20).rev().map(|n| Row::Order(order(n))).collect()).await;
    let number = |id| (1..50).find(|n| order_id(*n) == id).unwrap();
    let between = async |from, until, after: Option<u32>, limit| {
        let ids = store.orders_between(from, until, after.map(order_id), limit).await.unwrap();
        ids.into_iter().map(number).collect::<Vec<u32>>()
    };
    assert_eq!(between(made(5), made(9), None, 100).await, [5, 6, 7, 8], "from the first to below the last, ascending");
    assert_eq!(between(made(5), made(9), Some(6), 100).await, [7, 8]);
    assert_eq!(between(made(5), made(9), Some(2), 2).await, [5, 6]);
    assert_eq!(between(made(5), made(9), Some(8), 100).await, [0_u32; 0]);
    assert_eq!(between(made(9), made(5), None, 100).await, [0_u32; 0]);
    assert_eq!(between(made(5), made(9), None, 0).await, [0_u32; 0]);
    assert_eq!(between(Timestamp(0), Timestamp(i64::MAX), None, 100).await, (1..=20).collect::<Vec<_>>());
    assert_eq!(between(Timestamp(i64::MIN), Timestamp(-1), None, 100).await, [0_u32; 0]);
    // Periods that follow each other share no order and miss none, wherever within a millisecond they meet.
    let meet = Timestamp(made(7).0 + 500);
    let halves = [between(made(1), meet, None, 100).await, between(meet, made(21), None, 100).await];
    assert_eq!(halves.concat(), (1..=20).collect::<Vec<_>>());
    let count = async |from, until| store.count_orders_between(from, until).await.unwrap();
    assert_eq!([count(made(5), made(9)).await, count(made(9), made(5)).await], [4, 0]);
    assert_eq!(count(made(1), meet).await + count(meet, made(21)).await, 20);
    assert_eq!(count(Timestamp(i64::MIN), Timestamp(i64::MAX)).await, 20);
}

pub async fn transfers_whose_id_is_missing(store: Store) {
    world(&store).await;
    let numbered = [0, 10].map(|from| (from + 1..).zip(TransferStatus::ALL)).into_iter().flatten();
    let mut rows: Vec<_> = numbered.map(|(n, status)| transfer_full(n, order_id(1), status)).collect();
    rows.iter_mut().for_each(|row| row.stripe_transfer_id = None);
    rows.push(transfer_full(30, order_id(1), TransferStatus::Completed));
    let given_up = rows.iter().find(|row| row.id == transfer_id(16)).unwrap().id;
    let back = Row::Reversal(reversal(1, order_id(1), given_up, refund_id(1)));
    let with_it = [Row::Refund(refund(1, order_id(1))), back];
    insert(&store, "rows", rows.iter().cloned().map(Row::Transfer).chain(with_it).collect()).await;
    let without = [2, 4, 5, 12, 14, 15, 16].map(transfer_id);
    let (mut seen, mut last) = (Vec::new(), None);
    loop {
        let page = store.transfers_without_stripe_id(last, 4).await.unwrap();
        let Some(end) = page.last() else { break };
        last = Some(end.id);
        assert!(page.len() <= 4 && seen.len() < 50, "the walk has an end");
        seen.extend(page);
    }
    assert_eq!(seen.iter().map(|row| row.id).collect::<Vec<_>>(), without, "what Connect has, ascending");
    assert_eq!(seen[0], rows[1], "the whole row");
    let mut found = rows[1].clone();
    found.stripe_transfer_id = Some("tr_found".to_owned());
    apply(&store, "found", vec![update(Row::Transfer(found), 1)]).await;
    assert_eq!(store.transfers_without_stripe_id(None, 1).await.unwrap()[0].id, transfer_id(4));
}

pub async fn one_entry_of_the_operators_list(store: Store) {
    world(&store).await;
    let entry = attention(order_id(1), Code::AmountMismatch, 3);
    let about = Attention { subject: Subject::Dispute(dispute_id(1)), ..attention(order_id(1), Code::DisputeOpened, 4) };
    insert(&store, "rows", vec![Row::Attention(entry.clone()), Row::Attention(about.clone())]).await;
    assert_eq!(store.attention_entry(order_id(1).0, Code::AmountMismatch).await.unwrap(), Some(entry));
    assert_eq!(store.attention_entry(dispute_id(1).0, Code::DisputeOpened).await.unwrap(), Some(about));
    assert_eq!(store.attention_entry(order_id(1).0, Code::DisputeOpened).await.unwrap(), None);
    assert_eq!(store.attention_entry(order_id(2).0, Code::AmountMismatch).await.unwrap(), None);
}

pub async fn the_books_are_checked(store: Store) {
    world(&store).await;
    assert_eq!(store.ledger_check().await.unwrap(), LedgerCheck::default());
    let (eur, jpy) = (currency("EUR"), currency("JPY"));
    let rows = [
        posting("one", order_id(1), jpy, &[(PspClearing, 9000), (PlatformFee, -900), (SellerPayable(user_id(2)), -8100)]),
        posting("two", order_id(1), eur, &[(PspClearing, i64::MAX), (PlatformFee, -i64::MAX)]),
        posting("three", order_id(2), jpy, &[(PspClearing, -100), (PlatformFee, 100)]),
    ];
    insert(&store, "rows", rows.map(Row::Posting).to_vec()).await;
    let expected = LedgerCheck { sums: vec![(eur, Minor(0)), (jpy, Minor(0))], drift: Vec::new() };
    assert_eq!(store.ledger_check().await.unwrap(), expected, "one sum per currency, by currency");
}

pub async fn deliveries_of_a_sender(store: Store) {
    let of = |n, sender| Row::Delivery(Delivery { sender, ..delivery_full(n) });
    insert(&store, "rows", vec![of(1, Sender::Stripe), of(2, Sender::Hyperswitch), of(3, Sender::Stripe)]).await;
    let found = async |sender| {
        let filter = crate::storage::DeliveryFilter { sender, result: Some("error".to_owned()), ..Default::default() };
        let rows = store.deliveries(&filter, first(9)).await.unwrap();
        rows.iter().map(|row| (1..9).find(|n| super::sample::delivery_id(*n) == row.id).unwrap()).collect::<Vec<u32>>()
    };
    assert_eq!(found(Some(Sender::Stripe)).await, [3, 1]);
    assert_eq!(found(Some(Sender::Hyperswitch)).await, [2]);
    assert_eq!(found(None).await, [3, 2, 1]);
}
