//! Runs of the audit that operators start. They are reports and no facts about money, so they are no part of units of work: each
//! method is one change of its own, and saying the same twice does no harm.

use super::{Page, StoreError};
use async_trait::async_trait;
use veza_domain::audit::{Audit, AuditDifference};
use veza_domain::ids::AuditId;
use veza_domain::time::Timestamp;

/// Runs of the audit.
#[async_trait]
pub trait Audits: Send + Sync {
    /// Keeps `audit`, which waits for a worker, unless another one is running; says which one is running now. Of those that are over,
    /// the newest [`veza_domain::audit::RUNS_MAX`] stay.
    async fn audit_asked(&self, audit: &Audit) -> Result<Audit, StoreError>;
    /// Takes the run that is due ([`Audit::is_due`]) until `lease_until`, as [`Audit::taken`] says. Nobody takes what another has.
    async fn audit_taken(&self, now: Timestamp, lease_until: Timestamp) -> Result<Option<Audit>, StoreError>;
    /// Writes how a run stands, and keeps what it has found since. False, and nothing is written: it is over, or another attempt has it.
    async fn audit_told(&self, audit: &Audit, found: &[AuditDifference]) -> Result<bool, StoreError>;
    /// Ends a run by hand. False: it is over already.
    async fn audit_stopped(&self, id: AuditId, at: Timestamp) -> Result<bool, StoreError>;
    /// A run.
    async fn audit(&self, id: AuditId) -> Result<Option<Audit>, StoreError>;
    /// Runs, newest first.
    async fn audits(&self, page: Page) -> Result<Vec<Audit>, StoreError>;
    /// What the newest attempt of a run has found, by place, after `after`; only of this kind, where one is named.
    async fn audit_differences(
        &self,
        id: AuditId,
        code: Option<&str>,
        limit: u32,
        after: Option<u64>,
    ) -> Result<Vec<AuditDifference>, StoreError>;
}
