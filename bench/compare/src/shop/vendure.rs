//! Vendure: its GraphQL APIs, SQLite, and a payment plugin that does what its official one for Stripe does (`bench/compare/vendure`).

use super::{BUYERS, Entry, PAGE, PRICE, PRODUCTS, Page, Placed, Shop};
use crate::process::bare;
use crate::provider::{API_KEY, WEBHOOK_SECRET};
use crate::session::{Session, expect, text};
use async_trait::async_trait;
use rusqlite::{Connection, OpenFlags};
use serde_json::{Value, json};
use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use veza_bench::client::request;
use veza_bench::failure::{Outcome, fail};
use veza_bench::fixture::PASSWORD;

const SHOP: &str = "/shop-api";
const ADMIN: &str = "/admin-api";
const SUPERADMIN: &str = "superadmin";

/// Vendure.
pub struct Vendure {
    project: PathBuf,
    filled: PathBuf,
    version: String,
}

impl Vendure {
    /// The Vendure that is installed and built in `project`; its database is made once, in `folder`.
    ///
    /// # Errors
    /// It is not installed, or can't make its database.
    pub fn new(project: &Path, folder: &Path) -> Outcome<Self> {
        let manifest = project.join("node_modules/@vendure/core/package.json");
        let Ok(manifest) = fs::read_to_string(&manifest) else {
            return fail(format!("{} is not there: run scripts/setup.sh race", manifest.display()));
        };
        let manifest: Value = serde_json::from_str(&manifest)?;
        let filled = folder.join("vendure.db");
        let vendure = Self { project: project.to_owned(), filled: filled.clone(), version: text(&manifest, "/version")?.to_owned() };
        let mut command = vendure.node("populate.js", &filled, "127.0.0.1:9".parse()?, "http://127.0.0.1:9");
        command.args([PRODUCTS.to_string(), BUYERS.to_string(), PASSWORD.to_owned()]).env("SYNCHRONIZE", "true").current_dir(folder);
        let log = folder.join("populate.log");
        command.stdout(File::create(&log)?).stderr(File::options().append(true).open(&log)?);
        if !command.status()?.success() {
            return fail(format!("Vendure can't make its database; see {}", log.display()));
        }
        let db = Connection::open(&filled)?;
        let found: i64 = db.query_row("SELECT count(DISTINCT productId) FROM search_index_item", [], |row| row.get(0))?;
        // Everything into the one file, which is copied later.
        db.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))?;
        if usize::try_from(found)? == PRODUCTS { Ok(vendure) } else { fail(format!("Vendure has {found} products in its search index")) }
    }

    fn node(&self, script: &str, database: &Path, address: SocketAddr, provider: &str) -> Command {
        let mut command = bare("node");
        command.arg(self.project.join("build").join(script)).env("NODE_ENV", "production");
        command.env("PORT", address.port().to_string()).env("DATABASE", database).env("SUPERADMIN_PASSWORD", PASSWORD);
        command.env("PROVIDER_URL", provider).env("PROVIDER_API_KEY", API_KEY).env("PROVIDER_WEBHOOK_SECRET", WEBHOOK_SECRET);
        command
    }

    /// Puts product `number` into a new order.
    async fn add(&self, buyer: &mut Session, number: usize) -> Outcome<String> {
        let variables = json!({"id": (number % PRODUCTS + 1).to_string()});
        let document = "mutation($id: ID!) { addItemToOrder(productVariantId: $id, quantity: 1) \
                        { __typename ... on Order { id totalWithTax } ... on ErrorResult { message } } }";
        let added = ask(buyer, SHOP, document, variables).await?;
        let order = of_type(&added["addItemToOrder"], "Order")?;
        if order["totalWithTax"] != PRICE {
            return fail(format!("the order has something else in it: {order}"));
        }
        Ok(text(order, "/id")?.to_owned())
    }
}

