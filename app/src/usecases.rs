//! What Veza does, one module per area: each loads, lets the domain decide, commits, and only then acts.

pub mod catalog;
pub mod checkout;
pub mod commit;
pub mod effects;
pub mod idempotency;
pub mod identity;
pub mod onboarding;
pub mod refunds;
pub mod reversals;
pub mod settle;
pub mod transfers;
pub mod webhook_log;
pub mod webhooks;
pub mod worked;
