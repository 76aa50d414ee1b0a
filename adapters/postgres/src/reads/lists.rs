//! Lists of money for operators, and walks over a period.
//!
//! Most orders and transfers are completed: those are found along the key. Of the pending ones the partial index of what is due
//! has all, and they are sorted as they are read; every other status has an index that leaves these two out.

use super::before;
use super::orders::listed_order;
use super::sellers::with_reversals;
use crate::rows::refunds::select_refund;
use crate::rows::trail::{select_admin_action, select_dispute};
use crate::rows::transfers::select_transfer;
use crate::statement::{Statement, Value};
use uuid::Uuid;
use veza_domain::ids::{OrderId, TransferId};
use veza_domain::order::OrderStatus;
use veza_domain::time::Timestamp;
use veza_ports::storage::{OrderFilter, Page, StatusFilter, first_id};

const ORDERS: &str = listed_order!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
const ORDERS_COMPLETED: &str = listed_order!("WHERE id < $1 AND status = 'completed' ORDER BY id DESC LIMIT $2");
const ORDERS_PENDING: &str = listed_order!("WHERE id < $1 AND status = 'pending' ORDER BY id DESC LIMIT $2");
const ORDERS_OF_STATUS: &str =
    listed_order!("WHERE id < $1 AND status = $3 AND status <> 'completed' AND status <> 'pending' ORDER BY id DESC LIMIT $2");
const ORDERS_OF_BUYER: &str =
    listed_order!("WHERE buyer_id = $3 AND id < $1 AND ($4::text IS NULL OR status = $4) ORDER BY id DESC LIMIT $2");
const REFUNDS: &str = select_refund!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
const REFUNDS_OF_STATUS: &str = select_refund!("WHERE status = $3 AND id < $1 ORDER BY id DESC LIMIT $2");
const TRANSFERS: &str = with_reversals!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
const TRANSFERS_COMPLETED: &str = with_reversals!("WHERE id < $1 AND status = 'completed' ORDER BY id DESC LIMIT $2");
const TRANSFERS_PENDING: &str = with_reversals!("WHERE id < $1 AND status = 'pending' ORDER BY id DESC LIMIT $2");
const TRANSFERS_OF_STATUS: &str =
    with_reversals!("WHERE id < $1 AND status = $3 AND status <> 'completed' AND status <> 'pending' ORDER BY id DESC LIMIT $2");
const DISPUTES: &str = select_dispute!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
const DISPUTES_OF_STATUS: &str = select_dispute!("WHERE status = $3 AND id < $1 ORDER BY id DESC LIMIT $2");
const ADMIN_ACTIONS: &str = select_admin_action!("WHERE id < $1 ORDER BY id DESC LIMIT $2");
const ORDERS_BETWEEN: &str = "SELECT ROW(id) FROM orders WHERE id >= $1 AND id < $2 AND id > $3 ORDER BY id LIMIT $4";
const COUNT_BETWEEN: &str = "SELECT ROW(count(*)) FROM orders WHERE id >= $1 AND id < $2";
const WITHOUT_ID: &str = select_transfer!(
    "WHERE stripe_transfer_id IS NULL AND status IN ('completed', 'reversal_pending', 'reversed') AND id > $1 ORDER BY id LIMIT $2"
);

fn paged(sql: &str, page: Page) -> Statement {
    Statement::new(sql).with(before(page)).with(page.limit)
}

pub(crate) fn orders(filter: OrderFilter, page: Page) -> Statement {
    match (filter.buyer, filter.status) {
        (Some(buyer), status) => paged(ORDERS_OF_BUYER, page).with(buyer.0).with(Value::from(status.map(OrderStatus::as_str))),
        (None, None) => paged(ORDERS, page),
        (None, Some(OrderStatus::Completed)) => paged(ORDERS_COMPLETED, page),
        (None, Some(OrderStatus::Pending)) => paged(ORDERS_PENDING, page),
        (None, Some(status)) => paged(ORDERS_OF_STATUS, page).with(status.as_str()),
    }
}

pub(crate) fn refunds(filter: StatusFilter, page: Page) -> Statement {
    match filter.status {
        Some(status) => paged(REFUNDS_OF_STATUS, page).with(status),
        None => paged(REFUNDS, page),
    }
}

pub(crate) fn transfers(filter: StatusFilter, page: Page) -> Statement {
    match filter.status {
        None => paged(TRANSFERS, page),
        Some("completed") => paged(TRANSFERS_COMPLETED, page),
        Some("pending") => paged(TRANSFERS_PENDING, page),
        Some(status) => paged(TRANSFERS_OF_STATUS, page).with(status),
    }
}

pub(crate) fn disputes(filter: StatusFilter, page: Page) -> Statement {
    match filter.status {
        Some(status) => paged(DISPUTES_OF_STATUS, page).with(status),
        None => paged(DISPUTES, page),
    }
}

pub(crate) fn admin_actions(page: Page) -> Statement {
    paged(ADMIN_ACTIONS, page)
}

pub(crate) fn orders_between(from: Timestamp, until: Timestamp, after: Option<OrderId>, limit: u32) -> Statement {
    let after = after.map_or(Uuid::nil(), |after| after.0);
    Statement::new(ORDERS_BETWEEN).with(first_id(from)).with(first_id(until)).with(after).with(limit)
}

pub(crate) fn count_orders_between(from: Timestamp, until: Timestamp) -> Statement {
    Statement::new(COUNT_BETWEEN).with(first_id(from)).with(first_id(until))
}

pub(crate) fn transfers_without_stripe_id(after: Option<TransferId>, limit: u32) -> Statement {
    Statement::new(WITHOUT_ID).with(after.map_or(Uuid::nil(), |after| after.0)).with(limit)
}
