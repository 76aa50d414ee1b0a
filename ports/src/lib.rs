//! What the rules need from outside.
