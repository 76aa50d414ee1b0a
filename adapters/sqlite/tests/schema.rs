//! The schema by itself: how it comes about, and what it refuses whoever writes.

#![allow(clippy::unwrap_used, clippy::panic, reason = "test code: a test fails by panicking")]

mod common;

use rusqlite::{Connection, params};
use std::path::Path;
use veza_domain::ledger::Account;
use veza_domain::look::Look;
use veza_domain::money::Minor;
use veza_domain::order::Order;
use veza_domain::transfer::TransferStatus;
use veza_ports::contract::storage::{random::random_units, sample};
use veza_ports::storage::{AdminReads, BillingReads, Commit, CommitError, OrderReads, Revision, Row, Write};
use veza_sqlite::{BackupError, OpenError, SqliteStore, newest_version};

/// A connection beside the store's, as a person at the terminal has one.
fn by_hand(path: &Path) -> Connection {
    let db = Connection::open(path).unwrap();
    db.pragma_update(None, "foreign_keys", true).unwrap();
    db
}

#[tokio::test]
async fn an_empty_file_gets_the_schema_and_a_full_one_keeps_its_rows() {
    let folder = common::folder();
    let path = folder.path();
    let store = SqliteStore::open(common::config(path.clone())).unwrap();
    store.commit(sample::unit("world", sample::world())).await.unwrap();
    store.shutdown();
    let applied = |db: &Connection| db.query_row("SELECT count(*) FROM schema_migrations", [], |row| row.get::<_, i64>(0)).unwrap();
    assert_eq!(applied(&by_hand(&path)), newest_version());
    let again = SqliteStore::open(common::config(path.clone())).unwrap();
    assert!(again.order_file(sample::order_id(1)).await.unwrap().is_some());
    assert_eq!(applied(&by_hand(&path)), newest_version());
}

#[test]
fn several_may_open_an_empty_file_at_once() {
    let folder = common::folder();
    let path = folder.path();
    std::thread::scope(|scope| {
        let opening: Vec<_> = (0..6).map(|_| scope.spawn(|| SqliteStore::open(common::config(path.clone())).map(|_| ()))).collect();
        for thread in opening {
            thread.join().unwrap().unwrap();
        }
    });
}

#[test]
fn a_database_from_the_future_is_refused() {
    let folder = common::folder();
    let path = folder.path();
    SqliteStore::open(common::config(path.clone())).unwrap().shutdown();
    let next = newest_version() + 1;
    by_hand(&path).execute("INSERT INTO schema_migrations (version, name) VALUES (?1, 'later')", [next]).unwrap();
    let refused = SqliteStore::open(common::config(path)).unwrap_err();
    assert!(matches!(refused, OpenError::Newer { found, known } if found == next && known == newest_version()), "{refused:?}");
}

#[test]
fn what_is_no_database_is_left_alone() {
    let folder = common::folder();
    let path = folder.path();
    std::fs::write(&path, "not a database, but long enough to be looked at as one").unwrap();
    assert!(matches!(SqliteStore::open(common::config(path.clone())), Err(OpenError::Sqlite(_))));
    assert!(std::fs::read(&path).unwrap().starts_with(b"not a database"));
}

/// A file as the version before plans left it, with an open sale in it, as it is today.
#[tokio::test]
async fn a_file_without_plans_gets_them_and_keeps_its_sales() {
    let folder = common::folder();
    let path = folder.path();
    let db = by_hand(&path);
    db.execute_batch(
        "CREATE TABLE schema_migrations (version INTEGER PRIMARY KEY, name TEXT NOT NULL, applied_at INTEGER DEFAULT 0) STRICT",
    )
    .unwrap();
    let migrations = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/../../migrations/sqlite")).unwrap();
    let mut files: Vec<_> = migrations.map(|file| file.unwrap().path()).collect();
    files.sort();
    for (version, file) in (1..9).zip(files) {
        db.execute_batch(&std::fs::read_to_string(file).unwrap()).unwrap();
        db.execute("INSERT INTO schema_migrations (version, name) VALUES (?1, '')", [version]).unwrap();
    }
    let sale = Order { look: Look::from(sample::at(1)), ..sample::order(1) };
    db.execute(
        "INSERT INTO orders (id, revision, buyer_id, status, total, currency, refunded, created_at, look_due_at, look_count) \
         VALUES (?1, 1, ?2, 'pending', 9000, 'EUR', 0, ?3, ?3, 0)",
        params![sale.id.0, sale.buyer_id.0, sale.created_at.0],
    )
    .unwrap();
    let store = SqliteStore::open(common::config(path)).unwrap();
    assert_eq!(store.order_file(sale.id).await.unwrap().map(|stored| stored.file.order), Some(sale.clone()));
    assert_eq!(store.plans().await.unwrap().len(), 6);
    let rows = [
        Row::Subscription(sample::subscription(1, sale.buyer_id)),
        Row::Invoice(sample::invoice(1, sample::subscription_id(1))),
        Row::Order(sample::collecting(2, sample::invoice_id(1))),
    ];
    let mut writes: Vec<Write> = rows.map(Write::Insert).into();
    writes.push(Write::Update { row: Row::Order(Order { failure: Some("x".to_owned()), ..sale }), expected: Revision::FIRST });
    store.commit(sample::unit("plan", writes)).await.unwrap();
}

