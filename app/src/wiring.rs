//! From settings to a running server: which adapter stands behind which port is decided here and nowhere else.

mod listener;
mod quiet;
mod secret;
mod store;

use crate::config::{Config, SandboxSettings};
use crate::http::middleware::edge::EdgeSettings;
use crate::http::middleware::rate_limit::RateLimits;
use crate::http::server;
use crate::metrics::{Metrics, ports};
use crate::presence::{Presence, PresenceHandle};
use crate::services::{App, MoneySettings, Psp, Wake, WorkerRuns, WorkerSettings};
use crate::system::{SystemClock, SystemIds};
use crate::usecases::identity::access_tokens::AccessTokens;
use crate::usecases::identity::kit::Identity;
use crate::usecases::webhook_log::refused::RefusedDeliveries;
use crate::workers::{self, WorkersHandle};
use futures_util::future::join_all;
use listener::NoDelay;
use poem::EndpointExt;
use secrecy::SecretString;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;
use store::Opened;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use veza_distributor::{Distributor, DistributorConfig};
use veza_domain::money::{BasisPoints, Minor};
use veza_hyperswitch::{Hyperswitch, HyperswitchConfig};
use veza_mail::{OutboxMailer, SmtpMailer};
use veza_ports::BoxError;
use veza_ports::clock::Clock;
use veza_ports::distribution::DistributorProvider;
use veza_ports::mail::Mailer;
use veza_ports::transfers::{TransferService, TransferWebhooks};
use veza_sandbox::{Sandbox, SandboxConfig, SandboxError};
use veza_stripe::{Stripe, StripeConfig, StripeWebhooks};

/// Requests that are being served have this long to finish when the server stops.
pub const SHUTDOWN_GRACE: Duration = Duration::from_secs(30);
/// File in the data folder with the address of the running server's sandbox, for commands beside it.
const SANDBOX_ADDRESS: &str = "sandbox.addr";
/// Path of the PSP's messages.
const WEBHOOK_PATH: &str = "/webhooks/hyperswitch";
/// Path of the payout provider's messages, of both its endpoints.
const CONNECT_WEBHOOK_PATH: &str = "/webhooks/stripe";

