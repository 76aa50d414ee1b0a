//! A server as a process of its own: started, asked when it is ready, weighed, stopped or killed.

use std::fs::{self, File};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use veza_bench::failure::{Outcome, fail};
use veza_bench::process::{self, Memory};
use veza_bench::server::{stopped, until_ready};

/// How long a server may take until it is ready.
const START_MAX: Duration = Duration::from_secs(120);

/// A running server.
pub struct Running {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to its first word that it is ready.
    pub started_in: Duration,
}

impl Running {
    /// Starts `command`, and waits until `GET ready` answers 200. What it says goes to `log`. Of this process's environment it gets
    /// the path of programs alone.
    ///
    /// # Errors
    /// It does not start, or is not ready in time.
    pub fn start(mut command: Command, address: SocketAddr, ready: &str, log: &Path) -> Outcome<Self> {
        let file = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(file.try_clone()?).stderr(file);
        let started = Instant::now();
        let mut running = Self { child: command.spawn()?, address, started_in: Duration::ZERO };
        running.started_in = until_ready(&mut running.child, address, ready, started, START_MAX, log)?;
        Ok(running)
    }

    /// Memory of it and of all that it has started.
    ///
    /// # Errors
    /// It has ended.
    pub fn memory(&self) -> Outcome<Memory> {
        let mut sum = process::memory(self.child.id())?;
        for child in descendants(self.child.id()) {
            // Whoever has ended meanwhile needs none.
            let memory = process::memory(child).unwrap_or_default();
            sum.resident_kib += memory.resident_kib;
            sum.proportional_kib += memory.proportional_kib;
        }
        Ok(sum)
    }

    /// Processor time that it has used, user and system.
    ///
    /// # Errors
    /// It has ended.
    pub fn cpu(&self) -> Outcome<Duration> {
        Ok(process::usage(self.child.id())?.cpu)
    }

    /// `kill -9`: it notices nothing.
    ///
    /// # Errors
    /// The system refuses.
    pub fn strike(&self) -> Outcome<()> {
        let status = Command::new("kill").args(["-KILL", &self.child.id().to_string()]).status()?;
        if status.success() { Ok(()) } else { fail("the server can't be killed") }
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// It does not stop in time.
    pub fn stop(mut self) -> Outcome<()> {
        stopped(&mut self.child).map(drop)
    }
}

impl Drop for Running {
    /// However a race ends, nothing stays behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Both fail only if it has ended meanwhile.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

/// A command with nothing of this process's environment but the path of programs.
pub fn bare(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

/// All that a process has started, and what those have.
fn descendants(id: u32) -> Vec<u32> {
    let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children")).unwrap_or_default();
    let children: Vec<u32> = children.split_ascii_whitespace().filter_map(|child| child.parse().ok()).collect();
    children.into_iter().flat_map(|child| std::iter::once(child).chain(descendants(child))).collect()
}
