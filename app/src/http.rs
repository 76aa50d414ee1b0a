//! The HTTP edge.

pub mod problem;
