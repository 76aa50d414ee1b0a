//! How a store is opened, and what can go wrong with that.

use secrecy::{ExposeSecret, SecretString};
use sqlx::ConnectOptions;
use sqlx::postgres::PgConnectOptions;
use std::fmt::Display;
use std::time::Duration;
use veza_ports::BoxError;

/// How a store is opened. [`PostgresConfig::new`] has sensible values for all but the URL.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`. `sslmode` is libpq's: `disable`, `prefer` (what
    /// holds without one), `require`, `verify-ca`, `verify-full`.
    pub url: SecretString,
    /// Most connections at a time; who comes when all are busy waits.
    pub pool_max: u32,
    /// Longest wait for a connection, a new one's handshake included.
    pub acquire_timeout: Duration,
    /// Longest statement, as the server measures it.
    pub statement_timeout: Duration,
    /// Longest wait of a statement for a row that another transaction has.
    pub lock_timeout: Duration,
    /// A connection that was unused for so long is asked whether it is still there before it is used.
    pub check_after: Duration,
    /// A connection is given up at this age, so that a pooler or a new primary gets its share.
    pub lifetime_max: Duration,
    /// As `pg_stat_activity` shows it.
    pub application_name: String,
}

impl PostgresConfig {
    /// The database at `url`, everything else as usual.
    #[must_use]
    pub fn new(url: SecretString) -> Self {
        Self {
            url,
            pool_max: 10,
            acquire_timeout: Duration::from_secs(5),
            statement_timeout: Duration::from_secs(30),
            lock_timeout: Duration::from_secs(5),
            check_after: Duration::from_secs(1),
            lifetime_max: Duration::from_secs(30 * 60),
            application_name: "veza".to_owned(),
        }
    }

    /// Is the URL one that can be used?
    /// # Errors
    /// [`OpenError::Url`].
    pub fn check(&self) -> Result<(), OpenError> {
        self.options().map(|_| ())
    }

    /// Host, port and database, for a person.
    #[must_use]
    pub fn place(&self) -> String {
        let place = |options: PgConnectOptions| {
            format!("{}:{}/{}", options.get_host(), options.get_port(), options.get_database().unwrap_or_else(|| options.get_username()))
        };
        self.options().map_or_else(|_| "?".to_owned(), place)
    }

    /// What each connection is told at its start.
    ///
    /// The isolation is ours to say, whatever the server's default is. Every statement of ours is used again and again and finds
    /// its rows by an index, so it is planned once (`plan_cache_mode`), and compiling it would take longer than running it.
    pub(crate) fn options(&self) -> Result<PgConnectOptions, OpenError> {
        let options: PgConnectOptions = self.url.expose_secret().parse().map_err(|error: sqlx::Error| OpenError::Url(error.to_string()))?;
        let settings: [(&str, &dyn Display); 7] = [
            ("default_transaction_isolation", &"read committed"),
            ("default_transaction_read_only", &"off"),
            ("statement_timeout", &self.statement_timeout.as_millis()),
            ("lock_timeout", &self.lock_timeout.as_millis()),
            ("idle_in_transaction_session_timeout", &self.statement_timeout.as_millis()),
            ("plan_cache_mode", &"force_generic_plan"),
            ("jit", &"off"),
        ];
        Ok(options
            .application_name(&self.application_name)
            .statement_cache_capacity(STATEMENTS)
            .options(settings)
            .disable_statement_logging())
    }
}

/// Statements that a connection keeps prepared: more than there are shapes of units and reads.
const STATEMENTS: usize = 500;

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none of Postgres. The text shows nothing of it.
    #[error("the database's URL can't be used: {0}")]
    Url(String),
    /// The database was written by a newer version of Veza.
    #[error("the database is at schema {found}, this binary knows up to {known}")]
    Newer {
        /// The database's version.
        found: i64,
        /// The newest version that we know.
        known: i64,
    },
    /// A migration failed; nothing of it was kept.
    #[error("migration {name} failed")]
    Migration {
        /// Which.
        name: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The server can't be reached, or does not let us in.
    #[error("the database can't be reached")]
    Unreachable(#[source] BoxError),
}

impl From<sqlx::Error> for OpenError {
    fn from(error: sqlx::Error) -> Self {
        Self::Unreachable(Box::new(error))
    }
}
