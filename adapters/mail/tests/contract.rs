//! Both mailers keep the same promises.
#![allow(missing_docs, clippy::unwrap_used, clippy::panic, reason = "tests")]

use secrecy::SecretString;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
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
    let server = Server::start(POLITE).await;
    contract(&server.mailer()).await;
    let seen = server.messages();
    assert_eq!(seen.len(), 2);
    for text in seen {
        assert!(text.contains("Message-ID: <0190-mail@veza.local>"), "{text}");
        assert!(text.contains("From: Veza <no-reply@veza.local>") || text.contains("From: \"Veza\" <no-reply@veza.local>"), "{text}");
        assert!(text.contains("token=abc"), "{text}");
    }
}

/// What becomes of a mail at a server of this kind.
#[derive(Debug, PartialEq, Eq)]
enum Fate {
    Sent,
    Refused,
    Later,
}

async fn fate(mailer: &SmtpMailer, mail: &Mail) -> Fate {
    match mailer.send(mail).await {
        Ok(()) => Fate::Sent,
        Err(MailError::Refused(_)) => Fate::Refused,
        Err(MailError::Unavailable(_)) => Fate::Later,
    }
}

#[tokio::test]
async fn only_what_is_said_of_the_mail_itself_refuses_it() {
    let cases = [
        ("greeting", Script { greeting: "554 no service for you", ..POLITE }, Fate::Later),
        ("greeting, for now", Script { greeting: "421 too many", ..POLITE }, Fate::Later),
        ("EHLO", Script { ehlo: "550 not from there", ..POLITE }, Fate::Later),
        ("AUTH", Script { auth: "535 wrong password", ..POLITE }, Fate::Later),
        ("MAIL", Script { mail: "550 this sender is blocked", ..POLITE }, Fate::Later),
        ("RCPT", Script { rcpt: "550 no such user", ..POLITE }, Fate::Refused),
        ("RCPT, for now", Script { rcpt: "451 later", ..POLITE }, Fate::Later),
        ("RCPT, of the login", Script { rcpt: "530 log in first", ..POLITE }, Fate::Later),
        ("RCPT, of the order", Script { rcpt: "503 log in first", ..POLITE }, Fate::Later),
        ("DATA", Script { data: "554 no valid recipients", ..POLITE }, Fate::Refused),
        ("end of DATA", Script { end: "550 looks like spam", ..POLITE }, Fate::Refused),
        ("end of DATA, for now", Script { end: "452 disk full", ..POLITE }, Fate::Later),
        ("QUIT", Script { quit: "500 what", ..POLITE }, Fate::Sent),
        ("QUIT, and gone", Script { quit: GONE, ..POLITE }, Fate::Sent),
        ("QUIT after a refusal, and gone", Script { rcpt: "550 no such user", quit: GONE, ..POLITE }, Fate::Refused),
    ];
    for (step, script, expected) in cases {
        let server = Server::start(script).await;
        let mailer = SmtpMailer::new(&with_login(server.port)).unwrap();
        assert_eq!(fate(&mailer, &mail()).await, expected, "{step}");
    }
    let gone = SmtpMailer::new(&config(1)).unwrap();
    assert_eq!(fate(&gone, &mail()).await, Fate::Later, "nobody there");
}

#[tokio::test]
async fn a_check_tells_whether_mail_could_be_sent() {
    for script in [
        Script { greeting: "554 no service for you", ..POLITE },
        Script { auth: "535 wrong password", ..POLITE },
        Script { ehlo: "250 without logins", ..POLITE },
        Script { noop: "421 going down", ..POLITE },
    ] {
        let server = Server::start(script).await;
        let mailer = SmtpMailer::new(&with_login(server.port)).unwrap();
        assert!(matches!(mailer.check().await, Err(MailError::Unavailable(_))));
    }
    let server = Server::start(Script { quit: GONE, ..POLITE }).await;
    SmtpMailer::new(&with_login(server.port)).unwrap().check().await.unwrap();
    assert!(matches!(SmtpMailer::new(&config(1)).unwrap().check().await, Err(MailError::Unavailable(_))));
}

#[tokio::test]
async fn a_silent_server_keeps_nobody() {
    for script in [
        Script { greeting: SILENT, ..POLITE },
        Script { ehlo: SILENT, ..POLITE },
        Script { auth: SILENT, ..POLITE },
        Script { mail: SILENT, noop: SILENT, ..POLITE },
        Script { rcpt: SILENT, noop: SILENT, ..POLITE },
        Script { data: SILENT, noop: SILENT, ..POLITE },
        Script { end: SILENT, noop: SILENT, ..POLITE },
    ] {
        let server = Server::start(script).await;
        let mailer = SmtpMailer::new(&with_login(server.port)).unwrap().with_deadline(Duration::from_millis(50));
        assert!(matches!(mailer.check().await, Err(MailError::Unavailable(_))));
        assert_eq!(fate(&mailer, &mail()).await, Fate::Later);
    }
}

