//! A bounded queue between the async world and threads: pushing never waits, taking does.
//!
//! Invariants: never more than `capacity` items; after [`Queue::close`] nothing comes in, and what is in still comes out.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// Why an item was not taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueueError {
    /// As many are waiting as may.
    #[error("too much is waiting for the database")]
    Full,
    /// The store was shut down.
    #[error("the store is shut down")]
    Closed,
}

/// Many may push, many may take.
pub(crate) struct Queue<T> {
    inner: Mutex<Inner<T>>,
    filled: Condvar,
    capacity: usize,
}

struct Inner<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    pub(crate) fn new(capacity: usize) -> Self {
        Self { inner: Mutex::new(Inner { items: VecDeque::new(), closed: false }), filled: Condvar::new(), capacity }
    }

    /// Adds an item, or refuses it at once.
    pub(crate) fn push(&self, item: T) -> Result<(), QueueError> {
        let mut inner = self.lock();
        if inner.closed {
            return Err(QueueError::Closed);
        }
        if inner.items.len() >= self.capacity {
            return Err(QueueError::Full);
        }
        inner.items.push_back(item);
        drop(inner);
        self.filled.notify_one();
        Ok(())
    }

    /// Waits for the next item; none once the queue is closed and empty.
    pub(crate) fn take(&self) -> Option<T> {
        self.wait().items.pop_front()
    }

    /// Waits for an item and takes all that is there, at most `limit`; nothing once the queue is closed and empty.
    pub(crate) fn take_all(&self, limit: usize) -> Vec<T> {
        let mut inner = self.wait();
        let count = inner.items.len().min(limit);
        inner.items.drain(..count).collect()
    }

    /// Lets nothing more in.
    pub(crate) fn close(&self) {
        self.lock().closed = true;
        self.filled.notify_all();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.lock().closed
    }

    fn wait(&self) -> MutexGuard<'_, Inner<T>> {
        let idle = |inner: &mut Inner<T>| inner.items.is_empty() && !inner.closed;
        self.filled.wait_while(self.lock(), idle).unwrap_or_else(PoisonError::into_inner)
    }

    fn lock(&self) -> MutexGuard<'_, Inner<T>> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_is_said_at_once_and_what_is_in_comes_out_after_closing() {
        let queue = Queue::new(2);
        assert_eq!((queue.push(1), queue.push(2), queue.push(3)), (Ok(()), Ok(()), Err(QueueError::Full)));
        queue.close();
        assert_eq!(queue.push(4), Err(QueueError::Closed));
        assert_eq!(queue.take_all(1), [1]);
        assert_eq!(queue.take(), Some(2));
        assert_eq!((queue.take(), queue.take_all(9)), (None, vec![]));
    }
}
