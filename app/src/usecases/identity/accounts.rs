//! What an account may do: becoming a creator (self-service), making an admin (on the server's own command line).

use super::passwords;
use super::register::{self, Registration};
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::commit::{REDECIDE_MAX, busy, commit, commit_if_current, fresh_unit, unless_stale};
use veza_domain::identity::{Role, User};
use veza_domain::ids::UserId;
use veza_ports::storage::{CommitError, Row, UniqueValue, Versioned, Write};

/// Makes somebody a creator; one who is stays so.
///
/// # Errors
/// 401 when the account is gone; 503.
pub async fn become_creator(app: &App, id: UserId) -> Result<User, ApiError> {
    for _ in 0..REDECIDE_MAX {
        let gone = || ApiError::unauthorized("unauthorized", "this account is gone");
        let Versioned { value: user, revision } = app.store.user(id).await?.ok_or_else(gone)?;
        if user.roles.has(Role::Creator) {
            return Ok(user);
        }
        let creator = User { roles: user.roles.with(Role::Creator), ..user };
        let write = Write::Update { row: Row::User(creator.clone()), expected: revision };
        if commit_if_current(app, fresh_unit(app, vec![write])).await?.is_some() {
            return Ok(creator);
        }
    }
    Err(busy("account"))
}

/// What became of a wish for an admin.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MadeAdmin {
    /// A new account.
    Created(User),
    /// The address had one: it is verified, an admin, and has this password now.
    Promoted(User),
}

/// Makes a verified admin, of a new account or of the one that has the address.
///
/// # Errors
/// 422 with every invalid field, 409 `username_taken`, 503.
pub async fn make_admin(app: &App, wish: Registration) -> Result<MadeAdmin, ApiError> {
    let (email, username) = register::read(&wish)?;
    passwords::judge(&wish.password, Some(&email), Some(&username)).map_err(|weak| ApiError::fields(vec![weak.into()]))?;
    let password_hash = app.identity.passwords.hash(app.ids.as_ref(), &wish.password).await?;
    for _ in 0..REDECIDE_MAX {
        let found = app.store.user_by_email(&email).await?;
        let base = match &found {
            Some(found) => found.value.clone(),
            None => register::new_user(app, email.clone(), username.clone(), password_hash.clone()),
        };
        let admin = User {
            roles: base.roles.with(Role::Admin),
            email_verified_at: base.email_verified_at.or(Some(app.now())),
            password_hash: password_hash.clone(),
            failed_logins: 0,
            locked_until: None,
            ..base
        };
        let row = Row::User(admin.clone());
        let write = match &found {
            Some(found) => Write::Update { row, expected: found.revision },
            None => Write::Insert(row),
        };
        match commit(app, fresh_unit(app, vec![write])).await {
            Ok(_) if found.is_some() => return Ok(MadeAdmin::Promoted(admin)),
            Ok(_) => return Ok(MadeAdmin::Created(admin)),
            Err(CommitError::Taken(_, UniqueValue::Username)) => {
                return Err(ApiError::conflict("username_taken", "somebody else has this user name"));
            }
            Err(error) => unless_stale(error)?,
        }
    }
    Err(busy("account"))
}
