//! What goes: entries of the operators' list, and nothing else.

use super::check::{Store, apply, commit, conflicts, insert, invalid, unchanged, update, world};
use super::sample::{
    admin_action, attention, debt, delivery, effect, exclusive, hash, idempotency, invoice, journal, licence, line, mail_token, netting,
    order_id, payout, posting, product_id, refund, reversal_id, session, session_id, subscription, subscription_id, transfer, trial, unit,
    user, user_id,
};
use crate::storage::{Committed, Row, RowKey, Write};
use veza_domain::attention::{Attention, Code};
use veza_domain::ledger::Account;

fn flag(n: u32, code: Code) -> Attention {
    attention(order_id(n), code, i64::from(n))
}

fn key(n: u32, code: Code) -> RowKey {
    Row::Attention(flag(n, code)).key()
}

async fn flags(store: &Store) -> Vec<(u32, Code)> {
    let entries = store.attention(100, None).await.unwrap();
    let number = |entry: &Attention| (1..9).find(|n| entry.subject.id() == order_id(*n).0).unwrap();
    entries.iter().map(|entry| (number(entry), entry.code)).collect()
}

const MISMATCH: Code = Code::AmountMismatch;
const REFUSED: Code = Code::ProviderRefused;

pub async fn a_removal_wants_the_entry(store: Store) {
    world(&store).await;
    insert(&store, "flags", vec![Row::Attention(flag(1, MISMATCH)), Row::Attention(flag(1, REFUSED)), Row::Attention(flag(2, MISMATCH))])
        .await;
    conflicts(&store, "never there", vec![Write::Remove(key(2, REFUSED))], &key(2, REFUSED)).await;
    apply(&store, "gone", vec![Write::Remove(key(1, MISMATCH))]).await;
    assert_eq!(flags(&store).await, [(1, REFUSED), (2, MISMATCH)], "that one, and no other");
    assert_eq!(store.attention_entry(order_id(1).0, MISMATCH).await.unwrap(), None);
    conflicts(&store, "twice", vec![Write::Remove(key(1, MISMATCH))], &key(1, MISMATCH)).await;
    let twice = vec![Write::Remove(key(1, REFUSED)), Write::Remove(key(1, REFUSED))];
    conflicts(&store, "twice in one unit", twice, &key(1, REFUSED)).await;
    assert_eq!(flags(&store).await, [(1, REFUSED), (2, MISMATCH)]);
}

pub async fn a_clearing_takes_what_is_there(store: Store) {
    world(&store).await;
    insert(&store, "flags", vec![Row::Attention(flag(1, MISMATCH)), Row::Attention(flag(2, MISMATCH)), Row::Attention(flag(3, REFUSED))])
        .await;
    let writes = vec![
        Write::Clear(key(1, MISMATCH)),
        Write::Clear(key(1, REFUSED)),
        Write::Clear(key(2, MISMATCH)),
        Write::Clear(key(2, MISMATCH)),
        Write::Insert(Row::Effect(effect(1, 0))),
    ];
    apply(&store, "cleared", writes).await;
    assert_eq!(flags(&store).await, [(3, REFUSED)]);
    apply(&store, "nothing to clear", vec![Write::Clear(key(1, MISMATCH))]).await;
}

/// The writes of one entry happen in the order given.
pub async fn an_entry_may_come_again(store: Store) {
    world(&store).await;
    let entry = |detail: &str| Row::Attention(Attention { detail: detail.to_owned(), ..flag(1, MISMATCH) });
    insert(&store, "first", vec![entry("first")]).await;
    let detail = async || store.attention_entry(order_id(1).0, MISMATCH).await.unwrap().map(|entry| entry.detail);
    apply(&store, "anew", vec![Write::Clear(key(1, MISMATCH)), Write::Ensure(entry("second"))]).await;
    assert_eq!(detail().await.as_deref(), Some("second"));
    apply(&store, "removed", vec![Write::Remove(key(1, MISMATCH)), Write::Insert(entry("third"))]).await;
    assert_eq!(detail().await.as_deref(), Some("third"));
    apply(&store, "flagged and over", vec![Write::Ensure(entry("fourth")), Write::Clear(key(1, MISMATCH))]).await;
    assert_eq!(detail().await, None);
    let fleeting = vec![Write::Insert(entry("fifth")), Write::Remove(key(1, MISMATCH)), Write::Clear(key(1, MISMATCH))];
    apply(&store, "come and gone", fleeting).await;
    assert_eq!(detail().await, None);
    let gone = vec![Write::Clear(key(1, MISMATCH)), unchanged(key(1, MISMATCH), 1)];
    conflicts(&store, "guarded after it went", gone, &key(1, MISMATCH)).await;
}

