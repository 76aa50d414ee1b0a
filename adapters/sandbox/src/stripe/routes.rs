//! HTTP of the Stripe side: keys, accounts, versions, forms (stripe.md §1, §2).

use std::sync::Arc;

use poem::{
    Endpoint, Response, Route, get, handler,
    http::HeaderValue,
    post,
    web::{
        Data, Path,
        headers::{
            Authorization, HeaderMapExt,
            authorization::{Basic, Bearer},
        },
    },
};

use crate::{
    core::{Answer, Core, perform},
    form,
    inbound::Inbound,
    script::{Facts, Op},
};

use super::{
    accounts, errors, events,
    idempotency::{Cause, execute},
    params::Params,
    payouts,
    render::API_VERSION,
    reversals, transfers,
};

/// The routes of this side, under `/v1`.
pub(crate) fn routes() -> Route {
    Route::new()
        .at("/transfers", get(list_transfers).post(create_transfer))
        .at("/transfers/:id", get(read_transfer).post(update_transfer))
        .at("/transfers/:id/reversals", get(list_reversals).post(create_reversal))
        .at("/transfers/:id/reversals/:reversal", get(read_reversal))
        .at("/accounts", post(create_account))
        .at("/accounts/:id", get(read_account))
        .at("/account_links", post(create_account_link))
        .at("/balance", get(read_balance))
        .at("/payouts", get(list_payouts))
        .at("/payouts/:id", get(read_payout))
        .at("/events", get(list_events))
}

/// The request id that the layer below puts on the answer.
#[derive(Clone)]
struct RequestId(String);

/// Gives every answer its `Request-Id` and the version, and the router's 404 the provider's words.
pub(crate) async fn finish<E: Endpoint>(next: E, mut request: poem::Request) -> poem::Result<Response> {
    let version = request.headers().get("stripe-version").cloned().unwrap_or(HeaderValue::from_static(API_VERSION));
    let core = request.data::<Arc<Core>>().cloned();
    let id = core.and_then(|core| core.write(|state| state.ids.text("req_", 14)).ok()).unwrap_or_default();
    request.extensions_mut().insert(RequestId(id.clone()));
    let what = format!("{}: {}", request.method(), request.original_uri().path());
    let mut response = match next.call(request).await {
        Ok(response) => poem::IntoResponse::into_response(response),
        Err(_) => {
            let message = format!(
                "Unrecognized request URL ({what}). Please see https://stripe.com/docs or we can help at https://support.stripe.com/."
            );
            errors::invalid(404, None, None, message).into_response()
        }
    };
    let headers = response.headers_mut();
    headers.insert("stripe-version", version);
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("request-id", id);
    }
    Ok(response)
}

/// A call with a valid key.
struct Authorized {
    /// `Stripe-Account`, known to exist.
    account: Option<String>,
    params: Params,
}

fn authorize(core: &Core, call: &Inbound, known: &[&str]) -> Result<Authorized, Answer> {
    let bearer = call.headers.typed_get::<Authorization<Bearer>>().map(|auth| auth.token().to_owned());
    let basic = call.headers.typed_get::<Authorization<Basic>>().map(|auth| auth.username().to_owned());
    let key = bearer.or(basic);
    if key.as_deref() != Some(core.settings.stripe_secret_key.as_str()) {
        return Err(errors::unauthorized(key.as_deref()));
    }
    let account = call.header("stripe-account").map(str::to_owned);
    if let Some(id) = &account
        && !core.read(|state| state.accounts.contains(id))
    {
        return Err(errors::foreign_account(&core.settings.stripe_secret_key, id));
    }
    let params = if call.method == "POST" { body_params(call)? } else { call.query() };
    Ok(Authorized { account, params: Params(params).only(known)? })
}

fn body_params(call: &Inbound) -> Result<Vec<(String, String)>, Answer> {
    let body = call.body.as_deref().unwrap_or_default();
    if !body.is_empty() && !call.header("content-type").is_some_and(|kind| kind.starts_with("application/x-www-form-urlencoded")) {
        let message = "Invalid request: the Content-Type must be application/x-www-form-urlencoded.";
        return Err(errors::invalid(400, None, None, message));
    }
    Ok(form::decode(&String::from_utf8_lossy(body)))
}

fn cause(request_id: &RequestId, call: &Inbound) -> Cause {
    Cause { request_id: request_id.0.clone(), idempotency_key: call.idempotency_key().filter(|key| !key.is_empty()).map(str::to_owned) }
}

fn facts(params: &Params, path: &[(&str, &str)]) -> Facts {
    let mut facts = params.facts();
    if let Some(object) = facts.as_object_mut() {
        object.extend(path.iter().map(|(name, id)| ((*name).to_owned(), (*id).into())));
    }
    Facts::new(None, facts)
}

fn respond(result: Result<Answer, Answer>) -> Response {
    match result {
        Ok(answer) | Err(answer) => answer.into_response(),
    }
}

const LIST: &[&str] = &["limit", "starting_after", "ending_before", "created", "destination", "transfer_group", "expand"];

