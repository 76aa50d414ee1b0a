//! How many settlements a second the store makes durable, beside a bare loop that writes the same rows.
//!
//! `cargo run --release -p veza-sqlite --example commit_rate -- [tasks] [orders] [reads]`; with `reads` each settlement also
//! reads its order first, as the application does.

#![allow(clippy::unwrap_used, clippy::print_stdout, reason = "a tool for the terminal: it may end with a panic")]

use rusqlite::{Connection, params};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use uuid::Uuid;
use veza_domain::ids::{DeliveryId, LicenceId, LineId, OrderId, ProductId, TransferId, UserId, derive};
use veza_domain::ledger;
use veza_domain::licence::{Licence, LicenceKind, LicenceStatus};
use veza_domain::look::Look;
use veza_domain::money::{Minor, Money};
use veza_domain::order::{ClientSecret, Order, OrderLine, OrderStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::{Delivery, ProcessingResult, Sender};
use veza_ports::storage::{Commit, Committed, OrderReads, Revision, Row, UnitId, UnitOfWork, Write};
use veza_sqlite::{SqliteConfig, SqliteStore};

const NOW: Timestamp = Timestamp(1_790_000_000_000_000);
const SELLERS: u32 = 50;
const ROUNDS: u32 = 5;
/// Units of one transaction of the bare loop.
const BARE_BATCH: usize = 64;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let tasks: usize = arguments.next().map_or(64, |text| text.parse().unwrap());
    let orders: u32 = arguments.next().map_or(50_000, |text| text.parse().unwrap());
    let reads = arguments.next().is_some_and(|text| text == "reads");
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let (mut store_time, mut bare_time) = (Duration::ZERO, Duration::ZERO);
    // In turns, so that whatever else the machine does meets both alike; never both open, as SQLite shares its page cache
    // between the connections of a process.
    for _ in 0..ROUNDS {
        let folder = tempfile::tempdir_in(".").unwrap();
        let made: Arc<Vec<_>> = Arc::new((0..orders / ROUNDS).map(order).collect());
        let store = Arc::new(SqliteStore::open(SqliteConfig::new(folder.path().join("store.db"))).unwrap());
        runtime.block_on(checkout(&store, &made));
        store_time += runtime.block_on(settle(&store, &made, tasks, reads));
        store.shutdown();
        drop(store);
        bare_time += bare(&bare_tables(&folder.path().join("bare.db"), &made), &made);
    }
    let rate = |time: Duration| f64::from(orders) / time.as_secs_f64();
    println!("store: {:.0} units/s ({tasks} tasks, {orders} orders{})", rate(store_time), if reads { ", with reads" } else { "" });
    println!("bare:  {:.0} units/s (batches of {BARE_BATCH})", rate(bare_time));
    println!("store / bare: {:.0} %", 100.0 * bare_time.as_secs_f64() / store_time.as_secs_f64());
}

async fn checkout(store: &SqliteStore, made: &[(Order, OrderLine)]) {
    for some in made.chunks(500) {
        let writes = some.iter().flat_map(|(order, line)| [Row::Order(order.clone()), Row::Line(line.clone())]).map(Write::Insert);
        let id = UnitId(format!("checkout of {}", some[0].0.id));
        store.commit(UnitOfWork::new(id, [0; 32], NOW, writes.collect())).await.unwrap();
    }
}

async fn settle(store: &Arc<SqliteStore>, made: &Arc<Vec<(Order, OrderLine)>>, tasks: usize, reads: bool) -> Duration {
    let next = Arc::new(AtomicU32::new(0));
    let started = Instant::now();
    let work = (0..tasks).map(|_| {
        let (store, made, next) = (Arc::clone(store), Arc::clone(made), Arc::clone(&next));
        tokio::spawn(async move {
            while let Some((order, line)) = made.get(next.fetch_add(1, Ordering::Relaxed) as usize) {
                if reads {
                    let id = store.order_of_payment(order.payment_id.as_deref().unwrap()).await.unwrap();
                    assert!(store.order_file(id.unwrap()).await.unwrap().is_some());
                }
                assert_eq!(store.commit(settlement(order, line)).await.unwrap(), Committed::Applied);
            }
        })
    });
    for task in work.collect::<Vec<_>>() {
        task.await.unwrap();
    }
    started.elapsed()
}

