//! Hyperswitch's payments, refunds and errors as they stand in JSON: only the fields we read, unknown ones ignored,
//! unknown statuses kept as text, nulls allowed wherever real servers send them (contracts/hyperswitch.md §3, §5, §7, §10).

use crate::dispute::moment;
use serde::{Deserialize, Serialize};
use veza_domain::order::ClientSecret;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{PaymentStatus, PspRefundStatus};
use veza_domain::time::Timestamp;
use veza_ports::payments::{NewPayment, NewRefund, Payment, PaymentMethod, PspRefund};

/// Longest text of the provider that we keep; its words end up in a database row.
const TEXT_CHARS_MAX: usize = 500;
/// Longest `reason` of a refund (§5).
const REASON_CHARS_MAX: usize = 255;

/// The body of `POST /payments`. The server refuses unknown keys (§3), so what is unset is left out.
#[derive(Serialize)]
pub(crate) struct PaymentBody<'a> {
    payment_id: &'a str,
    amount: i64,
    currency: &'a str,
    confirm: bool,
    capture_method: &'static str,
    /// Seconds.
    session_expiry: u64,
    description: &'a str,
    metadata: PaymentMetadata,
    #[serde(skip_serializing_if = "Option::is_none")]
    return_url: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_id: Option<&'a str>,
    #[serde(flatten)]
    method: MethodBody<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    profile_id: Option<&'a str>,
}

#[derive(Serialize)]
struct PaymentMetadata {
    order_id: String,
}

/// Who confirms, and with what (§3).
#[derive(Default, Serialize)]
struct MethodBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    setup_future_usage: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    off_session: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    recurring_details: Option<RecurringDetails<'a>>,
}

#[derive(Serialize)]
struct RecurringDetails<'a> {
    r#type: &'static str,
    data: &'a str,
}

impl<'a> MethodBody<'a> {
    fn new(method: &'a PaymentMethod) -> Self {
        match method {
            PaymentMethod::AtCheckout => Self::default(),
            PaymentMethod::AtCheckoutKept => Self { setup_future_usage: Some("off_session"), ..Self::default() },
            PaymentMethod::Saved(SavedMethod(id)) => {
                let details = RecurringDetails { r#type: "payment_method_id", data: id };
                Self { off_session: Some(true), recurring_details: Some(details), ..Self::default() }
            }
        }
    }
}

impl<'a> PaymentBody<'a> {
    pub(crate) fn new(payment: &'a NewPayment, profile_id: Option<&'a str>) -> Self {
        Self {
            payment_id: &payment.payment_id,
            amount: payment.amount.amount.0,
            currency: payment.amount.currency.code(),
            confirm: matches!(payment.method, PaymentMethod::Saved(_)),
            capture_method: "automatic",
            session_expiry: payment.open_for.as_secs(),
            description: &payment.description,
            metadata: PaymentMetadata { order_id: payment.order_id.to_string() },
            return_url: payment.return_url.as_deref(),
            customer_id: payment.customer_id.as_deref(),
            method: MethodBody::new(&payment.method),
            profile_id,
        }
    }
}

/// The body of `POST /refunds`. Takes no currency: it is the payment's.
#[derive(Serialize)]
pub(crate) struct RefundBody<'a> {
    payment_id: &'a str,
    refund_id: String,
    amount: i64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
}

impl<'a> RefundBody<'a> {
    pub(crate) fn new(refund: &'a NewRefund) -> Self {
        Self {
            payment_id: &refund.payment_id,
            refund_id: refund.refund_id.to_string(),
            amount: refund.amount.amount.0,
            reason: refund.reason.as_deref().map(|reason| head(reason, REASON_CHARS_MAX)),
        }
    }
}

