//! When to try again: transient failures back off and use up a budget, what time heals waits on a slow schedule.

use std::time::Duration;

/// The retry settings of one worker (`TRANSFER_RETRY_*`, `REVERSAL_*`; spec/01-money §5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Retries after the first try.
    pub retries_max: u32,
    /// Delay that is doubled with each retry.
    pub base: Duration,
    /// Longest delay, and the pace of the slow schedule.
    pub max: Duration,
}

impl RetryPolicy {
    /// Delay before retry number `n` (from 1): `base · 2^n`, at most [`RetryPolicy::max`].
    #[must_use]
    pub fn delay(&self, n: u32) -> Duration {
        2_u32.checked_pow(n).and_then(|factor| self.base.checked_mul(factor)).map_or(self.max, |delay| delay.min(self.max))
    }

    /// True when retry number `n` would exceed the budget.
    #[must_use]
    pub fn exhausted(&self, n: u32) -> bool {
        n > self.retries_max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn backoff_is_capped() {
        let policy = RetryPolicy { retries_max: 5, base: Duration::from_secs(1), max: Duration::from_secs(10) };
        let seconds: Vec<u64> = (1..=5).map(|n| policy.delay(n).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 10, 10], "the fourth retry waits 10 s, not 16");
        assert_eq!(policy.delay(u32::MAX), policy.max);
        assert!(!policy.exhausted(5) && policy.exhausted(6));
    }
}
