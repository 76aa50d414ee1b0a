//! Connections: a bounded number of them, made when they are needed and used again.
//!
//! Why not sqlx's pool: it asks each connection after every use whether it is well, which is a round trip per commit and read.
//! Here only one that was idle for a while is asked, before it is used.
//!
//! Invariants: never more than `pool_max` connections; a connection goes back only when nothing is under way on it: one whose
//! user was cancelled, whose transaction is open or that has failed is closed. A server that went away is tried anew by
//! everybody who comes, and nothing has to be told that it is back.

use crate::config::PostgresConfig;
use crate::statement::Statement;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Connection, Executor, PgConnection};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Beyond the server's own limit for a statement, its answer may take so long to arrive.
const ANSWER_GRACE: Duration = Duration::from_secs(3);
/// Longest answer to whether a connection is still there.
const PING_MAX: Duration = Duration::from_secs(2);

/// Why there is no connection.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoConnection {
    #[error("all connections stay busy")]
    Busy,
    #[error("the store is shut down")]
    Closed,
    #[error("the database can't be reached")]
    Unreachable(#[source] sqlx::Error),
    #[error("the database does not answer")]
    Silent,
}

struct Idle {
    db: PgConnection,
    made: Instant,
    since: Instant,
}

struct Shared {
    options: PgConnectOptions,
    config: PostgresConfig,
    permits: Arc<Semaphore>,
    idle: Mutex<Vec<Idle>>,
}

/// The connections.
#[derive(Clone)]
pub(crate) struct Pool(Arc<Shared>);

impl Pool {
    pub(crate) fn new(config: PostgresConfig, options: PgConnectOptions) -> Self {
        let most = usize::try_from(config.pool_max.max(1)).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let permits = Arc::new(Semaphore::new(most));
        Self(Arc::new(Shared { options, config, permits, idle: Mutex::default() }))
    }

    /// A connection: the one that was used last, else a new one.
    pub(crate) async fn lease(&self) -> Result<Lease, NoConnection> {
        self.take(false).await
    }

    /// A new connection, for who has just seen one die.
    pub(crate) async fn fresh(&self) -> Result<Lease, NoConnection> {
        self.take(true).await
    }

    async fn take(&self, fresh: bool) -> Result<Lease, NoConnection> {
        let deadline = tokio::time::Instant::now() + self.0.config.acquire_timeout;
        let permit = tokio::time::timeout_at(deadline, Arc::clone(&self.0.permits).acquire_owned()).await;
        let permit = permit.map_err(|_| NoConnection::Busy)?.map_err(|_| NoConnection::Closed)?;
        while let Some(idle) = self.pop().filter(|_| !fresh) {
            if let Some(idle) = self.usable(idle, deadline).await {
                return Ok(self.leased(idle.db, idle.made, permit));
            }
        }
        let made = tokio::time::timeout_at(deadline, self.0.options.connect()).await;
        let db = made.map_err(|_| NoConnection::Silent)?.map_err(NoConnection::Unreachable)?;
        Ok(self.leased(db, Instant::now(), permit))
    }

    fn leased(&self, db: PgConnection, made: Instant, permit: OwnedSemaphorePermit) -> Lease {
        Lease { db: Some(db), made, busy: false, over: false, open: false, pool: self.clone(), _permit: permit }
    }

    fn pop(&self) -> Option<Idle> {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    async fn usable(&self, mut idle: Idle, deadline: tokio::time::Instant) -> Option<Idle> {
        let config = &self.0.config;
        if idle.made.elapsed() > config.lifetime_max {
            return None;
        }
        if idle.since.elapsed() > config.check_after {
            // Half of the time that is left stays for a new one.
            let left = deadline.saturating_duration_since(tokio::time::Instant::now());
            let Ok(answered) = tokio::time::timeout(PING_MAX.min(left / 2), idle.db.ping()).await else {
                self.forget_idle(idle.since);
                return None;
            };
            return answered.is_ok().then_some(idle);
        }
        Some(idle)
    }

    /// Closes those that were idle for longer than one that has just turned out to be silent, without a word: asking one after the
    /// other would use up everybody's time.
    fn forget_idle(&self, since: Instant) {
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner).retain(|idle| idle.since > since);
    }

