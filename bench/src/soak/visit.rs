//! One visit: a list of products, an order, its payment, and of every fourth order a refund.

use crate::checkouts::{Places, exchange};
use crate::client::{Connection, request};
use crate::failure::{Outcome, fail};
use crate::fixture::{Fixture, PASSWORD, PRODUCTS, SELLERS};
use futures_util::future::try_join_all;
use serde_json::{Value, json};
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::Duration;

/// Buyers who are signed in.
const BUYERS: usize = 16;
/// One order of so many is refunded.
const REFUNDED_EVERY: usize = 4;
/// Tries of one request under one key.
const TRIES: usize = 40;
/// Pause between two tries.
const PAUSE: Duration = Duration::from_millis(500);

/// What has happened so far.
#[derive(Clone, Debug, Default)]
pub struct Counts {
    /// Orders that were paid.
    pub paid: usize,
    /// Refunds that were taken on.
    pub refunds: usize,
    /// Faults that were planted.
    pub faults: usize,
    /// Answers that a fault explains.
    pub explained: usize,
    /// Answers that none explains; the first few.
    pub unexplained: Vec<String>,
}

impl Counts {
    /// Keeps the first few of what nothing explains.
    pub fn unexplained(&mut self, what: String) {
        if self.unexplained.len() < 10 {
            self.unexplained.push(what);
        }
    }
}

/// Where visitors go.
pub struct Shop {
    places: Places,
    /// The header of each buyer.
    buyers: Vec<String>,
    products: Vec<String>,
    /// Connections to the server and to the PSP that nobody uses right now; the one that was used last is the last.
    idle: RefCell<[VecDeque<Connection>; 2]>,
    orders: Cell<usize>,
}

impl Shop {
    /// Signs everybody in and has the sellers' accounts opened.
    ///
    /// # Errors
    /// Somebody is refused.
    pub async fn open(places: Places, fixture: &Fixture) -> Outcome<Self> {
        let log_in = async |email: String| -> Outcome<String> {
            let mut connection = Connection::open(places.shop).await?;
            let login = request::json("POST", "/api/v1/auth/login", "", &json!({"email": email, "password": PASSWORD}));
            let answer = exchange(&mut connection, &login, 200).await?;
            Ok(format!("authorization: Bearer {}\r\n", text(&answer["access_token"])?))
        };
        let buyers = try_join_all((0..BUYERS).map(|number| log_in(fixture.buyer_email(number)))).await?;
        for number in 0..SELLERS {
            // All of them: no transfer is to wait for an account.
            let seller = log_in(format!("seller{number}@bench.example")).await?;
            let onboard = request::json("POST", "/api/v1/seller/onboarding", &seller, &json!({}));
            let mut connection = Connection::open(places.shop).await?;
            let account = text(&exchange(&mut connection, &onboard, 200).await?["account_id"])?.to_owned();
            let active = request::json("POST", &format!("/control/accounts/{account}"), "", &json!({"transfers": "active"}));
            exchange(&mut Connection::open(places.sandbox).await?, &active, 200).await?;
            exchange(&mut connection, &onboard, 200).await?;
        }
        let products = (0..PRODUCTS).map(|number| fixture.product_id(number).to_string()).collect();
        Ok(Self { places, buyers, products, idle: RefCell::default(), orders: Cell::new(0) })
    }

    /// Visits the shop; what comes of it is counted.
    pub async fn visit(self: Rc<Self>, number: usize, counts: Rc<RefCell<Counts>>) {
        if let Err(error) = self.shop(number, &counts).await {
            counts.borrow_mut().unexplained(error.to_string());
        }
    }

