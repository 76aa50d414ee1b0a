//! Users, mail tokens, sessions, refresh tokens.

use super::{Stored, Table};
use crate::record::{Read, Record};
use crate::statement::Type::{Bytes, Int, Text, Uuid};
use crate::statement::Value;
use veza_domain::identity::{Email, MailToken, PasswordHash, RefreshToken, Roles, Session, User, Username};
use veza_domain::ids::{MailTokenId, SessionId, UserId};
use veza_ports::BoxError;

macro_rules! select_user {
    ($rest:literal) => {
        concat!(
            "SELECT ROW(revision, id, email, username, password_hash, roles, email_verified_at, failed_logins, locked_until, created_at) \
             FROM users ",
            $rest
        )
    };
}
pub(crate) use select_user;

pub(crate) static USERS: Table = Table {
    name: "users",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[
        ("id", Uuid),
        ("email", Text),
        ("username", Text),
        ("username_folded", Text),
        ("password_hash", Text),
        ("roles", Int),
        ("email_verified_at", Int),
        ("failed_logins", Int),
        ("locked_until", Int),
        ("created_at", Int),
    ],
};

impl Stored for User {
    fn table(&self) -> &'static Table {
        &USERS
    }

    fn values(&self) -> Vec<Value> {
        vec![
            self.id.0.into(),
            self.email.as_str().into(),
            self.username.as_str().into(),
            self.username.folded().as_str().into(),
            self.password_hash.0.as_str().into(),
            i64::from(self.roles.bits()).into(),
            self.email_verified_at.into(),
            self.failed_logins.into(),
            self.locked_until.into(),
            self.created_at.into(),
        ]
    }
}

impl Read for User {
    const WHAT: &'static str = "users";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: UserId(row.id()?),
            email: row.parsed(|text| Email::new(text).ok())?,
            username: row.parsed(|text| Username::new(text).ok())?,
            password_hash: PasswordHash(row.get()?),
            roles: Roles::from_bits(row.number()?),
            email_verified_at: row.time_opt()?,
            failed_logins: row.number()?,
            locked_until: row.time_opt()?,
            created_at: row.time()?,
        })
    }
}

macro_rules! select_mail_token {
    ($rest:literal) => {
        concat!("SELECT ROW(revision, id, user_id, hash, expires_at, used_at) FROM mail_tokens ", $rest)
    };
}
pub(crate) use select_mail_token;

pub(crate) static MAIL_TOKENS: Table = Table {
    name: "mail_tokens",
    key: 1,
    revision: true,
    unique_values: true,
    columns: &[("id", Uuid), ("user_id", Uuid), ("hash", Bytes), ("expires_at", Int), ("used_at", Int)],
};

impl Stored for MailToken {
    fn table(&self) -> &'static Table {
        &MAIL_TOKENS
    }

    fn values(&self) -> Vec<Value> {
        vec![self.id.0.into(), self.user_id.0.into(), self.hash.into(), self.expires_at.into(), self.used_at.into()]
    }
}

impl Read for MailToken {
    const WHAT: &'static str = "mail_tokens";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: MailTokenId(row.id()?),
            user_id: UserId(row.id()?),
            hash: row.token_hash()?,
            expires_at: row.time()?,
            used_at: row.time_opt()?,
        })
    }
}

macro_rules! select_session {
    ($rest:literal) => {
        concat!("SELECT ROW(revision, id, user_id, created_at, expires_at, revoked_at) FROM sessions ", $rest)
    };
}
pub(crate) use select_session;

pub(crate) static SESSIONS: Table = Table {
    name: "sessions",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[("id", Uuid), ("user_id", Uuid), ("created_at", Int), ("expires_at", Int), ("revoked_at", Int)],
};

impl Stored for Session {
    fn table(&self) -> &'static Table {
        &SESSIONS
    }

    fn values(&self) -> Vec<Value> {
        vec![self.id.0.into(), self.user_id.0.into(), self.created_at.into(), self.expires_at.into(), self.revoked_at.into()]
    }
}

impl Read for Session {
    const WHAT: &'static str = "sessions";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self {
            id: SessionId(row.id()?),
            user_id: UserId(row.id()?),
            created_at: row.time()?,
            expires_at: row.time()?,
            revoked_at: row.time_opt()?,
        })
    }
}

macro_rules! select_refresh_token {
    ($rest:literal) => {
        concat!("SELECT ROW(revision, hash, session_id, used_at, created_at) FROM refresh_tokens ", $rest)
    };
}
pub(crate) use select_refresh_token;

pub(crate) static REFRESH_TOKENS: Table = Table {
    name: "refresh_tokens",
    key: 1,
    revision: true,
    unique_values: false,
    columns: &[("hash", Bytes), ("session_id", Uuid), ("used_at", Int), ("created_at", Int)],
};

impl Stored for RefreshToken {
    fn table(&self) -> &'static Table {
        &REFRESH_TOKENS
    }

    fn values(&self) -> Vec<Value> {
        vec![self.hash.into(), self.session_id.0.into(), self.used_at.into(), self.created_at.into()]
    }
}

impl Read for RefreshToken {
    const WHAT: &'static str = "refresh_tokens";

    fn read(row: &mut Record<'_>) -> Result<Self, BoxError> {
        Ok(Self { hash: row.token_hash()?, session_id: SessionId(row.id()?), used_at: row.time_opt()?, created_at: row.time()? })
    }
}
