//! Orders with all that hangs on them, and what buyers have.

use super::billing::{billing, billing_field};
use super::history::HISTORY;
use super::{before, values};
use crate::PostgresStore;
use crate::record::{Read, Record};
use crate::rows::catalogue::select_hold;
use crate::rows::operations::{effect_fields, select_attention};
use crate::rows::orders::{order_fields, select_licence, select_line};
use crate::rows::refunds::select_refund;
use crate::rows::trail::{select_dispute, select_netting};
use crate::rows::transfers::{reversal_fields, select_reversal, select_transfer};
use crate::statement::Statement;
use async_trait::async_trait;
use std::collections::BTreeSet;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::dispute::Dispute;
use veza_domain::effect::Effect;
use veza_domain::ids::{EffectId, OrderId, ReversalId, TransferId, UserId};
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::netting::Netting;
use veza_domain::order::{Order, OrderLine};
use veza_domain::refund::Refund;
use veza_domain::reversal::Reversal;
use veza_domain::settlement::OrderFile;
use veza_domain::transfer::Transfer;
use veza_ports::BoxError;
use veza_ports::storage::{DEBTS_MAX, History, ListedOrder, OrderReads, Page, Revisions, RowKey, StoreError, StoredOrder, Versioned};

/// Read before every decision, so it does as little as it can: what little there is of each kind is sorted where it is read, and a
/// seller or product of several lines comes several times.
pub(crate) const FILE: &str = concat!(
    "SELECT ROW(",
    order_fields!(),
    ", ARRAY(",
    select_line!("WHERE order_id = $1 ORDER BY position, id"),
    "), ARRAY(",
    select_hold!("JOIN order_lines l ON l.product_id = h.product_id WHERE l.order_id = $1"),
    "), ARRAY(",
    select_refund!("WHERE order_id = $1"),
    "), ARRAY(",
    select_licence!("WHERE order_id = $1"),
    "), ARRAY(",
    select_transfer!("WHERE order_id = $1"),
    "), ARRAY(",
    select_reversal!("WHERE r.order_id = $1"),
    "), ARRAY(",
    select_dispute!("WHERE order_id = $1"),
    "), ARRAY(",
    select_netting!("WHERE order_id = $1"),
    "), ARRAY(SELECT ROW(",
    reversal_fields!(),
    ") FROM order_lines l CROSS JOIN LATERAL ((SELECT * FROM reversals owed WHERE owed.seller_id = l.seller_id \
         AND owed.status = 'reversal_pending' AND owed.first_sent_at IS NULL AND owed.order_id <> $1 ORDER BY owed.id LIMIT $2) \
         UNION ALL (SELECT * FROM reversals lost WHERE lost.seller_id = l.seller_id AND lost.status = 'permanently_failed' \
         AND lost.netted + lost.written_off < lost.amount AND lost.first_sent_at IS NULL AND lost.order_id <> $1 \
         ORDER BY lost.id LIMIT $2)) AS r \
         WHERE l.order_id = $1), ",
    billing_field!(),
    ") FROM orders WHERE id = $1"
);
pub(crate) const OF_PAYMENT: &str = "SELECT ROW(id) FROM orders WHERE payment_id = $1 AND payment_id <> ''";
/// The PSP's id goes before ours.
pub(crate) const OF_REFUND: &str = "SELECT ROW(order_id) FROM ( \
         SELECT order_id, 1 AS place FROM refunds WHERE psp_refund_id = $1 AND psp_refund_id <> '' \
         UNION ALL SELECT order_id, 2 FROM refunds WHERE id = $2) AS found ORDER BY place LIMIT 1";
