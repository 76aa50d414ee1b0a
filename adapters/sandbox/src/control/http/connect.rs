//! Accounts, payouts and transfers.

use std::sync::Arc;

use poem::{
    Route, handler, post,
    web::{Data, Path},
};
use serde::Deserialize;
use serde_json::json;

use crate::{core::Core, inbound::Inbound, model::PayoutStatus, stripe::payouts::NewPayout};

use super::{Outcome, control, read_json};

pub(super) fn add_to(routes: Route) -> Route {
    routes
        .at("/accounts/:id", post(set_account))
        .at("/accounts/:id/payout", post(payout))
        .at("/accounts/:id/deposit", post(deposit))
        .at("/payouts", post(set_schedule))
        .at("/payouts/:id", post(set_payout))
        .at("/transfers", post(transfer))
        .at("/transfers/:id/reverse", post(reverse))
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
fn payout(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let new: NewPayout = read_json(&call)?;
        Ok(json!({"account": id, "payouts": control(core).new_payout(&id, new)?}))
    };
    Outcome(run())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Schedule {
    daily: bool,
}

#[handler]
fn set_schedule(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = || {
        let Schedule { daily } = read_json(&call)?;
        control(core).daily_payouts(daily)?;
        Ok(json!({"daily": daily}))
    };
    Outcome(run())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayoutChange {
    status: PayoutStatus,
    failure_code: Option<String>,
    failure_message: Option<String>,
}

#[handler]
fn set_payout(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let PayoutChange { status, failure_code, failure_message } = read_json(&call)?;
        let failure = failure_code.map(|code| (code, failure_message.unwrap_or_else(|| "The payout failed.".to_owned())));
        control(core).set_payout(&id, status, failure)?;
        Ok(json!({"payout": id}))
    };
    Outcome(run())
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

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewTransfer {
    destination: String,
    amount: i64,
    currency: String,
}

#[handler]
fn transfer(Data(core): Data<&Arc<Core>>, call: Inbound) -> Outcome {
    let run = || {
        let NewTransfer { destination, amount, currency } = read_json(&call)?;
        Ok(json!({"transfer": control(core).transfer_from_dashboard(&destination, &currency, amount)?}))
    };
    Outcome(run())
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    amount: Option<i64>,
}

#[handler]
fn reverse(Data(core): Data<&Arc<Core>>, Path(id): Path<String>, call: Inbound) -> Outcome {
    let run = || {
        let Part { amount } = read_json(&call)?;
        Ok(json!({"reversal": control(core).reverse_transfer(&id, amount)?}))
    };
    Outcome(run())
}
