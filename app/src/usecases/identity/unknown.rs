//! Failed logins of addresses that have no account: counted like those of accounts, so that a lock tells nothing.
//!
//! In this process's memory, since it only keeps a secret from guessers: losing it costs nothing.

use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use veza_domain::identity::{Email, LOCK_MAX, lock_after};
use veza_domain::time::Timestamp;

/// Most addresses remembered; at that number the ones whose lock is over go.
const REMEMBERED_MAX: usize = 10_000;

#[derive(Clone, Copy)]
struct Failures {
    count: u32,
    locked_until: Option<Timestamp>,
    last: Timestamp,
}

/// Failed logins by address.
#[derive(Default)]
pub struct UnknownAddresses(Mutex<HashMap<[u8; 32], Failures>>);

impl UnknownAddresses {
    /// Until when a login with this address is refused.
    #[must_use]
    pub fn locked_until(&self, email: &Email) -> Option<Timestamp> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&key(email)).and_then(|failures| failures.locked_until)
    }

    /// Notes a failed login.
    pub fn failed(&self, email: &Email, now: Timestamp) {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= REMEMBERED_MAX {
            known.retain(|_, failures| now.since(failures.last) < LOCK_MAX);
            if known.len() >= REMEMBERED_MAX {
                known.clear();
            }
        }
        let entry = known.entry(key(email)).or_insert(Failures { count: 0, locked_until: None, last: now });
        entry.count = entry.count.saturating_add(1);
        entry.locked_until = lock_after(entry.count).map(|lock| now.plus(lock));
        entry.last = now;
    }
}

fn key(email: &Email) -> [u8; 32] {
    Sha256::digest(email.as_str().as_bytes()).into()
}
