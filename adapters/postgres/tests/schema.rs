//! The schema: the same as SQLite's, brought up to date once, and refused when it is newer than we are.

#![allow(clippy::unwrap_used, reason = "test code: a test fails by panicking")]

mod common;

use rusqlite::Connection;
use std::collections::BTreeSet;
use std::time::Duration;
use veza_cluster::{Database, database};
use veza_domain::ledger::Account;
use veza_domain::look::Look;
use veza_domain::money::Minor;
use veza_domain::order::Order;
use veza_ports::contract::storage::sample;
use veza_ports::storage::{AdminReads, BillingReads, OrderReads, Revision, Row, Write};
use veza_postgres::{OpenError, PostgresConfig, PostgresStore, newest_version};

/// Nothing takes so long, unless it would take for ever.
const HANGS: Duration = Duration::from_secs(120);

const FOLDER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations");

fn migrations(of: &str) -> Vec<(String, String)> {
    let files = std::fs::read_dir(format!("{FOLDER}/{of}")).unwrap().map(|file| file.unwrap().path());
    let mut files: Vec<_> =
        files.map(|path| (path.file_name().unwrap().to_str().unwrap().to_owned(), std::fs::read_to_string(&path).unwrap())).collect();
    files.sort();
    files
}

/// Each fact of a schema in a line of its own.
type Facts = BTreeSet<String>;

fn of_sqlite() -> Facts {
    let db = Connection::open_in_memory().unwrap();
    migrations("sqlite").iter().for_each(|(_, sql)| db.execute_batch(sql).unwrap());
    let rows =
        |sql: &str| -> Vec<String> { db.prepare(sql).unwrap().query_map([], |row| row.get(0)).unwrap().collect::<Result<_, _>>().unwrap() };
    let tables = "sqlite_schema AS t WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite_%'";
    let mut facts = Facts::new();
    let columns = tables.replace(" AS t ", " AS t, pragma_table_info(t.name) AS c ");
    facts.extend(rows(&format!(
        "SELECT 'column ' || c.cid || ' of ' || t.name || ': ' || c.name || ' ' || lower(c.type) \
             || CASE WHEN c.\"notnull\" OR c.pk THEN ' not null' ELSE '' END FROM {columns}"
    )));
    facts.extend(rows(&format!("SELECT 'key ' || c.pk || ' of ' || t.name || ': ' || c.name FROM {columns} AND c.pk")));
    let keys = tables.replace(" AS t ", " AS t, pragma_foreign_key_list(t.name) AS f ");
    facts.extend(rows(&format!("SELECT 'reference of ' || t.name || ': ' || f.\"from\" || ' to ' || f.\"table\" FROM {keys}")));
    let indexes = tables.replace(" AS t ", " AS t, pragma_index_list(t.name) AS i ");
    facts.extend(rows(&format!(
        "SELECT 'index ' || CASE i.origin WHEN 'u' THEN '' ELSE i.name END || ' of ' || t.name || ': ' \
             || (SELECT group_concat(name) FROM (SELECT name FROM pragma_index_info(i.name) ORDER BY seqno)) \
             || CASE WHEN i.\"unique\" THEN ' unique' ELSE '' END || CASE WHEN i.partial THEN ' partial' ELSE '' END \
         FROM {indexes} AND i.origin <> 'pk'"
    )));
    facts.extend(rows("SELECT 'trigger ' || name || ' of ' || tbl_name FROM sqlite_schema WHERE type = 'trigger'"));
    facts.extend(rows(
        "SELECT 'view ' || v.name || ': ' || c.name FROM sqlite_schema AS v, pragma_table_info(v.name) AS c WHERE v.type = 'view'",
    ));
    facts
}

/// The same, of Postgres; the types under SQLite's names.
const OF_POSTGRES: &str = "
SELECT 'column ' || ordinal_position - 1 || ' of ' || table_name || ': ' || column_name || ' '
    || CASE data_type WHEN 'uuid' THEN 'blob' WHEN 'bytea' THEN 'blob' WHEN 'bigint' THEN 'integer' WHEN 'boolean' THEN 'integer'
                      ELSE data_type END
    || CASE is_nullable WHEN 'NO' THEN ' not null' ELSE '' END
