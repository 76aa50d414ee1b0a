//! Webhooks: where they go, and when.

use std::sync::Arc;

use poem::{
    Route, get, handler, post,
    web::{Data, Path},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    control::webhooks::{ReleaseOrder, Side},
    core::Core,
    inbound::Inbound,
    model::Target,
};

use super::{Failure, Outcome, control, read_json};

pub(super) fn add_to(routes: Route) -> Route {
    routes
        .at("/webhooks", get(list_webhooks).post(set_mode))
        .at("/webhooks/release", post(release))
        .at("/webhooks/:id/resend", post(resend))
        .at("/webhook_url", post(set_url))
}

#[handler]
fn list_webhooks(Data(core): Data<&Arc<Core>>) -> Outcome {
    let control = control(core);
    Outcome(Ok(json!({"webhooks": control.webhooks(), "stripe_webhooks": control.stripe_webhooks()})))
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
    #[serde(default)]
    side: Side,
}

#[handler]
fn set_mode(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = || {
        let SetMode { mode, side } = read_json(&call)?;
        let hold = matches!(mode, Mode::Hold);
        control(core).hold_side(side, hold)?;
        Ok(json!({"side": side, "hold": hold}))
    };
    Outcome(run())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Release {
    #[serde(default)]
    order: ReleaseOrder,
    copies: Option<u32>,
    #[serde(default)]
    side: Side,
}

#[handler]
async fn release(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = async {
        let Release { order, copies, side } = read_json(&call)?;
        Ok(json!({"released": control(core).release_side(side, order, copies.unwrap_or(1)).await?}))
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
    #[serde(default)]
    target: Target,
}

#[handler]
fn set_url(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = || {
        let Url { url, target } = read_json(&call)?;
        control(core).set_target_url(target, url.clone())?;
        Ok(json!({"target": target, "url": url}))
    };
    Outcome(run())
}
