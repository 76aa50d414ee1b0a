//! Claims of due work, and the broom. Both write, so both go through the writer's thread, and several processes on one file
//! are kept apart by the write lock.

pub(crate) mod looks;

use crate::SqliteStore;
use crate::fault::of_read;
use crate::fields::all;
use crate::rows::execute;
use crate::rows::operations::{effect, select_effect};
use async_trait::async_trait;
use rusqlite::{Connection, params};
use std::time::Duration;
use veza_domain::effect::Effect;
use veza_domain::ids::{OrderId, PlacementId, ReversalId, SubmissionId, SubscriptionId, TransferId};
use veza_domain::time::Timestamp;
use veza_ports::storage::{
    ClaimedPlacement, ClaimedReversal, ClaimedSubscription, ClaimedTransfer, FreshWork, LookClaim, Looked, Revision, StoreError, Versioned,
    Work,
};

pub(crate) const DUE_EFFECTS: &str = select_effect!("WHERE state IN ('pending', 'sent') AND due_at <= ?1 ORDER BY due_at, id LIMIT ?2");
const CLAIM_EFFECT: &str = "UPDATE effects SET due_at = ?2, revision = revision + 1 WHERE id = ?1";

/// One walk along each of the two partial indexes, then merged.
pub(crate) const DUE_TRANSFERS: &str = "SELECT next_retry_at, id, order_id FROM ( \
         SELECT * FROM (SELECT next_retry_at, id, order_id FROM transfers \
                        WHERE status = 'pending' AND next_retry_at <= ?1 ORDER BY next_retry_at, id LIMIT ?2) \
         UNION ALL \
         SELECT * FROM (SELECT next_retry_at, id, order_id FROM transfers \
                        WHERE status = 'failed' AND next_retry_at <= ?1 ORDER BY next_retry_at, id LIMIT ?2)) \
     ORDER BY next_retry_at, id LIMIT ?2";
const CLAIM_TRANSFER: &str = "UPDATE transfers SET next_retry_at = ?2, claimed_at = ?3, revision = revision + 1 WHERE id = ?1";

pub(crate) const DUE_REVERSALS: &str =
    "SELECT id, order_id FROM reversals WHERE status = 'reversal_pending' AND next_retry_at <= ?1 ORDER BY next_retry_at, id LIMIT ?2";
const CLAIM_REVERSAL: &str = "UPDATE reversals SET next_retry_at = ?2, claimed_at = ?3, revision = revision + 1 WHERE id = ?1";

pub(crate) const DUE_SUBSCRIPTIONS: &str = "SELECT id, revision FROM subscriptions WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2";
const CLAIM_SUBSCRIPTION: &str = "UPDATE subscriptions SET due_at = ?2, revision = revision + 1 WHERE id = ?1";
pub(crate) const DUE_PLACEMENTS: &str = "SELECT id, submission_id FROM placements WHERE due_at <= ?1 ORDER BY due_at, id LIMIT ?2";
const CLAIM_PLACEMENT: &str = "UPDATE placements SET due_at = ?2, revision = revision + 1 WHERE id = ?1";

/// Few are due at a time: those that were taken are due later.
pub(crate) const FRESH: &str = "SELECT \
     EXISTS (SELECT 1 FROM transfers WHERE status = 'pending' AND next_retry_at <= ?1 AND first_sent_at IS NULL AND claimed_at IS NULL), \
     EXISTS (SELECT 1 FROM reversals WHERE status = 'reversal_pending' AND next_retry_at <= ?1 AND first_sent_at IS NULL \
             AND claimed_at IS NULL)";

/// What is oldest goes first. Refresh tokens go with their session, a session once it has none left.
pub(crate) const SWEEPS: [&str; 7] = [
    "DELETE FROM units WHERE id IN (SELECT id FROM units WHERE decided_at < ?1 ORDER BY decided_at, id LIMIT ?2)",
    "DELETE FROM idempotency_keys WHERE (user_id, scope, key) IN ( \
         SELECT user_id, scope, key FROM idempotency_keys WHERE created_at < ?1 ORDER BY created_at, user_id, scope, key LIMIT ?2)",
    "DELETE FROM mail_tokens WHERE id IN (SELECT id FROM mail_tokens WHERE expires_at < ?1 ORDER BY expires_at, id LIMIT ?2)",
    "DELETE FROM refresh_tokens WHERE hash IN ( \
         SELECT hash FROM sessions CROSS JOIN refresh_tokens ON session_id = sessions.id \
         WHERE expires_at < ?1 OR revoked_at < ?1 \
         ORDER BY min(expires_at, coalesce(revoked_at, expires_at)), hash LIMIT ?2)",
    "DELETE FROM sessions WHERE id IN ( \
         SELECT id FROM sessions WHERE (expires_at < ?1 OR revoked_at < ?1) \
             AND NOT EXISTS (SELECT 1 FROM refresh_tokens WHERE session_id = sessions.id) \
         ORDER BY min(expires_at, coalesce(revoked_at, expires_at)), id LIMIT ?2)",
    "DELETE FROM instances WHERE address IN (SELECT address FROM instances WHERE seen_at < ?1 ORDER BY seen_at, address LIMIT ?2)",
    "DELETE FROM unknown_logins WHERE address IN (SELECT address FROM unknown_logins WHERE last_at < ?1 ORDER BY last_at, address LIMIT ?2)",
];

