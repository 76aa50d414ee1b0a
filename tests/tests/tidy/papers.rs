//! What stands beside the code: manifests, the example of the settings, the documents.

use std::collections::BTreeMap;

/// A manifest that does not take over the workspace's lints.
pub fn without_lints(manifests: &[(String, String)]) -> Vec<String> {
    let takes_over = |text: &str| {
        let section = text.split("\n[").find(|section| section.trim_start_matches('[').starts_with("lints]"));
        section.is_some_and(|section| section.lines().any(|line| line.replace(' ', "") == "workspace=true"))
    };
    let is_crate = |text: &str| text.lines().any(|line| line.trim() == "[package]");
    let wrong = manifests.iter().filter(|(_, text)| is_crate(text) && !takes_over(text));
    wrong.map(|(path, _)| format!("{path}: `[lints] workspace = true` is missing")).collect()
}

/// A variable that the example of the settings names twice.
pub fn named_twice(env_example: &str) -> Vec<String> {
    let mut count: BTreeMap<&str, usize> = BTreeMap::new();
    for line in env_example.lines() {
        let name = line.trim_start_matches('#').split('=').next().unwrap_or_default();
        let is_name = name.starts_with(|c: char| c.is_ascii_uppercase()) && name.chars().all(|c| c == '_' || c.is_ascii_alphanumeric());
        if line.contains('=') && is_name {
            *count.entry(name).or_default() += 1;
        }
    }
    count
        .into_iter()
        .filter(|(_, times)| *times > 1)
        .map(|(name, times)| format!(".env.example: {name} stands there {times} times"))
        .collect()
}

/// The feature with the points at which the process kills itself.
const KILL_POINTS: &str = "kill-points";
/// Who has it, and who asks for it.
const KILL_POINTS_IN: &[&str] = &["app/Cargo.toml", "tests/crash/Cargo.toml"];

/// A manifest or a script that builds with the kill points, beside the crash matrix.
pub fn armed(files: &[(String, String)]) -> Vec<String> {
    let names = |line: &&str| line.contains(KILL_POINTS) || line.contains("all-features");
    let mut found = Vec::new();
    for (path, text) in files {
        let by_default = |line: &&str| names(line) && line.trim_start().starts_with("default");
        let wrong = if KILL_POINTS_IN.contains(&path.as_str()) { text.lines().find(by_default) } else { text.lines().find(names) };
        found.extend(wrong.map(|line| format!("{path}: `{}`: only tests/crash builds with the kill points", line.trim())));
    }
    found
}

/// A link of a document to a file that is not there. `exists` is asked for paths from the repository's root.
pub fn dead_links(documents: &[(String, String)], exists: impl Fn(&str) -> bool) -> Vec<String> {
    let mut dead = Vec::new();
    for (path, text) in documents {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        for (at, _) in text.match_indices("](") {
            let target = text[at + 2..].split([')', '#', ' ']).next().unwrap_or_default();
            let outside = target.is_empty() || target.contains("://") || target.starts_with("mailto:");
            if !outside && !exists(&joined(folder, target)) {
                dead.push(format!("{path}: links to {target}, which is not there"));
            }
        }
    }
    dead
}

fn joined(folder: &str, target: &str) -> String {
    let mut parts: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    for part in target.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

#[test]
fn kill_points_outside_of_the_matrix_are_found() {
    let of = |path: &str, text: &str| armed(&[(path.to_owned(), text.to_owned())]);
    assert_eq!(of("app/Cargo.toml", "[features]\nkill-points = [\"dep:rustix\"]\n"), [] as [&str; 0]);
    assert_eq!(of("tests/crash/Cargo.toml", "veza = { workspace = true, features = [\"kill-points\"] }\n"), [] as [&str; 0]);
    assert_eq!(of("app/Cargo.toml", "[features]\ndefault = [\"kill-points\"]\n").len(), 1);
    assert_eq!(of("tests/Cargo.toml", "veza = { workspace = true, features = [\"kill-points\"] }\n").len(), 1);
    assert_eq!(of("Makefile", "\tcargo build --release --features veza/kill-points\n").len(), 1);
    assert_eq!(of("scripts/x.sh", "cargo build --all-features\n").len(), 1);
}

#[test]
fn a_crate_without_the_lints_is_found() {
    let of = |text: &str| without_lints(&[("x/Cargo.toml".to_owned(), text.to_owned())]);
    assert_eq!(of("[package]\nname = \"x\"\n\n[lints]\nworkspace = true\n\n[dependencies]\n"), [] as [&str; 0]);
    assert_eq!(of("[package]\nedition.workspace = true\n\n[dependencies]\n").len(), 1);
    assert_eq!(of("[package]\nname = \"x\"\n\n[lints]\n\n[x]\nworkspace = true\n").len(), 1);
    assert_eq!(of("[workspace]\nmembers = []\n"), [] as [&str; 0]);
}

#[test]
fn a_setting_that_is_named_twice_is_found() {
    assert_eq!(named_twice("# About A=1.\n#A_B=1\n\n#C=\nD=2\n"), [] as [&str; 0]);
    assert_eq!(named_twice("#A_B=1\n# more\nA_B=2\n").len(), 1);
}

#[test]
fn a_dead_link_is_found() {
    let exists = |path: &str| ["docs/api.md", "README.md"].contains(&path);
    let of = |text: &str| dead_links(&[("docs/adr/0001.md".to_owned(), text.to_owned())], exists);
    assert_eq!(of("[a](../api.md#money), [b](../../README.md), [c](https://example.org/x), [d](#here)"), [] as [&str; 0]);
    assert_eq!(of("[a](api.md)").len(), 1);
}
