//! `veza admin`.

use super::{failed, say, say_error};
use crate::config::Config;
use crate::usecases::identity::accounts::{self, MadeAdmin};
use crate::usecases::identity::register::Registration;
use crate::wiring::Parts;
use secrecy::SecretString;
use std::process::ExitCode;

/// Arguments of `veza admin create`.
#[derive(Debug, clap::Args)]
pub(super) struct CreateArguments {
    /// Mail address.
    #[arg(long)]
    email: String,
    /// Password, at least 12 characters.
    #[arg(long)]
    password: SecretString,
    /// Public name; made from the address when left out.
    #[arg(long)]
    username: Option<String>,
}

/// Makes a verified administrator.
pub(super) async fn create(config: Config, arguments: CreateArguments) -> ExitCode {
    let parts = match Parts::build(&config, None).await {
        Ok(parts) => parts,
        Err(error) => return failed("the database can't be opened", &error),
    };
    let username = arguments.username.unwrap_or_else(|| name_from(&arguments.email));
    let wish = Registration { email: arguments.email, username, password: arguments.password };
    let made = accounts::make_admin(&parts.app, wish).await;
    parts.shutdown().await;
    match made {
        Ok(MadeAdmin::Created(user)) => {
            say(&format!("{} is an administrator now (id {})", user.email, user.id));
            ExitCode::SUCCESS
        }
        Ok(MadeAdmin::Promoted(user)) => {
            say(&format!("{} had an account: it is an administrator now, verified, with this password (id {})", user.email, user.id));
            ExitCode::SUCCESS
        }
        Err(error) => {
            let problem = error.problem();
            say_error(&format!("not done: {}", problem.detail));
            for field in problem.errors.iter().flatten() {
                say_error(&format!("  {}: {}", field.field, field.message));
            }
            ExitCode::FAILURE
        }
    }
}

/// The part before the `@`, as far as a user name may hold it.
fn name_from(email: &str) -> String {
    let local = email.split('@').next().unwrap_or_default();
    let fit: String = local.chars().filter(|c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.')).take(32).collect();
    if fit.chars().count() >= 3 { fit } else { format!("admin-{fit}") }
}
