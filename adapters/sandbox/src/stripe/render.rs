//! Records as Stripe shows them (stripe.md §2, §8; samples/stripe).

use std::collections::BTreeMap;

use crate::{
    ids::seconds,
    json::{Json, object},
    model::{Account, Balance, Payout, PayoutStatus, Reversal, StripeEvent, Transfer},
    state::State,
};

/// Version that the sandbox speaks when none is asked for.
pub(crate) const API_VERSION: &str = "2026-05-27.dahlia";
/// Reversals that a transfer embeds.
const EMBEDDED_MAX: usize = 10;

fn metadata(entries: &BTreeMap<String, String>) -> Json {
    serde_json::to_value(entries).unwrap_or_default().into()
}

/// Ids of the objects that go with `tr_X` or `trr_X`: `txn_X`, `py_X`, `pyr_X`.
fn sibling(id: &str, prefix: &str) -> String {
    format!("{prefix}{}", id.split_once('_').map_or(id, |(_, rest)| rest))
}

/// A transfer with its newest reversals. `expand` holds the values of `expand[]`.
pub(crate) fn transfer(state: &State, transfer: &Transfer, expand: &[&str]) -> Json {
    let newest = transfer.reversal_ids.iter().rev().take(EMBEDDED_MAX);
    let reversals = newest.filter_map(|id| state.reversals.get(id)).map(reversal).collect();
    let destination = match state.accounts.get(&transfer.destination) {
        Some(destination) if expand.contains(&"destination") => account(destination),
        _ => transfer.destination.as_str().into(),
    };
    object! {
        "id" => transfer.id.as_str(),
        "object" => "transfer",
        "amount" => transfer.amount,
        "amount_reversed" => transfer.amount_reversed,
        "balance_transaction" => sibling(&transfer.id, "txn_"),
        "created" => seconds(transfer.created),
        "currency" => transfer.currency.as_str(),
        "description" => transfer.description.clone(),
        "destination" => destination,
        "destination_payment" => sibling(&transfer.id, "py_"),
        "livemode" => false,
        "metadata" => metadata(&transfer.metadata),
        "reversals" => object! {
            "object" => "list",
            "data" => Json::List(reversals),
            "has_more" => transfer.reversal_ids.len() > EMBEDDED_MAX,
            "total_count" => transfer.reversal_ids.len(),
            "url" => format!("/v1/transfers/{}/reversals", transfer.id),
        },
        "reversed" => transfer.amount_reversed == transfer.amount,
        "source_transaction" => transfer.source_transaction.clone(),
        "source_type" => transfer.source_type.as_str(),
        "transfer_group" => transfer.transfer_group.clone(),
    }
}

/// A reversal; its metadata is null when empty.
pub(crate) fn reversal(reversal: &Reversal) -> Json {
    object! {
        "id" => reversal.id.as_str(),
        "object" => "transfer_reversal",
        "amount" => reversal.amount,
        "balance_transaction" => sibling(&reversal.id, "txn_"),
        "created" => seconds(reversal.created),
        "currency" => reversal.currency.as_str(),
        "destination_payment_refund" => sibling(&reversal.id, "pyr_"),
        "metadata" => if reversal.metadata.is_empty() { Json::Null } else { metadata(&reversal.metadata) },
        "source_refund" => Json::Null,
        "transfer" => reversal.transfer.as_str(),
    }
}

/// A connected account.
pub(crate) fn account(account: &Account) -> Json {
    let due = if account.details_submitted {
        Vec::new()
    } else {
        ["external_account", "tos_acceptance.date", "tos_acceptance.ip"].map(Json::from).to_vec()
    };
    let blocked = account.capabilities.values().any(|status| status != "active");
    let requirements = |due: Vec<Json>, reason: Json| {
        object! {
            "alternatives" => Json::List(Vec::new()),
            "current_deadline" => Json::Null,
            "currently_due" => Json::List(due.clone()),
            "disabled_reason" => reason,
            "errors" => Json::List(Vec::new()),
            "eventually_due" => Json::List(due),
            "past_due" => Json::List(Vec::new()),
            "pending_verification" => Json::List(Vec::new()),
        }
    };
    let reason = if blocked { "requirements.past_due".into() } else { Json::Null };
    object! {
        "id" => account.id.as_str(),
        "object" => "account",
        "business_type" => account.business_type.clone(),
        "capabilities" => serde_json::to_value(&account.capabilities).unwrap_or_default(),
        "charges_enabled" => account.capabilities.get("card_payments").is_some_and(|status| status == "active"),
        "controller" => object! { "type" => "application", "is_controller" => true },
        "country" => account.country.as_str(),
        "created" => seconds(account.created),
        "default_currency" => account.default_currency.as_str(),
        "details_submitted" => account.details_submitted,
        "email" => account.email.clone(),
        "future_requirements" => requirements(Vec::new(), Json::Null),
        "metadata" => metadata(&account.metadata),
        "payouts_enabled" => account.payouts_enabled,
        "requirements" => requirements(due, reason),
        "type" => account.kind.as_str(),
    }
}

