//! A message of the PSP: checked, read, dispatched, logged once (spec/01-money §6, §7).

use crate::services::App;
use crate::usecases::delivery::{Dispatched, Envelope, Handled, log_row};
use crate::usecases::settle::{AsOf, Bring, SettleError, bring};
use crate::usecases::subscriptions::revoked;
use crate::usecases::webhook_log;
use veza_domain::ids::OrderId;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{Decision, DisputeFact, Fact, PaymentFact, RefundFact, Source};
use veza_domain::webhook::{Delivery, ProcessingResult, Sender};
use veza_ports::payments::{WebhookEvent, WebhookSubject};
use veza_ports::storage::StoreError;

/// Handles one delivery.
pub async fn receive(app: &App, envelope: Envelope<'_>) -> Handled {
    let Some(psp) = &app.psp else {
        return envelope.refuse(app, Sender::Hyperswitch, None);
    };
    if !psp.webhooks.verify(envelope.body, envelope.signature) {
        let event_type = psp.webhooks.event_type(envelope.body);
        tracing::warn!(source_ip = envelope.source_ip, "webhook with an invalid signature");
        return envelope.refuse(app, Sender::Hyperswitch, event_type);
    }
    let event = match psp.webhooks.parse(envelope.body) {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, "signed webhook that can't be read");
            let (event_type, result) = (psp.webhooks.event_type(envelope.body), ProcessingResult::Error(error.to_string()));
            webhook_log::write(app, envelope.signed(app, Sender::Hyperswitch, event_type, result)).await;
            return Handled::Malformed(error.to_string());
        }
    };
    let row = envelope.signed(app, Sender::Hyperswitch, event.event_type.clone(), ProcessingResult::Ok);
    dispatch(app, envelope.body, Some(&row), &event).await.log(app, row).await
}

/// Brings a logged delivery again, through the same dispatcher: what was settled changes nothing. It writes no row of its own.
pub async fn replay(app: &App, logged: &Delivery) -> Handled {
    let Some(psp) = &app.psp else { return Handled::Malformed("no payment provider is configured".to_owned()) };
    let event = match psp.webhooks.parse(logged.payload.as_bytes()) {
        Ok(event) => event,
        Err(error) => return Handled::Malformed(error.to_string()),
    };
    dispatch(app, logged.payload.as_bytes(), None, &event).await.handled
}

/// `row`: the delivery's log row, to be written in the unit of what it changes; none for a replay, which has its row.
async fn dispatch(app: &App, body: &[u8], row: Option<&Delivery>, event: &WebhookEvent) -> Dispatched {
    let found = match addressed(app, &event.subject).await {
        Ok(found) => found,
        Err(error) => return not_stored(&error),
    };
    match found {
        Addressed::To(order_id, fact) => settle(app, body, row, event, order_id, &fact).await,
        Addressed::Nameless(what) => {
            let why = format!("the {what} event names no {what}");
            Dispatched { handled: Handled::Malformed(why.clone()), ..Dispatched::plain(ProcessingResult::Error(why)) }
        }
        Addressed::Method(method) => match revoked::forget(app, &method).await {
            Ok(0) => Dispatched::plain(ProcessingResult::Skipped),
            Ok(_) => Dispatched::plain(ProcessingResult::Ok),
            Err(error) => not_stored(error.as_ref()),
        },
        Addressed::Nobody => {
            tracing::info!(event_type = event.event_type.as_deref().unwrap_or("none"), "webhook skipped: nothing of ours");
            Dispatched::plain(ProcessingResult::Skipped)
        }
    }
}

fn not_stored(error: &dyn std::error::Error) -> Dispatched {
    tracing::error!(error = crate::problem::chain(error), "a webhook could not be processed; the PSP will send it again");
    Dispatched::not_stored("storage unavailable")
}

