//! What operators see.

use super::{count, page};
use crate::MemoryStore;
use crate::state::{Kind, State};
use async_trait::async_trait;
use std::collections::BTreeMap;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::dispute::Dispute;
use veza_domain::distribution::{Placement, PlacementStatus};
use veza_domain::effect::Effect;
use veza_domain::ids::{DeliveryId, OrderId, TransferId};
use veza_domain::journal::AdminAction;
use veza_domain::ledger::{Account, Posting};
use veza_domain::money::{Currency, Minor, MoneyError};
use veza_domain::order::{Order, OrderStatus};
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::subscription::Subscription;
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Transfer, TransferStatus};
use veza_domain::webhook::Delivery;
use veza_ports::storage::{
    AdminReads, Backlog, BacklogClass, DeliveryFilter, LedgerCheck, ListedOrder, OrderFilter, Page, RowKey, SellerTransfer, StatusFilter,
    StoreError, WaitingOn, first_id,
};

#[async_trait]
impl AdminReads for MemoryStore {
    async fn attention(&self, limit: u32, after: Option<WaitingOn>) -> Result<Vec<Attention>, StoreError> {
        let mut entries = self.state().attention(|entry| {
            let place = (entry.since, entry.subject.id(), entry.code.as_str());
            after.is_none_or(|after| place > (after.since, after.subject, after.code.as_str()))
        });
        entries.truncate(count(limit));
        Ok(entries)
    }

    async fn deliveries(&self, filter: &DeliveryFilter, at: Page) -> Result<Vec<Delivery>, StoreError> {
        let wanted = |delivery: &Delivery| {
            filter.signature_valid.is_none_or(|valid| delivery.signature_valid == valid)
                && filter.event_type.as_ref().is_none_or(|wanted| delivery.event_type.as_ref() == Some(wanted))
                && filter.result.as_ref().is_none_or(|start| delivery.result.to_string().starts_with(start.as_str()))
                && filter.since.is_none_or(|since| delivery.received_at >= since)
                && filter.sender.is_none_or(|sender| delivery.sender == sender)
        };
        let state = self.state();
        let found = state.all::<Delivery>().filter(|delivery| wanted(delivery.value));
        Ok(page(found, |delivery| delivery.id.0, at).into_iter().cloned().collect())
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        Ok(self.state().get(&RowKey::Delivery(id)).map(|delivery| delivery.value))
    }

    async fn ledger_balances(&self) -> Result<Vec<(Account, Currency, Minor)>, StoreError> {
        self.state().balances().map_err(|error| StoreError::Corrupt(error.to_string()))
    }

    /// The model keeps no balances beside the entries, so nothing can drift.
    async fn ledger_check(&self) -> Result<LedgerCheck, StoreError> {
        let balances = self.state().balances().map_err(|error| StoreError::Corrupt(error.to_string()))?;
        let mut sums: BTreeMap<Currency, Minor> = BTreeMap::new();
        for (_, currency, amount) in balances {
            let sum = sums.entry(currency).or_default();
            *sum = sum.plus(amount).map_err(|error| StoreError::Corrupt(error.to_string()))?;
        }
        Ok(LedgerCheck { sums: sums.into_iter().collect(), drift: Vec::new() })
    }

    async fn attention_entry(&self, subject: Uuid, code: Code) -> Result<Option<Attention>, StoreError> {
        Ok(self.state().get(&RowKey::Attention(subject, code)).map(|entry| entry.value))
    }

    async fn orders(&self, filter: OrderFilter, at: Page) -> Result<Vec<ListedOrder>, StoreError> {
        let state = self.state();
        let wanted = |order: &Order| {
            filter.status.is_none_or(|status| order.status == status) && filter.buyer.is_none_or(|buyer| order.buyer_id == buyer)
        };
        let orders = page(state.all::<Order>().filter(|order| wanted(order.value)), |order| order.id.0, at);
        Ok(orders.into_iter().map(|order| state.listed(order)).collect())
    }

    async fn refunds(&self, filter: StatusFilter, at: Page) -> Result<Vec<Refund>, StoreError> {
        let wanted = |refund: &Refund| filter.status.is_none_or(|status| refund.status.as_str() == status);
        Ok(self.state().listed_by(wanted, |refund| refund.id.0, at))
    }

    async fn transfers(&self, filter: StatusFilter, at: Page) -> Result<Vec<SellerTransfer>, StoreError> {
        let state = self.state();
        let wanted = |transfer: &Transfer| filter.status.is_none_or(|status| transfer.status().as_str() == status);
        let transfers = state.listed_by(wanted, |transfer| transfer.id.0, at);
        Ok(transfers.iter().map(|transfer| state.with_reversals(transfer)).collect())
    }

