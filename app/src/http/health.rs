//! `/health`: is it alive, ready, and is everything it leans on well?

use super::page::time;
use super::tags::Area;
use crate::services::App;
use poem::web::Data;
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use std::future::Future;
use std::sync::{Arc, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use veza_domain::ids::PlacementId;

/// Longest wait for one check.
const CHECK_MAX: Duration = Duration::from_secs(5);
/// How long the deep report is good for: anybody may ask, and it asks providers.
const DEEP_AGE_MAX: Duration = Duration::from_secs(5);
/// Names nothing at the payment provider.
const NO_PAYMENT: &str = "veza_health_check";
/// Names nothing at the payout provider.
const NO_ACCOUNT: &str = "acct_veza_health_check";
/// Names nothing at the distributor.
const NO_PLACEMENT: PlacementId = PlacementId(uuid::Uuid::nil());

/// How something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Enum)]
#[oai(rename_all = "lowercase")]
pub enum HealthStatus {
    /// Well.
    Ok,
    /// Not in use.
    Off,
    /// It works, and something is wrong.
    Degraded,
    /// It does not work.
    Down,
}

/// Alive, or ready.
#[derive(Clone, Debug, Object)]
pub struct Health {
    /// How it is.
    pub status: HealthStatus,
    /// Which version this is.
    pub version: String,
}

/// One thing that Veza leans on.
#[derive(Clone, Debug, Object)]
pub struct HealthCheck {
    /// `database`, `payments`, `payouts`, `distribution`, `mail`.
    pub name: String,
    /// How it is.
    pub status: HealthStatus,
    /// How long it took to answer.
    pub latency_ms: f64,
}

/// A worker.
#[derive(Clone, Debug, Object)]
pub struct HealthWorker {
    /// Its name.
    pub name: String,
    /// When it last looked for work.
    pub last_run_at: chrono::DateTime<chrono::Utc>,
}

/// A class of work.
#[derive(Clone, Debug, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct HealthBacklog {
    /// Its name.
    pub class: String,
    /// Rows that are not over.
    pub open: u64,
    /// When the oldest of them was made.
    pub oldest_at: Option<chrono::DateTime<chrono::Utc>>,
}

/// Everything that Veza leans on.
#[derive(Clone, Debug, Object)]
pub struct DeepHealth {
    /// The worst of the checks.
    pub status: HealthStatus,
    /// Which version this is.
    pub version: String,
    /// What Veza leans on.
    pub checks: Vec<HealthCheck>,
    /// Its workers.
    pub workers: Vec<HealthWorker>,
    /// How far behind the work is.
    pub backlog: Vec<HealthBacklog>,
}

#[derive(ApiResponse)]
enum ReadyResponse {
    /// It takes requests.
    #[oai(status = 200)]
    Ready(Json<Health>),
    /// The database can't be reached.
    #[oai(status = 503)]
    NotReady(Json<Health>),
}

#[derive(ApiResponse)]
enum DeepResponse {
    /// It works; `status` says how well.
    #[oai(status = 200)]
    Works(Json<DeepHealth>),
    /// The database can't be reached.
    #[oai(status = 503)]
    Down(Json<DeepHealth>),
}

/// Routes of health.
#[derive(Default)]
pub struct HealthApi {
    last: Mutex<Option<(Instant, DeepHealth)>>,
}

fn version() -> String {
    env!("CARGO_PKG_VERSION").to_owned()
}

#[OpenApi(prefix_path = "/health", tag = "Area::Operations")]
impl HealthApi {
    /// Is it alive?
    #[oai(path = "/", method = "get", operation_id = "getHealth")]
    async fn alive(&self) -> Json<Health> {
        Json(Health { status: HealthStatus::Ok, version: version() })
    }

    /// Does it take requests?
    #[oai(path = "/ready", method = "get", operation_id = "getReadiness")]
    async fn ready(&self, app: Data<&Arc<App>>) -> ReadyResponse {
        let check = timed("database", app.store.check()).await;
        let health = Json(Health { status: check.status, version: version() });
        if check.status == HealthStatus::Ok { ReadyResponse::Ready(health) } else { ReadyResponse::NotReady(health) }
    }

