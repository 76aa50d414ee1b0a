//! Mail over SMTP.
//!
//! Encryption follows from what is configured: port 465 speaks TLS from the start; a login that leaves this machine goes over
//! STARTTLS or not at all; everything else (MailHog on `localhost:1025`) takes STARTTLS where the server offers it.

use async_trait::async_trait;
use lettre::address::AddressError;
use lettre::message::header::ContentType;
use lettre::message::{Mailbox, Message};
use lettre::transport::smtp;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Tls, TlsParameters};
use lettre::transport::smtp::commands;
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use tokio::time::{Instant, timeout_at};
use veza_ports::mail::{Mail, MailError, Mailer};

/// Longest wait for one address of the server to take the connection, so that a dead one leaves time for the next. lettre limits
/// nothing that comes after: that is [`DEADLINE`]'s.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);
/// Longest time for one mail or one check, all steps together: a server that takes the connection and says nothing more must not keep
/// the outbox worker, which opens payments too.
const DEADLINE: Duration = Duration::from_secs(30);
/// What some servers answer late, at RCPT or DATA, of the session: out of order, not logged in, not encrypted (RFC 5321, RFC 4954).
const ABOUT_THE_SESSION: [u16; 5] = [503, 530, 534, 535, 538];
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
    Tls(#[source] smtp::Error),
}

/// Hands mails to a server, each over a connection of its own: one that was given up in the middle still has an answer to come,
/// which would be taken for the answer to the next mail.
pub struct SmtpMailer {
    host: String,
    port: u16,
    encryption: Tls,
    credentials: Option<Credentials>,
    hello: ClientId,
    from: Mailbox,
    deadline: Duration,
}

impl SmtpMailer {
    /// Connects to nothing yet.
    /// # Errors
    /// [`SmtpConfigError`].
    pub fn new(config: &SmtpConfig) -> Result<Self, SmtpConfigError> {
        let address = config.from.parse().map_err(SmtpConfigError::From)?;
        let name = Some(config.from_name.clone()).filter(|name| !name.is_empty());
        let login = config.username.as_ref().zip(config.password.as_ref());
        Ok(Self {
            host: config.host.clone(),
            port: config.port,
            encryption: encryption(config)?,
            credentials: login.map(|(username, password)| Credentials::new(username.clone(), password.expose_secret().to_owned())),
            hello: ClientId::default(),
            from: Mailbox::new(name, address),
            deadline: DEADLINE,
        })
    }

    /// With another limit than 30 seconds for one mail or one check, all steps together.
    #[must_use]
    pub fn with_deadline(self, deadline: Duration) -> Self {
        Self { deadline, ..self }
    }

    /// A connection that is ready for a mail: greeted, encrypted and logged in as configured.
    async fn connect(&self) -> Result<AsyncSmtpConnection, smtp::Error> {
        let wrapper = if let Tls::Wrapper(parameters) = &self.encryption { Some(parameters.clone()) } else { None };
        let server = (self.host.as_str(), self.port);
        let mut connection = AsyncSmtpConnection::connect_tokio1(server, Some(CONNECT_TIMEOUT), &self.hello, wrapper, None).await?;
        match &self.encryption {
            Tls::Required(parameters) => connection.starttls(parameters.clone(), &self.hello).await?,
            Tls::Opportunistic(parameters) if connection.can_starttls() => connection.starttls(parameters.clone(), &self.hello).await?,
            Tls::Opportunistic(_) | Tls::Wrapper(_) | Tls::None => {}
        }
        if let Some(credentials) = &self.credentials {
            connection.auth(DEFAULT_MECHANISMS, credentials).await?;
        }
        Ok(connection)
    }

