//! How each operation is carried out.

use crate::cast::{self, ADMIN, SELLERS};
use crate::faults;
use crate::ops::{Op, TIMES, TO_THE_END};
use crate::store::Failure;
use crate::world::{Outcome, Posted, What, World};
use poem::http::Method;
use rand::Rng;
use rand::rngs::StdRng;
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use veza::services::App;
use veza::usecases::audit::{self, Difference, Listener, Period, Progress};
use veza::usecases::reconcile::{self, Extent};
use veza::usecases::{invariants, webhook_log};
use veza::workers;
use veza_domain::time::Timestamp;
use veza_ports::storage::StoreError;
use veza_sandbox::{Behaviour, Fault, Forgery, Op as Call, RefundStatus, Script, Target};

/// How a dispute can go on.
const DISPUTE_STATUSES: [&str; 7] = ["won", "lost", "challenged", "accepted", "cancelled", "expired", "opened"];
/// What can be chosen.
const PLANS: [(&str, &str); 6] = [
    ("creator", "monthly"),
    ("creator", "monthly"),
    ("premium", "monthly"),
    ("creator", "yearly"),
    ("premium", "yearly"),
    ("free", "monthly"),
];
/// Parts of a refund, in minor units; 0 = everything.
const PARTS: [i64; 6] = [0, 0, 1, 100, 333, 100_000];

impl World {
    /// Carries out one operation.
    pub fn act(&mut self, op: Op) {
        self.points.note(format_args!("{op:?}"));
        match op {
            Op::Buy { buyer, basket, key, at, run } => self.buy(buyer, basket, key, spot(at), run),
            Op::Refund { order, who, part, key, at, run } => self.refund(order, who, part, key, spot(at), run),
            Op::Onboard { seller, at, run } => self.onboard(seller, spot(at), run),
            Op::Plan { who, action, plan, at, run } => self.plan(who, action, plan, spot(at), run),
            Op::Look { page, order, at, run } => self.look_at(page, order, spot(at), run),
            Op::Deliver { letter, at, run } => self.deliver(letter, spot(at), run, false),
            Op::Double { letter, at, run } => self.deliver(letter, spot(at), run, true),
            Op::Lose { letter } => {
                if let Some(index) = usize::from(letter).checked_rem(self.letters.len()) {
                    let posted = self.letters.remove(index);
                    self.lose(posted);
                }
            }
            Op::Forge { letter, how, at, run } => self.forge(letter, how, spot(at), run),
            Op::Work { worker, at, run } => self.work(worker, spot(at), run),
            Op::Step { task, point, steps } => {
                if let Some(id) = self.task(task) {
                    self.step(id, usize::from(point), steps.min(TO_THE_END - 1));
                }
            }
            Op::Finish => self.finish(),
            Op::Crash { at } => self.crash(spot(at)),
            Op::HangUp { task } => {
                if let Some(id) = self.task(task) {
                    self.hang_up(id);
                }
            }
            Op::ProviderFault { call, fault, times } => {
                let (call, fault) = faults::pair(call, fault);
                self.facts.reversed_elsewhere |= fault == Fault::ReversedElsewhere;
                self.script(Script::new(call, fault).times(u32::from(times.max(1))));
            }
            Op::Outage { side, how, time } => self.outage(side, how, time),
            Op::StoreFault { how, skip } => {
                let how = [Failure::Before, Failure::UnknownWithout, Failure::UnknownWith][usize::from(how) % 3];
                self.shared.failures().push_back((u32::from(skip), how));
            }
            Op::Advance { time } => self.advance(Duration::from_secs(TIMES[usize::from(time) % TIMES.len()])),
            Op::Skew { at, seconds } => {
                self.instances[spot(at)].skew.store(i64::from(seconds) * 1_000_000, Ordering::Relaxed);
            }
            Op::Operate { action, nth, at, run } => self.operate(action, nth, spot(at), run),
            outside => self.outside(outside),
        }
        self.collect();
    }

