//! Runs of the audit.

use crate::SqliteStore;
use crate::fault::of_read;
use crate::fields::Fields;
use crate::rows::execute;
use async_trait::async_trait;
use rusqlite::{Connection, Params, params};
use uuid::Uuid;
use veza_domain::audit::{Audit, AuditCounts, AuditDifference, AuditState, RUNS_MAX};
use veza_domain::ids::{AuditId, OrderId, UserId};
use veza_domain::time::Timestamp;
use veza_ports::storage::{Audits, Page, StoreError};

macro_rules! select_audit {
    ($rest:literal) => {
        concat!(
            "SELECT id, since, until, import, asked_by, asked_at, state, attempt, lease_until, orders, orders_done, transfers_done, \
             differences, unread, imported, ended_at, error FROM audits ",
            $rest
        )
    };
}

pub(crate) const RUNNING: &str = select_audit!("WHERE state = 'running'");
pub(crate) const BY_ID: &str = select_audit!("WHERE id = ?1");
pub(crate) const NEWEST: &str = select_audit!("WHERE id < ?1 ORDER BY id DESC LIMIT ?2");
const INSERT: &str = "INSERT INTO audits (id, since, until, import, asked_by, asked_at, state, attempt, lease_until, orders, orders_done, \
     transfers_done, differences, unread, imported, ended_at, error) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17)";
/// The newest stay.
pub(crate) const PRUNE: &str = "DELETE FROM audits WHERE id < (SELECT id FROM audits ORDER BY id DESC LIMIT 1 OFFSET ?1)";
const UPDATE: &str = "UPDATE audits SET state = ?3, attempt = ?4, lease_until = ?5, orders = ?6, orders_done = ?7, transfers_done = ?8, \
     differences = ?9, unread = ?10, imported = ?11, ended_at = ?12, error = ?13 WHERE id = ?1 AND attempt = ?2 AND state = 'running'";
const FOUND: &str = "INSERT INTO audit_differences (audit_id, attempt, place, code, order_id, subject, ours, theirs, proposed) \
     VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9) ON CONFLICT DO NOTHING";
pub(crate) const DIFFERENCES: &str = "SELECT place, code, order_id, subject, ours, theirs, proposed FROM audit_differences \
     WHERE audit_id = ?1 AND attempt = (SELECT attempt FROM audits WHERE id = ?1) AND place > ?2 AND (?3 IS NULL OR code = ?3) \
     ORDER BY place LIMIT ?4";

fn audit(fields: &mut Fields<'_, '_>) -> rusqlite::Result<Audit> {
    Ok(Audit {
        id: AuditId(fields.id()?),
        since: fields.time()?,
        until: fields.time()?,
        import: fields.get()?,
        asked_by: fields.id_opt(UserId)?,
        asked_at: fields.time()?,
        state: fields.parsed(AuditState::parse)?,
        attempt: fields.get()?,
        lease_until: fields.time_opt()?,
        counts: AuditCounts {
            orders: fields.count()?,
            orders_done: fields.count()?,
            transfers_done: fields.count()?,
            differences: fields.count()?,
            unread: fields.count()?,
            imported: fields.count()?,
        },
        ended_at: fields.time_opt()?,
        error: fields.get()?,
    })
}

fn difference(fields: &mut Fields<'_, '_>) -> rusqlite::Result<AuditDifference> {
    Ok(AuditDifference {
        place: fields.count()?,
        code: fields.get()?,
        order_id: fields.id_opt(OrderId)?,
        subject: fields.get()?,
        ours: fields.get()?,
        theirs: fields.get()?,
        proposed: fields.get()?,
    })
}