fn uuid(n: u32, kind: u8) -> Uuid {
    let time = 0x0190_0000_0000_u128 + u128::from(n / 8);
    derive(Uuid::from_u128((time << 80) | (0x7000_8000 << 48)), "sample", &[&[kind], n.to_be_bytes().as_slice()].concat())
}

fn order(n: u32) -> (Order, OrderLine) {
    let id = OrderId(uuid(n, 1));
    let order = Order {
        id,
        invoice_id: None,
        buyer_id: UserId(uuid(n % 1000, 2)),
        status: OrderStatus::Pending,
        total: Money::new(1000, "EUR".parse().unwrap()),
        refunded: Minor::ZERO,
        payment_id: Some(Order::payment_id_of(id)),
        client_secret: Some(ClientSecret(format!("{id}_secret"))),
        failure: None,
        created_at: NOW,
        completed_at: None,
        refund_deadline: None,
        look: Look::from(NOW),
    };
    let line = OrderLine {
        id: LineId(uuid(n, 3)),
        order_id: id,
        position: 0,
        product_id: ProductId(uuid(n % 100, 4)),
        offer_id: None,
        licence_kind: LicenceKind::standard(),
        terms: "As usual.".to_owned(),
        title: "A track".to_owned(),
        seller_id: UserId(uuid(n % SELLERS, 5)),
        price: Minor(1000),
        fee: Minor(100),
        share: Minor(900),
        refunded: Minor::ZERO,
    };
    (order, line)
}

/// What a webhook that says "paid" changes.
fn settlement(order: &Order, line: &OrderLine) -> UnitOfWork {
    let look = order.look.over();
    let paid = Order { status: OrderStatus::Completed, completed_at: Some(NOW), refund_deadline: Some(NOW), look, ..order.clone() };
    let licence = Licence {
        id: LicenceId(derive(line.id.0, "licence", &[])),
        line_id: line.id,
        order_id: order.id,
        product_id: line.product_id,
        buyer_id: order.buyer_id,
        kind: line.licence_kind.clone(),
        status: LicenceStatus::Active,
        granted_at: NOW,
    };
    let transfer = TransferId(derive(order.id.0, "transfer", line.seller_id.0.as_bytes()));
    let share = Money { amount: line.share, ..order.total };
    let posting = ledger::order_completed(order.id, order.total, std::slice::from_ref(line), NOW).unwrap();
    let delivery = Delivery {
        id: DeliveryId(derive(order.id.0, "delivery", &[])),
        sender: Sender::Hyperswitch,
        order_id: Some(order.id),
        received_at: NOW,
        event_type: Some("payment_succeeded".to_owned()),
        signature_valid: true,
        result: ProcessingResult::Ok,
        source_ip: "203.0.113.7".to_owned(),
        user_agent: "psp/1.0".to_owned(),
        request_id: order.id.to_string(),
        payload: "x".repeat(4096),
    };
    let writes = vec![
        Write::Update { row: Row::Order(paid), expected: Revision::FIRST },
        Write::Insert(Row::Licence(licence)),
        Write::Insert(Row::Posting(posting)),
        Write::Insert(Row::Transfer(Transfer::open(transfer, order.id, line.seller_id, share, NOW))),
        Write::Insert(Row::Delivery(delivery)),
    ];
    UnitOfWork::new(UnitId(format!("event {}", uuid::Uuid::now_v7())), [1; 32], NOW, writes)
}

