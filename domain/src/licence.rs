//! Licences that buyers hold, and the one holder of an exclusive licence (spec/05-marketplace).

use crate::ids::{LicenceId, LineId, OrderId, ProductId, UserId};
use crate::time::Timestamp;

/// The name of a licence's terms: `basic`, `premium`, `exclusive`, …; `standard` where a product is bought without one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LicenceKind(String);

/// What a licence kind may not be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a licence kind is 1 to 32 of a-z, 0-9, '_' and '-'")]
pub struct BadLicenceKind;

impl LicenceKind {
    /// Reads a kind.
    /// # Errors
    /// [`BadLicenceKind`] for anything but 1 to 32 characters of `a-z0-9_-`.
    pub fn new(text: &str) -> Result<Self, BadLicenceKind> {
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'_' | b'-');
        if (1..=32).contains(&text.len()) && text.bytes().all(fits) { Ok(Self(text.to_owned())) } else { Err(BadLicenceKind) }
    }

    /// What a product is bought under when no licence was chosen.
    #[must_use]
    pub fn standard() -> Self {
        Self("standard".to_owned())
    }

    /// The kind as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Sells once per product, also under concurrent checkouts.
    #[must_use]
    pub fn is_exclusive(&self) -> bool {
        self.0 == "exclusive"
    }
}

/// Whether a licence still permits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LicenceStatus {
    /// It does.
    Active,
    /// Its price was refunded.
    Revoked,
}

impl LicenceStatus {
    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Revoked => "revoked",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Active, Self::Revoked].into_iter().find(|status| status.as_str() == text)
    }
}

/// A buyer's licence for one line of an order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Licence {
    /// Derived from the line: a line grants once.
    pub id: LicenceId,
    /// The line that was paid for.
    pub line_id: LineId,
    /// Its order.
    pub order_id: OrderId,
    /// What it licenses.
    pub product_id: ProductId,
    /// Who holds it.
    pub buyer_id: UserId,
    /// Under which terms.
    pub kind: LicenceKind,
    /// Whether it still permits.
    pub status: LicenceStatus,
    /// When it was granted.
    pub granted_at: Timestamp,
}

/// Where the one exclusive licence of a product is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExclusiveState {
    /// A pending order has reserved it.
    Held,
    /// An order has paid for it.
    Sold,
    /// The order that held it failed, or was refunded in full.
    Released,
}

impl ExclusiveState {
    /// As stored.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Held => "held",
            Self::Sold => "sold",
            Self::Released => "released",
        }
    }

    /// Reads what [`Self::as_str`] wrote.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Held, Self::Sold, Self::Released].into_iter().find(|state| state.as_str() == text)
    }
}

/// The guard row that makes an exclusive licence sell once: one per product.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExclusiveHold {
    /// The product.
    pub product_id: ProductId,
    /// The order that holds, bought or last held it.
    pub order_id: OrderId,
    /// Where it is.
    pub state: ExclusiveState,
}

impl ExclusiveHold {
    /// May `order` take it (now, or as a late success)?
    #[must_use]
    pub fn is_free_for(&self, order: OrderId) -> bool {
        self.state == ExclusiveState::Released || self.order_id == order
    }
}
