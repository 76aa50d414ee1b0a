//! Distribution: the transition table, calls whose answers get lost, royalty reports.

use proptest::prelude::*;
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::backoff::RetryPolicy;
use veza_domain::catalog::ProductKind;
use veza_domain::distribution::PlacementStatus::{Live, Processing, Rejected, Submitted, TakedownRequested, TakenDown};
use veza_domain::distribution::{
    Answer, Call, LineFault, Placement, PlacementStatus, Platform, ReleaseKind, ReportLine, ReportPeriod, RoyaltyTrack, Schedule, Step,
    Submission, aggregate, fresh_lines, resolve,
};
use veza_domain::ids::{ProductId, SubmissionId, UserId};
use veza_domain::time::Timestamp;

const SCHEDULE: Schedule = Schedule {
    lease: Duration::from_secs(60),
    retries: RetryPolicy { retries_max: 2, base: Duration::from_secs(10), max: Duration::from_secs(3600) },
    looks: Duration::from_secs(300),
    live_looks: Duration::from_secs(86_400),
};
const NOW: Timestamp = Timestamp(1_000_000);

fn placement() -> Placement {
    let id = Uuid::from_u128(7);
    let submission = Submission {
        id: SubmissionId(id),
        user_id: UserId(id),
        product_id: ProductId(id),
        kind: ReleaseKind::Track,
        title: "Song".into(),
        created_at: NOW,
    };
    Placement::open(&submission, Platform::Spotify).0
}

fn stands(status: PlacementStatus) -> Answer {
    Answer::Stands { partner_id: "rel_1".into(), status: Some(status), reason: None, isrc: Some("QZVZA2600001".into()) }
}

fn heard(status: PlacementStatus) -> Placement {
    let mut placement = placement().stored_as(status);
    (placement.call, placement.partner_id) = (Call::Heard, Some("rel_1".into()));
    placement
}

#[test]
fn every_pair_of_the_table() {
    let allowed = [
        (Submitted, Processing),
        (Submitted, Live),
        (Submitted, Rejected),
        (Submitted, TakedownRequested),
        (Submitted, TakenDown),
        (Processing, Live),
        (Processing, Rejected),
        (Processing, TakedownRequested),
        (Processing, TakenDown),
        (Live, TakedownRequested),
        (Live, TakenDown),
        (TakedownRequested, TakenDown),
        (TakedownRequested, Rejected),
    ];
    let mut pairs = 0;
    for from in PlacementStatus::ALL.iter().copied() {
        for to in PlacementStatus::ALL.iter().copied() {
            let moved = heard(from).moved(to, "because");
            assert_eq!(moved.is_ok(), allowed.contains(&(from, to)), "{from:?} -> {to:?}");
            if let Ok((placement, told)) = moved {
                assert_eq!((placement.status(), told.from, told.to, told.why.as_str()), (to, Some(from), to, "because"));
                assert_eq!(placement.due_at.is_none(), to.is_over(), "what is over is due at no time");
            }
            pairs += 1;
        }
    }
    assert_eq!(pairs, 36);
}

#[test]
fn words_are_read_back_and_an_unknown_one_goes_nowhere() {
    for status in PlacementStatus::ALL {
        assert_eq!(PlacementStatus::parse(status.as_str()), Some(*status));
    }
    assert_eq!(PlacementStatus::parse("published"), None);
    let odd = Answer::Stands { partner_id: "rel_1".into(), status: None, reason: Some("published".into()), isrc: None };
    let after = heard(Processing).after(&odd, &SCHEDULE, NOW);
    assert_eq!((after.placement.status(), after.moved), (Processing, None));
    assert!(after.placement.last_error.is_some_and(|error| error.contains("published")));
    let names: Vec<_> = Platform::ALL.iter().map(|platform| platform.as_str()).collect();
    assert!(names.is_sorted(), "lists by platform are by its name");
}

#[test]
fn only_music_is_distributed() {
    let sent: Vec<_> = ProductKind::ALL.into_iter().map(ReleaseKind::of).collect();
    assert_eq!(sent, [Some(ReleaseKind::Track), Some(ReleaseKind::Release), None, None]);
}

