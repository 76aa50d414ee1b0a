//! Pages, filters and look-ups.

use super::check::{Store, after, apply, first, insert, update, versioned, world};
use super::sample::{
    BUYER, SELLER, at, attention, delivery, delivery_full, delivery_id, exclusive, licence, line, netting, order, order_full, order_id,
    product, product_full, product_id, refund, refund_full, refund_id, reversal, session, session_id, transfer, transfer_id, user,
    user_full, user_id,
};
use crate::storage::{DeliveryFilter, Page, ProductFilter, Row, StatusFilter, WaitingOn};
use uuid::Uuid;
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::catalog::{Product, ProductKind, ProductStatus};
use veza_domain::identity::Session;
use veza_domain::netting::Netting;
use veza_domain::order::Order;
use veza_domain::refund::Refund;
use veza_domain::reversal::Reversal;
use veza_domain::transfer::{Hold, TransferStatus};
use veza_domain::webhook::{Delivery, ProcessingResult};

/// Five lists of rows 1, 3, … 19 in pages of three, while 2, 4, … come in between: nothing twice, nothing left out.
pub async fn a_walk_gives_every_row_once(store: Store) {
    world(&store).await;
    let rows = |n: u32| {
        let granted = line(100 + n, 0);
        vec![
            Row::Product(Product { seller_id: user_id(4), ..product(100 + n) }),
            Row::Order(Order { buyer_id: user_id(4), ..order(100 + n) }),
            Row::Line(granted.clone()),
            Row::Licence(veza_domain::licence::Licence { buyer_id: user_id(4), ..licence(&granted) }),
            Row::Transfer({
                let mut row = transfer(100 + n, order_id(1));
                row.seller_id = user_id(4);
                row
            }),
            Row::Delivery(delivery(100 + n)),
        ]
    };
    insert(&store, "odd", (1..20).step_by(2).flat_map(rows).collect()).await;
    let mut seen: [Vec<Uuid>; 5] = Default::default();
    let mut evens = (2..20).step_by(4);
    loop {
        let pages = [
            page(&store, 0, &seen[0]).await,
            page(&store, 1, &seen[1]).await,
            page(&store, 2, &seen[2]).await,
            page(&store, 3, &seen[3]).await,
            page(&store, 4, &seen[4]).await,
        ];
        if pages.iter().all(Vec::is_empty) {
            break;
        }
        for (seen, page) in seen.iter_mut().zip(pages) {
            assert!(page.len() <= 3);
            seen.extend(page);
            assert!(seen.len() <= 20, "the walk has an end");
        }
        if let Some(n) = evens.next() {
            insert(&store, &format!("even {n}"), rows(n)).await;
        }
    }
    let ids = |n| [product_id(n).0, order_id(n).0, line(n, 0).id.0, transfer_id(n).0, delivery_id(n).0];
    for (list, seen) in seen.iter().enumerate() {
        assert!(seen.windows(2).all(|pair| pair[0] > pair[1]), "list {list}: from the newest to the oldest, none twice");
        for n in (1..20).step_by(2) {
            assert!(seen.contains(&ids(100 + n)[list]), "list {list} leaves out {n}");
        }
    }
}

async fn page(store: &Store, list: usize, seen: &[Uuid]) -> Vec<Uuid> {
    let page = Page { limit: 3, before: seen.last().copied() };
    let four = user_id(4);
    let filter = ProductFilter { seller: Some(four), ..ProductFilter::default() };
    match list {
        0 => store.products(filter, page).await.unwrap().iter().map(|row| row.id.0).collect(),
        1 => store.orders_of_buyer(four, page).await.unwrap().iter().map(|row| row.order.id.0).collect(),
        2 => store.licences_of_buyer(four, page).await.unwrap().iter().map(|row| row.id.0).collect(),
        3 => store.transfers_of_seller(four, page).await.unwrap().iter().map(|row| row.transfer.id.0).collect(),
        _ => store.deliveries(&DeliveryFilter::default(), page).await.unwrap().iter().map(|row| row.id.0).collect(),
    }
}

