//! What Veza does, one module per area: each loads, lets the domain decide, commits, and only then acts.

pub mod catalog;
pub mod commit;
