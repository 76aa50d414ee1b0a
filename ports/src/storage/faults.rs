//! What no store ever takes, whatever it holds, and which values may stand once: told from the write alone, once for all adapters.
//! The SQL schemas refuse the same by themselves, whoever writes.

use super::{Row, RowKey, UniqueValue, Write};
use veza_domain::money::Minor;
use veza_domain::reversal::{Reversal, ReversalStatus};

impl Write {
    /// Why this write can't be, whatever is stored: a bug of whoever made it. None: it depends on what is stored.
    #[must_use]
    pub fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Insert(row) | Self::Ensure(row) => row.fault(),
            Self::Update { row, .. } if row.is_appended() => Some("such rows are never updated"),
            Self::Update { row, .. } => row.fault(),
            Self::Remove(RowKey::Attention(..)) | Self::Clear(RowKey::Attention(..)) | Self::Unchanged { .. } => None,
            Self::Remove(_) | Self::Clear(_) => Some("such rows are never removed"),
        }
    }
}

impl Row {
    /// Is it of a kind that is only ever inserted?
    #[must_use]
    pub fn is_appended(&self) -> bool {
        matches!(
            self,
            Self::Posting(_)
                | Self::Attention(_)
                | Self::Delivery(_)
                | Self::Netting(_)
                | Self::Journal(_)
                | Self::AdminAction(_)
                | Self::Trial(_)
                | Self::Submission(_)
                | Self::PlacementMove(_)
                | Self::RoyaltyFile(_)
                | Self::RoyaltyLine(_)
        )
    }

    /// The values that no other row of its kind may have, in the order in which they are judged.
    #[must_use]
    pub fn unique_values(&self) -> Vec<(UniqueValue, Vec<u8>)> {
        // An id that a provider left empty is none.
        let one = |value, text: Option<&String>| {
            let some = text.filter(|text| !text.is_empty());
            some.map(|text| (value, text.clone().into_bytes())).into_iter().collect()
        };
        match self {
            Self::User(row) => {
                vec![(UniqueValue::Email, row.email.as_str().into()), (UniqueValue::Username, row.username.folded().into_bytes())]
            }
            Self::MailToken(row) => vec![(UniqueValue::MailTokenHash, row.hash.0.to_vec())],
            Self::SellerAccount(row) => one(UniqueValue::StripeAccountId, row.stripe_account_id.as_ref()),
            Self::Order(row) => one(UniqueValue::PaymentId, row.payment_id.as_ref()),
            Self::Refund(row) => one(UniqueValue::PspRefundId, row.psp_refund_id.as_ref()),
            Self::Transfer(row) => one(UniqueValue::StripeTransferId, row.stripe_transfer_id.as_ref()),
            Self::Reversal(row) => one(UniqueValue::StripeReversalId, row.stripe_reversal_id.as_ref()),
            Self::Dispute(row) => vec![(UniqueValue::PspDisputeId, row.psp_dispute_id.clone().into_bytes())],
            Self::Subscription(row) if row.status.is_open() => vec![(UniqueValue::OpenSubscription, row.user_id.0.as_bytes().to_vec())],
            // At most one placement of a product is open on a platform.
            Self::Placement(row) if !row.status().is_over() => {
                vec![(UniqueValue::OpenPlacement, [row.product_id.0.as_bytes(), row.platform.as_str().as_bytes()].concat())]
            }
            Self::Subscription(_)
            | Self::Trial(_)
            | Self::Invoice(_)
            | Self::Session(_)
            | Self::RefreshToken(_)
            | Self::Product(_)
            | Self::Exclusive(_)
            | Self::Idempotency(_)
            | Self::Line(_)
            | Self::Licence(_)
            | Self::Netting(_)
            | Self::Payout(_)
            | Self::Posting(_)
            | Self::Effect(_)
            | Self::Attention(_)
            | Self::Delivery(_)
            | Self::Journal(_)
            | Self::AdminAction(_)
            | Self::Submission(_)
            | Self::Placement(_)
            | Self::PlacementMove(_)
            | Self::RoyaltyFile(_)
            | Self::RoyaltyLine(_) => Vec::new(),
        }
    }

    fn fault(&self) -> Option<&'static str> {
        match self {
            Self::Posting(posting) if !posting.balances() => Some("the posting does not sum to zero"),
            Self::Reversal(row) if row.status == ReversalStatus::ReversalPending && row.next_retry_at.is_none() => {
                Some("a pending reversal is due some time")
            }
            Self::Placement(row) if row.status().is_over() != row.due_at.is_none() => Some("a placement is due until it is over"),
            row if !row.amounts_can_be() => Some("an amount is below zero, or more was given back than there was"),
            _ => None,
        }
    }

    /// No amount is below zero, and what is given back is within what there was. Payouts are Connect's: they may go either way.
    fn amounts_can_be(&self) -> bool {
        let within = |part: Minor, whole: Minor| part >= Minor::ZERO && part <= whole;
        let positive = |amounts: &[Minor]| amounts.iter().all(|amount| *amount >= Minor::ZERO);
        match self {
            Self::Product(row) => row.offers.iter().map(|offer| offer.price).chain([row.price]).all(|price| price.amount >= Minor::ZERO),
            Self::Order(row) => within(row.refunded, row.total.amount),
            Self::Line(row) => within(row.refunded, row.price) && positive(&[row.fee, row.share]),
            Self::Refund(row) => {
                let parts = row.line_parts.iter().map(|part| part.amount).chain(row.seller_parts.iter().map(|part| part.amount));
                row.amount.amount >= Minor::ZERO && parts.min().is_none_or(|least| least >= Minor::ZERO)
            }
            Self::Transfer(row) => within(row.amount_reversed, row.amount.amount),
            Self::Reversal(row) => is_within(row),
            Self::Dispute(row) => row.amount.amount >= Minor::ZERO,
            Self::Netting(row) => row.amount.amount >= Minor::ZERO,
            Self::Subscription(row) => row.choice.price.amount >= Minor::ZERO,
            Self::Invoice(row) => within(row.credit, row.choice.price.amount),
            Self::RoyaltyLine(row) => row.units >= 0,
            _ => true,
        }
    }
}

/// A debt is paid and written off by no more than it is.
fn is_within(row: &Reversal) -> bool {
    let settled = i128::from(row.netted.0) + i128::from(row.written_off.0);
    row.netted >= Minor::ZERO && row.written_off >= Minor::ZERO && settled <= i128::from(row.amount.amount.0)
}
