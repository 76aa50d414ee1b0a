//! What the source may not do, each rule a function from sources to findings, each with a planted fault that it finds.

use crate::source::{Source, line_of, words};

/// Longest file.
pub const LINES_MAX: usize = 600;

/// Words that have no place in the rules, and why.
const NOT_IN_DOMAIN: &[(&str, &str)] = &[
    ("SystemTime", "time is an argument"),
    ("Instant", "time is an argument"),
    ("chrono", "moments are `time::Timestamp`"),
    ("rand", "randomness is an argument"),
    ("new_v4", "ids are arguments, or derived"),
    ("now_v7", "ids are arguments, or derived"),
    ("HashMap", "its order is random: `BTreeMap`"),
    ("HashSet", "its order is random: `BTreeSet`"),
    ("async", "the rules wait for nothing"),
    ("await", "the rules wait for nothing"),
    ("tokio", "the rules wait for nothing"),
    ("serde", "a promise to another process is made in `app` and `adapters`"),
    ("Serialize", "a promise to another process is made in `app` and `adapters`"),
    ("f32", "money is an integer"),
    ("f64", "money is an integer"),
    ("println", "the rules do no I/O"),
    ("eprintln", "the rules do no I/O"),
];

/// Where `chrono` is asked what a calendar month is; it has no clock there.
const CALENDAR: &str = "domain/src/time.rs";

/// Parts of `std` that the rules do without.
const STD_NOT_IN_DOMAIN: &[&str] = &["fs", "net", "env", "thread", "process", "io", "os"];

/// Clocks, randomness, I/O, async and serialisation in the rules.
pub fn impure(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| source.path.starts_with("domain/src/")) {
        for (line, at, word) in words(&source.code) {
            if word == "chrono" && source.path == CALENDAR {
                continue;
            }
            if let Some((_, why)) = NOT_IN_DOMAIN.iter().find(|(banned, _)| *banned == word) {
                found.push(format!("{}:{line}: `{word}`: {why}", source.path));
            } else if STD_NOT_IN_DOMAIN.contains(&word) && is_of_std(&source.code, at) {
                found.push(format!("{}:{line}: `std::{word}`: the rules do no I/O and start nothing", source.path));
            }
        }
    }
    found
}

/// Is the word at `at` named as `std::…`, alone or in a group of imports?
fn is_of_std(code: &str, at: usize) -> bool {
    let before = code[..at].trim_end();
    let statement = before.rsplit([';', '}']).next().unwrap_or_default();
    let in_group = statement.trim_start().strip_prefix("use ").is_some_and(|path| path.trim_start().starts_with("std::{"));
    before.ends_with("std::") || in_group && (before.ends_with('{') || before.ends_with(','))
}

/// What stands before everything in `app` that has to do with the kill points.
const IF_KILL_POINTS: &str = "#[cfg(feature = \"kill-points\")]";
/// The one place that arms them.
const ARMED_IN: &str = "tests/crash/src/main.rs";

/// Kill points in a build without their feature, or armed by another program than the crash matrix's.
pub fn kill_points_in_the_product(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !source.path.starts_with("app/src/killpoints")) {
        let mut before = "";
        for (number, line) in source.literals.lines().enumerate() {
            let at = format!("{}:{}", source.path, number + 1);
            if source.path.starts_with("app/src/") && line.contains("killpoints") && before.trim() != IF_KILL_POINTS {
                found.push(format!("{at}: kill points without `{IF_KILL_POINTS}` before them"));
            }
            if line.contains("arm_from_env") && source.path != ARMED_IN {
                found.push(format!("{at}: only {ARMED_IN} arms the kill points"));
            }
            before = line;
        }
    }
    found
}

/// Functions of `domain/src/transfer.rs` that may write a transfer's status: its first one, each legal move, and the row read
/// back as it was stored.
const STATUS_WRITERS: &[&str] = &["open", "moved", "restored"];
/// Who reads rows back.
const RESTORERS: &str = "/src/rows/transfers.rs";

/// Ways around the one guarded move of a transfer's status.
pub fn status_written_elsewhere(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let code = source.code.as_str();
        if source.path == "domain/src/transfer.rs" {
            found.extend(status_written_in_rules(source));
        }
        let restores = source.path.starts_with("adapters/") && source.path.ends_with(RESTORERS);
        if !restores && !source.path.starts_with("ports/src/contract/") {
            found.extend(code.match_indices(".restored(").map(|(at, _)| {
                format!("{}:{}: only an adapter that reads a stored transfer back may call `restored`", source.path, line_of(code, at))
            }));
        }
    }
    found
}

