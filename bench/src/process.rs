//! What a process uses, as the kernel counts it.

use crate::failure::{Outcome, fail};
use std::fs;
use std::time::{Duration, Instant};

/// The kernel counts processor time in hundredths of a second (`USER_HZ`), on every architecture that we run on.
const TICK: Duration = Duration::from_millis(10);

/// Memory of a process, in KiB.
#[derive(Clone, Copy, Debug, Default)]
pub struct Memory {
    /// Resident, shared pages included (`VmRSS`).
    pub resident_kib: u64,
    /// Resident, shared pages divided by who shares them.
    pub proportional_kib: u64,
}

/// What a process has used since it began.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Processor time, user and system, of all threads.
    pub cpu: Duration,
    /// Bytes that it caused to be written to disk.
    pub written: u64,
}

impl Usage {
    /// What was used between `earlier` and this.
    #[must_use]
    pub fn since(self, earlier: Self) -> Self {
        Self { cpu: self.cpu.saturating_sub(earlier.cpu), written: self.written.saturating_sub(earlier.written) }
    }
}

/// Memory of process `id` now.
///
/// # Errors
/// There is no such process of ours.
pub fn memory(id: u32) -> Outcome<Memory> {
    let rollup = fs::read_to_string(format!("/proc/{id}/smaps_rollup"))?;
    let kib = |name: &str| {
        let line = rollup.lines().find(|line| line.starts_with(name));
        line.and_then(|line| line.split_ascii_whitespace().nth(1)).and_then(|kib| kib.parse().ok())
    };
    match (kib("Rss:"), kib("Pss:")) {
        (Some(resident_kib), Some(proportional_kib)) => Ok(Memory { resident_kib, proportional_kib }),
        _ => fail("the kernel does not say how much memory a process has"),
    }
}

/// What process `id` has used until now.
///
/// # Errors
/// There is no such process of ours.
pub fn usage(id: u32) -> Outcome<Usage> {
    let stat = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let fields = fields(&stat);
    let io = fs::read_to_string(format!("/proc/{id}/io")).unwrap_or_default();
    let written = io.lines().find_map(|line| line.strip_prefix("write_bytes: ")?.parse().ok()).unwrap_or(0);
    Ok(Usage { cpu: TICK * (ticks_at(&fields, 14) + ticks_at(&fields, 15)), written })
}

/// Processor time, user and system, of process `id` and of all that it has started.
///
/// # Errors
/// There is no such process of ours.
pub fn family_cpu(id: u32) -> Outcome<Duration> {
    let own = fs::read_to_string(format!("/proc/{id}/stat"))?;
    let own = fields(&own);
    // Those that have ended are in the parent's figures.
    let mut ticks = (14..=17).map(|place| ticks_at(&own, place)).sum::<u32>();
    for entry in fs::read_dir("/proc")?.flatten() {
        // Others come and go meanwhile.
        let Ok(stat) = fs::read_to_string(entry.path().join("stat")) else { continue };
        let fields = fields(&stat);
        if ticks_at(&fields, 4) == id {
            ticks += ticks_at(&fields, 14) + ticks_at(&fields, 15);
        }
    }
    Ok(TICK * ticks)
}

/// Processor time of the processes that this one has started and awaited.
///
/// # Errors
/// The kernel does not say.
pub fn awaited_cpu() -> Outcome<Duration> {
    let own = fs::read_to_string("/proc/self/stat")?;
    let own = fields(&own);
    Ok(TICK * (ticks_at(&own, 16) + ticks_at(&own, 17)))
}

/// A moment from which on it is counted who else has worked on this machine.
#[derive(Clone, Copy, Debug)]
pub struct Watch {
    /// In user mode, everybody. What the kernel does for us (flushes, packets) is nobody's in particular.
    everybody: Duration,
    /// In user mode, this process and those that it has started and awaited.
    ours: Duration,
    /// Kept from this machine by the one that it is simulated on.
    stolen: Duration,
    at: Instant,
}

/// Shares of all processors, 0 to 1.
#[derive(Clone, Copy, Debug)]
pub struct Others {
    /// Other programs.
    pub programs: f64,
    /// Other machines on the same host.
    pub machines: f64,
}

impl Watch {
    /// Begins.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn begin() -> Outcome<Self> {
        let own = fs::read_to_string("/proc/self/stat")?;
        let own = fields(&own);
        let all = fs::read_to_string("/proc/stat")?;
        // Of all processors: user, nice, system, idle, iowait, irq, softirq, steal.
        let all: Vec<u32> =
            all.lines().next().unwrap_or_default().split_ascii_whitespace().skip(1).filter_map(|ticks| ticks.parse().ok()).collect();
        let of = |place: usize| TICK * all.get(place).copied().unwrap_or(0);
        Ok(Self { everybody: of(0) + of(1), ours: TICK * (ticks_at(&own, 14) + ticks_at(&own, 16)), stolen: of(7), at: Instant::now() })
    }

    /// What others took since then.
    ///
    /// # Errors
    /// The kernel does not say.
    pub fn others(&self) -> Outcome<Others> {
        let now = Self::begin()?;
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let whole = (now.at - self.at).as_secs_f64() * cores as f64;
        let programs = (now.everybody.saturating_sub(self.everybody)).saturating_sub(now.ours.saturating_sub(self.ours));
        let machines = now.stolen.saturating_sub(self.stolen);
        Ok(Others { programs: programs.as_secs_f64() / whole, machines: machines.as_secs_f64() / whole })
    }
}

/// The fields of `/proc/…/stat` from the third on: the name before them, in parentheses, may hold spaces.
fn fields(stat: &str) -> Vec<&str> {
    stat.rsplit_once(')').map_or("", |(_, rest)| rest).split_ascii_whitespace().collect()
}

/// A field by its number in proc(5): 4 is the parent's id, 14 and 15 are a process's own user and system time, 16 and 17 those of its children.
fn ticks_at(fields: &[&str], place: usize) -> u32 {
    fields.get(place - 3).and_then(|ticks| ticks.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_has_memory_and_has_worked() {
        let own = std::process::id();
        let memory = memory(own).unwrap();
        assert!(memory.resident_kib >= memory.proportional_kib && memory.proportional_kib > 100);
        let before = usage(own).unwrap();
        let watch = Watch::begin().unwrap();
        let worked = (0..50_000_000_u64).fold(0, |sum: u64, i| sum.wrapping_mul(31).wrapping_add(std::hint::black_box(i)));
        std::hint::black_box(worked);
        assert!(usage(own).unwrap().since(before).cpu > Duration::ZERO);
        assert!((0.0..=1.0).contains(&watch.others().unwrap().programs));
    }
}
