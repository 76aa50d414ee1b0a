//! The payment service provider: what creates (`PaymentProvider`), what only reads (`HyperswitchReadClient`), and the
//! messages it sends (`PaymentWebhooks`).
//!
//! Errors tell apart what callers treat differently (spec/01-money §3): *refused* is the provider's word, *unknown* may have
//! taken effect, *unavailable* has not.

use crate::BoxError;
use async_trait::async_trait;
use std::time::Duration;
use veza_domain::dispute::DisputeStatus;
use veza_domain::ids::{OrderId, RefundId};
use veza_domain::money::Money;
use veza_domain::order::ClientSecret;
use veza_domain::saved_method::SavedMethod;
use veza_domain::settlement::{PaymentStatus, PspRefundStatus};
use veza_domain::time::Timestamp;

/// The key under which a provider does a thing once. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IdempotencyKey(String);

impl IdempotencyKey {
    /// Wraps a key.
    /// # Errors
    /// [`EmptyKey`] for a key without a visible character.
    pub fn new(key: impl Into<String>) -> Result<Self, EmptyKey> {
        let key = key.into();
        if key.trim().is_empty() { Err(EmptyKey) } else { Ok(Self(key)) }
    }

    /// The key.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// A call without an idempotency key is a bug of the caller; nothing was sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("empty idempotency key: nothing was sent")]
pub struct EmptyKey;

/// Who pays a payment, and with what (contracts/hyperswitch.md §3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PaymentMethod {
    /// Opened unconfirmed: the customer confirms it, and nothing is kept.
    AtCheckout,
    /// The same, and the method is kept for charges without the customer, who agrees to it at the checkout. Needs a customer.
    AtCheckoutKept,
    /// Charged at once, without the customer. Needs the customer whose method it is.
    Saved(SavedMethod),
}

/// A payment to be opened, or charged at once ([`PaymentMethod`]).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewPayment {
    /// The id it will have at the provider, chosen by us.
    pub payment_id: String,
    /// The order it is for; sent as metadata `order_id`.
    pub order_id: OrderId,
    /// How much.
    pub amount: Money,
    /// Shown to the buyer.
    pub description: String,
    /// Where the buyer comes back to, where the method redirects.
    pub return_url: Option<String>,
    /// Who pays, by our id of the user; none for a payment that keeps and charges no method.
    pub customer_id: Option<String>,
    /// Who confirms it, and whether the method is kept.
    pub method: PaymentMethod,
    /// How long it may be paid, in whole seconds.
    pub open_for: Duration,
}

/// A refund to be carried out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewRefund {
    /// The id it will have at the provider: ours.
    pub refund_id: RefundId,
    /// What it refunds, at the provider.
    pub payment_id: String,
    /// How much; always sent.
    pub amount: Money,
    /// Why; at most 255 characters are sent.
    pub reason: Option<String>,
}

/// A payment as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payment {
    /// Its id.
    pub payment_id: String,
    /// The provider's status, in our words.
    pub status: PaymentStatus,
    /// The provider's status, in its own.
    pub psp_status: String,
    /// Minor units.
    pub amount: i64,
    /// Minor units; absent until something was received.
    pub amount_received: Option<i64>,
    /// Upper-case ISO code.
    pub currency: String,
    /// What the browser needs to pay.
    pub client_secret: Option<ClientSecret>,
    /// The provider's code and words on a failure.
    pub error: Option<String>,
    /// The method that it kept, or that was charged. It is no proof that the method still works.
    pub saved_method: Option<SavedMethod>,
    /// The customer has to do something before it goes on. A charge without the customer ends here: ask them back.
    pub needs_customer: bool,
    /// Nobody has tried to pay it, and after this nobody can. None: somebody has, or that is not said.
    pub untried_until: Option<Timestamp>,
    /// Its refunds, where the answer brings them.
    pub refunds: Vec<PspRefund>,
    /// Its disputes, where the answer brings them.
    pub disputes: Vec<PspDispute>,
}