    /// Lets nobody in any more, waits until those who are in have left (at most the longest statement), and says good-bye to
    /// the server.
    pub(crate) async fn close(&self) {
        let everybody = self.0.permits.acquire_many(u32::max(1, self.0.config.pool_max));
        let left = tokio::time::timeout(self.0.config.statement_timeout, everybody).await;
        self.0.permits.close();
        drop(left);
        while let Some(idle) = self.pop() {
            // Who does not hear it will see that we are gone.
            drop(tokio::time::timeout(PING_MAX, idle.db.close()).await);
        }
    }
}

/// A connection in somebody's hands; goes back to the others when dropped, if it is in order.
pub(crate) struct Lease {
    db: Option<PgConnection>,
    made: Instant,
    /// Something is under way.
    busy: bool,
    /// It is of no more use, whatever it answers after that.
    over: bool,
    /// In a transaction.
    open: bool,
    pool: Pool,
    _permit: OwnedSemaphorePermit,
}

/// The answer did not come in time.
#[derive(Debug, thiserror::Error)]
#[error("the database does not answer")]
struct Silent;

impl Lease {
    /// Runs a statement to its very end and returns its rows: one round trip, once the connection knows its text.
    ///
    /// All of the answer is read, for a statement that is its own transaction is committed after its last row: the first row
    /// alone (`fetch_one`) is no proof of anything.
    pub(crate) async fn run(&mut self, statement: Statement) -> Result<Vec<PgRow>, sqlx::Error> {
        let (sql, arguments) = statement.into_parts()?;
        self.under_way(async |db| db.fetch_all(sqlx::query_with(sqlx::AssertSqlSafe(sql), arguments)).await).await
    }

    /// Opens a transaction.
    pub(crate) async fn begin(&mut self) -> Result<(), sqlx::Error> {
        self.open = true;
        self.command("BEGIN").await
    }

    /// Ends the transaction, well. An error is that of `COMMIT` itself.
    pub(crate) async fn commit(&mut self) -> Result<(), sqlx::Error> {
        self.command("COMMIT").await?;
        self.open = false;
        Ok(())
    }

    /// Ends the transaction; where that fails the connection is closed, which does the same.
    pub(crate) async fn roll_back(mut self) {
        self.open = self.command("ROLLBACK").await.is_err();
    }

    async fn command(&mut self, sql: &'static str) -> Result<(), sqlx::Error> {
        self.under_way(async |db| db.execute(sqlx::raw_sql(sql)).await.map(|_| ())).await
    }

    /// While it runs the connection is marked as busy, so that one whose user is cancelled half way is not used again.
    async fn under_way<T>(&mut self, work: impl AsyncFnOnce(&mut PgConnection) -> Result<T, sqlx::Error>) -> Result<T, sqlx::Error> {
        let longest = self.pool.0.config.statement_timeout + ANSWER_GRACE;
        let Some(db) = &mut self.db else { return Err(sqlx::Error::PoolClosed) };
        self.busy = true;
        let answer = tokio::time::timeout(longest, work(db)).await;
        let answer = answer.unwrap_or_else(|_| Err(sqlx::Error::Io(std::io::Error::new(std::io::ErrorKind::TimedOut, Silent))));
        self.busy = false;
        self.over |= answer.as_ref().is_err_and(crate::fault::ends_the_connection);
        answer
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if let Some(db) = self.db.take().filter(|_| !self.busy && !self.over && !self.open && !self.pool.0.permits.is_closed()) {
            let idle = Idle { db, made: self.made, since: Instant::now() };
            self.pool.0.idle.lock().unwrap_or_else(PoisonError::into_inner).push(idle);
        }
    }
}
