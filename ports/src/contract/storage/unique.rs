//! Values that may stand once only.

use super::check::{Store, apply, commit, conflicts, insert, update, versioned, world};
use super::sample::{
    dispute, hash, line, mail_token, mail_token_id, order, order_full, order_id, refund, refund_full, refund_id, reversal, reversal_full,
    seller_account, seller_account_full, subscription, transfer, transfer_full, transfer_id, unit, user, user_id,
};
use crate::storage::{CommitError, Row, RowKey, UniqueValue, Write};
use veza_domain::dispute::Dispute;
use veza_domain::identity::{Email, MailToken, User, Username};
use veza_domain::order::Order;
use veza_domain::payout::SellerAccount;
use veza_domain::refund::Refund;
use veza_domain::reversal::Reversal;
use veza_domain::subscription::{Subscription, SubscriptionStatus};
use veza_domain::transfer::TransferStatus;

async fn taken(store: &Store, id: &str, writes: Vec<Write>, key: &RowKey, value: UniqueValue) {
    let answer = commit(store, unit(id, writes)).await;
    assert!(matches!(&answer, Err(CommitError::Taken(on, what)) if on == key && *what == value), "{id} {value:?}: {answer:?}");
}

fn email(n: u32, text: &str) -> Row {
    Row::User(User { email: Email::new(text).unwrap(), ..user(n) })
}

/// A world with one row of each kind that has a value, and per value a row that takes it again.
async fn stage(store: &Store) -> Vec<(UniqueValue, Row, Row)> {
    world(store).await;
    let second_line = Row::Line(line(1, 1));
    let transfers = [transfer_full(1, order_id(1), TransferStatus::Completed), transfer(2, order_id(1))].map(Row::Transfer);
    let reversals = [reversal_full(1, order_id(1), transfer_id(1), refund_id(1)), reversal(2, order_id(1), transfer_id(2), refund_id(2))]
        .map(Row::Reversal);
    let refunds = [refund_full(1, 1), refund(2, order_id(1))].map(Row::Refund);
    let disputes = [dispute(1, order_id(1)), dispute(2, order_id(1))].map(Row::Dispute);
    let tokens = [1, 2].map(|n| Row::MailToken(mail_token(n)));
    let accounts = [seller_account_full(1), seller_account(2)].map(Row::SellerAccount);
    let plans = [1, 2].map(|n| Row::Subscription(subscription(n, user_id(n))));
    let rows = [
        vec![second_line],
        plans.to_vec(),
        transfers.to_vec(),
        reversals.to_vec(),
        refunds.to_vec(),
        disputes.to_vec(),
        tokens.to_vec(),
        accounts.to_vec(),
    ];
    insert(store, "stage", rows.concat()).await;
    apply(store, "payment", vec![update(Row::Order(order_full(1)), 1)]).await;

    let mut again = transfer(3, order_id(1));
    again.stripe_transfer_id = Some("tr_1".to_owned());
    let mut moved = again.clone();
    moved.id = transfer_id(2);
    let name = |n| Row::User(User { username: Username::new("uSER.1").unwrap(), ..user(n) });
    let token = |n| Row::MailToken(MailToken { hash: hash(1), ..mail_token(n) });
    let account = |n| Row::SellerAccount(SellerAccount { stripe_account_id: Some("acct_1".to_owned()), ..seller_account(n) });
    let payment = |n| Row::Order(Order { payment_id: Some("pay_1".to_owned()), ..order(n) });
    let refunded = |n| Row::Refund(Refund { psp_refund_id: Some("ref_1".to_owned()), ..refund(n, order_id(1)) });
    let reversed = |n, refund| {
        let plain = reversal(n, order_id(1), transfer_id(2), refund_id(refund));
        Row::Reversal(Reversal { stripe_reversal_id: Some("trr_1".to_owned()), ..plain })
    };
    let plan = |n| Row::Subscription(subscription(n, user_id(1)));
    let disputed = |n| Row::Dispute(Dispute { psp_dispute_id: "dp_1".to_owned(), ..dispute(n, order_id(2)) });
    vec![
        (UniqueValue::Email, email(6, "User1@Example.org"), email(2, "user1@example.org")),
        (UniqueValue::Username, name(6), name(2)),
        (UniqueValue::PaymentId, payment(6), payment(2)),
        (UniqueValue::PspRefundId, refunded(3), refunded(2)),
        (UniqueValue::StripeTransferId, Row::Transfer(again), Row::Transfer(moved)),
        (UniqueValue::StripeReversalId, reversed(3, 1), reversed(2, 2)),
        (UniqueValue::PspDisputeId, disputed(3), disputed(2)),
        (UniqueValue::StripeAccountId, account(3), account(2)),
        (UniqueValue::OpenSubscription, plan(3), plan(2)),
        (UniqueValue::MailTokenHash, token(3), token(2)),
    ]
}

