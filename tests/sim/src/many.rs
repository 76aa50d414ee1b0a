//! The histories of many seeds, on all processors, and what came of them in figures.

use crate::ops::History;
use crate::run::{Base, Ended, run};
use crate::shrink::shrink;
use std::fmt;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// Which histories.
#[derive(Clone, Copy, Debug)]
pub struct Many {
    /// How many.
    pub histories: u64,
    /// The first seed.
    pub seed: u64,
    /// What the books are kept in.
    pub base: Base,
    /// Threads; 0 = one per processor.
    pub threads: usize,
    /// Goes on after so many failures.
    pub tolerate: u64,
    /// Tells a failing history as it is: who only asks whether there is one need not wait for a shorter one.
    pub as_they_are: bool,
}

/// A history that broke something.
pub struct Failure {
    /// Its seed.
    pub seed: u64,
    /// What it was played on.
    pub base: Base,
    /// What it broke.
    pub broken: Vec<String>,
    /// A short history that breaks the same; the history itself where nobody asked for a shorter one.
    pub shortest: History,
}

/// What came of many.
#[derive(Clone, Copy, Debug)]
pub struct Totals {
    base: Base,
    took: Duration,
    /// Histories that were played to their end.
    pub histories: u64,
    operations: u64,
    steps: u64,
    made: [u64; 5],
    /// Histories that broke something.
    pub failed: u64,
}

#[derive(Default)]
struct Sums {
    histories: AtomicU64,
    operations: AtomicU64,
    steps: AtomicU64,
    made: [AtomicU64; 5],
    failed: AtomicU64,
}

impl Sums {
    fn count(&self, history: &History, ended: &Ended) {
        self.histories.fetch_add(1, Ordering::Relaxed);
        self.operations.fetch_add(history.ops.len() as u64, Ordering::Relaxed);
        self.steps.fetch_add(ended.events, Ordering::Relaxed);
        for (sum, made) in self.made.iter().zip(ended.made) {
            sum.fetch_add(made as u64, Ordering::Relaxed);
        }
    }
}

impl Many {
    /// Plays them. Each that breaks something is told, one at a time, shrunk unless asked not to.
    pub fn play(self, tell: impl Fn(&Failure) + Sync) -> Totals {
        let threads = if self.threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { self.threads };
        let (next, sums, stop, telling) = (AtomicU64::new(self.seed), Sums::default(), AtomicBool::new(false), Mutex::new(()));
        let (began, last) = (Instant::now(), self.seed.saturating_add(self.histories));
        let work = || {
            while !stop.load(Ordering::Relaxed) {
                let seed = next.fetch_add(1, Ordering::Relaxed);
                if seed >= last {
                    break;
                }
                let history = History::of_seed(seed);
                let ended = run(&history, self.base, false);
                sums.count(&history, &ended);
                if !ended.broken.is_empty() {
                    if sums.failed.fetch_add(1, Ordering::Relaxed) >= self.tolerate {
                        stop.store(true, Ordering::Relaxed);
                    }
                    let shortest = if self.as_they_are { history } else { shorten(&history, self.base, &ended) };
                    let _guard = telling.lock();
                    tell(&Failure { seed, base: self.base, broken: ended.broken, shortest });
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(work);
            }
            scope.spawn(|| progress(&sums, &stop, self.histories, began));
        });
        let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
        Totals {
            base: self.base,
            took: began.elapsed(),
            histories: of(&sums.histories),
            operations: of(&sums.operations),
            steps: of(&sums.steps),
            made: sums.made.each_ref().map(of),
            failed: of(&sums.failed),
        }
    }
}

/// A short history that breaks what this one breaks.
#[must_use]
pub fn shorten(history: &History, base: Base, ended: &Ended) -> History {
    let wanted = kind(ended);
    shrink(history, |shorter| kind(&run(shorter, base, false)) == wanted)
}

/// The first words of what is broken: ids and figures differ from run to run of a shrinking history.
fn kind(ended: &Ended) -> String {
    let first = ended.broken.first().map(String::as_str).unwrap_or_default();
    let plain = |word: &&str| word.len() < 20 && !word.chars().any(|c| c.is_ascii_digit());
    first.split_whitespace().filter(plain).take(8).collect::<Vec<_>>().join(" ")
}

/// A line every ten seconds, where a person watches.
fn progress(sums: &Sums, stop: &AtomicBool, histories: u64, began: Instant) {
    use std::io::{IsTerminal, Write};
    let mut told = Instant::now();
    while !stop.load(Ordering::Relaxed) && sums.histories.load(Ordering::Relaxed) < histories {
        std::thread::sleep(Duration::from_millis(20));
        let mut out = std::io::stdout();
        if told.elapsed() > Duration::from_secs(10) && out.is_terminal() {
            told = Instant::now();
            let played = sums.histories.load(Ordering::Relaxed);
            // Who can't be told does not watch.
            drop(writeln!(out, "{played} of {histories} after {:.0} s", began.elapsed().as_secs_f64()));
        }
    }
}

/// So many histories are not all unlucky.
const ENOUGH_TO_SAY: u64 = 100;

impl Totals {
    /// Books agree too where nothing was sold. None: as much came of it as is usual; else what was too rare.
    #[must_use]
    pub fn too_little(&self) -> Option<&'static str> {
        let [_, paid, refunds, transfers, reversals] = self.made;
        // Two thirds of what is usual, for ten histories.
        let wanted = [("paid orders", paid, 17), ("refunds", refunds, 4), ("transfers", transfers, 20), ("reversals", reversals, 2)];
        let rare = wanted.into_iter().find(|(_, made, for_ten)| made * 10 < self.histories * for_ten);
        rare.filter(|_| self.histories >= ENOUGH_TO_SAY).map(|(what, ..)| what)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "seed {} on {:?} breaks:", self.seed, self.base)?;
        self.broken.iter().take(8).try_for_each(|what| writeln!(f, "  {what}"))?;
        writeln!(f, "{} operations do it, with {:?}:", self.shortest.ops.len(), self.shortest.setting)?;
        self.shortest.ops.iter().try_for_each(|op| writeln!(f, "  Op::{op:?},"))?;
        writeln!(f, "replay: veza-sim replay '{}'", serde_json::to_string(&self.shortest).unwrap_or_default())
    }
}

impl fmt::Display for Totals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { base, took, histories, operations, steps, made: [orders, paid, refunds, transfers, reversals], failed } = self;
        let (seconds, rate) = (took.as_secs_f64(), *histories as f64 / took.as_secs_f64());
        write!(
            f,
            "{histories} histories on {base:?} in {seconds:.1} s ({rate:.0}/s): {operations} operations, {steps} steps, \
             {orders} orders ({paid} paid), {refunds} refunds, {transfers} transfers, {reversals} reversals; {failed} failed"
        )
    }
}
