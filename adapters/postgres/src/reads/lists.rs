//! Lists of money for operators, and walks over a period.
//!
//! Most orders and transfers are completed: those are found along the key. Of the pending ones, where they are rare, the partial index
//! of what is due has all, and they are sorted as they are read; every other status has an index that leaves these two out.

use super::before;
use super::orders::listed_order;
use super::sellers::with_reversals;
use crate::rows::refunds::select_refund;
use crate::rows::trail::{select_admin_action, select_dispute};
use crate::statement::Statement;
use uuid::Uuid;
use veza_domain::dispute::DisputeStatus;
use veza_domain::ids::{OrderId, TransferId, UserId};
use veza_domain::refund::RefundStatus;
use veza_domain::time::Timestamp;
use veza_domain::transfer::TransferStatus;
use veza_ports::storage::{OrderFilter, Page, StatusFilter, first_id};

const ORDERS: &str = listed_order!("WHERE id < ");
const REFUNDS: &str = select_refund!("WHERE id < ");
const TRANSFERS: &str = with_reversals!("WHERE id < ");
const DISPUTES: &str = select_dispute!("WHERE id < ");
const ADMIN_ACTIONS: &str = select_admin_action!("WHERE id < ");
const ORDERS_BETWEEN: &str = "SELECT ROW(id) FROM orders WHERE id >= $1 AND id < $2 AND id > $3 ORDER BY id LIMIT $4";
const COUNT_BETWEEN: &str = "SELECT ROW(count(*)) FROM orders WHERE id >= $1 AND id < $2";
/// What Connect has; and what was given up on its way back.
const WITHOUT_ID: &str = concat!(
    "SELECT ROW(",
    crate::rows::transfers::transfer_fields!(),
    ") FROM ((SELECT * FROM transfers WHERE stripe_transfer_id IS NULL AND status IN ('completed', 'reversal_pending', 'reversed') \
         AND id > $1 ORDER BY id LIMIT $2) \
     UNION ALL (SELECT * FROM transfers t WHERE status = 'permanently_failed' AND id > $1 AND stripe_transfer_id IS NULL \
         AND EXISTS (SELECT FROM reversals r WHERE r.transfer_id = t.id) ORDER BY id LIMIT $2)) AS transfers ORDER BY id LIMIT $2"
);

/// Which status.
#[derive(Clone, Copy)]
enum Wanted {
    Any,
    /// One that rows have.
    Only(&'static str),
    /// One that no row can have.
    Unknown,
}

impl Wanted {
    /// The status that is asked for, as the rules write it.
    fn of(filter: StatusFilter, known: impl Fn(&str) -> Option<&'static str>) -> Self {
        filter.status.map_or(Self::Any, |status| known(status).map_or(Self::Unknown, Self::Only))
    }
}

/// A page. The status, one of the rules' own words, stands in the text and is not bound: the planner has to know how rare it is.
fn list(sql: &str, status: Wanted, buyer: Option<UserId>, page: Page) -> Statement {
    let mut sql = Statement::new(sql);
    sql.bind(before(page));
    match status {
        Wanted::Any => {}
        Wanted::Only(status) => drop(sql.push(" AND status = '").push(status).push("'")),
        Wanted::Unknown => drop(sql.push(" AND FALSE")),
    }
    if let Some(buyer) = buyer {
        sql.push(" AND buyer_id = ").bind(buyer.0);
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(page.limit);
    sql
}

pub(crate) fn orders(filter: OrderFilter, page: Page) -> Statement {
    list(ORDERS, filter.status.map_or(Wanted::Any, |status| Wanted::Only(status.as_str())), filter.buyer, page)
}

pub(crate) fn refunds(filter: StatusFilter, page: Page) -> Statement {
    list(REFUNDS, Wanted::of(filter, |text| RefundStatus::parse(text).map(RefundStatus::as_str)), None, page)
}

pub(crate) fn transfers(filter: StatusFilter, page: Page) -> Statement {
    list(TRANSFERS, Wanted::of(filter, |text| TransferStatus::parse(text).map(TransferStatus::as_str)), None, page)
}

pub(crate) fn disputes(filter: StatusFilter, page: Page) -> Statement {
    list(DISPUTES, Wanted::of(filter, |text| DisputeStatus::parse(text).map(DisputeStatus::as_str)), None, page)
}

pub(crate) fn admin_actions(page: Page) -> Statement {
    list(ADMIN_ACTIONS, Wanted::Any, None, page)
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
