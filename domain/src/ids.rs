//! One id type per entity, and ids that follow from other ids.
//!
//! Ids are UUIDv7. What one commit opens as a consequence of something else (a licence of a line, a transfer of an
//! order to a seller, a reversal of a transfer for a refund) takes a *derived* id: the primary key itself then refuses
//! a second one, whoever brings the same fact again (`docs/adr/0003-derived-ids.md`).

use crate::time::Timestamp;
use uuid::Uuid;

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident),+ $(,)?) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                self.0.fmt(f)
            }
        }

        impl std::str::FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                Uuid::parse_str(text).map(Self)
            }
        }
    )+};
}

ids! {
    /// A person's account.
    UserId,
    /// A login: the family of refresh tokens that descend from it.
    SessionId,
    /// A single-use token sent by mail.
    MailTokenId,
    /// A thing for sale.
    ProductId,
    /// A licence that a product is offered under.
    OfferId,
    /// A purchase by one buyer, of one or more sellers' products.
    OrderId,
    /// One position of an order.
    LineId,
    /// A licence that a buyer holds.
    LicenceId,
    /// Money that goes back to the buyer.
    RefundId,
    /// Money that goes to a seller's Connect account.
    TransferId,
    /// A transfer taken back, whole or in part.
    ReversalId,
    /// A row of the outbox.
    EffectId,
    /// One delivery in the webhook log.
    DeliveryId,
    /// A buyer's claim at the card's bank.
    DisputeId,
    /// A part of a share that was kept to pay a debt.
    NettingId,
    /// A line of an order's journal.
    JournalId,
    /// Something that an operator did.
    AdminActionId,
    /// A run of the audit.
    AuditId,
    /// A person's plan over time.
    SubscriptionId,
    /// What a subscription asks for one period. Its id is also the id of the order by which it is collected first, and so its key.
    InvoiceId,
    /// A track or release that was handed in for distribution.
    SubmissionId,
    /// A submission on one platform.
    PlacementId,
    /// A move of a placement's status.
    PlacementMoveId,
}

/// The id that follows from `parent` (a UUIDv7) for its child `kind` named by `of`.
///
/// Keeps the parent's time prefix, so rows stay in index order, and mixes the rest; the same arguments always give the
/// same id.
#[must_use]
pub fn derive(parent: Uuid, kind: &str, of: &[u8]) -> Uuid {
    let mut tail = Fnv::new(0xcbf2_9ce4_8422_2325);
    let mut head = Fnv::new(0x9ae1_6a3b_2f90_404f);
    for byte in parent.as_bytes().iter().chain(kind.as_bytes()).chain([0].iter()).chain(of) {
        tail.mix(*byte);
        head.mix(*byte);
    }
    let mut bytes = *parent.as_bytes();
    bytes[8..16].copy_from_slice(&tail.0.to_be_bytes());
    bytes[6..8].copy_from_slice(&head.0.to_be_bytes()[..2]);
    bytes[6] = (bytes[6] & 0x0f) | 0x70; // version 7
    bytes[8] = (bytes[8] & 0x3f) | 0x80; // RFC 9562 variant
    Uuid::from_bytes(bytes)
}

/// As [`derive()`], of something that is made at `at`, long after its parent: lists and audits go by the time in the id.
#[must_use]
pub fn derive_at(at: Timestamp, parent: Uuid, kind: &str, of: &[u8]) -> Uuid {
    let milliseconds = at.0.div_euclid(1000).clamp(0, (1 << 48) - 1);
    let mut bytes = *derive(parent, kind, of).as_bytes();
    bytes[..6].copy_from_slice(&milliseconds.to_be_bytes()[2..]);
    Uuid::from_bytes(bytes)
}

/// FNV-1a, 64 bits: ids are ours, nobody chooses them to collide.
struct Fnv(u64);

impl Fnv {
    fn new(basis: u64) -> Self {
        Self(basis)
    }

    fn mix(&mut self, byte: u8) {
        self.0 = (self.0 ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn derived_ids_are_stable_distinct_and_keep_the_time() {
        let parent = Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0001);
        let first = derive(parent, "licence", b"a");
        assert_eq!(first, derive(parent, "licence", b"a"));
        assert_ne!(first, derive(parent, "licence", b"b"));
        assert_ne!(first, derive(parent, "transfer", b"a"));
        assert_eq!(first.as_bytes()[..6], parent.as_bytes()[..6]);
        assert_eq!(first.get_version_num(), 7);
        let later = derive_at(Timestamp(1_801_389_600_000_000), parent, "renewal", b"a");
        assert_eq!(later.as_bytes()[..6], 1_801_389_600_000_i64.to_be_bytes()[2..]);
        assert_eq!(later.as_bytes()[6..], derive(parent, "renewal", b"a").as_bytes()[6..]);
    }
}
