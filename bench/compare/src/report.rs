//! The race for the reader: a section of `docs/performance.md`, between two marks, which each run writes anew.

use crate::books::Score;
use crate::safety::Round;
use crate::speed::{CLIENTS, Speed};
use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use veza_bench::failure::{Outcome, fail};
use veza_bench::machine::Machine;
use veza_bench::process::Others;
use veza_bench::report::number;
use veza_bench::stats::middle;

const BEGIN: &str = "<!-- race -->";
const END: &str = "<!-- /race -->";
/// How much faster a sale should be.
const SALES_MIN: f64 = 200.0;
/// How much lighter the process should be.
const MEMORY_MIN: f64 = 8.0;

/// One shop's results.
pub struct Racer {
    /// Its name.
    pub name: &'static str,
    /// Version, for the reader.
    pub described: String,
    /// All runs.
    pub runs: Vec<Speed>,
    /// All rounds, in the order of [`Round::ALL`].
    pub scores: Vec<Score>,
}

/// Everything of one race.
pub struct Race {
    /// The machine.
    pub machine: Machine,
    /// Version of Node.js.
    pub node: String,
    /// Day, for the reader.
    pub date: String,
    /// Seconds of each load.
    pub seconds: u64,
    /// Who else worked on the machine.
    pub others: Others,
    /// Time to write 4 KiB and flush them, in milliseconds.
    pub flush_ms: f64,
    /// Veza.
    pub veza: Racer,
    /// Vendure.
    pub vendure: Racer,
}

/// One line of the comparison.
pub struct Measure {
    /// What was measured.
    pub what: &'static str,
    /// Of what.
    pub unit: &'static str,
    /// Is more better?
    pub more: bool,
    /// Medians: Veza's, Vendure's; none where there is no such thing.
    pub medians: [Option<f64>; 2],
    /// How many times better Veza should be.
    pub wanted: Option<f64>,
}

impl Measure {
    /// How many times better Veza is; below 1 where Vendure is.
    #[must_use]
    pub fn times_better(&self) -> Option<f64> {
        let [veza, vendure] = self.medians;
        let (veza, vendure) = veza.zip(vendure)?;
        Some(if self.more { veza / vendure } else { vendure / veza })
    }
}

impl Race {
    /// The comparison, line by line.
    #[must_use]
    pub fn measures(&self) -> Vec<Measure> {
        let mib = |kib: u64| kib as f64 / 1024.0;
        let line = |what, unit, more, wanted, of: &dyn Fn(&Speed) -> Option<f64>| {
            let median = |racer: &Racer| {
                let figures: Vec<f64> = racer.runs.iter().filter_map(of).collect();
                (!figures.is_empty()).then(|| middle(figures))
            };
            Measure { what, unit, more, medians: [median(&self.veza), median(&self.vendure)], wanted }
        };
        // Where Veza has no such thing, its whole sale stands beside Vendure's shorter one.
        let alone = |speed: &Speed| Some(speed.alone.unwrap_or(speed.checkouts));
        vec![
            line("checkout to paid, provider and webhook", "/s", true, Some(SALES_MIN), &|speed| Some(speed.checkouts)),
            line("the same, median of one", "ms", false, None, &|speed| Some(speed.checkout_p50_ms)),
            line("the same, 99 of 100 within", "ms", false, None, &|speed| Some(speed.checkout_p99_ms)),
            line("the same, processor time of the shop", "ms", false, None, &|speed| Some(speed.checkout_cpu_ms)),
            line("Vendure's dummy payment, no provider; Veza as above", "/s", true, None, &alone),
            line("list of 20 of 1,000 products", "/s", true, None, &|speed| Some(speed.lists)),
            line("search in the titles, 20 found", "/s", true, None, &|speed| speed.searches),
            line("start to ready", "ms", false, None, &|speed| Some(speed.ready_ms)),
            line("memory after the start (PSS)", "MiB", false, None, &|speed| Some(mib(speed.idle.proportional_kib))),
            line("memory after the loads (PSS)", "MiB", false, Some(MEMORY_MIN), &|speed| Some(mib(speed.loaded.proportional_kib))),
        ]
    }

