//! What the reconciler looks at: which rows, in which order, and that nobody else does meanwhile.

use super::check::{Store, apply, insert, update, world};
use super::sample::{
    at, collecting, debt, dispute, dispute_id, invoice, invoice_id, order, order_id, refund, refund_id, reversal_id, subscription,
    subscription_id, transfer, transfer_full, transfer_id, user_id,
};
use crate::storage::{LookClaim, LookClass, Looked, Row, RowKey};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;
use uuid::Uuid;
use veza_domain::backoff::RetryPolicy;
use veza_domain::dispute::{Dispute, DisputeStatus};
use veza_domain::look::Look;
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::transfer::{Attempt, Transfer, TransferStatus};

const LEASE: Duration = Duration::from_secs(60);
const PAUSE: RetryPolicy = RetryPolicy { retries_max: 0, base: Duration::from_secs(40), max: Duration::from_secs(300) };

/// A claim of whatever is due at `now`.
fn due(class: LookClass, now: i64) -> LookClaim {
    LookClaim { class, now: at(now), older_than: at(now), lease: LEASE, pause: PAUSE, pass: None, limit: 100 }
}

/// The first batch of a pass.
fn pass(class: LookClass, now: i64) -> LookClaim {
    LookClaim { pass: Some(Uuid::nil()), ..due(class, now) }
}

async fn looked(store: &Store, claim: LookClaim) -> Vec<Uuid> {
    store.claim_looks(&claim).await.unwrap().iter().map(|row| row.subject).collect()
}

fn look(seconds: i64) -> Look {
    Look::from(at(seconds))
}

fn sent(seconds: i64) -> Attempt {
    Attempt { generation: 3, first_sent_at: Some(at(0)), last_sent_at: Some(at(seconds)), look_up: false }
}

fn sent_transfer(n: u32, status: TransferStatus, last_sent: i64, due: Option<i64>) -> Transfer {
    let mut row = transfer(n, order_id(2)).restored(status);
    row.attempt = sent(last_sent);
    row.next_retry_at = due.map(at);
    row
}

fn sent_reversal(n: u32, last_sent: i64, due: i64) -> Reversal {
    Reversal { attempt: sent(last_sent), next_retry_at: Some(at(due)), ..debt(n, order_id(3)) }
}

/// A subscription, and its invoice.
async fn plan(store: &Store) {
    let rows = vec![Row::Subscription(subscription(1, user_id(1))), Row::Invoice(invoice(1, subscription_id(1)))];
    insert(store, "plan", rows).await;
}

/// Two rows of each class that are due, at 20 and at 10, of orders, refunds and so on 1 and 2.
async fn stage(store: &Store) {
    world(store).await;
    let times = [(1, 20), (2, 10)];
    let orders = times.map(|(n, due)| Row::Order(Order { look: look(due), ..order(100 + n) }));
    let failed = times.map(|(n, due)| Row::Order(Order { status: OrderStatus::Failed, look: look(due), ..order(110 + n) }));
    let adopted = |n| Some(format!("ref_{n}"));
    let refunds = times.map(|(n, due)| Row::Refund(Refund { psp_refund_id: adopted(n), look: look(due), ..refund(n, order_id(1)) }));
    let orphans = times.map(|(n, due)| Row::Refund(Refund { look: look(due), ..refund(10 + n, order_id(1)) }));
    let disputes = times.map(|(n, due)| Row::Dispute(Dispute { look: look(due), ..dispute(n, order_id(2)) }));
    let transfers = times.map(|(n, due)| Row::Transfer(sent_transfer(n, TransferStatus::Pending, 1, Some(due))));
    let reversals = times.map(|(n, due)| Row::Reversal(sent_reversal(n, 1, due)));
    let invoices = times.map(|(n, due)| Row::Order(Order { look: look(due), ..collecting(120 + n, invoice_id(1)) }));
    plan(store).await;
    insert(store, "stage", [orders, invoices, failed, refunds, orphans, disputes, transfers, reversals].concat()).await;
}

