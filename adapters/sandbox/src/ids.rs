//! Seeded ids and sandbox time in the spellings of the two providers.

use chrono::{DateTime, SecondsFormat, Utc};
use rand::{Rng, RngCore, SeedableRng, rngs::StdRng};

/// Microseconds since the epoch on the sandbox's clock.
pub type Micros = i64;

const ALPHABET: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

/// Source of ids: the same seed and the same calls give the same ids.
pub(crate) struct Ids {
    random: StdRng,
}

impl Ids {
    /// `boots` counts the starts on one data file, so that a restart does not repeat the ids of the run before.
    pub(crate) fn new(seed: u64, boots: u64) -> Self {
        Self { random: StdRng::seed_from_u64(seed ^ boots.wrapping_mul(0x9E37_79B9_7F4A_7C15)) }
    }

    /// `prefix` followed by `length` characters of `[0-9A-Za-z]`.
    pub(crate) fn text(&mut self, prefix: &str, length: usize) -> String {
        let mut id = String::with_capacity(prefix.len() + length);
        id.push_str(prefix);
        id.extend((0..length).map(|_| char::from(ALPHABET[self.random.random_range(0..ALPHABET.len())])));
        id
    }

    /// A UUIDv7 of `now`.
    pub(crate) fn uuid_v7(&mut self, now: Micros) -> uuid::Uuid {
        let mut random = [0; 10];
        self.random.fill_bytes(&mut random);
        uuid::Builder::from_unix_timestamp_millis(u64::try_from(now / 1_000).unwrap_or(0), &random).into_uuid()
    }
}

/// `YYYY-MM-DDTHH:MM:SS.mmmZ` (hyperswitch.md §2).
pub(crate) fn timestamp(at: Micros) -> String {
    DateTime::<Utc>::from_timestamp_micros(at).unwrap_or_default().to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Whole seconds, as Stripe counts.
pub(crate) fn seconds(at: Micros) -> i64 {
    at.div_euclid(1_000_000)
}

/// Reads `250ms`, `5s`, `10m`, `6h`, `3d`.
pub(crate) fn parse_duration(text: &str) -> Option<std::time::Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit())?;
    let (count, unit) = text.split_at(digits);
    let count: u64 = count.parse().ok()?;
    let millis_each = match unit.trim() {
        "ms" => 1,
        "s" => 1_000,
        "m" => 60_000,
        "h" => 3_600_000,
        "d" => 86_400_000,
        _ => return None,
    };
    count.checked_mul(millis_each).map(std::time::Duration::from_millis)
}

/// A duration in microseconds; saturates.
pub(crate) fn micros(duration: std::time::Duration) -> Micros {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}
