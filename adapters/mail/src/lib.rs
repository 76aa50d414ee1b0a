//! Mail that goes out: over SMTP ([`SmtpMailer`]), or into a local folder that a page and a command show ([`OutboxMailer`]).
//!
//! Invariants: a mail handed over twice with one id is one mail to its reader; passwords and bodies never reach a log, an
//! error or a `Debug` output.

mod outbox;
mod smtp;

pub use outbox::{OutboxMailer, StoredMail};
pub use smtp::{SmtpConfig, SmtpConfigError, SmtpMailer};
