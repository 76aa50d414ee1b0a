//! Orders with all that hangs on them, and what buyers have.

use super::before;
use super::billing::billing;
use super::catalogue::HOLD;
use super::history::history;
use crate::SqliteStore;
use crate::fields::{all, one, values};
use crate::rows::catalogue::hold;
use crate::rows::operations::{attention, effect, select_attention, select_effect};
use crate::rows::orders::{licence, line, order, select_licence, select_line, select_order};
use crate::rows::refunds::{parts, refund, select_refund};
use crate::rows::trail::{dispute, netting, select_dispute, select_netting};
use crate::rows::transfers::{reversal, select_reversal, select_transfer, transfer};
use async_trait::async_trait;
use rusqlite::{Connection, OptionalExtension, Params, params};
use std::collections::BTreeSet;
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::effect::Effect;
use veza_domain::ids::{EffectId, OrderId, ReversalId, TransferId, UserId};
use veza_domain::licence::Licence;
use veza_domain::order::Order;
use veza_domain::reversal::Reversal;
use veza_domain::settlement::OrderFile;
use veza_ports::storage::{DEBTS_MAX, History, ListedOrder, OrderReads, Page, Revisions, RowKey, StoreError, StoredOrder, Versioned};

pub(super) const ORDER: &str = select_order!("WHERE id = ?1");
pub(super) const LINES: &str = select_line!("WHERE order_id = ?1 ORDER BY position, id");
pub(super) const REFUNDS: &str = select_refund!("WHERE order_id = ?1 ORDER BY created_at, id");
pub(super) const LICENCES: &str = select_licence!("WHERE order_id = ?1 ORDER BY id");
pub(super) const TRANSFERS: &str = select_transfer!("WHERE order_id = ?1 ORDER BY id");
pub(super) const REVERSALS: &str = select_reversal!("WHERE order_id = ?1 ORDER BY created_at, id");
pub(super) const DISPUTES: &str = select_dispute!("WHERE order_id = ?1 ORDER BY created_at, id");
pub(super) const NETTINGS: &str = select_netting!("WHERE order_id = ?1 ORDER BY created_at, id");
/// Of one seller.
pub(super) const DEBTS: &str = select_reversal!(
    "INDEXED BY reversals_owed WHERE seller_id = ?1 AND status = 'reversal_pending' AND first_sent_at IS NULL AND order_id <> ?2 \
     ORDER BY id LIMIT ?3"
);
/// Of one seller, given up.
pub(super) const DEBTS_GIVEN_UP: &str = select_reversal!(
    "INDEXED BY reversals_given_up WHERE seller_id = ?1 AND status = 'permanently_failed' AND netted + written_off < amount \
     AND first_sent_at IS NULL AND order_id <> ?2 ORDER BY id LIMIT ?3"
);
/// What hangs on an order, in the order of [`Hangs`]: mostly nothing, which is then told by one statement.
pub(super) const HANGS: &str = "SELECT EXISTS (SELECT 1 FROM refunds WHERE order_id = ?1), \
     EXISTS (SELECT 1 FROM licences WHERE order_id = ?1), EXISTS (SELECT 1 FROM transfers WHERE order_id = ?1), \
     EXISTS (SELECT 1 FROM reversals WHERE order_id = ?1), EXISTS (SELECT 1 FROM disputes WHERE order_id = ?1), \
     EXISTS (SELECT 1 FROM nettings WHERE order_id = ?1), \
     EXISTS (SELECT 1 FROM order_lines AS l CROSS JOIN reversals AS r INDEXED BY reversals_owed ON r.seller_id = l.seller_id \
             WHERE l.order_id = ?1 AND r.status = 'reversal_pending') \
     OR EXISTS (SELECT 1 FROM order_lines AS l CROSS JOIN reversals AS r INDEXED BY reversals_given_up ON r.seller_id = l.seller_id \
                WHERE l.order_id = ?1 AND r.status = 'permanently_failed' AND r.netted + r.written_off < r.amount)";
