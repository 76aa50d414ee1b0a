//! What one call, answer or wish leaves of a placement: whole rows, in which every field says something before, so that none is lost or
//! kept unseen; and the words under which they are stored. How placements live over time is in [`crate::distribution`].

use crate::support::{START, uuid};
use std::time::Duration;
use veza_domain::backoff::RetryPolicy;
use veza_domain::distribution::PlacementStatus::{Live, Processing, Rejected, Submitted, TakedownRequested, TakenDown};
use veza_domain::distribution::{
    After, Answer, Call, LineFault, Moved, Placement, PlacementStatus, Platform, ReportLine, ReportPeriod, Schedule, Step,
};
use veza_domain::ids::{PlacementId, ProductId, SubmissionId, UserId};
use veza_domain::money::Money;
use veza_domain::time::Timestamp;

const LEASE: Duration = Duration::from_secs(60);
const LOOKS: Duration = Duration::from_secs(300);
const LIVE_LOOKS: Duration = Duration::from_secs(86_400);
const SLOWEST: Duration = Duration::from_secs(3600);
const SCHEDULE: Schedule = Schedule {
    lease: LEASE,
    retries: RetryPolicy { retries_max: 3, base: Duration::from_secs(10), max: SLOWEST },
    looks: LOOKS,
    live_looks: LIVE_LOOKS,
};
const MOMENT: Duration = Duration::from_micros(1);

/// What may change of a placement.
#[derive(Clone, Copy)]
struct Row {
    status: PlacementStatus,
    call: Call,
    partner_id: Option<&'static str>,
    isrc: Option<&'static str>,
    tries: u32,
    due_at: Option<Timestamp>,
    last_error: Option<&'static str>,
}

impl Row {
    fn placement(self) -> Placement {
        let (id, submission_id, product_id) = (PlacementId(uuid(0x91)), SubmissionId(uuid(0x92)), ProductId(uuid(0x93)));
        let mut row = Placement::new(id, submission_id, product_id, UserId(uuid(0x94)), Platform::Deezer, START.minus(LEASE));
        (row.call, row.tries, row.due_at) = (self.call, self.tries, self.due_at);
        (row.partner_id, row.isrc) = (self.partner_id.map(str::to_owned), self.isrc.map(str::to_owned));
        row.last_error = self.last_error.map(str::to_owned);
        row.stored_as(self.status)
    }
}

/// The partner has it, and the last two calls brought nothing.
fn known(status: PlacementStatus, call: Call) -> Row {
    let (partner_id, isrc, due_at) = (Some("rel_1"), Some("QZVZA2600001"), Some(START.plus(MOMENT)));
    Row { status, call, partner_id, isrc, tries: 2, due_at, last_error: Some("cut") }
}

/// Nobody knows whether the partner has it.
fn unknown(status: PlacementStatus, call: Call) -> Row {
    Row { partner_id: None, isrc: None, ..known(status, call) }
}

fn stands(status: impl Into<Option<PlacementStatus>>, reason: Option<&str>) -> Answer {
    Answer::Stands { partner_id: "rel_1".into(), status: status.into(), reason: reason.map(str::to_owned), isrc: None }
}

#[test]
fn the_next_step_follows_from_status_reference_and_call() {
    use Step::{LookUp, Nothing, Read, Submit, TakeDown, Withdraw};
    let table = [
        (Submitted, [Submit, LookUp, LookUp], [Read, Read, Read]),
        (Processing, [Submit, LookUp, LookUp], [Read, Read, Read]),
        (Live, [Submit, LookUp, LookUp], [Read, Read, Read]),
        (TakedownRequested, [Withdraw, LookUp, LookUp], [TakeDown, Read, Read]),
        (Rejected, [Nothing, Nothing, Nothing], [Nothing, Nothing, Nothing]),
        (TakenDown, [Nothing, Nothing, Nothing], [Nothing, Nothing, Nothing]),
    ];
    let calls = [Call::Due, Call::Sent(START), Call::Heard];
    for (status, without, with) in table {
        assert_eq!(calls.map(|call| unknown(status, call).placement().next_step()), without, "{status:?}, without a reference");
        assert_eq!(calls.map(|call| known(status, call).placement().next_step()), with, "{status:?}, with a reference");
    }
}

