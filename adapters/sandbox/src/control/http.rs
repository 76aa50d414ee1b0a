//! The control functions over HTTP, under `/control`: JSON in, JSON out, no key, loopback only.

use std::sync::Arc;

use poem::{
    Endpoint, IntoResponse, Response, Route, get, handler,
    http::StatusCode,
    post,
    web::{Data, Path, RemoteAddr},
};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};

use crate::{
    core::Core,
    ids::{parse_duration, timestamp},
    inbound::Inbound,
    pages,
    script::Script,
};

use super::{Control, ControlError, ReleaseOrder};

/// The routes under `/control`.
pub(crate) fn routes() -> Route {
    Route::new()
        .at("/", get(pages::overview))
        .at("/books", get(books))
        .at("/scripts", get(list_scripts).post(add_scripts).delete(delete_scripts))
        .at("/clock", get(read_clock).post(advance))
        .at("/payments/:id/:action", post(payment_action))
        .at("/refunds/:id/:action", post(refund_action))
        .at("/disputes/:id", post(dispute_action))
        .at("/accounts/:id", post(set_account))
        .at("/accounts/:id/payout", post(payout))
        .at("/accounts/:id/deposit", post(deposit))
        .at("/transfers/:id/reverse", post(reverse))
        .at("/webhooks", get(list_webhooks).post(set_mode))
        .at("/webhooks/release", post(release))
        .at("/webhooks/:id/resend", post(resend))
        .at("/webhook_url", post(set_url))
}

/// Lets callers from this machine through. A browser on this machine is let through only from our own pages: a page
/// of another site must not be able to move money here.
pub(crate) async fn loopback_only<E: Endpoint>(next: E, request: poem::Request) -> poem::Result<Response> {
    let RemoteAddr(addr) = request.remote_addr();
    let local = addr.as_socket_addr().is_none_or(|addr| addr.ip().to_canonical().is_loopback());
    let foreign_page = request
        .headers()
        .get("origin")
        .and_then(|origin| origin.to_str().ok())
        .is_some_and(|origin| origin.split("//").nth(1) != request.header("host"));
    if !local || foreign_page {
        return Ok(failure(StatusCode::FORBIDDEN, "the control API answers this machine only"));
    }
    next.call(request).await.map(IntoResponse::into_response)
}

fn failure(status: StatusCode, message: &str) -> Response {
    json_response(status, &json!({"error": message}))
}

fn json_response(status: StatusCode, body: &Value) -> Response {
    Response::builder().status(status).content_type("application/json").body(body.to_string())
}

/// Outcome of a control call as a response.
struct Outcome(Result<Value, Failure>);

enum Failure {
    Body(String),
    Control(ControlError),
}

impl From<ControlError> for Failure {
    fn from(error: ControlError) -> Self {
        Self::Control(error)
    }
}

impl IntoResponse for Outcome {
    fn into_response(self) -> Response {
        match self.0 {
            Ok(body) => json_response(StatusCode::OK, &body),
            Err(Failure::Body(message)) => failure(StatusCode::BAD_REQUEST, &message),
            Err(Failure::Control(error)) => {
                let status = match &error {
                    ControlError::NotFound(_) => StatusCode::NOT_FOUND,
                    ControlError::Refused(_) => StatusCode::CONFLICT,
                    ControlError::Store(_) => StatusCode::INTERNAL_SERVER_ERROR,
                };
                failure(status, &error.to_string())
            }
        }
    }
}

fn control(core: &Arc<Core>) -> Control {
    Control { core: Arc::clone(core) }
}

/// Reads a body; an empty one counts as `{}`.
fn read_json<T: DeserializeOwned>(call: &Inbound) -> Result<T, Failure> {
    let bytes = call.body.as_deref().ok_or_else(|| Failure::Body("the body is too large".to_owned()))?;
    let bytes = if bytes.is_empty() { b"{}" } else { bytes };
    serde_json::from_slice(bytes).map_err(|error| Failure::Body(error.to_string()))
}

#[handler]
fn books(Data(core): Data<&Arc<Core>>) -> Response {
    let books = serde_json::to_value(control(core).books()).unwrap_or_default();
    json_response(StatusCode::OK, &books)
}

#[handler]
fn list_scripts(Data(core): Data<&Arc<Core>>) -> Outcome {
    Outcome(Ok(json!({"scripts": control(core).scripts()})))
}

#[handler]
fn add_scripts(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = || {
        let scripts = match read_json::<Value>(&call)? {
            Value::Array(items) => items,
            one => vec![one],
        };
        // Parsed one by one: the error then names the field that is wrong.
        let scripts: Vec<Script> = scripts
            .into_iter()
            .map(|script| serde_json::from_value(script).map_err(|error| Failure::Body(error.to_string())))
            .collect::<Result<_, _>>()?;
        if let Some(delay) = scripts.iter().filter_map(|script| script.delay.as_deref()).find(|delay| parse_duration(delay).is_none()) {
            return Err(Failure::Body(format!("delay {delay:?} is not like 250ms, 5s, 10m, 6h, 3d")));
        }
        for script in scripts {
            control(core).script(script)?;
        }
        Ok(json!({"scripts": control(core).scripts()}))
    };
    Outcome(run())
}

