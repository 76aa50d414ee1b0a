//! Veza: use cases, HTTP, workers, configuration, command line and wiring. The only crate that knows every other.

pub mod config;
pub mod http;
pub mod services;
pub mod system;
pub mod usecases;
pub mod workers;
