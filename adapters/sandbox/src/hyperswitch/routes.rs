//! HTTP of the Hyperswitch side: keys, bodies, headers (hyperswitch.md §1).

use std::sync::Arc;

use poem::{
    Endpoint, EndpointExt, Response, Route, get, handler,
    http::Method,
    middleware::Cors,
    post,
    web::{Data, Path},
};

use crate::{
    core::{Answer, Core, perform},
    inbound::Inbound,
    script::{self, Facts, Op},
    state::State,
};

use super::{disputes, errors, payments, refunds, request::Fields};

/// The routes of this side. The browser may call payments with the publishable key, so those allow any origin.
pub(crate) fn routes() -> Route {
    let payments = Route::new()
        .at("/", post(create_payment))
        .at("/:id", get(read_payment).post(update_payment))
        .at("/:id/confirm", post(confirm_payment))
        .at("/:id/capture", post(capture_payment))
        .at("/:id/cancel", post(cancel_payment));
    let cors = Cors::new().allow_methods([Method::GET, Method::POST]).allow_credentials(false);
    Route::new()
        .nest("/payments", payments.with(cors))
        .at("/refunds", post(create_refund))
        .at("/refunds/list", post(list_refunds))
        .at("/refunds/:id", get(read_refund))
        .at("/disputes/:id", get(read_dispute))
}

/// Gives every answer its `x-request-id`, and the 404 and 405 of the router the provider's words.
pub(crate) async fn finish<E: Endpoint>(next: E, request: poem::Request) -> poem::Result<Response> {
    let core = request.data::<Arc<Core>>().cloned();
    let head = request.method() == Method::OPTIONS;
    let mut response = match next.call(request).await {
        Ok(response) => poem::IntoResponse::into_response(response),
        Err(_) if head => return Ok(poem::http::StatusCode::NO_CONTENT.into()),
        Err(error) if error.status().as_u16() == 405 => {
            errors::error(405, "IR_03", "The HTTP method is not applicable for this API").into_response()
        }
        Err(_) => errors::error(404, "IR_02", "Unrecognized request URL").into_response(),
    };
    let request_id = core.and_then(|core| core.write(|state| state.ids.uuid_v7(state.now)).ok());
    let headers = response.headers_mut();
    if let Some(value) = request_id.and_then(|id| id.to_string().parse().ok()) {
        headers.insert("x-request-id", value);
    }
    headers.insert("via", poem::http::HeaderValue::from_static("HyperSwitch"));
    headers.insert("strict-transport-security", poem::http::HeaderValue::from_static("max-age=31536000"));
    Ok(response)
}

/// Who calls.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Caller {
    /// The merchant's server.
    Secret,
    /// A browser; must show the payment's client secret.
    Publishable,
}

fn caller(core: &Core, call: &Inbound) -> Result<Caller, Answer> {
    match call.header("api-key") {
        Some(key) if key == core.settings.api_key => Ok(Caller::Secret),
        Some(key) if key == core.settings.publishable_key => Ok(Caller::Publishable),
        _ => Err(errors::unauthorized()),
    }
}

fn merchant(core: &Core, call: &Inbound) -> Result<(), Answer> {
    match caller(core, call)? {
        Caller::Secret => Ok(()),
        Caller::Publishable => Err(errors::unauthorized()),
    }
}

/// A client secret, if one is shown, must be the payment's; a browser must show one.
fn check_secret(state: &State, payment_id: &str, caller: Caller, shown: Option<&str>) -> Result<(), Answer> {
    let Some(payment) = state.payments.get(payment_id) else {
        return Err(if caller == Caller::Secret { errors::payment_not_found() } else { errors::unauthorized() });
    };
    match shown {
        Some(secret) if secret == payment.client_secret => Ok(()),
        None if caller == Caller::Secret => Ok(()),
        None => Err(errors::error(400, "IR_04", "Missing required param: client_secret")),
        Some(_) => {
            Err(errors::error(400, "IR_09", "The client_secret provided does not match the client_secret associated with the Payment"))
        }
    }
}

fn payment_fields(call: &Inbound) -> Result<Fields, Answer> {
    Fields::parse_payment(call.header("content-type"), call.body.as_deref())
}

#[handler]
async fn create_payment(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    let run = async {
        merchant(core, &call)?;
        let fields = payment_fields(&call)?;
        let chosen = fields.text("payment_id")?.map(|id| id.trim().to_owned());
        let amount = fields.amount("amount")?;
        let prepared = core.write(|state| {
            let payment_id = chosen.unwrap_or_else(|| state.ids.text("pay_", 20));
            let scripts = script::of_payment(&payment_id, amount, fields.raw("metadata"));
            state.add_payment_scripts(&payment_id, scripts);
            payment_id
        });
        let payment_id = prepared.map_err(|error| crate::core::internal(Op::CreatePayment, &error))?;
        let facts = Facts::of_payment(&payment_id, fields.to_value());
        Ok::<_, Answer>(
            perform(core, call.clone(), Op::CreatePayment, facts, move |state, facts| payments::create(state, payment_id, &fields, facts))
                .await,
        )
    };
    respond(run.await)
}

