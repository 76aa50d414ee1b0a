//! What instances know of each other: who runs, and who has failed to log in with an address that has no account.

use super::check::Store;
use super::sample::{ODD, T0, at};
use crate::storage::{AddressHash, FailedLogins, Instance};
use tokio::task::JoinSet;

fn instance(address: &str, seen: i64) -> Instance {
    Instance { address: address.to_owned(), serves: true, started_at: T0, seen_at: at(seen) }
}

async fn others(store: &Store, own: &Instance, since: i64) -> Vec<Instance> {
    store.instance_runs(own, at(since)).await.unwrap()
}

pub async fn instances_see_each_other(store: Store) {
    let (a, b) = (instance("a:1", 10), Instance { serves: false, ..instance(ODD, 20) });
    assert_eq!(others(&store, &a, 0).await, [], "nobody is beside themselves");
    assert_eq!(others(&store, &b, 0).await, std::slice::from_ref(&a));
    assert_eq!(others(&store, &a, 0).await, [b]);
    let again = Instance { serves: true, started_at: at(29), ..instance(ODD, 30) };
    assert_eq!(others(&store, &again, 10).await, std::slice::from_ref(&a), "seen at that very moment");
    assert_eq!(others(&store, &again, 11).await, [], "not seen since");
    assert_eq!(
        others(&store, &instance("c:1", 30), 0).await,
        [a.clone(), again.clone()],
        "by address; who starts again takes its own place"
    );
    store.instance_ended("a:1").await.unwrap();
    store.instance_ended("nobody").await.unwrap();
    assert_eq!(others(&store, &instance("c:1", 31), 0).await, [again]);
}

pub async fn many_signs_of_life_at_once(store: Store) {
    let mut running = JoinSet::new();
    for n in 0..8 {
        let store = store.clone();
        running.spawn(async move {
            for beat in 0..10 {
                others(&store, &instance(&format!("host:{n}"), beat), 0).await;
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    let seen = others(&store, &instance("host:8", 9), 9).await;
    assert_eq!(seen, (0..8).map(|n| instance(&format!("host:{n}"), 9)).collect::<Vec<_>>());
}

pub async fn failed_logins_are_counted(store: Store) {
    let (one, other) = (AddressHash([1; 32]), AddressHash([2; 32]));
    assert_eq!(store.unknown_logins(one).await.unwrap(), None);
    for seconds in [5, 7, 6] {
        store.unknown_login_failed(one, at(seconds)).await.unwrap();
    }
    let failed = store.unknown_logins(one).await.unwrap();
    assert_eq!(failed, Some(FailedLogins { count: 3, last_at: at(7) }), "the last one, whoever's clock is behind");
    assert_eq!(store.unknown_logins(other).await.unwrap(), None);

    let mut running = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        running.spawn(async move {
            for _ in 0..5 {
                store.unknown_login_failed(other, at(1)).await.unwrap();
            }
        });
    }
    while let Some(ended) = running.join_next().await {
        ended.unwrap();
    }
    assert_eq!(store.unknown_logins(other).await.unwrap(), Some(FailedLogins { count: 40, last_at: at(1) }), "none is lost");
}

pub async fn what_was_not_seen_for_long_is_swept(store: Store) {
    for n in 0..4_u8 {
        let seconds = i64::from(n);
        others(&store, &instance(&format!("host:{n}"), seconds), 0).await;
        store.unknown_login_failed(AddressHash([n; 32]), at(seconds)).await.unwrap();
    }
    assert_eq!(store.sweep(at(3), 2).await.unwrap(), 4, "two of each");
    assert_eq!(store.sweep(at(3), 2).await.unwrap(), 2);
    assert_eq!(store.sweep(at(3), 2).await.unwrap(), 0);
    let left: Vec<String> = others(&store, &instance("me", 9), 0).await.into_iter().map(|other| other.address).collect();
    assert_eq!(left, ["host:3"]);
    for n in 0..4 {
        assert_eq!(store.unknown_logins(AddressHash([n; 32])).await.unwrap().is_some(), n == 3, "{n}");
    }
}