#[test]
fn what_may_have_been_heard_is_looked_up_before_it_is_sent_again() {
    let fresh = placement();
    assert_eq!(fresh.next_step(), Step::Submit);
    let sent = fresh.sent(&SCHEDULE, NOW);
    let lost = sent.after(&Answer::Unknown("cut".into()), &SCHEDULE, NOW).placement;
    assert_eq!((lost.next_step(), lost.status(), lost.tries), (Step::LookUp, Submitted, 1));
    let early = lost.after(&Answer::NotThere, &SCHEDULE, NOW.plus(Duration::from_secs(59))).placement;
    assert_eq!(early.next_step(), Step::LookUp, "the call may still be on its way");
    let later = early.after(&Answer::NotThere, &SCHEDULE, NOW.plus(Duration::from_secs(60))).placement;
    assert_eq!(later.next_step(), Step::Submit, "none took effect");
    let found = lost.after(&stands(Processing), &SCHEDULE, NOW);
    assert_eq!((found.placement.next_step(), found.placement.status()), (Step::Read, Processing));
    assert_eq!(found.placement.isrc.as_deref(), Some("QZVZA2600001"));
}

#[test]
fn a_refusal_rejects_with_the_partners_words() {
    let after = placement().sent(&SCHEDULE, NOW).after(&Answer::Refused("no artwork".into()), &SCHEDULE, NOW);
    assert_eq!((after.placement.status(), after.placement.due_at), (Rejected, None));
    assert_eq!(after.moved.map(|moved| moved.why), Some("no artwork".into()));
    let rejected = heard(Processing).after(&stands(Rejected), &SCHEDULE, NOW);
    assert_eq!(rejected.placement.next_step(), Step::Nothing);
}

#[test]
fn what_was_never_sent_is_withdrawn_without_a_call() {
    let (leaving, moved) = placement().take_down("wrong file", NOW).unwrap();
    assert_eq!((leaving.next_step(), moved.map(|moved| moved.to)), (Step::Withdraw, Some(TakedownRequested)));
    assert_eq!(leaving.after(&Answer::Withdrawn, &SCHEDULE, NOW).placement.status(), TakenDown);
    let (unsure, _) = placement().sent(&SCHEDULE, NOW).take_down("wrong file", NOW).unwrap();
    assert_eq!(unsure.next_step(), Step::LookUp, "it may have arrived");
    assert_eq!(unsure.after(&Answer::Withdrawn, &SCHEDULE, NOW).placement, unsure);
    let found = unsure.after(&stands(Submitted), &SCHEDULE, NOW.plus(SCHEDULE.lease)).placement;
    assert_eq!(found.next_step(), Step::TakeDown);
}

#[test]
fn a_takedown_is_asked_for_until_the_partner_has_heard_it() {
    let (leaving, _) = heard(Live).take_down("gone", NOW).unwrap();
    assert_eq!(leaving.clone().take_down("again", NOW).unwrap(), (leaving.clone(), None), "asked twice, done once");
    let sent = leaving.sent(&SCHEDULE, NOW);
    let lost = sent.after(&Answer::Unknown("cut".into()), &SCHEDULE, NOW).placement;
    assert_eq!(lost.next_step(), Step::Read);
    assert_eq!(lost.after(&stands(Live), &SCHEDULE, NOW).placement.next_step(), Step::Read, "it may still be on its way");
    let later = NOW.plus(SCHEDULE.lease);
    assert_eq!(lost.after(&stands(Live), &SCHEDULE, later).placement.next_step(), Step::TakeDown, "it was not heard");
    let done = lost.after(&stands(TakedownRequested), &SCHEDULE, later).placement;
    assert_eq!((done.next_step(), done.call), (Step::Read, Call::Heard));
    assert_eq!(done.after(&stands(TakenDown), &SCHEDULE, later).placement.status(), TakenDown);
    for over in [Rejected, TakenDown] {
        assert!(heard(over).take_down("gone", NOW).is_err(), "{over:?}");
    }
}

#[test]
fn a_person_is_told_when_the_budget_is_used_up_and_it_goes_on() {
    let mut stuck = placement();
    for tries in 1..=5 {
        let after = stuck.after(&Answer::NotSent("no connection".into()), &SCHEDULE, NOW);
        assert_eq!(after.stuck.is_some(), tries > 2, "{tries}");
        stuck = after.placement;
    }
    assert_eq!((stuck.status(), stuck.next_step()), (Submitted, Step::Submit));
    assert!(stuck.due_at.is_some());
    let refused = heard(TakedownRequested).after(&Answer::Refused("contract".into()), &SCHEDULE, NOW);
    assert_eq!((refused.placement.status(), refused.stuck.as_deref()), (TakedownRequested, Some("contract")));
}

