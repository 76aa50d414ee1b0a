//! Runs of the audit: one at a time, taken by one, read by many.

use super::check::Store;
use super::sample::{ODD, at, order_id, user_id};
use crate::storage::Page;
use std::collections::BTreeSet;
use tokio::task::JoinSet;
use uuid::Uuid;
use veza_domain::audit::{Audit, AuditCounts, AuditDifference, AuditState, RUNS_MAX};
use veza_domain::ids::AuditId;

fn asked(n: u32) -> Audit {
    let id = AuditId(Uuid::from_u128(0x0190_0000_0000_7000_8000_0000_0000_0000 + u128::from(n)));
    Audit::asked(id, (at(-5), at(i64::from(n))), n.is_multiple_of(2), n.is_multiple_of(3).then(|| user_id(n)), at(i64::from(n)))
}

fn difference(place: u64) -> AuditDifference {
    AuditDifference {
        place,
        code: if place.is_multiple_of(2) { "even" } else { "odd" }.to_owned(),
        order_id: place.is_multiple_of(2).then(|| order_id(3)),
        subject: format!("pay_{place}"),
        ours: ODD.to_owned(),
        theirs: String::new(),
        proposed: "ask".to_owned(),
    }
}

fn places(found: &[AuditDifference]) -> Vec<u64> {
    found.iter().map(|difference| difference.place).collect()
}

pub async fn a_run_is_read_as_it_stands(store: Store) {
    let run = asked(6);
    assert_eq!(store.audit(run.id).await.unwrap(), None);
    assert_eq!(store.audit_asked(&run).await.unwrap(), run);
    assert_eq!(store.audit_asked(&run).await.unwrap(), run, "asked twice, it is there once");
    assert_eq!(store.audit(run.id).await.unwrap(), Some(run.clone()));
    let taken = store.audit_taken(at(10), at(40)).await.unwrap().unwrap();
    assert_eq!(taken, run.taken(at(40)));
    let counts = AuditCounts { orders: 9, orders_done: 1, transfers_done: 2, differences: 3, unread: 4, imported: 5 };
    let on = Audit { counts, lease_until: Some(at(50)), ..taken };
    assert!(store.audit_told(&on, &[difference(0), difference(1)]).await.unwrap());
    assert!(store.audit_told(&on, &[difference(1), difference(2)]).await.unwrap(), "said twice");
    assert_eq!(store.audit(on.id).await.unwrap(), Some(on.clone()));
    assert_eq!(store.audit_differences(on.id, None, 10, None).await.unwrap(), [difference(0), difference(1), difference(2)]);
    let over = on.ended(AuditState::Failed, Some(ODD.to_owned()), at(51));
    assert!(store.audit_told(&over, &[]).await.unwrap());
    assert_eq!(store.audit(over.id).await.unwrap(), Some(over.clone()));
    assert!(!store.audit_told(&over, &[difference(9)]).await.unwrap(), "what is over stays as it is");
    assert!(!store.audit_stopped(over.id, at(60)).await.unwrap());
    assert_eq!(store.audit_differences(over.id, None, 10, None).await.unwrap().len(), 3);
}

pub async fn one_runs_at_a_time(store: Store) {
    let mut running = JoinSet::new();
    for n in 1..=8 {
        let store = store.clone();
        running.spawn(async move { store.audit_asked(&asked(n)).await.unwrap().id });
    }
    let mut ids = BTreeSet::new();
    while let Some(id) = running.join_next().await {
        ids.insert(id.unwrap());
    }
    assert_eq!(ids.len(), 1, "everybody is told of the same one");
    let id = ids.pop_first().unwrap();
    assert_eq!(store.audits(Page { limit: 10, before: None }).await.unwrap().len(), 1);
    assert!(store.audit_stopped(id, at(20)).await.unwrap());
    assert_eq!(store.audit(id).await.unwrap().map(|run| (run.state, run.ended_at)), Some((AuditState::Stopped, Some(at(20)))));
    assert_eq!(store.audit_asked(&asked(9)).await.unwrap().id, asked(9).id, "then the next one may");
}

