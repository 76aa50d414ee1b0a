//! The server under test: a process that is started again as soon as it has killed itself, and then lives.

use rustix::process::{Pid, Signal, kill_process};
use std::os::unix::process::ExitStatusExt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;
use tokio::process::{Child, Command};
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Pause before it is started again, so that one that cannot start does not take the machine.
const BREATH: Duration = Duration::from_millis(5);

/// What became of the process so far.
#[derive(Clone, Debug, Default)]
pub struct Lives {
    /// How often it was started.
    pub starts: u32,
    /// How often it killed itself.
    pub kills: u32,
    /// How it ended otherwise, which it should not.
    pub strange: Option<String>,
}

/// A supervised process.
pub struct Server {
    lives: Arc<Mutex<Lives>>,
    stop: watch::Sender<Option<Signal>>,
    task: JoinHandle<()>,
}

impl Server {
    /// Starts what `command` makes for each life; the first is 0.
    pub fn start(command: impl Fn(u32) -> Command + Send + Sync + 'static) -> Self {
        let (stop, mut stopped) = watch::channel(None);
        let lives = Arc::new(Mutex::new(Lives::default()));
        let told = Arc::clone(&lives);
        let task = tokio::spawn(async move {
            let mut child = spawn(&command, &told);
            loop {
                let ended = tokio::select! {
                    status = child.wait() => Some(status.expect("a child that can be waited for")),
                    _ = stopped.changed() => None,
                };
                let Some(ended) = ended else {
                    let signal = stopped.borrow().unwrap_or(Signal::KILL);
                    let pid = child.id().and_then(|id| Pid::from_raw(id.cast_signed())).expect("a child that runs");
                    kill_process(pid, signal).expect("a child that takes signals");
                    child.wait().await.expect("a child that can be waited for");
                    return;
                };
                {
                    let mut lives = told.lock().unwrap_or_else(PoisonError::into_inner);
                    if ended.signal() == Some(Signal::KILL.as_raw()) {
                        lives.kills += 1;
                    } else {
                        lives.strange = Some(format!("it ended by itself: {ended}"));
                    }
                }
                tokio::time::sleep(BREATH).await;
                child = spawn(&command, &told);
            }
        });
        Self { lives, stop, task }
    }

    /// What became of it so far.
    #[must_use]
    pub fn lives(&self) -> Lives {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// SIGKILL, for good.
    pub async fn kill(self) -> Lives {
        self.end(Signal::KILL).await
    }

    /// SIGTERM, for good: it may finish what it has in hand.
    pub async fn terminate(self) -> Lives {
        self.end(Signal::TERM).await
    }

    async fn end(self, signal: Signal) -> Lives {
        self.stop.send_replace(Some(signal));
        self.task.await.expect("a supervisor that does not panic");
        self.lives.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn spawn(command: &impl Fn(u32) -> Command, lives: &Mutex<Lives>) -> Child {
    let mut lives = lives.lock().unwrap_or_else(PoisonError::into_inner);
    let child = command(lives.starts).kill_on_drop(true).spawn().expect("a program that starts");
    lives.starts += 1;
    child
}
