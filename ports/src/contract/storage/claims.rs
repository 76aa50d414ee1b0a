//! Due work: what is claimed, in which order, and that nobody else gets it meanwhile.

use super::check::{Store, conflicts, first, insert, update, world};
use super::sample::{
    ATTEMPT, SELLER, at, debt, effect, effect_id, order_id, refund, refund_id, reversal, reversal_id, subscription, transfer,
    transfer_full, transfer_id, user_id,
};
use crate::storage::{ClaimedReversal, ClaimedTransfer, FreshWork, Row, RowKey};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;
use veza_domain::effect::{Effect, EffectState};
use veza_domain::reversal::{Reversal, ReversalStatus};
use veza_domain::subscription::Subscription;
use veza_domain::transfer::TransferStatus;

const LEASE: Duration = Duration::from_secs(60);

pub async fn due_effects_oldest_first(store: Store) {
    let done = Effect { state: EffectState::Done, ..effect(7, 1) };
    let refused = Effect { state: EffectState::Refused, ..effect(8, 1) };
    let sent = Effect { state: EffectState::Sent, ..effect(3, 20) };
    let undue = Effect { due_at: None, ..effect(9, 1) };
    let open = [effect(1, 30), effect(2, 10), sent.clone(), effect(4, 10), effect(5, 101), effect(6, 100)];
    let rows = open.into_iter().chain([done, refused, undue]).map(Row::Effect).collect();
    insert(&store, "effects", rows).await;
    assert_eq!(store.claim_effects(at(9), LEASE, 10).await.unwrap(), [], "nothing is due yet");
    assert_eq!(store.claim_effects(at(100), LEASE, 0).await.unwrap(), []);

    let some = store.claim_effects(at(100), LEASE, 3).await.unwrap();
    let expected = [effect(2, 160), effect(4, 160), Effect { due_at: Some(at(160)), ..sent }];
    assert_eq!(some.iter().map(|row| row.value.clone()).collect::<Vec<_>>(), expected, "by due time, then by id");
    assert!(some.iter().all(|row| row.revision.0 == 2));
    for row in some {
        assert_eq!(store.effect(row.value.id).await.unwrap().as_ref(), Some(&row), "what is claimed is what is stored");
    }
    let rest = store.claim_effects(at(100), LEASE, 10).await.unwrap();
    assert_eq!(rest.iter().map(|row| row.value.id).collect::<Vec<_>>(), [effect_id(1), effect_id(6)]);
    assert_eq!(store.claim_effects(at(100), LEASE, 10).await.unwrap(), []);
}

pub async fn due_transfers(store: Store) {
    world(&store).await;
    let mut rows: Vec<_> = (1..).zip(TransferStatus::ALL).map(|(n, status)| transfer_full(n, order_id(1), status)).collect();
    let mut never = transfer(10, order_id(2));
    never.next_retry_at = None;
    let mut oldest = transfer(11, order_id(2));
    oldest.next_retry_at = Some(at(1));
    let mut late = transfer(12, order_id(2));
    late.next_retry_at = Some(at(51));
    rows.extend([never, oldest, late]);
    insert(&store, "transfers", rows.into_iter().map(Row::Transfer).collect()).await;
    assert_eq!(store.claim_transfers(at(0), LEASE, 10).await.unwrap(), []);
    let claimed = |n, order| ClaimedTransfer { id: transfer_id(n), order_id: order_id(order) };
    let pending_and_failed = [claimed(11, 2), claimed(1, 1), claimed(3, 1)];
    assert_eq!(store.claim_transfers(at(50), LEASE, 10).await.unwrap(), pending_and_failed);
    assert_eq!(store.claim_transfers(at(50), LEASE, 10).await.unwrap(), []);
    assert_eq!(store.claim_transfers(at(51), LEASE, 10).await.unwrap(), [claimed(12, 2)]);
    let leased = store.order_file(order_id(2)).await.unwrap().unwrap();
    let times: Vec<_> = leased.file.transfers.iter().map(|row| row.next_retry_at).collect();
    assert_eq!(times, [None, Some(at(110)), Some(at(111))]);
    assert_eq!(leased.revisions[&RowKey::Transfer(transfer_id(11))].0, 2);
    assert_eq!(leased.revisions[&RowKey::Transfer(transfer_id(10))].0, 1);
    let again = store.claim_transfers(at(110), LEASE, 2).await.unwrap();
    assert_eq!(again, [claimed(1, 1), claimed(3, 1)], "equally due: by id");
}

