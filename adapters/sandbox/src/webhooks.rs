//! Outgoing Hyperswitch webhooks (hyperswitch.md §8): made once, signed once, retried with the same bytes.

use std::{
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::json;
use sha2::Sha512;
use tokio::sync::Semaphore;

use crate::{
    core::Core,
    ids::{Micros, micros, timestamp},
    json::{Json, object},
    model::{Attempt, EventStatus, WebhookEvent},
    script::{Facts, Fault, Op, Stage},
    state::{State, event_key},
};

/// Merchant account that all objects belong to.
pub(crate) const MERCHANT_ID: &str = "merchant_sandbox";
/// Waits before the 16 automatic retries.
const RETRY_SECONDS: [u64; 16] = [60, 300, 300, 600, 600, 600, 600, 600, 3_600, 3_600, 3_600, 3_600, 3_600, 21_600, 21_600, 21_600];
/// An attempt fails after this.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(30);
/// Deliveries at a time.
const CONCURRENCY_MAX: usize = 64;
const LATE: Duration = Duration::from_secs(3_600);
/// How long an event waits to be overtaken by another that may never come.
const OVERTAKEN_MAX: Duration = Duration::from_secs(60);
/// An event that should precede its answer is sent after this by itself, in case no call waits for it.
const BEFORE_ANSWER_MAX: Duration = Duration::from_secs(2);

/// Lower-case hex of HMAC-SHA512 over the exact bytes.
pub fn sign(secret: &str, body: &[u8]) -> String {
    // HMAC takes keys of any length, so the error arm is never taken.
    Hmac::<Sha512>::new_from_slice(secret.as_bytes())
        .map(|mut mac| {
            mac.update(body);
            hex::encode(mac.finalize().into_bytes())
        })
        .unwrap_or_default()
}

/// What an event is about.
pub(crate) struct Subject<'a> {
    pub(crate) object_id: &'a str,
    pub(crate) payment_id: &'a str,
    /// `payment_details`, `refund_details`, `dispute_details`.
    pub(crate) content_type: &'static str,
    pub(crate) object: Json,
}

/// Makes the event, unless no URL is set or the object has had one of this type.
pub(crate) fn emit(state: &mut State, event_type: &str, subject: Subject<'_>) {
    if state.meta().webhook_url.is_none() || !state.event_keys.insert(event_key(subject.object_id, event_type)) {
        return;
    }
    let now = state.now;
    let event_id = format!("evt_{}", state.ids.uuid_v7(now).simple());
    let body = object! {
        "merchant_id" => MERCHANT_ID,
        "event_id" => event_id.as_str(),
        "event_type" => event_type,
        "content" => object! { "type" => subject.content_type, "object" => subject.object },
        "timestamp" => timestamp(now),
        "processor_merchant_id" => MERCHANT_ID,
    }
    .compact();
    let facts = Facts::of_payment(
        subject.payment_id,
        json!({"event_type": event_type, "object_id": subject.object_id, "payment_id": subject.payment_id}),
    );
    let faults = state.take_faults(Op::Webhook, Stage::Webhook, &facts);
    let held = state.meta().hold;
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
    let forgery = if faults.has(Fault::WebhookUnsigned) { Some(true) } else { faults.has(Fault::WebhookForged).then_some(false) };
    state.events.put(WebhookEvent {
        event_id: event_id.clone(),
        event_type: event_type.to_owned(),
        object_id: subject.object_id.to_owned(),
        payment_id: subject.payment_id.to_owned(),
        signature: sign(&state.settings.webhook_secret, body.as_bytes()),
        body,
        created: now,
        status,
        next_at: None,
        attempts: Vec::new(),
        retries: 0,
        copies: if faults.has(Fault::WebhookDoubled) { 2 } else { 1 },
        forgery,
        overtaken_by_next: overtaken,
        before_answer,
    });
    if status == EventStatus::Waiting {
        state.schedule_webhook(&event_id, now.saturating_add(micros(wait)));
        if overtaken {
            state.overtakable.entry(subject.payment_id.to_owned()).or_default().push(event_id.clone());
        }
    }
    state.emitted.push(event_id);
}

/// The HTTP client side.
pub(crate) struct Sender {
    client: reqwest::Client,
    slots: Semaphore,
    running: AtomicUsize,
}

impl Sender {
    pub(crate) fn new() -> Result<Self, reqwest::Error> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .timeout(ATTEMPT_TIMEOUT)
            .user_agent("Hyperswitch-Backend-Server")
            .no_proxy()
            .build()?;
        Ok(Self { client, slots: Semaphore::new(CONCURRENCY_MAX), running: AtomicUsize::new(0) })
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

/// Sends all copies of one event and records the outcome. The event must have been claimed (`next_at` taken).
pub(crate) async fn deliver(core: &Arc<Core>, event_id: &str) {
    let parcel = core.read(|state| {
        let event = state.events.get(event_id)?;
        let url = state.meta().webhook_url.clone()?;
        Some((url, event.body.clone(), event.signature.clone(), event.copies, event.forgery))
    });
    let Some((url, body, signature, copies, forgery)) = parcel else { return };
    let Ok(_slot) = core.sender.slots.acquire().await else { return };
    let mut attempts = Vec::new();
    if let Some(unsigned) = forgery {
        let wrong = (!unsigned).then(|| sign("not the key", body.as_bytes()));
        attempts.push(attempt(core, &url, &body, wrong.as_deref(), true).await);
    }
    for _ in 0..copies {
        attempts.push(attempt(core, &url, &body, Some(&signature), false).await);
    }
    let recorded = core.write(|state| record(state, event_id, attempts));
    if let Err(error) = recorded {
        tracing::error!(error = &error as &dyn std::error::Error, event_id, "delivery is not on disk");
    }
}

async fn attempt(core: &Core, url: &str, body: &str, signature: Option<&str>, forged: bool) -> Attempt {
    let post = || {
        let mut request =
            core.sender.client.post(url).header("content-type", "application/json").header("via", "HyperSwitch").body(body.to_owned());
        if let Some(signature) = signature {
            request = request.header("x-webhook-signature-512", signature);
        }
        request.send()
    };
    let at = core.read(|state| state.now);
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
fn record(state: &mut State, event_id: &str, attempts: Vec<Attempt>) {
    let now = state.now;
    let scale = state.settings.webhook_retry_scale;
    let Some(event) = state.events.edit(event_id) else { return };
    let delivered = attempts.iter().any(|a| !a.forged && a.status.is_some_and(|status| (200..300).contains(&status)));
    event.attempts.extend(attempts);
    event.copies = 1;
    event.forgery = None;
    event.overtaken_by_next = false;
    let payment_id = event.payment_id.clone();
    if delivered {
        event.status = EventStatus::Delivered;
    } else if let Some(seconds) = RETRY_SECONDS.get(event.retries) {
        event.retries += 1;
        state.schedule_webhook(event_id, now.saturating_add(scaled(*seconds, scale)));
    } else {
        event.status = EventStatus::Exhausted;
    }
    for waiting in state.overtakable.remove(&payment_id).unwrap_or_default() {
        if waiting != event_id && state.events.get(&waiting).is_some_and(|event| event.next_at.is_some()) {
            state.schedule_webhook(&waiting, now);
        }
    }
}

fn scaled(seconds: u64, scale: f64) -> Micros {
    (seconds as f64 * scale * 1e6) as Micros // saturates
}
