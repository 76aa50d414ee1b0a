//! The `veza` binary.
fn main() {}
