//! The distributor over HTTP: releases handed in, read and taken down, by the partner API that the sandbox provides.
//!
//! `POST /v1/releases` under `Idempotency-Key`, which is our id of the placement and the release's `external_id`;
//! `GET /v1/releases?external_id=…`, `GET /v1/releases/{id}`, `POST /v1/releases/{id}/takedown`. Invariants:
//! - a call is repeated by nobody but its caller, and nothing in it varies between attempts;
//! - an answer that proves nothing is [`DistributorError::Unknown`](veza_ports::distribution::DistributorError), never a refusal;
//! - the key never reaches a log, an error or a `Debug` output.

mod http;
mod provider;
mod wire;

use http::Transport;
use secrecy::SecretString;
use std::fmt;
use std::time::Duration;

/// Where the distributor is and what it knows us by.
#[derive(Clone, Debug)]
pub struct DistributorConfig {
    /// Paths under `/v1` are appended.
    pub base_url: String,
    /// Secret key.
    pub api_key: SecretString,
    /// For a whole call, from connecting to the last byte (`PROVIDER_TIMEOUT`).
    pub timeout: Duration,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL is not an absolute http or https URL, or carries credentials, a query or a fragment.
    #[error("the distributor's base URL is not usable")]
    BaseUrl,
    /// The key is empty, or no header can carry it.
    #[error("the distributor's key is not usable")]
    ApiKey,
    /// The HTTP client can't be built.
    #[error("the HTTP client can't be built")]
    Client(#[source] reqwest::Error),
}

/// The adapter. Cheap to share behind an `Arc`; it keeps one connection pool.
pub struct Distributor {
    http: Transport,
}

impl Distributor {
    /// Sends nothing yet.
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: DistributorConfig) -> Result<Self, ConfigError> {
        let DistributorConfig { base_url, api_key, timeout } = config;
        Ok(Self { http: Transport::new(&base_url, &api_key, timeout)? })
    }
}

impl fmt::Debug for Distributor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Distributor({:?})", self.http)
    }
}
