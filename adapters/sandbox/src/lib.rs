//! The providers in a box.
mod config;
mod control;
mod core;
mod form;
mod hyperswitch;
mod ids;
mod inbound;
mod json;
mod model;
mod pages;
mod script;
mod server;
mod state;
mod store;
mod stripe;
mod table;
mod webhooks;
mod wire;

pub use config::{SandboxConfig, SandboxError};
pub use control::{
    Control, ControlError, ReleaseOrder,
    books::{Books, Call, Totals},
};
pub use ids::Micros;
pub use model::{
    Account, Attempt, Balance, Dispute, EventStatus, Fund, Payment, PaymentStatus, Refund, RefundStatus, Reversal,
    StripeEvent, Transfer, WebhookEvent,
};
pub use script::{Fault, MAGIC_AMOUNTS, Op, Script};
pub use server::Sandbox;
pub use store::StoreError;
pub use webhooks::sign;
