//! `veza openapi`.

use super::say;
use crate::http::server;
use std::process::ExitCode;

/// Prints the API's description.
pub(super) fn print() -> ExitCode {
    say(server::api_service().spec_yaml().trim_end());
    ExitCode::SUCCESS
}