/// A partner that may lose calls and answers, and moves by itself.
#[derive(Default)]
struct Partner {
    received: u32,
    has: Option<PlacementStatus>,
}

#[derive(Clone, Copy, Debug)]
enum Luck {
    Good,
    AnswerLost,
    RequestLost,
    NotSent,
    Refused,
}

fn luck() -> impl Strategy<Value = (Luck, bool, u8)> {
    let luck = prop_oneof![
        4 => Just(Luck::Good),
        2 => Just(Luck::AnswerLost),
        2 => Just(Luck::RequestLost),
        1 => Just(Luck::NotSent),
        1 => Just(Luck::Refused),
    ];
    (luck, prop::bool::weighted(0.1), 0_u8..6)
}

impl Partner {
    fn answer(&mut self, step: Step, luck: Luck) -> Answer {
        let says = |has: Option<PlacementStatus>| has.map_or(Answer::NotThere, stands);
        match (step, luck) {
            (Step::Nothing | Step::Withdraw, _) => Answer::Withdrawn,
            (Step::LookUp | Step::Read, Luck::Good) => says(self.has),
            (Step::LookUp | Step::Read, _) => Answer::Unread("cut".into()),
            (_, Luck::RequestLost) => Answer::Unknown("cut".into()),
            (_, Luck::NotSent) => Answer::NotSent("no connection".into()),
            (_, Luck::Refused) => Answer::Refused("no".into()),
            (Step::Submit, luck) => {
                self.received += 1;
                self.has = Some(Submitted);
                if matches!(luck, Luck::Good) { says(self.has) } else { Answer::Unknown("cut".into()) }
            }
            (Step::TakeDown, luck) => {
                if self.has.is_some_and(|has| has.may_move_to(TakedownRequested)) {
                    self.has = Some(TakedownRequested);
                }
                if matches!(luck, Luck::Good) { says(self.has) } else { Answer::Unknown("cut".into()) }
            }
        }
    }
}

proptest! {
    #[test]
    fn whatever_is_lost_nothing_is_sent_twice_and_the_table_is_kept(rounds in prop::collection::vec(luck(), 0..60)) {
        let (mut ours, mut partner, mut now, mut over) = (placement(), Partner::default(), NOW, false);
        for (luck, takes_down, moves) in rounds {
            if takes_down && let Ok((leaving, _)) = ours.clone().take_down("gone", now) {
                ours = leaving;
            }
            if let Some(has) = partner.has {
                partner.has = has.moves().get(usize::from(moves)).copied().filter(|to| *to != TakedownRequested).or(Some(has));
            }
            now = ours.due_at.unwrap_or(now).max(now);
            let (before, step) = (ours.status(), ours.next_step());
            if matches!(step, Step::Submit | Step::TakeDown) {
                ours = ours.sent(&SCHEDULE, now);
            }
            let answer = partner.answer(step, luck);
            let after = ours.after(&answer, &SCHEDULE, now);
            prop_assert_eq!(after.moved.is_some(), after.placement.status() != before, "every move is told");
            prop_assert!(after.placement.status() == before || before.may_move_to(after.placement.status()));
            prop_assert!(ours.partner_id.is_none() || after.placement.partner_id == ours.partner_id, "the reference is kept");
            prop_assert!(!over || after.placement == ours, "what is over stays as it is");
            prop_assert_eq!(after.placement.due_at.is_none(), after.placement.status().is_over());
            ours = after.placement;
            over = ours.status().is_over();
            prop_assert!(partner.received <= 1, "sent twice");
        }
    }
}

fn track(reference: &str, platform: Platform, product: u128) -> RoyaltyTrack {
    let product_id = ProductId(Uuid::from_u128(product));
    RoyaltyTrack { reference: reference.into(), platform, product_id, user_id: UserId(Uuid::from_u128(product + 100)) }
}

fn line(reference: &str, period: &str, territory: &str, units: &str, amount: &str) -> Result<ReportLine, LineFault> {
    ReportLine::read([reference, "spotify", period, territory, units, amount, "EUR"])
}

