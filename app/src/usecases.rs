//! What Veza does, one module per area: each loads, lets the domain decide, commits, and only then acts.

pub mod audit;
pub mod backfill;
pub mod catalog;
pub mod checkout;
pub mod commit;
pub mod connect_events;
pub mod distribution;
pub mod effects;
pub mod entitlements;
pub mod idempotency;
pub mod identity;
pub mod invariants;
pub mod journal;
pub mod onboarding;
pub mod operators;
pub mod psp_reads;
pub mod reconcile;
pub mod refunds;
pub mod reversals;
pub mod settle;
pub mod subscriptions;
pub mod timeline;
pub mod transfers;
pub mod webhook_log;
pub mod webhooks;
pub mod worked;
