//! Distribution: submissions and placements, their moves and claims, royalties.

use super::check::{Store, after, apply, commit, conflicts, first, insert, invalid, update, versioned, world};
use super::sample::{
    SELLER, at, currency, file_hash, placement, placement_full, placement_id, placement_move, product_id, royalty_file, royalty_key,
    royalty_line, submission, submission_id, unit, user_id,
};
use crate::storage::{ClaimedPlacement, CommitError, Committed, ListedSubmission, Row, RowKey, StoredSubmission, UniqueValue, Write};
use std::collections::BTreeSet;
use std::time::Duration;
use tokio::task::JoinSet;
use veza_domain::distribution::{
    Moved, Placement, PlacementMove, PlacementStatus, Platform, RoyaltyLine, RoyaltySum, RoyaltyTrack, Submission,
};
use veza_domain::ids::UserId;
use veza_domain::money::{Minor, Money};

const LEASE: Duration = Duration::from_secs(60);

pub async fn submissions_with_placements_and_moves(store: Store) {
    world(&store).await;
    assert_eq!(store.submission(submission_id(1)).await.unwrap(), None);
    let (one, two) = (submission(1), submission(2));
    let spotify = placement(1, &one, Platform::Spotify);
    let deezer = placement_full(2, &one, Platform::Deezer, PlacementStatus::Live);
    let other = placement(3, &two, Platform::AppleMusic);
    let handed_in = placement_move(2, &spotify);
    let live = PlacementMove {
        moved: Moved { from: Some(PlacementStatus::Submitted), to: PlacementStatus::Live, why: String::new() },
        at: at(1),
        by: None,
        ..placement_move(3, &deezer)
    };
    let rows = [one.clone(), two.clone()].map(Row::Submission).into_iter();
    let rows = rows.chain([spotify.clone(), deezer.clone(), other.clone()].map(Row::Placement));
    let rows = rows.chain([handed_in.clone(), live.clone(), placement_move(4, &other)].map(Row::PlacementMove));
    insert(&store, "rows", rows.collect()).await;
    let stored = StoredSubmission {
        submission: one.clone(),
        placements: vec![versioned(deezer.clone(), 1), versioned(spotify.clone(), 1)],
        moves: vec![live, handed_in],
    };
    assert_eq!(store.submission(one.id).await.unwrap(), Some(stored), "by platform; moves by time");
    let listed = |submission, placements| ListedSubmission { submission, placements };
    let all = [listed(two, vec![other]), listed(one, vec![deezer, spotify])];
    assert_eq!(store.submissions_of_user(user_id(SELLER), first(10)).await.unwrap(), all, "newest first");
    assert_eq!(store.submissions_of_user(user_id(SELLER), first(1)).await.unwrap(), all[..1]);
    assert_eq!(store.submissions_of_user(user_id(SELLER), after(10, submission_id(2).0)).await.unwrap(), all[1..]);
    assert_eq!(store.submissions_of_user(user_id(1), first(10)).await.unwrap(), []);
}

pub async fn every_move_of_the_table(store: Store) {
    world(&store).await;
    insert(&store, "submission", vec![Row::Submission(submission(1))]).await;
    let mut n = 0;
    for from in PlacementStatus::ALL.iter().copied() {
        for to in PlacementStatus::ALL.iter().copied() {
            n += 1;
            // Each of a product of its own: only one of a product may be open.
            let of = Submission { product_id: product_id(100 + n), ..submission(1) };
            let row = placement_full(n, &of, Platform::Spotify, from);
            insert(&store, &format!("insert {n}"), vec![Row::Placement(row.clone())]).await;
            let next = placement_full(n, &of, Platform::Spotify, to);
            let answer = commit(&store, unit(&format!("move {n}"), vec![update(Row::Placement(next), 1)])).await;
            let key = RowKey::Placement(row.id);
            let refused = matches!(&answer, Err(CommitError::Invalid(on, _)) if *on == key);
            let allowed = from == to || from.may_move_to(to);
            assert_eq!((matches!(answer, Ok(Committed::Applied)), refused), (allowed, !allowed), "{from:?} -> {to:?}: {answer:?}");
        }
    }
    assert_eq!(n, 36);
}

pub async fn a_placement_is_due_until_it_is_over(store: Store) {
    world(&store).await;
    let of = submission(1);
    insert(&store, "submission", vec![Row::Submission(of.clone())]).await;
    let mut never = placement(1, &of, Platform::Spotify);
    never.due_at = None;
    invalid(&store, "never", vec![Write::Insert(Row::Placement(never))], &RowKey::Placement(placement_id(1))).await;
    let mut over = placement_full(1, &of, Platform::Spotify, PlacementStatus::TakenDown);
    over.due_at = Some(at(1));
    invalid(&store, "over", vec![Write::Insert(Row::Placement(over))], &RowKey::Placement(placement_id(1))).await;
}

