//! pgbench: what Postgres does for somebody who only sends statements.

use crate::failure::{Outcome, fail};
use crate::postgres::cluster::Cluster;
use crate::postgres::script::Script;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::thread;
use std::time::Duration;

/// What the application's connections are told too.
const OPTIONS: &str = "-c default_transaction_isolation=read\\ committed -c default_transaction_read_only=off -c statement_timeout=30000 \
                       -c lock_timeout=5000 -c idle_in_transaction_session_timeout=30000 -c plan_cache_mode=force_generic_plan -c jit=off";

/// A load that can be run.
pub struct Pgbench<'a> {
    cluster: &'a Cluster,
    script: PathBuf,
    defined: Vec<(String, String)>,
}

/// What a load came to.
#[derive(Clone, Copy, Debug)]
pub struct Load {
    /// Transactions a second, without the warm-up.
    pub rate: f64,
    /// All transactions.
    pub processed: usize,
}

/// Is told pgbench's process id when the warm-up is over.
pub type Warm<'w> = &'w mut dyn FnMut(u32) -> Outcome<()>;

/// A second or so of a load, as pgbench reports it.
#[derive(Clone, Copy, Debug, PartialEq)]
struct Interval {
    /// When it ended, in seconds from the beginning.
    end: f64,
    rate: f64,
    failed: u64,
}

impl<'a> Pgbench<'a> {
    /// Writes the script to `folder`.
    ///
    /// # Errors
    /// It can't be written.
    pub fn new(cluster: &'a Cluster, folder: &Path, name: &str, script: Script) -> Outcome<Self> {
        let path = folder.join(format!("{name}.pgbench"));
        fs::write(&path, script.text)?;
        Ok(Self { cluster, script: path, defined: script.defined })
    }

    /// Settles from order `first` on, with so many clients, for `warm_up` (not counted) and `turn`. When the warm-up is over,
    /// `warm` is told pgbench's process id.
    ///
    /// # Errors
    /// A transaction fails.
    pub fn run(&self, database: &str, first: usize, clients: u16, [warm_up, turn]: [Duration; 2], warm: Warm<'_>) -> Outcome<Load> {
        let threads = thread::available_parallelism().map_or(1, usize::from).min(usize::from(clients));
        let seconds = (warm_up + turn).as_secs();
        let mut pgbench = self.cluster.program("pgbench");
        pgbench.env("PGOPTIONS", OPTIONS).args(["-n", "-M", "prepared", "-P", "1", "-T", &seconds.to_string()]);
        pgbench.args(["-c", &clients.to_string(), "-j", &threads.to_string()]);
        pgbench.args(["-D", &format!("first={first}"), "-D", &format!("clients={clients}")]);
        self.defined.iter().for_each(|(name, value)| {
            pgbench.arg("-D").arg(format!("{name}={value}"));
        });
        let child = pgbench.arg("-f").arg(&self.script).arg(database).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        thread::sleep(warm_up);
        let warm = warm(child.id());
        let output = child.wait_with_output()?;
        warm?;
        let (said, told) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        let intervals: Vec<Interval> = told.lines().filter_map(interval).collect();
        if !output.status.success() || intervals.iter().any(|interval| interval.failed > 0) || told.contains("aborted") {
            return fail(format!("pgbench failed: {told}"));
        }
        let processed = said.lines().find_map(|line| line.strip_prefix("number of transactions actually processed: "));
        let processed = processed.and_then(|count| count.split('/').next()?.trim().parse().ok());
        match (rate(&intervals, warm_up), processed) {
            (Some(rate), Some(processed)) => Ok(Load { rate, processed }),
            _ => fail(format!("pgbench says nothing that is understood: {said}{told}")),
        }
    }
}

/// Reads `progress: 2.0 s, 1234.5 tps, lat 8.0 ms stddev 1.2, 0 failed`.
fn interval(line: &str) -> Option<Interval> {
    let mut parts = line.strip_prefix("progress: ")?.split(", ");
    let end = parts.next()?.strip_suffix(" s")?.parse().ok()?;
    let rate = parts.next()?.strip_suffix(" tps")?.parse().ok()?;
    let failed = parts.find_map(|part| part.strip_suffix(" failed")).map_or(Some(0), |count| count.parse().ok())?;
    Some(Interval { end, rate, failed })
}

/// Transactions a second after the warm-up.
fn rate(intervals: &[Interval], warm_up: Duration) -> Option<f64> {
    let begins = [0.0].into_iter().chain(intervals.iter().map(|interval| interval.end));
    // Reports come a little late, so an interval counts if most of it does.
    let counted = intervals.iter().zip(begins).filter(|(_, begin)| *begin > warm_up.as_secs_f64() - 0.5);
    let (count, time) = counted.fold((0.0, 0.0), |(count, time), (interval, begin)| {
        let length = interval.end - begin;
        (count + interval.rate * length, time + length)
    });
    (time > 0.0).then(|| count / time)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_warm_up_does_not_count() {
        let told = ["pgbench (15.1)", "progress: 1.0 s, 10.0 tps, lat 1 ms stddev 1, 0 failed", "progress: 2.0 s, 100.5 tps, lat 1 ms"];
        let mut intervals: Vec<Interval> = told.into_iter().filter_map(interval).collect();
        intervals.push(Interval { end: 4.0, rate: 200.0, failed: 0 });
        assert_eq!(intervals[1], Interval { end: 2.0, rate: 100.5, failed: 0 });
        let mean = rate(&intervals, Duration::from_secs(1)).unwrap();
        assert!((mean - (100.5 + 400.0) / 3.0).abs() < 1e-9);
        assert!(rate(&intervals[..1], Duration::from_secs(1)).is_none());
        assert_eq!(interval("progress: 3.0 s, 1.0 tps, lat 1 ms stddev 1, 7 failed").unwrap().failed, 7);
    }
}
