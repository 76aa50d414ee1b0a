//! Who runs, and failed logins of addresses that have no account.

use crate::SqliteStore;
use crate::fault::of_read;
use crate::rows::execute;
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Row, params};
use veza_domain::time::Timestamp;
use veza_ports::storage::{AddressHash, FailedLogins, Instance, Instances, StoreError, UnknownLogins};

pub(crate) const RUNS: &str = "INSERT INTO instances (address, serves, started_at, seen_at) VALUES (?1, ?2, ?3, ?4) \
     ON CONFLICT (address) DO UPDATE SET serves = excluded.serves, started_at = excluded.started_at, seen_at = excluded.seen_at";
pub(crate) const OTHERS: &str =
    "SELECT address, serves, started_at, seen_at FROM instances WHERE seen_at >= ?1 AND address <> ?2 ORDER BY address";
const ENDED: &str = "DELETE FROM instances WHERE address = ?1";
pub(crate) const FAILED: &str = "INSERT INTO unknown_logins (address, failures, last_at) VALUES (?1, 1, ?2) \
     ON CONFLICT (address) DO UPDATE SET failures = failures + 1, last_at = max(last_at, excluded.last_at)";
pub(crate) const FAILURES: &str = "SELECT failures, last_at FROM unknown_logins WHERE address = ?1";

fn others(db: &Connection, since: Timestamp, address: &str) -> rusqlite::Result<Vec<Instance>> {
    let read = |row: &Row<'_>| {
        Ok(Instance { address: row.get(0)?, serves: row.get(1)?, started_at: Timestamp(row.get(2)?), seen_at: Timestamp(row.get(3)?) })
    };
    db.prepare_cached(OTHERS)?.query_map(params![since.0, address], read)?.collect()
}

#[async_trait]
impl Instances for SqliteStore {
    async fn instance_runs(&self, instance: &Instance, since: Timestamp) -> Result<Vec<Instance>, StoreError> {
        let instance = instance.clone();
        let runs = move |db: &Connection| {
            let Instance { address, serves, started_at, seen_at } = &instance;
            execute(db, RUNS, params![address, serves, started_at.0, seen_at.0])?;
            others(db, since, address)
        };
        self.writer.task(move |db| runs(db).map_err(of_read)).await
    }

    async fn instance_ended(&self, address: &str) -> Result<(), StoreError> {
        let address = address.to_owned();
        self.writer.task(move |db| execute(db, ENDED, [&address]).map(drop).map_err(of_read)).await
    }
}

#[async_trait]
impl UnknownLogins for SqliteStore {
    async fn unknown_logins(&self, address: AddressHash) -> Result<Option<FailedLogins>, StoreError> {
        let read = |row: &Row<'_>| Ok(FailedLogins { count: row.get(0)?, last_at: Timestamp(row.get(1)?) });
        self.readers.read(move |db| db.prepare_cached(FAILURES)?.query_row([address.0], read).optional()).await
    }

    async fn unknown_login_failed(&self, address: AddressHash, at: Timestamp) -> Result<(), StoreError> {
        self.writer.task(move |db| execute(db, FAILED, params![address.0, at.0]).map(drop).map_err(of_read)).await
    }
}
