//! What a sandbox is started with.

use std::{net::SocketAddr, path::PathBuf, time::Duration};

use crate::{ids::Micros, store::StoreError};

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
    /// The distributor's key.
    pub distributor_api_key: String,
    /// How long a step of a release takes: one until it is processed, nine more until it is live, one from a takedown's wish to its end
    /// (sandbox time).
    pub release_step: Duration,
    /// Where Hyperswitch webhooks go. Without one no event is even recorded.
    pub webhook_url: Option<String>,
    /// Where Stripe's events of the platform go (`transfer.*`). Without one they are only listed.
    pub stripe_webhook_url: Option<String>,
    /// Signs them (stripe.md §9).
    pub stripe_webhook_secret: String,
    /// Where Stripe's events of connected accounts go (`account.*`, `payout.*`); may be the same address.
    pub stripe_connect_webhook_url: Option<String>,
    /// Signs those.
    pub stripe_connect_webhook_secret: String,
    /// Stripe's signatures carry the sandbox's time instead of the real one: for a receiver whose clock is moved along with it.
    pub stripe_signs_with_sandbox_clock: bool,
    /// Connected accounts that may pay out do so every midnight (UTC, sandbox time). Can be changed while it runs.
    pub daily_payouts: bool,
    /// The clock stands still at this moment, and only moves when it is told to; `None` = it begins now and runs.
    pub clock_stands_at: Option<Micros>,
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
            distributor_api_key: "dk_sandbox_veza".to_owned(),
            release_step: Duration::from_secs(60),
            webhook_url: None,
            stripe_webhook_url: None,
            stripe_webhook_secret: "whsec_sandbox_platform".to_owned(),
            stripe_connect_webhook_url: None,
            stripe_connect_webhook_secret: "whsec_sandbox_connect".to_owned(),
            stripe_signs_with_sandbox_clock: false,
            daily_payouts: false,
            clock_stands_at: None,
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
