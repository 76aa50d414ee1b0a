//! `veza-sim run`: many histories. `veza-sim replay`: one, told line by line.

#![allow(clippy::print_stdout, reason = "a command line program")]

use clap::{Parser, Subcommand};
use std::process::ExitCode;
use std::time::Instant;
use veza_sim::many::{Many, shorten};
use veza_sim::year::{Figures, Year};
use veza_sim::{Base, History, run, run_year};

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
        /// Prints failing histories as they are, not shrunk.
        #[arg(long)]
        as_they_are: bool,
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
        Command::Run { histories, seed, base, threads, tolerate, as_they_are } => {
            many(Many { histories, seed, base, threads, tolerate, as_they_are })
        }
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

fn many(many: Many) -> ExitCode {
    let totals = many.play(|failure| println!("{failure}"));
    println!("{totals}");
    if let (0, Some(what)) = (totals.failed, totals.too_little()) {
        println!("that shows little: there were hardly any {what}");
        return ExitCode::FAILURE;
    }
    if totals.failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
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
