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

#[cfg(test)]
pub(crate) use admin::deliveries_query;

/// Every list that comes in pages.
#[cfg(test)]
pub(crate) fn pages() -> Vec<&'static str> {
    vec![
        catalogue::PUBLISHED,
        catalogue::PUBLISHED_OF_KIND,
        catalogue::OF_SELLER,
        catalogue::ANY,
        orders::OF_BUYER,
        orders::LICENCES_OF_BUYER,
        orders::LINES,
        sellers::OF_SELLER,
        sellers::HELD,
        admin::WAITING,
    ]
}

/// Every read but the search of the webhook log, which is put together as it is asked for.
#[cfg(test)]
pub(crate) fn statements() -> Vec<&'static str> {
    let others = [
        people::CALLER,
        people::BY_EMAIL,
        catalogue::BY_ID,
        catalogue::HOLD,
        orders::ORDER,
        orders::REFUNDS,
        orders::LICENCES,
        orders::TRANSFERS,
        orders::REVERSALS,
        orders::OF_PAYMENT,
        orders::OF_PSP_REFUND,
        orders::OF_REFUND,
        orders::ATTENTION,
        sellers::BALANCE,
        sellers::HELD_SUM,
        sellers::REVERSALS,
        admin::BALANCES,
        admin::BACKLOG,
    ];
    pages().into_iter().chain(others).collect()
}
