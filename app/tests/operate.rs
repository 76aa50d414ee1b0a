//! The on-call's commands where no server is needed: what they refuse, what they leave behind, and their exit codes.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod shop;

use shop::command;
use std::path::Path;
use std::process::Stdio;

/// Exit code, what it prints, and what it complains about.
fn veza(data: &Path, arguments: &[&str]) -> (i32, String, String) {
    let piped = command(data).args(arguments).env("SANDBOX_ENABLED", "false").stdout(Stdio::piped()).stderr(Stdio::piped()).output();
    let output = piped.unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

#[test]
fn an_audit_looks_back_from_the_end_of_its_period() {
    let dir = tempfile::tempdir().unwrap();
    let audit = |arguments: &[&str]| veza(dir.path(), &[&["audit"], arguments].concat());
    for (arguments, period) in [
        (&["--until", "2019-03-31"][..], "2019-03-01T00:00:00.000Z to 2019-03-31T00:00:00.000Z: 0 orders"),
        (&["--since", "2019-03-30T12:00:00Z", "--until", "2019-03-31"], "2019-03-30T12:00:00.000Z to 2019-03-31T00:00:00.000Z: 0 orders"),
    ] {
        let (code, said, complaints) = audit(arguments);
        assert!(said.contains(period), "{said}{complaints}");
        assert_eq!(code, 0, "{said}{complaints}");
    }
}

#[test]
fn an_audit_of_nothing_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    for (arguments, why) in [
        (&["--since", "2019-03-31", "--until", "2019-03-31"][..], "has to begin before it ends"),
        (&["--since", "2019-03-31", "--until", "2019-03-30"], "has to begin before it ends"),
        (&["--since", "9999-01-01"], "has to begin before it ends"),
        (&["--until", "yesterday"], "yesterday is neither a date"),
    ] {
        let (code, said, complaints) = veza(dir.path(), &[&["audit"], arguments].concat());
        assert!(complaints.contains(why), "{complaints}");
        assert_eq!((code, said.as_str()), (2, ""), "{complaints}");
    }
}

#[test]
fn a_backup_is_whole_and_overwrites_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy.db");
    let backup = || veza(dir.path(), &["backup", to.to_str().unwrap()]);

    let (code, _, complaints) = backup();
    assert_eq!(code, 1, "there is nothing to copy: {complaints}");
    assert!(!to.exists());

    assert_eq!(veza(dir.path(), &["migrate"]).0, 0);
    let (code, said, complaints) = backup();
    assert_eq!(code, 0, "{complaints}");
    assert!(said.contains("is a whole database as of now"), "{said}");
    assert_eq!(veza_sqlite::SqliteStore::schema_version(&to).unwrap(), Some(veza_sqlite::newest_version()));
    let bytes = std::fs::read(&to).unwrap();

    let (code, _, complaints) = backup();
    assert_eq!(code, 2, "{complaints}");
    assert!(complaints.contains("copy.db is there already"), "{complaints}");
    assert_eq!(std::fs::read(&to).unwrap(), bytes);
}

#[cfg(unix)]
#[test]
fn database_and_backup_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let dir = tempfile::tempdir().unwrap();
    let to = dir.path().join("copy.db");
    assert_eq!(veza(dir.path(), &["migrate"]).0, 0);
    assert_eq!(veza(dir.path(), &["backup", to.to_str().unwrap()]).0, 0);
    for file in [dir.path().join("veza.db"), to] {
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600, "{}", file.display());
    }
}
