//! Background work: the outbox, transfers, reversals, subscriptions, distribution, the reconciler, the sweeps; and, where requests are
//! answered, the log of refused deliveries.
//!
//! Each worker claims due rows in batches, works on a few of them at a time, and sleeps until it is woken or its interval is
//! over. A worker that fails says so and goes on; a row that it dies over is due again after its lease.

use crate::problem::chain;
use crate::services::App;
use crate::usecases::effects::EffectError;
use crate::usecases::reconcile::{self, Extent};
use crate::usecases::worked::Worked;
use crate::usecases::{audit, distribution, effects, invariants, reversals, subscriptions, transfers, webhook_log};
use futures_util::StreamExt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;
use tokio::sync::watch;
use tokio::task::JoinSet;
use uuid::Uuid;
use veza_domain::ids::OrderId;
use veza_ports::storage::StoreError;

/// Rows of a batch (spec/01-money §5).
pub const BATCH: u32 = 20;
/// Rows that are worked on at a time.
const AT_A_TIME: usize = 4;
/// How often the outbox is looked at without being woken.
const EFFECTS_EVERY: Duration = Duration::from_secs(1);
/// How often subscriptions that are due are looked for without being woken.
const SUBSCRIPTIONS_EVERY: Duration = Duration::from_secs(30);
/// Pause of the reconciler after a full batch.
const BACKLOG_EVERY: Duration = Duration::from_secs(1);
/// How often what other processes have made is looked for.
const LISTENS_EVERY: Duration = Duration::from_secs(1);
/// How often a worker looks for an audit that another instance was asked for.
const AUDITS_EVERY: Duration = Duration::from_secs(2);
/// How often what nobody needs any more is deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(3600);
/// Unit ids and idempotency records are kept for at least a day, and a margin.
const SWEEP_AGE: Duration = Duration::from_secs(26 * 3600);
/// Rows of a sweep's batch.
const SWEEP_BATCH: u32 = 1000;

/// The running workers.
pub struct WorkersHandle {
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

/// Starts all that works on rows.
#[must_use]
pub fn start(app: &Arc<App>) -> WorkersHandle {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    let a = app.clone();
    tasks.spawn(run("effects", app.clone(), stopped.clone(), EFFECTS_EVERY, |app| &app.wake.effects, move || effects_batch(a.clone())));
    let a = app.clone();
    let every = app.workers.transfers_every;
    tasks.spawn(run("transfers", app.clone(), stopped.clone(), every, |app| &app.wake.transfers, move || transfers_batch(a.clone())));
    let a = app.clone();
    let subscriptions = move || subscriptions_batch(a.clone());
    tasks.spawn(run("subscriptions", app.clone(), stopped.clone(), SUBSCRIPTIONS_EVERY, |app| &app.wake.subscriptions, subscriptions));
    if app.workers.reversals {
        let a = app.clone();
        let every = app.workers.reversals_every;
        tasks.spawn(run("reversals", app.clone(), stopped.clone(), every, |app| &app.wake.reversals, move || reversals_batch(a.clone())));
    } else {
        tracing::warn!("the reversal worker is off: what refunds take back from sellers waits");
    }
    if app.distribution.worker {
        let a = app.clone();
        let every = app.distribution.every;
        let batch = move || distribution_batch(a.clone());
        tasks.spawn(run("distribution", app.clone(), stopped.clone(), every, |app| &app.wake.distribution, batch));
    } else {
        tracing::warn!("the distribution worker is off: what creators hand in waits");
    }
    if !app.reconcile.enabled {
        tracing::warn!("the reconcile worker is off: what the provider's messages do not bring waits for `veza reconcile --once`");
    } else if app.psp.is_none() {
        tracing::warn!("the reconcile worker does not start: no payment provider is configured");
    } else {
        tasks.spawn(reconcile_every(app.clone(), stopped.clone()));
    }
    tasks.spawn(audits(app.clone(), stopped.clone()));
    tasks.spawn(listen(app.clone(), stopped.clone()));
    tasks.spawn(invariants::watch_over(app.clone(), app.invariants_every, stopped.clone()));
    tasks.spawn(webhook_log::retention::sweep(app.clone(), stopped.clone()));
    tasks.spawn(sweep(app.clone(), stopped));
    WorkersHandle { stop, tasks }
}

/// Starts the log of refused deliveries, which every process needs that takes deliveries: they wait in its own memory.
#[must_use]
pub fn start_log(app: &Arc<App>) -> WorkersHandle {
    let (stop, stopped) = watch::channel(false);
    let mut tasks = JoinSet::new();
    tasks.spawn(log_refused(app.clone(), stopped));
    WorkersHandle { stop, tasks }
}

impl WorkersHandle {
    /// Lets each finish what it has in hand, and stops.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
    }
}

