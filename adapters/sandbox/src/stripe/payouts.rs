//! Payouts: a connected account's balance → its bank (stripe.md §4). Made by the control API or every midnight.
//!
//! Invariant: the money is gone from the balance from the moment the payout is made, and back in it once the payout has failed
//! or was canceled; `paid` is no end, banks return money later.

use std::time::Duration;

use crate::{
    core::Answer,
    ids::{Micros, micros},
    model::{Payout, PayoutStatus},
    script::{Facts, Fault, Op, Stage},
    state::{Due, State},
};

use super::{errors, events, params::Params, render};

/// From the day a payout is made to its arrival.
const ARRIVES_AFTER: Duration = Duration::from_secs(86_400);
/// A payout that comes back does so this long after it was paid.
const FAILS_AFTER: Duration = Duration::from_secs(86_400);

/// What a payout takes; what is left out has its default.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NewPayout {
    /// Every currency unless said.
    pub currency: Option<String>,
    /// All that is available unless said.
    pub amount: Option<i64>,
    /// Where it gets to at once: `paid` unless said, and unless a script knows better.
    pub status: Option<PayoutStatus>,
}

/// Makes the payouts that a request asks for, all pending; their ids.
/// # Errors
/// Why none is made.
pub(crate) fn create(state: &mut State, account: &str, request: &NewPayout, automatic: bool) -> Result<Vec<String>, String> {
    let wanted = |currency: &str| request.currency.as_ref().is_none_or(|wanted| wanted.eq_ignore_ascii_case(currency));
    let available: Vec<(String, i64)> = state
        .balances
        .rows()
        .iter()
        .filter(|balance| balance.owner == account && balance.available > 0 && wanted(&balance.currency))
        .map(|balance| (balance.currency.clone(), balance.available))
        .collect();
    if let Some(amount) = request.amount {
        let [(_, most)] = available.as_slice() else { return Err("an amount needs one currency with money in it".to_owned()) };
        if amount <= 0 || amount > *most {
            return Err(format!("the amount is not between 1 and the {most} that are available"));
        }
    }
    let due = available.into_iter().map(|(currency, available)| (currency, request.amount.unwrap_or(available)));
    Ok(due.map(|(currency, amount)| make(state, account, currency, amount, automatic)).collect())
}

fn make(state: &mut State, account: &str, currency: String, amount: i64, automatic: bool) -> String {
    let now = state.now;
    state.adjust(account, &currency, -amount, 0);
    note_paid_out(state, account, &currency, amount);
    let id = state.ids.text("po_1", 23);
    state.payouts.put(Payout {
        id: id.clone(),
        account: account.to_owned(),
        amount,
        currency,
        status: PayoutStatus::Pending,
        automatic,
        created: now,
        arrival_date: now.saturating_add(micros(ARRIVES_AFTER)),
        failure: None,
        due: None,
        returns_after: None,
    });
    events::of_payout(state, "payout.created", &id);
    id
}

fn note_paid_out(state: &mut State, account: &str, currency: &str, amount: i64) {
    if let Some(account) = state.accounts.edit(account) {
        *account.paid_out.entry(currency.to_owned()).or_default() += amount;
    }
}

/// Sends a new payout on its way to the bank: it arrives at once (`at_once`) or a day later, unless a script knows better.
pub(crate) fn send(state: &mut State, id: &str, at_once: bool) {
    let Some(payout) = state.payouts.get(id).cloned() else { return };
    let params = serde_json::json!({"payout": id, "account": payout.account, "currency": payout.currency, "amount": payout.amount});
    let faults = state.take_faults(Op::Payout, Stage::Payout, &Facts::new(None, params));
    let now = state.now;
    let arrives = if at_once { now } else { payout.arrival_date };
    let at = match faults.delay(Fault::PayoutPending, Duration::MAX) {
        None => Some(arrives),
        Some(Duration::MAX) => None, // until somebody moves it
        Some(delay) => Some(now.saturating_add(micros(delay))),
    };
    if let Some(payout) = state.payouts.edit(id) {
        payout.returns_after = faults.delay(Fault::PayoutFailsLater, FAILS_AFTER).map(micros);
    }
    let end = if faults.has(Fault::PayoutFailed) { PayoutStatus::Failed } else { PayoutStatus::Paid };
    if at.is_some_and(|at| at <= now) {
        move_on(state, id, end);
    } else {
        move_on(state, id, PayoutStatus::InTransit);
        plan(state, id, at.map(|at| (at, end)));
    }
}

