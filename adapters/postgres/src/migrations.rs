//! Brings the schema up to date: forward only, all or nothing, one instance at a time.
//!
//! Invariants: a migration that was released is never edited; a database from the future is refused, not guessed at.

use crate::open::OpenError;
use sqlx::{Connection, Executor, PgConnection, Row};

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

/// Whoever migrates holds this lock, named after what it guards; it ends with the transaction, so it works through a pooler too.
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

/// Applies what is missing. Several instances may do so at once: the others wait, and find nothing left to do.
pub(crate) async fn run(db: &mut PgConnection) -> Result<(), OpenError> {
    if version(db).await? != newest_version() {
        migrate(db).await?;
    }
    Ok(())
}

async fn migrate(db: &mut PgConnection) -> Result<(), OpenError> {
    let mut transaction = db.begin().await?;
    transaction.execute(sqlx::raw_sql(LOCK)).await?;
    let found = version(&mut transaction).await?;
    if found > newest_version() {
        return Err(OpenError::Newer { found, known: newest_version() });
    }
    if found == 0 {
        transaction.execute(TABLE).await?;
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        let failed = |source| OpenError::Migration { name: migration.name, source };
        transaction.execute(sqlx::raw_sql(migration.sql)).await.map_err(failed)?;
        let noted = sqlx::query("INSERT INTO schema_migrations (version, name) VALUES ($1, $2)");
        transaction.execute(noted.bind(migration.version).bind(migration.name)).await.map_err(failed)?;
        tracing::info!(version = migration.version, name = migration.name, "schema migrated");
    }
    transaction.commit().await?;
    Ok(())
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
