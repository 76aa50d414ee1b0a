//! Where rows are kept: which database, and how it is used.

use super::Reader;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::time::Duration;
use veza_postgres::PostgresConfig;

/// Where rows are kept.
#[derive(Clone, Debug)]
pub enum Database {
    /// A server, shared by as many instances as you like.
    Postgres(PostgresConfig),
    /// A file.
    Sqlite(PathBuf),
    /// Nowhere.
    Memory,
}

impl Database {
    /// For a person; no password.
    #[must_use]
    pub fn place(&self) -> String {
        match self {
            Self::Postgres(config) => format!("Postgres, {}", config.place()),
            Self::Sqlite(path) => format!("SQLite, {}", path.display()),
            Self::Memory => "memory: nothing is kept".to_owned(),
        }
    }

    /// What the way to it leaves open, for a person.
    #[must_use]
    pub fn caveat(&self) -> Option<&'static str> {
        match self {
            Self::Postgres(config) => config.caveat(),
            Self::Sqlite(_) | Self::Memory => None,
        }
    }

    /// Is anything kept?
    #[must_use]
    pub fn keeps(&self) -> bool {
        !matches!(self, Self::Memory)
    }
}

pub(super) fn read(reader: &mut Reader, data_dir: &Path) -> Database {
    let postgres = postgres(reader);
    let Some(text) = reader.optional("DATABASE_URL") else { return Database::Sqlite(data_dir.join("veza.db")) };
    if let Some(path) = text.strip_prefix("sqlite://").or_else(|| text.strip_prefix("sqlite:")) {
        if path.is_empty() {
            reader.wrong("DATABASE_URL", "names no file: sqlite://path/to/veza.db");
        }
        return Database::Sqlite(PathBuf::from(path));
    }
    if text.starts_with("postgres://") || text.starts_with("postgresql://") {
        let config = PostgresConfig { url: SecretString::from(text), ..postgres };
        if let Err(error) = config.check() {
            reader.wrong("DATABASE_URL", error.to_string());
        }
        return Database::Postgres(config);
    }
    if text != "memory:" {
        // A URL of a database may hold its password: the value is not shown.
        reader.wrong("DATABASE_URL", "has to be postgres://user:password@host/database or sqlite://path");
    }
    Database::Memory
}

/// All but the URL; wrong values are named whichever database is used.
fn postgres(reader: &mut Reader) -> PostgresConfig {
    let above_zero = Duration::from_millis(1);
    PostgresConfig {
        pool_max: reader
            .parse_with("DATABASE_POOL_MAX", "1 to 10000", 1, |text| text.parse().ok().filter(|most| (1..=10_000).contains(most))),
        acquire_timeout: reader.duration("DATABASE_ACQUIRE_TIMEOUT", above_zero),
        statement_timeout: reader.duration("DATABASE_STATEMENT_TIMEOUT", above_zero),
        lock_timeout: reader.duration("DATABASE_LOCK_TIMEOUT", above_zero),
        ..PostgresConfig::new(SecretString::default())
    }
}
