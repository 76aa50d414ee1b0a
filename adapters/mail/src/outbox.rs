//! Mails kept in a local folder, for development: one file a mail, readable by its owner only.
//!
//! A file looks like a mail: a few header lines, an empty line, the text. It appears whole or not at all (written aside, then
//! renamed), and a mail with the same id is not written again.

use async_trait::async_trait;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::io::AsyncWriteExt;
use veza_ports::mail::{Mail, MailError, Mailer};

/// Ends the name of a mail's file.
const SUFFIX: &str = "eml";

/// A mail of the outbox.
#[derive(Clone, PartialEq, Eq)]
pub struct StoredMail {
    /// The mail.
    pub mail: Mail,
    /// When it was handed over, microseconds since 1970.
    pub sent_at_micros: u64,
}

impl std::fmt::Debug for StoredMail {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredMail({:?}, {})", self.mail, self.sent_at_micros)
    }
}

/// A folder that mails go to.
#[derive(Clone, Debug)]
pub struct OutboxMailer {
    folder: PathBuf,
}

impl OutboxMailer {
    /// Uses `folder`, which is made when the first mail comes.
    pub fn new(folder: impl Into<PathBuf>) -> Self {
        Self { folder: folder.into() }
    }

    /// Where it is.
    #[must_use]
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    /// The newest mails, newest first, at most `limit`.
    /// # Errors
    /// What reading the folder says; a folder that is not there is empty.
    pub async fn list(&self, limit: usize) -> std::io::Result<Vec<StoredMail>> {
        let mut mails = Vec::new();
        let mut entries = match tokio::fs::read_dir(&self.folder).await {
            Ok(entries) => entries,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(mails),
            Err(error) => return Err(error),
        };
        while let Some(entry) = entries.next_entry().await? {
            if entry.path().extension().is_some_and(|suffix| suffix == SUFFIX) {
                let text = tokio::fs::read_to_string(entry.path()).await?;
                mails.extend(parse(&text));
            }
        }
        mails.sort_by(|a, b| (b.sent_at_micros, &b.mail.id).cmp(&(a.sent_at_micros, &a.mail.id)));
        mails.truncate(limit);
        Ok(mails)
    }

    /// The mail with this id.
    /// # Errors
    /// What reading the file says, unless that is "not there".
    pub async fn read(&self, id: &str) -> std::io::Result<Option<StoredMail>> {
        match tokio::fs::read_to_string(self.path(id)).await {
            Ok(text) => Ok(parse(&text)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Anything but letters, digits and `-` becomes `_`: an id can't leave the folder.
    fn path(&self, id: &str) -> PathBuf {
        let name: String = id.chars().map(|c| if c.is_ascii_alphanumeric() || c == '-' { c } else { '_' }).collect();
        self.folder.join(name).with_extension(SUFFIX)
    }

    async fn write(&self, mail: &Mail) -> std::io::Result<()> {
        let path = self.path(&mail.id);
        if tokio::fs::try_exists(&path).await? {
            return Ok(());
        }
        tokio::fs::create_dir_all(&self.folder).await?;
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_micros());
        let text = format!(
            "Message-ID: {}\nTo: {}\nSubject: {}\nX-Sent-At: {now}\n\n{}",
            line(&mail.id),
            line(&mail.to),
            line(&mail.subject),
            mail.body
        );
        let aside = path.with_extension("part");
        let mut options = tokio::fs::OpenOptions::new();
        options.write(true).create(true).truncate(true);
        #[cfg(unix)]
        options.mode(0o600);
        let mut file = options.open(&aside).await?;
        file.write_all(text.as_bytes()).await?;
        file.sync_all().await?;
        tokio::fs::rename(&aside, &path).await
    }
}

/// One header line: without anything that could begin another.
fn line(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

fn parse(text: &str) -> Option<StoredMail> {
    let (head, body) = text.split_once("\n\n")?;
    let header = |name: &str| {
        let found = head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "));
        found.unwrap_or_default().to_owned()
    };
    let mail = Mail { id: header("Message-ID"), to: header("To"), subject: header("Subject"), body: body.to_owned() };
    Some(StoredMail { mail, sent_at_micros: header("X-Sent-At").parse().ok()? })
}

#[async_trait]
impl Mailer for OutboxMailer {
    async fn check(&self) -> Result<(), MailError> {
        tokio::fs::create_dir_all(&self.folder).await.map_err(|error| MailError::Unavailable(Box::new(error)))
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.write(mail).await.map_err(|error| MailError::Unavailable(Box::new(error)))
    }
}