#[async_trait(?Send)]
impl Shop for Vendure {
    fn name(&self) -> &'static str {
        "Vendure"
    }

    fn fill(&self, folder: &Path) -> Outcome<()> {
        fs::copy(&self.filled, folder.join("vendure.db"))?;
        Ok(())
    }

    fn command(&self, folder: &Path, address: SocketAddr, provider: &str) -> Command {
        let mut command = self.node("serve.js", &folder.join("vendure.db"), address, provider);
        command.current_dir(folder);
        command
    }

    fn ready_path(&self) -> &'static str {
        "/health"
    }

    fn webhook_path(&self) -> &'static str {
        "/payments/provider"
    }

    fn list(&self) -> Page {
        let query = format!(
            "{{ products(options: {{ take: {PAGE} }}) {{ items {{ id name description createdAt variants {{ id price currencyCode }} }} }} }}"
        );
        let request = request::json("POST", SHOP, "", &json!({"query": query}));
        Page { request, begins: r#"{"data":{"products":{"items":[{"#, bytes_min: PAGE * 300 }
    }

    fn search(&self) -> Option<Page> {
        let query = format!(
            "{{ search(input: {{ term: \"drive\", groupByProduct: true, take: {PAGE} }}) {{ items {{ productId productName description \
             currencyCode priceWithTax {{ ... on PriceRange {{ min max }} ... on SinglePrice {{ value }} }} }} }} }}"
        );
        let request = request::json("POST", SHOP, "", &json!({"query": query}));
        Some(Page { request, begins: r#"{"data":{"search":{"items":[{"#, bytes_min: PAGE * 300 })
    }

    async fn log_in(&self, address: SocketAddr, number: usize) -> Outcome<Session> {
        log_in(address, SHOP, &format!("buyer{}@bench.example", number % BUYERS)).await
    }

    async fn refunder(&self, address: SocketAddr, _buyer: &Session) -> Outcome<Session> {
        log_in(address, ADMIN, SUPERADMIN).await
    }

    async fn place(&self, buyer: &mut Session, number: usize, _key: &str, again: bool) -> Outcome<Placed> {
        if !again {
            self.add(buyer, number).await?;
        }
        let opened = ask(buyer, SHOP, "mutation { createPaymentIntent { orderId paymentId clientSecret } }", Value::Null).await?;
        let field = |name: &str| text(&opened, &format!("/createPaymentIntent/{name}")).map(str::to_owned);
        Ok(Placed { order: field("orderId")?, payment: field("paymentId")?, client_secret: field("clientSecret")? })
    }

    async fn is_paid(&self, buyer: &mut Session, placed: &Placed) -> Outcome<bool> {
        let answer = ask(buyer, SHOP, "query($id: ID!) { order(id: $id) { state } }", json!({"id": placed.order})).await?;
        match answer.pointer("/order/state").and_then(Value::as_str) {
            Some("PaymentSettled") => Ok(true),
            Some("AddingItems" | "ArrangingPayment") => Ok(false),
            other => fail(format!("the order is {other:?}")),
        }
    }

    async fn refund(&self, who: &mut Session, placed: &Placed, amount: i64, _key: &str) -> Outcome<bool> {
        let found = ask(who, ADMIN, "query($id: ID!) { order(id: $id) { payments { id } } }", json!({"id": placed.order})).await?;
        let payment = text(&found, "/order/payments/0/id")?;
        let document = "mutation($input: RefundOrderInput!) { refundOrder(input: $input) \
                        { __typename ... on Refund { id state } ... on ErrorResult { message } } }";
        // The schema lets the three be left out, the database does not: zeros, as Vendure's dashboard sends them.
        let input = json!({"paymentId": payment, "amount": amount, "lines": [], "shipping": 0, "adjustment": 0, "reason": "asked for"});
        let input = json!({"input": input});
        let answer = ask(who, ADMIN, document, input).await?;
        let refund = of_type(&answer["refundOrder"], "Refund")?;
        Ok(refund["state"] != "Failed")
    }

    async fn buy_without_provider(&self, buyer: &mut Session, number: usize) -> Outcome<bool> {
        self.add(buyer, number).await?;
        let moved = "mutation { transitionOrderToState(state: \"ArrangingPayment\") \
                     { __typename ... on Order { id } ... on ErrorResult { message } } }";
        of_type(&ask(buyer, SHOP, moved, Value::Null).await?["transitionOrderToState"], "Order")?;
        let paid = "mutation { addPaymentToOrder(input: { method: \"dummy\", metadata: {} }) \
                    { __typename ... on Order { id state } ... on ErrorResult { message } } }";
        let answer = ask(buyer, SHOP, paid, Value::Null).await?;
        let order = of_type(&answer["addPaymentToOrder"], "Order")?;
        if order["state"] == "PaymentSettled" { Ok(true) } else { fail(format!("the order is not paid: {order}")) }
    }

    fn entries(&self, folder: &Path) -> Outcome<Vec<Entry>> {
        let db = Connection::open_with_flags(folder.join("vendure.db"), OpenFlags::SQLITE_OPEN_READ_ONLY)?;
        let mut read = db.prepare(
            "SELECT code || '_' || (subTotalWithTax + shippingWithTax), state, \
             (SELECT coalesce(sum(amount), 0) FROM payment WHERE orderId = o.id AND state = 'Settled'), \
             (SELECT coalesce(sum(r.total), 0) FROM refund r JOIN payment p ON p.id = r.paymentId \
              WHERE p.orderId = o.id AND r.state = 'Settled'), \
             (SELECT count(*) FROM refund r JOIN payment p ON p.id = r.paymentId WHERE p.orderId = o.id AND r.state = 'Pending') \
             FROM \"order\" o",
        )?;
        let rows = read.query_map([], |row| {
            let (state, paid, waiting): (String, i64, i64) = (row.get(1)?, row.get(2)?, row.get(4)?);
            let half_paid = paid > 0 && matches!(state.as_str(), "AddingItems" | "ArrangingPayment");
            let waits = match (waiting, half_paid) {
                (0, false) => String::new(),
                (0, true) => format!("it has a payment and is {state}"),
                (waiting, _) => format!("{waiting} refunds are pending"),
            };
            Ok(Entry { payment: row.get(0)?, state, paid, refunded: row.get(3)?, waits })
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    fn described(&self) -> String {
        format!("Vendure {}", self.version)
    }
}

async fn log_in(address: SocketAddr, api: &str, name: &str) -> Outcome<Session> {
    // The token comes in a header, which the load client does not read; it is not part of any load.
    let document = "mutation($name: String!, $password: String!) { login(username: $name, password: $password) \
                    { __typename ... on CurrentUser { id } ... on ErrorResult { message } } }";
    let body = json!({"query": document, "variables": {"name": name, "password": PASSWORD}});
    let answer = reqwest::Client::new().post(format!("http://{address}{api}")).json(&body).send().await?;
    let token = answer.headers().get("vendure-auth-token").and_then(|value| value.to_str().ok()).map(str::to_owned);
    let Some(token) = token else { return fail(format!("{name} can't sign in: {}", answer.text().await?)) };
    let mut session = Session::new(address);
    session.headers = format!("authorization: Bearer {token}\r\n");
    Ok(session)
}

async fn ask(session: &mut Session, api: &str, document: &str, variables: Value) -> Outcome<Value> {
    let mut answer = expect(200, session.post(api, "", &json!({"query": document, "variables": variables})).await?)?;
    if answer["errors"].is_null() { Ok(answer["data"].take()) } else { fail(answer["errors"].to_string()) }
}

fn of_type<'a>(value: &'a Value, name: &str) -> Outcome<&'a Value> {
    if value["__typename"] == name { Ok(value) } else { fail(format!("{name} expected: {value}")) }
}