    /// What the world outside does at the providers.
    fn outside(&mut self, op: Op) {
        let told = self.collect();
        debug_assert_eq!(told, 0, "what was told before is in the queue");
        let order = match op {
            Op::Pay { order }
            | Op::Decline { order }
            | Op::Expire { order }
            | Op::PaymentFails { order }
            | Op::DashboardRefund { order, .. }
            | Op::Dispute { order, .. } => self.order(order),
            _ => None,
        };
        let sandbox = Arc::clone(&self.sandbox);
        // What happens to what, so that it can be told apart later; nothing if the provider refuses it.
        let about = match (op, order) {
            (Op::Pay { .. }, Some(order)) => sandbox.pay(&order).is_ok().then_some(order),
            (Op::Decline { .. }, Some(order)) => sandbox.decline(&order).is_ok().then_some(order),
            (Op::Expire { .. }, Some(order)) => sandbox.expire(&order).is_ok().then_some(order),
            (Op::PaymentFails { .. }, Some(order)) => {
                let failed = sandbox.fail_payment(&order).is_ok();
                failed.then(|| self.facts.failed.insert(order.clone())).map(|_| order)
            }
            (Op::DashboardRefund { part, .. }, Some(order)) => {
                let refund = sandbox.refund_from_dashboard(&order, amount(part)).ok();
                refund.map(|id| {
                    self.facts.refunds.push(id);
                    self.facts.dashboard_refunds.insert(order.clone());
                    order
                })
            }
            (Op::Dispute { part, .. }, Some(order)) => sandbox.dispute(&order, amount(part)).ok().map(|id| {
                self.facts.disputes.push(id);
                self.facts.disputed.insert(order.clone());
                order
            }),
            (Op::Method { nth, how }, _) => {
                let kept = sandbox.books().saved_methods;
                if let Some(method) = pick(&kept, nth).map(|method| method.payment_method_id.clone()) {
                    let _ = match how % 4 {
                        0 => sandbox.revoke_saved_method(&method),
                        1 => sandbox.set_saved_method(&method, Behaviour::declines(0)),
                        2 => sandbox.set_saved_method(&method, Behaviour::declines(2)),
                        _ => sandbox.set_saved_method(&method, Behaviour::Succeeds),
                    };
                }
                None
            }
            (Op::RefundTurns { refund }, _) => self.turn(refund),
            (Op::DisputeMoves { dispute, to }, _) => {
                let id = pick(&self.facts.disputes, dispute).cloned();
                let to = DISPUTE_STATUSES[usize::from(to) % DISPUTE_STATUSES.len()];
                id.filter(|id| sandbox.set_dispute(id, to).is_ok()).and_then(|id| sandbox.dispute_of(&id)).map(|dispute| dispute.payment_id)
            }
            (Op::DashboardReversal { transfer, part }, _) => {
                let id = pick(&self.shared.seen().at_connect, transfer).cloned();
                id.filter(|id| sandbox.reverse_transfer(id, amount(part)).is_ok()).inspect(|_| self.facts.reversed_elsewhere = true)
            }
            (Op::Account { seller, ready }, _) => {
                let account = self.account(usize::from(seller) % SELLERS);
                let status = if ready { "active" } else { "inactive" };
                account.filter(|id| sandbox.set_account(id, Some(status), Some(ready)).is_ok())
            }
            (Op::Payout { seller }, _) => {
                let account = self.account(usize::from(seller) % SELLERS);
                account.filter(|id| match sandbox.payout(id) {
                    Ok(made) => {
                        self.facts.payouts.extend(made);
                        true
                    }
                    Err(_) => false,
                })
            }
            (Op::PayoutFails { payout }, _) => {
                let id = pick(&self.facts.payouts, payout).cloned();
                let failed = veza_sandbox::PayoutStatus::Failed;
                id.filter(|id| sandbox.set_payout(id, failed, None).is_ok()).inspect(|_| self.facts.payouts_failed = true)
            }
            _ => None,
        };
        if let Some(about) = about
            && self.collect() == 0
        {
            // The provider tells each kind of event once per object: what comes back to where it was comes without a word.
            self.facts.untold.insert(about);
        }
    }

    fn turn(&mut self, nth: u8) -> Option<String> {
        let ours: Vec<String> = self.shared.seen().refunds.iter().map(ToString::to_string).collect();
        let all: Vec<String> = ours.into_iter().chain(self.facts.refunds.iter().cloned()).collect();
        let refund = self.sandbox.refund(pick(&all, nth)?)?;
        let turned = match refund.status {
            RefundStatus::Pending if nth.is_multiple_of(3) => self.sandbox.fail_refund(&refund.refund_id),
            RefundStatus::Pending | RefundStatus::Failed => self.sandbox.succeed_refund(&refund.refund_id),
            RefundStatus::Succeeded => self.sandbox.fail_refund(&refund.refund_id),
        };
        turned.is_ok().then(|| {
            self.facts.turned.insert(refund.payment_id.clone());
            refund.payment_id
        })
    }

