//! Latencies: recorded in microseconds, read off as quantiles.

use std::time::Duration;

/// Latencies of one load.
#[derive(Clone, Debug, Default)]
pub struct Latencies {
    micros: Vec<u32>,
    sorted: bool,
}

impl Latencies {
    /// Adds one.
    pub fn record(&mut self, latency: Duration) {
        self.micros.push(u32::try_from(latency.as_micros()).unwrap_or(u32::MAX));
        self.sorted = false;
    }

    /// Adds all of another.
    pub fn absorb(&mut self, other: Self) {
        self.micros.extend(other.micros);
        self.sorted = false;
    }

    /// How many there are.
    #[must_use]
    pub fn count(&self) -> usize {
        self.micros.len()
    }

    /// The latency that the share `quantile` (0 to 1) of all does not exceed; 0 without any.
    pub fn quantile(&mut self, quantile: f64) -> Duration {
        if !self.sorted {
            self.micros.sort_unstable();
            self.sorted = true;
        }
        let Some(last) = self.micros.len().checked_sub(1) else { return Duration::ZERO };
        let rank = (quantile * self.micros.len() as f64).ceil() as usize;
        Duration::from_micros(u64::from(self.micros[rank.saturating_sub(1).min(last)]))
    }
}

/// The middle one of several durations; 0 without any.
#[must_use]
pub fn median(durations: impl IntoIterator<Item = Duration>) -> Duration {
    let mut all = Latencies::default();
    durations.into_iter().for_each(|duration| all.record(duration));
    all.quantile(0.5)
}

/// The middle one of several figures, or the mean of the two in the middle; 0 without any.
#[must_use]
pub fn middle(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = figures.into_iter().collect();
    all.sort_by(f64::total_cmp);
    match all.get(all.len().saturating_sub(1) / 2).zip(all.get(all.len() / 2)) {
        Some((low, high)) => f64::midpoint(*low, *high),
        None => 0.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_ranks_of_what_was_recorded() {
        let mut all = Latencies::default();
        assert_eq!(all.quantile(0.99), Duration::ZERO);
        (1..=100).rev().for_each(|micros| all.record(Duration::from_micros(micros)));
        let micros = |all: &mut Latencies, quantile| all.quantile(quantile).as_micros();
        assert_eq!((micros(&mut all, 0.0), micros(&mut all, 0.5), micros(&mut all, 0.99), micros(&mut all, 1.0)), (1, 50, 99, 100));
        assert_eq!(median([3, 1, 2].map(Duration::from_micros)), Duration::from_micros(2));
        assert_eq!((middle([3.0, 1.0, 2.0]), middle([4.0, 1.0]), middle([])), (2.0, 2.5, 0.0));
    }
}
