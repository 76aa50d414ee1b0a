//! Time and randomness of the real world.

use async_trait::async_trait;
use rand::TryRngCore;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::time::Timestamp;
use veza_ports::clock::{Clock, IdSource, SecretBytes};

/// The machine's clock.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        Timestamp(chrono::Utc::now().timestamp_micros())
    }

    async fn pause(&self, pause: Duration) {
        tokio::time::sleep(pause).await;
    }
}

/// The operating system's random numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemIds;

impl IdSource for SystemIds {
    fn uuid(&self) -> Uuid {
        Uuid::now_v7()
    }

    /// Two random UUIDs would do less: this asks the operating system itself.
    ///
    /// # Panics
    /// When the operating system has no randomness to give: nothing secret can be made then.
    fn secret(&self) -> SecretBytes {
        let mut bytes = [0; 32];
        #[expect(clippy::expect_used, reason = "without randomness every secret would be guessable")]
        rand::rngs::OsRng.try_fill_bytes(&mut bytes).expect("the operating system gives random bytes");
        SecretBytes(bytes)
    }
}
