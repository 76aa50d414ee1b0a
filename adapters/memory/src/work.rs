//! Claims of due work, and the broom.

mod looks;

use crate::MemoryStore;
use crate::state::{Kind, State};
use async_trait::async_trait;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;
use veza_domain::distribution::Placement;
use veza_domain::effect::Effect;
use veza_domain::identity::{MailToken, RefreshToken, Session};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::subscription::Subscription;
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Attempt, Transfer, TransferStatus};
use veza_domain::webhook::Delivery;
use veza_ports::storage::{
    ClaimedPlacement, ClaimedReversal, ClaimedSubscription, ClaimedTransfer, FreshWork, IdempotencyRecord, LookClaim, Looked, Row, RowKey,
    StoreError, Versioned, Work,
};

#[async_trait]
impl Work for MemoryStore {
    async fn claim_effects(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Versioned<Effect>>, StoreError> {
        let mut state = self.state();
        let due = state.due(now, limit, |effect: &Effect| effect.due_at.filter(|_| !effect.is_over()).map(|due| (due, effect.id)));
        let lease = |effect| Effect { due_at: Some(now.plus(lease)), ..effect };
        Ok(due
            .into_iter()
            .map(|effect| {
                let value = lease(effect);
                let revision = state.replace(Row::Effect(value.clone()));
                Versioned { value, revision }
            })
            .collect())
    }

    async fn claim_transfers(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedTransfer>, StoreError> {
        let mut state = self.state();
        let due = state.due(now, limit, |transfer: &Transfer| {
            let open = matches!(transfer.status(), TransferStatus::Pending | TransferStatus::Failed);
            transfer.next_retry_at.filter(|_| open).map(|due| (due, transfer.id))
        });
        Ok(due
            .into_iter()
            .map(|mut transfer| {
                transfer.next_retry_at = Some(now.plus(lease));
                let claimed = ClaimedTransfer { id: transfer.id, order_id: transfer.order_id };
                state.claim(Row::Transfer(transfer), now);
                claimed
            })
            .collect())
    }

    async fn claim_reversals(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedReversal>, StoreError> {
        let mut state = self.state();
        let due = state.due(now, limit, |reversal: &Reversal| {
            let open = reversal.status == ReversalStatus::ReversalPending;
            reversal.next_retry_at.filter(|_| open).map(|due| (due, reversal.id))
        });
        Ok(due
            .into_iter()
            .map(|reversal| {
                let claimed = ClaimedReversal { id: reversal.id, order_id: reversal.order_id };
                state.claim(Row::Reversal(Reversal { next_retry_at: Some(now.plus(lease)), ..reversal }), now);
                claimed
            })
            .collect())
    }

    async fn claim_subscriptions(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedSubscription>, StoreError> {
        let mut state = self.state();
        let due = state.due(now, limit, |row: &Subscription| row.due_at.map(|due| (due, row.id)));
        Ok(due
            .into_iter()
            .map(|row| {
                let id = row.id;
                let revision = state.replace(Row::Subscription(Subscription { due_at: Some(now.plus(lease)), ..row }));
                ClaimedSubscription { id, revision }
            })
            .collect())
    }

    async fn claim_placements(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedPlacement>, StoreError> {
        let mut state = self.state();
        let due = state.due(now, limit, |placement: &Placement| placement.due_at.map(|due| (due, placement.id)));
        let claimed = due.into_iter().map(|mut placement| {
            placement.due_at = Some(now.plus(lease));
            let claimed = ClaimedPlacement { id: placement.id, submission_id: placement.submission_id };
            state.replace(Row::Placement(placement));
            claimed
        });
        Ok(claimed.collect())
    }

    async fn fresh_work(&self, now: Timestamp) -> Result<FreshWork, StoreError> {
        let state = self.state();
        let untaken = |key: RowKey, due: Option<Timestamp>, attempt: &Attempt| {
            due.is_some_and(|due| due <= now) && attempt.first_sent_at.is_none() && !state.claims.contains_key(&key)
        };
        let transfers = state
            .all::<Transfer>()
            .map(|row| row.value)
            .any(|row| row.status() == TransferStatus::Pending && untaken(RowKey::Transfer(row.id), row.next_retry_at, &row.attempt));
        let reversals = state
            .all::<Reversal>()
            .map(|row| row.value)
            .any(|row| row.status == ReversalStatus::ReversalPending && untaken(RowKey::Reversal(row.id), row.next_retry_at, &row.attempt));
        Ok(FreshWork { transfers, reversals })
    }

    async fn claim_looks(&self, claim: &LookClaim) -> Result<Vec<Looked>, StoreError> {
        Ok(self.state().claim_looks(claim))
    }

    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut state = self.state();
        let oldest = state.all::<Delivery>().take(count(limit)).map(|row| row.value);
        let old: Vec<_> = oldest.filter(|delivery| delivery.received_at < before).map(|delivery| RowKey::Delivery(delivery.id)).collect();
        Ok(old.iter().filter(|key| state.rows.remove(key).is_some()).map(|_| 1).sum())
    }

    /// What is oldest goes first, then by key. Refresh tokens go with their session, and a session goes once it has
    /// none left, so no token ever stands without its session.
    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        let mut state = self.state();
        let mut gone = take_oldest(&mut state.units, limit, |unit| Some(unit.decided_at).filter(|decided| *decided < before));
        gone += state.sweep_rows(limit, |_, record: &IdempotencyRecord| (record.created_at < before).then_some(record.created_at));
        gone += state.sweep_rows(limit, |_, token: &MailToken| (token.expires_at < before).then_some(token.expires_at));
        gone += state.sweep_rows(limit, |state, token: &RefreshToken| {
            let session = state.get::<Session>(&RowKey::Session(token.session_id))?;
            Some(ended_at(&session.value)).filter(|ended| *ended < before)
        });
        let with_tokens: BTreeSet<_> = state.all::<RefreshToken>().map(|token| token.value.session_id).collect();
        gone += state.sweep_rows(limit, |_, session: &Session| {
            let over = ended_at(session) < before && !with_tokens.contains(&session.id);
            over.then(|| ended_at(session))
        });
        gone += take_oldest(&mut state.instances, limit, |instance| Some(instance.seen_at).filter(|seen| *seen < before));
        gone += take_oldest(&mut state.unknown_logins, limit, |failed| Some(failed.last_at).filter(|last| *last < before));
        Ok(gone)
    }
}

/// Deletes at most `limit` values, the oldest first; `when` tells of which, and since when.
fn take_oldest<K: Ord + Clone, V>(values: &mut BTreeMap<K, V>, limit: u32, when: impl Fn(&V) -> Option<Timestamp>) -> u64 {
    let mut old: Vec<(Timestamp, K)> = values.iter().filter_map(|(key, value)| Some((when(value)?, key.clone()))).collect();
    old.sort();
    old.truncate(count(limit));
    old.iter().filter(|(_, key)| values.remove(key).is_some()).map(|_| 1).sum()
}

/// When a session was over, or will be.
fn ended_at(session: &Session) -> Timestamp {
    session.revoked_at.map_or(session.expires_at, |revoked| revoked.min(session.expires_at))
}

impl State {
    /// Puts the next state of a transfer or reversal that is claimed.
    fn claim(&mut self, row: Row, now: Timestamp) {
        self.claims.insert(row.key(), now);
        self.replace(row);
    }

    /// The rows of a kind that are due, oldest due first, then by id; `due` tells when, and the id.
    fn due<T: Kind, I: Ord>(&self, now: Timestamp, limit: u32, due: impl Fn(&T) -> Option<(Timestamp, I)>) -> Vec<T> {
        let mut rows: Vec<_> = self.all::<T>().filter_map(|row| due(row.value).map(|when| (when, row.value))).collect();
        rows.retain(|((due, _), _)| *due <= now);
        rows.sort_by(|(a, _), (b, _)| a.cmp(b));
        rows.into_iter().take(count(limit)).map(|(_, row)| row.clone()).collect()
    }

    /// Deletes at most `limit` rows of a kind; `when` tells of which, and since when.
    fn sweep_rows<T: Kind>(&mut self, limit: u32, when: impl Fn(&Self, &T) -> Option<Timestamp>) -> u64 {
        let found = self.rows.of(T::PLACE).filter_map(|(key, row)| Some((when(self, T::of(&row.value)?)?, key.clone())));
        let mut old: Vec<(Timestamp, RowKey)> = found.collect();
        old.sort();
        old.truncate(count(limit));
        old.iter().filter(|(_, key)| self.rows.remove(key).is_some()).map(|_| 1).sum()
    }
}

fn count(limit: u32) -> usize {
    usize::try_from(limit).unwrap_or(usize::MAX)
}
