//! Some histories on each base with every `cargo test`; `make sim` plays many more, of an optimized build.

#![allow(clippy::unwrap_used, clippy::panic)]

use veza_sim::{Base, History, run};

/// Another way to say which: `VEZA_SIM_SEED=17 cargo test -p veza-sim`.
fn first_seed() -> u64 {
    std::env::var("VEZA_SIM_SEED").ok().and_then(|seed| seed.parse().ok()).unwrap_or(1)
}

fn all_is_well(base: Base, histories: u64) {
    for seed in first_seed()..first_seed() + histories {
        let ended = run(&History::of_seed(seed), base, false);
        let broken = ended.broken.join("\n  ");
        assert!(broken.is_empty(), "seed {seed}: cargo run -p veza-sim -- replay {seed} --shrink\n  {broken}");
    }
}

#[test]
fn histories_on_memory_end_well() {
    all_is_well(Base::Memory, 150);
}

#[test]
fn histories_on_sqlite_end_well() {
    all_is_well(Base::Sqlite, 30);
}

#[test]
fn the_same_seed_is_the_same_history_byte_for_byte() {
    for seed in 1..8 {
        let history = History::of_seed(seed);
        let (one, other) = (run(&history, Base::Memory, true), run(&history, Base::Memory, true));
        assert_eq!(one.text, other.text, "seed {seed}");
        assert_eq!(one, other, "seed {seed}");
        assert!(one.events > 100, "seed {seed}: {} events", one.events);
    }
}

#[test]
fn both_bases_tell_the_same_history() {
    for seed in 1..8 {
        let history = History::of_seed(seed);
        let (memory, sqlite) = (run(&history, Base::Memory, true), run(&history, Base::Sqlite, true));
        let differ = memory.text.iter().zip(&sqlite.text).find(|(memory, sqlite)| memory != sqlite);
        assert_eq!(differ, None, "seed {seed}");
        assert_eq!(memory, sqlite, "seed {seed}");
    }
}