FROM information_schema.columns JOIN information_schema.tables USING (table_schema, table_name)
WHERE table_schema = 'public' AND table_type = 'BASE TABLE' AND table_name <> 'schema_migrations'
UNION ALL
SELECT 'key ' || k.place || ' of ' || c.conrelid::regclass || ': ' || a.attname
FROM pg_constraint c, unnest(c.conkey) WITH ORDINALITY AS k (column_number, place), pg_attribute a
WHERE c.contype = 'p' AND a.attrelid = c.conrelid AND a.attnum = k.column_number AND c.connamespace = 'public'::regnamespace
    AND c.conrelid <> 'schema_migrations'::regclass
UNION ALL
SELECT 'reference of ' || c.conrelid::regclass || ': ' || a.attname || ' to ' || c.confrelid::regclass
FROM pg_constraint c JOIN pg_attribute a ON a.attrelid = c.conrelid AND a.attnum = c.conkey[1] WHERE c.contype = 'f'
UNION ALL
SELECT 'index ' || CASE WHEN c.conname IS NULL THEN i.indexrelid::regclass::text ELSE '' END || ' of ' || i.indrelid::regclass || ': '
    || (SELECT string_agg(a.attname, ',' ORDER BY k.place) FROM unnest(i.indkey) WITH ORDINALITY AS k (column_number, place)
        JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.column_number)
    || CASE WHEN i.indisunique THEN ' unique' ELSE '' END || CASE WHEN i.indpred IS NOT NULL THEN ' partial' ELSE '' END
