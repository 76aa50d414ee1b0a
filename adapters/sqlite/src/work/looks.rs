//! Claims of rows that the reconciler looks at.
//!
//! Invariant: a claim walks the partial index of the open rows of its class: along it to what is due; for a pass, which goes by id,
//! over all of it. What is settled is in none of them.

use crate::rows::execute;
use rusqlite::{CachedStatement, Connection, params};
use uuid::Uuid;
use veza_domain::ids::OrderId;
use veza_domain::time::Timestamp;
use veza_ports::storage::{LookClaim, LookClass, Looked};

/// The statements of a class.
pub(crate) struct Looks {
    /// What is due: ?1 now, ?2 older than, ?3 limit.
    pub(crate) due: &'static str,
    /// What a pass sees: ?1 not claimed after, ?2 older than, ?3 limit, ?4 above this id.
    pub(crate) pass: &'static str,
    /// Takes a row: ?1 its id, ?2 when it is due again, ?3 now.
    pub(crate) take: &'static str,
}

/// Rows with a schedule. The columns of what is found: id, order, when it was made, how often it was looked at.
macro_rules! scheduled {
    ($table:literal, $order:literal, $index:literal, $open:literal) => {
        Looks {
            due: concat!(
                "SELECT id, ", $order, ", created_at, look_count FROM ", $table, " INDEXED BY ", $index,
                " WHERE ", $open, " AND look_due_at <= ?1 AND created_at < ?2 ORDER BY look_due_at, id LIMIT ?3"
            ),
            pass: concat!(
                "SELECT id, ", $order, ", created_at, look_count FROM ", $table, " INDEXED BY ", $index,
                " WHERE ", $open, " AND look_due_at IS NOT NULL AND (look_last_at IS NULL OR look_last_at <= ?1) AND created_at < ?2 \
                 AND id > ?4 ORDER BY id LIMIT ?3"
            ),
            take: concat!(
                "UPDATE ", $table,
                " SET look_due_at = ?2, look_count = min(look_count + 1, 4294967295), look_last_at = ?3, revision = revision + 1 WHERE id = ?1"
            ),
        }
    };
}

/// Rows of which a call's outcome is unknown; the last column is of no use.
macro_rules! sent {
    (due $table:literal, $index:literal, $open:literal) => {
        concat!(
            "SELECT id, order_id, created_at, 0 AS looks, next_retry_at FROM ",
            $table,
            " INDEXED BY ",
            $index,
            " WHERE ",
            $open,
            " AND first_sent_at IS NOT NULL AND next_retry_at <= ?1 AND last_sent_at < ?2 ORDER BY next_retry_at, id LIMIT ?3"
        )
    };
    (pass $table:literal, $index:literal, $open:literal) => {
        concat!(
            "SELECT id, order_id, created_at, 0 AS looks, next_retry_at FROM ",
            $table,
            " INDEXED BY ",
            $index,
            " WHERE ",
            $open,
            " AND first_sent_at IS NOT NULL AND next_retry_at IS NOT NULL AND (claimed_at IS NULL OR claimed_at <= ?1) \
             AND last_sent_at < ?2 AND id > ?4 ORDER BY id LIMIT ?3"
        )
    };
}

/// Their index has the few that collect an invoice too; those have one of their own besides.
pub(crate) const PENDING_ORDERS: Looks = scheduled!("orders", "id", "orders_look_pending", "status = 'pending' AND invoice_id IS NULL");
pub(crate) const PENDING_INVOICES: Looks =
    scheduled!("orders", "id", "orders_look_invoices", "status = 'pending' AND invoice_id IS NOT NULL");
pub(crate) const FAILED_ORDERS: Looks = scheduled!("orders", "id", "orders_look_failed", "status = 'failed' AND look_due_at IS NOT NULL");
pub(crate) const REFUNDS: Looks = scheduled!("refunds", "order_id", "refunds_look", "status = 'pending' AND psp_refund_id IS NOT NULL");
pub(crate) const ORPHAN_REFUNDS: Looks =
    scheduled!("refunds", "order_id", "refunds_look_orphans", "status = 'pending' AND psp_refund_id IS NULL");
pub(crate) const DISPUTES: Looks =
    scheduled!("disputes", "order_id", "disputes_look", "(status = 'opened' OR status = 'challenged' OR status = 'expired')");
pub(crate) const TRANSFERS: Looks = Looks {
    due: concat!(
        "SELECT id, order_id, created_at, looks FROM (SELECT * FROM (",
        sent!(due "transfers", "transfers_due_pending", "status = 'pending'"),
        ") UNION ALL SELECT * FROM (",
        sent!(due "transfers", "transfers_due_failed", "status = 'failed'"),
        ")) ORDER BY next_retry_at, id LIMIT ?3"
    ),
    pass: concat!(
        "SELECT id, order_id, created_at, looks FROM (SELECT * FROM (",
        sent!(pass "transfers", "transfers_due_pending", "status = 'pending'"),
        ") UNION ALL SELECT * FROM (",
        sent!(pass "transfers", "transfers_due_failed", "status = 'failed'"),
        ")) ORDER BY id LIMIT ?3"
    ),
    take: super::CLAIM_TRANSFER,
};
pub(crate) const REVERSALS: Looks = Looks {
    due: sent!(due "reversals", "reversals_due", "status = 'reversal_pending'"),
    pass: sent!(pass "reversals", "reversals_due", "status = 'reversal_pending'"),
    take: super::CLAIM_REVERSAL,
};

pub(crate) fn statements(class: LookClass) -> Looks {
    match class {
        LookClass::PendingOrders => PENDING_ORDERS,
        LookClass::PendingInvoices => PENDING_INVOICES,
        LookClass::FailedOrders => FAILED_ORDERS,
        LookClass::Refunds => REFUNDS,
        LookClass::OrphanRefunds => ORPHAN_REFUNDS,
        LookClass::Disputes => DISPUTES,
        LookClass::Transfers => TRANSFERS,
        LookClass::Reversals => REVERSALS,
    }
}

pub(super) fn claim(db: &Connection, claim: &LookClaim) -> rusqlite::Result<Vec<Looked>> {
    let statements = statements(claim.class);
    let found = match claim.pass {
        None => looked(db.prepare_cached(statements.due)?, params![claim.now.0, claim.older_than.0, claim.limit]),
        Some(after) => {
            let params = params![claim.claimed_until().0, claim.older_than.0, claim.limit, after];
            looked(db.prepare_cached(statements.pass)?, params)
        }
    }?;
    let scheduled = !claim.class.is_at_connect();
    for (row, looks) in &found {
        let again = if scheduled { claim.due_again(looks.saturating_add(1)) } else { claim.until() };
        execute(db, statements.take, params![row.subject, again.0, claim.now.0])?;
    }
    Ok(found.into_iter().map(|(row, _)| row).collect())
}

fn looked(mut statement: CachedStatement<'_>, params: &[&dyn rusqlite::ToSql]) -> rusqlite::Result<Vec<(Looked, u32)>> {
    let rows = statement.query_map(params, |row| {
        let (subject, order_id): (Uuid, Uuid) = (row.get(0)?, row.get(1)?);
        Ok((Looked { subject, order_id: OrderId(order_id), created_at: Timestamp(row.get(2)?) }, row.get(3)?))
    })?;
    rows.collect()
}
