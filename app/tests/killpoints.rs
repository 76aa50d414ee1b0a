//! The product's binary takes no orders to kill itself: what the crash matrix says to its own binary, this one does not hear.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::process::{Command, Stdio};

/// As in `killpoints.rs`, which this build may lack.
const KILL_AT: &str = "VEZA_KILL_AT";
const RECORD: &str = "VEZA_KILL_RECORD";

#[test]
fn the_product_ignores_what_tells_it_to_kill_itself() {
    let dir = tempfile::tempdir().unwrap();
    let record = dir.path().join("points");
    // Making an administrator commits: an armed program would not come past its first point.
    let status = Command::new(env!("CARGO_BIN_EXE_veza"))
        .args(["admin", "create", "--email", "root@example.org", "--password", "quite-a-long-passphrase-42"])
        .env_clear()
        .env("DATA_DIR", dir.path().join("data"))
        .env(KILL_AT, "*#1")
        .env(RECORD, &record)
        .stdout(Stdio::null())
        .status()
        .unwrap();
    assert!(status.success(), "{status}");
    assert!(!record.exists(), "points were recorded");
}
