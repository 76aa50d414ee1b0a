//! One HTTP call: JSON out, status and body back.
//!
//! Invariants: redirects are not followed, answers are read up to [`ANSWER_BYTES_MAX`], errors carry no URL and no key.

use crate::ConfigError;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Request, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::time::{Duration, Instant};
use url::Url;

/// Most that is read of one answer.
const ANSWER_BYTES_MAX: usize = 256 * 1024;
/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// Idle connections are closed before servers do it: a call on a dying one has an unknown outcome.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// Why a call brought no usable answer.
#[derive(Debug, thiserror::Error)]
pub(crate) enum CallError {
    /// No connection, or nothing that could be sent: the server can't have heard us.
    #[error("not sent: {0}")]
    NotSent(&'static str, #[source] Option<reqwest::Error>),
    /// Sent, as far as we know, and not answered whole.
    #[error("no whole answer")]
    Lost(#[source] Option<reqwest::Error>),
    /// Longer than anything we read.
    #[error("answer over {ANSWER_BYTES_MAX} bytes, status {0}")]
    TooLong(StatusCode),
    /// Neither a release nor the partner's error body.
    #[error("unreadable answer, status {0}")]
    Unreadable(StatusCode),
    /// The partner's error body, where it is no answer.
    #[error("status {0}, {1}")]
    Status(StatusCode, String),
    /// An answer about something else than asked for.
    #[error("the answer is about another release")]
    Another,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// The way to the partner, with what goes into every call.
pub(crate) struct Transport {
    client: Client,
    base: Url,
}

impl Transport {
    pub(crate) fn new(base_url: &str, key: &SecretString, whole: Duration) -> Result<Self, ConfigError> {
        let client = Client::builder()
            .default_headers(default_headers(key)?)
            .user_agent(concat!("veza/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(IDLE_MAX)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(whole)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(ConfigError::Client)?;
        Ok(Self { client, base: base(base_url)? })
    }

    /// Sends a call that changes something, with its idempotency key.
    pub(crate) async fn post(&self, segments: &[&str], key: &str, body: String) -> Result<Answer, CallError> {
        let key = HeaderValue::from_str(key).map_err(|_| CallError::NotSent("no header can carry the key", None))?;
        let mut request = Request::new(Method::POST, self.url(segments)?);
        request.headers_mut().insert("idempotency-key", key);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.into());
        self.send(request).await
    }

    pub(crate) async fn get(&self, segments: &[&str], query: &[(&str, &str)]) -> Result<Answer, CallError> {
        let mut url = self.url(segments)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(Request::new(Method::GET, url)).await
    }

    /// Each segment is percent-encoded. Dot segments would vanish from the path, so they are no references.
    fn url(&self, segments: &[&str]) -> Result<Url, CallError> {
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(CallError::NotSent("not a reference", None));
        }
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(["v1", "releases"]).extend(segments),
            Err(()) => return Err(CallError::NotSent("the base URL has no path", None)),
        };
        Ok(url)
    }

    async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let (method, path, started) = (request.method().clone(), request.url().path().to_owned(), Instant::now());
        let answer = self.receive(request).await;
        let elapsed_ms = started.elapsed().as_millis();
        match &answer {
            Ok(answer) => tracing::debug!(%method, path, status = answer.status.as_u16(), elapsed_ms, "the distributor answered"),
            Err(error) => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::warn!(%method, path, elapsed_ms, %error, cause, "the distributor did not answer");
            }
        }
        answer
    }

    async fn receive(&self, request: Request) -> Result<Answer, CallError> {
        let mut response = self.client.execute(request).await.map_err(|error| {
            let error = error.without_url();
            if error.is_connect() { CallError::NotSent("no connection", Some(error)) } else { CallError::Lost(Some(error)) }
        })?;
        let mut answer = Answer { status: response.status(), body: Vec::new() };
        while let Some(chunk) = response.chunk().await.map_err(|error| CallError::Lost(Some(error.without_url())))? {
            if answer.body.len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(CallError::TooLong(answer.status));
            }
            answer.body.extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transport({})", self.base)
    }
}

fn default_headers(key: &SecretString) -> Result<HeaderMap, ConfigError> {
    if key.expose_secret().trim().is_empty() {
        return Err(ConfigError::ApiKey);
    }
    let mut bearer = HeaderValue::from_str(&format!("Bearer {}", key.expose_secret())).map_err(|_| ConfigError::ApiKey)?;
    bearer.set_sensitive(true);
    Ok(HeaderMap::from_iter([(AUTHORIZATION, bearer)]))
}

fn base(base_url: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(base_url).map_err(|_| ConfigError::BaseUrl)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if plain && matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(ConfigError::BaseUrl) }
}
