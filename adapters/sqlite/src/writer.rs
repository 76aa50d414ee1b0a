//! The one thread that writes: it takes all that is waiting, puts it into one transaction, and answers everybody after the
//! commit, so that many units share one flush to disk (group commit).
//!
//! Invariants: nobody is told "applied" before it is durable; a refused unit leaves its neighbours alone; the queue never grows
//! beyond its bound, what does not fit is refused at once.

use crate::apply::{self, Stop};
use crate::config::SqliteConfig;
use crate::connection;
use crate::fault::{Failure, Gone, Shared};
use crate::queue::{Queue, QueueError};
use crate::rows;
use rusqlite::Connection;
use std::sync::Arc;
use std::thread::JoinHandle;
use tokio::sync::oneshot;
use veza_ports::storage::{CommitError, Committed, StoreError, UnitOfWork};

/// Something to write.
pub(crate) enum Job {
    /// A unit, and who waits for it.
    Unit(UnitOfWork, oneshot::Sender<Result<Committed, CommitError>>),
    /// A claim or a sweep.
    Task(Box<dyn Task>),
}

/// A piece of writing that brings something back. It stands alone: nothing of it is kept if it fails.
pub(crate) trait Task: Send {
    /// Writes, inside the transaction; keeps the result. May be called a second time, after a rollback.
    fn run(&mut self, db: &Connection) -> Result<(), StoreError>;
    /// Tells who waits, after the commit.
    fn answer(self: Box<Self>, outcome: Result<(), StoreError>);
}

struct TaskOf<T, F> {
    work: F,
    result: Option<T>,
    reply: oneshot::Sender<Result<T, StoreError>>,
}

impl<T: Send, F: FnMut(&Connection) -> Result<T, StoreError> + Send> Task for TaskOf<T, F> {
    fn run(&mut self, db: &Connection) -> Result<(), StoreError> {
        self.result = Some((self.work)(db)?);
        Ok(())
    }

    fn answer(self: Box<Self>, outcome: Result<(), StoreError>) {
        let gone = || StoreError::Unavailable(Box::new(Gone));
        // Nobody may be waiting any more: then it is as if the claimer had died, and the lease ends by itself.
        let Self { result, reply, .. } = *self;
        drop(reply.send(outcome.and_then(|()| result.ok_or_else(gone))));
    }
}

/// The way to the thread.
pub(crate) struct Writer {
    queue: Arc<Queue<Job>>,
}

impl Writer {
    /// Starts the thread on an open connection.
    pub(crate) fn start(config: SqliteConfig, db: Connection) -> std::io::Result<(Self, JoinHandle<()>)> {
        let queue = Arc::new(Queue::new(config.queue));
        let thread = Thread { queue: Arc::clone(&queue), config, db: Some(db), careful: 0 };
        let handle = std::thread::Builder::new().name("veza-sqlite-write".to_owned()).spawn(move || thread.work())?;
        Ok((Self { queue }, handle))
    }

    pub(crate) async fn commit(&self, unit: UnitOfWork) -> Result<Committed, CommitError> {
        let (reply, answer) = oneshot::channel();
        self.queue.push(Job::Unit(unit, reply)).map_err(|full: QueueError| CommitError::Unavailable(Box::new(full)))?;
        answer.await.unwrap_or_else(|_| Err(CommitError::Unknown(Box::new(Gone))))
    }

    pub(crate) async fn task<T, F>(&self, work: F) -> Result<T, StoreError>
    where
        T: Send + 'static,
        F: FnMut(&Connection) -> Result<T, StoreError> + Send + 'static,
    {
        let (reply, answer) = oneshot::channel();
        let task = Box::new(TaskOf { work, result: None, reply });
        self.queue.push(Job::Task(task)).map_err(|full: QueueError| StoreError::Unavailable(Box::new(full)))?;
        answer.await.unwrap_or_else(|_| Err(StoreError::Unavailable(Box::new(Gone))))
    }

    /// Lets nothing more in; the thread ends when what is in is done.
    pub(crate) fn close(&self) {
        self.queue.close();
    }

    pub(crate) fn is_closed(&self) -> bool {
        self.queue.is_closed()
    }
}

