//! The Stripe Connect side: accounts, transfers, reversals, payouts, balances, events (`contracts/stripe.md`).

pub(crate) mod accounts;
pub(crate) mod errors;
pub(crate) mod events;
pub(crate) mod idempotency;
pub(crate) mod params;
pub(crate) mod payouts;
pub(crate) mod render;
pub(crate) mod reversals;
pub(crate) mod routes;
pub(crate) mod transfers;
