//! Who else runs on this database: every instance gives a sign of life, and takes its share of the limits.
//!
//! Invariant: what stands in one process's memory is either that process's share of what all have, or it is not there when others
//! run (the embedded sandbox).

use crate::http::middleware::rate_limit::RateLimits;
use crate::services::App;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use veza_domain::time::Timestamp;
use veza_ports::storage::{Instance, StoreError};

/// How often an instance gives a sign of life.
const EVERY: Duration = Duration::from_secs(10);
/// Who was not seen for this long is gone.
const GONE_AFTER: Duration = Duration::from_secs(30);

/// This process among the others.
pub struct Presence {
    app: Arc<App>,
    limits: Option<Arc<RateLimits>>,
    address: String,
    serves: bool,
    alone: bool,
    started_at: Timestamp,
}

/// The running signs of life.
pub struct PresenceHandle {
    stop: watch::Sender<bool>,
    task: JoinHandle<()>,
}

impl Presence {
    /// Of an instance that listens on this port; `serves` = it answers requests, within these limits; `alone` = it has something
    /// that others would need (the embedded sandbox).
    #[must_use]
    pub fn new(app: &Arc<App>, limits: Option<Arc<RateLimits>>, port: u16, serves: bool, alone: bool) -> Self {
        let host = hostname::get().map_or_else(|_| "localhost".to_owned(), |name| name.to_string_lossy().into_owned());
        Self { app: app.clone(), limits, address: format!("{host}:{port}"), serves, alone, started_at: app.now() }
    }

    /// Has it something that others would need?
    #[must_use]
    pub fn wants_to_be_alone(&self) -> bool {
        self.alone
    }

    /// Gives a sign of life and takes this instance's share; the others.
    ///
    /// # Errors
    /// [`StoreError`]; the share stays what it was.
    pub async fn tell(&self) -> Result<Vec<Instance>, StoreError> {
        let now = self.app.now();
        let own = Instance { address: self.address.clone(), serves: self.serves, started_at: self.started_at, seen_at: now };
        let others = self.app.store.instance_runs(&own, now.minus(GONE_AFTER)).await?;
        let serving = u32::try_from(others.iter().filter(|other| other.serves).count()).unwrap_or(u32::MAX).saturating_add(1);
        if self.serves && self.limits.as_ref().is_some_and(|limits| limits.share_among(serving)) {
            let others: Vec<&str> = others.iter().map(|other| other.address.as_str()).collect();
            tracing::info!(instances = serving, ?others, "this many instances share the limits on requests");
        }
        if let Some(other) = others.first().filter(|_| self.alone) {
            tracing::error!(other = other.address, "the embedded sandbox is this process's alone, and another instance runs");
        }
        Ok(others)
    }

    /// Tells the others that this instance has ended.
    pub async fn leave(&self) {
        if let Err(error) = self.app.store.instance_ended(&self.address).await {
            tracing::warn!(%error, "the end could not be told; the others will notice");
        }
    }

    /// Goes on giving signs of life, until it is told to stop.
    #[must_use]
    pub fn keep(self) -> PresenceHandle {
        let (stop, mut stopped) = watch::channel(false);
        let task = tokio::spawn(async move {
            while tokio::time::timeout(EVERY, stopped.wait_for(|stop| *stop)).await.is_err() {
                if let Err(error) = self.tell().await {
                    tracing::warn!(%error, "no sign of life could be given; next time again");
                }
            }
            self.leave().await;
        });
        PresenceHandle { stop, task }
    }
}

impl PresenceHandle {
    /// Tells the others, and stops.
    pub async fn shutdown(self) {
        self.stop.send_replace(true);
        drop(self.task.await);
    }
}