#[tokio::test]
async fn what_is_swept_is_kept_as_it_was() {
    let folder = common::folder();
    let path = folder.path();
    let store = SqliteStore::open(common::config(path.clone())).unwrap();
    let unpaid = sample::subscription_full(1, sample::user_id(1));
    store.commit(sample::unit("unpaid", vec![Write::Insert(Row::Subscription(unpaid.clone()))])).await.unwrap();
    for expected in [vec![unpaid.id], vec![]] {
        assert_eq!(store.sweep_unpaid(sample::at(99), 9).await.unwrap(), expected);
    }
    let db = by_hand(&path);
    let kept = "SELECT count(*), min(revision), min(status), min(next_plan), min(due_at), min(swept_at) FROM swept_subscriptions";
    let row = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?, row.get(2)?, row.get(3)?, row.get(4)?, row.get(5)?));
    let kept: (i64, i64, String, String, i64, i64) = db.query_row(kept, [], row).unwrap();
    assert_eq!(kept, (1, 1, "past_due".to_owned(), "free".to_owned(), sample::at(40).0, sample::at(99).0));
    assert!(db.execute("UPDATE swept_subscriptions SET status = 'paid'", []).is_err());
    assert!(db.execute("DELETE FROM swept_subscriptions", []).is_err());
}

/// A store with every kind of row in it.
async fn full(path: &Path) -> SqliteStore {
    let store = SqliteStore::open(common::config(path.to_owned())).unwrap();
    for unit in random_units(7, 300) {
        let _ = store.commit(unit).await;
    }
    store
}

#[tokio::test]
async fn the_trigger_knows_the_same_36_moves_as_the_domain() {
    let folder = common::folder();
    let path = folder.path();
    drop(full(&path).await);
    let db = by_hand(&path);
    let id: Vec<u8> = db.query_row("SELECT id FROM transfers LIMIT 1", [], |row| row.get(0)).unwrap();
    let mut pairs = 0;
    for from in TransferStatus::ALL {
        for to in TransferStatus::ALL {
            reset(&db, &id, from);
            let moved = db.execute("UPDATE transfers SET status = ?2 WHERE id = ?1", params![id, to.as_str()]);
            assert_eq!(moved.is_ok(), from.may_move_to(to), "{from:?} -> {to:?}: {moved:?}");
            pairs += 1;
        }
    }
    assert_eq!(pairs, 36);
}

/// Sets a status behind the trigger's back.
fn reset(db: &Connection, id: &[u8], status: TransferStatus) {
    let trigger: String = db.query_row("SELECT sql FROM sqlite_schema WHERE name = 'transfers_move'", [], |row| row.get(0)).unwrap();
    db.execute_batch("DROP TRIGGER transfers_move").unwrap();
    db.execute("UPDATE transfers SET status = ?2 WHERE id = ?1", params![id, status.as_str()]).unwrap();
    db.execute_batch(&trigger).unwrap();
}

