//! One keep-alive connection: writes prepared bytes, reads the answer, and does no more than that.

use crate::failure::{Outcome, fail};
use std::net::SocketAddr;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// Most headers of an answer.
const HEADERS_MAX: usize = 32;
/// Bytes that are asked for at a time.
const READ_BYTES: usize = 16 * 1024;

/// An answer, valid until the next request.
#[derive(Clone, Copy, Debug)]
pub struct Answer<'a> {
    /// HTTP status.
    pub status: u16,
    /// The body.
    pub body: &'a [u8],
}

/// A connection to a server.
pub struct Connection {
    stream: TcpStream,
    buffer: Vec<u8>,
}

/// Where the body of an answer is, once its head is complete.
struct Head {
    status: u16,
    begins: usize,
    ends: usize,
}

impl Connection {
    /// Connects.
    ///
    /// # Errors
    /// Nobody listens there.
    pub async fn open(address: SocketAddr) -> Outcome<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, buffer: Vec::with_capacity(READ_BYTES) })
    }

    /// Sends a whole request and reads its whole answer.
    ///
    /// # Errors
    /// The connection was cut, or the answer is not HTTP/1.1 with a `content-length`.
    pub async fn exchange(&mut self, request: &[u8]) -> Outcome<Answer<'_>> {
        self.stream.write_all(request).await?;
        self.buffer.clear();
        let mut head = None;
        loop {
            self.buffer.reserve(READ_BYTES);
            if self.stream.read_buf(&mut self.buffer).await? == 0 {
                return fail("the server closed the connection instead of answering");
            }
            if head.is_none() {
                head = parse(&self.buffer)?;
            }
            match &head {
                Some(head) if self.buffer.len() >= head.ends => break,
                _ => {}
            }
        }
        match head {
            Some(Head { status, begins, ends }) => Ok(Answer { status, body: &self.buffer[begins..ends] }),
            None => fail("the answer has no head"),
        }
    }
}

/// Reads the head of an answer; none while it is incomplete.
fn parse(bytes: &[u8]) -> Outcome<Option<Head>> {
    let mut headers = [httparse::EMPTY_HEADER; HEADERS_MAX];
    let mut response = httparse::Response::new(&mut headers);
    let httparse::Status::Complete(begins) = response.parse(bytes)? else { return Ok(None) };
    let status = response.code.unwrap_or(0);
    let length = response.headers.iter().find(|header| header.name.eq_ignore_ascii_case("content-length"));
    let length = length.and_then(|header| std::str::from_utf8(header.value).ok()?.trim().parse::<usize>().ok());
    match length {
        Some(length) => Ok(Some(Head { status, begins, ends: begins + length })),
        None => fail(format!("an answer with status {status} has no content-length")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_the_body_is() {
        let text = b"HTTP/1.1 201 Created\r\nContent-Length: 2\r\n\r\nok";
        assert!(parse(&text[..30]).unwrap().is_none());
        let head = parse(text).unwrap().unwrap();
        assert_eq!((head.status, &text[head.begins..head.ends]), (201, &b"ok"[..]));
        assert!(parse(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n").is_err());
    }
}
