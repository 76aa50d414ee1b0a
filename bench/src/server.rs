//! A Veza of our own: a process in a folder of its own, started, asked when it is ready, stopped.

use crate::client::{self, Connection, request};
use crate::failure::{Outcome, fail};
use crate::process::{self, Memory, Usage};
use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// How long a server may take until it is ready.
const START_MAX: Duration = Duration::from_secs(30);
/// How long a server may take to stop.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(1);

/// What a server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// It answers, and its workers run.
    All,
    /// It answers, and leaves the work in the background to others.
    Api,
}

/// A running server.
pub struct Server {
    child: Child,
    /// Where it listens.
    pub address: SocketAddr,
    /// From the start of the process to its first word that it is ready.
    pub started_in: Duration,
}

/// A port that nobody listens on.
///
/// # Errors
/// There is none.
pub fn free_port() -> Outcome<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Waits until a process that was `started` then answers `path` with 200, or for `patience`: how long that took. `log` is where it says
/// why it does not.
///
/// # Errors
/// It ends, or is not ready in time.
pub fn until_ready(
    child: &mut Child,
    address: SocketAddr,
    path: &str,
    started: Instant,
    patience: Duration,
    log: &Path,
) -> Outcome<Duration> {
    let ask = request::bytes("GET", path, "", b"");
    client::run(async {
        loop {
            if let Ok(mut connection) = Connection::open(address).await
                && let Ok(answer) = connection.exchange(&ask).await
                && answer.status == 200
            {
                return Ok(started.elapsed());
            }
            if let Some(status) = child.try_wait()? {
                return fail(format!("the server ended with {status}; see {}", log.display()));
            }
            if started.elapsed() > patience {
                return fail(format!("the server is not ready after {patience:?}; see {}", log.display()));
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    })
}

/// Asks a process to stop, and waits until it has: how it ended.
///
/// # Errors
/// It does not stop in time.
pub fn stopped(child: &mut Child) -> Outcome<ExitStatus> {
    Command::new("kill").args(["-TERM", &child.id().to_string()]).status()?;
    let asked = Instant::now();
    while asked.elapsed() < STOP_MAX {
        if let Some(status) = child.try_wait()? {
            return Ok(status);
        }
        std::thread::sleep(LOOK_EVERY);
    }
    fail(format!("the server has not stopped after {STOP_MAX:?}"))
}

impl Server {
    /// Starts `binary` with its data in `folder` and these settings, and waits until `GET /health/ready` says yes. Nothing of this
    /// process's environment reaches it. What it says goes to `veza.log` in the folder.
    ///
    /// # Errors
    /// It does not start, or is not ready in time.
    pub fn start(binary: &Path, folder: &Path, role: Role, settings: &[(String, String)]) -> Outcome<Self> {
        Self::start_at(free_port()?, binary, folder, role, settings)
    }

    /// The same at an address that others know beforehand.
    ///
    /// # Errors
    /// As [`Server::start`].
    pub fn start_at(address: SocketAddr, binary: &Path, folder: &Path, role: Role, settings: &[(String, String)]) -> Outcome<Self> {
        let log = File::options().create(true).append(true).open(folder.join("veza.log"))?;
        let mut command = Command::new(binary);
        let role = if role == Role::All { "all" } else { "api" };
        command.args(["serve", "--role", role]).current_dir(folder).env_clear().stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.env("APP_ENV", "development").env("BIND_ADDR", address.to_string()).env("DATA_DIR", folder).env("RATE_LIMITS", "off");
        command.envs(settings.iter().map(|(name, value)| (name, value)));
        let started = Instant::now();
        let child = command.spawn()?;
        Self::once_ready(child, address, "/health/ready", started, &folder.join("veza.log"))
    }

    /// Starts the providers in a box, alone, with their messages going to `shop`.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_sandbox(binary: &Path, folder: &Path, shop: SocketAddr) -> Outcome<Self> {
        let address = free_port()?;
        let log = File::options().create(true).append(true).open(folder.join("sandbox.log"))?;
        let mut command = Command::new(binary);
        command.args(["sandbox", "--bind", &address.to_string(), "--webhook-url", &format!("http://{shop}/webhooks/hyperswitch")]);
        command.current_dir(folder).env_clear().stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        let started = Instant::now();
        Self::once_ready(command.spawn()?, address, "/control/books", started, &folder.join("sandbox.log"))
    }

    /// Waits until a process answers `path`.
    fn once_ready(child: Child, address: SocketAddr, path: &str, started: Instant, log: &Path) -> Outcome<Self> {
        let mut server = Self { child, address, started_in: Duration::ZERO };
        server.started_in = until_ready(&mut server.child, address, path, started, START_MAX, log)?;
        Ok(server)
    }

    /// Its memory now.
    ///
    /// # Errors
    /// It has ended.
    pub fn memory(&self) -> Outcome<Memory> {
        process::memory(self.child.id())
    }

    /// What it has used so far.
    ///
    /// # Errors
    /// It has ended.
    pub fn usage(&self) -> Outcome<Usage> {
        process::usage(self.child.id())
    }

    /// Asks it to stop, and waits until it has.
    ///
    /// # Errors
    /// It does not stop in time, or says that something was wrong.
    pub fn stop(mut self) -> Outcome<()> {
        let status = stopped(&mut self.child)?;
        if status.success() { Ok(()) } else { fail(format!("the server ended with {status}")) }
    }
}

impl Drop for Server {
    /// However a benchmark ends, nothing stays behind.
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            // Both fail only if it has ended meanwhile.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}
