//! The pure rules of Veza: money, orders, refunds, transfers, reversals, the ledger, licences, who may do what.
//!
//! One module per capability: its states, `decide`, `evolve` and its properties.
//! Invariant: no I/O, no clock, no randomness, no async, no serialisation. What varies arrives as an argument.

pub mod access;
pub mod attention;
pub mod audit;
pub mod backoff;
pub mod catalog;
pub mod dispute;
pub mod distribution;
pub mod effect;
pub mod identity;
pub mod ids;
pub mod journal;
pub mod ledger;
pub mod licence;
pub mod look;
pub mod money;
pub mod netting;
pub mod order;
pub mod payout;
pub mod refund;
pub mod reversal;
pub mod saved_method;
pub mod settlement;
pub mod subscription;
pub mod time;
pub mod transfer;
pub mod webhook;
