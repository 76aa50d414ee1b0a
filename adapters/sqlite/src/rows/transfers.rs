//! Transfers and reversals.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use veza_domain::ids::{OrderId, RefundId, ReversalId, TransferId, UserId};
use veza_domain::reversal::{Reversal, ReversalCause, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Attempt, Hold, Transfer, TransferStatus};
use veza_ports::storage::Revision;

macro_rules! select_transfer {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, order_id, seller_id, amount, currency, amount_reversed, status, generation, first_sent_at, \
             last_sent_at, look_up, retry_count, next_retry_at, hold, last_error, stripe_transfer_id, replaces, \
             created_at FROM transfers ",
            $rest
        )
    };
}
pub(crate) use select_transfer;

impl Stored for Transfer {
    const INSERT: &'static str = "INSERT INTO transfers (id, revision, order_id, seller_id, amount, currency, amount_reversed, status, \
         generation, first_sent_at, last_sent_at, look_up, retry_count, next_retry_at, hold, last_error, stripe_transfer_id, \
         replaces, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19)";
    const UPDATES: &'static [&'static str] = &[
        "UPDATE transfers SET revision = ?2 + 1, amount = ?5, currency = ?6, amount_reversed = ?7, status = ?8, generation = ?9, \
             first_sent_at = ?10, last_sent_at = ?11, look_up = ?12, retry_count = ?13, next_retry_at = ?14, hold = ?15, \
             last_error = ?16, stripe_transfer_id = ?17, replaces = ?18, created_at = ?19 \
         WHERE id = ?1 AND revision = ?2 AND order_id = ?3 AND seller_id = ?4",
        "UPDATE transfers SET revision = ?2 + 1, order_id = ?3, seller_id = ?4, amount = ?5, currency = ?6, amount_reversed = ?7, \
             status = ?8, generation = ?9, first_sent_at = ?10, last_sent_at = ?11, look_up = ?12, retry_count = ?13, \
             next_retry_at = ?14, hold = ?15, last_error = ?16, stripe_transfer_id = ?17, replaces = ?18, created_at = ?19 \
         WHERE id = ?1 AND revision = ?2",
    ];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.order_id.0,
            self.seller_id.0,
            self.amount.amount.0,
            self.amount.currency.code(),
            self.amount_reversed.0,
            self.status().as_str(),
            self.attempt.generation,
            self.attempt.first_sent_at.map(|at| at.0),
            self.attempt.last_sent_at.map(|at| at.0),
            self.attempt.look_up,
            self.retry_count,
            self.next_retry_at.map(|at| at.0),
            self.hold.map(Hold::as_str),
            self.last_error,
            self.stripe_transfer_id,
            self.replaces.map(|id| id.0),
            self.created_at.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn transfer(row: &mut Fields<'_, '_>) -> rusqlite::Result<Transfer> {
    let (id, order_id, seller_id) = (TransferId(row.id()?), OrderId(row.id()?), UserId(row.id()?));
    // Its status is the domain's own, so the row begins as a new one.
    let mut transfer = Transfer::open(id, order_id, seller_id, row.money()?, Timestamp::default());
    transfer.amount_reversed = row.minor()?;
    let status = row.parsed(TransferStatus::parse)?;
    transfer.attempt = attempt(row)?;
    transfer.retry_count = row.get()?;
    transfer.next_retry_at = row.time_opt()?;
    transfer.hold = row.parsed_opt(Hold::parse)?;
    transfer.last_error = row.get()?;
    transfer.stripe_transfer_id = row.get()?;
    transfer.replaces = row.id_opt(TransferId)?;
    transfer.created_at = row.time()?;
    Ok(transfer.restored(status))
}

fn attempt(row: &mut Fields<'_, '_>) -> rusqlite::Result<Attempt> {
    Ok(Attempt { generation: row.get()?, first_sent_at: row.time_opt()?, last_sent_at: row.time_opt()?, look_up: row.get()? })
}

macro_rules! select_reversal {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, order_id, seller_id, transfer_id, refund_id, amount, currency, netted, written_off, status, generation, \
             first_sent_at, last_sent_at, look_up, retry_count, next_retry_at, hold, last_error, stripe_reversal_id, created_at \
             FROM reversals ",
            $rest
        )
    };
}
pub(crate) use select_reversal;

impl Stored for Reversal {
    const INSERT: &'static str = "INSERT INTO reversals (id, revision, order_id, seller_id, transfer_id, refund_id, amount, currency, \
         netted, written_off, status, generation, first_sent_at, last_sent_at, look_up, retry_count, next_retry_at, hold, last_error, \
         stripe_reversal_id, created_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, ?21)";
    const UPDATES: &'static [&'static str] = &[
        "UPDATE reversals SET revision = ?2 + 1, amount = ?7, currency = ?8, netted = ?9, written_off = ?10, status = ?11, \
             generation = ?12, first_sent_at = ?13, last_sent_at = ?14, look_up = ?15, retry_count = ?16, next_retry_at = ?17, \
             hold = ?18, last_error = ?19, stripe_reversal_id = ?20, created_at = ?21 \
         WHERE id = ?1 AND revision = ?2 AND order_id = ?3 AND seller_id = ?4 AND transfer_id IS ?5 AND refund_id IS ?6",
        "UPDATE reversals SET revision = ?2 + 1, order_id = ?3, seller_id = ?4, transfer_id = ?5, refund_id = ?6, amount = ?7, \
             currency = ?8, netted = ?9, written_off = ?10, status = ?11, generation = ?12, first_sent_at = ?13, last_sent_at = ?14, \
             look_up = ?15, retry_count = ?16, next_retry_at = ?17, hold = ?18, last_error = ?19, stripe_reversal_id = ?20, \
             created_at = ?21 \
         WHERE id = ?1 AND revision = ?2",
    ];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.order_id.0,
            self.seller_id.0,
            self.transfer_id.map(|id| id.0),
            self.cause.refund().map(|id| id.0),
            self.amount.amount.0,
            self.amount.currency.code(),
            self.netted.0,
            self.written_off.0,
            self.status.as_str(),
            self.attempt.generation,
            self.attempt.first_sent_at.map(|at| at.0),
            self.attempt.last_sent_at.map(|at| at.0),
            self.attempt.look_up,
            self.retry_count,
            self.next_retry_at.map(|at| at.0),
            self.hold.map(Hold::as_str),
            self.last_error,
            self.stripe_reversal_id,
            self.created_at.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn reversal(row: &mut Fields<'_, '_>) -> rusqlite::Result<Reversal> {
    Ok(Reversal {
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
        retry_count: row.get()?,
        next_retry_at: row.time_opt()?,
        hold: row.parsed_opt(Hold::parse)?,
        last_error: row.get()?,
        stripe_reversal_id: row.get()?,
        created_at: row.time()?,
    })
}
