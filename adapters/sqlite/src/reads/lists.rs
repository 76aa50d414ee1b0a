//! Lists of money for operators, and walks over a period.
//!
//! Most orders and transfers are completed: those are found along the key. Of the pending ones the partial index of what is due
//! has all, and they are sorted as they are read; every other status has an index that leaves these two out.

use super::before;
use super::orders::listed;
use super::sellers::with_reversals;
use crate::fields::{all, values};
use crate::rows::orders::{order, select_order};
use crate::rows::refunds::{parts, refund, select_refund};
use crate::rows::trail::{admin_action, dispute, select_admin_action, select_dispute};
use crate::rows::transfers::{select_transfer, transfer};
use rusqlite::{Connection, params};
use uuid::Uuid;
use veza_domain::dispute::Dispute;
use veza_domain::ids::{OrderId, TransferId};
use veza_domain::journal::AdminAction;
use veza_domain::order::OrderStatus;
use veza_domain::refund::Refund;
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_ports::storage::{ListedOrder, OrderFilter, Page, SellerTransfer, StatusFilter, first_id};

pub(super) const ORDERS: &str = select_order!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
pub(super) const ORDERS_COMPLETED: &str = select_order!("WHERE id < ?1 AND status = 'completed' ORDER BY id DESC LIMIT ?2");
pub(super) const ORDERS_PENDING: &str =
    select_order!("INDEXED BY orders_look_pending WHERE id < ?1 AND status = 'pending' ORDER BY id DESC LIMIT ?2");
pub(super) const ORDERS_OF_STATUS: &str = select_order!(
    "INDEXED BY orders_status WHERE id < ?1 AND status = ?3 AND status <> 'completed' AND status <> 'pending' ORDER BY id DESC LIMIT ?2"
);
pub(super) const ORDERS_OF_BUYER: &str =
    select_order!("WHERE buyer_id = ?3 AND id < ?1 AND (?4 IS NULL OR status = ?4) ORDER BY id DESC LIMIT ?2");
pub(super) const REFUNDS: &str = select_refund!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
pub(super) const REFUNDS_OF_STATUS: &str = select_refund!("WHERE status = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2");
pub(super) const TRANSFERS: &str = select_transfer!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
pub(super) const TRANSFERS_COMPLETED: &str = select_transfer!("WHERE id < ?1 AND status = 'completed' ORDER BY id DESC LIMIT ?2");
pub(super) const TRANSFERS_PENDING: &str =
    select_transfer!("INDEXED BY transfers_due_pending WHERE id < ?1 AND status = 'pending' ORDER BY id DESC LIMIT ?2");
pub(super) const TRANSFERS_OF_STATUS: &str = select_transfer!(
    "INDEXED BY transfers_status WHERE id < ?1 AND status = ?3 AND status <> 'completed' AND status <> 'pending' \
     ORDER BY id DESC LIMIT ?2"
);
pub(super) const DISPUTES: &str = select_dispute!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
pub(super) const DISPUTES_OF_STATUS: &str = select_dispute!("WHERE status = ?3 AND id < ?1 ORDER BY id DESC LIMIT ?2");
pub(super) const ADMIN_ACTIONS: &str = select_admin_action!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
pub(super) const ORDERS_BETWEEN: &str = "SELECT id FROM orders WHERE id >= ?1 AND id < ?2 AND id > ?3 ORDER BY id LIMIT ?4";
pub(super) const COUNT_BETWEEN: &str = "SELECT count(*) FROM orders WHERE id >= ?1 AND id < ?2";
pub(super) const WITHOUT_ID: &str = select_transfer!(
    "INDEXED BY transfers_without_id WHERE stripe_transfer_id IS NULL \
         AND (status = 'completed' OR status = 'reversal_pending' OR status = 'reversed') AND id > ?1 ORDER BY id LIMIT ?2"
);

/// Given up, with a reversal: it was there, and was to be taken back.
pub(super) const WITHOUT_ID_GIVEN_UP: &str = select_transfer!(
    "WHERE status = 'permanently_failed' AND id > ?1 AND stripe_transfer_id IS NULL \
         AND EXISTS (SELECT 1 FROM reversals WHERE transfer_id = transfers.id) ORDER BY id LIMIT ?2"
);

