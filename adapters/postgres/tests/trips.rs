//! How often a unit goes to the server and back, and what is said when the line is cut on the way.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a test fails by panicking")]

mod common;

use common::proxy::{Cut, Proxy, Trip};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use veza_cluster::{Database, cluster};
use veza_domain::attention::Code;
use veza_domain::backoff::RetryPolicy;
use veza_domain::licence::ExclusiveState;
use veza_domain::order::Order;
use veza_domain::settlement::{Context, Fact, PaymentFact, PaymentStatus, Source, decide};
use veza_domain::subscription::{BillingPolicy, Dunning};
use veza_ports::contract::storage::sample::{
    at, attention, collecting, delivery, delivery_id, exclusive, invoice, invoice_id, line, order, order_id, subscription, subscription_id,
    transfer, unit, user, user_id, world,
};
use veza_ports::storage::{
    AdminReads, BillingReads, CatalogReads, Commit, CommitError, Committed, IdentityReads, LookClaim, LookClass, OrderFilter, OrderReads,
    Page, Revision, Row, UnitOfWork, Work, Write,
};
use veza_postgres::PostgresStore;

/// A store behind a proxy, with the world in it.
async fn behind_a_proxy() -> (Database, Proxy, Arc<PostgresStore>) {
    let database = common::migrated().await;
    let port = cluster().url("").rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    let proxy = Proxy::before(port).await;
    let store = PostgresStore::connect(common::config(&proxy.url(&database.url()))).await.unwrap();
    assert!(matches!(store.commit(unit("world", world())).await, Ok(Committed::Applied)));
    (database, proxy, Arc::new(store))
}

fn update(row: Row, expected: i64) -> Write {
    Write::Update { row, expected: Revision(expected) }
}

