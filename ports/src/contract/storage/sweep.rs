//! The broom takes what is over and nothing else.

use super::check::{Store, apply, commit, first, insert, world};
use super::sample::{T0, at, delivery_full, delivery_id, hash, idempotency, mail_token, refresh_token, session, session_id, unit, user_id};
use crate::storage::{Committed, DeliveryFilter, IdempotencyRecord, Row, UnitId, UnitOfWork};
use veza_domain::identity::{MailToken, RefreshToken, Session};
use veza_domain::time::Timestamp;
use veza_domain::webhook::Delivery;

async fn bring(store: &Store, id: &str, decided_at: Timestamp) -> Committed {
    commit(store, UnitOfWork::new(UnitId(id.to_owned()), [1; 32], decided_at, Vec::new())).await.unwrap()
}

pub async fn what_is_young_stays(store: Store) {
    let later = UnitOfWork::new(UnitId("world".to_owned()), [7; 32], at(100), super::sample::world());
    commit(&store, later).await.unwrap();
    let expiring = |n, seconds| Session { expires_at: at(seconds), ..session(n) };
    let rows = vec![
        Row::Idempotency(IdempotencyRecord { created_at: at(49), ..idempotency("old") }),
        Row::Idempotency(IdempotencyRecord { created_at: at(50), ..idempotency("young") }),
        Row::MailToken(MailToken { expires_at: at(49), ..mail_token(1) }),
        Row::MailToken(MailToken { expires_at: at(50), ..mail_token(2) }),
        Row::MailToken(MailToken { expires_at: at(99), used_at: Some(at(1)), ..mail_token(3) }),
        Row::Session(expiring(1, 49)),
        Row::Session(expiring(2, 50)),
        Row::Session(Session { revoked_at: Some(at(40)), ..expiring(3, 99) }),
        Row::Session(Session { revoked_at: Some(at(60)), ..expiring(4, 99) }),
        Row::RefreshToken(refresh_token(1, session_id(1))),
        Row::RefreshToken(RefreshToken { created_at: at(99), ..refresh_token(2, session_id(1)) }),
        Row::RefreshToken(RefreshToken { used_at: Some(at(1)), ..refresh_token(3, session_id(2)) }),
        Row::RefreshToken(refresh_token(4, session_id(3))),
        Row::RefreshToken(refresh_token(5, session_id(4))),
    ];
    let writes = rows.into_iter().map(crate::storage::Write::Insert).collect();
    commit(&store, UnitOfWork::new(UnitId("rows".to_owned()), [7; 32], at(100), writes)).await.unwrap();
    bring(&store, "old unit", at(49)).await;
    bring(&store, "young unit", at(50)).await;

    assert_eq!(store.sweep(Timestamp(T0.0 - 1), 100).await.unwrap(), 0);
    let gone = store.sweep(at(50), 100).await.unwrap();
    assert_eq!(gone, 1 + 1 + 1 + 2 + 3, "a unit, a key, a mail token, two sessions, three refresh tokens");
    assert_eq!(store.sweep(at(50), 100).await.unwrap(), 0);

    let key = async |text: &str| store.idempotency(user_id(1), "create_order", text).await.unwrap().is_some();
    assert_eq!([key("old").await, key("young").await], [false, true]);
    let mut left = Vec::new();
    for n in 1..=5 {
        let mail = store.mail_token(hash(n)).await.unwrap().is_some();
        let session = store.session(session_id(n)).await.unwrap().is_some();
        left.push((mail, session, store.refresh_token(hash(n)).await.unwrap().is_some()));
    }
    let expected = [(false, false, false), (true, true, false), (true, false, true), (false, true, false), (false, false, true)];
    assert_eq!(left, expected);
    assert_eq!(bring(&store, "young unit", at(50)).await, Committed::AlreadyApplied);
    assert!(store.user(user_id(1)).await.unwrap().is_some());
}

pub async fn no_more_than_the_limit(store: Store) {
    world(&store).await;
    let sessions = (1..=5).map(|n| Row::Session(Session { expires_at: at(i64::from(n)), ..session(n) }));
    let tokens = (1..=5).flat_map(|n| (0..3).map(move |i| Row::RefreshToken(refresh_token(10 * n + i, session_id(n)))));
    let mail = (1..=5).map(|n| Row::MailToken(MailToken { expires_at: at(1), ..mail_token(n) }));
    insert(&store, "rows", sessions.chain(tokens).chain(mail).collect()).await;
    let gone = store.sweep(at(100), 2).await.unwrap();
    assert!((1..=10).contains(&gone), "at most two of each of five kinds, and something: {gone}");
    let mut sum = gone;
    for _ in 0..100 {
        sum += store.sweep(at(100), 2).await.unwrap();
    }
    assert_eq!(sum, 2 + 5 + 15 + 5, "two units, and all rows in the end");
    assert_eq!(store.sweep(at(100), 0).await.unwrap(), 0);
}

pub async fn a_swept_unit_id_is_forgotten(store: Store) {
    apply(&store, "unit", Vec::new()).await;
    assert!(matches!(commit(&store, unit("unit", Vec::new())).await, Ok(Committed::AlreadyApplied)));
    assert_eq!(store.sweep(at(1), 10).await.unwrap(), 1);
    assert!(matches!(commit(&store, unit("unit", Vec::new())).await, Ok(Committed::Applied)), "its guards protect it now");
}

pub async fn old_deliveries_go_and_young_ones_stay(store: Store) {
    world(&store).await;
    let heard = |n: u32| Delivery { received_at: at(10 * i64::from(n)), ..delivery_full(n) };
    // A young one among the old: it stays, and hides nothing.
    let young = Delivery { received_at: at(999), ..delivery_full(2) };
    let rows = [1, 3, 4, 5, 6, 7, 8, 9].map(heard).into_iter().chain([young.clone()]).rev();
    insert(&store, "log", rows.map(Row::Delivery).collect()).await;
    insert(&store, "session", vec![Row::Session(session(1))]).await;
    let left = async || store.deliveries(&DeliveryFilter::default(), first(99)).await.unwrap().len();
    assert_eq!(store.sweep_deliveries(at(10), 100).await.unwrap(), 0, "before, not at");
    assert_eq!(store.sweep_deliveries(at(200), 0).await.unwrap(), 0);
    assert_eq!((store.sweep_deliveries(at(60), 3).await.unwrap(), left().await), (2, 7), "of the three oldest those that are old");
    assert_eq!(store.delivery(delivery_id(1)).await.unwrap(), None);
    assert_eq!(store.delivery(delivery_id(2)).await.unwrap(), Some(young));
    assert_eq!(store.delivery(delivery_id(4)).await.unwrap(), Some(heard(4)));
    assert_eq!((store.sweep_deliveries(at(60), 100).await.unwrap(), left().await), (2, 5));
    assert_eq!(store.sweep_deliveries(at(60), 100).await.unwrap(), 0);
    assert_eq!(store.sweep(at(999_999), 100).await.unwrap(), 4, "units and a session; the webhook log has a time of its own");
    assert_eq!(left().await, 5);
}