pub(super) const OF_PAYMENT: &str = "SELECT id FROM orders WHERE payment_id = ?1 AND payment_id <> ''";
pub(super) const OF_PSP_REFUND: &str = "SELECT order_id FROM refunds WHERE psp_refund_id = ?1 AND psp_refund_id <> ''";
pub(super) const OF_REFUND: &str = "SELECT order_id FROM refunds WHERE id = ?1";
pub(super) const OF_DISPUTE: &str = "SELECT order_id FROM disputes WHERE psp_dispute_id = ?1";
pub(super) const OF_TRANSFER: &str = "SELECT order_id, id FROM transfers WHERE stripe_transfer_id = ?1 AND stripe_transfer_id <> ''";
pub(super) const OF_OUR_TRANSFER: &str = "SELECT order_id FROM transfers WHERE id = ?1";
pub(super) const OF_REVERSAL: &str = "SELECT order_id FROM reversals WHERE id = ?1";
pub(super) const OF_BUYER: &str = select_order!("WHERE buyer_id = ?1 AND invoice_id IS NULL AND id < ?2 ORDER BY id DESC LIMIT ?3");
pub(super) const LICENCES_OF_BUYER: &str = select_licence!("WHERE buyer_id = ?1 AND id < ?2 ORDER BY id DESC LIMIT ?3");
pub(super) const ATTENTION: &str = select_attention!("WHERE order_id = ?1 ORDER BY since, subject_id, code");

#[async_trait]
impl OrderReads for SqliteStore {
    async fn order_file(&self, id: OrderId) -> Result<Option<StoredOrder>, StoreError> {
        self.readers.snapshot(move |db| file(db, id)).await
    }

    async fn order_of_payment(&self, payment_id: &str) -> Result<Option<OrderId>, StoreError> {
        let payment_id = payment_id.to_owned();
        self.readers.read(move |db| order_id(db, OF_PAYMENT, [payment_id])).await
    }

    async fn order_of_refund(&self, psp_refund_id: &str) -> Result<Option<OrderId>, StoreError> {
        let text = psp_refund_id.to_owned();
        let find = move |db: &Connection| match order_id(db, OF_PSP_REFUND, [&text])? {
            Some(found) => Ok(Some(found)),
            None => match Uuid::parse_str(&text) {
                Ok(ours) if ours.to_string() == text => order_id(db, OF_REFUND, [ours]),
                Ok(_) | Err(_) => Ok(None),
            },
        };
        self.readers.snapshot(find).await
    }

    async fn order_of_dispute(&self, psp_dispute_id: &str) -> Result<Option<OrderId>, StoreError> {
        let psp_dispute_id = psp_dispute_id.to_owned();
        self.readers.read(move |db| order_id(db, OF_DISPUTE, [psp_dispute_id])).await
    }

    async fn order_of_transfer(&self, stripe_transfer_id: &str) -> Result<Option<(OrderId, TransferId)>, StoreError> {
        let stripe_transfer_id = stripe_transfer_id.to_owned();
        let find = move |db: &Connection| {
            let ids = |row: &rusqlite::Row<'_>| Ok((OrderId(row.get(0)?), TransferId(row.get(1)?)));
            db.prepare_cached(OF_TRANSFER)?.query_row([stripe_transfer_id], ids).optional()
        };
        self.readers.read(find).await
    }

    async fn order_of_our_transfer(&self, id: TransferId) -> Result<Option<OrderId>, StoreError> {
        self.readers.read(move |db| order_id(db, OF_OUR_TRANSFER, [id.0])).await
    }

    async fn order_of_reversal(&self, id: ReversalId) -> Result<Option<OrderId>, StoreError> {
        self.readers.read(move |db| order_id(db, OF_REVERSAL, [id.0])).await
    }

    async fn history(&self, id: OrderId) -> Result<History, StoreError> {
        self.readers.snapshot(move |db| history(db, id)).await
    }

    async fn orders_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<ListedOrder>, StoreError> {
        let list = move |db: &Connection| {
            let orders = values(all(db, OF_BUYER, params![buyer.0, before(page), page.limit], order)?);
            orders.into_iter().map(|order| listed(db, order)).collect()
        };
        self.readers.snapshot(list).await
    }

    async fn licences_of_buyer(&self, buyer: UserId, page: Page) -> Result<Vec<Licence>, StoreError> {
        let list = move |db: &Connection| all(db, LICENCES_OF_BUYER, params![buyer.0, before(page), page.limit], licence);
        self.readers.read(list).await.map(values)
    }

    async fn attention_of_order(&self, id: OrderId) -> Result<Vec<Attention>, StoreError> {
        self.readers.read(move |db| all(db, ATTENTION, [id.0], attention)).await.map(values)
    }

    async fn effect(&self, id: EffectId) -> Result<Option<Versioned<Effect>>, StoreError> {
        self.readers.read(move |db| one(db, select_effect!("WHERE id = ?1"), [id.0], effect)).await
    }
}

