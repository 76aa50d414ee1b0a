//! The lock around the state, and the way of a call through it: log, faults, effect, durable, answer.
//!
//! Invariant: an answer (and a cut connection) comes after the change is on disk, never before.

use std::{
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use poem::http::StatusCode;
use serde_json::Value;
use tokio::sync::Notify;

use crate::{
    config::{SandboxError, Settings},
    control::books::Call,
    distributor, hyperswitch,
    inbound::Inbound,
    script::{Facts, Fault, Faults, Op, Stage},
    state::State,
    store::{Store, StoreError},
    stripe,
    webhooks::{self, Sender},
    wire::Connections,
};

/// How long a slow answer waits unless its script says otherwise.
const SLOW: Duration = Duration::from_secs(5);

struct Inner {
    state: State,
    store: Option<Store>,
}

/// Shared by all handlers, the clock's task and the in-process control.
pub(crate) struct Core {
    pub(crate) settings: Arc<Settings>,
    inner: Mutex<Inner>,
    /// Something became due earlier than was known.
    pub(crate) wake: Notify,
    pub(crate) sender: Sender,
    pub(crate) connections: Connections,
}

impl Core {
    pub(crate) fn new(settings: Settings, connections: Connections, sender: Sender) -> Result<Self, SandboxError> {
        let settings = Arc::new(settings);
        let store = settings.data_file.as_deref().map(Store::open).transpose()?;
        let state = State::load(Arc::clone(&settings), store.as_ref())?;
        let core = Self { settings, inner: Mutex::new(Inner { state, store }), wake: Notify::new(), sender, connections };
        core.write(|_| ())?; // the start itself is on disk, so that the next one makes other ids
        Ok(core)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        // A panic under the lock is a bug of one call; the records themselves are replaced whole.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Looks at the state.
    pub(crate) fn read<T>(&self, look: impl FnOnce(&State) -> T) -> T {
        let mut inner = self.lock();
        inner.state.tick();
        look(&inner.state)
    }

    /// Changes the state; the change is on disk when this returns `Ok`.
    pub(crate) fn write<T>(&self, change: impl FnOnce(&mut State) -> T) -> Result<T, StoreError> {
        let mut guard = self.lock();
        let inner = &mut *guard;
        inner.state.tick();
        let due_before = inner.state.next_due();
        let result = change(&mut inner.state);
        let due_after = inner.state.next_due();
        if let Some(store) = &mut inner.store
            && inner.state.has_unwritten()
        {
            store.commit(|batch| inner.state.write_to(batch))?;
            inner.state.written();
        }
        drop(guard);
        if due_after.is_some_and(|after| due_before.is_none_or(|before| after < before)) {
            self.wake.notify_one();
        }
        Ok(result)
    }
}

/// An answer before it becomes an HTTP response.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) content_type: &'static str,
    pub(crate) body: String,
    pub(crate) headers: Vec<(&'static str, String)>,
}

impl Answer {
    pub(crate) fn json(status: u16, body: String) -> Self {
        Self { status, content_type: "application/json", body, headers: Vec::new() }
    }

    pub(crate) fn with(mut self, name: &'static str, value: impl Into<String>) -> Self {
        self.headers.push((name, value.into()));
        self
    }

    pub(crate) fn into_response(self) -> poem::Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut response = poem::Response::builder().status(status).content_type(self.content_type);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        response.body(self.body)
    }
}

/// The faults around one call.
pub(crate) struct Crossing {
    pub(crate) faults: Faults,
    pub(crate) facts: Facts,
    pub(crate) op: Op,
}

impl Crossing {
    /// Takes the scripts that this call meets, waits if one says so, and answers in its stead if one says so.
    /// # Errors
    /// The answer of a call that has no effect.
    pub(crate) async fn enter(core: &Core, call: &Inbound, op: Op, facts: Facts) -> Result<Self, Answer> {
        let facts = Facts { path: Some(call.path.clone()), ..facts };
        let faults = core
            .write(|state| {
                let faults = state.take_faults(op, Stage::Transport, &facts);
                let at = state.now;
                state.log(Call::of(call, op, &facts, faults.names(), at));
                faults
            })
            .map_err(|error| internal(op, &error))?;
        if let Some(delay) = faults.delay(Fault::SlowBeforeEffect, SLOW) {
            tokio::time::sleep(delay).await;
        }
        let refused = [
            Fault::RequestLost,
            Fault::Unavailable,
            Fault::BadGateway,
            Fault::ErrorBeforeEffect,
            Fault::RateLimited,
            Fault::LockTimeout,
            Fault::Busy,
            Fault::KeyInUse,
            Fault::NotFound,
            Fault::Html,
            Fault::WrongJson,
            Fault::ErrorIn200,
        ]
        .into_iter()
        .find(|fault| faults.has(*fault));
        match refused {
            None => Ok(Self { faults, facts, op }),
            Some(fault) => {
                if fault == Fault::RequestLost {
                    core.connections.cut(call.peer);
                }
                Err(fault_answer(op, fault))
            }
        }
    }

    /// After the effect: sends the webhooks that must come before the answer, waits, fails or cuts.
    pub(crate) async fn leave(self, core: &Arc<Core>, call: &Inbound, answer: Answer, emitted: Vec<String>) -> Answer {
        webhooks::send_before_answer(core, emitted).await;
        if let Some(delay) = self.faults.delay(Fault::Slow, SLOW) {
            tokio::time::sleep(delay).await;
        }
        if self.faults.has(Fault::AnswerLost) {
            core.connections.cut(call.peer);
        }
        if self.faults.has(Fault::ErrorAfterEffect) && self.op.side() != Op::Stripe {
            return fault_answer(self.op, Fault::ErrorAfterEffect);
        }
        if self.faults.has(Fault::Garbled) {
            return Answer { body: first_half(&answer.body), ..answer };
        }
        answer
    }
}

/// Runs one Hyperswitch call, or a read of Stripe's, through its faults. The work goes on when the caller hangs up.
pub(crate) async fn perform(
    core: &Arc<Core>,
    call: Inbound,
    op: Op,
    facts: Facts,
    effect: impl FnOnce(&mut State, &Facts) -> Answer + Send + 'static,
) -> Answer {
    let core = Arc::clone(core);
    let work = async move {
        let crossing = match Crossing::enter(&core, &call, op, facts).await {
            Ok(crossing) => crossing,
            Err(answer) => return answer,
        };
        let done = core.write(|state| {
            let answer = effect(state, &crossing.facts);
            (answer, std::mem::take(&mut state.emitted))
        });
        match done {
            Ok((answer, emitted)) => crossing.leave(&core, &call, answer, emitted).await,
            Err(error) => internal(op, &error),
        }
    };
    match tokio::spawn(work).await {
        Ok(answer) => answer,
        Err(error) => internal(op, &error),
    }
}

/// The sandbox itself is broken: logged, and answered as the provider's own fault.
pub(crate) fn internal(op: Op, error: &(dyn std::error::Error + 'static)) -> Answer {
    tracing::error!(?op, error, "the sandbox failed");
    fault_answer(op, Fault::ErrorAfterEffect)
}

/// How each side words a fault of the transport.
pub(crate) fn fault_answer(op: Op, fault: Fault) -> Answer {
    let proxy = |status: u16, title: &str| Answer {
        status,
        content_type: "text/html",
        body: format!("<html><head><title>{status} {title}</title></head><body><h1>{status} {title}</h1></body></html>"),
        headers: Vec::new(),
    };
    match (fault, op.side()) {
        (Fault::Html, _) => proxy(200, "Down for maintenance"),
        (Fault::WrongJson, _) => Answer::json(200, r#"{"status":"ok","data":[{"hello":"world"}]}"#.to_owned()),
        (Fault::Unavailable, _) => proxy(503, "Service Temporarily Unavailable"),
        (Fault::BadGateway, _) => proxy(502, "Bad Gateway"),
        (Fault::RateLimited, Op::Hyperswitch) => proxy(429, "Too Many Requests"),
        (_, Op::Stripe) => stripe::errors::of_fault(fault),
        (_, Op::Distributor) => distributor::of_fault(fault),
        _ => hyperswitch::errors::of_fault(op, fault),
    }
}

/// What a broken proxy leaves of a body.
fn first_half(body: &str) -> String {
    body.chars().take(body.chars().count() / 2).collect()
}

/// A JSON body, if the text is one.
pub(crate) fn parse_json(body: &[u8]) -> Result<Value, serde_json::Error> {
    serde_json::from_slice(body)
}
