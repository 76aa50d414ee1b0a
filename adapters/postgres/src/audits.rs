//! Runs of the audit. Each statement is its own transaction, and saying the same twice does no harm.

use crate::PostgresStore;
use crate::record::{Count, Read, Record};
use crate::statement::{Statement, Type, Value};
use async_trait::async_trait;
use veza_domain::audit::{Audit, AuditCounts, AuditDifference, AuditState, RUNS_MAX};
use veza_domain::ids::{AuditId, OrderId, UserId};
use veza_domain::time::Timestamp;
use veza_ports::BoxError;
use veza_ports::storage::{Audits, Page, StoreError};

macro_rules! audit_row {
    () => {
        "ROW(id, since, until, import, asked_by, asked_at, state, attempt, lease_until, orders, orders_done, transfers_done, differences, \
         unread, imported, ended_at, error)"
    };
}

pub(crate) const ASK: &str = "INSERT INTO audits (id, since, until, import, asked_by, asked_at, state, attempt, lease_until, orders, \
     orders_done, transfers_done, differences, unread, imported, ended_at, error) \
     VALUES ($1, $2, $3, $4, $5, $6, 'running', 0, NULL, 0, 0, 0, 0, 0, 0, NULL, NULL) ON CONFLICT DO NOTHING";
/// The newest stay.
pub(crate) const PRUNE: &str = "DELETE FROM audits WHERE id < (SELECT id FROM audits ORDER BY id DESC OFFSET $1 LIMIT 1)";
pub(crate) const RUNNING: &str = concat!("SELECT ", audit_row!(), " FROM audits WHERE state = 'running'");
pub(crate) const BY_ID: &str = concat!("SELECT ", audit_row!(), " FROM audits WHERE id = $1");
pub(crate) const NEWEST: &str = concat!("SELECT ", audit_row!(), " FROM audits WHERE id < $1 ORDER BY id DESC LIMIT $2");
pub(crate) const TAKE: &str = concat!(
    "UPDATE audits SET attempt = attempt + 1, lease_until = $2, orders = 0, orders_done = 0, transfers_done = 0, differences = 0, \
         unread = 0, imported = 0 \
     WHERE id = (SELECT id FROM audits WHERE state = 'running' AND (lease_until IS NULL OR lease_until <= $1) FOR UPDATE SKIP LOCKED) \
     RETURNING ",
    audit_row!()
);
/// One statement: what is found stands or falls with how the run stands.
const TELL: &str = "WITH told AS (UPDATE audits SET state = $3, lease_until = $4, orders = $5, orders_done = $6, transfers_done = $7, \
     differences = $8, unread = $9, imported = $10, ended_at = $11, error = $12 \
     WHERE id = $1 AND attempt = $2 AND state = 'running' RETURNING id, attempt), \
     kept AS (INSERT INTO audit_differences (audit_id, attempt, place, code, order_id, subject, ours, theirs, proposed) \
     SELECT told.id, told.attempt, f.* FROM told, ";
const TELL_END: &str =
    " AS f (place, code, order_id, subject, ours, theirs, proposed) ON CONFLICT DO NOTHING) SELECT ROW(count(*)) FROM told";
pub(crate) const STOP: &str = "WITH stopped AS (UPDATE audits SET state = 'stopped', lease_until = NULL, ended_at = $2 \
     WHERE id = $1 AND state = 'running' RETURNING 1) SELECT ROW(count(*)) FROM stopped";
pub(crate) const DIFFERENCES: &str = "SELECT ROW(place, code, order_id, subject, ours, theirs, proposed) FROM audit_differences \
     WHERE audit_id = $1 AND attempt = (SELECT attempt FROM audits WHERE id = $1) AND place > $2 AND ($3::text IS NULL OR code = $3) \
     ORDER BY place LIMIT $4";

/// Types of what a difference is kept as.
const FOUND: [Type; 7] = [Type::Int, Type::Text, Type::Uuid, Type::Text, Type::Text, Type::Text, Type::Text];

fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn found(difference: &AuditDifference) -> Vec<Value> {
    let AuditDifference { place, code, order_id, subject, ours, theirs, proposed } = difference;
    let texts = [subject, ours, theirs, proposed].map(|text| Value::from(text.as_str()));
    let mut row = vec![Value::from(number(*place)), Value::from(code.as_str()), Value::from(order_id.map(|id| id.0))];
    row.extend(texts);
    row
}