/// What was never taken is told, and only that.
pub async fn fresh_work_is_seen_and_left(store: Store) {
    world(&store).await;
    let fresh = async |now| {
        let FreshWork { transfers, reversals } = store.fresh_work(at(now)).await.unwrap();
        (transfers, reversals)
    };
    assert_eq!(fresh(100).await, (false, false), "nothing is there");
    let mut waits = transfer(1, order_id(1));
    waits.next_retry_at = Some(at(10));
    let mut refused = transfer_full(2, order_id(1), TransferStatus::Failed);
    refused.next_retry_at = Some(at(1));
    let mut unknown = transfer(3, order_id(1));
    (unknown.next_retry_at, unknown.attempt) = (Some(at(1)), ATTEMPT);
    let owed = Reversal { next_retry_at: Some(at(20)), ..debt(1, order_id(2)) };
    let over = Reversal { status: ReversalStatus::Reversed, next_retry_at: Some(at(1)), ..debt(2, order_id(2)) };
    let rows = vec![Row::Transfer(waits), Row::Transfer(refused), Row::Transfer(unknown), Row::Reversal(owed), Row::Reversal(over)];
    insert(&store, "rows", rows).await;
    assert_eq!(fresh(9).await, (false, false), "what was refused, sent, is over or not due is not fresh");
    assert_eq!(fresh(10).await, (true, false));
    assert_eq!(fresh(20).await, (true, true));
    assert_eq!(fresh(20).await, (true, true), "a look takes nothing");
    assert_eq!(store.claim_transfers(at(20), LEASE, 10).await.unwrap().len(), 3);
    assert_eq!(store.claim_reversals(at(20), LEASE, 10).await.unwrap().len(), 1);
    assert_eq!(fresh(9999).await, (false, false), "what was taken once has its own schedule");
}

pub async fn due_reversals(store: Store) {
    world(&store).await;
    let refunds = (1..=6).map(|n| Row::Refund(refund(n, order_id(2))));
    let row = |n, due, status| Reversal { next_retry_at: due, status, ..reversal(n, order_id(2), transfer_id(1), refund_id(n)) };
    let reversals = [
        row(1, Some(at(20)), ReversalStatus::ReversalPending),
        row(2, Some(at(10)), ReversalStatus::ReversalPending),
        row(3, Some(at(1)), ReversalStatus::Reversed),
        row(4, Some(at(1)), ReversalStatus::PermanentlyFailed),
        row(5, Some(at(51)), ReversalStatus::ReversalPending),
        row(6, None, ReversalStatus::Reversed),
    ];
    let lone = Reversal { next_retry_at: Some(at(30)), ..debt(7, order_id(3)) };
    let rows = refunds.chain([Row::Transfer(transfer(1, order_id(2)))]).chain(reversals.map(Row::Reversal)).chain([Row::Reversal(lone)]);
    insert(&store, "reversals", rows.collect()).await;
    let claimed = |n, order| ClaimedReversal { id: reversal_id(n), order_id: order_id(order) };
    assert_eq!(store.claim_reversals(at(9), LEASE, 10).await.unwrap(), []);
    assert_eq!(store.claim_reversals(at(50), LEASE, 1).await.unwrap(), [claimed(2, 2)]);
    let rest = store.claim_reversals(at(50), LEASE, 10).await.unwrap();
    assert_eq!(rest, [claimed(1, 2), claimed(7, 3)], "one that no transfer stands for too");
    assert_eq!(store.claim_reversals(at(50), LEASE, 10).await.unwrap(), []);
    let leased = store.order_file(order_id(2)).await.unwrap().unwrap();
    assert_eq!(leased.file.reversals[1].next_retry_at, Some(at(110)));
    assert_eq!(leased.revisions[&RowKey::Reversal(reversal_id(2))].0, 2);
    assert_eq!(leased.revisions[&RowKey::Reversal(reversal_id(5))].0, 1);
}

