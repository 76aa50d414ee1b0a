//! Mail adapters.
