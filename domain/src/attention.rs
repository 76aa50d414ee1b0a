//! What waits on a person, with a reason and a proposed action: nothing odd is only in a log.

use crate::ids::{DisputeId, OrderId, RefundId, ReversalId, TransferId, UserId};
use crate::time::Timestamp;
use uuid::Uuid;

/// What it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// An order.
    Order(OrderId),
    /// A refund.
    Refund(RefundId),
    /// A transfer.
    Transfer(TransferId),
    /// A reversal.
    Reversal(ReversalId),
    /// A person.
    User(UserId),
    /// A dispute.
    Dispute(DisputeId),
}

impl Subject {
    /// Its kind as stored and shown.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::Order(_) => "order",
            Self::Refund(_) => "refund",
            Self::Transfer(_) => "transfer",
            Self::Reversal(_) => "reversal",
            Self::User(_) => "user",
            Self::Dispute(_) => "dispute",
        }
    }

    /// Its id.
    #[must_use]
    pub fn id(&self) -> Uuid {
        match self {
            Self::Order(id) => id.0,
            Self::Refund(id) => id.0,
            Self::Transfer(id) => id.0,
            Self::Reversal(id) => id.0,
            Self::User(id) => id.0,
            Self::Dispute(id) => id.0,
        }
    }

    /// Reads what [`Self::kind`] and [`Self::id`] gave.
    #[must_use]
    pub fn parse(kind: &str, id: Uuid) -> Option<Self> {
        let known = [
            Self::Order(OrderId(id)),
            Self::Refund(RefundId(id)),
            Self::Transfer(TransferId(id)),
            Self::Reversal(ReversalId(id)),
            Self::User(UserId(id)),
            Self::Dispute(DisputeId(id)),
        ];
        known.into_iter().find(|subject| subject.kind() == kind)
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $text:literal => $action:literal),+ $(,)?) => {
        /// Why it waits on a person.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code { $($(#[$doc])* $name),+ }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Self] = &[$(Self::$name),+];

            /// As stored and shown.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$name => $text),+ }
            }

            /// What to do about it.
            #[must_use]
            pub fn proposed_action(self) -> &'static str {
                match self { $(Self::$name => $action),+ }
            }

            /// Reads what [`Self::as_str`] wrote.
            #[must_use]
            pub fn parse(text: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|code| code.as_str() == text)
            }
        }
    };
}

codes! {
    /// The PSP reported another amount or currency than ours.
    AmountMismatch = "amount_mismatch" => "Compare the object at the PSP with ours; refund the buyer there or correct the amount with the PSP.",
    /// The PSP confirms that a payment which had succeeded has not.
    PaymentFailedAfterSuccess = "payment_failed_after_success" => "Find out at the PSP where the money went. The sale was taken back in our books, unless the detail says that nothing was booked.",
    /// The PSP confirms that a refund which had succeeded has not.
    RefundFailedAfterSuccess = "refund_failed_after_success" => "Tell the buyer; open the refund again or pay the buyer another way.",
    /// The PSP confirms that a refund which had failed has succeeded.
    RefundSucceededAfterFailure = "refund_succeeded_after_failure" => "Nothing to book: it was booked as a new fact. Check that the buyer was not paid another way meanwhile.",
    /// A refund was made at the PSP and not through us.
    ExternalRefund = "external_refund" => "Check who made it. It was imported, unless the detail says that nothing was booked.",
    /// The PSP refunded more than the order has left.
    RefundExceedsOrder = "refund_exceeds_order" => "Compare refunds and disputes at the PSP: the buyer was paid more than the order; the platform bears the rest.",
    /// An exclusive licence was sold to another order before this late payment came; it is being refunded.
    ExclusiveAlreadySold = "exclusive_already_sold" => "Nothing, once the refund has succeeded; if it fails, refund the buyer at the PSP.",
    /// Connect has refused a transfer for good.
    TransferPermanentlyFailed = "transfer_permanently_failed" => "Mend what Connect names, then pay the share by a new transfer.",
    /// Connect has more than one transfer for one of ours.
    TransferPaidTwice = "transfer_paid_twice" => "Reverse the surplus transfer at Connect.",
    /// A reversal was given up: the seller owes the share.
    ReversalPermanentlyFailed = "reversal_permanently_failed" => "Ask the seller, or write the debt off.",
    /// The time for evidence is over and the PSP does not say who wins.
    DisputeExpired = "dispute_expired" => "Look at the dispute at the PSP; its outcome is booked once the PSP names it.",
    /// A dispute is open: the shares are held.
    DisputeOpened = "dispute_opened" => "Hand in evidence at the PSP before the deadline, or accept.",
    /// The bank took more than the order had left; the platform bears the rest.
    DisputeExceedsOrder = "dispute_exceeds_order" => "Compare refunds and disputes at the PSP: the buyer may have been paid twice.",
    /// A dispute was lost in another currency than the order's, so nobody knows yet what to book.
    DisputeInAnotherCurrency = "dispute_in_another_currency" => "See at the PSP what the bank took in the order's currency, and book that.",
    /// The PSP confirms that a dispute which had been lost is not.
    DisputeWonAfterLoss = "dispute_won_after_loss" => "Nothing to book: it was booked as a new fact. Tell the sellers.",
    /// The PSP confirms that a payment which had been undone stands after all.
    PaymentStandsAfterAll = "payment_stands_after_all" => "Nothing to book: it was booked as a new fact.",
    /// A refund that the reconciler looked for does not exist at the PSP; it was ended as failed.
    OrphanRefundFailed = "orphan_refund_failed" => "Tell who asked; the refund may be opened again.",
    /// A seller owes a share that no transfer of its order holds at Connect: it had paid an earlier debt.
    NothingAtConnect = "nothing_at_connect" => "Wait for the seller's next shares, which pay it; ask the seller; or write it off.",
    /// A transfer was taken back at Connect and not through us.
    ExternalReversal = "external_reversal" => "Find out who did it; if the seller is to have the share, replace the transfer; if not, keep it.",
    /// Connect's transfer and ours differ in amount, currency or account.
    TransferMismatch = "transfer_mismatch" => "Compare the transfer at Connect with ours; correct it there.",
    /// A seller's payout to the bank failed; the money is back in the seller's Connect account.
    PayoutFailed = "payout_failed" => "Have the seller correct the bank account at Connect; Connect pays out again by itself.",
    /// A payment came for a period that was paid already, or for a plan that another has taken the place of; it is being refunded.
    SubscriptionPaidInVain = "subscription_paid_in_vain" => "Nothing, once the refund has succeeded; if it fails, refund the customer at the PSP.",
    /// A subscription should have been renewed and was not.
    RenewalMissed = "renewal_missed" => "Look at its timeline and at the log of the subscription worker; it is due again.",
    /// The provider refused what our books say must be possible.
    ProviderRefused = "provider_refused" => "Read the provider's message; mend the cause, then repeat the step.",
    /// The distributor keeps failing over what a creator handed in, or refuses its takedown.
    DistributionStuck = "distribution_stuck" => "Read the distributor's words; mend the cause there. It is tried again by itself.",
    /// The provider does not accept our credentials.
    ProviderCredentials = "provider_credentials" => "Check the API key; everything that waits goes on by itself.",
}

/// One entry of the list. At most one per subject and code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attention {
    /// What it is about.
    pub subject: Subject,
    /// Why.
    pub code: Code,
    /// The order it belongs to, where it belongs to one.
    pub order_id: Option<OrderId>,
    /// Figures and the provider's words.
    pub detail: String,
    /// Since when.
    pub since: Timestamp,
}