pub(super) fn orders(db: &Connection, filter: OrderFilter, page: Page) -> rusqlite::Result<Vec<ListedOrder>> {
    let (before, limit) = (before(page), page.limit);
    let found = match (filter.buyer, filter.status) {
        (Some(buyer), status) => all(db, ORDERS_OF_BUYER, params![before, limit, buyer.0, status.map(OrderStatus::as_str)], order),
        (None, None) => all(db, ORDERS, params![before, limit], order),
        (None, Some(OrderStatus::Completed)) => all(db, ORDERS_COMPLETED, params![before, limit], order),
        (None, Some(OrderStatus::Pending)) => all(db, ORDERS_PENDING, params![before, limit], order),
        (None, Some(status)) => all(db, ORDERS_OF_STATUS, params![before, limit, status.as_str()], order),
    };
    values(found?).into_iter().map(|order| listed(db, order)).collect()
}

pub(super) fn refunds(db: &Connection, filter: StatusFilter, page: Page) -> rusqlite::Result<Vec<Refund>> {
    let found = match filter.status {
        Some(status) => all(db, REFUNDS_OF_STATUS, params![before(page), page.limit, status], refund),
        None => all(db, REFUNDS, params![before(page), page.limit], refund),
    };
    let mut refunds = values(found?);
    refunds.iter_mut().try_for_each(|refund| parts(db, refund))?;
    Ok(refunds)
}

pub(super) fn transfers(db: &Connection, filter: StatusFilter, page: Page) -> rusqlite::Result<Vec<SellerTransfer>> {
    let found = match filter.status {
        None => all(db, TRANSFERS, params![before(page), page.limit], transfer),
        Some("completed") => all(db, TRANSFERS_COMPLETED, params![before(page), page.limit], transfer),
        Some("pending") => all(db, TRANSFERS_PENDING, params![before(page), page.limit], transfer),
        Some(status) => all(db, TRANSFERS_OF_STATUS, params![before(page), page.limit, status], transfer),
    };
    values(found?).into_iter().map(|transfer| with_reversals(db, transfer)).collect()
}

pub(super) fn disputes(db: &Connection, filter: StatusFilter, page: Page) -> rusqlite::Result<Vec<Dispute>> {
    let found = match filter.status {
        Some(status) => all(db, DISPUTES_OF_STATUS, params![before(page), page.limit, status], dispute),
        None => all(db, DISPUTES, params![before(page), page.limit], dispute),
    };
    found.map(values)
}

pub(super) fn admin_actions(db: &Connection, page: Page) -> rusqlite::Result<Vec<AdminAction>> {
    all(db, ADMIN_ACTIONS, params![before(page), page.limit], admin_action).map(values)
}

pub(super) fn orders_between(
    db: &Connection,
    from: Timestamp,
    until: Timestamp,
    after: Option<OrderId>,
    limit: u32,
) -> rusqlite::Result<Vec<OrderId>> {
    let after = after.map_or(Uuid::nil(), |after| after.0);
    let mut statement = db.prepare_cached(ORDERS_BETWEEN)?;
    let ids = statement.query_map(params![first_id(from), first_id(until), after, limit], |row| row.get(0).map(OrderId))?;
    ids.collect()
}

pub(super) fn count_orders_between(db: &Connection, from: Timestamp, until: Timestamp) -> rusqlite::Result<u64> {
    let count = |row: &rusqlite::Row<'_>| row.get::<_, i64>(0);
    let count = db.prepare_cached(COUNT_BETWEEN)?.query_row(params![first_id(from), first_id(until)], count)?;
    Ok(u64::try_from(count).unwrap_or(0))
}

pub(super) fn transfers_without_stripe_id(db: &Connection, after: Option<TransferId>, limit: u32) -> rusqlite::Result<Vec<Transfer>> {
    let after = after.map_or(Uuid::nil(), |after| after.0);
    let mut found = values(all(db, WITHOUT_ID, params![after, limit], transfer)?);
    found.extend(values(all(db, WITHOUT_ID_GIVEN_UP, params![after, limit], transfer)?));
    found.sort_by_key(|transfer| transfer.id);
    found.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(found)
}
