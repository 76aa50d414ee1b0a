//! Working on a due reversal: look up what may have been heard, else take back, bring the answer as a fact
//! (spec/01-money §5). The buyer's refund never waits for this.

use crate::problem::chain;
use crate::services::App;
use crate::usecases::commit::{commit, fresh_unit};
use crate::usecases::effects::{EffectError, TOO_LATE, flag_now, is_too_late};
use crate::usecases::journal;
use crate::usecases::settle::{Bring, bring};
use crate::usecases::transfers::{may_be_under_way, outcome_of, words};
use crate::usecases::worked::Worked;
use veza_domain::attention::{Code, Subject};
use veza_domain::ids::{OrderId, ReversalId};
use veza_domain::money::Money;
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::{Change, Decision, Fact, OrderFile};
use veza_domain::transfer::{CallOutcome, Step};
use veza_ports::storage::{ClaimedReversal, CommitError};
use veza_ports::transfers::{Found, NewReversal, TransferError, TransferService};

/// Works on one claimed reversal.
///
/// # Errors
/// [`EffectError`] when something could not be stored: the row is due again after its lease.
pub async fn work(app: &App, claimed: ClaimedReversal) -> Result<Worked, EffectError> {
    let Some(stored) = app.store.order_file(claimed.order_id).await? else { return Ok(Worked::Nothing) };
    let Some(reversal) = stored.file.reversals.iter().find(|reversal| reversal.id == claimed.id).cloned() else {
        return Ok(Worked::Nothing);
    };
    if reversal.status != ReversalStatus::ReversalPending {
        return Ok(Worked::Nothing);
    }
    if !reversal.needs_call() {
        // Later shares have paid it, or Connect holds nothing of it: the rules end it, or let it wait.
        return record(app, claimed.order_id, &reversal, CallOutcome::NotNeeded).await;
    }
    let Some(stripe_transfer_id) = transfer_at_connect(&stored.file, &reversal) else {
        // Without Connect's id there is nothing to call: the rules end it.
        return record(app, claimed.order_id, &reversal, CallOutcome::NotThere).await;
    };
    let Some(connect) = &app.connect else { return Ok(Worked::Nothing) };
    let wanted = wanted(&reversal, stripe_transfer_id);
    let outcome = match reversal.attempt.next_step(app.now()) {
        Step::LookUp => look_up(app, connect.as_ref(), &reversal, &wanted, claimed.order_id).await,
        Step::Send => {
            let sent = reversal.clone().sent(app.now(), app.money.lease());
            let key = sent.key();
            let told =
                journal::call(app, claimed.order_id, &format!("reversal {} of {} sent to Connect, key {key}", sent.id, wanted.amount));
            let sent_at = sent.attempt.last_sent_at;
            let mut writes = stored.writes(&[Change::Reversal(sent)]);
            writes.push(told);
            match commit(app, fresh_unit(app, writes)).await {
                Ok(_) if is_too_late(app, sent_at) => CallOutcome::NotNow { message: TOO_LATE.to_owned() },
                Ok(_) => send(app, connect.as_ref(), &key, &reversal, &wanted, claimed.order_id).await,
                Err(CommitError::Conflict(_)) => return Ok(Worked::Nothing),
                Err(error) => return Err(error.into()),
            }
        }
    };
    record(app, claimed.order_id, &reversal, outcome).await
}

/// Looks up a reversal whose outcome is unknown, whatever its schedule says, and sends nothing. False: its outcome is known.
///
/// # Errors
/// [`EffectError`] when something could not be stored.
pub async fn look(app: &App, order_id: OrderId, id: ReversalId) -> Result<bool, EffectError> {
    let (Some(connect), Some(stored)) = (&app.connect, app.store.order_file(order_id).await?) else { return Ok(false) };
    let unknown =
        |reversal: &&Reversal| reversal.id == id && reversal.status == ReversalStatus::ReversalPending && reversal.attempt.is_unknown();
    let Some(reversal) = stored.file.reversals.iter().find(unknown) else { return Ok(false) };
    let Some(stripe_transfer_id) = transfer_at_connect(&stored.file, reversal) else { return Ok(false) };
    let outcome = look_up(app, connect.as_ref(), reversal, &wanted(reversal, stripe_transfer_id), order_id).await;
    record(app, order_id, reversal, outcome).await?;
    Ok(true)
}

