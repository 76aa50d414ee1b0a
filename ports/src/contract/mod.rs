//! Contract suites.

pub mod distribution;
pub mod payments;
mod race;
pub mod storage;
pub mod transfers;
