//! Working on a due transfer: is the seller's account ready, was it sent before, send or look up, bring the answer as a fact
//! (spec/01-money §5).

use crate::services::App;
use crate::usecases::attention::flag_now;
use crate::usecases::calls::{TOO_LATE, is_too_late, may_be_under_way};
use crate::usecases::commit::{REDECIDE_MAX, commit, commit_if_current, fresh_unit};
use crate::usecases::effects::EffectError;
use crate::usecases::journal;
use crate::usecases::settle::{AsOf, Bring, bring};
use crate::usecases::worked::Worked;
use veza_domain::attention::{Code, Subject};
use veza_domain::ids::{OrderId, TransferId};
use veza_domain::journal::JournalKind;
use veza_domain::payout::SellerAccount;
use veza_domain::settlement::{Decision, Fact, OrderFile};
use veza_domain::transfer::{CallOutcome, CallRefusal, Hold, Step, Transfer, TransferStatus};
use veza_ports::storage::{ClaimedTransfer, CommitError, Row, StoredOrder, Versioned, Write};
use veza_ports::transfers::{Found, NewTransfer, TransferError, TransferService};

/// Works on one claimed transfer.
///
/// # Errors
/// [`EffectError`] when something could not be stored: the row is due again after its lease.
pub async fn work(app: &App, claimed: ClaimedTransfer) -> Result<Worked, EffectError> {
    // Another share of the order is often sent at the same time: then it has changed before anything was sent, and is read again.
    for _ in 0..REDECIDE_MAX {
        let Some(stored) = app.store.order_file(claimed.order_id).await? else { return Ok(Worked::Nothing) };
        let Some(transfer) = find(&stored.file, claimed.id).cloned() else { return Ok(Worked::Nothing) };
        // What may have been heard is looked up in any case, and what an operator has tried again is sent.
        let tried_again = app.workers.transfer_retries || transfer.attempt.is_unknown() || transfer.is_fresh();
        let is_due = match transfer.status() {
            TransferStatus::Pending => true,
            TransferStatus::Failed => tried_again,
            _ => false,
        };
        if !is_due {
            return Ok(Worked::Nothing);
        }
        let unwanted = stored.file.order.refunded >= stored.file.order.total.amount;
        if unwanted && !transfer.attempt.is_unknown() {
            return record(app, &transfer, CallOutcome::NotThere).await;
        }
        let ready = match (&app.connect, transfer.attempt.is_unknown()) {
            (None, _) => None,
            (Some(connect), was_sent) => destination(app, connect.as_ref(), &transfer, was_sent).await?.map(|account| (connect, account)),
        };
        let held = stored.file.may_send(&transfer).err();
        if let Some(reason) = held
            && !transfer.attempt.is_unknown()
        {
            return hold(app, &stored, transfer, reason).await;
        }
        let Some((connect, destination)) = ready else { return hold(app, &stored, transfer, Hold::AccountNotReady).await };
        let wanted = NewTransfer { transfer_id: transfer.id, order_id: transfer.order_id, destination, amount: transfer.amount };
        // Nobody is paid for refunded goods, or while a dispute is open: what may have been sent is looked up, not sent again.
        let step = if unwanted || held.is_some() { Step::LookUp } else { transfer.attempt.next_step(app.now()) };
        return match step {
            Step::LookUp => {
                let outcome = look_up(app, connect.as_ref(), &transfer, &wanted).await;
                record(app, &transfer, outcome).await
            }
            Step::Send => {
                let Some(sent) = mark_sent(app, &stored, transfer).await? else { continue };
                let outcome = send(app, connect.as_ref(), &sent, &wanted).await;
                record(app, &sent, outcome).await
            }
        };
    }
    Ok(Worked::Nothing)
}

/// Looks up a transfer whose outcome is unknown, whatever its schedule says, and sends nothing. False: its outcome is known.
///
/// # Errors
/// [`EffectError`] when something could not be stored.
pub async fn look(app: &App, order_id: OrderId, id: TransferId) -> Result<bool, EffectError> {
    let (Some(connect), Some(stored)) = (&app.connect, app.store.order_file(order_id).await?) else { return Ok(false) };
    let unknown = |transfer: &&Transfer| {
        matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed) && transfer.attempt.is_unknown()
    };
    let Some(transfer) = find(&stored.file, id).filter(unknown) else { return Ok(false) };
    let Some(destination) = destination(app, connect.as_ref(), transfer, true).await? else { return Ok(false) };
    let wanted = NewTransfer { transfer_id: transfer.id, order_id: transfer.order_id, destination, amount: transfer.amount };
    let outcome = look_up(app, connect.as_ref(), transfer, &wanted).await;
    record(app, transfer, outcome).await?;
    Ok(true)
}

