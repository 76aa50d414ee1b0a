//! What happened to an order beyond its rows.

use crate::state::{State, values};
use veza_domain::effect::Effect;
use veza_domain::ids::OrderId;
use veza_domain::journal::{AdminAction, Journal};
use veza_domain::ledger::Posting;
use veza_domain::webhook::Delivery;
use veza_ports::storage::History;

impl State {
    pub(super) fn history(&self, id: OrderId) -> History {
        let mut journal = values(self.find(|line: &Journal| line.order_id == id));
        journal.sort_by_key(|line| (line.at, line.id));
        let mut postings = values(self.find(|posting: &Posting| posting.order_id == id));
        postings.sort_by(|a, b| (a.posted_at, &a.event).cmp(&(b.posted_at, &b.event)));
        postings.iter_mut().for_each(|posting| posting.entries.sort_by_key(|entry| entry.account));
        let mut deliveries = values(self.find(|delivery: &Delivery| delivery.order_id == Some(id)));
        deliveries.sort_by_key(|delivery| (delivery.received_at, delivery.id));
        deliveries.iter_mut().for_each(|delivery| delivery.payload.clear());
        let mut actions = values(self.find(|action: &AdminAction| action.order_id == Some(id)));
        actions.sort_by_key(|action| (action.at, action.id));
        let mut effects = values(self.find(|effect: &Effect| effect.kind.subjects().0 == id.0));
        effects.sort_by_key(|effect| (effect.created_at, effect.id));
        History { journal, postings, deliveries, actions, effects }
    }
}
