//! The rules of the domain, by area; one binary, so that they build and run in one go.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod access;
mod billing;
mod calls;
mod catalog;
mod check;
mod connect;
mod decided_by_operators;
mod disputes;
mod distribution;
mod exclusives;
mod ledger;
mod names;
mod netting;
mod outbox;
mod payments;
mod people;
mod placements;
mod plans;
mod refunds;
mod settlement;
mod subscriptions;
mod support;
mod taken_by_others;
mod told;
mod transfers;
mod tried_again;
