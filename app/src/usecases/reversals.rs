//! Working on a due reversal: look up what may have been heard, else take back, bring the answer as a fact
//! (spec/01-money §5). The buyer's refund never waits for this.

use crate::problem::chain;
use crate::services::App;
use crate::usecases::attention::flag_now;
use crate::usecases::calls::{TOO_LATE, is_too_late, may_be_under_way};
use crate::usecases::commit::{REDECIDE_MAX, commit_if_current, fresh_unit};
use crate::usecases::effects::EffectError;
use crate::usecases::journal;
use crate::usecases::settle::{AsOf, Bring, bring};
use crate::usecases::transfers::{outcome_of, words};
use crate::usecases::worked::Worked;
use veza_domain::attention::{Code, Subject};
use veza_domain::ids::{OrderId, ReversalId};
use veza_domain::money::Money;
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::{Change, Decision, Fact, OrderFile};
use veza_domain::transfer::{CallOutcome, CallRefusal, Step};
use veza_ports::storage::ClaimedReversal;
use veza_ports::transfers::{Found, NewReversal, TransferError, TransferService};

/// Works on one claimed reversal.
///
/// # Errors
/// [`EffectError`] when something could not be stored: the row is due again after its lease.
pub async fn work(app: &App, claimed: ClaimedReversal) -> Result<Worked, EffectError> {
    // Another share of the order is often taken back at the same time: then it has changed before anything was sent, and is read again.
    for _ in 0..REDECIDE_MAX {
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
        return match reversal.attempt.next_step(app.now()) {
            Step::LookUp => {
                let outcome = look_up(app, connect.as_ref(), &reversal, &wanted, claimed.order_id).await;
                record(app, claimed.order_id, &reversal, outcome).await
            }
            Step::Send => {
                let sent = reversal.clone().sent(app.now(), app.money.lease());
                let key = sent.key();
                let told =
                    journal::call(app, claimed.order_id, &format!("reversal {} of {} sent to Connect, key {key}", sent.id, wanted.amount));
                let mut writes = stored.writes(&[Change::Reversal(sent.clone())]);
                writes.push(told);
                if commit_if_current(app, fresh_unit(app, writes)).await?.is_none() {
                    continue;
                }
                let outcome = if is_too_late(app, sent.attempt.last_sent_at) {
                    CallOutcome::NotNow { message: TOO_LATE.to_owned() }
                } else {
                    send(app, connect.as_ref(), &stored.file, &key, &sent, &wanted).await
                };
                record(app, claimed.order_id, &sent, outcome).await
            }
        };
    }
    Ok(Worked::Nothing)
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
    file: &OrderFile,
    key: &str,
    reversal: &Reversal,
    wanted: &NewReversal,
) -> CallOutcome {
    let order_id = file.order.id;
    let answer = connect.create_reversal(key, wanted).await;
    tracing::info!(order = %order_id, reversal = %reversal.id, key, ok = answer.is_ok(), "reversal sent");
    match answer {
        Ok(provider_id) => CallOutcome::Done { provider_id: Some(provider_id) },
        Err(TransferError::AlreadyReversed(message)) => already_reversed(connect, file, reversal, wanted, &message).await,
        Err(error) => outcome_of(app, Subject::Reversal(reversal.id), order_id, error).await,
    }
}

/// Nothing is left to take back, says Connect: by a call of ours that we did not hear of, or by somebody else. It is done only if as much
/// was taken back there as our books have, and what we want besides: the words alone are no proof.
async fn already_reversed(
    connect: &dyn TransferService,
    file: &OrderFile,
    reversal: &Reversal,
    wanted: &NewReversal,
    message: &str,
) -> CallOutcome {
    tracing::info!(reversal = %reversal.id, answer = message, "already reversed at Connect");
    match connect.find_reversal(wanted).await {
        Ok(Found::One(id)) => return CallOutcome::Done { provider_id: Some(id) },
        Ok(Found::None | Found::Several(_)) => {}
        Err(error) => return CallOutcome::NotNow { message: chain(&error) },
    }
    let at_connect = match connect.transfer(&wanted.stripe_transfer_id).await {
        Ok(Some(transfer)) => transfer,
        Ok(None) => {
            let message = format!("{message}; and then Connect has no such transfer");
            return CallOutcome::Refused { refusal: CallRefusal::NotFound, message };
        }
        Err(error) => return CallOutcome::NotNow { message: chain(&error) },
    };
    let booked = file.transfers.iter().find(|transfer| Some(transfer.id) == reversal.transfer_id).map_or(0, |row| row.amount_reversed.0);
    if at_connect.amount_reversed >= booked.saturating_add(wanted.amount.amount.0) {
        return CallOutcome::Done { provider_id: None };
    }
    let message = format!(
        "{message}; but Connect has {} taken back, our books have {booked}, and {} is still to come",
        at_connect.amount_reversed, wanted.amount
    );
    CallOutcome::Refused { refusal: CallRefusal::Other, message }
}

