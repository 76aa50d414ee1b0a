//! The answer to a scrape: what was counted so far, and how things stand right now.
//!
//! The database is asked for the backlog within a time limit and not at every scrape. Without an answer the rest is there all the
//! same: `veza_database_up` is 0 and the backlog is missing, never a stale or made-up one.

use super::registered;
use crate::services::App;
use prometheus::proto::MetricFamily;
use prometheus::{GaugeVec, IntCounter, Opts, Registry, TextEncoder};
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use tokio::sync::Mutex;
use veza_domain::time::Timestamp;
use veza_ports::storage::Backlog;

/// Longest wait for the database.
const BACKLOG_WAIT_MAX: Duration = Duration::from_secs(1);
/// How long what it said, or that it said nothing, is good for.
const BACKLOG_AGE_MAX: Duration = Duration::from_secs(5);

/// What the database said last; `None` inside = it did not answer.
#[derive(Default)]
pub struct LastBacklog(Mutex<Option<(Instant, Option<Backlog>)>>);

impl LastBacklog {
    async fn get(&self, app: &App) -> Option<Backlog> {
        let mut last = self.0.lock().await;
        match &*last {
            Some((at, backlog)) if at.elapsed() < BACKLOG_AGE_MAX => backlog.clone(),
            _ => {
                let backlog = read(app).await;
                *last = Some((Instant::now(), backlog.clone()));
                backlog
            }
        }
    }
}

async fn read(app: &App) -> Option<Backlog> {
    match tokio::time::timeout(BACKLOG_WAIT_MAX, app.store.backlog()).await {
        Ok(Ok(backlog)) => Some(backlog),
        Ok(Err(error)) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "metrics: the backlog can't be read");
            None
        }
        Err(_) => {
            tracing::warn!("metrics: reading the backlog took too long");
            None
        }
    }
}

/// Everything, in Prometheus' text format.
///
/// # Errors
/// [`prometheus::Error`]: a bug.
pub async fn text(app: &App) -> prometheus::Result<String> {
    let backlog = app.metrics.backlog.get(app).await;
    let mut families = app.metrics.registry.gather();
    families.extend(as_it_stands(app, backlog.as_ref()));
    families.sort_unstable_by(|a, b| a.name().cmp(b.name()));
    TextEncoder::new().encode_to_string(&families)
}

/// What is true at this moment; made anew each time, so that what is gone is gone.
fn as_it_stands(app: &App, backlog: Option<&Backlog>) -> Vec<MetricFamily> {
    let gauges = Gauges::default();
    let (metrics, now) = (&app.metrics, app.now());
    let age = |since: Timestamp| now.since(since).as_secs_f64();
    gauges.one("veza_build_info", "Always 1; the label is the version.", ("version", env!("CARGO_PKG_VERSION")), 1.0);
    gauges.plain("veza_process_start_time_seconds", "When this process started, in seconds since 1970.", seconds(metrics.started_at));
    gauges.plain("veza_database_up", "1: the database answered within a second; 0: it did not.", f64::from(u8::from(backlog.is_some())));
    let classes = || backlog.into_iter().flatten();
    let open = classes().map(|class| (class.class, class.open as f64));
    gauges.all("veza_backlog_rows", "Rows that are not over, by class.", "class", open);
    let oldest = classes().map(|class| (class.class, class.oldest.map_or(0.0, age)));
    gauges.all(
        "veza_backlog_oldest_age_seconds",
        "Age of the oldest row that is not over, by class; 0 when there is none.",
        "class",
        oldest,
    );
    let runs = app.worker_runs.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let runs = runs.into_iter().map(|(worker, at)| (worker, age(at)));
    gauges.all("veza_worker_last_run_age_seconds", "Time since a worker of this process last looked for work.", "worker", runs);
    let check = metrics.invariants.lock().unwrap_or_else(PoisonError::into_inner).clone();
    if let Some(check) = check {
        let broken = check.broken.into_iter().map(|(name, times)| (name, times as f64));
        gauges.all("veza_broken_invariants", "How often the newest check of the books found an invariant broken.", "invariant", broken);
        gauges.plain("veza_invariants_check_age_seconds", "Time since the newest check of the books ended.", age(check.at));
    }
    let overflowed = "Log rows of refused deliveries that a full queue has cost.";
    gauges.counted("veza_refused_deliveries_overflowed_total", overflowed, app.refused_deliveries.overflowed());
    gauges.0.gather()
}

fn seconds(at: Timestamp) -> f64 {
    at.0 as f64 / 1_000_000.0
}

/// A registry for one scrape.
#[derive(Default)]
struct Gauges(Registry);

impl Gauges {
    fn all<'a>(&self, name: &str, help: &str, label: &str, values: impl IntoIterator<Item = (&'a str, f64)>) {
        let family = registered(&self.0, GaugeVec::new(Opts::new(name, help), &[label]));
        for (value, number) in values {
            family.with_label_values(&[value]).set(number);
        }
    }

    fn one(&self, name: &str, help: &str, (label, value): (&str, &str), number: f64) {
        self.all(name, help, label, [(value, number)]);
    }

    fn plain(&self, name: &str, help: &str, number: f64) {
        registered(&self.0, prometheus::Gauge::new(name, help)).set(number);
    }

    fn counted(&self, name: &str, help: &str, number: u64) {
        registered(&self.0, IntCounter::new(name, help)).inc_by(number);
    }
}
