//! What instances know of each other, so that one process's memory does not stand in for all of them.
//!
//! Neither has guards: a sign of life and a failed login are facts of their own, and nothing is decided on them that a second
//! one would undo.

use super::StoreError;
use async_trait::async_trait;
use std::fmt;
use veza_domain::time::Timestamp;

/// A process that serves or works on this store.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instance {
    /// `host:port`: who starts there again takes its place.
    pub address: String,
    /// It answers requests, and does not only work.
    pub serves: bool,
    /// Since when it runs.
    pub started_at: Timestamp,
    /// Its last sign of life.
    pub seen_at: Timestamp,
}

/// Who runs.
#[async_trait]
pub trait Instances: Send + Sync {
    /// Notes that an instance runs; lists the others that were seen at `since` or later, by address.
    async fn instance_runs(&self, instance: &Instance, since: Timestamp) -> Result<Vec<Instance>, StoreError>;
    /// Notes that it has ended.
    async fn instance_ended(&self, address: &str) -> Result<(), StoreError>;
}

/// A keyed hash of a mail address.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AddressHash(pub [u8; 32]);

impl fmt::Debug for AddressHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("AddressHash(…)")
    }
}

/// Failed logins with one address.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FailedLogins {
    /// How many.
    pub count: u32,
    /// When the last one was.
    pub last_at: Timestamp,
}

/// Failed logins with addresses that have no account; those of accounts are counted in their own rows.
#[async_trait]
pub trait UnknownLogins: Send + Sync {
    /// Those with this address.
    async fn unknown_logins(&self, address: AddressHash) -> Result<Option<FailedLogins>, StoreError>;
    /// Counts one more.
    async fn unknown_login_failed(&self, address: AddressHash, at: Timestamp) -> Result<(), StoreError>;
}
