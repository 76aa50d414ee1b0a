//! Outgoing webhooks of both providers: made once, retried with the same bytes, by the clock.
//!
//! What an event says and how it is signed is the providers' own ([`hyperswitch`], [`stripe`]); when it is sent, how often,
//! and what goes wrong with it is the same for both.

pub(crate) mod hyperswitch;
pub(crate) mod stripe;

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use serde_json::Value;
use tokio::sync::Semaphore;

use crate::{
    core::Core,
    ids::{Micros, micros},
    model::{Attempt, EventStatus, Forgery, Target, WebhookEvent},
    script::{Facts, Fault, Op, Stage},
    state::State,
};

/// An attempt fails after this.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Deliveries at a time.
const CONCURRENCY_MAX: usize = 64;
const LATE: Duration = Duration::from_secs(3_600);
/// How long an event waits to be overtaken by another that may never come.
const OVERTAKEN_MAX: Duration = Duration::from_secs(60);
/// An event that should precede its answer is sent after this by itself, in case no call waits for it.
const BEFORE_ANSWER_MAX: Duration = Duration::from_secs(2);

impl Target {
    /// Which scripts its events meet.
    fn op(self) -> Op {
        match self {
            Self::Hyperswitch => Op::Webhook,
            Self::Stripe | Self::StripeConnect => Op::StripeWebhook,
        }
    }

    /// Seconds before each automatic retry.
    fn retry_seconds(self) -> &'static [u64] {
        match self {
            Self::Hyperswitch => &hyperswitch::RETRY_SECONDS,
            Self::Stripe | Self::StripeConnect => &stripe::RETRY_SECONDS,
        }
    }
}

/// An event that has been made and not been sent.
pub(crate) struct Outgoing {
    pub(crate) target: Target,
    pub(crate) event_id: String,
    pub(crate) event_type: String,
    pub(crate) object_id: String,
    pub(crate) payment_id: Option<String>,
    pub(crate) account: Option<String>,
    pub(crate) body: String,
    /// Where the signature is part of the event.
    pub(crate) signature: String,
    /// What scripts may look at.
    pub(crate) facts: Value,
}

/// Puts an event on its way, by way of the scripts that it meets.
pub(crate) fn enqueue(state: &mut State, outgoing: Outgoing) {
    let Outgoing { target, event_id, event_type, object_id, payment_id, account, body, signature, facts } = outgoing;
    let now = state.now;
    let faults = state.take_faults(target.op(), Stage::Webhook, &Facts::new(payment_id.clone(), facts));
    let held = state.holds(target);
    let before_answer = !held && faults.has(Fault::WebhookBeforeAnswer);
    let overtaken = !held && faults.has(Fault::WebhookOutOfOrder);
    let status = match (faults.has(Fault::WebhookLost), held) {
        (true, _) => EventStatus::Lost,
        (false, true) => EventStatus::Held,
        (false, false) => EventStatus::Waiting,
    };
    let wait = faults
        .delay(Fault::WebhookLate, LATE)
        .or_else(|| faults.delay(Fault::WebhookOutOfOrder, OVERTAKEN_MAX))
        .or_else(|| before_answer.then_some(BEFORE_ANSWER_MAX))
        .unwrap_or_default();
    let forgeries =
        [(Fault::WebhookForged, Forgery::WrongKey), (Fault::WebhookUnsigned, Forgery::Unsigned), (Fault::WebhookStale, Forgery::Stale)];
    let event = WebhookEvent {
        target,
        event_id: event_id.clone(),
        event_type,
        object_id,
        payment_id: payment_id.unwrap_or_default(),
        account,
        signature,
        body,
        created: now,
        status,
        next_at: None,
        attempts: Vec::new(),
        retries: 0,
        copies: if faults.has(Fault::WebhookDoubled) { 2 } else { 1 },
        forgeries: forgeries.into_iter().filter(|(fault, _)| faults.has(*fault)).map(|(_, forgery)| forgery).collect(),
        overtaken_by_next: overtaken,
        before_answer,
    };
    let lane = event.lane().to_owned();
    state.events.put(event);
    if status == EventStatus::Waiting {
        state.schedule_webhook(&event_id, now.saturating_add(micros(wait)));
        if overtaken {
            state.overtakable.entry(lane).or_default().push(event_id.clone());
        }
    }
    state.emitted.push(event_id);
}

