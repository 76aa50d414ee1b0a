//! PgBouncer before a server, for as long as a test needs it.

use crate::{Cluster, Database, free_port, give_to_postgres, is_root, watchdog};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// How long a connection to the server is one client's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Pooling {
    /// As long as the client is connected.
    Session,
    /// For a transaction.
    Transaction,
}

/// A pooler; ends when dropped, and with this process at the latest.
pub struct Pooler {
    process: Child,
    port: u16,
    _watchdog: Child,
    _folder: TempDir,
}

/// Longest wait for it to listen.
const START_MAX: Duration = Duration::from_secs(20);

const HOW_TO_GET_ONE: &str = "these tests need PgBouncer: apt-get install pgbouncer (or name the program in VEZA_TEST_PGBOUNCER)";

impl Pooler {
    /// Starts one before a server of our own, with these lines of settings on top.
    ///
    /// # Panics
    /// Without PgBouncer, in words that say how to get it; when the server is somebody else's.
    #[must_use]
    pub fn before(cluster: &Cluster, pooling: Pooling, settings: &str) -> Self {
        let server = cluster.own.as_ref().expect("a server of our own").port;
        let folder = tempfile::tempdir().expect("a temporary folder");
        let port = free_port();
        let mode = match pooling {
            Pooling::Session => "session",
            Pooling::Transaction => "transaction",
        };
        let text = format!(
            "[databases]\n* = host=127.0.0.1 port={server} user=postgres\n\
             [pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\nauth_type = any\n\
             pool_mode = {mode}\nmax_client_conn = 500\nmax_db_connections = 40\n\
             server_idle_timeout = 3\n{settings}\n"
        );
        let file = folder.path().join("pgbouncer.ini");
        std::fs::write(&file, text).expect("a file");
        give_to_postgres(folder.path());
        let mut command = Command::new(program());
        if is_root() {
            command.args(["-u", "postgres"]);
        }
        let process = command.arg(&file).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect(HOW_TO_GET_ONE);
        let id = process.id().to_string();
        let pooler = Self { process, port, _watchdog: watchdog(r#"kill -9 "$1""#, &[id.as_ref()]), _folder: folder };
        let deadline = Instant::now() + START_MAX;
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(Instant::now() < deadline, "PgBouncer does not start");
            std::thread::sleep(Duration::from_millis(20));
        }
        pooler
    }

    /// The address of a database, through it.
    #[must_use]
    pub fn url(&self, database: &Database) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{}", self.port, database.name)
    }

    /// Major and minor version of the program.
    ///
    /// # Panics
    /// Without PgBouncer, in words that say how to get it.
    #[must_use]
    pub fn version() -> (u32, u32) {
        let output = Command::new(program()).arg("--version").output().expect(HOW_TO_GET_ONE);
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let numbers =
            text.strip_prefix("PgBouncer ").map(|rest| rest.split(['.', '\n']).map(str::parse).take(2).collect::<Result<Vec<_>, _>>());
        match numbers {
            Some(Ok(numbers)) if numbers.len() == 2 => (numbers[0], numbers[1]),
            _ => panic!("no version: {text}"),
        }
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

/// Debian keeps it where only root looks.
fn program() -> PathBuf {
    let named = std::env::var_os("VEZA_TEST_PGBOUNCER").filter(|name| !name.is_empty()).map(PathBuf::from);
    let packaged = || Some(PathBuf::from("/usr/sbin/pgbouncer")).filter(|path| path.exists());
    named.or_else(packaged).unwrap_or_else(|| PathBuf::from("pgbouncer"))
}
