//! People, logins, tokens and incoming idempotency keys.

use crate::MemoryStore;
use async_trait::async_trait;
use veza_domain::identity::{Email, MailToken, RefreshToken, Session, TokenHash, User};
use veza_domain::ids::{SessionId, UserId};
use veza_domain::time::Timestamp;
use veza_ports::storage::{IdempotencyRecord, IdentityReads, RowKey, StoreError, Versioned};

#[async_trait]
impl IdentityReads for MemoryStore {
    async fn user(&self, id: UserId) -> Result<Option<Versioned<User>>, StoreError> {
        Ok(self.state().get(&RowKey::User(id)))
    }

    async fn user_by_email(&self, email: &Email) -> Result<Option<Versioned<User>>, StoreError> {
        Ok(self.state().all::<User>().find(|user| user.value.email == *email).map(|user| user.versioned()))
    }

    async fn mail_token(&self, hash: TokenHash) -> Result<Option<Versioned<MailToken>>, StoreError> {
        Ok(self.state().all::<MailToken>().find(|token| token.value.hash == hash).map(|token| token.versioned()))
    }

    async fn session(&self, id: SessionId) -> Result<Option<Versioned<Session>>, StoreError> {
        Ok(self.state().get(&RowKey::Session(id)))
    }

    async fn refresh_token(&self, hash: TokenHash) -> Result<Option<Versioned<RefreshToken>>, StoreError> {
        Ok(self.state().get(&RowKey::RefreshToken(hash)))
    }

    async fn caller(&self, user: UserId, session: SessionId, now: Timestamp) -> Result<Option<User>, StoreError> {
        let state = self.state();
        let Some(login) = state.get::<Session>(&RowKey::Session(session)) else { return Ok(None) };
        let valid = login.value.user_id == user && login.value.revoked_at.is_none() && now < login.value.expires_at;
        Ok(state.get::<User>(&RowKey::User(user)).filter(|_| valid).map(|user| user.value))
    }

    async fn idempotency(&self, user: UserId, scope: &str, key: &str) -> Result<Option<Versioned<IdempotencyRecord>>, StoreError> {
        Ok(self.state().get(&RowKey::Idempotency(user, scope.to_owned(), key.to_owned())))
    }
}
