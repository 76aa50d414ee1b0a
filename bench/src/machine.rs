//! The machine that was measured, and its disk.

use crate::failure::Outcome;
use crate::stats::median;
use serde::Serialize;
use std::fs::{self, File};
use std::os::unix::fs::{FileExt, MetadataExt};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

/// Size of the writes by which a flush is measured: a page of the database.
const FLUSH_BYTES: usize = 4096;
/// Flushes that are measured.
const FLUSHES: usize = 300;

/// What was measured on.
#[derive(Clone, Debug, Serialize)]
pub struct Machine {
    /// Model of the processor.
    pub cpu: String,
    /// Cores that we may use.
    pub cores: usize,
    /// Memory in MiB.
    pub memory_mib: u64,
    /// Version of the kernel, without whose build it is.
    pub kernel: String,
    /// File system of the databases.
    pub filesystem: String,
    /// Version of SQLite.
    pub sqlite: &'static str,
    /// Version of Postgres, where it was measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub postgres: Option<String>,
}

impl Machine {
    /// This machine, with databases under `dir`.
    #[must_use]
    pub fn read(dir: &Path) -> Self {
        let text = |path: &str| fs::read_to_string(path).unwrap_or_default();
        let field = |text: &str, name: &str| {
            let line = text.lines().find(|line| line.starts_with(name));
            line.and_then(|line| line.split_once(':')).map_or_else(|| "unknown".to_owned(), |(_, value)| value.trim().to_owned())
        };
        let memory = field(&text("/proc/meminfo"), "MemTotal");
        Self {
            cpu: field(&text("/proc/cpuinfo"), "model name"),
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            memory_mib: memory.split(' ').next().and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) / 1024,
            kernel: text("/proc/sys/kernel/osrelease").trim().split('-').next().unwrap_or_default().to_owned(),
            filesystem: filesystem(dir, &text("/proc/self/mountinfo")),
            sqlite: rusqlite::version(),
            postgres: None,
        }
    }
}

/// Type of the file system that `dir` is on: that of the longest mount point above it.
fn filesystem(dir: &Path, mounts: &str) -> String {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    let mounts = mounts.lines().filter_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        Some((PathBuf::from(left.split(' ').nth(4)?), right.split(' ').next()?))
    });
    // Of two mounts on the same point the later one counts.
    let above = mounts.filter(|(point, _)| dir.starts_with(point)).max_by_key(|(point, _)| point.as_os_str().len());
    above.map_or_else(|| "unknown".to_owned(), |(_, kind)| kind.to_owned())
}

/// Median time to write 4 KiB at the end of a file under `dir` and flush it (`fdatasync`): what one durable commit costs at least.
///
/// # Errors
/// The file can't be written.
pub fn flush_time(dir: &Path) -> Outcome<Duration> {
    let path = dir.join("flush");
    let file = File::create(&path)?;
    let page = [0x5a; FLUSH_BYTES];
    let mut times = Vec::with_capacity(FLUSHES);
    for place in 0..FLUSHES {
        let started = Instant::now();
        file.write_all_at(&page, (place * FLUSH_BYTES) as u64)?;
        file.sync_data()?;
        times.push(started.elapsed());
    }
    fs::remove_file(path)?;
    Ok(median(times))
}

/// Flushes that the disk under `dir` has completed since it was plugged in, by whomever; none if the kernel does not count them.
#[must_use]
pub fn flushes(dir: &Path) -> Option<u64> {
    let device = fs::metadata(dir).ok()?.dev();
    let (major, minor) = ((device >> 8) & 0xfff, (device & 0xff) | ((device >> 12) & 0xfff00));
    let counters = fs::read_to_string(format!("/sys/dev/block/{major}:{minor}/stat")).ok()?;
    // Field 16: completed flush requests (Documentation/admin-guide/iostats.rst).
    counters.split_ascii_whitespace().nth(15)?.parse().ok()
}

/// Bytes that may still be written under `dir`.
///
/// # Errors
/// The system does not say.
pub fn room(dir: &Path) -> Outcome<u64> {
    let output = Command::new("df").args(["-P", "-k"]).arg(dir).output()?;
    let text = String::from_utf8(output.stdout)?;
    let kib = text.lines().nth(1).and_then(|line| line.split_ascii_whitespace().nth(3)?.parse::<u64>().ok());
    kib.map(|kib| kib << 10).ok_or_else(|| format!("df does not say how much room there is in {}", dir.display()).into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_mount_point_names_the_file_system() {
        let mounts =
            "1 0 8:1 / / rw shared:1 - ext4 /dev/a rw\n2 1 0:5 / /dev rw - devtmpfs none rw\n3 2 0:6 / /dev/shm rw - tmpfs none rw";
        assert_eq!(filesystem(Path::new("/dev/shm"), mounts), "tmpfs");
        assert_eq!(filesystem(Path::new("/usr"), mounts), "ext4");
        assert_eq!(filesystem(Path::new("/usr"), ""), "unknown");
        assert!(room(Path::new("/")).unwrap() > 0);
    }
}
