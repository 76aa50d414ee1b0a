//! The race (`make race`): Veza and Vendure on the same machine, in one run, by the same client, at the same payment provider.
//!
//! Speed and weight first (`speed`), then what happens to money when things go wrong (`safety`). Shops take turns, and the one that begins
//! changes from run to run. A table goes into `docs/performance.md`, a plot beside it. Targets are printed and never fail a run.

mod books;
mod plot;
mod process;
mod provider;
mod report;
mod safety;
mod session;
mod shop;
mod speed;

use clap::Parser;
use report::{Race, Racer};
use safety::Round;
use shop::Shop;
use shop::vendure::Vendure;
use shop::veza::Veza;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use veza_bench::failure::{self, Outcome, fail};
use veza_bench::machine::{self, Machine};
use veza_bench::process::Watch;
use veza_bench::progress;

/// Lets Veza and Vendure run against each other.
#[derive(Clone, Debug, Parser)]
#[command(name = "veza-compare", version)]
struct Options {
    /// Runs of which the medians count.
    #[arg(long, default_value_t = 3, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    runs: u16,
    /// Times that the safety rounds are played; all count.
    #[arg(long, default_value_t = 1, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=100))]
    safety_runs: u16,
    /// Seconds that each load lasts.
    #[arg(long, default_value_t = 10, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=3600))]
    seconds: u64,
    /// Rounds of safety only; no figures are written.
    #[arg(long)]
    safety_only: bool,
    /// Rounds of safety are left out; no figures are written.
    #[arg(long, conflicts_with = "safety_only")]
    speed_only: bool,
    /// This shop alone; no figures are written.
    #[arg(long, value_name = "NAME")]
    only: Option<String>,
    /// The Veza to race.
    #[arg(long, value_name = "PATH", default_value = "target/release/veza")]
    binary: PathBuf,
    /// The Vendure to race, installed and built.
    #[arg(long, value_name = "PATH", default_value = "bench/compare/vendure")]
    vendure: PathBuf,
    /// Where the table and the plot go.
    #[arg(long, value_name = "PATH", default_value = "docs")]
    docs: PathBuf,
    /// Folder for the databases: beside the binary without it.
    #[arg(long, value_name = "PATH")]
    dir: Option<PathBuf>,
    /// Keep the databases and the logs.
    #[arg(long)]
    keep: bool,
}

fn main() -> ExitCode {
    match run(&Options::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress!("veza-compare: {}", failure::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn run(options: &Options) -> Outcome<()> {
    let binary = options.binary.canonicalize().map_err(|error| format!("{}: {error}", options.binary.display()))?;
    let parent = match (&options.dir, binary.parent()) {
        (Some(dir), _) => dir.clone(),
        (None, Some(beside)) => beside.to_owned(),
        (None, None) => return fail("the program has no folder"),
    };
    let mut dir = tempfile::Builder::new().prefix("veza-race-").tempdir_in(parent)?;
    dir.disable_cleanup(options.keep);
    let race = race(options, &binary, dir.path());
    if options.keep || race.is_err() {
        dir.disable_cleanup(true);
        progress!("databases and logs are in {}", dir.path().display());
    }
    let race = race?;
    let section = race.markdown();
    progress!("\n{section}");
    if options.safety_only || options.speed_only || options.only.is_some() {
        return Ok(());
    }
    report::write(&options.docs.join("performance.md"), &section)?;
    plot::draw(&race, &options.docs.join("race.svg"))
}

fn race(options: &Options, binary: &Path, dir: &Path) -> Outcome<Race> {
    let machine = Machine::read(dir);
    let node = String::from_utf8(Command::new("node").arg("--version").output()?.stdout)?;
    let flush_ms = machine::flush_time(dir)?.as_secs_f64() * 1000.0;
    progress!("Vendure makes its database");
    let vendure = Vendure::new(&options.vendure.canonicalize()?, dir)?;
    let veza = Veza::new(binary)?;
    let racer = |shop: &dyn Shop| Racer { name: shop.name(), described: shop.described(), runs: Vec::new(), scores: Vec::new() };
    let mut racers = [(&veza as &dyn Shop, racer(&veza)), (&vendure as &dyn Shop, racer(&vendure))];
    let watch = Watch::begin()?;
    for number in 0..options.runs.max(options.safety_runs) {
        progress!("run {}", number + 1);
        for (shop, racer) in &mut racers {
            if options.only.as_ref().is_some_and(|only| !only.eq_ignore_ascii_case(shop.name())) {
                continue;
            }
            let folder = dir.join(format!("{}-{number}", shop.name()));
            if !options.safety_only && number < options.runs {
                racer.runs.push(speed::measure(*shop, binary, &folder.join("speed"), options.seconds)?);
            }
            if !options.speed_only && number < options.safety_runs {
                play(*shop, racer, binary, &folder)?;
            }
        }
        racers.reverse();
    }
    let others = watch.others()?;
    let [first, second] = racers.map(|(_, racer)| racer);
    let (veza, vendure) = if first.name == "Veza" { (first, second) } else { (second, first) };
    let date = chrono::Utc::now().format("%-d %B %Y").to_string();
    let node = node.trim().trim_start_matches('v').to_owned();
    Ok(Race { machine, node, date, seconds: options.seconds, others, flush_ms, veza, vendure })
}

fn play(shop: &dyn Shop, racer: &mut Racer, binary: &Path, folder: &Path) -> Outcome<()> {
    for (at, round) in Round::ALL.into_iter().enumerate() {
        let score = round.play(shop, binary, &folder.join(format!("round-{at}")))?;
        match racer.scores.get_mut(at) {
            Some(sum) => *sum += score,
            None => racer.scores.push(score),
        }
    }
    Ok(())
}
