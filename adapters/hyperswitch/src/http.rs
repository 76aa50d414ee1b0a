//! One HTTP call: what went out, what came back, and whether the server can have heard us.
//!
//! Invariants: redirects are not followed, answers are read up to [`ANSWER_BYTES_MAX`], errors carry no URL and no key.

use crate::ConfigError;
use async_trait::async_trait;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Request, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::Url;

/// Most that is read of one answer; a payment with all its refunds is a few dozen KiB.
pub(crate) const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Idle connections are closed before servers do it (some after 5 s): a call on a dying one has an unknown outcome.
const IDLE_MAX: Duration = Duration::from_secs(4);

/// Why a call brought no usable answer; the source beneath the port's errors.
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
    /// Neither the object asked for nor Hyperswitch's error body.
    #[error("unreadable answer, status {0}")]
    Unreadable(StatusCode),
    /// The provider's error body, where it is no verdict.
    #[error("status {status}, {code}: {message}")]
    Status {
        /// The HTTP status.
        status: StatusCode,
        /// The provider's code.
        code: String,
        /// The provider's words.
        message: String,
    },
    /// The provider holds it to be a duplicate, and then has none.
    #[error("{0} says that it exists, a read says that it does not")]
    Contradiction(String),
    /// What was read has another id than what was asked for.
    #[error("the answer is about another object")]
    OtherObject,
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) body: Vec<u8>,
}

/// Carries requests to a provider that is not at the end of a network: a simulator in the same process.
#[async_trait]
pub trait Wire: Send + Sync {
    /// The answer to a request.
    /// # Errors
    /// [`Cut`]: there is none.
    async fn carry(&self, request: Request) -> Result<Response, Cut>;
}

/// A request was not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cut {
    /// It did not arrive.
    NotSent,
    /// It may have arrived.
    Lost,
}

enum Road {
    Network(Client),
    Wire(Arc<dyn Wire>, HeaderMap),
}

/// The way to the provider, with what goes into every call.
pub(crate) struct Transport {
    road: Road,
    base: Url,
}

impl Transport {
    pub(crate) fn new(base_url: &str, api_key: &SecretString, connect: Duration, whole: Duration) -> Result<Self, ConfigError> {
        let client = Client::builder()
            .default_headers(default_headers(api_key)?)
            .user_agent(concat!("veza/", env!("CARGO_PKG_VERSION")))
            .pool_idle_timeout(IDLE_MAX)
            .connect_timeout(connect)
            .timeout(whole)
            .redirect(redirect::Policy::none())
            .build()
            .map_err(ConfigError::Client)?;
        Ok(Self { road: Road::Network(client), base: base(base_url)? })
    }

    pub(crate) fn over(wire: Arc<dyn Wire>, base_url: &str, key: &SecretString) -> Result<Self, ConfigError> {
        Ok(Self { road: Road::Wire(wire, default_headers(key)?), base: base(base_url)? })
    }

    /// Sends a creating call with its idempotency key.
    pub(crate) async fn post(&self, segments: &[&str], key: &str, body: Vec<u8>) -> Result<Answer, CallError> {
        let key = HeaderValue::from_str(key).map_err(|_| CallError::NotSent("no header can carry the idempotency key", None))?;
        let mut request = Request::new(Method::POST, self.url(segments)?);
        request.headers_mut().insert("idempotency-key", key);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        *request.body_mut() = Some(body.into());
        self.send(request).await
    }

    /// Reads, and has the provider ask the connector first where that can bring news (§3).
    pub(crate) async fn get_synced(&self, segments: &[&str]) -> Result<Answer, CallError> {
        let mut url = self.url(segments)?;
        url.set_query(Some("force_sync=true"));
        self.send(Request::new(Method::GET, url)).await
    }

    /// Reads what the provider has stored.
    pub(crate) async fn get(&self, segments: &[&str]) -> Result<Answer, CallError> {
        self.send(Request::new(Method::GET, self.url(segments)?)).await
    }

