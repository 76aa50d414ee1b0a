//! A message of the payout provider (spec/01-money §5, contracts/stripe.md §9).
//!
//! Every message is a hint: the object that it names is read at the provider, and what the read says is settled. So a stale, doubled
//! or reordered message does no harm, and a forged one finds nothing to say.

use crate::problem::chain;
use crate::services::{App, Connect};
use crate::usecases::attention::flag;
use crate::usecases::commit::{commit, unit};
use crate::usecases::delivery::{Dispatched, Envelope, Handled, log_row};
use crate::usecases::effects::EffectError;
use crate::usecases::onboarding;
use crate::usecases::settle::{AsOf, Bring, SettleError, bring};
use crate::usecases::transfers::{look, refresh};
use crate::usecases::webhook_log;
use veza_domain::attention::{Code, Subject};
use veza_domain::ids::{OrderId, TransferId, UserId};
use veza_domain::money::{Currency, Money};
use veza_domain::payout::{Payout, PayoutStatus};
use veza_domain::settlement::{ConnectTransferFact, Decision, Fact};
use veza_domain::webhook::{Delivery, ProcessingResult, Sender};
use veza_ports::storage::{CommitError, Row, StoreError, Versioned, Write};
use veza_ports::transfers::{ConnectEvent, ConnectSubject, ListedPayout, ListedTransfer, LookupError, RejectedMessage};

/// Handles one delivery.
pub async fn receive(app: &App, envelope: Envelope<'_>) -> Handled {
    let Some(connect) = &app.connect_webhooks else {
        return envelope.refuse(app, Sender::Stripe, None);
    };
    let event_type = connect.event_type(envelope.body);
    match connect.accept(envelope.body, envelope.signature, app.now()) {
        Ok(event) => {
            let row = envelope.signed(app, Sender::Stripe, Some(event.event_type.clone()), ProcessingResult::Ok);
            dispatch(app, envelope.body, Some(&row), &event).await.log(app, row).await
        }
        Err(RejectedMessage::Signature) => {
            tracing::warn!(source_ip = envelope.source_ip, "webhook of the payout provider with an invalid signature");
            envelope.refuse(app, Sender::Stripe, event_type)
        }
        Err(RejectedMessage::Malformed(why)) => {
            tracing::warn!(error = why, "signed webhook of the payout provider that can't be read");
            webhook_log::write(app, envelope.signed(app, Sender::Stripe, event_type, ProcessingResult::Error(why.clone()))).await;
            Handled::Malformed(why)
        }
    }
}

/// Brings a logged delivery again; it writes no row of its own.
pub async fn replay(app: &App, logged: &Delivery) -> Handled {
    let Some(connect) = &app.connect_webhooks else { return Handled::Malformed("no payout provider is configured".to_owned()) };
    match connect.parse(logged.payload.as_bytes()) {
        Ok(event) => dispatch(app, logged.payload.as_bytes(), None, &event).await.handled,
        Err(error) => Handled::Malformed(error.to_string()),
    }
}

