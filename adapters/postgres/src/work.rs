//! Claims of due work, and the broom. Each is one statement, its own transaction: rows that another instance is just claiming are
//! passed over, so nobody waits for anybody, and a claim whose answer is lost is a lease that ends by itself.

pub(crate) mod looks;

use crate::PostgresStore;
use crate::fault;
use crate::pool::Lease;
use crate::record::{Count, Read, Record};
use crate::rows::operations::effect_fields;
use crate::statement::Statement;
use async_trait::async_trait;
use std::time::Duration;
use veza_domain::effect::Effect;
use veza_domain::ids::{OrderId, PlacementId, ReversalId, SubmissionId, SubscriptionId, TransferId};
use veza_domain::time::Timestamp;
use veza_ports::BoxError;
use veza_ports::storage::{
    ClaimedPlacement, ClaimedReversal, ClaimedSubscription, ClaimedTransfer, FreshWork, LookClaim, Looked, Revision, StoreError, Versioned,
    Work,
};

pub(crate) const EFFECTS: &str = concat!(
    "WITH due AS MATERIALIZED (SELECT id AS due_id, due_at AS was FROM effects \
         WHERE state IN ('pending', 'sent') AND due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED), \
     claimed AS (UPDATE effects SET due_at = $3, revision = revision + 1 FROM due WHERE id = due_id RETURNING *) \
     SELECT ROW(",
    effect_fields!(),
    ") FROM claimed ORDER BY was, id"
);

/// One walk along each of the two partial indexes, then merged; what is locked beyond the limit is free again at once.
pub(crate) const TRANSFERS: &str = "WITH due AS MATERIALIZED (SELECT * FROM ( \
         SELECT * FROM (SELECT id AS due_id, next_retry_at AS was FROM transfers \
             WHERE status = 'pending' AND next_retry_at <= $1 ORDER BY next_retry_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) AS a \
         UNION ALL \
         SELECT * FROM (SELECT id, next_retry_at FROM transfers \
             WHERE status = 'failed' AND next_retry_at <= $1 ORDER BY next_retry_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) AS b \
         ) AS both_kinds ORDER BY was, due_id LIMIT $2), \
     claimed AS (UPDATE transfers SET next_retry_at = $3, claimed_at = $1, revision = revision + 1 FROM due WHERE id = due_id RETURNING id, order_id, was) \
     SELECT ROW(id, order_id) FROM claimed ORDER BY was, id";

pub(crate) const REVERSALS: &str = "WITH due AS MATERIALIZED (SELECT id AS due_id, next_retry_at AS was FROM reversals \
         WHERE status = 'reversal_pending' AND next_retry_at <= $1 ORDER BY next_retry_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED), \
     claimed AS (UPDATE reversals SET next_retry_at = $3, claimed_at = $1, revision = revision + 1 FROM due WHERE id = due_id \
         RETURNING id, order_id, was) \
     SELECT ROW(id, order_id) FROM claimed ORDER BY was, id";

/// Most of what runs has a due time, so the planner takes a third of it to be due: the rows are found by a list of ids, or it would walk
/// the table.
pub(crate) const SUBSCRIPTIONS: &str = "WITH due AS MATERIALIZED (SELECT id AS due_id, due_at AS was FROM subscriptions \
         WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED), \
     claimed AS (UPDATE subscriptions SET due_at = $3, revision = revision + 1 WHERE id = ANY (ARRAY(SELECT due_id FROM due)) \
         RETURNING id, revision) \
     SELECT ROW(id, revision) FROM claimed JOIN due ON due_id = id ORDER BY was, id";
/// As [`SUBSCRIPTIONS`].
pub(crate) const PLACEMENTS: &str = "WITH due AS MATERIALIZED (SELECT id AS due_id, due_at AS was FROM placements \
         WHERE due_at <= $1 ORDER BY due_at, id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED), \
     claimed AS (UPDATE placements SET due_at = $3, revision = revision + 1 WHERE id = ANY (ARRAY(SELECT due_id FROM due)) \
         RETURNING id, submission_id) \
     SELECT ROW(id, submission_id) FROM claimed JOIN due ON due_id = id ORDER BY was, id";

/// Few are due at a time: those that were taken are due later.
pub(crate) const FRESH: &str = "SELECT ROW( \
     EXISTS (SELECT FROM transfers WHERE status = 'pending' AND next_retry_at <= $1 AND first_sent_at IS NULL AND claimed_at IS NULL), \
     EXISTS (SELECT FROM reversals WHERE status = 'reversal_pending' AND next_retry_at <= $1 AND first_sent_at IS NULL \
             AND claimed_at IS NULL))";

/// The sessions that ended first: one walk along each of the two indexes.
macro_rules! ended {
    () => {
        "(SELECT id, expires_at AS ended FROM sessions WHERE expires_at < $1 ORDER BY expires_at LIMIT $2) \
         UNION (SELECT id, revoked_at FROM sessions WHERE revoked_at IS NOT NULL AND revoked_at < $1 ORDER BY revoked_at LIMIT $2)"
    };
}

