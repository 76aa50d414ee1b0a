//! What is written about the sandbox says all that it can do; data files of older versions open.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use std::path::Path;

use common::World;
use serde_json::{Value, json};
use veza_sandbox::{EventStatus, MAGIC_AMOUNTS, Sandbox};

/// The variants of an enum in a source file, as JSON spells them.
fn spelled(source: &str, of: &str) -> Vec<String> {
    let body = source.split(&format!("pub enum {of} {{")).nth(1).unwrap().split("\n}").next().unwrap();
    let names = body.lines().map(str::trim).filter_map(|line| line.strip_suffix(',')).filter(|line| !line.contains(' '));
    let snake = |name: &str| {
        let parts = name.chars().map(|c| if c.is_ascii_uppercase() { format!("_{}", c.to_ascii_lowercase()) } else { c.to_string() });
        parts.collect::<String>().trim_start_matches('_').replace("in200", "in_200")
    };
    names.map(snake).collect()
}

#[test]
fn every_fault_and_every_magic_amount_is_documented() {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |path: &str| std::fs::read_to_string(here.join(path)).unwrap();
    let faults = spelled(&read("src/script/fault.rs"), "Fault");
    assert!(faults.len() > 40 && faults.contains(&"error_in_200".to_owned()), "{faults:?}");
    let page = read("../../docs/sandbox.md");
    for (paper, text) in [("docs/sandbox.md", &page), ("src/lib.rs", &read("src/lib.rs"))] {
        for fault in &faults {
            assert!(serde_json::from_value::<veza_sandbox::Fault>(json!(fault)).is_ok(), "{fault} is read as it is spelled");
            assert!(text.contains(&format!("`{fault}`")), "{paper} does not say what {fault} does");
        }
        for (amount, fault) in MAGIC_AMOUNTS {
            let fault = serde_json::to_value(fault).unwrap();
            let entry = format!("{:02} `{}`", amount % 100, fault.as_str().unwrap());
            assert!(text.replace("\n//!", "").replace('\n', " ").contains(&entry), "{paper} does not name {amount}: {entry}");
        }
    }
    for route in [
        "payments/{id}/fail",
        "saved_methods/{id}",
        "saved_methods/{id}/revoke",
        "disputes/{id}/challenge",
        "accounts/{id}/payout",
        "payouts/{id}",
        "transfers/{id}/reverse",
    ] {
        assert!(page.contains(&format!("POST /{route}")), "{route}");
    }
}

/// Keys that the first version of the sandbox did not write.
const NEW: [(&str, &[&str]); 6] = [
    ("payment", &["failed_after_success", "dispute_due", "customer_acceptance"]),
    ("dispute", &["stage", "reason", "reason_code", "challenge_required_by", "is_already_refunded", "due"]),
    ("webhook_event", &["target", "account", "forgeries"]),
    ("stripe_event", &["account"]),
    ("balance", &["deposited"]),
    ("meta", &["stripe_webhook_url", "stripe_connect_webhook_url", "hold_stripe", "daily_payouts"]),
];

#[tokio::test]
async fn a_data_file_of_an_older_version_opens() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_file(folder.path().join("sandbox.db")).await;
    let seller = world.seller().await;
    let id = world.paid(1000).await;
    world.transfer("k", 400, &seller).await;
    world.control(&format!("/payments/{id}/dispute"), json!({"amount": 100})).await;
    world.control("/scripts", json!({"on": "read_payment", "fault": "slow"})).await;
    world.settle().await;
    let old = folder.path().join("old.db");
    for suffix in ["", "-wal"] {
        std::fs::copy(folder.path().join(format!("sandbox.db{suffix}")), format!("{}{suffix}", old.display())).unwrap();
    }
    let file = rusqlite::Connection::open(&old).unwrap();
    for (kind, keys) in NEW {
        let mut rows = file.prepare("SELECT position, body FROM records WHERE kind = ?1").unwrap();
        let rows: Vec<(i64, String)> = rows.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?))).unwrap().map(Result::unwrap).collect();
        assert!(!rows.is_empty(), "{kind}");
        for (position, body) in rows {
            let mut body: Value = serde_json::from_str(&body).unwrap();
            keys.iter().for_each(|key| assert!(body.as_object_mut().unwrap().remove(*key).is_some(), "{kind} has no {key}"));
            if kind == "webhook_event" {
                body["forgery"] = Value::Null;
            }
            file.execute("UPDATE records SET body = ?3 WHERE kind = ?1 AND position = ?2", (kind, position, body.to_string())).unwrap();
        }
    }
    drop(file);
    let mut config = world.config.clone();
    config.data_file = Some(old);
    let again = Sandbox::start(config).await.unwrap();
    let (before, after) = (world.sandbox.books(), again.books());
    assert_eq!(after.totals["usd"].disputed, 100);
    assert_eq!((before.payments.len(), before.webhooks.len(), before.disputes[0].stage.as_str()), (1, after.webhooks.len(), "dispute"));
    assert!(after.webhooks.iter().all(|event| event.status == EventStatus::Delivered));
    assert_eq!(again.scripts().len(), 1);
    again.set_dispute(&after.disputes[0].dispute_id, "won").unwrap();
    again.stop().await;
}