pub async fn one_placement_of_a_product_is_open(store: Store) {
    world(&store).await;
    let (one, again) = (submission(1), submission(6));
    assert_eq!(one.product_id, again.product_id);
    insert(&store, "submissions", [one.clone(), again.clone()].map(Row::Submission).to_vec()).await;
    let open = placement_full(1, &one, Platform::Spotify, PlacementStatus::Live);
    insert(&store, "open", vec![Row::Placement(open)]).await;
    let second = Row::Placement(placement(2, &again, Platform::Spotify));
    let answer = commit(&store, unit("second", vec![Write::Insert(second.clone())])).await;
    let taken =
        |answer| matches!(answer, Err(CommitError::Taken(on, UniqueValue::OpenPlacement)) if on == RowKey::Placement(placement_id(2)));
    assert!(taken(answer), "while the first is open");
    insert(&store, "elsewhere", vec![Row::Placement(placement(3, &again, Platform::Deezer))]).await;
    let gone = placement_full(1, &one, Platform::Spotify, PlacementStatus::TakenDown);
    apply(&store, "gone", vec![update(Row::Placement(gone), 1)]).await;
    insert(&store, "free", vec![second]).await;
}

pub async fn due_placements(store: Store) {
    world(&store).await;
    let of = submission(1);
    insert(&store, "submission", vec![Row::Submission(of.clone())]).await;
    let due = |n: u32, platform, seconds| {
        let mut row: Placement = placement(n, &of, platform);
        row.due_at = Some(at(seconds));
        row
    };
    let mut over = placement_full(4, &of, Platform::Spotify, PlacementStatus::Rejected);
    over.due_at = None;
    let rows = [due(1, Platform::Spotify, 20), due(2, Platform::Deezer, 10), due(3, Platform::AppleMusic, 51), over];
    insert(&store, "placements", rows.map(Row::Placement).to_vec()).await;
    let claimed = |n| ClaimedPlacement { id: placement_id(n), submission_id: submission_id(1) };
    assert_eq!(store.claim_placements(at(9), LEASE, 10).await.unwrap(), []);
    assert_eq!(store.claim_placements(at(50), LEASE, 1).await.unwrap(), [claimed(2)], "the longest due first");
    assert_eq!(store.claim_placements(at(50), LEASE, 10).await.unwrap(), [claimed(1)]);
    assert_eq!(store.claim_placements(at(51), LEASE, 10).await.unwrap(), [claimed(3)]);
    let stored = store.submission(of.id).await.unwrap().unwrap().placements;
    let mut leased: Vec<_> = stored.iter().map(|row| (row.value.id, row.value.due_at, row.revision.0)).collect();
    let expected = [(3, Some(111), 2), (2, Some(110), 2), (1, Some(110), 2), (4, None, 1)];
    let mut expected = expected.map(|(n, due, revision)| (placement_id(n), due.map(at), revision)).to_vec();
    leased.sort();
    expected.sort();
    assert_eq!(leased, expected);
    conflicts(&store, "stale", vec![update(Row::Placement(due(1, Platform::Spotify, 20)), 1)], &RowKey::Placement(placement_id(1))).await;
    assert_eq!(store.claim_placements(at(110), LEASE, 10).await.unwrap(), [claimed(1), claimed(2)], "whoever had them died");
}

pub async fn nobody_claims_a_placement_of_another(store: Store) {
    world(&store).await;
    const ROWS: u32 = 40;
    let of = submission(1);
    insert(&store, "submission", vec![Row::Submission(of.clone())]).await;
    let each = |n: u32| Submission { product_id: product_id(100 + n), ..of.clone() };
    insert(&store, "rows", (1..=ROWS).map(|n| Row::Placement(placement(n, &each(n), Platform::Spotify))).collect()).await;
    let mut claimers = JoinSet::new();
    for _ in 0..8 {
        let store = store.clone();
        claimers.spawn(async move {
            let mut had = Vec::new();
            for _ in 0..10 {
                had.extend(store.claim_placements(at(100), LEASE, 7).await.unwrap().iter().map(|row| row.id));
            }
            had
        });
    }
    let had = claimers.join_all().await.concat();
    assert_eq!((had.len(), had.iter().collect::<BTreeSet<_>>().len()), (ROWS as usize, ROWS as usize), "each row once");
}

