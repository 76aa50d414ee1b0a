//! Veza: use cases, HTTP, workers, wiring.
