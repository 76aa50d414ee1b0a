//! What operators see.

use super::orders::Id;
use super::{before, lists, values};
use crate::PostgresStore;
use crate::record::{Count, Read, Record};
use crate::rows::operations::{select_attention, select_delivery};
use crate::statement::Statement;
use async_trait::async_trait;
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
use veza_ports::BoxError;
use veza_ports::storage::{
    AdminReads, Backlog, BacklogClass, DeliveryFilter, LedgerCheck, ListedOrder, OrderFilter, Page, SellerTransfer, StatusFilter,
    StoreError, WaitingOn,
};

pub(crate) const WAITING: &str =
    select_attention!("WHERE (since, subject_id, code) > ($1, $2, $3) ORDER BY since, subject_id, code LIMIT $4");
pub(crate) const DELIVERIES: &str = select_delivery!("WHERE id < ");
const DELIVERY: &str = select_delivery!("WHERE id = $1");
const BALANCES: &str = "SELECT ROW(account, currency, sum(amount)::bigint) FROM ledger_balances GROUP BY account, currency";
pub(crate) const ENTRY: &str = select_attention!("WHERE subject_id = $1 AND code = $2");
/// The sum of all balances per currency (an empty account), and every account whose balance is not the sum of its entries.
const LEDGER_CHECK: &str = "SELECT ROW('', currency, 0::bigint, sum(amount)::bigint) FROM ledger_balances GROUP BY currency \
     UNION ALL SELECT ROW(account, currency, entries, balance) FROM ledger_drift";
/// Class by class: how many are open, and since when the oldest is. Of each only the open rows are walked.
pub(crate) const BACKLOG: &str = "SELECT ROW(class, open, oldest) FROM ( \
         SELECT 1 AS class, count(*) AS open, min(created_at) AS oldest FROM effects WHERE state IN ('pending', 'sent') \
         UNION ALL SELECT 2, count(*), min(created_at) FROM orders WHERE status = 'pending' \
         UNION ALL SELECT 3, sum(open)::bigint, min(oldest) FROM ( \
             SELECT count(*) AS open, min(created_at) AS oldest FROM refunds WHERE status = 'pending' AND psp_refund_id IS NOT NULL \
             UNION ALL SELECT count(*), min(created_at) FROM refunds WHERE status = 'pending' AND psp_refund_id IS NULL) AS of_refunds \
         UNION ALL SELECT 4, sum(open)::bigint, min(oldest) FROM ( \
             SELECT count(*) AS open, min(created_at) AS oldest FROM transfers WHERE status = 'pending' \
             UNION ALL SELECT count(*), min(created_at) FROM transfers WHERE status = 'failed') AS of_transfers \
         UNION ALL SELECT 5, count(*), min(created_at) FROM reversals WHERE status = 'reversal_pending' \
         UNION ALL SELECT 6, count(*), min(created_at) FROM disputes WHERE status IN ('opened', 'challenged', 'expired') \
         UNION ALL SELECT 7, count(*), min(past_due_since) FROM subscriptions WHERE past_due_since IS NOT NULL \
         UNION ALL SELECT 8, count(*), min(created_at) FROM placements \
             WHERE status <> 'live' AND status <> 'rejected' AND status <> 'taken_down' \
         UNION ALL SELECT 9, count(*), min(since) FROM attention) AS classes ORDER BY class";
const CLASSES: [&str; 9] =
    ["effects", "orders", "refunds", "transfers", "reversals", "disputes", "subscriptions", "placements", "attention"];
const CHECK: &str = "SELECT ROW(max(version)) FROM schema_migrations";

#[async_trait]
impl AdminReads for PostgresStore {
    async fn attention(&self, limit: u32, after: Option<WaitingOn>) -> Result<Vec<Attention>, StoreError> {
        let (since, subject, code) = after.map_or((i64::MIN, Uuid::nil(), ""), |after| (after.since.0, after.subject, after.code.as_str()));
        self.read(|| Statement::new(WAITING).with(since).with(subject).with(code).with(limit)).await
    }

    async fn deliveries(&self, filter: &DeliveryFilter, page: Page) -> Result<Vec<Delivery>, StoreError> {
        self.read(|| deliveries(filter, page)).await
    }

    async fn delivery(&self, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
        self.read_one(|| Statement::new(DELIVERY).with(id.0)).await
    }

    async fn ledger_balances(&self) -> Result<Vec<(Account, Currency, Minor)>, StoreError> {
        let balances: Vec<Balance> = self.read(|| Statement::new(BALANCES)).await?;
        let mut balances: Vec<_> = balances.into_iter().map(|balance| balance.0).collect();
        balances.sort_unstable();
        Ok(balances)
    }

    async fn ledger_check(&self) -> Result<LedgerCheck, StoreError> {
        let found: Vec<Checked> = self.read(|| Statement::new(LEDGER_CHECK)).await?;
        let mut check = LedgerCheck::default();
        for Checked { account, currency, entries, balance } in found {
            match account {
                None => check.sums.push((currency, balance)),
                Some(account) => check.drift.push((account, currency, entries, balance)),
            }
        }
        check.sums.sort_unstable();
        check.drift.sort_unstable();
        Ok(check)
    }