fn find(file: &OrderFile, id: TransferId) -> Option<&Transfer> {
    file.transfers.iter().find(|transfer| transfer.id == id)
}

/// The account that can receive, asked again at Connect while it can't.
async fn destination(app: &App, connect: &dyn TransferService, transfer: &Transfer, was_sent: bool) -> Result<Option<String>, EffectError> {
    let Some(account) = app.store.seller_account(transfer.seller_id).await? else { return Ok(None) };
    let Some(id) = account.value.stripe_account_id.clone() else { return Ok(None) };
    if account.value.transfers_enabled || was_sent {
        return Ok(Some(id));
    }
    let enabled = refresh(app, connect, account).await?.transfers_enabled;
    Ok(enabled.then_some(id))
}

/// What Connect says of an account now, stored if it has changed. Unreadable: as it was.
///
/// # Errors
/// [`CommitError`].
pub async fn refresh(app: &App, connect: &dyn TransferService, known: Versioned<SellerAccount>) -> Result<SellerAccount, CommitError> {
    let Some(id) = known.value.stripe_account_id.clone() else { return Ok(known.value) };
    let now = match connect.account(&id).await {
        Ok(Some(account)) => SellerAccount {
            transfers_enabled: account.transfers_enabled,
            payouts_enabled: account.payouts_enabled,
            checked_at: Some(app.now()),
            ..known.value.clone()
        },
        Ok(None) => SellerAccount { transfers_enabled: false, payouts_enabled: false, checked_at: Some(app.now()), ..known.value.clone() },
        Err(error) => {
            tracing::warn!(account = id, %error, "an account could not be read at Connect");
            return Ok(known.value);
        }
    };
    let changed = (now.transfers_enabled, now.payouts_enabled) != (known.value.transfers_enabled, known.value.payouts_enabled);
    if changed {
        let write = Write::Update { row: Row::SellerAccount(now.clone()), expected: known.revision };
        match commit(app, fresh_unit(app, vec![write])).await {
            Ok(_) | Err(CommitError::Conflict(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(now)
}

async fn hold(app: &App, stored: &StoredOrder, transfer: Transfer, reason: Hold) -> Result<Worked, EffectError> {
    tracing::info!(order = %transfer.order_id, transfer = %transfer.id, hold = reason.as_str(), "transfer waits");
    let told = (transfer.hold != Some(reason))
        .then(|| journal::line(app, transfer.order_id, JournalKind::Job, &format!("transfer {} waits: {}", transfer.id, reason.as_str())));
    let held = transfer.held(reason, &app.money.transfers, app.now());
    store(app, stored, held, told).await?;
    Ok(Worked::Later)
}

/// The row says that it may have been heard before the call is made. `None`: somebody else has changed the order meanwhile.
async fn mark_sent(app: &App, stored: &StoredOrder, transfer: Transfer) -> Result<Option<Transfer>, CommitError> {
    let sent = transfer.sent(app.now(), app.money.lease());
    let told = journal::call(app, sent.order_id, &format!("transfer {} of {} sent to Connect, key {}", sent.id, sent.amount, sent.key()));
    Ok(store(app, stored, sent.clone(), Some(told)).await?.then_some(sent))
}

/// Stores a transfer on its own, guarded by its order. False: a guard did not hold.
async fn store(app: &App, stored: &StoredOrder, transfer: Transfer, told: Option<Write>) -> Result<bool, CommitError> {
    let mut writes = stored.writes(&[veza_domain::settlement::Change::Transfer(transfer)]);
    writes.extend(told);
    Ok(commit_if_current(app, fresh_unit(app, writes)).await?.is_some())
}

async fn send(app: &App, connect: &dyn TransferService, sent: &Transfer, wanted: &NewTransfer) -> CallOutcome {
    if is_too_late(app, sent.attempt.last_sent_at) {
        return CallOutcome::NotNow { message: TOO_LATE.to_owned() };
    }
    let answer = connect.create_transfer(&sent.key(), wanted).await;
    tracing::info!(order = %sent.order_id, transfer = %sent.id, key = sent.key(), ok = answer.is_ok(), "transfer sent");
    match answer {
        Ok(provider_id) => CallOutcome::Done { provider_id: Some(provider_id) },
        Err(error) => outcome_of(app, Subject::Transfer(sent.id), sent.order_id, error).await,
    }
}

/// A provider's error as the rules see it.
pub(super) async fn outcome_of(app: &App, subject: Subject, order_id: OrderId, error: TransferError) -> CallOutcome {
    let refused = |refusal, message| CallOutcome::Refused { refusal, message };
    match error {
        TransferError::BalanceInsufficient(message) => refused(CallRefusal::BalanceInsufficient, message),
        TransferError::CapabilityMissing(message) => refused(CallRefusal::CapabilityMissing, message),
        TransferError::NotFound(message) => refused(CallRefusal::NotFound, message),
        TransferError::AlreadyReversed(message) | TransferError::Refused(message) => refused(CallRefusal::Other, message),
        TransferError::Unknown { message, replayed } => CallOutcome::Unknown { message, replayed },
        TransferError::NotNow(message) => CallOutcome::NotNow { message },
        TransferError::Credentials(message) => {
            flag_now(app, subject, Code::ProviderCredentials, order_id, &message).await;
            CallOutcome::NotNow { message }
        }
        TransferError::EmptyKey(error) => {
            tracing::error!(%error, "a call without a key: this is a bug");
            CallOutcome::NotNow { message: error.to_string() }
        }
    }
}

async fn look_up(app: &App, connect: &dyn TransferService, transfer: &Transfer, wanted: &NewTransfer) -> CallOutcome {
    match connect.find_transfer(wanted).await {
        Ok(Found::One(id)) => CallOutcome::Done { provider_id: Some(id) },
        Ok(Found::None) if may_be_under_way(app, transfer.attempt.last_sent_at) => {
            CallOutcome::NotNow { message: "not at Connect yet".to_owned() }
        }
        Ok(Found::None) => CallOutcome::NotThere,
        Ok(Found::Several(ids)) => {
            let message = format!("Connect has {}", ids.join(", "));
            flag_now(app, Subject::Transfer(transfer.id), Code::TransferPaidTwice, transfer.order_id, &message).await;
            CallOutcome::NotNow { message }
        }
        Err(error) => CallOutcome::NotNow { message: crate::problem::chain(&error) },
    }
}

/// Settles what became of `transfer`, as it stood when Connect was asked.
async fn record(app: &App, transfer: &Transfer, outcome: CallOutcome) -> Result<Worked, EffectError> {
    let worked = Worked::from(&outcome);
    if let CallOutcome::Refused { message, .. } | CallOutcome::Unknown { message, .. } | CallOutcome::NotNow { message } = &outcome {
        tracing::warn!(order = %transfer.order_id, transfer = %transfer.id, error = message, "transfer not done");
    }
    let unit_id = format!("transfer:{}:{}", transfer.id, app.ids.uuid());
    let told = journal::call(app, transfer.order_id, &format!("transfer {}: {}", transfer.id, words(&outcome)));
    let fact = Fact::Transfer(transfer.id, outcome);
    let extra = |decision: &Decision| if decision.changes.is_empty() { Vec::new() } else { vec![told.clone()] };
    let as_of = AsOf::Call(&transfer.attempt);
    bring(app, Bring { order_id: transfer.order_id, fact: &fact, as_of, unit_id, request: &[], extra: &extra }).await?;
    Ok(worked)
}

/// An outcome for the journal.
pub(super) fn words(outcome: &CallOutcome) -> String {
    match outcome {
        CallOutcome::Done { provider_id: Some(id) } => format!("done at Connect as {id}"),
        CallOutcome::Done { provider_id: None } => "done at Connect already".to_owned(),
        CallOutcome::Refused { message, .. } => format!("refused by Connect: {message}"),
        CallOutcome::Unknown { message, .. } => format!("outcome unknown: {message}"),
        CallOutcome::NotNow { message } => format!("not now: {message}"),
        CallOutcome::NotThere => "not at Connect: no call took effect".to_owned(),
        CallOutcome::NotNeeded => "no call is needed: later shares have paid it, or nothing is at Connect".to_owned(),
    }
}