/// A payment in an answer.
#[derive(Deserialize)]
pub(crate) struct PaymentWire {
    payment_id: String,
    status: String,
    amount: i64,
    #[serde(default)]
    amount_received: Option<i64>,
    currency: String,
    #[serde(default)]
    client_secret: Option<String>,
    #[serde(default)]
    customer_id: Option<String>,
    #[serde(default)]
    payment_method_id: Option<String>,
    #[serde(default)]
    expires_on: Option<String>,
    #[serde(default)]
    metadata: Option<serde_json::Value>,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
    #[serde(default)]
    refunds: Option<Vec<RefundWire>>,
    #[serde(default)]
    disputes: Option<Vec<DisputeOfPaymentWire>>,
}

/// `DisputeResponsePaymentsRetrieve`: of all that it has only the id is enough by itself, as the amount has no currency there.
#[derive(Deserialize)]
struct DisputeOfPaymentWire {
    dispute_id: String,
}

impl PaymentWire {
    pub(crate) fn is(&self, payment_id: &str) -> bool {
        self.payment_id == payment_id
    }

    pub(crate) fn dispute_ids(&self) -> impl Iterator<Item = &str> {
        self.disputes.iter().flatten().map(|dispute| dispute.dispute_id.as_str())
    }

    /// Has nobody tried to charge it? A charge that was refused may leave such a payment behind.
    pub(crate) fn is_untried(&self) -> bool {
        matches!(self.status.as_str(), "requires_payment_method" | "requires_confirmation")
    }

    /// Until when somebody may try, where nobody has (§3, `expires_on`).
    fn untried_until(&self) -> Option<Timestamp> {
        self.expires_on.as_deref().filter(|_| self.is_untried()).and_then(moment)
    }

    /// How it differs from what was asked for; none if it is ours. Metadata counts where there is any, and so does a customer
    /// where we name one.
    pub(crate) fn difference(&self, wanted: &NewPayment) -> Option<String> {
        let order_id = self.metadata.as_ref().and_then(|metadata| metadata.get("order_id"));
        let other_order = order_id.is_some_and(|id| id.as_str() != Some(wanted.order_id.to_string().as_str()));
        let other_customer = match (&self.customer_id, &wanted.customer_id) {
            (Some(found), Some(wanted)) => found != wanted,
            _ => false,
        };
        if !self.is(&wanted.payment_id) {
            Some(format!("payment {}, not {}", head(&self.payment_id, 64), wanted.payment_id))
        } else if self.amount != wanted.amount.amount.0 || !self.currency.eq_ignore_ascii_case(wanted.amount.currency.code()) {
            let (amount, currency) = (self.amount, head(&self.currency, 3));
            Some(format!("payment {} of {amount} {currency}, not {}", wanted.payment_id, wanted.amount))
        } else if other_order {
            Some(format!("payment {} of another order, not of {}", wanted.payment_id, wanted.order_id))
        } else if other_customer {
            Some(format!("payment {} of another customer", wanted.payment_id))
        } else {
            None
        }
    }
}

impl From<PaymentWire> for Payment {
    fn from(wire: PaymentWire) -> Self {
        Self {
            status: payment_status(&wire.status),
            needs_customer: wire.status == "requires_customer_action",
            untried_until: wire.untried_until(),
            saved_method: wire.payment_method_id.filter(|id| !id.is_empty()).map(SavedMethod),
            payment_id: wire.payment_id,
            amount: wire.amount,
            amount_received: amount_received(&wire.status, wire.amount_received),
            psp_status: wire.status,
            currency: wire.currency.to_ascii_uppercase(),
            client_secret: wire.client_secret.map(ClientSecret),
            error: words(wire.error_code.as_deref(), wire.error_message.as_deref()),
            refunds: wire.refunds.unwrap_or_default().into_iter().map(PspRefund::from).collect(),
            disputes: Vec::new(),
        }
    }
}

/// A refund in an answer, alone or among those of a payment.
#[derive(Deserialize)]
pub(crate) struct RefundWire {
    refund_id: String,
    payment_id: String,
    status: String,
    amount: i64,
    currency: String,
    #[serde(default)]
    error_code: Option<String>,
    #[serde(default)]
    error_message: Option<String>,
}

