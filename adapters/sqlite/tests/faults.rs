//! When the store is out of order: it says so, loses nothing it confirmed, and goes on when the cause is gone.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a test fails by panicking")]

mod common;

use rusqlite::Connection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use veza_domain::webhook::Delivery;
use veza_ports::contract::storage::sample;
use veza_ports::storage::{
    AdminReads, Commit, CommitError, Committed, IdentityReads, OrderReads, Retry, Revision, Row, SellerReads, StoreError, Work, Write,
};
use veza_sqlite::{SqliteConfig, SqliteStore};

fn user_unit(n: u32) -> veza_ports::storage::UnitOfWork {
    sample::unit(&format!("user {n}"), vec![Write::Insert(Row::User(sample::user(n)))])
}

#[tokio::test]
async fn a_full_disk_is_unavailable_and_leaves_nothing_half_done() {
    let folder = common::folder();
    let path = folder.path();
    let small = SqliteConfig { max_page_count: Some(200), ..common::config(path.clone()) };
    let store = SqliteStore::open(small).unwrap();
    let unit = |n: u32| {
        let delivery = Delivery { payload: "x".repeat(20_000), ..sample::delivery_full(n) };
        sample::unit(&format!("big {n}"), vec![Write::Insert(Row::User(sample::user(n))), Write::Insert(Row::Delivery(delivery))])
    };
    let mut stored = 0;
    let refused = loop {
        match store.commit(unit(stored + 1)).await {
            Ok(_) => stored += 1,
            Err(error) => break error,
        }
    };
    assert!(matches!(refused, CommitError::Unavailable(_)), "{refused:?}");
    assert_eq!(refused.retry(), Retry::SameUnit);
    assert!(stored > 2, "only {stored} units found room");
    assert!(store.user(sample::user_id(stored)).await.unwrap().is_some());
    assert!(store.user(sample::user_id(stored + 1)).await.unwrap().is_none(), "half a unit");
    store.shutdown();

    let roomy = SqliteStore::open(common::config(path)).unwrap();
    assert_eq!(roomy.commit(unit(stored + 1)).await.unwrap(), Committed::Applied);
    assert_eq!(roomy.commit(unit(stored)).await.unwrap(), Committed::AlreadyApplied);
}

#[tokio::test]
async fn a_locked_file_is_unavailable_after_the_timeout_and_fine_later() {
    let folder = common::folder();
    let path = folder.path();
    let store = SqliteStore::open(common::config(path.clone())).unwrap();
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let started = Instant::now();
    let refused = store.commit(user_unit(1)).await.unwrap_err();
    assert!(matches!(refused, CommitError::Unavailable(_)), "{refused:?}");
    assert!(started.elapsed() >= Duration::from_millis(450), "it has to wait for a while: {:?}", started.elapsed());
    let claimed = store.claim_effects(sample::at(0), Duration::from_secs(1), 1).await;
    assert!(matches!(claimed, Err(StoreError::Unavailable(_))), "{claimed:?}");
    assert!(store.user(sample::user_id(1)).await.unwrap().is_none(), "reading goes on");
    store.check().await.unwrap();
    other.execute_batch("ROLLBACK").unwrap();
    assert_eq!(store.commit(user_unit(1)).await.unwrap(), Committed::Applied);
}

#[tokio::test]
async fn a_full_queue_is_told_at_once() {
    let folder = common::folder();
    let path = folder.path();
    let patient = SqliteConfig { queue: 2, batch_max: 1, busy_timeout: Duration::from_secs(60), ..SqliteConfig::new(path.clone()) };
    let store = Arc::new(SqliteStore::open(patient).unwrap());
    let other = Connection::open(&path).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let (told, mut answers) = tokio::sync::mpsc::unbounded_channel();
    for n in 1..=10 {
        let (store, told) = (Arc::clone(&store), told.clone());
        tokio::spawn(async move { told.send(store.commit(user_unit(n)).await) });
    }
    // One may be with the writer, which waits for the lock, and two fill the queue: all others are told while it is locked.
    for _ in 0..7 {
        let answer = answers.recv().await.unwrap();
        assert!(matches!(answer, Err(CommitError::Unavailable(_))), "{answer:?}");
    }
    other.execute_batch("ROLLBACK").unwrap();
    drop(told);
    while let Some(answer) = answers.recv().await {
        assert!(matches!(answer, Ok(Committed::Applied) | Err(CommitError::Unavailable(_))), "{answer:?}");
    }
    assert_eq!(store.commit(user_unit(11)).await.unwrap(), Committed::Applied);
}

