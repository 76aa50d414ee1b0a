//! Logins: a family of refresh tokens each, of which only the newest works.

use super::tokens;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit_if_current, fresh_unit};
use crate::usecases::identity::access_tokens::ACCESS_TOKEN_TTL;
use secrecy::SecretString;
use std::time::Duration;
use veza_domain::identity::{RefreshToken, Rotation, Session, User, rotate};
use veza_domain::ids::{SessionId, UserId};
use veza_ports::storage::{Row, RowKey, Versioned, Write};

/// How long a login lasts, however often it is refreshed.
pub const SESSION_TTL: Duration = Duration::from_secs(30 * 24 * 60 * 60);

/// What a client is given.
pub struct Tokens {
    /// Bearer token of the next requests.
    pub access: String,
    /// Exchanged for the next pair.
    pub refresh: SecretString,
    /// How long `access` works.
    pub expires_in: Duration,
}

/// A new login: the writes that open it, and its tokens.
pub(super) fn open(app: &App, user_id: UserId) -> Result<(Vec<Write>, Tokens), ApiError> {
    let now = app.now();
    let session = Session { id: SessionId(app.ids.uuid()), user_id, created_at: now, expires_at: now.plus(SESSION_TTL), revoked_at: None };
    let (token, tokens) = pair(app, user_id, session.id)?;
    Ok((vec![Write::Insert(Row::Session(session)), Write::Insert(Row::RefreshToken(token))], tokens))
}

fn pair(app: &App, user_id: UserId, session_id: SessionId) -> Result<(RefreshToken, Tokens), ApiError> {
    let now = app.now();
    let refresh = tokens::refresh_token(app.ids.as_ref());
    let token = RefreshToken { hash: tokens::hash(&refresh), session_id, used_at: None, created_at: now };
    let access = app.tokens.issue(user_id, session_id, now)?;
    Ok((token, Tokens { access, refresh, expires_in: ACCESS_TOKEN_TTL }))
}

/// Exchanges a refresh token for the next pair. One that comes a second time ends its whole family: somebody has a copy.
///
/// # Errors
/// 401 `invalid_refresh_token`.
pub async fn refresh(app: &App, presented: &SecretString) -> Result<(User, Tokens), ApiError> {
    let invalid = || ApiError::unauthorized("invalid_refresh_token", "sign in again: the refresh token is over, used or not ours");
    let hash = tokens::hash(presented);
    for _ in 0..REDECIDE_MAX {
        let token = app.store.refresh_token(hash).await?.ok_or_else(invalid)?;
        let session = app.store.session(token.value.session_id).await?.ok_or_else(invalid)?;
        match rotate(&session.value, &token.value, app.now()) {
            Rotation::Refuse => return Err(invalid()),
            Rotation::EndFamily => {
                tracing::warn!(user = %session.value.user_id, session = %session.value.id, "a refresh token came twice: its login is ended");
                end(app, session).await?;
                return Err(invalid());
            }
            Rotation::Rotate => {}
        }
        let user = app.store.user(session.value.user_id).await?.ok_or_else(invalid)?.value;
        let (next, tokens) = pair(app, user.id, session.value.id)?;
        let used = RefreshToken { used_at: Some(app.now()), ..token.value };
        let writes = vec![
            Write::Unchanged { key: RowKey::Session(session.value.id), expected: session.revision },
            Write::Update { row: Row::RefreshToken(used), expected: token.revision },
            Write::Insert(Row::RefreshToken(next)),
        ];
        if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
            return Ok((user, tokens));
        }
    }
    Err(busy("login"))
}

/// Ends a login; one that is over already stays so.
///
/// # Errors
/// 503 `storage_unavailable`.
pub async fn logout(app: &App, id: SessionId) -> Result<(), ApiError> {
    match app.store.session(id).await? {
        Some(session) => end(app, session).await,
        None => Ok(()),
    }
}

async fn end(app: &App, session: Versioned<Session>) -> Result<(), ApiError> {
    let mut session = session;
    for _ in 0..REDECIDE_MAX {
        let Versioned { value, revision } = session;
        if value.revoked_at.is_some() {
            return Ok(());
        }
        let id = value.id;
        let ended = Session { revoked_at: Some(app.now()), ..value };
        if commit_if_current(app, fresh_unit(app, vec![Write::Update { row: Row::Session(ended), expected: revision }])).await?.is_some() {
            return Ok(());
        }
        match app.store.session(id).await? {
            Some(again) => session = again,
            None => return Ok(()),
        }
    }
    Err(busy("login"))
}
