//! Pure rules of the marketplace.
