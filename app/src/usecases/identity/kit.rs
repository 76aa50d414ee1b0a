//! What the flows of identity share.

use super::{passwords, tokens, unknown};
use secrecy::SecretString;
use std::sync::Arc;
use veza_ports::clock::IdSource;

/// What the flows of identity share. Cheap to copy: a process that runs several instances hashes for all of them in one place.
#[derive(Clone)]
pub struct Identity {
    /// Hashes passwords, a few at a time.
    pub passwords: Arc<passwords::Passwords>,
    /// Makes the tokens that go out by mail.
    pub mail_tokens: tokens::MailTokens,
    /// Names addresses that have no account.
    pub unknown: unknown::UnknownAddresses,
    /// Production: without a mail server nothing is begun. Development only warns.
    pub mail_has_to_work: bool,
}

impl Identity {
    /// With keys derived from the server's secret (`JWT_SECRET`). Takes the time of one password hash.
    #[must_use]
    pub fn new(server_secret: &SecretString, ids: &dyn IdSource, mail_has_to_work: bool) -> Self {
        Self {
            passwords: Arc::new(passwords::Passwords::new(ids)),
            mail_tokens: tokens::MailTokens::new(server_secret),
            unknown: unknown::UnknownAddresses::new(server_secret),
            mail_has_to_work,
        }
    }
}
