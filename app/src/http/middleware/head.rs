//! Security headers and CORS.

use poem::http::header::{self, HeaderValue};
use poem::http::{HeaderMap, HeaderName, Method, StatusCode};
use poem::{Request, Response};

/// Nothing that an API answers is ever a page.
const API_CSP: HeaderValue = HeaderValue::from_static("default-src 'none'; frame-ancestors 'none'");
const NOSNIFF: HeaderValue = HeaderValue::from_static("nosniff");
const DENY: HeaderValue = HeaderValue::from_static("DENY");
const NO_REFERRER: HeaderValue = HeaderValue::from_static("no-referrer");
const NO_STORE: HeaderValue = HeaderValue::from_static("no-store");
const HSTS: HeaderValue = HeaderValue::from_static("max-age=31536000; includeSubDomains");

/// Adds what every answer carries; a page's own policy stays.
pub fn secure(headers: &mut HeaderMap, production: bool) {
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, NOSNIFF);
    headers.insert(header::X_FRAME_OPTIONS, DENY);
    headers.insert(header::REFERRER_POLICY, NO_REFERRER);
    headers.entry(header::CONTENT_SECURITY_POLICY).or_insert(API_CSP);
    headers.entry(header::CACHE_CONTROL).or_insert(NO_STORE);
    if production {
        headers.insert(header::STRICT_TRANSPORT_SECURITY, HSTS);
    }
}

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, PUT, DELETE, HEAD");
const REQUEST_HEADERS: HeaderValue = HeaderValue::from_static("authorization, content-type, idempotency-key, x-verify-token");
const SHOWN_HEADERS: HeaderValue = HeaderValue::from_static("x-request-id, retry-after");
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("600");
const ORIGIN: HeaderValue = HeaderValue::from_static("origin");

/// The origin of a request, if its pages may call the API.
#[must_use]
pub fn allowed_origin(request: &Request, allowed: &[String]) -> Option<HeaderValue> {
    let origin = request.headers().get(header::ORIGIN)?;
    allowed.iter().any(|allowed| allowed.as_bytes() == origin.as_bytes()).then(|| origin.clone())
}

/// Answers a preflight of an allowed origin.
#[must_use]
pub fn preflight(request: &Request, origin: Option<&HeaderValue>) -> Option<Response> {
    let asks = request.method() == Method::OPTIONS && request.headers().contains_key(header::ACCESS_CONTROL_REQUEST_METHOD);
    if !asks || origin.is_none() {
        return None;
    }
    let mut response = Response::builder().status(StatusCode::NO_CONTENT).finish();
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, REQUEST_HEADERS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
    Some(response)
}

/// Adds what lets an allowed origin's page read the answer.
pub fn share(headers: &mut HeaderMap, origin: Option<HeaderValue>) {
    if let Some(origin) = origin {
        headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
        headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, SHOWN_HEADERS);
        headers.append(header::VARY, ORIGIN);
    }
}

/// The header that names a request.
pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