/// The HTTP client side.
pub(crate) struct Sender {
    /// None: the messages are taken out by hand ([`crate::InProcess`]).
    client: Option<reqwest::Client>,
    slots: Semaphore,
    running: AtomicUsize,
}

impl Sender {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none()).timeout(ATTEMPT_TIMEOUT).no_proxy().build()?;
        Ok(Self { client: Some(client), ..Self::idle() })
    }

    /// One that sends nothing.
    pub(crate) fn idle() -> Self {
        Self { client: None, slots: Semaphore::new(CONCURRENCY_MAX), running: AtomicUsize::new(0) }
    }

    /// Deliveries under way.
    pub(crate) fn running(&self) -> usize {
        self.running.load(Ordering::Acquire)
    }
}

/// Counts a delivery from the moment it is claimed; drops with it.
pub(crate) struct Running(Arc<Core>);

impl Running {
    pub(crate) fn new(core: &Arc<Core>) -> Self {
        core.sender.running.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(core))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.0.sender.running.fetch_sub(1, Ordering::AcqRel);
    }
}

/// Fires what is due and starts the deliveries; the returned handles are the deliveries.
pub(crate) fn dispatch(core: &Arc<Core>) -> Vec<tokio::task::JoinHandle<()>> {
    let claimed = core.write(|state| {
        let events = state.fire_due();
        // Counted under the lock, so that nobody sees a claimed event that is neither due nor running.
        events.into_iter().map(|event_id| (event_id, Running::new(core))).collect::<Vec<_>>()
    });
    match claimed {
        Ok(claimed) => claimed
            .into_iter()
            .map(|(event_id, running)| {
                let core = Arc::clone(core);
                tokio::spawn(async move {
                    deliver(&core, &event_id).await;
                    drop(running);
                })
            })
            .collect(),
        Err(error) => {
            tracing::error!(error = &error as &dyn std::error::Error, "what was due is not on disk");
            Vec::new()
        }
    }
}

/// Delivers, now, those of the events that must reach the merchant before the answer does.
pub(crate) async fn send_before_answer(core: &Arc<Core>, emitted: Vec<String>) {
    for event_id in emitted {
        let claimed = core.write(|state| {
            state
                .events
                .edit_volatile(&event_id)
                .is_some_and(|event| event.before_answer && event.status == EventStatus::Waiting && event.next_at.take().is_some())
        });
        if claimed.unwrap_or(false) {
            deliver(core, &event_id).await;
        }
    }
}

/// What one delivery sends.
pub(crate) struct Parcel {
    target: Target,
    url: String,
    body: String,
    signature: String,
    copies: u32,
    forgeries: Vec<Forgery>,
}

/// Sends all copies of one event and records the outcome. The event must have been claimed (`next_at` taken).
pub(crate) async fn deliver(core: &Arc<Core>, event_id: &str) {
    let Some(parcel) = core.read(|state| Parcel::of(state, event_id)) else { return };
    let Ok(_slot) = core.sender.slots.acquire().await else { return };
    let mut attempts = Vec::new();
    let mut latest = parcel.signature.clone();
    for forgery in &parcel.forgeries {
        let signature = parcel.forged(core, *forgery);
        attempts.push(attempt(core, &parcel, signature.as_deref(), true).await);
    }
    for _ in 0..parcel.copies {
        latest = parcel.sign(core);
        attempts.push(attempt(core, &parcel, Some(&latest), false).await);
    }
    let recorded = core.write(|state| record(state, event_id, attempts, latest));
    if let Err(error) = recorded {
        tracing::error!(error = &error as &dyn std::error::Error, event_id, "delivery is not on disk");
    }
}

impl Parcel {
    pub(crate) fn of(state: &State, event_id: &str) -> Option<Self> {
        let event = state.events.get(event_id)?;
        Some(Self {
            target: event.target,
            url: state.webhook_url(event.target)?.to_owned(),
            body: event.body.clone(),
            signature: event.signature.clone(),
            copies: event.copies,
            forgeries: event.forgeries.clone(),
        })
    }

