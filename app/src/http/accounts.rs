//! `/api/v1/auth` and `/api/v1/me`: registering, proving an address, signing in and out, who I am, selling.

use crate::http::auth::Caller;
use crate::http::middleware::hints;
use crate::http::tags::Area;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::identity::login::{self, LoginRefused};
use crate::usecases::identity::register::{self, Registered, Registration};
use crate::usecases::identity::{accounts, sessions, verification};
use poem::web::Data;
use poem_openapi::param::{Header, Query};
use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Enum, Object, OpenApi};
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use uuid::Uuid;
use veza_domain::identity::{Role, Roles, User};

/// What a person may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Enum)]
#[oai(rename = "Role", rename_all = "lowercase")]
pub enum RoleView {
    /// Buys.
    User,
    /// Sells.
    Creator,
    /// Runs the marketplace.
    Admin,
}

/// A person, as they see themselves.
#[derive(Clone, Debug, Object)]
#[oai(rename = "User")]
pub struct UserView {
    /// Id.
    pub id: Uuid,
    /// Address.
    pub email: String,
    /// Public name.
    pub username: String,
    /// What they may be.
    pub roles: Vec<RoleView>,
}

fn roles(roles: Roles) -> Vec<RoleView> {
    let view = |role| match role {
        Role::User => RoleView::User,
        Role::Creator => RoleView::Creator,
        Role::Admin => RoleView::Admin,
    };
    roles.iter().map(view).collect()
}

impl From<&User> for UserView {
    fn from(user: &User) -> Self {
        Self { id: user.id.0, email: user.email.to_string(), username: user.username.as_str().to_owned(), roles: roles(user.roles) }
    }
}

impl From<Registered> for UserView {
    fn from(user: Registered) -> Self {
        Self { id: user.id.0, email: user.email.to_string(), username: user.username.as_str().to_owned(), roles: roles(user.roles) }
    }
}

/// What somebody registers with.
#[derive(Object)]
#[oai(example = true)]
struct RegisterRequest {
    /// Address; a mail goes there.
    email: String,
    /// Public name: 3 to 32 letters, digits, `_`, `-` or `.`.
    username: String,
    /// At least 12 characters, none of the commonest passwords.
    #[oai(write_only)]
    password: String,
}

impl poem_openapi::types::Example for RegisterRequest {
    fn example() -> Self {
        Self { email: "mia@example.org".into(), username: "mia".into(), password: "korrekt pferd batterie".into() }
    }
}

/// A registration was taken.
#[derive(Object)]
struct RegisterAnswer {
    /// The account; not usable before its address is proven.
    user: UserView,
    /// Always true: open the link in the mail.
    verification_required: bool,
    /// The same for a person.
    message: String,
}

/// A mail address.
#[derive(Object)]
#[oai(example = true)]
struct AddressRequest {
    /// Address.
    email: String,
}

impl poem_openapi::types::Example for AddressRequest {
    fn example() -> Self {
        Self { email: "mia@example.org".into() }
    }
}

/// Words for a person.
#[derive(Object)]
struct Message {
    /// What happened, or will.
    message: String,
}

/// An address was proven.
#[derive(Object)]
struct VerifyAnswer {
    /// The account.
    user: UserView,
    /// The same for a person.
    message: String,
}

/// Address and password.
#[derive(Object)]
#[oai(example = true)]
struct LoginRequest {
    /// Address.
    email: String,
    /// Password.
    #[oai(write_only)]
    password: String,
}

impl poem_openapi::types::Example for LoginRequest {
    fn example() -> Self {
        Self { email: "mia@example.org".into(), password: "korrekt pferd batterie".into() }
    }
}

/// A refresh token.
#[derive(Object)]
struct RefreshRequest {
    /// The newest refresh token; works once.
    #[oai(write_only)]
    refresh_token: String,
}

/// Somebody is signed in.
#[derive(Object)]
struct TokensAnswer {
    /// Bearer token of the next requests.
    access_token: String,
    /// Exchanged for the next pair, once.
    refresh_token: String,
    /// Seconds that the access token works.
    expires_in: u64,
    /// Who is signed in.
    user: UserView,
}

impl TokensAnswer {
    fn new(user: &User, tokens: &sessions::Tokens) -> Self {
        Self {
            access_token: tokens.access.clone(),
            refresh_token: tokens.refresh.expose_secret().to_owned(),
            expires_in: tokens.expires_in.as_secs(),
            user: user.into(),
        }
    }
}

#[derive(ApiResponse)]
enum RegisterResponse {
    /// Taken; open the link in the mail. The answer is the same when the address has an account already.
    #[oai(status = 201)]
    Created(Json<RegisterAnswer>),
}

#[derive(ApiResponse)]
enum ResendResponse {
    /// Taken. The answer is the same whether or not there is such an account.
    #[oai(status = 202)]
    Accepted(Json<Message>),
}

#[derive(ApiResponse)]
enum LogoutResponse {
    /// Signed out; access and refresh tokens of this login stop working at once.
    #[oai(status = 204)]
    Done,
}

