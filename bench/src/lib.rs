//! `veza-bench`: how fast Veza is, beside what the same machine does without it (`docs/performance.md`).
//!
//! The server is measured from outside, as a process of its own, over HTTP, with what it does on disk. After each load the books are
//! checked: a run in which they are wrong has no figures. Targets are printed and never fail a run.

/// Says on standard error what is going on.
#[macro_export]
macro_rules! progress {
    ($($argument:tt)*) => { eprintln!($($argument)*) };
}

mod backlog;
mod checkouts;
pub mod client;
pub mod failure;
pub mod fixture;
mod growth;
mod history;
pub mod machine;
mod messages;
mod options;
mod postgres;
pub mod process;
mod products;
pub mod report;
pub mod server;
mod settlements;
mod soak;
mod startup;
pub mod stats;
mod suite;

use clap::Parser;
use failure::{Outcome, fail};
use options::Options;
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// The program: measures what the command line wants.
#[must_use]
pub fn main() -> ExitCode {
    let options = Options::parse();
    let result = if options.serve_nothing { settlements::nothing::serve() } else { bench(&options) };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            progress!("veza-bench: {}", failure::chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn bench(options: &Options) -> Outcome<()> {
    let built = std::env::current_exe()?;
    let Some(beside) = built.parent() else { return fail("the program has no folder") };
    if cfg!(debug_assertions) {
        progress!("warning: this is a debug build; figures count only with --release");
    }
    let binary = match &options.binary {
        Some(binary) => binary.clone(),
        None => build(beside)?,
    };
    let binary = binary.canonicalize()?;
    let parent = options.dir.clone().unwrap_or_else(|| beside.to_owned());
    // Postgres, which does not run as root, has to get to its own folder inside.
    let open = std::fs::Permissions::from_mode(0o711);
    let mut dir = tempfile::Builder::new().prefix("veza-bench-").permissions(open).tempdir_in(parent)?;
    dir.disable_cleanup(options.keep);
    let report = suite::run(options, &binary, dir.path());
    if options.keep || report.is_err() {
        dir.disable_cleanup(true);
        progress!("databases and logs are in {}", dir.path().display());
    }
    let report = report?;
    let text = if options.json { report.json()? + "\n" } else { report.table() };
    std::io::stdout().write_all(text.as_bytes())?;
    Ok(())
}

/// Makes the release build of the server, in the folder that this program was built into.
fn build(beside: &Path) -> Outcome<PathBuf> {
    progress!("building veza");
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let mut command = Command::new(cargo);
    command.args(["build", "--quiet", "--release", "--package", "veza", "--bin", "veza"]).current_dir(workspace);
    if let Some(target) = beside.parent() {
        command.arg("--target-dir").arg(target);
    }
    if command.status()?.success() { Ok(beside.with_file_name("release").join("veza")) } else { fail("veza can't be built") }
}