fn status_written_in_rules(source: &Source) -> Vec<String> {
    let code = source.code.as_str();
    let mut found = Vec::new();
    if !code.contains("\n    status: TransferStatus,\n") {
        found.push(format!("{}: the field `status` has to be private", source.path));
    }
    let writes = words(code).filter(|(_, at, word)| *word == "status" && is_field_write(code, *at));
    for (line, at, _) in writes {
        let inside = code[..at].rmatch_indices("fn ").next().map(|(start, _)| &code[start + 3..]);
        let function = inside.and_then(|text| text.split(['(', '<']).next()).unwrap_or_default();
        let declares = code[..at].trim_end().ends_with(',') && code[at..].starts_with("status: TransferStatus,");
        if !declares && !STATUS_WRITERS.contains(&function) {
            found.push(format!("{}:{line}: `{function}` writes the status past `Transfer::moved`", source.path));
        }
    }
    found
}

/// `status: x`, `{ status, ..`, `.status = x`; not `self.status`, `status()`, `status == x`.
fn is_field_write(code: &str, at: usize) -> bool {
    let before = code[..at].trim_end();
    let after = code[at + "status".len()..].trim_start();
    let assigned = after.starts_with('=') && !after.starts_with("==") && before.ends_with('.');
    let named = after.starts_with(':') && !after.starts_with("::") && !before.ends_with('.') && !before.ends_with('(');
    let short = (before.ends_with('{') || before.ends_with(',')) && (after.starts_with(',') || after.starts_with('}'));
    assigned || named || short
}

/// Who may look at a subscription's status: the rules, who stores it, who shows it, and who goes on with its payment. Nobody decides by
/// it what a person may do; that is the gate's.
const KNOW_THE_STATUS: &[&str] = &[
    "domain/src/subscription",
    "domain/src/settlement/billing.rs",
    "domain/tests/",
    "ports/src/contract/",
    "adapters/",
    "app/src/http/subscriptions/body.rs",
    "app/src/usecases/subscriptions/subscribe.rs",
    "tests/",
    // Counts where plans stand, and allows nothing by it.
    "app/src/metrics.rs",
];

/// Ways around the one gate (spec/02-subscriptions §3).
pub fn past_the_gate(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources.iter().filter(|source| !KNOW_THE_STATUS.iter().any(|place| source.path.starts_with(place))) {
        for (line, _, word) in words(&source.code) {
            if word == "SubscriptionStatus" {
                found.push(format!("{}:{line}: what a plan allows is asked at `subscription::gate`, not read off a status", source.path));
            }
        }
    }
    found
}

#[test]
fn a_way_around_the_gate_is_found() {
    let planted = "fn may() -> bool { row.status == SubscriptionStatus::Active }";
    let source = |path: &str| Source::new(path, planted);
    assert_eq!(past_the_gate(&[source("app/src/usecases/distribution.rs")]).len(), 1);
    assert!(past_the_gate(&[source("domain/src/subscription/gate.rs")]).is_empty());
}

/// Tables whose rows are facts about money: corrections are new facts.
const MONEY: &[&str] = &[
    "orders",
    "order_lines",
    "refunds",
    "licences",
    "transfers",
    "reversals",
    "postings",
    "ledger_entries",
    "disputes",
    "nettings",
    "journal",
    "admin_actions",
];

/// SQL that writes a transfer's status outside the one place of its adapter, or deletes a row about money.
pub fn unlawful_sql(sources: &[Source], migrations: &[(String, String)]) -> Vec<String> {
    // The benchmarks have a database of their own to compare with; they are no part of the product.
    let product = sources.iter().filter(|source| !source.path.starts_with("bench/"));
    let rust = product.map(|source| (source.path.as_str(), source.literals.as_str()));
    let sql = migrations.iter().map(|(path, text)| (path.as_str(), text.as_str()));
    let mut found = Vec::new();
    for (path, text) in rust.chain(sql) {
        let text = text.to_ascii_lowercase().replace("\\\n", " ");
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let home = path.ends_with(RESTORERS);
        for (at, _) in flat.match_indices("update transfers set ") {
            let assigned = flat[at..].split([';', '"']).next().unwrap_or_default().split(" where ").next().unwrap_or_default();
            if !home && (assigned.contains(" status =") || assigned.contains(" status=")) {
                found.push(format!("{path}: writes transfers.status; only an adapter's rows/transfers.rs may"));
            }
        }
        if !home && (flat.contains("insert into transfers") || flat.contains("replace into transfers")) {
            found.push(format!("{path}: inserts transfers; only an adapter's rows/transfers.rs may"));
        }
        let deleted = |table: &&&str| {
            let statement = format!("delete from {table}");
            flat.match_indices(&statement)
                .any(|(at, _)| !flat[at + statement.len()..].starts_with(|c: char| c.is_alphanumeric() || c == '_'))
        };
        found.extend(MONEY.iter().filter(deleted).map(|table| format!("{path}: deletes {table}: corrections are new facts")));
    }
    found
}

