//! One HTTP call: form pairs out, status, body and the two headers that matter back (contracts/stripe.md §1, §2).
//!
//! Invariants: redirects are not followed, answers are read up to [`ANSWER_BYTES_MAX`], errors carry no URL and no key.

use crate::ConfigError;
use async_trait::async_trait;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Method, Request, Response, StatusCode, redirect};
use secrecy::{ExposeSecret, SecretString};
use std::fmt;
use std::sync::Arc;
use std::time::{Duration, Instant};
use url::{Url, form_urlencoded};

/// Sent with every call; without it the account's default version applies.
const API_VERSION: &str = "2026-05-27.dahlia";
/// Most that is read of one answer; a page of 100 transfers with 10 embedded reversals each stays below.
pub(crate) const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Names the connected account that a call is made as.
const STRIPE_ACCOUNT: &str = "stripe-account";
/// Idle connections are closed before servers do it (some after 5 s): a call on a dying one has an unknown outcome.
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
    /// Neither the object asked for nor Stripe's error body.
    #[error("unreadable answer, status {0}")]
    Unreadable(StatusCode),
    /// The provider's error body, where it is no answer.
    #[error("status {status}, {words}")]
    Status {
        /// The HTTP status.
        status: StatusCode,
        /// The provider's code and words.
        words: String,
    },
    /// A list that goes on past what we read, or never ends.
    #[error("the list does not end")]
    EndlessList,
    /// What was read has another id than what was asked for.
    #[error("the answer is about another object")]
    OtherObject,
    /// Amounts or times that can't be.
    #[error("{0} makes no sense")]
    Nonsense(String),
    /// The provider has an object with our id that is not the one we asked for.
    #[error("{0}")]
    Contradiction(String),
}

/// An answer, read whole.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    /// `Stripe-Should-Retry`; on POST answers it says `false` even on 200 (§2).
    pub(crate) should_retry: Option<bool>,
    /// `Idempotent-Replayed: true`.
    pub(crate) replayed: bool,
    /// For the log: what Stripe's support asks for.
    pub(crate) request_id: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// Parameters as flat pairs; nested names are written out with brackets (§1).
pub(crate) type Form<'a> = [(&'a str, &'a str)];

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
    pub(crate) fn new(base_url: &str, key: &SecretString, connect: Duration, whole: Duration) -> Result<Self, ConfigError> {
        let client = Client::builder()
            .default_headers(default_headers(key)?)
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
    pub(crate) async fn post(&self, segments: &[&str], key: &str, form: &Form<'_>) -> Result<Answer, CallError> {
        let key = HeaderValue::from_str(key).map_err(|_| CallError::NotSent("no header can carry the idempotency key", None))?;
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let mut request = Request::new(Method::POST, self.url(segments)?);
        request.headers_mut().insert("idempotency-key", key);
        request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        *request.body_mut() = Some(body.into());
        self.send(request).await
    }

    pub(crate) async fn get(&self, segments: &[&str], query: &Form<'_>) -> Result<Answer, CallError> {
        let mut url = self.url(segments)?;
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.send(Request::new(Method::GET, url)).await
    }

    /// Reads as a connected account: what belongs to it (§1).
    pub(crate) async fn get_as(&self, account_id: &str, segments: &[&str]) -> Result<Answer, CallError> {
        let account = HeaderValue::from_str(account_id).ok().filter(|account| !account.is_empty());
        let account = account.ok_or(CallError::NotSent("no header can carry the account", None))?;
        let mut request = Request::new(Method::GET, self.url(segments)?);
        request.headers_mut().insert(STRIPE_ACCOUNT, account);
        self.send(request).await
    }

    /// Each segment is percent-encoded. Dot segments would vanish from the path, so they are no ids.
    fn url(&self, segments: &[&str]) -> Result<Url, CallError> {
        if segments.iter().any(|segment| matches!(*segment, "" | "." | "..")) {
            return Err(CallError::NotSent("not an id", None));
        }
        let mut url = self.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.pop_if_empty().push("v1").extend(segments),
            Err(()) => return Err(CallError::NotSent("the base URL has no path", None)),
        };
        Ok(url)
    }

    async fn send(&self, request: Request) -> Result<Answer, CallError> {
        let (method, path, started) = (request.method().clone(), request.url().path().to_owned(), Instant::now());
        let answer = receive(&self.road, request).await;
        let elapsed_ms = started.elapsed().as_millis();
        match &answer {
            Ok(answer) => {
                let (status, request_id, replayed) = (answer.status.as_u16(), answer.request_id.as_deref(), answer.replayed);
                if answer.status.is_success() {
                    tracing::debug!(%method, path, status, request_id, replayed, elapsed_ms, "stripe answered");
                } else {
                    tracing::warn!(%method, path, status, request_id, replayed, elapsed_ms, "stripe answered with an error");
                }
            }
            Err(error) => {
                let cause = std::error::Error::source(error).map(ToString::to_string);
                tracing::warn!(%method, path, elapsed_ms, %error, cause, "stripe did not answer");
            }
        }
        answer
    }
}

impl fmt::Debug for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Transport({})", self.base)
    }
}

async fn receive(road: &Road, request: Request) -> Result<Answer, CallError> {
    let mut response = travel(road, request).await?;
    let header = |name: &str| response.headers().get(name).and_then(|value| value.to_str().ok());
    let mut answer = Answer {
        status: response.status(),
        should_retry: header("stripe-should-retry").and_then(|value| value.parse().ok()),
        replayed: header("idempotent-replayed") == Some("true"),
        request_id: header("request-id").or(header("x-request-id")).map(str::to_owned),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await.map_err(|error| CallError::Lost(Some(error.without_url())))? {
        if answer.body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(CallError::TooLong(answer.status));
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
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

fn default_headers(key: &SecretString) -> Result<HeaderMap, ConfigError> {
    if key.expose_secret().trim().is_empty() {
        return Err(ConfigError::SecretKey);
    }
    let bearer = format!("Bearer {}", key.expose_secret());
    let mut bearer = HeaderValue::from_str(&bearer).map_err(|_| ConfigError::SecretKey)?;
    bearer.set_sensitive(true);
    let version = (HeaderName::from_static("stripe-version"), HeaderValue::from_static(API_VERSION));
    Ok(HeaderMap::from_iter([(AUTHORIZATION, bearer), version]))
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
        let of = |id| url("https://api.stripe.com", &["transfers", id, "reversals"]);
        assert_eq!(of("tr_1").as_deref(), Some("https://api.stripe.com/v1/transfers/tr_1/reversals"));
        assert_eq!(of("a/../b?c#d").as_deref(), Some("https://api.stripe.com/v1/transfers/a%2F..%2Fb%3Fc%23d/reversals"));
        for no_id in ["", ".", ".."] {
            assert_eq!(of(no_id), None, "{no_id:?}");
        }
    }

    #[test]
    fn the_base_url_is_plain_http() {
        for bad in ["", "api.stripe.com", "ftp://x.example", "https://me:secret@x.example", "https://x.example?a=b", "https://x/#y"] {
            assert!(matches!(base(bad), Err(ConfigError::BaseUrl)), "{bad}");
        }
    }
}
