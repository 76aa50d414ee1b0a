//! What the reconciler's looks find, count and leave alone (spec/01-money §8): a second process looks, at a time that the test says, at
//! what the server's workers leave alone.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::json;
use std::sync::Mutex;
use veza::usecases::reconcile::{self, BATCH, Counts, Extent, Report};
use veza_domain::settlement::PaymentStatus;
use veza_ports::payments::{Payment, PspRefund};
use veza_sandbox::{Fault, Op, ReleaseOrder};
use veza_tests::{Reads, World, assert_books_agree, counted, euros};

/// Nobody looks but the test.
const ONCE: &[(&str, &str)] = &[("RECONCILE_WORKER_ENABLED", "false")];
/// The worker of calls to the PSP comes back late too.
const SLOW_CALLS: &[(&str, &str)] =
    &[("RECONCILE_WORKER_ENABLED", "false"), ("PROVIDER_TIMEOUT", "10m"), ("RECONCILE_REFUND_ORPHAN_AFTER", "1h")];

/// A pass takes all of a class, batch by batch; a tick takes one batch and says that there is more. A row is looked at again after an hour.
#[tokio::test]
async fn a_backlog_is_taken_in_batches() {
    let world = World::with(ONCE).await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    for _ in 0..=BATCH {
        buyer.placed(&product).await;
    }
    let told = Mutex::new(Vec::new());
    let process = world.process_at(world.in_hours(1), |_| {}).await;
    let told_on = |report: &Report| told.lock().unwrap().push(report.orders.seen);
    let all = reconcile::run(&process.app, Extent::Everything, &told_on).await.unwrap();
    process.shutdown().await;
    assert_eq!((counted(all.orders), all.more), ([51, 0, 0, 51], false));
    assert_eq!(told.lock().unwrap()[..2], [50, 51], "told after each batch");

    // Somebody has begun to pay each of them, so that none is given up.
    let begun = Reads::plain().with_payment(|payment| Payment { untried_until: None, ..payment });
    let at = world.in_hours(3);
    for (due, more) in [(50, true), (1, false), (0, false)] {
        let tick = world.reconcile_at(at, Extent::Tick, |app| begun.clone().put_before(app)).await;
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
    world.lose_every_webhook();
    let order = buyer.placed(&seller.product(euros(1_000)).await).await;
    world.sandbox.decline(&order).unwrap();
    assert_eq!(counted(world.reconcile_in_hours(1).await.orders), [2, 0, 1, 1]);
    assert_eq!(buyer.get_order(&order).await["status"], "failed");
    world.stop().await;
}

/// What cannot be right is left to a person, and reported as nothing that was done.
#[tokio::test]
async fn a_payment_of_another_amount_settles_nothing() {
    let world = World::with(ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.placed(&seller.product(euros(1_000)).await).await;
    world.sandbox.decline(&order).unwrap();
    buyer.until_order(&world, &order, "failed").await;
    world.lose_every_webhook();
    world.sandbox.pay(&order).unwrap();
    let more = Reads::plain().with_payment(|payment| Payment { amount: payment.amount + 1, ..payment });
    let report = world.reconcile_at(world.in_hours(1), Extent::Everything, |app| more.put_before(app)).await;
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
    world.lose_every_webhook();
    let order = buyer.placed(&seller.product(euros(1_000)).await).await;
    world.sandbox.pay(&order).unwrap();
    world.sandbox.dispute(&order, None).unwrap();
    let open = Reads::plain().with_payment(|payment| Payment { status: PaymentStatus::Open, ..payment });
    let report = world.reconcile_at(world.in_hours(1), Extent::Everything, |app| open.put_before(app)).await;
    assert_eq!(counted(report.orders), [1, 0, 0, 1]);
    assert_eq!(world.order_file(&order).await.disputes.len(), 1);
    assert_eq!(buyer.get_order(&order).await["status"], "pending");
    world.stop().await;
}

/// What the PSP says is of when it was asked: what a message has settled since stands, and the pass has done nothing.
#[tokio::test]
async fn an_answer_that_a_message_overtakes_counts_for_nothing() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let order = buyer.placed(&seller.product(euros(1_000)).await).await;
    world.goes_wrong(Op::ReadPayment, Fault::NotFound);
    let reads = Reads::held();
    let looks = world.reconcile_at(world.in_hours(1), Extent::Everything, |app| reads.clone().put_before(app));
    let paid = async {
        reads.asked().await;
        world.sandbox.pay(&order).unwrap();
        buyer.until_order(&world, &order, "completed").await;
        reads.open();
    };
    assert_eq!(counted(tokio::join!(looks, paid).0.orders), [1, 0, 0, 1]);
    assert_eq!(buyer.get_order(&order).await["status"], "completed");

    seller.until_transfer(&world, &order, "completed").await;
    world.goes_wrong(Op::CreateRefund, Fault::RefundPending);
    let id = buyer.refund(&order, json!({})).await;
    world.sandbox.hold_webhooks(true).unwrap();
    world.sandbox.succeed_refund(&id).unwrap();
    let reads = Reads::held();
    let looks = world.reconcile_at(world.in_hours(2), Extent::Everything, |app| reads.clone().put_before(app));
    let told = async {
        reads.asked().await;
        world.sandbox.release_webhooks(ReleaseOrder::Fifo, 1).await.unwrap();
        buyer.until_order(&world, &order, "refunded").await;
        reads.open();
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
    let both = || async { Some(world.order_file(&order).await.disputes).filter(|rows| rows.len() == 2) };
    let [first, last] = world.until("both disputes", both).await.try_into().unwrap();
    world.lose_every_webhook();

    world.sandbox.set_dispute(&first.psp_dispute_id, "challenged").unwrap();
    assert_eq!(counted(world.reconcile_in_hours(1).await.orders), [2, 0, 0, 2]);
    let status = async |nth: usize| world.order_file(&order).await.disputes[nth].status.as_str();
    assert_eq!((status(0).await, status(1).await), ("challenged", "opened"));
    world.sandbox.set_dispute(&last.psp_dispute_id, "won").unwrap();
    assert_eq!(counted(world.reconcile_in_hours(2).await.orders), [2, 1, 0, 1]);
    assert_eq!((status(0).await, status(1).await), ("challenged", "won"));
    world.sandbox.set_dispute(&first.psp_dispute_id, "won").unwrap();
    assert_eq!(counted(world.reconcile_in_hours(3).await.orders), [1, 1, 0, 0]);
    assert_eq!(buyer.get_order(&order).await["status"], "completed");
    world.stop().await;
}

/// Whatever the look brings, the call that had asked for the refund is over with it: nobody makes it again.
#[tokio::test]
async fn the_call_for_an_orphan_ends_with_its_look() {
    let world = World::with(SLOW_CALLS).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    let waits = async |order: &str| admin.timeline(order).await.iter().any(|line| line.starts_with("create_refund is sent"));

    let kept = buyer.buy(&world, &[&product]).await;
    world.goes_wrong(Op::CreateRefund, Fault::RefundPending);
    world.goes_wrong(Op::CreateRefund, Fault::AnswerLost);
    let id = buyer.refund(&kept, json!({})).await;
    assert!(waits(&kept).await);
    assert_eq!(counted(world.reconcile_in_hours(2).await.orphan_refunds), [1, 0, 0, 1], "adopted: the PSP goes on with it");
    assert_eq!(world.order_file(&kept).await.refunds[0].psp_refund_id, Some(id));
    assert!(!waits(&kept).await);

    let given_back = buyer.buy(&world, &[&product]).await;
    world.goes_wrong(Op::CreateRefund, Fault::RequestLost);
    buyer.refund(&given_back, json!({})).await;
    assert!(waits(&given_back).await);
    assert_eq!(counted(world.reconcile_in_hours(4).await.orphan_refunds), [1, 0, 1, 0]);
    assert_eq!(buyer.get_order(&given_back).await["status"], "completed");
    assert!(!waits(&given_back).await);
    world.stop().await;
}

/// Of another amount, or of another payment: it is not ours, and nothing of it is adopted.
#[tokio::test]
async fn an_orphan_under_whose_id_the_psp_has_another_refund_ends() {
    let others = [
        Reads::plain().with_refund(|refund| PspRefund { amount: refund.amount - 1, ..refund }),
        Reads::plain().with_refund(|refund| PspRefund { payment_id: "another".to_owned(), ..refund }),
    ];
    let world = World::with(SLOW_CALLS).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let product = seller.product(euros(1_000)).await;
    for other in others {
        let order = buyer.buy(&world, &[&product]).await;
        world.goes_wrong(Op::CreateRefund, Fault::RefundPending);
        world.goes_wrong(Op::CreateRefund, Fault::AnswerLost);
        buyer.refund(&order, json!({})).await;
        let report = world.reconcile_at(world.in_hours(2), Extent::Everything, |app| other.put_before(app)).await;
        assert_eq!(counted(report.orphan_refunds), [1, 0, 1, 0]);
        let row = world.order_file(&order).await.refunds[0].clone();
        assert_eq!((row.status.as_str(), row.psp_refund_id), ("failed", None));
        assert_eq!(buyer.get_order(&order).await["status"], "completed");
        let told = admin.timeline(&order).await;
        let waits = |line: &String| line.starts_with("waits on a person: orphan_refund_failed: ");
        assert!(told.iter().any(|line| waits(line) && line.ends_with(": the PSP has another refund under its id")), "{told:#?}");
    }
    world.stop().await;
}
