//! Keeps the house in order: who may depend on whom, what the rules may not do, how files begin and end.
//!
//! Every check is a function from text to findings, and each is tried on a planted fault beside it, so that it can fail.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may fail loudly")]

mod direction;
mod oncall;
mod papers;
mod rules;
mod source;

use source::Source;
use std::path::{Path, PathBuf};
use std::process::Command;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the repository").to_owned()
}

fn files(ends: &[&str]) -> Vec<(String, String)> {
    let mut found = Vec::new();
    source::files(&root(), &root(), ends, &mut found);
    assert!(!found.is_empty(), "no file ends in {ends:?}");
    found
}

fn sources() -> Vec<Source> {
    files(&[".rs"]).iter().map(|(path, text)| Source::new(path, text)).collect()
}

fn nothing(found: &[String]) {
    assert!(found.is_empty(), "\n{}\n", found.join("\n"));
}

#[test]
fn dependencies_point_one_way() {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let arguments = ["metadata", "--offline", "--no-deps", "--format-version", "1"];
    let output = Command::new(cargo).args(arguments).current_dir(root()).output().expect("cargo runs");
    let members = direction::members(&serde_json::from_slice(&output.stdout).expect("cargo metadata answers JSON"));
    assert!(members.iter().any(|member| member.folder == "domain"), "{members:?}");
    nothing(&direction::wrong_dependencies(&members));
}

#[test]
fn the_rules_are_pure() {
    nothing(&rules::impure(&sources()));
}

#[test]
fn a_transfer_s_status_has_one_writer() {
    nothing(&rules::status_written_elsewhere(&sources()));
    // Tests may fill tables as they like.
    let sql: Vec<_> = files(&[".sql"]).into_iter().filter(|(path, _)| !path.contains("/tests/")).collect();
    nothing(&rules::unlawful_sql(&sources(), &sql));
}

#[test]
fn what_a_plan_allows_is_asked_at_the_gate() {
    nothing(&rules::past_the_gate(&sources()));
}

#[test]
fn there_are_no_loose_ends() {
    nothing(&rules::loose_ends(&sources()));
}

#[test]
fn files_have_a_shape() {
    nothing(&rules::shapeless(&sources()));
}

#[test]
fn every_crate_takes_over_the_lints() {
    nothing(&papers::without_lints(&files(&["Cargo.toml"])));
}

#[test]
fn only_the_crash_matrix_has_kill_points() {
    nothing(&papers::armed(&files(&["Cargo.toml", "Makefile", ".sh", "run"])));
    nothing(&rules::kill_points_in_the_product(&sources()));
}

#[test]
fn every_setting_is_named_once() {
    let example = std::fs::read_to_string(root().join(".env.example")).expect(".env.example is there");
    nothing(&papers::named_twice(&example));
}

#[test]
fn links_lead_somewhere() {
    nothing(&papers::dead_links(&files(&[".md"]), |path| root().join(path).exists()));
}

#[test]
fn everything_that_waits_on_a_person_has_a_page_and_a_test() {
    let page = std::fs::read_to_string(root().join("docs/oncall.md")).expect("the on-call page");
    let tests = files(&[".rs"]).iter().flat_map(|(path, text)| oncall::tests_of(path, text)).collect();
    let codes: Vec<&str> = veza_domain::attention::Code::ALL.iter().map(|code| code.as_str()).collect();
    nothing(&oncall::gaps(&page, &codes, &tests));
}
