//! Transfer reversals: connected account → platform balance (stripe.md §3, §6).

use std::collections::BTreeMap;

use crate::{
    core::Answer,
    model::Reversal,
    script::{Fault, Faults},
    state::{PLATFORM, State},
};

use super::{errors, events, idempotency::Cause, params::Params, render};

/// Parameters of POST /v1/transfers/{id}/reversals.
pub(crate) const CREATE: &[&str] = &["amount", "description", "expand", "metadata", "refund_application_fee"];

/// POST /v1/transfers/{id}/reversals. Without an amount everything that is left goes back.
pub(crate) fn create(
    state: &mut State,
    transfer_id: &str,
    amount: Option<i64>,
    metadata: BTreeMap<String, String>,
    cause: &Cause,
    faults: &Faults,
) -> Answer {
    if faults.has(Fault::ReversedElsewhere) {
        let _ = reverse(state, transfer_id, None, BTreeMap::new(), None); // refused = reversed already
    }
    if faults.has(Fault::BalanceInsufficient) && state.transfers.contains(transfer_id) {
        return errors::balance_insufficient();
    }
    match reverse(state, transfer_id, amount, metadata, Some(cause)) {
        Ok(id) => show(state, transfer_id, &id),
        Err(answer) => answer,
    }
}

/// Takes money back; `cause` is absent when somebody does it in Stripe's dashboard.
/// # Errors
/// The refusal, worded as in §6.
pub(crate) fn reverse(
    state: &mut State,
    transfer_id: &str,
    amount: Option<i64>,
    metadata: BTreeMap<String, String>,
    cause: Option<&Cause>,
) -> Result<String, Answer> {
    let transfer = state.transfers.get(transfer_id).ok_or_else(|| errors::no_such("transfer", transfer_id))?;
    let left = transfer.amount - transfer.amount_reversed;
    if left == 0 {
        return Err(errors::invalid(400, None, None, format!("The transfer {transfer_id} is already fully reversed.")));
    }
    let amount = amount.unwrap_or(left);
    if amount > left {
        let message =
            format!("Transfer reversal amount ({}) is greater than unreversed amount on transfer ({})", dollars(amount), dollars(left));
        return Err(errors::invalid(400, None, Some("amount"), message));
    }
    let (destination, currency) = (transfer.destination.clone(), transfer.currency.clone());
    if state.balance(&destination, &currency) < amount {
        return Err(errors::balance_insufficient());
    }
    state.adjust(&destination, &currency, -amount, 0);
    state.adjust(PLATFORM, &currency, amount, 0);
    let reversal = Reversal {
        id: state.ids.text("trr_1", 23),
        amount,
        currency,
        created: state.now,
        metadata,
        transfer: transfer_id.to_owned(),
        idempotency_key: cause.and_then(|cause| cause.idempotency_key.clone()),
    };
    let id = reversal.id.clone();
    state.reversals.put(reversal);
    if let Some(transfer) = state.transfers.edit(transfer_id) {
        transfer.amount_reversed += amount;
        transfer.reversal_ids.push(id.clone());
    }
    events::of_transfer(state, "transfer.reversed", transfer_id, cause);
    Ok(id)
}

fn dollars(minor: i64) -> String {
    format!("${}.{:02}", minor / 100, minor % 100)
}

/// GET /v1/transfers/{id}/reversals/{id}.
pub(crate) fn show(state: &State, transfer_id: &str, id: &str) -> Answer {
    if !state.transfers.contains(transfer_id) {
        return errors::no_such("transfer", transfer_id);
    }
    match state.reversals.get(id).filter(|reversal| reversal.transfer == transfer_id) {
        Some(reversal) => Answer::json(200, render::reversal(reversal).pretty()),
        None => errors::no_such("transfer reversal", id),
    }
}

/// GET /v1/transfers/{id}/reversals, newest first.
pub(crate) fn list(state: &State, transfer_id: &str, params: &Params) -> Result<Answer, Answer> {
    let page = params.page()?;
    let transfer = state.transfers.get(transfer_id).ok_or_else(|| errors::no_such("transfer", transfer_id))?;
    let positions: Vec<usize> = transfer.reversal_ids.iter().filter_map(|id| state.reversals.position(id)).collect();
    let (rows, has_more) = page.cut(&state.reversals, positions.into_iter(), "transfer reversal", |_| true)?;
    let url = format!("/v1/transfers/{transfer_id}/reversals");
    let data = rows.into_iter().map(render::reversal).collect();
    Ok(Answer::json(200, render::list(data, has_more, &url).pretty()))
}
