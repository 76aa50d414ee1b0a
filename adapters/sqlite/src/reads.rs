//! The read ports. Each list is one walk along an index; what hangs on its rows is read in the same snapshot.

mod admin;
mod billing;
mod catalogue;
mod distribution;
mod history;
mod lists;
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
        sellers::PAYOUTS,
        sellers::PAYOUTS_AFTER,
        admin::WAITING,
        lists::ORDERS,
        lists::ORDERS_COMPLETED,
        lists::ORDERS_OF_STATUS,
        lists::ORDERS_OF_BUYER,
        lists::REFUNDS,
        lists::REFUNDS_OF_STATUS,
        lists::TRANSFERS,
        lists::TRANSFERS_COMPLETED,
        lists::TRANSFERS_OF_STATUS,
        lists::DISPUTES,
        lists::DISPUTES_OF_STATUS,
        lists::ADMIN_ACTIONS,
        lists::ORDERS_BETWEEN,
        lists::WITHOUT_ID,
        lists::WITHOUT_ID_GIVEN_UP,
        billing::LAST,
        billing::OF_USER,
        billing::OVERDUE,
        distribution::OF_USER,
        distribution::PLACEMENTS,
        distribution::MOVES,
        distribution::SUMS,
        distribution::SUMS_AFTER,
    ]
}

/// Every read but the search of the webhook log, which is put together as it is asked for, and the check of the whole ledger.
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
        orders::DISPUTES,
        orders::NETTINGS,
        orders::DEBTS,
        orders::DEBTS_GIVEN_UP,
        orders::HANGS,
        orders::OF_PAYMENT,
        orders::OF_PSP_REFUND,
        orders::OF_REFUND,
        orders::OF_DISPUTE,
        orders::OF_TRANSFER,
        orders::OF_REVERSAL,
        orders::ATTENTION,
        history::JOURNAL,
        history::POSTINGS,
        history::HEARD,
        history::ACTIONS,
        history::EFFECTS,
        sellers::OF_ACCOUNT,
        sellers::PAYOUT,
        sellers::BALANCE,
        sellers::HELD_SUM,
        sellers::REVERSALS,
        admin::BALANCES,
        admin::SUMS,
        admin::ENTRY,
        admin::BACKLOG,
        lists::ORDERS_PENDING,
        lists::TRANSFERS_PENDING,
        lists::COUNT_BETWEEN,
        billing::PLANS,
        billing::SUBSCRIPTION,
        billing::INVOICE,
        billing::OPEN,
        billing::OTHER_OPEN,
        billing::TRIAL,
        distribution::SUBMISSION,
        distribution::TRACKS,
        distribution::FILE,
        distribution::LINE,
    ];
    pages().into_iter().chain(others).collect()
}