pub(crate) const OF_DISPUTE: &str = "SELECT ROW(order_id) FROM disputes WHERE psp_dispute_id = $1";
pub(crate) const OF_TRANSFER: &str = "SELECT ROW(order_id, id) FROM transfers WHERE stripe_transfer_id = $1 AND stripe_transfer_id <> ''";
pub(crate) const OF_OUR_TRANSFER: &str = "SELECT ROW(order_id) FROM transfers WHERE id = $1";
pub(crate) const OF_REVERSAL: &str = "SELECT ROW(order_id) FROM reversals WHERE id = $1";
/// An order with its lines, and what waits on a person.
macro_rules! listed_order {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(",
            crate::rows::orders::order_fields!(),
            ", ARRAY(",
            crate::rows::orders::select_line!("WHERE order_lines.order_id = orders.id ORDER BY position, order_lines.id"),
            "), ARRAY(SELECT DISTINCT a.code FROM attention a WHERE a.order_id = orders.id)) FROM orders ",
            $rest
        )
    };
}
pub(crate) use listed_order;
pub(crate) const OF_BUYER: &str = listed_order!("WHERE buyer_id = $1 AND invoice_id IS NULL AND id < $2 ORDER BY id DESC LIMIT $3");
pub(crate) const LICENCES_OF_BUYER: &str = select_licence!("WHERE buyer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
pub(crate) const ATTENTION: &str = select_attention!("WHERE order_id = $1 ORDER BY since, subject_id, code");
const EFFECT: &str = concat!("SELECT ROW(", effect_fields!(), ") FROM effects WHERE id = $1");

#[async_trait]
impl OrderReads for PostgresStore {
    async fn order_file(&self, id: OrderId) -> Result<Option<StoredOrder>, StoreError> {
        self.read_one(|| Statement::new(FILE).with(id.0).with(DEBTS_MAX)).await
    }

    async fn order_of_payment(&self, payment_id: &str) -> Result<Option<OrderId>, StoreError> {
        let found: Option<Id> = self.read_one(|| Statement::new(OF_PAYMENT).with(payment_id)).await?;
        Ok(found.map(|id| OrderId(id.0)))
    }

    async fn order_of_refund(&self, psp_refund_id: &str) -> Result<Option<OrderId>, StoreError> {
        let ours = Uuid::parse_str(psp_refund_id).ok().filter(|id| id.to_string() == psp_refund_id);
        let found: Option<Id> = self.read_one(|| Statement::new(OF_REFUND).with(psp_refund_id).with(ours)).await?;
        Ok(found.map(|id| OrderId(id.0)))
    }

    async fn order_of_dispute(&self, psp_dispute_id: &str) -> Result<Option<OrderId>, StoreError> {
        let found: Option<Id> = self.read_one(|| Statement::new(OF_DISPUTE).with(psp_dispute_id)).await?;
        Ok(found.map(|id| OrderId(id.0)))
    }

    async fn order_of_transfer(&self, stripe_transfer_id: &str) -> Result<Option<(OrderId, TransferId)>, StoreError> {
        let found: Option<Ids> = self.read_one(|| Statement::new(OF_TRANSFER).with(stripe_transfer_id)).await?;
        Ok(found.map(|ids| (OrderId(ids.0), TransferId(ids.1))))
    }

    async fn order_of_our_transfer(&self, id: TransferId) -> Result<Option<OrderId>, StoreError> {
        let found: Option<Id> = self.read_one(|| Statement::new(OF_OUR_TRANSFER).with(id.0)).await?;
        Ok(found.map(|id| OrderId(id.0)))
    }

    async fn order_of_reversal(&self, id: ReversalId) -> Result<Option<OrderId>, StoreError> {
        let found: Option<Id> = self.read_one(|| Statement::new(OF_REVERSAL).with(id.0)).await?;
        Ok(found.map(|id| OrderId(id.0)))
    }

    async fn history(&self, id: OrderId) -> Result<History, StoreError> {
        Ok(self.read_one(|| Statement::new(HISTORY).with(id.0)).await?.unwrap_or_default())
    }

    async fn orders_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<ListedOrder>, StoreError> {
        self.read(|| Statement::new(OF_BUYER).with(buyer.0).with(before(page)).with(page.limit)).await
    }

    async fn licences_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<Licence>, StoreError> {
        self.read(|| Statement::new(LICENCES_OF_BUYER).with(buyer.0).with(before(page)).with(page.limit)).await.map(values)
    }

    async fn attention_of_order(&self, id: OrderId) -> Result<Vec<Attention>, StoreError> {
        self.read(|| Statement::new(ATTENTION).with(id.0)).await
    }

    async fn effect(&self, id: EffectId) -> Result<Option<Versioned<Effect>>, StoreError> {
        self.read_one(|| Statement::new(EFFECT).with(id.0)).await
    }
}

/// A row that is only an id.
pub(super) struct Id(pub(super) Uuid);

impl Read for Id {
    const WHAT: &'static str = "ids";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        row.id().map(Self)
    }
}

