//! Settings: from the environment, optionally a TOML file, checked as a whole before anything starts.
//!
//! Invariant: what is wrong is named all at once, and no message shows a secret.

mod database;
mod network;
mod production;
mod reader;
pub mod variables;

pub use database::Database;
pub use network::Network;
pub use reader::{Problem, Reader};

use crate::usecases::distribution::DistributionSettings;
use crate::usecases::reconcile::ReconcileSettings;
use secrecy::SecretString;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;
use url::Url;
use veza_domain::backoff::RetryPolicy;
use veza_domain::money::BasisPoints;
use veza_domain::subscription::{BillingPolicy, Dunning};

/// Where it runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Environment {
    /// On somebody's own machine.
    Development,
    /// For real.
    Production,
}

/// Hyperswitch.
#[derive(Clone, Debug)]
pub struct HyperswitchSettings {
    /// Its address.
    pub url: String,
    /// Secret key.
    pub api_key: SecretString,
    /// Signs webhooks.
    pub webhook_secret: SecretString,
    /// Profile.
    pub profile_id: Option<String>,
    /// For the browser.
    pub publishable_key: Option<String>,
}

/// Stripe Connect.
#[derive(Clone, Debug)]
pub struct StripeSettings {
    /// Its address.
    pub url: String,
    /// Secret key.
    pub secret_key: SecretString,
    /// Signs the platform's webhooks.
    pub webhook_secret: Option<SecretString>,
    /// Signs the connected accounts' webhooks.
    pub connect_webhook_secret: Option<SecretString>,
}

/// The distributor.
#[derive(Clone, Debug)]
pub struct DistributorSettings {
    /// Its address.
    pub url: String,
    /// Secret key.
    pub api_key: SecretString,
}

/// The sandbox.
#[derive(Clone, Copy, Debug)]
pub struct SandboxSettings {
    /// Where it listens.
    pub bind_addr: SocketAddr,
    /// How long captured money stays pending.
    pub card_money_delay: Duration,
}

/// One retry worker.
#[derive(Clone, Copy, Debug)]
pub struct RetrySettings {
    /// Does it run?
    pub enabled: bool,
    /// How often it looks.
    pub interval: Duration,
    /// When it tries again.
    pub policy: RetryPolicy,
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// Log lines.
#[derive(Clone, Debug)]
pub struct LogSettings {
    /// How they look.
    pub format: LogFormat,
    /// Which there are.
    pub level: String,
}

/// All settings, checked.
#[derive(Clone, Debug)]
pub struct Config {
    /// `APP_ENV`.
    pub environment: Environment,
    /// `BIND_ADDR`.
    pub bind_addr: SocketAddr,
    /// `PUBLIC_URL`, without a slash at the end; none = from the address that was bound.
    pub public_url: Option<String>,
    /// `DATA_DIR`.
    pub data_dir: PathBuf,
    /// `DATABASE_*`.
    pub database: Database,
    /// `SQLITE_MAX_PAGE_COUNT`: largest size of the file, in pages of 4 KiB.
    pub sqlite_max_page_count: Option<u32>,
    /// `SQLITE_CHECKPOINT_PAGES`: pages in the write-ahead log after which they are brought into the file.
    pub sqlite_checkpoint_pages: u32,
    /// `SUPPORT_CONTACT`.
    pub support_contact: Option<String>,
    /// Hyperswitch, where it is switched on.
    pub hyperswitch: Option<HyperswitchSettings>,
    /// Connect, where it is switched on.
    pub stripe: Option<StripeSettings>,
    /// The distributor, where it is switched on.
    pub distributor: Option<DistributorSettings>,
    /// The sandbox, where it is switched on: stands in for each provider that is not.
    pub sandbox: Option<SandboxSettings>,
    /// `PROVIDER_TIMEOUT`.
    pub provider_timeout: Duration,
    /// `PLATFORM_FEE_BPS`, 0 to 10000.
    pub fee_bps: u16,
    /// `REFUND_WINDOW`.
    pub refund_window: Duration,
    /// `TRANSFER_RETRY_*`.
    pub transfers: RetrySettings,
    /// `REVERSAL_*`.
    pub reversals: RetrySettings,
    /// `DISPUTE_FEE`, in minor units.
    pub dispute_fee: i64,
    /// `SUBSCRIPTION_*`.
    pub billing: BillingPolicy,
    /// `DISTRIBUTION_*`.
    pub distribution: DistributionSettings,
    /// `RECONCILE_*`.
    pub reconcile: ReconcileSettings,
    /// `AUDIT_INTERVAL`.
    pub audit_interval: Duration,
    /// `HYPERSWITCH_WEBHOOK_LOG_RETENTION_DAYS`.
    pub webhook_log_days: u32,
    /// `METRICS_TOKEN`.
    pub metrics_token: Option<SecretString>,
    /// `JWT_SECRET`; none = made and kept in the data folder.
    pub jwt_secret: Option<SecretString>,
    /// `SMTP_*`; none = the local outbox.
    pub smtp: Option<veza_mail::SmtpConfig>,
    /// `RATE_LIMITS`.
    pub rate_limits: bool,
    /// `TRUSTED_PROXIES`.
    pub trusted_proxies: Vec<Network>,
    /// `CORS_ALLOWED_ORIGINS`.
    pub cors_allowed_origins: Vec<String>,
    /// `LOG_*`.
    pub log: LogSettings,
}

/// Is something of this name set, whether or not it is a setting?
#[must_use]
pub fn is_in_environment(name: &str) -> bool {
    std::env::var_os(name).is_some_and(|value| !value.is_empty())
}

/// Settings that can't be used: everything that is wrong with them.
#[derive(Clone, Debug, thiserror::Error)]
#[error("{}", .0.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"))]
pub struct ConfigError(pub Vec<Problem>);

impl Config {
    /// Reads this process's environment.
    /// # Errors
    /// [`ConfigError`] with every problem.
    pub fn load() -> Result<Self, ConfigError> {
        let environment = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        Self::from_pairs(environment)
    }