pub async fn a_walk_of_the_operators_list(store: Store) {
    world(&store).await;
    // Equal times and equal subjects, so that every part of the order counts; inserted in no order.
    let mut entries: Vec<Attention> = Code::ALL.iter().map(|code| attention(order_id(2), *code, 5)).collect();
    entries.extend([attention(order_id(3), Code::AmountMismatch, 4), attention(order_id(1), Code::ProviderRefused, 5)]);
    entries.push(attention(order_id(3), Code::ExternalRefund, 5));
    insert(&store, "entries", entries.iter().cloned().map(Row::Attention).collect()).await;
    entries.sort_by_key(|entry| (entry.since, entry.subject.id(), entry.code.as_str()));
    let (mut seen, mut last): (Vec<Attention>, Option<WaitingOn>) = (Vec::new(), None);
    loop {
        let page = store.attention(2, last).await.unwrap();
        let Some(end) = page.last() else { break };
        last = Some(WaitingOn { since: end.since, subject: end.subject.id(), code: end.code });
        assert!(page.len() <= 2);
        seen.extend(page);
        assert!(seen.len() <= entries.len(), "the walk has an end");
    }
    assert_eq!(seen, entries);
    assert_eq!(store.attention(0, None).await.unwrap(), []);
}

pub async fn products_are_filtered(store: Store) {
    let people = [1, 2, 3].map(|n| Row::User(user(n)));
    let row = |n, seller, kind, status| Product { seller_id: user_id(seller), kind, status, ..product_full(n) };
    let rows = [
        row(1, 2, ProductKind::Track, ProductStatus::Published),
        row(2, 2, ProductKind::Pack, ProductStatus::Published),
        row(3, 3, ProductKind::Track, ProductStatus::Published),
        row(4, 2, ProductKind::Track, ProductStatus::Draft),
        row(5, 3, ProductKind::Track, ProductStatus::Archived),
    ];
    insert(&store, "rows", people.into_iter().chain(rows.map(Row::Product)).collect()).await;
    let found = async |seller: Option<u32>, kind, published| {
        let filter = ProductFilter { seller: seller.map(user_id), kind, published };
        let ids: Vec<_> = store.products(filter, first(9)).await.unwrap().iter().map(|row| row.id).collect();
        (1..=5).rev().filter(|n| ids.contains(&product_id(*n))).collect::<Vec<u32>>()
    };
    assert_eq!(found(None, None, false).await, [5, 4, 3, 2, 1]);
    assert_eq!(found(None, None, true).await, [3, 2, 1]);
    assert_eq!(found(Some(2), None, false).await, [4, 2, 1]);
    assert_eq!(found(Some(2), None, true).await, [2, 1]);
    assert_eq!(found(None, Some(ProductKind::Track), true).await, [3, 1]);
    assert_eq!(found(Some(3), Some(ProductKind::Track), false).await, [5, 3]);
    assert_eq!(found(Some(3), Some(ProductKind::Course), false).await, [0_u32; 0]);
    let published = ProductFilter { published: true, ..ProductFilter::default() };
    let next = store.products(published, after(1, product_id(3).0)).await.unwrap();
    assert_eq!(next, [row(2, 2, ProductKind::Pack, ProductStatus::Published)]);
}

