//! How a store is opened.

use crate::open::OpenError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::ConnectOptions;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use std::net::IpAddr;
use std::time::Duration;

/// How a store is opened. [`PostgresConfig::new`] has sensible values for all but the URL.
#[derive(Clone, Debug)]
pub struct PostgresConfig {
    /// `postgres://user:password@host:port/database?sslmode=…&sslrootcert=…`. `sslmode` is one of libpq's: `disable`, `prefer`
    /// (what holds without one), `require` (as `verify-ca` where there is a `sslrootcert`), `verify-ca`, `verify-full`. A
    /// `sslrootcert` is trusted beside the public CAs, not instead of them, so `verify-full` alone proves whose server it is.
    pub url: SecretString,
    /// Most connections at a time; who comes when all are busy waits.
    pub pool_max: u32,
    /// Longest wait for a connection, a new one's handshake included.
    pub acquire_timeout: Duration,
    /// Longest statement, as the server measures it.
    pub statement_timeout: Duration,
    /// Longest wait of a statement for a row, or of a migration for a table, that another transaction has.
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

    /// What the way to the server leaves open, for a person; nothing, where the server has to prove who it is or is on this
    /// machine.
    #[must_use]
    pub fn caveat(&self) -> Option<&'static str> {
        let options = self.options().ok()?;
        let host = options.get_host().trim_matches(['[', ']']);
        let here = host.eq_ignore_ascii_case("localhost") || host.parse::<IpAddr>().is_ok_and(|ip| ip.is_loopback());
        if here || options.get_socket().is_some() {
            return None;
        }
        match options.get_ssl_mode() {
            PgSslMode::Disable | PgSslMode::Allow => Some("sslmode=disable: the password and all rows cross the network in the clear"),
            PgSslMode::Prefer => Some("sslmode=prefer: encrypted only if whoever answers wants it; use verify-full"),
            PgSslMode::Require => Some("sslmode=require: encrypted, and whoever answers is believed; use verify-full"),
            PgSslMode::VerifyCa => Some("sslmode=verify-ca: any server with a certificate of a trusted CA is believed; use verify-full"),
            PgSslMode::VerifyFull => None,
        }
    }

    /// What holds on each connection, as `pg_settings` spells it.
    ///
    /// The isolation is ours to say, whatever the server's default is. Every statement of ours is used again and again and finds
    /// its rows by an index, so it is planned once (`plan_cache_mode`), and compiling it would take longer than running it.
    pub(crate) fn settings(&self) -> [(&'static str, String); 7] {
        let ms = |time: Duration| time.as_millis().to_string();
        [
            ("default_transaction_isolation", "read committed".to_owned()),
            ("default_transaction_read_only", "off".to_owned()),
            ("statement_timeout", ms(self.statement_timeout)),
            ("lock_timeout", ms(self.lock_timeout)),
            ("idle_in_transaction_session_timeout", ms(self.statement_timeout)),
            ("plan_cache_mode", "force_generic_plan".to_owned()),
            ("jit", "off".to_owned()),
        ]
    }

    /// How a connection is made; it is told the settings at its start.
    pub(crate) fn options(&self) -> Result<PgConnectOptions, OpenError> {
        let mut options: PgConnectOptions =
            self.url.expose_secret().parse().map_err(|error: sqlx::Error| OpenError::Url(error.to_string()))?;
        match options.get_ssl_mode() {
            // The client library would not even try TLS.
            PgSslMode::Allow => return Err(OpenError::Url("sslmode=allow is not supported; prefer asks for TLS first".to_owned())),
            // It would check nothing, where libpq checks what it is given.
            PgSslMode::Require if root_certificate(&options).is_some() => options = options.ssl_mode(PgSslMode::VerifyCa),
            _ => {}
        }
        Ok(options
            .application_name(&self.application_name)
            .statement_cache_capacity(STATEMENTS)
            // We read no floats, and poolers stumble over it.
            .extra_float_digits(None)
            .options(self.settings())
            .disable_statement_logging())
    }
}

/// The root certificate that the URL names: `file: …`, or `pem: …` where it holds the certificate itself.
fn root_certificate(options: &PgConnectOptions) -> Option<String> {
    options.to_url_lossy().query_pairs().find(|(name, _)| name == "sslrootcert").map(|(_, root)| root.into_owned())
}

/// The file of the root certificate, where it is one.
pub(crate) fn root_file(options: &PgConnectOptions) -> Option<String> {
    Some(root_certificate(options)?.strip_prefix("file: ")?.to_owned())
}

/// Statements that a connection keeps prepared: more than there are shapes of units and reads.
const STATEMENTS: usize = 500;
