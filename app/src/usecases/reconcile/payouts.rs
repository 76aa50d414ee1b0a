//! Transfers and reversals whose outcome nobody knows: looked up at Connect, never sent from here (spec/01-money §5, §8).

use super::{Found, LookError};
use crate::services::App;
use crate::usecases::{reversals, transfers};
use veza_domain::ids::{ReversalId, TransferId};
use veza_domain::reversal::ReversalStatus;
use veza_domain::transfer::TransferStatus;
use veza_ports::storage::Looked;

pub(super) async fn look_at_transfer(app: &App, row: Looked) -> Result<Found, LookError> {
    let id = TransferId(row.subject);
    if !transfers::look(app, row.order_id, id).await? {
        return Ok(Found::Waits("known meanwhile"));
    }
    let Some(stored) = app.store.order_file(row.order_id).await? else { return Ok(Found::Waits("no such order")) };
    let Some(after) = stored.file.transfers.iter().find(|transfer| transfer.id == id) else { return Ok(Found::Waits("no such row")) };
    Ok(match after.status() {
        TransferStatus::Pending | TransferStatus::Failed if after.attempt.is_unknown() => Found::Waits("still unknown"),
        TransferStatus::PermanentlyFailed => Found::Failed,
        _ => Found::Settled,
    })
}

pub(super) async fn look_at_reversal(app: &App, row: Looked) -> Result<Found, LookError> {
    let id = ReversalId(row.subject);
    if !reversals::look(app, row.order_id, id).await? {
        return Ok(Found::Waits("known meanwhile"));
    }
    let Some(stored) = app.store.order_file(row.order_id).await? else { return Ok(Found::Waits("no such order")) };
    let Some(after) = stored.file.reversals.iter().find(|reversal| reversal.id == id) else { return Ok(Found::Waits("no such row")) };
    Ok(match after.status {
        ReversalStatus::ReversalPending if after.attempt.is_unknown() => Found::Waits("still unknown"),
        ReversalStatus::PermanentlyFailed => Found::Failed,
        ReversalStatus::ReversalPending | ReversalStatus::Reversed => Found::Settled,
    })
}