    /// The section.
    #[must_use]
    pub fn markdown(&self) -> String {
        let Machine { cpu, cores, memory_mib, kernel, filesystem, sqlite, .. } = &self.machine;
        let quiet = (self.others.programs + self.others.machines) * 100.0;
        let mut text = format!(
            "{}: {} and {} on Node.js {}; {cores} cores ({cpu}), {} GiB, {filesystem} (4 KiB written and flushed in {} ms), Linux {kernel}, \
             SQLite {sqlite} in Veza. Medians of {} runs, {CLIENTS} clients, {} s of each load after a warm-up. Others took {} % of the \
             processors meanwhile{}.\n\n",
            self.date,
            self.veza.described,
            self.vendure.described,
            self.node,
            memory_mib.div_ceil(1024),
            number(self.flush_ms),
            self.veza.runs.len(),
            self.seconds,
            number(quiet),
            if quiet > 3.0 { ": **the machine was not quiet**, the ratios are worth more than the rates" } else { "" },
        );
        text += "![The race as bars](race.svg)\n\n| what | Veza | Vendure | Veza is better by | wanted |\n|---|---:|---:|---:|---|\n";
        for measure in self.measures() {
            let shown = |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |value| format!("{} {}", number(value), measure.unit));
            let times = measure.times_better();
            let wanted = measure.wanted.map_or_else(String::new, |wanted| {
                let met = times.is_some_and(|times| times >= wanted);
                format!("{} × ({})", number(wanted), if met { "met" } else { "missed" })
            });
            let times = times.map_or_else(String::new, |times| format!("{} ×", number(times)));
            let [veza, vendure] = measure.medians.map(shown);
            // Writing to a string can't fail.
            let _ = writeln!(text, "| {} | {veza} | {vendure} | {times} | {wanted} |", measure.what);
        }
        text += &failures(&self.veza);
        text += &failures(&self.vendure);
        text + &self.safety()
    }

    fn safety(&self) -> String {
        let mut text =
            "\nSafety, **Veza / Vendure**, summed over the runs:\n\n| round | cents moved wrongly | cents booked wrongly | stuck | orders \
                        without money | money without orders | orders paid |\n|---|---|---|---|---|---|---|\n"
                .to_owned();
        let mut sums = [Score::default(); 2];
        let mut row = |what: &str, scores: [Score; 2]| {
            let pair = |of: &dyn Fn(&Score) -> String| format!("{} / {}", of(&scores[0]), of(&scores[1]));
            let cells = [
                pair(&|score| score.cents_moved.to_string()),
                pair(&|score| score.cents_booked.to_string()),
                pair(&|score| score.stuck.to_string()),
                pair(&|score| score.orders_without_money.to_string()),
                pair(&|score| score.money_without_orders.to_string()),
                pair(&|score| score.orders_paid.to_string()),
            ];
            let _ = writeln!(text, "| {what} | {} |", cells.join(" | "));
        };
        for (at, round) in Round::ALL.into_iter().enumerate() {
            let scores = [&self.veza, &self.vendure].map(|racer| racer.scores.get(at).copied().unwrap_or_default());
            sums.iter_mut().zip(scores).for_each(|(sum, score)| *sum += score);
            row(&round.title(), scores);
        }
        row("**all**", sums);
        text
    }
}

fn failures(racer: &Racer) -> String {
    let failed: usize = racer.runs.iter().map(|run| run.failed).sum();
    match racer.runs.iter().find_map(|run| run.failure.as_ref()) {
        Some(first) if failed > 0 => {
            let first: String = first.chars().filter(|c| !c.is_control() && *c != '`').take(160).collect();
            format!("\n{} failed {failed} checkouts in all runs; the first: `{first}`\n", racer.name)
        }
        _ => String::new(),
    }
}

/// Writes the section into a document, in place of what stood between the marks.
///
/// # Errors
/// The document has no marks, or can't be written.
pub fn write(document: &Path, section: &str) -> Outcome<()> {
    let text = fs::read_to_string(document)?;
    let Some((before, (_, after))) = text.split_once(BEGIN).and_then(|(before, rest)| Some((before, rest.split_once(END)?))) else {
        return fail(format!("{} has no {BEGIN} … {END}", document.display()));
    };
    fs::write(document, format!("{before}{BEGIN}\n{section}{END}{after}"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn better_is_more_of_a_rate_and_less_of_a_time() {
        let measure = |more| Measure { what: "", unit: "", more, medians: [Some(8.0), Some(2.0)], wanted: None };
        assert_eq!((measure(true).times_better(), measure(false).times_better()), (Some(4.0), Some(0.25)));
        assert_eq!(Measure { medians: [None, Some(1.0)], ..measure(true) }.times_better(), None);
    }

    #[test]
    fn only_what_stands_between_the_marks_changes() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), "a\n<!-- race -->\nold\n<!-- /race -->\nb\n").unwrap();
        write(file.path(), "new\n").unwrap();
        write(file.path(), "newer\n").unwrap();
        assert_eq!(fs::read_to_string(file.path()).unwrap(), "a\n<!-- race -->\nnewer\n<!-- /race -->\nb\n");
        fs::write(file.path(), "a").unwrap();
        assert!(write(file.path(), "new").is_err());
    }
}