impl RefundWire {
    pub(crate) fn is(&self, refund_id: &str) -> bool {
        self.refund_id == refund_id
    }

    /// How it differs from what was asked for; none if it is ours.
    pub(crate) fn difference(&self, wanted: &NewRefund) -> Option<String> {
        let same_money = self.amount == wanted.amount.amount.0 && self.currency.eq_ignore_ascii_case(wanted.amount.currency.code());
        if self.is(&wanted.refund_id.to_string()) && self.payment_id == wanted.payment_id && same_money {
            return None;
        }
        let (id, payment, amount) = (head(&self.refund_id, 64), head(&self.payment_id, 64), self.amount);
        let currency = head(&self.currency, 3);
        Some(format!(
            "refund {id} of {amount} {currency} on payment {payment}, not {} of {} on {}",
            wanted.refund_id, wanted.amount, wanted.payment_id
        ))
    }
}

impl From<RefundWire> for PspRefund {
    fn from(wire: RefundWire) -> Self {
        Self {
            status: refund_status(&wire.status),
            refund_id: wire.refund_id,
            payment_id: wire.payment_id,
            psp_status: wire.status,
            amount: wire.amount,
            currency: wire.currency.to_ascii_uppercase(),
            error: words(wire.error_code.as_deref(), wire.error_message.as_deref()),
        }
    }
}

/// Hyperswitch's error body, both shapes (§7): `type` or `error_type`, which we do not need.
#[derive(Deserialize)]
pub(crate) struct ErrorWire {
    #[serde(default)]
    code: Option<String>,
    #[serde(default)]
    message: Option<String>,
}

impl ErrorWire {
    /// Reads the top-level `error` of a body, if there is one.
    pub(crate) fn of(body: &[u8]) -> Option<Self> {
        #[derive(Deserialize)]
        struct Envelope {
            error: Option<ErrorWire>,
        }
        serde_json::from_slice::<Envelope>(body).ok()?.error
    }

    /// The code; a few fallbacks have only a message (§7).
    pub(crate) fn code(&self, status: u16) -> String {
        self.code.as_deref().map_or_else(|| format!("HTTP_{status}"), |code| head(code, 64).to_owned())
    }

    pub(crate) fn message(&self) -> String {
        head(self.message.as_deref().unwrap_or_default(), TEXT_CHARS_MAX).to_owned()
    }
}

/// §4. Everything that may still move is open. A partial capture does not: its rest is lost. It is a success of another amount, and so a
/// person looks at it.
pub(crate) fn payment_status(status: &str) -> PaymentStatus {
    match status {
        "succeeded" | "partially_captured" => PaymentStatus::Succeeded,
        "failed" | "cancelled" | "cancelled_post_capture" | "expired" => PaymentStatus::Failed,
        _ => PaymentStatus::Open,
    }
}

/// Of a partial capture that does not say how much, nothing counts as received: it must never pass for the whole.
pub(crate) fn amount_received(status: &str, said: Option<i64>) -> Option<i64> {
    said.or((status == "partially_captured").then_some(0))
}

/// §5.
pub(crate) fn refund_status(status: &str) -> PspRefundStatus {
    match status {
        "succeeded" => PspRefundStatus::Succeeded,
        "failed" => PspRefundStatus::Failed,
        _ => PspRefundStatus::Open,
    }
}

/// The provider's code and words on a failure, as one text.
pub(crate) fn words(code: Option<&str>, message: Option<&str>) -> Option<String> {
    let text = match (code.filter(|text| !text.is_empty()), message.filter(|text| !text.is_empty())) {
        (Some(code), Some(message)) => format!("{code}: {message}"),
        (Some(text), None) | (None, Some(text)) => text.to_owned(),
        (None, None) => return None,
    };
    Some(head(&text, TEXT_CHARS_MAX).to_owned())
}

/// The first `chars_max` characters.
pub(crate) fn head(text: &str, chars_max: usize) -> &str {
    text.char_indices().nth(chars_max).map_or(text, |(end, _)| &text[..end])
}
