//! Random units: worth bringing, and found out where a store is broken.

mod broken;

use broken::{Broken, Fault};
use std::collections::BTreeMap;
use std::sync::Arc;
use veza_memory::MemoryStore;
use veza_ports::contract::storage::observe::answer;
use veza_ports::contract::storage::{differential, random::random_units};
use veza_ports::storage::{Commit, Storage};

fn memory() -> Arc<dyn Storage> {
    Arc::new(MemoryStore::new())
}

#[tokio::test]
async fn memory_is_like_memory() {
    for seed in 0..4 {
        let applied = differential(memory(), memory(), seed, 200).await;
        assert!(applied > 60, "seed {seed}: only {applied} of 200 units were applied");
    }
}

/// So many sequences at most to find a fault: most are found by the first.
const SEEDS: u64 = 16;

/// A generator whose units all apply, or all conflict, would compare nothing.
#[tokio::test]
async fn every_answer_comes_often() {
    let store = MemoryStore::new();
    let mut answers: BTreeMap<String, u32> = BTreeMap::new();
    for unit in random_units(7, 2000) {
        let answer = answer(store.commit(unit).await);
        let kind = answer.split('(').next().unwrap_or_default().to_owned();
        *answers.entry(kind).or_default() += 1;
    }
    let least =
        BTreeMap::from([("Applied", 600), ("AlreadyApplied", 20), ("Conflict", 100), ("IdReused", 10), ("Invalid", 20), ("Taken", 20)]);
    for (kind, least) in least {
        assert!(answers.get(kind).is_some_and(|count| *count >= least), "{kind} at least {least} times: {answers:?}");
    }
}

#[tokio::test]
async fn the_same_seed_gives_the_same_units() {
    assert_eq!(random_units(3, 50), random_units(3, 50));
    assert_ne!(random_units(3, 50), random_units(4, 50));
}

#[tokio::test]
async fn random_units_find_what_is_broken() {
    let faults = [
        Fault::IgnoresUnchanged,
        Fault::IgnoresRevisions,
        Fault::ForgetsUnits,
        Fault::IgnoresFingerprints,
        Fault::KeepsRefusedIds,
        Fault::HalfUnits,
        Fault::EnsureIsInsert,
        Fault::SwallowsTaken,
        Fault::SwallowsInvalid,
        Fault::BooksUpsideDown,
        Fault::ClaimsBackwards,
        Fault::NoLease,
        Fault::RemovesWhatIsNotThere,
        Fault::ClearIsRemove,
        Fault::ClearsNothing,
        Fault::LooksAgain,
        Fault::PassesThroughLeases,
        Fault::LooksAtTheYoung,
        Fault::DebtsInFlight,
        Fault::HistoryOfAnother,
        Fault::IgnoresStatus,
        Fault::PeriodsOverlap,
        Fault::SweepsTheYoung,
        Fault::ForgetsTrials,
        Fault::SweepsTrials,
        Fault::ForgetsTheOther,
        Fault::ForgetsBillingRevisions,
        Fault::BuysInvoices,
        Fault::LooksAtInvoicesToo,
    ];
    for fault in faults {
        let mut noticed = false;
        for seed in 1..=SEEDS {
            let run = tokio::spawn(differential(memory(), Arc::new(Broken::new(fault)), seed, 300));
            noticed |= run.await.is_err();
            if noticed {
                break;
            }
        }
        assert!(noticed, "{fault:?} goes unnoticed");
    }
}
