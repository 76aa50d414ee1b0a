//! A world: two instances of Veza over one store, the providers, the messages between them, and time.
//!
//! It knows how things go on, step by step; what happens is up to [`crate::act`].

use crate::cast;
use crate::ground::{self, ENDPOINT, IDENTITY, METRICS, NoMail, ROUTES, SECRET, START, SimClock, SimIds};
use crate::ops::{Setting, TO_THE_END};
use crate::points::Points;
use crate::store::{Shared, SimStore};
use crate::wire::{Line, PROVIDER_TIMEOUT};
use poem::http::Method;
use poem::{Endpoint, Request};
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet};
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use veza::services::{App, MoneySettings, Psp, Wake, WorkerRuns, WorkerSettings};
use veza::usecases::distribution::DistributionSettings;
use veza::usecases::identity::access_tokens::AccessTokens;
use veza::usecases::reconcile::ReconcileSettings;
use veza::usecases::webhook_log::refused::RefusedDeliveries;
use veza_domain::backoff::RetryPolicy;
use veza_domain::money::{BasisPoints, Minor};
use veza_domain::subscription::{BillingPolicy, Dunning};
use veza_domain::time::Timestamp;
use veza_hyperswitch::{Hyperswitch, HyperswitchConfig};
use veza_ports::BoxError;
use veza_ports::storage::Storage;
use veza_sandbox::{InProcess, Letter, SandboxConfig};
use veza_stripe::{Stripe, StripeConfig, StripeWebhooks};

/// So often a provider tries to deliver a message before it gives up.
const ATTEMPTS_MAX: u32 = 16;
/// The edge gives a request up after this, with whatever it is doing.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Longer than anything that ends.
const STEPS_MAX: u32 = 20_000;

/// What became of something in flight.
pub enum Outcome {
    /// It was answered.
    Answered(u16, Vec<u8>),
    /// A worker's batch is done.
    Worked(bool),
    /// What must not be.
    Broken(String),
}

/// What is in flight.
pub enum What {
    /// A request that nothing depends on.
    Request,
    /// A checkout under a key: buyer, basket, key; and when it began.
    Checkout((u8, u8, u8), Timestamp),
    /// A message.
    Letter(Posted),
    /// A message that nobody sent.
    Forgery,
    /// A worker's batch.
    Work,
}

/// A message in the queue.
#[derive(Clone)]
pub struct Posted {
    /// What it says.
    pub letter: Letter,
    /// How often it was tried.
    pub attempts: u32,
}

struct Task {
    id: u64,
    at: usize,
    began: Timestamp,
    what: What,
    future: Pin<Box<dyn Future<Output = Outcome> + Send>>,
}

/// A process.
pub struct Instance {
    /// The program.
    pub app: Arc<App>,
    /// How far its clock is off, in microseconds.
    pub skew: Arc<AtomicI64>,
}

/// What was done to the world from outside, for telling what is odd from what is wrong.
#[derive(Default)]
pub struct Facts {
    /// Payments that were made to fail after success.
    pub failed: BTreeSet<String>,
    /// Payments with a refund from the dashboard.
    pub dashboard_refunds: BTreeSet<String>,
    /// Payments of which a refund was turned.
    pub turned: BTreeSet<String>,
    /// Payments with a dispute.
    pub disputed: BTreeSet<String>,
    /// Transfers were reversed elsewhere.
    pub reversed_elsewhere: bool,
    /// Payouts were made to fail.
    pub payouts_failed: bool,
    /// A provider misbehaved, or could not be reached.
    pub provider_faults: bool,
    /// Refunds at the PSP, of the dashboard.
    pub refunds: Vec<String>,
    /// Disputes at the PSP.
    pub disputes: Vec<String>,
    /// Payouts at Connect.
    pub payouts: Vec<String>,
    /// What happened there and no message told, or one that was lost: payments, transfers.
    pub untold: BTreeSet<String>,
}

