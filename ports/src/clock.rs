//! Time and randomness, so that tests own them.

use async_trait::async_trait;
use std::fmt;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::time::Timestamp;

/// Tells the time, and waits for it to pass.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;

    /// Lets some time go by: the pause before a second try within one step. What waits longer is a row with a due time.
    async fn pause(&self, pause: Duration);
}

/// Makes ids and secrets.
pub trait IdSource: Send + Sync {
    /// A new UUIDv7; later ones sort later.
    fn uuid(&self) -> Uuid;

    /// 256 bits that nobody can guess.
    fn secret(&self) -> SecretBytes;
}

/// 256 bits that nobody can guess; never printed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct SecretBytes(pub [u8; 32]);

impl fmt::Debug for SecretBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretBytes(…)")
    }
}
