//! Payouts of connected accounts, and what else happens at Stripe without us (stripe.md §4).
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "test")]

mod common;

use std::time::Duration;

use common::World;
use serde_json::json;
use veza_sandbox::{Fault, NewPayout, Op, PayoutStatus, Script};

const DAY: Duration = Duration::from_secs(86_400);

/// A seller with 900 in the account.
async fn rich() -> (World, String) {
    let world = World::with_stripe_webhooks().await;
    world.paid(1000).await;
    let seller = world.seller().await;
    assert_eq!(world.transfer("t", 900, &seller).await.status, 200);
    (world, seller)
}

fn status(world: &World, id: &str) -> PayoutStatus {
    world.sandbox.books().payout(id).unwrap().status
}

/// Transferred − reversed = what the accounts have, and what their banks have, less what came from outside.
fn adds_up(world: &World) {
    let books = world.sandbox.books();
    for totals in books.totals.values() {
        let held = totals.accounts_available + totals.paid_out;
        let deposited: i64 = books.balances.iter().filter(|balance| balance.owner != "platform").map(|balance| balance.deposited).sum();
        assert_eq!(totals.transferred - totals.reversed + deposited, held, "{totals:?}");
    }
}

#[tokio::test]
async fn at_once_by_default_and_read_as_its_account() {
    let (world, seller) = rich().await;
    let made = world.control(&format!("/accounts/{seller}/payout"), json!({})).await.json();
    let id = made["payouts"][0].as_str().unwrap().to_owned();
    let payout = world.stripe_as(&seller, &format!("/v1/payouts/{id}")).await.json();
    assert_eq!((&payout["status"], &payout["amount"], &payout["currency"]), (&json!("paid"), &json!(900), &json!("usd")));
    assert_eq!((&payout["failure_code"], &payout["automatic"]), (&json!(null), &json!(false)));
    let (other, path) = (world.seller().await, format!("/v1/payouts/{id}"));
    assert_eq!(world.stripe_as(&other, &path).await.refusal(), (404, "resource_missing".to_owned()), "another account's");
    assert_eq!(world.stripe(&path).await.refusal(), (404, "resource_missing".to_owned()), "the platform has none");
    assert_eq!(world.stripe_as("acct_none", &path).await.refusal(), (403, "account_invalid".to_owned()));
    let totals = world.sandbox.books().totals["usd"].clone();
    assert_eq!((totals.paid_out, totals.payouts_on_their_way, totals.accounts_available), (900, 0, 0));
    assert_eq!(world.control(&format!("/accounts/{seller}/payout"), json!({})).await.json()["payouts"], json!([]), "nothing is left");
    adds_up(&world);
}

#[tokio::test]
async fn step_by_step_and_back_after_it_was_paid() {
    let (world, seller) = rich().await;
    let path = format!("/accounts/{seller}/payout");
    let made = world.control(&path, json!({"amount": 400, "currency": "USD", "status": "pending"})).await;
    let id = made.json()["payouts"][0].as_str().unwrap_or_else(|| panic!("{}", made.text)).to_owned();
    assert_eq!(world.sandbox.books().totals["usd"].payouts_on_their_way, 400);
    for to in ["in_transit", "paid"] {
        assert_eq!(world.control(&format!("/payouts/{id}"), json!({"status": to})).await.status, 200);
    }
    let failure = json!({"status": "failed", "failure_code": "no_account", "failure_message": "No such bank account"});
    assert_eq!(world.control(&format!("/payouts/{id}"), failure).await.status, 200);
    let payout = world.stripe_as(&seller, &format!("/v1/payouts/{id}")).await.json();
    assert_eq!((&payout["status"], &payout["failure_code"]), (&json!("failed"), &json!("no_account")));
    let totals = world.sandbox.books().totals["usd"].clone();
    assert_eq!((totals.paid_out, totals.payouts_failed, totals.accounts_available), (0, 400, 900), "the money is back");
    for to in ["paid", "pending", "canceled", "failed"] {
        assert_eq!(world.control(&format!("/payouts/{id}"), json!({"status": to})).await.status, 409, "{to}");
    }
    let canceled = world.control(&path, json!({"status": "pending"})).await.json()["payouts"][0].as_str().unwrap().to_owned();
    assert_eq!(world.control(&format!("/payouts/{canceled}"), json!({"status": "canceled"})).await.status, 200);
    for (body, code) in [
        (json!({"amount": 901}), 409),
        (json!({"amount": 0}), 409),
        (json!({"amount": 1, "currency": "eur"}), 409),
        (json!({"status": "gone"}), 400),
    ] {
        assert_eq!(world.control(&path, body.clone()).await.status, code, "{body}");
    }
    assert_eq!(world.control("/accounts/acct_none/payout", json!({})).await.status, 404);
    assert_eq!(world.control("/payouts/po_none", json!({"status": "paid"})).await.status, 404);
    world.settle().await;
    let mut types: Vec<String> = world.receiver.at("/connect").iter().map(common::Received::event_type).collect();
    types.retain(|kind| kind.starts_with("payout"));
    types.sort();
    let expected = ["payout.canceled", "payout.created", "payout.created", "payout.failed", "payout.paid", "payout.updated"];
    assert_eq!(types, expected);
    adds_up(&world);
}

