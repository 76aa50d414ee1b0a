//! Guards, atomicity and the ids of units.

use super::check::{Store, apply, commit, conflicts, first, insert, invalid, unchanged, update, versioned, world};
use super::sample::{
    T0, admin_action, at, attention, debt, delivery, dispute, effect, effect_id, euros, hash, journal, line, netting, order, order_id,
    posting, refund, reversal_id, session, session_id, transfer, transfer_id, trial, unit, user, user_id,
};
use crate::storage::{CommitError, Committed, Row, RowKey, UnitId, UnitOfWork, Write};
use veza_domain::attention::Code;
use veza_domain::effect::Effect;
use veza_domain::identity::{Email, User};
use veza_domain::journal::{AdminAction, Journal};
use veza_domain::ledger::Account;
use veza_domain::netting::Netting;
use veza_domain::refund::{Refund, RefundStatus};
use veza_domain::settlement::Change;
use veza_domain::transfer::TransferStatus;
use veza_domain::webhook::ProcessingResult;

fn failing(n: u32, failures: u32) -> Row {
    Row::User(User { failed_logins: failures, ..user(n) })
}

async fn failed_logins(store: &Store, n: u32) -> Option<(u32, i64)> {
    store.user(user_id(n)).await.unwrap().map(|user| (user.value.failed_logins, user.revision.0))
}

pub async fn an_insert_wants_no_such_row(store: Store) {
    insert(&store, "first", vec![failing(1, 0)]).await;
    conflicts(&store, "second", vec![Write::Insert(failing(1, 9))], &RowKey::User(user_id(1))).await;
    let changed = User { email: Email::new("other@example.org").unwrap(), ..user(1) };
    conflicts(&store, "third", vec![Write::Insert(Row::User(changed))], &RowKey::User(user_id(1))).await;
    assert_eq!(failed_logins(&store, 1).await, Some((0, 1)));
}

pub async fn an_ensure_keeps_what_is_there(store: Store) {
    apply(&store, "first", vec![Write::Ensure(failing(1, 0))]).await;
    assert_eq!(failed_logins(&store, 1).await, Some((0, 1)));
    apply(&store, "second", vec![Write::Ensure(failing(1, 9)), Write::Ensure(failing(2, 2))]).await;
    assert_eq!(failed_logins(&store, 1).await, Some((0, 1)));
    assert_eq!(failed_logins(&store, 2).await, Some((2, 1)));
    apply(&store, "third", vec![update(failing(1, 3), 1), Write::Ensure(failing(1, 9))]).await;
    assert_eq!(failed_logins(&store, 1).await, Some((3, 2)), "an ensure moves no revision");
}

pub async fn an_update_wants_the_row_at_its_revision(store: Store) {
    let key = RowKey::User(user_id(1));
    conflicts(&store, "missing", vec![update(failing(1, 1), 1)], &key).await;
    assert_eq!(failed_logins(&store, 1).await, None);
    insert(&store, "insert", vec![failing(1, 0)]).await;
    for wrong in [0, 2, -1, i64::MAX] {
        conflicts(&store, "wrong", vec![update(failing(1, 1), wrong)], &key).await;
    }
    apply(&store, "right", vec![update(failing(1, 1), 1)]).await;
    conflicts(&store, "stale", vec![update(failing(1, 2), 1)], &key).await;
    assert_eq!(failed_logins(&store, 1).await, Some((1, 2)));
    apply(&store, "next", vec![update(failing(1, 2), 2)]).await;
    assert_eq!(failed_logins(&store, 1).await, Some((2, 3)));
}

