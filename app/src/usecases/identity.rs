//! People: registration, proving an address, logins, roles (spec/04-identity).
//!
//! Invariants: no answer tells whether an address has an account, neither in words nor in the work behind it; every mail is
//! an effect of the commit that decided it; what is stored of a token is its hash.

pub mod accounts;
pub mod login;
pub mod mails;
pub mod passwords;
pub mod register;
pub mod sessions;
pub mod tokens;
pub mod unknown;
pub mod verification;

use crate::http::problem::ApiError;
use crate::services::App;
use secrecy::SecretString;
use std::time::Duration;
use veza_ports::clock::IdSource;
use veza_ports::mail::MailError;

/// Longest wait for the mail server before an address is looked up.
const MAIL_CHECK_MAX: Duration = Duration::from_secs(15);

/// What the flows of identity share.
pub struct Identity {
    /// Hashes passwords, a few at a time.
    pub passwords: passwords::Passwords,
    /// Makes the tokens that go out by mail.
    pub mail_tokens: tokens::MailTokens,
    /// Counts failed logins of addresses that have no account.
    pub unknown: unknown::UnknownAddresses,
    /// Production: without a mail server nothing is begun. Development only warns.
    pub mail_has_to_work: bool,
}

impl Identity {
    /// With keys derived from the server's secret (`JWT_SECRET`). Takes the time of one password hash.
    #[must_use]
    pub fn new(server_secret: &SecretString, ids: &dyn IdSource, mail_has_to_work: bool) -> Self {
        Self {
            passwords: passwords::Passwords::new(ids),
            mail_tokens: tokens::MailTokens::new(server_secret),
            unknown: unknown::UnknownAddresses::default(),
            mail_has_to_work,
        }
    }
}

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