/// Why it does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address is taken or not ours.
    #[error("can't listen on {0}")]
    Bind(SocketAddr, #[source] std::io::Error),
    /// The data folder, or a file in it.
    #[error("can't use the data folder: {0}")]
    Data(String, #[source] std::io::Error),
    /// The database.
    #[error("can't open the database")]
    Database(#[source] BoxError),
    /// The sandbox.
    #[error("the sandbox does not start")]
    Sandbox(#[from] SandboxError),
    /// The sandbox in this process's memory, where other processes would have one of their own.
    #[error(
        "the embedded sandbox is one process's alone, and {0}: run `veza sandbox` beside the others and name it in HYPERSWITCH_URL and STRIPE_API_URL, \
         or set SANDBOX_ENABLED=false"
    )]
    SandboxOfOne(String),
    /// A provider's settings.
    #[error("the settings of {0} can't be used")]
    Provider(&'static str, #[source] BoxError),
}

/// Everything that was made of the settings.
pub struct Parts {
    /// What use cases, handlers and workers share.
    pub app: Arc<App>,
    /// Where mails are kept, when no server takes them.
    pub outbox: Option<OutboxMailer>,
    /// The providers in a box, where they are on.
    pub sandbox: Option<Sandbox>,
    opened: Opened,
}

impl Parts {
    /// Makes everything, but listens on nothing itself. `addr` is where the server listens; without it the sandbox stays off.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build(config: &Config, addr: Option<SocketAddr>) -> Result<Self, StartError> {
        Self::build_with(config, addr, None).await
    }

    /// Makes everything for a command beside a server that may run: where that one's sandbox stands in for a provider, so it does here.
    ///
    /// # Errors
    /// [`StartError`].
    pub async fn build_beside(config: &Config) -> Result<Self, StartError> {
        let beside = config.sandbox.map(|settings| sandbox_beside(config, settings));
        Self::build_with(config, None, beside).await
    }

    async fn build_with(config: &Config, addr: Option<SocketAddr>, beside: Option<String>) -> Result<Self, StartError> {
        let ids = SystemIds;
        let opened = store::open(config).await?;
        let store = opened.storage();
        let jwt_secret = secret::jwt_secret(config, &ids)?;
        let (mailer, outbox) = mailer(config)?;
        let sandbox = match (config.sandbox, addr) {
            (Some(settings), Some(addr)) => Some(start_sandbox(config, settings, addr).await?),
            _ => None,
        };
        let sandbox_url = sandbox.as_ref().map(Sandbox::base_url).or(beside);
        let app = App {
            store,
            psp: payments(config, sandbox_url.as_deref())?,
            connect: payouts(config, sandbox_url.as_deref())?,
            connect_webhooks: payout_webhooks(config, sandbox_url.as_deref())?,
            distributor: distributor(config, sandbox_url.as_deref())?,
            mailer,
            clock: Arc::new(SystemClock),
            ids: Arc::new(ids),
            tokens: AccessTokens::new(&jwt_secret),
            identity: Identity::new(&jwt_secret, &ids, config.is_production()),
            metrics: Arc::new(Metrics::new(SystemClock.now())),
            metrics_token: config.metrics_token.clone(),
            money: money(config, sandbox.as_ref(), addr)?,
            workers: WorkerSettings {
                transfer_retries: config.transfers.enabled,
                transfers_every: config.transfers.interval,
                reversals: config.reversals.enabled,
                reversals_every: config.reversals.interval,
            },
            billing: config.billing,
            support_contact: config.support_contact.clone(),
            distribution: config.distribution,
            reconcile: config.reconcile,
            webhook_log_days: config.webhook_log_days,
            wake: Wake::default(),
            worker_runs: WorkerRuns::default(),
            invariants_every: config.audit_interval,
            refused_deliveries: RefusedDeliveries::default(),
        };
        let app = ports::metered(app);
        #[cfg(feature = "kill-points")]
        let app = crate::killpoints::guarded(app);
        Ok(Self { app: Arc::new(app), outbox, sandbox, opened })
    }

    /// Ends what runs by itself: the sandbox, then the store.
    pub async fn shutdown(self) {
        if let Some(sandbox) = self.sandbox {
            sandbox.stop().await;
        }
        self.opened.shutdown().await;
    }
}

/// A server that runs.
pub struct Running {
    /// What it was made of.
    pub parts: Parts,
    /// Where it listens.
    pub addr: SocketAddr,
    stop: watch::Sender<bool>,
    server: JoinHandle<()>,
    workers: Vec<WorkersHandle>,
    presence: PresenceHandle,
}

impl Running {
    /// What use cases, handlers and workers share.
    #[must_use]
    pub fn app(&self) -> &Arc<App> {
        &self.parts.app
    }

    /// The providers in a box, where they are on.
    #[must_use]
    pub fn sandbox(&self) -> Option<&Sandbox> {
        self.parts.sandbox.as_ref()
    }

    /// `http://host:port` on this machine.
    #[must_use]
    pub fn local_url(&self) -> String {
        local_url(self.addr)
    }

    /// Stops accepting, lets requests in flight finish within [`SHUTDOWN_GRACE`], then the workers, then the rest.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        if tokio::time::timeout(SHUTDOWN_GRACE + Duration::from_secs(1), self.server).await.is_err() {
            tracing::warn!("requests were cut off at the end of the grace period");
        }
        self.presence.shutdown().await;
        // After the last request: what it has left in the queue of refused deliveries is written too.
        let workers = join_all(self.workers.into_iter().map(WorkersHandle::shutdown));
        if tokio::time::timeout(SHUTDOWN_GRACE, workers).await.is_err() {
            tracing::warn!("workers were cut off at the end of the grace period; what they held is due again after its lease");
        }
        self.parts.shutdown().await;
    }
}

/// Which parts of the program a process runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Role {
    /// Answers requests; workers run elsewhere.
    Api,
    /// Works, and answers nothing but health and metrics.
    Worker,
    /// Both.
    All,
}

/// Starts a server, with the workers beside it.
///
/// # Errors
/// [`StartError`].
pub async fn start(config: Config) -> Result<Running, StartError> {
    start_as(config, Role::All).await
}

