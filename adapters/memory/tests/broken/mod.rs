//! A store that is broken on purpose: memory, with one fault in front of it.

mod audits;
mod billing;
mod distribution;
mod reads;
mod work;

use async_trait::async_trait;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use uuid::Uuid;
use veza_memory::MemoryStore;
use veza_ports::storage::{Commit, CommitError, Committed, Page, UnitId, UnitOfWork, Write};

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(dead_code, reason = "each test uses its own")]
pub enum Fault {
    /// Nothing.
    None,
    /// Rows that were read for a decision are not guarded.
    IgnoresUnchanged,
    /// An update writes over whatever is there.
    IgnoresRevisions,
    /// A unit that comes again is carried out again.
    ForgetsUnits,
    /// Any unit under a known id is a repeat.
    IgnoresFingerprints,
    /// A refused unit's id is used up.
    KeepsRefusedIds,
    /// A refused unit leaves the writes before the one that failed.
    HalfUnits,
    /// An `Ensure` of a row that is there is refused.
    EnsureIsInsert,
    /// A value that another row has is taken silently for another row to have.
    SwallowsTaken,
    /// A move that the matrix does not have is answered as if it had been made.
    SwallowsInvalid,
    /// Work that was claimed can be claimed again at once.
    NoLease,
    /// Work is claimed newest first.
    ClaimsBackwards,
    /// A page begins with the last row of the one before.
    PagesOverlap,
    /// An order and what hangs on it are read at two moments.
    TornReads,
    /// The broom takes what is young.
    SweepsTheYoung,
    /// Who has not been seen for long still counts.
    SeesTheDead,
    /// The wrong sign of what is owed.
    BooksUpsideDown,
    /// An entry is removed without looking whether it is there.
    RemovesWhatIsNotThere,
    /// An entry that is not there can't be cleared.
    ClearIsRemove,
    /// Nothing is ever cleared.
    ClearsNothing,
    /// A look at a row does not move when it is due.
    LooksAgain,
    /// A pass begins its next batch with the last row of the one before.
    PassesTwice,
    /// A pass takes what another has.
    PassesThroughLeases,
    /// The reconciler looks at what has just been made or sent.
    LooksAtTheYoung,
    /// Reversals that no transfer stands for are not claimed.
    ForgetsDebts,
    /// A debt that a call is taking back is offered to be paid.
    DebtsInFlight,
    /// An order's own reversals are offered as debts.
    OwnDebts,
    /// What happened to another order is told as this one's.
    HistoryOfAnother,
    /// A history shows what the webhooks carried.
    PayloadsInHistory,
    /// Lists for operators do not filter.
    IgnoresStatus,
    /// A period has the first order of the next one.
    PeriodsOverlap,
    /// What an attempt says that has lost its run is written over the one that has it.
    HearsTheDead,
    /// Nobody has ever had a trial.
    ForgetsTrials,
    /// Of a person's subscriptions the newest is shown, open or not.
    ShowsTheNewest,
    /// A renewal is missed at the very moment at which it is due.
    MissesRenewalsAtOnce,
    /// A trial that runs grants nothing.
    SweepsTrials,
    /// An order that collects does not tell that the person has begun another plan.
    ForgetsTheOther,
    /// An order that collects does not tell at which revision its invoice and subscription were read.
    ForgetsBillingRevisions,
    /// Orders that collect are listed as purchases.
    BuysInvoices,
    /// A look at sales takes orders that collect.
    LooksAtInvoicesToo,
    /// A reference that a report names is not found.
    ForgetsTracks,
}

/// A memory store with a fault.
pub struct Broken {
    inner: MemoryStore,
    fault: Fault,
    units: AtomicU64,
}

impl Broken {
    pub fn new(fault: Fault) -> Self {
        Self { inner: MemoryStore::new(), fault, units: AtomicU64::new(0) }
    }

    fn is(&self, fault: Fault) -> bool {
        self.fault == fault
    }

    fn page(&self, page: Page) -> Page {
        let before = page.before.map(|id| if self.is(Fault::PagesOverlap) { Uuid::from_u128(id.as_u128() + 1) } else { id });
        Page { before, ..page }
    }

    fn lease(&self, lease: Duration) -> Duration {
        if self.is(Fault::NoLease) { Duration::ZERO } else { lease }
    }

