//! The one gate: what a person may do by their plan (spec/02-subscriptions §3). Every feature asks here, and nothing else looks at a
//! subscription's status to allow something.

use super::invoice::Invoice;
use super::plan::{Feature, Features, Plan, PlanId};
use super::{Subscription, SubscriptionStatus};
use crate::time::Timestamp;

/// What is known of a person's plan.
#[derive(Clone, Copy, Debug)]
pub struct Standing<'a> {
    /// The person's open subscription, or the last one; none: never had one.
    pub subscription: Option<&'a Subscription>,
    /// The invoice that paid its current period.
    pub paid: Option<&'a Invoice>,
}

/// Which plan a person has in effect, and what stands in the way of the one that they chose.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// This plan is in effect.
    Plan(PlanId),
    /// This plan was chosen, and its payment is missing: what is in effect is [`PlanId::Free`].
    NeedsPayment(PlanId),
}

/// Why a feature is not allowed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// The plan does not have it.
    #[error("no plan that allows this")]
    PlanRequired {
        /// The plans that have it, by rank.
        plans: Vec<PlanId>,
    },
    /// The plan has it, and is not paid.
    #[error("the plan's payment is missing")]
    CompletePayment,
}

/// Effective access: the free plan, or a trial that runs, or a current period whose invoice the PSP confirmed as paid. A row without
/// that grants nothing, however it came to be.
#[must_use]
pub fn access(standing: &Standing<'_>, now: Timestamp) -> Access {
    let Some(subscription) = standing.subscription else { return Access::Plan(PlanId::Free) };
    let plan = subscription.choice.plan;
    let status = subscription.status;
    if plan == PlanId::Free || status == SubscriptionStatus::Expired {
        return Access::Plan(PlanId::Free);
    }
    let may_be_on_trial = matches!(status, SubscriptionStatus::Trialing | SubscriptionStatus::Canceled);
    let trial = may_be_on_trial && subscription.period.is_none() && subscription.trial_ends_at.is_some_and(|end| now < end);
    let paid = status != SubscriptionStatus::PendingPayment
        && subscription.period.is_some_and(|period| now < period.end)
        && standing.paid.is_some_and(|invoice| {
            Some(invoice.id) == subscription.paid_by && invoice.user_id == subscription.user_id && invoice.is_confirmed()
        });
    if trial || paid { Access::Plan(plan) } else { Access::NeedsPayment(plan) }
}

/// May a person with this standing use `feature`?
///
/// # Errors
/// [`Denied`]: no plan with it, or a plan with it that is not paid; never one for the other.
pub fn require(standing: &Standing<'_>, plans: &[Plan], feature: Feature, now: Timestamp) -> Result<(), Denied> {
    let allows = |plan: PlanId| plans.iter().any(|row| row.choice.plan == plan && row.features.allow(feature));
    match access(standing, now) {
        Access::Plan(plan) if allows(plan) => Ok(()),
        Access::NeedsPayment(plan) if allows(plan) => Err(Denied::CompletePayment),
        Access::Plan(_) | Access::NeedsPayment(_) => {
            Err(Denied::PlanRequired { plans: PlanId::ALL.into_iter().filter(|plan| allows(*plan)).collect() })
        }
    }
}

/// What the plan in effect allows: quotas and switches.
#[must_use]
pub fn features(standing: &Standing<'_>, plans: &[Plan], now: Timestamp) -> Option<Features> {
    let in_effect = match access(standing, now) {
        Access::Plan(plan) => plan,
        Access::NeedsPayment(_) => PlanId::Free,
    };
    plans.iter().find(|row| row.choice.plan == in_effect).map(|row| row.features)
}