/// What became of one job, while the transaction is not yet committed.
enum Outcome {
    Unit(Result<Committed, CommitError>),
    Task(Result<(), StoreError>),
}

struct Thread {
    queue: Arc<Queue<Job>>,
    config: SqliteConfig,
    db: Option<Connection>,
    /// So many transactions more give each job a savepoint from the start.
    careful: u32,
}

/// Transactions with savepoints after one that had to be done over.
const CAREFUL_FOR: u32 = 16;

impl Thread {
    fn work(mut self) {
        loop {
            let mut batch = self.queue.take_all(self.config.batch_max);
            if batch.is_empty() {
                break;
            }
            match self.transaction(&mut batch) {
                Ok(outcomes) => batch.into_iter().zip(outcomes).for_each(|(job, outcome)| answer(job, outcome)),
                Err(failure) => {
                    tracing::error!(?failure, jobs = batch.len(), "a transaction failed");
                    batch.into_iter().for_each(|job| fail(job, &failure));
                }
            }
        }
    }

    /// One transaction for all of `batch`. A savepoint per job would cost an eighth of the work, and refusals that leave
    /// anything to undo are rare: so the first attempt has none, and if it meets such a refusal it is rolled back and done
    /// over with savepoints. The jobs are data, so the second attempt comes to the same.
    fn transaction(&mut self, batch: &mut [Job]) -> Result<Vec<Outcome>, Failure> {
        let db = match self.db.take() {
            Some(db) => db,
            None => connection::open_writer(&self.config).map_err(|error| Failure::before_commit(&error))?,
        };
        let plain = self.careful == 0;
        self.careful = self.careful.saturating_sub(1);
        let mut result = run_batch(&db, batch, !plain);
        let mut usable = roll_back(&db);
        if plain && usable && matches!(result, Err(Half::Undone)) {
            self.careful = CAREFUL_FOR;
            result = run_batch(&db, batch, true);
            usable = roll_back(&db);
        }
        // A connection that can't get out of its transaction is of no use; the next batch opens a new one.
        self.db = usable.then_some(db);
        result.map_err(|half| match half {
            Half::Failed(failure) => failure,
            Half::Undone => Failure::NothingWritten(Shared("the transaction could not be rolled back".to_owned())),
        })
    }
}

impl Drop for Thread {
    /// However the thread ends: who comes later is told at once, and so is who still waits, after a panic. The store keeps the queue,
    /// so nothing in it would go by itself.
    fn drop(&mut self) {
        self.queue.close();
        let never_begun = Failure::NothingWritten(Shared(Gone.to_string()));
        self.queue.take_all(usize::MAX).into_iter().for_each(|job| fail(job, &never_begun));
    }
}

/// Why a transaction was not committed.
enum Half {
    /// A job that was refused left something to undo, and there was no savepoint.
    Undone,
    /// The database failed.
    Failed(Failure),
}

/// Ends a transaction that was left open; false if that fails.
fn roll_back(db: &Connection) -> bool {
    db.is_autocommit() || rows::execute(db, "ROLLBACK", []).is_ok()
}

fn run_batch(db: &Connection, batch: &mut [Job], careful: bool) -> Result<Vec<Outcome>, Half> {
    let before = |error: rusqlite::Error| Half::Failed(Failure::before_commit(&error));
    rows::execute(db, "BEGIN IMMEDIATE", []).map_err(before)?;
    let mut outcomes = Vec::with_capacity(batch.len());
    for job in batch {
        if careful {
            rows::execute(db, "SAVEPOINT job", []).map_err(before)?;
        }
        let (outcome, undo) = run_job(db, job).map_err(before)?;
        if undo && !careful {
            return Err(Half::Undone);
        }
        if undo {
            rows::execute(db, "ROLLBACK TO job", []).map_err(before)?;
        }
        if careful {
            rows::execute(db, "RELEASE job", []).map_err(before)?;
        }
        outcomes.push(outcome);
    }
    rows::execute(db, "COMMIT", []).map_err(|error| Half::Failed(Failure::of_commit(&error)))?;
    Ok(outcomes)
}

