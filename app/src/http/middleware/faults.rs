//! Words the framework's own errors as problem documents.

use super::body_problem::BodyRules;
use crate::problem::{FieldError, Problem};
use poem::error::{MethodNotAllowedError, NotFoundError, ReadBodyError};
use poem::http::StatusCode;
use poem::{Error, IntoResponse, Response};
use poem_openapi::error::{AuthorizationError, ContentTypeError, ParseParamError, ParsePathError, ParseRequestPayloadError};
use poem_openapi::types::ToJSON;

/// The media type of problem documents.
pub const PROBLEM_JSON: &str = "application/problem+json";

/// A problem document as an answer.
#[must_use]
pub fn response(problem: &Problem) -> Response {
    let status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Response::builder().status(status).content_type(PROBLEM_JSON).body(problem.to_json_string())
}

/// 404 `route_not_found`.
#[must_use]
pub fn no_route() -> Response {
    response(&Problem::new(404, "route_not_found", "there is nothing at this address"))
}

/// 405 `method_not_allowed`; the caller adds `Allow`.
#[must_use]
pub fn no_method() -> Response {
    response(&Problem::new(405, "method_not_allowed", "this address does not take that method"))
}

/// 413 `body_too_large`.
#[must_use]
pub fn too_large(limit: usize) -> Response {
    response(&Problem::new(413, "body_too_large", format!("the body may have at most {limit} bytes")))
}

/// What an error of an operation may be blamed on.
#[derive(Clone, Copy, Default)]
pub struct Blame<'a> {
    /// The rules of its JSON body.
    pub rules: Option<&'a BodyRules>,
    /// What came.
    pub body: &'a [u8],
    /// Names of the parameters in its path, in order.
    pub parameters: &'a [String],
}

/// An error that no operation is to blame for.
#[must_use]
pub fn of_error(error: Error) -> Response {
    of_operation(error, &Blame::default())
}

/// An error of an operation.
#[must_use]
pub fn of_operation(error: Error, blame: &Blame<'_>) -> Response {
    if error.is_from_response() {
        return worded(error.into_response());
    }
    response(&problem(&error, blame))
}

fn problem(error: &Error, blame: &Blame<'_>) -> Problem {
    if error.is::<ParseRequestPayloadError>() {
        return bad_body(blame.rules, blame.body);
    }
    if let Some(ParseParamError { name, .. }) = error.downcast_ref() {
        return bad_parameter(named(name, blame));
    }
    if let Some(ParsePathError { name, .. }) = error.downcast_ref() {
        return bad_parameter(named(name, blame));
    }
    if error.is::<ContentTypeError>() {
        return Problem::new(415, "unsupported_media_type", "the body has to be application/json");
    }
    if error.is::<AuthorizationError>() {
        return Problem::new(401, "unauthorized", "sign in first: the access token is missing");
    }
    if error.is::<NotFoundError>() {
        return Problem::new(404, "route_not_found", "there is nothing at this address");
    }
    if error.is::<MethodNotAllowedError>() {
        return Problem::new(405, "method_not_allowed", "this address does not take that method");
    }
    if matches!(error.downcast_ref(), Some(ReadBodyError::PayloadTooLarge)) {
        return Problem::new(413, "body_too_large", "the body is too large");
    }
    generic(error)
}

fn generic(error: &Error) -> Problem {
    let status = error.status();
    if status.is_server_error() {
        tracing::error!(%error, "the framework gave up on a request: this is a bug");
        return Problem::new(500, "internal", "a fault of ours; it is in the log");
    }
    Problem::new(status.as_u16(), "bad_request", "the request can't be read")
}

/// The framework calls the parameters of a path `param0`, `param1`, …
fn named<'a>(name: &'a str, blame: &Blame<'a>) -> &'a str {
    let index = name.strip_prefix("param").and_then(|index| index.parse::<usize>().ok());
    index.and_then(|index| blame.parameters.get(index)).map_or(name, String::as_str)
}

fn bad_parameter(name: &str) -> Problem {
    let mut problem = Problem::new(400, "bad_parameter", format!("the parameter {name:?} can't be read"));
    problem.errors =
        Some(vec![FieldError { field: name.to_owned(), code: "invalid".to_owned(), message: "missing or not valid".to_owned() }]);
    problem
}

/// 400 when it is not JSON, 422 when it is and does not fit. Nothing of the body is repeated: it may hold a password.
fn bad_body(rules: Option<&BodyRules>, body: &[u8]) -> Problem {
    if body.is_empty() {
        return Problem::new(400, "bad_json", "a JSON body is needed");
    }
    match serde_json::from_slice::<serde_json::Value>(body) {
        Err(error) => Problem::new(400, "bad_json", format!("the body is not JSON: see line {}, column {}", error.line(), error.column())),
        Ok(value) => {
            let mut problem = Problem::new(422, "validation_failed", "the request has invalid fields");
            problem.errors = Some(rules.map(|rules| rules.broken_by(&value)).unwrap_or_default());
            problem
        }
    }
}

/// An answer that says what is wrong in text becomes one that says it in a problem document.
fn worded(answer: Response) -> Response {
    let status = answer.status();
    if answer.content_type().is_some_and(|kind| kind.starts_with(PROBLEM_JSON)) || status.as_u16() < 400 {
        return answer;
    }
    response(&generic(&Error::from_status(status)))
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        response(&self)
    }
}
