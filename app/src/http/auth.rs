//! Who is calling: bearer access tokens (JWT, HS256), checked against the login they belong to at every request, so that a
//! logout or a lost role takes effect at once.

use crate::problem::ApiError;
use crate::services::App;
use poem::Request;
use poem_openapi::SecurityScheme;
use poem_openapi::auth::Bearer;
use std::sync::Arc;
use veza_domain::access::Actor;
use veza_domain::identity::{Role, User};
use veza_domain::ids::{SessionId, UserId};

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
