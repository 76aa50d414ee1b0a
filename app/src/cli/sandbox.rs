//! `veza sandbox`: the providers in a box alone, for integration tests of others too.

use super::serve::stop_signal;
use super::{Bind, failed, say};
use crate::config::{LogFormat, LogSettings};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;
use veza_sandbox::{Sandbox, SandboxConfig};

/// Arguments of `veza sandbox`.
#[derive(Debug, clap::Args)]
pub(super) struct SandboxArguments {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, default_value = "127.0.0.1:8081")]
    bind: Bind,
    /// Where webhooks go.
    #[arg(long, default_value = "http://127.0.0.1:8080/webhooks/hyperswitch")]
    webhook_url: String,
    /// Where Stripe's events of the platform go (`transfer.*`).
    #[arg(long, default_value = "http://127.0.0.1:8080/webhooks/stripe")]
    stripe_webhook_url: String,
    /// Where Stripe's events of connected accounts go (`account.*`, `payout.*`).
    #[arg(long, default_value = "http://127.0.0.1:8080/webhooks/stripe")]
    stripe_connect_webhook_url: String,
    /// File that keeps the sandbox's books; without one they are gone at the end.
    #[arg(long)]
    data_file: Option<PathBuf>,
    /// Start of all ids.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// How long captured money stays pending (30s, 5m, 1h).
    #[arg(long, default_value = "0s", value_parser = humantime::parse_duration)]
    card_money_delay: Duration,
    /// Pace of the webhooks' retry clock: 1 is real, 0.001 makes a minute 60 ms.
    #[arg(long, default_value_t = 1.0)]
    webhook_retry_scale: f64,
}

/// Runs it until told to stop.
pub(super) async fn run(arguments: SandboxArguments) -> ExitCode {
    crate::logging::init(&LogSettings { format: LogFormat::Text, level: "info".to_owned() });
    let config = SandboxConfig {
        bind_addr: arguments.bind,
        webhook_url: Some(arguments.webhook_url),
        stripe_webhook_url: Some(arguments.stripe_webhook_url),
        stripe_connect_webhook_url: Some(arguments.stripe_connect_webhook_url),
        data_file: arguments.data_file,
        seed: arguments.seed,
        card_money_available_after: arguments.card_money_delay,
        webhook_retry_scale: arguments.webhook_retry_scale,
        ..SandboxConfig::default()
    };
    let keys = config.clone();
    let sandbox = match Sandbox::start(config).await {
        Ok(sandbox) => sandbox,
        Err(error) => return failed("the sandbox does not start", &error),
    };
    say(&format!(
        "HYPERSWITCH_ENABLED=true\nHYPERSWITCH_URL={url}\nHYPERSWITCH_API_KEY={}\nHYPERSWITCH_WEBHOOK_SECRET={}\n\
         STRIPE_CONNECT_ENABLED=true\nSTRIPE_API_URL={url}\nSTRIPE_SECRET_KEY={}\nSTRIPE_WEBHOOK_SECRET={}\nSTRIPE_CONNECT_WEBHOOK_SECRET={}\n\
         DISTRIBUTION_ENABLED=true\nDISTRIBUTION_URL={url}/distributor\nDISTRIBUTION_API_KEY={}\n# control: {url}/control",
        keys.api_key,
        keys.webhook_secret,
        keys.stripe_secret_key,
        keys.stripe_webhook_secret,
        keys.stripe_connect_webhook_secret,
        keys.distributor_api_key,
        url = sandbox.base_url(),
    ));
    stop_signal().await;
    sandbox.stop().await;
    ExitCode::SUCCESS
}