/// Its call is due when the partner has it; else what may have been heard of the submission is still to be found out.
#[test]
fn what_is_to_go_is_looked_at_at_once_with_a_fresh_budget() {
    let table = [(known(Live, Call::Heard), Call::Due), (unknown(Submitted, Call::Sent(START)), Call::Sent(START))];
    for (before, call) in table {
        let leaving = Row { status: TakedownRequested, call, tries: 0, due_at: Some(START), ..before }.placement();
        let moved = Moved { from: Some(before.status), to: TakedownRequested, why: "wrong file".into() };
        assert_eq!(before.placement().take_down("wrong file", START), Ok((leaving, Some(moved))));
    }
}

#[test]
fn what_is_sent_is_left_alone_for_a_lease() {
    let before = known(TakedownRequested, Call::Due);
    let sent = Row { call: Call::Sent(START), due_at: Some(START.plus(LEASE)), ..before };
    assert_eq!(before.placement().sent(&SCHEDULE, START), sent.placement());
}

fn assert_unmoved(before: Row, answer: &Answer, now: Timestamp, (after, stuck): (Row, Option<&str>)) {
    let expected = After { placement: after.placement(), moved: None, stuck: stuck.map(str::to_owned) };
    assert_eq!(before.placement().after(answer, &SCHEDULE, now), expected, "{:?} {:?}, {answer:?}", before.status, before.call);
}

/// A call that is waited for is over at the end of its lease, not a moment earlier.
#[test]
fn what_was_not_heard_is_due_again_once_no_call_can_be_under_way() {
    let (end, before) = (START.plus(LEASE), START.plus(LEASE).minus(MOMENT));
    let (lost, leaving) = (unknown(Submitted, Call::Sent(START)), known(TakedownRequested, Call::Sent(START)));
    assert_unmoved(lost, &Answer::NotThere, before, (Row { due_at: Some(end), ..lost }, None));
    assert_unmoved(lost, &Answer::NotThere, end, (Row { call: Call::Due, due_at: Some(end), ..lost }, None));
    for theirs in [Submitted, Processing, Live] {
        let read = Row { tries: 0, last_error: None, ..leaving };
        assert_unmoved(leaving, &stands(theirs, None), before, (Row { due_at: Some(end), ..read }, None));
        assert_unmoved(leaving, &stands(theirs, None), end, (Row { call: Call::Due, due_at: Some(end), ..read }, None));
    }
}

#[test]
fn calls_that_bring_nothing_back_off_and_keep_what_may_have_been_heard() {
    let sent = Call::Sent(START);
    let (second, last) = (known(Processing, sent), Row { tries: 3, ..known(Processing, sent) });
    let table = [
        (Answer::Unknown("no answer".into()), sent, "no answer"),
        (Answer::Unread("no answer".into()), sent, "no answer"),
        (Answer::NotThere, sent, "the partner no longer has it"),
        (Answer::NotSent("no connection".into()), Call::Due, "no connection"),
    ];
    for (answer, call, why) in table {
        let failed = |tries, seconds| {
            let due_at = Some(START.plus(Duration::from_secs(seconds)));
            Row { call, tries, due_at, last_error: Some(why), ..second }
        };
        assert_unmoved(second, &answer, START, (failed(3, 80), None));
        assert_unmoved(last, &answer, START, (failed(4, 160), Some(why)));
    }
    let refused = Row { call: Call::Due, tries: 3, due_at: Some(START.plus(SLOWEST)), last_error: Some("contract"), ..second };
    assert_unmoved(second, &Answer::Refused("contract".into()), START, (refused, Some("contract")));
}

#[test]
fn what_is_read_ends_the_failures_and_is_read_again_at_its_own_pace() {
    let read = |status, pause, last_error| Row { tries: 0, due_at: Some(START.plus(pause)), last_error, ..known(status, Call::Heard) };
    let table = [
        (Processing, stands(Processing, None), read(Processing, LOOKS, None)),
        (Live, stands(Live, None), read(Live, LIVE_LOOKS, None)),
        (TakedownRequested, stands(TakedownRequested, None), read(TakedownRequested, LOOKS, None)),
        (Live, stands(Processing, None), read(Live, LIVE_LOOKS, Some("the partner says processing"))),
        (Live, stands(None, Some("odd")), read(Live, LIVE_LOOKS, Some("the partner says what we do not know: odd"))),
        (Live, stands(None, None), read(Live, LIVE_LOOKS, Some("the partner says what we do not know: nothing"))),
    ];
    for (status, answer, after) in table {
        assert_unmoved(known(status, Call::Heard), &answer, START, (after, None));
    }
}

