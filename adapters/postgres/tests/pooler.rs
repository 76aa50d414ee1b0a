//! Behind PgBouncer: the whole contract in session mode, and in transaction mode where the pooler follows prepared statements;
//! where it does not, the store is not opened.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a test fails by panicking")]

mod common;

use std::sync::{Arc, OnceLock};
use veza_cluster::{Pooler, Pooling, cluster};
use veza_ports::contract::storage;
use veza_ports::storage::Storage;
use veza_postgres::{Obstacle, OpenError, PostgresStore};

/// The pooler is given our settings at the start of a connection, and keeps them to itself.
const IGNORE: &str = "ignore_startup_parameters = options";

/// Every test is a process of its own, and has one.
static POOLER: OnceLock<Pooler> = OnceLock::new();

fn pooler(pooling: Pooling, settings: &str) -> Option<&'static Pooler> {
    // Somebody else's server is not ours to put something before.
    cluster().is_own().then(|| POOLER.get_or_init(|| Pooler::before(cluster(), pooling, settings)))
}

async fn opened(pooler: &Pooler) -> Result<PostgresStore, OpenError> {
    let database = common::migrated().await;
    let url = pooler.url(&database);
    std::mem::forget(database);
    PostgresStore::connect(common::config(&url)).await
}

async fn fresh() -> Arc<dyn Storage> {
    Arc::new(opened(POOLER.get().unwrap()).await.unwrap())
}

/// From this version on it follows prepared statements, if it is told to.
fn follows_statements() -> bool {
    Pooler::version() >= (1, 21)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds_in_session_mode() {
    if pooler(Pooling::Session, IGNORE).is_some() {
        storage::run(fresh).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn the_contract_holds_in_transaction_mode_where_statements_are_followed() {
    if follows_statements() && pooler(Pooling::Transaction, &format!("{IGNORE}\nmax_prepared_statements = 100")).is_some() {
        storage::run(fresh).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pooler_that_mixes_up_statements_is_refused() {
    let off = if follows_statements() { "max_prepared_statements = 0" } else { "" };
    let Some(pooler) = pooler(Pooling::Transaction, &format!("{IGNORE}\n{off}")) else { return };
    let refused = opened(pooler).await.err();
    assert!(matches!(refused, Some(OpenError::Pooler(_))), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn settings_that_a_pooler_keeps_are_named_until_the_role_has_them() {
    let Some(pooler) = pooler(Pooling::Session, IGNORE) else { return };
    let lost = opened(pooler).await.unwrap().settings_lost().to_vec();
    for setting in ["statement_timeout = '20000'", "lock_timeout = '5000'", "plan_cache_mode = 'force_generic_plan'", "jit = 'off'"] {
        assert!(lost.iter().any(|lost| lost == setting), "{setting}: {lost:?}");
    }
    for setting in &lost {
        cluster().sql("postgres", &format!("ALTER ROLE postgres SET {setting}"));
    }
    assert_eq!(opened(pooler).await.unwrap().settings_lost(), [] as [String; 0]);
    let direct = PostgresStore::connect(common::config(&common::migrated().await.url())).await.unwrap();
    assert_eq!(direct.settings_lost(), [] as [String; 0]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_pooler_that_takes_no_settings_says_so() {
    let Some(pooler) = pooler(Pooling::Session, "") else { return };
    match opened(pooler).await {
        Err(OpenError::Unreachable(Obstacle::Refusal, source)) => assert!(source.to_string().contains("startup parameter"), "{source}"),
        other => panic!("{other:?}"),
    }
}