enum Addressed {
    To(OrderId, Fact),
    Nameless(&'static str),
    /// A kept payment method.
    Method(SavedMethod),
    Nobody,
}

/// Whose message it is: a refund's, a dispute's, an order's, or nobody's here.
async fn addressed(app: &App, subject: &WebhookSubject) -> Result<Addressed, StoreError> {
    match subject {
        WebhookSubject::Refund { refund_id: None, .. } => Ok(Addressed::Nameless("refund")),
        WebhookSubject::Refund { refund_id: Some(refund_id), payment_id, status, amount, currency, error } => {
            let by_payment = async {
                match payment_id {
                    Some(payment_id) => app.store.order_of_payment(payment_id).await,
                    None => Ok(None),
                }
            };
            let order = match app.store.order_of_refund(refund_id).await? {
                Some(order) => Some(order),
                None => by_payment.await?,
            };
            let fact = RefundFact {
                source: Source::Webhook,
                psp_refund_id: refund_id.clone(),
                status: *status,
                amount: *amount,
                currency: currency.clone(),
                error: error.clone(),
            };
            Ok(order.map_or(Addressed::Nobody, |order| Addressed::To(order, Fact::Refund(fact))))
        }
        WebhookSubject::Payment { payment_id, status, amount, amount_received, currency, error, saved_method } => {
            let fact = PaymentFact {
                source: Source::Webhook,
                status: *status,
                amount: *amount,
                amount_received: *amount_received,
                currency: currency.clone(),
                error: error.clone(),
                saved_method: saved_method.clone(),
                untried_until: None,
            };
            let order = order_of_payment(app, payment_id).await?;
            Ok(order.map_or(Addressed::Nobody, |order| Addressed::To(order, Fact::Payment(fact))))
        }
        WebhookSubject::Dispute { dispute_id: None, .. } => Ok(Addressed::Nameless("dispute")),
        WebhookSubject::Dispute { dispute_id: Some(dispute_id), payment_id, status, stage, amount, currency, reason, respond_by } => {
            let order = match (app.store.order_of_dispute(dispute_id).await?, payment_id) {
                (Some(order), _) => Some(order),
                (None, Some(payment_id)) => order_of_payment(app, payment_id).await?,
                (None, None) => None,
            };
            let fact = DisputeFact {
                source: Source::Webhook,
                psp_dispute_id: dispute_id.clone(),
                status: *status,
                stage: stage.clone(),
                amount: *amount,
                currency: currency.clone(),
                reason: reason.clone(),
                respond_by: *respond_by,
            };
            Ok(order.map_or(Addressed::Nobody, |order| Addressed::To(order, Fact::Dispute(fact))))
        }
        WebhookSubject::MethodRevoked { method: Some(method), .. } => Ok(Addressed::Method(method.clone())),
        WebhookSubject::MethodRevoked { method: None, .. } | WebhookSubject::Other => Ok(Addressed::Nobody),
    }
}

/// We choose payment ids: an order's id is one, and needs no look-up.
async fn order_of_payment(app: &App, payment_id: &str) -> Result<Option<OrderId>, StoreError> {
    match payment_id.parse::<OrderId>() {
        Ok(order) => Ok(Some(order)),
        Err(_) => app.store.order_of_payment(payment_id).await,
    }
}

async fn settle(app: &App, body: &[u8], row: Option<&Delivery>, event: &WebhookEvent, order_id: OrderId, fact: &Fact) -> Dispatched {
    let with_log_row = |decision: &Decision| log_row(row, order_id, decision);
    let unit_id = match (&event.event_id, row) {
        (Some(event_id), _) => format!("webhook:{event_id}"),
        (None, Some(row)) => format!("delivery:{}", row.id),
        (None, None) => format!("replay:{}", app.ids.uuid()),
    };
    match bring(app, Bring { order_id, fact, as_of: AsOf::Whenever, unit_id, request: body, extra: &with_log_row }).await {
        Ok(settled) => Dispatched::settled(order_id, settled.verdict, settled.committed),
        Err(SettleError::UnknownOrder) => Dispatched::plain(ProcessingResult::Skipped),
        Err(error) => not_stored(&error),
    }
}