/// Row `n` of a class as [`stage`] has it.
fn staged(class: LookClass, n: u32) -> Looked {
    let (subject, order, number) = match class {
        LookClass::PendingOrders => (order_id(100 + n).0, 100 + n, 100 + n),
        LookClass::PendingInvoices => (order_id(120 + n).0, 120 + n, 120 + n),
        LookClass::FailedOrders => (order_id(110 + n).0, 110 + n, 110 + n),
        LookClass::Refunds => (refund_id(n).0, 1, n),
        LookClass::OrphanRefunds => (refund_id(10 + n).0, 1, 10 + n),
        LookClass::Disputes => (dispute_id(n).0, 2, n),
        LookClass::Transfers => (transfer_id(n).0, 2, n),
        LookClass::Reversals => (reversal_id(n).0, 3, n),
    };
    Looked { subject, order_id: order_id(order), created_at: at(i64::from(number)) }
}

pub async fn each_class_finds_its_own(store: Store) {
    stage(&store).await;
    for class in LookClass::ALL {
        assert_eq!(looked(&store, due(class, 9)).await, [] as [Uuid; 0], "{class:?}: nothing is due yet");
        assert_eq!(looked(&store, LookClaim { limit: 0, ..due(class, 200) }).await, [] as [Uuid; 0]);
        let first = store.claim_looks(&LookClaim { limit: 1, ..due(class, 200) }).await.unwrap();
        assert_eq!(first, [staged(class, 2)], "{class:?}: the longest due");
        assert_eq!(store.claim_looks(&due(class, 200)).await.unwrap(), [staged(class, 1)], "{class:?}");
        assert_eq!(looked(&store, due(class, 200)).await, [] as [Uuid; 0], "{class:?}: they are another's now");
    }
}

pub async fn what_is_over_is_never_looked_at(store: Store) {
    world(&store).await;
    plan(&store).await;
    let now = Some(at(1));
    let over = Look { due_at: None, ..look(1) };
    let orders = (10..).zip(OrderStatus::ALL).map(|(n, status)| Row::Order(Order { status, look: look(1), ..order(n) }));
    let invoices =
        (60..).zip(OrderStatus::ALL).map(|(n, status)| Row::Order(Order { status, look: look(1), ..collecting(n, invoice_id(1)) }));
    let refunds = (1..).zip(RefundStatus::ALL);
    let refunds = refunds.flat_map(|(n, status)| {
        let known = Refund { psp_refund_id: Some(format!("ref_{n}")), ..refund(10 + n, order_id(1)) };
        [refund(n, order_id(1)), known].map(|row| Row::Refund(Refund { status, look: look(1), ..row }))
    });
    let disputes =
        (1..).zip(DisputeStatus::ALL).map(|(n, status)| Row::Dispute(Dispute { status, look: look(1), ..dispute(n, order_id(1)) }));
    let transfers = (1..).zip(TransferStatus::ALL).map(|(n, status)| Row::Transfer(sent_transfer(n, status, 1, Some(1))));
    let reversals = (1..).zip(ReversalStatus::ALL);
    let reversals = reversals.map(|(n, status)| Row::Reversal(Reversal { status, ..sent_reversal(n, 1, 1) }));
    let mut known = transfer_full(20, order_id(2), TransferStatus::Failed);
    (known.attempt, known.next_retry_at) = (Attempt::default(), now);
    let without_time = vec![
        Row::Order(Order { look: over, ..order(50) }),
        Row::Order(Order { look: over, ..collecting(52, invoice_id(1)) }),
        Row::Order(Order { status: OrderStatus::Failed, look: over, ..order(51) }),
        Row::Refund(Refund { look: over, ..refund(50, order_id(1)) }),
        Row::Refund(Refund { look: over, psp_refund_id: Some("ref_51".to_owned()), ..refund(51, order_id(1)) }),
        Row::Dispute(Dispute { look: over, ..dispute(50, order_id(1)) }),
        Row::Transfer(sent_transfer(50, TransferStatus::Pending, 1, None)),
        Row::Transfer(known),
        Row::Reversal(Reversal { attempt: Attempt::default(), ..sent_reversal(50, 1, 1) }),
    ];
    let rows = orders.chain(invoices).chain(refunds).chain(disputes).chain(transfers).chain(reversals).chain(without_time);
    insert(&store, "rows", rows.collect()).await;
    let expected = [
        vec![order_id(10).0],
        vec![order_id(60).0],
        vec![order_id(12).0, order_id(62).0],
        vec![refund_id(11).0],
        vec![refund_id(1).0],
        vec![dispute_id(1).0, dispute_id(2).0, dispute_id(3).0],
        vec![transfer_id(1).0, transfer_id(3).0],
        vec![reversal_id(1).0],
    ];
    for (class, expected) in LookClass::ALL.into_iter().zip(expected) {
        assert_eq!(looked(&store, pass(class, 500)).await, expected, "{class:?}");
        assert_eq!(looked(&store, due(class, 9999)).await, expected, "{class:?}");
    }
}

