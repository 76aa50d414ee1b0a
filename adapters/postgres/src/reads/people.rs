//! People, logins, tokens and incoming idempotency keys.

use crate::PostgresStore;
use crate::rows::operations::select_idempotency;
use crate::rows::people::{select_mail_token, select_refresh_token, select_session, select_user};
use crate::statement::Statement;
use async_trait::async_trait;
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{SessionId, UserId};
use veza_domain::time::Timestamp;
use veza_ports::storage::{IdempotencyRecord, IdentityReads, StoreError, Versioned};

const USER: &str = select_user!("WHERE id = $1");
const BY_EMAIL: &str = select_user!("WHERE email = $1");
const MAIL_TOKEN: &str = select_mail_token!("WHERE hash = $1");
const SESSION: &str = select_session!("WHERE id = $1");
const REFRESH_TOKEN: &str = select_refresh_token!("WHERE hash = $1");
const CALLER: &str = select_user!(
    "WHERE id = $1 AND EXISTS (SELECT FROM sessions s WHERE s.id = $2 AND s.user_id = $1 AND s.revoked_at IS NULL AND s.expires_at > $3)"
);
const IDEMPOTENCY: &str = select_idempotency!("WHERE user_id = $1 AND scope = $2 AND key = $3");

#[async_trait]
impl IdentityReads for PostgresStore {
    async fn user(&self, id: UserId) -> Result<Option<Versioned<User>>, StoreError> {
        self.read_one(|| Statement::new(USER).with(id.0)).await
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<Versioned<User>>, StoreError> {
        self.read_one(|| Statement::new(BY_EMAIL).with(email.as_str())).await
    }

    async fn mail_token(&self, hash: TokenHash) -> Result<Option<Versioned<MailToken>>, StoreError> {
        self.read_one(|| Statement::new(MAIL_TOKEN).with(hash)).await
    }

    async fn session(&self, id: SessionId) -> Result<Option<Versioned<Session>>, StoreError> {
        self.read_one(|| Statement::new(SESSION).with(id.0)).await
    }

    async fn refresh_token(&self, hash: TokenHash) -> Result<Option<Versioned<RefreshToken>>, StoreError> {
        self.read_one(|| Statement::new(REFRESH_TOKEN).with(hash)).await
    }

    async fn caller(&self, id: UserId, session: SessionId, now: Timestamp) -> Result<Option<User>, StoreError> {
        let found: Option<Versioned<User>> = self.read_one(|| Statement::new(CALLER).with(id.0).with(session.0).with(now)).await?;
        Ok(found.map(|user| user.value))
    }

    async fn idempotency(&self, user: UserId, scope: &str, key: &str) -> Result<Option<Versioned<IdempotencyRecord>>, StoreError> {
        self.read_one(|| Statement::new(IDEMPOTENCY).with(user.0).with(scope).with(key)).await
    }
}
