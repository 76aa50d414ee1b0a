//! Stripe Connect adapter.
