//! `veza outbox`.

use super::{OutboxCommand, failed, say, say_error};
use crate::config::Config;
use std::process::ExitCode;
use veza_mail::OutboxMailer;

/// Shows the mails that were kept.
pub(super) async fn run(config: Config, command: OutboxCommand) -> ExitCode {
    let outbox = OutboxMailer::new(config.data_dir.join("outbox"));
    match command {
        OutboxCommand::List { limit } => match outbox.list(limit).await {
            Ok(mails) => {
                for stored in mails {
                    let micros = i64::try_from(stored.sent_at_micros).unwrap_or_default();
                    let at = chrono::DateTime::from_timestamp_micros(micros).unwrap_or_default();
                    say(&format!("{}  {}  {}  {}", stored.mail.id, at.format("%Y-%m-%dT%H:%M:%SZ"), stored.mail.to, stored.mail.subject));
                }
                ExitCode::SUCCESS
            }
            Err(error) => failed("the outbox can't be read", &error),
        },
        OutboxCommand::Show { id } => match outbox.read(&id).await {
            Ok(Some(stored)) => {
                say(&format!("To: {}\nSubject: {}\n\n{}", stored.mail.to, stored.mail.subject, stored.mail.body));
                ExitCode::SUCCESS
            }
            Ok(None) => {
                say_error("there is no such mail");
                ExitCode::FAILURE
            }
            Err(error) => failed("the outbox can't be read", &error),
        },
    }
}
