//! A throw-away Postgres for tests: one cluster per test process, one fresh database per case.
//!
//! The cluster lives in a temporary folder, listens on a free port of this machine only, and syncs nothing to disk. A watchdog
//! outside of the test's process group holds the other end of a pipe: when the process ends, however it does (a panic, an exit,
//! a kill), the watchdog stops the cluster at once and removes the folder. So nothing is ever left behind.
//!
//! `VEZA_TEST_DATABASE_URL` (a server where we may create databases) is used instead, where it is set; there the watchdog drops
//! the databases that were made.

#![allow(clippy::expect_used, clippy::panic, reason = "test code: a test fails by panicking")]

mod authority;
mod pooler;

pub use authority::{Authority, Certificate};
pub use pooler::{Pooler, Pooling};

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

/// Cluster of this process, once somebody needs one.
static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static MADE: AtomicU32 = AtomicU32::new(0);

/// Tries to find a port that is still free when the server takes it.
const STARTS_MAX: usize = 5;

/// Longest wait for a server that reads its settings anew.
const RELOAD_MAX: Duration = Duration::from_secs(20);

/// What to do when there is no Postgres.
const HOW_TO_GET_ONE: &str = "these tests need Postgres 14 or newer: apt-get install postgresql (or set VEZA_TEST_DATABASE_URL)";

/// A server.
pub struct Cluster {
    programs: PathBuf,
    /// Up to the name of a database.
    base: String,
    /// After the name of a database.
    query: String,
    own: Option<Own>,
    _watchdog: Child,
}

/// A server of our own.
struct Own {
    data: PathBuf,
    port: u16,
}

/// A database; goes with the process.
pub struct Database {
    name: String,
    cluster: &'static Cluster,
}

/// The server of this process; started at the first call.
///
/// # Panics
/// Without Postgres, in words that say how to get one.
pub fn cluster() -> &'static Cluster {
    CLUSTER.get_or_init(|| match std::env::var("VEZA_TEST_DATABASE_URL") {
        Ok(url) if !url.is_empty() => Cluster::at(&url),
        _ => Cluster::start(),
    })
}

/// An empty database of this process's server.
///
/// # Panics
/// As [`cluster`].
pub fn database() -> Database {
    cluster().create(None)
}

impl Cluster {
    fn at(url: &str) -> Self {
        let (address, query) = url.split_once('?').unwrap_or((url, ""));
        let scheme = address.find("://").map_or(0, |at| at + 3);
        let base = address[scheme..].find('/').map_or(address, |at| &address[..scheme + at]);
        let query = if query.is_empty() { String::new() } else { format!("?{query}") };
        let programs = programs();
        let maintenance = format!("{base}/postgres{query}");
        let watchdog = watchdog(DROP_DATABASES, &[programs.as_os_str(), maintenance.as_ref(), prefix().as_ref()]);
        Self { programs, base: base.to_owned(), query, own: None, _watchdog: watchdog }
    }

    #[expect(clippy::zombie_processes, reason = "the watchdog outlives this process on purpose")]
    fn start() -> Self {
        let programs = programs();
        let folder = tempfile::Builder::new().prefix("veza-postgres-").tempdir().expect("a temporary folder").keep();
        let watchdog = watchdog(STOP_CLUSTER, &[programs.as_os_str(), folder.as_os_str()]);
        give_to_postgres(&folder);
        let data = folder.join("data");
        let init = ["--auth=trust", "--username=postgres", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "-D"];
        done(as_postgres(&programs.join("initdb")).args(init).arg(&data));
        for _ in 0..STARTS_MAX {
            let port = free_port();
            if server(&programs, &data, port).status.success() {
                let base = format!("postgres://postgres@127.0.0.1:{port}");
                return Self { programs, base, query: String::new(), own: Some(Own { data, port }), _watchdog: watchdog };
            }
        }
        let log = std::fs::read_to_string(data.join("log")).unwrap_or_default();
        panic!("Postgres does not start:\n{log}");
    }

    /// The address of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("{}/{database}{}", self.base, self.query)
    }

    /// A new database: empty, or a copy of one that nobody is connected to.
    ///
    /// # Panics
    /// When the server refuses.
    pub fn create(&'static self, template: Option<&Database>) -> Database {
        let name = format!("{}{}", prefix(), MADE.fetch_add(1, Ordering::Relaxed));
        let template = template.map_or_else(|| "template0".to_owned(), |template| template.name.clone());
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {template}"));
        Database { name, cluster: self }
    }

    /// Runs SQL in a database; returns what it prints, without decoration.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, database: &str, sql: &str) -> String {
        let mut psql = Command::new(self.programs.join("psql"));
        let output = done(psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url(database), "-c", sql]));
        String::from_utf8_lossy(&output.stdout).trim().to_owned()
    }

    /// Stops a server of our own; whoever is connected is thrown out.
    ///
    /// # Panics
    /// When it is somebody else's.
    pub fn stop(&self) {
        let own = self.own.as_ref().expect("a server of our own");
        done(as_postgres(&self.programs.join("pg_ctl")).args(["stop", "-w", "-m", "fast", "-D"]).arg(&own.data));
    }

    /// Starts it again, on the same port.
    ///
    /// # Panics
    /// When it is somebody else's, or does not start.
    pub fn start_again(&self) {
        let own = self.own.as_ref().expect("a server of our own");
        let output = server(&self.programs, &own.data, own.port);
        assert!(output.status.success(), "Postgres does not start again");
    }

    /// Makes a server of our own speak TLS to who asks for it, under this certificate.
    ///
    /// # Panics
    /// When it is somebody else's, or does not take the certificate.
    pub fn speak_tls(&self, shown: &Certificate) {
        let own = self.own.as_ref().expect("a server of our own");
        for (from, to) in [(&shown.certificate, "server.crt"), (&shown.key, "server.key")] {
            // As its own user, so that the file is that user's.
            let file = std::fs::File::open(from).expect("a file");
            let script = r#"umask 077 && cat > "$0""#;
            let copied = as_postgres(Path::new("sh")).args(["-c", script]).arg(own.data.join(to)).stdin(file).status();
            assert!(copied.is_ok_and(|status| status.success()), "{to}");
        }
        self.sql("postgres", "ALTER SYSTEM SET ssl = on");
        self.sql("postgres", "SELECT pg_reload_conf()");
        let deadline = Instant::now() + RELOAD_MAX;
        while self.sql("postgres", "SHOW ssl") != "on" {
            assert!(Instant::now() < deadline, "the server does not take the certificate");
        }
    }

    /// Can it be stopped?
    #[must_use]
    pub fn is_own(&self) -> bool {
        self.own.is_some()
    }

    /// Where its programs are.
    #[must_use]
    pub fn programs(&self) -> &Path {
        &self.programs
    }
}