#[handler]
fn delete_scripts(Data(core): Data<&Arc<Core>>) -> Outcome {
    Outcome(control(core).clear_scripts().map(|()| json!({"scripts": []})).map_err(Failure::from))
}

fn clock(now: i64) -> Value {
    json!({"now": timestamp(now), "micros": now})
}

#[handler]
fn read_clock(Data(core): Data<&Arc<Core>>) -> Outcome {
    Outcome(Ok(clock(control(core).now())))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance: String,
}

#[handler]
async fn advance(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = async {
        let Advance { advance } = read_json(&call)?;
        let by = parse_duration(&advance).ok_or_else(|| Failure::Body(format!("advance {advance:?} is not like 10m, 6h, 3d")))?;
        Ok(clock(control(core).advance_clock(by).await?))
    };
    Outcome(run.await)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Amount {
    amount: Option<i64>,
}

#[handler]
fn payment_action(Data(core): Data<&Arc<Core>>, Path((id, action)): Path<(String, String)>, call: Inbound) -> Outcome {
    let run = || {
        let control = control(core);
        let Amount { amount } = read_json(&call)?;
        Ok(match action.as_str() {
            "pay" => control.pay(&id).map(|()| json!({"payment_id": id}))?,
            "decline" => control.decline(&id).map(|()| json!({"payment_id": id}))?,
            "expire" => control.expire(&id).map(|()| json!({"payment_id": id}))?,
            "refund" => json!({"refund_id": control.refund_from_dashboard(&id, amount)?}),
            "dispute" => json!({"dispute_id": control.dispute(&id, amount)?}),
            other => return Err(ControlError::NotFound(format!("action {other}")).into()),
        })
    };
    Outcome(run())
}

#[handler]
fn refund_action(Data(core): Data<&Arc<Core>>, Path((id, action)): Path<(String, String)>) -> Outcome {
    let done = match action.as_str() {
        "succeed" => control(core).succeed_refund(&id),
        "fail" => control(core).fail_refund(&id),
        other => Err(ControlError::NotFound(format!("action {other}"))),
    };
    Outcome(done.map(|()| json!({"refund_id": id})).map_err(Failure::from))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Status {
    status: String,
}

#[handler]
fn dispute_action(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let Status { status } = read_json(&call)?;
        control(core).set_dispute(&id, &status)?;
        Ok(json!({"dispute_id": id}))
    };
    Outcome(run())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AccountChange {
    transfers: Option<String>,
    payouts_enabled: Option<bool>,
}

#[handler]
fn set_account(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let change: AccountChange = read_json(&call)?;
        control(core).set_account(&id, change.transfers.as_deref(), change.payouts_enabled)?;
        Ok(json!({"account": id}))
    };
    Outcome(run())
}

#[handler]
fn payout(Data(core): Data<&Arc<Core>>, Path(id): Path<String>) -> Outcome {
    Outcome(control(core).payout(&id).map(|()| json!({"account": id})).map_err(Failure::from))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Deposit {
    amount: i64,
    currency: String,
}

#[handler]
fn deposit(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let Deposit { amount, currency } = read_json(&call)?;
        control(core).deposit(&id, &currency, amount)?;
        Ok(json!({"account": id}))
    };
    Outcome(run())
}

#[handler]
fn reverse(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let Amount { amount } = read_json(&call)?;
        Ok(json!({"reversal": control(core).reverse_transfer(&id, amount)?}))
    };
    Outcome(run())
}

#[handler]
fn list_webhooks(Data(core): Data<&Arc<Core>>) -> Outcome {
    Outcome(Ok(json!({"webhooks": control(core).webhooks()})))
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Mode {
    Auto,
    Hold,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct SetMode {
    mode: Mode,
}

#[handler]
fn set_mode(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = || {
        let SetMode { mode } = read_json(&call)?;
        control(core).hold_webhooks(matches!(mode, Mode::Hold))?;
        Ok(json!({"hold": matches!(mode, Mode::Hold)}))
    };
    Outcome(run())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(default)]
    order: ReleaseOrder,
    copies: Option<u32>,
}

#[handler]
async fn release(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = async {
        let Release { order, copies } = read_json(&call)?;
        Ok(json!({"released": control(core).release_webhooks(order, copies.unwrap_or(1)).await?}))
    };
    Outcome(run.await)
}

#[handler]
async fn resend(Data(core): Data<&Arc<Core>>, Path(id): Path<String>) -> Outcome {
    Outcome(control(core).resend(&id).await.map(|()| json!({"event_id": id})).map_err(Failure::from))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Url {
    url: Option<String>,
}

#[handler]
fn set_url(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = || {
        let Url { url } = read_json(&call)?;
        control(core).set_webhook_url(url.clone())?;
        Ok(json!({"url": url}))
    };
    Outcome(run())
}