    /// How is everything it leans on?
    ///
    /// At most five seconds old.
    #[oai(path = "/deep", method = "get", operation_id = "getDeepHealth")]
    async fn deep(&self, app: Data<&Arc<App>>) -> DeepResponse {
        let mut last = self.last.lock().await;
        let report = match &*last {
            Some((at, report)) if at.elapsed() < DEEP_AGE_MAX => report.clone(),
            _ => {
                let report = examine(&app).await;
                *last = Some((Instant::now(), report.clone()));
                report
            }
        };
        if report.status == HealthStatus::Down { DeepResponse::Down(Json(report)) } else { DeepResponse::Works(Json(report)) }
    }
}

/// Asks everything that Veza leans on.
pub async fn examine(app: &App) -> DeepHealth {
    let checks = checks(app).await;
    let database_down = checks.iter().any(|check| check.name == "database" && check.status == HealthStatus::Down);
    let any_down = checks.iter().any(|check| check.status == HealthStatus::Down);
    let status = match (database_down, any_down) {
        (true, _) => HealthStatus::Down,
        (false, true) => HealthStatus::Degraded,
        (false, false) => HealthStatus::Ok,
    };
    DeepHealth { status, version: version(), checks, workers: workers(app), backlog: backlog(app).await }
}

async fn checks(app: &App) -> Vec<HealthCheck> {
    let payments = async {
        match &app.psp {
            Some(psp) => timed("payments", psp.reads.payment(NO_PAYMENT)).await,
            None => off("payments"),
        }
    };
    let payouts = async {
        match &app.connect {
            Some(connect) => timed("payouts", connect.account(NO_ACCOUNT)).await,
            None => off("payouts"),
        }
    };
    let distribution = async {
        match &app.distributor {
            Some(distributor) => timed("distribution", distributor.find(NO_PLACEMENT)).await,
            None => off("distribution"),
        }
    };
    let (database, payments, payouts, distribution, mail) =
        tokio::join!(timed("database", app.store.check()), payments, payouts, distribution, timed("mail", app.mailer.check()));
    vec![database, payments, payouts, distribution, mail]
}

fn off(name: &str) -> HealthCheck {
    HealthCheck { name: name.to_owned(), status: HealthStatus::Off, latency_ms: 0.0 }
}

/// What went wrong is for the log; the answer says only that something did.
async fn timed<T, E: std::error::Error + 'static>(name: &str, check: impl Future<Output = Result<T, E>>) -> HealthCheck {
    let started = Instant::now();
    let status = match tokio::time::timeout(CHECK_MAX, check).await {
        Ok(Ok(_)) => HealthStatus::Ok,
        Ok(Err(error)) => {
            tracing::warn!(check = name, error = &error as &dyn std::error::Error, "health check failed");
            HealthStatus::Down
        }
        Err(_) => {
            tracing::warn!(check = name, "health check took too long");
            HealthStatus::Down
        }
    };
    let latency_ms = started.elapsed().as_micros() as f64 / 1000.0;
    HealthCheck { name: name.to_owned(), status, latency_ms }
}

fn workers(app: &App) -> Vec<HealthWorker> {
    let runs = app.worker_runs.lock().unwrap_or_else(PoisonError::into_inner);
    runs.iter().map(|(name, at)| HealthWorker { name: (*name).to_owned(), last_run_at: time(*at) }).collect()
}

async fn backlog(app: &App) -> Vec<HealthBacklog> {
    let classes = tokio::time::timeout(CHECK_MAX, app.store.backlog()).await.ok().and_then(Result::ok).unwrap_or_default();
    let row = |class: veza_ports::storage::BacklogClass| HealthBacklog {
        class: class.class.to_owned(),
        open: class.open,
        oldest_at: class.oldest.map(time),
    };
    classes.into_iter().map(row).collect()
}
