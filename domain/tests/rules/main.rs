//! The rules of the domain, by area; one binary, so that they build and run in one go.

#![allow(clippy::unwrap_used, clippy::panic, reason = "a test may fail loudly")]

mod access;
mod billing;
mod by_hand;
mod calls;
mod catalog;
mod check;
mod connect;
mod disputes;
mod distribution;
mod exclusives;
mod hands;
mod ledger;
mod names;
mod netting;
mod operators;
mod outbox;
mod payments;
mod people;
mod placements;
mod plans;
mod refunds;
mod settlement;
mod subscriptions;
mod support;
mod told;
mod transfers;
