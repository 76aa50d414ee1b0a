//! The load client. It shares the cores with the server that it measures, so it is lean: keep-alive connections on one thread,
//! requests that are patched instead of built, answers that are looked at and not decoded.

mod connection;
mod load;
pub mod request;

pub use connection::{Answer, Connection};
pub use load::{Load, Stop, Workload, closed, open};

use crate::failure::Outcome;
use std::future::Future;

/// Runs a client to its end, on this thread alone.
///
/// # Errors
/// What the client fails with.
pub fn run<T>(client: impl Future<Output = Outcome<T>>) -> Outcome<T> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(client)
}
