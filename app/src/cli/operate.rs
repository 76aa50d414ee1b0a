//! The on-call's commands: `veza reconcile`, `audit`, `order show`, `webhooks`, `backfill-transfer-ids`, `backup`.

use super::{EXIT_USAGE, failed, say, say_error};
use crate::config::{Config, Database};
use crate::http::admin::ReportView;
use crate::services::App;
use crate::usecases::audit::{self, Difference, Listener, Period, Progress};
use crate::usecases::backfill::{self, Match};
use crate::usecases::operators::{self, Operator};
use crate::usecases::reconcile::{self, Extent};
use crate::usecases::timeline;
use crate::wiring::Parts;
use clap::{Args, Subcommand};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde::Serialize;
use std::path::PathBuf;
use std::process::ExitCode;
use veza_domain::ids::{DeliveryId, OrderId};
use veza_domain::time::Timestamp;
use veza_domain::webhook::{Delivery, Sender};
use veza_ports::storage::{DeliveryFilter, Page};
use veza_sqlite::{BackupError, SqliteStore};

/// Plans that are ended in one commit.
const SWEEP_BATCH: u32 = 500;

/// Arguments of `veza reconcile`.
#[derive(Debug, Args)]
pub(super) struct ReconcileArguments {
    /// See every stuck row once, whatever its pause, and end.
    #[arg(long, required = true)]
    once: bool,
    /// As JSON.
    #[arg(long)]
    json: bool,
}

