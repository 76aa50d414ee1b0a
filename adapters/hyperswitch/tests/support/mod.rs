//! A server that plays a script over raw TCP: exact bytes, odd statuses, cut connections. It keeps what it was sent.

use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// What happens to one request.
#[derive(Clone)]
#[allow(dead_code, reason = "each test crate uses its own part")]
pub enum Reply {
    /// Status and body, as JSON.
    Json(u16, String),
    /// Status, further header lines and body.
    With(u16, &'static str, String),
    /// The request is read, the connection is closed without a byte.
    Cut,
    /// Headers promise more than the body holds.
    CutInBody,
    /// The request is read, nothing comes back.
    Silence,
}

/// A request as it arrived.
#[derive(Clone, Debug)]
#[allow(dead_code, reason = "each test crate uses its own part")]
pub struct Seen {
    /// `POST /payments`
    pub line: String,
    /// Header lines, names in lower case.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: String,
}

#[allow(dead_code, reason = "each test crate uses its own part")]
impl Seen {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The server; requests past the script's end are cut.
pub struct Scripted {
    pub url: String,
    seen: Arc<Mutex<Vec<Seen>>>,
}

impl Scripted {
    pub async fn start(replies: impl IntoIterator<Item = Reply>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let seen = Arc::new(Mutex::new(Vec::new()));
        let (log, replies) = (seen.clone(), replies.into_iter().collect::<Vec<_>>());
        tokio::spawn(async move {
            let mut replies = replies.into_iter();
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                log.lock().unwrap().push(request);
                let reply = replies.next().unwrap_or(Reply::Cut);
                tokio::spawn(answer(stream, reply));
            }
        });
        Self { url, seen }
    }

    /// What arrived so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    let head_end = loop {
        if let Some(at) = bytes.windows(4).position(|window| window == b"\r\n\r\n") {
            break at;
        }
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    };
    let head = String::from_utf8(bytes[..head_end].to_vec()).ok()?;
    let mut lines = head.lines();
    let line = lines.next()?.trim_end_matches(" HTTP/1.1").to_owned();
    let headers: Vec<(String, String)> =
        lines.filter_map(|line| line.split_once(": ")).map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned())).collect();
    let length = headers.iter().find(|(name, _)| name == "content-length").map_or(0, |(_, value)| value.parse().unwrap());
    while bytes.len() < head_end + 4 + length {
        if stream.read_buf(&mut bytes).await.ok()? == 0 {
            return None;
        }
    }
    Some(Seen { line, headers, body: String::from_utf8(bytes[head_end + 4..].to_vec()).ok()? })
}

async fn answer(mut stream: TcpStream, reply: Reply) {
    let response = |status: u16, headers: &str, length: usize, body: &str| {
        format!("HTTP/1.1 {status} X\r\nconnection: close\r\ncontent-length: {length}\r\n{headers}\r\n{body}")
    };
    let text = match reply {
        Reply::Json(status, body) => response(status, "content-type: application/json\r\n", body.len(), &body),
        Reply::With(status, headers, body) => response(status, headers, body.len(), &body),
        Reply::CutInBody => response(200, "content-type: application/json\r\n", 5000, "{\"payment_id\":"),
        Reply::Cut => return,
        Reply::Silence => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return;
        }
    };
    let _ = stream.write_all(text.as_bytes()).await;
    let _ = stream.shutdown().await;
}
