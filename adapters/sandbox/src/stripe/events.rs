//! Events: written for `GET /v1/events`, and sent where an endpoint has a URL (stripe.md §3, §9).

use crate::{
    core::Answer,
    ids::micros,
    model::{EventStatus, StripeEvent},
    state::State,
    webhooks,
};

use super::{idempotency::Cause, params::Params, render};

/// `GET /v1/events` goes back this far.
const EVENTS_KEPT: std::time::Duration = std::time::Duration::from_secs(30 * 86_400);

/// An event about a transfer: the platform's. `cause` is absent when it happened at Stripe itself.
pub(crate) fn of_transfer(state: &mut State, event_type: &str, transfer_id: &str, cause: Option<&Cause>) {
    let Some(transfer) = state.transfers.get(transfer_id) else { return };
    let (object, destination) = (render::transfer(state, transfer, &[]).to_value(), transfer.destination.clone());
    let names = transfer.transfer_group.iter().chain(["payment_id", "order_id"].into_iter().filter_map(|key| transfer.metadata.get(key)));
    let payment_id = names.into_iter().find(|id| state.payments.contains(id)).cloned();
    let event = written(state, event_type, None, object, cause);
    webhooks::stripe::emit(state, &event, transfer_id, Some(&destination), payment_id);
}

/// An event about a connected account.
pub(crate) fn of_account(state: &mut State, event_type: &str, account_id: &str) {
    let Some(account) = state.accounts.get(account_id) else { return };
    let object = render::account(account).to_value();
    let event = written(state, event_type, Some(account_id), object, None);
    webhooks::stripe::emit(state, &event, account_id, Some(account_id), None);
}

/// An event about a payout of a connected account.
pub(crate) fn of_payout(state: &mut State, event_type: &str, payout_id: &str) {
    let Some(payout) = state.payouts.get(payout_id) else { return };
    let (object, account) = (render::payout(payout).to_value(), payout.account.clone());
    let event = written(state, event_type, Some(&account), object, None);
    webhooks::stripe::emit(state, &event, payout_id, Some(&account), None);
}

fn written(state: &mut State, event_type: &str, account: Option<&str>, object: serde_json::Value, cause: Option<&Cause>) -> StripeEvent {
    let event = StripeEvent {
        id: state.ids.text("evt_1", 23),
        event_type: event_type.to_owned(),
        account: account.map(str::to_owned),
        created: state.now,
        object,
        request: cause.map(|cause| (cause.request_id.clone(), cause.idempotency_key.clone())),
    };
    state.stripe_events.put(event.clone());
    event
}

/// GET /v1/events, newest first, 30 days back: those of the platform, or of the `Stripe-Account`.
pub(crate) fn list(state: &State, params: &Params, account: Option<&str>) -> Result<Answer, Answer> {
    let (page, created) = (params.page()?, params.created()?);
    let kind = params.text("type");
    let kinds: Vec<&str> = params.0.iter().filter(|(name, _)| name.starts_with("types[")).map(|(_, value)| value.as_str()).collect();
    let oldest = state.now.saturating_sub(micros(EVENTS_KEPT));
    let keep = |event: &StripeEvent| {
        event.created >= oldest
            && created(event.created)
            && event.account.as_deref() == account
            && kind.as_ref().is_none_or(|kind| *kind == event.event_type)
            && (kinds.is_empty() || kinds.contains(&event.event_type.as_str()))
    };
    let (rows, has_more) = page.cut(&state.stripe_events, 0..state.stripe_events.rows().len(), "event", keep)?;
    let pending = |event: &StripeEvent| state.events.get(&event.id).is_some_and(|sent| sent.status != EventStatus::Delivered);
    let data = rows.into_iter().map(|event| render::event(event, i64::from(pending(event)))).collect();
    Ok(Answer::json(200, render::list(data, has_more, "/v1/events").pretty()))
}
