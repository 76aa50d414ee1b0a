//! People, logins, tokens and incoming idempotency keys.

use crate::SqliteStore;
use crate::fields::one;
use crate::rows::operations::{idempotency, select_idempotency};
use crate::rows::people::{mail_token, refresh_token, select_mail_token, select_refresh_token, select_session, select_user, session, user};
use async_trait::async_trait;
use rusqlite::params;
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{SessionId, UserId};
use veza_domain::time::Timestamp;
use veza_ports::storage::{IdempotencyRecord, IdentityReads, StoreError, Versioned};

pub(super) const CALLER: &str = select_user!(
    "WHERE id = ?1 AND EXISTS (SELECT 1 FROM sessions WHERE id = ?2 AND user_id = ?1 AND revoked_at IS NULL AND expires_at > ?3)"
);

pub(super) const BY_EMAIL: &str = select_user!("WHERE email = ?1");

#[async_trait]
impl IdentityReads for SqliteStore {
    async fn user(&self, id: UserId) -> Result<Option<Versioned<User>>, StoreError> {
        self.readers.read(move |db| one(db, select_user!("WHERE id = ?1"), [id.0], user)).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<Versioned<User>>, StoreError> {
        let email = email.clone();
        self.readers.read(move |db| one(db, BY_EMAIL, [email.as_str()], user)).await
    }

    async fn mail_token(&self, hash: TokenHash) -> Result<Option<Versioned<MailToken>>, StoreError> {
        self.readers.read(move |db| one(db, select_mail_token!("WHERE hash = ?1"), [hash.0], mail_token)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Versioned<Session>>, StoreError> {
        self.readers.read(move |db| one(db, select_session!("WHERE id = ?1"), [id.0], session)).await
    }

    async fn refresh_token(&self, hash: TokenHash) -> Result<Option<Versioned<RefreshToken>>, StoreError> {
        self.readers.read(move |db| one(db, select_refresh_token!("WHERE hash = ?1"), [hash.0], refresh_token)).await
    }

    async fn caller(&self, id: UserId, session: SessionId, now: Timestamp) -> Result<Option<User>, StoreError> {
        let found = self.readers.read(move |db| one(db, CALLER, params![id.0, session.0, now.0], user)).await?;
        Ok(found.map(|user| user.value))
    }

    async fn idempotency(&self, user: UserId, scope: &str, key: &str) -> Result<Option<Versioned<IdempotencyRecord>>, StoreError> {
        let (scope, key) = (scope.to_owned(), key.to_owned());
        let sql = select_idempotency!("WHERE user_id = ?1 AND scope = ?2 AND key = ?3");
        self.readers.read(move |db| one(db, sql, params![user.0, scope, key], idempotency)).await
    }
}
