//! Both mailers keep the same promises.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::sync::{Arc, Mutex};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpListener;
use veza_mail::{OutboxMailer, SmtpConfig, SmtpMailer};
use veza_ports::mail::{Mail, MailError, Mailer};

fn mail() -> Mail {
    Mail {
        id: "0190-mail".to_owned(),
        to: "mia@example.org".to_owned(),
        subject: "Prove your address".to_owned(),
        body: "Open this:\n\nhttp://localhost/verify-email?token=abc\n".to_owned(),
    }
}

/// What every mailer does with one mail, handed over twice.
async fn contract(mailer: &dyn Mailer) {
    mailer.check().await.unwrap();
    mailer.send(&mail()).await.unwrap();
    mailer.send(&mail()).await.unwrap();
}

#[tokio::test]
async fn the_outbox_keeps_one_mail_per_id_newest_first() {
    let folder = tempfile::tempdir().unwrap();
    let outbox = OutboxMailer::new(folder.path().join("outbox"));
    assert!(outbox.list(10).await.unwrap().is_empty(), "a folder that is not there is empty");
    contract(&outbox).await;
    let later = Mail { id: "0191-mail".to_owned(), subject: "a\r\nTo: b".to_owned(), ..mail() };
    outbox.send(&later).await.unwrap();
    let kept = outbox.list(10).await.unwrap();
    let ids: Vec<&str> = kept.iter().map(|kept| kept.mail.id.as_str()).collect();
    assert_eq!(ids, ["0191-mail", "0190-mail"]);
    assert_eq!(kept[1].mail, mail());
    assert_eq!((kept[0].mail.to.as_str(), kept[0].mail.subject.as_str()), ("mia@example.org", "aTo: b"));
    assert_eq!(outbox.list(1).await.unwrap().len(), 1);
    assert_eq!(outbox.read("0190-mail").await.unwrap().unwrap().mail, mail());
    assert!(outbox.read("../../etc/passwd").await.unwrap().is_none());
}

#[cfg(unix)]
#[tokio::test]
async fn a_mail_is_readable_by_its_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    OutboxMailer::new(folder.path()).send(&mail()).await.unwrap();
    let entry = std::fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap();
    assert_eq!(entry.metadata().unwrap().permissions().mode() & 0o777, 0o600);
}

#[tokio::test]
async fn smtp_hands_over_and_repeats_the_message_id() {
    let server = Server::start("250 ok").await;
    contract(&server.mailer()).await;
    let seen = server.messages();
    assert_eq!(seen.len(), 2);
    for text in seen {
        assert!(text.contains("Message-ID: <0190-mail@veza.local>"), "{text}");
        assert!(text.contains("From: Veza <no-reply@veza.local>") || text.contains("From: \"Veza\" <no-reply@veza.local>"), "{text}");
        assert!(text.contains("token=abc"), "{text}");
    }
}

#[tokio::test]
async fn smtp_tells_refused_from_unavailable() {
    let gone = SmtpMailer::new(&config(1)).unwrap();
    assert!(matches!(gone.check().await, Err(MailError::Unavailable(_))));
    assert!(matches!(gone.send(&mail()).await, Err(MailError::Unavailable(_))));
    let refusing = Server::start("550 no such user").await;
    assert!(matches!(refusing.mailer().send(&mail()).await, Err(MailError::Refused(_))));
    let busy = Server::start("451 later").await;
    assert!(matches!(busy.mailer().send(&mail()).await, Err(MailError::Unavailable(_))));
}

fn config(port: u16) -> SmtpConfig {
    SmtpConfig {
        host: "127.0.0.1".to_owned(),
        port,
        username: None,
        password: None,
        from: "no-reply@veza.local".to_owned(),
        from_name: "Veza".to_owned(),
    }
}

/// A mail server that answers `RCPT` as told.
struct Server {
    port: u16,
    seen: Arc<Mutex<Vec<String>>>,
}

impl Server {
    async fn start(rcpt: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let kept = Arc::clone(&seen);
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                tokio::spawn(serve(socket, rcpt, Arc::clone(&kept)));
            }
        });
        Self { port, seen }
    }

    fn mailer(&self) -> SmtpMailer {
        SmtpMailer::new(&config(self.port)).unwrap()
    }

    fn messages(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve(socket: tokio::net::TcpStream, rcpt: &str, seen: Arc<Mutex<Vec<String>>>) {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    write.write_all(b"220 test\r\n").await.unwrap();
    let mut data: Option<String> = None;
    while let Ok(Some(line)) = lines.next_line().await {
        let answer = match &mut data {
            Some(text) if line == "." => {
                seen.lock().unwrap().push(std::mem::take(text));
                data = None;
                "250 ok"
            }
            Some(text) => {
                text.push_str(&line);
                text.push('\n');
                continue;
            }
            None if line.starts_with("RCPT") => rcpt,
            None if line.starts_with("DATA") => {
                data = Some(String::new());
                "354 go on"
            }
            None if line.starts_with("QUIT") => "221 bye",
            None => "250 ok",
        };
        if write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err() {
            return;
        }
    }
}
