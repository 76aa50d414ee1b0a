//! People: roles, addresses, passwords, sessions (spec/04-identity).

use crate::ids::{MailTokenId, SessionId, UserId};
use crate::time::Timestamp;
use std::fmt;
use std::time::Duration;

/// What a person may be. Everybody is a user.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// Buys.
    User,
    /// Sells; self-service.
    Creator,
    /// Runs the marketplace.
    Admin,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 3] = [Self::User, Self::Creator, Self::Admin];

    /// As stored and shown.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Creator => "creator",
            Self::Admin => "admin",
        }
    }

    fn bit(self) -> u8 {
        match self {
            Self::User => 1,
            Self::Creator => 2,
            Self::Admin => 4,
        }
    }
}

/// A set of roles.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Roles(u8);

impl Roles {
    /// What everybody is.
    #[must_use]
    pub fn user() -> Self {
        Self(Role::User.bit())
    }

    /// These and `role`.
    #[must_use]
    pub fn with(self, role: Role) -> Self {
        Self(self.0 | role.bit())
    }

    /// Is `role` among them?
    #[must_use]
    pub fn has(self, role: Role) -> bool {
        self.0 & role.bit() != 0
    }

    /// The roles, in the order of [`Role::ALL`].
    pub fn iter(self) -> impl Iterator<Item = Role> {
        Role::ALL.into_iter().filter(move |role| self.has(*role))
    }

    /// The set as stored.
    #[must_use]
    pub fn bits(self) -> u8 {
        self.0
    }

    /// Reads what [`Self::bits`] gave; unknown bits are dropped.
    #[must_use]
    pub fn from_bits(bits: u8) -> Self {
        Self(bits & Role::ALL.iter().fold(0, |all, role| all | role.bit()))
    }
}

/// A mail address, trimmed and in lower case: one address, one account. `Debug` masks it, `Display` does not.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Email(String);

/// Not a mail address.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a mail address")]
pub struct BadEmail;

impl Email {
    /// Reads an address. The real check is the mail that has to arrive.
    /// # Errors
    /// [`BadEmail`] unless it is `local@domain`, without spaces and at most 254 characters.
    pub fn new(text: &str) -> Result<Self, BadEmail> {
        let text = text.trim().to_lowercase();
        let (local, domain) = text.rsplit_once('@').ok_or(BadEmail)?;
        let odd = |c: char| c.is_whitespace() || c.is_control() || matches!(c, '<' | '>' | ',' | ';' | '"');
        let domain_ok = !domain.is_empty() && !domain.starts_with(['.', '-']) && !domain.ends_with(['.', '-']) && !domain.contains("..");
        if text.len() > 254 || local.is_empty() || local.len() > 64 || local.contains('@') || text.chars().any(odd) || !domain_ok {
            return Err(BadEmail);
        }
        Ok(Self(text))
    }

    /// The address.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The address for logs: `a…@example.org`.
    #[must_use]
    pub fn masked(&self) -> String {
        let (local, domain) = self.0.rsplit_once('@').unwrap_or(("", ""));
        format!("{}…@{domain}", local.chars().next().unwrap_or('?'))
    }
}

impl fmt::Debug for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

impl fmt::Display for Email {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A public name: 3 to 32 of letters, digits, `_`, `-` and `.`; unique whatever its case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Username(String);

/// Not a user name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a user name is 3 to 32 letters, digits, '_', '-' or '.'")]
pub struct BadUsername;

impl Username {
    /// Reads a name.
    /// # Errors
    /// [`BadUsername`].
    pub fn new(text: &str) -> Result<Self, BadUsername> {
        let fits = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.');
        let text = text.trim();
        if (3..=32).contains(&text.chars().count()) && text.chars().all(fits) { Ok(Self(text.to_owned())) } else { Err(BadUsername) }
    }

    /// The name as its owner writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What has to be unique.
    #[must_use]
    pub fn folded(&self) -> String {
        self.0.to_lowercase()
    }
}

/// A password hash in PHC form; never printed.
#[derive(Clone, PartialEq, Eq)]
pub struct PasswordHash(pub String);

impl fmt::Debug for PasswordHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PasswordHash(…)")
    }
}

/// A person's account.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct User {
    /// Ours.
    pub id: UserId,
    /// Where mail goes.
    pub email: Email,
    /// Public name.
    pub username: Username,
    /// What the password is checked against.
    pub password_hash: PasswordHash,
    /// What they may do.
    pub roles: Roles,
    /// When the address was proven.
    pub email_verified_at: Option<Timestamp>,
    /// Failed logins in a row.
    pub failed_logins: u32,
    /// No login before this.
    pub locked_until: Option<Timestamp>,
    /// Registration.
    pub created_at: Timestamp,
}

