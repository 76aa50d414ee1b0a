//! What the suite of payments needs of an adapter and of the provider behind it.

use crate::payments::{HyperswitchReadClient, PaymentProvider, PaymentWebhooks};
use async_trait::async_trait;
use std::sync::Arc;
use veza_domain::dispute::DisputeStatus;
use veza_domain::saved_method::SavedMethod;

/// Which call meets a trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Call {
    /// [`PaymentProvider::create_payment`].
    CreatePayment,
    /// [`PaymentProvider::create_refund`].
    CreateRefund,
    /// [`HyperswitchReadClient::payment`], or the read that an adoption makes.
    ReadPayment,
    /// [`HyperswitchReadClient::refund`], or the read that an adoption makes.
    ReadRefund,
    /// [`HyperswitchReadClient::dispute`].
    ReadDispute,
}

/// What goes wrong, once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// The effect happens, the connection is cut.
    AnswerLost,
    /// The connection is cut, no effect.
    RequestLost,
    /// The effect happens, the answer is a 500.
    ErrorAfterEffect,
    /// A proxy answers 502 in HTML, no effect.
    BadGateway,
    /// 422 `HE_00`.
    Busy,
    /// 429, no effect.
    RateLimited,
    /// The refund fails at once.
    RefundFailed,
    /// The refund stays pending.
    RefundPending,
    /// The refund is refused for good.
    RefundNotSupported,
    /// A page in HTML with status 200, no effect.
    Html,
    /// Status 200 and JSON of something else, no effect.
    WrongJson,
    /// Status 200 and the provider's error body, no effect.
    ErrorIn200,
    /// The effect happens, the answer is cut within its JSON.
    Garbled,
}

/// What comes of charging a saved method, until it is told otherwise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Behaviour {
    /// It pays.
    Succeeds,
    /// The bank declines.
    Declines,
    /// The bank wants to see the customer.
    WantsCustomer,
}

/// Ways in which a read brings no answer.
pub(super) const UNREADABLE: [Trouble; 7] = [
    Trouble::AnswerLost,
    Trouble::BadGateway,
    Trouble::RateLimited,
    Trouble::Html,
    Trouble::WrongJson,
    Trouble::ErrorIn200,
    Trouble::Garbled,
];

/// Who calls.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// We.
    Ours,
    /// Somebody whose key the provider does not know.
    WrongKey,
    /// We, and there is no provider at that address.
    Unreachable,
}

/// The adapter under test.
#[derive(Clone)]
pub struct Client {
    /// Creates.
    pub provider: Arc<dyn PaymentProvider>,
    /// Reads.
    pub reader: Arc<dyn HyperswitchReadClient>,
}

/// A message as it arrived.
#[derive(Clone, Debug)]
pub struct Message {
    /// The bytes of its body.
    pub body: Vec<u8>,
    /// The header that [`PaymentWebhooks::signature_header`] names.
    pub signature: Option<String>,
}

/// The adapter with a provider behind it, and the provider's controls. Methods panic when the control itself fails.
#[async_trait]
pub trait World: Send + Sync {
    /// The adapter.
    fn client(&self, access: Access) -> Client;

    /// The next `call` meets `trouble`.
    async fn next(&self, call: Call, trouble: Trouble);

    /// The buyer pays, and agrees to the method being kept where the payment asks for it.
    async fn pay(&self, payment_id: &str);

    /// The bank declines.
    async fn decline(&self, payment_id: &str);

    /// A payment that had succeeded turns out to have failed.
    async fn fail(&self, payment_id: &str);

    /// How a saved method takes charges from now on.
    async fn behave(&self, method: &SavedMethod, behaviour: Behaviour);

    /// The customer takes back the consent to a saved method.
    async fn revoke(&self, method: &SavedMethod);

    /// Somebody makes a refund in the provider's dashboard; its id.
    async fn refund_elsewhere(&self, payment_id: &str, amount: i64) -> String;

    /// A refund that had ended one way ends the other way after all.
    async fn turn_refund(&self, refund_id: &str, succeeds: bool);

    /// The cardholder disputes; the dispute's id. The bank says "fraud" and sets a deadline.
    async fn dispute(&self, payment_id: &str, amount: i64) -> String;

    /// The dispute goes on.
    async fn move_dispute(&self, dispute_id: &str, status: DisputeStatus);

    /// What checks and reads the provider's messages.
    fn webhooks(&self) -> Arc<dyn PaymentWebhooks>;

    /// What the provider has sent us, in the order of arrival; waits for what is on its way.
    async fn messages(&self) -> Vec<Message>;

    /// Idempotency keys of the creating calls that have reached the server, oldest first; `None` = without.
    async fn keys_seen(&self, call: Call) -> Vec<Option<String>>;

    /// Is there a payment with this id, by the provider's own books?
    async fn has_payment(&self, payment_id: &str) -> bool;

    /// How often this customer's money was taken, by the provider's own books.
    async fn charges_of(&self, customer_id: &str) -> usize;

    /// How many refunds there are of this payment, by the provider's own books.
    async fn refunds_of(&self, payment_id: &str) -> usize;
}
