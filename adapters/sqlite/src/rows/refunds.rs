//! Refunds, and what each gave back and took back.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use veza_domain::ids::{DisputeId, LineId, OrderId, RefundId, UserId};
use veza_domain::money::Minor;
use veza_domain::refund::{LinePart, Refund, RefundOrigin, RefundStatus, SellerPart};
use veza_ports::storage::Revision;

macro_rules! select_refund {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, order_id, amount, currency, status, psp_refund_id, reason, requested_by, origin, dispute_id, \
             error_message, created_at, succeeded_at, look_due_at, look_count, look_last_at FROM refunds ",
            $rest
        )
    };
}
pub(crate) use select_refund;

impl Stored for Refund {
    const INSERT: &'static str = "INSERT INTO refunds (id, revision, order_id, amount, currency, status, psp_refund_id, reason, \
         requested_by, origin, dispute_id, error_message, created_at, succeeded_at, look_due_at, look_count, look_last_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
    const UPDATES: &'static [&'static str] = &["UPDATE refunds SET revision = ?2 + 1, order_id = ?3, amount = ?4, currency = ?5, \
         status = ?6, psp_refund_id = ?7, reason = ?8, requested_by = ?9, origin = ?10, dispute_id = ?11, error_message = ?12, \
         created_at = ?13, succeeded_at = ?14, look_due_at = ?15, look_count = ?16, look_last_at = ?17 \
         WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.order_id.0,
            self.amount.amount.0,
            self.amount.currency.code(),
            self.status.as_str(),
            self.psp_refund_id,
            self.reason,
            self.requested_by.map(|id| id.0),
            self.origin.as_str(),
            self.origin.dispute().map(|id| id.0),
            self.error_message,
            self.created_at.0,
            self.succeeded_at.map(|at| at.0),
            self.look.due_at.map(|at| at.0),
            self.look.count,
            self.look.last_at.map(|at| at.0),
        ];
        execute(db, sql, values)
    }

    fn write_parts(&self, db: &Connection, replace: bool) -> rusqlite::Result<()> {
        let id = self.id.0;
        if replace {
            execute(db, "DELETE FROM refund_lines WHERE refund_id = ?1", [id])?;
            execute(db, "DELETE FROM refund_line_parts WHERE refund_id = ?1", [id])?;
            execute(db, "DELETE FROM refund_seller_parts WHERE refund_id = ?1", [id])?;
        }
        for (position, line) in (0_i64..).zip(&self.lines) {
            let sql = "INSERT INTO refund_lines (refund_id, position, line_id) VALUES (?1, ?2, ?3)";
            execute(db, sql, params![id, position, line.0])?;
        }
        for (position, part) in (0_i64..).zip(&self.line_parts) {
            let sql = "INSERT INTO refund_line_parts (refund_id, position, line_id, amount) VALUES (?1, ?2, ?3, ?4)";
            execute(db, sql, params![id, position, part.line_id.0, part.amount.0])?;
        }
        for (position, part) in (0_i64..).zip(&self.seller_parts) {
            let sql = "INSERT INTO refund_seller_parts (refund_id, position, seller_id, amount) VALUES (?1, ?2, ?3, ?4)";
            execute(db, sql, params![id, position, part.seller_id.0, part.amount.0])?;
        }
        Ok(())
    }
}

/// The refund's own columns; [`parts`] adds the rest.
pub(crate) fn refund(row: &mut Fields<'_, '_>) -> rusqlite::Result<Refund> {
    Ok(Refund {
        id: RefundId(row.id()?),
        order_id: OrderId(row.id()?),
        amount: row.money()?,
        status: row.parsed(RefundStatus::parse)?,
        psp_refund_id: row.get()?,
        reason: row.get()?,
        lines: Vec::new(),
        line_parts: Vec::new(),
        seller_parts: Vec::new(),
        requested_by: row.id_opt(UserId)?,
        origin: origin(row)?,
        error_message: row.get()?,
        created_at: row.time()?,
        succeeded_at: row.time_opt()?,
        look: row.look()?,
    })
}

fn origin(row: &mut Fields<'_, '_>) -> rusqlite::Result<RefundOrigin> {
    let (text, dispute): (String, Option<DisputeId>) = (row.get()?, row.id_opt(DisputeId)?);
    RefundOrigin::parse(&text, dispute).ok_or_else(|| row.unreadable(&text))
}

/// Reads the lines that a refund names, and what it gave back and took back.
pub(crate) fn parts(db: &Connection, refund: &mut Refund) -> rusqlite::Result<()> {
    let id = [refund.id.0];
    let mut lines = db.prepare_cached("SELECT line_id FROM refund_lines WHERE refund_id = ?1 ORDER BY position")?;
    refund.lines = lines.query_map(id, |row| row.get(0).map(LineId))?.collect::<Result<_, _>>()?;
    let mut given = db.prepare_cached("SELECT line_id, amount FROM refund_line_parts WHERE refund_id = ?1 ORDER BY position")?;
    let given = given.query_map(id, |row| Ok(LinePart { line_id: LineId(row.get(0)?), amount: Minor(row.get(1)?) }))?;
    refund.line_parts = given.collect::<Result<_, _>>()?;
    let mut taken = db.prepare_cached("SELECT seller_id, amount FROM refund_seller_parts WHERE refund_id = ?1 ORDER BY position")?;
    let taken = taken.query_map(id, |row| Ok(SellerPart { seller_id: UserId(row.get(0)?), amount: Minor(row.get(1)?) }))?;
    refund.seller_parts = taken.collect::<Result<_, _>>()?;
    Ok(())
}
