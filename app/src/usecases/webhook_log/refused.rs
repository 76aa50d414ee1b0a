//! The bounded queue of log rows of refused deliveries: a flood of forgeries never delays a settlement, what overflows is
//! counted.

use std::sync::atomic::{AtomicU64, Ordering};
use tokio::sync::{Mutex, mpsc};
use veza_domain::webhook::Delivery;

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
