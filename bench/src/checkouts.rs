//! Checkouts a second: a buyer orders, pays at the sandbox as a browser does, and waits until the order is completed.
//!
//! All of it over HTTP, against a server with the sandbox inside: order, payment opened at the PSP, confirmed with its client
//! secret, webhook, settlement, and the order read until it says `completed`.

use crate::client::{self, Connection, request};
use crate::failure::{Failure, Outcome, fail};
use crate::fixture::{CURRENCY, Fixture, PASSWORD, PRICE};
use crate::options::Options;
use crate::server::{Role, Server, free_port};
use crate::stats::Latencies;
use argon2::{Argon2, PasswordHasher};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::path::Path;
use std::time::{Duration, Instant};

/// Buyers who check out at the same time.
const CLIENTS: usize = 8;
/// What is bought before anything is measured.
const WARM_UP: Duration = Duration::from_secs(1);
/// Pause between two looks at an order.
const LOOK_EVERY: Duration = Duration::from_millis(2);
/// How long an order may take to be completed.
const PATIENCE: Duration = Duration::from_secs(30);
/// The sandbox's publishable key, where the order does not name one.
const PUBLISHABLE_KEY: &str = "pk_snd_veza";

/// What was measured.
#[derive(Debug)]
pub struct Checkouts {
    /// Orders that were paid.
    pub paid: usize,
    /// For how long.
    pub elapsed: Duration,
    /// From placing an order to reading that it is completed.
    pub latencies: Latencies,
}

/// Where a buyer goes.
#[derive(Clone, Copy)]
pub struct Places {
    /// The server.
    pub shop: SocketAddr,
    /// The PSP.
    pub sandbox: SocketAddr,
}

/// People who can log in, and so many orders that wait.
///
/// # Errors
/// As [`Fixture::new`].
pub fn fixture(orders: usize) -> Outcome<Fixture> {
    let hash = Argon2::default().hash_password(PASSWORD.as_bytes()).map_err(|error| error.to_string())?.to_string();
    Ok(Fixture::new(orders)?.with_password_hash(hash))
}

/// Starts a server on the database in `folder`, which was filled from the fixture, checks out, and compares the books.
///
/// # Errors
/// A checkout fails, or the sandbox's books and ours do not agree.
pub fn measure(options: &Options, binary: &Path, folder: &Path, fixture: &Fixture) -> Outcome<Checkouts> {
    let sandbox = free_port()?;
    let mut settings = vec![("SANDBOX_BIND_ADDR".to_owned(), sandbox.to_string())];
    settings.extend(options.env.iter().cloned());
    let server = Server::start(binary, folder, Role::All, &settings)?;
    let places = Places { shop: server.address, sandbox };
    let (checkouts, total) = client::run(shop(places, fixture, Duration::from_secs(options.seconds)))?;
    server.stop()?;
    verify(&folder.join("veza.db"), total)?;
    Ok(checkouts)
}

async fn shop(places: Places, fixture: &Fixture, after: Duration) -> Outcome<(Checkouts, usize)> {
    let (measured, total) = shop_on(places, fixture, after).await?;
    captured(places.sandbox, total).await?;
    Ok((measured, total))
}

/// Eight buyers log in, warm up and check out for `after`: what was measured, and what was bought in all.
///
/// # Errors
/// A checkout fails.
pub async fn shop_on(places: Places, fixture: &Fixture, after: Duration) -> Outcome<(Checkouts, usize)> {
    let mut buyers = try_join_all((0..CLIENTS).map(|number| Buyer::log_in(places, fixture, number))).await?;
    let warm = load(&mut buyers, fixture, WARM_UP).await?;
    let measured = load(&mut buyers, fixture, after).await?;
    let total = warm.paid + measured.paid;
    Ok((measured, total))
}

/// The sandbox has captured the price of so many orders.
///
/// # Errors
/// It has captured something else.
pub async fn captured(sandbox: SocketAddr, orders: usize) -> Outcome<()> {
    let books = exchange(&mut Connection::open(sandbox).await?, &request::bytes("GET", "/control/books", "", b""), 200).await?;
    let captured = books["totals"][CURRENCY.to_lowercase()]["captured"].as_i64();
    if captured == Some(i64::try_from(orders)? * PRICE) {
        return Ok(());
    }
    fail(format!("{orders} orders were paid, and the sandbox has captured {captured:?}"))
}

