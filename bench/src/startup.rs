//! How long a start takes, and what a server that does nothing keeps in memory.

use crate::failure::Outcome;
use crate::process::Memory;
use crate::server::Server;
use crate::stats::median;
use std::path::Path;
use std::thread;
use std::time::Duration;

/// Starts of which the median counts.
const STARTS: usize = 5;
/// After this time a server that was left alone is idle.
const SETTLE: Duration = Duration::from_secs(2);

/// Median time from the start of the process to its first word that it is ready, of servers that each begin with an empty folder
/// under `folder`; and the memory of the last one, idle.
///
/// # Errors
/// It does not start.
pub fn empty(binary: &Path, folder: &Path, settings: &[(String, String)]) -> Outcome<(Duration, Memory)> {
    let mut times = Vec::new();
    let mut memory = Memory::default();
    for number in 0..STARTS {
        let own = folder.join(format!("empty{number}"));
        std::fs::create_dir_all(&own)?;
        let server = Server::start(binary, &own, settings)?;
        times.push(server.started_in);
        if number + 1 == STARTS {
            memory = idle(&server)?;
        }
        server.stop()?;
    }
    Ok((median(times), memory))
}

/// The same on the database that is in `folder`.
///
/// # Errors
/// It does not start.
pub fn filled(binary: &Path, folder: &Path, settings: &[(String, String)]) -> Outcome<(Duration, Memory)> {
    let mut times = Vec::new();
    let mut memory = Memory::default();
    for number in 0..STARTS {
        let server = Server::start(binary, folder, settings)?;
        times.push(server.started_in);
        if number + 1 == STARTS {
            memory = idle(&server)?;
        }
        server.stop()?;
    }
    Ok((median(times), memory))
}

/// The memory of a server that has been left alone for a moment.
///
/// # Errors
/// It has ended.
pub fn idle(server: &Server) -> Outcome<Memory> {
    thread::sleep(SETTLE);
    server.memory()
}