#[tokio::test]
async fn a_row_of_another_version_is_corrupt_not_a_panic() {
    let folder = common::folder();
    let path = folder.path();
    let store = SqliteStore::open(common::config(path.clone())).unwrap();
    store.commit(sample::unit("world", sample::world())).await.unwrap();
    store.commit(sample::unit("one", vec![Write::Insert(Row::Transfer(sample::transfer(1, sample::order_id(1))))])).await.unwrap();
    let db = Connection::open(&path).unwrap();
    db.execute_batch("PRAGMA ignore_check_constraints = ON; DROP TRIGGER transfers_move").unwrap();
    db.execute_batch("UPDATE transfers SET status = 'paid'; UPDATE orders SET currency = '???'; UPDATE users SET failed_logins = -1")
        .unwrap();
    let transfers = store.transfers_of_seller(sample::user_id(sample::SELLER), veza_ports::storage::Page { limit: 1, before: None }).await;
    match transfers {
        Err(StoreError::Corrupt(why)) => assert!(why.contains("status") && why.contains("paid"), "{why}"),
        other => panic!("{other:?}"),
    }
    assert!(matches!(store.order_file(sample::order_id(1)).await, Err(StoreError::Corrupt(_))));
    assert!(matches!(store.user(sample::user_id(1)).await, Err(StoreError::Corrupt(_))));
    store.check().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_on_one_file_never_both_win() {
    let folder = common::folder();
    let path = folder.path();
    let patient = || SqliteConfig { busy_timeout: Duration::from_secs(20), ..SqliteConfig::new(path.clone()) };
    let stores = [Arc::new(SqliteStore::open(patient()).unwrap()), Arc::new(SqliteStore::open(patient()).unwrap())];
    stores[0].commit(user_unit(1)).await.unwrap();
    for round in 1..=30_i64 {
        let race: Vec<_> = (0..8_usize)
            .map(|racer| {
                let store = Arc::clone(&stores[racer % 2]);
                let write = Write::Update { row: Row::User(sample::user_full(1)), expected: Revision(round) };
                let unit = sample::unit(&format!("round {round}, racer {racer}"), vec![write]);
                tokio::spawn(async move { store.commit(unit).await })
            })
            .collect();
        let mut won = 0;
        for racer in race {
            match racer.await.unwrap() {
                Ok(committed) => won += i32::from(committed == Committed::Applied),
                Err(CommitError::Conflict(_)) => {}
                Err(other) => panic!("{other:?}"),
            }
        }
        assert_eq!(won, 1, "round {round}");
    }
    for store in stores {
        assert_eq!(store.user(sample::user_id(1)).await.unwrap().unwrap().revision, Revision(31));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn shutting_down_finishes_what_is_in_and_refuses_the_rest() {
    let folder = common::folder();
    let path = folder.path();
    let store = Arc::new(SqliteStore::open(common::config(path.clone())).unwrap());
    let commits: Vec<_> = (1..=100)
        .map(|n| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { (n, store.commit(user_unit(n)).await) })
        })
        .collect();
    let closing = Arc::clone(&store);
    tokio::task::spawn_blocking(move || closing.shutdown()).await.unwrap();
    assert!(!path.with_extension("db-wal").exists(), "the log was brought into the file");
    assert!(matches!(store.commit(user_unit(101)).await, Err(CommitError::Unavailable(_))));
    assert!(matches!(store.user(sample::user_id(1)).await, Err(StoreError::Unavailable(_))));
    assert!(store.check().await.is_err());
    let again = SqliteStore::open(common::config(path)).unwrap();
    for commit in commits {
        let (n, answer) = commit.await.unwrap();
        let there = again.user(sample::user_id(n)).await.unwrap().is_some();
        match answer {
            Ok(_) => assert!(there, "user {n} was confirmed"),
            Err(CommitError::Unavailable(_)) => assert!(!there, "user {n} was refused"),
            Err(other) => panic!("{other:?}"),
        }
    }
}