    async fn shop(&self, number: usize, counts: &RefCell<Counts>) -> Outcome<()> {
        let buyer = &self.buyers[number % BUYERS];
        let list = request::bytes("GET", "/api/v1/marketplace/products?limit=20", buyer, b"");
        self.ask(0, &list, counts, |status, _| (status == 200).then_some(())).await?;

        let body = json!({"items": [{"product_id": self.products[number % self.products.len()]}]});
        let headers = format!("{buyer}idempotency-key: soak-{number}\r\n");
        let place = request::json("POST", "/api/v1/marketplace/orders", &headers, &body);
        let placed = |status, answer: &Value| {
            let payment = &answer["payment"];
            // Without a secret the PSP has not answered yet: the same request brings it later.
            let ready = status == 201 && payment["client_secret"].is_string();
            ready.then(|| (answer["order"]["id"].clone(), payment["payment_id"].clone(), payment["client_secret"].clone()))
        };
        let (order, payment, secret) = self.ask(0, &place, counts, placed).await?;

        let card = json!({"card_number": "4242424242424242", "card_exp_month": "03", "card_exp_year": "30", "card_cvc": "737"});
        let confirmation = json!({
            "client_secret": text(&secret)?, "payment_method": "card", "payment_method_type": "credit",
            "payment_method_data": {"card": card},
        });
        let path = format!("/payments/{}/confirm", text(&payment)?);
        let confirm = request::json("POST", &path, "api-key: pk_snd_veza\r\n", &confirmation);
        self.ask(1, &confirm, counts, |status, answer| (status == 200 && answer["status"] == "succeeded").then_some(())).await?;
        counts.borrow_mut().paid += 1;

        let nth = self.orders.replace(self.orders.get() + 1);
        if nth.is_multiple_of(REFUNDED_EVERY) {
            let path = format!("/api/v1/marketplace/orders/{}/refund", text(&order)?);
            let headers = format!("{buyer}idempotency-key: soak-refund-{number}\r\n");
            let refund = request::json("POST", &path, &headers, &json!({}));
            // Its message may still be on its way: then there is nothing to refund yet.
            self.ask(0, &refund, counts, |status, answer| (status == 202 || answer["code"] == "refund_already_requested").then_some(()))
                .await?;
            counts.borrow_mut().refunds += 1;
        }
        Ok(())
    }

    /// Opens so many connections to the server. They are used in turn, as by a balancer, and stay: a load that opens them when a fault
    /// delays many answers at once would measure how many it has opened.
    ///
    /// # Errors
    /// The server takes no more.
    pub async fn connect(&self, connections: usize) -> Outcome<()> {
        for _ in 0..connections {
            let connection = Connection::open(self.places.shop).await?;
            self.idle.borrow_mut()[0].push_back(connection);
        }
        Ok(())
    }

    /// Asks the server (0) or the PSP (1) until it is answered as wanted. An answer that a fault explains is tried again.
    async fn ask<T>(&self, whom: usize, bytes: &[u8], counts: &RefCell<Counts>, wanted: impl Fn(u16, &Value) -> Option<T>) -> Outcome<T> {
        let mut last = String::new();
        for _ in 0..TRIES {
            let idle = self.idle.borrow_mut()[whom].pop_front();
            let mut connection = match idle {
                Some(connection) => connection,
                None => Connection::open([self.places.shop, self.places.sandbox][whom]).await?,
            };
            let (status, answer) = match connection.exchange(bytes).await {
                Ok(answer) => (answer.status, serde_json::from_slice(answer.body).unwrap_or(Value::Null)),
                // The PSP's scripts cut connections; ours are never cut.
                Err(_) if whom == 1 => continue,
                Err(error) => return Err(error),
            };
            self.idle.borrow_mut()[whom].push_back(connection);
            if let Some(found) = wanted(status, &answer) {
                return Ok(found);
            }
            last = format!("{status} {answer}");
            if whom == 0 && !explained(status, &answer) {
                return fail(format!("an answer without an explanation: {last}"));
            }
            counts.borrow_mut().explained += 1;
            tokio::time::sleep(PAUSE).await;
        }
        fail(format!("still not answered as wanted after {TRIES} tries: {last}"))
    }
}

/// What a server may say while a provider does not answer, or answers nonsense, or its message is under way.
fn explained(status: u16, answer: &Value) -> bool {
    let codes = [
        "payment_provider_unavailable",
        "idempotency_key_in_use",
        "order_not_refundable",
        "payment_provider_refused",
        "request_in_progress",
    ];
    status == 201 || matches!(status, 409 | 502 | 503) && answer["code"].as_str().is_some_and(|code| codes.contains(&code))
}

fn text(value: &Value) -> Outcome<&str> {
    value.as_str().ok_or_else(|| "a field is missing from the answer".into())
}
