//! The database that the settings name, open.

use super::StartError;
use crate::config::{Config, Database};
use std::path::Path;
use std::sync::Arc;
use veza_memory::MemoryStore;
use veza_ports::storage::Storage;
use veza_postgres::PostgresStore;
use veza_sqlite::{SqliteConfig, SqliteStore};

/// A store that has to be closed in a way of its own.
pub(super) enum Opened {
    Postgres(Arc<PostgresStore>),
    Sqlite(Arc<SqliteStore>),
    Memory(Arc<MemoryStore>),
}

impl Opened {
    pub(super) fn storage(&self) -> Arc<dyn Storage> {
        match self {
            Self::Postgres(store) => Arc::<PostgresStore>::clone(store),
            Self::Sqlite(store) => Arc::<SqliteStore>::clone(store),
            Self::Memory(store) => Arc::<MemoryStore>::clone(store),
        }
    }

    pub(super) async fn shutdown(self) {
        match self {
            Self::Postgres(store) => store.shutdown().await,
            Self::Sqlite(store) => {
                if let Err(error) = tokio::task::spawn_blocking(move || store.shutdown()).await {
                    tracing::error!(%error, "closing the database failed");
                }
            }
            Self::Memory(_) => {}
        }
    }
}

/// Opens it and brings its schema up to date; makes the folders that it and everything else need.
pub(super) async fn open(config: &Config) -> Result<Opened, StartError> {
    let failed = |error: veza_ports::BoxError| StartError::Database(error);
    let folder = |folder: &Path| make_folder(folder).map_err(|error| StartError::Data(folder.display().to_string(), error));
    if config.database.keeps() && !config.data_dir.as_os_str().is_empty() {
        folder(&config.data_dir)?;
    }
    Ok(match &config.database {
        Database::Postgres(settings) => {
            Opened::Postgres(Arc::new(PostgresStore::connect(settings.clone()).await.map_err(|error| failed(Box::new(error)))?))
        }
        Database::Sqlite(path) => {
            path.parent().filter(|parent| !parent.as_os_str().is_empty()).map_or(Ok(()), folder)?;
            let settings = SqliteConfig {
                max_page_count: config.sqlite_max_page_count,
                checkpoint_pages: config.sqlite_checkpoint_pages,
                ..SqliteConfig::new(path)
            };
            Opened::Sqlite(Arc::new(SqliteStore::open(settings).map_err(|error| failed(Box::new(error)))?))
        }
        Database::Memory => Opened::Memory(Arc::new(MemoryStore::new())),
    })
}

/// Of its owner only, where it is new: what people trust us with lies in it.
fn make_folder(folder: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder)
}