/// One worker: batches until nothing is due, then sleep.
async fn run<B, F>(
    name: &'static str,
    app: Arc<App>,
    mut stopped: watch::Receiver<bool>,
    every: Duration,
    wake: fn(&App) -> &Notify,
    batch: B,
) where
    B: Fn() -> F + Send,
    F: Future<Output = Result<usize, StoreError>> + Send,
{
    tracing::info!(worker = name, every = ?every, "worker runs");
    while !*stopped.borrow() {
        let batch = batch().await;
        app.last_run(name);
        app.metrics.batch(name, &batch);
        match batch {
            Ok(0) => {}
            Ok(worked) => {
                tracing::debug!(worker = name, worked, "batch done");
                if worked == BATCH as usize {
                    continue;
                }
            }
            Err(error) => tracing::error!(worker = name, %error, "nothing could be claimed; next time again"),
        }
        tokio::select! {
            () = wake(&app).notified() => {}
            () = tokio::time::sleep(every) => {}
            _ = stopped.changed() => {}
        }
    }
    tracing::info!(worker = name, "worker stopped");
}

/// The outbox worker's step: claims a batch of due effects and carries them out. How many it claimed.
///
/// # Errors
/// [`StoreError`] when nothing could be claimed.
pub async fn effects_batch(app: Arc<App>) -> Result<usize, StoreError> {
    let claimed = app.store.claim_effects(app.now(), app.money.lease(), BATCH).await?;
    let app = &app;
    Ok(each(claimed, |effect| async move {
        let (id, kind) = (effect.value.id.0, effect.value.kind);
        let work = async { effects::work(app, effect).await.map(|performed| Worked::from(&performed)) };
        told(app, Action { worker: "effects", what: kind.name(), id, order: kind.order() }, work).await;
    })
    .await)
}

/// The transfer worker's step.
///
/// # Errors
/// [`StoreError`] when nothing could be claimed.
pub async fn transfers_batch(app: Arc<App>) -> Result<usize, StoreError> {
    let claimed = app.store.claim_transfers(app.now(), app.money.lease(), BATCH).await?;
    let app = &app;
    Ok(each(claimed, |transfer| async move {
        let action = Action { worker: "transfers", what: "send", id: transfer.id.0, order: Some(transfer.order_id) };
        told(app, action, transfers::work(app, transfer)).await;
    })
    .await)
}

/// The reversal worker's step.
///
/// # Errors
/// [`StoreError`] when nothing could be claimed.
pub async fn reversals_batch(app: Arc<App>) -> Result<usize, StoreError> {
    let claimed = app.store.claim_reversals(app.now(), app.money.lease(), BATCH).await?;
    let app = &app;
    Ok(each(claimed, |reversal| async move {
        let action = Action { worker: "reversals", what: "take_back", id: reversal.id.0, order: Some(reversal.order_id) };
        told(app, action, reversals::work(app, reversal)).await;
    })
    .await)
}

/// The subscription worker's step.
///
/// # Errors
/// [`StoreError`] when nothing could be claimed.
pub async fn subscriptions_batch(app: Arc<App>) -> Result<usize, StoreError> {
    let claimed = app.store.claim_subscriptions(app.now(), app.money.lease(), BATCH).await?;
    let app = &app;
    Ok(each(claimed, |subscription| async move {
        let action = Action { worker: "subscriptions", what: "move_on", id: subscription.id.0, order: None };
        told(app, action, subscriptions::work::work(app, subscription)).await;
    })
    .await)
}

/// The distribution worker's step. Without a distributor nothing is claimed: what was handed in waits.
///
/// # Errors
/// [`StoreError`] when nothing could be claimed.
pub async fn distribution_batch(app: Arc<App>) -> Result<usize, StoreError> {
    if app.distributor.is_none() {
        return Ok(0);
    }
    let claimed = app.store.claim_placements(app.now(), app.money.lease(), BATCH).await?;
    let app = &app;
    Ok(each(claimed, |placement| async move {
        let action = Action { worker: "distribution", what: "distribute", id: placement.id.0, order: None };
        told(app, action, distribution::work(app, placement)).await;
    })
    .await)
}

async fn each<T, F: Future<Output = ()>>(rows: Vec<T>, work: impl Fn(T) -> F) -> usize {
    let worked = rows.len();
    futures_util::stream::iter(rows).for_each_concurrent(AT_A_TIME, work).await;
    worked
}

/// What a worker does with one row.
struct Action {
    worker: &'static str,
    what: &'static str,
    id: Uuid,
    order: Option<OrderId>,
}

