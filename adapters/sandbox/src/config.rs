//! What a sandbox is started with.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::store::StoreError;

/// Settings of one sandbox. The defaults suit a test: memory only, a free port, every clock real.
#[derive(Debug, Clone)]
pub struct SandboxConfig {
    /// Where to listen; port 0 = any free one.
    pub bind_addr: SocketAddr,
    /// Hyperswitch secret key.
    pub api_key: String,
    /// Hyperswitch publishable key, for the browser.
    pub publishable_key: String,
    /// `payment_response_hash_key`: signs the webhooks (hyperswitch.md §8).
    pub webhook_secret: String,
    /// Stripe secret key.
    pub stripe_secret_key: String,
    /// Where Hyperswitch webhooks go. Without one no event is even recorded.
    pub webhook_url: Option<String>,
    /// SQLite file that survives the process; `None` = memory only.
    pub data_file: Option<PathBuf>,
    /// Start of all ids.
    pub seed: u64,
    /// How long captured money stays pending before transfers can use it (sandbox time).
    pub card_money_available_after: Duration,
    /// 1.0 = the real retry clock of webhooks; 0.001 makes a minute 60 ms.
    pub webhook_retry_scale: f64,
}

/// Settings as the running parts see them.
pub(crate) type Settings = SandboxConfig;

impl Default for SandboxConfig {
    fn default() -> Self {
        Self {
            bind_addr: SocketAddr::from(([127, 0, 0, 1], 0)),
            api_key: "snd_veza".to_owned(),
            publishable_key: "pk_snd_veza".to_owned(),
            webhook_secret: "sandbox_response_hash_key".to_owned(),
            stripe_secret_key: "sk_test_veza".to_owned(),
            webhook_url: None,
            data_file: None,
            seed: 1,
            card_money_available_after: Duration::ZERO,
            webhook_retry_scale: 1.0,
        }
    }
}

/// Why a sandbox did not start.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// The address is taken or not ours.
    #[error("cannot listen on {0}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// The data file cannot be opened or read.
    #[error("cannot use the data file")]
    Store(#[from] StoreError),
    /// The HTTP client for webhooks cannot be built.
    #[error("cannot build the webhook client")]
    Client(#[from] reqwest::Error),
}
