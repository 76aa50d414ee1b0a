//! Entries of the operators' list.

use crate::services::App;
use crate::usecases::commit::{commit, unit};
use veza_domain::attention::{Attention, Code, Subject};
use veza_domain::ids::OrderId;
use veza_ports::storage::{Row, Write};

/// The write that puts something on the list, unless it is there.
pub(super) fn flag(app: &App, subject: Subject, code: Code, order_id: Option<OrderId>, detail: &str) -> Write {
    Write::Ensure(Row::Attention(Attention { subject, code, order_id, detail: detail.to_owned(), since: app.now() }))
}

/// Puts something on the list by itself; failing to do so is logged.
pub(super) async fn flag_now(app: &App, subject: Subject, code: Code, order_id: OrderId, detail: &str) {
    let write = flag(app, subject, code, Some(order_id), detail);
    tracing::error!(order = %order_id, code = code.as_str(), detail, "waits on a person");
    let id = format!("attention:{}:{}", subject.id(), app.ids.uuid());
    if let Err(error) = commit(app, unit(app, id, &[], vec![write])).await {
        tracing::error!(%error, "a flag could not be stored");
    }
}