impl Database {
    /// Its address.
    #[must_use]
    pub fn url(&self) -> String {
        self.cluster.url(&self.name)
    }

    /// Runs SQL in it; returns what it prints, without decoration.
    ///
    /// # Panics
    /// When it fails.
    pub fn sql(&self, sql: &str) -> String {
        self.cluster.sql(&self.name, sql)
    }

    /// Drops it now, whoever is connected: for tests that make many.
    ///
    /// # Panics
    /// When that fails.
    pub fn drop_now(self) {
        self.cluster.sql("postgres", &format!("DROP DATABASE {} WITH (FORCE)", self.name));
    }
}

impl Database {
    /// Runs SQL in a transaction that stays open until what is returned is dropped.
    ///
    /// # Panics
    /// When it fails.
    pub fn hold(&self, sql: &str) -> Held {
        let mut psql = Command::new(self.cluster.programs.join("psql"));
        psql.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", &self.url()]);
        let mut session = psql.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("psql");
        let said = session.stdin.as_mut().map(|stdin| writeln!(stdin, "BEGIN; {sql}; SELECT 'held';"));
        said.expect("an input").expect("a psql that listens");
        let mut answer = String::new();
        let output = session.stdout.take().expect("an output");
        BufReader::new(output).read_line(&mut answer).expect("an answer");
        assert_eq!(answer.trim(), "held");
        Held { session }
    }
}

/// An open transaction; rolled back when dropped.
pub struct Held {
    session: Child,
}

impl Drop for Held {
    fn drop(&mut self) {
        drop(self.session.stdin.take());
        drop(self.session.wait());
    }
}

/// The newest Postgres of this machine.
fn programs() -> PathBuf {
    let packaged = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = packaged.map(|entry| entry.path()).filter(|path| path.join("bin/initdb").exists()).max_by_key(version);
    let in_path = || std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| folder.join("initdb").exists());
    newest.map(|path| path.join("bin")).or_else(in_path).unwrap_or_else(|| panic!("{HOW_TO_GET_ONE}"))
}

fn is_root() -> bool {
    let output = Command::new("id").arg("-u").output().expect("id");
    output.stdout.trim_ascii() == b"0"
}

/// Gives a folder to the user that Postgres runs as.
fn give_to_postgres(folder: &Path) {
    if is_root() {
        done(Command::new("chown").args(["-R", "postgres"]).arg(folder));
    }
}

/// Postgres does not run as root; its package brings a user for it.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("runuser");
    command.args(["-u", "postgres", "--"]).arg(program).current_dir("/");
    command
}

fn server(programs: &Path, data: &Path, port: u16) -> Output {
    let sockets = data.parent().unwrap_or(data).display();
    let settings = format!(
        "-F -p {port} -c listen_addresses=127.0.0.1 -c unix_socket_directories={sockets} -c synchronous_commit=off \
         -c full_page_writes=off -c max_connections=200 -c shared_buffers=32MB -c autovacuum_naptime=5min"
    );
    let mut command = as_postgres(&programs.join("pg_ctl"));
    command.args(["start", "-w", "-o", &settings, "-l"]).arg(data.join("log")).arg("-D").arg(data);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).output().expect("pg_ctl")
}

/// Stops the cluster and removes its folder.
const STOP_CLUSTER: &str = r#"as() { if [ "$(id -u)" = 0 ]; then runuser -u postgres -- "$@"; else "$@"; fi; }
as "$1/pg_ctl" stop -w -m immediate -D "$2/data"
rm -rf "$2""#;

/// Drops the databases whose names begin with ours.
const DROP_DATABASES: &str = r#""$1/psql" -X -q -d "$2" -v "prefix=$3" << 'END'
SELECT format('DROP DATABASE %I WITH (FORCE)', datname) FROM pg_database WHERE starts_with(datname, :'prefix') \gexec
END"#;

/// How the names of this process's databases begin.
fn prefix() -> String {
    format!("veza_{}_", std::process::id())
}

/// Runs a script when this process is gone.
fn watchdog(script: &str, arguments: &[&OsStr]) -> Child {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("read -r _\ncd /\n{script}")).arg("watchdog").args(arguments);
    std::os::unix::process::CommandExt::process_group(&mut shell, 0);
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a watchdog")
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn done(command: &mut Command) -> Output {
    let output = command.stdin(Stdio::null()).output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
    output
}
