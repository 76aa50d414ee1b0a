//! How Postgres would carry out the statements that run all day, on tables of some thousand rows: none may walk a whole table.

#![allow(clippy::unwrap_used, reason = "test code: a test fails by panicking")]

use crate::batch::Batch;
use crate::reads::{admin, billing, catalogue, distribution, history, lists, orders, sellers};
use crate::statement::Statement;
use crate::{PostgresConfig, PostgresStore};
use crate::{audits, shared, work};
use secrecy::SecretString;
use std::fmt::Write as _;
use veza_cluster::Database;
use veza_domain::attention::Code;
use veza_domain::catalog::ProductKind;
use veza_domain::order::OrderStatus;
use veza_domain::time::Timestamp;
use veza_ports::contract::storage::sample;
use veza_ports::storage::{DeliveryFilter, LookClass, OrderFilter, Page, ProductFilter, Revision, Row, StatusFilter, Write};

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
        ("fresh work", work::FRESH.to_owned()),
        ("a unit of work", unit()),
        ("the order of a dispute", orders::OF_DISPUTE.to_owned()),
        ("the order of a transfer", orders::OF_TRANSFER.to_owned()),
        ("the order of a reversal", orders::OF_REVERSAL.to_owned()),
        ("an order's history", history::HISTORY.to_owned()),
        ("the seller of an account", sellers::OF_ACCOUNT.to_owned()),
        ("a payout", sellers::PAYOUT.to_owned()),
        ("a seller's payouts", sellers::PAYOUTS.to_owned()),
        ("a seller's payouts, further", sellers::PAYOUTS_AFTER.to_owned()),
        ("what waits, one entry", admin::ENTRY.to_owned()),
        ("a sign of life", shared::RUNS.to_owned()),
        ("failed logins", shared::FAILURES.to_owned()),
        ("differences of an audit", audits::DIFFERENCES.to_owned()),
        ("a person's standing", billing::STANDING.to_owned()),
        ("a subscription", billing::SUBSCRIPTION.to_owned()),
        ("an invoice", billing::INVOICE.to_owned()),
        ("a person's invoices", billing::OF_USER.to_owned()),
        ("subscriptions by their method", billing::BY_METHOD.to_owned()),
        ("renewals that were missed", billing::OVERDUE.to_owned()),
        ("subscriptions claimed", work::SUBSCRIPTIONS.to_owned()),
        ("a submission", distribution::SUBMISSION.to_owned()),
        ("a creator's submissions", distribution::OF_USER.to_owned()),
        ("tracks by what a report calls them", distribution::tracks(&["one".to_owned(), "two".to_owned()]).text().to_owned()),
        ("a royalty file", distribution::FILE.to_owned()),
        ("a creator's royalties", distribution::SUMS.to_owned()),
        ("a creator's royalties, further", distribution::SUMS_AFTER.to_owned()),
        ("placements claimed", work::PLACEMENTS.to_owned()),
    ];
    all.extend(work::SWEEPS.iter().map(|sql| ("a sweep", (*sql).to_owned())));
    all.push(("deliveries swept", work::SWEEP_DELIVERIES.to_owned()));
    all.extend(
        LookClass::ALL
            .into_iter()
            .map(work::looks::statements)
            .flat_map(|looks| [("a tick", looks.due), ("a pass", looks.pass)])
            .map(|(what, sql)| (what, sql.to_owned())),
    );
    all.extend(operators_lists(page).map(|(what, sql)| (what, sql.text().to_owned())));
    all
}

fn operators_lists(page: Page) -> impl Iterator<Item = (&'static str, Statement)> {
    let orders = |status, buyer| lists::orders(OrderFilter { status, buyer }, page);
    let filter = |status| StatusFilter { status };
    let period = (Timestamp(0), Timestamp(1));
    [
        ("orders", orders(None, None)),
        ("orders completed", orders(Some(OrderStatus::Completed), None)),
        ("orders pending", orders(Some(OrderStatus::Pending), None)),
        ("orders disputed", orders(Some(OrderStatus::Disputed), None)),
        ("orders of a buyer", orders(Some(OrderStatus::Completed), Some(sample::user_id(1)))),
        ("refunds", lists::refunds(filter(None), page)),
        ("refunds pending", lists::refunds(filter(Some("pending")), page)),
        ("transfers", lists::transfers(filter(None), page)),
        ("transfers completed", lists::transfers(filter(Some("completed")), page)),
        ("transfers pending", lists::transfers(filter(Some("pending")), page)),
        ("transfers reversed", lists::transfers(filter(Some("reversed")), page)),
        ("disputes", lists::disputes(filter(None), page)),
        ("disputes opened", lists::disputes(filter(Some("opened")), page)),
        ("what operators did", lists::admin_actions(page)),
        ("orders of a period", lists::orders_between(period.0, period.1, None, 20)),
        ("orders of a period counted", lists::count_orders_between(period.0, period.1)),
        ("transfers without an id", lists::transfers_without_stripe_id(None, 20)),
    ]
    .into_iter()
}

/// A unit that writes and guards rows of every table with parts, and of those that a settlement writes.
fn unit() -> String {
    let order = sample::order_id(1);
    let update = |row| Write::Update { row, expected: Revision(1) };
    let writes = [
        update(Row::Product(sample::product_full(1))),
        update(Row::Exclusive(sample::exclusive(1, order))),
        Write::Insert(Row::Trial(sample::trial(1))),
        update(Row::Subscription(sample::subscription_full(1, sample::user_id(1)))),
        update(Row::Invoice(sample::invoice_full(1, sample::subscription_id(1)))),
        update(Row::Order(sample::order_full(1))),
        update(Row::Line(sample::line(1, 0))),
        update(Row::Refund(sample::refund_full(1, 1))),
        Write::Insert(Row::Licence(sample::licence(&sample::line(1, 0)))),
        Write::Insert(Row::Transfer(sample::transfer(2, order))),
        update(Row::Transfer(sample::transfer(1, order))),
        update(Row::Effect(sample::effect(1, 0))),
        update(Row::Dispute(sample::dispute(1, order))),
        Write::Insert(Row::Netting(sample::netting(1, order, sample::reversal_id(1)))),
        Write::Insert(Row::Journal(sample::journal(1, order))),
        Write::Ensure(Row::Attention(sample::attention(order, Code::AmountMismatch, 0))),
        Write::Remove(Row::Attention(sample::attention(order, Code::ProviderRefused, 0)).key()),
        Write::Clear(Row::Attention(sample::attention(order, Code::DisputeOpened, 0)).key()),
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
        let rare = ["refunds pending", "orders disputed", "transfers reversed", "disputes opened"].contains(&what);
        assert!(!rare || plan.contains("_status on"), "{what}:\n{plan}");
        if plan.contains("Seq Scan") {
            write!(walks, "{what}:\n{sql}\n{plan}\n\n").unwrap();
        }
    }
    assert!(walks.is_empty(), "{walks}");
    for class in LookClass::ALL {
        let looks = work::looks::statements(class);
        for sql in [looks.due, looks.pass] {
            let plan = plan(&database, sql);
            let found = plan.split("CTE claimed").next().unwrap_or_default();
            assert!(["_look", "_due"].iter().any(|index| found.contains(index)), "{class:?} sees what is settled:\n{plan}");
            assert!(!found.contains("_pkey"), "{class:?} sees what is settled:\n{plan}");
        }
    }
    let caught = plan(&database, "SELECT FROM orders WHERE created_at = $1");
    assert!(caught.contains("Seq Scan"), "such a walk would be seen: {caught}");
}
