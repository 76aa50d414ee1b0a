//! The Stripe Connect side: accounts, transfers, reversals, balances (`contracts/stripe.md`).
//!
//! Connect webhooks are not sent yet; every event that would be one is in `GET /v1/events` already
//! ([`transfers::raise`], [`accounts::raise`]), so a sender only has to deliver what is written there.

pub(crate) mod accounts;
pub(crate) mod errors;
pub(crate) mod idempotency;
pub(crate) mod params;
pub(crate) mod render;
pub(crate) mod reversals;
pub(crate) mod routes;
pub(crate) mod transfers;
