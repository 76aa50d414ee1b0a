//! Kill -9 at every named point of every flow; after a restart everything is as if nothing had happened.
//!
//! `VEZA_CRASH=all` (`make crash`) takes every point on both stores, with one kill and with two; without it SQLite is given every
//! second point, with one kill, and Postgres each fifth.
//! `VEZA_CRASH_FLOWS=sale,refund` plays these flows alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use std::path::Path;
use veza_crash::{Flow, Matrix, Store, Template, Wanted};

/// Every how many points one is taken on SQLite, and on Postgres, when not all are asked for.
const SAMPLES: (usize, usize) = (2, 5);

fn all() -> bool {
    std::env::var("VEZA_CRASH").is_ok_and(|extent| extent == "all")
}

fn flows() -> Vec<Flow> {
    let wished = std::env::var("VEZA_CRASH_FLOWS").unwrap_or_default();
    let flows: Vec<Flow> =
        Flow::ALL.into_iter().filter(|flow| wished.is_empty() || wished.split(',').any(|name| name == flow.name())).collect();
    assert!(!flows.is_empty(), "VEZA_CRASH_FLOWS names none of {:?}", Flow::ALL.map(Flow::name));
    flows
}

async fn every_point(store: Store, wanted: Wanted) {
    let template = Template::make(Path::new(env!("CARGO_BIN_EXE_veza-killable")), store).await.unwrap();
    let matrix = Matrix::play(&template, &flows(), wanted).await;
    if std::env::var_os("VEZA_CRASH_NAMES").is_some() {
        println!("{}", matrix.names.join("\n"));
    }
    for missed in &matrix.missed {
        println!("not passed again: {missed}");
    }
    println!("crash matrix on {store:?}: {}", matrix.figures());
    assert!(matrix.differences.is_empty(), "{}", matrix.differences.join("\n\n"));
    // A slow machine passes points that a quick one does not; where most are not passed again, the matrix shows nothing.
    assert!(matrix.missed.len() * 2 < matrix.cases, "most points were not passed again");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_point_on_sqlite_nothing_is_lost_or_doubled() {
    every_point(Store::Sqlite, if all() { Wanted::EveryTwice } else { Wanted::EachNth(SAMPLES.0) }).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_at_any_point_on_postgres_nothing_is_lost_or_doubled() {
    every_point(Store::Postgres, if all() { Wanted::EveryTwice } else { Wanted::EachNth(SAMPLES.1) }).await;
}
