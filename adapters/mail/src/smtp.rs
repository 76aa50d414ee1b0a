//! Mail over SMTP.
//!
//! Encryption follows from what is configured: port 465 speaks TLS from the start; a login that leaves this machine goes over
//! STARTTLS or not at all; everything else (MailHog on `localhost:1025`) takes STARTTLS where the server offers it.

use async_trait::async_trait;
use lettre::address::AddressError;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp::authentication::Credentials;
use lettre::transport::smtp::client::{Tls, TlsParameters};
use lettre::{AsyncSmtpTransport, AsyncTransport, Tokio1Executor};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use veza_ports::mail::{Mail, MailError, Mailer};

/// Longest wait for any one step with the server.
const STEP_TIMEOUT: Duration = Duration::from_secs(10);
/// SMTP with TLS from the start (RFC 8314).
const SUBMISSIONS_PORT: u16 = 465;

/// Where the mail server is and who the mails are from (`SMTP_*`).
#[derive(Clone, Debug)]
pub struct SmtpConfig {
    /// Its host name.
    pub host: String,
    /// Its port.
    pub port: u16,
    /// Login, where it wants one.
    pub username: Option<String>,
    /// Its password.
    pub password: Option<SecretString>,
    /// Sender's address.
    pub from: String,
    /// Sender's name.
    pub from_name: String,
}

/// What is wrong with a configuration.
#[derive(Debug, thiserror::Error)]
pub enum SmtpConfigError {
    /// The sender is not a mail address.
    #[error("the sender's address is not a mail address")]
    From(#[source] AddressError),
    /// The host name can't be checked in a certificate.
    #[error("the mail server's name can't be used with TLS")]
    Tls(#[source] lettre::transport::smtp::Error),
}

/// Hands mails to a server; keeps a small pool of connections.
pub struct SmtpMailer {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: Mailbox,
}

impl SmtpMailer {
    /// Connects to nothing yet.
    /// # Errors
    /// [`SmtpConfigError`].
    pub fn new(config: &SmtpConfig) -> Result<Self, SmtpConfigError> {
        let address = config.from.parse().map_err(SmtpConfigError::From)?;
        let name = Some(config.from_name.clone()).filter(|name| !name.is_empty());
        let mut transport = AsyncSmtpTransport::<Tokio1Executor>::builder_dangerous(&config.host)
            .port(config.port)
            .timeout(Some(STEP_TIMEOUT))
            .tls(encryption(config)?);
        if let (Some(username), Some(password)) = (&config.username, &config.password) {
            transport = transport.credentials(Credentials::new(username.clone(), password.expose_secret().to_owned()));
        }
        Ok(Self { transport: transport.build(), from: Mailbox::new(name, address) })
    }

    fn message(&self, mail: &Mail) -> Result<Message, MailError> {
        let refused = |error: &dyn std::error::Error| MailError::Refused(error.to_string());
        let to = mail.to.parse().map_err(|error: AddressError| refused(&error))?;
        Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body.clone())
            .map_err(|error| refused(&error))
    }
}

fn encryption(config: &SmtpConfig) -> Result<Tls, SmtpConfigError> {
    let parameters = TlsParameters::new(config.host.clone()).map_err(SmtpConfigError::Tls)?;
    Ok(if config.port == SUBMISSIONS_PORT {
        Tls::Wrapper(parameters)
    } else if config.username.is_some() && !is_loopback(&config.host) {
        Tls::Required(parameters)
    } else if is_loopback(&config.host) {
        Tls::None
    } else {
        Tls::Opportunistic(parameters)
    })
}

fn is_loopback(host: &str) -> bool {
    host.eq_ignore_ascii_case("localhost") || host.parse::<std::net::IpAddr>().is_ok_and(|ip| ip.is_loopback())
}

#[async_trait]
impl Mailer for SmtpMailer {
    async fn check(&self) -> Result<(), MailError> {
        match self.transport.test_connection().await {
            Ok(true) => Ok(()),
            Ok(false) => Err(MailError::Unavailable("the mail server is not ready".into())),
            Err(error) => Err(MailError::Unavailable(Box::new(error))),
        }
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let message = self.message(mail)?;
        match self.transport.send(message).await {
            Ok(_) => Ok(()),
            Err(error) if error.is_permanent() => Err(MailError::Refused(error.to_string())),
            Err(error) => Err(MailError::Unavailable(Box::new(error))),
        }
    }
}

impl std::fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpMailer").field("from", &self.from).finish_non_exhaustive()
    }
}