fn runs(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Vec<Audit>> {
    db.prepare_cached(sql)?.query_map(params, |row| audit(&mut Fields::of(row)))?.collect()
}

fn run(db: &Connection, sql: &str, params: impl Params) -> rusqlite::Result<Option<Audit>> {
    Ok(runs(db, sql, params)?.into_iter().next())
}

/// As SQLite counts.
fn number(count: u64) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

fn numbers(counts: &AuditCounts) -> [i64; 6] {
    let AuditCounts { orders, orders_done, transfers_done, differences, unread, imported } = *counts;
    [orders, orders_done, transfers_done, differences, unread, imported].map(number)
}

fn insert(db: &Connection, run: &Audit) -> rusqlite::Result<()> {
    let Audit { id, since, until, import, asked_by, asked_at, state, attempt, lease_until, counts, ended_at, error } = run;
    let [orders, orders_done, transfers_done, differences, unread, imported] = numbers(counts);
    let (asked_by, lease_until, ended_at) = (asked_by.map(|by| by.0), lease_until.map(|at| at.0), ended_at.map(|at| at.0));
    let values = params![
        id.0,
        since.0,
        until.0,
        import,
        asked_by,
        asked_at.0,
        state.as_str(),
        attempt,
        lease_until,
        orders,
        orders_done,
        transfers_done,
        differences,
        unread,
        imported,
        ended_at,
        error
    ];
    execute(db, INSERT, values)?;
    execute(db, PRUNE, [RUNS_MAX.saturating_sub(1)]).map(drop)
}

/// Writes how a run stands where it still is in the attempt `had`.
fn update(db: &Connection, had: u32, run: &Audit) -> rusqlite::Result<bool> {
    let [orders, orders_done, transfers_done, differences, unread, imported] = numbers(&run.counts);
    let (lease_until, ended_at) = (run.lease_until.map(|at| at.0), run.ended_at.map(|at| at.0));
    let values = params![
        run.id.0,
        had,
        run.state.as_str(),
        run.attempt,
        lease_until,
        orders,
        orders_done,
        transfers_done,
        differences,
        unread,
        imported,
        ended_at,
        run.error
    ];
    Ok(execute(db, UPDATE, values)? == 1)
}

fn keep(db: &Connection, run: &Audit, found: &AuditDifference) -> rusqlite::Result<()> {
    let AuditDifference { place, code, order_id, subject, ours, theirs, proposed } = found;
    let order_id = order_id.map(|id| id.0);
    execute(db, FOUND, params![run.id.0, run.attempt, number(*place), code, order_id, subject, ours, theirs, proposed]).map(drop)
}

#[async_trait]
impl Audits for SqliteStore {
    async fn audit_asked(&self, audit: &Audit) -> Result<Audit, StoreError> {
        let wished = audit.clone();
        let ask = move |db: &Connection| match run(db, RUNNING, [])? {
            Some(running) => Ok(running),
            None => insert(db, &wished).map(|()| wished.clone()),
        };
        self.writer.task(move |db| ask(db).map_err(of_read)).await
    }

    async fn audit_taken(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<Audit>, StoreError> {
        // Looked at first by a reader: every other time there is none, and the writer is left alone.
        let due = self.readers.read(|db| run(db, RUNNING, [])).await?.filter(|run| run.is_due(now));
        if due.is_none() {
            return Ok(None);
        }
        let take = move |db: &Connection| -> rusqlite::Result<Option<Audit>> {
            let Some(due) = run(db, RUNNING, [])?.filter(|run| run.is_due(now)) else { return Ok(None) };
            let had = due.attempt;
            let taken = due.taken(lease_until);
            Ok(update(db, had, &taken)?.then_some(taken))
        };
        self.writer.task(move |db| take(db).map_err(of_read)).await
    }

    async fn audit_told(&self, audit: &Audit, found: &[AuditDifference]) -> Result<bool, StoreError> {
        let (run, found) = (audit.clone(), found.to_vec());
        let tell = move |db: &Connection| {
            let told = update(db, run.attempt, &run)?;
            if told {
                found.iter().try_for_each(|difference| keep(db, &run, difference))?;
            }
            Ok(told)
        };
        self.writer.task(move |db| tell(db).map_err(of_read)).await
    }

    async fn audit_stopped(&self, id: AuditId, at: Timestamp) -> Result<bool, StoreError> {
        let stop = move |db: &Connection| {
            let Some(running) = run(db, BY_ID, [id.0])? else { return Ok(false) };
            update(db, running.attempt, &running.ended(AuditState::Stopped, None, at))
        };
        self.writer.task(move |db| stop(db).map_err(of_read)).await
    }

    async fn audit(&self, id: AuditId) -> Result<Option<Audit>, StoreError> {
        self.readers.read(move |db| run(db, BY_ID, [id.0])).await
    }

    async fn audits(&self, page: Page) -> Result<Vec<Audit>, StoreError> {
        let before = page.before.unwrap_or(Uuid::max());
        self.readers.read(move |db| runs(db, NEWEST, params![before, page.limit])).await
    }

    async fn audit_differences(
        &self,
        id: AuditId,
        code: Option<&str>,
        limit: u32,
        after: Option<u64>,
    ) -> Result<Vec<AuditDifference>, StoreError> {
        let code = code.map(str::to_owned);
        let after = after.map_or(-1, |after| i64::try_from(after).unwrap_or(i64::MAX));
        let read = move |db: &Connection| {
            let mut statement = db.prepare_cached(DIFFERENCES)?;
            statement.query_map(params![id.0, after, code, limit], |row| difference(&mut Fields::of(row)))?.collect()
        };
        self.readers.read(read).await
    }
}
