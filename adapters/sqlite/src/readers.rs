//! The threads that read, each with a connection of its own; none of them ever waits for the writer.
//!
//! Invariants: reading never blocks the async runtime; a read sees one consistent state.

use crate::fault::{Gone, of_read};
use crate::queue::{Queue, QueueError};
use crate::rows;
use rusqlite::Connection;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use veza_ports::storage::StoreError;

type Job = Box<dyn FnOnce(&Connection) + Send>;

/// The way to the threads.
pub(crate) struct Readers {
    queue: Arc<Queue<Job>>,
}

impl Readers {
    /// Starts one thread per connection.
    pub(crate) fn start(queue: usize, connections: Vec<Connection>) -> std::io::Result<(Self, Vec<JoinHandle<()>>)> {
        let queue: Arc<Queue<Job>> = Arc::new(Queue::new(queue));
        let mut handles = Vec::with_capacity(connections.len());
        for db in connections {
            let jobs = Arc::clone(&queue);
            let work = move || {
                while let Some(job) = jobs.take() {
                    // A job that panics has answered nobody, which its caller sees; the thread lives on.
                    if catch_unwind(AssertUnwindSafe(|| job(&db))).is_err() && !db.is_autocommit() {
                        drop(rows::execute(&db, "ROLLBACK", []));
                    }
                }
            };
            handles.push(std::thread::Builder::new().name("veza-sqlite-read".to_owned()).spawn(work)?);
        }
        Ok((Self { queue }, handles))
    }

    /// A read of one statement.
    pub(crate) async fn read<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        // Who asked may have gone; then nobody needs the answer.
        let job: Job = Box::new(move |db| drop(reply.send(work(db))));
        self.queue.push(job).map_err(|full: QueueError| StoreError::Unavailable(Box::new(full)))?;
        answer.await.map_err(|_| StoreError::Unavailable(Box::new(Gone)))?.map_err(of_read)
    }

    /// A read of several statements that all see the same state.
    pub(crate) async fn snapshot<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> rusqlite::Result<T> + Send + 'static,
    {
        self.read(move |db| {
            rows::execute(db, "BEGIN", [])?;
            let result = work(db);
            rows::execute(db, "COMMIT", [])?;
            result
        })
        .await
    }

    /// Lets nothing more in; the threads end when what is in is answered.
    pub(crate) fn close(&self) {
        self.queue.close();
    }
}