/// Two ids.
struct Ids(Uuid, Uuid);

impl Read for Ids {
    const WHAT: &'static str = "ids";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self(row.id()?, row.id()?))
    }
}

impl Read for ListedOrder {
    const WHAT: &'static str = "orders";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let order: Versioned<Order> = Read::read(row)?;
        let lines = values(row.all()?);
        let codes: Vec<String> = row.get()?;
        let flags = codes.iter().map(|code| Code::parse(code).ok_or_else(|| row.unreadable(code)));
        let flags = flags.collect::<Result<BTreeSet<Code>, _>>()?;
        Ok(Self { order: order.value, lines, flags: flags.into_iter().collect() })
    }
}

impl Read for StoredOrder {
    const WHAT: &'static str = "orders";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let order: Versioned<Order> = Read::read(row)?;
        let mut revisions = Revisions::from([(RowKey::Order(order.value.id), order.revision)]);
        let lines = noted(row, &mut revisions, |line: &OrderLine| RowKey::Line(line.id))?;
        // The products' guard rows matter where an exclusive licence is sold; others of the same products are not the order's.
        let exclusive: BTreeSet<_> = lines.iter().filter(|line| line.licence_kind.is_exclusive()).map(|line| line.product_id).collect();
        let mut holds: Vec<Versioned<ExclusiveHold>> = sorted(row.all()?, |hold: &Versioned<ExclusiveHold>| hold.value.product_id);
        holds.retain(|hold| exclusive.contains(&hold.value.product_id));
        holds.dedup_by_key(|hold| hold.value.product_id);
        revisions.extend(holds.iter().map(|hold| (RowKey::Exclusive(hold.value.product_id), hold.revision)));
        let mut file = OrderFile::new(order.value, lines, values(holds));
        let refunds = noted(row, &mut revisions, |refund: &Refund| RowKey::Refund(refund.id))?;
        file.refunds = sorted(refunds, |refund| (refund.created_at, refund.id));
        let licences = noted(row, &mut revisions, |licence: &Licence| RowKey::Licence(licence.id))?;
        file.licences = sorted(licences, |licence| licence.id);
        let transfers = noted(row, &mut revisions, |transfer: &Transfer| RowKey::Transfer(transfer.id))?;
        file.transfers = sorted(transfers, |transfer| transfer.id);
        let reversals = noted(row, &mut revisions, |reversal: &Reversal| RowKey::Reversal(reversal.id))?;
        file.reversals = sorted(reversals, |reversal| (reversal.created_at, reversal.id));
        let disputes = noted(row, &mut revisions, |dispute: &Dispute| RowKey::Dispute(dispute.id))?;
        file.disputes = sorted(disputes, |dispute| (dispute.created_at, dispute.id));
        let nettings = noted(row, &mut revisions, |netting: &Netting| RowKey::Netting(netting.id))?;
        file.nettings = sorted(nettings, |netting| (netting.created_at, netting.id));
        let mut debts: Vec<Versioned<Reversal>> = sorted(row.all()?, |debt: &Versioned<Reversal>| debt.value.id);
        debts.dedup_by_key(|debt| debt.value.id);
        debts.truncate(usize::try_from(DEBTS_MAX).unwrap_or(usize::MAX));
        revisions.extend(debts.iter().map(|debt| (RowKey::Reversal(debt.value.id), debt.revision)));
        file.debts = values(debts);
        file.billing = billing(row, &mut revisions)?;
        Ok(Self { file, revisions })
    }
}

/// The rows of the next field, their revisions noted.
fn noted<T: Read>(row: &mut Record<'_>, revisions: &mut Revisions, key: impl Fn(&T) -> RowKey) -> Result<Vec<T>, BoxError> {
    let rows: Vec<Versioned<T>> = row.all()?;
    revisions.extend(rows.iter().map(|row| (key(&row.value), row.revision)));
    Ok(values(rows))
}

fn sorted<T, K: Ord>(mut rows: Vec<T>, key: impl Fn(&T) -> K) -> Vec<T> {
    rows.sort_by_key(key);
    rows
}