/// Arguments of `veza audit`.
#[derive(Debug, Args)]
pub(super) struct AuditArguments {
    /// Orders and transfers made at or after this (RFC 3339 or a date); 30 days before the end when left out.
    #[arg(long)]
    since: Option<String>,
    /// And before this; now when left out.
    #[arg(long)]
    until: Option<String>,
    /// CSV of the payment provider's dashboard with a column payment_id: payments that we do not know show up by it.
    #[arg(long)]
    psp_export: Option<PathBuf>,
    /// Settle what the providers say where our books differ.
    #[arg(long)]
    import: bool,
    /// Each difference as a line of JSON, the summary last.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Subcommand)]
pub(super) enum OrderCommand {
    /// Print everything that happened to an order, oldest first.
    Show {
        /// The order.
        id: OrderId,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
}

#[derive(Debug, Subcommand)]
pub(super) enum WebhooksCommand {
    /// List deliveries, newest first.
    List {
        /// Only results that begin with this (`error` finds all errors, `signature_invalid` the attacks).
        #[arg(long)]
        result: Option<String>,
        /// Only this type.
        #[arg(long)]
        event_type: Option<String>,
        /// Only one sender's: hyperswitch or stripe.
        #[arg(long, value_parser = read_sender)]
        sender: Option<Sender>,
        /// Only what came at or after this (RFC 3339 or a date).
        #[arg(long)]
        since: Option<String>,
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: u32,
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Print one delivery with its payload.
    Show {
        /// The delivery.
        id: DeliveryId,
    },
    /// Bring one again; what was settled changes nothing.
    Replay {
        /// The delivery.
        id: DeliveryId,
    },
}

/// Arguments of `veza backfill-transfer-ids`.
#[derive(Debug, Args)]
pub(super) struct BackfillArguments {
    /// Store what is found; without it nothing is written.
    #[arg(long)]
    write: bool,
    /// As JSON, one line each.
    #[arg(long)]
    json: bool,
}

fn read_sender(text: &str) -> Result<Sender, String> {
    Sender::parse(text).ok_or_else(|| "is hyperswitch or stripe".to_owned())
}

/// Builds what a command needs, runs it, and ends what runs by itself.
async fn with_app<F>(config: Config, run: impl FnOnce(std::sync::Arc<App>) -> F) -> ExitCode
where
    F: Future<Output = ExitCode>,
{
    match Parts::build_beside(&config).await {
        Ok(parts) => {
            let code = run(std::sync::Arc::clone(&parts.app)).await;
            parts.shutdown().await;
            code
        }
        Err(error) => failed("the database can't be opened", &error),
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    let at = chrono::DateTime::parse_from_rfc3339(text).map(|at| at.timestamp_micros()).ok();
    let midnight = || Some(chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0)?.and_utc().timestamp_micros());
    at.or_else(midnight).map(Timestamp)
}

/// A moment, where one is given.
fn given(text: Option<&str>) -> Result<Option<Timestamp>, ExitCode> {
    let Some(text) = text else { return Ok(None) };
    moment(text).map(Some).ok_or_else(|| {
        say_error(&format!("{text} is neither a date (2026-01-31) nor a moment (2026-01-31T12:00:00Z)"));
        ExitCode::from(EXIT_USAGE)
    })
}

fn shown(at: Timestamp) -> String {
    crate::http::page::time(at).format("%Y-%m-%dT%H:%M:%S%.3fZ").to_string()
}

fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}

/// Asks the providers about everything that is stuck. 0 = all could be read, 1 = something could not, 2 = no provider.
pub(super) async fn reconcile(config: Config, arguments: ReconcileArguments) -> ExitCode {
    with_app(config, |app| async move {
        if app.psp.is_none() {
            say_error("reconciling needs a payment provider, and none is configured");
            return ExitCode::from(EXIT_USAGE);
        }
        if let Err(error) = Operator(None).note(&app, "reconcile", None, None, "every stuck row once").await {
            say_error(&error.problem().detail);
            return ExitCode::FAILURE;
        }
        let bar = ProgressBar::new_spinner();
        let told = |report: &reconcile::Report| {
            let total = report.total();
            bar.set_message(format!("{} seen, {} settled, {} failed, {} errors", total.seen, total.settled, total.failed, total.errors));
            bar.tick();
        };
        let report = match reconcile::run(&app, Extent::Everything, &told).await {
            Ok(report) => report,
            Err(error) => return failed("the database can't be read", &error),
        };
        bar.finish_and_clear();
        if arguments.json {
            say(&json(&ReportView::from(report)));
        } else {
            let line = |name: &str, counts: reconcile::Counts| {
                let reconcile::Counts { seen, settled, failed, skipped, errors } = counts;
                say(&format!("{name:<16} {seen:>6} seen {settled:>6} settled {failed:>6} failed {skipped:>6} waiting {errors:>6} unread"));
            };
            line("orders", report.orders);
            line("refunds", report.refunds);
            line("orphan refunds", report.orphan_refunds);
            line("subscriptions", report.subscriptions);
            line("transfers", report.transfers);
        }
        if report.total().errors == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    })
    .await
}

#[derive(Serialize)]
struct DifferenceLine<'a> {
    code: &'a str,
    order_id: Option<String>,
    subject: &'a str,
    ours: &'a str,
    theirs: &'a str,
    proposed: &'a str,
}

#[derive(Serialize)]
struct SummaryLine {
    orders: u64,
    transfers: u64,
    differences: u64,
    unread: u64,
    imported: u64,
}

struct Printer {
    json: bool,
    bar: ProgressBar,
}

impl Listener for Printer {
    fn found(&mut self, difference: &Difference) {
        let order = difference.order_id.map(|id| id.to_string());
        let line = if self.json {
            json(&DifferenceLine {
                code: difference.code,
                order_id: order,
                subject: &difference.subject,
                ours: &difference.ours,
                theirs: &difference.theirs,
                proposed: &difference.proposed,
            })
        } else {
            let order = order.map_or(String::new(), |id| format!(" (order {id})"));
            let Difference { code, subject, ours, theirs, proposed, .. } = difference;
            format!("{code}: {subject}{order}\n    ours:   {ours}\n    theirs: {theirs}\n    do:     {proposed}")
        };
        self.bar.suspend(|| say(&line));
    }

