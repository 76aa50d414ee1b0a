//! Signatures of webhooks, and what a body is about (contracts/hyperswitch.md §8, spec/01-money §6).
//!
//! This is the hot path: a body is parsed once, straight into borrowed fields, and the key schedule of the HMAC is made once.

use crate::Hyperswitch;
use crate::dispute::{dispute_status, moment, stage};
use crate::webhook_body::{Amount, Node};
use crate::wire::{amount_received, head, payment_status, refund_status, words};
use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha512;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{PaymentStatus, PspRefundStatus};
use veza_ports::payments::{MalformedWebhook, PaymentWebhooks, WebhookEvent, WebhookSubject};

/// Lower-case hex of HMAC-SHA512 over the raw body. There is no `-256` variant (§8).
const SIGNATURE_HEADER: &str = "x-webhook-signature-512";
/// Hex digits of a signature.
const SIGNATURE_CHARS: usize = 128;
/// Longest event type that is kept; real ones have at most 34 characters, forged bodies any number.
const EVENT_TYPE_CHARS_MAX: usize = 100;

/// The one event about a mandate that we act on.
const METHOD_REVOKED: &str = "mandate_revoked";
/// What other kinds of events are called; they may name a payment, and are not about it.
const FOREIGN: [&str; 5] = ["mandate", "payout", "subscription", "invoice", "customer"];

/// Checks signatures; holds the key schedule, never shown.
pub(crate) struct Signatures(Hmac<Sha512>);

impl Signatures {
    /// The key is the text itself, not decoded. None for an empty one: anybody could sign with it.
    pub(crate) fn new(secret: &str) -> Option<Self> {
        if secret.trim().is_empty() {
            return None;
        }
        Hmac::new_from_slice(secret.as_bytes()).ok().map(Self)
    }

    fn verify(&self, body: &[u8], signature: &str) -> bool {
        let mut expected = [0; SIGNATURE_CHARS / 2];
        if hex::decode_to_slice(signature, &mut expected).is_err() {
            return false;
        }
        self.0.clone().chain_update(body).verify_slice(&expected).is_ok() // constant time
    }
}

impl PaymentWebhooks for Hyperswitch {
    fn signature_header(&self) -> &'static str {
        SIGNATURE_HEADER
    }

    fn verify(&self, body: &[u8], signature: Option<&str>) -> bool {
        signature.is_some_and(|signature| self.signatures.verify(body, signature))
    }

    fn parse(&self, body: &[u8]) -> Result<WebhookEvent, MalformedWebhook> {
        let event = Event(Node::parse(body).map_err(MalformedWebhook)?);
        Ok(WebhookEvent {
            event_id: event.0.event_id.owned(),
            event_type: event.0.event_type().map(|text| head(text, EVENT_TYPE_CHARS_MAX).to_owned()),
            subject: event.subject()?,
        })
    }

    fn event_type(&self, body: &[u8]) -> Option<String> {
        Node::parse(body).ok()?.event_type().map(|text| head(text, EVENT_TYPE_CHARS_MAX).to_owned())
    }
}

/// What an event is about, by its shape and type.
enum Kind {
    Refund,
    Dispute,
    Payment,
    MethodRevoked,
    Other,
}

struct Event<'a>(Node<'a>);

