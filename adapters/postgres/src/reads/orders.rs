//! Orders with all that hangs on them, and what buyers have.

use super::{before, values};
use crate::PostgresStore;
use crate::record::{Read, Record};
use crate::rows::catalogue::select_hold;
use crate::rows::operations::{effect_fields, select_attention};
use crate::rows::orders::{order_fields, select_licence, select_line};
use crate::rows::refunds::select_refund;
use crate::rows::transfers::{select_reversal, select_transfer};
use crate::statement::Statement;
use async_trait::async_trait;
use std::collections::BTreeSet;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::effect::Effect;
use veza_domain::ids::{EffectId, OrderId, UserId};
use veza_domain::licence::{ExclusiveHold, Licence};
use veza_domain::order::{Order, OrderLine};
use veza_domain::refund::Refund;
use veza_domain::reversal::Reversal;
use veza_domain::settlement::OrderFile;
use veza_domain::transfer::Transfer;
use veza_ports::BoxError;
use veza_ports::storage::{ListedOrder, OrderReads, Page, Revisions, RowKey, StoreError, StoredOrder, Versioned};

pub(crate) const FILE: &str = concat!(
    "SELECT ROW(",
    order_fields!(),
    ", ARRAY(",
    select_line!("WHERE order_id = $1 ORDER BY position, id"),
    "), ARRAY(",
    select_hold!("WHERE product_id IN (SELECT l.product_id FROM order_lines l WHERE l.order_id = $1) ORDER BY product_id"),
    "), ARRAY(",
    select_refund!("WHERE order_id = $1 ORDER BY created_at, id"),
    "), ARRAY(",
    select_licence!("WHERE order_id = $1 ORDER BY id"),
    "), ARRAY(",
    select_transfer!("WHERE order_id = $1 ORDER BY id"),
    "), ARRAY(",
    select_reversal!("JOIN transfers t ON t.id = r.transfer_id WHERE t.order_id = $1 ORDER BY r.created_at, r.id"),
    ")) FROM orders WHERE id = $1"
);
pub(crate) const OF_PAYMENT: &str = "SELECT ROW(id) FROM orders WHERE payment_id = $1 AND payment_id <> ''";
/// The PSP's id goes before ours.
pub(crate) const OF_REFUND: &str = "SELECT ROW(order_id) FROM ( \
         SELECT order_id, 1 AS place FROM refunds WHERE psp_refund_id = $1 AND psp_refund_id <> '' \
         UNION ALL SELECT order_id, 2 FROM refunds WHERE id = $2) AS found ORDER BY place LIMIT 1";
pub(crate) const OF_BUYER: &str = concat!(
    "SELECT ROW(",
    order_fields!(),
    ", ARRAY(",
    select_line!("WHERE order_lines.order_id = orders.id ORDER BY position, order_lines.id"),
    "), ARRAY(SELECT DISTINCT a.code FROM attention a WHERE a.order_id = orders.id)) \
     FROM orders WHERE buyer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3"
);
pub(crate) const LICENCES_OF_BUYER: &str = select_licence!("WHERE buyer_id = $1 AND id < $2 ORDER BY id DESC LIMIT $3");
pub(crate) const ATTENTION: &str = select_attention!("WHERE order_id = $1 ORDER BY since, subject_id, code");
const EFFECT: &str = concat!("SELECT ROW(", effect_fields!(), ") FROM effects WHERE id = $1");

#[async_trait]
impl OrderReads for PostgresStore {
    async fn order_file(&self, id: OrderId) -> Result<Option<StoredOrder>, StoreError> {
        self.read_one(|| Statement::new(FILE).with(id.0)).await
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
struct Id(Uuid);

impl Read for Id {
    const WHAT: &'static str = "ids";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        row.id().map(Self)
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
        let mut holds: Vec<Versioned<ExclusiveHold>> = row.all()?;
        holds.retain(|hold| exclusive.contains(&hold.value.product_id));
        revisions.extend(holds.iter().map(|hold| (RowKey::Exclusive(hold.value.product_id), hold.revision)));
        let refunds = noted(row, &mut revisions, |refund: &Refund| RowKey::Refund(refund.id))?;
        let licences = noted(row, &mut revisions, |licence: &Licence| RowKey::Licence(licence.id))?;
        let transfers = noted(row, &mut revisions, |transfer: &Transfer| RowKey::Transfer(transfer.id))?;
        let reversals = noted(row, &mut revisions, |reversal: &Reversal| RowKey::Reversal(reversal.id))?;
        let file = OrderFile { order: order.value, lines, refunds, licences, transfers, reversals, exclusives: values(holds) };
        Ok(Self { file, revisions })
    }
}

/// The rows of the next field, their revisions noted.
fn noted<T: Read>(row: &mut Record<'_>, revisions: &mut Revisions, key: impl Fn(&T) -> RowKey) -> Result<Vec<T>, BoxError> {
    let rows: Vec<Versioned<T>> = row.all()?;
    revisions.extend(rows.iter().map(|row| (key(&row.value), row.revision)));
    Ok(values(rows))
}
