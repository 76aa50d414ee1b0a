//! Runs of the audit, broken.

use super::{Broken, Fault};
use async_trait::async_trait;
use veza_domain::audit::{Audit, AuditDifference};
use veza_domain::ids::AuditId;
use veza_domain::time::Timestamp;
use veza_ports::storage::{Audits, Page, StoreError};

#[async_trait]
impl Audits for Broken {
    async fn audit_asked(&self, audit: &Audit) -> Result<Audit, StoreError> {
        self.inner.audit_asked(audit).await
    }

    async fn audit_taken(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<Audit>, StoreError> {
        self.inner.audit_taken(now, lease_until).await
    }

    async fn audit_told(&self, audit: &Audit, found: &[AuditDifference]) -> Result<bool, StoreError> {
        let attempt = match self.inner.audit(audit.id).await? {
            Some(newest) if self.is(Fault::HearsTheDead) => newest.attempt,
            _ => audit.attempt,
        };
        self.inner.audit_told(&Audit { attempt, ..audit.clone() }, found).await
    }

    async fn audit_stopped(&self, id: AuditId, at: Timestamp) -> Result<bool, StoreError> {
        self.inner.audit_stopped(id, at).await
    }

    async fn audit(&self, id: AuditId) -> Result<Option<Audit>, StoreError> {
        self.inner.audit(id).await
    }

    async fn audits(&self, page: Page) -> Result<Vec<Audit>, StoreError> {
        self.inner.audits(page).await
    }

    async fn audit_differences(
        &self,
        id: AuditId,
        code: Option<&str>,
        limit: u32,
        after: Option<u64>,
    ) -> Result<Vec<AuditDifference>, StoreError> {
        self.inner.audit_differences(id, code, limit, after).await
    }
}
