//! Storage in Postgres: as many instances of Veza as you like on one database.
//!
//! A unit of work is one statement that is its own transaction (`commit`, `batch`): it locks what was decided on, in one order
//! everywhere, and writes only if all of it still stands. Each read is one statement, and so sees one state (`reads`, `record`).
//! Due work is claimed with `FOR UPDATE SKIP LOCKED` (`work`). The schema is `migrations/postgres`, which is also where an
//! on-call engineer should begin to read. Several commits share a flush to disk by the server's own doing.
//!
//! Behind PgBouncer the settings of `config` come as start-up options, which it has to be told to ignore
//! (`ignore_startup_parameters = options`); then the role has to have them (`open`).
//!
//! Invariants: those of [`veza_ports::storage`]; bound parameters only; no statement outside `batch`, `rows`, `reads`, `commit`,
//! `work`, `pool` and `migrations`.

mod audits;
mod batch;
mod commit;
mod config;
mod fault;
mod migrations;
mod open;
#[cfg(test)]
mod plans;
mod pool;
mod reads;
mod record;
mod rows;
mod shared;
mod statement;
mod work;

pub use config::PostgresConfig;
pub use migrations::newest_version;
pub use open::{Obstacle, OpenError};

use async_trait::async_trait;
use pool::Pool;
use record::Read;
use sqlx::{ConnectOptions, Connection};
use statement::Statement;
use std::fmt;
use veza_ports::storage::{Commit, CommitError, Committed, StoreError, UnitOfWork};

/// A database, open. Ends with [`PostgresStore::shutdown`]; dropped, its connections are closed without a word.
pub struct PostgresStore {
    pool: Pool,
    settings_lost: Vec<String>,
}

impl PostgresStore {
    /// Reaches the database and brings its schema up to date, waiting while another instance does so, and trying some times where a
    /// table is locked.
    /// # Errors
    /// [`OpenError`]; the database is as it was.
    pub async fn connect(config: PostgresConfig) -> Result<Self, OpenError> {
        let options = config.options()?;
        open::check_files(&options)?;
        let mut db = options.connect().await?;
        migrations::run(&mut db, config.lock_timeout).await?;
        let settings_lost = open::examine(&config, &options, &mut db).await?;
        db.close().await?;
        Ok(Self { pool: Pool::new(config, options), settings_lost })
    }

    /// The schema that a database is at, without changing anything: 0 for an empty one.
    /// # Errors
    /// [`OpenError`].
    pub async fn schema_version(config: &PostgresConfig) -> Result<i64, OpenError> {
        let options = config.options()?;
        open::check_files(&options)?;
        let mut db = options.connect().await?;
        let version = migrations::version(&mut db).await?;
        db.close().await?;
        Ok(version)
    }

    /// Settings of ours that don't hold at the server, as `name = 'value'`: a pooler has kept them to itself.
    #[must_use]
    pub fn settings_lost(&self) -> &[String] {
        &self.settings_lost
    }

    /// Lets nothing more in, waits for what is in, and closes all connections.
    pub async fn shutdown(&self) {
        self.pool.close().await;
    }

    /// Reads rows. A connection that turns out to be dead is replaced once: reading twice changes nothing.
    async fn read<T: Read>(&self, statement: impl Fn() -> Statement) -> Result<Vec<T>, StoreError> {
        let mut db = self.pool.lease().await?;
        let mut answer = db.run(statement()).await;
        if answer.as_ref().is_err_and(fault::ends_the_connection) {
            drop(db);
            answer = self.pool.fresh().await?.run(statement()).await;
        }
        answer.and_then(|rows| record::rows(&rows)).map_err(fault::of_read)
    }

    /// Reads the one row that there is, if there is one.
    async fn read_one<T: Read>(&self, statement: impl Fn() -> Statement) -> Result<Option<T>, StoreError> {
        Ok(self.read(statement).await?.into_iter().next())
    }
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("PostgresStore").finish_non_exhaustive()
    }
}

#[async_trait]
impl Commit for PostgresStore {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        commit::commit(&self.pool, &unit).await
    }
}
