//! What happened to an order beyond its rows: one row of five arrays.

use crate::record::{Read, Record};
use crate::rows::operations::{effect_fields, select_heard};
use crate::rows::trail::{select_admin_action, select_journal};
use veza_domain::effect::Effect;
use veza_domain::ids::OrderId;
use veza_domain::ledger::{Account, Entry, Posting};
use veza_domain::money::{Currency, Minor};
use veza_ports::BoxError;
use veza_ports::storage::{History, Versioned};

pub(crate) const HISTORY: &str = concat!(
    "SELECT ROW(ARRAY(",
    select_journal!("WHERE order_id = $1 ORDER BY at, id"),
    "), ARRAY(SELECT ROW(p.event, p.order_id, p.posted_at, \
         ARRAY(SELECT ROW(e.account, e.currency, e.amount) FROM ledger_entries e WHERE e.posting = p.seq)) \
         FROM postings p WHERE p.order_id = $1 ORDER BY p.posted_at, p.event), ARRAY(",
    select_heard!("WHERE order_id = $1 ORDER BY received_at, id"),
    "), ARRAY(",
    select_admin_action!("WHERE order_id = $1 ORDER BY at, id"),
    "), ARRAY(SELECT ROW(",
    effect_fields!(),
    ") FROM effects WHERE subject = $1 ORDER BY created_at, id))"
);

impl Read for History {
    const WHAT: &'static str = "history";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let (journal, postings, deliveries, actions) = (row.all()?, row.all()?, row.all()?, row.all()?);
        let effects: Vec<Versioned<Effect>> = row.all()?;
        Ok(Self { journal, postings, deliveries, actions, effects: super::values(effects) })
    }
}

impl Read for Posting {
    const WHAT: &'static str = "postings";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let (event, order_id, posted_at): (String, _, _) = (row.get()?, OrderId(row.id()?), row.time()?);
        let sides: Vec<Side> = row.all()?;
        let currency = sides.first().map(|side| side.currency).ok_or_else(|| row.unreadable("no entries"))?;
        let mut entries: Vec<Entry> = sides.into_iter().map(|Side { account, amount, .. }| Entry { account, amount }).collect();
        entries.sort_by_key(|entry| entry.account);
        Ok(Self { event, order_id, currency, entries, posted_at })
    }
}

/// One side of a posting.
struct Side {
    account: Account,
    currency: Currency,
    amount: Minor,
}

impl Read for Side {
    const WHAT: &'static str = "ledger_entries";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { account: row.parsed(|text| text.parse().ok())?, currency: row.currency()?, amount: row.minor()? })
    }
}