impl Event<'_> {
    /// What the event carries: `content.object`, `object`, or the body itself where it is flat.
    fn object(&self) -> &Node<'_> {
        self.0.content.get().and_then(|content| content.object.get()).or(self.0.object.get()).unwrap_or(&self.0)
    }

    /// A text of the object, else of the body around it.
    fn text<'a>(&'a self, field: impl Fn(&'a Node<'a>) -> Option<&'a str>) -> Option<&'a str> {
        field(self.object()).or_else(|| field(&self.0))
    }

    fn amount<'a>(&'a self, field: impl Fn(&'a Node<'a>) -> &'a Amount) -> Result<Option<i64>, MalformedWebhook> {
        match (field(self.object()), field(&self.0)) {
            (Amount::Absent, outer) => outer.minor(),
            (inner, _) => inner.minor(),
        }
        .map_err(|()| MalformedWebhook("an amount is not a number of minor units".to_owned()))
    }

    /// `payment.succeeded` and `Payment_Succeeded` are `payment_succeeded`.
    fn event_type(&self) -> String {
        self.0.event_type().map(|text| head(text, EVENT_TYPE_CHARS_MAX).to_ascii_lowercase().replace('.', "_")).unwrap_or_default()
    }

    fn kind(&self, event_type: &str) -> Kind {
        let content = self.0.content.get().and_then(|content| content.kind.get());
        let has = |field: for<'a> fn(&'a Node<'a>) -> Option<&'a str>| self.text(field).is_some();
        if event_type.contains("refund") || content == Some("refund_details") || has(|node| node.refund_id.get()) {
            return Kind::Refund;
        }
        if event_type.contains("dispute") || content == Some("dispute_details") || has(|node| node.dispute_id.get()) {
            return Kind::Dispute;
        }
        // The body's status is not asked: a revocation is final, and the type says it.
        if event_type == METHOD_REVOKED {
            return Kind::MethodRevoked;
        }
        let foreign = FOREIGN.iter().any(|kind| event_type.starts_with(kind));
        let of_payment = matches!(content, None | Some("payment_details"));
        if of_payment && !foreign && has(|node| node.payment_id.get()) { Kind::Payment } else { Kind::Other }
    }

    fn subject(&self) -> Result<WebhookSubject, MalformedWebhook> {
        let event_type = self.event_type();
        let owned = |text: Option<&str>| text.map(str::to_owned);
        let payment_id = self.text(|node| node.payment_id.get());
        let status = self.text(|node| node.status.get());
        let currency = self.text(|node| node.currency.get()).map(str::to_ascii_uppercase);
        let error = words(self.text(|node| node.error_code.get()), self.text(|node| node.error_message.get()));
        Ok(match (self.kind(&event_type), payment_id) {
            (Kind::Refund, _) => WebhookSubject::Refund {
                refund_id: owned(self.text(|node| node.refund_id.get())),
                payment_id: owned(payment_id),
                status: status.map_or_else(|| refund_status_of_type(&event_type), refund_status),
                amount: self.amount(|node| &node.amount)?,
                currency,
                error,
            },
            (Kind::Dispute, _) => {
                let said = self.text(|node| node.dispute_status.get()).or(status);
                WebhookSubject::Dispute {
                    dispute_id: owned(self.text(|node| node.dispute_id.get())),
                    payment_id: owned(payment_id),
                    status: dispute_status(said.unwrap_or(&event_type)),
                    stage: self.text(|node| node.dispute_stage.get()).and_then(stage),
                    amount: self.amount(|node| &node.amount)?,
                    currency,
                    reason: words(self.text(|node| node.connector_reason_code.get()), self.text(|node| node.connector_reason.get())),
                    respond_by: self.text(|node| node.challenge_required_by.get()).and_then(moment),
                }
            }
            (Kind::Payment, Some(payment_id)) => WebhookSubject::Payment {
                payment_id: payment_id.to_owned(),
                status: status.map_or_else(|| payment_status_of_type(&event_type), payment_status),
                amount: self.amount(|node| &node.amount)?,
                amount_received: amount_received(status.unwrap_or_default(), self.amount(|node| &node.amount_received)?),
                currency,
                error,
                saved_method: owned(self.text(|node| node.payment_method_id.get())).map(SavedMethod),
            },
            (Kind::MethodRevoked, _) => WebhookSubject::MethodRevoked {
                customer_id: owned(self.text(|node| node.customer_id.get())),
                method: owned(self.text(|node| node.payment_method_id.get())).map(SavedMethod),
                mandate_id: owned(self.text(|node| node.mandate_id.get())),
            },
            (Kind::Payment, None) | (Kind::Other, _) => WebhookSubject::Other,
        })
    }
}

/// For bodies without a status; in Hyperswitch's own shape the object's status is what counts.
fn payment_status_of_type(event_type: &str) -> PaymentStatus {
    match event_type {
        "payment_succeeded" => PaymentStatus::Succeeded,
        "payment_failed" | "payment_cancelled" | "payment_cancelled_post_capture" | "payment_expired" => PaymentStatus::Failed,
        _ => PaymentStatus::Open,
    }
}

fn refund_status_of_type(event_type: &str) -> PspRefundStatus {
    match event_type {
        "refund_succeeded" => PspRefundStatus::Succeeded,
        "refund_failed" => PspRefundStatus::Failed,
        _ => PspRefundStatus::Open,
    }
}
