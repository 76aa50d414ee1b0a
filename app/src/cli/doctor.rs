//! `veza doctor`: settings and connections, checked one by one.

use super::{EXIT_USAGE, say};
use crate::config::{Config, ConfigError, Database, LogSettings, variables};
use crate::http::health::{self, HealthStatus};
use crate::problem::chain;
use crate::services::App;
use crate::wiring::{Parts, StartError};
use serde::Serialize;
use std::process::ExitCode;
use std::time::Instant;
use veza_ports::BoxError;
use veza_postgres::PostgresStore;
use veza_sqlite::SqliteStore;

/// Transfers that are read at a time.
const NAMELESS_PAGE: u32 = 100;

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
            if config.is_production() && config.metrics_token.is_none() {
                let detail = "not set: /metrics answers only clients on the server's own machine";
                findings.push(finding(Verdict::Warning, "METRICS_TOKEN", detail));
            }
            findings.extend(connections(config).await);
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

/// Looks and changes nothing: a database that this program would have to bring up to date is told and left as it is.
async fn connections(config: Config) -> Vec<Finding> {
    let began = Instant::now();
    let schema = match schema_of(&config).await {
        Ok(schema) => schema,
        Err(error) => return vec![finding(Verdict::Error, "database", format!("can't open the database: {}", chain(error.as_ref())))],
    };
    let (mut findings, whole) = (vec![schema.told()], schema.is_ours());
    if !whole && schema.found.is_some() {
        findings.push(finding(Verdict::Ok, "database", format!("reached in {:.1} ms", began.elapsed().as_secs_f64() * 1000.0)));
    }
    // The rest is looked at all the same, with an empty store in the place of one that is not to be touched.
    let config = if whole { config } else { Config { database: Database::Memory, ..config } };
    // The sandbox belongs to the server; here it would only get into its way.
    let parts = match Parts::build(&config, None).await {
        Ok(parts) => parts,
        Err(error @ StartError::Database(_)) => return vec![finding(Verdict::Error, "database", chain(&error))],
        Err(error) => return vec![finding(Verdict::Error, "start", chain(&error))],
    };
    let report = health::examine(&parts.app).await;
    if whole {
        findings.extend(nameless_transfers(&parts.app).await);
    }
    parts.shutdown().await;
    let checks = report.checks.iter().filter(|check| whole || check.name != "database");
    findings.extend(checks.map(|check| check_finding(check, config.sandbox.is_some())));
    let backlog = report.backlog.iter().filter(|_| whole);
    findings.extend(backlog.map(|class| finding(Verdict::Ok, "backlog", format!("{}: {} open", class.class, class.open))));
    findings
}

/// What schema the database is at, and which one this program works with.
struct Schema {
    found: Option<i64>,
    wanted: i64,
}

impl Schema {
    fn is_ours(&self) -> bool {
        self.found == Some(self.wanted)
    }

    fn told(&self) -> Finding {
        let wanted = self.wanted;
        match self.found {
            None | Some(0) => finding(Verdict::Warning, "schema", "nothing is there yet: the server's start makes it, or `veza migrate`"),
            Some(found) if found > wanted => {
                let detail = format!("{found}, and this program knows up to {wanted}: it is older than the database, and does not start");
                finding(Verdict::Error, "schema", detail)
            }
            Some(found) if found < wanted => {
                let detail = format!("{found}, and this program wants {wanted}: start the server, or run `veza migrate`, to migrate it");
                finding(Verdict::Warning, "schema", detail)
            }
            Some(found) => finding(Verdict::Ok, "schema", found.to_string()),
        }
    }
}

async fn schema_of(config: &Config) -> Result<Schema, BoxError> {
    Ok(match &config.database {
        Database::Postgres(settings) => {
            Schema { found: Some(PostgresStore::schema_version(settings).await?), wanted: veza_postgres::newest_version() }
        }
        Database::Sqlite(path) => {
            let path = path.clone();
            let found = tokio::task::spawn_blocking(move || SqliteStore::schema_version(&path)).await??;
            Schema { found, wanted: veza_sqlite::newest_version() }
        }
        // It begins empty each time, and is always ours.
        Database::Memory => Schema { found: Some(1), wanted: 1 },
    })
}

/// Transfers that can't be taken back by themselves, because Connect's id of them is missing.
async fn nameless_transfers(app: &App) -> Option<Finding> {
    let (mut count, mut after) = (0, None);
    loop {
        let page = match app.store.transfers_without_stripe_id(after, NAMELESS_PAGE).await {
            Ok(page) => page,
            Err(error) => return Some(finding(Verdict::Error, "transfers", chain(&error))),
        };
        count += page.len();
        after = page.last().map(|transfer| transfer.id);
        if page.len() < NAMELESS_PAGE as usize {
            break;
        }
    }
    let detail = format!("{count} have no id of Connect's and can't be taken back: see `veza backfill-transfer-ids`");
    (count > 0).then(|| finding(Verdict::Warning, "transfers", detail))
}

fn check_finding(check: &health::HealthCheck, sandbox: bool) -> Finding {
    match check.status {
        HealthStatus::Ok | HealthStatus::Degraded => finding(Verdict::Ok, &check.name, format!("reached in {:.1} ms", check.latency_ms)),
        HealthStatus::Off if sandbox => finding(Verdict::Ok, &check.name, "the sandbox, which starts with the server"),
        HealthStatus::Off => finding(Verdict::Warning, &check.name, "no provider is switched on"),
        HealthStatus::Down => finding(Verdict::Error, &check.name, "can't be reached; see the line above"),
    }
}
