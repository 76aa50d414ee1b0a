//! The webhook log: one row per delivery (spec/01-money §7).
//!
//! A delivery that changes something writes its row in the same unit; the others write it alone. Rows of refused deliveries
//! go through a bounded queue, so that a flood of forgeries never delays a settlement; what overflows is counted.

use crate::services::App;
use crate::usecases::commit::{commit, unit};
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, mpsc};
use veza_domain::webhook::Delivery;
use veza_ports::storage::{Row, Write};

/// Rows that wait at most.
const QUEUE_MAX: usize = 1024;

/// The queue of log rows of refused deliveries.
pub struct RefusedDeliveries {
    sender: mpsc::Sender<Delivery>,
    receiver: Mutex<mpsc::Receiver<Delivery>>,
    overflowed: AtomicU64,
}

impl Default for RefusedDeliveries {
    fn default() -> Self {
        let (sender, receiver) = mpsc::channel(QUEUE_MAX);
        Self { sender, receiver: Mutex::new(receiver), overflowed: AtomicU64::new(0) }
    }
}

impl RefusedDeliveries {
    /// Takes a row, or counts it when the queue is full.
    pub fn push(&self, delivery: Delivery) {
        if self.sender.try_send(delivery).is_err() {
            self.overflowed.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How many rows a flood has cost.
    pub fn overflowed(&self) -> u64 {
        self.overflowed.load(Ordering::Relaxed)
    }

    /// The next row; waits for one.
    pub async fn next(&self) -> Option<Delivery> {
        self.receiver.lock().await.recv().await
    }

    /// The next row, if one waits.
    pub async fn take(&self) -> Option<Delivery> {
        self.receiver.lock().await.try_recv().ok()
    }
}

/// Writes a row of its own. Failing to do so is logged and swallowed: the PSP still gets its answer.
pub async fn write(app: &App, delivery: Delivery) {
    let id = delivery.id;
    let insert = unit(app, format!("delivery:{id}"), &[], vec![Write::Insert(Row::Delivery(delivery))]);
    if let Err(error) = commit(app, insert).await {
        tracing::error!(%id, %error, "a webhook delivery could not be logged");
    }
}
