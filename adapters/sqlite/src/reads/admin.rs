//! What operators see.

use super::{before, lists};
use crate::SqliteStore;
use crate::fault::Gone;
use crate::fields::{Fields, all, one, values};
use crate::rows::operations::{attention, delivery, select_attention, select_delivery};
use async_trait::async_trait;
use rusqlite::{Connection, ToSql, params};
use uuid::Uuid;
use veza_domain::attention::{Attention, Code};
use veza_domain::dispute::Dispute;
use veza_domain::ids::{DeliveryId, OrderId, TransferId};
use veza_domain::journal::AdminAction;
use veza_domain::ledger::Account;
use veza_domain::money::{Currency, Minor};
use veza_domain::refund::Refund;
use veza_domain::time::Timestamp;
use veza_domain::transfer::Transfer;
use veza_domain::webhook::Delivery;
use veza_ports::storage::{
    AdminReads, Backlog, BacklogClass, DeliveryFilter, LedgerCheck, ListedOrder, OrderFilter, Page, SellerTransfer, StatusFilter,
    StoreError, WaitingOn,
};

pub(super) const WAITING: &str =
    select_attention!("WHERE (since, subject_id, code) > (?1, ?2, ?3) ORDER BY since, subject_id, code LIMIT ?4");
pub(super) const DELIVERIES: &str = select_delivery!("WHERE id < ?1");
pub(super) const BALANCES: &str = "SELECT account, currency, amount FROM ledger_balances";
pub(super) const SUMS: &str = "SELECT currency, sum(amount) FROM ledger_balances GROUP BY currency";
pub(super) const DRIFT: &str = "SELECT account, currency, entries, balance FROM ledger_drift";
pub(super) const ENTRY: &str = select_attention!("WHERE subject_id = ?1 AND code = ?2");
/// Class by class: how many are open, and since when the oldest is. Of each only the open rows are walked.
pub(super) const BACKLOG: &str = "SELECT count(*), min(created_at) FROM effects WHERE state IN ('pending', 'sent') \
     UNION ALL SELECT count(*), min(created_at) FROM orders WHERE status = 'pending' \
     UNION ALL SELECT sum(open), min(oldest) FROM ( \
         SELECT count(*) AS open, min(created_at) AS oldest FROM refunds WHERE status = 'pending' AND psp_refund_id IS NOT NULL \
         UNION ALL SELECT count(*), min(created_at) FROM refunds WHERE status = 'pending' AND psp_refund_id IS NULL) \
     UNION ALL SELECT sum(open), min(oldest) FROM ( \
         SELECT count(*) AS open, min(created_at) AS oldest FROM transfers WHERE status = 'pending' \
         UNION ALL SELECT count(*), min(created_at) FROM transfers WHERE status = 'failed') \
     UNION ALL SELECT count(*), min(created_at) FROM reversals WHERE status = 'reversal_pending' \
     UNION ALL SELECT count(*), min(created_at) FROM disputes WHERE status = 'opened' OR status = 'challenged' OR status = 'expired' \
     UNION ALL SELECT count(*), min(past_due_since) FROM subscriptions WHERE past_due_since IS NOT NULL \
     UNION ALL SELECT count(*), min(created_at) FROM placements \
         WHERE status <> 'live' AND status <> 'rejected' AND status <> 'taken_down' \
     UNION ALL SELECT count(*), min(since) FROM attention";
const CLASSES: [&str; 9] =
    ["effects", "orders", "refunds", "transfers", "reversals", "disputes", "subscriptions", "placements", "attention"];

#[async_trait]
impl AdminReads for SqliteStore {
    async fn attention(&self, limit: u32, after: Option<WaitingOn>) -> Result<Vec<Attention>, StoreError> {
        let list = move |db: &Connection| match after {
            Some(after) => all(db, WAITING, params![after.since.0, after.subject, after.code.as_str(), limit], attention),
            None => all(db, WAITING, params![i64::MIN, [0_u8; 0], "", limit], attention),
        };
        self.readers.read(list).await.map(values)
    }

    async fn deliveries(&self, filter: &DeliveryFilter, page: Page) -> Result<Vec<Delivery>, StoreError> {
        let filter = filter.clone();
        self.readers.read(move |db| deliveries(db, &filter, page)).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        let found = self.readers.read(move |db| one(db, select_delivery!("WHERE id = ?1"), [id.0], delivery)).await?;
        Ok(found.map(|delivery| delivery.value))
    }

    async fn ledger_balances(&self) -> Result<Vec<(Account, Currency, Minor)>, StoreError> {
        let mut balances = self.readers.read(balances).await?;
        balances.sort_unstable();
        Ok(balances)
    }

    async fn ledger_check(&self) -> Result<LedgerCheck, StoreError> {
        self.readers.snapshot(ledger_check).await
    }

    async fn attention_entry(&self, subject: Uuid, code: Code) -> Result<Option<Attention>, StoreError> {
        let found = self.readers.read(move |db| one(db, ENTRY, params![subject, code.as_str()], attention)).await?;
        Ok(found.map(|entry| entry.value))
    }

    async fn orders(&self, filter: OrderFilter, page: Page) -> Result<Vec<ListedOrder>, StoreError> {
        self.readers.snapshot(move |db| lists::orders(db, filter, page)).await
    }