/// What is oldest goes first. Refresh tokens go with their session, a session once it has none left. The rows are found, locked
/// and then deleted by their place, so that nothing of a large table is walked but its oldest end.
pub(crate) const SWEEPS: [&str; 7] = [
    "DELETE FROM units WHERE ctid = ANY (ARRAY( \
         SELECT ctid FROM units WHERE decided_at < $1 ORDER BY decided_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
    "DELETE FROM idempotency_keys WHERE ctid = ANY (ARRAY( \
         SELECT ctid FROM idempotency_keys WHERE created_at < $1 ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
    "DELETE FROM mail_tokens WHERE ctid = ANY (ARRAY( \
         SELECT ctid FROM mail_tokens WHERE expires_at < $1 ORDER BY expires_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
    concat!(
        "DELETE FROM refresh_tokens WHERE ctid = ANY (ARRAY( \
             SELECT r.ctid FROM refresh_tokens r WHERE r.session_id = ANY (ARRAY(SELECT id FROM (",
        ended!(),
        ") AS s)) LIMIT $2 FOR UPDATE SKIP LOCKED))"
    ),
    concat!(
        "DELETE FROM sessions WHERE ctid = ANY (ARRAY( \
             SELECT s.ctid FROM sessions s WHERE s.id = ANY (ARRAY(SELECT id FROM (",
        ended!(),
        ") AS e)) AND NOT EXISTS (SELECT FROM refresh_tokens r WHERE r.session_id = s.id) LIMIT $2 FOR UPDATE SKIP LOCKED))"
    ),
    "DELETE FROM instances WHERE ctid = ANY (ARRAY( \
         SELECT ctid FROM instances WHERE seen_at < $1 ORDER BY seen_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
    "DELETE FROM unknown_logins WHERE ctid = ANY (ARRAY( \
         SELECT ctid FROM unknown_logins WHERE last_at < $1 ORDER BY last_at LIMIT $2 FOR UPDATE SKIP LOCKED))",
];

pub(crate) const SWEEP_DELIVERIES: &str = "DELETE FROM webhook_log WHERE ctid = ANY (ARRAY( \
     SELECT ctid FROM webhook_log WHERE id = ANY (ARRAY( \
         SELECT id FROM (SELECT id, received_at FROM webhook_log ORDER BY id LIMIT $2) AS oldest WHERE received_at < $1)) \
     FOR UPDATE SKIP LOCKED))";

impl PostgresStore {
    async fn claim<T: Read>(&self, sql: &str, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<T>, StoreError> {
        let statement = Statement::new(sql).with(now).with(limit).with(now.plus(lease));
        let answer = self.pool.lease().await?.run(statement).await;
        answer.and_then(|rows| crate::record::rows(&rows)).map_err(fault::of_read)
    }
}

#[async_trait]
impl Work for PostgresStore {
    async fn claim_effects(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Versioned<Effect>>, StoreError> {
        self.claim(EFFECTS, now, lease, limit).await
    }

    async fn claim_transfers(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedTransfer>, StoreError> {
        self.claim(TRANSFERS, now, lease, limit).await
    }

    async fn claim_reversals(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedReversal>, StoreError> {
        self.claim(REVERSALS, now, lease, limit).await
    }

    async fn claim_subscriptions(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedSubscription>, StoreError> {
        self.claim(SUBSCRIPTIONS, now, lease, limit).await
    }

    async fn claim_placements(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedPlacement>, StoreError> {
        self.claim(PLACEMENTS, now, lease, limit).await
    }

    async fn fresh_work(&self, now: Timestamp) -> Result<FreshWork, StoreError> {
        Ok(self.read_one(|| Statement::new(FRESH).with(now)).await?.unwrap_or_default())
    }

    async fn claim_looks(&self, claim: &LookClaim) -> Result<Vec<Looked>, StoreError> {
        let answer = self.pool.lease().await?.run(looks::statement(claim)).await;
        answer.and_then(|rows| crate::record::rows(&rows)).map_err(fault::of_read)
    }

    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut db = self.pool.lease().await?;
        sweep(&mut db, SWEEP_DELIVERIES, before, limit).await
    }

    /// Statement by statement, each its own transaction: what went is gone even if a later one fails.
    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut db = self.pool.lease().await?;
        let mut gone = 0;
        for sql in SWEEPS {
            gone += sweep(&mut db, sql, before, limit).await?;
        }
        Ok(gone)
    }
}

async fn sweep(db: &mut Lease, sql: &str, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
    let counted = format!("WITH gone AS ({sql} RETURNING 1) SELECT ROW(count(*)) FROM gone");
    let answer = db.run(Statement::new(&counted).with(before).with(limit)).await;
    let counts: Vec<Count> = answer.and_then(|rows| crate::record::rows(&rows)).map_err(fault::of_read)?;
    Ok(counts.iter().map(|count| count.0).sum())
}

impl Read for ClaimedTransfer {
    const WHAT: &'static str = "transfers";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { id: TransferId(row.id()?), order_id: OrderId(row.id()?) })
    }
}

impl Read for ClaimedSubscription {
    const WHAT: &'static str = "subscriptions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { id: SubscriptionId(row.id()?), revision: Revision(row.get()?) })
    }
}

impl Read for ClaimedPlacement {
    const WHAT: &'static str = "placements";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { id: PlacementId(row.id()?), submission_id: SubmissionId(row.id()?) })
    }
}

impl Read for FreshWork {
    const WHAT: &'static str = "transfers and reversals";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { transfers: row.get()?, reversals: row.get()? })
    }
}

impl Read for ClaimedReversal {
    const WHAT: &'static str = "reversals";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { id: ReversalId(row.id()?), order_id: OrderId(row.id()?) })
    }
}