/// Everything there is.
pub struct World {
    /// The providers.
    pub sandbox: Arc<InProcess>,
    /// The store, for looking into.
    pub store: Arc<dyn Storage>,
    /// What the instances share of it.
    pub shared: Arc<Shared>,
    /// Who waits where.
    pub points: Arc<Points>,
    /// The processes.
    pub instances: Vec<Instance>,
    /// Messages on their way.
    pub letters: Vec<Posted>,
    /// What was done from outside.
    pub facts: Facts,
    /// What it began with.
    pub setting: Setting,
    /// What must not be.
    pub broken: Vec<String>,
    /// The last batch of a worker found something to do.
    pub worked: bool,
    /// The order that a key has made, and when it was asked for: buyer, basket, key.
    pub keys: BTreeMap<(u8, u8, u8), (String, Timestamp)>,
    /// Lines to the PSP and to Connect, and until when they are down.
    pub lines: [(Arc<Line>, i64); 2],
    time: Arc<AtomicI64>,
    ids: Arc<AtomicU64>,
    psp: Psp,
    connect: Arc<Stripe>,
    connect_webhooks: Arc<StripeWebhooks>,
    tasks: Vec<Task>,
    tasks_made: u64,
}

/// The one thing in an answer that is new each time: a random name for the request, which nothing depends on.
fn without_request_id(body: &[u8]) -> String {
    const NAME: &str = "\"request_id\":\"";
    let mut text = String::from_utf8_lossy(body).into_owned();
    if let Some(at) = text.find(NAME).map(|at| at + NAME.len())
        && let Some(end) = text[at..].find('"').map(|length| at + length)
    {
        text.replace_range(at..end, "-");
    }
    text
}

impl World {
    /// A world with its cast, over an empty store.
    ///
    /// # Errors
    /// When the adapters refuse their settings.
    pub fn new(store: Arc<dyn Storage>, setting: Setting, with_text: bool) -> Result<Self, BoxError> {
        cast::enter(&store);
        let hour = Duration::from_secs(3600);
        let config = SandboxConfig {
            clock_stands_at: Some(START.0),
            webhook_url: Some("by hand".to_owned()),
            stripe_webhook_url: Some("by hand".to_owned()),
            stripe_connect_webhook_url: Some("by hand".to_owned()),
            stripe_signs_with_sandbox_clock: true,
            card_money_available_after: if setting.slow_money { hour * 48 } else { Duration::ZERO },
            ..SandboxConfig::default()
        };
        let keys = config.clone();
        let sandbox = Arc::new(InProcess::new(config, Arc::clone(&ROUTES))?);
        let points = Points::new(with_text);
        let time = Arc::new(AtomicI64::new(START.0));
        let line = || {
            let (sandbox, points, time) = (Arc::clone(&sandbox), Arc::clone(&points), Arc::clone(&time));
            Arc::new(Line { sandbox, points, time, down: AtomicBool::new(false) })
        };
        let lines = [(line(), 0), (line(), 0)];
        let psp = Arc::new(Hyperswitch::over(
            lines[0].0.clone(),
            HyperswitchConfig {
                base_url: "http://psp".to_owned(),
                api_key: SecretString::from(keys.api_key),
                webhook_secret: SecretString::from(keys.webhook_secret),
                profile_id: None,
                timeout: PROVIDER_TIMEOUT,
            },
        )?);
        let connect = Arc::new(Stripe::over(
            lines[1].0.clone(),
            &StripeConfig {
                base_url: "http://connect".to_owned(),
                secret_key: SecretString::from(keys.stripe_secret_key),
                timeout: PROVIDER_TIMEOUT,
            },
        )?);
        let secrets = [keys.stripe_webhook_secret, keys.stripe_connect_webhook_secret].map(SecretString::from);
        let shared = Arc::new(Shared {
            inner: Arc::clone(&store),
            points: Arc::clone(&points),
            sandbox: Arc::clone(&sandbox),
            seen: Default::default(),
            failures: Default::default(),
        });
        let mut world = Self {
            sandbox,
            store,
            shared,
            points,
            instances: Vec::new(),
            letters: Vec::new(),
            facts: Facts::default(),
            setting,
            broken: Vec::new(),
            worked: false,
            keys: BTreeMap::new(),
            lines,
            time,
            ids: Arc::default(),
            psp: Psp { provider: psp.clone(), reads: psp.clone(), webhooks: psp },
            connect,
            connect_webhooks: Arc::new(StripeWebhooks::new(&secrets)?),
            tasks: Vec::new(),
            tasks_made: 0,
        };
        world.instances = vec![world.instance()?, world.instance()?];
        Ok(world)
    }