pub async fn a_run_is_taken_by_one(store: Store) {
    assert_eq!(store.audit_taken(at(0), at(30)).await.unwrap(), None, "there is none");
    store.audit_asked(&asked(1)).await.unwrap();
    let mut running = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        running.spawn(async move { store.audit_taken(at(10), at(40)).await.unwrap().is_some() });
    }
    let mut taken = 0;
    while let Some(one) = running.join_next().await {
        taken += u32::from(one.unwrap());
    }
    assert_eq!(taken, 1);
    assert_eq!(store.audit_taken(at(39), at(69)).await.unwrap(), None, "somebody is at it");
    assert_eq!(store.audit_taken(at(40), at(70)).await.unwrap().map(|run| run.attempt), Some(2), "not any more");
    assert!(store.audit_stopped(asked(1).id, at(41)).await.unwrap());
    assert_eq!(store.audit_taken(at(99), at(120)).await.unwrap(), None, "what is over is not taken");
}

pub async fn a_run_belongs_to_its_attempt(store: Store) {
    store.audit_asked(&asked(1)).await.unwrap();
    let first = store.audit_taken(at(10), at(40)).await.unwrap().unwrap();
    assert!(store.audit_told(&first, &[difference(0), difference(1)]).await.unwrap());
    let second = store.audit_taken(at(40), at(70)).await.unwrap().unwrap();
    assert_eq!(store.audit_differences(second.id, None, 10, None).await.unwrap(), [], "it begins anew");
    let late = Audit { counts: AuditCounts { differences: 99, ..first.counts }, ..first };
    assert!(!store.audit_told(&late, &[difference(2)]).await.unwrap(), "what the dead one says changes nothing");
    assert_eq!(store.audit(second.id).await.unwrap(), Some(second.clone()));
    assert!(store.audit_told(&second, &[difference(5)]).await.unwrap());
    assert_eq!(places(&store.audit_differences(second.id, None, 10, None).await.unwrap()), [5]);
}

pub async fn differences_are_paged_by_kind(store: Store) {
    store.audit_asked(&asked(1)).await.unwrap();
    let run = store.audit_taken(at(10), at(40)).await.unwrap().unwrap();
    let found: Vec<AuditDifference> = (0..7).map(difference).collect();
    assert!(store.audit_told(&run, &found).await.unwrap());
    let read = async |code, limit, after| places(&store.audit_differences(run.id, code, limit, after).await.unwrap());
    assert_eq!(read(None, 3, None).await, [0, 1, 2]);
    assert_eq!(read(None, 3, Some(2)).await, [3, 4, 5]);
    assert_eq!(read(None, 3, Some(5)).await, [6]);
    assert_eq!(read(Some("odd"), 2, None).await, [1, 3]);
    assert_eq!(read(Some("odd"), 2, Some(3)).await, [5]);
    assert_eq!(read(Some("other"), 2, None).await, [0; 0]);
}

pub async fn the_newest_runs_are_kept(store: Store) {
    for n in 1..=RUNS_MAX + 2 {
        store.audit_asked(&asked(n)).await.unwrap();
        let run = store.audit_taken(at(10), at(40)).await.unwrap().unwrap();
        assert!(store.audit_told(&run.ended(AuditState::Done, None, at(11)), &[difference(0)]).await.unwrap());
    }
    let page = async |before| {
        let runs = store.audits(Page { limit: 20, before }).await.unwrap();
        runs.into_iter().map(|run| run.id).collect::<Vec<_>>()
    };
    let first = page(None).await;
    let rest = page(first.last().map(|id| id.0)).await;
    let wanted: Vec<AuditId> = (3..=RUNS_MAX + 2).rev().map(|n| asked(n).id).collect();
    assert_eq!([first, rest].concat(), wanted, "newest first");
    assert_eq!(store.audit_differences(asked(1).id, None, 10, None).await.unwrap(), []);
    assert_eq!(store.audit_differences(asked(3).id, None, 10, None).await.unwrap().len(), 1);
}
