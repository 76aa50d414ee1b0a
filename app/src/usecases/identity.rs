//! People: registration, proving an address, logins, roles (spec/04-identity).
//!
//! Invariants: no answer tells whether an address has an account, neither in words nor in the work behind it; every mail is
//! an effect of the commit that decided it; what is stored of a token is its hash.

pub mod access_tokens;
pub mod accounts;
mod hasher;
pub mod kit;
pub mod login;
pub mod mails;
pub mod passwords;
pub mod register;
pub mod sessions;
pub mod tokens;
pub mod unknown;
pub mod verification;

use crate::problem::ApiError;
use crate::services::App;
use std::time::Duration;
use veza_ports::mail::MailError;

/// Longest wait for the mail server before an address is looked up.
const MAIL_CHECK_MAX: Duration = Duration::from_secs(15);

/// Reaches the mail server before any address is looked up, so that a failure says nothing about one.
///
/// # Errors
/// 503 `mail_unavailable`, in production.
async fn mail_is_up(app: &App) -> Result<(), ApiError> {
    let checked = tokio::time::timeout(MAIL_CHECK_MAX, app.mailer.check()).await;
    let checked = checked.unwrap_or_else(|elapsed| Err(MailError::Unavailable(Box::new(elapsed))));
    match checked {
        Ok(()) => Ok(()),
        Err(error) if app.identity.mail_has_to_work => {
            tracing::error!(error = &error as &dyn std::error::Error, "the mail server can't be reached");
            Err(ApiError::unavailable("mail_unavailable", "no mail can be sent at the moment, so nothing was done; try again later"))
        }
        Err(error) => {
            tracing::warn!(error = &error as &dyn std::error::Error, "the mail server can't be reached; going on, as this is development");
            Ok(())
        }
    }
}
