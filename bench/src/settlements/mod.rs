//! Durable settlements a second over HTTP: a signed webhook in, everything that follows from it on disk, then the answer.
//!
//! Beside it, on the same machine in the same run: the same rows written by a bare loop, and a signed POST that does nothing. What
//! they can do is the most that a settlement could.

pub mod bare;
pub mod nothing;
pub mod verify;

use crate::client::{self, Load, Stop};
use crate::failure::Outcome;
use crate::fixture::Fixture;
use crate::machine;
use crate::messages::Messages;
use crate::options::Options;
use crate::process::{self, Usage};
use crate::server::Server;
use nothing::Nothing;
use std::net::SocketAddr;
use std::path::Path;
use std::time::Duration;

/// What is sent before anything is measured.
const WARM_UP: Duration = Duration::from_secs(2);
/// Share of the orders that may go into finding the rate; the rest is for the latency at half of it.
pub const FOR_RATE: f64 = 0.64;
/// Settled messages that are sent once more at the end.
const REPEATED: usize = 1000;
/// Share of the measured rate at which latency is looked at.
const HALF: f64 = 0.5;

/// What was measured.
#[derive(Debug)]
pub struct Settlements {
    /// Settlements at full load.
    pub full: Load,
    /// What the server used meanwhile.
    pub used: Usage,
    /// What the client used meanwhile.
    pub client_used: Usage,
    /// Flushes of the disk meanwhile, where the kernel counts them.
    pub flushes: Option<u64>,
    /// Settlements at half of that rate, at random moments.
    pub half: Load,
    /// All that were settled, warm-up included.
    pub settled: usize,
    /// Messages that were sent once more, and changed nothing.
    pub repeated: usize,
}

/// The rate of the signed POST that does nothing.
///
/// # Errors
/// The load fails.
pub fn do_nothing(options: &Options, messages: &Messages<'_>, orders: usize) -> Outcome<Load> {
    let server = Nothing::start()?;
    let load = |first: usize, after: Duration| {
        // Messages come round again: nobody remembers them.
        let stop = Stop { before: usize::MAX, after };
        client::run(client::closed(&[server.address], options.connections, first, stop, &Around { messages, orders }))
    };
    let warm = load(0, WARM_UP)?;
    load(warm.next, Duration::from_secs(options.seconds))
}

/// The same messages over and over.
struct Around<'a> {
    messages: &'a Messages<'a>,
    orders: usize,
}

impl client::Workload for Around<'_> {
    fn write(&self, number: usize, buffer: &mut Vec<u8>) {
        self.messages.write(number % self.orders, buffer);
    }

    fn accepts(&self, number: usize, answer: client::Answer<'_>) -> bool {
        self.messages.accepts(number, answer)
    }
}

/// Settles over HTTP: warm-up, full load, half load, repetitions.
///
/// # Errors
/// A message was not answered with "ok".
pub fn measure(options: &Options, server: &Server, folder: &Path, fixture: &Fixture, messages: &Messages<'_>) -> Outcome<Settlements> {
    let full_load = |first: usize, before: usize, after: Duration| {
        client::run(client::closed(&[server.address], options.connections, first, Stop { before, after }, messages))
    };
    let orders = fixture.orders();
    let for_rate = (orders as f64 * FOR_RATE) as usize;
    let warm = full_load(0, orders / 10, WARM_UP)?;
    progress!("  warm-up: {:.0}/s", warm.rate());

    let (used, own, flushes) = (server.usage()?, process::usage(std::process::id())?, machine::flushes(folder));
    let full = full_load(warm.next, warm.next + for_rate, Duration::from_secs(options.seconds))?;
    let used = server.usage()?.since(used);
    let client_used = process::usage(std::process::id())?.since(own);
    let flushes = machine::flushes(folder).zip(flushes).map(|(after, before)| after - before).filter(|flushes| *flushes > 0);
    progress!("  full load: {:.0}/s", full.rate());

    let rate = full.rate() * HALF;
    let count = ((rate * options.seconds as f64) as usize).min(orders - full.next);
    let half = client::run(client::open(server.address, options.connections, full.next, count, rate, messages))?;
    let settled = half.next;
    let repeated = repeat(server.address, options, settled.min(REPEATED), messages)?;
    Ok(Settlements { full, used, client_used, flushes, half, settled, repeated })
}

/// Sends the first `count` messages once more.
fn repeat(address: SocketAddr, options: &Options, count: usize, messages: &Messages<'_>) -> Outcome<usize> {
    let stop = Stop { before: count, after: Duration::MAX };
    client::run(client::closed(&[address], options.connections, 0, stop, messages)).map(|load| load.answered)
}
