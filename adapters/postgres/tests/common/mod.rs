//! Stores on throw-away databases.

#![allow(dead_code, clippy::unwrap_used, reason = "test code, shared by several test binaries")]

pub mod proxy;

use secrecy::SecretString;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::OnceCell;
use veza_cluster::{Database, cluster};
use veza_ports::storage::{CommitError, Committed, Retry, Storage, UnitOfWork};
use veza_postgres::{PostgresConfig, PostgresStore};

/// A database with the schema in it, that others are copied from.
static MIGRATED: OnceCell<Database> = OnceCell::const_new();

/// A database with the schema and nothing in it.
pub async fn migrated() -> Database {
    let template = MIGRATED.get_or_init(|| async {
        let database = veza_cluster::database();
        PostgresStore::connect(config(&database.url())).await.unwrap().shutdown().await;
        database
    });
    cluster().create(Some(template.await))
}

/// How tests connect: short patience, so that nothing hangs for long.
pub fn config(url: &str) -> PostgresConfig {
    PostgresConfig {
        acquire_timeout: Duration::from_secs(5),
        statement_timeout: Duration::from_secs(20),
        application_name: "veza tests".to_owned(),
        ..PostgresConfig::new(SecretString::from(url))
    }
}

/// An empty store, and what it lies on.
pub async fn store() -> (Database, Arc<PostgresStore>) {
    let database = migrated().await;
    let store = PostgresStore::connect(config(&database.url())).await.unwrap();
    (database, Arc::new(store))
}

/// An empty store; its database goes with the cluster.
pub async fn fresh() -> Arc<dyn Storage> {
    let (database, store) = store().await;
    std::mem::forget(database);
    store
}

/// Brings a unit until the store is there for it.
pub async fn commit(store: &PostgresStore, unit: &UnitOfWork) -> Result<Committed, CommitError> {
    use veza_ports::storage::Commit;
    for _ in 0..200 {
        match store.commit(unit.clone()).await {
            Err(error) if error.retry() == Retry::SameUnit => tokio::time::sleep(Duration::from_millis(50)).await,
            answer => return answer,
        }
    }
    store.commit(unit.clone()).await
}
