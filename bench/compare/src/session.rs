//! Somebody at a server: a keep-alive connection, opened anew when it was idle for long or was cut, and who it is.

use serde_json::Value;
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use veza_bench::client::{Connection, request};
use veza_bench::failure::{Outcome, fail};

/// Node.js closes connections that have been idle for five seconds.
const IDLE_MAX: Duration = Duration::from_secs(3);

/// One person's way to a server.
pub struct Session {
    address: SocketAddr,
    connection: Option<Connection>,
    used: Instant,
    /// Header lines that say who it is.
    pub headers: String,
}

impl Session {
    /// Nobody in particular, until `headers` are set.
    #[must_use]
    pub fn new(address: SocketAddr) -> Self {
        Self { address, connection: None, used: Instant::now(), headers: String::new() }
    }

    /// The same person, on a connection of their own.
    #[must_use]
    pub fn again(&self) -> Self {
        Self { headers: self.headers.clone(), ..Self::new(self.address) }
    }

    /// Posts JSON, with more header lines if there are any, and reads status and answer.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn post(&mut self, path: &str, headers: &str, body: &Value) -> Outcome<(u16, Value)> {
        let request = request::json("POST", path, &format!("{}{headers}", self.headers), body);
        self.exchange(&request).await
    }

    /// Reads.
    ///
    /// # Errors
    /// There was no answer.
    pub async fn get(&mut self, path: &str) -> Outcome<(u16, Value)> {
        let request = request::bytes("GET", path, &self.headers, b"");
        self.exchange(&request).await
    }

    async fn exchange(&mut self, request: &[u8]) -> Outcome<(u16, Value)> {
        let idle = self.used.elapsed() > IDLE_MAX;
        let mut connection = match self.connection.take() {
            Some(connection) if !idle => connection,
            _ => Connection::open(self.address).await?,
        };
        let answer = connection.exchange(request).await?;
        let value = serde_json::from_slice(answer.body).unwrap_or_else(|_| String::from_utf8_lossy(answer.body).into_owned().into());
        let status = answer.status;
        self.connection = Some(connection);
        self.used = Instant::now();
        Ok((status, value))
    }
}

/// The answer, if it has this status.
///
/// # Errors
/// It has another.
pub fn expect(status: u16, (came, answer): (u16, Value)) -> Outcome<Value> {
    if came == status { Ok(answer) } else { fail(format!("{status} expected, {came} came: {answer}")) }
}

/// A text in an answer.
///
/// # Errors
/// It is not there.
pub fn text<'a>(value: &'a Value, pointer: &str) -> Outcome<&'a str> {
    value.pointer(pointer).and_then(Value::as_str).ok_or_else(|| format!("{pointer} is missing: {value}").into())
}
