//! Sellers' shares and what is taken back of them (spec/01-money §5), and the reconciler's looks (§8), by two processes that share their
//! books: the server, whose workers make each call once and come back in an hour, and a second one, without workers, at a time that the
//! test says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use futures_util::future::BoxFuture;
use serde_json::{Value, json};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::{Notify, Semaphore};
use veza::services::App;
use veza::usecases::reconcile::{self, BATCH, Counts, Extent, Report};
use veza::usecases::worked::Worked;
use veza::usecases::{reversals, transfers};
use veza::wiring::Parts;
use veza::workers;
use veza_domain::ids::OrderId;
use veza_domain::reversal::Reversal;
use veza_domain::settlement::{OrderFile, PaymentStatus};
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Attempt, Transfer};
use veza_ports::clock::Clock;
use veza_ports::payments::{HyperswitchReadClient, Payment, PspDispute, PspRefund, ReadError};
use veza_ports::storage::ClaimedTransfer;
use veza_sandbox::{Fault, Op, ReleaseOrder, Script};
use veza_tests::{Person, World, assert_books_agree, euros};

const ONCE: &[(&str, &str)] = &[
    ("RECONCILE_WORKER_ENABLED", "false"),
    ("TRANSFER_RETRY_CHECK_INTERVAL", "1h"),
    ("TRANSFER_RETRY_BACKOFF_BASE", "1h"),
    ("TRANSFER_RETRY_BACKOFF_MAX", "1h"),
    ("REVERSAL_CHECK_INTERVAL", "1h"),
    ("REVERSAL_BACKOFF_BASE", "1h"),
    ("REVERSAL_BACKOFF_MAX", "1h"),
];
/// The worker of calls to the PSP comes back late too.
const SLOW_CALLS: &[(&str, &str)] =
    &[("RECONCILE_WORKER_ENABLED", "false"), ("PROVIDER_TIMEOUT", "10m"), ("RECONCILE_REFUND_ORPHAN_AFTER", "1h")];
const HOUR: Duration = Duration::from_secs(3600);

/// A clock that stands.
struct Stands(Timestamp);

impl Clock for Stands {
    fn now(&self) -> Timestamp {
        self.0
    }

    fn pause<'a: 'f, 'f>(&'a self, _: Duration) -> BoxFuture<'f, ()>
    where
        Self: 'f,
    {
        Box::pin(std::future::ready(()))
    }
}

/// What becomes of reads of payments and refunds at the PSP: each is answered as things were when it was asked, but the answer comes when
/// the gate is open, and says something else.
#[derive(Clone)]
struct Reads {
    inner: Option<Arc<dyn HyperswitchReadClient>>,
    asked: Arc<Notify>,
    gate: Arc<Semaphore>,
    payment: fn(Payment) -> Payment,
    refund: fn(PspRefund) -> PspRefund,
}

impl Reads {
    /// The truth, at once.
    fn plain() -> Self {
        let (asked, gate) = (Arc::new(Notify::new()), Arc::new(Semaphore::new(1)));
        Self { inner: None, asked, gate, payment: |payment| payment, refund: |refund| refund }
    }

    /// The truth, once the gate is opened.
    fn held() -> Self {
        Self { gate: Arc::new(Semaphore::new(0)), ..Self::plain() }
    }

    /// From now on between this process and the PSP.
    fn put_before(self, app: &mut App) {
        let psp = app.psp.as_mut().unwrap();
        psp.reads = Arc::new(Self { inner: Some(psp.reads.clone()), ..self });
    }

    fn psp(&self) -> &dyn HyperswitchReadClient {
        self.inner.as_deref().unwrap()
    }

    async fn on_its_way<T>(&self, answer: T) -> T {
        self.asked.notify_one();
        drop(self.gate.acquire().await.unwrap());
        answer
    }
}

impl HyperswitchReadClient for Reads {
    fn payment<'a: 'f, 'b: 'f, 'f>(&'a self, id: &'b str) -> BoxFuture<'f, Result<Option<Payment>, ReadError>>
    where
        Self: 'f,
    {
        Box::pin(async move { self.on_its_way(self.psp().payment(id).await).await.map(|payment| payment.map(self.payment)) })
    }

    fn refund<'a: 'f, 'b: 'f, 'f>(&'a self, id: &'b str) -> BoxFuture<'f, Result<Option<PspRefund>, ReadError>>
    where
        Self: 'f,
    {
        Box::pin(async move { self.on_its_way(self.psp().refund(id).await).await.map(|refund| refund.map(self.refund)) })
    }

