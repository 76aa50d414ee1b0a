//! Finding Connect's ids of old transfers that have none (spec/01-money §5, contracts/stripe.md §3).
//!
//! Without its id a transfer can't be reversed. Each is looked for at Connect by its order and matched on what we sent with it; one match is
//! adopted, several are a double payment to report, none is reported.

use crate::problem::chain;
use crate::services::App;
use crate::usecases::commit::{commit, fresh_unit};
use crate::usecases::operators::Operator;
use veza_domain::attention::Subject;
use veza_domain::settlement::decide_adopt_transfer_id;
use veza_domain::transfer::Transfer;
use veza_ports::storage::{CommitError, StoreError};
use veza_ports::transfers::{Found, NewTransfer, TransferFilter};

/// Transfers of one batch.
const BATCH: u32 = 100;

/// What was found of one transfer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Match {
    /// Connect has it under this id; `written` says whether we keep it now.
    One {
        /// `tr_…`.
        id: String,
        /// It was stored.
        written: bool,
    },
    /// Connect has several: a double payment.
    Several(Vec<String>),
    /// Connect has none that matches.
    None,
    /// Connect could not be asked, or the id could not be stored.
    Error(String),
}

/// Looks for all of them; writes only when `write`. `tell` is told of each.
///
/// # Errors
/// [`StoreError`] when our own books can't be read.
pub async fn run(app: &App, operator: Operator, write: bool, tell: &mut dyn FnMut(&Transfer, &Match)) -> Result<(), StoreError> {
    let mut after = None;
    loop {
        let batch = app.store.transfers_without_stripe_id(after, BATCH).await?;
        for transfer in &batch {
            let found = look_for(app, transfer).await?;
            let found = match found {
                Match::One { id, .. } if write => adopt(app, operator, transfer, id).await?,
                other => other,
            };
            tell(transfer, &found);
        }
        after = batch.last().map(|transfer| transfer.id);
        if batch.len() < BATCH as usize {
            return Ok(());
        }
    }
}

async fn look_for(app: &App, transfer: &Transfer) -> Result<Match, StoreError> {
    let Some(connect) = &app.connect else { return Ok(Match::Error("no payout provider is configured".to_owned())) };
    let account = app.store.seller_account(transfer.seller_id).await?.and_then(|account| account.value.stripe_account_id);
    let Some(destination) = account else { return Ok(Match::None) };
    let wanted =
        NewTransfer { transfer_id: transfer.id, order_id: transfer.order_id, destination: destination.clone(), amount: transfer.amount };
    match connect.find_transfer(&wanted).await {
        Ok(Found::One(id)) => return Ok(Match::One { id, written: false }),
        Ok(Found::Several(ids)) => return Ok(Match::Several(ids)),
        Ok(Found::None) => {}
        Err(error) => return Ok(Match::Error(chain(&error))),
    }
    // Older ones carry no transfer id and no group: by destination, matched on metadata order_id, amount and currency.
    let filter = TransferFilter { destination: Some(destination), ..TransferFilter::default() };
    let (mut ids, mut after) = (Vec::new(), None::<String>);
    loop {
        let page = match connect.transfers(&filter, after.as_deref()).await {
            Ok(page) => page,
            Err(error) => return Ok(Match::Error(chain(&error))),
        };
        let same = page.transfers.iter().filter(|listed| {
            listed.order_id == Some(transfer.order_id)
                && listed.transfer_id.is_none_or(|id| id == transfer.id)
                && listed.amount == transfer.amount.amount.0
                && listed.currency == transfer.amount.currency.code()
        });
        ids.extend(same.map(|listed| listed.stripe_transfer_id.clone()));
        after = page.transfers.last().map(|listed| listed.stripe_transfer_id.clone());
        if !page.has_more || after.is_none() {
            break;
        }
    }
    Ok(match ids.len() {
        0 => Match::None,
        1 => Match::One { id: ids.remove(0), written: false },
        _ => Match::Several(ids),
    })
}

async fn adopt(app: &App, operator: Operator, transfer: &Transfer, id: String) -> Result<Match, StoreError> {
    let Some(stored) = app.store.order_file(transfer.order_id).await? else { return Ok(Match::None) };
    let changes = match decide_adopt_transfer_id(&stored.file, transfer.id, &id, &app.context()) {
        Ok(changes) => changes,
        Err(refusal) => return Ok(Match::Error(refusal.to_string())),
    };
    let mut writes = stored.writes(&changes);
    let detail = format!("transfer {} is {id} at Connect", transfer.id);
    writes.push(operator.did(app, "backfill_transfer_id", Some(Subject::Transfer(transfer.id)), Some(transfer.order_id), detail));
    Ok(match commit(app, fresh_unit(app, writes)).await {
        Ok(_) => {
            // What was given up for lack of the id is due again.
            app.wake.reversals.notify_one();
            Match::One { id, written: true }
        }
        Err(error @ CommitError::Taken(..)) => Match::Error(format!("another transfer has this id already: {error}")),
        Err(error) => Match::Error(chain(&error)),
    })
}
