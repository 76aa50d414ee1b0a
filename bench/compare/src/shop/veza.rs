//! Veza: its HTTP API, SQLite, its defaults; the sandbox is the provider, as a process of its own.

use super::{BUYERS, Entry, PAGE, Page, Placed, Shop};
use crate::process::bare;
use crate::provider::{API_KEY, WEBHOOK_SECRET};
use crate::session::{Session, expect, text};
use argon2::{Argon2, PasswordHasher};
use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};
use veza_bench::client::{self, request};
use veza_bench::failure::{Outcome, fail};
use veza_bench::fixture::{Fixture, PASSWORD};

/// How long a buyer waits for the payment of an order that stands.
const PATIENCE: Duration = Duration::from_secs(300);
/// Pause between two looks at it.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// Veza.
pub struct Veza {
    binary: PathBuf,
    fixture: Fixture,
}

impl Veza {
    /// The Veza of this binary.
    ///
    /// # Errors
    /// No password can be hashed.
    pub fn new(binary: &Path) -> Outcome<Self> {
        let hash = Argon2::default().hash_password(PASSWORD.as_bytes()).map_err(|error| error.to_string())?.to_string();
        Ok(Self { binary: binary.to_owned(), fixture: Fixture::new(0)?.with_password_hash(hash) })
    }

    /// The payment of an order that stands although it could not be opened at once.
    async fn standing(buyer: &mut Session, refusal: &Value) -> Outcome<Placed> {
        let order = text(refusal, "/order_id")?.to_owned();
        let since = Instant::now();
        while since.elapsed() < PATIENCE {
            let found = expect(200, buyer.get(&format!("/api/v1/marketplace/orders/{order}")).await?)?;
            if found["payment"]["client_secret"].is_string() {
                return placed(&order, &found["payment"]);
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
        fail(format!("order {order} has no payment"))
    }
}

#[async_trait(?Send)]
impl Shop for Veza {
    fn name(&self) -> &'static str {
        "Veza"
    }

    fn fill(&self, folder: &Path) -> Outcome<()> {
        client::run(self.fixture.fill(&folder.join("veza.db")))
    }

    fn command(&self, folder: &Path, address: SocketAddr, provider: &str) -> Command {
        let mut command = bare(&self.binary);
        command.arg("serve").current_dir(folder);
        command.env("BIND_ADDR", address.to_string()).env("DATA_DIR", folder).env("RATE_LIMITS", "off").env("LOG_LEVEL", "error");
        command.env("HYPERSWITCH_ENABLED", "true").env("HYPERSWITCH_URL", provider).env("HYPERSWITCH_API_KEY", API_KEY);
        command.env("HYPERSWITCH_WEBHOOK_SECRET", WEBHOOK_SECRET).env("SANDBOX_ENABLED", "false");
        command
    }

    fn ready_path(&self) -> &'static str {
        "/health/ready"
    }

    fn webhook_path(&self) -> &'static str {
        "/webhooks/hyperswitch"
    }

    fn list(&self) -> Page {
        let request = request::bytes("GET", &format!("/api/v1/marketplace/products?limit={PAGE}"), "", b"");
        Page { request, begins: r#"{"items":[{"#, bytes_min: PAGE * 300 }
    }

    fn search(&self) -> Option<Page> {
        None
    }

    async fn log_in(&self, address: SocketAddr, number: usize) -> Outcome<Session> {
        let mut session = Session::new(address);
        let login = json!({"email": self.fixture.buyer_email(number % BUYERS), "password": PASSWORD});
        let answer = expect(200, session.post("/api/v1/auth/login", "", &login).await?)?;
        session.headers = format!("authorization: Bearer {}\r\n", text(&answer, "/access_token")?);
        Ok(session)
    }

    async fn refunder(&self, _address: SocketAddr, buyer: &Session) -> Outcome<Session> {
        Ok(buyer.again())
    }

    async fn place(&self, buyer: &mut Session, number: usize, key: &str, _again: bool) -> Outcome<Placed> {
        let order = json!({"items": [{"product_id": self.fixture.product_id(number)}]});
        let (status, answer) = buyer.post("/api/v1/marketplace/orders", &format!("idempotency-key: {key}\r\n"), &order).await?;
        match (status, answer["code"].as_str()) {
            (201, _) => placed(text(&answer, "/order/id")?, &answer["payment"]),
            (503, Some("payment_provider_unavailable")) => Self::standing(buyer, &answer).await,
            _ => fail(format!("the order was answered {status}: {answer}")),
        }
    }

    async fn is_paid(&self, buyer: &mut Session, placed: &Placed) -> Outcome<bool> {
        let answer = expect(200, buyer.get(&format!("/api/v1/marketplace/orders/{}", placed.order)).await?)?;
        match answer["status"].as_str() {
            Some("completed") => Ok(true),
            Some("pending") => Ok(false),
            other => fail(format!("the order is {other:?}")),
        }
    }

    async fn refund(&self, who: &mut Session, placed: &Placed, amount: i64, key: &str) -> Outcome<bool> {
        let path = format!("/api/v1/marketplace/orders/{}/refund", placed.order);
        let (status, _) = who.post(&path, &format!("idempotency-key: {key}\r\n"), &json!({"amount": amount})).await?;
        Ok(status == 202)
    }

    fn entries(&self, folder: &Path) -> Outcome<Vec<Entry>> {
        let db = Connection::open_with_flags(folder.join("veza.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let unbalanced: i64 = db.query_row("SELECT coalesce(sum(amount), 0) FROM ledger_entries", [], |row| row.get(0))?;
        if unbalanced != 0 {
            return fail(format!("the ledger does not sum to zero but to {unbalanced}"));
        }
        let mut read = db.prepare(
            "SELECT payment_id, status, CASE WHEN completed_at IS NULL THEN 0 ELSE total END, refunded, \
             (SELECT count(*) FROM refunds WHERE order_id = orders.id AND status = 'pending') + \
             (SELECT count(*) FROM effects WHERE subject = orders.id AND state IN ('pending', 'sent')) + \
             (SELECT count(*) FROM attention WHERE order_id = orders.id) FROM orders",
        )?;
        let rows = read.query_map([], |row| {
            let waiting: i64 = row.get(4)?;
            let waits = if waiting == 0 { String::new() } else { format!("{waiting} effects, refunds or persons") };
            Ok(Entry { payment: row.get(0)?, state: row.get(1)?, paid: row.get(2)?, refunded: row.get(3)?, waits })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn described(&self) -> String {
        format!("Veza {}", env!("CARGO_PKG_VERSION"))
    }
}

fn placed(order: &str, payment: &Value) -> Outcome<Placed> {
    let field = |pointer: &str| text(payment, pointer).map(str::to_owned);
    Ok(Placed { order: order.to_owned(), payment: field("/payment_id")?, client_secret: field("/client_secret")? })
}
