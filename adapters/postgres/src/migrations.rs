//! Brings the schema up to date: forward only, all or nothing, one instance at a time.
//!
//! Invariants: a migration that was released is never edited; a database from the future is refused, not guessed at; no migration
//! waits for a table for longer than everybody behind it can bear.

use crate::open::OpenError;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection, Row};
use std::time::Duration;

/// One step of the schema.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        [$(Migration { version: $version, name: $name, sql: include_str!(concat!("../../../migrations/postgres/", $name, ".sql")) }),+]
    };
}

const MIGRATIONS: &[Migration] = &migrations![
    1 "0001_people",
    2 "0002_catalogue",
    3 "0003_orders",
    4 "0004_sellers_money",
    5 "0005_operations",
    6 "0006_instances",
    7 "0007_audits",
    8 "0008_hands_on_debts",
    9 "0009_subscriptions",
    10 "0010_distribution",
];

/// Attempts at a migration whose table somebody else keeps.
const ATTEMPTS_MAX: u32 = 5;

/// Whoever migrates holds this lock, named after what it guards; it ends with the transaction, so it works through a pooler too. Who
/// waits for it is in nobody's way.
const LOCK: &str = "SET LOCAL lock_timeout = 0; SET LOCAL statement_timeout = 0; \
     SELECT pg_advisory_xact_lock(hashtext('veza schema ' || current_schema()))";

const TABLE: &str = "CREATE TABLE IF NOT EXISTS schema_migrations (
    version    BIGINT NOT NULL PRIMARY KEY,
    name       TEXT   NOT NULL,
    applied_at BIGINT NOT NULL DEFAULT (extract(epoch FROM clock_timestamp()) * 1000000)::bigint
)";

/// The newest schema that this binary knows.
#[must_use]
pub fn newest_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Applies what is missing. Several instances may do so at once: the others wait, and find nothing left to do. A table that somebody
/// keeps is waited for as long as any statement waits for a lock, some times.
pub(crate) async fn run(db: &mut PgConnection, lock_timeout: Duration) -> Result<(), OpenError> {
    if version(db).await? == newest_version() {
        return Ok(());
    }
    for attempt in 1..ATTEMPTS_MAX {
        match migrate(db, lock_timeout).await {
            Err(OpenError::Locked { name, source }) => {
                tracing::warn!(name, attempt, error = %source, "a table stays locked; the migration waits and is tried again");
                // So that whoever has waited behind it gets a turn.
                tokio::time::sleep(lock_timeout).await;
            }
            done => return done,
        }
    }
    migrate(db, lock_timeout).await
}

async fn migrate(db: &mut PgConnection, lock_timeout: Duration) -> Result<(), OpenError> {
    let mut transaction = db.begin().await?;
    let applied = match apply(&mut transaction, lock_timeout).await {
        Ok(applied) => applied,
        Err(error) => {
            // At once, not with the next statement; where that fails the connection is gone, which does the same.
            drop(transaction.rollback().await);
            return Err(error);
        }
    };
    transaction.commit().await?;
    for Migration { version, name, .. } in applied {
        tracing::info!(version, name, "schema migrated");
    }
    Ok(())
}

async fn apply(transaction: &mut PgConnection, lock_timeout: Duration) -> Result<Vec<&'static Migration>, OpenError> {
    transaction.execute(sqlx::raw_sql(LOCK)).await?;
    // Whoever comes after a statement that waits for a table waits behind it, readers too: a migration that waited until a `pg_dump` is
    // over would stop every instance that runs. 0 would be for ever.
    let patience = format!("SET LOCAL lock_timeout = {}", lock_timeout.as_millis().max(1));
    transaction.execute(sqlx::raw_sql(AssertSqlSafe(patience))).await?;
    let found = version(transaction).await?;
    if found > newest_version() {
        return Err(OpenError::Newer { found, known: newest_version() });
    }
    if found == 0 {
        transaction.execute(TABLE).await?;
    }
    let missing: Vec<&Migration> = MIGRATIONS.iter().filter(|migration| migration.version > found).collect();
    for migration in &missing {
        let failed = |source| failed(migration.name, source);
        transaction.execute(sqlx::raw_sql(migration.sql)).await.map_err(failed)?;
        let noted = sqlx::query("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)");
        transaction.execute(noted.bind(migration.version).bind(migration.name)).await.map_err(failed)?;
    }
    Ok(missing)
}

fn failed(name: &'static str, source: sqlx::Error) -> OpenError {
    let lock_not_available = source.as_database_error().is_some_and(|answer| answer.code().as_deref() == Some("55P03"));
    if lock_not_available { OpenError::Locked { name, source } } else { OpenError::Migration { name, source } }
}

/// The newest migration that was applied; 0 for an empty database.
pub(crate) async fn version(db: &mut PgConnection) -> Result<i64, sqlx::Error> {
    let known = db.fetch_one("SELECT to_regclass('schema_migrations') IS NOT NULL").await?;
    if !known.try_get::<bool, _>(0)? {
        return Ok(0);
    }
    db.fetch_one("SELECT coalesce(max(version), 0) FROM schema_migrations").await?.try_get(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_count_up_and_names_carry_them() {
        for (place, migration) in (1_i64..).zip(MIGRATIONS) {
            assert_eq!(migration.version, place);
            assert!(migration.name.starts_with(&format!("{place:04}_")), "{}", migration.name);
        }
    }
}
