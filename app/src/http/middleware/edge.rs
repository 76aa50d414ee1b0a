//! The outermost layer: one pass over each request, so that the cheap ones stay cheap.

use super::rate_limit::{Class, RateLimits};
use super::{client_addr, faults, head, hints};
use crate::config::Network;
use crate::http::client::ClientAddr;
use crate::metrics::Metrics;
use crate::problem::{Problem, REQUEST_ID};
use futures_util::FutureExt;
use poem::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use poem::http::{HeaderValue, StatusCode};
use poem::{Endpoint, Request, Response};
use std::cell::Cell;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tracing::Instrument;
use uuid::Uuid;

/// Longest time a request may take.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(60);
/// Most characters of a provider's request id.
const FOREIGN_ID_CHARS_MAX: usize = 128;

/// How the edge behaves.
pub struct EdgeSettings {
    /// HSTS.
    pub production: bool,
    /// Whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<Network>,
    /// Whose pages may call the API.
    pub cors_allowed_origins: Vec<String>,
    /// Counts requests; none = no limits.
    pub rate_limits: Option<Arc<RateLimits>>,
}

/// The route that a request met, for the log line and the metrics.
#[derive(Clone, Debug)]
pub struct Matched(pub Arc<str>);

/// The edge around everything else.
pub struct Edge<E> {
    inner: E,
    settings: EdgeSettings,
    metrics: Arc<Metrics>,
}

impl<E> Edge<E> {
    /// Around `inner`; requests are counted in `metrics`.
    pub fn new(inner: E, settings: EdgeSettings, metrics: Arc<Metrics>) -> Self {
        Self { inner, settings, metrics }
    }
}

impl<E: Endpoint<Output = Response>> Endpoint for Edge<E> {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let started = Instant::now();
        let client = ClientAddr(client_addr::resolve(&request, &self.settings.trusted_proxies));
        let class = Class::of(request.method(), request.uri().path());
        let id = request_id(class, &request);
        let method = request.method().clone();
        let origin = head::allowed_origin(&request, &self.settings.cors_allowed_origins);
        request.set_data(client);

        let span = tracing::info_span!("request", request_id = %id);
        let answer = async {
            let preflight = head::preflight(&request, origin.as_ref());
            let mut response = match preflight {
                Some(response) => response,
                None => self.answer(request, class, client).await,
            };
            if let Some(seconds) = hints::wished() {
                response.headers_mut().insert(RETRY_AFTER, HeaderValue::from(seconds));
            }
            let route = response.data::<Matched>().map(|matched| &*matched.0);
            let (status, took) = (response.status(), started.elapsed());
            self.metrics.request(route, &method, status, took);
            let (route, status, ms) = (route.unwrap_or("-"), status.as_u16(), took.as_micros() as f64 / 1000.0);
            tracing::info!(target: "veza::access", %method, route, status, ms, client = %client.0, "answered");
            response
        };
        let scoped = REQUEST_ID.scope(id.clone(), hints::RETRY_AFTER.scope(Cell::new(None), answer));
        let mut response = scoped.instrument(span).await;

        let unauthorized = response.status() == StatusCode::UNAUTHORIZED;
        let headers = response.headers_mut();
        if unauthorized && class != Class::Webhook {
            headers.insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        if let Ok(id) = HeaderValue::from_str(&id) {
            headers.insert(head::X_REQUEST_ID, id);
        }
        head::secure(headers, self.settings.production);
        head::share(headers, origin);
        Ok(response)
    }
}

impl<E: Endpoint<Output = Response>> Edge<E> {
    async fn answer(&self, request: Request, class: Class, client: ClientAddr) -> Response {
        if let Some(limits) = &self.settings.rate_limits
            && let Err(wait) = limits.check(class, client.0)
        {
            hints::retry_after(wait);
            return faults::response(&Problem::new(429, "rate_limited", "too many requests; try again later"));
        }
        let call = AssertUnwindSafe(self.inner.call(request)).catch_unwind();
        match tokio::time::timeout(REQUEST_TIMEOUT, call).await {
            Ok(Ok(Ok(response))) => response,
            Ok(Ok(Err(error))) => faults::of_error(error),
            Ok(Err(panic)) => {
                let message =
                    panic.downcast_ref::<&str>().map(|text| (*text).to_owned()).or_else(|| panic.downcast_ref::<String>().cloned());
                tracing::error!(panic = message.as_deref().unwrap_or("?"), "a request panicked: this is a bug");
                faults::response(&Problem::new(500, "internal", "a fault of ours; it is in the log"))
            }
            Err(_) => {
                faults::response(&Problem::new(503, "timeout", "this took too long; it may still happen, so look before you repeat it"))
            }
        }
    }
}

/// A new id; on the webhook routes the provider's own, if it is one.
fn request_id(class: Class, request: &Request) -> String {
    let foreign = match class {
        Class::Webhook => request.header("x-request-id"),
        Class::Auth | Class::General | Class::Health => None,
    };
    let visible: Option<String> = foreign.map(|id| id.chars().filter(char::is_ascii_graphic).take(FOREIGN_ID_CHARS_MAX).collect());
    visible.filter(|id| !id.is_empty()).unwrap_or_else(|| Uuid::new_v4().to_string())
}
