//! Mail that goes out.

use crate::BoxError;
use async_trait::async_trait;
use std::fmt;

/// One mail, as text. Its body may hold a token, so `Debug` leaves it out.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// Stable over retries: becomes the `Message-ID`, so a mail that was sent twice is one mail to its reader.
    pub id: String,
    /// The address.
    pub to: String,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub body: String,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Mail({}, {:?})", self.id, self.subject)
    }
}

/// Why a mail did not go out.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// The server can't be reached or is not ready; try again.
    #[error("mail server unavailable")]
    Unavailable(#[source] BoxError),
    /// The server refused this mail for good.
    #[error("mail refused: {0}")]
    Refused(String),
}

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Reaches the mail server without sending anything, so that a failure says nothing about any address.
    /// # Errors
    /// [`MailError::Unavailable`].
    async fn check(&self) -> Result<(), MailError>;

    /// Hands one mail over. May be repeated with the same [`Mail::id`].
    /// # Errors
    /// [`MailError`].
    async fn send(&self, mail: &Mail) -> Result<(), MailError>;
}