pub async fn deliveries_are_filtered(store: Store) {
    let row = |n, result| Delivery { result, ..delivery_full(n) };
    let error = |text: &str| ProcessingResult::Error(text.to_owned());
    let rows = [
        row(1, ProcessingResult::Ok),
        row(2, error("amount mismatch")),
        row(3, error("100 % odd")),
        row(4, ProcessingResult::Skipped),
        Delivery { event_type: Some("refund_succeeded".to_owned()), ..row(5, error("100")) },
        delivery(6),
        row(7, error("100 xodd")),
    ];
    insert(&store, "rows", rows.map(Row::Delivery).to_vec()).await;
    let found = async |filter: DeliveryFilter| {
        let ids: Vec<_> = store.deliveries(&filter, first(9)).await.unwrap().iter().map(|row| row.id).collect();
        (1..=7).rev().filter(|n| ids.contains(&delivery_id(*n))).collect::<Vec<u32>>()
    };
    let any = DeliveryFilter::default;
    let result = |text: &str| DeliveryFilter { result: Some(text.to_owned()), ..any() };
    assert_eq!(found(any()).await, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(found(DeliveryFilter { signature_valid: Some(false), ..any() }).await, [6]);
    assert_eq!(found(DeliveryFilter { signature_valid: Some(true), ..any() }).await, [7, 5, 4, 3, 2, 1]);
    assert_eq!(found(result("error")).await, [7, 5, 3, 2]);
    assert_eq!(found(result("error: 100 %")).await, [3], "a percent sign is a percent sign");
    assert_eq!(found(result("ERROR")).await, [0_u32; 0], "letter by letter");
    assert_eq!(found(result("rror")).await, [0_u32; 0], "begins with");
    assert_eq!(found(result("error_")).await, [0_u32; 0], "an underscore is an underscore");
    assert_eq!(found(result("ok")).await, [1]);
    assert_eq!(found(result("signature_invalid")).await, [6]);
    assert_eq!(found(result("")).await, [7, 6, 5, 4, 3, 2, 1]);
    assert_eq!(found(DeliveryFilter { event_type: Some("refund_succeeded".to_owned()), ..any() }).await, [5]);
    assert_eq!(found(DeliveryFilter { event_type: Some("refund".to_owned()), ..any() }).await, [0_u32; 0]);
    assert_eq!(found(DeliveryFilter { since: Some(at(6)), ..any() }).await, [7, 6]);
    assert_eq!(found(DeliveryFilter { since: Some(at(3)), signature_valid: Some(true), ..result("error") }).await, [7, 5, 3]);
    let page = store.deliveries(&result("error"), after(2, delivery_id(7).0)).await.unwrap();
    assert_eq!(page.iter().map(|row| row.id).collect::<Vec<_>>(), [delivery_id(5), delivery_id(3)]);
}

pub async fn orders_with_lines_and_flags(store: Store) {
    world(&store).await;
    // Lines by position, whatever the order of their ids.
    let mut zeroth = line(6, 4);
    (zeroth.position, zeroth.title) = (0, "first".to_owned());
    let mut last = line(6, 0);
    last.position = 2;
    let mut middle = line(6, 2);
    middle.position = 1;
    let about_refund = |n, code| Attention { subject: Subject::Refund(refund_id(n)), ..attention(order_id(6), code, 1) };
    let unrelated = Attention { order_id: None, ..attention(order_id(6), Code::ProviderCredentials, 0) };
    let rows = vec![
        Row::Order(order_full(6)),
        Row::Line(last.clone()),
        Row::Line(middle.clone()),
        Row::Line(zeroth.clone()),
        Row::Refund(refund(1, order_id(6))),
        Row::Attention(about_refund(1, Code::ExternalRefund)),
        Row::Attention(about_refund(2, Code::ExternalRefund)),
        Row::Attention(attention(order_id(6), Code::RefundExceedsOrder, 3)),
        Row::Attention(attention(order_id(6), Code::AmountMismatch, 4)),
        Row::Attention(unrelated),
    ];
    insert(&store, "order", rows).await;
    let listed = store.orders_of_buyer(user_id(BUYER), first(10)).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.order.id).collect::<Vec<_>>(), [order_id(6), order_id(3), order_id(2), order_id(1)]);
    assert_eq!((&listed[0].order, &listed[0].lines), (&order_full(6), &vec![zeroth.clone(), middle.clone(), last.clone()]));
    assert_eq!(listed[0].flags, [Code::AmountMismatch, Code::ExternalRefund, Code::RefundExceedsOrder], "each once");
    assert_eq!((&listed[3].lines, &listed[3].flags), (&vec![line(1, 0)], &Vec::new()));
    assert_eq!(store.orders_of_buyer(user_id(SELLER), first(10)).await.unwrap(), []);
    let file = store.order_file(order_id(6)).await.unwrap().unwrap().file;
    assert_eq!(file.lines, [zeroth, middle, last]);
    let waiting = store.attention_of_order(order_id(6)).await.unwrap();
    let codes: Vec<_> = waiting.iter().map(|entry| entry.code).collect();
    assert_eq!(codes, [Code::ExternalRefund, Code::ExternalRefund, Code::RefundExceedsOrder, Code::AmountMismatch]);
}