    fn order(&self, nth: u8) -> Option<String> {
        pick(&self.shared.seen().orders, nth).map(ToString::to_string)
    }

    /// The account of a seller at Connect.
    pub(crate) fn account(&self, seller: usize) -> Option<String> {
        self.look(self.store.seller_account(cast::person(seller).id)).ok().flatten()?.value.stripe_account_id
    }

    fn script(&mut self, script: Script) {
        self.facts.provider_faults = true;
        if let Err(error) = self.sandbox.script(script) {
            self.broken.push(error.to_string());
        }
    }

    fn outage(&mut self, side: u8, how: u8, time: u8) {
        self.facts.provider_faults = true;
        let time = Duration::from_secs(TIMES[usize::from(time) % TIMES.len()]);
        let fault = match how % 3 {
            0 => None,
            1 => Some(Fault::Unavailable),
            _ => Some(Fault::RateLimited),
        };
        let until = self.now().plus(time).0;
        for (nth, call) in [Call::Hyperswitch, Call::Stripe].into_iter().enumerate() {
            if side % 3 != 2 && usize::from(side % 3) != nth {
                continue;
            }
            match fault {
                Some(fault) => self.script(Script::new(call, fault).times(0).lasting(time)),
                None => {
                    self.lines[nth].1 = until;
                    self.lines[nth].0.down.store(true, Ordering::Relaxed);
                }
            }
        }
    }

    fn buy(&mut self, buyer: u8, basket: u8, key: u8, at: usize, run: u8) {
        let item = |(product, licence): (veza_domain::ids::ProductId, Option<veza_domain::ids::OfferId>)| match licence {
            Some(licence) => json!({"product_id": product.to_string(), "license_id": licence.to_string()}),
            None => json!({"product_id": product.to_string()}),
        };
        let items: Vec<Value> = cast::basket(basket).map(item).collect();
        let (buyer, headers) = (buyer % 2, idempotency(key));
        let who = SELLERS + usize::from(buyer);
        let body = json!({ "items": items }).to_string();
        let call = self.call(at, Method::POST, "/api/v1/marketplace/orders", Some(who), &headers, body);
        self.begin(at, What::Checkout((buyer, basket, key), self.now()), run, call);
    }

    /// Somebody chooses, ends, or changes a plan, or goes on with its payment.
    fn plan(&mut self, who: u8, action: u8, plan: u8, at: usize, run: u8) {
        let who = SELLERS + usize::from(who % 2);
        let (plan, cycle) = PLANS[usize::from(plan) % PLANS.len()];
        let wish = json!({"plan": plan, "cycle": cycle}).to_string();
        let (path, body) = match action % 8 {
            0..=2 => ("subscribe".to_owned(), wish),
            3 => ("cancel".to_owned(), String::new()),
            4 => ("reactivate".to_owned(), String::new()),
            5 | 6 => ("change".to_owned(), wish),
            _ => {
                let current = self.look(self.store.standing(cast::person(who).id)).ok().and_then(|standing| standing.current);
                let Some(current) = current else { return };
                (format!("complete/{}", current.subscription.value.id), String::new())
            }
        };
        let path = format!("/api/v1/subscriptions/{path}");
        let call = self.call(at, Method::POST, &path, Some(who), &[], body);
        self.begin(at, What::Request, run, call);
    }

    fn refund(&mut self, order: u8, who: u8, part: u8, key: u8, at: usize, run: u8) {
        let Some(order) = self.order(order) else { return };
        // Both buyers, two of the sellers, the admin, and the admin once more.
        let who = [SELLERS, SELLERS + 1, 0, 1, ADMIN, ADMIN][usize::from(who) % 6];
        let body = amount(part).map_or(json!({}), |amount| json!({ "amount": amount })).to_string();
        let path = format!("/api/v1/marketplace/orders/{order}/refund");
        let call = self.call(at, Method::POST, &path, Some(who), &idempotency(key), body);
        self.begin(at, What::Request, run, call);
    }

