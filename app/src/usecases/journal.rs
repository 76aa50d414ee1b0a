//! The journal of an order: calls to providers, facts that reads brought, looks of the workers. It feeds the timeline
//! (spec/01-money §8).
//!
//! A line joins the unit that it tells of, so it stands exactly when that happened.

use crate::services::App;
use veza_domain::ids::{JournalId, OrderId};
use veza_domain::journal::{Journal, JournalKind};
use veza_ports::storage::{Row, Write};

/// Most characters of a line: providers' words are of any length.
const TEXT_CHARS_MAX: usize = 500;

/// A line of `order_id`'s journal.
#[must_use]
pub fn line(app: &App, order_id: OrderId, kind: JournalKind, text: &str) -> Write {
    let text = text.chars().take(TEXT_CHARS_MAX).collect();
    Write::Insert(Row::Journal(Journal { id: JournalId(app.ids.uuid()), order_id, at: app.now(), kind, text }))
}

/// A line about a call to a provider.
#[must_use]
pub fn call(app: &App, order_id: OrderId, text: &str) -> Write {
    line(app, order_id, JournalKind::Call, text)
}
