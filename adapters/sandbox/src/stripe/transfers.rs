//! Transfers: platform balance → connected account (stripe.md §3, §4).

use std::collections::BTreeMap;

use crate::{
    core::Answer,
    model::Transfer,
    script::{Fault, Faults},
    state::{PLATFORM, State, TransferKey},
};

use super::{errors, events, idempotency::Cause, params::Params, render, reversals};

/// Parameters of POST /v1/transfers.
pub(crate) const CREATE: &[&str] =
    &["amount", "currency", "description", "destination", "expand", "metadata", "source_transaction", "source_type", "transfer_group"];

/// A validated POST /v1/transfers.
pub(crate) struct Request {
    amount: i64,
    currency: String,
    destination: String,
    description: Option<String>,
    metadata: BTreeMap<String, String>,
    source_transaction: Option<String>,
    source_type: String,
    transfer_group: Option<String>,
    expand: Vec<String>,
}

impl Request {
    pub(crate) fn read(params: &Params) -> Result<Self, Answer> {
        let source_type = params.text("source_type").unwrap_or_else(|| "card".to_owned());
        if !["bank_account", "card", "fpx"].contains(&source_type.as_str()) {
            let message = "Invalid source_type: must be one of bank_account, card, or fpx";
            return Err(errors::invalid(400, None, Some("source_type"), message));
        }
        Ok(Self {
            currency: params.currency()?,
            destination: params.required("destination")?,
            amount: params.amount()?.ok_or_else(|| errors::missing("amount"))?,
            description: params.text("description").filter(|text| !text.is_empty()),
            metadata: params.metadata()?.into_iter().filter(|(_, value)| !value.is_empty()).collect(),
            source_transaction: params.text("source_transaction"),
            source_type,
            transfer_group: params.text("transfer_group"),
            expand: expand(params),
        })
    }
}

impl Request {
    /// What somebody types into the dashboard.
    pub(crate) fn of_dashboard(destination: &str, currency: &str, amount: i64) -> Self {
        Self {
            amount,
            currency: currency.to_ascii_lowercase(),
            destination: destination.to_owned(),
            description: Some("Made in the dashboard".to_owned()),
            metadata: BTreeMap::new(),
            source_transaction: None,
            source_type: "card".to_owned(),
            transfer_group: None,
            expand: Vec::new(),
        }
    }
}

/// The values of `expand[]`.
pub(crate) fn expand(params: &Params) -> Vec<String> {
    params.0.iter().filter(|(name, _)| name.starts_with("expand[")).map(|(_, value)| value.clone()).collect()
}

/// POST /v1/transfers.
pub(crate) fn create(state: &mut State, request: Request, cause: &Cause, faults: &Faults) -> Answer {
    let expand = request.expand.clone();
    match make(state, request, Some(cause), faults) {
        Ok(id) => show(state, &id, &expand),
        Err(answer) => answer,
    }
}

/// Checks and makes a transfer; `cause` is absent when somebody makes it in Stripe's dashboard.
/// # Errors
/// The refusal, worded as in §6.
pub(crate) fn make(state: &mut State, request: Request, cause: Option<&Cause>, faults: &Faults) -> Result<String, Answer> {
    let account = state
        .accounts
        .get(&request.destination)
        .ok_or_else(|| errors::no_such_param("destination", "destination", &request.destination))?;
    let able = ["transfers", "legacy_payments"].iter().any(|name| account.capabilities.get(*name).is_some_and(|status| status == "active"));
    if !able || faults.has(Fault::CapabilityMissing) {
        return Err(errors::capability_missing());
    }
    let source = request.source_transaction.as_deref().map(|id| draw(state, id, &request)).transpose()?;
    let enough = source.is_some() || state.balance(PLATFORM, &request.currency) >= request.amount;
    if !enough || faults.has(Fault::BalanceInsufficient) {
        return Err(errors::balance_insufficient());
    }
    match &source {
        Some(payment_id) => {
            state.withdraw(payment_id, request.amount);
            if let Some(payment) = state.payments.edit(payment_id) {
                payment.source_drawn += request.amount;
            }
        }
        None => state.adjust(PLATFORM, &request.currency, -request.amount, 0),
    }
    state.adjust(&request.destination, &request.currency, request.amount, 0);
    let id = state.ids.text("tr_1", 23);
    // With a source Stripe makes a group up where none is sent (§4).
    let made_up = source.map(|payment_id| format!("group_{payment_id}"));
    state.put_transfer(Transfer {
        id: id.clone(),
        amount: request.amount,
        amount_reversed: 0,
        currency: request.currency,
        created: state.now,
        description: request.description,
        destination: request.destination,
        metadata: request.metadata,
        source_transaction: request.source_transaction,
        source_type: request.source_type,
        transfer_group: request.transfer_group.or(made_up),
        reversal_ids: Vec::new(),
        idempotency_key: cause.and_then(|cause| cause.idempotency_key.clone()),
    });
    events::of_transfer(state, "transfer.created", &id, cause);
    if faults.has(Fault::ReversedElsewhere) {
        let _ = reversals::reverse(state, &id, None, BTreeMap::new(), None); // the transfer is new: nothing to refuse
    }
    Ok(id)
}

