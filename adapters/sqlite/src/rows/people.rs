//! Users, mail tokens, sessions, refresh tokens.

use super::{Stored, execute};
use crate::fields::Fields;
use rusqlite::{Connection, params};
use veza_domain::identity::{Email, MailToken, PasswordHash, RefreshToken, Roles, Session, User, Username};
use veza_domain::ids::{MailTokenId, SessionId, UserId};
use veza_ports::storage::Revision;

macro_rules! select_user {
    ($rest:literal) => {
        concat!(
            "SELECT revision, id, email, username, password_hash, roles, email_verified_at, failed_logins, locked_until, created_at FROM users ",
            $rest
        )
    };
}
pub(crate) use select_user;

impl Stored for User {
    const INSERT: &'static str = "INSERT INTO users (id, revision, email, username, username_folded, password_hash, roles, \
         email_verified_at, failed_logins, locked_until, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)";
    const UPDATES: &'static [&'static str] = &[
        "UPDATE users SET revision = ?2 + 1, password_hash = ?6, roles = ?7, email_verified_at = ?8, failed_logins = ?9, \
             locked_until = ?10, created_at = ?11 \
         WHERE id = ?1 AND revision = ?2 AND email = ?3 AND username = ?4 AND username_folded = ?5",
        "UPDATE users SET revision = ?2 + 1, email = ?3, username = ?4, username_folded = ?5, password_hash = ?6, roles = ?7, \
             email_verified_at = ?8, failed_logins = ?9, locked_until = ?10, created_at = ?11 WHERE id = ?1 AND revision = ?2",
    ];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![
            self.id.0,
            revision.0,
            self.email.as_str(),
            self.username.as_str(),
            self.username.folded(),
            self.password_hash.0,
            self.roles.bits(),
            self.email_verified_at.map(|at| at.0),
            self.failed_logins,
            self.locked_until.map(|at| at.0),
            self.created_at.0,
        ];
        execute(db, sql, values)
    }
}

pub(crate) fn user(row: &mut Fields<'_, '_>) -> rusqlite::Result<User> {
    Ok(User {
        id: UserId(row.id()?),
        email: row.parsed(|text| Email::new(text).ok())?,
        username: row.parsed(|text| Username::new(text).ok())?,
        password_hash: PasswordHash(row.get()?),
        roles: Roles::from_bits(row.get()?),
        email_verified_at: row.time_opt()?,
        failed_logins: row.get()?,
        locked_until: row.time_opt()?,
        created_at: row.time()?,
    })
}

macro_rules! select_mail_token {
    ($rest:literal) => {
        concat!("SELECT revision, id, user_id, hash, expires_at, used_at FROM mail_tokens ", $rest)
    };
}
pub(crate) use select_mail_token;

impl Stored for MailToken {
    const INSERT: &'static str =
        "INSERT INTO mail_tokens (id, revision, user_id, hash, expires_at, used_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    const UPDATES: &'static [&'static str] =
        &["UPDATE mail_tokens SET revision = ?2 + 1, user_id = ?3, hash = ?4, expires_at = ?5, used_at = ?6 \
         WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![self.id.0, revision.0, self.user_id.0, self.hash.0, self.expires_at.0, self.used_at.map(|at| at.0)];
        execute(db, sql, values)
    }
}

pub(crate) fn mail_token(row: &mut Fields<'_, '_>) -> rusqlite::Result<MailToken> {
    Ok(MailToken {
        id: MailTokenId(row.id()?),
        user_id: UserId(row.id()?),
        hash: row.hash()?,
        expires_at: row.time()?,
        used_at: row.time_opt()?,
    })
}

macro_rules! select_session {
    ($rest:literal) => {
        concat!("SELECT revision, id, user_id, created_at, expires_at, revoked_at FROM sessions ", $rest)
    };
}
pub(crate) use select_session;

impl Stored for Session {
    const INSERT: &'static str =
        "INSERT INTO sessions (id, revision, user_id, created_at, expires_at, revoked_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    const UPDATES: &'static [&'static str] = &["UPDATE sessions SET revision = ?2 + 1, user_id = ?3, created_at = ?4, expires_at = ?5, \
         revoked_at = ?6 WHERE id = ?1 AND revision = ?2"];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        let values = params![self.id.0, revision.0, self.user_id.0, self.created_at.0, self.expires_at.0, self.revoked_at.map(|at| at.0)];
        execute(db, sql, values)
    }
}

pub(crate) fn session(row: &mut Fields<'_, '_>) -> rusqlite::Result<Session> {
    Ok(Session {
        id: SessionId(row.id()?),
        user_id: UserId(row.id()?),
        created_at: row.time()?,
        expires_at: row.time()?,
        revoked_at: row.time_opt()?,
    })
}

macro_rules! select_refresh_token {
    ($rest:literal) => {
        concat!("SELECT revision, hash, session_id, used_at, created_at FROM refresh_tokens ", $rest)
    };
}
pub(crate) use select_refresh_token;

impl Stored for RefreshToken {
    const INSERT: &'static str = "INSERT INTO refresh_tokens (hash, revision, session_id, used_at, created_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    const UPDATES: &'static [&'static str] = &[
        "UPDATE refresh_tokens SET revision = ?2 + 1, used_at = ?4, created_at = ?5 \
         WHERE hash = ?1 AND revision = ?2 AND session_id = ?3",
        "UPDATE refresh_tokens SET revision = ?2 + 1, session_id = ?3, used_at = ?4, created_at = ?5 WHERE hash = ?1 AND revision = ?2",
    ];

    fn run(&self, db: &Connection, sql: &str, revision: Revision) -> rusqlite::Result<usize> {
        execute(db, sql, params![self.hash.0, revision.0, self.session_id.0, self.used_at.map(|at| at.0), self.created_at.0])
    }
}

pub(crate) fn refresh_token(row: &mut Fields<'_, '_>) -> rusqlite::Result<RefreshToken> {
    Ok(RefreshToken { hash: row.hash()?, session_id: SessionId(row.id()?), used_at: row.time_opt()?, created_at: row.time()? })
}
