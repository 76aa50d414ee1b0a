//! What operators see.

use super::{count, page};
use crate::MemoryStore;
use crate::state::State;
use async_trait::async_trait;
use std::collections::BTreeMap;
use veza_domain::attention::Attention;
use veza_domain::effect::Effect;
use veza_domain::ids::DeliveryId;
use veza_domain::ledger::{Account, Posting};
use veza_domain::money::{Currency, Minor, MoneyError};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Transfer, TransferStatus};
use veza_domain::webhook::Delivery;
use veza_ports::storage::{AdminReads, Backlog, BacklogClass, DeliveryFilter, Page, RowKey, StoreError, WaitingOn};

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

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let state = self.state();
        let effects = state.all::<Effect>().map(|row| row.value).filter(|effect| !effect.is_over());
        let sending = |transfer: &&Transfer| matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed);
        let transfers = state.all::<Transfer>().map(|row| row.value).filter(sending);
        let taking = |reversal: &&Reversal| reversal.status == ReversalStatus::ReversalPending;
        let reversals = state.all::<Reversal>().map(|row| row.value).filter(taking);
        Ok(vec![
            class("effects", effects.map(|row| row.created_at)),
            class("transfers", transfers.map(|row| row.created_at)),
            class("reversals", reversals.map(|row| row.created_at)),
            class("attention", state.all::<Attention>().map(|row| row.value.since)),
        ])
    }

    async fn check(&self) -> Result<(), StoreError> {
        Ok(())
    }
}

fn class(class: &'static str, since: impl Iterator<Item = Timestamp>) -> BacklogClass {
    let (mut open, mut oldest) = (0, None);
    for made in since {
        open += 1;
        oldest = Some(oldest.map_or(made, |oldest: Timestamp| oldest.min(made)));
    }
    BacklogClass { class, open, oldest }
}

impl State {
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