pub async fn a_claim_is_a_lease(store: Store) {
    insert(&store, "effect", vec![Row::Effect(effect(1, 0))]).await;
    let ids = |rows: Vec<crate::storage::Versioned<Effect>>| rows.iter().map(|row| (row.value.id, row.revision.0)).collect::<Vec<_>>();
    assert_eq!(ids(store.claim_effects(at(0), LEASE, 5).await.unwrap()), [(effect_id(1), 2)]);
    assert_eq!(ids(store.claim_effects(at(59), LEASE, 5).await.unwrap()), []);
    assert_eq!(ids(store.claim_effects(at(60), LEASE, 5).await.unwrap()), [(effect_id(1), 3)], "whoever had it died");
    let over = Effect { state: EffectState::Done, due_at: None, ..effect(1, 0) };
    super::check::apply(&store, "over", vec![update(Row::Effect(over), 3)]).await;
    assert_eq!(ids(store.claim_effects(at(9999), LEASE, 5).await.unwrap()), []);
}

pub async fn nobody_claims_what_another_has(store: Store) {
    world(&store).await;
    const ROWS: u32 = 60;
    let effects = (1..=ROWS).map(|n| Row::Effect(effect(n, 0)));
    let transfers = (1..=ROWS).map(|n| Row::Transfer(transfer(n, order_id(1))));
    let refunds = (1..=ROWS).map(|n| Row::Refund(refund(n, order_id(1))));
    let reversals = (1..=ROWS).map(|n| Row::Reversal(reversal(n, order_id(1), transfer_id(n), refund_id(n))));
    let plans = (1..=ROWS).map(|n| Row::Subscription(Subscription { due_at: Some(at(0)), ..subscription(n, user_id(n)) }));
    insert(&store, "rows", effects.chain(transfers).chain(refunds).chain(reversals).chain(plans).collect()).await;
    let mut claimers = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        claimers.spawn(async move {
            let mut had = Vec::new();
            for _ in 0..12 {
                had.extend(store.claim_effects(at(100), LEASE, 7).await.unwrap().iter().map(|row| row.value.id.0));
                had.extend(store.claim_transfers(at(100), LEASE, 7).await.unwrap().iter().map(|row| row.id.0));
                had.extend(store.claim_reversals(at(100), LEASE, 7).await.unwrap().iter().map(|row| row.id.0));
                had.extend(store.claim_subscriptions(at(100), LEASE, 7).await.unwrap().iter().map(|row| row.id.0));
            }
            had
        });
    }
    let had = claimers.join_all().await.concat();
    let distinct: BTreeSet<_> = had.iter().collect();
    assert_eq!((had.len(), distinct.len()), (4 * ROWS as usize, 4 * ROWS as usize), "each row once");
}

pub async fn a_claim_moves_the_revision(store: Store) {
    world(&store).await;
    let row = transfer(1, order_id(1));
    insert(&store, "rows", vec![Row::Effect(effect(1, 0)), Row::Transfer(row.clone())]).await;
    store.claim_effects(at(100), LEASE, 5).await.unwrap();
    store.claim_transfers(at(100), LEASE, 5).await.unwrap();
    let done = Effect { state: EffectState::Done, due_at: None, ..effect(1, 0) };
    conflicts(&store, "effect", vec![update(Row::Effect(done.clone()), 1)], &RowKey::Effect(effect_id(1))).await;
    conflicts(&store, "transfer", vec![update(Row::Transfer(row), 1)], &RowKey::Transfer(transfer_id(1))).await;
    super::check::apply(&store, "claimed", vec![update(Row::Effect(done), 2)]).await;
    let listed = store.transfers_of_seller(user_id(SELLER), first(1)).await.unwrap();
    assert_eq!(listed[0].transfer.next_retry_at, Some(at(160)));
}