    /// The seller starts onboarding, and Connect has no questions.
    pub(crate) fn onboard(&mut self, seller: u8, at: usize, run: u8) {
        let seller = usize::from(seller) % SELLERS;
        let call = self.call(at, Method::POST, "/api/v1/seller/onboarding", Some(seller), &[], String::new());
        self.begin(at, What::Request, run, call);
    }

    fn look_at(&mut self, page: u8, order: u8, at: usize, run: u8) {
        let order = self.order(order).unwrap_or_else(|| cast::person(0).id.to_string());
        let buyer = SELLERS;
        let (who, path) = match page {
            0 => (buyer, "/api/v1/marketplace/orders".to_owned()),
            1 => (buyer, format!("/api/v1/marketplace/orders/{order}")),
            2 => (ADMIN, format!("/api/v1/marketplace/orders/{order}/refunds")),
            3 => (buyer, "/api/v1/me/licenses".to_owned()),
            4 => (0, "/api/v1/seller/balance".to_owned()),
            5 => (1, "/api/v1/seller/transfers".to_owned()),
            6 => (0, "/api/v1/seller/payouts".to_owned()),
            7 => (ADMIN, "/api/v1/admin/ledger".to_owned()),
            8 => (ADMIN, "/api/v1/admin/transfers".to_owned()),
            9 => (ADMIN, "/api/v1/admin/orders".to_owned()),
            10 => (ADMIN, "/api/v1/admin/refunds".to_owned()),
            11 => (ADMIN, "/api/v1/admin/disputes".to_owned()),
            12 => (ADMIN, "/api/v1/admin/webhooks".to_owned()),
            13 => (ADMIN, "/api/v1/admin/attention".to_owned()),
            14 => (ADMIN, "/api/v1/admin/actions".to_owned()),
            _ => (ADMIN, format!("/api/v1/admin/orders/{order}/timeline")),
        };
        let call = self.call(at, Method::GET, &path, Some(who), &[], String::new());
        self.begin(at, What::Request, run, call);
    }

    pub(crate) fn deliver(&mut self, letter: u8, at: usize, run: u8, stays: bool) {
        let Some(index) = usize::from(letter).checked_rem(self.letters.len()) else { return };
        let posted = if stays { self.letters[index].clone() } else { self.letters.remove(index) };
        let call = self.post(&posted, at, None);
        // Of two copies one is tried again.
        let what = if stays { What::Request } else { What::Letter(posted) };
        self.begin(at, what, run, call);
    }

    fn forge(&mut self, letter: u8, how: u8, at: usize, run: u8) {
        let Some(posted) = pick(&self.letters, letter).cloned() else { return };
        let how = [Forgery::WrongKey, Forgery::Unsigned, Forgery::Stale][usize::from(how) % 3];
        let call = self.post(&posted, at, Some(how));
        self.begin(at, What::Forgery, run, call);
    }

    fn post(&self, posted: &Posted, at: usize, forgery: Option<Forgery>) -> impl Future<Output = Outcome> + Send + use<> {
        let letter = &posted.letter;
        let path = match letter.target {
            Target::Hyperswitch => "/webhooks/hyperswitch",
            Target::Stripe | Target::StripeConnect => "/webhooks/stripe",
        };
        let mut headers = vec![("x-request-id", letter.event_id.clone())];
        if let Some((name, Some(signature))) = self.sandbox.signature(&letter.event_id, forgery) {
            headers.push((name, signature));
        }
        self.call(at, Method::POST, path, None, &headers, letter.body.clone())
    }

    pub(crate) fn work(&mut self, worker: u8, at: usize, run: u8) {
        let app = Arc::clone(&self.instances[at].app);
        match worker {
            0..=3 => self.begin(at, What::Work, run, batch(workers::effects_batch(app))),
            4..=6 => self.begin(at, What::Work, run, batch(workers::transfers_batch(app))),
            7..=9 => self.begin(at, What::Work, run, batch(workers::reversals_batch(app))),
            10 | 11 => self.begin(at, What::Work, run, reconcile(app, Extent::Tick)),
            12 => self.begin(at, What::Work, run, reconcile(app, Extent::Everything)),
            13 => self.begin(at, What::Work, run, check(app)),
            14 => self.begin(at, What::Work, run, log_refused(app)),
            16 | 17 => self.begin(at, What::Work, run, batch(workers::subscriptions_batch(app))),
            _ => self.begin(at, What::Work, run, sweep(app)),
        }
    }

