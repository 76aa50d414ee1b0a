//! The Postgres store keeps the storage contract.

mod common;

use veza_ports::contract::storage;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn postgres_keeps_the_contract() {
    storage::run(common::fresh).await;
}
