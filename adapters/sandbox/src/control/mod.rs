//! The control functions: what a test, an operator or the world outside does to the providers.
//!
//! One set of functions behind two doors: the methods of [`Control`] for tests in the same process, and the same over
//! HTTP under `/control` ([`http`]).

pub(crate) mod books;
mod connect;
mod distributor;
pub(crate) mod http;
mod psp;
mod webhooks;

use std::{sync::Arc, time::Duration};

use crate::{
    core::Core,
    ids::{Micros, micros},
    model::{Dispute, Payment, Refund},
    script::Script,
    store::StoreError,
    webhooks::dispatch,
};

pub use webhooks::ReleaseOrder;

use books::Books;

/// Why a control function did nothing.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// There is no such object.
    #[error("no {0}")]
    NotFound(String),
    /// The object is not in a state for this.
    #[error("{0}")]
    Refused(String),
    /// The data file could not be written.
    #[error("data file")]
    Store(#[from] StoreError),
}

/// Handle to a running sandbox; cheap to clone.
#[derive(Clone)]
pub struct Control {
    pub(crate) core: Arc<Core>,
}

impl Control {
    // Looking ---------------------------------------------------------------------------------------------------

    /// Everything that the providers know, with totals and the calls they received.
    pub fn books(&self) -> Books {
        self.core.read(Books::of)
    }

    /// One payment, as it stands.
    pub fn payment(&self, payment_id: &str) -> Option<Payment> {
        self.core.read(|state| state.payments.get(payment_id).cloned())
    }

    /// One refund, as it stands.
    pub fn refund(&self, refund_id: &str) -> Option<Refund> {
        self.core.read(|state| state.refunds.get(refund_id).cloned())
    }

    /// One dispute, as it stands.
    pub fn dispute_of(&self, dispute_id: &str) -> Option<Dispute> {
        self.core.read(|state| state.disputes.get(dispute_id).cloned())
    }

    /// Sandbox time.
    pub fn now(&self) -> Micros {
        self.core.read(|state| state.now)
    }

    // Scripts ---------------------------------------------------------------------------------------------------

    /// Adds a script; its span, where it has one, begins now.
    pub fn script(&self, script: Script) -> Result<(), ControlError> {
        if let Some(nonsense) = script.nonsense() {
            return Err(ControlError::Refused(nonsense));
        }
        Ok(self.core.write(|state| {
            let script = script.begin(state.now);
            state.edit_meta(|meta| meta.scripts.push(script));
        })?)
    }

    /// Scripts that are not over.
    pub fn scripts(&self) -> Vec<Script> {
        self.core.read(|state| state.meta().scripts.iter().filter(|script| !script.is_over(state.now)).cloned().collect())
    }

    /// Drops all scripts.
    pub fn clear_scripts(&self) -> Result<(), ControlError> {
        Ok(self.core.write(|state| state.edit_meta(|meta| meta.scripts.clear()))?)
    }

    // Time ------------------------------------------------------------------------------------------------------

    /// Moves the clock, stopping at each moment at which something is due (money, refunds, disputes, payouts,
    /// webhook attempts) and
    /// waiting for its deliveries. Answers the new time.
    pub async fn advance_clock(&self, by: Duration) -> Result<Micros, ControlError> {
        let target = self.now().saturating_add(micros(by));
        loop {
            let reached = self.core.write(|state| {
                let next = state.next_due().map_or(target, |due| due.min(target));
                state.move_clock(next);
                state.now
            })?;
            for delivery in dispatch(&self.core) {
                // A panic in a delivery is logged by tokio; the clock goes on.
                let _ = delivery.await;
            }
            // Deliveries that real time had started before belong to the past as well.
            while self.core.sender.running() > 0 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            if reached >= target && self.core.read(|state| state.next_due().is_none_or(|due| due > target)) {
                return Ok(reached);
            }
        }
    }

    /// Waits until no webhook is due or under way, at most `patience` of real time. False: still busy.
    pub async fn settle(&self, patience: Duration) -> bool {
        let until = tokio::time::Instant::now() + patience;
        loop {
            let due = self.core.read(|state| state.next_due().is_some_and(|due| due <= state.now));
            if !due && self.core.sender.running() == 0 {
                return true;
            }
            if tokio::time::Instant::now() >= until {
                return false;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    }
}

fn not_found(kind: &str, id: &str) -> ControlError {
    ControlError::NotFound(format!("{kind} {id}"))
}