/// Routes of accounts and logins.
#[derive(Clone, Copy, Debug, Default)]
pub struct AccountsApi;

#[OpenApi(prefix_path = "/api/v1", tag = "Area::Identity")]
impl AccountsApi {
    /// Register.
    ///
    /// No tokens yet: the address is proven first, by the link in a mail that works for 24 hours.
    #[oai(path = "/auth/register", method = "post", operation_id = "register")]
    async fn register(&self, app: Data<&Arc<App>>, body: Json<RegisterRequest>) -> Result<RegisterResponse, ApiError> {
        let RegisterRequest { email, username, password } = body.0;
        let registered = register::register(&app, Registration { email, username, password: SecretString::from(password) }).await?;
        Ok(RegisterResponse::Created(Json(RegisterAnswer {
            user: registered.into(),
            verification_required: true,
            message: "open the link in the mail that was sent to this address, then sign in".to_owned(),
        })))
    }

    /// Prove an address.
    ///
    /// With the token of the mail, once, in the header `X-Verify-Token`. `?token=` works too and is deprecated: addresses end up
    /// in access logs.
    #[oai(path = "/auth/verify-email", method = "post", operation_id = "verifyEmail")]
    async fn verify_email(
        &self,
        app: Data<&Arc<App>>,
        /// The token of the mail.
        #[oai(name = "X-Verify-Token")]
        header: Header<Option<String>>,
        /// The token of the mail; deprecated.
        #[oai(deprecated)]
        token: Query<Option<String>>,
    ) -> Result<Json<VerifyAnswer>, ApiError> {
        if header.0.is_none() && token.0.is_some() {
            tracing::warn!("POST /auth/verify-email?token= is deprecated: send the header X-Verify-Token");
        }
        let missing = || ApiError::bad_request("invalid_token", "the header X-Verify-Token is missing");
        let token = SecretString::from(header.0.or(token.0).ok_or_else(missing)?);
        let user = verification::verify(&app, &token).await?;
        Ok(Json(VerifyAnswer { user: (&user).into(), message: "the address is proven; sign in".to_owned() }))
    }

    /// Ask for the mail with the link again.
    #[oai(path = "/auth/resend-verification", method = "post", operation_id = "resendVerification")]
    async fn resend_verification(&self, app: Data<&Arc<App>>, body: Json<AddressRequest>) -> Result<ResendResponse, ApiError> {
        verification::resend(&app, &body.0.email).await?;
        let message = "if this address has an account that is not proven yet, a mail is on its way".to_owned();
        Ok(ResendResponse::Accepted(Json(Message { message })))
    }

    /// Sign in.
    ///
    /// 403 `email_not_verified` until the address is proven. After five failures in a row the account is locked for a while that
    /// doubles with each further one: 429 `account_locked` with `Retry-After`.
    #[oai(path = "/auth/login", method = "post", operation_id = "login")]
    async fn login(&self, app: Data<&Arc<App>>, body: Json<LoginRequest>) -> Result<Json<TokensAnswer>, ApiError> {
        let LoginRequest { email, password } = body.0;
        match login::login(&app, &email, &SecretString::from(password)).await {
            Ok(done) => Ok(Json(TokensAnswer::new(&done.user, &done.tokens))),
            Err(LoginRefused::Locked(wait)) => {
                hints::retry_after(wait);
                Err(ApiError::too_many("account_locked", "too many failed sign-ins; try again later"))
            }
            Err(LoginRefused::Other(error)) => Err(error),
        }
    }

    /// Exchange a refresh token.
    ///
    /// Each works once; one that comes a second time ends its login, as somebody has a copy.
    #[oai(path = "/auth/refresh", method = "post", operation_id = "refreshTokens")]
    async fn refresh(&self, app: Data<&Arc<App>>, body: Json<RefreshRequest>) -> Result<Json<TokensAnswer>, ApiError> {
        let (user, tokens) = sessions::refresh(&app, &SecretString::from(body.0.refresh_token)).await?;
        Ok(Json(TokensAnswer::new(&user, &tokens)))
    }

    /// Sign out.
    #[oai(path = "/auth/logout", method = "post", operation_id = "logout")]
    async fn logout(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<LogoutResponse, ApiError> {
        sessions::logout(&app, caller.session()).await?;
        Ok(LogoutResponse::Done)
    }

    /// Who am I?
    #[oai(path = "/me", method = "get", operation_id = "getMe")]
    async fn me(&self, caller: Caller) -> Result<Json<UserView>, ApiError> {
        Ok(Json(caller.user().into()))
    }

    /// Become a creator, who may sell.
    ///
    /// One who is already stays so.
    #[oai(path = "/me/creator", method = "post", operation_id = "becomeCreator")]
    async fn become_creator(&self, app: Data<&Arc<App>>, caller: Caller) -> Result<Json<UserView>, ApiError> {
        let user = accounts::become_creator(&app, caller.id()).await?;
        Ok(Json((&user).into()))
    }
}