#[tokio::test]
async fn money_is_neither_deleted_nor_edited_by_hand_either() {
    let folder = common::folder();
    let path = folder.path();
    drop(full(&path).await);
    let db = by_hand(&path);
    for sql in [
        "UPDATE postings SET posted_at = 0",
        "DELETE FROM postings",
        "UPDATE ledger_entries SET amount = 0",
        "DELETE FROM ledger_entries",
        "DELETE FROM ledger_balances",
        "UPDATE webhook_log SET processing_result = 'ok'",
        "UPDATE nettings SET amount = 0",
        "DELETE FROM nettings",
        "UPDATE journal SET text = ''",
        "DELETE FROM journal",
        "UPDATE admin_actions SET detail = ''",
        "DELETE FROM admin_actions",
        "DELETE FROM disputes",
        "DELETE FROM orders",
        "DELETE FROM order_lines",
        "DELETE FROM refunds",
        "DELETE FROM licences",
        "DELETE FROM transfers",
        "DELETE FROM reversals",
        "UPDATE trials SET started_at = 0",
        "DELETE FROM trials",
        "DELETE FROM subscriptions",
        "DELETE FROM invoices",
        "UPDATE transfers SET status = 'paid'",
        "UPDATE transfers SET amount_reversed = amount + 1",
        "UPDATE orders SET refunded = total + 1",
        "UPDATE orders SET total = -1",
        "UPDATE reversals SET status = 'reversal_pending', next_retry_at = NULL",
        "UPDATE reversals SET netted = amount, written_off = 1",
        "UPDATE reversals SET netted = -1",
        "UPDATE reversals SET written_off = -1",
        "UPDATE reversals SET hold = 'tired'",
        "UPDATE disputes SET status = 'maybe'",
        "UPDATE disputes SET amount = -1",
        "UPDATE payouts SET status = 'maybe'",
        "UPDATE subscriptions SET status = 'maybe'",
        "UPDATE subscriptions SET period_start = 1, period_end = NULL",
        "UPDATE subscriptions SET next_plan = 'free', next_cycle = NULL",
        "UPDATE subscriptions SET user_id = (SELECT id FROM users LIMIT 1), status = 'active'",
        "UPDATE invoices SET status = 'maybe'",
        "UPDATE invoices SET credit = price + 1",
        "UPDATE invoices SET subscription_id = x'00000000000000000000000000000000'",
        "UPDATE orders SET invoice_id = x'00000000000000000000000000000000'",
        "UPDATE plans SET price = -1",
        "UPDATE refunds SET origin = 'requested', dispute_id = id",
        "UPDATE refunds SET origin = 'dispute', dispute_id = NULL",
        "UPDATE order_lines SET order_id = x'00000000000000000000000000000000'",
    ] {
        let done = db.execute(sql, []);
        assert!(done.is_err(), "{sql}: {done:?} rows");
    }
}

#[tokio::test]
async fn balances_are_the_sums_of_the_entries() {
    let folder = common::folder();
    let path = folder.path();
    drop(full(&path).await);
    let db = by_hand(&path);
    let count = |sql: &str| db.query_row(sql, [], |row| row.get::<_, i64>(0)).unwrap();
    assert!(count("SELECT count(*) FROM ledger_balances") > 2);
    assert_eq!(count("SELECT count(*) FROM ledger_drift"), 0);
    assert_eq!(count("SELECT count(*) FROM (SELECT 1 FROM ledger_balances GROUP BY currency HAVING sum(amount) <> 0)"), 0);
}

#[tokio::test]
async fn a_balance_that_has_drifted_is_told() {
    let folder = common::folder();
    let path = folder.path();
    let store = full(&path).await;
    assert_eq!(store.ledger_check().await.unwrap().drift, []);
    let db = by_hand(&path);
    db.execute("UPDATE ledger_balances SET amount = amount + 7 WHERE account = 'platform_fee' AND currency = 'EUR'", []).unwrap();
    let check = store.ledger_check().await.unwrap();
    let [(account, currency, entries, balance)] = check.drift[..] else { panic!("{check:?}") };
    assert_eq!((account, currency.code(), balance.0 - entries.0), (Account::PlatformFee, "EUR", 7));
    assert!(check.sums.iter().any(|(_, sum)| sum.0 == 7) && check.sums.iter().any(|(_, sum)| sum.0 == 0), "{check:?}");
}

#[tokio::test]
async fn the_views_can_be_read() {
    let folder = common::folder();
    let path = folder.path();
    drop(full(&path).await);
    let db = by_hand(&path);
    let views = [
        "orders_readable",
        "transfers_readable",
        "ledger_readable",
        "disputes_readable",
        "attention_readable",
        "webhook_log_readable",
        "journal_readable",
        "subscriptions_readable",
        "invoices_readable",
        "open_work",
        "ledger_drift",
    ];
    for view in views {
        let mut statement = db.prepare(&format!("SELECT * FROM {view}")).unwrap();
        let rows = statement.query_map([], |_| Ok(())).unwrap().count();
        assert!(rows > 0 || view == "ledger_drift", "{view}");
    }
}

