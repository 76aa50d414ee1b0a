//! The memory store keeps the storage contract.

use std::sync::Arc;
use veza_memory::MemoryStore;
use veza_ports::contract::storage;
use veza_ports::storage::Storage;

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_keeps_the_contract() {
    storage::run(|| async { Arc::new(MemoryStore::new()) as Arc<dyn Storage> }).await;
}
