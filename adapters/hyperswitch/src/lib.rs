//! Hyperswitch adapter.
