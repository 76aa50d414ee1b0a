//! Failed logins of addresses that have no account: counted like those of accounts, so that a lock tells nothing. They are rows, for
//! an address that locks at one instance and not at the next would tell just that.

use hmac::{Hmac, KeyInit, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;
use veza_domain::identity::{Email, lock_after};
use veza_domain::time::Timestamp;
use veza_ports::storage::{AddressHash, FailedLogins};

type HmacSha256 = Hmac<Sha256>;

/// What the key is derived for; another purpose gets another key.
const PURPOSE: &[u8] = b"veza unknown addresses v1";

/// Names such addresses without keeping them.
#[derive(Clone)]
pub struct UnknownAddresses(HmacSha256);

impl UnknownAddresses {
    /// With a key of its own, derived from the server's secret (`JWT_SECRET`).
    #[must_use]
    pub fn new(server_secret: &SecretString) -> Self {
        let key = keyed(server_secret.expose_secret().as_bytes()).chain_update(PURPOSE).finalize().into_bytes();
        Self(keyed(&key))
    }

    /// What an address is called.
    #[must_use]
    pub fn hash(&self, email: &Email) -> AddressHash {
        AddressHash(self.0.clone().chain_update(email.as_str().as_bytes()).finalize().into_bytes().into())
    }
}

/// Until when a login is refused after these failures.
#[must_use]
pub fn locked_until(failed: FailedLogins) -> Option<Timestamp> {
    lock_after(failed.count).map(|lock| failed.last_at.plus(lock))
}

#[expect(clippy::expect_used, reason = "HMAC takes keys of any length")]
fn keyed(key: &[u8]) -> HmacSha256 {
    HmacSha256::new_from_slice(key).expect("HMAC takes keys of any length")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_one_hash_per_server() {
        let hash = |secret: &str, email: &str| UnknownAddresses::new(&SecretString::from(secret)).hash(&Email::new(email).unwrap());
        assert!(hash("a", "mia@example.org") == hash("a", " Mia@Example.org "));
        assert!(hash("a", "mia@example.org") != hash("b", "mia@example.org"));
        assert!(hash("a", "mia@example.org") != hash("a", "max@example.org"));
    }
}
