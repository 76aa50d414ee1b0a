//! Every flow × every point: each flow is recorded first, then played once for each point that was passed, with a kill there.

use crate::flows::Flow;
use crate::ground::Template;
use crate::server::Lives;
use crate::verdict::{self, End};
use futures_util::StreamExt;
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};
use veza::killpoints::{KILL_AT, RECORD};

/// A flow is recorded so often: which message comes first is not always the same.
const RECORDINGS: usize = 3;
/// Tries to reach a point that every recording passed, where one run does not.
const TRIES: usize = 5;
/// The same for one that only some recordings passed.
const TRIES_OF_CHANCE: usize = 2;
/// Cases at a time: most of a case is waiting.
const AT_A_TIME: usize = 8;

/// A line of progress after so many cases.
const PROGRESS: usize = 50;
/// A second kill comes at one of the first so many points of the second life.
const SECOND_KILLS: usize = 6;

/// A point and which of its hits.
type Spot = (String, u32);

/// Which points are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// All of them, with one kill; and again, with a second kill while what the first left is worked on.
    EveryTwice,
    /// Each `n`th of a flow's, beginning with another one in each flow.
    EachNth(usize),
}

/// What came of all cases.
#[derive(Debug, Default)]
pub struct Matrix {
    /// Flows that were played.
    pub flows: usize,
    /// Points with their hits, of all flows.
    pub points: usize,
    /// The points by name, of all flows.
    pub names: Vec<String>,
    /// Cases: points that were wanted, with one kill or two.
    pub cases: usize,
    /// Runs of a flow, recordings and further tries included.
    pub runs: usize,
    /// Times that a process killed itself.
    pub kills: u32,
    /// Starts after a kill.
    pub restarts: u32,
    /// What was wrong; empty when all is well.
    pub differences: Vec<String>,
    /// Points that depend on the order of messages, or on who was slow, and were not passed again.
    pub missed: Vec<String>,
    /// How long it took.
    pub took: Duration,
}

/// One run of a flow.
struct Run {
    lives: Lives,
    passed: Vec<Spot>,
    end: Result<End, String>,
}

impl Matrix {
    /// Plays all.
    ///
    /// # Panics
    /// When a flow does not even work without a kill.
    pub async fn play(template: &Template, flows: &[Flow], wanted: Wanted) -> Self {
        let began = Instant::now();
        let mut matrix = Self { flows: flows.len(), ..Self::default() };
        let recorded: Vec<(Flow, Recording)> = futures_util::stream::iter(flows.iter().copied())
            .map(async |flow| (flow, record(template, flow).await))
            .buffered(AT_A_TIME)
            .collect()
            .await;
        let mut cases = Vec::new();
        for (at, (flow, recording)) in recorded.iter().enumerate() {
            matrix.points += recording.spots.len();
            matrix
                .names
                .extend(recording.spots.iter().map(|((point, hit), seen)| format!("{} {point}#{hit} ({seen}/{RECORDINGS})", flow.name())));
            matrix.runs += RECORDINGS;
            let nth = if let Wanted::EachNth(nth) = wanted { nth } else { 1 };
            for (number, spot) in recording.spots.keys().enumerate().skip(at % nth).step_by(nth) {
                cases.push((*flow, recording, spot, None));
                if wanted == Wanted::EveryTwice {
                    cases.push((*flow, recording, spot, u32::try_from(number % SECOND_KILLS + 1).ok()));
                }
            }
        }
        matrix.cases = cases.len();
        let mut played = futures_util::stream::iter(cases)
            .map(async |(flow, recording, spot, second)| {
                let runs = kill_at(template, flow, &Fate::Killed(spot.clone(), second), recording.tries(spot)).await;
                (flow, recording, spot, second, runs)
            })
            .buffer_unordered(AT_A_TIME);
        let mut over = 0;
        while let Some((flow, recording, (point, hit), second, runs)) = played.next().await {
            let again = second.map_or_else(String::new, |nth| format!(", then at point {nth} of the second life"));
            let name = format!("{} {point}#{hit}{again}", flow.name());
            let reached = runs.iter().any(|run| run.lives.kills > 0);
            if !reached {
                matrix.missed.push(name.clone());
            }
            over += 1;
            if over % PROGRESS == 0 {
                println!("{over} of {} cases, {} s", matrix.cases, began.elapsed().as_secs());
            }
            for run in runs {
                matrix.runs += 1;
                matrix.kills += run.lives.kills;
                matrix.restarts += run.lives.starts - 1;
                let wrong = match (run.end, run.lives.strange) {
                    (_, Some(strange)) => Some(strange),
                    (Err(error), None) => Some(error),
                    (Ok(end), None) if end != recording.end => {
                        Some(format!("it ends otherwise:\n{}instead of\n{}", end.0, recording.end.0))
                    }
                    (Ok(_), None) => None,
                };
                matrix.differences.extend(wrong.map(|wrong| format!("{name}: {wrong}")));
            }
        }
        matrix.took = began.elapsed();
        matrix
    }