#[tokio::test]
async fn every_midnight_by_the_clock() {
    let (world, seller) = rich().await;
    let idle = world.seller().await;
    world.sandbox.set_account(&idle, None, Some(false)).unwrap();
    world.transfer("idle", 50, &idle).await;
    assert_eq!(world.control("/payouts", json!({"daily": true})).await.status, 200);
    world.sandbox.daily_payouts(true).unwrap(); // twice is once
    world.settle().await;
    world.sandbox.advance_clock(DAY).await.unwrap();
    let payouts = world.sandbox.books().payouts;
    assert_eq!(payouts.len(), 1, "one midnight, one account that may: {payouts:?}");
    let id = payouts[0].id.clone();
    assert_eq!((payouts[0].amount, payouts[0].automatic, payouts[0].status), (900, true, PayoutStatus::InTransit));
    assert!(payouts[0].created % 86_400_000_000 < 60_000_000, "midnight");
    world.sandbox.advance_clock(DAY).await.unwrap();
    assert_eq!(status(&world, &id), PayoutStatus::Paid);
    let listed = world.stripe_as(&seller, "/v1/payouts?status=paid").await.json();
    assert_eq!((&listed["data"][0]["id"], listed["data"].as_array().unwrap().len()), (&json!(id), 1));
    assert_eq!(world.stripe_as(&seller, "/v1/payouts?status=failed").await.json()["data"], json!([]));
    world.sandbox.daily_payouts(false).unwrap();
    world.paid(500).await;
    world.transfer("more", 100, &seller).await;
    world.sandbox.advance_clock(3 * DAY).await.unwrap();
    assert_eq!(world.sandbox.books().payouts.len(), 1, "switched off");
    adds_up(&world);
}

