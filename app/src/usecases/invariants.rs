//! The standing invariants (spec/01-money §10), checked on our own books at the start and on a schedule: no provider is asked, so it can
//! run often. What is broken is an ERROR line and a metric.

use crate::problem::chain;
use crate::services::App;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use veza_domain::ids::OrderId;
use veza_domain::settlement::{Broken, check};
use veza_domain::time::Timestamp;
use veza_ports::storage::{StoreError, StoredOrder};

/// Orders of one batch.
const BATCH: u32 = 200;
/// Pause between batches: settlements go first.
const PAUSE: Duration = Duration::from_millis(20);
/// Orders of the last days are checked; older ones are the audit's.
const DAYS: u32 = 30;
/// An order that changes under the check is read so often.
const READS_MAX: usize = 5;
const DAY: Duration = Duration::from_secs(24 * 3600);

/// What a check found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Verdict {
    /// When it ended.
    pub at: Option<Timestamp>,
    /// Orders looked at.
    pub orders: u64,
    /// How often each invariant was found broken; empty in good books.
    pub broken: BTreeMap<&'static str, u64>,
}

/// Checks at the start and then on schedule, until it is told to stop.
pub async fn watch_over(app: Arc<App>, every: Duration, mut stopped: watch::Receiver<bool>) {
    while !*stopped.borrow() {
        tokio::select! {
            checked = run(&app) => match checked {
                Ok(verdict) => {
                    if !verdict.broken.is_empty() {
                        tracing::error!(broken = ?verdict.broken, orders = verdict.orders, "the books break an invariant: run `veza audit`");
                    }
                    app.metrics.invariants(&verdict.broken, verdict.at.unwrap_or_else(|| app.now()));
                }
                Err(error) => tracing::error!(error = chain(&error), "the books could not be checked; next time again"),
            },
            _ = stopped.changed() => break,
        }
        app.last_run("invariants");
        tokio::select! {
            () = tokio::time::sleep(every) => {}
            _ = stopped.changed() => {}
        }
    }
}

/// Reads an order and checks it. Rows and postings are two reads: what a settlement between them would break is not broken, so what is
/// found counts only if the rows have stood still meanwhile.
///
/// # Errors
/// [`StoreError`].
pub async fn check_order(app: &App, id: OrderId) -> Result<Option<(StoredOrder, Vec<Broken>)>, StoreError> {
    let Some(mut stored) = app.store.order_file(id).await? else { return Ok(None) };
    for _ in 0..READS_MAX {
        let broken = check(&stored.file, &app.store.history(id).await?.postings);
        if broken.is_empty() {
            return Ok(Some((stored, broken)));
        }
        let Some(again) = app.store.order_file(id).await? else { return Ok(None) };
        if again.file == stored.file {
            return Ok(Some((stored, broken)));
        }
        stored = again;
    }
    tracing::warn!(order = %id, "an order changes faster than it can be checked; next time again");
    Ok(Some((stored, Vec::new())))
}

/// Checks once.
///
/// # Errors
/// [`StoreError`].
pub async fn run(app: &App) -> Result<Verdict, StoreError> {
    let mut verdict = Verdict::default();
    let ledger = app.store.ledger_check().await?;
    let nonzero = ledger.sums.iter().filter(|(_, sum)| sum.0 != 0).count() as u64;
    for (name, found) in [("ledger_not_zero", nonzero), ("ledger_drift", ledger.drift.len() as u64)] {
        if found > 0 {
            verdict.broken.insert(name, found);
        }
    }
    let (since, until) = (app.now().minus(DAY.saturating_mul(DAYS)), app.now());
    let mut after = None;
    loop {
        let ids = app.store.orders_between(since, until, after, BATCH).await?;
        for id in &ids {
            for broken in check_order(app, *id).await?.map(|(_, broken)| broken).unwrap_or_default() {
                tracing::error!(order = %id, invariant = broken.what, detail = broken.detail, "the books break an invariant");
                *verdict.broken.entry(broken.what).or_default() += 1;
            }
        }
        verdict.orders += ids.len() as u64;
        after = ids.last().copied();
        if ids.len() < BATCH as usize {
            break;
        }
        tokio::time::sleep(PAUSE).await;
    }
    verdict.at = Some(app.now());
    Ok(verdict)
}