pub async fn what_is_young_is_left_alone(store: Store) {
    stage(&store).await;
    for class in LookClass::ALL {
        let ours = |claim: LookClaim| LookClaim { older_than: at(0), ..claim };
        assert_eq!(looked(&store, ours(due(class, 900))).await, [] as [Uuid; 0], "{class:?}");
        assert_eq!(looked(&store, ours(pass(class, 900))).await, [] as [Uuid; 0], "{class:?}");
    }
    // Made long ago and sent just now, and the other way round: of transfers and reversals the last call counts.
    let mut older = sent_transfer(30, TransferStatus::Failed, 5, Some(1));
    older.created_at = at(600);
    let rows = vec![
        Row::Transfer(sent_transfer(31, TransferStatus::Failed, 600, Some(1))),
        Row::Transfer(older),
        Row::Reversal(sent_reversal(31, 600, 1)),
        Row::Reversal(Reversal { created_at: at(600), ..sent_reversal(30, 5, 1) }),
        Row::Refund(Refund { created_at: at(600), look: look(1), ..refund(30, order_id(1)) }),
    ];
    insert(&store, "rows", rows).await;
    let until = |class, older_than| LookClaim { older_than: at(older_than), ..due(class, 900) };
    let longest_due = async |class, older_than| looked(&store, LookClaim { limit: 1, ..until(class, older_than) }).await;
    assert_eq!(longest_due(LookClass::Transfers, 6).await, [transfer_id(30).0]);
    assert_eq!(longest_due(LookClass::Reversals, 6).await, [reversal_id(30).0]);
    assert_eq!(longest_due(LookClass::OrphanRefunds, 600).await, [refund_id(12).0], "made before, not at");
    assert_eq!(longest_due(LookClass::OrphanRefunds, 601).await, [refund_id(30).0]);
}

