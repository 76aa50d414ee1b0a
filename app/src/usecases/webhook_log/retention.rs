//! The webhook log is kept for a number of days (`HYPERSWITCH_WEBHOOK_LOG_RETENTION_DAYS`); a daily sweep deletes what is older, in
//! batches with pauses, and stops at once on shutdown (spec/01-money §7).

use crate::problem::chain;
use crate::services::App;
use crate::usecases::worked::Worked;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

/// Its name among the workers.
const WORKER: &str = "webhook_log_sweep";
/// Rows of a batch.
const BATCH: u32 = 10_000;
/// Pause between batches: settlements go first.
const PAUSE: Duration = Duration::from_millis(100);
/// How often it runs.
const EVERY: Duration = Duration::from_secs(24 * 3600);
const DAY: Duration = Duration::from_secs(24 * 3600);

/// Sweeps at the start and then daily, until it is told to stop.
pub async fn sweep(app: Arc<App>, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        once(&app, &stopped).await;
        app.last_run(WORKER);
        tokio::select! {
            () = tokio::time::sleep(EVERY) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Deletes what is too old, until nothing is left or it is told to stop. Returns how many rows went.
pub async fn once(app: &App, stopped: &watch::Receiver<bool>) -> u64 {
    let before = app.now().minus(DAY.saturating_mul(app.webhook_log_days));
    let mut gone = 0;
    let mut stop = stopped.clone();
    while !*stop.borrow_and_update() {
        let swept = app.store.sweep_deliveries(before, BATCH).await;
        app.metrics.batch(WORKER, &swept);
        match swept {
            Ok(deleted) => {
                gone += deleted;
                app.metrics.rows(WORKER, Worked::Done.as_str(), deleted);
                if deleted < u64::from(BATCH) {
                    break;
                }
            }
            Err(error) => {
                tracing::error!(error = chain(&error), "the webhook log could not be swept; next time again");
                break;
            }
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE) => {}
            _ = stop.changed() => {}
        }
    }
    if gone > 0 {
        tracing::info!(gone, days = app.webhook_log_days, "webhook log swept");
    }
    gone
}