/// Starts the parts of a server that `role` asks for.
///
/// # Errors
/// [`StartError`].
pub async fn start_as(config: Config, role: Role) -> Result<Running, StartError> {
    if role != Role::All && config.sandbox.is_some() {
        return Err(StartError::SandboxOfOne("this role is for one of several".to_owned()));
    }
    let bind = |error| StartError::Bind(config.bind_addr, error);
    let listener = TcpListener::bind(config.bind_addr).await.map_err(bind)?;
    let addr = listener.local_addr().map_err(bind)?;
    let parts = Parts::build(&config, Some(addr)).await?;
    let limits = config.rate_limits.then(|| Arc::new(RateLimits::default()));
    let presence = Presence::new(&parts.app, limits.clone(), addr.port(), role != Role::Worker, config.sandbox.is_some());
    if let Err(error) = join(&presence).await {
        parts.shutdown().await;
        return Err(error);
    }
    let edge = EdgeSettings {
        production: config.is_production(),
        trusted_proxies: config.trusted_proxies.clone(),
        cors_allowed_origins: config.cors_allowed_origins.clone(),
        rate_limits: limits,
    };
    let endpoint = match role {
        Role::Worker => server::health_endpoint(Arc::clone(&parts.app), edge).boxed(),
        Role::Api | Role::All => {
            let outbox = parts.outbox.clone().filter(|_| !config.is_production());
            server::endpoint(Arc::clone(&parts.app), edge, outbox).boxed()
        }
    };
    let (stop, mut stopped) = watch::channel(false);
    let server = tokio::spawn(async move {
        let signal = async move {
            let _ = stopped.wait_for(|stop| *stop).await; // an error: the handle was dropped, stop as well
        };
        listener::serve(NoDelay::new(listener, addr, quiet::QUIET_MAX), endpoint, signal).await;
    });
    let works = (role != Role::Api).then(|| workers::start(&parts.app));
    let logs = (role != Role::Worker).then(|| workers::start_log(&parts.app));
    let workers = works.into_iter().chain(logs).collect();
    Ok(Running { parts, addr, stop, server, workers, presence: presence.keep() })
}

/// Joins the others that run on this database, unless this process has what they would need.
async fn join(presence: &Presence) -> Result<(), StartError> {
    let others = presence.tell().await.map_err(|error| StartError::Database(Box::new(error)))?;
    match others.first() {
        Some(other) if presence.wants_to_be_alone() => {
            presence.leave().await;
            Err(StartError::SandboxOfOne(format!("{} runs on this database too", other.address)))
        }
        _ => Ok(()),
    }
}

fn mailer(config: &Config) -> Result<(Arc<dyn Mailer>, Option<OutboxMailer>), StartError> {
    match &config.smtp {
        Some(smtp) => {
            let mailer = SmtpMailer::new(smtp).map_err(|error| StartError::Provider("the mail server", Box::new(error)))?;
            Ok((Arc::new(mailer), None))
        }
        None => {
            let outbox = OutboxMailer::new(config.data_dir.join("outbox"));
            Ok((Arc::new(outbox.clone()), Some(outbox)))
        }
    }
}

async fn start_sandbox(config: &Config, settings: SandboxSettings, addr: SocketAddr) -> Result<Sandbox, StartError> {
    let data_file = config.database.keeps().then(|| config.data_dir.join("sandbox.db"));
    let wished = SandboxConfig {
        bind_addr: settings.bind_addr,
        webhook_url: Some(format!("{}{WEBHOOK_PATH}", local_url(addr))),
        stripe_webhook_url: Some(format!("{}{CONNECT_WEBHOOK_PATH}", local_url(addr))),
        stripe_connect_webhook_url: Some(format!("{}{CONNECT_WEBHOOK_PATH}", local_url(addr))),
        data_file,
        card_money_available_after: settings.card_money_delay,
        ..SandboxConfig::default()
    };
    let free_port = SandboxConfig { bind_addr: SocketAddr::new(settings.bind_addr.ip(), 0), ..wished.clone() };
    let sandbox = match Sandbox::start(wished).await {
        Err(SandboxError::Bind(taken, error)) => {
            tracing::warn!(%taken, %error, "the sandbox takes a free port instead");
            Sandbox::start(free_port).await?
        }
        other => other?,
    };
    if config.database.keeps() {
        let file = config.data_dir.join(SANDBOX_ADDRESS);
        std::fs::write(&file, sandbox.base_url()).map_err(|error| StartError::Data(file.display().to_string(), error))?;
    }
    Ok(sandbox)
}

/// Where the sandbox of the server of these settings listens: as it has written down, else as it is set.
fn sandbox_beside(config: &Config, settings: SandboxSettings) -> String {
    let written = std::fs::read_to_string(config.data_dir.join(SANDBOX_ADDRESS)).ok();
    written.filter(|url| !url.trim().is_empty()).unwrap_or_else(|| local_url(settings.bind_addr))
}