pub async fn every_value_stands_once(store: Store) {
    let clashes = stage(&store).await;
    let before = super::observe::observe(store.as_ref()).await;
    for (value, new, known) in clashes {
        taken(&store, "insert", vec![Write::Insert(new.clone())], &new.key(), value).await;
        taken(&store, "ensure", vec![Write::Ensure(new.clone())], &new.key(), value).await;
        taken(&store, "update", vec![update(known.clone(), 1)], &known.key(), value).await;
    }
    assert!(before.differences(&super::observe::observe(store.as_ref()).await).is_empty());
}

pub async fn nothing_never_clashes(store: Store) {
    stage(&store).await;
    let over = |n| Subscription { status: SubscriptionStatus::Expired, ..subscription(n, user_id(1)) };
    let rows = vec![
        Row::Order(order(7)),
        Row::Order(order(8)),
        Row::Refund(refund(7, order_id(2))),
        Row::Refund(refund(8, order_id(2))),
        Row::Transfer(transfer(7, order_id(2))),
        Row::Transfer(transfer(8, order_id(3))),
        Row::Reversal(reversal(7, order_id(2), transfer_id(7), refund_id(7))),
        Row::Reversal(reversal(8, order_id(2), transfer_id(7), refund_id(8))),
        Row::SellerAccount(seller_account(4)),
        Row::SellerAccount(seller_account(5)),
        Row::Subscription(over(7)),
        Row::Subscription(over(8)),
    ];
    insert(&store, "several without", rows).await;
}

pub async fn a_value_given_up_is_free_again(store: Store) {
    world(&store).await;
    apply(&store, "own", vec![update(email(1, "user1@example.org"), 1)]).await;
    let handed_on = vec![update(email(1, "new@example.org"), 2), update(email(2, "user1@example.org"), 1)];
    apply(&store, "handed on", handed_on).await;
    let found = store.user_by_email(&Email::new("user1@example.org").unwrap()).await.unwrap();
    assert_eq!(found.map(|user| user.value.id), Some(user_id(2)));
    // The other way round the first write finds its value still taken.
    let too_early = vec![update(email(1, "user3@example.org"), 3), update(email(3, "new3@example.org"), 1)];
    taken(&store, "too early", too_early, &RowKey::User(user_id(1)), UniqueValue::Email).await;
    let twice = vec![Write::Insert(email(6, "six@example.org")), Write::Insert(email(7, "six@example.org"))];
    taken(&store, "twice", twice, &RowKey::User(user_id(7)), UniqueValue::Email).await;
    insert(&store, "free", vec![email(6, "six@example.org")]).await;
}

pub async fn of_two_values_the_first_is_named(store: Store) {
    world(&store).await;
    let both = User { username: Username::new("user.2").unwrap(), email: Email::new("user3@example.org").unwrap(), ..user(6) };
    taken(&store, "both", vec![Write::Insert(Row::User(both))], &RowKey::User(user_id(6)), UniqueValue::Email).await;
}

pub async fn a_conflict_comes_before_a_clash(store: Store) {
    world(&store).await;
    insert(&store, "tokens", vec![Row::MailToken(mail_token(1)), Row::MailToken(mail_token(2))]).await;
    let clash = || MailToken { hash: hash(1), ..mail_token(2) };
    let key = RowKey::MailToken(mail_token_id(2));
    conflicts(&store, "insert", vec![Write::Insert(Row::MailToken(clash()))], &key).await;
    conflicts(&store, "update", vec![update(Row::MailToken(clash()), 5)], &key).await;
    apply(&store, "ensure", vec![Write::Ensure(Row::MailToken(clash()))]).await;
    assert_eq!(store.mail_token(hash(2)).await.unwrap(), Some(versioned(mail_token(2), 1)));
}
