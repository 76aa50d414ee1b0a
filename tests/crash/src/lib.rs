//! The crash matrix: the real binary, killed at every named point of every flow, on both stores; and SQLite's file as a loss of
//! power leaves it. `docs/proof/crash.md` says how it is run and what was seen.
//!
//! A case has ground of its own (a database, a data folder, a sandbox in this process, an address), so that cases run beside each
//! other. What happens in it is the same in all: the flow is played by somebody who repeats each step until it is answered,
//! whoever dies meanwhile; at the end nothing may be open and everything must be as it is without the kill.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout, reason = "test code: a test fails by panicking")]

mod client;
pub mod disk;
mod flows;
mod ground;
mod matrix;
mod power;
mod server;
mod verdict;

pub use client::{Client, PASSWORD, until};
pub use flows::Flow;
pub use ground::{Ground, Store, Template};
pub use matrix::{Matrix, Wanted};
pub use power::{Loss, Trace, Verdict};
pub use server::Server;