pub async fn what_a_reference_stands_for(store: Store) {
    world(&store).await;
    let (one, again) = (submission(1), submission(6));
    insert(&store, "submissions", [one.clone(), again.clone()].map(Row::Submission).to_vec()).await;
    let rejected = placement_full(1, &one, Platform::Spotify, PlacementStatus::Rejected);
    let live = placement_full(2, &again, Platform::Spotify, PlacementStatus::Live);
    let unsent = placement(3, &again, Platform::Deezer);
    let isrc = live.isrc.clone().unwrap();
    insert(&store, "placements", [rejected, live, unsent].map(Row::Placement).to_vec()).await;
    let track = |reference: &str| RoyaltyTrack {
        reference: reference.to_owned(),
        platform: Platform::Spotify,
        product_id: one.product_id,
        user_id: user_id(SELLER),
    };
    let asked = ["rel_2", "nobody", &isrc, "rel_1", "", "rel_2"].map(str::to_owned);
    let mut expected = vec![track(&isrc), track("rel_1"), track("rel_2")];
    expected.sort();
    assert_eq!(store.royalty_tracks(&asked).await.unwrap(), expected, "one product, however often it was sent");
    assert_eq!(store.royalty_tracks(&[]).await.unwrap(), []);
}

pub async fn royalties_are_summed_and_paged(store: Store) {
    let (eur, usd) = (currency("EUR"), currency("USD"));
    let line = |n, platform, territory: &str, currency, units, amount| {
        royalty_line(royalty_key(n, platform, territory, currency), units, amount, 1)
    };
    let theirs = RoyaltyLine { user_id: UserId(product_id(9).0), ..line(9, Platform::Deezer, "", eur, 9, 9) };
    let lines = [
        line(1, Platform::Spotify, "DE", eur, 10, 100),
        line(1, Platform::Spotify, "FR", eur, 5, -30),
        line(1, Platform::Spotify, "DE", usd, 1, 7),
        line(1, Platform::AppleMusic, "", eur, 2, 20),
        line(2, Platform::Deezer, "DE", eur, 3, 30),
        theirs,
    ];
    assert_eq!(store.royalty_file(file_hash(1)).await.unwrap(), None);
    let rows = [Row::RoyaltyFile(royalty_file(1))].into_iter().chain(lines.iter().cloned().map(Row::RoyaltyLine));
    insert(&store, "file", rows.collect()).await;
    assert_eq!(store.royalty_file(file_hash(1)).await.unwrap(), Some(royalty_file(1)));
    let asked = [lines[1].key.clone(), royalty_key(3, Platform::Deezer, "", eur), lines[0].key.clone(), lines[1].key.clone()];
    assert_eq!(store.royalty_lines(&asked).await.unwrap(), lines[..2], "by key, each once");
    assert_eq!(store.royalty_lines(&[]).await.unwrap(), []);

    let sum = |n, platform, currency, units, amount| RoyaltySum {
        product_id: product_id(n),
        platform,
        period: lines[0].key.period,
        units,
        amount: Money { amount: Minor(amount), currency },
    };
    let expected = [
        sum(1, Platform::AppleMusic, eur, 2, 20),
        sum(1, Platform::Spotify, eur, 15, 70),
        sum(1, Platform::Spotify, usd, 1, 7),
        sum(2, Platform::Deezer, eur, 3, 30),
    ];
    let seller = user_id(SELLER);
    assert_eq!(store.royalties_of_user(seller, 10, None).await.unwrap(), expected);
    let mut walked: Vec<RoyaltySum> = Vec::new();
    loop {
        let page = store.royalties_of_user(seller, 1, walked.last().map(RoyaltySum::place)).await.unwrap();
        let Some(next) = page.first() else { break };
        assert_eq!(page.len(), 1);
        walked.push(*next);
    }
    assert_eq!(walked, expected, "a walk gives every sum once");
    assert_eq!(store.royalties_of_user(user_id(1), 10, None).await.unwrap(), []);
}

pub async fn what_distribution_appends_is_never_updated(store: Store) {
    world(&store).await;
    let of = submission(1);
    let placed = placement(1, &of, Platform::Spotify);
    let rows = vec![
        Row::Submission(of),
        Row::Placement(placed.clone()),
        Row::PlacementMove(placement_move(1, &placed)),
        Row::RoyaltyFile(royalty_file(1)),
        Row::RoyaltyLine(royalty_line(royalty_key(1, Platform::Spotify, "", currency("EUR")), 1, 1, 1)),
    ];
    insert(&store, "rows", rows.clone()).await;
    for row in rows {
        let key = row.key();
        invalid(&store, "removed", vec![Write::Remove(key.clone())], &key).await;
        conflicts(&store, "twice", vec![Write::Insert(row.clone())], &key).await;
        apply(&store, &format!("ensure {key:?}"), vec![Write::Ensure(row.clone())]).await;
        if !matches!(row, Row::Placement(_)) {
            invalid(&store, "updated", vec![update(row, 1)], &key).await;
        }
    }
}
