//! What holds when many come at once.

use super::check::{Store, apply, commit, insert, update, world};
use super::sample::{
    at, delivery_id, euros, exclusive, line, mail_token, order, order_id, posting, product_id, refund, refund_id, unit, user, user_id,
};
use crate::storage::{CommitError, Committed, Row, RowKey, UniqueValue, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::task::JoinSet;
use veza_domain::backoff::RetryPolicy;
use veza_domain::identity::{MailToken, User};
use veza_domain::ledger::Account;
use veza_domain::licence::ExclusiveState;
use veza_domain::money::{Minor, Money};
use veza_domain::order::{Order, OrderStatus};
use veza_domain::settlement::{Context, Fact, PaymentFact, PaymentStatus, Source, Verdict, decide};
use veza_domain::subscription::{BillingPolicy, Dunning};

/// How many come at once.
pub(super) const CROWD: u32 = 24;
/// How often a writer writes at least, and at most, while readers read.
const ROUNDS: i64 = 40;
const ROUNDS_MAX: i64 = 2000;
/// How often readers read at least, unless the writer is done by then.
const READS: u32 = 100;
/// Between reading and writing, so that others come in between.
const DECIDING: Duration = Duration::from_millis(1);

pub(super) type Answer = Result<Committed, CommitError>;

/// Brings a unit from each of a crowd at once.
pub(super) async fn crowd(store: &Store, writes: impl Fn(u32) -> (String, Vec<Write>)) -> Vec<(u32, Answer)> {
    let mut tasks = JoinSet::new();
    let start = Arc::new(tokio::sync::Barrier::new(CROWD as usize));
    for n in 0..CROWD {
        let (id, writes) = writes(n);
        let (store, start) = (store.clone(), start.clone());
        tasks.spawn(async move {
            start.wait().await;
            (n, commit(&store, unit(&id, writes)).await)
        });
    }
    tasks.join_all().await
}

pub(super) fn applied(answers: &[(u32, Answer)]) -> Vec<u32> {
    answers.iter().filter(|(_, answer)| matches!(answer, Ok(Committed::Applied))).map(|(n, _)| *n).collect()
}

pub async fn one_of_many_updates_wins(store: Store) {
    world(&store).await;
    for round in 1..=4 {
        let answers = crowd(&store, |n| {
            let row = Row::User(User { failed_logins: n, ..user(1) });
            (format!("{round} {n}"), vec![update(row, i64::from(round))])
        })
        .await;
        let winners = applied(&answers);
        assert_eq!(winners.len(), 1, "{answers:?}");
        let conflicts = |answer: &Answer| matches!(answer, Err(CommitError::Conflict(RowKey::User(id))) if *id == user_id(1));
        assert_eq!(answers.iter().filter(|(_, answer)| conflicts(answer)).count(), CROWD as usize - 1, "{answers:?}");
        let stored = store.user(user_id(1)).await.unwrap().unwrap();
        assert_eq!((stored.value.failed_logins, stored.revision.0), (winners[0], i64::from(round) + 1));
    }
}

pub async fn one_of_many_copies_is_applied(store: Store) {
    world(&store).await;
    for round in 1..=4 {
        let row = Row::User(User { failed_logins: round, ..user(1) });
        let answers = crowd(&store, |_| (format!("copy {round}"), vec![update(row.clone(), i64::from(round))])).await;
        assert_eq!(applied(&answers).len(), 1, "{answers:?}");
        let repeated = answers.iter().filter(|(_, answer)| matches!(answer, Ok(Committed::AlreadyApplied))).count();
        assert_eq!(repeated, CROWD as usize - 1, "{answers:?}");
    }
}

pub async fn an_exclusive_licence_is_held_once(store: Store) {
    world(&store).await;
    let answers = crowd(&store, |n| {
        let (id, mut sold) = (100 + n, line(100 + n, 0));
        sold.product_id = product_id(4);
        let rows = [Row::Order(order(id)), Row::Line(sold), Row::Exclusive(exclusive(4, order_id(id)))];
        (format!("checkout {n}"), rows.map(Write::Insert).to_vec())
    })
    .await;
    let winners = applied(&answers);
    assert_eq!(winners.len(), 1, "{answers:?}");
    let holds = store.exclusive_holds(&[product_id(4)]).await.unwrap();
    assert_eq!(holds[0].value.order_id, order_id(100 + winners[0]));
    for n in 0..CROWD {
        let there = store.order_file(order_id(100 + n)).await.unwrap();
        assert_eq!(there.is_some(), n == winners[0], "a checkout that lost leaves no order");
    }
    let file = store.order_file(order_id(100 + winners[0])).await.unwrap().unwrap().file;
    assert_eq!((file.lines.len(), file.exclusives.len()), (1, 1));
}

pub async fn unique_values_stand_once_under_races(store: Store) {
    world(&store).await;
    let answers = crowd(&store, |n| {
        let token = MailToken { hash: super::sample::hash(1), ..mail_token(n + 1) };
        (format!("token {n}"), vec![Write::Insert(Row::MailToken(token))])
    })
    .await;
    assert_eq!(applied(&answers).len(), 1, "{answers:?}");
    let taken = |answer: &Answer| matches!(answer, Err(CommitError::Taken(_, UniqueValue::MailTokenHash)));
    assert_eq!(answers.iter().filter(|(_, answer)| taken(answer)).count(), CROWD as usize - 1, "{answers:?}");
}

/// Each unit gives the order and its refund the same figure and posts the same amount: a reader never sees them differ.
pub async fn readers_see_whole_units(store: Store) {
    world(&store).await;
    insert(&store, "refund", vec![Row::Refund(refund(1, order_id(1)))]).await;
    apply(&store, "start", round(1, 0)).await;
    let (done, reads) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
    let mut readers = JoinSet::new();
    for _ in 0..4 {
        let (store, done, reads) = (store.clone(), done.clone(), reads.clone());
        readers.spawn(async move {
            let mut last = 0;
            while !done.load(Ordering::Relaxed) {
                let read = store.order_file(order_id(1)).await.unwrap().unwrap();
                let (order, refund) = (read.file.order.refunded, read.file.refunds[0].amount.amount);
                let revisions = [RowKey::Order(order_id(1)), RowKey::Refund(refund_id(1))].map(|key| read.revisions[&key].0);
                assert_eq!(order, refund, "half a unit was seen");
                assert_eq!(revisions, [order.0 + 1; 2], "a row and another revision were seen");
                assert!(order.0 >= last, "time ran backwards");
                last = order.0;
                let balances = store.ledger_balances().await.unwrap();
                assert_eq!(balances.iter().map(|(_, _, amount)| amount.0).sum::<i64>(), 0, "half a posting was seen");
                reads.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
            }
        });
    }
    for n in 1..ROUNDS_MAX {
        apply(&store, &format!("round {n}"), round(n + 1, n)).await;
        tokio::task::yield_now().await;
        if let Some(reader) = readers.try_join_next() {
            reader.unwrap();
        }
        if n > ROUNDS && reads.load(Ordering::Relaxed) > READS {
            break;
        }
    }
    done.store(true, Ordering::Relaxed);
    while let Some(reader) = readers.join_next().await {
        reader.unwrap();
    }
}

fn round(figure: i64, before: i64) -> Vec<Write> {
    let order = Order { refunded: Minor(figure), ..order(1) };
    let mut refund = refund(1, order_id(1));
    refund.amount = euros(figure);
    let entries = [(Account::PspClearing, figure), (Account::SellerPayable(user_id(2)), -figure)];
    let posted = posting(&format!("round:{figure}"), order_id(1), euros(0).currency, &entries);
    vec![update(Row::Order(order), before + 1), update(Row::Refund(refund), before + 1), Write::Insert(Row::Posting(posted))]
}

pub async fn no_update_is_lost(store: Store) {
    world(&store).await;
    let mut tasks = JoinSet::new();
    for task in 0..8 {
        let store = store.clone();
        tasks.spawn(async move {
            let mut done = 0;
            for attempt in 0..10_000 {
                let read = store.user(user_id(1)).await.unwrap().unwrap();
                tokio::time::sleep(DECIDING).await;
                let next = User { failed_logins: read.value.failed_logins + 1, ..read.value };
                let writes = vec![update(Row::User(next), read.revision.0)];
                match commit(&store, unit(&format!("{task} {attempt}"), writes)).await {
                    Ok(Committed::Applied) => done += 1,
                    Err(CommitError::Conflict(_)) => {}
                    other => panic!("{other:?}"),
                }
                if done == 10 {
                    return;
                }
            }
            panic!("ten updates need more than ten thousand attempts");
        });
    }
    while let Some(task) = tasks.join_next().await {
        task.unwrap();
    }
    assert_eq!(store.user(user_id(1)).await.unwrap().unwrap().value.failed_logins, 80);
}

/// The same fact from a crowd, each with a unit id of its own (a webhook, the reconciler, an operator): booked once.
pub async fn one_fact_is_booked_once(store: Store) {
    world(&store).await;
    let paid = Order { payment_id: Some("pay_2".to_owned()), ..order(2) };
    let held = Write::Insert(Row::Exclusive(exclusive(2, order_id(2))));
    apply(&store, "payment", vec![update(Row::Order(paid), 1), held]).await;
    let mut tasks = JoinSet::new();
    for task in 0..CROWD {
        let store = store.clone();
        tasks.spawn(async move { settle(&store, task).await });
    }
    let booked = tasks.join_all().await;
    assert_eq!(booked.iter().filter(|booked| **booked).count(), 1, "{booked:?}");
    let file = store.order_file(order_id(2)).await.unwrap().unwrap().file;
    assert_eq!((file.order.status, file.order.completed_at), (OrderStatus::Completed, Some(at(60))));
    assert_eq!((file.licences.len(), file.transfers.len()), (1, 1));
    assert_eq!(file.exclusives[0].state, ExclusiveState::Sold);
    let balances = store.ledger_balances().await.unwrap();
    assert_eq!(balances.iter().map(|(_, _, amount)| amount.0).collect::<Vec<_>>(), [9000, -900, -8100]);
}

/// What varies, at 60 seconds.
pub(super) fn context(n: u32) -> Context {
    let policy = RetryPolicy { retries_max: 5, base: Duration::from_secs(60), max: Duration::from_secs(3600) };
    Context {
        now: at(60),
        fresh: delivery_id(n).0,
        refund_window: Duration::from_secs(60),
        transfers: policy,
        reversals: policy,
        dispute_fee: Minor::ZERO,
        billing: BillingPolicy { renewal_lead: Duration::from_secs(60), dunning: Dunning::DEFAULT },
    }
}

/// The PSP says that so much was paid.
pub(super) fn paid(amount: Money) -> Fact {
    Fact::Payment(PaymentFact {
        source: Source::Webhook,
        status: PaymentStatus::Succeeded,
        amount: Some(amount.amount.0),
        amount_received: Some(amount.amount.0),
        currency: Some(amount.currency.code().to_owned()),
        error: None,
        saved_method: None,
        untried_until: None,
    })
}

/// Loads, decides and commits until the fact is booked: by this task, or by another (then false).
async fn settle(store: &Store, task: u32) -> bool {
    let (context, fact) = (context(task), paid(euros(9000)));
    for attempt in 0..100 {
        let stored = store.order_file(order_id(2)).await.unwrap().unwrap();
        tokio::time::sleep(DECIDING).await;
        let decision = decide(&stored.file, &fact, &context).unwrap();
        if decision.verdict == Verdict::AlreadySettled {
            return false;
        }
        match commit(store, unit(&format!("settle {task} {attempt}"), stored.writes(&decision.changes))).await {
            Ok(Committed::Applied) => return true,
            Err(CommitError::Conflict(_)) => {}
            other => panic!("{other:?}"),
        }
    }
    panic!("the fact is never booked");
}
