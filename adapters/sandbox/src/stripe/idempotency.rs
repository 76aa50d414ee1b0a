//! The life of a POST: parameters, key, faults, effect, saved answer (stripe.md §5).
//!
//! Saved once execution began: successes, refusals and 5xx alike. Not saved: parameter validation, 401, 409, 429.

use std::sync::Arc;

use crate::{
    core::{Answer, Core, Crossing, internal},
    ids::{Micros, micros},
    inbound::Inbound,
    model::SavedAnswer,
    script::{Facts, Fault, Faults, Op, Stage},
    state::State,
};

use super::{errors, params::Params};

/// Keys are forgotten after this.
const KEPT: std::time::Duration = std::time::Duration::from_secs(24 * 3_600);
const KEY_BYTES_MAX: usize = 255;

/// What an effect knows about the call that causes it.
#[derive(Debug, Clone)]
pub(crate) struct Cause {
    pub(crate) request_id: String,
    pub(crate) idempotency_key: Option<String>,
}

/// What is known of a key.
enum Key {
    /// None was sent.
    None,
    /// First use; counts as running until the guard drops.
    Fresh(#[allow(dead_code, reason = "held for its drop")] RunningKey),
    Saved(SavedAnswer),
    Refused(Answer),
}

/// A key whose first call runs.
struct RunningKey {
    core: Arc<Core>,
    key: String,
}

impl Drop for RunningKey {
    fn drop(&mut self) {
        // Only memory changes, so there is nothing that could fail to be written.
        let _ = self.core.write(|state| state.running_keys.remove(&self.key));
    }
}

/// Runs one POST. `effect` gets the faults of its own stage (refusals that a script asks for).
pub(crate) async fn execute(
    core: &Arc<Core>,
    call: Inbound,
    op: Op,
    params: Params,
    cause: Cause,
    effect: impl FnOnce(&mut State, &Cause, &Faults) -> Answer + Send + 'static,
) -> Answer {
    let core = Arc::clone(core);
    // Spawned, so that the work goes on when the caller hangs up.
    match tokio::spawn(async move { run(&core, call, op, params, cause, effect).await }).await {
        Ok(answer) => answer,
        Err(error) => internal(op, &error),
    }
}

async fn run(
    core: &Arc<Core>,
    call: Inbound,
    op: Op,
    params: Params,
    cause: Cause,
    effect: impl FnOnce(&mut State, &Cause, &Faults) -> Answer,
) -> Answer {
    let key = match cause.idempotency_key.clone() {
        None => Key::None,
        Some(sent) if sent.len() > KEY_BYTES_MAX => {
            return errors::invalid(400, None, None, "Idempotency keys may not be longer than 255 characters.");
        }
        Some(sent) => match look_up(core, &call, &sent, &params) {
            Ok(key) => key,
            Err(error) => return internal(op, &error),
        },
    };
    let facts = path_facts(&call.path, params.facts());
    let payment_id = core.read(|state| payment_of(state, &facts));
    let facts = Facts::new(payment_id, facts);
    let crossing = match Crossing::enter(core, &call, op, facts).await {
        Ok(crossing) => crossing,
        Err(answer) => return echo(answer, &cause),
    };
    let (answer, emitted) = match key {
        Key::Refused(answer) => (echo(answer, &cause), Vec::new()),
        Key::Saved(saved) => (replay(saved), Vec::new()),
        Key::None | Key::Fresh(_) => {
            let done = core.write(|state| {
                let answer = decide(state, &crossing, &cause, effect);
                if let Some(key) = &cause.idempotency_key {
                    save(state, key, &call.path, params, &cause, &answer);
                }
                (answer, std::mem::take(&mut state.emitted))
            });
            match done {
                Ok((answer, emitted)) => (executed(answer, &cause.request_id, &cause), emitted),
                Err(error) => (internal(op, &error), Vec::new()),
            }
        }
    };
    // `key` is still running while a script delays the answer: a second call meets 409.
    crossing.leave(core, &call, answer, emitted).await
}

fn decide(state: &mut State, crossing: &Crossing, cause: &Cause, effect: impl FnOnce(&mut State, &Cause, &Faults) -> Answer) -> Answer {
    if crossing.faults.has(Fault::ErrorSaved) {
        return errors::of_fault(Fault::ErrorSaved);
    }
    let faults = state.take_faults(crossing.op, Stage::Effect, &crossing.facts);
    let answer = effect(state, cause, &faults);
    if crossing.faults.has(Fault::ErrorAfterEffect) {
        return errors::of_fault(Fault::ErrorAfterEffect);
    }
    answer
}

fn look_up(core: &Arc<Core>, call: &Inbound, key: &str, params: &Params) -> Result<Key, crate::store::StoreError> {
    core.write(|state| {
        if let Some(saved) = state.answers.get(key).filter(|saved| state.now - saved.saved_at < forgotten_after()) {
            return known(saved, call, key, params);
        }
        if !state.running_keys.insert(key.to_owned()) {
            return Key::Refused(errors::key_in_use(key));
        }
        Key::Fresh(RunningKey { core: Arc::clone(core), key: key.to_owned() })
    })
}

fn forgotten_after() -> Micros {
    micros(KEPT)
}

fn known(saved: &SavedAnswer, call: &Inbound, key: &str, params: &Params) -> Key {
    if saved.path != call.path {
        return Key::Refused(errors::idempotency(format!(
            "Keys for idempotent requests can only be used for the same endpoint they were first used for ('{}'). Try \
             using a key other than '{key}' if you meant to execute a different request.",
            saved.path
        )));
    }
    if saved.params != sorted(params.0.clone()) {
        return Key::Refused(errors::idempotency(format!(
            "Keys for idempotent requests can only be used with the same parameters they were first used with. Try \
             using a key other than '{key}' if you meant to execute a different request."
        )));
    }
    Key::Saved(saved.clone())
}

fn sorted(mut params: Vec<(String, String)>) -> Vec<(String, String)> {
    params.sort();
    params
}

fn save(state: &mut State, key: &str, path: &str, params: Params, cause: &Cause, answer: &Answer) {
    let saved = SavedAnswer {
        key: key.to_owned(),
        path: path.to_owned(),
        params: sorted(params.0),
        request_id: cause.request_id.clone(),
        status: answer.status,
        body: answer.body.clone(),
        saved_at: state.now,
    };
    state.answers.put(saved);
}

fn replay(saved: SavedAnswer) -> Answer {
    Answer::json(saved.status, saved.body)
        .with("idempotency-key", saved.key)
        .with("original-request", saved.request_id)
        .with("idempotent-replayed", "true")
        .with("stripe-should-retry", "false")
}

fn executed(answer: Answer, original: &str, cause: &Cause) -> Answer {
    echo(answer, cause).with("original-request", original).with("stripe-should-retry", "false")
}

fn echo(answer: Answer, cause: &Cause) -> Answer {
    match &cause.idempotency_key {
        Some(key) => answer.with("idempotency-key", key.as_str()),
        None => answer,
    }
}

/// Adds the ids of the path to the facts: `transfer`, `account`.
fn path_facts(path: &str, mut facts: serde_json::Value) -> serde_json::Value {
    let mut parts = path.trim_start_matches("/v1/").split('/');
    let name = match parts.next() {
        Some("transfers") => "transfer",
        Some("accounts") => "account",
        _ => return facts,
    };
    if let (Some(id), Some(object)) = (parts.next(), facts.as_object_mut()) {
        object.insert(name.to_owned(), id.into());
    }
    facts
}

/// The payment that a call belongs to, so that a payment's own scripts reach its transfers and reversals: the one that
/// the transfer group, or `payment_id` or `order_id` of the metadata, names; here or in the transfer of the path.
fn payment_of(state: &State, facts: &serde_json::Value) -> Option<String> {
    let text = |value: &serde_json::Value| value.as_str().map(str::to_owned);
    let sent = ["transfer_group"].into_iter().filter_map(|name| facts.get(name).and_then(text));
    let sent_metadata = ["payment_id", "order_id"].into_iter().filter_map(|name| facts.get("metadata")?.get(name).and_then(text));
    let transfer = facts.get("transfer").and_then(|id| state.transfers.get(id.as_str()?));
    let stored = transfer.into_iter().flat_map(|transfer| {
        let metadata = ["payment_id", "order_id"].into_iter().filter_map(|name| transfer.metadata.get(name).cloned());
        transfer.transfer_group.clone().into_iter().chain(metadata)
    });
    sent.chain(sent_metadata).chain(stored).find(|id| state.payments.contains(id))
}
