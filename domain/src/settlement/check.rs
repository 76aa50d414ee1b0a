//! Do an order's rows and its postings tell the same story (spec/01-money §10)?

use super::OrderFile;
use crate::ledger::Posting;

/// Something that must hold and does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Broken {
    /// Which rule, in few words; the same for every order.
    pub what: &'static str,
    /// The figures.
    pub detail: String,
}

/// What is broken about an order, given all its postings. Empty in good books.
#[must_use]
pub fn check(_file: &OrderFile, _postings: &[Posting]) -> Vec<Broken> {
    Vec::new()
}
