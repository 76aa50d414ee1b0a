//! What the sandbox remembers: the objects of both providers as plain records.
//!
//! They are the sandbox's own books, not the wire format (`hyperswitch/render.rs`, `stripe/render.rs` make that).
//! All amounts are integers in minor units; all times are [`Micros`](crate::ids::Micros) on the sandbox's clock. A field that
//! came later has a default, so that older data files open.

mod customers;
mod distributor;
mod hyperswitch;
mod stripe;
mod webhook;

use crate::table::Record;

pub use customers::{Behaviour, Charge, ChargeOutcome, Customer, MethodStatus, SavedMethod};
pub use distributor::{Release, ReleaseStatus};
pub use hyperswitch::{Dispute, Fund, Payment, PaymentStatus, Refund, RefundStatus};
pub use stripe::{Account, Balance, Payout, PayoutStatus, Reversal, StripeEvent, Transfer};
pub(crate) use stripe::{AccountLink, SavedAnswer};
pub use webhook::{Attempt, EventStatus, Forgery, Target, WebhookEvent};

macro_rules! records {
    ($($type:ty, $kind:literal, $id:ident;)*) => {
        $(impl Record for $type {
            const KIND: &'static str = $kind;
            fn id(&self) -> &str {
                &self.$id
            }
        })*
    };
}

records! {
    Payment, "payment", payment_id;
    Refund, "refund", refund_id;
    Dispute, "dispute", dispute_id;
    Customer, "customer", customer_id;
    SavedMethod, "saved_method", payment_method_id;
    Charge, "charge", charge_id;
    WebhookEvent, "webhook_event", event_id;
    Account, "account", id;
    Transfer, "transfer", id;
    Reversal, "reversal", id;
    Payout, "payout", id;
    StripeEvent, "stripe_event", id;
    Balance, "balance", key;
    SavedAnswer, "saved_answer", key;
    AccountLink, "account_link", token;
    Release, "release", id;
}
