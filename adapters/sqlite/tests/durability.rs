//! What was confirmed is there after the process was killed, and nothing is there by half.
//!
//! The test starts itself as a child that commits and prints each confirmed unit, and kills it at a random moment. A kill
//! does not take the power: `tests/crash` does, with a trace of every write and sync.

#![allow(clippy::unwrap_used, clippy::panic, clippy::print_stdout, reason = "test code: a test fails by panicking")]

mod common;

use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Arc;
use veza_ports::contract::storage::sample;
use veza_ports::storage::{Commit, Committed, IdentityReads, Row, UnitOfWork, Write};
use veza_sqlite::{SqliteConfig, SqliteStore};

const FILE: &str = "VEZA_SQLITE_TEST_FILE";
const TASKS: u32 = 8;

fn unit(n: u32) -> UnitOfWork {
    let session = Row::Session(veza_domain::identity::Session { user_id: sample::user_id(n), ..sample::session(n) });
    let rows = [Row::User(sample::user(n)), session, Row::Delivery(sample::delivery_full(n))];
    sample::unit(&format!("unit {n}"), rows.map(Write::Insert).to_vec())
}

/// Not a test of its own: what the killed process runs.
#[test]
#[ignore = "the child of the test below"]
fn child() {
    let Ok(path) = std::env::var(FILE) else { return };
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).build().unwrap();
    runtime.block_on(async {
        let store = Arc::new(SqliteStore::open(SqliteConfig { checkpoint_pages: 50, ..SqliteConfig::new(path) }).unwrap());
        let work = (0..TASKS).map(|task| {
            let store = Arc::clone(&store);
            tokio::spawn(async move {
                for n in (1..).map(|i| i * TASKS + task) {
                    store.commit(unit(n)).await.unwrap();
                    println!("confirmed {n}");
                }
            })
        });
        for task in work.collect::<Vec<_>>() {
            task.await.unwrap();
        }
    });
}

/// Runs a child, kills it after so many confirmed units, and returns all that it confirmed.
fn killed(path: &Path, after: usize) -> BTreeSet<u32> {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--ignored", "--exact", "child", "--nocapture"])
        .env(FILE, path)
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    let mut confirmed = BTreeSet::new();
    let number = |line: String| line.rsplit_once("confirmed ").and_then(|(_, n)| n.parse::<u32>().ok());
    while confirmed.len() < after {
        let Some(line) = lines.next() else { panic!("the child ended by itself") };
        let line = line.unwrap();
        confirmed.extend(number(line));
    }
    child.kill().unwrap();
    child.wait().unwrap();
    confirmed.extend(lines.map_while(Result::ok).filter_map(number));
    confirmed
}

#[tokio::test]
async fn a_kill_loses_nothing_that_was_confirmed() {
    let folder = common::on_disk();
    for after in [3, 40, 150] {
        let path: PathBuf = folder.path();
        let confirmed = killed(&path, after);
        let store = SqliteStore::open(common::config(path.clone())).unwrap();
        for n in &confirmed {
            assert!(store.user(sample::user_id(*n)).await.unwrap().is_some(), "unit {n} was confirmed");
            assert_eq!(store.commit(unit(*n)).await.unwrap(), Committed::AlreadyApplied, "unit {n}");
        }
        store.shutdown();
        let db = rusqlite::Connection::open(path).unwrap();
        let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
        let units = count("SELECT count(*) FROM units");
        for table in ["users", "sessions", "webhook_log"] {
            assert_eq!(count(&format!("SELECT count(*) FROM {table}")), units, "half a unit in {table}");
        }
        let check: String = db.query_row("PRAGMA integrity_check", [], |row| row.get(0)).unwrap();
        assert_eq!(check, "ok");
    }
}
