//! Veza: use cases, HTTP, workers, configuration, command line and wiring. The only crate that knows every other.

pub mod cli;
pub mod config;
pub mod http;
#[cfg(feature = "kill-points")]
pub mod killpoints;
pub mod logging;
pub mod metrics;
pub mod presence;
pub mod problem;
pub mod services;
pub mod system;
pub mod usecases;
pub mod wiring;
pub mod workers;
