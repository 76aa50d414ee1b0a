//! Log lines: for people in development, JSON in production; to standard error, so that commands may print on standard output.

use crate::config::{LogFormat, LogSettings};
use std::io::IsTerminal;
use tracing_subscriber::EnvFilter;

/// Begins to write log lines. A second call changes nothing.
pub fn init(settings: &LogSettings) {
    let filter = settings.level.parse().unwrap_or_else(|_| EnvFilter::new("info"));
    // The web framework tells every start of a server once more.
    let filter = if settings.level.contains("poem") { filter } else { quiet(filter) };
    let lines = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(std::io::stderr().is_terminal()).with_writer(std::io::stderr);
    let begun = match settings.format {
        LogFormat::Text => lines.compact().try_init(),
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).try_init(),
    };
    drop(begun); // an error: it has begun already
}

fn quiet(filter: EnvFilter) -> EnvFilter {
    ["poem=warn", "hyper=warn"].iter().filter_map(|directive| directive.parse().ok()).fold(filter, EnvFilter::add_directive)
}
