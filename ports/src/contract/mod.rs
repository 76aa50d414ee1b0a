//! Contract suites.

pub mod payments;
mod race;
