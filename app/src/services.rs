//! What use cases, handlers and workers share: the ports as they were wired, and the settings that rules need.

use crate::metrics::Metrics;
use crate::usecases::distribution::DistributionSettings;
use crate::usecases::identity::access_tokens::AccessTokens;
use crate::usecases::identity::kit::Identity;
use crate::usecases::reconcile::ReconcileSettings;
use crate::usecases::webhook_log::refused::RefusedDeliveries;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;
use veza_domain::backoff::RetryPolicy;
use veza_domain::money::{BasisPoints, Minor};
use veza_domain::settlement::Context;
use veza_domain::subscription::BillingPolicy;
use veza_domain::time::Timestamp;
use veza_ports::clock::{Clock, IdSource};
use veza_ports::distribution::DistributorProvider;
use veza_ports::mail::Mailer;
use veza_ports::payments::{HyperswitchReadClient, PaymentProvider, PaymentWebhooks};
use veza_ports::storage::Storage;
use veza_ports::transfers::{TransferService, TransferWebhooks};

/// The payment provider, as wired.
#[derive(Clone)]
pub struct Psp {
    /// Creates.
    pub provider: Arc<dyn PaymentProvider>,
    /// Only reads.
    pub reads: Arc<dyn HyperswitchReadClient>,
    /// Checks and reads its messages.
    pub webhooks: Arc<dyn PaymentWebhooks>,
}

/// The payout provider, as wired.
pub type Connect = Arc<dyn TransferService>;

/// The settings of the money flows (spec/01-money, spec/08-api).
#[derive(Clone, Debug)]
pub struct MoneySettings {
    /// `PLATFORM_FEE_BPS`.
    pub fee: BasisPoints,
    /// `REFUND_WINDOW`.
    pub refund_window: Duration,
    /// `TRANSFER_RETRY_*`.
    pub transfers: RetryPolicy,
    /// `REVERSAL_*`.
    pub reversals: RetryPolicy,
    /// `DISPUTE_FEE`: minor units of the order's currency.
    pub dispute_fee: Minor,
    /// `PROVIDER_TIMEOUT`: longest call; after it none of ours can be under way.
    pub provider_timeout: Duration,
    /// `PUBLIC_URL`, without a slash at the end.
    pub public_url: String,
    /// `HYPERSWITCH_PUBLISHABLE_KEY`, passed on to the browser.
    pub publishable_key: Option<String>,
    /// Base address of the sandbox's checkout page, where the sandbox is on.
    pub sandbox_checkout: Option<String>,
}

/// How the workers run.
#[derive(Clone, Copy, Debug)]
pub struct WorkerSettings {
    /// `TRANSFER_RETRY_ENABLED`: failed transfers are tried again; first tries are always made.
    pub transfer_retries: bool,
    /// `TRANSFER_RETRY_CHECK_INTERVAL`.
    pub transfers_every: Duration,
    /// `REVERSAL_WORKER_ENABLED`.
    pub reversals: bool,
    /// `REVERSAL_CHECK_INTERVAL`.
    pub reversals_every: Duration,
}

impl MoneySettings {
    /// How long a row that is being worked on is left alone: longer than any call.
    #[must_use]
    pub fn lease(&self) -> Duration {
        self.provider_timeout.saturating_mul(2)
    }
}

/// Wakes the workers when there is something to do, so that they need not wait for their next tick.
#[derive(Debug, Default)]
pub struct Wake {
    /// The outbox worker.
    pub effects: Notify,
    /// The transfer worker.
    pub transfers: Notify,
    /// The reversal worker.
    pub reversals: Notify,
    /// The subscription worker.
    pub subscriptions: Notify,
    /// The distribution worker.
    pub distribution: Notify,
    /// The reconciler.
    pub reconcile: Notify,
    /// The worker of audits.
    pub audits: Notify,
}

/// When each worker last looked for work, by its name.
pub type WorkerRuns = Mutex<BTreeMap<&'static str, Timestamp>>;

/// Everything that the program's parts share.
pub struct App {
    /// Storage.
    pub store: Arc<dyn Storage>,
    /// The payment provider; none = paid sales are refused with 503.
    pub psp: Option<Psp>,
    /// The payout provider; none = transfers wait.
    pub connect: Option<Connect>,
    /// Checks and reads the payout provider's messages; none = they are refused.
    pub connect_webhooks: Option<Arc<dyn TransferWebhooks>>,
    /// Brings music to platforms; none = submissions are refused with 503.
    pub distributor: Option<Arc<dyn DistributorProvider>>,
    /// Mail.
    pub mailer: Arc<dyn Mailer>,
    /// Time.
    pub clock: Arc<dyn Clock>,
    /// Ids and secrets.
    pub ids: Arc<dyn IdSource>,
    /// Makes and reads access tokens.
    pub tokens: AccessTokens,
    /// What the flows of identity share.
    pub identity: Identity,
    /// What is counted and measured.
    pub metrics: Arc<Metrics>,
    /// `METRICS_TOKEN`; none = only clients on this machine read the metrics.
    pub metrics_token: Option<SecretString>,
    /// Settings of the money flows.
    pub money: MoneySettings,
    /// Settings of subscriptions.
    pub billing: BillingPolicy,
    /// `SUPPORT_CONTACT`.
    pub support_contact: Option<String>,
    /// How the workers run.
    pub workers: WorkerSettings,
    /// `DISTRIBUTION_*`.
    pub distribution: DistributionSettings,
    /// `RECONCILE_*`.
    pub reconcile: ReconcileSettings,
    /// Days that the webhook log is kept.
    pub webhook_log_days: u32,
    /// Wakes the workers.
    pub wake: Wake,
    /// When each worker last looked for work.
    pub worker_runs: WorkerRuns,
    /// `AUDIT_INTERVAL`.
    pub invariants_every: Duration,
    /// Takes the log rows of refused webhook deliveries.
    pub refused_deliveries: RefusedDeliveries,
}

impl App {
    /// Now.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A worker has looked for work.
    pub fn last_run(&self, worker: &'static str) {
        self.worker_runs.lock().unwrap_or_else(PoisonError::into_inner).insert(worker, self.now());
    }

    /// What a settlement varies by.
    #[must_use]
    pub fn context(&self) -> Context {
        Context {
            now: self.now(),
            fresh: self.ids.uuid(),
            refund_window: self.money.refund_window,
            transfers: self.money.transfers,
            reversals: self.money.reversals,
            dispute_fee: self.money.dispute_fee,
            billing: self.billing,
        }
    }
}
