//! Brings the schema up to date: forward only, all or nothing, under the write lock.
//!
//! Invariants: a migration that was released is never edited; a database from the future is refused, not guessed at.

use crate::config::OpenError;
use rusqlite::{Connection, TransactionBehavior, params};

/// One step of the schema.
struct Migration {
    version: i64,
    name: &'static str,
    sql: &'static str,
}

macro_rules! migrations {
    ($($version:literal $name:literal),+ $(,)?) => {
        [$(Migration { version: $version, name: $name, sql: include_str!(concat!("../../../migrations/sqlite/", $name, ".sql")) }),+]
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

/// The newest schema that this binary knows.
#[must_use]
pub fn newest_version() -> i64 {
    MIGRATIONS.iter().map(|migration| migration.version).max().unwrap_or(0)
}

/// Applies what is missing. Several processes may do so at once: the second finds nothing left to do.
pub(crate) fn run(db: &mut Connection) -> Result<(), OpenError> {
    if version(db)? == newest_version() {
        return Ok(());
    }
    let transaction = db.transaction_with_behavior(TransactionBehavior::Exclusive)?;
    transaction.execute_batch(
        "CREATE TABLE IF NOT EXISTS schema_migrations (
             version    INTEGER PRIMARY KEY,
             name       TEXT    NOT NULL,
             applied_at INTEGER NOT NULL DEFAULT (CAST(unixepoch('subsec') * 1000000 AS INTEGER))
         ) STRICT",
    )?;
    let found = version(&transaction)?;
    if found > newest_version() {
        return Err(OpenError::Newer { found, known: newest_version() });
    }
    for migration in MIGRATIONS.iter().filter(|migration| migration.version > found) {
        let failed = |source| OpenError::Migration { name: migration.name, source };
        transaction.execute_batch(migration.sql).map_err(failed)?;
        let noted = "INSERT INTO schema_migrations (version, name) VALUES (?1, ?2)";
        transaction.execute(noted, params![migration.version, migration.name]).map_err(failed)?;
        tracing::info!(version = migration.version, name = migration.name, "schema migrated");
    }
    transaction.commit()?;
    Ok(())
}

/// The newest migration that was applied; 0 for an empty file.
pub(crate) fn version(db: &Connection) -> rusqlite::Result<i64> {
    let known = "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'schema_migrations'";
    if db.query_row(known, [], |row| row.get::<_, i64>(0))? == 0 {
        return Ok(0);
    }
    db.query_row("SELECT coalesce(max(version), 0) FROM schema_migrations", [], |row| row.get(0))
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
