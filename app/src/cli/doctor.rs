//! `veza doctor`: settings and connections, checked one by one.

use super::{EXIT_USAGE, say};
use crate::config::{Config, ConfigError, LogSettings, variables};
use crate::http::health::{self, HealthStatus};
use crate::problem::chain;
use crate::wiring::{Parts, StartError};
use serde::Serialize;
use std::process::ExitCode;

/// How a check went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
enum Verdict {
    Ok,
    Warning,
    Error,
}

#[derive(Debug, Serialize)]
struct Finding {
    verdict: Verdict,
    what: String,
    detail: String,
}

fn finding(verdict: Verdict, what: &str, detail: impl Into<String>) -> Finding {
    Finding { verdict, what: what.to_owned(), detail: detail.into() }
}

/// Checks everything; 0 when nothing is wrong, 1 when a connection is, 2 when settings are.
pub(super) async fn run(json: bool) -> ExitCode {
    let mut findings = older_names();
    let code = match Config::load() {
        Ok(config) => {
            crate::logging::init(&LogSettings { level: "warn".to_owned(), ..config.log.clone() });
            findings.push(finding(Verdict::Ok, "settings", format!("{:?}", config.environment).to_lowercase()));
            findings.push(finding(Verdict::Ok, "store", config.database.place()));
            findings.extend(config.database.caveat().map(|caveat| finding(Verdict::Warning, "store", caveat)));
            findings.extend(connections(&config).await);
            if findings.iter().any(|finding| finding.verdict == Verdict::Error) { ExitCode::FAILURE } else { ExitCode::SUCCESS }
        }
        Err(ConfigError(problems)) => {
            findings.extend(problems.into_iter().map(|problem| finding(Verdict::Error, &problem.variable, problem.message)));
            ExitCode::from(EXIT_USAGE)
        }
    };
    if json {
        say(&serde_json::to_string_pretty(&findings).unwrap_or_default());
    } else {
        for Finding { verdict, what, detail } in &findings {
            say(&format!("{:<8} {what}: {detail}", format!("{verdict:?}").to_lowercase()));
        }
    }
    code
}

fn older_names() -> Vec<Finding> {
    let set = |(old, _): &&(&str, &str)| crate::config::is_in_environment(old);
    let renamed = variables::RENAMED.iter().filter(set);
    renamed.map(|(old, new)| finding(Verdict::Warning, old, format!("is not read any more; it is called {new} now"))).collect()
}

async fn connections(config: &Config) -> Vec<Finding> {
    // The sandbox belongs to the server; here it would only get into its way.
    let parts = match Parts::build(config, None).await {
        Ok(parts) => parts,
        Err(error @ StartError::Database(_)) => return vec![finding(Verdict::Error, "database", chain(&error))],
        Err(error) => return vec![finding(Verdict::Error, "start", chain(&error))],
    };
    let report = health::examine(&parts.app).await;
    parts.shutdown().await;
    let mut findings: Vec<Finding> = report.checks.iter().map(|check| check_finding(check, config.sandbox.is_some())).collect();
    findings.extend(report.backlog.iter().map(|class| finding(Verdict::Ok, "backlog", format!("{}: {} open", class.class, class.open))));
    findings
}

fn check_finding(check: &health::HealthCheck, sandbox: bool) -> Finding {
    match check.status {
        HealthStatus::Ok | HealthStatus::Degraded => finding(Verdict::Ok, &check.name, format!("reached in {:.1} ms", check.latency_ms)),
        HealthStatus::Off if sandbox => finding(Verdict::Ok, &check.name, "the sandbox, which starts with the server"),
        HealthStatus::Off => finding(Verdict::Warning, &check.name, "no provider is switched on"),
        HealthStatus::Down => finding(Verdict::Error, &check.name, "can't be reached; see the line above"),
    }
}
