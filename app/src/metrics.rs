//! What is counted and measured, for `GET /metrics` (spec/07-operations, "Health").
//!
//! Everything hangs on one [`Metrics`] of one app: there is no global registry, so several apps in one process keep their own counts.
//! Invariant: no label takes a value from outside (routes are patterns, methods and outcomes are words from short lists), so the
//! number of series has a bound.

pub mod outcome;
pub mod ports;
pub mod scrape;

use crate::usecases::delivery::Handled;
use crate::usecases::settle::{SettleError, Settled};
use poem::http::{Method, StatusCode};
use prometheus::core::Collector;
use prometheus::{HistogramOpts, HistogramVec, IntCounterVec, Opts, Registry};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use veza_domain::subscription::{Invoice, InvoiceReason, InvoiceStatus, SubscriptionStatus};
use veza_domain::time::Timestamp;

/// Upper bounds of the durations of requests, in seconds.
const REQUEST_SECONDS: &[f64] = &[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0];
/// Upper bounds of the durations of providers' calls, in seconds.
const CALL_SECONDS: &[f64] = &[0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 60.0];

/// Who sends webhooks.
const SENDERS: &[&str] = &["hyperswitch", "stripe"];

/// What the newest check of the books found.
#[derive(Clone, Debug)]
struct Check {
    broken: BTreeMap<&'static str, u64>,
    at: Timestamp,
}

/// All counters and histograms of one app.
pub struct Metrics {
    started_at: Timestamp,
    registry: Registry,
    requests: IntCounterVec,
    request_seconds: HistogramVec,
    deliveries: IntCounterVec,
    settlements: IntCounterVec,
    calls: IntCounterVec,
    call_seconds: HistogramVec,
    batches: IntCounterVec,
    rows: IntCounterVec,
    reconciled: IntCounterVec,
    invoices: IntCounterVec,
    subscriptions: IntCounterVec,
    invariants: Mutex<Option<Check>>,
    backlog: scrape::LastBacklog,
}

impl Metrics {
    /// Nothing counted yet.
    #[must_use]
    pub fn new(started_at: Timestamp) -> Self {
        let registry = Registry::new();
        let counter = |name, help, labels: &[&str]| registered(&registry, IntCounterVec::new(Opts::new(name, help), labels));
        let seconds = |name, help, bounds: &[f64], labels: &[&str]| {
            registered(&registry, HistogramVec::new(HistogramOpts::new(name, help).buckets(bounds.to_vec()), labels))
        };
        let request = &["route", "method", "status"];
        let metrics = Self {
            started_at,
            requests: counter("veza_http_requests_total", "Requests answered, by route pattern, method and class of status.", request),
            request_seconds: seconds("veza_http_request_duration_seconds", "How long answers took.", REQUEST_SECONDS, request),
            deliveries: counter(
                "veza_webhook_deliveries_total",
                "Webhook deliveries, by sender and what came of them.",
                &["sender", "result"],
            ),
            settlements: counter("veza_settlements_total", "Facts brought to orders, by the rules' verdict.", &["verdict"]),
            calls: counter(
                "veza_provider_calls_total",
                "Calls of providers, by operation and what came of them.",
                &["provider", "operation", "outcome"],
            ),
            call_seconds: seconds(
                "veza_provider_call_duration_seconds",
                "How long calls of providers took, whatever came of them.",
                CALL_SECONDS,
                &["provider", "operation"],
            ),
            batches: counter("veza_worker_batches_total", "Times that a worker looked for due rows.", &["worker", "result"]),
            rows: counter("veza_worker_rows_total", "Rows that a worker worked on, by what came of it.", &["worker", "outcome"]),
            reconciled: counter(
                "veza_reconciled_rows_total",
                "Rows that the reconciler looked at, by what it found.",
                &["class", "outcome"],
            ),
            invoices: counter(
                "veza_invoices_total",
                "Invoices of plans that a payment's news moved, by why there is one and where it stands now.",
                &["reason", "status"],
            ),
            subscriptions: counter(
                "veza_subscriptions_total",
                "Plans that a payment's news changed, by where they stand now.",
                &["status"],
            ),
            invariants: Mutex::default(),
            backlog: scrape::LastBacklog::default(),
            registry,
        };
        metrics.begin_at_zero();
        metrics
    }

    /// Series that alarms watch are there before anything is counted: else their first count would not be a growth.
    fn begin_at_zero(&self) {
        for verdict in outcome::VERDICTS {
            self.settlements.with_label_values(&[verdict]);
        }
        for (sender, result) in SENDERS.iter().flat_map(|sender| outcome::DELIVERIES.map(|result| (sender, result))) {
            self.deliveries.with_label_values(&[sender, result]);
        }
        for (reason, status) in InvoiceReason::ALL.iter().flat_map(|reason| InvoiceStatus::ALL.map(|status| (reason, status))) {
            self.invoices.with_label_values(&[reason.as_str(), status.as_str()]);
        }
        for status in SubscriptionStatus::ALL {
            self.subscriptions.with_label_values(&[status.as_str()]);
        }
    }

