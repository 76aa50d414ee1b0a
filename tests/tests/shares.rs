//! Sellers' shares and what is taken back of them (spec/01-money §5), by two processes that share their books: the server, whose workers
//! make each call once and come back in an hour, and a second one at a time that the test says.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::Value;
use std::time::Duration;
use veza::usecases::reconcile::Extent;
use veza::usecases::worked::Worked;
use veza::usecases::{reversals, transfers};
use veza::workers;
use veza_domain::reversal::Reversal;
use veza_domain::time::Timestamp;
use veza_domain::transfer::{Attempt, Transfer};
use veza_ports::storage::ClaimedTransfer;
use veza_sandbox::{Fault, Op};
use veza_tests::{World, assert_books_agree, counted, euros};

const ONCE: &[(&str, &str)] = &[
    ("RECONCILE_WORKER_ENABLED", "false"),
    ("TRANSFER_RETRY_CHECK_INTERVAL", "1h"),
    ("TRANSFER_RETRY_BACKOFF_BASE", "1h"),
    ("TRANSFER_RETRY_BACKOFF_MAX", "1h"),
    ("REVERSAL_CHECK_INTERVAL", "1h"),
    ("REVERSAL_BACKOFF_BASE", "1h"),
    ("REVERSAL_BACKOFF_MAX", "1h"),
];
const HOUR: Duration = Duration::from_secs(3600);

async fn transfer(world: &World, order: &str) -> Transfer {
    world.order_file(order).await.transfers[0].clone()
}