/// The balance of one owner: an entry per currency, or a zero in the default one.
pub(crate) fn balance<'a>(balances: impl Iterator<Item = &'a Balance>, default_currency: &str) -> Json {
    let entry = |amount: i64, currency: &str| {
        object! { "amount" => amount, "currency" => currency, "source_types" => object! { "card" => amount } }
    };
    let (mut available, mut pending) = (Vec::new(), Vec::new());
    for balance in balances {
        available.push(entry(balance.available, &balance.currency));
        pending.push(entry(balance.pending, &balance.currency));
    }
    if available.is_empty() {
        available.push(entry(0, default_currency));
        pending.push(entry(0, default_currency));
    }
    object! {
        "object" => "balance", "available" => Json::List(available), "livemode" => false, "pending" => Json::List(pending),
    }
}

/// A payout of a connected account.
pub(crate) fn payout(payout: &Payout) -> Json {
    let failed = payout.failure.as_ref();
    object! {
        "id" => payout.id.as_str(),
        "object" => "payout",
        "amount" => payout.amount,
        "application_fee" => Json::Null,
        "application_fee_amount" => Json::Null,
        "arrival_date" => seconds(payout.arrival_date),
        "automatic" => payout.automatic,
        "balance_transaction" => sibling(&payout.id, "txn_"),
        "created" => seconds(payout.created),
        "currency" => payout.currency.as_str(),
        "description" => "STRIPE PAYOUT",
        "destination" => sibling(&payout.id, "ba_"),
        "failure_balance_transaction" => failed.map(|_| sibling(&payout.id, "txn_f")),
        "failure_code" => failed.map(|(code, _)| code.as_str()),
        "failure_message" => failed.map(|(_, message)| message.as_str()),
        "livemode" => false,
        "metadata" => metadata(&BTreeMap::new()),
        "method" => "standard",
        "original_payout" => Json::Null,
        "reconciliation_status" => if payout.automatic { "in_progress" } else { "not_applicable" },
        "reversed_by" => Json::Null,
        "source_type" => "card",
        "statement_descriptor" => Json::Null,
        "status" => payout_status(payout.status),
        "type" => "bank_account",
    }
}

/// The status as the wire spells it.
pub(crate) fn payout_status(status: PayoutStatus) -> &'static str {
    match status {
        PayoutStatus::Pending => "pending",
        PayoutStatus::InTransit => "in_transit",
        PayoutStatus::Paid => "paid",
        PayoutStatus::Failed => "failed",
        PayoutStatus::Canceled => "canceled",
    }
}

/// An event with its snapshot, and how many endpoints wait for it.
pub(crate) fn event(event: &StripeEvent, pending_webhooks: i64) -> Json {
    let request = event.request.as_ref().map_or(Json::Null, |(id, key)| {
        object! { "id" => id.as_str(), "idempotency_key" => key.clone() }
    });
    let mut fields: Vec<(&'static str, Json)> = vec![("id", event.id.as_str().into()), ("object", "event".into())];
    fields.extend(event.account.as_deref().map(|account| ("account", account.into()))); // absent on the platform's own
    fields.extend([
        ("api_version", API_VERSION.into()),
        ("created", seconds(event.created).into()),
        ("data", object! { "object" => event.object.clone() }),
        ("livemode", false.into()),
        ("pending_webhooks", pending_webhooks.into()),
        ("request", request),
        ("type", event.event_type.as_str().into()),
    ]);
    Json::Object(fields)
}

/// A page of a list.
pub(crate) fn list(data: Vec<Json>, has_more: bool, url: &str) -> Json {
    object! { "object" => "list", "data" => Json::List(data), "has_more" => has_more, "url" => url }
}
