//! The read ports. Each list is one walk along an index; what hangs on its rows is read in the same snapshot.

mod admin;
mod catalogue;
mod orders;
mod people;
mod sellers;

use uuid::Uuid;
use veza_ports::storage::Page;

/// The id that a page begins below: past the newest there can be, where the page is the first.
fn before(page: Page) -> Uuid {
    page.before.unwrap_or(Uuid::max())
}