pub async fn a_look_moves_the_schedule(store: Store) {
    stage(&store).await;
    let schedule = async |n| {
        let stored = store.order_file(order_id(n)).await.unwrap().unwrap();
        (stored.file.order.look, stored.revisions[&RowKey::Order(order_id(n))].0)
    };
    let mut now = 200;
    // base · 2^n, at least the lease and at most the longest pause.
    for (count, pause) in (1..).zip([80, 160, 300, 300]) {
        assert_eq!(looked(&store, due(LookClass::PendingOrders, now)).await.len(), 2);
        let expected = Look { due_at: Some(at(now + pause)), count, last_at: Some(at(now)) };
        assert_eq!(schedule(101).await, (expected, i64::from(count) + 1));
        assert_eq!(looked(&store, due(LookClass::PendingOrders, now + pause - 1)).await.len(), 0);
        now += pause;
    }
    let long = LookClaim { lease: Duration::from_secs(1000), ..due(LookClass::FailedOrders, 200) };
    assert_eq!(looked(&store, long).await.len(), 2);
    assert_eq!(schedule(111).await.0.due_at, Some(at(1200)), "nobody else looks while the lease lasts");
    let often = Look { due_at: Some(at(0)), count: u32::MAX, last_at: None };
    apply(&store, "often", vec![update(Row::Order(Order { look: often, ..order(3) }), 1)]).await;
    assert!(looked(&store, due(LookClass::PendingOrders, 300)).await.contains(&order_id(3).0));
    assert_eq!(schedule(3).await.0, Look { due_at: Some(at(600)), count: u32::MAX, last_at: Some(at(300)) });

    for class in [
        LookClass::PendingInvoices,
        LookClass::Refunds,
        LookClass::OrphanRefunds,
        LookClass::Disputes,
        LookClass::Transfers,
        LookClass::Reversals,
    ] {
        assert_eq!(looked(&store, due(class, 200)).await.len(), 2, "{class:?}");
    }
    let first = Look { due_at: Some(at(280)), count: 1, last_at: Some(at(200)) };
    let files = [1, 2, 3].map(order_id);
    let [one, two, three] = [store.order_file(files[0]), store.order_file(files[1]), store.order_file(files[2])];
    let (one, two, three) = (one.await.unwrap().unwrap(), two.await.unwrap().unwrap(), three.await.unwrap().unwrap());
    assert!(one.file.refunds.iter().all(|row| row.look == first), "{:?}", one.file.refunds);
    assert!(two.file.disputes.iter().all(|row| row.look == first), "{:?}", two.file.disputes);
    assert!(two.file.transfers.iter().all(|row| row.next_retry_at == Some(at(260)) && row.attempt == sent(1)));
    assert!(three.file.reversals.iter().all(|row| row.next_retry_at == Some(at(260)) && row.attempt == sent(1)));
    let keys = [RowKey::Refund(refund_id(1)), RowKey::Refund(refund_id(11))];
    assert!(keys.iter().all(|key| one.revisions[key].0 == 2));
    let keys = [RowKey::Dispute(dispute_id(1)), RowKey::Transfer(transfer_id(1))];
    assert!(keys.iter().all(|key| two.revisions[key].0 == 2));
    assert_eq!(three.revisions[&RowKey::Reversal(reversal_id(1))].0, 2);
}

pub async fn a_pass_sees_every_row_once(store: Store) {
    stage(&store).await;
    let later = look(9999);
    let more = (3..=8).flat_map(|n| {
        [
            Row::Order(Order { look: later, ..order(100 + n) }),
            Row::Order(Order { look: later, ..collecting(120 + n, invoice_id(1)) }),
            Row::Order(Order { status: OrderStatus::Failed, look: later, ..order(110 + n) }),
            Row::Refund(Refund { psp_refund_id: Some(format!("ref_{n}")), look: later, ..refund(n, order_id(1)) }),
            Row::Refund(Refund { look: later, ..refund(10 + n, order_id(1)) }),
            Row::Dispute(Dispute { look: later, ..dispute(n, order_id(2)) }),
            Row::Transfer(sent_transfer(n, if n % 2 == 0 { TransferStatus::Failed } else { TransferStatus::Pending }, 1, Some(9999))),
            Row::Reversal(sent_reversal(n, 1, 9999)),
        ]
    });
    insert(&store, "more", more.collect()).await;
    for class in LookClass::ALL {
        let all: Vec<Uuid> = (1..=8).map(|n| staged(class, n).subject).collect();
        let mut seen = Vec::new();
        loop {
            let after = seen.last().copied().unwrap_or(Uuid::nil());
            let batch = looked(&store, LookClaim { pass: Some(after), limit: 3, ..pass(class, 300) }).await;
            assert!(batch.len() <= 3 && seen.len() < 20, "{class:?}: the pass has an end");
            if batch.is_empty() {
                break;
            }
            seen.extend(batch);
        }
        assert_eq!(seen, all, "{class:?}: whatever is due when, by id");
        assert_eq!(looked(&store, pass(class, 359)).await, [] as [Uuid; 0], "{class:?}: another pass leaves them alone");
        assert_eq!(looked(&store, due(class, 359)).await, [] as [Uuid; 0], "{class:?}");
        assert_eq!(looked(&store, pass(class, 360)).await, all, "{class:?}: the lease is over");
    }
}

