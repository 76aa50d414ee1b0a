//! Plans: what they cost for a cycle, and what they allow (spec/02-subscriptions §1).

use crate::money::{Minor, Money};
use crate::time::Timestamp;
use std::time::Duration;

/// A plan. The order is the rank: a later one is an upgrade.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PlanId {
    /// What everybody has.
    Free,
    /// For who sells.
    Creator,
    /// For who sells a lot.
    Premium,
}

impl PlanId {
    /// Every plan, by rank.
    pub const ALL: [Self; 3] = [Self::Free, Self::Creator, Self::Premium];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Creator => "creator",
            Self::Premium => "premium",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|plan| plan.as_str() == text)
    }
}

/// How long a period is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Cycle {
    /// A calendar month.
    Monthly,
    /// A calendar year.
    Yearly,
}

impl Cycle {
    /// Every cycle.
    pub const ALL: [Self; 2] = [Self::Monthly, Self::Yearly];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Monthly => "monthly",
            Self::Yearly => "yearly",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cycle| cycle.as_str() == text)
    }

    /// The period of this cycle that starts at `start`: the same day of the next month or year, or its last day where it has no such
    /// day (31 January is followed by 28 or 29 February).
    #[must_use]
    pub fn period(self, start: Timestamp) -> Period {
        let months = match self {
            Self::Monthly => 1,
            Self::Yearly => 12,
        };
        Period { start, end: start.plus_months(months) }
    }
}

/// A plan for a cycle at a price.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Choice {
    /// Which plan.
    pub plan: PlanId,
    /// For how long at a time.
    pub cycle: Cycle,
    /// What a period costs.
    pub price: Money,
}

/// From `start` on, until just before `end`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Period {
    /// Its first moment.
    pub start: Timestamp,
    /// The first moment after it.
    pub end: Timestamp,
}

impl Period {
    /// What of `price`, paid for the whole of it, is unused at `now`; rounds down, never more than `price`.
    #[must_use]
    pub fn unused(&self, price: Minor, now: Timestamp) -> Minor {
        let whole = i128::from(self.end.0) - i128::from(self.start.0);
        let left = (i128::from(self.end.0) - i128::from(now.0.max(self.start.0))).max(0);
        if whole <= 0 {
            return Minor::ZERO;
        }
        Minor(i64::try_from(i128::from(price.0) * left / whole).unwrap_or(price.0))
    }
}

/// What a plan allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Features {
    /// Sell on the marketplace.
    pub can_sell_on_marketplace: bool,
    /// Send tracks to other platforms.
    pub can_distribute: bool,
    /// Bytes that may be stored.
    pub upload_quota: u64,
    /// Export analytics.
    pub analytics_export: bool,
}

/// A row of the price list: a plan, for a cycle, in a currency.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Plan {
    /// What is chosen, with its price.
    pub choice: Choice,
    /// What it allows; the same in all rows of a plan.
    pub features: Features,
    /// How long it may be tried before it costs anything.
    pub trial: Option<Duration>,
}

/// A thing that a plan may allow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Sell on the marketplace.
    SellOnMarketplace,
    /// Send tracks to other platforms.
    Distribute,
    /// Export analytics.
    ExportAnalytics,
}

impl Features {
    /// Does it allow `feature`?
    #[must_use]
    pub fn allow(&self, feature: Feature) -> bool {
        match feature {
            Feature::SellOnMarketplace => self.can_sell_on_marketplace,
            Feature::Distribute => self.can_distribute,
            Feature::ExportAnalytics => self.analytics_export,
        }
    }
}