#[tokio::test]
async fn addresses_that_can_never_work_are_refused() {
    let server = Server::start(POLITE).await;
    let beyond_ascii = Mail { to: "mía@example.org".to_owned(), ..mail() };
    let refusal = server.mailer().send(&beyond_ascii).await.unwrap_err();
    assert_eq!(refusal.to_string(), "mail refused: the recipient's address needs SMTPUTF8, which the mail server lacks");
    let able = Server::start(Script { ehlo: "250-test\r\n250-8BITMIME\r\n250 SMTPUTF8", ..POLITE }).await;
    able.mailer().send(&beyond_ascii).await.unwrap();
    assert_eq!(able.messages().len(), 1);

    for to in ["nobody", "mia@", "a..b@example.org", "mia@-.org", "mía"] {
        let refusal = server.mailer().send(&Mail { to: to.to_owned(), ..mail() }).await.unwrap_err().to_string();
        assert!(refusal.starts_with("mail refused: the recipient's address is none that mail can go to: "), "{to}: {refusal}");
    }
    let ours = SmtpConfig { from: "vézà@veza.local".to_owned(), ..config(server.port) };
    assert_eq!(fate(&SmtpMailer::new(&ours).unwrap(), &mail()).await, Fate::Later, "the sender can be mended");
    assert!(server.messages().is_empty());
}

#[tokio::test]
async fn a_mail_that_was_given_up_leaves_no_answer_to_the_next() {
    let mut server = Server::start(Script { rcpt: SILENT, ..POLITE }).await;
    let (mailer, given_up) = (server.mailer(), mail());
    tokio::select! {
        biased;
        sent = mailer.send(&given_up) => panic!("RCPT was not answered: {sent:?}"),
        () = server.heard("RCPT") => {}
    }
    server.becomes(Script { rcpt: "550 no such user", ..POLITE });
    assert_eq!(fate(&mailer, &mail()).await, Fate::Refused);
    server.becomes(POLITE);
    assert_eq!(fate(&mailer, &mail()).await, Fate::Sent);
    assert_eq!(server.connections(), 3, "one each");
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

fn with_login(port: u16) -> SmtpConfig {
    SmtpConfig { username: Some("veza".to_owned()), password: Some(SecretString::from("a secret")), ..config(port) }
}

/// A server that says nothing, and stays.
const SILENT: &str = "";
/// A server that says nothing, and hangs up.
const GONE: &str = "gone";

/// What a mail server answers to each step.
#[derive(Clone, Copy)]
struct Script {
    greeting: &'static str,
    ehlo: &'static str,
    auth: &'static str,
    noop: &'static str,
    mail: &'static str,
    rcpt: &'static str,
    data: &'static str,
    end: &'static str,
    quit: &'static str,
}

/// Takes every mail.
const POLITE: Script = Script {
    greeting: "220 test",
    ehlo: "250-test\r\n250 AUTH PLAIN",
    auth: "235 welcome",
    noop: "250 ok",
    mail: "250 ok",
    rcpt: "250 ok",
    data: "354 go on",
    end: "250 ok",
    quit: "221 bye",
};

/// A mail server that answers by its script, as it stands when a client connects.
struct Server {
    port: u16,
    script: Arc<Mutex<Script>>,
    seen: Arc<Mutex<Seen>>,
    commands: mpsc::UnboundedReceiver<String>,
}

#[derive(Default)]
struct Seen {
    connections: usize,
    messages: Vec<String>,
}

impl Server {
    async fn start(script: Script) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (script, seen) = (Arc::new(Mutex::new(script)), Arc::new(Mutex::new(Seen::default())));
        let (heard, commands) = mpsc::unbounded_channel();
        let (current, kept) = (Arc::clone(&script), Arc::clone(&seen));
        tokio::spawn(async move {
            while let Ok((socket, _)) = listener.accept().await {
                kept.lock().unwrap().connections += 1;
                let script = *current.lock().unwrap();
                tokio::spawn(serve(socket, script, Arc::clone(&kept), heard.clone()));
            }
        });
        Self { port, script, seen, commands }
    }

    fn mailer(&self) -> SmtpMailer {
        SmtpMailer::new(&config(self.port)).unwrap()
    }

    fn becomes(&self, script: Script) {
        *self.script.lock().unwrap() = script;
    }

    /// Waits until a client has given this command.
    async fn heard(&mut self, command: &str) {
        while !self.commands.recv().await.unwrap().starts_with(command) {}
    }

    fn connections(&self) -> usize {
        self.seen.lock().unwrap().connections
    }

    fn messages(&self) -> Vec<String> {
        self.seen.lock().unwrap().messages.clone()
    }
}

async fn serve(socket: TcpStream, script: Script, seen: Arc<Mutex<Seen>>, heard: mpsc::UnboundedSender<String>) {
    let (read, mut write) = socket.into_split();
    let mut lines = BufReader::new(read).lines();
    let mut answer = script.greeting;
    let mut data: Option<String> = None;
    loop {
        if answer == GONE || (answer != SILENT && write.write_all(format!("{answer}\r\n").as_bytes()).await.is_err()) {
            return;
        }
        answer = loop {
            let Ok(Some(line)) = lines.next_line().await else { return };
            match &mut data {
                Some(text) if line == "." => {
                    seen.lock().unwrap().messages.push(std::mem::take(text));
                    data = None;
                    break script.end;
                }
                Some(text) => {
                    text.push_str(&line);
                    text.push('\n');
                }
                None => {
                    let answer = match line.split(' ').next().unwrap_or_default() {
                        "EHLO" => script.ehlo,
                        "AUTH" => script.auth,
                        "NOOP" => script.noop,
                        "MAIL" => script.mail,
                        "RCPT" => script.rcpt,
                        "DATA" => script.data,
                        "QUIT" => script.quit,
                        _ => "500 what",
                    };
                    data = (answer.starts_with("354")).then(String::new);
                    let _ = heard.send(line);
                    break answer;
                }
            }
        };
    }
}