pub async fn an_unchanged_row_is_guarded_and_not_written(store: Store) {
    world(&store).await;
    let posted = posting("event", order_id(1), euros(0).currency, &[(Account::PspClearing, 5), (Account::PlatformFee, -5)]);
    insert(&store, "posting", vec![Row::Posting(posted), Row::Session(session(1)), Row::Effect(effect(1, 0))]).await;
    let rows = [
        RowKey::User(user_id(1)),
        RowKey::Order(order_id(1)),
        RowKey::Line(line(1, 0).id),
        RowKey::Posting("event".to_owned()),
        RowKey::Session(session_id(1)),
        RowKey::Effect(effect_id(1)),
    ];
    for (n, key) in rows.iter().enumerate() {
        apply(&store, &format!("as read {n}"), vec![unchanged(key.clone(), 1), unchanged(key.clone(), 1)]).await;
        conflicts(&store, "ahead", vec![unchanged(key.clone(), 2)], key).await;
    }
    let missing = [RowKey::User(user_id(99)), RowKey::RefreshToken(hash(9)), RowKey::Transfer(transfer_id(9))];
    for key in &missing {
        conflicts(&store, "missing", vec![unchanged(key.clone(), 1)], key).await;
    }
    apply(&store, "moved", vec![update(failing(1, 1), 1)]).await;
    conflicts(&store, "behind", vec![unchanged(RowKey::User(user_id(1)), 1)], &RowKey::User(user_id(1))).await;
    apply(&store, "own write", vec![update(failing(1, 2), 2), unchanged(RowKey::User(user_id(1)), 3)]).await;
    assert_eq!(failed_logins(&store, 1).await, Some((2, 3)));
}

/// Of an order's file: who read it before the new row was there decides anew, be it that the order itself is as it was.
pub async fn a_row_that_comes_new_is_seen_by_who_read_before_it(store: Store) {
    world(&store).await;
    insert(&store, "refund", vec![Row::Refund(refund(1, order_id(1)))]).await;
    let before = store.order_file(order_id(1)).await.unwrap().unwrap();
    let loss = Refund { amount: euros(9000), ..refund(2, order_id(1)) };
    let new = [
        Change::Refund(loss.clone()),
        Change::Transfer(transfer(1, order_id(1))),
        Change::Reversal(debt(1, order_id(1))),
        Change::Dispute(dispute(1, order_id(1))),
    ];
    let settled = Change::Refund(Refund { status: RefundStatus::Failed, ..refund(1, order_id(1)) });
    for (n, new) in new.iter().enumerate() {
        let read = store.order_file(order_id(1)).await.unwrap().unwrap();
        apply(&store, &format!("new {n}"), read.writes(std::slice::from_ref(new))).await;
        for (which, stale) in [("first", &before), ("last", &read)] {
            let writes = stale.writes(std::slice::from_ref(&settled));
            conflicts(&store, &format!("{which} {n}"), writes, &RowKey::Order(order_id(1))).await;
        }
    }
    let now = store.order_file(order_id(1)).await.unwrap().unwrap();
    assert_eq!((&now.file.order, now.file.refunds.last()), (&before.file.order, Some(&loss)));
    apply(&store, "anew", now.writes(&[settled])).await;
}

pub async fn a_refused_unit_leaves_nothing(store: Store) {
    world(&store).await;
    let before = super::observe::observe(store.as_ref()).await;
    let posted = posting("event", order_id(1), euros(0).currency, &[(Account::PspClearing, 5), (Account::PlatformFee, -5)]);
    let writes = vec![
        Write::Insert(Row::User(user(6))),
        update(failing(2, 3), 1),
        Write::Insert(Row::Session(session(1))),
        update(Row::Order(super::sample::order_full(1)), 1),
        Write::Insert(Row::Line(line(1, 1))),
        Write::Insert(Row::Transfer(transfer(1, order_id(1)))),
        Write::Insert(Row::Posting(posted)),
        Write::Insert(Row::Effect(effect(1, 0))),
        Write::Ensure(Row::Attention(attention(order_id(1), Code::AmountMismatch, 0))),
    ];
    let last = RowKey::Delivery(delivery(1).id);
    let refused = [writes.clone(), vec![unchanged(last.clone(), 1)]].concat();
    conflicts(&store, "refused", refused, &last).await;
    assert!(before.differences(&super::observe::observe(store.as_ref()).await).is_empty(), "nothing is left behind");
    let applied = [writes, vec![Write::Insert(Row::Delivery(delivery(1)))]].concat();
    apply(&store, "refused", applied).await;
}

