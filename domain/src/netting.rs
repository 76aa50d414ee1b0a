//! Netting: what a seller owes is kept back from the seller's next shares (spec/01-money §5).

use crate::ids::{NettingId, OrderId, ReversalId, UserId, derive};
use crate::money::Money;
use crate::time::Timestamp;

/// A part of a share of `order_id` that was kept to pay a debt instead of being transferred. Only ever inserted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Netting {
    /// Ours; follows from the debt, the order and a count.
    pub id: NettingId,
    /// The order whose share it is taken from.
    pub order_id: OrderId,
    /// The debt: a reversal, mostly of another order.
    pub reversal_id: ReversalId,
    /// Whose share and whose debt.
    pub seller_id: UserId,
    /// How much.
    pub amount: Money,
    /// When.
    pub created_at: Timestamp,
}

impl Netting {
    /// The id of what `order` pays of the debt `reversal`, after `earlier` times.
    #[must_use]
    pub fn id_of(reversal: ReversalId, order: OrderId, earlier: usize) -> NettingId {
        let of = [order.0.as_bytes().as_slice(), &(earlier as u64).to_be_bytes()].concat();
        NettingId(derive(reversal.0, "netting", &of))
    }
}