fn move_on(state: &mut State, id: &str, to: PayoutStatus) {
    if let Err(why) = set_status(state, id, to, None) {
        tracing::warn!(id, why, "a payout stays where it is");
    }
}

fn plan(state: &mut State, id: &str, due: Option<(Micros, PayoutStatus)>) {
    if let Some(payout) = state.payouts.edit(id) {
        payout.due = due;
    }
    if let Some((at, _)) = due {
        state.schedule(at, Due::Payout { payout_id: id.to_owned() });
    }
}

/// The time has come for a payout to arrive or to come back, unless somebody moved it.
pub(crate) fn move_due(state: &mut State, id: &str, at: Micros) {
    let due = state.payouts.get(id).and_then(|payout| payout.due);
    if let Some((_, to)) = due.filter(|(planned, _)| *planned == at) {
        move_on(state, id, to);
    }
}

/// Moves a payout and raises the event of its new status.
/// # Errors
/// Why it cannot move like that.
pub(crate) fn set_status(state: &mut State, id: &str, to: PayoutStatus, failure: Option<(String, String)>) -> Result<(), String> {
    use PayoutStatus::{Canceled, Failed, InTransit, Paid, Pending};
    let now = state.now;
    let payout = state.payouts.edit(id).ok_or_else(|| format!("no payout {id}"))?;
    let event_type = match (payout.status, to) {
        (Pending, InTransit) => "payout.updated",
        (Pending | InTransit, Paid) => "payout.paid",
        (Pending | InTransit | Paid, Failed) => "payout.failed",
        (Pending, Canceled) => "payout.canceled",
        (from, to) => return Err(format!("a payout does not go from {from:?} to {to:?}")),
    };
    payout.status = to;
    payout.due = None;
    let returns = payout.returns_after.take_if(|_| to == Paid).map(|delay| (now.saturating_add(delay), Failed));
    if to == Failed {
        let because = || ("account_closed".to_owned(), "The bank account has been closed.".to_owned());
        payout.failure = Some(failure.unwrap_or_else(because));
    }
    let (account, currency, amount) = (payout.account.clone(), payout.currency.clone(), payout.amount);
    if matches!(to, Failed | Canceled) {
        state.adjust(&account, &currency, amount, 0);
        note_paid_out(state, &account, &currency, -amount);
    }
    events::of_payout(state, event_type, id);
    plan(state, id, returns);
    Ok(())
}

/// Midnight: every account that may pays out what it has.
pub(crate) fn pay_out_all(state: &mut State) {
    let able = state.accounts.rows().iter().filter(|account| account.payouts_enabled);
    for account in able.map(|account| account.id.clone()).collect::<Vec<_>>() {
        let made = create(state, &account, &NewPayout::default(), true).unwrap_or_default(); // no amount asked for: nothing to refuse
        made.iter().for_each(|id| send(state, id, false));
    }
}

/// GET /v1/payouts/{id}, of the `Stripe-Account`; the platform itself has none.
pub(crate) fn show(state: &State, account: Option<&str>, id: &str) -> Answer {
    match state.payouts.get(id).filter(|payout| Some(payout.account.as_str()) == account) {
        Some(payout) => Answer::json(200, render::payout(payout).pretty()),
        None => errors::no_such("payout", id),
    }
}

/// GET /v1/payouts, newest first.
pub(crate) fn list(state: &State, params: &Params, account: Option<&str>) -> Result<Answer, Answer> {
    let (page, created) = (params.page()?, params.created()?);
    let status = params.text("status");
    let keep = |payout: &Payout| {
        Some(payout.account.as_str()) == account
            && created(payout.created)
            && status.as_ref().is_none_or(|status| status == render::payout_status(payout.status))
    };
    let (rows, has_more) = page.cut(&state.payouts, 0..state.payouts.rows().len(), "payout", keep)?;
    Ok(Answer::json(200, render::list(rows.into_iter().map(render::payout).collect(), has_more, "/v1/payouts").pretty()))
}
