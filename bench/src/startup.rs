//! How long a start takes, and what a server that does nothing keeps in memory.

use crate::failure::Outcome;
use crate::process::Memory;
use crate::server::{Role, Server};
use crate::stats::median;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::Duration;

/// Starts of which the median counts.
const STARTS: usize = 5;
/// After this time a server has begun all that it does by itself.
const BEGUN: Duration = Duration::from_millis(200);
/// After this time a server that was left alone is idle.
const SETTLE: Duration = Duration::from_secs(2);

/// What was measured.
#[derive(Clone, Copy, Debug)]
pub struct Startup {
    /// Median time from the start of the process to its first word that it is ready.
    pub ready: Duration,
    /// Memory of the last one, idle.
    pub memory: Memory,
}

/// Starts servers that each begin with an empty folder under `folder`.
///
/// # Errors
/// One does not start, or does not stop.
pub fn empty(binary: &Path, folder: &Path, settings: &[(String, String)]) -> Outcome<Startup> {
    let own = |number: usize| folder.join(format!("empty{number}"));
    (0..STARTS).try_for_each(|number| std::fs::create_dir_all(own(number)))?;
    measure(binary, settings, own)
}

/// Starts servers, one after the other, on the database that is in `folder`.
///
/// # Errors
/// One does not start, or does not stop.
pub fn filled(binary: &Path, folder: &Path, settings: &[(String, String)]) -> Outcome<Startup> {
    measure(binary, settings, |_| folder.to_owned())
}

fn measure(binary: &Path, settings: &[(String, String)], folder: impl Fn(usize) -> PathBuf) -> Outcome<Startup> {
    let mut times = Vec::new();
    let mut memory = Memory::default();
    for number in 0..STARTS {
        let server = Server::start(binary, &folder(number), Role::All, settings)?;
        times.push(server.started_in);
        if number + 1 == STARTS {
            memory = idle(&server)?;
        } else {
            thread::sleep(BEGUN);
        }
        server.stop()?;
    }
    Ok(Startup { ready: median(times), memory })
}

/// The memory of a server that has been left alone for a moment.
///
/// # Errors
/// It has ended.
pub fn idle(server: &Server) -> Outcome<Memory> {
    thread::sleep(SETTLE);
    server.memory()
}
