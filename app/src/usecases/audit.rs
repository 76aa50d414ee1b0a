//! The audit: our books against the providers', for a period (spec/01-money §8, "Beyond the webhook").
//!
//! Each of our payments is read at the PSP (the read brings refunds and disputes), every transfer of the period is listed at Connect (so
//! strangers show up), and both are compared with rows and ledger. It reports and changes nothing, unless it is told to import: then what
//! it found goes into the code that settles messages. It walks in batches: a period of a million orders needs no more memory than one of
//! a hundred.

mod connect;
pub mod export;
mod orders;
pub mod runs;

use crate::services::App;
use async_trait::async_trait;
use std::time::Duration;
use veza_domain::ids::OrderId;
use veza_domain::time::Timestamp;
use veza_ports::storage::StoreError;

/// How far an audit looks back when it is not told.
const LOOKS_BACK: Duration = Duration::from_secs(30 * 24 * 3600);
/// Orders of one batch.
const BATCH: u32 = 100;
/// Orders whose payments are read at a time.
const AT_A_TIME: usize = 4;

/// What is audited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Orders and transfers made at or after this.
    pub since: Timestamp,
    /// And before this.
    pub until: Timestamp,
}

impl Period {
    /// What is audited when it is told this: up to now when it is not told, and from 30 days before its end. None where nothing lies in
    /// between: to compare nothing would look like books that agree.
    #[must_use]
    pub fn asked(since: Option<Timestamp>, until: Option<Timestamp>, now: Timestamp) -> Option<Self> {
        let until = until.unwrap_or(now);
        let since = since.unwrap_or_else(|| until.minus(LOOKS_BACK));
        (since < until).then_some(Self { since, until })
    }
}

/// A difference between our books and a provider's, or within ours.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// Its kind, as a stable word.
    pub code: &'static str,
    /// The order, where it belongs to one.
    pub order_id: Option<OrderId>,
    /// What it is about: an id at a provider, or one of ours.
    pub subject: String,
    /// What our books say.
    pub ours: String,
    /// What the other side says.
    pub theirs: String,
    /// What to do about it.
    pub proposed: String,
}

/// How far it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Progress {
    /// Orders in the period.
    pub orders: u64,
    /// Orders compared.
    pub orders_done: u64,
    /// Transfers at Connect compared.
    pub transfers_done: u64,
    /// Differences found.
    pub differences: u64,
    /// Objects that could not be read at their provider: not compared.
    pub unread: u64,
    /// Differences whose facts were settled (`--import`).
    pub imported: u64,
}

/// Is told of each difference and of the progress, as they come.
#[async_trait]
pub trait Listener: Send {
    /// A difference was found.
    fn found(&mut self, difference: &Difference);
    /// A batch is done.
    fn progress(&mut self, progress: &Progress);
    /// A batch was told; the audit goes on when this has kept it.
    ///
    /// # Errors
    /// [`StoreError`] ends the audit.
    async fn batch(&mut self, _progress: &Progress) -> Result<(), StoreError> {
        Ok(())
    }
}

/// What a batch of comparisons brought.
#[derive(Default)]
struct Findings {
    differences: Vec<Difference>,
    unread: u64,
    imported: u64,
}

impl Findings {
    fn differs(
        &mut self,
        code: &'static str,
        order_id: Option<OrderId>,
        subject: impl Into<String>,
        sides: (String, String),
        proposed: &str,
    ) {
        let (ours, theirs) = sides;
        self.differences.push(Difference { code, order_id, subject: subject.into(), ours, theirs, proposed: proposed.to_owned() });
    }

    async fn tell(self, progress: &mut Progress, listener: &mut dyn Listener) -> Result<(), StoreError> {
        progress.differences += self.differences.len() as u64;
        progress.unread += self.unread;
        progress.imported += self.imported;
        for difference in &self.differences {
            listener.found(difference);
        }
        listener.progress(progress);
        listener.batch(progress).await
    }
}

/// Runs over `period`. `export`: the PSP's own list of payments, where there is one.
///
/// # Errors
/// [`StoreError`] when our own books can't be read; what providers don't answer is counted and named.
pub async fn run(
    app: &App,
    period: Period,
    import: bool,
    export: &[export::ExportedPayment],
    listener: &mut dyn Listener,
) -> Result<Progress, StoreError> {
    let mut progress = Progress { orders: app.store.count_orders_between(period.since, period.until).await?, ..Progress::default() };
    ledger(app).await?.tell(&mut progress, listener).await?;
    let mut after = None;
    loop {
        let ids = app.store.orders_between(period.since, period.until, after, BATCH).await?;
        let (len, last) = (ids.len(), ids.last().copied());
        let findings = orders::compare(app, ids, import).await?;
        progress.orders_done += len as u64;
        findings.tell(&mut progress, listener).await?;
        after = last;
        if len < BATCH as usize {
            break;
        }
    }
    connect::compare(app, period, import, &mut progress, listener).await?;
    export::compare(app, export).await?.tell(&mut progress, listener).await?;
    Ok(progress)
}

/// The ledger against itself.
async fn ledger(app: &App) -> Result<Findings, StoreError> {
    let check = app.store.ledger_check().await?;
    let mut findings = Findings::default();
    let bug = "This is a fault of ours: stop the workers, keep the database, and report it.";
    for (currency, sum) in check.sums.iter().filter(|(_, sum)| sum.0 != 0) {
        findings.differs("ledger_not_zero", None, format!("ledger, {currency}"), (sum.0.to_string(), "0".to_owned()), bug);
    }
    for (account, currency, entries, kept) in &check.drift {
        let sides = (format!("kept balance {}", kept.0), format!("sum of entries {}", entries.0));
        findings.differs("ledger_drift", None, format!("{account}, {currency}"), sides, bug);
    }
    Ok(findings)
}
