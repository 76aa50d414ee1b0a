//! Does the net catch fish? Mistakes are planted one at a time into a copy of the sources, and the checks that are to notice run.
//!
//! `make planted` does it; every test run sees that each mistake still fits the code.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

mod bugs;

use bugs::{BUGS, Bug, Check};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

/// Histories that the simulation has to find a mistake in.
const HISTORIES: &str = "4000";

fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

#[test]
fn every_planted_bug_fits_the_code() {
    for bug in &BUGS {
        let code = fs::read_to_string(workspace().join(bug.file)).unwrap();
        assert_eq!(code.matches(bug.sound).count(), 1, "{}: {:?} in {}", bug.name, bug.sound, bug.file);
        assert_ne!(bug.sound, bug.broken, "{}", bug.name);
        assert!(!bug.checks.is_empty(), "{}", bug.name);
    }
}

/// Builds a good part of the workspace once for each mistake: half an hour.
#[test]
#[ignore = "long; run by `make planted`"]
fn every_planted_bug_is_caught() {
    let copy = Copy::make(&workspace());
    let mut missed = Vec::new();
    for bug in &BUGS {
        let began = Instant::now();
        let file = copy.folder.join(bug.file);
        let code = fs::read_to_string(&file).unwrap();
        fs::write(&file, code.replacen(bug.sound, bug.broken, 1)).unwrap();
        let caught = bug.checks.iter().find_map(|check| copy.notices(bug, *check));
        fs::write(&file, code).unwrap();
        let by = caught.clone().unwrap_or_else(|| "NOBODY".to_owned());
        println!("{:>4} s  {}\n        caught by {by}", began.elapsed().as_secs(), bug.name);
        if caught.is_none() {
            missed.push(bug.name);
        }
    }
    println!("{} planted, {} caught", BUGS.len(), BUGS.len() - missed.len());
    assert!(missed.is_empty(), "nobody noticed: {missed:?}");
}

/// The tracked files in a folder of their own, with a build folder that all mistakes share.
struct Copy {
    folder: PathBuf,
}

impl Copy {
    fn make(workspace: &Path) -> Self {
        let folder = workspace.join("target/planted");
        let listed = Command::new("git").args(["ls-files", "-z"]).current_dir(workspace).output().unwrap();
        assert!(listed.status.success(), "git ls-files");
        for path in String::from_utf8(listed.stdout).unwrap().split('\0').filter(|path| !path.is_empty()) {
            let (from, to) = (workspace.join(path), folder.join(path));
            let same = fs::read(&from).ok().zip(fs::read(&to).ok()).is_some_and(|(from, to)| from == to);
            // What is the same keeps its time, so that nothing of it is built again.
            if from.is_file() && !same {
                fs::create_dir_all(to.parent().unwrap()).unwrap();
                fs::copy(from, to).unwrap();
            }
        }
        Self { folder }
    }

    /// Which test fails, if one does. A mistake that does not compile is none.
    fn notices(&self, bug: &Bug, check: Check) -> Option<String> {
        let (what, build, run) = commands(check);
        let built = self.cargo(&build);
        assert!(built.status.success(), "{}: does not compile\n{}", bug.name, String::from_utf8_lossy(&built.stderr));
        let ran = self.cargo(&run);
        let said = String::from_utf8_lossy(&ran.stdout).into_owned();
        let test = said.lines().find_map(|line| line.strip_prefix("test ")?.strip_suffix(" ... FAILED")).unwrap_or("a failing history");
        (!ran.status.success()).then(|| format!("{what}: {test}"))
    }

    fn cargo(&self, arguments: &[&str]) -> Output {
        let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
        let mut command = Command::new(cargo);
        command.args(arguments).current_dir(&self.folder).env("CARGO_TARGET_DIR", self.folder.join("target"));
        command.env("CARGO_PROFILE_DEV_DEBUG", "0").output().unwrap()
    }
}

/// What it is called, how it is built, how it is run.
fn commands(check: Check) -> (String, Vec<&'static str>, Vec<&'static str>) {
    let (what, package, rest): (String, &'static str, Vec<&'static str>) = match check {
        Check::Rules => ("the rules' tests".to_owned(), "veza-domain", vec!["--tests"]),
        Check::Crate(name) => (format!("the tests of {name}"), name, vec!["--tests"]),
        Check::Contract => ("the contract of the store".to_owned(), "veza-memory", vec!["--tests"]),
        Check::EndToEnd(suite) => (format!("the suite `{suite}`"), "veza-tests", vec!["--test", suite]),
        Check::Simulation => {
            let run = vec!["run", "--package", "veza-sim", "--", "run", "--as-they-are", "-n", HISTORIES];
            return ("the simulation".to_owned(), vec!["build", "--package", "veza-sim"], run);
        }
    };
    let with = |first: &[&'static str]| first.iter().copied().chain(["--package", package]).chain(rest.iter().copied()).collect::<Vec<_>>();
    let mut build = with(&["test"]);
    build.push("--no-run");
    (what, build, with(&["test", "--no-fail-fast"]))
}
