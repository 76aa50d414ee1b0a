//! A message of the PSP: checked, read, dispatched, logged once (spec/01-money §6, §7).

use crate::services::App;
use crate::usecases::settle::{Bring, SettleError, bring};
use crate::usecases::webhook_log;
use veza_domain::ids::{DeliveryId, OrderId};
use veza_domain::settlement::{Decision, Fact, PaymentFact, RefundFact, Source, Verdict};
use veza_domain::webhook::{Delivery, ProcessingResult};
use veza_ports::payments::{WebhookEvent, WebhookSubject};
use veza_ports::storage::{Row, StoreError, Write};

/// A delivery as it came in.
pub struct Envelope<'a> {
    /// The raw bytes, within the size cap.
    pub body: &'a [u8],
    /// The signature header.
    pub signature: Option<&'a str>,
    /// The client's address, trusted proxies respected.
    pub source_ip: String,
    /// The client's name for itself.
    pub user_agent: String,
    /// The request's id.
    pub request_id: String,
}

/// What the PSP is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Handled {
    /// 200: done, done before, or of no use to us.
    Answered(ProcessingResult),
    /// 401.
    BadSignature,
    /// 400: signed, and broken.
    Malformed(String),
    /// 5xx: send it again.
    NotStored,
}

/// Handles one delivery.
pub async fn receive(app: &App, envelope: Envelope<'_>) -> Handled {
    let Some(psp) = &app.psp else {
        app.refused_deliveries.push(delivery(app, &envelope, None, false, ProcessingResult::SignatureInvalid));
        return Handled::BadSignature;
    };
    if !psp.webhooks.verify(envelope.body, envelope.signature) {
        let event_type = psp.webhooks.event_type(envelope.body);
        tracing::warn!(source_ip = envelope.source_ip, "webhook with an invalid signature");
        app.refused_deliveries.push(delivery(app, &envelope, event_type, false, ProcessingResult::SignatureInvalid));
        return Handled::BadSignature;
    }
    let event = match psp.webhooks.parse(envelope.body) {
        Ok(event) => event,
        Err(error) => {
            tracing::warn!(%error, "signed webhook that can't be read");
            let row = delivery(app, &envelope, psp.webhooks.event_type(envelope.body), true, ProcessingResult::Error(error.to_string()));
            webhook_log::write(app, row).await;
            return Handled::Malformed(error.to_string());
        }
    };
    let (handled, result, logged) = dispatch(app, &envelope, &event).await;
    if !logged {
        webhook_log::write(app, delivery(app, &envelope, event.event_type.clone(), true, result)).await;
    }
    handled
}

fn delivery(app: &App, envelope: &Envelope<'_>, event_type: Option<String>, signature_valid: bool, result: ProcessingResult) -> Delivery {
    Delivery {
        id: DeliveryId(app.ids.uuid()),
        received_at: app.now(),
        event_type,
        signature_valid,
        result,
        source_ip: envelope.source_ip.clone(),
        user_agent: envelope.user_agent.clone(),
        request_id: envelope.request_id.clone(),
        payload: std::str::from_utf8(envelope.body).unwrap_or_default().to_owned(),
    }
}

/// The answer, what the log says, and whether the log row is written already.
type Dispatched = (Handled, ProcessingResult, bool);

fn plain(result: ProcessingResult) -> Dispatched {
    (Handled::Answered(result.clone()), result, false)
}

async fn dispatch(app: &App, envelope: &Envelope<'_>, event: &WebhookEvent) -> Dispatched {
    let found = match addressed(app, &event.subject).await {
        Ok(found) => found,
        Err(error) => return not_stored(&error),
    };
    match found {
        Addressed::To(order_id, fact) => settle(app, envelope, event, order_id, &fact).await,
        Addressed::NoRefundId => {
            let why = "the refund event names no refund".to_owned();
            (Handled::Malformed(why.clone()), ProcessingResult::Error(why), false)
        }
        Addressed::Nobody => {
            tracing::info!(event_type = event.event_type.as_deref().unwrap_or("none"), "webhook skipped: nothing of ours");
            plain(ProcessingResult::Skipped)
        }
    }
}

fn not_stored(error: &dyn std::error::Error) -> Dispatched {
    tracing::error!(error = crate::problem::chain(error), "a webhook could not be processed; the PSP will send it again");
    (Handled::NotStored, ProcessingResult::Error("storage unavailable".to_owned()), false)
}

enum Addressed {
    To(OrderId, Fact),
    NoRefundId,
    Nobody,
}

/// Whose message it is: a refund's, an order's, or nobody's here (disputes come with a later release).
async fn addressed(app: &App, subject: &WebhookSubject) -> Result<Addressed, StoreError> {
    match subject {
        WebhookSubject::Refund { refund_id: None, .. } => Ok(Addressed::NoRefundId),
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
        WebhookSubject::Payment { payment_id, status, amount, amount_received, currency, error } => {
            let fact = PaymentFact {
                source: Source::Webhook,
                status: *status,
                amount: *amount,
                amount_received: *amount_received,
                currency: currency.clone(),
                error: error.clone(),
            };
            // We choose payment ids: an order's id is one, and needs no look-up.
            let order = match payment_id.parse::<OrderId>() {
                Ok(order) => Some(order),
                Err(_) => app.store.order_of_payment(payment_id).await?,
            };
            Ok(order.map_or(Addressed::Nobody, |order| Addressed::To(order, Fact::Payment(fact))))
        }
        WebhookSubject::Dispute { .. } | WebhookSubject::Other => Ok(Addressed::Nobody),
    }
}

async fn settle(app: &App, envelope: &Envelope<'_>, event: &WebhookEvent, order_id: OrderId, fact: &Fact) -> Dispatched {
    let log_row = delivery(app, envelope, event.event_type.clone(), true, ProcessingResult::Ok);
    let with_log_row = |decision: &Decision| {
        if decision.changes.is_empty() {
            return Vec::new();
        }
        let row = Delivery { result: result_of(decision.verdict), ..log_row.clone() };
        vec![Write::Insert(Row::Delivery(row))]
    };
    let unit_id = match &event.event_id {
        Some(event_id) => format!("webhook:{event_id}"),
        None => format!("delivery:{}", log_row.id),
    };
    match bring(app, Bring { order_id, fact, unit_id, request: envelope.body, extra: &with_log_row }).await {
        Ok(settled) => {
            let result = result_of(settled.verdict);
            (Handled::Answered(result.clone()), result, settled.committed)
        }
        Err(SettleError::UnknownOrder) => plain(ProcessingResult::Skipped),
        Err(error) => not_stored(&error),
    }
}

fn result_of(verdict: Verdict) -> ProcessingResult {
    match verdict {
        Verdict::Settled | Verdict::AlreadySettled | Verdict::NotFinal | Verdict::AskProvider => ProcessingResult::Ok,
        Verdict::AmountMismatch => ProcessingResult::Error("amount mismatch".to_owned()),
    }
}
