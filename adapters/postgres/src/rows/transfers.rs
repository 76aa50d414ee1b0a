//! Transfers and reversals.

use super::{Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Bool, Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::ids::{OrderId, RefundId, ReversalId, TransferId, UserId};
use veza_domain::reversal::{Reversal, ReversalCause, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Attempt, Hold, Transfer, TransferStatus};
use veza_ports::BoxError;

macro_rules! select_transfer {
    ($rest:literal) => {
        concat!("SELECT ROW(", crate::rows::transfers::transfer_fields!(), ") FROM transfers ", $rest)
    };
}
pub(crate) use select_transfer;

/// A transfer's fields, of `transfers`.
macro_rules! transfer_fields {
    () => {
        "revision, id, order_id, seller_id, amount, currency, amount_reversed, status, generation, first_sent_at, last_sent_at, look_up, \
         retry_count, next_retry_at, hold, last_error, stripe_transfer_id, replaces, created_at"
    };
}
pub(crate) use transfer_fields;

pub(crate) static TRANSFERS: Table = Table {
    name: "transfers",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("id", Uuid),
        ("order_id", Uuid),
        ("seller_id", Uuid),
        ("amount", Int),
        ("currency", Text),
        ("amount_reversed", Int),
        ("status", Text),
        ("generation", Int),
        ("first_sent_at", Int),
        ("last_sent_at", Int),
        ("look_up", Bool),
        ("retry_count", Int),
        ("next_retry_at", Int),
        ("hold", Text),
        ("last_error", Text),
        ("stripe_transfer_id", Text),
        ("replaces", Uuid),
        ("created_at", Int),
    ],
};

impl Stored for Transfer {
    fn table(&self) -> &'static Table {
        &TRANSFERS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.order_id.0.into(),
            self.seller_id.0.into(),
            self.amount.amount.into(),
            self.amount.currency.code().into(),
            self.amount_reversed.into(),
            self.status().as_str().into(),
            self.attempt.generation.into(),
            self.attempt.first_sent_at.into(),
            self.attempt.last_sent_at.into(),
            self.attempt.look_up.into(),
            self.retry_count.into(),
            self.next_retry_at.into(),
            self.hold.map(Hold::as_str).into(),
            (&self.last_error).into(),
            (&self.stripe_transfer_id).into(),
            self.replaces.map(|id| id.0).into(),
            self.created_at.into(),
        ]
    }
}

impl Read for Transfer {
    const WHAT: &'static str = "transfers";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let (id, order_id, seller_id) = (TransferId(row.id()?), OrderId(row.id()?), UserId(row.id()?));
        // Its status is the domain's own, so the row begins as a new one.
        let mut transfer = Self::open(id, order_id, seller_id, row.money()?, Timestamp::default());
        transfer.amount_reversed = row.minor()?;
        let status = row.parsed(TransferStatus::parse)?;
        transfer.attempt = attempt(row)?;
        transfer.retry_count = row.number()?;
        transfer.next_retry_at = row.time_opt()?;
        transfer.hold = row.parsed_opt(Hold::parse)?;
        transfer.last_error = row.get()?;
        transfer.stripe_transfer_id = row.get()?;
        transfer.replaces = row.id_opt(TransferId)?;
        transfer.created_at = row.time()?;
        Ok(transfer.restored(status))
    }
}

fn attempt(row: &mut Record<'_>) -> Result<Attempt, BoxError> {
    Ok(Attempt { generation: row.number()?, first_sent_at: row.time_opt()?, last_sent_at: row.time_opt()?, look_up: row.get()? })
}

/// A reversal's fields, of `reversals r`.
macro_rules! reversal_fields {
    () => {
        "r.revision, r.id, r.order_id, r.seller_id, r.transfer_id, r.refund_id, r.amount, r.currency, r.netted, r.written_off, r.status, \
         r.generation, r.first_sent_at, r.last_sent_at, r.look_up, r.retry_count, r.next_retry_at, r.hold, r.last_error, \
         r.stripe_reversal_id, r.created_at"
    };
}
pub(crate) use reversal_fields;

macro_rules! select_reversal {
    ($rest:literal) => {
        concat!("SELECT ROW(", crate::rows::transfers::reversal_fields!(), ") FROM reversals r ", $rest)
    };
}
pub(crate) use select_reversal;

pub(crate) static REVERSALS: Table = Table {
    name: "reversals",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("id", Uuid),
        ("order_id", Uuid),
        ("seller_id", Uuid),
        ("transfer_id", Uuid),
        ("refund_id", Uuid),
        ("amount", Int),
        ("currency", Text),
        ("netted", Int),
        ("written_off", Int),
        ("status", Text),
        ("generation", Int),
        ("first_sent_at", Int),
        ("last_sent_at", Int),
        ("look_up", Bool),
        ("retry_count", Int),
        ("next_retry_at", Int),
        ("hold", Text),
        ("last_error", Text),
        ("stripe_reversal_id", Text),
        ("created_at", Int),
    ],
};

impl Stored for Reversal {
    fn table(&self) -> &'static Table {
        &REVERSALS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.order_id.0.into(),
            self.seller_id.0.into(),
            self.transfer_id.map(|id| id.0).into(),
            self.cause.refund().map(|id| id.0).into(),
            self.amount.amount.into(),
            self.amount.currency.code().into(),
            self.netted.into(),
            self.written_off.into(),
            self.status.as_str().into(),
            self.attempt.generation.into(),
            self.attempt.first_sent_at.into(),
            self.attempt.last_sent_at.into(),
            self.attempt.look_up.into(),
            self.retry_count.into(),
            self.next_retry_at.into(),
            self.hold.map(Hold::as_str).into(),
            (&self.last_error).into(),
            (&self.stripe_reversal_id).into(),
            self.created_at.into(),
        ]
    }
}

impl Read for Reversal {
    const WHAT: &'static str = "reversals";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: ReversalId(row.id()?),
            order_id: OrderId(row.id()?),
            seller_id: UserId(row.id()?),
            transfer_id: row.id_opt(TransferId)?,
            cause: row.id_opt(RefundId)?.map_or(ReversalCause::External, ReversalCause::Refund),
            amount: row.money()?,
            netted: row.minor()?,
            written_off: row.minor()?,
            status: row.parsed(ReversalStatus::parse)?,
            attempt: attempt(row)?,
            retry_count: row.number()?,
            next_retry_at: row.time_opt()?,
            hold: row.parsed_opt(Hold::parse)?,
            last_error: row.get()?,
            stripe_reversal_id: row.get()?,
            created_at: row.time()?,
        })
    }
}
