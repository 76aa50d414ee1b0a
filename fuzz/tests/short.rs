//! Every target over its corpus and some thousand mutations of it: `make fuzz-short`, and a part of `make test`.
//!
//! `VEZA_FUZZ_CASES` says how many mutations (3,000). What it finds, shrunk, is in the message: it becomes a file of the corpus.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::print_stdout)]

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use std::path::PathBuf;
use std::time::Instant;
use veza_fuzz::{TARGETS, Target};

/// Texts that readers of JSON, forms, amounts, durations and cursors are likely to trip over.
const TOKENS: [&str; 24] = [
    "null",
    "true",
    "-1",
    "0",
    "1e400",
    "-0",
    "9223372036854775807",
    "9223372036854775808",
    "1.5",
    "\"",
    "\\u0000",
    "\\ud800",
    "[",
    "{",
    "}",
    ",",
    "=",
    "%",
    "%zz",
    "+",
    "\u{0}",
    "\u{feff}",
    "18446744073709551615s",
    "€",
];

fn corpus(target: &str) -> Vec<(String, Vec<u8>)> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("corpus").join(target);
    let files = std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut seeds: Vec<_> =
        files.map(|file| file.unwrap().path()).map(|path| (path.display().to_string(), std::fs::read(path).unwrap())).collect();
    seeds.sort();
    seeds
}

/// What a target is given; shown as it would be written in Rust.
#[derive(Clone)]
struct Input(Vec<u8>);

impl std::fmt::Debug for Input {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "b\"{}\"", self.0.escape_ascii())
    }
}

/// One step of a mutation.
#[derive(Clone, Debug)]
enum Edit {
    Set(Index, u8),
    Flip(Index, u8),
    Insert(Index, Vec<u8>),
    Token(Index, usize),
    Remove(Index, usize),
    Repeat(Index, usize),
    Cut(Index),
    Splice(Index, Index, Index),
}

fn edit() -> impl Strategy<Value = Edit> {
    let at = any::<Index>;
    prop_oneof![
        (at(), any::<u8>()).prop_map(|(at, byte)| Edit::Set(at, byte)),
        (at(), 0..8_u8).prop_map(|(at, bit)| Edit::Flip(at, bit)),
        (at(), vec(any::<u8>(), 1..9)).prop_map(|(at, bytes)| Edit::Insert(at, bytes)),
        (at(), 0..TOKENS.len()).prop_map(|(at, token)| Edit::Token(at, token)),
        (at(), 1..17_usize).prop_map(|(at, length)| Edit::Remove(at, length)),
        (at(), 1..33_usize).prop_map(|(at, length)| Edit::Repeat(at, length)),
        at().prop_map(Edit::Cut),
        (at(), at(), at()).prop_map(|(seed, from, at)| Edit::Splice(seed, from, at)),
    ]
}

fn mutated(seeds: &[(String, Vec<u8>)], seed: Index, edits: &[Edit]) -> Vec<u8> {
    let mut bytes = seeds[seed.index(seeds.len())].1.clone();
    for edit in edits {
        let place = |at: &Index| at.index(bytes.len() + 1);
        match edit {
            Edit::Set(at, byte) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] = *byte;
            }
            Edit::Flip(at, bit) if !bytes.is_empty() => {
                let at = at.index(bytes.len());
                bytes[at] ^= 1 << bit;
            }
            Edit::Set(..) | Edit::Flip(..) => {}
            Edit::Insert(at, new) => drop(bytes.splice(place(at)..place(at), new.iter().copied())),
            Edit::Token(at, token) => drop(bytes.splice(place(at)..place(at), TOKENS[*token].bytes())),
            Edit::Remove(at, length) => drop(bytes.drain(place(at)..bytes.len().min(place(at) + length))),
            Edit::Repeat(at, length) => {
                let at = place(at);
                let again = bytes[at..bytes.len().min(at + length)].to_vec();
                drop(bytes.splice(at..at, again));
            }
            Edit::Cut(at) => bytes.truncate(place(at)),
            Edit::Splice(seed, from, at) => {
                let (at, other) = (place(at), &seeds[seed.index(seeds.len())].1);
                bytes.truncate(at);
                bytes.extend_from_slice(&other[from.index(other.len() + 1)..]);
            }
        }
    }
    bytes
}

fn short(name: &str, target: Target) {
    let started = Instant::now();
    let seeds = corpus(name);
    assert!(!seeds.is_empty(), "no corpus");
    for (path, input) in &seeds {
        let failed = std::panic::catch_unwind(|| target(input)).is_err();
        assert!(!failed, "{path}");
    }
    let cases = std::env::var("VEZA_FUZZ_CASES").ok().map_or(3_000, |cases| cases.parse().expect("VEZA_FUZZ_CASES is a number"));
    let inputs = prop_oneof![
        1 => vec(any::<u8>(), 0..200),
        9 => (any::<Index>(), vec(edit(), 1..6)).prop_map({
            let seeds = seeds.clone();
            move |(seed, edits)| mutated(&seeds, seed, &edits)
        }),
    ];
    let inputs = inputs.prop_map(Input);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let found = runner.run(&inputs, |input| {
        let panicked = std::panic::catch_unwind(|| target(&input.0)).err();
        let words = panicked.map(|panic| {
            panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned()))
                .unwrap_or_default()
        });
        words.map_or(Ok(()), |words| Err(TestCaseError::fail(words)))
    });
    if let Err(error) = found {
        panic!("{name}: {error}");
    }
    println!("{name}: {} files of the corpus, {cases} mutations, {:.1} s, nothing found", seeds.len(), started.elapsed().as_secs_f64());
}

/// One test a target, so that they run beside each other.
macro_rules! targets {
    ($($name:ident),+ $(,)?) => {
        $(#[test] fn $name() { short(stringify!($name), veza_fuzz::$name); })+
        const TESTED: &[&str] = &[$(stringify!($name)),+];
    };
}

targets!(hyperswitch_webhook, stripe_webhook, stripe_answer, stripe_form, psp_export, royalties, money, duration, problem, cursor);

#[test]
fn every_target_is_tested_and_has_a_program() {
    let names: BTreeSet<&str> = TARGETS.iter().map(|(name, _)| *name).collect();
    assert_eq!(names, TESTED.iter().copied().collect());
    let programs = std::fs::read_dir(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("targets")).unwrap();
    let programs: BTreeSet<String> = programs.map(|file| file.unwrap().path().file_stem().unwrap().to_str().unwrap().to_owned()).collect();
    assert_eq!(names, programs.iter().map(String::as_str).collect());
}
