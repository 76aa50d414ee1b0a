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

/// It looks and changes nothing: a schema that is not this program's is told and left as it is.
#[test]
fn the_schema_is_told_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("veza.db");
    let url = format!("sqlite://{}", file.display());
    let said = |words: &str, code: i32| {
        let (said, ended) = doctor(&url);
        assert!(said.contains(words), "{said}");
        assert_eq!(ended, code, "{said}");
        said
    };
    said("warning  schema: nothing is there yet", 0);
    assert!(!file.exists(), "it makes no database");

    let migrated = command(dir.path()).arg("migrate").env("DATABASE_URL", &url).status().unwrap();
    assert!(migrated.success());
    let newest = veza_sqlite::newest_version();
    let all = said(&format!("ok       schema: {newest}"), 0);
    assert!(all.contains("database: reached in") && !all.contains("warning"), "{all}");

    let db = rusqlite::Connection::open(&file).unwrap();
    let version = || db.query_row("SELECT max(version) FROM schema_migrations", [], |row| row.get::<_, i64>(0)).unwrap();
    db.execute("DELETE FROM schema_migrations WHERE version = ?1", [newest]).unwrap();
    let older = said(&format!("{}, and this program wants {newest}: start the server, or run `veza migrate`", newest - 1), 0);
    assert!(older.contains("mail"), "the rest is looked at all the same: {older}");
    assert_eq!(version(), newest - 1, "it was not migrated");

    db.execute("INSERT INTO schema_migrations (version, name) VALUES (?1, 'later'), (?2, 'later')", [newest, newest + 1]).unwrap();
    said(&format!("{}, and this program knows up to {newest}", newest + 1), 1);
}

#[test]
fn a_postgres_that_is_empty_stays_so() {
    let database = veza_cluster::database();
    let (said, code) = doctor(&database.url());
    assert!(said.contains("schema: nothing is there yet"), "{said}");
    assert_eq!(code, 0, "{said}");
    assert!(database.sql("SELECT to_regclass('schema_migrations') IS NULL").contains('t'), "it makes no table");
}

/// Transfers that can't be taken back are counted, and a missing METRICS_TOKEN is said in production.
#[test]
fn what_needs_a_hand_is_counted() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("veza.db");
    let url = format!("sqlite://{}", file.display());
    assert!(command(dir.path()).arg("migrate").env("DATABASE_URL", &url).status().unwrap().success());
    let db = rusqlite::Connection::open(&file).unwrap();
    db.pragma_update(None, "foreign_keys", false).unwrap();
    for n in 1..=3_u8 {
        let id = [n; 16].to_vec();
        let insert = "INSERT INTO transfers (id, revision, order_id, seller_id, amount, currency, amount_reversed, status, generation, look_up, \
                          retry_count, created_at) VALUES (?1, 1, ?1, ?1, 900, 'EUR', 0, 'completed', 0, 0, 0, 0)";
        db.execute(insert, [&id]).unwrap();
    }
    let (said, code) = doctor(&url);
    assert!(said.contains("warning  transfers: 3 have no id of Connect's"), "{said}");
    assert_eq!(code, 0, "{said}");
    assert!(!said.contains("METRICS_TOKEN"), "{said}");
}

#[test]
fn production_without_a_token_for_the_metrics_is_warned() {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("sqlite://{}", dir.path().join("veza.db").display());
    let settings = [
        ("APP_ENV", "production"),
        ("RATE_LIMITS", "on"),
        ("DATABASE_URL", file.as_str()),
        ("ALLOW_SQLITE", "true"),
        ("PUBLIC_URL", "https://shop.example"),
        ("JWT_SECRET", "a-secret-that-nobody-else-has-0123456789"),
        ("HYPERSWITCH_ENABLED", "true"),
        ("HYPERSWITCH_URL", "http://127.0.0.1:1"),
        ("HYPERSWITCH_API_KEY", "key"),
        ("HYPERSWITCH_WEBHOOK_SECRET", "secret"),
        ("STRIPE_CONNECT_ENABLED", "true"),
        ("STRIPE_API_URL", "http://127.0.0.1:1"),
        ("STRIPE_SECRET_KEY", "sk"),
        ("STRIPE_WEBHOOK_SECRET", "whsec"),
        ("STRIPE_CONNECT_WEBHOOK_SECRET", "whsec2"),
        ("SMTP_HOST", "127.0.0.1"),
        ("SMTP_FROM", "shop@shop.example"),
    ];
    let said = |token: Option<&str>| {
        let mut doctor = command(dir.path());
        doctor.arg("doctor").envs(settings).envs(token.map(|token| ("METRICS_TOKEN", token))).stdout(Stdio::piped());
        String::from_utf8(doctor.output().unwrap().stdout).unwrap()
    };
    let without = said(None);
    assert!(without.contains("warning  METRICS_TOKEN: not set"), "{without}");
    let with = said(Some("a-token-that-is-long-enough-0123456789"));
    assert!(!with.contains("METRICS_TOKEN"), "{with}");
}