/// The unit of an order of two lines that is paid, with its webhook's row, as the application makes it.
async fn settlement(store: &PostgresStore, n: u32) -> UnitOfWork {
    let paid = Order { payment_id: Some(format!("pay_{n}")), ..order(n) };
    let mut second = line(n, 1);
    second.seller_id = user_id(3);
    let mut total = paid.clone();
    total.total.amount = veza_domain::money::Minor(18_000);
    let rows =
        vec![update(Row::Order(total), 1), Write::Insert(Row::Line(second)), Write::Insert(Row::Exclusive(exclusive(n, order_id(n))))];
    store.commit(unit(&format!("payment {n}"), rows)).await.unwrap();
    let stored = store.order_file(order_id(n)).await.unwrap().unwrap();
    let policy = RetryPolicy { retries_max: 5, base: Duration::from_secs(60), max: Duration::from_secs(3600) };
    let context = Context {
        now: at(60),
        fresh: delivery_id(n).0,
        refund_window: Duration::from_secs(60),
        transfers: policy,
        reversals: policy,
        dispute_fee: veza_domain::money::Minor::ZERO,
        billing: BillingPolicy { renewal_lead: Duration::from_secs(60), dunning: Dunning::DEFAULT },
    };
    let fact = Fact::Payment(PaymentFact {
        source: Source::Webhook,
        status: PaymentStatus::Succeeded,
        amount: Some(18_000),
        amount_received: Some(18_000),
        currency: Some("EUR".to_owned()),
        error: None,
        saved_method: None,
        untried_until: None,
    });
    let decision = decide(&stored.file, &fact, &context).unwrap();
    let mut writes = stored.writes(&decision.changes);
    writes.push(Write::Insert(Row::Delivery(delivery(n))));
    assert!(writes.len() >= 8, "{writes:#?}");
    unit(&format!("settle {n}"), writes)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_settlement_is_one_round_trip() {
    let (database, proxy, store) = behind_a_proxy().await;
    let units = [settlement(&store, 1).await, settlement(&store, 2).await];
    proxy.trips();
    let [first, second] = units;
    assert!(matches!(store.commit(first).await, Ok(Committed::Applied)));
    assert_eq!(proxy.trips(), [Trip::Other, Trip::Statement], "a statement that the connection has not seen is prepared");
    assert!(matches!(store.commit(second.clone()).await, Ok(Committed::Applied)));
    assert_eq!(proxy.trips(), [Trip::Statement]);
    assert!(matches!(store.commit(second).await, Ok(Committed::AlreadyApplied)));
    assert_eq!(proxy.trips(), [Trip::Statement], "a repeated one too");
    let settled = store.order_file(order_id(1)).await.unwrap().unwrap().file;
    assert_eq!((settled.licences.len(), settled.transfers.len(), settled.exclusives[0].state), (2, 2, ExclusiveState::Sold));
    assert_eq!(settled.order.status.as_str(), "completed");
    let sums =
        "SELECT (SELECT count(*) FROM ledger_balances), (SELECT sum(amount) FROM ledger_balances), (SELECT count(*) FROM ledger_drift)";
    assert_eq!(database.sql(sums), "4|0|0", "the clearing account, the platform and two sellers");

    // Two moves of one transfer: a statement each, in a transaction.
    let steps = transfer(9, order_id(3)).closed().unwrap();
    let open = unit("open", vec![Write::Insert(Row::Transfer(transfer(9, order_id(3))))]);
    store.commit(open).await.unwrap();
    let writes = |from: i64| steps.iter().zip(from..).map(|(step, revision)| update(Row::Transfer(step.clone()), revision)).collect();
    let first = store.commit(unit("closed", writes(1))).await.unwrap();
    proxy.trips();
    let mut reopened = steps.last().unwrap().clone();
    reopened.last_error = None;
    let again = store.commit(unit("again", vec![update(Row::Transfer(reopened.clone()), 3), update(Row::Transfer(reopened), 4)])).await;
    assert_eq!(first, Committed::Applied);
    assert!(matches!(again, Ok(Committed::Applied)), "{again:?}");
    let trips: Vec<Trip> = proxy.trips().into_iter().filter(|trip| *trip != Trip::Other).collect();
    assert_eq!(trips, [Trip::Begin, Trip::Statement, Trip::Statement, Trip::Commit]);
}

fn look(class: LookClass, pass: Option<Uuid>) -> LookClaim {
    let pause = RetryPolicy { retries_max: 0, base: Duration::from_secs(1), max: Duration::from_secs(9) };
    LookClaim { class, now: at(0), older_than: at(0), lease: Duration::from_secs(1), pause, pass, limit: 10 }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_removal_is_one_round_trip() {
    let (database, proxy, store) = behind_a_proxy().await;
    let entry = |n: u32| Row::Attention(attention(order_id(n), Code::AmountMismatch, 0));
    store.commit(unit("flags", vec![Write::Insert(entry(1)), Write::Insert(entry(2))])).await.unwrap();
    for (id, removal) in [("removed", Write::Remove(entry(1).key())), ("cleared", Write::Clear(entry(2).key()))] {
        proxy.trips();
        let writes = vec![removal, Write::Insert(Row::Delivery(delivery(if id == "removed" { 1 } else { 2 })))];
        assert!(matches!(store.commit(unit(id, writes)).await, Ok(Committed::Applied)));
        let trips: Vec<Trip> = proxy.trips().into_iter().filter(|trip| *trip != Trip::Other).collect();
        assert_eq!(trips, [Trip::Statement], "{id}");
    }
    assert_eq!(database.sql("SELECT count(*) FROM attention"), "0");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_and_a_claim_are_one_round_trip() {
    let (_database, proxy, store) = behind_a_proxy().await;
    let page = Page { limit: 20, before: None };
    let plan = [
        Row::Subscription(subscription(1, user_id(1))),
        Row::Invoice(invoice(1, subscription_id(1))),
        Row::Order(collecting(4, invoice_id(1))),
    ];
    store.commit(unit("plan", plan.map(Write::Insert).into())).await.unwrap();
    for round in 0..2 {
        proxy.trips();
        assert!(store.order_file(order_id(1)).await.unwrap().is_some());
        assert_eq!(store.orders_of_buyer(user_id(1), page).await.unwrap().len(), 3);
        assert_eq!(store.products(veza_ports::storage::ProductFilter::default(), page).await.unwrap().len(), 5);
        store.claim_effects(at(0), Duration::from_secs(1), 10).await.unwrap();
        store.claim_transfers(at(0), Duration::from_secs(1), 10).await.unwrap();
        store.history(order_id(1)).await.unwrap();
        store.orders(OrderFilter::default(), page).await.unwrap();
        store.ledger_check().await.unwrap();
        store.backlog().await.unwrap();
        store.sweep_deliveries(at(0), 10).await.unwrap();
        assert!(store.order_file(order_id(4)).await.unwrap().unwrap().file.billing.is_some());
        assert!(store.standing(user_id(1)).await.unwrap().current.is_some());
        store.claim_subscriptions(at(0), Duration::from_secs(1), 10).await.unwrap();
        let mut made = 13;
        for class in LookClass::ALL {
            for pass in [None, Some(order_id(1).0)] {
                store.claim_looks(&look(class, pass)).await.unwrap();
                made += 1;
            }
        }
        let trips = proxy.trips();
        assert_eq!(trips.iter().filter(|trip| **trip == Trip::Statement).count(), made, "{trips:?}");
        assert!(round == 0 || trips.len() == made, "{trips:?}");
    }
}

/// The unit again until its answer is certain; what it says then.
async fn at_last(store: &PostgresStore, unit: &UnitOfWork) -> Committed {
    common::commit(store, unit).await.unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_line_cut_during_the_commit_leaves_the_outcome_unknown() {
    let (_database, proxy, store) = behind_a_proxy().await;
    let units = [settlement(&store, 1).await, settlement(&store, 2).await];

    // The server has heard everything: it was applied.
    proxy.arm(Cut::After(Trip::Statement), 0);
    let answer = store.commit(units[0].clone()).await;
    assert!(matches!(answer, Err(CommitError::Unknown(_))), "{answer:?}");
    assert_eq!(at_last(&store, &units[0]).await, Committed::AlreadyApplied);

    // The server has heard all but the end of the statement that is its own transaction: it was not.
    proxy.arm(Cut::Before(Trip::Statement), 0);
    let answer = store.commit(units[1].clone()).await;
    assert!(matches!(answer, Err(CommitError::Unknown(_))), "{answer:?}");
    assert_eq!(at_last(&store, &units[1]).await, Committed::Applied);
    assert_eq!(proxy.cuts(), 2);
    let balances = store.order_file(order_id(1)).await.unwrap().unwrap();
    assert_eq!(balances.file.licences.len(), 2, "booked once");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_transaction_is_unknown_at_its_commit_only() {
    let (_database, proxy, store) = behind_a_proxy().await;
    let twice = |n: u32, id: &str| {
        let row = |logins| Row::User(veza_domain::identity::User { failed_logins: logins, ..user(n) });
        unit(id, vec![Write::Insert(row(0)), update(row(1), 1)])
    };
    let cases = [
        (11, Cut::Before(Trip::Begin), false, Committed::Applied),
        (12, Cut::After(Trip::Begin), false, Committed::Applied),
        (13, Cut::Before(Trip::Statement), false, Committed::Applied),
        (14, Cut::After(Trip::Statement), false, Committed::Applied),
        (15, Cut::Before(Trip::Commit), true, Committed::Applied),
        (16, Cut::After(Trip::Commit), true, Committed::AlreadyApplied),
    ];
    for (n, cut, unknown, then) in cases {
        let unit = twice(n, &format!("unit {n}"));
        proxy.arm(cut, 0);
        let answer = store.commit(unit.clone()).await;
        match answer {
            Err(CommitError::Unknown(_)) => assert!(unknown, "{cut:?}"),
            Err(CommitError::Unavailable(_)) => assert!(!unknown, "{cut:?}"),
            other => panic!("{cut:?}: {other:?}"),
        }
        assert_eq!(at_last(&store, &unit).await, then, "{cut:?}");
        let stored = store.user(user_id(n)).await.unwrap().unwrap();
        assert_eq!((stored.value.failed_logins, stored.revision.0), (1, 2), "{cut:?}: applied once");
    }
    assert_eq!(proxy.cuts(), cases.len());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_read_is_tried_again_on_a_new_line() {
    let (_database, proxy, store) = behind_a_proxy().await;
    for cut in [Cut::Before(Trip::Statement), Cut::After(Trip::Statement)] {
        proxy.arm(cut, 0);
        assert!(store.user(user_id(1)).await.unwrap().is_some(), "{cut:?}");
    }
    assert_eq!(proxy.cuts(), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_commit_that_is_dropped_half_way_leaves_nothing_behind() {
    let (database, _proxy, store) = behind_a_proxy().await;
    for n in 20..40_u32 {
        let unit = unit(&format!("unit {n}"), vec![Write::Insert(Row::User(user(n)))]);
        drop(tokio::time::timeout(Duration::from_micros(u64::from(n - 20) * 200), store.commit(unit.clone())).await);
        // Whatever became of it, the connection is in order and the unit can come again.
        assert!(matches!(at_last(&store, &unit).await, Committed::Applied | Committed::AlreadyApplied));
        assert_eq!(store.user(user_id(n)).await.unwrap().unwrap().revision.0, 1);
    }
    let idle = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND state LIKE 'idle in transaction%'";
    assert_eq!(database.sql(idle), "0");
}
