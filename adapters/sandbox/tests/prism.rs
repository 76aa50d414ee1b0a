//! Stripe's OpenAPI document as a judge: Prism as validating proxy in front of the sandbox turns every answer that
//! breaks the schema into an error (contracts/stripe.md §10).
//!
//! Skipped, with a message, where node, npm or the document are missing; `VEZA_REQUIRE_PRISM=1` makes that a failure.
//! The document is looked for in `VEZA_CONTRACTS`, else in `../shared/contracts` beside the repository. Prism is
//! installed once, into the target folder.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test")]

mod common;

use std::{
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::Duration,
};

use common::{Reply, World};
use serde_json::{Value, json};
use veza_sandbox::{Fault, Op, PayoutStatus, Script};

const PRISM: &str = "@stoplight/prism-cli@5.14.2";
const START_MAX: Duration = Duration::from_secs(60);

/// Stops Prism with the test.
struct Prism {
    process: Child,
    base_url: String,
}

impl Drop for Prism {
    fn drop(&mut self) {
        let _ = self.process.kill(); // it may have ended by itself
        let _ = self.process.wait();
    }
}

/// Stripe's document, in a copy that Prism really checks: Prism adds `null` to the enum of every nullable schema by
/// itself, where it is listed already that makes a duplicate, and a schema that does not compile is skipped in silence.
fn document() -> Result<PathBuf, String> {
    let folder = std::env::var_os("VEZA_CONTRACTS")
        .map(PathBuf::from)
        .unwrap_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/contracts"));
    let file = folder.join("stripe-openapi.json");
    let text = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut document: Value = serde_json::from_str(&text).map_err(|error| error.to_string())?;
    drop_listed_nulls(&mut document);
    let copy = Path::new(env!("CARGO_TARGET_TMPDIR")).join("stripe-openapi.json");
    std::fs::write(&copy, document.to_string()).map_err(|error| error.to_string())?;
    Ok(copy)
}

fn drop_listed_nulls(schema: &mut Value) {
    match schema {
        Value::Object(fields) => {
            if fields.get("nullable") == Some(&Value::Bool(true))
                && let Some(Value::Array(values)) = fields.get_mut("enum")
            {
                values.retain(|value| !value.is_null());
            }
            fields.values_mut().for_each(drop_listed_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(drop_listed_nulls),
        _ => {}
    }
}

/// A provider whose every answer is wrong in one field: the judge must see it.
async fn liar() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let wrong = poem::endpoint::make_sync(|request: poem::Request| {
        let object = json!({"id": 5, "object": "wrong", "amount": "x"});
        let list = json!({"object": "list", "data": [object], "has_more": false, "url": "/"});
        let path = request.uri().path();
        let body = if path.ends_with('1') { object } else { list };
        poem::Response::builder().content_type("application/json").body(body.to_string())
    });
    let acceptor = poem::listener::TcpAcceptor::from_tokio(listener).unwrap();
    tokio::spawn(poem::Server::new_with_acceptor(acceptor).run(wrong));
    url
}

/// Installs Prism unless it is there already; answers its script.
fn install() -> Result<PathBuf, String> {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("prism");
    let script = folder.join("node_modules/.bin/prism");
    if !script.exists() {
        std::fs::create_dir_all(&folder).map_err(|error| error.to_string())?;
        let install = Command::new("npm")
            .args(["install", "--no-audit", "--no-fund", "--prefix", ".", PRISM])
            .current_dir(&folder)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match install {
            Ok(status) if status.success() && script.exists() => {}
            Ok(status) => return Err(format!("npm install ended with {status}")),
            Err(error) => return Err(format!("npm: {error}")),
        }
    }
    Ok(script)
}

async fn start(upstream: &str) -> Result<Prism, String> {
    let (document, script) = (document()?, install()?);
    let port = std::net::TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).map_err(|error| error.to_string())?.port();
    let process = Command::new("node")
        .arg(script)
        .args(["proxy", "--errors", "-h", "127.0.0.1", "-p", &port.to_string()])
        .arg(document)
        .arg(upstream)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("node: {error}"))?;
    let prism = Prism { process, base_url: format!("http://127.0.0.1:{port}") };
    let up = async {
        while tokio::net::TcpStream::connect(("127.0.0.1", port)).await.is_err() {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(START_MAX, up).await.map_err(|_| "prism did not come up".to_owned())?;
    Ok(prism)
}

/// The merchant, by way of Prism.
struct Judged<'a> {
    world: &'a World,
    base_url: String,
}

impl Judged<'_> {
    async fn call(&self, request: reqwest::RequestBuilder, expected: u16) -> Reply {
        let reply = self.world.send(request.bearer_auth("sk_test_veza")).await.unwrap();
        assert!(!reply.text.contains("stoplight.io/prism"), "Prism refuses: {}", reply.text);
        assert!(reply.header("sl-violations").is_none(), "violations: {:?}\n{}", reply.header("sl-violations"), reply.text);
        assert_eq!(reply.status, expected, "{}", reply.text);
        reply
    }

    async fn get(&self, path: &str, expected: u16) -> Reply {
        self.call(self.world.http.get(format!("{}{path}", self.base_url)), expected).await
    }

    async fn get_as(&self, account: &str, path: &str, expected: u16) -> Reply {
        let request = self.world.http.get(format!("{}{path}", self.base_url)).header("stripe-account", account);
        self.call(request, expected).await
    }

    async fn post(&self, path: &str, key: &str, form: &[(&str, &str)], expected: u16) -> Reply {
        let request = self.world.http.post(format!("{}{path}", self.base_url)).header("idempotency-key", key).form(form);
        self.call(request, expected).await
    }
}

