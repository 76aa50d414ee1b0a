//! Kill -9 at any moment: after a restart the workers finish or a row waits visibly, and nothing is doubled.
//!
//! The real binary on a real file, with the embedded sandbox on a file of its own; sales and refunds run while it is killed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod shop;

use shop::{Client, PASSWORD, books_agree, command, free_port, open_shop, shop};
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

const ROUNDS: u64 = 5;
const BUYERS: usize = 3;

struct Server {
    child: Child,
}

impl Server {
    fn start(data: &Path, port: u16, sandbox_port: u16) -> Self {
        let mut command = command(data);
        command.arg("serve").env("BIND_ADDR", format!("127.0.0.1:{port}")).env("SANDBOX_BIND_ADDR", format!("127.0.0.1:{sandbox_port}"));
        Self { child: command.spawn().unwrap() }
    }

    /// SIGKILL: nothing in the process gets to finish anything.
    fn kill(self) {
        drop(self);
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[tokio::test]
async fn nothing_is_lost_or_doubled_when_the_process_is_killed_at_any_moment() {
    tokio::task::LocalSet::new().run_until(killed_while_people_buy()).await;
}

async fn killed_while_people_buy() {
    let dir = tempfile::tempdir().unwrap();
    let data = dir.path();
    let (port, sandbox_port) = (free_port(), free_port());
    let nobody = Client::new(port, sandbox_port);
    let mut server = Server::start(data, port, sandbox_port);
    nobody.up().await;
    let made = command(data).args(["admin", "create", "--email", "root@example.org", "--password", PASSWORD]).status().unwrap();
    assert!(made.success());

    let product = open_shop(&nobody, data).await;
    let over = Arc::new(AtomicBool::new(false));
    let mut shoppers = tokio::task::JoinSet::new();
    for name in 0..BUYERS {
        let buyer = nobody.sign_up(data, &format!("buyer{name}")).await;
        shoppers.spawn_local(shop(buyer, product.clone(), name, over.clone()));
    }

    let mut seed = 7_u64;
    for round in 0..ROUNDS {
        seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(round);
        tokio::time::sleep(Duration::from_millis(300 + (seed >> 33) % 700)).await;
        server.kill();
        server = Server::start(data, port, sandbox_port);
        nobody.up().await;
    }
    over.store(true, Ordering::Relaxed);
    while let Some(shopper) = shoppers.join_next().await {
        shopper.unwrap();
    }
    books_agree(&nobody.sign_in("root@example.org").await).await;
    server.kill();
}
