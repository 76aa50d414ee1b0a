//! The webhook log: one row per delivery (spec/01-money §7).
//!
//! A delivery that changes something writes its row in the same unit; the others write it alone. Rows of refused deliveries
//! go through a bounded queue, so that a flood of forgeries never delays a settlement; what overflows is counted.

pub mod refused;
pub mod retention;

use crate::services::App;
use crate::usecases::commit::{commit, unit};
use veza_domain::webhook::Delivery;
use veza_ports::storage::{Row, Write};

/// Writes a row of its own. Failing to do so is logged and swallowed: the PSP still gets its answer.
pub async fn write(app: &App, delivery: Delivery) {
    let id = delivery.id;
    let insert = unit(app, format!("delivery:{id}"), &[], vec![Write::Insert(Row::Delivery(delivery))]);
    if let Err(error) = commit(app, insert).await {
        tracing::error!(%id, %error, "a webhook delivery could not be logged");
    }
}
