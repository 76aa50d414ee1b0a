//! What happened to an order beyond its rows.

use crate::fields::{Fields, all, values};
use crate::rows::operations::{delivery, effect, select_effect, select_heard};
use crate::rows::trail::{admin_action, journal, select_admin_action, select_journal};
use rusqlite::Connection;
use veza_domain::ids::OrderId;
use veza_domain::ledger::{Account, Entry, Posting};
use veza_ports::storage::History;

pub(super) const JOURNAL: &str = select_journal!("WHERE order_id = ?1 ORDER BY at, id");
pub(super) const POSTINGS: &str = "SELECT event, order_id, posted_at, account, currency, amount \
     FROM postings CROSS JOIN ledger_entries ON posting = seq WHERE order_id = ?1 ORDER BY posted_at, event";
pub(super) const HEARD: &str = select_heard!("WHERE order_id = ?1 ORDER BY received_at, id");
pub(super) const ACTIONS: &str = select_admin_action!("WHERE order_id = ?1 ORDER BY at, id");
pub(super) const EFFECTS: &str = select_effect!("WHERE subject = ?1 ORDER BY created_at, id");

pub(super) fn history(db: &Connection, id: OrderId) -> rusqlite::Result<History> {
    Ok(History {
        journal: values(all(db, JOURNAL, [id.0], journal)?),
        postings: postings(db, id)?,
        deliveries: values(all(db, HEARD, [id.0], delivery)?),
        actions: values(all(db, ACTIONS, [id.0], admin_action)?),
        effects: values(all(db, EFFECTS, [id.0], effect)?),
    })
}

/// Entry by entry, those of one event side by side.
fn postings(db: &Connection, id: OrderId) -> rusqlite::Result<Vec<Posting>> {
    let mut statement = db.prepare_cached(POSTINGS)?;
    let mut rows = statement.query([id.0])?;
    let mut postings: Vec<Posting> = Vec::new();
    while let Some(row) = rows.next()? {
        let mut row = Fields::of(row);
        let (event, order_id, posted_at): (String, _, _) = (row.get()?, OrderId(row.id()?), row.time()?);
        let account = row.parsed(|text| text.parse::<Account>().ok())?;
        let (currency, amount) = (row.currency()?, row.minor()?);
        match postings.last_mut().filter(|posting| posting.event == event) {
            Some(posting) => posting.entries.push(Entry { account, amount }),
            None => postings.push(Posting { event, order_id, currency, entries: vec![Entry { account, amount }], posted_at }),
        }
    }
    postings.iter_mut().for_each(|posting| posting.entries.sort_by_key(|entry| entry.account));
    Ok(postings)
}
