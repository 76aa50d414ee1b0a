//! The matrix's own binary does hear: without this, a matrix in which nobody dies would look well.

#![allow(clippy::unwrap_used, reason = "a test may fail loudly")]

use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitStatus, Stdio};

fn made_admin(name: &str, value: &str) -> ExitStatus {
    let dir = tempfile::tempdir().unwrap();
    Command::new(env!("CARGO_BIN_EXE_veza-killable"))
        .args(["admin", "create", "--email", "root@example.org", "--password", "quite-a-long-passphrase-42"])
        .env_clear()
        .env("DATA_DIR", dir.path())
        .env(name, value)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .unwrap()
}

#[test]
fn it_kills_itself_where_it_is_told_to() {
    assert_eq!(made_admin(veza::killpoints::KILL_AT, "*#1").signal(), Some(9));
    assert!(made_admin(veza::killpoints::KILL_AT, "*#1000").success(), "so many points are not passed");
    assert_eq!(made_admin(veza::killpoints::KILL_AT, "nonsense").code(), Some(2), "a plan that can't be read is refused");
}
