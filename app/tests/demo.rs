//! `veza demo` tells its story to the end, and its comparison of the books can fail.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::process::{Command, Output};

fn demo(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_veza")).arg("demo").args(arguments).env_clear().output().unwrap()
}

#[test]
fn the_demo_agrees_to_the_cent() {
    let told = demo(&[]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert!(told.status.success(), "{text}\n{}", String::from_utf8_lossy(&told.stderr));
    for line in ["44.10 EUR went to the seller", "the refund is pending", "The seller owes 44.10 EUR", "They agree to the cent."] {
        assert!(text.contains(line), "{line}\n{text}");
    }
}

#[test]
fn a_planted_fault_makes_the_books_differ_and_the_exit_code_1() {
    let told = demo(&["--plant-fault"]);
    let text = String::from_utf8(told.stdout).unwrap();
    assert_eq!(told.status.code(), Some(1), "{text}");
    assert!(text.contains("THEY DON'T AGREE"), "{text}");
}