async fn load(buyers: &mut [Buyer], fixture: &Fixture, after: Duration) -> Outcome<Checkouts> {
    let started = Instant::now();
    let loads = buyers.iter_mut().map(|buyer| async move {
        let mut latencies = Latencies::default();
        while started.elapsed() < after {
            let began = Instant::now();
            buyer.check_out(fixture).await?;
            latencies.record(began.elapsed());
        }
        Ok::<_, Failure>(latencies)
    });
    let mut latencies = Latencies::default();
    try_join_all(loads).await?.into_iter().for_each(|part| latencies.absorb(part));
    Ok(Checkouts { paid: latencies.count(), elapsed: started.elapsed(), latencies })
}

/// Somebody with a login.
struct Buyer {
    shop: Connection,
    sandbox: Connection,
    authorization: String,
    number: usize,
    bought: usize,
}

impl Buyer {
    async fn log_in(places: Places, fixture: &Fixture, number: usize) -> Outcome<Self> {
        let mut shop = Connection::open(places.shop).await?;
        let login = json!({"email": fixture.buyer_email(number), "password": PASSWORD});
        let answer = exchange(&mut shop, &request::json("POST", "/api/v1/auth/login", "", &login), 200).await?;
        let authorization = format!("authorization: Bearer {}\r\n", text(&answer["access_token"])?);
        Ok(Self { shop, sandbox: Connection::open(places.sandbox).await?, authorization, number, bought: 0 })
    }

    async fn check_out(&mut self, fixture: &Fixture) -> Outcome<()> {
        let product = fixture.product_id(self.number + self.bought * CLIENTS);
        self.bought += 1;
        let order = json!({"items": [{"product_id": product}]});
        let order = request::json("POST", "/api/v1/marketplace/orders", &self.authorization, &order);
        let placed = exchange(&mut self.shop, &order, 201).await?;
        let order_id = text(&placed["order"]["id"])?;
        self.pay(&placed["payment"]).await?;
        let look = request::bytes("GET", &format!("/api/v1/marketplace/orders/{order_id}"), &self.authorization, b"");
        let paid = Instant::now();
        loop {
            match exchange(&mut self.shop, &look, 200).await?["status"].as_str() {
                Some("completed") => return Ok(()),
                Some("pending") if paid.elapsed() < PATIENCE => tokio::time::sleep(LOOK_EVERY).await,
                other => return fail(format!("order {order_id} was paid and is {other:?}")),
            }
        }
    }

    /// What the browser does: confirms the payment with its client secret and a card.
    async fn pay(&mut self, payment: &Value) -> Outcome<()> {
        let confirmation = json!({
            "client_secret": text(&payment["client_secret"])?,
            "payment_method": "card",
            "payment_method_type": "credit",
            "payment_method_data": {
                "card": {"card_number": "4242424242424242", "card_exp_month": "03", "card_exp_year": "30", "card_cvc": "737"}
            },
        });
        let path = format!("/payments/{}/confirm", text(&payment["payment_id"])?);
        let key = payment["publishable_key"].as_str().unwrap_or(PUBLISHABLE_KEY);
        let confirm = request::json("POST", &path, &format!("api-key: {key}\r\n"), &confirmation);
        let answer = exchange(&mut self.sandbox, &confirm, 200).await?;
        if answer["status"] == "succeeded" { Ok(()) } else { fail(format!("the payment did not succeed: {answer}")) }
    }
}

/// Sends a request and reads the JSON of its answer, which has to have this status.
///
/// # Errors
/// It has another.
pub async fn exchange(connection: &mut Connection, bytes: &[u8], status: u16) -> Outcome<Value> {
    let answer = connection.exchange(bytes).await?;
    if answer.status != status {
        return fail(format!("{status} expected, {} came: {}", answer.status, String::from_utf8_lossy(answer.body)));
    }
    Ok(serde_json::from_slice(answer.body)?)
}

fn text(value: &Value) -> Outcome<&str> {
    value.as_str().ok_or_else(|| "a field is missing from the answer".into())
}

/// Ours agree with what was bought: each order completed, licensed and posted, and the ledger sums to zero.
///
/// # Errors
/// They do not.
pub fn verify(path: &Path, paid: usize) -> Outcome<()> {
    let db = rusqlite::Connection::open(path)?;
    let paid = i64::try_from(paid)?;
    let found: (i64, i64, i64, i64, i64) = db.query_row(
        "SELECT (SELECT count(*) FROM orders WHERE status = 'completed'), (SELECT count(*) FROM licences), \
         (SELECT count(*) FROM postings WHERE event GLOB 'order_completed:*'), (SELECT sum(amount) FROM ledger_entries), \
         (SELECT sum(amount) FROM ledger_entries WHERE account = 'psp_clearing')",
        [],
        |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?)),
    )?;
    if found == (paid, paid, paid, 0, paid * PRICE) {
        return Ok(());
    }
    fail(format!("{paid} orders were paid; completed, licensed, posted, sum, held by the PSP are {found:?}"))
}
