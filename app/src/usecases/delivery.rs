//! A provider's message as it comes in, and what becomes of it: the same for all providers.

use crate::services::App;
use crate::usecases::webhook_log;
use veza_domain::ids::{DeliveryId, OrderId};
use veza_domain::settlement::{Decision, Verdict};
use veza_domain::webhook::{Delivery, ProcessingResult, Sender};
use veza_ports::storage::{Row, Write};

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

impl Envelope<'_> {
    /// Its row of the log, if its signature is right.
    pub(super) fn signed(&self, app: &App, sender: Sender, event_type: Option<String>, result: ProcessingResult) -> Delivery {
        Delivery {
            id: DeliveryId(app.ids.uuid()),
            sender,
            order_id: None,
            received_at: app.now(),
            event_type,
            signature_valid: true,
            result,
            source_ip: self.source_ip.clone(),
            user_agent: self.user_agent.clone(),
            request_id: self.request_id.clone(),
            payload: std::str::from_utf8(self.body).unwrap_or_default().to_owned(),
        }
    }

    /// Has its row written by and by, as nobody vouches for it.
    pub(super) fn refuse(&self, app: &App, sender: Sender, event_type: Option<String>) -> Handled {
        let row = self.signed(app, sender, event_type, ProcessingResult::SignatureInvalid);
        app.refused_deliveries.push(Delivery { signature_valid: false, ..row });
        Handled::BadSignature
    }
}

/// What the provider is told.
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

/// What came of an event.
pub(super) struct Dispatched {
    pub handled: Handled,
    /// For the log.
    pub result: ProcessingResult,
    /// The order that it is about, where that is known.
    pub order_id: Option<OrderId>,
    /// The log row is written already.
    pub logged: bool,
}

impl Dispatched {
    /// It is about no order of ours.
    pub fn plain(result: ProcessingResult) -> Self {
        Self { handled: Handled::Answered(result.clone()), result, order_id: None, logged: false }
    }

    /// It is about this order; `logged`: what it changed was committed, and its log row with it.
    pub fn settled(order_id: OrderId, verdict: Verdict, logged: bool) -> Self {
        Self { order_id: Some(order_id), logged, ..Self::plain(result_of(verdict)) }
    }

    /// It could not be worked on.
    pub fn not_stored(why: &str) -> Self {
        Self { handled: Handled::NotStored, ..Self::plain(ProcessingResult::Error(why.to_owned())) }
    }

    /// What the provider is told, once the log has its row.
    pub async fn log(self, app: &App, row: Delivery) -> Handled {
        if !self.logged {
            webhook_log::write(app, Delivery { result: self.result, order_id: self.order_id, ..row }).await;
        }
        self.handled
    }
}

/// The log row that is written in the unit of what it changes; none for a replay, which has its row.
pub(super) fn log_row(row: Option<&Delivery>, order_id: OrderId, decision: &Decision) -> Vec<Write> {
    let row = row.filter(|_| !decision.changes.is_empty());
    let row = row.map(|row| Delivery { result: result_of(decision.verdict), order_id: Some(order_id), ..row.clone() });
    row.map(|row| Write::Insert(Row::Delivery(row))).into_iter().collect()
}

fn result_of(verdict: Verdict) -> ProcessingResult {
    match verdict {
        Verdict::Settled | Verdict::AlreadySettled | Verdict::NotFinal | Verdict::AskProvider => ProcessingResult::Ok,
        Verdict::AmountMismatch => ProcessingResult::Error("amount mismatch".to_owned()),
    }
}
