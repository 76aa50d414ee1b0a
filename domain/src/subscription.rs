//! What plans give. Only the names that other capabilities ask by; plans themselves come with their own change.

/// What a plan may give.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Feature {
    /// Sell on the marketplace.
    SellOnMarketplace,
    /// Send tracks to other platforms.
    Distribute,
    /// Export analytics.
    ExportAnalytics,
}
