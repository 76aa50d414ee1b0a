//! How Postgres would carry out the statements that run all day, on tables of some thousand rows: none may walk a whole table.

#![allow(clippy::unwrap_used, reason = "test code: a test fails by panicking")]

use crate::batch::Batch;
use crate::reads::{admin, catalogue, orders, sellers};
use crate::work;
use crate::{PostgresConfig, PostgresStore};
use secrecy::SecretString;
use std::fmt::Write as _;
use veza_cluster::Database;
use veza_domain::catalog::ProductKind;
use veza_ports::contract::storage::sample;
use veza_ports::storage::{DeliveryFilter, Page, ProductFilter, Revision, Row, Write};

/// So many orders, and what hangs on them; a tenth of the work is open.
const FILL: &str = "
CREATE FUNCTION pg_temp.n(kind INT, n BIGINT) RETURNS UUID LANGUAGE sql IMMUTABLE AS
    $$ SELECT (lpad(to_hex(n), 12, '0') || '7000800000000000' || lpad(to_hex(kind), 4, '0'))::uuid $$;
INSERT INTO users SELECT pg_temp.n(1, i), 1, 'u' || i, 'u' || i, 'u' || i, 'x', 1, NULL, 0, NULL, i FROM generate_series(1, 3000) i;
INSERT INTO mail_tokens SELECT pg_temp.n(3, i), 1, pg_temp.n(1, i), sha256(i::text::bytea), i, NULL FROM generate_series(1, 3000) i;
INSERT INTO sessions SELECT pg_temp.n(2, i), 1, pg_temp.n(1, i), i, i, NULL FROM generate_series(1, 3000) i;
INSERT INTO refresh_tokens SELECT sha256(i::text::bytea), 1, pg_temp.n(2, i), NULL, i FROM generate_series(1, 3000) i;
INSERT INTO products SELECT pg_temp.n(4, i), 1, pg_temp.n(1, i % 300), 'track', 't', 'd', 1, 'EUR',
    CASE WHEN i % 3 = 0 THEN 'draft' ELSE 'published' END, i, i FROM generate_series(1, 3000) i;
INSERT INTO product_offers SELECT pg_temp.n(4, i), 0, pg_temp.n(5, i), 'basic', 1, 'EUR', 't' FROM generate_series(1, 3000) i;
INSERT INTO product_images SELECT pg_temp.n(4, i), 0, repeat('a', 200) FROM generate_series(1, 3000) i;
INSERT INTO exclusive_holds SELECT pg_temp.n(4, i), 1, pg_temp.n(6, i), 'sold' FROM generate_series(1, 3000) i;
INSERT INTO orders SELECT pg_temp.n(6, i), 1, pg_temp.n(1, i % 300), 'completed', 100, 'EUR', 0, 'pay' || i, NULL, NULL, i, i, i
    FROM generate_series(1, 6000) i;
INSERT INTO order_lines SELECT pg_temp.n(7, i), 1, pg_temp.n(6, i), 0, pg_temp.n(4, i), NULL, 'basic', 't', 't', pg_temp.n(1, i), 100, 10, 90, 0
    FROM generate_series(1, 6000) i;
INSERT INTO licences SELECT pg_temp.n(8, i), 1, pg_temp.n(7, i), pg_temp.n(6, i), pg_temp.n(4, i), pg_temp.n(1, i % 300), 'basic', 'active', i
    FROM generate_series(1, 6000) i;
INSERT INTO refunds SELECT pg_temp.n(9, i), 1, pg_temp.n(6, i), 1, 'EUR', 'succeeded', 'ref' || i, NULL, NULL, FALSE, NULL, i, i
    FROM generate_series(1, 6000) i;
INSERT INTO refund_lines SELECT pg_temp.n(9, i), 0, pg_temp.n(7, i) FROM generate_series(1, 6000) i;
INSERT INTO refund_line_parts SELECT pg_temp.n(9, i), 0, pg_temp.n(7, i), 1 FROM generate_series(1, 6000) i;
INSERT INTO refund_seller_parts SELECT pg_temp.n(9, i), 0, pg_temp.n(1, i), 1 FROM generate_series(1, 6000) i;
INSERT INTO transfers SELECT pg_temp.n(10, i), 1, pg_temp.n(6, i), pg_temp.n(1, i % 300), 90, 'EUR', 0,
    CASE i % 20 WHEN 0 THEN 'pending' WHEN 1 THEN 'failed' ELSE 'completed' END, 0, NULL, NULL, FALSE, 0,
    CASE WHEN i % 20 < 2 THEN i END, CASE WHEN i % 40 = 0 THEN 'account_not_ready' END, NULL, 'tr' || i, i FROM generate_series(1, 6000) i;
INSERT INTO reversals SELECT pg_temp.n(11, i), 1, pg_temp.n(10, i), pg_temp.n(9, i), 1, 'EUR',
    CASE i % 20 WHEN 0 THEN 'reversal_pending' ELSE 'reversed' END, 0, NULL, NULL, FALSE, 0, i, NULL, NULL, 'trr' || i, i
    FROM generate_series(1, 6000) i;
INSERT INTO postings (event, order_id, posted_at) SELECT 'e' || i, pg_temp.n(6, i), i FROM generate_series(1, 6000) i;
INSERT INTO ledger_entries SELECT 'psp_clearing', 'EUR', seq, 100 FROM postings;
INSERT INTO ledger_entries SELECT 'seller_payable:' || seq % 300, 'EUR', seq, -100 FROM postings;
INSERT INTO effects SELECT pg_temp.n(12, i), 1, 'create_payment', pg_temp.n(6, i), NULL, CASE i % 20 WHEN 0 THEN 'pending' ELSE 'done' END,
    i, 0, NULL, NULL, i FROM generate_series(1, 6000) i;
INSERT INTO attention SELECT pg_temp.n(6, i), 'amount_mismatch', 'order', pg_temp.n(6, i), 'd', i FROM generate_series(1, 3000) i;
INSERT INTO webhook_log SELECT pg_temp.n(13, i), i, 'payment_succeeded', i % 50 > 0, CASE i % 50 WHEN 1 THEN 'error: x' ELSE 'ok' END,
    '127.0.0.1', 'u', 'r', repeat('p', 500) FROM generate_series(1, 6000) i;
INSERT INTO units SELECT 'unit ' || i, sha256('x'), i FROM generate_series(1, 6000) i;
INSERT INTO idempotency_keys SELECT pg_temp.n(1, i), 'create_order', 'k' || i, 1, sha256('x'), pg_temp.n(6, i), NULL, NULL, i
    FROM generate_series(1, 3000) i;
ANALYZE;";

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
