//! `veza sandbox` says all that a server needs to be told of it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod shop;

use serde_json::{Value, json};
use shop::command;
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Stdio};
use std::time::Duration;

struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        drop(self.0.kill());
        drop(self.0.wait());
    }
}

/// The next request that reaches `listener`: its first line, headers and body; answered with 200.
fn next(listener: &TcpListener) -> (String, String) {
    let (mut stream, _): (TcpStream, _) = listener.accept().unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut head = String::new();
    while !head.ends_with("\r\n\r\n") {
        assert!(reader.read_line(&mut head).unwrap() > 0, "{head}");
    }
    let length = head.lines().find_map(|line| line.to_lowercase().strip_prefix("content-length: ")?.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n").unwrap();
    (head, String::from_utf8(body).unwrap())
}

#[test]
fn the_sandbox_alone_names_its_secrets_and_sends_to_both_endpoints() {
    let dir = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let at = |path: &str| format!("http://{}{path}", listener.local_addr().unwrap());
    let mut sandbox = command(dir.path());
    sandbox.args([
        "sandbox",
        "--bind",
        "127.0.0.1:0",
        "--stripe-webhook-url",
        &at("/platform"),
        "--stripe-connect-webhook-url",
        &at("/connect"),
    ]);
    let mut sandbox = Stopped(sandbox.stdout(Stdio::piped()).spawn().unwrap());
    let lines = BufReader::new(sandbox.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let said: BTreeMap<String, String> = lines
        .take_while(|line| !line.starts_with("# control"))
        .filter_map(|line| line.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned())))
        .collect();
    let switches = ["DISTRIBUTION_ENABLED", "HYPERSWITCH_ENABLED", "STRIPE_CONNECT_ENABLED"];
    assert!(switches.iter().all(|name| said[*name] == "true"), "the lines are settings that a Veza may use as they are: {said:?}");
    let addresses = ["DISTRIBUTION_URL", "HYPERSWITCH_URL", "STRIPE_API_URL"];
    let secrets = [
        "DISTRIBUTION_API_KEY",
        "HYPERSWITCH_API_KEY",
        "HYPERSWITCH_WEBHOOK_SECRET",
        "STRIPE_CONNECT_WEBHOOK_SECRET",
        "STRIPE_SECRET_KEY",
        "STRIPE_WEBHOOK_SECRET",
    ];
    let mut names = [&switches[..], &addresses, &secrets].concat();
    names.sort_unstable();
    assert_eq!(said.keys().collect::<Vec<_>>(), names);
    assert_ne!(said["STRIPE_WEBHOOK_SECRET"], said["STRIPE_CONNECT_WEBHOOK_SECRET"], "each endpoint has its own");

    // An account is made and becomes ready: that event is one of a connected account.
    let runtime = tokio::runtime::Runtime::new().unwrap();
    let http = reqwest::Client::new();
    let account: Value = runtime.block_on(async {
        let made = http.post(format!("{}/v1/accounts", said["STRIPE_API_URL"])).bearer_auth(&said["STRIPE_SECRET_KEY"]);
        let made = made.header("idempotency-key", "k").form(&[("type", "express"), ("country", "DE")]).send().await.unwrap();
        let account: Value = made.json().await.unwrap();
        let path = format!("{}/control/accounts/{}", said["STRIPE_API_URL"], account["id"].as_str().unwrap());
        assert!(http.post(path).json(&json!({"transfers": "active"})).send().await.unwrap().status().is_success());
        account
    });
    let (head, body) = next(&listener);
    assert!(head.starts_with("POST /connect ") && head.to_lowercase().contains("stripe-signature: "), "{head}");
    assert!(body.contains("account.updated") && body.contains(account["id"].as_str().unwrap()), "{body}");
}
