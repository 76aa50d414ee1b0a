//! The whole of Veza in a world that is made of nothing but decisions: a seed, or a list of operations, says what happens and when,
//! and the same seed is the same history, byte for byte.
//!
//! Real are: the HTTP API (its own endpoint, called in process), the use cases, the workers' batches, the adapters of both providers
//! down to the bytes of their requests, the webhooks' signatures, the store (memory or SQLite), and the sandbox's model with its books.
//! Simulated are: time, ids, the network, and who goes on when. Two instances share one store. Every call of a port is a point at which
//! anything else may happen: another request, a worker of the other instance, a message, a crash.
//!
//! # What must hold
//! At every commit:
//! - an order is paid in our books only while, or after, the PSP has exactly its total;
//! - no unit is refused as impossible, or under the id of another; no request is answered 500; a forged message is answered 401;
//! - one idempotency key makes one order.
//!
//! At any moment that a check is made, and at the end:
//! - the ledger sums to zero per currency, its kept balances are the sums of their entries, and the rows of each order say what its
//!   postings say (`veza_domain::settlement::check`).
//!
//! When all is quiet (faults over, messages delivered or lost for good, workers at work, the clock driven on until nothing is due):
//! - nothing waits that somebody who is no person could do something about;
//! - each order is paid exactly if the PSP has its money, for its total; who paid and got nothing back has every licence, who has not
//!   paid has none;
//! - each refund, dispute, transfer and reversal at a provider is one of ours, of that amount and in that state, and there once;
//! - the ledger's position at each provider is what the provider's books say, to the cent;
//! - no posting was changed, or is gone, or came from nowhere;
//! - what stands on the operators' list has happened; what was given up stands there;
//! - `veza audit` finds nothing that somebody had told us of; and after `veza audit --import` it finds nothing at all.
//!
//! # What is not a failure
//! - An order that waits because its buyer never paid, or a dispute that the bank has not decided.
//! - A share that waits for a seller who has no account, or for the end of a dispute.
//! - What the PSP has of a payment that failed after it had succeeded while some of its money was with a bank or a buyer: whose it is,
//!   nobody can say.
//! - A debt that no transfer stands for any more: it waits for the seller's next share, and is shown as owed.
//! - What happened at a provider behind everybody's back on a settled row (a refund in its dashboard, a late failure) whose only message
//!   was lost: until an audit, nobody can know.
//! - A request that is refused, or answered 503, while faults are on.
//! - An entry for a person where a provider refused something for good, or somebody meddled at its dashboard.
//!
//! # What is left out
//! A provider that denies what it has; a store that loses what it has confirmed. Identity beyond tokens: no password is hashed here.

#![allow(clippy::panic, reason = "a world that cannot be made is a fault of the simulation, and its runner tells it")]

pub mod act;
pub mod cast;
pub mod check;
pub mod faults;
pub mod ground;
pub mod many;
pub mod ops;
pub mod points;
pub mod quiet;
pub mod run;
pub mod shrink;
pub mod store;
pub mod wire;
pub mod world;
pub mod year;

pub use ops::{History, Op, Setting};
pub use run::{Base, Ended, run, run_year};
pub use shrink::shrink;

/// A fifth of a history went into allocating by glibc.
#[cfg(feature = "jemalloc")]
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;