    /// A process that has just started.
    fn instance(&self) -> Result<Instance, BoxError> {
        let second = Duration::from_secs(1);
        let hour = second * 3600;
        let retry = RetryPolicy { retries_max: 5, base: second * 60, max: hour };
        let skew = Arc::new(AtomicI64::new(0));
        let clock = Arc::new(SimClock { world: Arc::clone(&self.time), skew: Arc::clone(&skew), points: Arc::clone(&self.points) });
        let app = App {
            store: Arc::new(SimStore(Arc::clone(&self.shared))),
            psp: Some(self.psp.clone()),
            connect: Some(self.connect.clone()),
            connect_webhooks: Some(self.connect_webhooks.clone()),
            distributor: None,
            distribution: DistributionSettings { worker: false, every: second * 60, looks: second * 60, live_looks: hour, retries: retry },
            mailer: Arc::new(NoMail),
            ids: Arc::new(SimIds { clock: Arc::clone(&clock), count: Arc::clone(&self.ids) }),
            clock,
            tokens: AccessTokens::new(&SecretString::from(SECRET)),
            identity: IDENTITY.clone(),
            metrics: Arc::clone(&METRICS),
            metrics_token: None,
            money: MoneySettings {
                fee: BasisPoints::new(1000)?,
                refund_window: hour * 336,
                transfers: retry,
                reversals: retry,
                dispute_fee: Minor(if self.setting.dispute_fee { 1500 } else { 0 }),
                provider_timeout: PROVIDER_TIMEOUT,
                public_url: "http://localhost".to_owned(),
                publishable_key: None,
                sandbox_checkout: None,
            },
            workers: WorkerSettings { transfer_retries: true, transfers_every: second * 60, reversals: true, reversals_every: second * 60 },
            reconcile: ReconcileSettings {
                enabled: true,
                interval: hour,
                order_stuck_after: hour / 2,
                refund_stuck_after: hour / 2,
                refund_orphan_after: second * 300,
                subscription_stuck_after: hour / 2,
            },
            billing: BillingPolicy { renewal_lead: hour, dunning: Dunning::DEFAULT },
            support_contact: None,
            webhook_log_days: 90,
            wake: Wake::default(),
            worker_runs: WorkerRuns::default(),
            invariants_every: hour,
            refused_deliveries: RefusedDeliveries::default(),
        };
        Ok(Instance { app: Arc::new(app), skew })
    }

