//! Who runs, and failed logins of addresses that have no account.

use crate::MemoryStore;
use async_trait::async_trait;
use veza_domain::time::Timestamp;
use veza_ports::storage::{AddressHash, FailedLogins, Instance, Instances, StoreError, UnknownLogins};

#[async_trait]
impl Instances for MemoryStore {
    async fn instance_runs(&self, instance: &Instance, since: Timestamp) -> Result<Vec<Instance>, StoreError> {
        let mut state = self.state();
        state.instances.insert(instance.address.clone(), instance.clone());
        let others = state.instances.values().filter(|other| other.address != instance.address && other.seen_at >= since);
        Ok(others.cloned().collect())
    }

    async fn instance_ended(&self, address: &str) -> Result<(), StoreError> {
        self.state().instances.remove(address);
        Ok(())
    }
}

#[async_trait]
impl UnknownLogins for MemoryStore {
    async fn unknown_logins(&self, address: AddressHash) -> Result<Option<FailedLogins>, StoreError> {
        Ok(self.state().unknown_logins.get(&address).copied())
    }

    async fn unknown_login_failed(&self, address: AddressHash, at: Timestamp) -> Result<(), StoreError> {
        let mut state = self.state();
        let failed = state.unknown_logins.entry(address).or_insert(FailedLogins { count: 0, last_at: at });
        *failed = FailedLogins { count: failed.count.saturating_add(1), last_at: at.max(failed.last_at) };
        Ok(())
    }
}
