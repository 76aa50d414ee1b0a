//! Audits that operators start over HTTP: a worker runs them, whichever instance has one, and keeps what it finds for all to read.
//!
//! Invariants: one runs at a time; nothing is begun that the operators' log does not have; what is kept in memory is one batch; a run
//! whose instance died is begun anew elsewhere, after its lease.

use super::{Difference, Listener, Period, Progress};
use crate::problem::{ApiError, chain};
use crate::services::App;
use crate::usecases::operators::Operator;
use async_trait::async_trait;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Mutex;
use veza_domain::audit::{Audit, AuditCounts, AuditDifference, AuditState, KEPT_MAX};
use veza_domain::ids::AuditId;
use veza_ports::storage::StoreError;

/// How long a run is its worker's without a sign of life.
const LEASE: Duration = Duration::from_secs(30);
/// How often it gives one; it also learns by it that somebody has stopped the run.
const BEAT: Duration = Duration::from_secs(3);

/// Asks for an audit of `period`; a worker begins it at once.
///
/// # Errors
/// 409 `audit_running` while another one runs; 503 when it can't be stored.
pub async fn ask(app: &App, operator: Operator, period: Period, import: bool) -> Result<Audit, ApiError> {
    let audit = Audit::asked(AuditId(app.ids.uuid()), (period.since, period.until), import, operator.0, app.now());
    if let Some(running) = running(app).await? {
        return Err(busy(&running));
    }
    let action = if import { "audit_import" } else { "audit" };
    let detail = format!("audit {}: {} to {}", audit.id, moment(period.since), moment(period.until));
    operator.note(app, action, None, None, detail).await?;
    let running = app.store.audit_asked(&audit).await?;
    if running.id != audit.id {
        return Err(busy(&running));
    }
    app.wake.audits.notify_one();
    Ok(audit)
}

/// The one that runs: it is among the newest.
async fn running(app: &App) -> Result<Option<Audit>, StoreError> {
    let newest = app.store.audits(veza_ports::storage::Page { limit: 1, before: None }).await?;
    Ok(newest.into_iter().find(|audit| audit.state == AuditState::Running))
}

fn moment(at: veza_domain::time::Timestamp) -> String {
    crate::http::page::time(at).format("%Y-%m-%dT%H:%M:%SZ").to_string()
}

fn busy(running: &Audit) -> ApiError {
    let Audit { id, since, until, counts, .. } = running;
    let detail = format!(
        "audit {id} of {} to {} runs ({} of {} orders): wait for it, or stop it",
        moment(*since),
        moment(*until),
        counts.orders_done,
        counts.orders
    );
    ApiError::conflict("audit_running", detail)
}

/// Stops a run; what it has found so far is kept.
///
/// # Errors
/// 404; 409 `audit_over` when it is over already.
pub async fn stop(app: &App, operator: Operator, id: AuditId) -> Result<Audit, ApiError> {
    let unknown = || ApiError::not_found("audit_not_found", "there is no such audit, or it is too old to be kept");
    app.store.audit(id).await?.ok_or_else(unknown)?;
    operator.note(app, "stop_audit", None, None, format!("audit {id}")).await?;
    if !app.store.audit_stopped(id, app.now()).await? {
        return Err(ApiError::conflict("audit_over", "the audit is over"));
    }
    app.store.audit(id).await?.ok_or_else(unknown)
}

/// Runs the audit that is due, if one is. True: one was.
///
/// # Errors
/// [`StoreError`] when it could not be taken, or how it ended could not be stored: it is due again after its lease.
pub async fn work(app: &App) -> Result<bool, StoreError> {
    let now = app.now();
    let Some(audit) = app.store.audit_taken(now, now.plus(LEASE)).await? else { return Ok(false) };
    if audit.is_exhausted() {
        let why = "it was begun too often and never came to an end: run `veza audit` where you can see it".to_owned();
        app.store.audit_told(&audit.ended(AuditState::Failed, Some(why), now), &[]).await?;
        return Ok(true);
    }
    tracing::info!(worker = "audits", audit = %audit.id, attempt = audit.attempt, import = audit.import, "audit begun");
    let period = Period { since: audit.since, until: audit.until };
    let import = audit.import;
    let run = Arc::new(Mutex::new(audit));
    let mut keeper = Keeper { app, run: Arc::clone(&run), found: Vec::new() };
    let ended = tokio::select! {
        ended = super::run(app, period, import, &[], &mut keeper) => ended,
        lost = beats(app, &run) => {
            lost?;
            tracing::info!(worker = "audits", "the audit was stopped, or another instance has it");
            return Ok(true);
        }
    };
    let audit = run.lock().await.clone();
    let (state, error) = match &ended {
        Ok(_) => (AuditState::Done, None),
        Err(error) => (AuditState::Failed, Some(chain(error))),
    };
    let AuditCounts { orders_done, transfers_done, differences, unread, imported, .. } = audit.counts;
    let (id, ms) = (audit.id, app.now().since(now).as_millis() as u64);
    let state_word = state.as_str();
    tracing::info!(worker = "audits", audit = %id, state_word, orders_done, transfers_done, differences, unread, imported, ms, "audit ended");
    app.store.audit_told(&audit.ended(state, error, app.now()), &[]).await?;
    Ok(true)
}

/// Gives signs of life until the run is not ours any more.
async fn beats(app: &App, run: &Mutex<Audit>) -> Result<(), StoreError> {
    loop {
        tokio::time::sleep(BEAT).await;
        app.last_run("audits");
        let mut run = run.lock().await;
        run.lease_until = Some(app.now().plus(LEASE));
        match app.store.audit_told(&run, &[]).await {
            Ok(true) => {}
            Ok(false) => return Ok(()),
            Err(error) => tracing::warn!(worker = "audits", %error, "no sign of life could be given; next time again"),
        }
    }
}

/// Keeps what a run finds, batch by batch.
struct Keeper<'a> {
    app: &'a App,
    run: Arc<Mutex<Audit>>,
    found: Vec<Difference>,
}

#[async_trait]
impl Listener for Keeper<'_> {
    fn found(&mut self, difference: &Difference) {
        self.found.push(difference.clone());
    }

    fn progress(&mut self, _: &Progress) {}

    async fn batch(&mut self, progress: &Progress) -> Result<(), StoreError> {
        let mut run = self.run.lock().await;
        let first = run.counts.differences;
        let found = self.found.drain(..).zip(first..).filter(|(_, place)| *place < KEPT_MAX);
        let found: Vec<AuditDifference> = found.map(|(difference, place)| kept(difference, place)).collect();
        let Progress { orders, orders_done, transfers_done, differences, unread, imported } = *progress;
        run.counts = AuditCounts { orders, orders_done, transfers_done, differences, unread, imported };
        run.lease_until = Some(self.app.now().plus(LEASE));
        // False: stopped, or taken over; the next sign of life ends it.
        self.app.store.audit_told(&run, &found).await.map(drop)
    }
}

fn kept(difference: Difference, place: u64) -> AuditDifference {
    let Difference { code, order_id, subject, ours, theirs, proposed } = difference;
    AuditDifference { place, code: code.to_owned(), order_id, subject, ours, theirs, proposed }
}
