//! `veza-sim run`: many histories. `veza-sim replay`: one, told line by line.

#![allow(clippy::print_stdout, reason = "a command line program")]

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};
use veza_sim::year::{Figures, Year};
use veza_sim::{Base, Ended, History, run, run_year, shrink};

/// Plays histories of Veza and compares the books at the end of each.
#[derive(Parser)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Plays the histories of many seeds; a failing one is shrunk and printed.
    Run {
        /// How many.
        #[arg(long, short = 'n', default_value_t = 20_000)]
        histories: u64,
        /// The first seed.
        #[arg(long, default_value_t = 1)]
        seed: u64,
        /// What the books are kept in.
        #[arg(long, value_enum, default_value = "memory")]
        base: Base,
        /// Threads; 0 = one per processor.
        #[arg(long, default_value_t = 0)]
        threads: usize,
        /// Goes on after so many failures.
        #[arg(long, default_value_t = 0)]
        tolerate: u64,
    },
    /// Lives a year of many subscribers, day by day, and counts what was charged.
    Year {
        /// How many.
        #[arg(long, default_value_t = 1_000)]
        subscribers: usize,
        /// Days.
        #[arg(long, default_value_t = 366)]
        days: u32,
        /// What the lots are drawn by.
        #[arg(long, default_value_t = 1)]
        seed: u64,
    },
    /// Plays one history and tells what happens.
    Replay {
        /// A seed, or a history as `run` prints it.
        history: String,
        /// What the books are kept in.
        #[arg(long, value_enum, default_value = "memory")]
        base: Base,
        /// Shrinks it first.
        #[arg(long)]
        shrink: bool,
    },
}

fn main() -> ExitCode {
    // A panic is a finding like any other: it is printed with its history, not where it happens.
    if std::env::var_os("RUST_BACKTRACE").is_none() {
        std::panic::set_hook(Box::new(|_| {}));
    }
    match Arguments::parse().command {
        Command::Run { histories, seed, base, threads, tolerate } => many(histories, seed, base, threads, tolerate),
        Command::Year { subscribers, days, seed } => year(&Year { subscribers, days, seed }),
        Command::Replay { history, base, shrink } => replay(&history, base, shrink),
    }
}

fn year(year: &Year) -> ExitCode {
    let began = Instant::now();
    let Ok(figures) = run_year(year, Base::Sqlite) else {
        println!("there is no world to live in");
        return ExitCode::FAILURE;
    };
    let Figures { invoices, paid, renewals, retries, in_vain, running, broken } = figures;
    println!(
        "{} subscribers, {} days, in {:.0} s: {invoices} invoices, {paid} paid, {renewals} of them renewals; {retries} retries; {in_vain} \
         payments came for nothing and went back; {running} plans run at the end; {} things are wrong",
        year.subscribers,
        year.days,
        began.elapsed().as_secs_f64(),
        broken.len(),
    );
    broken.iter().take(20).for_each(|what| println!("  {what}"));
    if broken.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[derive(Default)]
struct Sums {
    histories: AtomicU64,
    operations: AtomicU64,
    events: AtomicU64,
    made: [AtomicU64; 5],
    failed: AtomicU64,
}

fn many(histories: u64, seed: u64, base: Base, threads: usize, tolerate: u64) -> ExitCode {
    let threads = if threads == 0 { std::thread::available_parallelism().map_or(1, usize::from) } else { threads };
    let (next, sums, stop, printing) = (AtomicU64::new(seed), Sums::default(), AtomicBool::new(false), Mutex::new(()));
    let (began, last) = (Instant::now(), seed.saturating_add(histories));
    std::thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                while !stop.load(Ordering::Relaxed) {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= last {
                        break;
                    }
                    let history = History::of_seed(seed);
                    let ended = run(&history, base, false);
                    count(&sums, &history, &ended);
                    if !ended.broken.is_empty() {
                        if sums.failed.fetch_add(1, Ordering::Relaxed) >= tolerate {
                            stop.store(true, Ordering::Relaxed);
                        }
                        let shortest = shorten(&history, base, &ended);
                        let _guard = printing.lock();
                        tell(seed, base, &shortest, &ended);
                    }
                }
            });
        }
        scope.spawn(|| progress(&sums, &stop, histories, began));
    });
    let took = began.elapsed();
    let of = |sum: &AtomicU64| sum.load(Ordering::Relaxed);
    let [orders, paid, refunds, transfers, reversals] = [0, 1, 2, 3, 4].map(|nth| of(&sums.made[nth]));
    let (played, failed) = (of(&sums.histories), of(&sums.failed));
    println!(
        "{played} histories on {base:?} in {:.1} s ({:.0}/s): {} operations, {} steps, {orders} orders ({paid} paid), {refunds} refunds, \
         {transfers} transfers, {reversals} reversals; {failed} failed",
        took.as_secs_f64(),
        played as f64 / took.as_secs_f64(),
        of(&sums.operations),
        of(&sums.events),
    );
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn count(sums: &Sums, history: &History, ended: &Ended) {
    sums.histories.fetch_add(1, Ordering::Relaxed);
    sums.operations.fetch_add(history.ops.len() as u64, Ordering::Relaxed);
    sums.events.fetch_add(ended.events, Ordering::Relaxed);
    for (sum, made) in sums.made.iter().zip(ended.made) {
        sum.fetch_add(made as u64, Ordering::Relaxed);
    }
}

