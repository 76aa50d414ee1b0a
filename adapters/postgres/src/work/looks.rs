//! Claims of rows that the reconciler looks at.
//!
//! Invariant: a claim walks the partial index of the open rows of its class: along it to what is due; for a pass, which goes by id,
//! over all of it. What is settled is in none of them. A pass compares the text of ids, which has the same order, so that the planner
//! does not take the key's index instead and walk along everything that is settled.

use crate::record::{Read, Record};
use crate::statement::Statement;
use veza_domain::ids::OrderId;
use veza_ports::BoxError;
use veza_ports::storage::{LookClaim, LookClass, Looked};

/// The delay grows no further after so many looks, whatever it begins with: it is doubled each time.
const DELAYS: u32 = 33;

/// The statements of a class.
pub(crate) struct Looks {
    /// What is due: $1 now, $2 older than, $3 limit, $4 when it is due again.
    pub(crate) due: &'static str,
    /// What a pass sees; also $5 not claimed after, $6 above this id.
    pub(crate) pass: &'static str,
}

/// Rows with a schedule; $4 has a moment for each number of looks.
macro_rules! scheduled {
    ($table:literal, $order:literal, $open:literal) => {
        Looks {
            due: scheduled!($table, $order, $open, " AND look_due_at <= $1 ORDER BY look_due_at, id", "look_due_at", "was, id"),
            pass: scheduled!(
                $table,
                $order,
                $open,
                " AND look_due_at IS NOT NULL AND (look_last_at IS NULL OR look_last_at <= $5) \
                 AND id::text COLLATE \"C\" > $6::uuid::text ORDER BY id::text COLLATE \"C\"",
                "0",
                "id"
            ),
        }
    };
    ($table:literal, $order:literal, $open:literal, $which:literal, $was:literal, $sorted:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (SELECT id AS due_id, ",
            $was,
            " AS was FROM ",
            $table,
            " WHERE ",
            $open,
            " AND created_at < $2",
            $which,
            " LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED), \
             claimed AS (UPDATE ",
            $table,
            " SET look_due_at = ($4::bigint[])[least(look_count + 1, cardinality($4::bigint[]))], \
                 look_count = least(look_count + 1, 4294967295), look_last_at = $1, revision = revision + 1 \
                 FROM due WHERE id = due_id RETURNING id, ",
            $order,
            " AS of_order, created_at, was) \
             SELECT ROW(id, of_order, created_at) FROM claimed ORDER BY ",
            $sorted
        )
    };
}

/// Open rows of which a call's outcome is unknown.
macro_rules! sent {
    (due $table:literal, $open:literal) => {
        concat!(
            "SELECT id AS due_id, next_retry_at AS was FROM ",
            $table,
            " WHERE ",
            $open,
            " AND first_sent_at IS NOT NULL \
             AND last_sent_at < $2 AND next_retry_at <= $1 ORDER BY next_retry_at, id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED"
        )
    };
    (pass $table:literal, $open:literal) => {
        concat!(
            "SELECT id AS due_id, 0::bigint AS was FROM ",
            $table,
            " WHERE ",
            $open,
            " AND first_sent_at IS NOT NULL \
             AND last_sent_at < $2 AND next_retry_at IS NOT NULL AND (claimed_at IS NULL OR claimed_at <= $5) AND id::text COLLATE \"C\" > $6::uuid::text \
             ORDER BY id::text COLLATE \"C\" LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED"
        )
    };
}

/// Takes the rows that `due` has found.
macro_rules! taken {
    ($due:expr, $table:literal) => {
        concat!(
            "WITH due AS MATERIALIZED (",
            $due,
            "), \
             claimed AS (UPDATE ",
            $table,
            " SET next_retry_at = $4, claimed_at = $1, revision = revision + 1 \
                 FROM due WHERE id = due_id RETURNING id, order_id, created_at, was) \
             SELECT ROW(id, order_id, created_at) FROM claimed ORDER BY was, id"
        )
    };
}

/// Of two kinds of rows those that come first; what is locked beyond the limit is free again at once.
macro_rules! either {
    ($one:expr, $other:expr) => {
        concat!(
            "SELECT * FROM (SELECT * FROM (",
            $one,
            ") AS a UNION ALL SELECT * FROM (",
            $other,
            ") AS b) AS both_kinds \
             ORDER BY was, due_id LIMIT $3"
        )
    };
}

/// Their index has the few that collect an invoice too; those have one of their own besides.
const PENDING_ORDERS: Looks = scheduled!("orders", "id", "status = 'pending' AND invoice_id IS NULL");
const PENDING_INVOICES: Looks = scheduled!("orders", "id", "status = 'pending' AND invoice_id IS NOT NULL");
const FAILED_ORDERS: Looks = scheduled!("orders", "id", "status = 'failed' AND look_due_at IS NOT NULL");
const REFUNDS: Looks = scheduled!("refunds", "order_id", "status = 'pending' AND psp_refund_id IS NOT NULL");
const ORPHAN_REFUNDS: Looks = scheduled!("refunds", "order_id", "status = 'pending' AND psp_refund_id IS NULL");
const DISPUTES: Looks = scheduled!("disputes", "order_id", "status IN ('opened', 'challenged', 'expired')");
const TRANSFERS: Looks = Looks {
    due: taken!(either!(sent!(due "transfers", "status = 'pending'"), sent!(due "transfers", "status = 'failed'")), "transfers"),
    pass: taken!(either!(sent!(pass "transfers", "status = 'pending'"), sent!(pass "transfers", "status = 'failed'")), "transfers"),
};
const REVERSALS: Looks = Looks {
    due: taken!(sent!(due "reversals", "status = 'reversal_pending'"), "reversals"),
    pass: taken!(sent!(pass "reversals", "status = 'reversal_pending'"), "reversals"),
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

pub(super) fn statement(claim: &LookClaim) -> Statement {
    let statements = statements(claim.class);
    let sql = if claim.pass.is_some() { statements.pass } else { statements.due };
    let statement = Statement::new(sql).with(claim.now).with(claim.older_than).with(claim.limit);
    let statement = if claim.class.is_at_connect() {
        statement.with(claim.until())
    } else {
        statement.with_numbers((1..=DELAYS).map(|count| claim.due_again(count).0).collect())
    };
    match claim.pass {
        Some(after) => statement.with(claim.claimed_until()).with(after),
        None => statement,
    }
}

impl Read for Looked {
    const WHAT: &'static str = "looks";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { subject: row.id()?, order_id: OrderId(row.id()?), created_at: row.time()? })
    }
}
