//! Refunds, and what each gave back and took back.

use super::{Parts, Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::ids::{DisputeId, LineId, OrderId, RefundId, UserId};
use veza_domain::refund::{LinePart, Refund, RefundOrigin, RefundStatus, SellerPart};
use veza_ports::BoxError;

macro_rules! select_refund {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(revision, id, order_id, amount, currency, status, psp_refund_id, reason, requested_by, origin, dispute_id, \
             error_message, created_at, succeeded_at, look_due_at, look_count, look_last_at, \
             ARRAY(SELECT l.line_id FROM refund_lines l WHERE l.refund_id = refunds.id ORDER BY l.position), \
             ARRAY(SELECT ROW(p.line_id, p.amount) FROM refund_line_parts p WHERE p.refund_id = refunds.id ORDER BY p.position), \
             ARRAY(SELECT ROW(s.seller_id, s.amount) FROM refund_seller_parts s WHERE s.refund_id = refunds.id ORDER BY s.position)) \
             FROM refunds ",
            $rest
        )
    };
}
pub(crate) use select_refund;

pub(crate) static REFUNDS: Table = Table {
    name: "refunds",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("id", Uuid),
        ("order_id", Uuid),
        ("amount", Int),
        ("currency", Text),
        ("status", Text),
        ("psp_refund_id", Text),
        ("reason", Text),
        ("requested_by", Uuid),
        ("origin", Text),
        ("dispute_id", Uuid),
        ("error_message", Text),
        ("created_at", Int),
        ("succeeded_at", Int),
        ("look_due_at", Int),
        ("look_count", Int),
        ("look_last_at", Int),
    ],
};

static REFUND_LINES: Parts = Parts { name: "refund_lines", columns: &[("refund_id", Uuid), ("position", Int), ("line_id", Uuid)] };
static REFUND_LINE_PARTS: Parts =
    Parts { name: "refund_line_parts", columns: &[("refund_id", Uuid), ("position", Int), ("line_id", Uuid), ("amount", Int)] };
static REFUND_SELLER_PARTS: Parts =
    Parts { name: "refund_seller_parts", columns: &[("refund_id", Uuid), ("position", Int), ("seller_id", Uuid), ("amount", Int)] };

impl Stored for Refund {
    fn table(&self) -> &'static Table {
        &REFUNDS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.order_id.0.into(),
            self.amount.amount.into(),
            self.amount.currency.code().into(),
            self.status.as_str().into(),
            (&self.psp_refund_id).into(),
            (&self.reason).into(),
            self.requested_by.map(|id| id.0).into(),
            self.origin.as_str().into(),
            self.origin.dispute().map(|id| id.0).into(),
            (&self.error_message).into(),
            self.created_at.into(),
            self.succeeded_at.into(),
            self.look.due_at.into(),
            self.look.count.into(),
            self.look.last_at.into(),
        ]
    }

    fn parts(&self) -> Vec<(&'static Parts, Vec<Vec<Value>>)> {
        let numbered = |position: u32| -> [Value; 2] { [self.id.0.into(), position.into()] };
        let line = |(at, line): (u32, &LineId)| numbered(at).into_iter().chain([line.0.into()]).collect();
        let given = |(at, part): (u32, &LinePart)| numbered(at).into_iter().chain([part.line_id.0.into(), part.amount.into()]).collect();
        let taken =
            |(at, part): (u32, &SellerPart)| numbered(at).into_iter().chain([part.seller_id.0.into(), part.amount.into()]).collect();
        vec![
            (&REFUND_LINES, (0..).zip(&self.lines).map(line).collect()),
            (&REFUND_LINE_PARTS, (0..).zip(&self.line_parts).map(given).collect()),
            (&REFUND_SELLER_PARTS, (0..).zip(&self.seller_parts).map(taken).collect()),
        ]
    }
}

impl Read for Refund {
    const WHAT: &'static str = "refunds";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: RefundId(row.id()?),
            order_id: OrderId(row.id()?),
            amount: row.money()?,
            status: row.parsed(RefundStatus::parse)?,
            psp_refund_id: row.get()?,
            reason: row.get()?,
            requested_by: row.id_opt(UserId)?,
            origin: origin(row)?,
            error_message: row.get()?,
            created_at: row.time()?,
            succeeded_at: row.time_opt()?,
            look: row.look()?,
            lines: row.get::<Vec<uuid::Uuid>>()?.into_iter().map(LineId).collect(),
            line_parts: row.all()?,
            seller_parts: row.all()?,
        })
    }
}

fn origin(row: &mut Record<'_>) -> Result<RefundOrigin, BoxError> {
    let (text, dispute): (String, Option<DisputeId>) = (row.get()?, row.id_opt(DisputeId)?);
    RefundOrigin::parse(&text, dispute).ok_or_else(|| row.unreadable(&text))
}

impl Read for LinePart {
    const WHAT: &'static str = "refund_line_parts";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { line_id: LineId(row.id()?), amount: row.minor()? })
    }
}

impl Read for SellerPart {
    const WHAT: &'static str = "refund_seller_parts";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { seller_id: UserId(row.id()?), amount: row.minor()? })
    }
}