pub(crate) const SWEEP_DELIVERIES: &str = "DELETE FROM webhook_log WHERE id IN ( \
     SELECT id FROM (SELECT id, received_at FROM webhook_log ORDER BY id LIMIT ?2) WHERE received_at < ?1)";

#[async_trait]
impl Work for SqliteStore {
    async fn claim_effects(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Versioned<Effect>>, StoreError> {
        let until = now.plus(lease);
        let claim = move |db: &Connection| {
            let mut due = all(db, DUE_EFFECTS, params![now.0, limit], effect)?;
            for row in &mut due {
                execute(db, CLAIM_EFFECT, params![row.value.id.0, until.0])?;
                row.value.due_at = Some(until);
                row.revision = row.revision.next();
            }
            Ok(due)
        };
        self.writer.task(move |db| claim(db).map_err(of_read)).await
    }

    async fn claim_transfers(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedTransfer>, StoreError> {
        let until = now.plus(lease);
        let claim = move |db: &Connection| {
            let mut due = db.prepare_cached(DUE_TRANSFERS)?;
            let due = due.query_map(params![now.0, limit], |row| {
                Ok(ClaimedTransfer { id: TransferId(row.get(1)?), order_id: OrderId(row.get(2)?) })
            })?;
            let due = due.collect::<rusqlite::Result<Vec<_>>>()?;
            for row in &due {
                execute(db, CLAIM_TRANSFER, params![row.id.0, until.0, now.0])?;
            }
            Ok(due)
        };
        self.writer.task(move |db| claim(db).map_err(of_read)).await
    }

    async fn claim_reversals(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedReversal>, StoreError> {
        let until = now.plus(lease);
        let claim = move |db: &Connection| {
            let mut due = db.prepare_cached(DUE_REVERSALS)?;
            let due = due.query_map(params![now.0, limit], |row| {
                Ok(ClaimedReversal { id: ReversalId(row.get(0)?), order_id: OrderId(row.get(1)?) })
            })?;
            let due = due.collect::<rusqlite::Result<Vec<_>>>()?;
            for row in &due {
                execute(db, CLAIM_REVERSAL, params![row.id.0, until.0, now.0])?;
            }
            Ok(due)
        };
        self.writer.task(move |db| claim(db).map_err(of_read)).await
    }

    async fn claim_subscriptions(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedSubscription>, StoreError> {
        let until = now.plus(lease);
        let claim = move |db: &Connection| {
            let mut due = db.prepare_cached(DUE_SUBSCRIPTIONS)?;
            let due = due.query_map(params![now.0, limit], |row| {
                Ok(ClaimedSubscription { id: SubscriptionId(row.get(0)?), revision: Revision(row.get(1)?).next() })
            })?;
            let due = due.collect::<rusqlite::Result<Vec<_>>>()?;
            for row in &due {
                execute(db, CLAIM_SUBSCRIPTION, params![row.id.0, until.0])?;
            }
            Ok(due)
        };
        self.writer.task(move |db| claim(db).map_err(of_read)).await
    }

    async fn claim_placements(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedPlacement>, StoreError> {
        let until = now.plus(lease);
        let claim = move |db: &Connection| {
            let mut due = db.prepare_cached(DUE_PLACEMENTS)?;
            let due = due.query_map(params![now.0, limit], |row| {
                Ok(ClaimedPlacement { id: PlacementId(row.get(0)?), submission_id: SubmissionId(row.get(1)?) })
            })?;
            let due = due.collect::<rusqlite::Result<Vec<_>>>()?;
            for row in &due {
                execute(db, CLAIM_PLACEMENT, params![row.id.0, until.0])?;
            }
            Ok(due)
        };
        self.writer.task(move |db| claim(db).map_err(of_read)).await
    }

    async fn fresh_work(&self, now: Timestamp) -> Result<FreshWork, StoreError> {
        let look = |row: &rusqlite::Row<'_>| Ok(FreshWork { transfers: row.get(0)?, reversals: row.get(1)? });
        self.readers.read(move |db| db.prepare_cached(FRESH)?.query_row([now.0], look)).await
    }

    async fn claim_looks(&self, claim: &LookClaim) -> Result<Vec<Looked>, StoreError> {
        let claim = *claim;
        self.writer.task(move |db| looks::claim(db, &claim).map_err(of_read)).await
    }

    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sweep = move |db: &Connection| execute(db, SWEEP_DELIVERIES, params![before.0, limit]);
        let gone = self.writer.task(move |db| sweep(db).map_err(of_read)).await?;
        Ok(u64::try_from(gone).unwrap_or(0))
    }

    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let sweep = move |db: &Connection| {
            SWEEPS.iter().try_fold(0_u64, |gone, sql| {
                let count = execute(db, sql, params![before.0, limit])?;
                Ok(gone + u64::try_from(count).unwrap_or(0))
            })
        };
        self.writer.task(move |db| sweep(db).map_err(of_read)).await
    }
}
