//! Who may do what: every permission is a function here, asked by use cases and by nothing else.

use crate::identity::{Role, Roles};
use crate::ids::UserId;
use crate::order::{Order, OrderLine};
use crate::subscription::gate::Denied;

/// On whose behalf something happens.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Actor {
    /// A signed-in person.
    User {
        /// Who.
        id: UserId,
        /// What they are.
        roles: Roles,
    },
    /// Veza itself: a worker, a rule.
    System,
}

impl Actor {
    /// The person behind it, if any.
    #[must_use]
    pub fn user_id(&self) -> Option<UserId> {
        match self {
            Self::User { id, .. } => Some(*id),
            Self::System => None,
        }
    }

    /// May see everything.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        match self {
            Self::User { roles, .. } => roles.has(Role::Admin),
            Self::System => true,
        }
    }

    /// The buyer and admins see an order; its sellers see what they sold through their own pages.
    #[must_use]
    pub fn may_see_order(&self, order: &Order) -> bool {
        self.is_admin() || self.user_id() == Some(order.buyer_id)
    }

    /// The buyer and admins see all refunds of an order, and so does a seller of it.
    #[must_use]
    pub fn may_see_refunds(&self, order: &Order, lines: &[OrderLine]) -> bool {
        lines.iter().any(|line| self.may_refund_line(order, line))
    }

    /// The buyer and admins may refund any line of a sale, a seller the own ones; what was paid for a plan only admins give back.
    #[must_use]
    pub fn may_refund_line(&self, order: &Order, line: &OrderLine) -> bool {
        let by_buyer = order.invoice_id.is_none() && self.may_see_order(order);
        by_buyer || self.is_admin() || self.user_id() == Some(line.seller_id)
    }

    /// Only its seller (and admins) change a product or see it before it is published.
    #[must_use]
    pub fn may_edit_product(&self, seller: UserId) -> bool {
        self.is_admin() || self.user_id() == Some(seller)
    }
}

/// Why somebody may not sell.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum MayNotSell {
    /// Selling needs the role `creator` (self-service).
    #[error("selling needs the role creator")]
    NotACreator,
    /// The plan in effect does not allow it.
    #[error(transparent)]
    Plan(#[from] Denied),
}

/// The one function that says who may sell: a creator whose plan allows it (`plan`: the gate's word on
/// [`Feature::SellOnMarketplace`](crate::subscription::Feature)).
///
/// # Errors
/// [`MayNotSell`] with the reason to show.
pub fn may_sell(roles: Roles, plan: Result<(), Denied>) -> Result<(), MayNotSell> {
    may_be_paid(roles)?;
    Ok(plan?)
}

/// Who may have an account that receives transfers: every creator, also one whose plan is over, for what was sold before.
///
/// # Errors
/// [`MayNotSell::NotACreator`].
pub fn may_be_paid(roles: Roles) -> Result<(), MayNotSell> {
    if roles.has(Role::Creator) { Ok(()) } else { Err(MayNotSell::NotACreator) }
}