    fn progress(&mut self, progress: &Progress) {
        self.bar.set_length(progress.orders);
        self.bar.set_position(progress.orders_done);
        self.bar.set_message(format!("{} transfers, {} differences", progress.transfers_done, progress.differences));
    }
}

fn period(arguments: &AuditArguments, now: Timestamp) -> Result<Period, ExitCode> {
    Period::asked(given(arguments.since.as_deref())?, given(arguments.until.as_deref())?, now).ok_or_else(|| {
        say_error("the period has to begin before it ends");
        ExitCode::from(EXIT_USAGE)
    })
}

/// Compares our books with the providers'. 0 = no difference, 1 = some, or something could not be read, 2 = no such period.
pub(super) async fn audit(config: Config, arguments: AuditArguments) -> ExitCode {
    with_app(config, |app| async move {
        let period = match period(&arguments, app.now()) {
            Ok(period) => period,
            Err(code) => return code,
        };
        let export = match arguments.psp_export.as_deref().map(audit::export::read).transpose() {
            Ok(export) => export.unwrap_or_default(),
            Err(error) => return failed("the export can't be read", &error),
        };
        if arguments.import
            && let Err(error) = Operator(None).note(&app, "audit_import", None, None, format!("since {}", shown(period.since))).await
        {
            say_error(&error.problem().detail);
            return ExitCode::FAILURE;
        }
        let bar = ProgressBar::with_draw_target(Some(0), ProgressDrawTarget::stderr());
        if let Ok(style) = ProgressStyle::with_template("{pos}/{len} orders {bar:30} {msg} {eta}") {
            bar.set_style(style);
        }
        let mut printer = Printer { json: arguments.json, bar };
        let progress = match audit::run(&app, period, arguments.import, &export, &mut printer).await {
            Ok(progress) => progress,
            Err(error) => return failed("the database can't be read", &error),
        };
        printer.bar.finish_and_clear();
        let Progress { orders_done: orders, transfers_done: transfers, differences, unread, imported, .. } = progress;
        if arguments.json {
            say(&json(&SummaryLine { orders, transfers, differences, unread, imported }));
        } else {
            say(&format!(
                "{} to {}: {orders} orders and {transfers} transfers compared, {differences} differences, {unread} unread, {imported} imported",
                shown(period.since),
                shown(period.until)
            ));
        }
        if differences == 0 && unread == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    })
    .await
}

#[derive(Serialize)]
struct TimelineLine<'a> {
    at: String,
    kind: &'a str,
    text: &'a str,
}

/// Prints an order's timeline.
pub(super) async fn order(config: Config, command: OrderCommand) -> ExitCode {
    let OrderCommand::Show { id, json: as_json } = command;
    with_app(config, |app| async move {
        match timeline::of_order(&app, id).await {
            Ok(Some(items)) => {
                for item in &items {
                    let line = TimelineLine { at: shown(item.at), kind: item.kind.as_str(), text: &item.text };
                    say(&if as_json { json(&line) } else { format!("{}  {:<7}  {}", line.at, line.kind, line.text) });
                }
                ExitCode::SUCCESS
            }
            Ok(None) => {
                say_error("there is no such order");
                ExitCode::FAILURE
            }
            Err(error) => failed("the order can't be read", &error),
        }
    })
    .await
}

#[derive(Serialize)]
struct DeliveryLine {
    id: String,
    received_at: String,
    sender: &'static str,
    event_type: Option<String>,
    signature_valid: bool,
    processing_result: String,
    order_id: Option<String>,
    source_ip: String,
    request_id: String,
}

impl From<&Delivery> for DeliveryLine {
    fn from(delivery: &Delivery) -> Self {
        Self {
            id: delivery.id.to_string(),
            received_at: shown(delivery.received_at),
            sender: delivery.sender.as_str(),
            event_type: delivery.event_type.clone(),
            signature_valid: delivery.signature_valid,
            processing_result: delivery.result.to_string(),
            order_id: delivery.order_id.map(|id| id.to_string()),
            source_ip: delivery.source_ip.clone(),
            request_id: delivery.request_id.clone(),
        }
    }
}

/// The webhook log at the command line.
pub(super) async fn webhooks(config: Config, command: WebhooksCommand) -> ExitCode {
    with_app(config, |app| async move {
        match command {
            WebhooksCommand::List { result, event_type, sender, since, limit, json: as_json } => {
                let since = match given(since.as_deref()) {
                    Ok(since) => since,
                    Err(code) => return code,
                };
                let filter = DeliveryFilter { signature_valid: None, event_type, result, since, sender };
                match app.store.deliveries(&filter, Page { limit: limit.max(1), before: None }).await {
                    Ok(deliveries) => {
                        for line in deliveries.iter().map(DeliveryLine::from) {
                            let text = format!(
                                "{}  {}  {:<11}  {:<24}  {}",
                                line.received_at,
                                line.id,
                                line.sender,
                                line.event_type.as_deref().unwrap_or("-"),
                                line.processing_result
                            );
                            say(&if as_json { json(&line) } else { text });
                        }
                        ExitCode::SUCCESS
                    }
                    Err(error) => failed("the webhook log can't be read", &error),
                }
            }
            WebhooksCommand::Show { id } => match app.store.delivery(id).await {
                Ok(Some(delivery)) => {
                    let line = DeliveryLine::from(&delivery);
                    say(&serde_json::to_string_pretty(&line).unwrap_or_default());
                    say(&delivery.payload);
                    ExitCode::SUCCESS
                }
                Ok(None) => {
                    say_error("there is no such delivery, or it was swept");
                    ExitCode::FAILURE
                }
                Err(error) => failed("the webhook log can't be read", &error),
            },
            WebhooksCommand::Replay { id } => match operators::webhooks::replay(&app, Operator(None), id).await {
                Ok(result) => {
                    say(&result.to_string());
                    ExitCode::SUCCESS
                }
                Err(error) => {
                    say_error(&error.problem().detail);
                    ExitCode::FAILURE
                }
            },
        }
    })
    .await
}