    /// World time.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        Timestamp(self.time.load(Ordering::Relaxed))
    }

    /// Time goes by, here and at the providers.
    pub fn advance(&mut self, by: Duration) {
        let now = self.now().plus(by);
        self.time.store(now.0, Ordering::Relaxed);
        if let Err(error) = self.sandbox.advance_to(now.0) {
            self.broken.push(error.to_string());
        }
        for (line, until) in &self.lines {
            line.down.store(*until > now.0, Ordering::Relaxed);
        }
        let timed_out = |task: &Task| !matches!(task.what, What::Work) && now.since(task.began) >= REQUEST_TIMEOUT;
        let (late, rest): (Vec<Task>, Vec<Task>) = std::mem::take(&mut self.tasks).into_iter().partition(timed_out);
        self.tasks = rest;
        late.into_iter().for_each(|task| self.dropped(task));
        self.collect();
    }

    /// Takes what the providers have to tell into the queue.
    pub fn collect(&mut self) -> usize {
        let letters = self.sandbox.take_letters();
        let told = letters.len();
        self.letters.extend(letters.into_iter().map(|letter| Posted { letter, attempts: 0 }));
        told
    }

    /// A message will never come.
    pub fn lose(&mut self, posted: Posted) {
        let Posted { letter, .. } = posted;
        self.facts.untold.extend([letter.payment_id, letter.object_id].into_iter().filter(|id| !id.is_empty()));
    }

    /// How many are in flight.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.tasks.len()
    }

    /// The id of the nth in flight, counted round.
    #[must_use]
    pub fn task(&self, nth: u8) -> Option<u64> {
        let index = usize::from(nth).checked_rem(self.tasks.len())?;
        self.tasks.get(index).map(|task| task.id)
    }

    /// Something new is in flight, and gets so many steps at once.
    pub fn begin(&mut self, at: usize, what: What, run: u8, future: impl Future<Output = Outcome> + Send + 'static) {
        self.tasks_made += 1;
        let id = self.tasks_made;
        let began = self.now();
        self.tasks.push(Task { id, at, began, what, future: Box::pin(future) });
        self.points.note(format_args!("  task {id} begins at {at}"));
        if !self.poll(id) {
            self.step(id, 0, run);
        }
    }

    /// So many steps for one in flight, from the nth point at which it waits.
    pub fn step(&mut self, id: u64, point: usize, steps: u8) {
        let most = if steps == TO_THE_END { STEPS_MAX } else { u32::from(steps) };
        for _ in 0..most {
            if !self.points.release(id, point) {
                self.broken.push(format!("task {id} waits for what nobody here does"));
                return self.drop_task(id);
            }
            if self.poll(id) {
                return;
            }
        }
        if steps == TO_THE_END {
            self.broken.push(format!("task {id} does not end"));
            self.drop_task(id);
        }
    }

    /// All that is in flight goes on to its end, one step each in turn.
    pub fn finish(&mut self) {
        for _ in 0..STEPS_MAX {
            let ids: Vec<u64> = self.tasks.iter().map(|task| task.id).collect();
            if ids.is_empty() {
                return;
            }
            ids.into_iter().for_each(|id| self.step(id, 0, 1));
        }
        self.broken.push("what is in flight does not end".to_owned());
        self.tasks.clear();
    }

    /// True: it is over.
    fn poll(&mut self, id: u64) -> bool {
        let Some(index) = self.tasks.iter().position(|task| task.id == id) else { return true };
        self.points.enter(id);
        match self.tasks[index].future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Pending => {
                self.collect();
                false
            }
            Poll::Ready(outcome) => {
                let task = self.tasks.remove(index);
                self.collect();
                self.over(task, outcome);
                true
            }
        }
    }

    fn over(&mut self, task: Task, outcome: Outcome) {
        match &outcome {
            Outcome::Answered(status, body) => {
                self.points.note(format_args!("  task {} is answered {status} {}", task.id, without_request_id(body)));
            }
            Outcome::Worked(_) | Outcome::Broken(_) => self.points.note(format_args!("  task {} is over", task.id)),
        }
        match (task.what, outcome) {
            (_, Outcome::Broken(what)) => self.broken.push(what),
            (_, Outcome::Answered(500, body)) => {
                self.broken.push(format!("an answer of 500: {}", String::from_utf8_lossy(&body)));
            }
            (What::Letter(posted), Outcome::Answered(status, _)) if !(200..300).contains(&status) => self.again(posted),
            (What::Forgery, Outcome::Answered(status, _)) if status != 401 => {
                self.broken.push(format!("a forged message was answered {status}"));
            }
            (What::Work, Outcome::Worked(worked)) => self.worked |= worked,
            (What::Checkout(key, began), Outcome::Answered(201, body)) => self.checked_out(key, began, &body),
            _ => {}
        }
    }

    /// The provider tries again, or gives up.
    fn again(&mut self, mut posted: Posted) {
        posted.attempts += 1;
        if posted.attempts > ATTEMPTS_MAX {
            self.lose(posted);
        } else {
            self.letters.push(posted);
        }
    }

    fn checked_out(&mut self, key: (u8, u8, u8), began: Timestamp, body: &[u8]) {
        let order = serde_json::from_slice::<serde_json::Value>(body).ok();
        let order = order.and_then(|body| Some(body.get("order")?.get("id")?.as_str()?.to_owned()));
        let Some(order) = order else { return self.broken.push("an order without an id".to_owned()) };
        if key.2 == 0 {
            return;
        }
        // Keys are kept for a day from when their order was made, which may be long before anybody got this answer.
        let made = made_at(&order).unwrap_or(began);
        match self.keys.get(&key) {
            Some((known, _)) if *known == order => {}
            Some((known, at)) if made.since(*at).max(at.since(made)) < Duration::from_secs(24 * 3600) => {
                self.broken.push(format!("two orders under one key: {known} and {order}"));
            }
            _ => {
                self.keys.insert(key, (order, made));
            }
        }
    }

    fn drop_task(&mut self, id: u64) {
        if let Some(index) = self.tasks.iter().position(|task| task.id == id) {
            let task = self.tasks.remove(index);
            self.dropped(task);
        }
    }

    fn dropped(&mut self, task: Task) {
        self.points.note(format_args!("  task {} is dropped", task.id));
        if let What::Letter(posted) = task.what {
            self.again(posted);
        }
    }

    /// The caller of one in flight hangs up.
    pub fn hang_up(&mut self, id: u64) {
        self.drop_task(id);
    }

    /// A process dies, with all that it has in flight and in memory, and another takes its place.
    pub fn crash(&mut self, at: usize) {
        let (dead, alive) = std::mem::take(&mut self.tasks).into_iter().partition(|task| task.at == at);
        self.tasks = alive;
        let dead: Vec<Task> = dead;
        dead.into_iter().for_each(|task| self.dropped(task));
        match self.instance() {
            Ok(instance) => self.instances[at] = instance,
            Err(error) => self.broken.push(error.to_string()),
        }
    }

    /// A request to an instance, as somebody of the cast or nobody.
    pub fn call(
        &self,
        at: usize,
        method: Method,
        path: &str,
        who: Option<usize>,
        headers: &[(&'static str, String)],
        body: String,
    ) -> impl Future<Output = Outcome> + Send + use<> {
        let app = Arc::clone(&self.instances[at].app);
        let mut request = Request::builder().method(method).uri_str(path).content_type("application/json");
        if let Some(who) = who {
            let person = cast::person(who);
            let token = app.tokens.issue(person.id, person.session, app.now()).unwrap_or_default();
            request = request.header("authorization", format!("Bearer {token}"));
        }
        for (name, value) in headers {
            request = request.header(*name, value);
        }
        let mut request = request.body(body);
        request.set_data(app);
        async move {
            let answer = ENDPOINT.get_response(request).await;
            let status = answer.status().as_u16();
            match answer.into_body().into_vec().await {
                Ok(body) => Outcome::Answered(status, body),
                Err(error) => Outcome::Broken(error.to_string()),
            }
        }
    }

    /// Reads the store, past everything.
    pub fn look<T>(&self, read: impl Future<Output = T>) -> T {
        ground::wait(read)
    }
}

/// When an order was made: its id says so, to the millisecond.
fn made_at(order: &str) -> Option<Timestamp> {
    let (seconds, nanos) = uuid::Uuid::parse_str(order).ok()?.get_timestamp()?.to_unix();
    Some(Timestamp(i64::try_from(seconds).ok()? * 1_000_000 + i64::from(nanos / 1_000)))
}
