//! Orders with all that hangs on them, and what buyers have.

use super::{count, page};
use crate::MemoryStore;
use crate::state::{Kind, State, Stored, values};
use async_trait::async_trait;
use std::collections::BTreeSet;
use veza_domain::attention::{Attention, Code};
use veza_domain::dispute::Dispute;
use veza_domain::effect::Effect;
use veza_domain::ids::{EffectId, OrderId, ReversalId, TransferId, UserId};
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::netting::Netting;
use veza_domain::order::{Order, OrderLine};
use veza_domain::refund::Refund;
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::settlement::OrderFile;
use veza_domain::transfer::Transfer;
use veza_ports::storage::{DEBTS_MAX, History, ListedOrder, OrderReads, Page, Revisions, RowKey, StoreError, StoredOrder, Versioned};

#[async_trait]
impl OrderReads for MemoryStore {
    async fn order_file(&self, id: OrderId) -> Result<Option<StoredOrder>, StoreError> {
        Ok(self.state().order_file(id))
    }

    async fn order_of_payment(&self, payment_id: &str) -> Result<Option<OrderId>, StoreError> {
        let order = self.state().first(|order: &Order| order.payment_id.as_deref() == Some(payment_id));
        Ok(order.map(|order| order.id))
    }

    async fn order_of_refund(&self, psp_refund_id: &str) -> Result<Option<OrderId>, StoreError> {
        let state = self.state();
        let by_psp = state.first(|refund: &Refund| refund.psp_refund_id.as_deref() == Some(psp_refund_id));
        let found = by_psp.or_else(|| state.first(|refund: &Refund| refund.id.to_string() == psp_refund_id));
        Ok(found.map(|refund| refund.order_id))
    }

    async fn order_of_dispute(&self, psp_dispute_id: &str) -> Result<Option<OrderId>, StoreError> {
        let dispute = self.state().first(|dispute: &Dispute| dispute.psp_dispute_id == psp_dispute_id);
        Ok(dispute.map(|dispute| dispute.order_id))
    }

    async fn order_of_transfer(&self, stripe_transfer_id: &str) -> Result<Option<(OrderId, TransferId)>, StoreError> {
        let transfer = self.state().first(|transfer: &Transfer| transfer.stripe_transfer_id.as_deref() == Some(stripe_transfer_id));
        Ok(transfer.map(|transfer| (transfer.order_id, transfer.id)))
    }

    async fn order_of_our_transfer(&self, id: TransferId) -> Result<Option<OrderId>, StoreError> {
        Ok(self.state().get::<Transfer>(&RowKey::Transfer(id)).map(|transfer| transfer.value.order_id))
    }

    async fn order_of_reversal(&self, id: ReversalId) -> Result<Option<OrderId>, StoreError> {
        Ok(self.state().get::<Reversal>(&RowKey::Reversal(id)).map(|reversal| reversal.value.order_id))
    }

    async fn history(&self, id: OrderId) -> Result<History, StoreError> {
        Ok(self.state().history(id))
    }

    async fn orders_of_buyer(&self, buyer: UserId, at: Page) -> Result<Vec<ListedOrder>, StoreError> {
        let state = self.state();
        let bought = |order: &Order| order.buyer_id == buyer && order.invoice_id.is_none();
        let orders = page(state.all::<Order>().filter(|order| bought(order.value)), |order| order.id.0, at);
        Ok(orders.into_iter().map(|order| state.listed(order)).collect())
    }

    async fn licences_of_buyer(&self, buyer: UserId, at: Page) -> Result<Vec<Licence>, StoreError> {
        let state = self.state();
        let licences = state.all::<Licence>().filter(|licence| licence.value.buyer_id == buyer);
        Ok(page(licences, |licence| licence.id.0, at).into_iter().cloned().collect())
    }

    async fn attention_of_order(&self, id: OrderId) -> Result<Vec<Attention>, StoreError> {
        Ok(self.state().attention(|entry| entry.order_id == Some(id)))
    }

    async fn effect(&self, id: EffectId) -> Result<Option<Versioned<Effect>>, StoreError> {
        Ok(self.state().get(&RowKey::Effect(id)))
    }
}