    /// What MAIL FROM has to announce of `message`, where the server can do it; where not, it never will.
    fn parameters(&self, connection: &AsyncSmtpConnection, message: &Message, text: &[u8]) -> Result<Vec<MailParameter>, MailError> {
        let can = |extension| connection.server_info().supports_feature(extension);
        let mut parameters = Vec::new();
        let ours = !self.from.email.to_string().is_ascii();
        let theirs = message.envelope().to().iter().any(|address| !address.to_string().is_ascii());
        if ours || theirs {
            parameters.push(MailParameter::SmtpUtfEight);
            if !can(Extension::SmtpUtfEight) {
                // The sender is configured: that is no fault of this mail, and can be mended.
                return Err(if ours {
                    MailError::Unavailable("the sender's address needs SMTPUTF8, which the mail server lacks".into())
                } else {
                    MailError::Refused("the recipient's address needs SMTPUTF8, which the mail server lacks".to_owned())
                });
            }
        }
        if !text.is_ascii() {
            parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
            if !can(Extension::EightBitMime) {
                return Err(MailError::Refused("the mail needs 8BITMIME, which the mail server lacks".to_owned()));
            }
        }
        Ok(parameters)
    }

    /// Step by step, for a refusal means the mail only from RCPT on: what is said before is about us.
    async fn hand_over(&self, connection: &mut AsyncSmtpConnection, message: &Message) -> Result<(), MailError> {
        let text = message.formatted();
        let parameters = self.parameters(connection, message, &text)?;
        let from = Some(self.from.email.clone());
        connection.command(commands::Mail::new(from, parameters)).await.map_err(unavailable)?;
        for to in message.envelope().to() {
            connection.command(commands::Rcpt::new(to.clone(), Vec::new())).await.map_err(judged)?;
        }
        connection.command(commands::Data).await.map_err(judged)?;
        connection.message(&text).await.map_err(judged)?;
        Ok(())
    }

    fn message(&self, mail: &Mail) -> Result<Message, MailError> {
        let to = mail.to.parse();
        let to =
            to.map_err(|error: AddressError| MailError::Refused(format!("the recipient's address is none that mail can go to: {error}")))?;
        Message::builder()
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.email.domain())))
            .from(self.from.clone())
            .to(Mailbox::new(None, to))
            .subject(mail.subject.clone())
            .header(ContentType::TEXT_PLAIN)
            .body(mail.body.clone())
            .map_err(|error| MailError::Refused(format!("the mail can't be written: {error}")))
    }
}

/// `step`, unless it takes until after `deadline`.
async fn within<T>(deadline: Instant, step: impl Future<Output = Result<T, MailError>>) -> Result<T, MailError> {
    let late = || MailError::Unavailable("the mail server did not answer in time".into());
    timeout_at(deadline, step).await.unwrap_or_else(|_| Err(late()))
}

fn unavailable(error: smtp::Error) -> MailError {
    MailError::Unavailable(Box::new(error))
}

/// What the server says of one mail, at RCPT or after.
fn judged(error: smtp::Error) -> MailError {
    let of_the_session = error.status().is_some_and(|code| ABOUT_THE_SESSION.contains(&code.into()));
    if error.is_permanent() && !of_the_session { MailError::Refused(error.to_string()) } else { unavailable(error) }
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
        let deadline = Instant::now() + self.deadline;
        let reached = async {
            let mut connection = self.connect().await.map_err(unavailable)?;
            connection.command(commands::Noop).await.map_err(unavailable)?;
            Ok(connection)
        };
        let mut connection = within(deadline, reached).await?;
        // It was ready; how it takes leave changes nothing.
        let _ = timeout_at(deadline, connection.quit()).await;
        Ok(())
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        let deadline = Instant::now() + self.deadline;
        let message = self.message(mail)?;
        let connect = async { self.connect().await.map_err(unavailable) };
        let mut connection = within(deadline, connect).await?;
        let handed_over = within(deadline, self.hand_over(&mut connection, &message)).await;
        if !matches!(handed_over, Err(MailError::Unavailable(_))) {
            // Its word stands, however it takes leave: a mail that it has taken must not be sent again.
            let _ = timeout_at(deadline, connection.quit()).await;
        }
        handed_over
    }
}

impl std::fmt::Debug for SmtpMailer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SmtpMailer").field("from", &self.from).finish_non_exhaustive()
    }
}