    fn dispute<'a: 'f, 'b: 'f, 'f>(&'a self, id: &'b str) -> BoxFuture<'f, Result<Option<PspDispute>, ReadError>>
    where
        Self: 'f,
    {
        self.psp().dispute(id)
    }
}

/// The second process at this time.
async fn beside(world: &World, at: Timestamp, change: impl FnOnce(&mut App)) -> Parts {
    let mut parts = Parts::build_beside(&world.beside()).await.unwrap();
    let app = Arc::get_mut(&mut parts.app).unwrap();
    app.clock = Arc::new(Stands(at));
    change(app);
    parts
}

/// So many hours from now. After one, whatever waits is stuck.
fn in_hours(world: &World, hours: u32) -> Timestamp {
    world.running.app().now().plus(HOUR * hours)
}

/// What the reconciler does in it.
async fn pass(world: &World, at: Timestamp, extent: Extent, change: impl FnOnce(&mut App)) -> Report {
    let parts = beside(world, at, change).await;
    let report = reconcile::run(&parts.app, extent, &|_| {}).await.unwrap();
    parts.shutdown().await;
    report
}

/// All that is stuck in so many hours.
async fn pass_in_hours(world: &World, hours: u32) -> Report {
    pass(world, in_hours(world, hours), Extent::Everything, |_| {}).await
}

/// Rows seen, and of them settled, failed, skipped.
fn counted(counts: Counts) -> [u64; 4] {
    assert_eq!(counts.errors, 0, "{counts:?}");
    [counts.seen, counts.settled, counts.failed, counts.skipped]
}

async fn file(world: &World, order: &str) -> OrderFile {
    let order: OrderId = order.parse().unwrap();
    world.running.app().store.order_file(order).await.unwrap().unwrap().file
}

async fn transfer(world: &World, order: &str) -> Transfer {
    file(world, order).await.transfers[0].clone()
}

async fn reversal(world: &World, order: &str) -> Option<Reversal> {
    file(world, order).await.reversals.first().cloned()
}

async fn timeline(admin: &Person, order: &str) -> Vec<String> {
    let items = admin.get(&format!("/api/v1/admin/orders/{order}/timeline")).await.ok(200)["items"].as_array().unwrap().clone();
    items.into_iter().map(|item| item["text"].as_str().unwrap().to_owned()).collect()
}

fn tells(lines: &[String], words: &str) -> bool {
    lines.iter().any(|line| line.ends_with(words))
}

/// Until it is put down that nobody knows what became of the call.
async fn unknown_transfer(world: &World, order: &str) -> Transfer {
    let look = || async { Some(transfer(world, order).await).filter(|row| row.attempt.is_unknown() && row.last_error.is_some()) };
    world.until("a transfer of unknown outcome", look).await
}

async fn unknown_reversal(world: &World, order: &str) -> Reversal {
    let look = || async { reversal(world, order).await.filter(|row| row.attempt.is_unknown() && row.last_error.is_some()) };
    world.until("a reversal of unknown outcome", look).await
}

/// From when on a call that was written down can't be running any more.
fn over(world: &World, attempt: Attempt) -> Timestamp {
    attempt.last_sent_at.unwrap().plus(world.running.app().money.lease())
}

async fn placed(buyer: &Person, product: &str) -> String {
    buyer.order(&[product]).await["order"]["id"].as_str().unwrap().to_owned()
}

async fn refund(buyer: &Person, order: &str) -> String {
    let answer = buyer.post(&format!("/api/v1/marketplace/orders/{order}/refund"), json!({})).await.ok(202);
    answer["refund"]["id"].as_str().unwrap().to_owned()
}

async fn refunded(world: &World, buyer: &Person, order: &str) {
    refund(buyer, order).await;
    buyer.until_order(world, order, "refunded").await;
}

fn goes_wrong(world: &World, call: Op, fault: Fault) {
    world.sandbox.script(Script::new(call, fault)).unwrap();
}

fn lose_every_webhook(world: &World) {
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost).times(0)).unwrap();
}

