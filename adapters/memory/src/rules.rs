//! What the store itself refuses: a CHECK, a trigger or a unique index of the SQL adapters, each as a function.

use veza_domain::money::Minor;
use veza_domain::reversal::ReversalStatus;
use veza_ports::storage::{Row, UniqueValue, Write};

/// Can such a write be at all, whatever is stored?
pub(crate) fn as_such(write: &Write) -> Result<(), String> {
    let row = match write {
        Write::Insert(row) | Write::Ensure(row) => row,
        Write::Update { row, .. } => match row {
            Row::Posting(_) | Row::Attention(_) | Row::Delivery(_) => return Err("such rows are never updated".to_owned()),
            other => other,
        },
        Write::Unchanged { .. } => return Ok(()),
    };
    match row {
        Row::Posting(posting) if !posting.balances() => Err("the posting does not sum to zero".to_owned()),
        Row::Reversal(reversal) if reversal.status == ReversalStatus::ReversalPending && reversal.next_retry_at.is_none() => {
            Err("a pending reversal is due some time".to_owned())
        }
        row if !amounts_can_be(row) => Err("an amount is below zero, or more was given back than there was".to_owned()),
        _ => Ok(()),
    }
}

/// No amount is below zero, and what is given back is within what there was.
fn amounts_can_be(row: &Row) -> bool {
    let within = |part: Minor, whole: Minor| part >= Minor::ZERO && part <= whole;
    let positive = |amounts: &[Minor]| amounts.iter().all(|amount| *amount >= Minor::ZERO);
    match row {
        Row::Product(row) => row.offers.iter().map(|offer| offer.price).chain([row.price]).all(|price| price.amount >= Minor::ZERO),
        Row::Order(row) => within(row.refunded, row.total.amount),
        Row::Line(row) => within(row.refunded, row.price) && positive(&[row.fee, row.share]),
        Row::Refund(row) => {
            let parts = row.line_parts.iter().map(|part| part.amount).chain(row.seller_parts.iter().map(|part| part.amount));
            row.amount.amount >= Minor::ZERO && parts.min().is_none_or(|least| least >= Minor::ZERO)
        }
        Row::Transfer(row) => within(row.amount_reversed, row.amount.amount),
        Row::Reversal(row) => row.amount.amount >= Minor::ZERO,
        _ => true,
    }
}

/// May the row `before` become `after`?
pub(crate) fn may_follow(before: &Row, after: &Row) -> Result<(), String> {
    match (before, after) {
        (Row::Transfer(before), Row::Transfer(after)) if !before.status().may_move_to(after.status()) => {
            Err(format!("a transfer can't go from {} to {}", before.status().as_str(), after.status().as_str()))
        }
        _ => Ok(()),
    }
}

/// The values of a row that no other row of its kind may have, in the order in which they are judged.
pub(crate) fn unique_values(row: &Row) -> Vec<(UniqueValue, Vec<u8>)> {
    let optional = |value: UniqueValue, text: &Option<String>| text.iter().map(|text| (value, text.clone().into_bytes())).collect();
    match row {
        Row::User(user) => {
            vec![(UniqueValue::Email, user.email.as_str().into()), (UniqueValue::Username, user.username.folded().into_bytes())]
        }
        Row::MailToken(token) => vec![(UniqueValue::MailTokenHash, token.hash.0.to_vec())],
        Row::SellerAccount(account) => optional(UniqueValue::StripeAccountId, &account.stripe_account_id),
        Row::Order(order) => optional(UniqueValue::PaymentId, &order.payment_id),
        Row::Refund(refund) => optional(UniqueValue::PspRefundId, &refund.psp_refund_id),
        Row::Transfer(transfer) => optional(UniqueValue::StripeTransferId, &transfer.stripe_transfer_id),
        Row::Reversal(reversal) => optional(UniqueValue::StripeReversalId, &reversal.stripe_reversal_id),
        Row::Session(_)
        | Row::RefreshToken(_)
        | Row::Product(_)
        | Row::Exclusive(_)
        | Row::Idempotency(_)
        | Row::Line(_)
        | Row::Licence(_)
        | Row::Posting(_)
        | Row::Effect(_)
        | Row::Attention(_)
        | Row::Delivery(_) => Vec::new(),
    }
}
