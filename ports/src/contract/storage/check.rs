//! What the cases have in common.

use super::sample;
use crate::storage::{CommitError, Committed, Page, Retry, Revision, Row, RowKey, Storage, UnitOfWork, Versioned, Write};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;

/// The store under test.
pub type Store = Arc<dyn Storage>;

/// Most times that a unit is brought again to a store that is busy.
const ATTEMPTS_MAX: u32 = 200;

/// Commits, and waits while the store is busy.
pub async fn commit(store: &Store, unit: UnitOfWork) -> Result<Committed, CommitError> {
    for _ in 0..ATTEMPTS_MAX {
        match store.commit(unit.clone()).await {
            Err(error) if error.retry() == Retry::SameUnit => tokio::time::sleep(Duration::from_millis(5)).await,
            answer => return answer,
        }
    }
    panic!("the store stays unavailable");
}

/// Commits what has to go well.
pub async fn apply(store: &Store, id: &str, writes: Vec<Write>) {
    let answer = commit(store, sample::unit(id, writes)).await;
    assert!(matches!(answer, Ok(Committed::Applied)), "{id}: {answer:?}");
}

/// Commits the rows that most cases stand on.
pub async fn world(store: &Store) {
    apply(store, "world", sample::world()).await;
}

/// Inserts rows, in one unit.
pub async fn insert(store: &Store, id: &str, rows: Vec<Row>) {
    apply(store, id, rows.into_iter().map(Write::Insert).collect()).await;
}

/// An update of a row at revision `expected`.
pub fn update(row: Row, expected: i64) -> Write {
    Write::Update { row, expected: Revision(expected) }
}

/// A guard on a row at revision `expected`.
pub fn unchanged(key: RowKey, expected: i64) -> Write {
    Write::Unchanged { key, expected: Revision(expected) }
}

/// A row at a revision.
pub fn versioned<T>(value: T, revision: i64) -> Versioned<T> {
    Versioned { value, revision: Revision(revision) }
}

/// Asserts that a unit of `writes` conflicts on `key`.
pub async fn conflicts(store: &Store, id: &str, writes: Vec<Write>, key: &RowKey) {
    let answer = commit(store, sample::unit(id, writes)).await;
    assert!(matches!(&answer, Err(CommitError::Conflict(on)) if on == key), "{id}: {answer:?}");
}

/// Asserts that a unit of `writes` is refused for a row that can't be.
pub async fn invalid(store: &Store, id: &str, writes: Vec<Write>, key: &RowKey) {
    let answer = commit(store, sample::unit(id, writes)).await;
    assert!(matches!(&answer, Err(CommitError::Invalid(on, _)) if on == key), "{id}: {answer:?}");
}

/// The newest `limit` rows.
pub fn first(limit: u32) -> Page {
    Page { limit, before: None }
}

/// The `limit` rows after one.
pub fn after(limit: u32, id: Uuid) -> Page {
    Page { limit, before: Some(id) }
}
