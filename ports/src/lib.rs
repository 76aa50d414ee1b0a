//! What the rules need from outside: traits, their typed errors, and (feature `contract`) the suite that every adapter
//! of a port passes.
//!
//! Dependencies point one way: `app` and `adapters/*` know this crate, this crate knows `domain` and nothing else of Veza.

pub mod clock;
pub mod distribution;
pub mod mail;
pub mod payments;
pub mod storage;
pub mod transfers;

#[cfg(feature = "contract")]
pub mod contract;

/// Whatever lies beneath an adapter's error.
pub type BoxError = Box<dyn std::error::Error + Send + Sync>;