/// A line every ten seconds, where a person watches.
fn progress(sums: &Sums, stop: &AtomicBool, histories: u64, began: Instant) {
    use std::io::IsTerminal;
    let mut told = Instant::now();
    while !stop.load(Ordering::Relaxed) && sums.histories.load(Ordering::Relaxed) < histories {
        std::thread::sleep(Duration::from_millis(20));
        if told.elapsed() > Duration::from_secs(10) && std::io::stdout().is_terminal() {
            told = Instant::now();
            println!("{} of {histories} after {:.0} s", sums.histories.load(Ordering::Relaxed), began.elapsed().as_secs_f64());
        }
    }
}

/// The first words of what is broken: ids and figures differ from run to run of a shrinking history.
fn kind(ended: &Ended) -> String {
    let first = ended.broken.first().map(String::as_str).unwrap_or_default();
    let plain = |word: &&str| word.len() < 20 && !word.chars().any(|c| c.is_ascii_digit());
    first.split_whitespace().filter(plain).take(8).collect::<Vec<_>>().join(" ")
}

fn shorten(history: &History, base: Base, ended: &Ended) -> History {
    let wanted = kind(ended);
    shrink(history, |shorter| kind(&run(shorter, base, false)) == wanted)
}

fn tell(seed: u64, base: Base, shortest: &History, ended: &Ended) {
    println!("seed {seed} on {base:?} breaks:");
    ended.broken.iter().take(8).for_each(|what| println!("  {what}"));
    println!("shrunk to {} operations, with {:?}:", shortest.ops.len(), shortest.setting);
    shortest.ops.iter().for_each(|op| println!("  Op::{op:?},"));
    println!("replay: veza-sim replay '{}'\n", serde_json::to_string(shortest).unwrap_or_default());
}

fn replay(text: &str, base: Base, shorter: bool) -> ExitCode {
    let history = match text.parse::<u64>() {
        Ok(seed) => History::of_seed(seed),
        Err(_) => match serde_json::from_str(text) {
            Ok(history) => history,
            Err(error) => {
                println!("neither a seed nor a history: {error}");
                return ExitCode::FAILURE;
            }
        },
    };
    let ended = run(&history, base, false);
    let history = if shorter && !ended.broken.is_empty() { shorten(&history, base, &ended) } else { history };
    let ended = run(&history, base, true);
    ended.text.iter().for_each(|line| println!("{line}"));
    if shorter {
        println!("{}", serde_json::to_string(&history).unwrap_or_default());
    }
    if ended.broken.is_empty() {
        println!("all is well ({} operations, hash {:016x})", history.ops.len(), ended.hash);
        return ExitCode::SUCCESS;
    }
    println!("{} operations break:", history.ops.len());
    ended.broken.iter().for_each(|what| println!("  {what}"));
    ExitCode::FAILURE
}
