//! Connected accounts, their onboarding links, and balances (stripe.md §3, §8).

use std::collections::BTreeMap;

use crate::{
    core::Answer,
    form,
    ids::{micros, seconds},
    json::object,
    model::{Account, AccountLink},
    state::{PLATFORM, State},
};

use super::{errors, events, idempotency::Cause, params::Params, render};

/// Parameters of POST /v1/accounts that are understood or passed over.
pub(crate) const CREATE: &[&str] = &[
    "business_profile",
    "business_type",
    "capabilities",
    "company",
    "controller",
    "country",
    "default_currency",
    "email",
    "expand",
    "individual",
    "metadata",
    "settings",
    "tos_acceptance",
    "type",
];
/// Parameters of POST /v1/account_links.
pub(crate) const LINK: &[&str] = &["account", "collect", "collection_options", "expand", "refresh_url", "return_url", "type"];
/// A link can be opened for this long.
const LINK_SECONDS: u64 = 300;

/// POST /v1/accounts.
pub(crate) fn create(state: &mut State, params: &Params, metadata: BTreeMap<String, String>, cause: &Cause) -> Answer {
    let requested = form::nested(&params.0, "capabilities")
        .filter_map(|(name, value)| Some((name.strip_suffix("][requested")?.to_owned(), value)))
        .filter(|(_, value)| *value == "true");
    // `metadata[sandbox]=active` skips the onboarding.
    let ready = metadata.get("sandbox").is_some_and(|word| word == "active");
    let status = if ready { "active" } else { "inactive" };
    let country = params.text("country").unwrap_or_else(|| "US".to_owned());
    let account = Account {
        id: state.ids.text("acct_1", 15),
        created: state.now,
        default_currency: params.text("default_currency").unwrap_or_else(|| default_currency(&country).to_owned()),
        country,
        email: params.text("email"),
        metadata,
        kind: params.text("type").unwrap_or_else(|| "none".to_owned()),
        business_type: params.text("business_type"),
        capabilities: requested.map(|(name, _)| (name, status.to_owned())).collect(),
        details_submitted: ready,
        payouts_enabled: ready,
        paid_out: BTreeMap::new(),
        idempotency_key: cause.idempotency_key.clone(),
    };
    let id = account.id.clone();
    state.accounts.put(account);
    show(state, &id)
}

fn default_currency(country: &str) -> &'static str {
    match country {
        "GB" => "gbp",
        "JP" => "jpy",
        "CH" => "chf",
        "AT" | "BE" | "DE" | "ES" | "FI" | "FR" | "GR" | "IE" | "IT" | "LU" | "NL" | "PT" => "eur",
        _ => "usd",
    }
}

/// GET /v1/accounts/{id}. A foreign or unknown one is 403.
pub(crate) fn show(state: &State, id: &str) -> Answer {
    match state.accounts.get(id) {
        Some(account) => Answer::json(200, render::account(account).pretty()),
        None => errors::foreign_account(&state.settings.stripe_secret_key, id),
    }
}

/// POST /v1/account_links. `base_url` is where this sandbox was reached.
pub(crate) fn link(state: &mut State, account: &str, refresh_url: &str, return_url: &str, base_url: &str) -> Answer {
    if !state.accounts.contains(account) {
        return errors::no_such_param("account", "account", account);
    }
    let token = state.ids.text("", 32);
    let expires_at = state.now.saturating_add(micros(std::time::Duration::from_secs(LINK_SECONDS)));
    let body = object! {
        "object" => "account_link",
        "created" => seconds(state.now),
        "expires_at" => seconds(expires_at),
        "url" => format!("{base_url}/connect/onboarding/{token}"),
    };
    state.links.put(AccountLink {
        token,
        account: account.to_owned(),
        refresh_url: refresh_url.to_owned(),
        return_url: return_url.to_owned(),
        expires_at,
        opened: false,
        finished: false,
    });
    Answer::json(200, body.pretty())
}

/// Somebody visits an onboarding link: once, in time. Returns the account, or where to go for a new link.
/// # Errors
/// The `refresh_url`, or nothing when there is no such link.
pub(crate) fn open_link(state: &mut State, token: &str) -> Result<Account, Option<String>> {
    let now = state.now;
    let link = state.links.edit(token).ok_or(None)?;
    if link.opened || link.expires_at < now {
        return Err(Some(link.refresh_url.clone()));
    }
    link.opened = true;
    let account = link.account.clone();
    state.accounts.get(&account).cloned().ok_or(None)
}

/// The form of an opened link is sent: the account becomes ready. Returns the `return_url`.
pub(crate) fn finish_link(state: &mut State, token: &str) -> Option<String> {
    let link = state.links.edit(token).filter(|link| link.opened && !link.finished)?;
    link.finished = true;
    let (account, return_url) = (link.account.clone(), link.return_url.clone());
    set(state, &account, Some("active"), Some(true));
    Some(return_url)
}

/// Changes what an account may do, as Stripe's review does; an event tells, if something changed. False: no such account.
pub(crate) fn set(state: &mut State, id: &str, transfers: Option<&str>, payouts_enabled: Option<bool>) -> bool {
    let Some(account) = state.accounts.edit(id) else { return false };
    let before = (account.capabilities.clone(), account.payouts_enabled, account.details_submitted);
    if let Some(status) = transfers {
        account.capabilities.insert("transfers".to_owned(), status.to_owned());
        account.details_submitted |= status == "active";
    }
    account.payouts_enabled = payouts_enabled.unwrap_or(account.payouts_enabled);
    if before != (account.capabilities.clone(), account.payouts_enabled, account.details_submitted) {
        events::of_account(state, "account.updated", id);
    }
    true
}

/// GET /v1/balance, of the platform or of the `Stripe-Account`.
pub(crate) fn balance(state: &State, account: Option<&str>) -> Answer {
    let owner = account.unwrap_or(PLATFORM);
    let currency = state.accounts.get(owner).map_or("usd", |account| account.default_currency.as_str());
    let of_owner = state.balances.rows().iter().filter(|balance| balance.owner == owner);
    Answer::json(200, render::balance(of_owner, currency).pretty())
}
