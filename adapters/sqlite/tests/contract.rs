//! The SQLite store keeps the storage contract.

#![allow(clippy::unwrap_used, reason = "test code: a test fails by panicking")]

mod common;

use veza_ports::contract::storage;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sqlite_keeps_the_contract() {
    let folder = common::folder();
    storage::run(|| async { folder.fresh() }).await;
}