#[test]
fn a_line_is_read_strictly() {
    assert!(line("rel_1", "2026-01", "DE", "10", "-5").is_ok());
    let good = ["rel_1", "spotify", "2026-01", "", "1", "1", "EUR"];
    let bad = [
        (0, "", LineFault::Reference),
        (1, "tidal", LineFault::Platform),
        (2, "2026-13", LineFault::Period),
        (2, "2026-1", LineFault::Period),
        (2, "+026-01", LineFault::Period),
        (3, "de", LineFault::Territory),
        (4, "-1", LineFault::Units),
        (4, "1.5", LineFault::Units),
        (5, "9.99", LineFault::Amount),
        (5, "1000000000001", LineFault::Amount),
        (6, "EURO", LineFault::Currency),
    ];
    assert!(ReportLine::read(good).is_ok());
    for (column, value, fault) in bad {
        let mut fields = good;
        fields[column] = value;
        assert_eq!(ReportLine::read(fields), Err(fault), "{value}");
    }
    assert_eq!(ReportPeriod::parse("2026-12").map(|period| period.to_string()).as_deref(), Some("2026-12"));
}

#[test]
fn a_file_counts_whole_or_not_at_all() {
    let tracks = [
        track("rel_1", Platform::Spotify, 1),
        track("ISRC", Platform::Spotify, 1),
        track("both", Platform::Spotify, 1),
        track("both", Platform::Spotify, 2),
        track("rel_d", Platform::Deezer, 3),
    ];
    let lines = vec![
        (2, line("rel_1", "2026-01", "DE", "1", "10")),
        (3, line("ISRC", "2026-01", "DE", "1", "10")),
        (4, line("nobody", "2026-01", "DE", "1", "10")),
        (5, line("both", "2026-01", "DE", "1", "10")),
        (6, line("rel_d", "2026-01", "DE", "1", "10")),
        (7, line("rel_1", "2026-01", "DE", "x", "10")),
        (8, line("rel_1", "2026-01", "FR", "1", "10")),
    ];
    let faults = resolve(lines.clone(), &tracks, [0; 32]).unwrap_err();
    let expected = [
        (3, LineFault::Twice(2)),
        (4, LineFault::UnknownTrack),
        (5, LineFault::AmbiguousTrack),
        (6, LineFault::UnknownTrack),
        (7, LineFault::Units),
    ];
    assert_eq!(faults, expected, "a reference is one platform's, an ISRC and a reference may be the same track");
    let good = vec![lines[0].clone(), lines[6].clone()];
    let resolved = resolve(good, &tracks, [0; 32]).unwrap();
    let known: Vec<_> = resolved.iter().map(|(_, line)| line.clone()).collect();
    assert_eq!(fresh_lines(resolved.clone(), &[]), Ok(known.clone()));
    assert_eq!(fresh_lines(resolved.clone(), &known), Ok(Vec::new()), "told again, counted once");
    let mut other = known.clone();
    other[1].units += 1;
    assert_eq!(fresh_lines(resolved, &other), Err(vec![(8, LineFault::Contradicts)]));
}

proptest! {
    #[test]
    fn sums_lose_nothing(figures in prop::collection::vec((1_u128..4, 1_u8..=12, 0_i64..1000, -1000_i64..1000, 0_usize..3), 0..40)) {
        let tracks: Vec<_> = (1..4).map(|product| track(&format!("rel_{product}"), Platform::Spotify, product)).collect();
        let mut lines = BTreeMap::new();
        for (product, month, units, amount, land) in figures {
            let land = ["", "DE", "FR"][land];
            let read = line(&format!("rel_{product}"), &format!("2026-{month:02}"), land, &units.to_string(), &amount.to_string());
            lines.insert((product, month, land), read);
        }
        let numbered = (2_u64..).zip(lines.into_values()).collect();
        let resolved: Vec<_> = resolve(numbered, &tracks, [1; 32]).unwrap().into_iter().map(|(_, line)| line).collect();
        let sums = aggregate(&resolved).unwrap();
        let places: Vec<_> = sums.iter().map(|sum| sum.place()).collect();
        prop_assert!(places.windows(2).all(|pair| pair[0] < pair[1]), "in order, each once");
        let (units, amount): (i64, i64) = (sums.iter().map(|sum| sum.units).sum(), sums.iter().map(|sum| sum.amount.amount.0).sum());
        prop_assert_eq!(units, resolved.iter().map(|line| line.units).sum::<i64>());
        prop_assert_eq!(amount, resolved.iter().map(|line| line.amount.0).sum::<i64>());
    }
}
