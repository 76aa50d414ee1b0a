//! The scheduler's view of what is in flight: the points at which it waits, and who may go on.
//!
//! Every call of a port is such a point (before it, and where it has an effect, after it too). A future that reaches one stays there
//! until the simulation lets it go: so between any two steps of one request anything else can happen, and a crash there is a future
//! that is dropped. Everything runs on one thread; what goes on next is decided by the history alone.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// What happened, as a hash, and as text where somebody wants to read it.
#[derive(Debug, Default)]
pub struct Trace {
    hash: u64,
    length: u64,
    lines: Option<Vec<String>>,
}

impl fmt::Write for Trace {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        // FNV-1a: good enough to tell two histories apart, and the same on every machine.
        for byte in text.bytes() {
            self.hash = (self.hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
        Ok(())
    }
}

#[derive(Debug)]
struct Parked {
    id: u64,
    task: u64,
    name: &'static str,
    waker: Waker,
    released: bool,
}

#[derive(Debug, Default)]
struct Inner {
    parked: Vec<Parked>,
    next: u64,
    /// Which task is being polled.
    task: u64,
    trace: Trace,
}

/// The points at which something waits.
#[derive(Debug, Default)]
pub struct Points {
    inner: Mutex<Inner>,
}

impl Points {
    /// With the text of what happens, or only its hash.
    #[must_use]
    pub fn new(with_text: bool) -> Arc<Self> {
        let points = Self::default();
        points.lock().trace.lines = with_text.then(Vec::new);
        Arc::new(points)
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits here until the simulation says go on.
    pub fn reach(&self, name: &'static str) -> Reached<'_> {
        Reached { points: self, name, id: None }
    }

    /// Adds to the trace.
    pub fn note(&self, what: fmt::Arguments<'_>) {
        let mut inner = self.lock();
        let trace = &mut inner.trace;
        trace.length += 1;
        let _ = fmt::Write::write_fmt(trace, what);
        if let Some(lines) = &mut trace.lines {
            lines.push(what.to_string());
        }
    }

    /// Does anybody want to read the trace?
    #[must_use]
    pub fn is_read(&self) -> bool {
        self.lock().trace.lines.is_some()
    }

    /// The trace so far: its hash, its length, and its text where that is kept.
    #[must_use]
    pub fn trace(&self) -> (u64, u64, Vec<String>) {
        let inner = self.lock();
        (inner.trace.hash, inner.trace.length, inner.trace.lines.clone().unwrap_or_default())
    }

    /// From now on it is `task` that reaches points.
    pub fn enter(&self, task: u64) {
        self.lock().task = task;
    }

    /// Lets the nth of the points at which a task waits go on, counted round. False: it waits nowhere.
    pub fn release(&self, task: u64, nth: usize) -> bool {
        let mut inner = self.lock();
        let of_task: Vec<usize> =
            inner.parked.iter().enumerate().filter(|(_, parked)| parked.task == task && !parked.released).map(|(index, _)| index).collect();
        let Some(index) = of_task.get(nth.checked_rem(of_task.len()).unwrap_or_default()).copied() else { return false };
        inner.parked[index].released = true;
        let (waker, name) = (inner.parked[index].waker.clone(), inner.parked[index].name);
        drop(inner);
        self.note(format_args!("task {task}: {name}"));
        waker.wake();
        true
    }
}

/// A point that something is to wait at.
pub struct Reached<'a> {
    points: &'a Points,
    name: &'static str,
    id: Option<u64>,
}

impl Future for Reached<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let mut inner = self.points.lock();
        let Some(id) = self.id else {
            let (id, task) = (inner.next, inner.task);
            inner.next += 1;
            inner.parked.push(Parked { id, task, name: self.name, waker: context.waker().clone(), released: false });
            drop(inner);
            self.id = Some(id);
            return Poll::Pending;
        };
        let Some(index) = inner.parked.iter().position(|parked| parked.id == id) else { return Poll::Ready(()) };
        if !inner.parked[index].released {
            inner.parked[index].waker.clone_from(context.waker());
            return Poll::Pending;
        }
        inner.parked.remove(index);
        drop(inner);
        self.id = None;
        Poll::Ready(())
    }
}

impl Drop for Reached<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id {
            self.points.lock().parked.retain(|parked| parked.id != id);
        }
    }
}
