//! Who is calling: bearer access tokens (JWT, HS256), checked against the login they belong to at every request, so that a
//! logout or a lost role takes effect at once.

use crate::http::problem::ApiError;
use crate::services::App;
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;
use std::time::Duration;
use uuid::Uuid;
use veza_domain::access::Actor;
use veza_domain::identity::{Role, User};
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

/// The one who is signed in.
#[derive(SecurityScheme)]
#[oai(ty = "bearer", bearer_format = "JWT", key_name = "Authorization", checker = "signed_in")]
pub struct Caller(SignedIn);

/// A person and the login they came by.
#[derive(Clone, Debug)]
pub struct SignedIn {
    /// Who.
    pub user: User,
    /// Their login.
    pub session: SessionId,
}

async fn signed_in(request: &Request, bearer: Bearer) -> poem::Result<SignedIn> {
    let refused = || ApiError::unauthorized("unauthorized", "sign in first: the access token is missing, over or not ours");
    let app = request.data::<Arc<App>>().ok_or_else(|| ApiError::internal("internal", "a fault of ours"))?;
    let now = app.now();
    let (user, session) = app.tokens.read(&bearer.token, now).ok_or_else(refused)?;
    let user = app.store.caller(user, session, now).await.map_err(ApiError::from)?.ok_or_else(refused)?;
    Ok(SignedIn { user, session })
}

impl Caller {
    /// Who.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.0.user
    }

    /// Their id.
    #[must_use]
    pub fn id(&self) -> UserId {
        self.0.user.id
    }

    /// Their login.
    #[must_use]
    pub fn session(&self) -> SessionId {
        self.0.session
    }

    /// As the rules see them.
    #[must_use]
    pub fn actor(&self) -> Actor {
        Actor::User { id: self.0.user.id, roles: self.0.user.roles }
    }

    /// Goes on only for admins.
    ///
    /// # Errors
    /// 403 `admin_only`.
    pub fn admin(&self) -> Result<&User, ApiError> {
        if self.0.user.roles.has(Role::Admin) {
            Ok(&self.0.user)
        } else {
            Err(ApiError::forbidden("admin_only", "only administrators may do this"))
        }
    }
}