pub async fn what_a_refused_unit_removes_stays(store: Store) {
    world(&store).await;
    insert(&store, "flags", vec![Row::Attention(flag(1, MISMATCH)), Row::Attention(flag(2, MISMATCH))]).await;
    let last = Row::Delivery(delivery(1)).key();
    let writes = vec![Write::Remove(key(1, MISMATCH)), Write::Clear(key(2, MISMATCH)), unchanged(last.clone(), 1)];
    conflicts(&store, "late", writes, &last).await;
    let stale = update(Row::User(user(1)), 9);
    conflicts(&store, "early", vec![Write::Clear(key(2, MISMATCH)), stale], &RowKey::User(user_id(1))).await;
    assert_eq!(flags(&store).await, [(1, MISMATCH), (2, MISMATCH)]);
    let again = unit("again", vec![Write::Remove(key(1, MISMATCH))]);
    assert!(matches!(commit(&store, again.clone()).await, Ok(Committed::Applied)));
    assert!(matches!(commit(&store, again).await, Ok(Committed::AlreadyApplied)), "a repeated unit removes nothing and is told so");
}

pub async fn nothing_else_is_ever_removed(store: Store) {
    world(&store).await;
    let posted = posting("event", order_id(1), super::sample::currency("EUR"), &[(Account::PspClearing, 5), (Account::PlatformFee, -5)]);
    let rows = vec![
        Row::MailToken(mail_token(1)),
        Row::Session(session(1)),
        Row::RefreshToken(super::sample::refresh_token(1, session_id(1))),
        Row::Exclusive(exclusive(1, order_id(1))),
        Row::SellerAccount(super::sample::seller_account(2)),
        Row::Idempotency(idempotency("key")),
        Row::Refund(refund(1, order_id(1))),
        Row::Licence(licence(&line(1, 0))),
        Row::Transfer(transfer(1, order_id(1))),
        Row::Reversal(debt(1, order_id(1))),
        Row::Dispute(super::sample::dispute(1, order_id(1))),
        Row::Netting(netting(1, order_id(1), reversal_id(1))),
        Row::Payout(payout(1)),
        Row::Posting(posted),
        Row::Effect(effect(1, 0)),
        Row::Delivery(delivery(1)),
        Row::Journal(journal(1, order_id(1))),
        Row::AdminAction(admin_action(1)),
        Row::Trial(trial(1)),
        Row::Subscription(subscription(1, user_id(1))),
        Row::Invoice(invoice(1, subscription_id(1))),
    ];
    let mut keys: Vec<RowKey> = rows.iter().map(Row::key).collect();
    keys.extend([RowKey::User(user_id(1)), RowKey::Product(product_id(1)), RowKey::Order(order_id(1)), RowKey::Line(line(1, 0).id)]);
    keys.extend([RowKey::User(user_id(99)), RowKey::RefreshToken(hash(99))]);
    insert(&store, "rows", rows).await;
    let before = super::observe::observe(store.as_ref()).await;
    for key in &keys {
        invalid(&store, "removed", vec![Write::Remove(key.clone())], key).await;
        invalid(&store, "cleared", vec![Write::Clear(key.clone())], key).await;
    }
    let after = super::observe::observe(store.as_ref()).await;
    assert!(before.differences(&after).is_empty(), "{:?}", before.differences(&after));
}