    fn operate(&mut self, action: u8, nth: u8, at: usize, run: u8) {
        let seen = self.shared.seen();
        let path = match action {
            0 => pick(&seen.transfers, nth).map(|id| format!("transfers/{id}/retry")),
            1 | 2 => pick(&seen.transfers, nth).map(|id| format!("transfers/{id}/replace")),
            3 | 4 => pick(&seen.reversals, nth).map(|id| format!("reversals/{id}/write-off")),
            5 => pick(&seen.attention, nth).map(|(id, code)| format!("attention/{id}/{}/resolve", code.as_str())),
            6 | 7 => pick(&seen.deliveries, nth).map(|id| format!("webhooks/{id}/replay")),
            8 => Some("reconcile".to_owned()),
            _ => None,
        };
        drop(seen);
        match path {
            Some(path) => {
                let path = format!("/api/v1/admin/{path}");
                let call = self.call(at, Method::POST, &path, Some(ADMIN), &[], "{}".to_owned());
                self.begin(at, What::Request, run, call);
            }
            None if action == 9 => {
                let app = Arc::clone(&self.instances[at].app);
                self.begin(at, What::Work, run, audit(app, true));
            }
            None => {}
        }
    }
}

/// Every message in the queue is delivered, some twice, or lost.
pub(crate) fn deliver_or_lose(world: &mut World, random: &mut StdRng, lost: f64) {
    let mut left = 4 * world.letters.len() + 16;
    while !world.letters.is_empty() && left > 0 {
        left -= 1;
        if random.random_bool(lost) {
            let posted = world.letters.remove(0);
            world.lose(posted);
        } else {
            let stays = lost > 0.0 && random.random_bool(0.05);
            world.deliver(0, left % 2, TO_THE_END, stays);
        }
    }
}

fn spot(at: u8) -> usize {
    usize::from(at % 2)
}

fn pick<T>(all: &[T], nth: u8) -> Option<&T> {
    all.get(usize::from(nth).checked_rem(all.len())?)
}

fn amount(part: u8) -> Option<i64> {
    Some(PARTS[usize::from(part) % PARTS.len()]).filter(|amount| *amount > 0)
}

fn idempotency(key: u8) -> Vec<(&'static str, String)> {
    (key > 0).then(|| ("idempotency-key", format!("key {key}"))).into_iter().collect()
}

async fn batch(work: impl Future<Output = Result<usize, StoreError>> + Send) -> Outcome {
    Outcome::Worked(work.await.is_ok_and(|worked| worked > 0))
}

async fn reconcile(app: Arc<App>, extent: Extent) -> Outcome {
    Outcome::Worked(reconcile::run(&app, extent, &|_| {}).await.is_ok_and(|report| report.total().seen > 0))
}

/// The standing invariants hold at any moment, not only when all is quiet.
async fn check(app: Arc<App>) -> Outcome {
    match invariants::run(&app).await {
        Ok(verdict) if !verdict.broken.is_empty() => Outcome::Broken(format!("the books break an invariant: {:?}", verdict.broken)),
        _ => Outcome::Worked(false),
    }
}

async fn log_refused(app: Arc<App>) -> Outcome {
    while let Some(delivery) = app.refused_deliveries.take().await {
        webhook_log::write(&app, delivery).await;
    }
    Outcome::Worked(false)
}

async fn sweep(app: Arc<App>) -> Outcome {
    let _ = app.store.sweep(app.now().minus(Duration::from_secs(26 * 3600)), 1000).await;
    Outcome::Worked(false)
}

/// Collects what an audit finds.
#[derive(Default)]
struct Found(Vec<Difference>);

impl Listener for Found {
    fn found(&mut self, difference: &Difference) {
        self.0.push(difference.clone());
    }

    fn progress(&mut self, _: &Progress) {}
}

async fn audit(app: Arc<App>, import: bool) -> Outcome {
    let _ = differences(&app, import).await;
    Outcome::Worked(true)
}

/// What an audit over all time finds; nothing when our books can't be read.
pub(crate) async fn differences(app: &App, import: bool) -> Option<(Vec<Difference>, u64)> {
    let mut found = Found::default();
    let day = Duration::from_secs(86_400);
    let period = Period { since: Timestamp(crate::ground::START.0).minus(day), until: app.now().plus(day) };
    let progress = audit::run(app, period, import, &[], &mut found).await.ok()?;
    Some((found.0, progress.unread))
}