#[tokio::test]
async fn a_row_that_the_schema_refuses_is_a_bug_and_its_neighbours_stand() {
    let folder = common::folder();
    let store = SqliteStore::open(common::config(folder.path())).unwrap();
    store.commit(sample::unit("world", sample::world())).await.unwrap();
    let too_much = Order { refunded: Minor(9001), ..sample::order(1) };
    let bad = sample::unit("bad", vec![Write::Update { row: Row::Order(too_much), expected: Revision::FIRST }]);
    let orphan = sample::unit("orphan", vec![Write::Insert(Row::Line(sample::line(9, 0)))]);
    let good = sample::unit("good", vec![Write::Insert(Row::User(sample::user(9)))]);
    let (bad, orphan, good) = tokio::join!(store.commit(bad), store.commit(orphan), store.commit(good));
    assert!(matches!(bad, Err(CommitError::Invalid(..))), "{bad:?}");
    assert!(matches!(orphan, Err(CommitError::Invalid(..))), "{orphan:?}");
    good.unwrap();
}

#[tokio::test]
async fn a_backup_of_an_open_store_is_a_store() {
    let folder = common::folder();
    let (path, copy) = (folder.path(), folder.path());
    let store = SqliteStore::open(common::config(path.clone())).unwrap();
    store.commit(sample::unit("world", sample::world())).await.unwrap();
    SqliteStore::backup(&path, &copy).unwrap();
    let again = SqliteStore::backup(&path, &copy);
    assert!(matches!(&again, Err(BackupError::Exists(there)) if *there == copy), "it overwrites nothing: {again:?}");
    let restored = SqliteStore::open(common::config(copy)).unwrap();
    assert_eq!(restored.order_file(sample::order_id(1)).await.unwrap(), store.order_file(sample::order_id(1)).await.unwrap());
}

#[tokio::test]
async fn a_copy_that_fails_is_not_left_behind() {
    let folder = common::folder();
    let (path, copy) = (folder.path(), folder.path());
    let store = SqliteStore::open(common::config(path.clone())).unwrap();
    store.commit(sample::unit("world", sample::world())).await.unwrap();
    store.shutdown();
    let whole = std::fs::read(&path).unwrap();
    let mut broken = whole.clone();
    let half = broken.len() / 2;
    broken[half..].fill(0xff);
    std::fs::write(&path, broken).unwrap();
    let failed = SqliteStore::backup(&path, &copy);
    assert!(matches!(failed, Err(BackupError::Sqlite(_))), "{failed:?}");
    assert!(!copy.exists());
    std::fs::write(&path, whole).unwrap();
    SqliteStore::backup(&path, &copy).unwrap();

    let nowhere = SqliteStore::backup(&path, &copy.join("no folder"));
    assert!(matches!(nowhere, Err(BackupError::File(_))), "{nowhere:?}");
    let nothing = SqliteStore::backup(&folder.path(), &folder.path());
    assert!(matches!(nothing, Err(BackupError::Sqlite(_))), "{nothing:?}");
}

/// Whatever the umask says: there are password hashes in them. One that is there keeps the mode that somebody gave it.
#[cfg(unix)]
#[tokio::test]
async fn new_files_are_their_owners_only() {
    use std::os::unix::fs::PermissionsExt;
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let folder = common::folder();
    let (path, copy) = (folder.path(), folder.path());
    let store = SqliteStore::open(common::config(path.clone())).unwrap();
    store.commit(sample::unit("world", sample::world())).await.unwrap();
    SqliteStore::backup(&path, &copy).unwrap();
    let beside = |end: &str| path.with_extension(format!("db-{end}"));
    for file in [&path, &beside("wal"), &beside("shm"), &copy] {
        assert_eq!(mode(file), 0o600, "{}", file.display());
    }
    store.shutdown();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
    let store = SqliteStore::open(common::config(path.clone())).unwrap();
    store.commit(sample::unit("again", vec![Write::Insert(Row::User(sample::user(9)))])).await.unwrap();
    for file in [&path, &beside("wal"), &beside("shm")] {
        assert_eq!(mode(file), 0o640, "{}", file.display());
    }
}