pub async fn transfers_with_reversals(store: Store) {
    world(&store).await;
    let older = Refund { created_at: at(1), ..refund(2, order_id(1)) };
    let newer = Refund { created_at: at(2), ..refund(1, order_id(1)) };
    let second = Reversal { created_at: at(9), ..reversal(1, order_id(1), transfer_id(1), newer.id) };
    let first_made = Reversal { created_at: at(8), ..reversal(2, order_id(1), transfer_id(1), older.id) };
    let lone = reversal(3, order_id(1), transfer_id(2), newer.id);
    let transfers = [transfer(1, order_id(1)), transfer(2, order_id(1)), transfer(3, order_id(2))];
    let mut theirs = transfer(4, order_id(2));
    theirs.seller_id = user_id(3);
    let rows = transfers.iter().cloned().chain([theirs]).map(Row::Transfer);
    let causes = [newer.clone(), older.clone()].map(Row::Refund);
    let opened = |n, at| Row::Netting(Netting { created_at: at, ..netting(n, order_id(1), lone.id) });
    let of_another = Netting { seller_id: user_id(3), created_at: transfers[0].created_at, ..netting(4, order_id(1), lone.id) };
    let kept = [opened(1, transfers[0].created_at), opened(2, transfers[0].created_at), opened(3, at(-1)), Row::Netting(of_another)];
    let back = [second.clone(), first_made.clone(), lone.clone()].map(Row::Reversal);
    insert(&store, "rows", rows.chain(causes).chain(back).chain(kept).collect()).await;
    let listed = store.transfers_of_seller(user_id(SELLER), first(9)).await.unwrap();
    assert_eq!(listed.iter().map(|row| row.transfer.id).collect::<Vec<_>>(), [3, 2, 1].map(transfer_id));
    assert_eq!(listed[2].reversals, [first_made.clone(), second.clone()], "oldest first");
    assert_eq!((listed[1].reversals.len(), listed[0].reversals.len()), (1, 0));
    assert_eq!(listed.iter().map(|row| row.netted.0).collect::<Vec<_>>(), [0, 0, 80], "what was kept of it when it was opened");
    assert_eq!(store.transfers(StatusFilter::default(), first(9)).await.unwrap()[3], listed[2], "and operators see the same");
    let file = store.order_file(order_id(1)).await.unwrap().unwrap().file;
    assert_eq!(file.refunds, [older, newer], "oldest first");
    assert_eq!(file.reversals, [lone, first_made, second], "oldest first");
    assert_eq!(store.order_file(order_id(2)).await.unwrap().unwrap().file.reversals, []);
}