#[handler]
async fn create_transfer(Data(core): Data<&Arc<Core>>, Data(id): Data<&RequestId>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, transfers::CREATE)?;
        let request = transfers::Request::read(&params)?;
        let cause = cause(id, &call);
        Ok(execute(core, call.clone(), Op::CreateTransfer, params, cause, move |state, cause, faults| {
            transfers::create(state, request, cause, faults)
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn list_transfers(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, LIST)?;
        Ok(perform(core, call.clone(), Op::ListTransfers, facts(&params, &[]), move |state, _| match transfers::list(state, &params) {
            Ok(answer) | Err(answer) => answer,
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn read_transfer(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, &["expand"])?;
        let facts = facts(&params, &[("transfer", &id)]);
        Ok(perform(core, call.clone(), Op::ReadTransfer, facts, move |state, _| transfers::show(state, &id, &transfers::expand(&params)))
            .await)
    };
    respond(run.await)
}

#[handler]
async fn update_transfer(
    Data(core): Data<&Arc<Core>>,
    Data(request_id): Data<&RequestId>,
    Path(id): Path<String>,
    call: Inbound,
) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, &["description", "metadata", "expand"])?;
        params.metadata()?;
        let (cause, change) = (cause(request_id, &call), params.clone());
        Ok(execute(core, call.clone(), Op::UpdateTransfer, params, cause, move |state, cause, _| {
            transfers::update(state, &id, &change, cause)
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn create_reversal(
    Data(core): Data<&Arc<Core>>,
    Data(request_id): Data<&RequestId>,
    Path(id): Path<String>,
    call: Inbound,
) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, reversals::CREATE)?;
        let (amount, metadata) = (params.amount()?, params.metadata()?);
        let cause = cause(request_id, &call);
        Ok(execute(core, call.clone(), Op::CreateReversal, params, cause, move |state, cause, faults| {
            reversals::create(state, &id, amount, metadata, cause, faults)
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn list_reversals(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, &["limit", "starting_after", "ending_before", "expand"])?;
        let facts = facts(&params, &[("transfer", &id)]);
        Ok(perform(core, call.clone(), Op::ListReversals, facts, move |state, _| match reversals::list(state, &id, &params) {
            Ok(answer) | Err(answer) => answer,
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn read_reversal(Data(core): Data<&Arc<Core>>, Path((id, reversal)): Path<(String, String)>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, &["expand"])?;
        let facts = facts(&params, &[("transfer", &id), ("reversal", &reversal)]);
        Ok(perform(core, call.clone(), Op::ReadReversal, facts, move |state, _| reversals::show(state, &id, &reversal)).await)
    };
    respond(run.await)
}

#[handler]
async fn create_account(Data(core): Data<&Arc<Core>>, Data(id): Data<&RequestId>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, accounts::CREATE)?;
        let metadata = params.metadata()?;
        let (cause, account) = (cause(id, &call), params.clone());
        Ok(execute(core, call.clone(), Op::CreateAccount, params, cause, move |state, cause, _| {
            accounts::create(state, &account, metadata, cause)
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn read_account(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, &["expand"])?;
        let facts = facts(&params, &[("account", &id)]);
        Ok(perform(core, call.clone(), Op::ReadAccount, facts, move |state, _| accounts::show(state, &id)).await)
    };
    respond(run.await)
}

#[handler]
async fn create_account_link(Data(core): Data<&Arc<Core>>, Data(id): Data<&RequestId>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, .. } = authorize(core, &call, accounts::LINK)?;
        let account = params.required("account")?;
        let kind = params.required("type")?;
        if !["account_onboarding", "account_update"].contains(&kind.as_str()) {
            let message = "Invalid type: must be one of account_onboarding or account_update";
            return Err(errors::invalid(400, None, Some("type"), message));
        }
        let (refresh, back) = (params.required("refresh_url")?, params.required("return_url")?);
        // The link leads back to where the caller found the sandbox.
        let base_url = call.header("host").map(|host| format!("http://{host}")).unwrap_or_default();
        let cause = cause(id, &call);
        Ok(execute(core, call.clone(), Op::CreateAccountLink, params, cause, move |state, _, _| {
            accounts::link(state, &account, &refresh, &back, &base_url)
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn read_balance(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, account } = authorize(core, &call, &["expand"])?;
        let facts = facts(&params, &of_account(account.as_deref()));
        Ok(perform(core, call.clone(), Op::ReadBalance, facts, move |state, _| accounts::balance(state, account.as_deref())).await)
    };
    respond(run.await)
}

#[handler]
async fn list_events(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    const KNOWN: &[&str] = &["limit", "starting_after", "ending_before", "created", "type", "types", "delivery_success", "expand"];
    let run = async {
        let Authorized { params, account } = authorize(core, &call, KNOWN)?;
        let facts = facts(&params, &of_account(account.as_deref()));
        Ok(perform(core, call.clone(), Op::ListEvents, facts, move |state, _| match events::list(state, &params, account.as_deref()) {
            Ok(answer) | Err(answer) => answer,
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn read_payout(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        let Authorized { params, account } = authorize(core, &call, &["expand"])?;
        let facts = facts(&params, &[("payout", &id), of_account(account.as_deref())[0]]);
        Ok(perform(core, call.clone(), Op::ReadPayout, facts, move |state, _| payouts::show(state, account.as_deref(), &id)).await)
    };
    respond(run.await)
}

#[handler]
async fn list_payouts(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    const KNOWN: &[&str] = &["limit", "starting_after", "ending_before", "created", "arrival_date", "destination", "status", "expand"];
    let run = async {
        let Authorized { params, account } = authorize(core, &call, KNOWN)?;
        let facts = facts(&params, &of_account(account.as_deref()));
        Ok(perform(core, call.clone(), Op::ListPayouts, facts, move |state, _| match payouts::list(state, &params, account.as_deref()) {
            Ok(answer) | Err(answer) => answer,
        })
        .await)
    };
    respond(run.await)
}

/// Whose call it is, for scripts.
fn of_account(account: Option<&str>) -> [(&str, &str); 1] {
    [("account", account.unwrap_or("platform"))]
}
