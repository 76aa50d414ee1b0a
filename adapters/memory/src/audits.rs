//! Runs of the audit.

use crate::MemoryStore;
use async_trait::async_trait;
use veza_domain::audit::{Audit, AuditDifference, AuditState, RUNS_MAX};
use veza_domain::ids::AuditId;
use veza_domain::time::Timestamp;
use veza_ports::storage::{Audits, Page, StoreError};

#[async_trait]
impl Audits for MemoryStore {
    async fn audit_asked(&self, audit: &Audit) -> Result<Audit, StoreError> {
        let mut state = self.state();
        if let Some(running) = state.audits.values().find(|run| run.state == AuditState::Running) {
            return Ok(running.clone());
        }
        state.audits.insert(audit.id, audit.clone());
        while state.audits.len() > RUNS_MAX as usize {
            if let Some((gone, _)) = state.audits.pop_first() {
                state.audit_differences.retain(|(id, ..), _| *id != gone);
            }
        }
        Ok(audit.clone())
    }

    async fn audit_taken(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<Audit>, StoreError> {
        let mut state = self.state();
        let due = state.audits.values_mut().find(|run| run.is_due(now));
        Ok(due.map(|run| {
            *run = run.clone().taken(lease_until);
            run.clone()
        }))
    }

    async fn audit_told(&self, audit: &Audit, found: &[AuditDifference]) -> Result<bool, StoreError> {
        let mut state = self.state();
        let kept = state.audits.get_mut(&audit.id).filter(|run| run.state == AuditState::Running && run.attempt == audit.attempt);
        let Some(run) = kept else { return Ok(false) };
        *run = audit.clone();
        for difference in found {
            state.audit_differences.entry((audit.id, audit.attempt, difference.place)).or_insert_with(|| difference.clone());
        }
        Ok(true)
    }

    async fn audit_stopped(&self, id: AuditId, at: Timestamp) -> Result<bool, StoreError> {
        let mut state = self.state();
        let Some(run) = state.audits.get_mut(&id).filter(|run| run.state == AuditState::Running) else { return Ok(false) };
        *run = run.clone().ended(AuditState::Stopped, None, at);
        Ok(true)
    }

    async fn audit(&self, id: AuditId) -> Result<Option<Audit>, StoreError> {
        Ok(self.state().audits.get(&id).cloned())
    }

    async fn audits(&self, page: Page) -> Result<Vec<Audit>, StoreError> {
        let state = self.state();
        let runs = state.audits.values().rev().filter(|run| page.before.is_none_or(|before| run.id.0 < before));
        Ok(runs.take(page.limit as usize).cloned().collect())
    }

    async fn audit_differences(
        &self,
        id: AuditId,
        code: Option<&str>,
        limit: u32,
        after: Option<u64>,
    ) -> Result<Vec<AuditDifference>, StoreError> {
        let state = self.state();
        let Some(attempt) = state.audits.get(&id).map(|run| run.attempt) else { return Ok(Vec::new()) };
        let of_run = state.audit_differences.range((id, attempt, 0)..=(id, attempt, u64::MAX)).map(|(_, difference)| difference);
        let wanted = of_run.filter(|row| after.is_none_or(|after| row.place > after) && code.is_none_or(|code| row.code == code));
        Ok(wanted.take(limit as usize).cloned().collect())
    }
}
