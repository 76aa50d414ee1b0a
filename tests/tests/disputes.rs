//! Disputes and late facts, end to end (spec/01-money §4, §9): the share is held, won or lost, and every contradiction is booked anew.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use serde_json::{Value, json};
use veza_sandbox::{Fault, Op, Script};
use veza_tests::{Person, World, assert_books_agree, euros};

async fn disputes(admin: &Person) -> Vec<Value> {
    admin.get("/api/v1/admin/disputes").await.ok(200)["items"].as_array().unwrap().clone()
}

async fn balance(seller: &Person) -> (i64, i64, i64) {
    let shown = seller.get("/api/v1/seller/balance").await.ok(200);
    let of = |name: &str| shown[name][0]["amount"].as_i64().unwrap_or_default();
    (of("available"), of("pending"), of("owed"))
}

#[tokio::test]
async fn a_dispute_that_is_won_gives_everything_back() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    let dispute = world.sandbox.dispute(&order, None).unwrap();
    buyer.until_order(&world, &order, "disputed").await;
    let row = disputes(&admin).await.remove(0);
    assert_eq!((&row["status"], &row["amount"]["amount"], &row["psp_dispute_id"]), (&json!("opened"), &json!(1_000), &json!(dispute)));
    assert!(admin.waits("dispute_opened").await.is_some());
    let refund = buyer.post(&format!("/api/v1/marketplace/orders/{order}/refund"), json!({})).await;
    refund.problem(409, "order_not_refundable");

    world.sandbox.set_dispute(&dispute, "challenged").unwrap();
    world.sandbox.set_dispute(&dispute, "won").unwrap();
    buyer.until_order(&world, &order, "completed").await;
    assert!(admin.waits("dispute_opened").await.is_none(), "nothing waits any more");
    assert_eq!(buyer.licences().await[0]["status"], "active");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_share_is_held_while_its_order_is_disputed() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let dispute = world.sandbox.dispute(&order, None).unwrap();
    buyer.until_order(&world, &order, "disputed").await;
    // The account becomes ready meanwhile: the share still waits.
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200);
    world.sandbox.set_account(account["account_id"].as_str().unwrap(), Some("active"), Some(true)).unwrap();
    seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200);
    let held = || async { seller.transfers().await.into_iter().find(|transfer| transfer["hold"] == "disputed") };
    let transfer = world.until("the share held by the dispute", held).await;
    assert_eq!((&transfer["status"], balance(&seller).await), (&json!("pending"), (0, 900, 0)));
    assert_eq!(world.sandbox.books().totals.get("eur").map_or(0, |totals| totals.transferred), 0, "nothing went out");

    world.sandbox.set_dispute(&dispute, "won").unwrap();
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_dispute_that_is_lost_takes_the_money_the_goods_and_the_share_and_costs_the_fee() {
    let world = World::with(&[("DISPUTE_FEE", "0")]).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    let dispute = world.sandbox.dispute(&order, None).unwrap();
    buyer.until_order(&world, &order, "disputed").await;
    world.sandbox.set_dispute(&dispute, "lost").unwrap();
    buyer.until_order(&world, &order, "charged_back").await;
    assert_eq!(buyer.licences().await[0]["status"], "revoked");
    seller.until_transfer(&world, &order, "reversed").await;
    assert_eq!(balance(&seller).await, (0, 0, 0));
    assert_eq!(disputes(&admin).await[0]["status"], "lost");
    assert_books_agree(&world).await;

    // The bank changes its mind: a new fact, with its own entries.
    world.sandbox.set_dispute(&dispute, "won").unwrap();
    buyer.until_order(&world, &order, "completed").await;
    assert_eq!(buyer.licences().await[0]["status"], "active");
    assert!(admin.waits("dispute_won_after_loss").await.is_some());
    let paid = || async {
        let paid: i64 = seller
            .transfers()
            .await
            .iter()
            .map(|t| t["amount"]["amount"].as_i64().unwrap() - t["amount_reversed"]["amount"].as_i64().unwrap())
            .sum();
        (paid == 900).then_some(())
    };
    world.until("the share sent again", paid).await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_dispute_opened_during_a_refund_shows_once_the_refund_has_ended() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    world.sandbox.script(Script::new(Op::CreateRefund, Fault::RefundPending)).unwrap();
    let refund = buyer.refund(&order, json!({"amount": 100})).await;
    world.sandbox.dispute(&order, Some(500)).unwrap();
    world.until("the dispute", || async { disputes(&admin).await.pop() }).await;
    assert_eq!(buyer.get_order(&order).await["status"], "refund_pending");
    world.sandbox.fail_refund(&refund).unwrap();
    buyer.until_order(&world, &order, "disputed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_dispute_whose_messages_are_all_lost_is_found_and_settled() {
    let world =
        World::with(&[("RECONCILE_WORKER_ENABLED", "false"), ("RECONCILE_ORDER_STUCK_AFTER", "0s"), ("PROVIDER_TIMEOUT", "1s")]).await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    let dispute = world.sandbox.dispute(&order, None).unwrap();
    buyer.until_order(&world, &order, "disputed").await;
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookLost).times(0)).unwrap();
    world.sandbox.set_dispute(&dispute, "lost").unwrap();
    let looked = || async {
        admin.post("/api/v1/admin/reconcile", Value::Null).await.ok(200);
        (buyer.get_order(&order).await["status"] == "charged_back").then_some(())
    };
    world.until("the lost dispute", looked).await;
    seller.until_transfer(&world, &order, "reversed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refund_made_elsewhere_is_imported_once_and_flagged() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    world.sandbox.script(Script::new(Op::Webhook, Fault::WebhookDoubled)).unwrap();
    world.sandbox.refund_from_dashboard(&order, Some(400)).unwrap();
    buyer.until_order(&world, &order, "partially_refunded").await;
    let refunds = buyer.get(&format!("/api/v1/marketplace/orders/{order}/refunds")).await.ok(200)["items"].as_array().unwrap().clone();
    assert_eq!((refunds.len(), &refunds[0]["external"], &refunds[0]["status"]), (1, &json!(true), &json!("succeeded")));
    assert!(admin.waits("external_refund").await.is_some());
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_refund_that_fails_after_it_had_succeeded_is_a_new_fact() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    let refund = buyer.refund(&order, json!({})).await;
    buyer.until_order(&world, &order, "refunded").await;
    seller.until_transfer(&world, &order, "reversed").await;
    world.sandbox.fail_refund(&refund).unwrap();
    buyer.until_order(&world, &order, "completed").await;
    assert!(admin.waits("refund_failed_after_success").await.is_some());
    assert_eq!(buyer.licences().await[0]["status"], "active");
    let paid = || async { seller.transfers().await.into_iter().find(|transfer| transfer["status"] == "completed") };
    world.until("the share sent again", paid).await;
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_reversal_made_at_connect_is_imported_and_the_share_is_not_sent_again_by_itself() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let transfer = seller.until_transfer(&world, &order, "completed").await;
    world.sandbox.reverse_transfer(transfer["stripe_transfer_id"].as_str().unwrap(), None).unwrap();
    seller.until_transfer(&world, &order, "reversed").await;
    let entry = admin.waits("external_reversal").await.expect("it waits on a person");
    assert_eq!(seller.transfers().await.len(), 1, "nothing goes out by itself");
    assert_books_agree(&world).await;
    let how = entry["how"].as_str().unwrap().strip_prefix("POST ").unwrap().split(',').next().unwrap().to_owned();
    admin.post(&how, Value::Null).await.ok(200);
    let paid = || async { seller.transfers().await.into_iter().find(|transfer| transfer["status"] == "completed") };
    assert_eq!(world.until("the replacement", paid).await["replaces"], transfer["id"]);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_debt_is_kept_back_from_the_next_share_and_both_show_it() {
    let world = World::start().await;
    let (seller, buyer) = (world.seller().await, world.buyer().await);
    let product = seller.product(euros(1_000)).await;
    let first = buyer.buy(&world, &[&product]).await;
    let transfer = seller.until_transfer(&world, &first, "completed").await;
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned();
    world.sandbox.payout(&account).unwrap();
    buyer.refund(&first, json!({"amount": 400})).await;
    let owing = || async { (balance(&seller).await == (0, 0, 360)).then_some(()) };
    world.until("the debt", owing).await;
    let refused = || async {
        let row = seller.transfers().await.into_iter().find(|row| row["id"] == transfer["id"])?;
        (row["reversals"][0]["hold"] == "balance_insufficient").then_some(())
    };
    world.until("the empty account", refused).await;

    let second = buyer.buy(&world, &[&product]).await;
    let paid = seller.until_transfer(&world, &second, "completed").await;
    assert_eq!(paid["amount"]["amount"], 540, "what is left of the share of 900 after the debt of 360");
    assert_eq!(paid["netted"]["amount"], 360, "and the transfer says what was kept of it");
    let settled = || async {
        let row = seller.transfers().await.into_iter().find(|row| row["id"] == transfer["id"])?;
        (row["reversals"][0]["status"] == "reversed").then(|| row["reversals"][0].clone())
    };
    let reversal = world.until("the debt paid", settled).await;
    assert_eq!((&reversal["netted"]["amount"], &reversal["stripe_reversal_id"]), (&json!(360), &Value::Null));
    assert_eq!(balance(&seller).await, (0, 0, 0));
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_debt_that_is_written_off_is_the_platforms() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let transfer = seller.until_transfer(&world, &order, "completed").await;
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned();
    world.sandbox.payout(&account).unwrap();
    buyer.refund(&order, json!({})).await;
    let waiting = || async {
        let row = seller.transfers().await.into_iter().find(|row| row["id"] == transfer["id"])?;
        (row["reversals"][0]["hold"] == "balance_insufficient").then(|| row["reversals"][0]["id"].as_str().unwrap().to_owned())
    };
    let reversal = world.until("the empty account", waiting).await;
    let path = format!("/api/v1/admin/reversals/{reversal}/write-off");
    let written = || async { (admin.post(&path, Value::Null).await.status == 200).then_some(()) };
    world.until("no call under way, and the write-off", written).await;
    assert_eq!(balance(&seller).await, (0, 0, 0));
    admin.post(&path, Value::Null).await.problem(409, "reversal_not_open");
    let ledger = admin.get("/api/v1/admin/ledger").await.ok(200);
    let loss = ledger["items"].as_array().unwrap().iter().find(|row| row["account"] == "dispute_loss").unwrap();
    assert_eq!(loss["balance"]["amount"], 900);
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn a_payout_that_fails_after_it_was_paid_is_shown_and_waits_on_a_person() {
    let world = World::start().await;
    let (seller, buyer, admin) = (world.seller().await, world.buyer().await, world.admin().await);
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    seller.until_transfer(&world, &order, "completed").await;
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned();
    world.sandbox.payout(&account).unwrap();
    let shown = |status: &'static str| {
        let seller = seller.clone();
        move || {
            let seller = seller.clone();
            async move {
                let payouts = seller.get("/api/v1/seller/payouts").await.ok(200)["items"].as_array().unwrap().clone();
                payouts.into_iter().find(|payout| payout["status"] == status)
            }
        }
    };
    let paid = world.until("the payout", shown("paid")).await;
    assert_eq!(paid["amount"]["amount"], 900);
    let failure = Some(("account_closed".to_owned(), "The bank account has been closed.".to_owned()));
    world.sandbox.set_payout(paid["id"].as_str().unwrap(), veza_sandbox::PayoutStatus::Failed, failure).unwrap();
    world.until("its failure", shown("failed")).await;
    let entry = admin.waits("payout_failed").await.expect("it waits on a person");
    assert!(entry["why"].as_str().unwrap().contains("after it had been paid"), "{entry}");
    assert_books_agree(&world).await;
    world.stop().await;
}

#[tokio::test]
async fn an_account_that_becomes_ready_is_told_by_its_message() {
    let world = World::start().await;
    let (seller, buyer) = (world.creator().await, world.buyer().await);
    let account = seller.post("/api/v1/seller/onboarding", Value::Null).await.ok(200)["account_id"].as_str().unwrap().to_owned();
    let order = buyer.buy(&world, &[&seller.product(euros(1_000)).await]).await;
    let held = || async { seller.transfers().await.into_iter().find(|transfer| transfer["hold"] == "account_not_ready") };
    world.until("the share held", held).await;
    world.sandbox.set_account(&account, Some("active"), Some(true)).unwrap();
    seller.until_transfer(&world, &order, "completed").await;
    assert_books_agree(&world).await;
    world.stop().await;
}