pub async fn held_transfers_of_a_seller(store: Store) {
    world(&store).await;
    let row = |n, status, hold| {
        let mut row = transfer(n, order_id(1)).restored(status);
        row.hold = hold;
        row
    };
    let mut theirs = row(6, TransferStatus::Pending, Some(Hold::AccountNotReady));
    theirs.seller_id = user_id(3);
    let (one, three) =
        (row(1, TransferStatus::Failed, Some(Hold::AccountNotReady)), row(3, TransferStatus::Pending, Some(Hold::AccountNotReady)));
    let rows = [
        one.clone(),
        row(2, TransferStatus::Failed, Some(Hold::BalanceInsufficient)),
        three.clone(),
        row(4, TransferStatus::Pending, None),
        row(5, TransferStatus::Completed, Some(Hold::AccountNotReady)),
        theirs,
        row(7, TransferStatus::PermanentlyFailed, Some(Hold::AccountNotReady)),
    ];
    insert(&store, "rows", rows.map(Row::Transfer).to_vec()).await;
    apply(&store, "again", vec![update(Row::Transfer(three.clone()), 1)]).await;
    let held = store.held_transfers(user_id(SELLER), 9).await.unwrap();
    assert_eq!(held, [versioned(one.clone(), 1), versioned(three, 2)]);
    assert_eq!(store.held_transfers(user_id(SELLER), 1).await.unwrap(), [versioned(one, 1)]);
    assert_eq!(store.held_transfers(user_id(5), 9).await.unwrap(), []);
}

pub async fn exclusive_holds_of_products(store: Store) {
    world(&store).await;
    let holds = [exclusive(1, order_id(1)), exclusive(3, order_id(2))];
    insert(&store, "holds", holds.clone().map(Row::Exclusive).to_vec()).await;
    let mut found = store.exclusive_holds(&[3, 2, 1, 1].map(product_id)).await.unwrap();
    found.sort_by_key(|hold| hold.value.product_id);
    assert_eq!(found, holds.map(|hold| versioned(hold, 1)));
    assert_eq!(store.exclusive_holds(&[product_id(2)]).await.unwrap(), []);
    assert_eq!(store.exclusive_holds(&[]).await.unwrap(), []);
}

pub async fn who_calls(store: Store) {
    let people = [user_full(1), user(2)].map(Row::User);
    let revoked = Session { revoked_at: Some(at(10)), ..session(2) };
    insert(&store, "rows", people.into_iter().chain([Row::Session(session(1)), Row::Session(revoked)]).collect()).await;
    let (one, two) = (user_id(1), user_id(2));
    assert_eq!(store.caller(one, session_id(1), at(0)).await.unwrap(), Some(user_full(1)));
    assert_eq!(store.caller(one, session_id(1), at(3599)).await.unwrap(), Some(user_full(1)));
    assert_eq!(store.caller(one, session_id(1), at(3600)).await.unwrap(), None, "it is over");
    assert_eq!(store.caller(one, session_id(2), at(0)).await.unwrap(), None, "it was revoked");
    assert_eq!(store.caller(two, session_id(1), at(0)).await.unwrap(), None, "it is another's");
    assert_eq!(store.caller(one, session_id(3), at(0)).await.unwrap(), None, "there is none");
}

pub async fn orders_by_payment_and_refund(store: Store) {
    world(&store).await;
    let rows = [Row::Line(line(1, 1)), Row::Refund(refund_full(1, 1)), Row::Refund(refund(2, order_id(2)))];
    insert(&store, "rows", rows.to_vec()).await;
    apply(&store, "payment", vec![update(Row::Order(order_full(1)), 1)]).await;
    assert_eq!(store.order_of_payment("pay_1").await.unwrap(), Some(order_id(1)));
    assert_eq!(store.order_of_payment("PAY_1").await.unwrap(), None);
    assert_eq!(store.order_of_payment("").await.unwrap(), None);
    assert_eq!(store.order_of_payment(&order_id(1).to_string()).await.unwrap(), None);
    assert_eq!(store.order_of_refund("ref_1").await.unwrap(), Some(order_id(1)));
    assert_eq!(store.order_of_refund(&refund_id(1).to_string()).await.unwrap(), Some(order_id(1)));
    assert_eq!(store.order_of_refund(&refund_id(2).to_string()).await.unwrap(), Some(order_id(2)));
    assert_eq!(store.order_of_refund(&refund_id(3).to_string()).await.unwrap(), None);
    assert_eq!(store.order_of_refund("").await.unwrap(), None);
}
