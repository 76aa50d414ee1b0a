//! The secret that signs access tokens: as set, or made at first start and kept.

use super::StartError;
use crate::config::Config;
use secrecy::SecretString;
use std::io::{ErrorKind, Write};
use std::path::Path;
use veza_ports::clock::IdSource;

/// Its file in the data folder.
const FILE: &str = "jwt_secret";

/// `JWT_SECRET`; else the one in the data folder, made at first start; else, with nothing kept at all, a new one.
pub(super) fn jwt_secret(config: &Config, ids: &dyn IdSource) -> Result<SecretString, StartError> {
    if let Some(secret) = &config.jwt_secret {
        return Ok(secret.clone());
    }
    let made = hex::encode(ids.secret().0);
    if !config.database.keeps() {
        return Ok(SecretString::from(made));
    }
    let path = config.data_dir.join(FILE);
    let wrong = |error| StartError::Data(path.display().to_string(), error);
    match std::fs::read_to_string(&path) {
        Ok(kept) if kept.trim().len() >= made.len() => Ok(SecretString::from(kept.trim().to_owned())),
        Ok(_) => Err(wrong(std::io::Error::new(ErrorKind::InvalidData, "the secret in this file is too short"))),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            keep(&path, &made).map_err(wrong)?;
            Ok(SecretString::from(made))
        }
        Err(error) => Err(wrong(error)),
    }
}

/// Readable by its owner only, and never over another process's.
fn keep(path: &Path, secret: &str) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(secret.as_bytes())?;
    file.sync_all()
}
