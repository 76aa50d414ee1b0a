//! Why a store can't be opened, in words that say what to do.

use crate::config;
use rustls::CertificateError;
use sqlx::Error;
use sqlx::postgres::PgConnectOptions;
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

/// A file that can't be read is said before anybody is called: the client library would blame the line.
pub(crate) fn check_files(options: &PgConnectOptions) -> Result<(), OpenError> {
    let Some(file) = config::root_file(options) else { return Ok(()) };
    std::fs::File::open(&file).map(|_| ()).map_err(|source| OpenError::RootCertificate { file, source })
}
