//! Several processes on one database: `serve --role api` works on nothing, `--role worker` answers nothing but health; limits on
//! requests are shared out; the embedded sandbox is not for several.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod shop;

use reqwest::Method;
use serde_json::{Value, json};
use shop::{Client, PASSWORD, command, free_port};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use veza_mail::OutboxMailer;

/// Ends with the test, however it ends.
struct Process(Child);

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn serve(data: &Path, database: &str, role: &str, port: u16) -> Command {
    let mut command = command(data);
    command.args(["serve", "--role", role]).env("DATABASE_URL", database).env("BIND_ADDR", format!("127.0.0.1:{port}"));
    command
}

async fn get(client: &Client, path: &str) -> (u16, Value) {
    client.api(Method::GET, path, Value::Null, None).await.unwrap()
}

fn open_effects(health: &Value) -> i64 {
    let classes = health["backlog"].as_array().unwrap();
    classes.iter().filter(|class| class["class"] == "effects").map(|class| class["open"].as_i64().unwrap()).sum()
}

#[tokio::test]
async fn one_answers_and_the_other_works() {
    let (database, dir) = (veza_cluster::database().url(), tempfile::tempdir().unwrap());
    let (api_port, worker_port) = (free_port(), free_port());
    let (api, worker) = (Client::new(api_port, 0), Client::new(worker_port, 0));
    let start = |role: &str, port: u16| Process(serve(dir.path(), &database, role, port).env("SANDBOX_ENABLED", "false").spawn().unwrap());

    let _api = start("api", api_port);
    api.up().await;
    let somebody = json!({"email": "somebody@example.org", "username": "somebody", "password": PASSWORD});
    assert_eq!(api.api(Method::POST, "/api/v1/auth/register", somebody, None).await.unwrap().0, 201);
    // Longer than a worker waits between two looks.
    tokio::time::sleep(Duration::from_millis(2_500)).await;
    let (_, health) = get(&api, "/health/deep").await;
    assert_eq!((health["workers"].as_array().unwrap().len(), open_effects(&health)), (0, 1), "the mail waits: {health}");
    let outbox = OutboxMailer::new(dir.path().join("outbox"));
    assert!(outbox.list(10).await.unwrap_or_default().is_empty());

    let _worker = start("worker", worker_port);
    worker.up().await;
    worker
        .until("the mail", async || outbox.list(10).await.ok()?.into_iter().find(|stored| stored.mail.to == "somebody@example.org"))
        .await;
    let working = async || {
        let (_, health) = get(&worker, "/health/deep").await;
        let workers = health["workers"].as_array().unwrap().iter().map(|worker| worker["name"].as_str().unwrap().to_owned());
        let workers: Vec<String> = workers.collect();
        let all = ["effects", "reversals", "transfers"].iter().all(|name| workers.iter().any(|worker| worker == name));
        (open_effects(&health) == 0 && all).then_some(())
    };
    worker.until("its workers, and nothing open", working).await;
    assert_eq!(get(&worker, "/health").await.0, 200);
    for path in ["/api/v1/marketplace/products", "/docs", "/openapi.yaml", "/dev/outbox", "/"] {
        let (status, problem) = get(&worker, path).await;
        assert_eq!((status, problem["code"].as_str()), (404, Some("route_not_found")), "{path}: {problem}");
    }
    for path in ["/api/v1/auth/login", "/webhooks/hyperswitch"] {
        assert_eq!(worker.api(Method::POST, path, json!({}), None).await.unwrap().0, 404, "{path}");
    }
    assert_eq!(get(&api, "/api/v1/marketplace/products").await.0, 200);
}

/// Asks more than anybody may; the answers that are not "too many" have to be `limit`, and what has come back meanwhile.
async fn has_share(client: &Client, limit: usize) {
    let started = Instant::now();
    let answers = futures_util::future::join_all((0..REQUESTS).map(|_| client.api(Method::POST, "/api/v1/auth/login", json!({}), None)));
    let let_through = answers.await.into_iter().filter(|answer| answer.as_ref().unwrap().0 != 429).count();
    let come_back = limit * usize::try_from(started.elapsed().as_secs() + 1).unwrap() / 60 + 1;
    assert!((limit..=limit + come_back).contains(&let_through), "{let_through} of {REQUESTS} in {:?}", started.elapsed());
}

/// More than the limit of a minute, which is 60.
const REQUESTS: usize = 90;

#[tokio::test]
async fn limits_are_shared_out_among_those_that_serve() {
    let (database, dir) = (veza_cluster::database().url(), tempfile::tempdir().unwrap());
    let start = |role: &str, port: u16| {
        let mut command = serve(dir.path(), &database, role, port);
        Process(command.env("SANDBOX_ENABLED", "false").env("RATE_LIMITS", "on").spawn().unwrap())
    };
    let ports = [free_port(), free_port(), free_port()];
    let [first, second, worker] = ports.map(|port| Client::new(port, 0));
    let _worker = start("worker", ports[2]);
    worker.up().await;
    let _first = start("api", ports[0]);
    first.up().await;
    has_share(&first, 60).await; // who only works has none
    let _second = start("all", ports[1]);
    second.up().await;
    has_share(&second, 30).await;
    // The first hears of it with its next sign of life.
    tokio::time::sleep(Duration::from_secs(11)).await;
    has_share(&first, 30).await;
}

/// What a process says that refuses to start.
fn refused(command: &mut Command) -> String {
    let output = command.stderr(Stdio::piped()).output().unwrap();
    assert!(!output.status.success());
    String::from_utf8(output.stderr).unwrap()
}

#[tokio::test]
async fn a_sandbox_in_one_process_s_memory_is_not_for_several() {
    let (database, dir) = (veza_cluster::database().url(), tempfile::tempdir().unwrap());
    for role in ["api", "worker"] {
        let said = refused(&mut serve(dir.path(), &database, role, free_port()));
        assert!(said.contains("one process's alone, and this role is for one of several"), "{said}");
    }
    let port = free_port();
    let start = || serve(dir.path(), &database, "all", port).env("SANDBOX_BIND_ADDR", "127.0.0.1:0").spawn().unwrap();
    let first = Process(start());
    Client::new(port, 0).up().await;
    let said = refused(serve(dir.path(), &database, "all", free_port()).env("SANDBOX_BIND_ADDR", "127.0.0.1:0"));
    assert!(said.contains(&format!(":{port} runs on this database too")), "{said}");
    drop(first); // kill -9: nobody is told, and who starts there again takes its place
    let _second = Process(start());
    Client::new(port, 0).up().await;
}
