//! `veza config`.

use super::say;
use crate::config::variables::{self, Variable};
use std::process::ExitCode;

/// Prints the file `.env.example`.
pub(super) fn example() -> ExitCode {
    say(variables::env_example().trim_end());
    ExitCode::SUCCESS
}

/// Lists every setting with its default and meaning.
pub(super) fn list() -> ExitCode {
    for section in variables::SECTIONS {
        say(&format!("\n{}", section.title));
        for variable in section.variables {
            say(&line(variable));
        }
    }
    ExitCode::SUCCESS
}

fn line(variable: &Variable) -> String {
    let default = if variable.default.is_empty() { String::new() } else { format!(" [{}]", variable.default) };
    format!("  {}{default}\n      {}", variable.name, variable.meaning)
}