/// Checks `source_transaction` and returns its payment.
fn draw(state: &State, charge: &str, request: &Request) -> Result<String, Answer> {
    let payment = state
        .payment_by_charge
        .get(charge)
        .and_then(|payment_id| state.payments.get(payment_id))
        .ok_or_else(|| errors::no_such_param("charge", "source_transaction", charge))?;
    if !payment.currency.eq_ignore_ascii_case(&request.currency) {
        let message = "The currency of source_transaction's balance transaction must match the transfer's currency.";
        return Err(errors::invalid(400, None, Some("currency"), message));
    }
    let left = payment.amount_received - payment.source_drawn;
    if request.amount > left {
        let message = format!("The transfers of the charge {charge} cannot exceed its amount: {left} is left.");
        return Err(errors::invalid(400, None, Some("amount"), message));
    }
    Ok(payment.payment_id.clone())
}

/// POST /v1/transfers/{id}: description and metadata only; an empty value removes a key.
pub(crate) fn update(state: &mut State, id: &str, params: &Params, cause: &Cause) -> Answer {
    let metadata = match params.metadata() {
        Ok(metadata) => metadata,
        Err(answer) => return answer,
    };
    let Some(transfer) = state.transfers.edit(id) else { return errors::no_such("transfer", id) };
    if let Some(description) = params.text("description") {
        transfer.description = Some(description).filter(|text| !text.is_empty());
    }
    transfer.metadata.extend(metadata);
    transfer.metadata.retain(|_, value| !value.is_empty());
    events::of_transfer(state, "transfer.updated", id, Some(cause));
    show(state, id, &expand(params))
}

/// GET /v1/transfers/{id}.
pub(crate) fn show(state: &State, id: &str, expand: &[String]) -> Answer {
    let expand: Vec<&str> = expand.iter().map(String::as_str).collect();
    match state.transfers.get(id) {
        Some(transfer) => Answer::json(200, render::transfer(state, transfer, &expand).pretty()),
        None => errors::no_such("transfer", id),
    }
}

/// GET /v1/transfers: by group or destination through an index, else through all.
pub(crate) fn list(state: &State, params: &Params) -> Result<Answer, Answer> {
    let (page, created) = (params.page()?, params.created()?);
    let (destination, group) = (params.text("destination"), params.text("transfer_group"));
    let keep = |transfer: &Transfer| {
        created(transfer.created)
            && destination.as_ref().is_none_or(|id| *id == transfer.destination)
            && group.as_ref().is_none_or(|group| Some(group) == transfer.transfer_group.as_ref())
    };
    let key = match (&group, &destination) {
        (Some(group), _) => Some((TransferKey::Group, group.clone())),
        (None, Some(id)) => Some((TransferKey::Destination, id.clone())),
        (None, None) => None,
    };
    let (rows, has_more) = match key {
        Some(key) => {
            let positions = state.transfers_by.get(&key).map(Vec::as_slice).unwrap_or_default();
            page.cut(&state.transfers, positions.iter().copied(), "transfer", keep)?
        }
        None => page.cut(&state.transfers, 0..state.transfers.rows().len(), "transfer", keep)?,
    };
    let expand = expand(params);
    let inner: Vec<&str> = expand.iter().filter_map(|name| name.strip_prefix("data.")).collect();
    let data = rows.into_iter().map(|row| render::transfer(state, row, &inner)).collect();
    Ok(Answer::json(200, render::list(data, has_more, "/v1/transfers").pretty()))
}