    async fn disputes(&self, filter: StatusFilter, at: Page) -> Result<Vec<Dispute>, StoreError> {
        let wanted = |dispute: &Dispute| filter.status.is_none_or(|status| dispute.status.as_str() == status);
        Ok(self.state().listed_by(wanted, |dispute| dispute.id.0, at))
    }

    async fn admin_actions(&self, at: Page) -> Result<Vec<AdminAction>, StoreError> {
        Ok(self.state().listed_by(|_| true, |action: &AdminAction| action.id.0, at))
    }

    async fn orders_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<OrderId>, StoreError> {
        let state = self.state();
        let made = |id: &OrderId| (first_id(from)..first_id(until)).contains(&id.0) && after.is_none_or(|after| *id > after);
        Ok(state.all::<Order>().map(|order| order.value.id).filter(made).take(count(limit)).collect())
    }

    async fn count_orders_between(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        let state = self.state();
        let made = state.all::<Order>().filter(|order| (first_id(from)..first_id(until)).contains(&order.value.id.0));
        Ok(made.map(|_| 1).sum())
    }

    async fn transfers_without_stripe_id(&self, after: Option<TransferId>, limit: u32) -> Result<Vec<Transfer>, StoreError> {
        let state = self.state();
        let at_connect = [TransferStatus::Completed, TransferStatus::ReversalPending, TransferStatus::Reversed];
        let taken_back = |row: &Transfer| state.all::<Reversal>().any(|reversal| reversal.value.transfer_id == Some(row.id));
        let was_there =
            |row: &Transfer| at_connect.contains(&row.status()) || row.status() == TransferStatus::PermanentlyFailed && taken_back(row);
        let without = |row: &&Transfer| was_there(row) && row.stripe_transfer_id.is_none() && after.is_none_or(|after| row.id > after);
        Ok(state.all::<Transfer>().map(|row| row.value).filter(without).take(count(limit)).cloned().collect())
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let state = self.state();
        Ok(vec![
            state.class("effects", |row: &Effect| (!row.is_over()).then_some(row.created_at)),
            state.class("orders", |row: &Order| (row.status == OrderStatus::Pending).then_some(row.created_at)),
            state.class("refunds", |row: &Refund| (row.status == RefundStatus::Pending).then_some(row.created_at)),
            state.class("transfers", |row: &Transfer| {
                matches!(row.status(), TransferStatus::Pending | TransferStatus::Failed).then_some(row.created_at)
            }),
            state.class("reversals", |row: &Reversal| (row.status == ReversalStatus::ReversalPending).then_some(row.created_at)),
            state.class("disputes", |row: &Dispute| row.status.is_open().then_some(row.created_at)),
            state.class("subscriptions", |row: &Subscription| row.past_due_since),
            state.class("placements", |row: &Placement| {
                let moving = !row.status().is_over() && row.status() != PlacementStatus::Live;
                moving.then_some(row.created_at)
            }),
            state.class("attention", |row: &Attention| Some(row.since)),
        ])
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

impl State {
    /// A page of the rows of a kind that are `wanted`.
    fn listed_by<T: Kind>(&self, wanted: impl Fn(&T) -> bool, id: impl Fn(&T) -> Uuid, at: Page) -> Vec<T> {
        page(self.all::<T>().filter(|row| wanted(row.value)), id, at).into_iter().cloned().collect()
    }

    /// A class of work: the rows of a kind that are open, and since when.
    fn class<T: Kind>(&self, class: &'static str, open_since: impl Fn(&T) -> Option<Timestamp>) -> BacklogClass {
        let since: Vec<Timestamp> = self.all::<T>().filter_map(|row| open_since(row.value)).collect();
        BacklogClass { class, open: since.len() as u64, oldest: since.into_iter().min() }
    }

    /// Every account that was ever posted to, those that are even too.
    fn balances(&self) -> Result<Vec<(Account, Currency, Minor)>, MoneyError> {
        let mut sums: BTreeMap<(Account, Currency), Minor> = BTreeMap::new();
        for posting in self.all::<Posting>().map(|row| row.value) {
            for entry in &posting.entries {
                let sum = sums.entry((entry.account, posting.currency)).or_default();
                *sum = sum.plus(entry.amount)?;
            }
        }
        Ok(sums.into_iter().map(|((account, currency), amount)| (account, currency, amount)).collect())
    }
}
