//! Payments, refunds and disputes.

use std::sync::Arc;

use poem::{
    Route, handler, post,
    web::{Data, Path},
};
use serde::Deserialize;
use serde_json::json;

use crate::{
    control::ControlError,
    core::Core,
    hyperswitch::{disputes::NewDispute, payments::declined},
    inbound::Inbound,
    model::Behaviour,
};

use super::{Failure, Outcome, control, duration, read_json};

pub(super) fn add_to(routes: Route) -> Route {
    routes
        .at("/payments/:id/dispute", post(dispute))
        .at("/payments/:id/:action", post(payment_action))
        .at("/saved_methods/:id", post(set_saved_method))
        .at("/saved_methods/:id/revoke", post(revoke_saved_method))
        .at("/refunds/:id/:action", post(refund_action))
        .at("/disputes/:id", post(set_dispute))
        .at("/disputes/:id/:action", post(dispute_action))
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
            "fail" => control.fail_payment(&id).map(|()| json!({"payment_id": id}))?,
            "refund" => json!({"refund_id": control.refund_from_dashboard(&id, amount)?}),
            other => return Err(ControlError::NotFound(format!("action {other}")).into()),
        })
    };
    Outcome(run())
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum BehaviourName {
    Succeeds,
    Declines,
    RequiresCustomerAction,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Behaves {
    behaviour: BehaviourName,
    code: Option<String>,
    message: Option<String>,
    times: Option<u32>,
}

#[handler]
fn set_saved_method(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let Behaves { behaviour, code, message, times } = read_json(&call)?;
        let words = code.is_some() || message.is_some() || times.is_some();
        let behaviour = match behaviour {
            BehaviourName::Declines => {
                let (usual_code, usual_message) = declined();
                Behaviour::Declines {
                    code: code.unwrap_or(usual_code),
                    message: message.unwrap_or(usual_message),
                    times: times.unwrap_or_default(),
                }
            }
            _ if words => return Err(Failure::Body("code, message and times go with declines".to_owned())),
            BehaviourName::Succeeds => Behaviour::Succeeds,
            BehaviourName::RequiresCustomerAction => Behaviour::RequiresCustomerAction,
        };
        control(core).set_saved_method(&id, behaviour)?;
        Ok(json!({"payment_method_id": id}))
    };
    Outcome(run())
}

#[handler]
fn revoke_saved_method(Data(core): Data<&Arc<Core>>, Path(id): Path<String>) -> Outcome {
    let done = control(core).revoke_saved_method(&id);
    Outcome(done.map(|()| json!({"payment_method_id": id})).map_err(Failure::from))
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
struct Claim {
    amount: Option<i64>,
    stage: Option<String>,
    reason: Option<String>,
    reason_code: Option<String>,
    respond_within: Option<String>,
}

#[handler]
fn dispute(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let Claim { amount, stage, reason, reason_code, respond_within } = read_json(&call)?;
        let respond_within = respond_within.map(|text| duration("respond_within", &text)).transpose()?;
        let new = NewDispute { amount, stage, reason, reason_code, respond_within };
        Ok(json!({"dispute_id": control(core).open_dispute(&id, new)?}))
    };
    Outcome(run())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Move {
    status: String,
    stage: Option<String>,
}

#[handler]
fn set_dispute(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let Move { status, stage } = read_json(&call)?;
        control(core).move_dispute(&id, &status, stage.as_deref())?;
        Ok(json!({"dispute_id": id}))
    };
    Outcome(run())
}

#[handler]
fn dispute_action(Data(core): Data<&Arc<Core>>, Path((id, action)): Path<(String, String)>) -> Outcome {
    let status = match action.as_str() {
        "challenge" => "challenged",
        "expire" => "expired",
        "accept" => "accepted",
        "cancel" => "cancelled",
        "win" => "won",
        "lose" => "lost",
        other => return Outcome(Err(ControlError::NotFound(format!("action {other}")).into())),
    };
    Outcome(control(core).set_dispute(&id, status).map(|()| json!({"dispute_id": id})).map_err(Failure::from))
}