    /// Reads settings from pairs of name and value.
    /// # Errors
    /// [`ConfigError`] with every problem.
    pub fn from_pairs<N: Into<String>, V: Into<String>>(pairs: impl IntoIterator<Item = (N, V)>) -> Result<Self, ConfigError> {
        let mut reader = Reader::new(pairs.into_iter().map(|(name, value)| (name.into(), value.into())));
        let config = Self::read(&mut reader);
        if config.environment == Environment::Production {
            production::check(&config, &mut reader);
        }
        if reader.problems.is_empty() { Ok(config) } else { Err(ConfigError(reader.problems)) }
    }

    /// Runs for real.
    #[must_use]
    pub fn is_production(&self) -> bool {
        self.environment == Environment::Production
    }

    fn read(reader: &mut Reader) -> Self {
        let environment = reader.parse_with("APP_ENV", "development or production", Environment::Development, |text| match text {
            "development" => Some(Environment::Development),
            "production" => Some(Environment::Production),
            _ => None,
        });
        let data_dir = PathBuf::from(reader.optional("DATA_DIR").unwrap_or_default());
        let hyperswitch = hyperswitch(reader);
        let stripe = stripe(reader);
        Self {
            environment,
            bind_addr: reader.parse("BIND_ADDR", "an address and a port such as 127.0.0.1:8080", SocketAddr::from(([127, 0, 0, 1], 0))),
            public_url: reader
                .parse_with("PUBLIC_URL", "an http or https address without a query", None, |text| Some(Some(http_url(text)?))),
            database: database::read(reader, &data_dir),
            data_dir,
            sqlite_max_page_count: reader
                .parse_with("SQLITE_MAX_PAGE_COUNT", "a number of pages", None, |text| Some(Some(text.parse().ok()?))),
            sqlite_checkpoint_pages: reader.parse_with("SQLITE_CHECKPOINT_PAGES", "a number of pages, 1 or more", 1, |text| {
                text.parse().ok().filter(|pages| *pages > 0)
            }),
            support_contact: reader.optional("SUPPORT_CONTACT"),
            sandbox: sandbox(reader, environment, hyperswitch.is_some() || stripe.is_some()),
            hyperswitch,
            stripe,
            distributor: distributor(reader),
            provider_timeout: reader.duration("PROVIDER_TIMEOUT", Duration::from_millis(1)),
            fee_bps: reader.parse_with("PLATFORM_FEE_BPS", "0 to 10000", 0, |text| Some(BasisPoints::new(text.parse().ok()?).ok()?.get())),
            refund_window: reader.duration("REFUND_WINDOW", Duration::ZERO),
            transfers: retries(reader, "TRANSFER_RETRY", "TRANSFER_RETRY_ENABLED"),
            reversals: retries(reader, "REVERSAL", "REVERSAL_WORKER_ENABLED"),
            dispute_fee: reader.parse_with("DISPUTE_FEE", "0 or more minor units", 0, |text| text.parse().ok().filter(|fee| *fee >= 0)),
            billing: billing(reader),
            distribution: distribution(reader),
            reconcile: reconcile(reader),
            audit_interval: reader.duration("AUDIT_INTERVAL", Duration::from_millis(1)),
            webhook_log_days: retention_days(reader),
            metrics_token: reader.secret("METRICS_TOKEN"),
            jwt_secret: reader.secret("JWT_SECRET"),
            smtp: smtp(reader, environment),
            rate_limits: reader.switch("RATE_LIMITS"),
            trusted_proxies: reader.list("TRUSTED_PROXIES", "an address or a network such as 10.0.0.0/8", |item| item.parse().ok()),
            cors_allowed_origins: reader.list("CORS_ALLOWED_ORIGINS", "an origin such as https://shop.example", origin),
            log: log(reader, environment),
        }
    }
}

fn http_url(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https") && url.has_host())?;
    (url.query().is_none() && url.fragment().is_none()).then(|| text.trim_end_matches('/').to_owned())
}

fn origin(text: &str) -> Option<String> {
    let url = Url::parse(text).ok().filter(|url| matches!(url.scheme(), "http" | "https"))?;
    let origin = url.origin().ascii_serialization();
    (origin == text.trim_end_matches('/')).then_some(origin)
}

fn hyperswitch(reader: &mut Reader) -> Option<HyperswitchSettings> {
    let url = provider_url(reader, "HYPERSWITCH_URL");
    reader.switch("HYPERSWITCH_ENABLED").then(|| HyperswitchSettings {
        url,
        api_key: needed(reader, "HYPERSWITCH_API_KEY", "HYPERSWITCH_ENABLED"),
        webhook_secret: needed(reader, "HYPERSWITCH_WEBHOOK_SECRET", "HYPERSWITCH_ENABLED"),
        profile_id: reader.optional("HYPERSWITCH_PROFILE_ID"),
        publishable_key: reader.optional("HYPERSWITCH_PUBLISHABLE_KEY"),
    })
}

fn stripe(reader: &mut Reader) -> Option<StripeSettings> {
    let url = provider_url(reader, "STRIPE_API_URL");
    reader.switch("STRIPE_CONNECT_ENABLED").then(|| StripeSettings {
        url,
        secret_key: needed(reader, "STRIPE_SECRET_KEY", "STRIPE_CONNECT_ENABLED"),
        webhook_secret: reader.secret("STRIPE_WEBHOOK_SECRET"),
        connect_webhook_secret: reader.secret("STRIPE_CONNECT_WEBHOOK_SECRET"),
    })
}

fn distributor(reader: &mut Reader) -> Option<DistributorSettings> {
    let url = reader.parse_with("DISTRIBUTION_URL", "an http or https address without a query", None, |text| Some(Some(http_url(text)?)));
    reader.switch("DISTRIBUTION_ENABLED").then(|| {
        if url.is_none() && !reader.is_set("DISTRIBUTION_URL") {
            reader.wrong("DISTRIBUTION_URL", "is needed because DISTRIBUTION_ENABLED is true");
        }
        let api_key = needed(reader, "DISTRIBUTION_API_KEY", "DISTRIBUTION_ENABLED");
        DistributorSettings { url: url.unwrap_or_default(), api_key }
    })
}

fn distribution(reader: &mut Reader) -> DistributionSettings {
    let above_zero = Duration::from_millis(1);
    let RetrySettings { enabled, interval, policy } = retries(reader, "DISTRIBUTION", "DISTRIBUTION_WORKER_ENABLED");
    DistributionSettings {
        worker: enabled,
        every: interval,
        looks: reader.duration("DISTRIBUTION_LOOK_INTERVAL", above_zero),
        live_looks: reader.duration("DISTRIBUTION_LIVE_LOOK_INTERVAL", above_zero),
        retries: policy,
    }
}

fn provider_url(reader: &mut Reader, name: &str) -> String {
    reader.parse_with(name, "an http or https address without a query", String::new(), http_url)
}

fn needed(reader: &mut Reader, name: &str, because: &str) -> SecretString {
    reader.secret(name).unwrap_or_else(|| {
        reader.wrong(name, format!("is needed because {because} is true"));
        SecretString::default()
    })
}

fn sandbox(reader: &mut Reader, environment: Environment, real_provider: bool) -> Option<SandboxSettings> {
    let default = environment == Environment::Development && !real_provider;
    let enabled = if reader.is_set("SANDBOX_ENABLED") { reader.switch("SANDBOX_ENABLED") } else { default };
    let bind_addr =
        reader.parse("SANDBOX_BIND_ADDR", "an address and a port such as 127.0.0.1:8081", SocketAddr::from(([127, 0, 0, 1], 0)));
    let card_money_delay = reader.duration("SANDBOX_CARD_MONEY_DELAY", Duration::ZERO);
    enabled.then_some(SandboxSettings { bind_addr, card_money_delay })
}

fn retries(reader: &mut Reader, prefix: &str, switch: &str) -> RetrySettings {
    let above_zero = Duration::from_millis(1);
    let policy = RetryPolicy {
        retries_max: reader.parse(&format!("{prefix}_MAX_RETRIES"), "a whole number", 0),
        base: reader.duration(&format!("{prefix}_BACKOFF_BASE"), above_zero),
        max: reader.duration(&format!("{prefix}_BACKOFF_MAX"), above_zero),
    };
    if policy.max < policy.base {
        reader.wrong(&format!("{prefix}_BACKOFF_MAX"), format!("is shorter than {prefix}_BACKOFF_BASE"));
    }
    RetrySettings { enabled: reader.switch(switch), interval: reader.duration(&format!("{prefix}_CHECK_INTERVAL"), above_zero), policy }
}

fn billing(reader: &mut Reader) -> BillingPolicy {
    let days = |text: &str| {
        let days: Option<Vec<u16>> = text.split(',').map(|day| day.trim().parse().ok()).collect();
        Dunning::new(&days?)
    };
    BillingPolicy {
        renewal_lead: reader.duration("SUBSCRIPTION_RENEWAL_LEAD", Duration::ZERO),
        dunning: reader.parse_with("SUBSCRIPTION_DUNNING_DAYS", "up to 8 days, ascending, such as 1,3,5,7", Dunning::DEFAULT, days),
    }
}

fn reconcile(reader: &mut Reader) -> ReconcileSettings {
    let above_zero = Duration::from_millis(1);
    ReconcileSettings {
        enabled: reader.switch("RECONCILE_WORKER_ENABLED"),
        interval: reader.duration("RECONCILE_INTERVAL", above_zero),
        order_stuck_after: reader.duration("RECONCILE_ORDER_STUCK_AFTER", Duration::ZERO),
        refund_stuck_after: reader.duration("RECONCILE_REFUND_STUCK_AFTER", Duration::ZERO),
        refund_orphan_after: reader.duration("RECONCILE_REFUND_ORPHAN_AFTER", Duration::ZERO),
        subscription_stuck_after: reader.duration("RECONCILE_SUBSCRIPTION_STUCK_AFTER", Duration::ZERO),
    }
}

/// 0 or nonsense = the default: a wrong setting never deletes evidence early (spec/01-money §7).
fn retention_days(reader: &Reader) -> u32 {
    const DEFAULT: u32 = 90;
    let wished = reader.optional("HYPERSWITCH_WEBHOOK_LOG_RETENTION_DAYS").and_then(|text| text.trim().parse().ok());
    wished.filter(|days| *days > 0).unwrap_or(DEFAULT)
}

fn smtp(reader: &mut Reader, environment: Environment) -> Option<veza_mail::SmtpConfig> {
    let port = reader.parse_with("SMTP_PORT", "a port", 0, |text| text.parse().ok().filter(|port| *port != 0));
    let host = reader.optional("SMTP_HOST")?;
    let default = (environment == Environment::Development).then(|| "no-reply@veza.local".to_owned());
    let from = reader.optional("SMTP_FROM").or(default).unwrap_or_else(|| {
        reader.wrong("SMTP_FROM", "is needed in production");
        String::new()
    });
    if !from.is_empty() && veza_domain::identity::Email::new(&from).is_err() {
        reader.wrong("SMTP_FROM", "is not a mail address");
    }
    let (username, password) = (reader.optional("SMTP_USERNAME"), reader.secret("SMTP_PASSWORD"));
    if username.is_some() != password.is_some() {
        reader.wrong("SMTP_USERNAME", "and SMTP_PASSWORD go together");
    }
    Some(veza_mail::SmtpConfig { host, port, username, password, from, from_name: reader.optional("SMTP_FROM_NAME").unwrap_or_default() })
}

fn log(reader: &mut Reader, environment: Environment) -> LogSettings {
    let default = if environment == Environment::Production { LogFormat::Json } else { LogFormat::Text };
    let format = reader.parse_with("LOG_FORMAT", "text or json", default, |text| match text {
        "text" => Some(LogFormat::Text),
        "json" => Some(LogFormat::Json),
        _ => None,
    });
    let known = |text: &str| text.parse::<tracing_subscriber::EnvFilter>().is_ok().then(|| text.to_owned());
    LogSettings { format, level: reader.parse_with("LOG_LEVEL", "a level such as info, or info,veza=debug", String::new(), known) }
}