    /// The header that carries the signature.
    pub(crate) fn signature_header(&self) -> &'static str {
        match self.target {
            Target::Hyperswitch => hyperswitch::SIGNATURE_HEADER,
            Target::Stripe | Target::StripeConnect => stripe::SIGNATURE_HEADER,
        }
    }

    /// The genuine signature: Hyperswitch's is the event's own, Stripe's is made for each attempt.
    pub(crate) fn sign(&self, core: &Core) -> String {
        match self.target {
            Target::Hyperswitch => self.signature.clone(),
            Target::Stripe => stripe::header(&core.settings.stripe_webhook_secret, stripe::signing_time(core), &self.body),
            Target::StripeConnect => stripe::header(&core.settings.stripe_connect_webhook_secret, stripe::signing_time(core), &self.body),
        }
    }

    /// A signature that must not be accepted; none = no header at all.
    pub(crate) fn forged(&self, core: &Core, forgery: Forgery) -> Option<String> {
        const WRONG: &str = "not the key";
        let time = stripe::signing_time(core);
        match (forgery, self.target) {
            (Forgery::Unsigned, _) => None,
            // Hyperswitch's signature has no time: what is old is as good as new, so the copy is a wrong one.
            (Forgery::WrongKey | Forgery::Stale, Target::Hyperswitch) => Some(hyperswitch::sign(WRONG, self.body.as_bytes())),
            (Forgery::WrongKey, _) => Some(stripe::header(WRONG, time, &self.body)),
            (Forgery::Stale, Target::Stripe) => Some(stripe::stale_header(&core.settings.stripe_webhook_secret, time, &self.body)),
            (Forgery::Stale, Target::StripeConnect) => {
                Some(stripe::stale_header(&core.settings.stripe_connect_webhook_secret, time, &self.body))
            }
        }
    }
}

async fn attempt(core: &Core, parcel: &Parcel, signature: Option<&str>, forged: bool) -> Attempt {
    let at = core.read(|state| state.now);
    let Some(client) = &core.sender.client else {
        return Attempt { at, status: None, error: Some("nobody sends".to_owned()), forged };
    };
    let post = || {
        let request = client.post(&parcel.url).body(parcel.body.clone());
        let request = match parcel.target {
            Target::Hyperswitch => hyperswitch::headers(request),
            Target::Stripe | Target::StripeConnect => stripe::headers(request),
        };
        match signature {
            Some(signature) => request.header(parcel.signature_header(), signature),
            None => request,
        }
        .send()
    };
    let mut answer = post().await;
    // A dropped keep-alive connection is retried once, at once.
    if answer.as_ref().is_err_and(|error| error.is_request() && !error.is_connect() && !error.is_timeout()) {
        answer = post().await;
    }
    match answer {
        Ok(response) => Attempt { at, status: Some(response.status().as_u16()), error: None, forged },
        Err(error) => Attempt { at, status: None, error: Some(error.to_string()), forged },
    }
}

/// Books the attempts: delivered, due again, or given up. Frees the events that waited to be overtaken by this one.
fn record(state: &mut State, event_id: &str, attempts: Vec<Attempt>, signature: String) {
    let now = state.now;
    let scale = state.settings.webhook_retry_scale;
    let Some(event) = state.events.edit(event_id) else { return };
    let delivered = attempts.iter().any(|a| !a.forged && a.status.is_some_and(|status| (200..300).contains(&status)));
    event.attempts.extend(attempts);
    event.signature = signature;
    event.copies = 1;
    event.forgeries.clear();
    event.overtaken_by_next = false;
    let lane = event.lane().to_owned();
    if delivered {
        event.status = EventStatus::Delivered;
    } else if let Some(seconds) = event.target.retry_seconds().get(event.retries) {
        event.retries += 1;
        state.schedule_webhook(event_id, now.saturating_add(scaled(*seconds, scale)));
    } else {
        event.status = EventStatus::Exhausted;
    }
    for waiting in state.overtakable.remove(&lane).unwrap_or_default() {
        if waiting != event_id && state.events.get(&waiting).is_some_and(|event| event.next_at.is_some()) {
            state.schedule_webhook(&waiting, now);
        }
    }
}

fn scaled(seconds: u64, scale: f64) -> Micros {
    (seconds as f64 * scale * 1e6) as Micros // saturates
}
