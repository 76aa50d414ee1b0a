//! A database that is slow, busy or gone: said at once, survived, and over when it is over.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a test fails by panicking")]

mod common;

use common::proxy::Proxy;
use std::sync::Arc;
use std::time::{Duration, Instant};
use veza_cluster::cluster;
use veza_domain::identity::User;
use veza_ports::contract::storage::sample::{unit, user, user_id, world};
use veza_ports::storage::{Commit, CommitError, Committed, IdentityReads, Revision, Row, StoreError, Work, Write};
use veza_postgres::{PostgresConfig, PostgresStore};

fn failing(n: u32, failures: u32, expected: i64) -> Write {
    Write::Update { row: Row::User(User { failed_logins: failures, ..user(n) }), expected: Revision(expected) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_and_comes_back() {
    if !cluster().is_own() {
        return; // somebody else's server is not ours to stop
    }
    let (_database, store) = common::store().await;
    common::commit(&store, &unit("world", world())).await.unwrap();
    cluster().stop();
    let mut unknown = 0;
    for n in 0..20 {
        assert!(matches!(store.user(user_id(1)).await, Err(StoreError::Unavailable(_))));
        assert!(matches!(
            store.claim_effects(veza_domain::time::Timestamp(0), Duration::from_secs(1), 1).await,
            Err(StoreError::Unavailable(_))
        ));
        match store.commit(unit(&format!("meanwhile {n}"), vec![failing(1, n, 1)])).await {
            Err(CommitError::Unavailable(_)) => {}
            // A connection that died unnoticed: nobody can tell from here.
            Err(CommitError::Unknown(_)) => unknown += 1,
            other => panic!("{other:?}"),
        }
    }
    assert!(unknown <= 1, "{unknown}");
    cluster().start_again();
    let found = store.user(user_id(1)).await.unwrap().unwrap();
    assert_eq!((found.value, found.revision.0), (user(1), 1), "back at once, and nothing was written meanwhile");
    assert!(matches!(store.commit(unit("after", vec![failing(1, 1, 1)])).await, Ok(Committed::Applied)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sessions_that_an_operator_ends_are_replaced() {
    let (database, store) = common::store().await;
    common::commit(&store, &unit("world", world())).await.unwrap();
    database.sql("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()");
    assert!(store.user(user_id(1)).await.unwrap().is_some());
    assert!(matches!(store.commit(unit("after", vec![failing(1, 1, 1)])).await, Ok(Committed::Applied)));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_row_that_stays_locked_is_given_up() {
    let database = common::migrated().await;
    let config = PostgresConfig { lock_timeout: Duration::from_millis(200), ..common::config(&database.url()) };
    let store = PostgresStore::connect(config).await.unwrap();
    common::commit(&store, &unit("world", world())).await.unwrap();
    let holds = tokio::task::spawn_blocking(move || {
        database.sql("BEGIN; SELECT FROM users ORDER BY id FOR UPDATE; SELECT pg_sleep(3); COMMIT");
        database
    });
    let deadline = Instant::now() + Duration::from_secs(20);
    let mut n = 0;
    let answer = loop {
        n += 1;
        let answer = store.commit(unit(&format!("locked {n}"), vec![failing(1, n, i64::from(n))])).await;
        if !matches!(answer, Ok(Committed::Applied)) || Instant::now() > deadline {
            break answer;
        }
    };
    assert!(matches!(answer, Err(CommitError::Unavailable(_))), "{answer:?}");
    assert!(store.user(user_id(1)).await.unwrap().is_some(), "readers wait for nobody");
    let _database = holds.await.unwrap();
    let again = common::commit(&store, &unit(&format!("locked {n}"), vec![failing(1, n, i64::from(n))])).await;
    assert!(matches!(again, Ok(Committed::Applied)), "{again:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn nobody_waits_for_ever_for_a_connection() {
    let database = common::migrated().await;
    let config = PostgresConfig { pool_max: 1, acquire_timeout: Duration::from_millis(300), ..common::config(&database.url()) };
    let store = Arc::new(PostgresStore::connect(config).await.unwrap());
    common::commit(&store, &unit("world", world())).await.unwrap();
    let holds = tokio::task::spawn_blocking(move || {
        database.sql("BEGIN; LOCK TABLE users; SELECT pg_sleep(2); COMMIT");
        database
    });
    tokio::time::sleep(Duration::from_millis(700)).await;
    let waiting = store.clone();
    let first = tokio::spawn(async move { waiting.user(user_id(1)).await });
    tokio::time::sleep(Duration::from_millis(100)).await;
    let busy = store.user(user_id(1)).await;
    assert!(matches!(busy, Err(StoreError::Unavailable(_))), "{busy:?}");
    assert!(!first.is_finished(), "who gets no connection is told so before the one that is in use is free");
    assert!(first.await.unwrap().unwrap().is_some(), "who had it gets an answer");
    let _database = holds.await.unwrap();
    store.shutdown().await;
    assert!(matches!(store.user(user_id(1)).await, Err(StoreError::Unavailable(_))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn units_that_meet_crosswise_get_no_deadlock() {
    let (database, store) = common::store().await;
    common::commit(&store, &unit("world", world())).await.unwrap();
    let mut tasks = tokio::task::JoinSet::new();
    for task in 0..8_u32 {
        let store = store.clone();
        tasks.spawn(async move {
            for n in 0..40 {
                // Each reads some and writes others of the same five rows, in an order of its own.
                let mut writes = Vec::new();
                for place in 0..5_u32 {
                    let id = 1 + (place * (1 + task % 4) + n) % 5;
                    let found = store.user(user_id(id)).await.unwrap().unwrap();
                    let key = veza_ports::storage::RowKey::User(user_id(id));
                    writes.push(match (place + task) % 2 {
                        0 => Write::Update { row: Row::User(User { failed_logins: n, ..found.value }), expected: found.revision },
                        _ => Write::Unchanged { key, expected: found.revision },
                    });
                }
                let answer = store.commit(unit(&format!("{task} {n}"), writes)).await;
                assert!(matches!(answer, Ok(_) | Err(CommitError::Conflict(_))), "{answer:?}");
            }
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert_eq!(database.sql("SELECT deadlocks FROM pg_stat_database WHERE datname = current_database()"), "0");
}

/// As when a primary is demoted behind a pooler that keeps its connections: the session lives on, and only reads.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_session_that_only_reads_from_now_on_is_replaced() {
    let (database, store) = common::store().await;
    common::commit(&store, &unit("world", world())).await.unwrap();
    let a_statement = unit("a statement", vec![failing(1, 2, 2)]);
    let a_transaction = unit("a transaction", vec![failing(1, 3, 3), failing(1, 4, 4)]);
    for (last, next) in [(failing(1, 1, 1), a_statement), (failing(2, 1, 1), a_transaction)] {
        database.sql(
            "CREATE FUNCTION demote() RETURNS trigger LANGUAGE plpgsql AS \
                 $$BEGIN PERFORM set_config('default_transaction_read_only', 'on', false); RETURN NULL; END$$; \
             CREATE TRIGGER demotes AFTER UPDATE ON users EXECUTE FUNCTION demote()",
        );
        let wrote = store.commit(unit(&format!("before {}", next.id().0), vec![last])).await;
        assert!(matches!(wrote, Ok(Committed::Applied)), "{wrote:?}");
        database.sql("DROP TRIGGER demotes ON users; DROP FUNCTION demote");
        let refused = store.commit(next.clone()).await;
        assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
        let again = store.commit(next).await;
        assert!(matches!(again, Ok(Committed::Applied)), "{again:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn many_connections_that_died_in_silence_leave_time_for_a_new_one() {
    const MANY: usize = 6;
    let database = common::migrated().await;
    let port = cluster().url("").rsplit(':').next().unwrap().trim_end_matches('/').parse().unwrap();
    let proxy = Proxy::before(port).await;
    let config = PostgresConfig {
        // Not enough to ask each of them in vain.
        acquire_timeout: Duration::from_secs(10),
        check_after: Duration::ZERO,
        lock_timeout: Duration::from_secs(20),
        ..common::config(&proxy.url(&database.url()))
    };
    let store = Arc::new(PostgresStore::connect(config).await.unwrap());
    common::commit(&store, &unit("world", world())).await.unwrap();
    let held = database.hold("LOCK TABLE users");
    let mut readers = tokio::task::JoinSet::new();
    for _ in 0..MANY {
        let store = Arc::clone(&store);
        readers.spawn(async move { store.user(user_id(1)).await.unwrap().unwrap() });
    }
    let waiting = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'";
    assert!((0..1_000).any(|_| database.sql(waiting) == MANY.to_string()), "each has a connection and waits");
    drop(held);
    readers.join_all().await;
    proxy.silence();
    let found = store.user(user_id(1)).await;
    assert!(found.as_ref().is_ok_and(Option::is_some), "{found:?}");
}