#[handler]
async fn update_payment(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        merchant(core, &call)?;
        let fields = payment_fields(&call)?;
        let facts = Facts::of_payment(&id, fields.to_value());
        Ok(perform(core, call.clone(), Op::UpdatePayment, facts, move |state, _| payments::update(state, &id, &fields)).await)
    };
    respond(run.await)
}

#[handler]
async fn confirm_payment(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        let caller = caller(core, &call)?;
        let fields = payment_fields(&call)?;
        let secret = fields.text("client_secret")?;
        core.read(|state| check_secret(state, &id, caller, secret.as_deref()))?;
        let facts = Facts::of_payment(&id, fields.to_value());
        Ok(perform(core, call.clone(), Op::Confirm, facts, move |state, facts| payments::confirm(state, &id, &fields, facts)).await)
    };
    respond(run.await)
}

#[handler]
async fn capture_payment(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    const KEYS: &[&str] = &[
        "all_keys_required",
        "amount_to_capture",
        "merchant_connector_details",
        "merchant_id",
        "refund_uncaptured_amount",
        "statement_descriptor_prefix",
        "statement_descriptor_suffix",
    ];
    let run = async {
        merchant(core, &call)?;
        let fields = Fields::parse(call.header("content-type"), call.body.as_deref(), true, KEYS)?;
        let amount = fields.get::<i64>("amount_to_capture", "an integer")?;
        let facts = Facts::of_payment(&id, fields.to_value());
        Ok(perform(core, call.clone(), Op::Capture, facts, move |state, _| payments::capture(state, &id, amount)).await)
    };
    respond(run.await)
}

#[handler]
async fn cancel_payment(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    const KEYS: &[&str] = &["all_keys_required", "cancellation_reason", "merchant_connector_details"];
    let run = async {
        merchant(core, &call)?;
        let fields = Fields::parse(call.header("content-type"), call.body.as_deref(), true, KEYS)?;
        let reason = fields.text("cancellation_reason")?;
        let facts = Facts::of_payment(&id, fields.to_value());
        Ok(perform(core, call.clone(), Op::Cancel, facts, move |state, _| payments::cancel(state, &id, reason)).await)
    };
    respond(run.await)
}

#[handler]
async fn read_payment(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        let caller = caller(core, &call)?;
        let query = call.query();
        let secret = query.iter().find(|(name, _)| name == "client_secret").map(|(_, value)| value.as_str());
        if caller == Caller::Publishable || secret.is_some() {
            core.read(|state| check_secret(state, &id, caller, secret))?;
        }
        let facts = Facts::of_payment(&id, serde_json::Value::Null);
        Ok(perform(core, call.clone(), Op::ReadPayment, facts, move |state, _| payments::retrieve(state, &id)).await)
    };
    respond(run.await)
}

#[handler]
async fn create_refund(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    let run = async {
        merchant(core, &call)?;
        let fields = Fields::parse(call.header("content-type"), call.body.as_deref(), false, refunds::REQUEST_KEYS)?;
        let request = refunds::Request::read(&fields)?;
        let facts = Facts::of_payment(&request.payment_id, fields.to_value());
        Ok(perform(core, call.clone(), Op::CreateRefund, facts, move |state, facts| refunds::create(state, request, facts)).await)
    };
    respond(run.await)
}

#[handler]
async fn list_refunds(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    let run = async {
        merchant(core, &call)?;
        let fields = Fields::parse(call.header("content-type"), call.body.as_deref(), true, refunds::LIST_KEYS)?;
        let facts = Facts::new(fields.text("payment_id")?, fields.to_value());
        Ok(perform(core, call.clone(), Op::ListRefunds, facts, move |state, _| match refunds::list(state, &fields) {
            Ok(answer) | Err(answer) => answer,
        })
        .await)
    };
    respond(run.await)
}

#[handler]
async fn read_refund(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        merchant(core, &call)?;
        let payment_id = core.read(|state| state.refunds.get(&id).map(|refund| refund.payment_id.clone()));
        let facts = Facts::new(payment_id, serde_json::json!({"refund_id": id}));
        Ok(perform(core, call.clone(), Op::ReadRefund, facts, move |state, _| refunds::retrieve(state, &id)).await)
    };
    respond(run.await)
}

#[handler]
async fn read_dispute(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        merchant(core, &call)?;
        let payment_id = core.read(|state| state.disputes.get(&id).map(|dispute| dispute.payment_id.clone()));
        let facts = Facts::new(payment_id, serde_json::json!({"dispute_id": id}));
        Ok(perform(core, call.clone(), Op::ReadDispute, facts, move |state, _| disputes::retrieve(state, &id)).await)
    };
    respond(run.await)
}

fn respond(result: Result<Answer, Answer>) -> Response {
    match result {
        Ok(answer) | Err(answer) => answer.into_response(),
    }
}