fn payments(config: &Config, sandbox: Option<&str>) -> Result<Option<Psp>, StartError> {
    let settings = match (&config.hyperswitch, sandbox) {
        (Some(real), _) => HyperswitchConfig {
            base_url: real.url.clone(),
            api_key: real.api_key.clone(),
            webhook_secret: real.webhook_secret.clone(),
            profile_id: real.profile_id.clone(),
            timeout: config.provider_timeout,
        },
        (None, Some(sandbox)) => {
            let keys = SandboxConfig::default();
            HyperswitchConfig {
                base_url: sandbox.to_owned(),
                api_key: SecretString::from(keys.api_key),
                webhook_secret: SecretString::from(keys.webhook_secret),
                profile_id: None,
                timeout: config.provider_timeout,
            }
        }
        (None, None) => return Ok(None),
    };
    let adapter = Hyperswitch::new(settings).map_err(|error| StartError::Provider("Hyperswitch", Box::new(error)))?;
    let adapter = Arc::new(adapter);
    Ok(Some(Psp { provider: adapter.clone(), reads: adapter.clone(), webhooks: adapter }))
}

fn payouts(config: &Config, sandbox: Option<&str>) -> Result<Option<Arc<dyn TransferService>>, StartError> {
    let settings = match (&config.stripe, sandbox) {
        (Some(real), _) => {
            StripeConfig { base_url: real.url.clone(), secret_key: real.secret_key.clone(), timeout: config.provider_timeout }
        }
        (None, Some(sandbox)) => StripeConfig {
            base_url: sandbox.to_owned(),
            secret_key: SecretString::from(SandboxConfig::default().stripe_secret_key),
            timeout: config.provider_timeout,
        },
        (None, None) => return Ok(None),
    };
    let adapter = Stripe::new(settings).map_err(|error| StartError::Provider("Stripe Connect", Box::new(error)))?;
    Ok(Some(Arc::new(adapter)))
}

fn distributor(config: &Config, sandbox: Option<&str>) -> Result<Option<Arc<dyn DistributorProvider>>, StartError> {
    let (base_url, api_key) = match (&config.distributor, sandbox) {
        (Some(real), _) => (real.url.clone(), real.api_key.clone()),
        (None, Some(sandbox)) => (format!("{sandbox}/distributor"), SecretString::from(SandboxConfig::default().distributor_api_key)),
        (None, None) => return Ok(None),
    };
    let adapter = Distributor::new(DistributorConfig { base_url, api_key, timeout: config.provider_timeout });
    let adapter = adapter.map_err(|error| StartError::Provider("the distributor", Box::new(error)))?;
    Ok(Some(Arc::new(adapter)))
}

/// Checks the messages of both endpoints; none when no secret is set.
fn payout_webhooks(config: &Config, sandbox: Option<&str>) -> Result<Option<Arc<dyn TransferWebhooks>>, StartError> {
    let secrets: Vec<SecretString> = match (&config.stripe, sandbox) {
        (Some(real), _) => real.webhook_secret.iter().chain(&real.connect_webhook_secret).cloned().collect(),
        (None, Some(_)) => {
            let keys = SandboxConfig::default();
            [keys.stripe_webhook_secret, keys.stripe_connect_webhook_secret].into_iter().map(SecretString::from).collect()
        }
        (None, None) => Vec::new(),
    };
    if secrets.is_empty() {
        return Ok(None);
    }
    let webhooks = StripeWebhooks::new(&secrets).map_err(|error| StartError::Provider("Stripe's webhooks", Box::new(error)))?;
    Ok(Some(Arc::new(webhooks)))
}

fn money(config: &Config, sandbox: Option<&Sandbox>, addr: Option<SocketAddr>) -> Result<MoneySettings, StartError> {
    let sandbox_pays = sandbox.filter(|_| config.hyperswitch.is_none());
    let publishable_key = match &config.hyperswitch {
        Some(real) => real.publishable_key.clone(),
        None => sandbox_pays.map(|_| SandboxConfig::default().publishable_key),
    };
    Ok(MoneySettings {
        fee: BasisPoints::new(config.fee_bps).map_err(|error| StartError::Provider("the platform's fee", Box::new(error)))?,
        refund_window: config.refund_window,
        transfers: config.transfers.policy,
        reversals: config.reversals.policy,
        dispute_fee: Minor(config.dispute_fee),
        provider_timeout: config.provider_timeout,
        public_url: config.public_url.clone().unwrap_or_else(|| local_url(addr.unwrap_or(config.bind_addr))),
        publishable_key,
        sandbox_checkout: sandbox_pays.map(Sandbox::base_url),
    })
}

/// How this machine reaches an address that it listens on.
fn local_url(addr: SocketAddr) -> String {
    let ip = match addr.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
        IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
        ip => ip,
    };
    format!("http://{}", SocketAddr::new(ip, addr.port()))
}
