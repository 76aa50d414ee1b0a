//! Time and randomness, so that tests own them.

use std::fmt;
use uuid::Uuid;
use veza_domain::time::Timestamp;

/// Tells the time.
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> Timestamp;
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
