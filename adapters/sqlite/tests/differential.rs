//! The SQLite store against the model: random units, claims and sweeps must get the same answers and leave the same rows.

#![allow(clippy::unwrap_used, reason = "test code: a test fails by panicking")]

mod common;

use proptest::test_runner::{Config, TestRunner};
use std::sync::Arc;
use veza_memory::MemoryStore;
use veza_ports::contract::storage::differential;

/// Random sequences per run, and units in each.
const SEQUENCES: u32 = 12;
const UNITS: usize = 200;

#[test]
fn sqlite_answers_as_the_model_does() {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    let folder = common::folder();
    let mut runner = TestRunner::new(Config { cases: SEQUENCES, max_shrink_iters: 0, failure_persistence: None, ..Config::default() });
    let sequence = |seed: u64| {
        let applied = runtime.block_on(differential(Arc::new(MemoryStore::new()), folder.fresh(), seed, UNITS));
        assert!(applied > UNITS / 4, "seed {seed}: only {applied} units were applied");
        Ok(())
    };
    runner.run(&proptest::num::u64::ANY, sequence).unwrap();
}