/// It may have been heard, so it is looked up, and sent to nobody: not while the call may still be under way, and not after it.
#[tokio::test]
async fn a_share_whose_call_was_lost_is_not_sent_once_its_buyer_has_the_money_back() {
    let world = World::with(ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    goes_wrong(&world, Op::CreateTransfer, Fault::RequestLost);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let sent = unknown_transfer(&world, &order).await;
    refunded(&world, &buyer, &order).await;

    let over = over(&world, sent.attempt);
    let claimed = ClaimedTransfer { id: sent.id, order_id: sent.order_id };
    let just_before = beside(&world, over.minus(Duration::from_micros(1)), |_| {}).await;
    assert_eq!(transfers::work(&just_before.app, claimed).await.unwrap(), Worked::Later, "it may be there in a moment");
    just_before.shutdown().await;
    assert!(transfer(&world, &order).await.attempt.is_unknown());
    assert!(tells(&timeline(&admin, &order).await, ": not now: not at Connect yet"));

    assert_eq!(counted(pass(&world, over, Extent::Everything, |_| {}).await.transfers), [1, 0, 1, 0]);
    seller.until_transfer(&world, &order, "permanently_failed").await;
    let told = timeline(&admin, &order).await;
    assert!(tells(&told, ": not at Connect: no call took effect"), "{told:#?}");
    assert!(world.sandbox.books().transfers.is_empty(), "the seller got nothing for refunded goods");
    assert_books_agree(&world).await;
    world.stop().await;
}

/// The looks at a call to Connect that Connect has not heard of, from its being made to the next one under another key; first of a share,
/// then of what is taken back of it.
#[tokio::test]
async fn a_call_that_connect_has_not_heard_of_is_made_again() {
    let world = World::with(ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    goes_wrong(&world, Op::CreateTransfer, Fault::RequestLost);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let sent = unknown_transfer(&world, &order).await;
    let later = looked_for(&world, sent.attempt, Op::ListTransfers).await;
    let known = transfer(&world, &order).await;
    assert_eq!((known.attempt.is_unknown(), known.attempt.generation), (false, sent.attempt.generation + 1));
    let worker = beside(&world, later, |_| {}).await;
    assert_eq!(workers::transfers_batch(worker.app.clone()).await.unwrap(), 1);
    worker.shutdown().await;
    let paid = seller.until_transfer(&world, &order, "completed").await;
    let told = timeline(&admin, &order).await;
    assert!(tells(&told, &format!(": done at Connect as {}", paid["stripe_transfer_id"].as_str().unwrap())), "{told:#?}");

    goes_wrong(&world, Op::CreateReversal, Fault::RequestLost);
    refunded(&world, &buyer, &order).await;
    let sent = unknown_reversal(&world, &order).await;
    let just_before = beside(&world, over(&world, sent.attempt).minus(Duration::from_micros(1)), |_| {}).await;
    assert!(reversals::look(&just_before.app, sent.order_id, sent.id).await.unwrap());
    just_before.shutdown().await;
    assert_eq!(reversal(&world, &order).await.unwrap().key(), sent.key(), "it may be there in a moment");
    let later = looked_for(&world, sent.attempt, Op::ListReversals).await;
    let known = reversal(&world, &order).await.unwrap();
    assert_eq!((known.attempt.is_unknown(), known.attempt.generation), (false, sent.attempt.generation + 1));
    let worker = beside(&world, later, |_| {}).await;
    assert_eq!(workers::reversals_batch(worker.app.clone()).await.unwrap(), 1);
    worker.shutdown().await;
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Passes of the reconciler over one call of unknown outcome that took no effect; the time of the last. `look_up`: what looks for it.
async fn looked_for(world: &World, sent: Attempt, look_up: Op) -> Timestamp {
    let at = over(world, sent).plus(HOUR * 2);
    assert_eq!(counted(pass(world, at, Extent::Tick, |_| {}).await.transfers), [0; 4], "a tick leaves it to its own worker");
    assert_eq!(counted(pass(world, at, Extent::Everything, |app| app.connect = None).await.transfers), [0; 4], "there is nobody to ask");
    goes_wrong(world, look_up, Fault::ErrorBeforeEffect);
    assert_eq!(counted(pass(world, at, Extent::Everything, |_| {}).await.transfers), [1, 0, 0, 1], "nobody knows yet");
    let at = at.plus(HOUR);
    assert_eq!(counted(pass(world, at, Extent::Everything, |_| {}).await.transfers), [1, 1, 0, 0], "it is known that it took no effect");
    at
}

/// A refusal, like an answer, says what became of the call: there is nothing to ask Connect about.
#[tokio::test]
async fn what_is_known_is_not_looked_up() {
    let world = World::with(ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let app = world.running.app();
    world.sandbox.script(Script::new(Op::StripeWebhook, Fault::WebhookLost).times(0)).unwrap();
    for call in [Op::CreateTransfer, Op::CreateReversal] {
        goes_wrong(&world, call, Fault::BalanceInsufficient);
    }
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "failed").await;
    let row = transfer(&world, &order).await;
    assert!(!transfers::look(app, row.order_id, row.id).await.unwrap());
    admin.post(&format!("/api/v1/admin/transfers/{}/retry", row.id), Value::Null).await.ok(200);
    seller.until_transfer(&world, &order, "completed").await;
    assert!(!transfers::look(app, row.order_id, row.id).await.unwrap());

    refunded(&world, &buyer, &order).await;
    let waits = || async { reversal(&world, &order).await.filter(|row| row.hold.is_some()) };
    let row = world.until("the empty account", waits).await;
    assert!(!reversals::look(app, row.order_id, row.id).await.unwrap());
    let later = beside(&world, app.now().plus(HOUR * 2), |_| {}).await;
    workers::reversals_batch(later.app.clone()).await.unwrap();
    later.shutdown().await;
    seller.until_transfer(&world, &order, "reversed").await;
    assert!(!reversals::look(app, row.order_id, row.id).await.unwrap());

    let looked_up = |call: &veza_sandbox::Call| matches!(call.op, Op::ListTransfers | Op::ListReversals);
    assert!(!world.sandbox.books().calls.iter().any(looked_up), "nobody asked");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refused_share_waits_for_an_admin_where_retries_are_off() {
    let world = World::with(&[ONCE, &[("TRANSFER_RETRY_ENABLED", "false")]].concat()).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    goes_wrong(&world, Op::CreateTransfer, Fault::NotFound);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "failed").await;
    let row = transfer(&world, &order).await;
    let claimed = ClaimedTransfer { id: row.id, order_id: row.order_id };
    assert_eq!(transfers::work(world.running.app(), claimed).await.unwrap(), Worked::Nothing);
    assert_eq!(transfer(&world, &order).await, row, "as it was");
    assert!(world.sandbox.books().transfers.is_empty());
    world.stop().await;
}

/// Both of what Connect says of an account, and when it said so.
#[tokio::test]
async fn what_connect_says_of_an_account_is_kept() {
    let world = World::start().await;
    let seller = world.creator().await;
    world.sandbox.script(Script::new(Op::StripeWebhook, Fault::WebhookLost).times(0)).unwrap();
    let asked = async || {
        let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200);
        let kept = world.running.app().store.seller_account(seller.user_id()).await.unwrap().unwrap().value;
        assert_eq!(account["transfers_enabled"], kept.transfers_enabled);
        assert_eq!(account["payouts_enabled"], kept.payouts_enabled);
        (account["account_id"].as_str().unwrap().to_owned(), (kept.transfers_enabled, kept.payouts_enabled), kept.checked_at)
    };
    let (account, may, _) = asked().await;
    assert_eq!(may, (false, false));
    world.sandbox.set_account(&account, Some("active"), Some(true)).unwrap();
    let (_, may, active_at) = asked().await;
    assert_eq!(may, (true, true));
    assert!(active_at.is_some());
    goes_wrong(&world, Op::ReadAccount, Fault::NotFound);
    let (_, may, gone_at) = asked().await;
    assert_eq!(may, (false, false), "an account that is not there receives nothing");
    assert!(gone_at > active_at, "{gone_at:?}, after {active_at:?}");
    world.stop().await;
}

/// A pass takes all of a class, batch by batch; a tick takes one batch and says that there is more. A row is looked at again after an hour.
#[tokio::test]
async fn a_backlog_is_taken_in_batches() {
    let world = World::with(ONCE).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    for _ in 0..=BATCH {
        placed(&buyer, &product).await;
    }
    let told = Mutex::new(Vec::new());
    let process = beside(&world, in_hours(&world, 1), |_| {}).await;
    let told_on = |report: &Report| told.lock().unwrap().push(report.orders.seen);
    let all = reconcile::run(&process.app, Extent::Everything, &told_on).await.unwrap();
    process.shutdown().await;
    assert_eq!((counted(all.orders), all.more), ([51, 0, 0, 51], false));
    assert_eq!(told.lock().unwrap()[..2], [50, 51], "told after each batch");

    let at = in_hours(&world, 3);
    for (due, more) in [(50, true), (1, false), (0, false)] {
        let tick = pass(&world, at, Extent::Tick, |_| {}).await;
        assert_eq!((counted(tick.orders), tick.more), ([due, 0, 0, due], more));
    }
    world.stop().await;
}

#[test]
fn a_report_adds_up() {
    let counts = |n| Counts { seen: n, settled: 10 * n, failed: 100 * n, skipped: 1_000 * n, errors: 10_000 * n };
    let [orders, refunds, orphan_refunds, subscriptions, transfers] = [1, 2, 3, 4, 5].map(counts);
    let report = Report { orders, refunds, orphan_refunds, subscriptions, transfers, more: false };
    assert_eq!(report.total(), counts(15));
}

/// The message of it was lost. The same pass sees the order once more, among the failed ones: there is nothing new.
#[tokio::test]
async fn a_declined_payment_ends_its_order_once() {
    let world = World::with(ONCE).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    lose_every_webhook(&world);
    let order = placed(&buyer, &seller.product(euros(1_000)).await).await;
    world.sandbox.decline(&order).unwrap();
    assert_eq!(counted(pass_in_hours(&world, 1).await.orders), [2, 0, 1, 1]);
    assert_eq!(buyer.get_order(&order).await["status"], "failed");
    world.stop().await;
}

/// What cannot be right is left to a person, and reported as nothing that was done.
#[tokio::test]
async fn a_payment_of_another_amount_settles_nothing() {
    let world = World::with(ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = placed(&buyer, &seller.product(euros(1_000)).await).await;
    world.sandbox.decline(&order).unwrap();
    buyer.until_order(&world, &order, "failed").await;
    lose_every_webhook(&world);
    world.sandbox.pay(&order).unwrap();
    let more = Reads { payment: |payment| Payment { amount: payment.amount + 1, ..payment }, ..Reads::plain() };
    let report = pass(&world, in_hours(&world, 1), Extent::Everything, |app| more.put_before(app)).await;
    assert_eq!(counted(report.orders), [1, 0, 0, 1]);
    assert_eq!(buyer.get_order(&order).await["status"], "failed");
    let waiting = admin.get("/api/v1/admin/attention").await.ok(200);
    assert_eq!(waiting["items"][0]["class"], "amount_mismatch", "{waiting:#}");
    world.stop().await;
}

/// The PSP names a dispute of a payment that it does not call final: the dispute is kept, and the order waits on.
#[tokio::test]
async fn a_dispute_of_an_open_payment_ends_nothing() {
    let world = World::with(ONCE).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    lose_every_webhook(&world);
    let order = placed(&buyer, &seller.product(euros(1_000)).await).await;
    world.sandbox.pay(&order).unwrap();
    world.sandbox.dispute(&order, None).unwrap();
    let open = Reads { payment: |payment| Payment { status: PaymentStatus::Open, ..payment }, ..Reads::plain() };
    let report = pass(&world, in_hours(&world, 1), Extent::Everything, |app| open.put_before(app)).await;
    assert_eq!(counted(report.orders), [1, 0, 0, 1]);
    assert_eq!(file(&world, &order).await.disputes.len(), 1);
    assert_eq!(buyer.get_order(&order).await["status"], "pending");
    world.stop().await;
}

/// What the PSP says is of when it was asked: what a message has settled since stands, and the pass has done nothing.
#[tokio::test]
async fn an_answer_that_a_message_overtakes_counts_for_nothing() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = placed(&buyer, &seller.product(euros(1_000)).await).await;
    goes_wrong(&world, Op::ReadPayment, Fault::NotFound);
    let reads = Reads::held();
    let looks = pass(&world, in_hours(&world, 1), Extent::Everything, |app| reads.clone().put_before(app));
    let paid = async {
        reads.asked.notified().await;
        world.sandbox.pay(&order).unwrap();
        buyer.until_order(&world, &order, "completed").await;
        reads.gate.add_permits(1);
    };
    assert_eq!(counted(tokio::join!(looks, paid).0.orders), [1, 0, 0, 1]);
    assert_eq!(buyer.get_order(&order).await["status"], "completed");

    seller.until_transfer(&world, &order, "completed").await;
    goes_wrong(&world, Op::CreateRefund, Fault::RefundPending);
    let id = refund(&buyer, &order).await;
    world.sandbox.hold_webhooks(true).unwrap();
    world.sandbox.succeed_refund(&id).unwrap();
    let reads = Reads::held();
    let looks = pass(&world, in_hours(&world, 2), Extent::Everything, |app| reads.clone().put_before(app));
    let told = async {
        reads.asked.notified().await;
        world.sandbox.release_webhooks(ReleaseOrder::Fifo, 1).await.unwrap();
        buyer.until_order(&world, &order, "refunded").await;
        reads.gate.add_permits(1);
    };
    assert_eq!(counted(tokio::join!(looks, told).0.refunds), [1, 0, 0, 1]);
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Two disputes of one payment, and no message of what becomes of them. One that goes on is kept, and nothing is settled by that.
#[tokio::test]
async fn open_disputes_are_followed_each_by_itself() {
    let world = World::with(ONCE).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    for amount in [400, 300] {
        world.sandbox.dispute(&order, Some(amount)).unwrap();
    }
    let both = || async { Some(file(&world, &order).await.disputes).filter(|rows| rows.len() == 2) };
    let [first, last] = world.until("both disputes", both).await.try_into().unwrap();
    lose_every_webhook(&world);

    world.sandbox.set_dispute(&first.psp_dispute_id, "challenged").unwrap();
    assert_eq!(counted(pass_in_hours(&world, 1).await.orders), [2, 0, 0, 2]);
    let status = async |nth: usize| file(&world, &order).await.disputes[nth].status.as_str();
    assert_eq!((status(0).await, status(1).await), ("challenged", "opened"));
    world.sandbox.set_dispute(&last.psp_dispute_id, "won").unwrap();
    assert_eq!(counted(pass_in_hours(&world, 2).await.orders), [2, 1, 0, 1]);
    assert_eq!((status(0).await, status(1).await), ("challenged", "won"));
    world.sandbox.set_dispute(&first.psp_dispute_id, "won").unwrap();
    assert_eq!(counted(pass_in_hours(&world, 3).await.orders), [1, 1, 0, 0]);
    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    world.stop().await;
}

/// Whatever the look brings, the call that had asked for the refund is over with it: nobody makes it again.
#[tokio::test]
async fn the_call_for_an_orphan_ends_with_its_look() {
    let world = World::with(SLOW_CALLS).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    let waits = async |order: &str| timeline(&admin, order).await.iter().any(|line| line.starts_with("create_refund is sent"));

    let kept = buyer.buy(&world, &[&product]).await;
    goes_wrong(&world, Op::CreateRefund, Fault::RefundPending);
    goes_wrong(&world, Op::CreateRefund, Fault::AnswerLost);
    let id = refund(&buyer, &kept).await;
    assert!(waits(&kept).await);
    assert_eq!(counted(pass_in_hours(&world, 2).await.orphan_refunds), [1, 0, 0, 1], "adopted: the PSP goes on with it");
    assert_eq!(file(&world, &kept).await.refunds[0].psp_refund_id, Some(id));
    assert!(!waits(&kept).await);

    let given_back = buyer.buy(&world, &[&product]).await;
    goes_wrong(&world, Op::CreateRefund, Fault::RequestLost);
    refund(&buyer, &given_back).await;
    assert!(waits(&given_back).await);
    assert_eq!(counted(pass_in_hours(&world, 4).await.orphan_refunds), [1, 0, 1, 0]);
    assert_eq!(buyer.get_order(&given_back).await["status"], "completed");
    assert!(!waits(&given_back).await);
    world.stop().await;
}

/// Of another amount, or of another payment: it is not ours, and nothing of it is adopted.
#[tokio::test]
async fn an_orphan_under_whose_id_the_psp_has_another_refund_ends() {
    let others = [
        Reads { refund: |refund| PspRefund { amount: refund.amount - 1, ..refund }, ..Reads::plain() },
        Reads { refund: |refund| PspRefund { payment_id: "another".to_owned(), ..refund }, ..Reads::plain() },
    ];
    let world = World::with(SLOW_CALLS).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    for other in others {
        let order = buyer.buy(&world, &[&product]).await;
        goes_wrong(&world, Op::CreateRefund, Fault::RefundPending);
        goes_wrong(&world, Op::CreateRefund, Fault::AnswerLost);
        refund(&buyer, &order).await;
        let report = pass(&world, in_hours(&world, 2), Extent::Everything, |app| other.put_before(app)).await;
        assert_eq!(counted(report.orphan_refunds), [1, 0, 1, 0]);
        let row = file(&world, &order).await.refunds[0].clone();
        assert_eq!((row.status.as_str(), row.psp_refund_id), ("failed", None));
        assert_eq!(buyer.get_order(&order).await["status"], "completed");
        let told = timeline(&admin, &order).await;
        let waits = |line: &String| line.starts_with("waits on a person: orphan_refund_failed: ");
        assert!(told.iter().any(|line| waits(line) && line.ends_with(": the PSP has another refund under its id")), "{told:#?}");
    }
    world.stop().await;
}
