//! From a decision about an order to the guarded writes of its unit.

use super::{Revision, Revisions, Row, RowKey, Write};
use veza_domain::settlement::{Change, OrderFile};

/// An order's file and the revisions at which its rows were read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoredOrder {
    /// The rows.
    pub file: OrderFile,
    /// Their revisions; exactly one per row of the file.
    pub revisions: Revisions,
}

impl StoredOrder {
    /// The writes that carry out `changes`: each row that the file has is updated, each other inserted, and every row that
    /// the decision read and did not change is guarded.
    ///
    /// A row that comes new is seen by no guard of who read before it came. So the order is written together with it, be it as
    /// it was: whoever decided on the rows without the new one decides anew. Lines and licences need no guard of their own: they
    /// change only together with their order.
    #[must_use]
    pub fn writes(&self, changes: &[Change]) -> Vec<Write> {
        let mut now = self.revisions.clone();
        let mut writes: Vec<Write> = changes.iter().map(|change| write(&mut now, change)).collect();
        let order = RowKey::Order(self.file.order.id);
        let as_read = self.revisions.get(&order).is_some_and(|read| now.get(&order) == Some(read));
        if as_read && writes.iter().any(is_new_in_a_file) {
            writes.push(write(&mut now, &Change::Order(self.file.order.clone())));
        }
        if !writes.is_empty() {
            let untouched = self.revisions.iter().filter(|(key, revision)| now.get(key) == Some(revision) && self.guards(key));
            writes.extend(untouched.map(|(key, expected)| Write::Unchanged { key: key.clone(), expected: *expected }));
        }
        writes
    }

    /// Is a row that was read and not written to be as it was? Debts are not: what did not pay them does not depend on them.
    fn guards(&self, key: &RowKey) -> bool {
        match key {
            RowKey::Invoice(_) | RowKey::Subscription(_) => true,
            RowKey::Order(_) | RowKey::Refund(_) | RowKey::Transfer(_) | RowKey::Exclusive(_) | RowKey::Dispute(_) => true,
            RowKey::Reversal(id) => self.file.reversals.iter().any(|reversal| reversal.id == *id),
            _ => false,
        }
    }
}

/// Does it add a row to an order's file, of those that decisions ask?
fn is_new_in_a_file(write: &Write) -> bool {
    matches!(
        write,
        Write::Insert(
            Row::Refund(_) | Row::Licence(_) | Row::Transfer(_) | Row::Reversal(_) | Row::Exclusive(_) | Row::Dispute(_) | Row::Netting(_)
        )
    )
}

fn write(revisions: &mut Revisions, change: &Change) -> Write {
    let row = match change.clone() {
        Change::Order(row) => Row::Order(row),
        Change::Line(row) => Row::Line(row),
        Change::Refund(row) => Row::Refund(row),
        Change::Licence(row) => Row::Licence(row),
        Change::Transfer(row) => Row::Transfer(row),
        Change::Reversal(row) => Row::Reversal(row),
        Change::Exclusive(row) => Row::Exclusive(row),
        Change::Dispute(row) => Row::Dispute(row),
        Change::Debt(row) => Row::Reversal(row),
        Change::Invoice(row) => Row::Invoice(row),
        Change::Subscription(row) => Row::Subscription(row),
        Change::Netting(row) => return Write::Insert(Row::Netting(row)),
        Change::Posting(row) => return Write::Insert(Row::Posting(row)),
        Change::Effect(row) => return Write::Insert(Row::Effect(row)),
        Change::Attention(row) => return Write::Ensure(Row::Attention(row)),
        Change::Settled(subject, code) => return Write::Clear(RowKey::Attention(subject.id(), code)),
    };
    let key = row.key();
    match revisions.get(&key).copied() {
        Some(expected) => {
            revisions.insert(key, expected.next());
            Write::Update { row, expected }
        }
        None => {
            revisions.insert(key, Revision::FIRST);
            Write::Insert(row)
        }
    }
}