/// A dispute as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PspDispute {
    /// Its id.
    pub dispute_id: String,
    /// What is disputed.
    pub payment_id: String,
    /// The provider's status, in our words; none for one that we do not know.
    pub status: Option<DisputeStatus>,
    /// The provider's status, in its own.
    pub psp_status: String,
    /// The provider's word for the stage.
    pub stage: Option<String>,
    /// Minor units (a string on the wire, contracts/hyperswitch.md §9).
    pub amount: i64,
    /// Upper-case ISO code.
    pub currency: String,
    /// The bank's reason.
    pub reason: Option<String>,
    /// Until when evidence may be handed in.
    pub respond_by: Option<Timestamp>,
}

/// A refund as the provider has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PspRefund {
    /// Its id; ours, where it was made through us.
    pub refund_id: String,
    /// What it refunds.
    pub payment_id: String,
    /// The provider's status, in our words.
    pub status: PspRefundStatus,
    /// The provider's status, in its own.
    pub psp_status: String,
    /// Minor units.
    pub amount: i64,
    /// Upper-case ISO code.
    pub currency: String,
    /// The provider's words on a failure.
    pub error: Option<String>,
}

/// Why a creating call brought no object.
#[derive(Debug, thiserror::Error)]
pub enum PspError {
    /// The provider's verdict: it will not be done. Code and message are the provider's.
    #[error("refused: {code}: {message}")]
    Refused {
        /// The provider's code.
        code: String,
        /// The provider's words.
        message: String,
    },
    /// It may have been done: time-out, cut connection, 5xx, busy. Read it back before anything else.
    #[error("outcome unknown")]
    Unknown(#[source] BoxError),
    /// It was not done: nothing was sent, or the provider said "later" (429).
    #[error("provider unavailable, nothing was done")]
    Unavailable(#[source] BoxError),
    /// The provider does not know us (401, 403): nothing was done, and nothing will be until someone mends it.
    #[error("provider refused our credentials, nothing was done")]
    Credentials(#[source] BoxError),
    /// The provider has an object under our id that is not the one we asked for. Flag it; never adopt it.
    #[error("the provider's object under our id is another one: {0}")]
    NotOurs(String),
    /// No idempotency key: a bug of the caller, nothing was sent.
    #[error(transparent)]
    EmptyKey(#[from] EmptyKey),
}

/// Why a read brought no answer. It says nothing about the object.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// Not reached, too slow, or answered nonsense.
    #[error("provider can't be read")]
    Unavailable(#[source] BoxError),
    /// The provider does not know us (401, 403).
    #[error("provider refused our credentials")]
    Credentials(#[source] BoxError),
}

/// Creates payments and refunds.
#[async_trait]
pub trait PaymentProvider: Send + Sync {
    /// Opens a payment, or finds the one that an earlier call with this id opened (`HE_01`, contracts/hyperswitch.md §6).
    /// A decline comes back as a [`Payment`] whose status is `Failed`. A charge of a saved method is refused only once it is
    /// clear that no earlier call with this id made it.
    /// # Errors
    /// [`PspError`]; an empty key fails before anything is sent.
    async fn create_payment(&self, key: &str, payment: &NewPayment) -> Result<Payment, PspError>;

    /// Carries a refund out, or finds the one that an earlier call with this id made (`HE_01`, `IR_13` and every other refusal
    /// of a repeat, contracts/hyperswitch.md §5). A refund that failed at once comes back with status `Failed`.
    /// # Errors
    /// [`PspError`]; an empty key fails before anything is sent.
    async fn create_refund(&self, key: &str, refund: &NewRefund) -> Result<PspRefund, PspError>;
}

/// Reads, and can create nothing: what reconcile and audit depend on.
#[async_trait]
pub trait HyperswitchReadClient: Send + Sync {
    /// The payment with this id, freshly synced with the connector; `None` when the provider definitely has none.
    /// # Errors
    /// [`ReadError`].
    async fn payment(&self, payment_id: &str) -> Result<Option<Payment>, ReadError>;

    /// The refund with this id, freshly synced; `None` when the provider definitely has none.
    /// # Errors
    /// [`ReadError`].
    async fn refund(&self, refund_id: &str) -> Result<Option<PspRefund>, ReadError>;

    /// The dispute with this id, freshly synced; `None` when the provider definitely has none.
    /// # Errors
    /// [`ReadError`].
    async fn dispute(&self, dispute_id: &str) -> Result<Option<PspDispute>, ReadError>;
}

/// A message of the provider, as far as it could be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WebhookEvent {
    /// The provider's id of it, stable over its retries; flat bodies have none.
    pub event_id: Option<String>,
    /// Its type as sent; flat bodies may have none.
    pub event_type: Option<String>,
    /// What it is about.
    pub subject: WebhookSubject,
}

/// What a message is about. Fields are absent where the message does not say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WebhookSubject {
    /// A payment.
    Payment {
        /// Its id.
        payment_id: String,
        /// Its status; `Open` where unknown.
        status: PaymentStatus,
        /// Minor units asked for.
        amount: Option<i64>,
        /// Minor units received.
        amount_received: Option<i64>,
        /// ISO code.
        currency: Option<String>,
        /// Words on a failure.
        error: Option<String>,
        /// The method that it kept, or that was charged.
        saved_method: Option<SavedMethod>,
    },
    /// A refund: the type contains "refund" in any case, or there is a refund id (spec/01-money §6).
    Refund {
        /// Its id; absent in a broken message (answered 400).
        refund_id: Option<String>,
        /// What it refunds.
        payment_id: Option<String>,
        /// Its status; `Open` where unknown.
        status: PspRefundStatus,
        /// Minor units.
        amount: Option<i64>,
        /// ISO code.
        currency: Option<String>,
        /// Words on a failure.
        error: Option<String>,
    },
    /// A dispute: the type contains "dispute" in any case, or there is a dispute id.
    Dispute {
        /// Its id; absent in a broken message (answered 400).
        dispute_id: Option<String>,
        /// The payment it is about.
        payment_id: Option<String>,
        /// Its status; none where unknown.
        status: Option<DisputeStatus>,
        /// The provider's word for the stage.
        stage: Option<String>,
        /// Minor units.
        amount: Option<i64>,
        /// ISO code.
        currency: Option<String>,
        /// The bank's reason.
        reason: Option<String>,
        /// Until when evidence may be handed in.
        respond_by: Option<Timestamp>,
    },
    /// A saved method can no longer be charged (`mandate_revoked`). The published body has no customer; what is absent is not said.
    MethodRevoked {
        /// Whose it was.
        customer_id: Option<String>,
        /// The method.
        method: Option<SavedMethod>,
        /// The mandate, the older name of the same consent.
        mandate_id: Option<String>,
    },
    /// Anything else: payouts, new types, other messages about mandates, or nothing that names an object.
    Other,
}

/// The body is not a JSON object, or an amount in it is not a number of minor units.
#[derive(Debug, thiserror::Error)]
#[error("malformed webhook body: {0}")]
pub struct MalformedWebhook(pub String);

/// Checks and reads the provider's messages.
pub trait PaymentWebhooks: Send + Sync {
    /// The name of the header that carries the signature, lower case.
    fn signature_header(&self) -> &'static str;

    /// Is `signature` the provider's over exactly these bytes? Compared in constant time; absent is false.
    fn verify(&self, body: &[u8], signature: Option<&str>) -> bool;

    /// Reads a body in the provider's shape (`content.object`), the flat one and the `object.*` one.
    /// # Errors
    /// [`MalformedWebhook`]; its words quote nothing of the body.
    fn parse(&self, body: &[u8]) -> Result<WebhookEvent, MalformedWebhook>;

    /// The event type of a body that need not be verified or whole, for the log; none if it can't be read.
    fn event_type(&self, body: &[u8]) -> Option<String>;
}
