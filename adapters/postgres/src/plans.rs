//! How Postgres would carry out the statements that run all day, on tables of some thousand rows: none may walk a whole table.

#![allow(clippy::unwrap_used, reason = "test code: a test fails by panicking")]

use crate::batch::Batch;
use crate::reads::{admin, catalogue, orders, sellers};
use crate::{PostgresConfig, PostgresStore};
use crate::{shared, work};
use secrecy::SecretString;
use std::fmt::Write as _;
use veza_cluster::Database;
use veza_domain::catalog::ProductKind;
use veza_ports::contract::storage::sample;
use veza_ports::storage::{DeliveryFilter, Page, ProductFilter, Revision, Row, Write};

/// So many orders, and what hangs on them; a tenth of the work is open.
const FILL: &str = include_str!("../tests/fill.sql");

async fn filled() -> Database {
    let database = veza_cluster::database();
    let config = PostgresConfig::new(SecretString::from(database.url()));
    PostgresStore::connect(config).await.unwrap().shutdown().await;
    database.sql(FILL);
    database
}

/// The plan that serves all values alike, which is the one that is used.
fn plan(database: &Database, sql: &str) -> String {
    let count = (1..).take_while(|n| sql.contains(&format!("${n}"))).count();
    let nulls = vec!["NULL"; count].join(", ");
    let arguments = if count == 0 { String::new() } else { format!("({nulls})") };
    database.sql(&format!("SET plan_cache_mode = force_generic_plan; PREPARE p AS {sql}; EXPLAIN (COSTS OFF) EXECUTE p{arguments}"))
}

fn statements() -> Vec<(&'static str, String)> {
    let page = Page { limit: 20, before: None };
    let products = |filter| catalogue::list(filter, page).text().to_owned();
    let (seller, kind) = (Some(sample::user_id(1)), Some(ProductKind::Track));
    let deliveries = |filter| admin::deliveries(&filter, page).text().to_owned();
    let mut all = vec![
        ("an order's file", orders::FILE.to_owned()),
        ("the order of a payment", orders::OF_PAYMENT.to_owned()),
        ("the order of a refund", orders::OF_REFUND.to_owned()),
        ("a buyer's orders", orders::OF_BUYER.to_owned()),
        ("a buyer's licences", orders::LICENCES_OF_BUYER.to_owned()),
        ("what waits, of an order", orders::ATTENTION.to_owned()),
        ("what waits", admin::WAITING.to_owned()),
        ("a seller's books", sellers::BOOKS.to_owned()),
        ("a seller's transfers", sellers::OF_SELLER.to_owned()),
        ("a seller's held transfers", sellers::HELD.to_owned()),
        ("published products", products(ProductFilter { published: true, ..ProductFilter::default() })),
        ("published products of a kind", products(ProductFilter { published: true, kind, ..ProductFilter::default() })),
        ("a seller's products", products(ProductFilter { seller, ..ProductFilter::default() })),
        ("deliveries", deliveries(DeliveryFilter::default())),
        ("attacks", deliveries(DeliveryFilter { signature_valid: Some(false), ..DeliveryFilter::default() })),
        ("errors", deliveries(DeliveryFilter { result: Some("error".to_owned()), ..DeliveryFilter::default() })),
        ("effects claimed", work::EFFECTS.to_owned()),
        ("transfers claimed", work::TRANSFERS.to_owned()),
        ("reversals claimed", work::REVERSALS.to_owned()),
        ("a unit of work", unit()),
        ("a sign of life", shared::RUNS.to_owned()),
        ("failed logins", shared::FAILURES.to_owned()),
    ];
    all.extend(work::SWEEPS.iter().map(|sql| ("a sweep", (*sql).to_owned())));
    all
}

/// A unit that writes and guards rows of every table with parts, and of those that a settlement writes.
fn unit() -> String {
    let order = sample::order_id(1);
    let update = |row| Write::Update { row, expected: Revision(1) };
    let writes = [
        update(Row::Product(sample::product_full(1))),
        update(Row::Exclusive(sample::exclusive(1, order))),
        update(Row::Order(sample::order_full(1))),
        update(Row::Line(sample::line(1, 0))),
        update(Row::Refund(sample::refund_full(1, 1))),
        Write::Insert(Row::Licence(sample::licence(&sample::line(1, 0)))),
        Write::Insert(Row::Transfer(sample::transfer(2, order))),
        update(Row::Transfer(sample::transfer(1, order))),
        update(Row::Effect(sample::effect(1, 0))),
        Write::Ensure(Row::Attention(sample::attention(order, veza_domain::attention::Code::AmountMismatch, 0))),
        Write::Insert(Row::Delivery(sample::delivery(1))),
        Write::Unchanged { key: Row::User(sample::user(1)).key(), expected: Revision(1) },
    ];
    let unit = sample::unit("unit", writes.to_vec());
    Batch { unit: Some(&unit), writes: unit.writes().iter().collect(), alone: false }.statement().text().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_hot_statement_walks_a_whole_table() {
    let database = filled().await;
    let mut walks = String::new();
    for (what, sql) in statements() {
        let plan = plan(&database, &sql);
        assert!(plan.contains("Index"), "{what}:\n{plan}");
        if plan.contains("Seq Scan") {
            write!(walks, "{what}:\n{sql}\n{plan}\n\n").unwrap();
        }
    }
    assert!(walks.is_empty(), "{walks}");
    let caught = plan(&database, "SELECT FROM orders WHERE created_at = $1");
    assert!(caught.contains("Seq Scan"), "such a walk would be seen: {caught}");
}
