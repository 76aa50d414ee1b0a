//! Registration: an unverified account, and a mail that proves the address.
//!
//! Invariant: as long as nobody has proven an address it belongs to nobody, so the last registration with it counts. Otherwise somebody
//! could register another's address with a password of his own and wait for its owner to prove it.

use super::{mail_is_up, passwords, verification};
use crate::problem::{ApiError, FieldError};
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit, fresh_unit, unless_stale};
use secrecy::SecretString;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::effect::{Effect, EffectKind};
use veza_domain::identity::{Email, PasswordHash, Roles, User, Username};
use veza_domain::ids::{DeliveryId, EffectId, UserId, derive};
use veza_domain::time::Timestamp;
use veza_ports::storage::{CommitError, Revision, Row, RowKey, UniqueValue, Versioned, Write};

/// The owner of an address is told of registrations with it at most this often.
const TELL_OWNER_EVERY: Duration = Duration::from_secs(60 * 60);

/// What somebody registers with.
pub struct Registration {
    /// Address.
    pub email: String,
    /// Public name.
    pub username: String,
    /// Password.
    pub password: SecretString,
}

/// What they are told; the same for an address that has an account already, whose id then belongs to nobody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registered {
    /// Id.
    pub id: UserId,
    /// Address.
    pub email: Email,
    /// Public name.
    pub username: Username,
    /// Roles.
    pub roles: Roles,
}

/// Registers somebody.
///
/// # Errors
/// 422 with every invalid field, 409 `username_taken`, 503 `mail_unavailable`, `busy` or `storage_unavailable`.
pub async fn register(app: &App, registration: Registration) -> Result<Registered, ApiError> {
    let (email, username) = read(&registration)?;
    mail_is_up(app).await?;
    let password_hash = app.identity.passwords.hash(app.ids.as_ref(), &registration.password).await?;
    for _ in 0..REDECIDE_MAX {
        let user = new_user(app, email.clone(), username.clone(), password_hash.clone());
        let done = match app.store.user_by_email(&email).await? {
            None => commit(app, fresh_unit(app, opening(app, &user))).await.map(drop),
            Some(unproven) if unproven.value.email_verified_at.is_none() => begin_anew(app, unproven, &user).await,
            Some(owner) => tell_owner(app, owner.value.id, &user).await,
        };
        match done {
            Ok(()) => {
                app.wake.effects.notify_one();
                return Ok(Registered { id: user.id, email, username, roles: user.roles });
            }
            Err(CommitError::Taken(_, UniqueValue::Username)) => {
                return Err(ApiError::conflict("username_taken", "somebody else has this user name"));
            }
            Err(error) => unless_stale(error)?,
        }
    }
    Err(busy("thing"))
}

/// Reads the fields, naming everything that is wrong with them.
pub(super) fn read(registration: &Registration) -> Result<(Email, Username), ApiError> {
    let wrong = |field: &str, message: &dyn std::fmt::Display| FieldError {
        field: field.to_owned(),
        code: "invalid".to_owned(),
        message: message.to_string(),
    };
    let email = Email::new(&registration.email).map_err(|error| wrong("email", &error));
    let username = Username::new(&registration.username).map_err(|error| wrong("username", &error));
    let password = passwords::judge(&registration.password, email.as_ref().ok(), username.as_ref().ok()).map_err(FieldError::from);
    match (email, username, password) {
        (Ok(email), Ok(username), Ok(())) => Ok((email, username)),
        (email, username, password) => Err(ApiError::fields([email.err(), username.err(), password.err()].into_iter().flatten().collect())),
    }
}

pub(super) fn new_user(app: &App, email: Email, username: Username, password_hash: PasswordHash) -> User {
    User {
        id: UserId(app.ids.uuid()),
        email,
        username,
        password_hash,
        roles: Roles::user(),
        email_verified_at: None,
        failed_logins: 0,
        locked_until: None,
        created_at: app.now(),
    }
}

fn opening(app: &App, user: &User) -> Vec<Write> {
    let (token, effect) = verification::mail(app, user, app.ids.uuid());
    vec![Write::Insert(Row::User(user.clone())), Write::Insert(Row::MailToken(token)), Write::Insert(Row::Effect(effect))]
}

/// Nobody has proven the address: the account is whose registration is the last. The links before are void with the password that
/// they were mailed for ([`verification::token`]); failed logins counted for that one too.
async fn begin_anew(app: &App, unproven: Versioned<User>, user: &User) -> Result<(), CommitError> {
    // The name that the account has is taken as well: else the answer would tell whose it is.
    name_is_free(app, user).await?;
    let account = User {
        username: user.username.clone(),
        password_hash: user.password_hash.clone(),
        failed_logins: 0,
        locked_until: None,
        ..unproven.value
    };
    let (token, effect) = verification::mail(app, &account, app.ids.uuid());
    let writes = vec![
        Write::Update { row: Row::User(account), expected: unproven.revision },
        Write::Insert(Row::MailToken(token)),
        Write::Insert(Row::Effect(effect)),
    ];
    commit(app, fresh_unit(app, writes)).await.map(drop)
}

/// The address has a proven account: its owner is told, and the caller learns nothing.
async fn tell_owner(app: &App, owner: UserId, user: &User) -> Result<(), CommitError> {
    name_is_free(app, user).await?;
    let kind = EffectKind::MailAlreadyRegistered(owner);
    let id = EffectId(derive(owner.0, kind.name(), &period(app.now(), TELL_OWNER_EVERY)));
    let effect = Effect::with_id(id, kind, app.now());
    commit(app, fresh_unit(app, vec![Write::Ensure(Row::Effect(effect))])).await.map(drop)
}

/// Which period of this length `now` lies in.
pub(super) fn period(now: Timestamp, length: Duration) -> [u8; 8] {
    let seconds = i64::try_from(length.as_secs()).unwrap_or(i64::MAX).max(1);
    now.unix_seconds().div_euclid(seconds).to_be_bytes()
}

/// Fails if somebody else has the user name, as a registration with a fresh address would: else the difference would tell
/// that the address has an account. The unit can never be applied: its last write is guarded by a row that is not there.
async fn name_is_free(app: &App, user: &User) -> Result<(), CommitError> {
    let Ok(address) = Email::new(&format!("{}@invalid.invalid", user.id)) else { return Ok(()) };
    let probe = User { email: address, ..user.clone() };
    let never = Write::Unchanged { key: RowKey::Delivery(DeliveryId(Uuid::max())), expected: Revision::FIRST };
    match commit(app, fresh_unit(app, vec![Write::Insert(Row::User(probe)), never])).await {
        Err(CommitError::Conflict(_)) => Ok(()),
        other => other.map(drop),
    }
}