    fn in_order<T>(&self, mut rows: Vec<T>) -> Vec<T> {
        if self.is(Fault::ClaimsBackwards) {
            rows.reverse();
        }
        rows
    }

    fn with_writes(unit: &UnitOfWork, id: UnitId, writes: Vec<Write>) -> UnitOfWork {
        UnitOfWork::new(id, *unit.fingerprint(), unit.decided_at(), writes)
    }

    fn fresh_id(&self) -> UnitId {
        UnitId(format!("fresh {}", self.units.fetch_add(1, Ordering::Relaxed)))
    }

    /// Raises the expected revision of the row in conflict until it is the stored one.
    async fn commit_over(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        let mut writes = unit.writes().to_vec();
        for _ in 0..200 {
            let answer = self.inner.commit(Self::with_writes(&unit, unit.id().clone(), writes.clone())).await;
            let Err(CommitError::Conflict(key)) = &answer else { return answer };
            let Some(Write::Update { expected, .. }) = writes.iter_mut().find(|write| write.key() == *key) else { return answer };
            *expected = expected.next();
        }
        self.inner.commit(unit).await
    }

    async fn commit_in_pieces(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        if unit.writes().len() > 1 {
            for write in unit.writes() {
                tokio::time::sleep(Duration::from_millis(1)).await;
                self.inner.commit(Self::with_writes(&unit, self.fresh_id(), vec![write.clone()])).await?;
            }
            return self.inner.commit(Self::with_writes(&unit, unit.id().clone(), Vec::new())).await;
        }
        self.inner.commit(unit).await
    }
}

#[async_trait]
impl Commit for Broken {
    async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        let filtered = |keep: fn(&Write) -> bool| unit.writes().iter().filter(|write| keep(write)).cloned().collect();
        match self.fault {
            Fault::IgnoresUnchanged => {
                let writes = filtered(|write| !matches!(write, Write::Unchanged { .. }));
                self.inner.commit(Self::with_writes(&unit, unit.id().clone(), writes)).await
            }
            Fault::IgnoresRevisions => self.commit_over(unit).await,
            Fault::ForgetsUnits => self.inner.commit(Self::with_writes(&unit, self.fresh_id(), unit.writes().to_vec())).await,
            Fault::IgnoresFingerprints => {
                self.inner.commit(UnitOfWork::new(unit.id().clone(), [0; 32], unit.decided_at(), unit.writes().to_vec())).await
            }
            Fault::KeepsRefusedIds => {
                let answer = self.inner.commit(unit.clone()).await;
                if answer.is_err() {
                    let _ = self.inner.commit(Self::with_writes(&unit, unit.id().clone(), Vec::new())).await;
                }
                answer
            }
            Fault::HalfUnits => self.commit_in_pieces(unit).await,
            Fault::EnsureIsInsert => {
                let as_insert = |write: &Write| match write {
                    Write::Ensure(row) => Write::Insert(row.clone()),
                    other => other.clone(),
                };
                let writes = unit.writes().iter().map(as_insert).collect();
                self.inner.commit(Self::with_writes(&unit, unit.id().clone(), writes)).await
            }
            Fault::RemovesWhatIsNotThere | Fault::ClearIsRemove => {
                let other = |write: &Write| match write {
                    Write::Remove(key) if self.is(Fault::RemovesWhatIsNotThere) => Write::Clear(key.clone()),
                    Write::Clear(key) if self.is(Fault::ClearIsRemove) => Write::Remove(key.clone()),
                    same => same.clone(),
                };
                let writes = unit.writes().iter().map(other).collect();
                self.inner.commit(Self::with_writes(&unit, unit.id().clone(), writes)).await
            }
            Fault::ClearsNothing => {
                let writes = filtered(|write| !matches!(write, Write::Clear(_)) || write.fault().is_some());
                self.inner.commit(Self::with_writes(&unit, unit.id().clone(), writes)).await
            }
            Fault::SwallowsTaken => match self.inner.commit(unit).await {
                Err(CommitError::Taken(..)) => Ok(Committed::Applied),
                answer => answer,
            },
            Fault::SwallowsInvalid => match self.inner.commit(unit).await {
                Err(CommitError::Invalid(..)) => Ok(Committed::Applied),
                answer => answer,
            },
            _ => self.inner.commit(unit).await,
        }
    }
}