/// A pass leaves alone what a tick or its own worker has just taken, and the other way round.
pub async fn a_pass_leaves_what_another_has(store: Store) {
    stage(&store).await;
    for class in LookClass::ALL {
        assert_eq!(looked(&store, LookClaim { limit: 1, ..due(class, 200) }).await, [staged(class, 2).subject]);
        assert_eq!(looked(&store, pass(class, 201)).await, [staged(class, 1).subject], "{class:?}: a tick has the other");
    }
    let rows = [
        Row::Transfer(sent_transfer(31, TransferStatus::Pending, 1, Some(1000))),
        Row::Transfer(sent_transfer(32, TransferStatus::Pending, 1, Some(1001))),
        Row::Reversal(sent_reversal(31, 1, 1000)),
        Row::Reversal(sent_reversal(32, 1, 1001)),
    ];
    insert(&store, "rows", rows.to_vec()).await;
    store.claim_transfers(at(1000), LEASE, 9).await.unwrap();
    store.claim_reversals(at(1000), LEASE, 9).await.unwrap();
    assert_eq!(looked(&store, pass(LookClass::Transfers, 1000)).await, [transfer_id(32).0], "the others' worker has them");
    assert_eq!(looked(&store, pass(LookClass::Reversals, 1000)).await, [reversal_id(32).0], "the others' worker has them");
    assert_eq!(store.claim_transfers(at(1059), LEASE, 9).await.unwrap(), []);
    assert_eq!(store.claim_reversals(at(1059), LEASE, 9).await.unwrap(), []);
    assert_eq!(store.claim_transfers(at(1060), LEASE, 9).await.unwrap().len(), 4, "a lease that is over is over");
    assert_eq!(store.claim_reversals(at(1060), LEASE, 9).await.unwrap().len(), 4);
}

pub async fn nobody_looks_at_what_another_does(store: Store) {
    world(&store).await;
    plan(&store).await;
    const ROWS: u32 = 60;
    let rows = (1..=ROWS).flat_map(|n| {
        let known = Refund { psp_refund_id: Some(format!("ref_{n}")), look: look(1), ..refund(n, order_id(1)) };
        [
            Row::Order(Order { look: look(1), ..order(100 + n) }),
            Row::Order(Order { look: look(1), ..collecting(300 + n, invoice_id(1)) }),
            Row::Order(Order { status: OrderStatus::Failed, look: look(1), ..order(200 + n) }),
            Row::Refund(known),
            Row::Refund(Refund { look: look(1), ..refund(100 + n, order_id(1)) }),
            Row::Dispute(Dispute { look: look(1), ..dispute(n, order_id(1)) }),
            Row::Transfer(sent_transfer(n, if n % 2 == 0 { TransferStatus::Failed } else { TransferStatus::Pending }, 1, Some(1))),
            Row::Reversal(sent_reversal(n, 1, 1)),
        ]
    });
    insert(&store, "rows", rows.collect()).await;
    let mut claimers = JoinSet::new();
    for claimer in 0..8 {
        let store = store.clone();
        claimers.spawn(async move {
            let mut had = Vec::new();
            for _ in 0..12 {
                for class in LookClass::ALL {
                    let claim = LookClaim { limit: 7, ..if claimer % 2 == 0 { due(class, 900) } else { pass(class, 900) } };
                    had.extend(looked(&store, claim).await);
                }
            }
            had
        });
    }
    let had = claimers.join_all().await.concat();
    let distinct: BTreeSet<_> = had.iter().collect();
    assert_eq!((had.len(), distinct.len()), (8 * ROWS as usize, 8 * ROWS as usize), "each row once");
}
