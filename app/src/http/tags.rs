//! The areas of the API, as the reference groups them.

use poem_openapi::Tags;

/// An area of the API.
#[derive(Clone, Copy, Debug, Tags)]
pub enum Area {
    /// Accounts, logins, who I am.
    Identity,
    /// Products, their images and licences.
    Catalogue,
    /// Buying, refunds, what I own.
    Orders,
    /// Plans, invoices, what a plan allows.
    Subscriptions,
    /// What sellers see: balance, transfers, onboarding.
    Selling,
    /// Music on streaming platforms, and what it brings.
    Distribution,
    /// Messages of the payment and payout providers.
    Webhooks,
    /// What operators see and do.
    Admin,
    /// Health, metrics, the API's own description.
    Operations,
}