FROM pg_index i JOIN pg_class t ON t.oid = i.indrelid LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype = 'u'
WHERE t.relnamespace = 'public'::regnamespace AND NOT i.indisprimary
UNION ALL
SELECT 'trigger ' || tgname || ' of ' || tgrelid::regclass FROM pg_trigger WHERE NOT tgisinternal
UNION ALL
SELECT 'view ' || table_name || ': ' || column_name
FROM information_schema.columns JOIN information_schema.views USING (table_schema, table_name) WHERE table_schema = 'public'";

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_schemas_say_the_same() {
    let names = |of| migrations(of).into_iter().map(|(name, _)| name).collect::<Vec<_>>();
    assert_eq!(names("postgres"), names("sqlite"));
    let postgres: Facts = common::migrated().await.sql(OF_POSTGRES).lines().map(str::to_owned).collect();
    let sqlite = of_sqlite();
    assert!(sqlite.len() > 330, "{}", sqlite.len());
    // SQLite has one writer; here several add to a balance at once, each to a row of its own.
    let shards = ["column 3 of ledger_balances: shard integer not null", "key 3 of ledger_balances: shard"];
    assert_eq!(postgres.difference(&sqlite).collect::<Vec<_>>(), shards, "in Postgres only");
    assert_eq!(sqlite.difference(&postgres).collect::<Vec<_>>(), [] as [&String; 0], "in SQLite only");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn several_instances_may_start_at_once() {
    let database = database();
    let mut starting = tokio::task::JoinSet::new();
    for _ in 0..4 {
        let config = common::config(&database.url());
        starting.spawn(async move { PostgresStore::connect(config).await.unwrap().check().await.unwrap() });
    }
    starting.join_all().await;
    assert_eq!(database.sql("SELECT count(*), max(version) FROM schema_migrations"), format!("{0}|{0}", newest_version()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_schema_is_refused() {
    let database = common::migrated().await;
    database.sql("INSERT INTO schema_migrations (version, name) VALUES (9999, 'from the future')");
    let refused = PostgresStore::connect(common::config(&database.url())).await;
    assert!(matches!(refused, Err(OpenError::Newer { found: 9999, known }) if known == newest_version()), "{refused:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_fails_leaves_nothing() {
    let database = database();
    database.sql("CREATE TABLE refunds (mine INT)");
    let failed = PostgresStore::connect(common::config(&database.url())).await;
    assert!(matches!(failed, Err(OpenError::Migration { name: "0003_orders", .. })), "{failed:?}");
    assert_eq!(database.sql("SELECT string_agg(tablename, ',') FROM pg_tables WHERE schemaname = 'public'"), "refunds");
    database.sql("DROP TABLE refunds");
    PostgresStore::connect(common::config(&database.url())).await.unwrap();
}

/// A database as the version that knew so many migrations has left it.
fn left_at(version: i64) -> Database {
    let database = database();
    database.sql("CREATE TABLE schema_migrations (version BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL, applied_at BIGINT DEFAULT 0)");
    for (version, (_, sql)) in (1..=version).zip(migrations("postgres")) {
        database.sql(&sql);
        database.sql(&format!("INSERT INTO schema_migrations (version, name) VALUES ({version}, '')"));
    }
    database
}

/// One whose next migration alters `disputes`.
fn older() -> Database {
    left_at(7)
}

fn impatient(database: &Database) -> PostgresConfig {
    PostgresConfig { lock_timeout: Duration::from_millis(500), ..common::config(&database.url()) }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_can_not_have_its_table_is_tried_again() {
    let database = older();
    let dump = database.hold("LOCK TABLE disputes IN ACCESS SHARE MODE");
    let migrated = tokio::spawn(PostgresStore::connect(impatient(&database)));
    // The dump ends once somebody has waited behind it and given up.
    for waits in ["t", "f"] {
        let seen = async {
            while database.sql("SELECT EXISTS (SELECT FROM pg_locks WHERE relation = 'disputes'::regclass AND NOT granted)") != waits {
                tokio::time::sleep(Duration::from_millis(10)).await;
            }
        };
        tokio::time::timeout(HANGS, seen).await.unwrap();
    }
    drop(dump);
    migrated.await.unwrap().unwrap();
    assert_eq!(database.sql("SELECT count(*), max(version) FROM schema_migrations"), format!("{0}|{0}", newest_version()));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_migration_that_never_gets_its_table_says_so_and_leaves_nothing() {
    let database = older();
    let dump = database.hold("LOCK TABLE disputes IN ACCESS SHARE MODE");
    let refused = tokio::time::timeout(HANGS, PostgresStore::connect(impatient(&database))).await.unwrap();
    assert!(matches!(refused, Err(OpenError::Locked { name: "0008_hands_on_debts", .. })), "{refused:?}");
    assert_eq!(database.sql("SELECT max(version), to_regclass('reversals_given_up') IS NULL FROM schema_migrations"), "7|t");
    drop(dump);
    PostgresStore::connect(impatient(&database)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_about_money_is_never_deleted_or_rewritten() {
    let (database, store) = common::store().await;
    let world = veza_ports::contract::storage::random::opening();
    common::commit(&store, &world).await.unwrap();
    database.sql("INSERT INTO postings (event, order_id, posted_at) SELECT 'e', id, 1 FROM orders LIMIT 1");
    database.sql("INSERT INTO ledger_entries SELECT seq, account, 'EUR', 0 FROM postings, (VALUES ('a'), ('b')) AS a (account)");
    let refused = |sql: &str| {
        let attempt = format!("DO $$ BEGIN {sql}; RAISE 'it was let through'; EXCEPTION WHEN check_violation THEN NULL; END $$");
        database.sql(&attempt);
    };
    database.sql("INSERT INTO nettings SELECT id, order_id, id, seller_id, 1, 'EUR', 1 FROM reversals LIMIT 1");
    database.sql(
        "INSERT INTO disputes SELECT id, 1, id, 'dp', 1, 'EUR', 'opened', NULL, NULL, NULL, NULL, 0, NULL, 1, NULL FROM orders LIMIT 1",
    );
    database.sql("INSERT INTO journal SELECT id, id, 1, 'fact', 't' FROM orders LIMIT 1");
    database.sql("INSERT INTO admin_actions SELECT id, 1, NULL, 'a', NULL, NULL, NULL, 'd' FROM orders LIMIT 1");
    database.sql("INSERT INTO trials SELECT id, 'premium', 1 FROM users LIMIT 1");
    let stay = [
        "orders",
        "order_lines",
        "refunds",
        "disputes",
        "transfers",
        "reversals",
        "nettings",
        "postings",
        "ledger_entries",
        "ledger_balances",
        "journal",
        "admin_actions",
        "trials",
        "subscriptions",
        "invoices",
    ];
    for table in stay {
        refused(&format!("DELETE FROM {table}"));
    }
    refused("UPDATE trials SET started_at = 2");
    refused("UPDATE subscriptions SET status = 'maybe'");
    refused("UPDATE subscriptions SET next_plan = 'free'");
    refused("UPDATE invoices SET credit = price + 1");
    refused("UPDATE nettings SET amount = 2");
    refused("UPDATE journal SET text = ''");
    refused("UPDATE admin_actions SET detail = ''");
    refused("UPDATE reversals SET netted = amount, written_off = 1");
    refused("UPDATE reversals SET netted = -1");
    refused("UPDATE refunds SET origin = 'dispute'");
    refused("UPDATE disputes SET status = 'maybe'");
    refused("UPDATE postings SET posted_at = 2");
    refused("UPDATE ledger_entries SET amount = 2");
    refused("UPDATE transfers SET status = 'reversed'");
    refused("UPDATE orders SET refunded = total + 1");
}

/// A database as the version before plans left it, with an open sale in it, as it is today.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_without_plans_gets_them_and_keeps_its_sales() {
    let database = left_at(8);
    let sale = Order { look: Look::from(sample::at(1)), ..sample::order(1) };
    database.sql(&format!(
        "INSERT INTO orders (id, revision, buyer_id, status, total, currency, refunded, created_at, look_due_at, look_count) \
         VALUES ('{}', 1, '{}', 'pending', 9000, 'EUR', 0, {2}, {2}, 0)",
        sale.id, sale.buyer_id, sale.created_at.0
    ));
    let store = PostgresStore::connect(common::config(&database.url())).await.unwrap();
    assert_eq!(store.order_file(sale.id).await.unwrap().map(|stored| stored.file.order), Some(sale.clone()));
    assert_eq!(store.plans().await.unwrap().len(), 6);
    let rows = [
        Row::Subscription(sample::subscription(1, sale.buyer_id)),
        Row::Invoice(sample::invoice(1, sample::subscription_id(1))),
        Row::Order(sample::collecting(2, sample::invoice_id(1))),
    ];
    let mut writes: Vec<Write> = rows.map(Write::Insert).into();
    writes.push(Write::Update { row: Row::Order(Order { failure: Some("x".to_owned()), ..sale }), expected: Revision::FIRST });
    common::commit(&store, &sample::unit("plan", writes)).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_swept_is_kept_as_it_was() {
    let (database, store) = common::store().await;
    let unpaid = sample::subscription_full(1, sample::user_id(1));
    let unit = sample::unit("unpaid", vec![Write::Insert(Row::Subscription(unpaid.clone()))]);
    common::commit(&store, &unit).await.unwrap();
    for expected in [vec![unpaid.id], vec![]] {
        assert_eq!(store.sweep_unpaid(sample::at(99), 9).await.unwrap(), expected);
    }
    let kept = "SELECT count(*), min(revision), min(status), min(next_plan), min(due_at), min(swept_at) FROM swept_subscriptions";
    assert_eq!(database.sql(kept), format!("1|1|past_due|free|{}|{}", sample::at(40).0, sample::at(99).0));
    for sql in ["UPDATE swept_subscriptions SET status = 'paid'", "DELETE FROM swept_subscriptions"] {
        database.sql(&format!("DO $$ BEGIN {sql}; RAISE 'it was let through'; EXCEPTION WHEN check_violation THEN NULL; END $$"));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_balance_that_has_drifted_is_told() {
    let (database, store) = common::store().await;
    let entries = [(Account::PspClearing, 100), (Account::PlatformFee, -100)];
    let posted = Row::Posting(sample::posting("event", sample::order_id(1), sample::currency("EUR"), &entries));
    common::commit(&store, &sample::unit("posting", vec![Write::Insert(posted)])).await.unwrap();
    assert_eq!(store.ledger_check().await.unwrap().drift, []);
    database.sql("UPDATE ledger_balances SET amount = amount + 7 WHERE account = 'platform_fee'");
    let check = store.ledger_check().await.unwrap();
    let eur = sample::currency("EUR");
    assert_eq!(check.drift, [(Account::PlatformFee, eur, Minor(-100), Minor(-93))]);
    assert_eq!(check.sums, [(eur, Minor(7))]);
}