async fn reversal(world: &World, order: &str) -> Option<Reversal> {
    world.order_file(order).await.reversals.first().cloned()
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

/// It may have been heard, so it is looked up, and sent to nobody: not while the call may still be under way, and not after it.
#[tokio::test]
async fn a_share_whose_call_was_lost_is_not_sent_once_its_buyer_has_the_money_back() {
    let world = World::with(ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    world.goes_wrong(Op::CreateTransfer, Fault::RequestLost);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let sent = unknown_transfer(&world, &order).await;
    buyer.refunded(&world, &order).await;

    let over = over(&world, sent.attempt);
    let claimed = ClaimedTransfer { id: sent.id, order_id: sent.order_id };
    let just_before = world.process_at(over.minus(Duration::from_micros(1)), |_| {}).await;
    assert_eq!(transfers::work(&just_before.app, claimed).await.unwrap(), Worked::Later, "it may be there in a moment");
    just_before.shutdown().await;
    assert!(transfer(&world, &order).await.attempt.is_unknown());
    assert!(tells(&admin.timeline(&order).await, ": not now: not at Connect yet"));

    assert_eq!(counted(world.reconcile_at(over, Extent::Everything, |_| {}).await.transfers), [1, 0, 1, 0]);
    seller.until_transfer(&world, &order, "permanently_failed").await;
    let told = admin.timeline(&order).await;
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
    world.goes_wrong(Op::CreateTransfer, Fault::RequestLost);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let sent = unknown_transfer(&world, &order).await;
    let later = looked_for(&world, sent.attempt, Op::ListTransfers).await;
    let known = transfer(&world, &order).await;
    assert_eq!((known.attempt.is_unknown(), known.attempt.generation), (false, sent.attempt.generation + 1));
    let worker = world.process_at(later, |_| {}).await;
    assert_eq!(workers::transfers_batch(worker.app.clone()).await.unwrap(), 1);
    worker.shutdown().await;
    let paid = seller.until_transfer(&world, &order, "completed").await;
    let told = admin.timeline(&order).await;
    assert!(tells(&told, &format!(": done at Connect as {}", paid["stripe_transfer_id"].as_str().unwrap())), "{told:#?}");

    world.goes_wrong(Op::CreateReversal, Fault::RequestLost);
    buyer.refunded(&world, &order).await;
    let sent = unknown_reversal(&world, &order).await;
    let just_before = world.process_at(over(&world, sent.attempt).minus(Duration::from_micros(1)), |_| {}).await;
    assert!(reversals::look(&just_before.app, sent.order_id, sent.id).await.unwrap());
    just_before.shutdown().await;
    assert_eq!(reversal(&world, &order).await.unwrap().key(), sent.key(), "it may be there in a moment");
    let later = looked_for(&world, sent.attempt, Op::ListReversals).await;
    let known = reversal(&world, &order).await.unwrap();
    assert_eq!((known.attempt.is_unknown(), known.attempt.generation), (false, sent.attempt.generation + 1));
    let worker = world.process_at(later, |_| {}).await;
    assert_eq!(workers::reversals_batch(worker.app.clone()).await.unwrap(), 1);
    worker.shutdown().await;
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Passes of the reconciler over one call of unknown outcome that took no effect; the time of the last. `look_up`: what looks for it.
async fn looked_for(world: &World, sent: Attempt, look_up: Op) -> Timestamp {
    let at = over(world, sent).plus(HOUR * 2);
    assert_eq!(counted(world.reconcile_at(at, Extent::Tick, |_| {}).await.transfers), [0; 4], "a tick leaves it to its own worker");
    assert_eq!(
        counted(world.reconcile_at(at, Extent::Everything, |app| app.connect = None).await.transfers),
        [0; 4],
        "there is nobody to ask"
    );
    world.goes_wrong(look_up, Fault::ErrorBeforeEffect);
    assert_eq!(counted(world.reconcile_at(at, Extent::Everything, |_| {}).await.transfers), [1, 0, 0, 1], "nobody knows yet");
    let at = at.plus(HOUR);
    assert_eq!(
        counted(world.reconcile_at(at, Extent::Everything, |_| {}).await.transfers),
        [1, 1, 0, 0],
        "it is known that it took no effect"
    );
    at
}

/// A refusal, like an answer, says what became of the call: there is nothing to ask Connect about.
#[tokio::test]
async fn what_is_known_is_not_looked_up() {
    let world = World::with(ONCE).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let app = world.running.app();
    world.lose_every_stripe_webhook();
    for call in [Op::CreateTransfer, Op::CreateReversal] {
        world.goes_wrong(call, Fault::BalanceInsufficient);
    }
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "failed").await;
    let row = transfer(&world, &order).await;
    assert!(!transfers::look(app, row.order_id, row.id).await.unwrap());
    admin.post(&format!("/api/v1/admin/transfers/{}/retry", row.id), Value::Null).await.ok(200);
    seller.until_transfer(&world, &order, "completed").await;
    assert!(!transfers::look(app, row.order_id, row.id).await.unwrap());

    buyer.refunded(&world, &order).await;
    let waits = || async { reversal(&world, &order).await.filter(|row| row.hold.is_some()) };
    let row = world.until("the empty account", waits).await;
    assert!(!reversals::look(app, row.order_id, row.id).await.unwrap());
    let later = world.process_at(app.now().plus(HOUR * 2), |_| {}).await;
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
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    world.goes_wrong(Op::CreateTransfer, Fault::NotFound);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "failed").await;
    let row = transfer(&world, &order).await;
    let claimed = ClaimedTransfer { id: row.id, order_id: row.order_id };
    assert_eq!(transfers::work(world.running.app(), claimed).await.unwrap(), Worked::Nothing);
    assert_eq!(transfer(&world, &order).await, row, "as it was");
    assert!(world.sandbox.books().transfers.is_empty());
    admin.post(&format!("/api/v1/admin/transfers/{}/retry", row.id), Value::Null).await.ok(200);
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

/// Both of what Connect says of an account, and when it said so.
#[tokio::test]
async fn what_connect_says_of_an_account_is_kept() {
    let world = World::start().await;
    let seller = world.creator().await;
    world.lose_every_stripe_webhook();
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
    world.goes_wrong(Op::ReadAccount, Fault::NotFound);
    let (_, may, gone_at) = asked().await;
    assert_eq!(may, (false, false), "an account that is not there receives nothing");
    assert!(gone_at > active_at, "{gone_at:?}, after {active_at:?}");
    world.stop().await;
}