/// Why a message could not be worked on; the provider sends it again.
#[derive(Debug, thiserror::Error)]
enum EventError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Commit(#[from] CommitError),
    #[error(transparent)]
    Read(#[from] LookupError),
    #[error(transparent)]
    Settle(#[from] SettleError),
    #[error(transparent)]
    Effect(#[from] EffectError),
    #[error("the call that made this transfer could not be looked up yet")]
    NotYet,
}

async fn dispatch(app: &App, body: &[u8], row: Option<&Delivery>, event: &ConnectEvent) -> Dispatched {
    let Some(connect) = &app.connect else { return Dispatched::plain(ProcessingResult::Skipped) };
    let done = match &event.subject {
        ConnectSubject::Account { account_id } => account(app, connect, account_id).await,
        ConnectSubject::Transfer { stripe_transfer_id } => transfer(app, connect, body, row, event, stripe_transfer_id).await,
        ConnectSubject::Payout { payout_id } => payout(app, connect, event, payout_id).await,
        ConnectSubject::Other => Ok(Dispatched::plain(ProcessingResult::Skipped)),
    };
    done.unwrap_or_else(|error| {
        tracing::error!(
            error = chain(&error),
            event = event.event_type,
            "a message of the payout provider could not be processed; it will be sent again"
        );
        Dispatched::not_stored("not processed")
    })
}

/// The account is read; what waited for it goes out if it may.
async fn account(app: &App, connect: &Connect, account_id: &str) -> Result<Dispatched, EventError> {
    let Some(seller) = app.store.seller_of_account(account_id).await? else { return Ok(Dispatched::plain(ProcessingResult::Skipped)) };
    let Some(known) = app.store.seller_account(seller).await? else { return Ok(Dispatched::plain(ProcessingResult::Skipped)) };
    let account = refresh(app, connect.as_ref(), known).await?;
    tracing::info!(%seller, transfers_enabled = account.transfers_enabled, payouts_enabled = account.payouts_enabled, "account read at Connect");
    if account.transfers_enabled {
        onboarding::release(app, seller).await?;
    }
    Ok(Dispatched::plain(ProcessingResult::Ok))
}

/// The transfer is read; reversals that we do not know of are settled as facts.
async fn transfer(
    app: &App,
    connect: &Connect,
    body: &[u8],
    row: Option<&Delivery>,
    event: &ConnectEvent,
    stripe_transfer_id: &str,
) -> Result<Dispatched, EventError> {
    let Some(read) = connect.transfer(stripe_transfer_id).await? else { return Ok(Dispatched::plain(ProcessingResult::Skipped)) };
    let Some((order_id, id)) = whose(app, &read).await? else { return Ok(Dispatched::plain(ProcessingResult::Skipped)) };
    let fact = transfer_fact(id, &read);
    let with_log_row = |decision: &Decision| log_row(row, order_id, decision);
    // The read decides, not the message: a second message of the same event may find more.
    let unit_id = format!("connect:{}:{}", event.event_id, app.ids.uuid());
    let settled = bring(app, Bring { order_id, fact: &fact, as_of: AsOf::Whenever, unit_id, request: body, extra: &with_log_row }).await?;
    Ok(Dispatched::settled(order_id, settled.verdict, settled.committed))
}

/// Which of ours it is. A message may come before we know the answer to the call that made the transfer: then the call is looked up,
/// and the message is wanted again when that does not tell either.
async fn whose(app: &App, read: &ListedTransfer) -> Result<Option<(OrderId, TransferId)>, EventError> {
    if let Some(known) = app.store.order_of_transfer(&read.stripe_transfer_id).await? {
        return Ok(Some(known));
    }
    let (Some(order_id), Some(id)) = (read.order_id, read.transfer_id) else { return Ok(None) };
    let was_unknown = look(app, order_id, id).await?;
    match app.store.order_of_transfer(&read.stripe_transfer_id).await? {
        Some(known) => Ok(Some(known)),
        None if was_unknown => Err(EventError::NotYet),
        // Made in our name beside the one that we know, or after we had given it up: the rules say what that means.
        None => {
            let stored = app.store.order_file(order_id).await?;
            let names_ours = stored.is_some_and(|stored| stored.file.transfers.iter().any(|transfer| transfer.id == id));
            Ok(names_ours.then_some((order_id, id)))
        }
    }
}

/// What a read says of a transfer.
#[must_use]
pub fn transfer_fact(id: TransferId, read: &ListedTransfer) -> Fact {
    let fact = ConnectTransferFact {
        id: read.stripe_transfer_id.clone(),
        amount: read.amount,
        currency: read.currency.clone(),
        reversals: read.reversals.clone(),
    };
    Fact::ConnectTransfer(id, fact)
}

/// The payout is read and mirrored; one that failed waits on a person.
async fn payout(app: &App, connect: &Connect, event: &ConnectEvent, payout_id: &str) -> Result<Dispatched, EventError> {
    let Some(account_id) = &event.account_id else { return Ok(Dispatched::plain(ProcessingResult::Skipped)) };
    let Some(seller) = app.store.seller_of_account(account_id).await? else { return Ok(Dispatched::plain(ProcessingResult::Skipped)) };
    // As it stood before Connect is asked: of two messages at once the one with the older answer conflicts, and comes again.
    let known = app.store.payout(payout_id).await?;
    let Some(read) = connect.payout(account_id, payout_id).await? else { return Ok(Dispatched::plain(ProcessingResult::Skipped)) };
    let (Some(status), Ok(currency)) = (read.status, read.currency.parse::<Currency>()) else {
        return Ok(Dispatched::plain(ProcessingResult::Error("unknown payout status or currency".to_owned())));
    };
    mirror(app, event, seller, known, &read, (status, currency)).await?;
    Ok(Dispatched::plain(ProcessingResult::Ok))
}

async fn mirror(
    app: &App,
    event: &ConnectEvent,
    seller: UserId,
    known: Option<Versioned<Payout>>,
    read: &ListedPayout,
    (status, currency): (PayoutStatus, Currency),
) -> Result<(), EventError> {
    let row = Payout {
        id: read.payout_id.clone(),
        seller_id: seller,
        amount: Money::new(read.amount, currency),
        status,
        failure: read.failure.clone(),
        arrives_at: read.arrives_at,
        created_at: read.created_at,
        updated_at: app.now(),
    };
    let before = known.as_ref().map(|known| known.value.status);
    if before == Some(status) {
        return Ok(());
    }
    let mut writes = vec![match &known {
        Some(known) => Write::Update { row: Row::Payout(row.clone()), expected: known.revision },
        None => Write::Insert(Row::Payout(row.clone())),
    }];
    let subject = Subject::User(seller);
    if status == PayoutStatus::Failed {
        let after_paid = if before == Some(PayoutStatus::Paid) { " after it had been paid" } else { "" };
        let why = row.failure.as_deref().unwrap_or("no reason given");
        let detail = format!("payout {} of {} failed{after_paid}: {why}", row.id, row.amount);
        tracing::error!(%seller, payout = row.id, code = Code::PayoutFailed.as_str(), detail, "waits on a person");
        writes.push(flag(app, subject, Code::PayoutFailed, None, &detail));
    } else if status == PayoutStatus::Paid {
        writes.push(Write::Clear(veza_ports::storage::RowKey::Attention(subject.id(), Code::PayoutFailed)));
    }
    commit(app, unit(app, format!("payout:{}:{}", event.event_id, app.ids.uuid()), &[], writes)).await?;
    tracing::info!(%seller, payout = read.payout_id, status = status.as_str(), "payout");
    Ok(())
}
