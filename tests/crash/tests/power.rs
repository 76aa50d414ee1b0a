//! The power goes at any moment: SQLite's file as it stood at each sync opens, is whole, and has everything that anybody was told.
//!
//! `VEZA_CRASH=all` plays more (`make crash`).

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::Path;
use veza_crash::{Loss, Trace};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_file_holds_at_every_sync() {
    let all = std::env::var("VEZA_CRASH").is_ok_and(|extent| extent == "all");
    let (sales, seeds) = if all { (90, 4) } else { (24, 1) };
    let trace = Trace::make(Path::new(env!("CARGO_BIN_EXE_veza-killable")), sales).await.unwrap();
    let losses = std::iter::once(Loss::Unsynced).chain((1..=seeds).map(Loss::Some));
    let (mut states, mut looked_for, mut wrong) = (0, 0, Vec::new());
    for loss in losses {
        let verdict = tokio::task::block_in_place(|| trace.judge(loss, 1));
        assert!(verdict.told >= sales, "{} orders were told", verdict.told);
        states += verdict.states;
        looked_for += verdict.looked_for;
        wrong.extend(verdict.wrong);
    }
    println!(
        "power loss: {sales} sales, {} syncs, {states} states opened, told orders looked for {looked_for} times, {} wrong",
        trace.syncs(),
        wrong.len()
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));

    // Does the net catch fish? A disk that lies about the log loses what was told; one that lies about the file breaks it.
    let nth = trace.syncs() / 40;
    let lying = tokio::task::block_in_place(|| trace.without_syncs_of("veza.db-wal").judge(Loss::Unsynced, 1));
    assert!(!lying.wrong.is_empty(), "a log that is never synced was not noticed");
    let lying = tokio::task::block_in_place(|| trace.without_syncs_of("veza.db").judge(Loss::Unsynced, nth.max(1)));
    assert!(!lying.wrong.is_empty(), "a file that is never synced was not noticed");
}