/// What became of one job, and whether it left something to undo; an error is one of the database.
fn run_job(db: &Connection, job: &mut Job) -> rusqlite::Result<(Outcome, bool)> {
    Ok(match job {
        Job::Unit(unit, _) => match apply::apply(db, unit) {
            Ok(committed) => (Outcome::Unit(Ok(committed)), false),
            Err(Stop::Refused { error, undo }) => (Outcome::Unit(Err(error)), undo),
            Err(Stop::Fault(error)) => return Err(error),
        },
        Job::Task(task) => {
            let result = task.run(db);
            let undo = result.is_err();
            (Outcome::Task(result), undo)
        }
    })
}

fn answer(job: Job, outcome: Outcome) {
    match (job, outcome) {
        (Job::Unit(_, reply), Outcome::Unit(result)) => drop(reply.send(result)),
        (Job::Task(task), Outcome::Task(result)) => task.answer(result),
        (Job::Unit(..), Outcome::Task(_)) | (Job::Task(_), Outcome::Unit(_)) => {}
    }
}

fn fail(job: Job, failure: &Failure) {
    match job {
        Job::Unit(_, reply) => drop(reply.send(Err(failure.commit_error()))),
        Job::Task(task) => task.answer(Err(failure.store_error())),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::atomic::{AtomicU32, Ordering};
    use tokio::sync::oneshot::Receiver;
    use veza_ports::contract::storage::sample;

    type Answer<T> = Receiver<Result<T, StoreError>>;

    fn task(work: impl FnMut(&Connection) -> Result<(), StoreError> + Send + 'static) -> (Job, Answer<()>) {
        let (reply, answer) = oneshot::channel();
        (Job::Task(Box::new(TaskOf { work, result: None, reply })), answer)
    }

    fn config(folder: &tempfile::TempDir) -> SqliteConfig {
        SqliteConfig { batch_max: 1, ..SqliteConfig::new(folder.path().join("veza.db")) }
    }

    #[test]
    fn after_a_batch_that_was_done_over_the_next_ones_have_savepoints_and_later_ones_have_none() {
        let folder = tempfile::tempdir().unwrap();
        let mut thread = Thread { queue: Arc::new(Queue::new(1)), config: config(&folder), db: None, careful: 0 };
        let mut attempts = || {
            let made = Arc::new(AtomicU32::new(0));
            let count = Arc::clone(&made);
            let refused = task(move |_| {
                count.fetch_add(1, Ordering::Relaxed);
                Err(StoreError::Corrupt("to be undone".to_owned()))
            });
            assert_eq!(thread.transaction(&mut [refused.0]).unwrap().len(), 1);
            made.load(Ordering::Relaxed)
        };
        for _ in 0..2 {
            assert_eq!(attempts(), 2, "one without savepoints, one with");
            for _ in 0..CAREFUL_FOR {
                assert_eq!(attempts(), 1, "with savepoints from the start");
            }
        }
    }

    #[test]
    fn when_the_thread_panics_who_waits_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let config = config(&folder);
        let db = connection::open_writer(&config).unwrap();
        let (writer, thread) = Writer::start(config, db).unwrap();
        let (go, gate) = std::sync::mpsc::channel::<()>();
        // It holds the thread until all others are in the queue.
        let (panics, mut under_way) = task(move |_| {
            gate.recv().unwrap();
            panic!("a fault of ours");
        });
        let (waits, mut task_waits) = task(|_| Ok(()));
        let (reply, mut unit_waits) = oneshot::channel();
        let jobs = [panics, waits, Job::Unit(sample::unit("never begun", Vec::new()), reply)];
        jobs.into_iter().for_each(|job| writer.queue.push(job).unwrap());
        go.send(()).unwrap();
        assert!(thread.join().is_err(), "it has panicked");
        assert!(under_way.try_recv().is_err_and(|error| error == oneshot::error::TryRecvError::Closed), "its outcome is not known");
        assert!(matches!(task_waits.try_recv(), Ok(Err(StoreError::Unavailable(_)))));
        assert!(matches!(unit_waits.try_recv(), Ok(Err(CommitError::Unavailable(_)))), "nothing of it was written");
        assert!(writer.is_closed(), "who comes later is told, too");
    }
}
