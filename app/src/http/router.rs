//! From method and path to an operation. Every answer that is not an operation's own is a problem document: unknown route,
//! wrong method (with `Allow`), a body that is too large or does not fit.

use super::middleware::body_problem::BodyRules;
use super::middleware::edge::Matched;
use super::middleware::faults;
use poem::endpoint::BoxEndpoint;
use poem::error::ReadBodyError;
use poem::http::header::{ALLOW, CONTENT_LENGTH};
use poem::http::{HeaderValue, Method, StatusCode};
use poem::web::Html;
use poem::{Endpoint, EndpointExt, IntoResponse, Request, Response, Route};
// What `OpenApiService` puts into each request before its operations run; here the router does, as it replaces the service's own.
use poem_openapi::__private::UrlQuery;
use poem_openapi::{OpenApi, OpenApiService};
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// Largest JSON body, in bytes.
pub const JSON_BODY_MAX: usize = 256 * 1024;

/// One operation.
struct Operation {
    endpoint: BoxEndpoint<'static>,
    /// It takes JSON, by these rules.
    body: Option<BodyRules>,
    /// Names of the parameters in its path, in order.
    parameters: Vec<String>,
}

/// All operations of one path.
struct PathEndpoint {
    pattern: Arc<str>,
    allow: HeaderValue,
    methods: Vec<(Method, Operation)>,
}

/// A path while the routes are built: as documented, and its operations.
type Path = (Arc<str>, Vec<(Method, Operation)>);

/// Builds the routes.
#[derive(Default)]
pub struct Router {
    paths: BTreeMap<String, Path>,
}

impl Router {
    /// Adds every operation of an API.
    #[must_use]
    pub fn api<T: OpenApi + 'static>(mut self, api: T, service: &OpenApiService<T, ()>) -> Self {
        let document: Arc<serde_json::Value> = Arc::new(serde_json::from_str(&service.spec()).unwrap_or_default());
        let mut table = HashMap::new();
        api.add_routes(&mut table);
        for (path, methods) in table {
            let documented = as_documented(&path, &document);
            let parameters = names_of(&documented);
            let path = self.paths.entry(path).or_insert_with(|| (Arc::from(documented.as_str()), Vec::new()));
            for (method, endpoint) in methods {
                let body = BodyRules::of(&document, &documented, &method.as_str().to_lowercase());
                path.1.push((method, Operation { endpoint, body, parameters: parameters.clone() }));
            }
        }
        self
    }

    /// Adds something that is only read and not part of the API.
    #[must_use]
    pub fn page<E: Endpoint + 'static>(mut self, path: &str, endpoint: E) -> Self {
        let operation = Operation { endpoint: endpoint.map_to_response().boxed(), body: None, parameters: Vec::new() };
        self.paths.entry(path.to_owned()).or_insert_with(|| (Arc::from(path), Vec::new())).1.push((Method::GET, operation));
        self
    }

    /// Adds a page or asset that never changes while the server runs.
    #[must_use]
    pub fn asset(self, path: &str, content_type: &'static str, policy: &'static str, body: impl Into<bytes::Bytes>) -> Self {
        let body = body.into();
        self.page(
            path,
            poem::endpoint::make_sync(move |_| {
                Response::builder()
                    .content_type(content_type)
                    .header("content-security-policy", policy)
                    .header("cache-control", "no-cache")
                    .body(body.clone())
            }),
        )
    }

    /// The routes.
    pub fn build(self) -> impl Endpoint<Output = Response> {
        let route = self.paths.into_iter().fold(Route::new(), |route, (path, (pattern, methods))| {
            let endpoint = PathEndpoint { pattern, allow: allow(&methods), methods };
            route.at(path, endpoint)
        });
        route.catch_error(|_: poem::error::NotFoundError| async { faults::no_route() }).map_to_response()
    }
}

/// The framework routes `/a/:param0`; the document has it as `/a/{id}`.
fn as_documented(path: &str, document: &serde_json::Value) -> String {
    let same = |documented: &&String| {
        let (mut routed, mut documented) = (path.split('/'), documented.split('/'));
        loop {
            match (routed.next(), documented.next()) {
                (None, None) => return true,
                (Some(a), Some(b)) if a == b || (a.starts_with(':') && b.starts_with('{')) => {}
                _ => return false,
            }
        }
    };
    let paths = document.get("paths").and_then(serde_json::Value::as_object);
    paths.and_then(|paths| paths.keys().find(same)).cloned().unwrap_or_else(|| path.to_owned())
}

fn names_of(documented: &str) -> Vec<String> {
    let name = |segment: &str| Some(segment.strip_prefix('{')?.strip_suffix('}')?.to_owned());
    documented.split('/').filter_map(name).collect()
}

fn allow(methods: &[(Method, Operation)]) -> HeaderValue {
    let mut names: Vec<&str> = methods.iter().map(|(method, _)| method.as_str()).collect();
    if names.contains(&"GET") {
        names.push("HEAD");
    }
    names.push("OPTIONS");
    names.sort_unstable();
    HeaderValue::from_str(&names.join(", ")).unwrap_or(HeaderValue::from_static("OPTIONS"))
}

impl Endpoint for PathEndpoint {
    type Output = Response;

    async fn call(&self, mut request: Request) -> poem::Result<Response> {
        let head = request.method() == Method::HEAD;
        let wanted = if head { &Method::GET } else { request.method() };
        let operation = self.methods.iter().find(|(method, _)| method == wanted).map(|(_, operation)| operation);
        let mut response = match operation {
            Some(operation) => {
                if head {
                    request.set_method(Method::GET);
                }
                operation.call(request).await
            }
            None => {
                let options = request.method() == Method::OPTIONS;
                let mut response = if options { StatusCode::NO_CONTENT.into_response() } else { faults::no_method() };
                response.headers_mut().insert(ALLOW, self.allow.clone());
                response
            }
        };
        if head {
            response.set_body(());
        }
        response.set_data(Matched(Arc::clone(&self.pattern)));
        Ok(response)
    }
}

impl Operation {
    async fn call(&self, mut request: Request) -> Response {
        let query = request.params::<Vec<(String, String)>>().unwrap_or_default();
        request.extensions_mut().insert(UrlQuery(query));
        let mut body = bytes::Bytes::new();
        if self.body.is_some() {
            match read(&mut request).await {
                Ok(read) => body = read,
                Err(response) => return response,
            }
            request.set_body(body.clone());
        }
        match self.endpoint.call(request).await {
            Ok(response) => response,
            Err(error) => {
                faults::of_operation(error, &faults::Blame { rules: self.body.as_ref(), body: &body, parameters: &self.parameters })
            }
        }
    }
}

async fn read(request: &mut Request) -> Result<bytes::Bytes, Response> {
    let announced = request.headers().get(CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse::<usize>().ok());
    if announced.is_some_and(|length| length > JSON_BODY_MAX) {
        return Err(faults::too_large(JSON_BODY_MAX));
    }
    request.take_body().into_bytes_limit(JSON_BODY_MAX).await.map_err(|error| match error {
        ReadBodyError::PayloadTooLarge => faults::too_large(JSON_BODY_MAX),
        other => faults::of_error(other.into()),
    })
}

/// A page with its own policy.
#[must_use]
pub fn page(policy: &'static str, html: String) -> Response {
    Html(html).with_header("content-security-policy", policy).into_response()
}
