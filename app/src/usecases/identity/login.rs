//! Login by address and password, with a lock that grows with each failure.

use super::sessions::{self, Tokens};
use super::unknown;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit_if_current, fresh_unit};
use secrecy::SecretString;
use std::time::Duration;
use veza_domain::identity::{Email, User, lock_after};
use veza_domain::time::Timestamp;
use veza_ports::storage::{Row, StoreError, Versioned, Write};

/// Why a login did not work.
#[derive(Debug)]
pub enum LoginRefused {
    /// Too many failures: not before this long from now.
    Locked(Duration),
    /// Anything else: 401 `invalid_credentials`, 403 `email_not_verified`, 503.
    Other(ApiError),
}

impl<E: Into<ApiError>> From<E> for LoginRefused {
    fn from(error: E) -> Self {
        Self::Other(error.into())
    }
}

/// Somebody who is in.
pub struct LoggedIn {
    /// Who.
    pub user: User,
    /// Their tokens.
    pub tokens: Tokens,
}

/// Lets somebody in. An address without an account costs the same work and locks the same way.
///
/// # Errors
/// [`LoginRefused`].
pub async fn login(app: &App, address: &str, password: &SecretString) -> Result<LoggedIn, LoginRefused> {
    let wrong = || LoginRefused::Other(ApiError::unauthorized("invalid_credentials", "the address or the password is wrong"));
    let Ok(email) = Email::new(address) else {
        app.identity.passwords.verify(password, None).await?;
        return Err(wrong());
    };
    // Both are always asked, so that the time tells nothing.
    let hash = app.identity.unknown.hash(&email);
    let (found, unknown) = tokio::join!(app.store.user_by_email(&email), app.store.unknown_logins(hash));
    let (found, unknown) = (found?, unknown?);
    let locked_until = match &found {
        Some(found) => found.value.locked_until,
        None => unknown.and_then(unknown::locked_until),
    };
    open_or_locked(app.now(), locked_until)?;
    let stored = found.as_ref().map(|found| &found.value.password_hash);
    let fits = app.identity.passwords.verify(password, stored).await?;
    match found {
        Some(found) if fits && found.value.email_verified_at.is_none() => {
            Err(ApiError::forbidden("email_not_verified", "open the link in the mail that was sent to you first").into())
        }
        Some(found) if fits => let_in(app, found, &email).await,
        Some(found) => {
            note_failure(app, found, &email).await?;
            Err(wrong())
        }
        None => {
            app.store.unknown_login_failed(hash, app.now()).await?;
            Err(wrong())
        }
    }
}

fn open_or_locked(now: Timestamp, locked_until: Option<Timestamp>) -> Result<(), LoginRefused> {
    match locked_until {
        Some(until) if now < until => Err(LoginRefused::Locked(until.since(now))),
        _ => Ok(()),
    }
}

async fn let_in(app: &App, found: Versioned<User>, email: &Email) -> Result<LoggedIn, LoginRefused> {
    let mut found = found;
    for _ in 0..REDECIDE_MAX {
        let Versioned { value: user, revision } = found;
        let user = User { failed_logins: 0, locked_until: None, ..user };
        let (mut writes, tokens) = sessions::open(app, user.id)?;
        writes.push(Write::Update { row: Row::User(user.clone()), expected: revision });
        if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
            return Ok(LoggedIn { user, tokens });
        }
        let hash = user.password_hash;
        found = reload(app, email).await?;
        if found.value.password_hash != hash {
            break; // changed meanwhile: what was checked is not the password any more
        }
    }
    Err(busy("account").into())
}

async fn note_failure(app: &App, found: Versioned<User>, email: &Email) -> Result<(), LoginRefused> {
    let mut found = found;
    for _ in 0..REDECIDE_MAX {
        let Versioned { value: user, revision } = found;
        let failures = user.failed_logins.saturating_add(1);
        let lock = lock_after(failures);
        if let Some(lock) = lock {
            tracing::warn!(user = %user.id, email = user.email.masked(), failures, lock_seconds = lock.as_secs(), "account locked after failed logins");
        }
        let user = User { failed_logins: failures, locked_until: lock.map(|lock| app.now().plus(lock)), ..user };
        if commit_if_current(app, fresh_unit(app, vec![Write::Update { row: Row::User(user), expected: revision }])).await?.is_some() {
            return Ok(());
        }
        found = reload(app, email).await?;
    }
    Err(busy("account").into())
}

async fn reload(app: &App, email: &Email) -> Result<Versioned<User>, ApiError> {
    let gone = || ApiError::unauthorized("invalid_credentials", "the address or the password is wrong");
    let found: Result<_, StoreError> = app.store.user_by_email(email).await;
    found?.ok_or_else(gone)
}
