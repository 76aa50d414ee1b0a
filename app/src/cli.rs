//! The command line. Every command needs no terminal once it has its arguments, and its exit code says how it went:
//! 0 well, 1 not, 2 wrong arguments or settings.

mod admin;
mod demo;
mod doctor;
mod openapi;
mod operate;
mod outbox;
mod sandbox;
mod serve;
mod settings;

use crate::config::Config;
use crate::problem::chain;
use crate::wiring::Role;
use clap::{Parser, Subcommand};
use std::io::Write;
use std::net::SocketAddr;
use std::process::ExitCode;

/// Settings or arguments are wrong.
const EXIT_USAGE: u8 = 2;

/// A self-hosted marketplace: catalogue, orders, refunds, payouts to sellers.
#[derive(Debug, Parser)]
#[command(
    name = "veza",
    version,
    about,
    after_help = "Settings come from the environment; `veza config` lists them all.\nWithout a command: serve."
)]
struct Cli {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server (this is what happens without a command).
    Serve {
        /// What this process does.
        #[arg(long, value_enum, default_value = "all")]
        role: Role,
    },
    /// Bring the database's schema up to date.
    Migrate,
    /// Check settings and connections, and say what is wrong.
    Doctor {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// List all settings, their defaults and what they mean.
    Config {
        #[command(subcommand)]
        command: Option<ConfigCommand>,
    },
    /// Ask the providers about everything that is stuck, now.
    Reconcile(operate::ReconcileArguments),
    /// Compare our books with the providers' for a period; exit 1 if they differ.
    Audit(operate::AuditArguments),
    /// Look at an order.
    Order {
        #[command(subcommand)]
        command: operate::OrderCommand,
    },
    /// Search, read and replay the webhook log.
    Webhooks {
        #[command(subcommand)]
        command: operate::WebhooksCommand,
    },
    /// Find Connect's ids of old transfers that have none; a dry run unless told to write.
    BackfillTransferIds(operate::BackfillArguments),
    /// End plans that somebody wrote as running and nobody paid, keeping each row as it was.
    SweepUnpaidSubscriptions {
        /// As JSON.
        #[arg(long)]
        json: bool,
    },
    /// Copy the SQLite database to a file, while the server runs.
    Backup {
        /// The file; it must not exist yet.
        to: std::path::PathBuf,
    },
    /// Print the API's description (OpenAPI, YAML).
    Openapi,
    /// Manage administrators.
    Admin {
        #[command(subcommand)]
        command: AdminCommand,
    },
    /// Show the mails that were kept because no mail server is set.
    Outbox {
        #[command(subcommand)]
        command: OutboxCommand,
    },
    /// Run the providers in a box alone, for integration tests.
    Sandbox(sandbox::SandboxArguments),
    /// Tell a sale, a refund and what can go wrong in between on an instance of its own, and compare the books.
    Demo {
        /// Make a refund behind Veza's back and lose its message: the books differ, the exit code is 1.
        #[arg(long, hide = true)]
        plant_fault: bool,
    },
}

#[derive(Clone, Copy, Debug, Subcommand)]
enum ConfigCommand {
    /// Print the file .env.example.
    Example,
}

#[derive(Debug, Subcommand)]
enum AdminCommand {
    /// Make a verified administrator, of a new account or of the one that has the address.
    Create(admin::CreateArguments),
}

#[derive(Debug, Subcommand)]
enum OutboxCommand {
    /// List the newest mails.
    List {
        /// How many.
        #[arg(long, default_value_t = 20)]
        limit: usize,
    },
    /// Print one mail.
    Show {
        /// As the list names it.
        id: String,
    },
}

/// Address to listen on, for commands that have their own.
type Bind = SocketAddr;

/// Runs the command of this process's arguments.
#[must_use]
pub fn run() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let _ = error.print(); // nobody is left to tell
            return ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(EXIT_USAGE));
        }
    };
    let command = cli.command.unwrap_or(Command::Serve { role: Role::All });
    match command {
        Command::Openapi => openapi::print(),
        Command::Config { command: Some(ConfigCommand::Example) } => settings::example(),
        Command::Config { command: None } => settings::list(),
        Command::Sandbox(arguments) => in_runtime(sandbox::run(arguments)),
        Command::Demo { plant_fault } => in_runtime(demo::command(plant_fault)),
        Command::Doctor { json } => in_runtime(doctor::run(json)),
        Command::Serve { role } => with_config(|config| in_runtime(serve::run(config, role))),
        Command::Reconcile(arguments) => with_config(|config| in_runtime(operate::reconcile(config, arguments))),
        Command::Audit(arguments) => with_config(|config| in_runtime(operate::audit(config, arguments))),
        Command::Order { command } => with_config(|config| in_runtime(operate::order(config, command))),
        Command::Webhooks { command } => with_config(|config| in_runtime(operate::webhooks(config, command))),
        Command::BackfillTransferIds(arguments) => with_config(|config| in_runtime(operate::backfill(config, arguments))),
        Command::SweepUnpaidSubscriptions { json } => with_config(|config| in_runtime(operate::sweep_unpaid(config, json))),
        Command::Backup { to } => with_config(|config| operate::backup(&config, &to)),
        Command::Migrate => with_config(|config| in_runtime(serve::migrate(config))),
        Command::Admin { command: AdminCommand::Create(arguments) } => with_config(|config| in_runtime(admin::create(config, arguments))),
        Command::Outbox { command } => with_config(|config| in_runtime(outbox::run(config, command))),
    }
}

fn with_config(run: impl FnOnce(Config) -> ExitCode) -> ExitCode {
    match Config::load() {
        Ok(config) => {
            crate::logging::init(&config.log);
            run(config)
        }
        Err(error) => {
            say_error(&format!("veza does not start, because of its settings:\n{}", indented(&error.to_string())));
            ExitCode::from(EXIT_USAGE)
        }
    }
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("  {line}")).collect::<Vec<_>>().join("\n")
}

fn in_runtime(work: impl Future<Output = ExitCode>) -> ExitCode {
    match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime.block_on(work),
        Err(error) => {
            say_error(&format!("the runtime does not start: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// A line for the person or script that ran the command. One who has stopped reading is not told.
fn say(text: &str) {
    let _ = writeln!(std::io::stdout(), "{text}");
}

/// A line about what went wrong.
fn say_error(text: &str) {
    let _ = writeln!(std::io::stderr(), "{text}");
}

fn failed(what: &str, error: &dyn std::error::Error) -> ExitCode {
    say_error(&format!("{what}: {}", chain(error)));
    ExitCode::FAILURE
}
