//! Access tokens (JWT, HS256): made at login and refresh, read at every request.

use crate::problem::ApiError;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::time::Duration;
use uuid::Uuid;
use veza_domain::ids::{SessionId, UserId};
use veza_domain::time::Timestamp;

/// How long an access token works.
pub const ACCESS_TOKEN_TTL: Duration = Duration::from_secs(15 * 60);

/// Makes and reads access tokens.
pub struct AccessTokens {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    /// The person.
    sub: Uuid,
    /// The login.
    sid: Uuid,
    /// Made at, seconds since 1970.
    iat: i64,
    /// Over at, seconds since 1970.
    exp: i64,
}

impl AccessTokens {
    /// Tokens signed with `secret` (`JWT_SECRET`).
    #[must_use]
    pub fn new(secret: &SecretString) -> Self {
        let bytes = secret.expose_secret().as_bytes();
        Self { encoding: EncodingKey::from_secret(bytes), decoding: DecodingKey::from_secret(bytes) }
    }

    /// A token for one login, good for [`ACCESS_TOKEN_TTL`].
    ///
    /// # Errors
    /// Only when the library can't sign, which is a fault of ours.
    pub fn issue(&self, user: UserId, session: SessionId, now: Timestamp) -> Result<String, ApiError> {
        let claims = Claims { sub: user.0, sid: session.0, iat: now.unix_seconds(), exp: now.plus(ACCESS_TOKEN_TTL).unix_seconds() };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(|error| {
            tracing::error!(%error, "an access token can't be signed");
            ApiError::internal("internal", "a fault of ours; it is in the log")
        })
    }

    /// Whose token it is, if it is ours and not over.
    #[must_use]
    pub fn read(&self, token: &str, now: Timestamp) -> Option<(UserId, SessionId)> {
        let mut validation = Validation::new(Algorithm::HS256);
        validation.validate_exp = false; // against our own clock, below
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?.claims;
        (now.unix_seconds() < claims.exp).then_some((UserId(claims.sub), SessionId(claims.sid)))
    }
}
