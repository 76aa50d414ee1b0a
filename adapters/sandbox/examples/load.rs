//! How many calls a second one sandbox serves: `cargo run --release -p veza-sandbox --example load`.
#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a measurement by hand")]

use std::time::Instant;

use serde_json::json;
use veza_sandbox::{Sandbox, SandboxConfig};

const WORKERS: usize = 32;
const EACH: usize = 300;

#[tokio::main]
async fn main() {
    let folder = std::env::args().nth(1).map(std::path::PathBuf::from);
    let config = SandboxConfig { data_file: folder.map(|folder| folder.join("load.db")), ..SandboxConfig::default() };
    let sandbox = Sandbox::start(config).await.unwrap();
    let url = format!("{}/payments", sandbox.base_url());
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let start = Instant::now();
    let workers: Vec<_> = (0..WORKERS)
        .map(|_| {
            let (client, url) = (client.clone(), url.clone());
            tokio::spawn(async move {
                for _ in 0..EACH {
                    let body = json!({"amount": 1000, "currency": "USD", "confirm": true});
                    let reply = client.post(&url).header("api-key", "snd_veza").json(&body).send().await.unwrap();
                    assert_eq!(reply.status(), 200);
                    reply.bytes().await.unwrap();
                }
            })
        })
        .collect();
    for worker in workers {
        worker.await.unwrap();
    }
    let calls = (WORKERS * EACH) as f64;
    println!("{:.0} payments a second", calls / start.elapsed().as_secs_f64());
    sandbox.stop().await;
}
