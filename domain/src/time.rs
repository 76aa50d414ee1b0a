//! Points in time, as the rules see them: UTC microseconds, given from outside.

use chrono::{DateTime, Months};
use std::time::Duration;

/// Microseconds since 1970-01-01T00:00:00Z.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(pub i64);

impl Timestamp {
    /// This moment plus `by`; saturates at the end of representable time.
    #[must_use]
    pub fn plus(self, by: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// This moment minus `by`; saturates at the beginning of representable time.
    #[must_use]
    pub fn minus(self, by: Duration) -> Self {
        Self(self.0.saturating_sub(i64::try_from(by.as_micros()).unwrap_or(i64::MAX)))
    }

    /// Time from `earlier` to this moment; zero when `earlier` is later.
    #[must_use]
    pub fn since(self, earlier: Self) -> Duration {
        Duration::from_micros(u64::try_from(self.0.saturating_sub(earlier.0)).unwrap_or(0))
    }

    /// Whole seconds since 1970.
    #[must_use]
    pub fn unix_seconds(self) -> i64 {
        self.0.div_euclid(1_000_000)
    }

    /// The same time of day, `months` calendar months (UTC) later, on the last day of that month where it has no such day; saturates
    /// at the end of representable time.
    #[must_use]
    pub fn plus_months(self, months: u32) -> Self {
        let later = DateTime::from_timestamp_micros(self.0).and_then(|at| at.checked_add_months(Months::new(months)));
        Self(later.map_or(i64::MAX, |at| at.timestamp_micros()))
    }
}
