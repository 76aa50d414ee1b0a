//! A Postgres to measure with: a cluster of its own, in a folder and on a port of its own, that flushes to disk like one that matters.
//!
//! The server is a child of this process, so that its processor time is ours (`process::Watch`). It ends with the benchmark; should
//! that be killed, a watchdog outside of its process group ends the server.

use crate::failure::{Outcome, fail};
use crate::process;
use crate::server::free_port;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Output, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How the server is set, beside where it is. The first three are what Postgres does by itself: nothing is gained by losing data.
/// Checkpoints come rarely by themselves.
const SETTINGS: [(&str, &str); 11] = [
    ("fsync", "on"),
    ("synchronous_commit", "on"),
    ("full_page_writes", "on"),
    ("shared_buffers", "512MB"),
    ("max_wal_size", "2GB"),
    ("checkpoint_timeout", "1h"),
    ("max_connections", "500"),
    ("listen_addresses", "127.0.0.1"),
    ("unix_socket_directories", ""),
    ("logging_collector", "on"),
    ("log_destination", "jsonlog"),
];
/// The user of the server, and of the databases.
const USER: &str = "postgres";
/// How long the server may take to start, and to stop.
const PATIENCE: Duration = Duration::from_secs(60);
/// Pause between two looks.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Ends the server when this process is gone.
const WATCHDOG: &str = r#"read -r _; kill -QUIT "$1""#;

/// A running server.
pub struct Cluster {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    server: Child,
    watchdog: Child,
    stopped: bool,
}

/// Where the newest Postgres of this machine has its programs.
#[must_use]
pub fn programs() -> Option<PathBuf> {
    let packaged = fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let version = |path: &PathBuf| path.file_name().and_then(|name| name.to_str()?.parse::<u32>().ok());
    let newest = packaged.map(|entry| entry.path()).filter(|path| path.join("bin/initdb").exists()).max_by_key(version);
    let in_path = || std::env::split_paths(&std::env::var_os("PATH")?).find(|folder| folder.join("initdb").exists());
    newest.map(|path| path.join("bin")).or_else(in_path)
}

impl Cluster {
    /// Makes a cluster in `folder` and starts it.
    ///
    /// # Errors
    /// It can't be made, or does not start.
    pub fn start(programs: &Path, folder: &Path) -> Outcome<Self> {
        fs::create_dir_all(folder)?;
        let owner = owner()?;
        if let Some((user, group)) = owner {
            std::os::unix::fs::chown(folder, Some(user), Some(group))?;
        }
        let data = folder.join("data");
        let mut init = as_owner(&programs.join("initdb"), owner);
        init.args(["--auth=trust", "--username", USER, "--encoding=UTF8", "--locale=C.UTF-8", "-D"]).arg(&data);
        if let Err(error) = done(&mut init) {
            return fail(format!("{error} (as root: the user {USER} has to be able to enter the folder, see --dir)"));
        }
        let port = free_port()?.port();
        let log = File::create(folder.join("server.log"))?;
        let mut server = as_owner(&programs.join("postgres"), owner);
        server.arg("-D").arg(&data).args(["-p", &port.to_string()]);
        for (name, value) in SETTINGS {
            server.arg("-c").arg(format!("{name}={value}"));
        }
        server.args(["-c", "log_directory=log", "-c", "log_filename=server.log", "-c", "log_rotation_age=0", "-c", "log_rotation_size=0"]);
        let mut server = server.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).spawn()?;
        let mut watchdog = Command::new("sh");
        watchdog.args(["-c", WATCHDOG, "watchdog", &server.id().to_string()]).process_group(0);
        let watchdog = match watchdog.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(watchdog) => watchdog,
            Err(error) => {
                server.kill()?;
                return Err(error.into());
            }
        };
        let mut cluster = Self { programs: programs.to_owned(), folder: folder.to_owned(), port, server, watchdog, stopped: false };
        cluster.wait_until_it_answers()?;
        Ok(cluster)
    }

    fn wait_until_it_answers(&mut self) -> Outcome<()> {
        let started = Instant::now();
        while started.elapsed() < PATIENCE {
            let answers = self.program("pg_isready").args(["-q", "-d", "postgres"]).status()?.success();
            if answers {
                return Ok(());
            }
            if let Some(status) = self.server.try_wait()? {
                self.stopped = true;
                return fail(format!("Postgres ended with {status}; see {}", self.folder.display()));
            }
            thread::sleep(LOOK_EVERY);
        }
        fail(format!("Postgres is not ready after {PATIENCE:?}; see {}", self.folder.display()))
    }

    /// A program of Postgres', told where the server is.
    #[must_use]
    pub fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.args(["-h", "127.0.0.1", "-p", &self.port.to_string(), "-U", USER]).env_remove("PGOPTIONS").stdin(Stdio::null());
        command
    }

    /// The address of a database.
    #[must_use]
    pub fn url(&self, database: &str) -> String {
        format!("postgres://{USER}@127.0.0.1:{}/{database}?sslmode=disable", self.port)
    }

    /// Runs SQL in a database; returns what it prints, without decoration.
    ///
    /// # Errors
    /// It fails.
    pub fn sql(&self, database: &str, sql: &str) -> Outcome<String> {
        let mut psql = self.program("psql");
        let output = done(psql.args(PSQL).args(["-d", database, "-c", sql]))?;
        Ok(String::from_utf8(output.stdout)?.trim().to_owned())
    }

    /// Begins SQL that ends in a `COPY … FROM STDIN`.
    ///
    /// # Errors
    /// It can't begin.
    pub fn copy(&self, database: &str, sql: &[&str]) -> Outcome<Copy> {
        let mut psql = self.program("psql");
        psql.args(PSQL).args(["-d", database]).args(sql.iter().flat_map(|sql| ["-c", sql]));
        let mut child = psql.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let Some(input) = child.stdin.take() else { return fail("psql has no input") };
        Ok(Copy { child, input: BufWriter::with_capacity(1 << 18, input) })
    }

    /// A new database: a copy of one that nobody is connected to, or an empty one.
    ///
    /// # Errors
    /// The server refuses.
    pub fn create(&self, name: &str, template: Option<&str>) -> Outcome<()> {
        self.sql("postgres", &format!("CREATE DATABASE {name} TEMPLATE {}", template.unwrap_or("template0"))).map(|_| ())
    }

    /// The server's version.
    ///
    /// # Errors
    /// It does not answer.
    pub fn version(&self) -> Outcome<String> {
        let version = self.sql("postgres", "SHOW server_version")?;
        Ok(version.split(' ').next().unwrap_or_default().to_owned())
    }

    /// Processor time that it has used so far.
    ///
    /// # Errors
    /// It has ended.
    pub fn cpu(&self) -> Outcome<Duration> {
        process::family_cpu(self.server.id())
    }

    /// The file that statements are logged to, as JSON, where a database's `log_statement` says so.
    #[must_use]
    pub fn log(&self) -> PathBuf {
        self.folder.join("data/log/server.json")
    }

    /// Stops it in order.
    ///
    /// # Errors
    /// It does not stop in time.
    pub fn stop(mut self) -> Outcome<()> {
        self.signal("-INT")?;
        let asked = Instant::now();
        while asked.elapsed() < PATIENCE {
            if self.server.try_wait()?.is_some() {
                self.stopped = true;
                return Ok(());
            }
            thread::sleep(LOOK_EVERY);
        }
        fail(format!("Postgres has not stopped after {PATIENCE:?}"))
    }

    fn signal(&self, signal: &str) -> Outcome<()> {
        Command::new("kill").args([signal, &self.server.id().to_string()]).status()?;
        Ok(())
    }
}