/// Fewest characters of a password.
pub const PASSWORD_CHARS_MIN: usize = 12;
/// Most bytes of a password: more is work for the hash, not security.
pub const PASSWORD_BYTES_MAX: usize = 1024;
/// Failed logins that an account may have before it is locked for a while.
pub const LOGIN_FAILURES_FREE: u32 = 5;
/// Longest lock.
pub const LOCK_MAX: Duration = Duration::from_secs(15 * 60);

/// How long an account stays locked after `failures` failed logins in a row: 30 s doubled with each further one.
#[must_use]
pub fn lock_after(failures: u32) -> Option<Duration> {
    let over = failures.checked_sub(LOGIN_FAILURES_FREE)?;
    let factor = 2_u32.checked_pow(over).unwrap_or(u32::MAX);
    Some(Duration::from_secs(30).checked_mul(factor).map_or(LOCK_MAX, |lock| lock.min(LOCK_MAX)))
}

/// SHA-256 of a secret that only its owner knows; what is stored in its place.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TokenHash(pub [u8; 32]);

impl fmt::Debug for TokenHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TokenHash(…)")
    }
}

/// A single-use token that went out by mail to prove an address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MailToken {
    /// Ours; the token itself is derived from it and a secret of the server, and stored nowhere.
    pub id: MailTokenId,
    /// Whose.
    pub user_id: UserId,
    /// What is compared.
    pub hash: TokenHash,
    /// Until when it works.
    pub expires_at: Timestamp,
    /// When it was used.
    pub used_at: Option<Timestamp>,
}

/// A login: the family of refresh tokens that descend from it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Session {
    /// Ours.
    pub id: SessionId,
    /// Whose.
    pub user_id: UserId,
    /// Login.
    pub created_at: Timestamp,
    /// No refresh after this.
    pub expires_at: Timestamp,
    /// Ended by logout, or by the reuse of a refresh token.
    pub revoked_at: Option<Timestamp>,
}

/// One refresh token of a session: the newest is unused, a used one that comes again ends the family.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshToken {
    /// What is compared; the primary key.
    pub hash: TokenHash,
    /// Its family.
    pub session_id: SessionId,
    /// When it was exchanged.
    pub used_at: Option<Timestamp>,
    /// When it was made.
    pub created_at: Timestamp,
}

/// What presenting a refresh token leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rotation {
    /// Exchange it for the next one.
    Rotate,
    /// It was used before: somebody has a copy, the family ends.
    EndFamily,
    /// Session over.
    Refuse,
}

/// Decides what presenting `token` of `session` leads to.
#[must_use]
pub fn rotate(session: &Session, token: &RefreshToken, now: Timestamp) -> Rotation {
    if session.revoked_at.is_some() || now >= session.expires_at {
        Rotation::Refuse
    } else if token.used_at.is_some() {
        Rotation::EndFamily
    } else {
        Rotation::Rotate
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn addresses_are_folded_and_masked() {
        let email = Email::new("  Mia@Example.ORG ").unwrap();
        assert_eq!(email.as_str(), "mia@example.org");
        assert_eq!(format!("{email:?}"), "m…@example.org");
        for bad in ["", "a", "@b.c", "a@", "a b@c.d", "a@b@c", "a@.b", "<a@b.c>", "a\r\n@b.c"] {
            assert!(Email::new(bad).is_err(), "{bad:?}");
        }
    }

    #[test]
    fn locks_double_and_are_capped() {
        let seconds = |failures| lock_after(failures).map(|lock| lock.as_secs());
        assert_eq!([seconds(4), seconds(5), seconds(6), seconds(7)], [None, Some(30), Some(60), Some(120)]);
        assert_eq!(lock_after(u32::MAX), Some(LOCK_MAX));
    }

    #[test]
    fn a_used_refresh_token_ends_its_family() {
        let session = Session {
            id: SessionId(Uuid::from_u128(1)),
            user_id: UserId(Uuid::from_u128(2)),
            created_at: Timestamp(0),
            expires_at: Timestamp(100),
            revoked_at: None,
        };
        let token = RefreshToken { hash: TokenHash([0; 32]), session_id: session.id, used_at: None, created_at: Timestamp(0) };
        assert_eq!(rotate(&session, &token, Timestamp(1)), Rotation::Rotate);
        let used = RefreshToken { used_at: Some(Timestamp(1)), ..token.clone() };
        assert_eq!(rotate(&session, &used, Timestamp(2)), Rotation::EndFamily);
        assert_eq!(rotate(&session, &token, Timestamp(100)), Rotation::Refuse);
        let revoked = Session { revoked_at: Some(Timestamp(3)), ..session };
        assert_eq!(rotate(&revoked, &used, Timestamp(4)), Rotation::Refuse);
    }
}
