//! Who runs, and failed logins of addresses that have no account. Each statement is its own transaction, and saying the same
//! twice does no harm, so a line that breaks is made anew and the statement sent again.

use crate::PostgresStore;
use crate::record::{Read, Record};
use crate::statement::Statement;
use async_trait::async_trait;
use veza_domain::time::Timestamp;
use veza_ports::BoxError;
use veza_ports::storage::{AddressHash, FailedLogins, Instance, Instances, StoreError, UnknownLogins};

pub(crate) const RUNS: &str = "WITH noted AS (INSERT INTO instances AS i (address, serves, started_at, seen_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (address) DO UPDATE SET serves = excluded.serves, started_at = excluded.started_at, seen_at = excluded.seen_at) \
     SELECT ROW(address, serves, started_at, seen_at) FROM instances WHERE seen_at >= $5 AND address <> $1 ORDER BY address";
const ENDED: &str = "DELETE FROM instances WHERE address = $1";
pub(crate) const FAILED: &str = "INSERT INTO unknown_logins AS u (address, failures, last_at) VALUES ($1, 1, $2) \
     ON CONFLICT (address) DO UPDATE SET failures = u.failures + 1, last_at = greatest(u.last_at, excluded.last_at)";
pub(crate) const FAILURES: &str = "SELECT ROW(failures, last_at) FROM unknown_logins WHERE address = $1";

#[async_trait]
impl Instances for PostgresStore {
    async fn instance_runs(&self, instance: &Instance, since: Timestamp) -> Result<Vec<Instance>, StoreError> {
        let Instance { address, serves, started_at, seen_at } = instance;
        self.read(|| Statement::new(RUNS).with(address.as_str()).with(*serves).with(*started_at).with(*seen_at).with(since)).await
    }

    async fn instance_ended(&self, address: &str) -> Result<(), StoreError> {
        self.read::<Nothing>(|| Statement::new(ENDED).with(address)).await.map(drop)
    }
}

#[async_trait]
impl UnknownLogins for PostgresStore {
    async fn unknown_logins(&self, address: AddressHash) -> Result<Option<FailedLogins>, StoreError> {
        self.read_one(|| Statement::new(FAILURES).with(address.0)).await
    }

    async fn unknown_login_failed(&self, address: AddressHash, at: Timestamp) -> Result<(), StoreError> {
        self.read::<Nothing>(|| Statement::new(FAILED).with(address.0).with(at)).await.map(drop)
    }
}

/// Of a statement that gives no rows.
struct Nothing;

impl Read for Nothing {
    const WHAT: &'static str = "nothing";

    fn read(_: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self)
    }
}

impl Read for Instance {
    const WHAT: &'static str = "instances";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { address: row.get()?, serves: row.get()?, started_at: row.time()?, seen_at: row.time()? })
    }
}

impl Read for FailedLogins {
    const WHAT: &'static str = "unknown_logins";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { count: row.number()?, last_at: row.time()? })
    }
}