    /// The same for calls that a provider may be asked for.
    fn calls_begin_at_zero(&self, provider: &str, operations: &[&str]) {
        for (operation, outcome) in operations.iter().flat_map(|operation| outcome::FINAL_ERRORS.map(|outcome| (operation, outcome))) {
            self.calls.with_label_values(&[provider, operation, outcome]);
        }
    }

    /// A request was answered. `route`: the pattern that it met, if any.
    pub fn request(&self, route: Option<&str>, method: &Method, status: StatusCode, took: Duration) {
        let labels = &[route.unwrap_or("none"), method_word(method), status_class(status)];
        self.requests.with_label_values(labels).inc();
        self.request_seconds.with_label_values(labels).observe(took.as_secs_f64());
    }

    /// A webhook delivery of `sender` was handled.
    pub fn delivery(&self, sender: &'static str, handled: &Handled) {
        self.deliveries.with_label_values(&[sender, outcome::of_delivery(handled)]).inc();
    }

    /// A webhook delivery of `sender` was larger than the cap, and not looked at.
    pub fn delivery_too_large(&self, sender: &'static str) {
        self.deliveries.with_label_values(&[sender, outcome::TOO_LARGE]).inc();
    }

    /// A fact was brought to an order.
    pub fn settlement(&self, settled: &Result<Settled, SettleError>) {
        self.settlements.with_label_values(&[outcome::of_settlement(settled)]).inc();
    }

    /// What was heard of a payment has moved an invoice.
    pub fn invoice(&self, invoice: &Invoice) {
        self.invoices.with_label_values(&[invoice.reason.as_str(), invoice.status.as_str()]).inc();
    }

    /// What was heard of a payment has changed a plan.
    pub fn subscription(&self, status: SubscriptionStatus) {
        self.subscriptions.with_label_values(&[status.as_str()]).inc();
    }

    /// A call of a provider is over, or nobody waits for it any more.
    fn call(&self, provider: &str, operation: &str, outcome: &str, took: Duration) {
        self.calls.with_label_values(&[provider, operation, outcome]).inc();
        self.call_seconds.with_label_values(&[provider, operation]).observe(took.as_secs_f64());
    }

    /// A worker has looked for due rows: with an answer, or without.
    pub fn batch<T, E>(&self, worker: &'static str, claimed: &Result<T, E>) {
        let result = if claimed.is_ok() { outcome::OK } else { outcome::FAILED };
        self.batches.with_label_values(&[worker, result]).inc();
    }

    /// A worker has worked on `rows` rows, with this outcome.
    pub fn rows(&self, worker: &'static str, outcome: &'static str, rows: u64) {
        self.rows.with_label_values(&[worker, outcome]).inc_by(rows);
    }

    /// The reconciler has looked at a row of `class`.
    pub fn reconciled(&self, class: &'static str, outcome: &'static str) {
        self.reconciled.with_label_values(&[class, outcome]).inc();
    }

    /// The standing invariants were checked: how often each was found broken, and when the check ended.
    pub fn invariants(&self, broken: &BTreeMap<&'static str, u64>, at: Timestamp) {
        let check = Check { broken: broken.clone(), at };
        *self.invariants.lock().unwrap_or_else(PoisonError::into_inner) = Some(check);
    }
}

/// Makes a family known to the registry.
#[expect(clippy::expect_used, reason = "names and labels are literals: a wrong or doubled one fails every test that builds an app")]
fn registered<C: Collector + Clone + 'static>(registry: &Registry, made: prometheus::Result<C>) -> C {
    let family = made.expect("a valid name");
    registry.register(Box::new(family.clone())).expect("a new name");
    family
}

/// Methods of our routes; anybody can make up others.
fn method_word(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn status_class(status: StatusCode) -> &'static str {
    match status.as_u16() {
        100..200 => "1xx",
        200..300 => "2xx",
        300..400 => "3xx",
        400..500 => "4xx",
        _ => "5xx",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_strangers_make_up_becomes_no_series() {
        let metrics = Metrics::new(Timestamp(0));
        for name in ["BREW", "PROPFIND", "X-1"] {
            let method = Method::from_bytes(name.as_bytes()).unwrap();
            metrics.request(None, &method, StatusCode::NOT_FOUND, Duration::from_millis(1));
        }
        let family = metrics.registry.gather().into_iter().find(|family| family.name() == "veza_http_requests_total").unwrap();
        assert_eq!(family.get_metric().len(), 1);
        assert_eq!(metrics.requests.with_label_values(&["none", "other", "4xx"]).get(), 3);
    }

    #[test]
    fn two_of_them_count_for_themselves() {
        let (one, other) = (Metrics::new(Timestamp(0)), Metrics::new(Timestamp(0)));
        one.rows("effects", "done", 2);
        assert_eq!(one.rows.with_label_values(&["effects", "done"]).get(), 2);
        assert_eq!(other.rows.with_label_values(&["effects", "done"]).get(), 0);
    }
}
