//! The providers in a box.