impl PostgresStore {
    async fn counted(&self, statement: impl Fn() -> Statement) -> Result<bool, StoreError> {
        Ok(self.read_one::<Count>(statement).await?.is_some_and(|count| count.0 > 0))
    }
}

#[async_trait]
impl Audits for PostgresStore {
    async fn audit_asked(&self, audit: &Audit) -> Result<Audit, StoreError> {
        let Audit { id, since, until, import, asked_by, asked_at, .. } = audit;
        let ask = || Statement::new(ASK).with(id.0).with(*since).with(*until).with(*import).with(asked_by.map(|by| by.0)).with(*asked_at);
        loop {
            self.read::<Count>(ask).await?;
            // Whose was in the way may be over by now: then this one may be there next time.
            if let Some(running) = self.read_one::<Audit>(|| Statement::new(RUNNING)).await? {
                self.read::<Count>(|| Statement::new(PRUNE).with(RUNS_MAX - 1)).await?;
                return Ok(running);
            }
            if let Some(own) = self.audit(*id).await? {
                return Ok(own);
            }
        }
    }

    async fn audit_taken(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<Audit>, StoreError> {
        self.read_one(|| Statement::new(TAKE).with(now).with(lease_until)).await
    }

    async fn audit_told(&self, audit: &Audit, differences: &[AuditDifference]) -> Result<bool, StoreError> {
        let rows: Vec<Vec<Value>> = differences.iter().map(found).collect();
        let AuditCounts { orders, orders_done, transfers_done, differences, unread, imported } = audit.counts;
        let counts = [orders, orders_done, transfers_done, differences, unread, imported].map(number);
        let tell = || {
            let mut statement =
                Statement::new(TELL).with(audit.id.0).with(audit.attempt).with(audit.state.as_str()).with(audit.lease_until);
            statement = counts.iter().fold(statement, |statement, count| statement.with(*count));
            statement = statement.with(audit.ended_at).with(&audit.error);
            statement.rows(FOUND.into_iter(), &rows).push(TELL_END);
            statement
        };
        self.counted(tell).await
    }

    async fn audit_stopped(&self, id: AuditId, at: Timestamp) -> Result<bool, StoreError> {
        self.counted(|| Statement::new(STOP).with(id.0).with(at)).await
    }

    async fn audit(&self, id: AuditId) -> Result<Option<Audit>, StoreError> {
        self.read_one(|| Statement::new(BY_ID).with(id.0)).await
    }

    async fn audits(&self, page: Page) -> Result<Vec<Audit>, StoreError> {
        self.read(|| Statement::new(NEWEST).with(page.before.unwrap_or(uuid::Uuid::max())).with(page.limit)).await
    }

    async fn audit_differences(
        &self,
        id: AuditId,
        code: Option<&str>,
        limit: u32,
        after: Option<u64>,
    ) -> Result<Vec<AuditDifference>, StoreError> {
        let after = after.map_or(-1, number);
        self.read(|| Statement::new(DIFFERENCES).with(id.0).with(after).with(code).with(limit)).await
    }
}

impl Read for Audit {
    const WHAT: &'static str = "audits";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: AuditId(row.id()?),
            since: row.time()?,
            until: row.time()?,
            import: row.get()?,
            asked_by: row.id_opt(UserId)?,
            asked_at: row.time()?,
            state: row.parsed(AuditState::parse)?,
            attempt: row.number()?,
            lease_until: row.time_opt()?,
            counts: AuditCounts {
                orders: row.number()?,
                orders_done: row.number()?,
                transfers_done: row.number()?,
                differences: row.number()?,
                unread: row.number()?,
                imported: row.number()?,
            },
            ended_at: row.time_opt()?,
            error: row.get()?,
        })
    }
}

impl Read for AuditDifference {
    const WHAT: &'static str = "audit_differences";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            place: row.number()?,
            code: row.get()?,
            order_id: row.id_opt(OrderId)?,
            subject: row.get()?,
            ours: row.get()?,
            theirs: row.get()?,
            proposed: row.get()?,
        })
    }
}
