//! What is asked of a server before it is used, and why a store can't be opened, in words that say what to do.

use crate::config::{self, PostgresConfig};
use rustls::CertificateError;
use sqlx::postgres::{PgConnectOptions, PgRow};
use sqlx::{ConnectOptions, Connection, Error, PgConnection, Row};
use std::collections::HashMap;
use veza_ports::BoxError;

/// Why a store can't be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL is none of Postgres. The text shows nothing of it.
    #[error("the database's URL can't be used: {0}")]
    Url(String),
    /// The file that `sslrootcert` names.
    #[error("can't read {file}, which sslrootcert names")]
    RootCertificate {
        /// The file.
        file: String,
        /// Why.
        #[source]
        source: std::io::Error,
    },
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
        source: Error,
    },
    /// Somebody keeps a table that a migration changes, in every attempt; nothing of it was kept.
    #[error(
        "migration {name} gets no lock on a table, however often it tries: end what holds it (a pg_dump, a transaction that was left \
         open; pg_stat_activity shows it), and start again"
    )]
    Locked {
        /// Which.
        name: &'static str,
        /// What the last attempt met.
        #[source]
        source: Error,
    },
    /// Connections of ours get into each other's prepared statements, so that one could run what another has prepared.
    #[error(
        "the pooler mixes up prepared statements: use its session mode, or PgBouncer 1.21 or newer in transaction mode with \
         max_prepared_statements above 0"
    )]
    Pooler(#[source] Error),
    /// The server can't be reached, or does not let us in.
    #[error("the database {0}")]
    Unreachable(Obstacle, #[source] BoxError),
}

/// What is between us and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Obstacle {
    /// It does not answer, or the line broke.
    #[error("can't be reached")]
    Line,
    /// It answers, and says no.
    #[error("does not let us in")]
    Refusal,
    /// One of us does not speak TLS.
    #[error("and we can't agree on TLS")]
    Tls,
    /// Its certificate's CA is a stranger.
    #[error("has a certificate of a CA that is not trusted: name the file of that CA's root certificate in sslrootcert")]
    StrangerCa,
    /// Its certificate is another host's.
    #[error("has a certificate for another name: with sslmode=verify-full the host in the URL has to be the one it was issued for")]
    OtherName,
    /// Its certificate's time is over, or has not come.
    #[error("has a certificate that has expired or is not valid yet: renew it, or set this machine's clock")]
    Time,
    /// Something else about its certificate.
    #[error("has a certificate that can't be accepted")]
    Certificate,
}

impl From<Error> for OpenError {
    fn from(error: Error) -> Self {
        Self::Unreachable(obstacle(&error), Box::new(error))
    }
}

fn obstacle(error: &Error) -> Obstacle {
    match error {
        Error::Io(error) => match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(rustls::Error::InvalidCertificate(why)) => of_certificate(why),
            Some(_) => Obstacle::Tls,
            None => Obstacle::Line,
        },
        Error::Tls(_) => Obstacle::Tls,
        Error::Database(_) => Obstacle::Refusal,
        _ => Obstacle::Line,
    }
}

fn of_certificate(why: &CertificateError) -> Obstacle {
    match why {
        // The second: a CA of the same name with another key.
        CertificateError::UnknownIssuer | CertificateError::BadSignature => Obstacle::StrangerCa,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Obstacle::OtherName,
        CertificateError::Expired
        | CertificateError::ExpiredContext { .. }
        | CertificateError::NotValidYet
        | CertificateError::NotValidYetContext { .. } => Obstacle::Time,
        _ => Obstacle::Certificate,
    }
}

/// Asks a server what it holds of our settings, over two connections at once; returns what it does not, as assignments.
///
/// A pooler between us may give both the same session. The client library calls the first statement of every connection by the
/// same name: where the pooler does not keep them apart, the second finds the name taken.
pub(crate) async fn examine(
    config: &PostgresConfig,
    options: &PgConnectOptions,
    first: &mut PgConnection,
) -> Result<Vec<String>, OpenError> {
    let held = settings(first).await?;
    let mut second = options.connect().await?;
    settings(&mut second).await?;
    second.close().await?;
    if held.get("fsync").is_none_or(|fsync| fsync == "off") || held.get("synchronous_commit").is_none_or(|commit| commit == "off") {
        tracing::warn!("the server has fsync or synchronous_commit off: what it has committed may be lost in a crash");
    }
    let lost = config.settings().into_iter().filter(|(name, value)| held.get(*name) != Some(value));
    let lost: Vec<String> = lost.map(|(name, value)| format!("{name} = '{value}'")).collect();
    if !lost.is_empty() {
        let role = options.get_username();
        tracing::warn!(?lost, role, "a pooler keeps settings from the server: give them to the role (ALTER ROLE … SET …), one by one");
    }
    Ok(lost)
}

/// The server's settings that matter to us, by a prepared statement.
async fn settings(db: &mut PgConnection) -> Result<HashMap<String, String>, OpenError> {
    const SETTINGS: &str = "SELECT name, setting FROM pg_settings WHERE name IN ('default_transaction_isolation', \
         'default_transaction_read_only', 'statement_timeout', 'lock_timeout', 'idle_in_transaction_session_timeout', \
         'plan_cache_mode', 'jit', 'fsync', 'synchronous_commit')";
    let rows: Vec<PgRow> = sqlx::query(SETTINGS).fetch_all(db).await.map_err(|error| match error.as_database_error() {
        // The name is taken, or names nothing.
        Some(answer) if matches!(answer.code().as_deref(), Some("42P05" | "26000")) => OpenError::Pooler(error),
        _ => OpenError::from(error),
    })?;
    Ok(rows.iter().map(|row| Ok((row.try_get(0)?, row.try_get(1)?))).collect::<Result<_, Error>>()?)
}

/// A file that can't be read is said before anybody is called: the client library would blame the line.
pub(crate) fn check_files(options: &PgConnectOptions) -> Result<(), OpenError> {
    let Some(file) = config::root_file(options) else { return Ok(()) };
    std::fs::File::open(&file).map(|_| ()).map_err(|source| OpenError::RootCertificate { file, source })
}