/// One line per action, whatever comes of it.
async fn told(app: &App, action: Action, work: impl Future<Output = Result<Worked, EffectError>>) {
    let Action { worker, what, id, order } = action;
    let began = Instant::now();
    let result = work.await;
    let outcome = result.as_ref().map_or("failed", |worked| worked.as_str());
    let (ms, order) = (began.elapsed().as_micros() as f64 / 1000.0, order.map(tracing::field::display));
    app.metrics.rows(worker, outcome, 1);
    match result {
        Ok(_) => tracing::info!(worker, what, %id, order, outcome, ms, "worked"),
        Err(error) => {
            let error = chain(&error);
            tracing::error!(worker, what, %id, order, outcome, ms, error, "work could not be recorded; it is due again after its lease");
        }
    }
}

/// The reconciler: a tick at the start, then one per interval; after a full batch the next one comes soon, so that a backlog is
/// gone in minutes and never more than a batch is asked for at a time. A tick never ends it.
async fn reconcile_every(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    tracing::info!(worker = "reconcile", every = ?app.reconcile.interval, "worker runs");
    while !*stopped.borrow() {
        let mut pause = app.reconcile.interval;
        tokio::select! {
            run = reconcile::run(&app, Extent::Tick, &|_| {}) => {
                app.metrics.batch("reconcile", &run);
                match run {
                    Ok(report) => {
                        count_looks(&app, report.total());
                        if report.more {
                            pause = pause.min(BACKLOG_EVERY);
                        }
                    }
                    Err(error) => tracing::error!(worker = "reconcile", %error, "nothing could be claimed; next time again"),
                }
            }
            _ = stopped.changed() => break,
        }
        app.last_run("reconcile");
        tokio::select! {
            () = app.wake.reconcile.notified() => {}
            () = tokio::time::sleep(pause) => {}
            _ = stopped.changed() => {}
        }
    }
    tracing::info!(worker = "reconcile", "worker stopped");
}

/// Runs the audits that operators ask for, one at a time. At a stop the one that runs is left: another instance, or this one after its
/// next start, begins it anew.
async fn audits(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let worked = tokio::select! {
            worked = audit::runs::work(&app) => worked,
            _ = stopped.changed() => break,
        };
        app.last_run("audits");
        app.metrics.batch("audits", &worked);
        match worked {
            Ok(true) => continue,
            Ok(false) => {}
            Err(error) => tracing::error!(worker = "audits", %error, "the audit could not be kept; next time again"),
        }
        tokio::select! {
            () = app.wake.audits.notified() => {}
            () = tokio::time::sleep(AUDITS_EVERY) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// What the reconciler's tick did, in the words of the other workers.
fn count_looks(app: &App, counts: reconcile::Counts) {
    let reconcile::Counts { settled, failed, skipped, errors, .. } = counts;
    for (outcome, rows) in [(Worked::Done, settled), (Worked::Refused, failed), (Worked::Nothing, skipped)] {
        app.metrics.rows("reconcile", outcome.as_str(), rows);
    }
    app.metrics.rows("reconcile", "failed", errors);
}

/// Wakes the workers for what other processes have made, the command line or instances that only answer requests: whoever shares this
/// process wakes them by itself. Retries keep to their worker's interval.
async fn listen(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        tokio::select! {
            () = tokio::time::sleep(LISTENS_EVERY) => {}
            _ = stopped.changed() => break,
        }
        match app.store.fresh_work(app.now()).await {
            Ok(fresh) => {
                if fresh.transfers {
                    app.wake.transfers.notify_one();
                }
                if fresh.reversals {
                    app.wake.reversals.notify_one();
                }
            }
            Err(error) => tracing::debug!(%error, "nobody knows what others have made; the workers look at their intervals"),
        }
    }
}

/// Writes the rows of refused deliveries; at a stop also those that still wait.
async fn log_refused(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    loop {
        tokio::select! {
            delivery = app.refused_deliveries.next() => match delivery {
                Some(delivery) => webhook_log::write(&app, delivery).await,
                None => return,
            },
            _ = stopped.changed() => break,
        }
    }
    while let Some(delivery) = app.refused_deliveries.take().await {
        webhook_log::write(&app, delivery).await;
    }
}

async fn sweep(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        let began = Instant::now();
        let swept = app.store.sweep(app.now().minus(SWEEP_AGE), SWEEP_BATCH).await;
        app.last_run("sweep");
        app.metrics.batch("sweep", &swept);
        match swept {
            Ok(0) => {}
            Ok(rows) => {
                app.metrics.rows("sweep", Worked::Done.as_str(), rows);
                let ms = began.elapsed().as_micros() as f64 / 1000.0;
                tracing::info!(worker = "sweep", what = "delete", rows, outcome = Worked::Done.as_str(), ms, "worked");
                if rows >= u64::from(SWEEP_BATCH) {
                    continue;
                }
            }
            Err(error) => tracing::error!(worker = "sweep", %error, "sweep failed; next time again"),
        }
        tokio::select! {
            () = tokio::time::sleep(SWEEP_EVERY) => {}
            _ = stopped.changed() => {}
        }
    }
}