fn order_id(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Option<OrderId>> {
    db.prepare_cached(sql)?.query_row(params, |row| row.get(0)).optional().map(|id: Option<Uuid>| id.map(OrderId))
}

pub(super) fn listed(db: &Connection, order: Order) -> rusqlite::Result<ListedOrder> {
    let lines = values(all(db, LINES, [order.id.0], line)?);
    let flags: BTreeSet<Code> = all(db, ATTENTION, [order.id.0], attention)?.into_iter().map(|row| row.value.code).collect();
    Ok(ListedOrder { order, lines, flags: flags.into_iter().collect() })
}

/// Which kinds of rows an order has.
struct Hangs {
    refunds: bool,
    licences: bool,
    transfers: bool,
    reversals: bool,
    disputes: bool,
    nettings: bool,
    /// Its sellers may owe something.
    debts: bool,
}

fn hangs(db: &Connection, id: OrderId) -> rusqlite::Result<Hangs> {
    db.prepare_cached(HANGS)?.query_row([id.0], |row| {
        Ok(Hangs {
            refunds: row.get(0)?,
            licences: row.get(1)?,
            transfers: row.get(2)?,
            reversals: row.get(3)?,
            disputes: row.get(4)?,
            nettings: row.get(5)?,
            debts: row.get(6)?,
        })
    })
}

fn file(db: &Connection, id: OrderId) -> rusqlite::Result<Option<StoredOrder>> {
    let Some(order) = one(db, ORDER, [id.0], order)? else { return Ok(None) };
    let mut revisions = Revisions::from([(RowKey::Order(id), order.revision)]);
    let order = order.value;
    let lines = noted(all(db, LINES, [id.0], line)?, &mut revisions, |line| RowKey::Line(line.id));
    let exclusive: BTreeSet<_> = lines.iter().filter(|line| line.licence_kind.is_exclusive()).map(|line| line.product_id).collect();
    let holds = exclusive.iter().filter_map(|product| one(db, HOLD, [product.0], hold).transpose());
    let exclusives = noted(holds.collect::<Result<_, _>>()?, &mut revisions, |hold| RowKey::Exclusive(hold.product_id));
    let mut file = OrderFile::new(order, lines, exclusives);
    if let Some(invoice) = file.order.invoice_id {
        file.billing = billing(db, invoice, &mut revisions)?;
    }
    let hangs = hangs(db, id)?;
    if hangs.refunds {
        file.refunds = noted(all(db, REFUNDS, [id.0], refund)?, &mut revisions, |refund| RowKey::Refund(refund.id));
        file.refunds.iter_mut().try_for_each(|refund| parts(db, refund))?;
    }
    if hangs.licences {
        file.licences = noted(all(db, LICENCES, [id.0], licence)?, &mut revisions, |licence| RowKey::Licence(licence.id));
    }
    if hangs.transfers {
        file.transfers = noted(all(db, TRANSFERS, [id.0], transfer)?, &mut revisions, |transfer| RowKey::Transfer(transfer.id));
    }
    if hangs.reversals {
        file.reversals = noted(all(db, REVERSALS, [id.0], reversal)?, &mut revisions, |reversal| RowKey::Reversal(reversal.id));
    }
    if hangs.disputes {
        file.disputes = noted(all(db, DISPUTES, [id.0], dispute)?, &mut revisions, |dispute| RowKey::Dispute(dispute.id));
    }
    if hangs.nettings {
        file.nettings = noted(all(db, NETTINGS, [id.0], netting)?, &mut revisions, |netting| RowKey::Netting(netting.id));
    }
    if hangs.debts {
        file.debts = noted(debts(db, &file)?, &mut revisions, |debt| RowKey::Reversal(debt.id));
    }
    Ok(Some(StoredOrder { file, revisions }))
}

/// The oldest debts of all of the order's sellers.
fn debts(db: &Connection, file: &OrderFile) -> rusqlite::Result<Vec<Versioned<Reversal>>> {
    let sellers: BTreeSet<_> = file.lines.iter().map(|line| line.seller_id).collect();
    let mut debts = Vec::new();
    for seller in sellers {
        for of_seller in [DEBTS, DEBTS_GIVEN_UP] {
            debts.extend(all(db, of_seller, params![seller.0, file.order.id.0, DEBTS_MAX], reversal)?);
        }
    }
    debts.sort_by_key(|debt| debt.value.id);
    debts.truncate(usize::try_from(DEBTS_MAX).unwrap_or(usize::MAX));
    Ok(debts)
}

/// The rows, their revisions noted.
fn noted<T>(rows: Vec<Versioned<T>>, revisions: &mut Revisions, key: impl Fn(&T) -> RowKey) -> Vec<T> {
    revisions.extend(rows.iter().map(|row| (key(&row.value), row.revision)));
    values(rows)
}
