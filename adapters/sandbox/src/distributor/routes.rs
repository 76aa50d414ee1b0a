//! HTTP of the distributor: keys and bodies.

use std::sync::Arc;

use poem::{
    Endpoint, Response, Route, get, handler, post,
    web::{Data, Path},
};
use serde_json::{Value, json};

use crate::{
    core::{Answer, Core, parse_json, perform},
    inbound::Inbound,
    script::{Facts, Op},
};

use super::{error, releases};

/// The routes of this side, under `/distributor`.
pub(crate) fn routes() -> Route {
    Route::new()
        .at("/v1/releases", get(list).post(submit))
        .at("/v1/releases/:id", get(read))
        .at("/v1/releases/:id/takedown", post(take_down))
}

/// Gives the router's 404 this side's words.
pub(crate) async fn finish<E: Endpoint>(next: E, request: poem::Request) -> poem::Result<Response> {
    Ok(match next.call(request).await {
        Ok(response) => poem::IntoResponse::into_response(response),
        Err(_) => error(404, "no_route", "There is no such call").into_response(),
    })
}

fn authorize(core: &Core, call: &Inbound) -> Result<(), Answer> {
    let key = call.header("authorization").and_then(|value| value.strip_prefix("Bearer "));
    if key == Some(core.settings.distributor_api_key.as_str()) {
        Ok(())
    } else {
        Err(error(401, "unauthorized", "The key is missing or unknown"))
    }
}

fn respond(result: Result<Answer, Answer>) -> Response {
    match result {
        Ok(answer) | Err(answer) => answer.into_response(),
    }
}

fn facts(params: Value) -> Facts {
    Facts::new(None, params)
}

#[handler]
async fn submit(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    let run = async {
        authorize(core, &call)?;
        let unreadable = || error(400, "unreadable", "The body is no release");
        let body = parse_json(call.body.as_deref().unwrap_or_default()).map_err(|_| unreadable())?;
        let new: releases::NewRelease = serde_json::from_value(body.clone()).map_err(|_| unreadable())?;
        if call.idempotency_key() != body.get("external_id").and_then(Value::as_str) {
            return Err(error(400, "key_needed", "Idempotency-Key has to be the external_id"));
        }
        new.check()?;
        Ok(perform(core, call.clone(), Op::SubmitRelease, facts(body), move |state, facts| releases::submit(state, new, facts)).await)
    };
    respond(run.await)
}

#[handler]
async fn list(Data(core): Data<&Arc<Core>>, call: Inbound) -> Response {
    let run = async {
        authorize(core, &call)?;
        let wanted = call.query().into_iter().find(|(name, _)| name == "external_id").map(|(_, value)| value);
        let external_id = wanted.ok_or_else(|| error(400, "external_id_needed", "Say which: external_id"))?;
        let facts = facts(json!({"external_id": external_id}));
        Ok(perform(core, call.clone(), Op::ListReleases, facts, move |state, _| releases::list(state, &external_id)).await)
    };
    respond(run.await)
}

#[handler]
async fn read(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        authorize(core, &call)?;
        let facts = facts(json!({"release": id}));
        Ok(perform(core, call.clone(), Op::ReadRelease, facts, move |state, _| releases::show(state, &id)).await)
    };
    respond(run.await)
}

#[handler]
async fn take_down(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Response {
    let run = async {
        authorize(core, &call)?;
        let facts = facts(json!({"release": id}));
        Ok(perform(core, call.clone(), Op::TakeDownRelease, facts, move |state, _| releases::take_down(state, &id)).await)
    };
    respond(run.await)
}