#[tokio::test]
async fn scripts_know_better() {
    let (world, seller) = rich().await;
    let script = |fault: Fault| Script::new(Op::Payout, fault).matching("account", seller.as_str());
    let pay_out = |amount: i64| {
        let new = NewPayout { amount: Some(amount), ..NewPayout::default() };
        world.sandbox.new_payout(&seller, new).unwrap().remove(0)
    };
    world.sandbox.script(script(Fault::PayoutFailed)).unwrap();
    let failed = pay_out(100);
    world.sandbox.script(script(Fault::PayoutFailsLater).delay(2 * DAY)).unwrap();
    let turns = pay_out(200);
    world.sandbox.script(script(Fault::PayoutPending)).unwrap();
    let stuck = pay_out(300);
    world.sandbox.script(script(Fault::PayoutPending).delay(DAY)).unwrap();
    let slow = pay_out(50);
    let all = |world: &World| [&failed, &turns, &stuck, &slow].map(|id| status(world, id));
    use PayoutStatus::{Failed, InTransit, Paid};
    assert_eq!(all(&world), [Failed, Paid, InTransit, InTransit]);
    world.sandbox.advance_clock(DAY).await.unwrap();
    assert_eq!(all(&world), [Failed, Paid, InTransit, Paid]);
    world.sandbox.advance_clock(DAY).await.unwrap();
    assert_eq!(all(&world), [Failed, Failed, InTransit, Paid], "failed after it was paid");
    world.sandbox.set_payout(&stuck, Paid, None).unwrap();
    world.settle().await;
    let told = |id: &str| {
        let events = world.receiver.at("/connect").into_iter().filter(|event| event.json()["data"]["object"]["id"] == id);
        let mut types: Vec<String> = events.map(|event| event.event_type()).collect();
        types.sort();
        types
    };
    assert_eq!(told(&turns), ["payout.created", "payout.failed", "payout.paid"]);
    assert_eq!(told(&stuck), ["payout.created", "payout.paid", "payout.updated"]);
    adds_up(&world);
}

#[tokio::test]
async fn payouts_and_their_plans_survive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let world = World::in_file(folder.path().join("sandbox.db")).await;
    world.paid(1000).await;
    let seller = world.seller().await;
    world.transfer("t", 900, &seller).await;
    world.sandbox.script(Script::new(Op::Payout, Fault::PayoutPending).delay(DAY)).unwrap();
    let slow = world.sandbox.payout(&seller).unwrap().remove(0);
    world.sandbox.daily_payouts(true).unwrap();
    world.sandbox.deposit(&seller, "usd", 5).unwrap();
    world.settle().await;
    let mut config = world.config.clone();
    config.data_file = Some(folder.path().join("copy.db"));
    for suffix in ["", "-wal"] {
        std::fs::copy(folder.path().join(format!("sandbox.db{suffix}")), folder.path().join(format!("copy.db{suffix}"))).unwrap();
    }
    let again = veza_sandbox::Sandbox::start(config).await.unwrap();
    again.advance_clock(2 * DAY).await.unwrap();
    let books = again.books();
    assert_eq!(books.payout(&slow).unwrap().status, PayoutStatus::Paid);
    assert_eq!(books.payouts.iter().filter(|payout| payout.automatic).map(|payout| payout.amount).collect::<Vec<_>>(), [5]);
    again.stop().await;
}

#[tokio::test]
async fn transfers_and_reversals_of_the_dashboard() {
    let (world, seller) = rich().await;
    let body = json!({"destination": seller, "amount": 70, "currency": "USD"});
    let id = world.control("/transfers", body).await.json()["transfer"].as_str().unwrap().to_owned();
    let stranger = world.stripe(&format!("/v1/transfers/{id}")).await.json();
    assert_eq!((&stranger["amount"], &stranger["metadata"], &stranger["transfer_group"]), (&json!(70), &json!({}), &json!(null)));
    for (path, body, status) in [
        ("/transfers".to_owned(), json!({"destination": "acct_none", "amount": 1, "currency": "usd"}), 404),
        ("/transfers".to_owned(), json!({"destination": seller, "amount": 0, "currency": "usd"}), 409),
        ("/transfers".to_owned(), json!({"destination": seller, "amount": 5000, "currency": "usd"}), 409),
        (format!("/transfers/{id}/reverse"), json!({"amount": -5}), 409),
        (format!("/transfers/{id}/reverse"), json!({"amount": 71}), 409),
        ("/transfers/tr_none/reverse".to_owned(), json!({}), 404),
    ] {
        let reply = world.control(&path, body.clone()).await;
        assert_eq!(reply.status, status, "{path} {body}: {}", reply.text);
    }
    assert_eq!(world.control(&format!("/transfers/{id}/reverse"), json!({"amount": 30})).await.status, 200);
    assert_eq!(world.sandbox.books().transfer(&id).unwrap().amount_reversed, 30);
    adds_up(&world);
}
