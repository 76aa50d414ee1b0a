//! Transfers and reversals by hand: try again, replace, write off (spec/01-money §5).

use super::{Operator, change};
use crate::problem::{ApiError, chain};
use crate::services::App;
use veza_domain::attention::Subject;
use veza_domain::ids::{OrderId, ReversalId, TransferId};
use veza_domain::money::Minor;
use veza_domain::netting::Netting;
use veza_domain::reversal::Reversal;
use veza_domain::settlement::{OrderFile, decide_keep_back, decide_replace_transfer, decide_retry_transfer, decide_write_off};
use veza_domain::transfer::Transfer;
use veza_ports::storage::SellerTransfer;
use veza_ports::transfers::{Found, NewTransfer};

fn unknown_transfer() -> ApiError {
    ApiError::not_found("transfer_not_found", "no such transfer")
}

async fn order_of(app: &App, id: TransferId) -> Result<OrderId, ApiError> {
    app.store.order_of_our_transfer(id).await?.ok_or_else(unknown_transfer)
}

fn find(file: &OrderFile, id: TransferId) -> Result<&Transfer, ApiError> {
    file.transfers.iter().find(|transfer| transfer.id == id).ok_or_else(unknown_transfer)
}

async fn shown(app: &App, order_id: OrderId, id: TransferId) -> Result<SellerTransfer, ApiError> {
    let stored = app.store.order_file(order_id).await?.ok_or_else(unknown_transfer)?;
    let transfer = find(&stored.file, id)?.clone();
    let same = |netting: &&Netting| (netting.seller_id, netting.created_at) == (transfer.seller_id, transfer.created_at);
    let netted = Minor(stored.file.nettings.iter().filter(same).map(|netting| netting.amount.amount.0).sum());
    let reversals = stored.file.reversals.into_iter().filter(|reversal| reversal.transfer_id == Some(id)).collect();
    Ok(SellerTransfer { transfer, reversals, netted })
}

/// Makes a refused transfer due at once, with a fresh budget of retries.
///
/// # Errors
/// 404; 409 `transfer_not_retryable` for any status but `failed`.
pub async fn retry(app: &App, operator: Operator, id: TransferId) -> Result<SellerTransfer, ApiError> {
    let order_id = order_of(app, id).await?;
    let did = || operator.did(app, "retry_transfer", Some(Subject::Transfer(id)), Some(order_id), format!("transfer {id}"));
    let decide = |file: &OrderFile| {
        decide_retry_transfer(file, id, &app.context()).map_err(|refusal| ApiError::conflict("transfer_not_retryable", refusal.to_string()))
    };
    change(app, order_id, &did, &decide).await?;
    shown(app, order_id, id).await
}

/// Pays a share by a new transfer in the place of one that was given up, or was taken back by somebody at Connect. Only after a look-up
/// shows that Connect has none for it.
///
/// # Errors
/// 404; 409 `transfer_not_replaceable`, `transfer_at_connect`; 503 when Connect can't be asked.
pub async fn replace(app: &App, operator: Operator, id: TransferId) -> Result<SellerTransfer, ApiError> {
    let order_id = order_of(app, id).await?;
    let stored = app.store.order_file(order_id).await?.ok_or_else(unknown_transfer)?;
    let transfer = find(&stored.file, id)?;
    if transfer.stripe_transfer_id.is_none() {
        prove_absent(app, transfer).await?;
    }
    let did = || operator.did(app, "replace_transfer", Some(Subject::Transfer(id)), Some(order_id), format!("transfer {id}"));
    let decide = |file: &OrderFile| {
        decide_replace_transfer(file, id, &app.context())
            .map_err(|refusal| ApiError::conflict("transfer_not_replaceable", refusal.to_string()))
    };
    change(app, order_id, &did, &decide).await?;
    let stored = app.store.order_file(order_id).await?.ok_or_else(unknown_transfer)?;
    let new = stored.file.transfers.iter().rev().find(|transfer| transfer.replaces == Some(id)).map_or(id, |transfer| transfer.id);
    shown(app, order_id, new).await
}

/// Keeps what somebody took back of a transfer at Connect: the seller is not to have it.
///
/// # Errors
/// 404; 409 `nothing_withheld` when nothing of it was taken by hand that the seller still lacks.
pub async fn keep(app: &App, operator: Operator, id: TransferId, note: &str) -> Result<SellerTransfer, ApiError> {
    let order_id = order_of(app, id).await?;
    let did = || operator.did(app, "keep_transfer", Some(Subject::Transfer(id)), Some(order_id), format!("transfer {id} ({note})"));
    let decide = |file: &OrderFile| {
        decide_keep_back(file, id, &app.context()).map_err(|refusal| ApiError::conflict("nothing_withheld", refusal.to_string()))
    };
    change(app, order_id, &did, &decide).await?;
    shown(app, order_id, id).await
}

async fn prove_absent(app: &App, transfer: &Transfer) -> Result<(), ApiError> {
    let unavailable = |why: &str| ApiError::unavailable("payout_provider_unavailable", format!("Connect can't be asked: {why}"));
    let connect = app.connect.as_ref().ok_or_else(|| unavailable("none is configured"))?;
    let account = app.store.seller_account(transfer.seller_id).await?.and_then(|account| account.value.stripe_account_id);
    let Some(destination) = account else { return Ok(()) }; // without an account nothing can have been sent
    let wanted = NewTransfer { transfer_id: transfer.id, order_id: transfer.order_id, destination, amount: transfer.amount };
    match connect.find_transfer(&wanted).await {
        Ok(Found::None) => Ok(()),
        Ok(Found::One(at_connect)) => Err(ApiError::conflict("transfer_at_connect", format!("Connect has it as {at_connect}"))),
        Ok(Found::Several(ids)) => Err(ApiError::conflict("transfer_at_connect", format!("Connect has it as {}", ids.join(", ")))),
        Err(error) => Err(unavailable(&chain(&error))),
    }
}

/// Takes what a seller owes upon the platform: the reversal ends, the debt goes.
///
/// # Errors
/// 404; 409 `reversal_not_open` when there is nothing to write off, or a call is under way.
pub async fn write_off(app: &App, operator: Operator, id: ReversalId) -> Result<Reversal, ApiError> {
    let unknown = || ApiError::not_found("reversal_not_found", "no such reversal");
    let order_id = app.store.order_of_reversal(id).await?.ok_or_else(unknown)?;
    let did = || operator.did(app, "write_off", Some(Subject::Reversal(id)), Some(order_id), format!("reversal {id}"));
    let decide = |file: &OrderFile| {
        decide_write_off(file, id, &app.context()).map_err(|refusal| ApiError::conflict("reversal_not_open", refusal.to_string()))
    };
    change(app, order_id, &did, &decide).await?;
    let stored = app.store.order_file(order_id).await?.ok_or_else(unknown)?;
    stored.file.reversals.into_iter().find(|reversal| reversal.id == id).ok_or_else(unknown)
}
