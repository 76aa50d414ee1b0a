//! `veza openapi`.

use super::say;
use crate::http::{description, server};
use std::process::ExitCode;

/// Prints the API's description.
pub(super) fn print() -> ExitCode {
    say(description::yaml(&server::api_service()).trim_end());
    ExitCode::SUCCESS
}