fn transfer_at_connect(file: &OrderFile, reversal: &Reversal) -> Option<String> {
    let transfer = file.transfers.iter().find(|transfer| Some(transfer.id) == reversal.transfer_id)?;
    transfer.stripe_transfer_id.clone()
}

/// What is taken back at Connect: what later shares have paid is left out.
fn wanted(reversal: &Reversal, stripe_transfer_id: String) -> NewReversal {
    let amount = Money { amount: reversal.open_amount(), currency: reversal.amount.currency };
    NewReversal { reversal_id: reversal.id, refund_id: reversal.cause.refund(), stripe_transfer_id, amount }
}

async fn send(
    app: &App,
    connect: &dyn TransferService,
    key: &str,
    reversal: &Reversal,
    wanted: &NewReversal,
    order_id: OrderId,
) -> CallOutcome {
    let answer = connect.create_reversal(key, wanted).await;
    tracing::info!(order = %order_id, reversal = %reversal.id, key, ok = answer.is_ok(), "reversal sent");
    match answer {
        Ok(provider_id) => CallOutcome::Done { provider_id: Some(provider_id) },
        Err(TransferError::AlreadyReversed(message)) => already_reversed(connect, reversal, wanted, &message).await,
        Err(error) => outcome_of(app, Subject::Reversal(reversal.id), order_id, error).await,
    }
}

/// Nothing is left to take back: by a call of ours that we did not hear of, or by somebody else.
async fn already_reversed(connect: &dyn TransferService, reversal: &Reversal, wanted: &NewReversal, message: &str) -> CallOutcome {
    tracing::info!(reversal = %reversal.id, answer = message, "already reversed at Connect");
    match connect.find_reversal(wanted).await {
        Ok(Found::One(id)) => CallOutcome::Done { provider_id: Some(id) },
        Ok(Found::None | Found::Several(_)) => CallOutcome::Done { provider_id: None },
        Err(error) => CallOutcome::NotNow { message: chain(&error) },
    }
}

async fn look_up(app: &App, connect: &dyn TransferService, reversal: &Reversal, wanted: &NewReversal, order_id: OrderId) -> CallOutcome {
    match connect.find_reversal(wanted).await {
        Ok(Found::One(id)) => CallOutcome::Done { provider_id: Some(id) },
        Ok(Found::None) if may_be_under_way(app, &reversal.attempt) => CallOutcome::NotNow { message: "not at Connect yet".to_owned() },
        Ok(Found::None) => CallOutcome::NotThere,
        Ok(Found::Several(ids)) => {
            let message = format!("Connect has {}", ids.join(", "));
            flag_now(app, Subject::Reversal(reversal.id), Code::ProviderRefused, order_id, &message).await;
            CallOutcome::NotNow { message }
        }
        Err(error) => CallOutcome::NotNow { message: chain(&error) },
    }
}

async fn record(app: &App, order_id: OrderId, reversal: &Reversal, outcome: CallOutcome) -> Result<Worked, EffectError> {
    let worked = Worked::from(&outcome);
    if let CallOutcome::Refused { message, .. } | CallOutcome::Unknown { message, .. } | CallOutcome::NotNow { message } = &outcome {
        tracing::warn!(order = %order_id, reversal = %reversal.id, error = message, "reversal not done");
    }
    let unit_id = format!("reversal:{}:{}", reversal.id, app.ids.uuid());
    let told = journal::call(app, order_id, &format!("reversal {}: {}", reversal.id, words(&outcome)));
    let called = outcome != CallOutcome::NotNeeded;
    let fact = Fact::Reversal(reversal.id, outcome);
    // A debt that only waits on is looked at for ever; its journal is not to grow by that.
    let waits_on = |change: &Change| matches!(change, Change::Reversal(row) if row.id == reversal.id && row.hold.is_some() && row.hold == reversal.hold);
    let extra = |decision: &Decision| {
        let news = called || !decision.changes.iter().all(waits_on);
        if decision.changes.is_empty() || !news { Vec::new() } else { vec![told.clone()] }
    };
    bring(app, Bring { order_id, fact: &fact, as_of: None, unit_id, request: &[], extra: &extra }).await?;
    Ok(worked)
}
