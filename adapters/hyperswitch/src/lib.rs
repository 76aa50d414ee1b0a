//! Hyperswitch v1 over HTTP: creates payments and refunds, reads them and disputes back, checks and reads its webhooks.
//!
//! Basis is `contracts/hyperswitch.md`; comments name its sections. Invariants:
//! - what the provider may have done is never reported as not done ([`PspError::Unknown`](veza_ports::payments::PspError));
//! - the merchant-chosen id is the only protection against doing a thing twice (§6), so it always goes out, and a
//!   "duplicate" answer is read back, compared and adopted;
//! - keys and webhook bodies never reach a log, an error or a `Debug` output.

mod dispute;
mod http;
mod judge;
mod provider;
mod read;
mod webhook;
mod webhook_body;
mod wire;

pub use http::{Cut, Wire};

use http::Transport;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use webhook::Signatures;

/// How long a connection may take to open (spec/01-money §3).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where Hyperswitch is and what it knows us by.
#[derive(Clone, Debug)]
pub struct HyperswitchConfig {
    /// `https://api.hyperswitch.io`, or one's own; a path prefix is kept.
    pub base_url: String,
    /// The secret key, sent in the `api-key` header.
    pub api_key: SecretString,
    /// The profile's `payment_response_hash_key`, as text.
    pub webhook_secret: SecretString,
    /// Needed when the key's merchant has more than one profile.
    pub profile_id: Option<String>,
    /// For a whole call, from connecting to the last byte (`PROVIDER_TIMEOUT`).
    pub timeout: Duration,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL is not an absolute http or https URL, or carries credentials, a query or a fragment.
    #[error("the Hyperswitch base URL is not usable")]
    BaseUrl,
    /// The API key is empty, or no header can carry it.
    #[error("the Hyperswitch API key is not usable")]
    ApiKey,
    /// The webhook secret is empty: anybody could sign with it.
    #[error("the Hyperswitch webhook secret is empty")]
    WebhookSecret,
    /// The HTTP client can't be built.
    #[error("the HTTP client can't be built")]
    Client(#[source] reqwest::Error),
}

/// The adapter. Cheap to share behind an `Arc`; it keeps one connection pool.
pub struct Hyperswitch {
    http: Transport,
    profile_id: Option<String>,
    signatures: Signatures,
}

impl Hyperswitch {
    /// Sends nothing yet.
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: HyperswitchConfig) -> Result<Self, ConfigError> {
        let http = Transport::new(&config.base_url, &config.api_key, CONNECT_TIMEOUT, config.timeout)?;
        Self::with(http, config)
    }

    /// To a provider that `wire` reaches, and no network; time-outs are the wire's own.
    /// # Errors
    /// [`ConfigError`].
    pub fn over(wire: Arc<dyn Wire>, config: HyperswitchConfig) -> Result<Self, ConfigError> {
        let http = Transport::over(wire, &config.base_url, &config.api_key)?;
        Self::with(http, config)
    }

    fn with(http: Transport, config: HyperswitchConfig) -> Result<Self, ConfigError> {
        Ok(Self {
            http,
            profile_id: config.profile_id.filter(|id| !id.trim().is_empty()),
            signatures: Signatures::new(config.webhook_secret.expose_secret()).ok_or(ConfigError::WebhookSecret)?,
        })
    }
}

impl fmt::Debug for Hyperswitch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hyperswitch").field("http", &self.http).field("profile_id", &self.profile_id).finish_non_exhaustive()
    }
}
