//! Proving an address by a single-use token that was mailed to it.
//!
//! Invariant: a token proves the address for the password it was mailed for and for no other. Whoever registers an unproven address
//! anew has another password hash, so every link before is void.

use super::register::period;
use super::{mail_is_up, tokens};
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit_if_current, fresh_unit};
use secrecy::SecretString;
use sha2::{Digest, Sha256};
use std::time::Duration;
use uuid::Uuid;
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::identity::{Email, MailToken, User};
use veza_domain::ids::{MailTokenId, derive};
use veza_ports::storage::{Row, Versioned, Write};

/// How long a token works.
pub const TOKEN_TTL: Duration = Duration::from_secs(24 * 60 * 60);
/// A new mail for the same address goes out at most this often.
const RESEND_EVERY: Duration = Duration::from_secs(60);

/// The token with this id for `user` as they are: it hangs on the hash of their password, which is salted, so that another registration
/// has other tokens even with the same password.
pub(super) fn token(app: &App, user: &User, id: MailTokenId) -> SecretString {
    let digest = Sha256::new().chain_update(id.0.as_bytes()).chain_update(user.password_hash.0.as_bytes()).finalize();
    let mut bound = [0; 16];
    bound.copy_from_slice(&digest[..16]);
    app.identity.mail_tokens.token(MailTokenId(Uuid::from_bytes(bound)))
}

/// A token with this id, and the effect that mails it.
pub(super) fn mail(app: &App, user: &User, id: Uuid) -> (MailToken, Effect) {
    let (id, now) = (MailTokenId(id), app.now());
    let hash = tokens::hash(&token(app, user, id));
    let token = MailToken { id, user_id: user.id, hash, expires_at: now.plus(TOKEN_TTL), used_at: None };
    (token, Effect::pending(EffectKind::MailVerification(user.id, id), now))
}

/// Takes a token: its address is proven.
///
/// # Errors
/// 400 `invalid_token` for one that is unknown, used, over, or mailed for a password that another registration has replaced.
pub async fn verify(app: &App, presented: &SecretString) -> Result<User, ApiError> {
    let invalid = || ApiError::bad_request("invalid_token", "the link is not valid any more: it was used, is over, or was never ours");
    let hash = tokens::hash(presented);
    for _ in 0..REDECIDE_MAX {
        let now = app.now();
        let Versioned { value: token, revision } = app.store.mail_token(hash).await?.ok_or_else(invalid)?;
        if token.used_at.is_some() || now >= token.expires_at {
            return Err(invalid());
        }
        let Versioned { value: user, revision: user_revision } = app.store.user(token.user_id).await?.ok_or_else(invalid)?;
        if tokens::hash(&self::token(app, &user, token.id)) != hash {
            return Err(invalid());
        }
        let verified = User { email_verified_at: user.email_verified_at.or(Some(now)), ..user };
        let writes = vec![
            Write::Update { row: Row::MailToken(MailToken { used_at: Some(now), ..token }), expected: revision },
            Write::Update { row: Row::User(verified.clone()), expected: user_revision },
        ];
        if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
            tracing::info!(user = %verified.id, "address proven");
            return Ok(verified);
        }
    }
    Err(busy("thing"))
}

/// Mails a new token, if the address has an account that is not verified; the answer is the same in any case.
///
/// # Errors
/// 503 `mail_unavailable` or `storage_unavailable`; nothing that tells about the address.
pub async fn resend(app: &App, address: &str) -> Result<(), ApiError> {
    mail_is_up(app).await?;
    let Ok(email) = Email::new(address) else { return Ok(()) };
    let user = app.store.user_by_email(&email).await?.map(|user| user.value);
    let Some(user) = user.filter(|user| user.email_verified_at.is_none()) else { return Ok(()) };
    let id = derive(user.id.0, "resend_verification", &period(app.now(), RESEND_EVERY));
    let (token, effect) = mail(app, &user, id);
    let writes = vec![Write::Insert(Row::MailToken(token)), Write::Insert(Row::Effect(effect))];
    // Otherwise one went out in this minute already.
    if commit_if_current(app, fresh_unit(app, writes)).await?.is_some() {
        app.wake.effects.notify_one();
    }
    Ok(())
}
