//! Three instances of the binary on one Postgres: sales and refunds run through all of them while one after the other is
//! killed with -9 and started again. At the end the books agree, nothing was done twice, and no row is stuck.
//!
//! The providers are `veza sandbox` in a process of its own; a small front on loopback takes requests to an instance that
//! answers, as a load balancer does.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod shop;

use shop::{Client, PASSWORD, books_agree, command, free_port, open_shop, shop};
use std::path::Path;
use std::process::{Child, Command};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};

const INSTANCES: usize = 3;
const KILLS: usize = 9;
const BUYERS: usize = 4;
const JWT_SECRET: &str = "three instances share one secret, for this test only";

/// A process that ends with the test, however it ends.
struct Process(Child);

impl Process {
    fn kill(&mut self) {
        self.0.kill().unwrap();
        self.0.wait().unwrap();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What all instances have in common.
fn configured(data: &Path, database: &str, front: u16, sandbox: u16) -> Command {
    let keys = veza_sandbox::SandboxConfig::default();
    let sandbox = format!("http://127.0.0.1:{sandbox}");
    let mut command = command(data);
    command.env("DATABASE_URL", database).env("JWT_SECRET", JWT_SECRET).env("PUBLIC_URL", format!("http://127.0.0.1:{front}"));
    command.env("HYPERSWITCH_ENABLED", "true").env("HYPERSWITCH_URL", &sandbox).env("HYPERSWITCH_API_KEY", keys.api_key);
    command.env("HYPERSWITCH_WEBHOOK_SECRET", keys.webhook_secret);
    command.env("STRIPE_CONNECT_ENABLED", "true").env("STRIPE_API_URL", &sandbox).env("STRIPE_SECRET_KEY", keys.stripe_secret_key);
    command
}

/// Takes each connection to the next instance that takes it.
async fn front(listener: TcpListener, instances: Vec<u16>) {
    let next = Arc::new(AtomicUsize::new(0));
    while let Ok((mut client, _)) = listener.accept().await {
        let (instances, next) = (instances.clone(), next.clone());
        tokio::spawn(async move {
            for _ in 0..instances.len() {
                let port = instances[next.fetch_add(1, Ordering::Relaxed) % instances.len()];
                if let Ok(mut instance) = TcpStream::connect(("127.0.0.1", port)).await {
                    let _ = tokio::io::copy_bidirectional(&mut client, &mut instance).await;
                    return;
                }
            }
        });
    }
}

#[tokio::test]
async fn three_instances_lose_and_double_nothing_while_one_after_the_other_is_killed() {
    tokio::task::LocalSet::new().run_until(killed_in_turn()).await;
}

async fn killed_in_turn() {
    let database = veza_cluster::database();
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (front_port, sandbox_port) = (listener.local_addr().unwrap().port(), free_port());
    let ports: Vec<u16> = (0..INSTANCES).map(|_| free_port()).collect();
    let mut sandbox = command(data);
    sandbox.args(["sandbox", "--bind", &format!("127.0.0.1:{sandbox_port}")]);
    sandbox.args(["--webhook-url", &format!("http://127.0.0.1:{front_port}/webhooks/hyperswitch")]);
    let _sandbox = Process(sandbox.spawn().unwrap());
    let start = |port: u16| {
        let mut command = configured(data, &database.url(), front_port, sandbox_port);
        Process(command.arg("serve").env("BIND_ADDR", format!("127.0.0.1:{port}")).spawn().unwrap())
    };
    // All at once, on an empty database: the schema is brought up to date by one of them.
    let mut instances: Vec<Process> = ports.iter().map(|port| start(*port)).collect();
    for port in &ports {
        Client::new(*port, sandbox_port).up().await;
    }
    tokio::spawn(front(listener, ports.clone()));
    let nobody = Client::new(front_port, sandbox_port);
    let mut admin = configured(data, &database.url(), front_port, sandbox_port);
    assert!(admin.args(["admin", "create", "--email", "root@example.org", "--password", PASSWORD]).status().unwrap().success());

    let product = open_shop(&nobody, data).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut shoppers = tokio::task::JoinSet::new();
    for name in 0..BUYERS {
        let buyer = nobody.sign_up(data, &format!("buyer{name}")).await;
        shoppers.spawn_local(shop(buyer, product.clone(), name, over.clone()));
    }
    for kill in 0..KILLS {
        tokio::time::sleep(Duration::from_millis(1_500)).await;
        instances[kill % INSTANCES].kill();
        tokio::time::sleep(Duration::from_millis(300)).await;
        instances[kill % INSTANCES] = start(ports[kill % INSTANCES]);
    }
    over.store(true, Ordering::Relaxed);
    while let Some(shopper) = shoppers.join_next().await {
        shopper.unwrap();
    }
    let outcome = books_agree(&nobody.sign_in("root@example.org").await).await;
    println!(
        "{INSTANCES} instances, {KILLS} kills: {} cents captured, {} refunded, {} done twice, {} rows stuck, books apart by 0 cents",
        outcome.captured, outcome.refunded, outcome.doubled, outcome.open
    );
}
