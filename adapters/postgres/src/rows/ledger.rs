//! Postings: inserted, never changed.

use super::{Parts, Stored, Table};
use crate::statement::Type::{Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::ledger::{Entry, Posting};

pub(crate) static POSTINGS: Table = Table {
    name: "postings",
    key: 1,
    revision: false,
    unique_values: false,
    columns: &[("event", Text), ("order_id", Uuid), ("posted_at", Int)],
};

/// The first column is not the table's: the entries stand under the number that their event's posting is given.
pub(crate) static LEDGER_ENTRIES: Parts =
    Parts { name: "ledger_entries", columns: &[("event", Text), ("account", Text), ("currency", Text), ("amount", Int)] };

impl Stored for Posting {
    fn table(&self) -> &'static Table {
        &POSTINGS
    }

    fn values(&self) -> Vec<Value> {
        vec![self.event.as_str().into(), self.order_id.0.into(), self.posted_at.into()]
    }

    fn parts(&self) -> Vec<(&'static Parts, Vec<Vec<Value>>)> {
        let entry = |entry: &Entry| {
            vec![self.event.as_str().into(), entry.account.to_string().as_str().into(), self.currency.code().into(), entry.amount.into()]
        };
        vec![(&LEDGER_ENTRIES, self.entries.iter().map(entry).collect())]
    }
}
