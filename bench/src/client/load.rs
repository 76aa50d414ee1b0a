//! Two kinds of load: *closed*, where each connection asks again as soon as it is answered (how much is possible), and *open*,
//! where requests come when they come, whether or not the server keeps up (how long one waits).
//!
//! Invariants: every request that was sent was answered, and the answer accepted, or the load as a whole fails; requests are sent
//! in the order of their numbers, from the first, without a gap.

use super::{Answer, Connection};
use crate::failure::{Failure, Outcome, fail};
use crate::stats::Latencies;
use futures_util::future::try_join_all;
use std::cell::Cell;
use std::net::SocketAddr;
use std::thread;
use std::time::{Duration, Instant};
use tokio::sync::{Mutex, mpsc};

/// What is asked, by number.
pub trait Workload: Sync {
    /// Puts request `number` into `buffer`, which is empty or holds another request of this workload.
    fn write(&self, number: usize, buffer: &mut Vec<u8>);

    /// Is this the right answer to request `number`?
    fn accepts(&self, number: usize, answer: Answer<'_>) -> bool;
}

/// When a closed load ends; what is under way then is still answered and counted.
#[derive(Clone, Copy, Debug)]
pub struct Stop {
    /// Number of the first request that is not sent.
    pub before: usize,
    /// No request is sent after this time.
    pub after: Duration,
}

/// What a load came to.
#[derive(Debug)]
pub struct Load {
    /// Number after the last request.
    pub next: usize,
    /// Requests that were answered.
    pub answered: usize,
    /// From the first request to the last answer.
    pub elapsed: Duration,
    /// From when a request was due until its answer was there.
    pub latencies: Latencies,
}

impl Load {
    /// Answers a second.
    #[must_use]
    pub fn rate(&self) -> f64 {
        self.answered as f64 / self.elapsed.as_secs_f64()
    }
}

/// Asks over all connections at once, request after request, beginning with number `first`. Several servers share the connections.
///
/// # Errors
/// A connection was cut, or an answer was not accepted.
pub async fn closed(servers: &[SocketAddr], connections: u16, first: usize, stop: Stop, workload: &dyn Workload) -> Outcome<Load> {
    let next = Cell::new(first);
    let mut open = connect(servers, connections).await?;
    let started = Instant::now();
    let loads = open.iter_mut().map(|connection| {
        let next = &next;
        async move {
            let (mut buffer, mut latencies) = (Vec::new(), Latencies::default());
            while next.get() < stop.before && started.elapsed() < stop.after {
                let number = next.replace(next.get() + 1);
                let sent = Instant::now();
                ask(connection, workload, number, &mut buffer).await?;
                latencies.record(sent.elapsed());
            }
            Ok::<_, Failure>(latencies)
        }
    });
    let latencies = try_join_all(loads).await?;
    Ok(sum(first, started.elapsed(), latencies))
}

/// Asks `count` times, beginning with number `first`, at random moments (a Poisson process) that come `rate` a second.
///
/// A latency counts from the moment a request was due, so a server that stalls is charged for all who wait meanwhile.
///
/// # Errors
/// A connection was cut, or an answer was not accepted.
pub async fn open(address: SocketAddr, connections: u16, first: usize, count: usize, rate: f64, workload: &dyn Workload) -> Outcome<Load> {
    let mut open = connect(&[address], connections).await?;
    let (due, arrivals) = mpsc::unbounded_channel();
    let arrivals = Mutex::new(arrivals);
    let started = Instant::now();
    // A thread of its own, because the runtime's timers are too coarse: whole milliseconds.
    let pacer = thread::spawn(move || pace(started, first, count, rate, &due));
    let loads = open.iter_mut().map(|connection| {
        let arrivals = &arrivals;
        async move {
            let (mut buffer, mut latencies) = (Vec::new(), Latencies::default());
            loop {
                let arrival = arrivals.lock().await.recv().await;
                let Some((number, due)) = arrival else { return Ok::<_, Failure>(latencies) };
                ask(connection, workload, number, &mut buffer).await?;
                latencies.record(due.elapsed());
            }
        }
    });
    let latencies = try_join_all(loads).await?;
    if pacer.join().is_err() {
        return fail("the thread that paces requests has panicked");
    }
    Ok(sum(first, started.elapsed(), latencies))
}

async fn connect(servers: &[SocketAddr], connections: u16) -> Outcome<Vec<Connection>> {
    try_join_all(servers.iter().cycle().take(connections.into()).map(|server| Connection::open(*server))).await
}

async fn ask(connection: &mut Connection, workload: &dyn Workload, number: usize, buffer: &mut Vec<u8>) -> Outcome<()> {
    workload.write(number, buffer);
    let answer = connection.exchange(buffer).await?;
    if workload.accepts(number, answer) {
        return Ok(());
    }
    fail(format!("request {number} was answered with {}: {}", answer.status, String::from_utf8_lossy(answer.body)))
}

fn pace(started: Instant, first: usize, count: usize, rate: f64, due: &mpsc::UnboundedSender<(usize, Instant)>) {
    let mut random = 0x9e37_79b9_7f4a_7c15_u64;
    let mut at = 0.0;
    for number in first..first + count {
        at += gap(&mut random) / rate;
        let moment = started + Duration::from_secs_f64(at);
        thread::sleep(moment.saturating_duration_since(Instant::now()));
        if due.send((number, moment)).is_err() {
            return; // the load has failed and says so itself
        }
    }
}

/// Exponentially distributed, 1 on average (xorshift64*; the same at every run).
fn gap(random: &mut u64) -> f64 {
    *random ^= *random >> 12;
    *random ^= *random << 25;
    *random ^= *random >> 27;
    let bits = random.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 11;
    -(1.0 - bits as f64 / (1_u64 << 53) as f64).ln()
}

fn sum(first: usize, elapsed: Duration, parts: Vec<Latencies>) -> Load {
    let mut latencies = Latencies::default();
    parts.into_iter().for_each(|part| latencies.absorb(part));
    let answered = latencies.count();
    Load { next: first + answered, answered, elapsed, latencies }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_average_one_and_are_as_uneven_as_chance() {
        let mut random = 1;
        let gaps: Vec<f64> = (0..200_000).map(|_| gap(&mut random)).collect();
        let mean = gaps.iter().sum::<f64>() / gaps.len() as f64;
        let variance = gaps.iter().map(|gap| (gap - mean).powi(2)).sum::<f64>() / gaps.len() as f64;
        assert!((mean - 1.0).abs() < 0.02 && (variance - 1.0).abs() < 0.05, "{mean} {variance}");
    }
}