#[derive(Serialize)]
struct BackfillLine<'a> {
    transfer_id: String,
    order_id: String,
    found: &'a str,
    detail: String,
}

/// Ends plans that run in the rows and were never paid. 0 = done, with how many.
pub(super) async fn sweep_unpaid(config: Config, as_json: bool) -> ExitCode {
    with_app(config, |app| async move {
        let mut swept = 0_usize;
        loop {
            match app.store.sweep_unpaid(app.now(), SWEEP_BATCH).await {
                Ok(ids) if ids.is_empty() => break,
                Ok(ids) => {
                    swept += ids.len();
                    for id in ids {
                        say(&if as_json { format!("{{\"subscription_id\":\"{id}\"}}") } else { format!("ended {id}") });
                    }
                }
                Err(error) => return failed("the plans can't be swept", &error),
            }
        }
        if !as_json {
            say(&format!("{swept} plans without a payment were ended; each row is kept in swept_subscriptions as it was"));
        }
        ExitCode::SUCCESS
    })
    .await
}

/// Finds Connect's ids of transfers that have none. 0 = each has one now (or would), 1 = some have not.
pub(super) async fn backfill(config: Config, arguments: BackfillArguments) -> ExitCode {
    with_app(config, |app| async move {
        let (mut seen, mut unmatched) = (0_u64, 0_u64);
        let mut tell = |transfer: &veza_domain::transfer::Transfer, found: &Match| {
            seen += 1;
            let (word, detail) = match found {
                Match::One { id, written: true } => ("written", id.clone()),
                Match::One { id, written: false } => ("would write", id.clone()),
                Match::Several(ids) => ("several", format!("a double payment? {}", ids.join(", "))),
                Match::None => ("none", "Connect has none that matches".to_owned()),
                Match::Error(why) => ("error", why.clone()),
            };
            unmatched += u64::from(!matches!(found, Match::One { .. }));
            let line = BackfillLine { transfer_id: transfer.id.to_string(), order_id: transfer.order_id.to_string(), found: word, detail };
            say(&if arguments.json { json(&line) } else { format!("{}  {word:<11}  {}", line.transfer_id, line.detail) });
        };
        if let Err(error) = backfill::run(&app, Operator(None), arguments.write, &mut tell).await {
            return failed("the transfers can't be read", &error);
        }
        if !arguments.json {
            let dry = if arguments.write { "" } else { " Nothing was written: add --write." };
            say(&format!("{seen} transfers without an id, {unmatched} unmatched.{dry}"));
        }
        if unmatched == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    })
    .await
}

/// Copies the SQLite database as of one moment. 0 = done, 1 = not, 2 = not one of SQLite, or the file is there already.
pub(super) fn backup(config: &Config, to: &std::path::Path) -> ExitCode {
    let Database::Sqlite(from) = &config.database else {
        say_error("this is for SQLite; a Postgres database is backed up with its own tools (pg_dump, or a base backup)");
        return ExitCode::from(EXIT_USAGE);
    };
    match SqliteStore::backup(from, to) {
        Ok(()) => {
            say(&format!("{} is a whole database as of now", to.display()));
            ExitCode::SUCCESS
        }
        Err(error @ BackupError::Exists(_)) => {
            say_error(&error.to_string());
            ExitCode::from(EXIT_USAGE)
        }
        Err(error) => failed("the copy could not be made", &error),
    }
}