async fn look_up(app: &App, connect: &dyn TransferService, reversal: &Reversal, wanted: &NewReversal, order_id: OrderId) -> CallOutcome {
    match connect.find_reversal(wanted).await {
        Ok(Found::One(id)) => CallOutcome::Done { provider_id: Some(id) },
        Ok(Found::None) if may_be_under_way(app, reversal.attempt.last_sent_at) => {
            CallOutcome::NotNow { message: "not at Connect yet".to_owned() }
        }
        Ok(Found::None) => CallOutcome::NotThere,
        Ok(Found::Several(ids)) => {
            let message = format!("Connect has {}", ids.join(", "));
            flag_now(app, Subject::Reversal(reversal.id), Code::ProviderRefused, order_id, &message).await;
            CallOutcome::NotNow { message }
        }
        Err(error) => CallOutcome::NotNow { message: chain(&error) },
    }
}

/// Settles what became of `reversal`, as it stood when Connect was asked.
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
    let as_of = AsOf::Call(&reversal.attempt);
    bring(app, Bring { order_id, fact: &fact, as_of, unit_id, request: &[], extra: &extra }).await?;
    Ok(worked)
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use uuid::Uuid;
    use veza_domain::ids::{RefundId, TransferId, UserId};
    use veza_domain::look::Look;
    use veza_domain::money::Minor;
    use veza_domain::order::{Order, OrderStatus};
    use veza_domain::time::Timestamp;
    use veza_domain::transfer::Transfer;
    use veza_ports::transfers::{
        ConnectAccount, ListedPayout, ListedTransfer, LookupError, NewTransfer, OnboardingLink, TransferFilter, TransferPage,
    };

    /// Connect as far as the look-up needs it: no reversal of ours, and so much taken back of the transfer.
    struct Taken(Option<i64>);

    #[async_trait]
    impl TransferService for Taken {
        async fn create_account(&self, _: &str, _: UserId, _: &str) -> Result<ConnectAccount, TransferError> {
            unreachable!("only looks up")
        }
        async fn onboarding_link(&self, _: &str, _: &str, _: &str, _: &str) -> Result<OnboardingLink, TransferError> {
            unreachable!("only looks up")
        }
        async fn account(&self, _: &str) -> Result<Option<ConnectAccount>, LookupError> {
            unreachable!("only looks up")
        }
        async fn create_transfer(&self, _: &str, _: &NewTransfer) -> Result<String, TransferError> {
            unreachable!("only looks up")
        }
        async fn create_reversal(&self, _: &str, _: &NewReversal) -> Result<String, TransferError> {
            unreachable!("only looks up")
        }
        async fn find_transfer(&self, _: &NewTransfer) -> Result<Found, LookupError> {
            unreachable!("only looks up")
        }
        async fn find_reversal(&self, _: &NewReversal) -> Result<Found, LookupError> {
            Ok(Found::None)
        }
        async fn transfer(&self, id: &str) -> Result<Option<ListedTransfer>, LookupError> {
            Ok(self.0.map(|amount_reversed| ListedTransfer {
                stripe_transfer_id: id.to_owned(),
                destination: None,
                amount: 900,
                currency: "EUR".to_owned(),
                amount_reversed,
                order_id: None,
                transfer_id: None,
                created_at: Timestamp(0),
                reversals: Vec::new(),
            }))
        }
        async fn transfers(&self, _: &TransferFilter, _: Option<&str>) -> Result<TransferPage, LookupError> {
            unreachable!("only looks up")
        }
        async fn payout(&self, _: &str, _: &str) -> Result<Option<ListedPayout>, LookupError> {
            unreachable!("only looks up")
        }
    }

    /// Connect says "already reversed" to 300 of a transfer of 900, of which our books have 100 taken back.
    async fn said(at_connect: Option<i64>) -> CallOutcome {
        let (id, now) = (Uuid::from_u128(1), Timestamp(0));
        let euros = |cents| Money::new(cents, "EUR".parse().unwrap());
        let transfer = Transfer::open(TransferId(id), OrderId(id), UserId(id), euros(900), now);
        let reversal = Reversal::open(&transfer, RefundId(id), 0, euros(300), now);
        let order = Order {
            id: OrderId(id),
            buyer_id: UserId(id),
            invoice_id: None,
            status: OrderStatus::Completed,
            total: euros(1000),
            refunded: Minor::ZERO,
            payment_id: None,
            client_secret: None,
            failure: None,
            created_at: now,
            completed_at: None,
            refund_deadline: None,
            look: Look::default(),
        };
        let mut file = OrderFile::new(order, Vec::new(), Vec::new());
        file.transfers.push(transfer.taken_back(Minor(100)).unwrap());
        let wanted = wanted(&reversal, "tr_1".to_owned());
        already_reversed(&Taken(at_connect), &file, &reversal, &wanted, "has already been fully reversed").await
    }

    #[tokio::test]
    async fn already_reversed_is_believed_as_far_as_connect_has_it() {
        for enough in [400, 401, 900] {
            assert_eq!(said(Some(enough)).await, CallOutcome::Done { provider_id: None }, "{enough}");
        }
        for less in [0, 100, 399] {
            let outcome = said(Some(less)).await;
            assert!(matches!(outcome, CallOutcome::Refused { refusal: CallRefusal::Other, .. }), "{less}: {outcome:?}");
        }
        assert!(matches!(said(None).await, CallOutcome::Refused { refusal: CallRefusal::NotFound, .. }));
    }
}
