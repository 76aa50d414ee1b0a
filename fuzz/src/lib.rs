//! What reads bytes that strangers write, one function each, with what has to be true of it whatever the bytes are.
//!
//! `make fuzz T=money S=60` lets cargo-fuzz look for bytes for which it is not (`targets/` has its programs, three lines each);
//! `tests/short.rs` runs the same functions over `corpus/` and some thousand mutations of it, as `make fuzz-short` and CI do.
//! A finding becomes a file of the corpus.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a finding is a panic")]

mod answers;
mod edge;
mod values;
mod webhooks;

pub use answers::{psp_export, royalties, stripe_answer, stripe_form};
pub use edge::{cursor, problem};
pub use values::{duration, money};
pub use webhooks::{hyperswitch_webhook, stripe_webhook};

/// A target.
pub type Target = fn(&[u8]);

/// All of them; each has a program in `targets/` and a folder in `corpus/`.
pub const TARGETS: &[(&str, Target)] = &[
    ("hyperswitch_webhook", hyperswitch_webhook),
    ("stripe_webhook", stripe_webhook),
    ("stripe_answer", stripe_answer),
    ("stripe_form", stripe_form),
    ("psp_export", psp_export),
    ("royalties", royalties),
    ("money", money),
    ("duration", duration),
    ("problem", problem),
    ("cursor", cursor),
];

/// The first line, and what follows it.
fn line(input: &[u8]) -> (&[u8], &[u8]) {
    let end = input.iter().position(|byte| *byte == b'\n').unwrap_or(input.len());
    (&input[..end], input.get(end + 1..).unwrap_or_default())
}

/// The first eight bytes as a number, and what follows them; missing ones are 0.
fn number(input: &[u8]) -> (i64, &[u8]) {
    let mut bytes = [0; 8];
    let length = input.len().min(8);
    bytes[..length].copy_from_slice(&input[..length]);
    (i64::from_le_bytes(bytes), &input[length..])
}