#[tokio::test]
async fn answers_pass_stripes_schema() {
    let world = World::new().await;
    let prism = match start(&world.sandbox.base_url()).await {
        Ok(prism) => prism,
        Err(why) => {
            assert!(std::env::var_os("VEZA_REQUIRE_PRISM").is_none_or(|value| value != "1"), "Prism is required: {why}");
            println!("skipped: {why}");
            return;
        }
    };
    let awake = start(&liar().await).await.unwrap();
    for path in [
        "/v1/transfers/tr_1",
        "/v1/transfers",
        "/v1/transfers/tr_1/reversals/trr_1",
        "/v1/transfers/tr_1/reversals",
        "/v1/accounts/acct_1",
        "/v1/balance",
        "/v1/events",
        "/v1/payouts",
    ] {
        let request = world.http.get(format!("{}{path}", awake.base_url)).bearer_auth("sk_test_veza");
        let reply = world.send(request).await.unwrap();
        assert!(reply.status == 500 && reply.text.contains("stoplight.io/prism"), "Prism does not check {path}: {}", reply.text);
    }
    drop(awake);
    let judged = Judged { world: &world, base_url: prism.base_url.clone() };
    world.paid(10_000).await;
    // Prism mis-decodes nested parameters and refuses every POST /v1/accounts: the account is made past it.
    let seller = world.seller().await;
    judged.get(&format!("/v1/accounts/{seller}"), 200).await;
    let link = [("account", &*seller), ("type", "account_onboarding"), ("refresh_url", "http://a/b"), ("return_url", "http://a/c")];
    judged.post("/v1/account_links", "link", &link, 200).await;

    let form = [
        ("amount", "4000"),
        ("currency", "USD"),
        ("destination", &*seller),
        ("transfer_group", "o1"),
        ("description", "share"),
        ("metadata[order_id]", "o1"),
    ];
    let id = judged.post("/v1/transfers", "t", &form, 200).await.json()["id"].as_str().unwrap().to_owned();
    assert_eq!(judged.post("/v1/transfers", "t", &form, 200).await.header("idempotent-replayed"), Some("true"));
    let path = format!("/v1/transfers/{id}/reversals");
    let reversal = judged.post(&path, "r", &[("amount", "1500")], 200).await.json()["id"].as_str().unwrap().to_owned();
    judged.post(&path, "r2", &[("amount", "100"), ("metadata[refund_id]", "x")], 200).await;
    for path in [
        format!("/v1/transfers/{id}"),
        format!("/v1/transfers/{id}?expand[]=destination"),
        format!("{path}/{reversal}"),
        path.clone(),
        format!("/v1/transfers?destination={seller}&limit=1"),
        "/v1/transfers?transfer_group=o1".to_owned(),
        "/v1/balance".to_owned(),
        "/v1/events?type=transfer.created".to_owned(),
        "/v1/events".to_owned(),
    ] {
        judged.get(&path, 200).await;
    }
    // The document has the list only; one alone looks the same.
    let payout = world.sandbox.payout(&seller).unwrap().remove(0);
    for status in ["paid", "failed"] {
        let listed = judged.get_as(&seller, "/v1/payouts?limit=3", 200).await.json()["data"][0].clone();
        assert_eq!(listed["status"], status);
        assert_eq!(listed, world.stripe_as(&seller, &format!("/v1/payouts/{payout}")).await.json());
        let _ = world.sandbox.set_payout(&payout, PayoutStatus::Failed, None); // the second time it is there already
    }
    judged.get_as(&seller, "/v1/events", 200).await;
    judged.get_as(&seller, "/v1/balance", 200).await;
    // Refusals pass the schema of errors.
    judged.get("/v1/transfers/tr_none", 404).await;
    judged.get("/v1/accounts/acct_none", 403).await;
    judged.post("/v1/transfers", "poor", &[("amount", "99999"), ("currency", "usd"), ("destination", &seller)], 400).await;
    judged.post("/v1/transfers", "t", &[("amount", "1"), ("currency", "usd"), ("destination", &seller)], 400).await;
    judged.post(&path, "all", &[], 200).await;
    judged.post(&path, "again", &[("amount", "1")], 400).await;
    for (fault, status) in [(Fault::RateLimited, 429), (Fault::LockTimeout, 429), (Fault::KeyInUse, 409), (Fault::ErrorBeforeEffect, 500)] {
        world.sandbox.script(Script::new(Op::ReadTransfer, fault)).unwrap();
        judged.get(&format!("/v1/transfers/{id}"), status).await;
    }
}
