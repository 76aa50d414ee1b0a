//! Claims and sweeps.

use super::{Broken, Fault};
use async_trait::async_trait;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::backoff::RetryPolicy;
use veza_domain::effect::Effect;
use veza_domain::time::Timestamp;
use veza_ports::contract::storage::sample::order_id;
use veza_ports::storage::{
    AddressHash, ClaimedPlacement, ClaimedReversal, ClaimedSubscription, ClaimedTransfer, FailedLogins, FreshWork, Instance, Instances,
    LookClaim, LookClass, Looked, OrderReads, StoreError, UnknownLogins, Versioned, Work,
};

#[async_trait]
impl Work for Broken {
    async fn claim_effects(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<Versioned<Effect>>, StoreError> {
        self.inner.claim_effects(now, self.lease(lease), limit).await.map(|rows| self.in_order(rows))
    }

    async fn claim_transfers(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedTransfer>, StoreError> {
        self.inner.claim_transfers(now, self.lease(lease), limit).await.map(|rows| self.in_order(rows))
    }

    async fn claim_reversals(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedReversal>, StoreError> {
        let mut claimed = self.inner.claim_reversals(now, self.lease(lease), limit).await?;
        if self.is(Fault::ForgetsDebts) {
            for n in 1..10 {
                let file = self.inner.order_file(order_id(n)).await?;
                let lone: Vec<_> =
                    file.into_iter().flat_map(|stored| stored.file.reversals).filter(|row| row.transfer_id.is_none()).collect();
                claimed.retain(|row| lone.iter().all(|lone| lone.id != row.id));
            }
        }
        Ok(self.in_order(claimed))
    }

    async fn claim_subscriptions(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedSubscription>, StoreError> {
        self.inner.claim_subscriptions(now, self.lease(lease), limit).await.map(|rows| self.in_order(rows))
    }

    async fn claim_placements(&self, now: Timestamp, lease: Duration, limit: u32) -> Result<Vec<ClaimedPlacement>, StoreError> {
        self.inner.claim_placements(now, self.lease(lease), limit).await.map(|rows| self.in_order(rows))
    }

    async fn claim_looks(&self, claim: &LookClaim) -> Result<Vec<Looked>, StoreError> {
        let mut claim = *claim;
        match self.fault {
            Fault::LooksAgain | Fault::NoLease => {
                (claim.lease, claim.pause) = (Duration::ZERO, RetryPolicy { retries_max: 0, base: Duration::ZERO, max: Duration::ZERO });
            }
            Fault::PassesTwice => {
                claim.pass = claim.pass.map(|after| Uuid::from_u128(after.as_u128().saturating_sub(1)));
                claim.lease = if claim.pass.is_some() { Duration::ZERO } else { claim.lease };
            }
            Fault::PassesThroughLeases if claim.pass.is_some() => claim.lease = Duration::ZERO,
            Fault::LooksAtInvoicesToo if claim.class == LookClass::PendingOrders => {
                let invoices = LookClaim { class: LookClass::PendingInvoices, ..claim };
                let mut looked = self.inner.claim_looks(&invoices).await?;
                looked.extend(self.inner.claim_looks(&claim).await?);
                return Ok(looked);
            }
            Fault::LooksAtTheYoung => claim.older_than = Timestamp(i64::MAX),
            _ => {}
        }
        self.inner.claim_looks(&claim).await.map(|rows| self.in_order(rows))
    }

    async fn fresh_work(&self, now: Timestamp) -> Result<FreshWork, StoreError> {
        self.inner.fresh_work(now).await
    }

    async fn sweep_deliveries(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.sweep_deliveries(before.plus(self.grace()), limit).await
    }

    async fn sweep(&self, before: Timestamp, limit: u32) -> Result<u64, StoreError> {
        self.inner.sweep(before.plus(self.grace()), limit).await
    }
}

impl Broken {
    fn grace(&self) -> Duration {
        if self.is(Fault::SweepsTheYoung) { Duration::from_micros(1) } else { Duration::ZERO }
    }
}

#[async_trait]
impl Instances for Broken {
    async fn instance_runs(&self, instance: &Instance, since: Timestamp) -> Result<Vec<Instance>, StoreError> {
        let since = if self.is(Fault::SeesTheDead) { Timestamp(0) } else { since };
        self.inner.instance_runs(instance, since).await
    }

    async fn instance_ended(&self, address: &str) -> Result<(), StoreError> {
        self.inner.instance_ended(address).await
    }
}

#[async_trait]
impl UnknownLogins for Broken {
    async fn unknown_logins(&self, address: AddressHash) -> Result<Option<FailedLogins>, StoreError> {
        self.inner.unknown_logins(address).await
    }

    async fn unknown_login_failed(&self, address: AddressHash, at: Timestamp) -> Result<(), StoreError> {
        self.inner.unknown_login_failed(address, at).await
    }
}