pub async fn a_refused_unit_leaves_its_neighbours(store: Store) {
    world(&store).await;
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..60_u32 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut writes = vec![Write::Insert(failing(100 + n, n))];
            if n % 3 == 0 {
                writes.push(unchanged(RowKey::Delivery(delivery(1).id), 1));
            }
            (n, commit(&store, unit(&format!("neighbour {n}"), writes)).await)
        });
    }
    while let Some(joined) = tasks.join_next().await {
        let (n, answer) = joined.unwrap();
        if n % 3 == 0 {
            assert!(matches!(answer, Err(CommitError::Conflict(_))), "{answer:?}");
        } else {
            assert!(matches!(answer, Ok(Committed::Applied)), "{answer:?}");
        }
    }
    for n in 0..60 {
        assert_eq!(failed_logins(&store, 100 + n).await, (n % 3 != 0).then_some((n, 1)));
    }
}

pub async fn a_unit_that_comes_again_changes_nothing(store: Store) {
    let first = unit("once", vec![Write::Insert(failing(1, 1))]);
    assert!(matches!(commit(&store, first.clone()).await, Ok(Committed::Applied)));
    assert!(matches!(commit(&store, first.clone()).await, Ok(Committed::AlreadyApplied)));
    apply(&store, "between", vec![update(failing(1, 2), 1)]).await;
    assert!(matches!(commit(&store, first).await, Ok(Committed::AlreadyApplied)));
    let redecided = unit("once", vec![update(failing(1, 3), 2)]);
    assert!(matches!(commit(&store, redecided).await, Ok(Committed::AlreadyApplied)), "the id decides, not the writes");
    assert_eq!(failed_logins(&store, 1).await, Some((2, 2)));
}

pub async fn a_unit_id_is_one_requests(store: Store) {
    apply(&store, "mine", vec![Write::Insert(failing(1, 1))]).await;
    let mut other = [7; 32];
    other[31] = 8;
    let stolen = UnitOfWork::new(UnitId("mine".to_owned()), other, T0, vec![Write::Insert(failing(2, 1))]);
    let answer = commit(&store, stolen).await;
    assert!(matches!(&answer, Err(CommitError::IdReused(id)) if id.0 == "mine"), "{answer:?}");
    assert_eq!(failed_logins(&store, 2).await, None);
    let replay = commit(&store, unit("mine", Vec::new())).await;
    assert!(matches!(replay, Ok(Committed::AlreadyApplied)), "{replay:?}");
    apply(&store, "Mine", vec![Write::Insert(failing(2, 1))]).await;
}

pub async fn a_refused_unit_uses_up_no_id(store: Store) {
    conflicts(&store, "again", vec![update(failing(1, 1), 1)], &RowKey::User(user_id(1))).await;
    let other = UnitOfWork::new(UnitId("again".to_owned()), [9; 32], at(5), vec![Write::Insert(failing(1, 4))]);
    assert!(matches!(commit(&store, other).await, Ok(Committed::Applied)));
    assert_eq!(failed_logins(&store, 1).await, Some((4, 1)));
}

pub async fn two_updates_of_one_row_in_one_unit(store: Store) {
    world(&store).await;
    apply(&store, "fresh", vec![Write::Insert(failing(6, 0)), update(failing(6, 1), 1), update(failing(6, 2), 2)]).await;
    assert_eq!(failed_logins(&store, 6).await, Some((2, 3)));
    let gap = vec![update(failing(6, 3), 3), update(failing(6, 4), 5)];
    conflicts(&store, "gap", gap, &RowKey::User(user_id(6))).await;
    conflicts(&store, "same", vec![update(failing(6, 3), 3), update(failing(6, 4), 3)], &RowKey::User(user_id(6))).await;
    assert_eq!(failed_logins(&store, 6).await, Some((2, 3)));

    let open = transfer(1, order_id(1));
    insert(&store, "open", vec![Row::Transfer(open.clone())]).await;
    let steps = open.closed().unwrap();
    let writes = steps.iter().zip(1..).map(|(step, revision)| update(Row::Transfer(step.clone()), revision)).collect();
    apply(&store, "closed", writes).await;
    let stored = store.order_file(order_id(1)).await.unwrap().unwrap();
    assert_eq!(stored.file.transfers, [steps.last().unwrap().clone()]);
    assert_eq!(stored.file.transfers[0].status(), TransferStatus::PermanentlyFailed);
    assert_eq!(stored.revisions[&RowKey::Transfer(transfer_id(1))].0, 3);
}