impl State {
    /// Lines by position; refunds, reversals, disputes and nettings oldest first, then by id; licences, transfers, exclusives and
    /// debts by id.
    fn order_file(&self, id: OrderId) -> Option<StoredOrder> {
        let order = self.get::<Order>(&RowKey::Order(id))?;
        let mut lines = self.find(|line: &OrderLine| line.order_id == id);
        let mut refunds = self.find(|refund: &Refund| refund.order_id == id);
        let licences = self.find(|licence: &Licence| licence.order_id == id);
        let transfers = self.find(|transfer: &Transfer| transfer.order_id == id);
        let mut reversals = self.find(|reversal: &Reversal| reversal.order_id == id);
        let mut disputes = self.find(|dispute: &Dispute| dispute.order_id == id);
        let mut nettings = self.find(|netting: &Netting| netting.order_id == id);
        let bought: BTreeSet<_> =
            lines.iter().filter(|line| line.value.licence_kind.is_exclusive()).map(|line| line.value.product_id).collect();
        let exclusives = self.find(|hold: &ExclusiveHold| bought.contains(&hold.product_id));
        let sellers: BTreeSet<_> = lines.iter().map(|line| line.value.seller_id).collect();
        let debts = self.debts(id, &sellers);
        lines.sort_by_key(|line| line.value.position);
        refunds.sort_by_key(|refund| (refund.value.created_at, refund.value.id));
        reversals.sort_by_key(|reversal| (reversal.value.created_at, reversal.value.id));
        disputes.sort_by_key(|dispute| (dispute.value.created_at, dispute.value.id));
        nettings.sort_by_key(|netting| (netting.value.created_at, netting.value.id));

        let mut revisions = Revisions::from([(RowKey::Order(id), order.revision)]);
        revisions.extend(lines.iter().map(|row| (RowKey::Line(row.value.id), row.revision)));
        revisions.extend(refunds.iter().map(|row| (RowKey::Refund(row.value.id), row.revision)));
        revisions.extend(licences.iter().map(|row| (RowKey::Licence(row.value.id), row.revision)));
        revisions.extend(transfers.iter().map(|row| (RowKey::Transfer(row.value.id), row.revision)));
        revisions.extend(reversals.iter().map(|row| (RowKey::Reversal(row.value.id), row.revision)));
        revisions.extend(exclusives.iter().map(|row| (RowKey::Exclusive(row.value.product_id), row.revision)));
        revisions.extend(disputes.iter().map(|row| (RowKey::Dispute(row.value.id), row.revision)));
        revisions.extend(nettings.iter().map(|row| (RowKey::Netting(row.value.id), row.revision)));
        revisions.extend(debts.iter().map(|row| (RowKey::Reversal(row.value.id), row.revision)));
        let billing = order.value.invoice_id.and_then(|id| self.billing(id));
        revisions.extend(billing.iter().flat_map(|(_, revisions)| revisions.clone()));
        let file = OrderFile {
            order: order.value,
            lines: values(lines),
            refunds: values(refunds),
            licences: values(licences),
            transfers: values(transfers),
            reversals: values(reversals),
            exclusives: values(exclusives),
            disputes: values(disputes),
            nettings: values(nettings),
            debts: values(debts),
            billing: billing.map(|(billing, _)| billing),
        };
        Some(StoredOrder { file, revisions })
    }

    /// What these sellers owe from other orders, and no call can be taking back right now.
    fn debts(&self, but: OrderId, sellers: &BTreeSet<UserId>) -> Vec<Versioned<Reversal>> {
        let owed = |row: &Reversal| {
            let open = match row.status {
                ReversalStatus::ReversalPending => true,
                ReversalStatus::PermanentlyFailed => row.open_amount().is_positive(),
                ReversalStatus::Reversed => false,
            };
            open && row.attempt.first_sent_at.is_none() && row.order_id != but && sellers.contains(&row.seller_id)
        };
        let mut debts = self.find(owed);
        debts.truncate(count(DEBTS_MAX));
        debts
    }

    pub(super) fn listed(&self, order: &Order) -> ListedOrder {
        let mut lines = values(self.find(|line: &OrderLine| line.order_id == order.id));
        lines.sort_by_key(|line| line.position);
        let flags: BTreeSet<Code> = self.attention(|entry| entry.order_id == Some(order.id)).iter().map(|entry| entry.code).collect();
        ListedOrder { order: order.clone(), lines, flags: flags.into_iter().collect() }
    }

    /// Entries of the operators' list: oldest first, then by subject and by the code's text.
    pub(super) fn attention(&self, wanted: impl Fn(&Attention) -> bool) -> Vec<Attention> {
        let mut entries = values(self.find(wanted));
        entries.sort_by_key(|entry| (entry.since, entry.subject.id(), entry.code.as_str()));
        entries
    }

    fn first<T: Kind>(&self, wanted: impl Fn(&T) -> bool) -> Option<T> {
        self.all::<T>().map(|row: Stored<'_, T>| row.value).find(|row| wanted(row)).cloned()
    }
}
