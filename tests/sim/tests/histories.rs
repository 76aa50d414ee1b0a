//! Some histories on each base with every `cargo test`; `make sim` plays many more, of an optimized build.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout)]

use std::env;
use veza_sim::many::Many;
use veza_sim::{Base, History, run};

/// How many are played on memory, unless `VEZA_SIM_HISTORIES` says otherwise.
const SOME: u64 = 150;

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|number| number.parse().unwrap())
}

/// Another way to say which, and how many: `VEZA_SIM_SEED=17 VEZA_SIM_HISTORIES=1000 cargo test -p veza-sim`.
fn all_is_well(base: Base, share: impl Fn(u64) -> u64) {
    let histories = share(number("VEZA_SIM_HISTORIES").unwrap_or(SOME));
    let many = Many { histories, seed: number("VEZA_SIM_SEED").unwrap_or(1), base, threads: 0, tolerate: 0, as_they_are: false };
    let totals = many.play(|failure| println!("{failure}"));
    println!("{totals}");
    assert_eq!((totals.histories, totals.failed, totals.too_little()), (histories, 0, None));
}

#[test]
fn histories_on_memory_end_well() {
    all_is_well(Base::Memory, |all| all);
}

#[test]
fn histories_on_sqlite_end_well() {
    all_is_well(Base::Sqlite, |all| (all / 100).max(30));
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
