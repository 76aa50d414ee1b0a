//! The control functions over HTTP, under `/control`: JSON in, JSON out, no key, loopback only.

mod connect;
mod distributor;
mod psp;
mod webhooks;

use std::sync::Arc;

use poem::{
    Endpoint, IntoResponse, Response, Route, get, handler,
    http::StatusCode,
    web::{Data, RemoteAddr},
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

use super::{Control, ControlError};

/// The routes under `/control`.
pub(crate) fn routes() -> Route {
    let routes = Route::new()
        .at("/", get(pages::overview))
        .at("/books", get(books))
        .at("/scripts", get(list_scripts).post(add_scripts).delete(delete_scripts))
        .at("/clock", get(read_clock).post(advance));
    distributor::add_to(webhooks::add_to(connect::add_to(psp::add_to(routes))))
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

/// A duration of a body.
fn duration(name: &str, text: &str) -> Result<std::time::Duration, Failure> {
    parse_duration(text).ok_or_else(|| Failure::Body(format!("{name} {text:?} is not like 10m, 6h, 3d")))
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
        if let Some(nonsense) = scripts.iter().find_map(Script::nonsense) {
            return Err(Failure::Body(nonsense));
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
        Ok(clock(control(core).advance_clock(duration("advance", &advance)?).await?))
    };
    Outcome(run.await)
}
