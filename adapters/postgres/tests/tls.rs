//! TLS: who asks for it gets it, and whose certificate is not the right one is not spoken to.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a test fails by panicking")]

mod common;

use secrecy::SecretString;
use veza_cluster::{Authority, Database, cluster};
use veza_ports::contract::storage::sample::user_id;
use veza_ports::storage::IdentityReads;
use veza_postgres::{Obstacle, OpenError, PostgresConfig, PostgresStore};

/// What a store's connections are, all of them.
#[derive(Debug, PartialEq, Eq)]
enum Line {
    Plain,
    Encrypted,
}

/// Opens a store there as `host` and reads something over such a line.
async fn reached(database: &Database, host: &str, query: &str) -> Result<Line, OpenError> {
    let url = database.url().replace("127.0.0.1", host);
    let name = format!("{host} {query}");
    let config = PostgresConfig { application_name: name.chars().take(60).collect(), ..common::config(&format!("{url}?{query}")) };
    let store = PostgresStore::connect(config).await?;
    assert!(store.user(user_id(1)).await.unwrap().is_none());
    let name: String = name.chars().take(60).collect();
    let seen = database.sql(&format!(
        "SELECT count(*) FILTER (WHERE ssl), count(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE application_name = '{name}'"
    ));
    store.shutdown().await;
    let (encrypted, all) =
        seen.split_once('|').map(|(encrypted, all)| (encrypted.parse::<u32>().unwrap(), all.parse::<u32>().unwrap())).unwrap();
    assert!(all > 0 && (encrypted == 0 || encrypted == all), "{seen}");
    Ok(if encrypted == 0 { Line::Plain } else { Line::Encrypted })
}

async fn obstacle(database: &Database, host: &str, query: &str) -> (Obstacle, String) {
    match reached(database, host, query).await {
        Err(OpenError::Unreachable(obstacle, source)) => (obstacle, source.to_string()),
        other => panic!("{query}: {other:?}"),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_mode_does_what_it_says() {
    if !cluster().is_own() {
        return; // somebody else's server has a certificate of its own, or none
    }
    let database = common::migrated().await;
    let (ours, strangers) = (Authority::new(), Authority::new());
    let root = |authority: &Authority| format!("sslrootcert={}", authority.root().display());

    // A server without TLS.
    assert_eq!(reached(&database, "127.0.0.1", "sslmode=prefer").await.unwrap(), Line::Plain);
    assert_eq!(reached(&database, "127.0.0.1", "sslmode=disable").await.unwrap(), Line::Plain);
    for mode in ["require", "verify-ca", "verify-full"] {
        let (found, text) = obstacle(&database, "localhost", &format!("sslmode={mode}")).await;
        assert_eq!(found, Obstacle::Tls);
        assert!(text.contains("server does not support TLS"), "{text}");
    }

    cluster().speak_tls(&ours.certificate("localhost"));
    assert_eq!(reached(&database, "127.0.0.1", "sslmode=disable").await.unwrap(), Line::Plain);
    for query in ["", "sslmode=prefer", "sslmode=require"] {
        assert_eq!(reached(&database, "127.0.0.1", query).await.unwrap(), Line::Encrypted, "{query}");
    }

    // The right CA; the certificate is localhost's.
    for (host, mode) in [("127.0.0.1", "verify-ca"), ("127.0.0.1", "require"), ("localhost", "verify-full")] {
        assert_eq!(reached(&database, host, &format!("sslmode={mode}&{}", root(&ours))).await.unwrap(), Line::Encrypted, "{mode}");
    }
    let (found, text) = obstacle(&database, "127.0.0.1", &format!("sslmode=verify-full&{}", root(&ours))).await;
    assert_eq!(found, Obstacle::OtherName, "{text}");

    // A stranger's, or none.
    for mode in ["require", "verify-ca", "verify-full"] {
        let (found, text) = obstacle(&database, "localhost", &format!("sslmode={mode}&{}", root(&strangers))).await;
        assert_eq!(found, Obstacle::StrangerCa, "{mode}: {text}");
    }
    for mode in ["verify-ca", "verify-full"] {
        assert_eq!(obstacle(&database, "localhost", &format!("sslmode={mode}")).await.0, Obstacle::StrangerCa, "{mode}");
    }

    let nowhere = reached(&database, "localhost", "sslmode=verify-full&sslrootcert=/nowhere/root.crt").await;
    assert!(matches!(&nowhere, Err(OpenError::RootCertificate { file, .. }) if file == "/nowhere/root.crt"), "{nowhere:?}");
}

#[test]
fn what_the_way_to_the_server_leaves_open_is_said() {
    let caveat = |url: &str| PostgresConfig::new(SecretString::from(url)).caveat();
    for fine in
        ["postgres://db/veza?sslmode=verify-full", "postgres://localhost/veza", "postgres://[::1]/veza", "postgres:///veza?host=/run"]
    {
        assert_eq!(caveat(fine), None, "{fine}");
    }
    for mode in ["disable", "prefer", "require", "verify-ca"] {
        assert!(caveat(&format!("postgres://db.example/veza?sslmode={mode}")).unwrap().contains(mode));
    }
    assert!(caveat("postgres://db.example/veza").unwrap().contains("prefer"));
    assert!(matches!(PostgresConfig::new(SecretString::from("postgres://db/veza?sslmode=allow")).check(), Err(OpenError::Url(_))));
}
