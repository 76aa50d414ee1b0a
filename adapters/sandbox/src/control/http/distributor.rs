//! Releases.

use std::sync::Arc;

use poem::{
    Route, get, handler, post,
    web::{Data, Path},
};
use serde::Deserialize;
use serde_json::json;

use crate::{core::Core, inbound::Inbound, model::ReleaseStatus};

use super::{Outcome, control, read_json};

pub(super) fn add_to(routes: Route) -> Route {
    routes.at("/releases", get(list)).at("/releases/:id", post(set_release))
}

#[handler]
fn list(Data(core): Data<&Arc<Core>>) -> Outcome {
    Outcome(Ok(json!({"releases": control(core).releases()})))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ReleaseChange {
    status: ReleaseStatus,
    reason: Option<String>,
}

#[handler]
fn set_release(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let ReleaseChange { status, reason } = read_json(&call)?;
        control(core).set_release(&id, status, reason)?;
        Ok(json!({"release": id}))
    };
    Outcome(run())
}
