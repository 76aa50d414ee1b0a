//! The reconciler: what to do when the message never came (spec/01-money §8).
//!
//! It looks at rows that wait for a message, asks the provider that has the answer, and feeds what it says into the code that
//! settles messages. It depends on ports that only read: it can create nothing. A read that fails leaves the row as it was; the
//! next look comes after a pause that grows, and there is no last look.

mod orders;
mod payouts;
mod refunds;

use crate::services::App;
use crate::usecases::effects::EffectError;
use crate::usecases::settle::SettleError;
use crate::usecases::subscriptions;
use futures_util::StreamExt;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::backoff::RetryPolicy;
use veza_ports::storage::{LookClaim, LookClass, Looked, StoreError};

/// Rows of a class that one tick takes (spec/01-money §8).
pub const BATCH: u32 = 50;
/// Rows that are looked at at a time.
const AT_A_TIME: usize = 4;
/// The longest pause between two looks, in intervals.
const PAUSE_MAX_INTERVALS: u32 = 6;

/// `RECONCILE_*`.
#[derive(Clone, Copy, Debug)]
pub struct ReconcileSettings {
    /// `RECONCILE_WORKER_ENABLED`.
    pub enabled: bool,
    /// `RECONCILE_INTERVAL`.
    pub interval: Duration,
    /// `RECONCILE_ORDER_STUCK_AFTER`.
    pub order_stuck_after: Duration,
    /// `RECONCILE_REFUND_STUCK_AFTER`.
    pub refund_stuck_after: Duration,
    /// `RECONCILE_REFUND_ORPHAN_AFTER`.
    pub refund_orphan_after: Duration,
    /// `RECONCILE_SUBSCRIPTION_STUCK_AFTER`.
    pub subscription_stuck_after: Duration,
}

impl ReconcileSettings {
    /// Pauses between looks at one row: an interval, then two, four, at most [`PAUSE_MAX_INTERVALS`].
    fn pauses(&self) -> RetryPolicy {
        RetryPolicy { retries_max: u32::MAX, base: self.interval / 2, max: self.interval.saturating_mul(PAUSE_MAX_INTERVALS) }
    }

    fn stuck_after(&self, class: LookClass) -> Duration {
        match class {
            LookClass::PendingOrders => self.order_stuck_after,
            LookClass::PendingInvoices => self.subscription_stuck_after,
            LookClass::FailedOrders => Duration::ZERO,
            LookClass::Refunds => self.refund_stuck_after,
            LookClass::OrphanRefunds => self.refund_orphan_after,
            LookClass::Disputes => self.order_stuck_after,
            LookClass::Transfers | LookClass::Reversals => Duration::ZERO,
        }
    }
}

/// What became of the rows of one class.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Rows looked at.
    pub seen: u64,
    /// Brought to where the provider is.
    pub settled: u64,
    /// Ended as failed: the provider refused, or definitely has none.
    pub failed: u64,
    /// Nothing to do yet, or another worker's.
    pub skipped: u64,
    /// The provider could not be read, or the answer could not be stored.
    pub errors: u64,
}

impl Counts {
    fn count(&mut self, found: &Result<Found, LookError>) {
        self.seen += 1;
        match found {
            Ok(Found::Settled) => self.settled += 1,
            Ok(Found::Failed) => self.failed += 1,
            Ok(Found::Waits(_)) => self.skipped += 1,
            Err(_) => self.errors += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.seen += other.seen;
        self.settled += other.settled;
        self.failed += other.failed;
        self.skipped += other.skipped;
        self.errors += other.errors;
    }
}

/// What became of a pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Report {
    /// Stuck orders, failed ones of the last day, and open disputes.
    pub orders: Counts,
    /// Stuck refunds that have a PSP id.
    pub refunds: Counts,
    /// Stuck refunds that have none.
    pub orphan_refunds: Counts,
    /// Stuck subscriptions.
    pub subscriptions: Counts,
    /// Transfers and reversals of unknown outcome.
    pub transfers: Counts,
    /// A tick's batch of some class was full: more rows may be due.
    pub more: bool,
}

impl Report {
    fn of_class(&mut self, class: LookClass) -> &mut Counts {
        match class {
            LookClass::PendingOrders | LookClass::FailedOrders | LookClass::Disputes => &mut self.orders,
            LookClass::PendingInvoices => &mut self.subscriptions,
            LookClass::Refunds => &mut self.refunds,
            LookClass::OrphanRefunds => &mut self.orphan_refunds,
            LookClass::Transfers | LookClass::Reversals => &mut self.transfers,
        }
    }

    /// All classes together.
    #[must_use]
    pub fn total(&self) -> Counts {
        let mut total = Counts::default();
        for counts in [self.orders, self.refunds, self.orphan_refunds, self.subscriptions, self.transfers] {
            total.add(counts);
        }
        total
    }
}

/// How much a run takes on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// One batch of due rows per class: the worker's tick.
    Tick,
    /// Every stuck row once, batch by batch, whatever its pause: `veza reconcile --once`, the admin's button.
    Everything,
}

/// What a look found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Settled,
    Failed,
    Waits(&'static str),
}

