//! `veza doctor` says in words what is wrong with the way to the database.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod shop;

use shop::command;
use std::process::Stdio;
use veza_cluster::{Authority, cluster};

/// What it prints, and its exit code.
fn doctor(database: &str) -> (String, i32) {
    let dir = tempfile::tempdir().unwrap();
    let output = command(dir.path()).arg("doctor").env("DATABASE_URL", database).stdout(Stdio::piped()).output().unwrap();
    (String::from_utf8(output.stdout).unwrap(), output.status.code().unwrap())
}

#[track_caller]
fn complains(database: &str, code: i32, words: &str) {
    let (said, ended) = doctor(database);
    let line = said.lines().find(|line| line.starts_with("error")).unwrap_or_else(|| panic!("no error: {said}"));
    assert!(line.contains(words), "{line}");
    assert_eq!(ended, code, "{said}");
}

#[test]
fn the_way_to_the_database_is_explained() {
    let database = veza_cluster::database();
    let url = database.url();
    complains(&url.replace("/veza_", "/vezza_"), 1, "does not let us in: error returned from database: database \"vezza_");
    complains("postgres://postgres@127.0.0.1:1/veza", 1, "can't be reached");
    complains(&format!("{url}?sslmode=maybe"), 2, "DATABASE_URL");
    if !cluster().is_own() {
        return; // somebody else's server has a certificate of its own, or none
    }
    let (ours, strangers) = (Authority::new(), Authority::new());
    let secure = |host: &str, authority: &Authority| {
        let root = authority.root();
        format!("{}?sslmode=verify-full&sslrootcert={}", url.replace("127.0.0.1", host), root.display())
    };
    complains(
        &secure("localhost", &ours),
        1,
        "can't agree on TLS: error occurred while attempting to establish a TLS connection: server does",
    );
    cluster().speak_tls(&ours.certificate("localhost"));
    complains(&secure("localhost", &strangers), 1, "a CA that is not trusted: name the file of that CA's root certificate in sslrootcert");
    complains(&secure("127.0.0.1", &ours), 1, "the host in the URL has to be the one it was issued for");
    complains(&secure("localhost", &ours).replace("root.crt", "rot.crt"), 1, "rot.crt, which sslrootcert names: No such file");
    let (said, code) = doctor(&secure("localhost", &ours));
    assert!(said.contains("ok       database: reached in"), "{said}");
    assert_eq!(code, 0, "{said}");
}