    async fn refunds(&self, filter: StatusFilter, page: Page) -> Result<Vec<Refund>, StoreError> {
        self.readers.snapshot(move |db| lists::refunds(db, filter, page)).await
    }

    async fn transfers(&self, filter: StatusFilter, page: Page) -> Result<Vec<SellerTransfer>, StoreError> {
        self.readers.snapshot(move |db| lists::transfers(db, filter, page)).await
    }

    async fn disputes(&self, filter: StatusFilter, page: Page) -> Result<Vec<Dispute>, StoreError> {
        self.readers.read(move |db| lists::disputes(db, filter, page)).await
    }

    async fn admin_actions(&self, page: Page) -> Result<Vec<AdminAction>, StoreError> {
        self.readers.read(move |db| lists::admin_actions(db, page)).await
    }

    async fn orders_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<OrderId>, StoreError> {
        self.readers.read(move |db| lists::orders_between(db, from, until, after, limit)).await
    }

    async fn count_orders_between(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        self.readers.read(move |db| lists::count_orders_between(db, from, until)).await
    }

    async fn transfers_without_stripe_id(&self, after: Option<TransferId>, limit: u32) -> Result<Vec<Transfer>, StoreError> {
        self.readers.snapshot(move |db| lists::transfers_without_stripe_id(db, after, limit)).await
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        self.readers.read(backlog).await
    }

    /// A read, and the writer's thread is there; that the disk takes writes is seen with the next one.
    async fn check(&self) -> Result<(), StoreError> {
        if self.writer.is_closed() {
            return Err(StoreError::Unavailable(Box::new(Gone)));
        }
        self.readers.read(|db| db.query_row("SELECT max(version) FROM schema_migrations", [], |_| Ok(()))).await
    }
}

/// Each condition that is asked for joins the statement, so that the partial indexes on refused and failed deliveries serve.
fn deliveries(db: &Connection, filter: &DeliveryFilter, page: Page) -> rusqlite::Result<Vec<Delivery>> {
    let (sql, params) = deliveries_query(filter, page);
    let params: Vec<&dyn ToSql> = params.iter().map(AsRef::as_ref).collect();
    all(db, &sql, params.as_slice(), delivery).map(values)
}

pub(crate) fn deliveries_query(filter: &DeliveryFilter, page: Page) -> (String, Vec<Box<dyn ToSql>>) {
    let (mut sql, mut params) = (DELIVERIES.to_owned(), Vec::<Box<dyn ToSql>>::from([Box::new(before(page)) as _]));
    match filter.signature_valid {
        Some(true) => sql.push_str(" AND signature_valid = 1"),
        Some(false) => sql.push_str(" AND signature_valid = 0"),
        None => {}
    }
    let mut and = |condition: &str, value: Box<dyn ToSql>| {
        params.push(value);
        sql.push_str(&condition.replace('?', &format!("?{}", params.len())));
    };
    if let Some(event_type) = &filter.event_type {
        and(" AND event_type = ?", Box::new(event_type.clone()));
    }
    if let Some(start) = &filter.result {
        if start.starts_with("error") {
            and(" AND processing_result GLOB 'error*' AND substr(processing_result, 1, length(?)) = ?", Box::new(start.clone()));
        } else {
            and(" AND substr(processing_result, 1, length(?)) = ?", Box::new(start.clone()));
        }
    }
    if let Some(since) = filter.since {
        and(" AND received_at >= ?", Box::new(since.0));
    }
    if let Some(sender) = filter.sender {
        and(" AND sender = ?", Box::new(sender.as_str()));
    }
    and(" ORDER BY id DESC LIMIT ?", Box::new(page.limit));
    (sql, params)
}

fn balances(db: &Connection) -> rusqlite::Result<Vec<(Account, Currency, Minor)>> {
    let mut statement = db.prepare_cached(BALANCES)?;
    let rows = statement.query_map([], |row| {
        let mut row = Fields::of(row);
        Ok((row.parsed(|text| text.parse().ok())?, row.currency()?, row.minor()?))
    })?;
    rows.collect()
}

fn ledger_check(db: &Connection) -> rusqlite::Result<LedgerCheck> {
    let mut sums = db.prepare_cached(SUMS)?;
    let sums = sums.query_map([], |row| {
        let mut row = Fields::of(row);
        Ok((row.currency()?, row.minor()?))
    })?;
    let mut drift = db.prepare_cached(DRIFT)?;
    let drift = drift.query_map([], |row| {
        let mut row = Fields::of(row);
        Ok((row.parsed(|text| text.parse().ok())?, row.currency()?, row.minor()?, row.minor()?))
    })?;
    let mut check = LedgerCheck { sums: sums.collect::<Result<_, _>>()?, drift: drift.collect::<Result<_, _>>()? };
    check.sums.sort_unstable();
    check.drift.sort_unstable();
    Ok(check)
}

fn backlog(db: &Connection) -> rusqlite::Result<Backlog> {
    let mut statement = db.prepare_cached(BACKLOG)?;
    let rows = statement.query_map([], |row| Ok((row.get::<_, i64>(0)?, row.get::<_, Option<i64>>(1)?)))?;
    let class = |(class, row): (&'static str, rusqlite::Result<(i64, Option<i64>)>)| {
        let (open, oldest) = row?;
        Ok(BacklogClass { class, open: u64::try_from(open).unwrap_or(0), oldest: oldest.map(Timestamp) })
    };
    CLASSES.into_iter().zip(rows).map(class).collect()
}
