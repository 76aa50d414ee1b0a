//! The read ports. Each read is one statement: one round trip, one state. Each list is one walk along an index; what hangs on its
//! rows comes with them, as arrays.

pub(crate) mod admin;
pub(crate) mod billing;
pub(crate) mod catalogue;
pub(crate) mod distribution;
pub(crate) mod history;
pub(crate) mod lists;
pub(crate) mod orders;
mod people;
pub(crate) mod sellers;

use uuid::Uuid;
use veza_ports::storage::Page;

/// The id that a page begins below: past the newest there can be, where the page is the first.
fn before(page: Page) -> Uuid {
    page.before.unwrap_or(Uuid::max())
}

/// Without the revisions.
fn values<T>(rows: Vec<veza_ports::storage::Versioned<T>>) -> Vec<T> {
    rows.into_iter().map(|row| row.value).collect()
}