/// Left-overs: unfinished code, and places that panic without saying why they may.
pub fn loose_ends(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    let mut permitted: Vec<(&str, String)> = Vec::new();
    for lint in ["unwrap_used", "expect_used"] {
        permitted.extend(sources.iter().filter(|source| source.permits(lint)).map(|source| (lint, source.children())));
    }
    for source in sources {
        let all_code = crate::source::blanked(&source.text, true);
        for macro_name in ["todo!", "unimplemented!", "dbg!"] {
            let starts = |at: usize| !all_code[..at].ends_with(|c: char| c.is_alphanumeric() || c == '_');
            let places = all_code.match_indices(macro_name).filter(|(at, _)| starts(*at));
            found.extend(places.map(|(at, _)| format!("{}:{}: `{macro_name}`", source.path, line_of(&all_code, at))));
        }
        for (call, lint) in [(".unwrap()", "unwrap_used"), (".expect(", "expect_used")] {
            let above = permitted.iter().any(|(permits, children)| *permits == lint && source.path.starts_with(children));
            if above || source.permits(lint) {
                continue;
            }
            let code = source.without_permitted(lint);
            let message = "fails loudly outside of tests; where it has to, `#[expect(clippy::…, reason = \"…\")]`";
            found.extend(code.match_indices(call).map(|(at, _)| format!("{}:{}: `{call}` {message}", source.path, line_of(&code, at))));
        }
    }
    found
}

/// Files that are too long, or don't begin by saying what they are about.
pub fn shapeless(sources: &[Source]) -> Vec<String> {
    let mut found = Vec::new();
    for source in sources {
        let lines = source.text.lines().count();
        if lines > LINES_MAX {
            found.push(format!("{}: {lines} lines; {LINES_MAX} at most", source.path));
        }
        if !source.text.starts_with("//! ") {
            found.push(format!("{}: does not begin with `//!`", source.path));
        }
    }
    found
}

#[cfg(test)]
mod planted {
    use super::*;

    fn one(path: &str, text: &str) -> Vec<Source> {
        vec![Source::new(path, text)]
    }

    #[test]
    fn impurity_is_found() {
        for fault in [
            "fn f() { std::time::SystemTime::now(); }",
            "use std::time::{Duration, Instant};",
            "use std::fs;",
            "use std::{collections::BTreeMap, env};",
            "fn f() { std::thread::yield_now(); }",
            "async fn f() {}",
            "use rand::Rng;",
            "#[derive(serde::Serialize)] struct S;",
            "struct Price(f64);",
        ] {
            assert!(!impure(&one("domain/src/x.rs", fault)).is_empty(), "{fault}");
        }
        let fine = "//! No tokio, no serde.\nuse std::{collections::BTreeMap, fmt};\nfn f(env: u8, net: i64) -> (u8, i64) { (env, net) }\n";
        assert_eq!(impure(&one("domain/src/x.rs", fine)), [] as [&str; 0]);
        assert_eq!(impure(&one("app/src/x.rs", "async fn f() { std::fs::read(\"x\"); }")), [] as [&str; 0]);
    }

    #[test]
    fn kill_points_in_the_product_are_found() {
        let of = |path: &str, text: &str| kill_points_in_the_product(&one(path, text)).len();
        assert_eq!(of("app/src/lib.rs", "pub mod http;\n#[cfg(feature = \"kill-points\")]\npub mod killpoints;\n"), 0);
        assert_eq!(of("app/src/lib.rs", "pub mod killpoints;\n"), 1);
        assert_eq!(
            of("app/src/main.rs", "fn main() {\n    #[cfg(feature = \"kill-points\")]\n    veza::killpoints::arm_from_env();\n}\n"),
            1
        );
        assert_eq!(of("tests/crash/src/main.rs", "fn main() { veza::killpoints::arm_from_env(); }\n"), 0);
        assert_eq!(of("bench/src/main.rs", "fn main() { veza::killpoints::arm_from_env(); }\n"), 1);
    }

    const TRANSFER: &str = "pub struct Transfer {\n    pub id: Id,\n    status: TransferStatus,\n}\nimpl Transfer {\n    \
         fn open() -> Self { Self { id, status: TransferStatus::Pending } }\n    \
         fn moved(self, to: TransferStatus) -> Self { Self { status: to, ..self } }\n    \
         fn restored(self, status: TransferStatus) -> Self { Self { status, ..self } }\n    \
         fn is_open(&self) -> bool { self.status == TransferStatus::Pending }\n";