    async fn attention_entry(&self, subject: Uuid, code: Code) -> Result<Option<Attention>, StoreError> {
        self.read_one(|| Statement::new(ENTRY).with(subject).with(code.as_str())).await
    }

    async fn orders(&self, filter: OrderFilter, page: Page) -> Result<Vec<ListedOrder>, StoreError> {
        self.read(|| lists::orders(filter, page)).await
    }

    async fn refunds(&self, filter: StatusFilter, page: Page) -> Result<Vec<Refund>, StoreError> {
        self.read(|| lists::refunds(filter, page)).await.map(values)
    }

    async fn transfers(&self, filter: StatusFilter, page: Page) -> Result<Vec<SellerTransfer>, StoreError> {
        self.read(|| lists::transfers(filter, page)).await
    }

    async fn disputes(&self, filter: StatusFilter, page: Page) -> Result<Vec<Dispute>, StoreError> {
        self.read(|| lists::disputes(filter, page)).await.map(values)
    }

    async fn admin_actions(&self, page: Page) -> Result<Vec<AdminAction>, StoreError> {
        self.read(|| lists::admin_actions(page)).await
    }

    async fn orders_between(
        &self,
        from: Timestamp,
        until: Timestamp,
        after: Option<OrderId>,
        limit: u32,
    ) -> Result<Vec<OrderId>, StoreError> {
        let found: Vec<Id> = self.read(|| lists::orders_between(from, until, after, limit)).await?;
        Ok(found.into_iter().map(|id| OrderId(id.0)).collect())
    }

    async fn count_orders_between(&self, from: Timestamp, until: Timestamp) -> Result<u64, StoreError> {
        let count: Option<Count> = self.read_one(|| lists::count_orders_between(from, until)).await?;
        Ok(count.map_or(0, |count| count.0))
    }

    async fn transfers_without_stripe_id(&self, after: Option<TransferId>, limit: u32) -> Result<Vec<Transfer>, StoreError> {
        self.read(|| lists::transfers_without_stripe_id(after, limit)).await.map(values)
    }

    async fn backlog(&self) -> Result<Backlog, StoreError> {
        let classes: Vec<Class> = self.read(|| Statement::new(BACKLOG)).await?;
        let class = |(class, Class { open, oldest }): (&'static str, Class)| BacklogClass { class, open, oldest };
        Ok(CLASSES.into_iter().zip(classes).map(class).collect())
    }

    /// A read; that the database takes writes is seen with the next one.
    async fn check(&self) -> Result<(), StoreError> {
        self.read_one::<Version>(|| Statement::new(CHECK)).await.map(|_| ())
    }
}

/// Each condition that is asked for joins the statement, so that the partial indexes on refused and failed deliveries serve.
pub(crate) fn deliveries(filter: &DeliveryFilter, page: Page) -> Statement {
    let mut sql = Statement::new(DELIVERIES);
    sql.bind(before(page));
    sql.push(match filter.signature_valid {
        Some(true) => " AND signature_valid",
        Some(false) => " AND NOT signature_valid",
        None => "",
    });
    if let Some(event_type) = &filter.event_type {
        sql.push(" AND event_type = ").bind(event_type.as_str());
    }
    if let Some(start) = &filter.result {
        if start.starts_with("error") {
            sql.push(" AND processing_result LIKE 'error%'");
        }
        sql.push(" AND starts_with(processing_result, ").bind(start.as_str()).push(")");
    }
    if let Some(since) = filter.since {
        sql.push(" AND received_at >= ").bind(since);
    }
    if let Some(sender) = filter.sender {
        sql.push(" AND sender = ").bind(sender.as_str());
    }
    sql.push(" ORDER BY id DESC LIMIT ").bind(page.limit);
    sql
}

struct Balance((Account, Currency, Minor));

impl Read for Balance {
    const WHAT: &'static str = "ledger_balances";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self((row.parsed(|text| text.parse().ok())?, row.currency()?, row.minor()?)))
    }
}

/// A sum over all accounts, or an account whose balance has drifted.
struct Checked {
    account: Option<Account>,
    currency: Currency,
    entries: Minor,
    balance: Minor,
}

impl Read for Checked {
    const WHAT: &'static str = "ledger_drift";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let account = row.parsed(|text| if text.is_empty() { Some(None) } else { text.parse().ok().map(Some) })?;
        Ok(Self { account, currency: row.currency()?, entries: row.minor()?, balance: row.minor()? })
    }
}

struct Class {
    open: u64,
    oldest: Option<Timestamp>,
}

impl Read for Class {
    const WHAT: &'static str = "backlog";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        let _place: i32 = row.get()?;
        Ok(Self { open: row.number()?, oldest: row.time_opt()? })
    }
}

struct Version;

impl Read for Version {
    const WHAT: &'static str = "schema_migrations";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        row.get::<Option<i64>>().map(|_| Self)
    }
}