#[test]
fn a_move_is_told_and_leaves_nothing_to_send() {
    let (lost, over) = (unknown(Submitted, Call::Sent(START)), |row: Row| Row { call: Call::Heard, due_at: None, ..row });
    let read = |status, due_at| Row { tries: 0, due_at, last_error: None, ..known(status, Call::Heard) };
    let (ours, processing) = (unknown(TakedownRequested, Call::Due), known(Processing, Call::Sent(START)));
    let live_at = Some(START.plus(LIVE_LOOKS));
    let table = [
        (ours, Answer::Withdrawn, over(Row { status: TakenDown, ..ours }), "it was never sent to the partner"),
        (lost, Answer::Refused("no artwork".into()), over(Row { status: Rejected, ..lost }), "no artwork"),
        (processing, stands(Live, None), read(Live, live_at), "the partner says so"),
        (lost, stands(Live, Some("out now")), Row { isrc: None, ..read(Live, live_at) }, "out now"),
        (processing, stands(Rejected, Some("cover art")), read(Rejected, None), "cover art"),
    ];
    for (before, answer, after, why) in table {
        let moved = Some(Moved { from: Some(before.status), to: after.status, why: why.into() });
        let expected = After { placement: after.placement(), moved, stuck: None };
        assert_eq!(before.placement().after(&answer, &SCHEDULE, START), expected, "{:?}, {answer:?}", before.status);
    }
}

#[test]
fn a_call_is_stored_as_a_word_and_when_it_was_sent() {
    for (call, word, sent_at) in [(Call::Due, "due", None), (Call::Sent(START), "sent", Some(START)), (Call::Heard, "heard", None)] {
        assert_eq!((call.as_str(), call.sent_at()), (word, sent_at));
        assert_eq!(Call::parse(word, sent_at), Some(call));
    }
    for (word, sent_at) in [("due", Some(START)), ("sent", None), ("heard", Some(START)), ("nonsense", None)] {
        assert_eq!(Call::parse(word, sent_at), None, "{word}");
    }
}

#[test]
fn a_fault_of_a_line_has_a_stable_word() {
    let codes = [
        (LineFault::Columns, "bad_columns"),
        (LineFault::Reference, "bad_reference"),
        (LineFault::Platform, "unknown_platform"),
        (LineFault::Period, "bad_period"),
        (LineFault::Territory, "bad_territory"),
        (LineFault::Units, "bad_units"),
        (LineFault::Amount, "bad_amount"),
        (LineFault::Currency, "unknown_currency"),
        (LineFault::UnknownTrack, "unknown_track"),
        (LineFault::AmbiguousTrack, "ambiguous_track"),
        (LineFault::Twice(2), "duplicate_line"),
        (LineFault::Contradicts, "contradicts_earlier_file"),
    ];
    for (fault, code) in codes {
        assert_eq!(fault.code(), code);
    }
}

/// Characters, not bytes: a reference may be in any script.
#[test]
fn a_reference_has_at_most_a_hundred_characters_and_none_that_cannot_be_seen() {
    let read = |reference: &str| ReportLine::read([reference, "deezer", "2026-01", "FR", "10", "-5", "EUR"]);
    let longest = "é".repeat(100);
    let line = ReportLine {
        reference: longest.clone(),
        platform: Platform::Deezer,
        period: ReportPeriod::parse("2026-01").unwrap(),
        territory: "FR".into(),
        units: 10,
        amount: Money::new(-5, "EUR".parse().unwrap()),
    };
    assert_eq!(read(&longest), Ok(line));
    for reference in ["é".repeat(101), "rel\t1".into(), "rel_1\u{7f}".into()] {
        assert_eq!(read(&reference), Err(LineFault::Reference), "{reference:?}");
    }
}