    #[test]
    fn a_status_written_past_the_matrix_is_found() {
        let rules = |more: &str| one("domain/src/transfer.rs", &format!("{TRANSFER}{more}}}\n"));
        assert_eq!(status_written_elsewhere(&rules("")), [] as [&str; 0]);
        for fault in [
            "fn cheat(self) -> Self { Self { status: TransferStatus::Reversed, ..self } }",
            "fn cheat(self, status: TransferStatus) -> Self { Self { status, ..self } }",
            "fn cheat(&mut self) { self.status = TransferStatus::Reversed; }",
        ] {
            assert!(!status_written_elsewhere(&rules(fault)).is_empty(), "{fault}");
        }
        let public = one("domain/src/transfer.rs", &TRANSFER.replace("    status", "    pub status"));
        assert!(!status_written_elsewhere(&public).is_empty());
        let restoring = "fn f(t: Transfer) -> Transfer { t.restored(TransferStatus::Completed) }";
        assert_eq!(status_written_elsewhere(&one("app/src/x.rs", restoring)).len(), 1);
        assert_eq!(status_written_elsewhere(&one("adapters/sqlite/src/rows/transfers.rs", restoring)), [] as [&str; 0]);
    }

    #[test]
    fn sql_past_the_one_place_is_found() {
        let sql = |path: &str, sql: &str| unlawful_sql(&one(path, &format!("const SQL: &str = \"{sql}\";")), &[]);
        let write = "UPDATE transfers SET retry_count = 0, \\\n    status = 'completed' WHERE id = ?1";
        assert_eq!(sql("adapters/sqlite/src/work.rs", write).len(), 1);
        assert_eq!(sql("adapters/sqlite/src/rows/transfers.rs", write), [] as [&str; 0]);
        let claim = "UPDATE transfers SET next_retry_at = ?2 WHERE id = ?1 AND status = 'failed'";
        assert_eq!(sql("adapters/sqlite/src/work.rs", claim), [] as [&str; 0]);
        assert_eq!(sql("app/src/x.rs", "INSERT INTO transfers VALUES (1)").len(), 1);
        assert_eq!(sql("adapters/sqlite/src/x.rs", "DELETE FROM orders WHERE id = ?1").len(), 1);
        assert_eq!(sql("adapters/sqlite/src/x.rs", "DELETE FROM orders_old"), [] as [&str; 0]);
        let migration = [("migrations/sqlite/9.sql".to_owned(), "delete from\n  ledger_entries;".to_owned())];
        assert_eq!(unlawful_sql(&[], &migration).len(), 1);
    }

    #[test]
    fn loose_ends_are_found() {
        for fault in ["fn f() { todo!() }", "fn f() { x.unwrap(); }", "fn f() { x.expect(\"y\"); }", "fn f() { dbg!(1); }"] {
            assert_eq!(loose_ends(&one("app/src/x.rs", fault)).len(), 1, "{fault}");
        }
        assert_eq!(loose_ends(&one("app/tests/x.rs", "fn f() { x.unwrap(); unimplemented!() }")).len(), 1);
        let without_reason = "#[expect(clippy::unwrap_used)]\nfn f() { x.unwrap(); }";
        assert_eq!(loose_ends(&one("app/src/x.rs", without_reason)).len(), 1);
        let other_item = "#[expect(clippy::unwrap_used, reason = \"so\")]\nfn f() {}\nfn g() { x.unwrap(); }";
        assert_eq!(loose_ends(&one("app/src/x.rs", other_item)).len(), 1);
        for fine in [
            "// x.unwrap()\nfn f() { x.unwrap_or_default(); log(\"todo!\") }",
            "#[cfg(test)]\nmod tests { fn f() { x.unwrap(); } }",
            "#[expect(clippy::unwrap_used, reason = \"so\")]\nfn f() { x.unwrap(); }",
            "fn f() { #[expect(clippy::expect_used, reason = \"so\")]\n    x.expect(\"y\");\n}",
        ] {
            assert_eq!(loose_ends(&one("app/src/x.rs", fine)), [] as [&str; 0], "{fine}");
        }
        let suite = Source::new("ports/src/contract.rs", "#![allow(clippy::unwrap_used, reason = \"a suite\")]\nmod claims;");
        let child = Source::new("ports/src/contract/claims.rs", "fn f() { x.unwrap(); }");
        assert_eq!(loose_ends(&[suite, child]), [] as [&str; 0]);
    }

    #[test]
    fn shapeless_files_are_found() {
        assert_eq!(shapeless(&one("app/src/x.rs", "use a;\n")).len(), 1);
        assert_eq!(shapeless(&one("app/src/x.rs", &format!("//! About.\n{}", "\n".repeat(LINES_MAX)))).len(), 1);
        assert_eq!(shapeless(&one("app/src/x.rs", "//! About.\n")), [] as [&str; 0]);
    }
}
