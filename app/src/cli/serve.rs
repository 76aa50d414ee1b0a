//! `veza serve` and `veza migrate`.

use super::{failed, say};
use crate::config::{Config, Environment};
use crate::wiring::{Parts, Role, Running, start_as};
use std::process::ExitCode;

/// Runs the server until it is told to stop (SIGINT, SIGTERM).
pub(super) async fn run(config: Config, role: Role) -> ExitCode {
    let development = config.environment == Environment::Development;
    let data = config.database.place();
    let running = match start_as(config, role).await {
        Ok(running) => running,
        Err(error) => return failed("veza does not start", &error),
    };
    if development {
        say(&welcome(&running, role, &data));
    }
    tracing::info!(addr = %running.addr, ?role, "veza is up");
    stop_signal().await;
    tracing::info!("stopping: what is in flight may finish");
    running.shutdown().await;
    tracing::info!("stopped");
    ExitCode::SUCCESS
}

fn welcome(running: &Running, role: Role, data: &str) -> String {
    let url = running.local_url();
    if role == Role::Worker {
        return format!("Veza works for development. Its health: {url}/health/deep\nData: {data}.");
    }
    let mut lines = vec![
        "Veza runs for development. Addresses to open:".to_owned(),
        format!("  API reference     {url}/docs"),
        format!("  health            {url}/health/deep"),
    ];
    if let Some(outbox) = &running.parts.outbox {
        lines.push(format!("  mails             {url}/dev/outbox   (kept in {})", outbox.folder().display()));
    }
    match running.sandbox() {
        Some(sandbox) => {
            lines.push(format!("  sandbox           {}/control/    (payments and payouts are simulated)", sandbox.base_url()));
            lines.push(format!("  sandbox checkout  {}/checkout/<payment id>", sandbox.base_url()));
        }
        None if running.app().psp.is_none() => lines.push("  no payment provider: paid sales answer 503".to_owned()),
        None => {}
    }
    lines.push(format!("Data: {data}. An administrator: veza admin create --email you@example.org --password …"));
    lines.join("\n")
}

/// Waits for the word to stop.
pub(super) async fn stop_signal() {
    let interrupted = async {
        if let Err(error) = tokio::signal::ctrl_c().await {
            tracing::error!(%error, "SIGINT is not heard");
            std::future::pending::<()>().await;
        }
    };
    #[cfg(unix)]
    let terminated = async {
        match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
            Ok(mut signal) => drop(signal.recv().await),
            Err(error) => {
                tracing::error!(%error, "SIGTERM is not heard");
                std::future::pending::<()>().await;
            }
        }
    };
    #[cfg(not(unix))]
    let terminated = std::future::pending::<()>();
    tokio::select! { () = interrupted => {} () = terminated => {} }
}

/// Brings the schema up to date: opening the store does it.
pub(super) async fn migrate(config: Config) -> ExitCode {
    match Parts::build(&config, None).await {
        Ok(parts) => {
            parts.shutdown().await;
            say("the database's schema is up to date");
            ExitCode::SUCCESS
        }
        Err(error) => failed("the database could not be brought up to date", &error),
    }
}
