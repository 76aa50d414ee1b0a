//! Every kind of row: its table, the values that are written and the fields it is read from, side by side and in one order.
//!
//! Invariants: a table's columns are named here and in the migrations only; [`Stored::values`] and `Read::read` go by their order.

pub(crate) mod billing;
pub(crate) mod catalogue;
pub(crate) mod distribution;
pub(crate) mod ledger;
pub(crate) mod operations;
pub(crate) mod orders;
pub(crate) mod people;
pub(crate) mod refunds;
pub(crate) mod trail;
pub(crate) mod transfers;

use crate::statement::{Type, Value};
use veza_ports::storage::{Row, RowKey};

/// A table whose rows have a key of their own.
#[derive(Debug)]
pub(crate) struct Table {
    pub(crate) name: &'static str,
    /// How many of the columns, from the first, are the key.
    pub(crate) key: usize,
    /// Does a column `revision` guard its rows? Rows of other tables are never updated.
    pub(crate) revision: bool,
    /// Has it values beside the key that may stand once only?
    pub(crate) unique_values: bool,
    /// All columns but `revision`.
    pub(crate) columns: &'static [(&'static str, Type)],
}

impl Table {
    pub(crate) fn key_columns(&self) -> impl Iterator<Item = &'static str> {
        self.columns.iter().take(self.key).map(|(name, _)| *name)
    }
}

/// A table whose rows belong to those of another: replaced together with them, or not at all.
#[derive(Debug)]
pub(crate) struct Parts {
    pub(crate) name: &'static str,
    /// The key of the row they belong to first, then what tells them apart (`position`), then the rest.
    pub(crate) columns: &'static [(&'static str, Type)],
}

/// A row that can be written.
pub(crate) trait Stored {
    /// Where.
    fn table(&self) -> &'static Table;
    /// Its values, in the order of the table's columns.
    fn values(&self) -> Vec<Value>;
    /// The rows that belong to it, by table, in the order of that table's columns.
    fn parts(&self) -> Vec<(&'static Parts, Vec<Vec<Value>>)> {
        Vec::new()
    }
}

/// The row behind its kind.
pub(crate) fn stored(row: &Row) -> &dyn Stored {
    match row {
        Row::User(row) => row,
        Row::MailToken(row) => row,
        Row::Session(row) => row,
        Row::RefreshToken(row) => row,
        Row::Product(row) => row,
        Row::Exclusive(row) => row,
        Row::SellerAccount(row) => row,
        Row::Idempotency(row) => row,
        Row::Trial(row) => row,
        Row::Subscription(row) => row,
        Row::Invoice(row) => row,
        Row::Order(row) => row,
        Row::Line(row) => row,
        Row::Refund(row) => row,
        Row::Licence(row) => row,
        Row::Transfer(row) => row,
        Row::Reversal(row) => row,
        Row::Dispute(row) => row,
        Row::Netting(row) => row,
        Row::Payout(row) => row,
        Row::Posting(row) => row,
        Row::Effect(row) => row,
        Row::Attention(row) => row,
        Row::Delivery(row) => row,
        Row::Journal(row) => row,
        Row::AdminAction(row) => row,
        Row::Submission(row) => row,
        Row::Placement(row) => row,
        Row::PlacementMove(row) => row,
        Row::RoyaltyFile(row) => row,
        Row::RoyaltyLine(row) => row,
    }
}

/// A row's table, and its key there.
pub(crate) fn place(key: &RowKey) -> (&'static Table, Vec<Value>) {
    match key {
        RowKey::User(id) => (&people::USERS, vec![id.0.into()]),
        RowKey::MailToken(id) => (&people::MAIL_TOKENS, vec![id.0.into()]),
        RowKey::Session(id) => (&people::SESSIONS, vec![id.0.into()]),
        RowKey::RefreshToken(hash) => (&people::REFRESH_TOKENS, vec![(*hash).into()]),
        RowKey::Product(id) => (&catalogue::PRODUCTS, vec![id.0.into()]),
        RowKey::Exclusive(id) => (&catalogue::EXCLUSIVE_HOLDS, vec![id.0.into()]),
        RowKey::SellerAccount(id) => (&catalogue::SELLER_ACCOUNTS, vec![id.0.into()]),
        RowKey::Idempotency(user, scope, key) => {
            (&operations::IDEMPOTENCY_KEYS, vec![user.0.into(), scope.as_str().into(), key.as_str().into()])
        }
        RowKey::Trial(id) => (&billing::TRIALS, vec![id.0.into()]),
        RowKey::Subscription(id) => (&billing::SUBSCRIPTIONS, vec![id.0.into()]),
        RowKey::Invoice(id) => (&billing::INVOICES, vec![id.0.into()]),
        RowKey::Order(id) => (&orders::ORDERS, vec![id.0.into()]),
        RowKey::Line(id) => (&orders::ORDER_LINES, vec![id.0.into()]),
        RowKey::Refund(id) => (&refunds::REFUNDS, vec![id.0.into()]),
        RowKey::Licence(id) => (&orders::LICENCES, vec![id.0.into()]),
        RowKey::Transfer(id) => (&transfers::TRANSFERS, vec![id.0.into()]),
        RowKey::Reversal(id) => (&transfers::REVERSALS, vec![id.0.into()]),
        RowKey::Dispute(id) => (&trail::DISPUTES, vec![id.0.into()]),
        RowKey::Netting(id) => (&trail::NETTINGS, vec![id.0.into()]),
        RowKey::Payout(id) => (&trail::PAYOUTS, vec![id.as_str().into()]),
        RowKey::Posting(event) => (&ledger::POSTINGS, vec![event.as_str().into()]),
        RowKey::Effect(id) => (&operations::EFFECTS, vec![id.0.into()]),
        RowKey::Attention(subject, code) => (&operations::ATTENTION, vec![(*subject).into(), code.as_str().into()]),
        RowKey::Delivery(id) => (&operations::WEBHOOK_LOG, vec![id.0.into()]),
        RowKey::Journal(id) => (&trail::JOURNAL, vec![id.0.into()]),
        RowKey::AdminAction(id) => (&trail::ADMIN_ACTIONS, vec![id.0.into()]),
        RowKey::Submission(id) => (&distribution::SUBMISSIONS, vec![id.0.into()]),
        RowKey::Placement(id) => (&distribution::PLACEMENTS, vec![id.0.into()]),
        RowKey::PlacementMove(id) => (&distribution::PLACEMENT_MOVES, vec![id.0.into()]),
        RowKey::RoyaltyFile(hash) => (&distribution::ROYALTY_FILES, vec![(*hash).into()]),
        RowKey::RoyaltyLine(key) => (&distribution::ROYALTY_LINES, distribution::royalty_key(key)),
    }
}