/// Rows on their way into a table.
pub struct Copy {
    child: Child,
    /// Takes them.
    pub input: BufWriter<ChildStdin>,
}

impl Copy {
    /// Waits until they are in.
    ///
    /// # Errors
    /// They do not get in; with what psql said.
    pub fn finish(mut self) -> Outcome<()> {
        // Where that fails, psql has ended and says why.
        let flushed = self.input.flush();
        drop(self.input);
        let output = self.child.wait_with_output()?;
        if !output.status.success() {
            return fail(format!("psql failed: {}", String::from_utf8_lossy(&output.stderr).trim()));
        }
        Ok(flushed?)
    }
}

impl Drop for Cluster {
    /// However a benchmark ends, nothing stays behind. What fails here fails because it has ended already.
    fn drop(&mut self) {
        if !self.stopped {
            drop(self.signal("-QUIT"));
            drop(self.server.wait());
        }
        drop(self.watchdog.kill());
        drop(self.watchdog.wait());
    }
}

/// No settings of the user's, nothing but values, and the first error ends it.
const PSQL: [&str; 6] = ["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1"];

/// Postgres does not run as root: its package brings a user for it. None: we are not root.
fn owner() -> Outcome<Option<(u32, u32)>> {
    let ask = |arguments: &[&str]| -> Outcome<u32> {
        let output = done(Command::new("id").args(arguments))?;
        Ok(String::from_utf8(output.stdout)?.trim().parse()?)
    };
    if ask(&["-u"])? != 0 {
        return Ok(None);
    }
    Ok(Some((ask(&["-u", USER])?, ask(&["-g", USER])?)))
}

fn as_owner(program: &Path, owner: Option<(u32, u32)>) -> Command {
    let mut command = Command::new(program);
    command.current_dir("/");
    if let Some((user, group)) = owner {
        command.uid(user).gid(group);
    }
    command
}

/// Runs a command that has to go well.
///
/// # Errors
/// It does not; with what it said.
fn done(command: &mut Command) -> Outcome<Output> {
    let output = command.stdin(Stdio::null()).output()?;
    if output.status.success() {
        return Ok(output);
    }
    let program = Path::new(command.get_program()).file_name().unwrap_or(OsStr::new("it")).display();
    fail(format!("{program} failed: {}", String::from_utf8_lossy(&output.stderr).trim()))
}
