//! The on-call page: an entry for everything that can wait on a person, and a test that follows each entry to its end.

use std::collections::BTreeSet;

/// Codes of the operators' list that have no section, sections that name no test, and tests that are not there.
///
/// `tests`: names such as `reconcile::a_stuck_order_settles`, of the end-to-end tests.
pub fn gaps(page: &str, codes: &[&str], tests: &BTreeSet<String>) -> Vec<String> {
    let mut gaps = Vec::new();
    let sections: Vec<(&str, &str)> =
        page.split("\n### ").skip(1).map(|section| section.split_once('\n').unwrap_or((section, ""))).collect();
    for code in codes {
        if !sections.iter().any(|(title, _)| title.trim() == *code) {
            gaps.push(format!("docs/oncall.md: {code} has no section"));
        }
    }
    for (title, text) in sections {
        let text = text.split("\n## ").next().unwrap_or_default();
        let named: Vec<&str> = text.split('`').filter(|part| part.contains("::") && !part.contains(' ')).collect();
        if named.is_empty() {
            gaps.push(format!("docs/oncall.md: the section {title:?} names no test"));
        }
        gaps.extend(named.into_iter().filter(|name| !tests.contains(*name)).map(|name| format!("docs/oncall.md: there is no test {name}")));
    }
    gaps
}

/// The tests that a file of `tests/tests` has, by the file's name and their own.
pub fn tests_of(path: &str, text: &str) -> Vec<String> {
    let Some(file) = path.strip_prefix("tests/tests/").and_then(|file| file.strip_suffix(".rs")) else { return Vec::new() };
    let is_test = |line: &str| line.trim() == "#[test]" || line.trim().starts_with("#[tokio::test");
    let mut names = Vec::new();
    let mut lines = text.lines();
    while let Some(line) = lines.next() {
        if is_test(line) {
            let function = lines.next().unwrap_or_default();
            let name = function.split("fn ").nth(1).and_then(|rest| rest.split('(').next()).unwrap_or_default();
            names.push(format!("{file}::{name}"));
        }
    }
    names
}

#[test]
fn an_entry_without_a_section_or_a_test_is_found() {
    let tests: BTreeSet<String> =
        tests_of("tests/tests/x.rs", "#[tokio::test]\nasync fn one() {}\n#[test]\nfn two() {}\n").into_iter().collect();
    let page = "# On call\n\n### a\n\nText. *Test: `x::one`.*\n\n## Next\n\n### b\n\nText. *Test: `x::two`.*\n";
    assert_eq!(gaps(page, &["a", "b"], &tests), [] as [&str; 0]);
    assert_eq!(gaps(page, &["a", "c"], &tests).len(), 1, "no section");
    assert_eq!(gaps(&page.replace("x::two", "x::three"), &["a"], &tests).len(), 1, "no such test");
    assert_eq!(gaps(&page.replace("`x::two`", "none"), &["a"], &tests).len(), 1, "names no test");
}