    /// Each segment is percent-encoded. Dot segments would vanish from the path, so they are no ids.
    fn url(&self, segments: &[&str]) -> Result<Url, CallError> {
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(CallError::NotSent("not an id", None));
        }
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().extend(segments),
            Err(()) => return Err(CallError::NotSent("the base URL has no path", None)),
        };
        Ok(url)
    }

    async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let (method, path, started) = (request.method().clone(), request.url().path().to_owned(), Instant::now());
        let answer = receive(&self.road, request).await;
        let elapsed_ms = started.elapsed().as_millis();
        match &answer {
            Ok((answer, request_id)) => {
                let (status, request_id) = (answer.status.as_u16(), request_id.as_deref());
                if answer.status.is_success() {
                    tracing::debug!(%method, path, status, request_id, elapsed_ms, "hyperswitch answered");
                } else {
                    tracing::warn!(%method, path, status, request_id, elapsed_ms, "hyperswitch answered with an error");
                }
            }
            Err(error) => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::warn!(%method, path, elapsed_ms, %error, cause, "hyperswitch did not answer");
            }
        }
        answer.map(|(answer, _)| answer)
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transport({})", self.base)
    }
}

/// The answer, and the id that Hyperswitch's support asks for (§1).
async fn receive(road: &Road, request: Request) -> Result<(Answer, Option<String>), CallError> {
    let mut response = travel(road, request).await?;
    let status = response.status();
    let request_id = response.headers().get("x-request-id").and_then(|id| id.to_str().ok()).map(str::to_owned);
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| CallError::Lost(Some(error.without_url())))? {
        if body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CallError::TooLong(status));
        }
        body.extend_from_slice(&chunk);
    }
    Ok((Answer { status, body }, request_id))
}

async fn travel(road: &Road, mut request: Request) -> Result<Response, CallError> {
    match road {
        Road::Network(client) => client.execute(request).await.map_err(|error| {
            let error = error.without_url();
            if error.is_connect() { CallError::NotSent("no connection", Some(error)) } else { CallError::Lost(Some(error)) }
        }),
        Road::Wire(wire, headers) => {
            request.headers_mut().extend(headers.clone());
            wire.carry(request).await.map_err(|cut| match cut {
                Cut::NotSent => CallError::NotSent("no connection", None),
                Cut::Lost => CallError::Lost(None),
            })
        }
    }
}

fn default_headers(api_key: &SecretString) -> Result<HeaderMap, ConfigError> {
    let mut key = HeaderValue::from_str(api_key.expose_secret()).map_err(|_| ConfigError::ApiKey)?;
    if key.is_empty() {
        return Err(ConfigError::ApiKey);
    }
    key.set_sensitive(true);
    Ok(HeaderMap::from_iter([(reqwest::header::HeaderName::from_static("api-key"), key)]))
}

fn base(base_url: &str) -> Result<Url, ConfigError> {
    let url = Url::parse(base_url).map_err(|_| ConfigError::BaseUrl)?;
    let plain = url.username().is_empty() && url.password().is_none() && url.query().is_none() && url.fragment().is_none();
    if plain && matches!(url.scheme(), "http" | "https") { Ok(url) } else { Err(ConfigError::BaseUrl) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn url(base_url: &str, segments: &[&str]) -> Option<String> {
        let transport = Transport { road: Road::Network(Client::new()), base: base(base_url).ok()? };
        transport.url(segments).ok().map(String::from)
    }

    #[test]
    fn ids_are_percent_encoded_path_segments() {
        let of = |id| url("https://psp.example/v1/", &["payments", id]);
        assert_eq!(of("pay_1").as_deref(), Some("https://psp.example/v1/payments/pay_1"));
        assert_eq!(of("a/../b?c#d%2f").as_deref(), Some("https://psp.example/v1/payments/a%2F..%2Fb%3Fc%23d%252f"));
        for no_id in ["", ".", ".."] {
            assert_eq!(of(no_id), None, "{no_id:?}");
        }
    }

    #[test]
    fn the_base_url_is_plain_http() {
        for bad in ["", "psp.example", "ftp://psp.example", "https://me:secret@psp.example", "https://psp.example?a=b", "https://x/#y"] {
            assert!(matches!(base(bad), Err(ConfigError::BaseUrl)), "{bad}");
        }
    }
}