/// Why a look came to nothing. The row is as it was.
#[derive(Debug, thiserror::Error)]
enum LookError {
    #[error(transparent)]
    Psp(#[from] veza_ports::payments::ReadError),
    #[error(transparent)]
    Settle(#[from] SettleError),
    #[error(transparent)]
    Effect(#[from] EffectError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] veza_ports::storage::CommitError),
}

/// Runs over every class. `progress` is told after each batch.
///
/// # Errors
/// [`StoreError`] when nothing could be claimed; what was settled before stays.
pub async fn run(app: &App, extent: Extent, progress: &(dyn Fn(&Report) + Send + Sync)) -> Result<Report, StoreError> {
    let mut report = Report::default();
    for class in LookClass::ALL {
        let mut pass = (extent == Extent::Everything).then_some(Uuid::nil());
        loop {
            let claimed = claim(app, class, pass).await?;
            let (full, last) = (claimed.len() == BATCH as usize, claimed.last().map(|row| row.subject));
            look_at_all(app, class, claimed, report.of_class(class)).await;
            progress(&report);
            match (extent, full) {
                (Extent::Everything, true) => pass = last,
                (Extent::Tick, true) => {
                    report.more = true;
                    break;
                }
                _ => break,
            }
        }
    }
    subscriptions::watch::overdue(app).await?;
    let total = report.total();
    if total.seen > 0 {
        tracing::info!(
            seen = total.seen,
            settled = total.settled,
            failed = total.failed,
            skipped = total.skipped,
            errors = total.errors,
            "reconcile: pass over"
        );
    }
    Ok(report)
}

async fn claim(app: &App, class: LookClass, pass: Option<Uuid>) -> Result<Vec<Looked>, StoreError> {
    let settings = &app.reconcile;
    let provider_less = if class.is_at_connect() { app.connect.is_none() } else { app.psp.is_none() };
    // What is unknown at Connect is due by its own schedule; only a whole pass goes before it.
    let own_schedule = class.is_at_connect() && pass.is_none();
    if provider_less || own_schedule {
        return Ok(Vec::new());
    }
    let now = app.now();
    let claim = LookClaim {
        class,
        now,
        older_than: now.minus(settings.stuck_after(class)),
        lease: app.money.lease(),
        pause: settings.pauses(),
        pass,
        limit: BATCH,
    };
    app.store.claim_looks(&claim).await
}

async fn look_at_all(app: &App, class: LookClass, claimed: Vec<Looked>, counts: &mut Counts) {
    let looks = futures_util::stream::iter(claimed).map(|row| async move { (row, look(app, class, row).await) });
    let mut looks = looks.buffer_unordered(AT_A_TIME);
    while let Some((row, found)) = looks.next().await {
        counts.count(&found);
        tell(app, class, row, &found);
    }
}

async fn look(app: &App, class: LookClass, row: Looked) -> Result<Found, LookError> {
    match class {
        LookClass::PendingOrders | LookClass::PendingInvoices | LookClass::FailedOrders => orders::look(app, row).await,
        LookClass::Disputes => orders::look_at_dispute(app, row).await,
        LookClass::Refunds => refunds::look(app, row).await,
        LookClass::OrphanRefunds => refunds::look_at_orphan(app, row).await,
        LookClass::Transfers => payouts::look_at_transfer(app, row).await,
        LookClass::Reversals => payouts::look_at_reversal(app, row).await,
    }
}

/// One line per action, with the word `reconcile`: what, id, what was found, how long it had been stuck.
fn tell(app: &App, class: LookClass, row: Looked, found: &Result<Found, LookError>) {
    let what = match class {
        LookClass::PendingOrders => "pending order",
        LookClass::PendingInvoices => "pending invoice",
        LookClass::FailedOrders => "failed order",
        LookClass::Refunds => "refund",
        LookClass::OrphanRefunds => "orphan refund",
        LookClass::Disputes => "dispute",
        LookClass::Transfers => "transfer",
        LookClass::Reversals => "reversal",
    };
    let stuck_s = app.now().since(row.created_at).as_secs();
    let (id, order) = (row.subject, row.order_id);
    app.metrics.reconciled(
        what,
        match found {
            Ok(Found::Settled) => "settled",
            Ok(Found::Failed) => "failed",
            Ok(Found::Waits(_)) => "waits",
            Err(_) => "error",
        },
    );
    match found {
        Ok(Found::Settled) => tracing::info!(what, %id, %order, stuck_s, found = "settled", "reconcile: settled by a read"),
        Ok(Found::Failed) if class == LookClass::OrphanRefunds => {
            tracing::error!(what, %id, %order, stuck_s, found = "not at the PSP", "reconcile: orphan ended as failed, the order was given back");
        }
        Ok(Found::Failed) => tracing::warn!(what, %id, %order, stuck_s, found = "failed", "reconcile: ended as failed"),
        Ok(Found::Waits(why)) => tracing::debug!(what, %id, %order, stuck_s, found = why, "reconcile: nothing to do yet"),
        Err(error) => {
            let error = crate::problem::chain(error);
            tracing::warn!(what, %id, %order, stuck_s, error, "reconcile: could not be read; the row stays as it was, next time again");
        }
    }
}