    /// The figures, in one line.
    #[must_use]
    pub fn figures(&self) -> String {
        format!(
            "{} flows, {} points, {} cases: {} runs, {} kills, {} restarts, {} differences, {} points not passed again; {} s",
            self.flows,
            self.points,
            self.cases,
            self.runs,
            self.kills,
            self.restarts,
            self.differences.len(),
            self.missed.len(),
            self.took.as_secs()
        )
    }
}

/// What a flow does without a kill.
struct Recording {
    /// Each point with its hit, and how many of the recordings passed it.
    spots: BTreeMap<Spot, usize>,
    end: End,
}

impl Recording {
    fn tries(&self, spot: &Spot) -> usize {
        if self.spots[spot] == RECORDINGS { TRIES } else { TRIES_OF_CHANCE }
    }
}

async fn record(template: &Template, flow: Flow) -> Recording {
    let mut spots: BTreeMap<Spot, usize> = BTreeMap::new();
    let mut ends = Vec::new();
    for _ in 0..RECORDINGS {
        let run = run(template, flow, &Fate::Recorded).await;
        assert_eq!((run.lives.starts, &run.lives.strange), (1, &None), "{}", flow.name());
        ends.push(run.end.unwrap_or_else(|error| panic!("{} without a kill: {error}", flow.name())));
        run.passed.into_iter().for_each(|spot| *spots.entry(spot).or_default() += 1);
    }
    assert!(ends.windows(2).all(|two| two[0] == two[1]), "{} does not always end the same: {ends:#?}", flow.name());
    Recording { spots, end: ends.swap_remove(0) }
}

/// Plays it with a kill there, again while the point is not passed.
async fn kill_at(template: &Template, flow: Flow, fate: &Fate, tries: usize) -> Vec<Run> {
    let mut runs = Vec::new();
    for _ in 0..tries {
        let run = run(template, flow, fate).await;
        let over = run.lives.kills > 0 || run.end.is_err();
        runs.push(run);
        if over {
            break;
        }
    }
    runs
}

/// What happens to a process in its lives.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Fate {
    /// It lives, and its points are written down.
    Recorded,
    /// It is killed there; in its second life, if that is given, at the nth point that it passes.
    Killed(Spot, Option<u32>),
}

async fn run(template: &Template, flow: Flow, fate: &Fate) -> Run {
    let ground = template.copy().await;
    for script in flow.scripts() {
        ground.sandbox.script(script).expect("a script");
    }
    let (record, fate) = (ground.file("points"), fate.clone());
    let recorded = record.clone();
    let server = ground.start(move |life| {
        let mut more: Vec<_> = flow.settings().iter().map(|(name, value)| (*name, (*value).to_owned())).collect();
        match (&fate, life) {
            (Fate::Recorded, _) => more.push((RECORD, recorded.to_str().expect("a path").to_owned())),
            (Fate::Killed((point, hit), _), 0) => more.push((KILL_AT, format!("{point}#{hit}"))),
            (Fate::Killed(_, Some(nth)), 1) => more.push((KILL_AT, format!("*#{nth}"))),
            (Fate::Killed(..), _) => {}
        }
        more
    });
    let end = async {
        let order = flow.play(&ground).await?;
        verdict::judge(&ground, flow, &order).await
    };
    let end = end.await;
    let lives = server.kill().await;
    let end = end.map_err(|error| format!("{error}\n{}", tail(&std::fs::read_to_string(ground.file("server.log")).unwrap_or_default())));
    let passed = hits(&std::fs::read_to_string(record).unwrap_or_default());
    ground.end().await;
    Run { lives, passed, end }
}

/// The names of points, one a line, as spots: the second time a name stands there is its second hit.
fn hits(recorded: &str) -> Vec<Spot> {
    let mut count: BTreeMap<&str, u32> = BTreeMap::new();
    let mut spot = |name| {
        let hit = count.entry(name).or_default();
        *hit += 1;
        (str::to_owned(name), *hit)
    };
    let spots: BTreeSet<Spot> = recorded.lines().map(&mut spot).collect();
    spots.into_iter().collect()
}

/// The last lines of a log.
fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_stands_twice_is_two_spots() {
        let spot = |name: &str, hit| (name.to_owned(), hit);
        assert_eq!(hits("a\nb\na\n"), [spot("a", 1), spot("a", 2), spot("b", 1)]);
    }
}
