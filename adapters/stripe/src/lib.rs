//! Stripe Connect over HTTP: accounts, transfers, reversals, payouts, the look-ups that recovery needs, and its webhooks.
//!
//! Basis is `contracts/stripe.md`; comments name its sections. Invariants:
//! - a call is repeated by nobody but its caller: the key, its generation and the pauses are stored with the row;
//! - what varies between attempts is in no parameter (§5), `amount` is in every one that takes it (§3);
//! - an answer that proves nothing is [`TransferError::Unknown`](veza_ports::transfers::TransferError), never a refusal;
//! - the secret keys and onboarding links never reach a log, an error or a `Debug` output.

#[cfg(feature = "fuzzing")]
pub mod fuzzing;
mod http;
mod judge;
mod lists;
mod lookups;
mod service;
mod webhook;
mod wire;

pub use http::{Cut, Wire};
pub use webhook::StripeWebhooks;

use http::Transport;
use secrecy::SecretString;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// How long a connection may take to open (spec/01-money §3).
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// Where Stripe is and what it knows us by.
#[derive(Clone, Debug)]
pub struct StripeConfig {
    /// `https://api.stripe.com`, or a simulator; paths under `/v1` are appended.
    pub base_url: String,
    /// `sk_…`; decides between live and test.
    pub secret_key: SecretString,
    /// For a whole call, from connecting to the last byte (`PROVIDER_TIMEOUT`).
    pub timeout: Duration,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The base URL is not an absolute http or https URL, or carries credentials, a query or a fragment.
    #[error("the Stripe base URL is not usable")]
    BaseUrl,
    /// The secret key is empty, or no header can carry it.
    #[error("the Stripe secret key is not usable")]
    SecretKey,
    /// There is no webhook secret, or one is empty: anybody could sign with it.
    #[error("the Stripe webhook secrets are not usable")]
    WebhookSecret,
    /// The HTTP client can't be built.
    #[error("the HTTP client can't be built")]
    Client(#[source] reqwest::Error),
}

/// The adapter. Cheap to share behind an `Arc`; it keeps one connection pool.
pub struct Stripe {
    http: Transport,
}

impl Stripe {
    /// Sends nothing yet.
    /// # Errors
    /// [`ConfigError`].
    pub fn new(config: StripeConfig) -> Result<Self, ConfigError> {
        let StripeConfig { base_url, secret_key, timeout } = config;
        Ok(Self { http: Transport::new(&base_url, &secret_key, CONNECT_TIMEOUT, timeout)? })
    }

    /// To a provider that `wire` reaches, and no network; time-outs are the wire's own.
    /// # Errors
    /// [`ConfigError`].
    pub fn over(wire: Arc<dyn Wire>, config: &StripeConfig) -> Result<Self, ConfigError> {
        Ok(Self { http: Transport::over(wire, &config.base_url, &config.secret_key)? })
    }
}

impl fmt::Debug for Stripe {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stripe({:?})", self.http)
    }
}
