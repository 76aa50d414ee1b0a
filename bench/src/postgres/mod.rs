//! Settlements on Postgres: by one instance, by two, and by pgbench, which runs the same statements.

pub mod cluster;
mod contest;
mod pgbench;
mod script;
mod statements;

pub use contest::{fill, measure};