pub async fn what_is_appended_is_never_updated(store: Store) {
    world(&store).await;
    let entries = [(Account::PspClearing, 5), (Account::PlatformFee, -5)];
    let posted = posting("event", order_id(1), euros(0).currency, &entries);
    let flagged = attention(order_id(1), Code::AmountMismatch, 0);
    insert(&store, "debt", vec![Row::Reversal(debt(1, order_id(2)))]).await;
    let rows = [
        Row::Posting(posted),
        Row::Attention(flagged.clone()),
        Row::Delivery(delivery(1)),
        Row::Netting(netting(1, order_id(1), reversal_id(1))),
        Row::Journal(journal(1, order_id(1))),
        Row::AdminAction(admin_action(1)),
        Row::Trial(trial(1)),
    ];
    for (n, row) in rows.iter().enumerate() {
        invalid(&store, "missing", vec![update(row.clone(), 1)], &row.key()).await;
        insert(&store, &format!("insert {n}"), vec![row.clone()]).await;
        invalid(&store, "same", vec![update(row.clone(), 1)], &row.key()).await;
    }
    let mut louder = flagged.clone();
    louder.detail = "louder".to_owned();
    let mut delivered = delivery(1);
    delivered.result = ProcessingResult::Ok;
    let doubled = posting("event", order_id(1), euros(0).currency, &entries.map(|(account, amount)| (account, 2 * amount)));
    let changed = [
        Row::Posting(doubled),
        Row::Attention(louder.clone()),
        Row::Delivery(delivered),
        Row::Netting(Netting { amount: euros(41), ..netting(1, order_id(1), reversal_id(1)) }),
        Row::Journal(Journal { text: "another".to_owned(), ..journal(1, order_id(1)) }),
        Row::AdminAction(AdminAction { detail: "another".to_owned(), ..admin_action(1) }),
    ];
    for (n, row) in changed.iter().enumerate() {
        invalid(&store, "changed", vec![update(row.clone(), 1)], &row.key()).await;
        conflicts(&store, "twice", vec![Write::Insert(row.clone())], &row.key()).await;
        apply(&store, &format!("ensure {n}"), vec![Write::Ensure(row.clone())]).await;
    }
    assert_eq!(store.attention_of_order(order_id(1)).await.unwrap(), [flagged]);
    assert_eq!(store.delivery(delivery(1).id).await.unwrap(), Some(delivery(1)));
    let balances: Vec<i64> = store.ledger_balances().await.unwrap().iter().map(|(_, _, amount)| amount.0).collect();
    assert_eq!(balances, [5, -5], "an event posts once");
    assert_eq!(store.order_file(order_id(1)).await.unwrap().unwrap().file.nettings, [netting(1, order_id(1), reversal_id(1))]);
    assert_eq!(store.history(order_id(1)).await.unwrap().journal, [journal(1, order_id(1))]);
    assert_eq!(store.admin_actions(first(9)).await.unwrap(), [admin_action(1)]);
}

pub async fn the_first_write_that_fails_is_named(store: Store) {
    world(&store).await;
    let (user_key, order_key) = (RowKey::User(user_id(1)), RowKey::Order(order_id(1)));
    let two = vec![update(Row::Order(order(1)), 9), update(failing(1, 1), 9)];
    conflicts(&store, "two", two, &user_key).await;
    let mut unbalanced = posting("event", order_id(1), euros(0).currency, &[(Account::PspClearing, 5)]);
    unbalanced.entries.truncate(1);
    let guard_first = vec![Write::Insert(Row::Posting(unbalanced.clone())), unchanged(order_key.clone(), 9)];
    conflicts(&store, "guard first", guard_first, &order_key).await;
    let row_first = vec![Write::Insert(Row::Posting(unbalanced.clone())), unchanged(RowKey::Delivery(delivery(1).id), 9)];
    invalid(&store, "row first", row_first, &RowKey::Posting(unbalanced.event)).await;
}

pub async fn a_unit_may_be_empty(store: Store) {
    apply(&store, "empty", Vec::new()).await;
    assert!(matches!(commit(&store, unit("empty", Vec::new())).await, Ok(Committed::AlreadyApplied)));
    insert(&store, "effect", vec![Row::Effect(effect(1, 0))]).await;
    let expected: Effect = effect(1, 0);
    assert_eq!(store.effect(effect_id(1)).await.unwrap(), Some(versioned(expected, 1)));
}