/// Tables of the same shape without a check, an index beyond the key, or anybody waiting.
fn bare_tables(path: &Path, made: &[(Order, OrderLine)]) -> Connection {
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "journal_mode", "WAL").unwrap();
    db.pragma_update(None, "synchronous", "FULL").unwrap();
    db.execute_batch(
        "CREATE TABLE orders (id BLOB PRIMARY KEY, status TEXT, completed_at INTEGER, deadline INTEGER, filler TEXT);
         CREATE TABLE licences (id BLOB PRIMARY KEY, line BLOB, ord BLOB, product BLOB, buyer BLOB, kind TEXT, status TEXT, at INTEGER);
         CREATE TABLE postings (seq INTEGER PRIMARY KEY, event TEXT UNIQUE, ord BLOB, at INTEGER);
         CREATE TABLE entries (posting INTEGER, account TEXT, currency TEXT, amount INTEGER, PRIMARY KEY (posting, account));
         CREATE TABLE transfers (id BLOB PRIMARY KEY, ord BLOB, seller BLOB, amount INTEGER, currency TEXT, status TEXT, at INTEGER);
         CREATE TABLE log (id BLOB PRIMARY KEY, at INTEGER, type TEXT, valid INTEGER, result TEXT, ip TEXT, agent TEXT, request TEXT, payload TEXT);
         CREATE TABLE units (id TEXT PRIMARY KEY, hash BLOB, at INTEGER);
         BEGIN",
    )
    .unwrap();
    for (order, _) in made {
        let sql = "INSERT INTO orders VALUES (?1, 'pending', NULL, NULL, ?2)";
        db.prepare_cached(sql).unwrap().execute(params![order.id.0, "x".repeat(150)]).unwrap();
    }
    db.execute_batch("COMMIT").unwrap();
    db
}

fn bare(db: &Connection, made: &[(Order, OrderLine)]) -> Duration {
    let units: Vec<UnitOfWork> = made.iter().map(|(order, line)| settlement(order, line)).collect();
    let run = |sql: &str, values: &[&dyn rusqlite::ToSql]| db.prepare_cached(sql).unwrap().execute(values).unwrap();
    let started = Instant::now();
    for batch in units.chunks(BARE_BATCH) {
        db.execute_batch("BEGIN IMMEDIATE").unwrap();
        for unit in batch {
            run("INSERT INTO units VALUES (?1, ?2, ?3)", &[&unit.id().0, unit.fingerprint(), &NOW.0]);
            for write in unit.writes() {
                bare_write(write, &run, db);
            }
        }
        db.execute_batch("COMMIT").unwrap();
    }
    started.elapsed()
}

fn bare_write(write: &Write, run: &dyn Fn(&str, &[&dyn rusqlite::ToSql]) -> usize, db: &Connection) {
    let (Write::Insert(row) | Write::Ensure(row) | Write::Update { row, .. }) = write else { return };
    match row {
        Row::Order(row) => {
            run("UPDATE orders SET status = 'completed', completed_at = ?2, deadline = ?2 WHERE id = ?1", &[&row.id.0, &NOW.0]);
        }
        Row::Licence(row) => {
            let ids = (&row.id.0, &row.line_id.0, &row.order_id.0, &row.product_id.0, &row.buyer_id.0);
            run("INSERT INTO licences VALUES (?1, ?2, ?3, ?4, ?5, 'standard', 'active', ?6)", &[ids.0, ids.1, ids.2, ids.3, ids.4, &NOW.0]);
        }
        Row::Posting(row) => {
            run("INSERT INTO postings (event, ord, at) VALUES (?1, ?2, ?3)", &[&row.event, &row.order_id.0, &NOW.0]);
            let posting = db.last_insert_rowid();
            for entry in &row.entries {
                run("INSERT INTO entries VALUES (?1, ?2, 'EUR', ?3)", &[&posting, &entry.account.to_string(), &entry.amount.0]);
            }
        }
        Row::Transfer(row) => {
            let values: &[&dyn rusqlite::ToSql] = &[&row.id.0, &row.order_id.0, &row.seller_id.0, &row.amount.amount.0, &NOW.0];
            run("INSERT INTO transfers VALUES (?1, ?2, ?3, ?4, 'EUR', 'pending', ?5)", values);
        }
        Row::Delivery(row) => {
            let values: &[&dyn rusqlite::ToSql] =
                &[&row.id.0, &NOW.0, &row.event_type, &row.source_ip, &row.user_agent, &row.request_id, &row.payload];
            run("INSERT INTO log VALUES (?1, ?2, ?3, 1, 'ok', ?4, ?5, ?6, ?7)", values);
        }
        _ => {}
    }
}
