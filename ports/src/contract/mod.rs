//! Contract suites.

pub mod payments;
mod race;
pub mod storage;
pub mod transfers;
