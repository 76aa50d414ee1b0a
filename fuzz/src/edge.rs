//! Problem documents and cursors.

use crate::line;
use poem_openapi::ApiResponse;
use poem_openapi::types::{ParseFromJSON, ToJSON};
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use uuid::Uuid;
use veza::http::admin::attention;
use veza::http::middleware::body_problem::BodyRules;
use veza::http::middleware::faults;
use veza::http::{page, server};
use veza::problem::{ApiError, FieldError, Problem};
use veza_domain::time::Timestamp;
use veza_ports::storage::WaitingOn;

static DOCUMENT: LazyLock<Arc<Value>> = LazyLock::new(|| Arc::new(serde_json::from_str(&server::api_service().spec()).unwrap()));

/// The rules of every body that the API takes.
static RULES: LazyLock<Vec<BodyRules>> = LazyLock::new(|| {
    let operations =
        DOCUMENT["paths"].as_object().unwrap().iter().flat_map(|(path, methods)| {
            methods.as_object().unwrap().keys().filter_map(move |method| BodyRules::of(&DOCUMENT, path, method))
        });
    operations.collect()
});

/// Problem documents, from any words and from any body. Input: two bytes of status, a line of words, a body.
///
/// # Panics
/// When a document does not come back as it was, has another status than its answer, or names no field of a body that is wrong.
pub fn problem(input: &[u8]) {
    let [low, high, rest @ ..] = input else { return };
    let (words, body) = line(rest);
    let words = String::from_utf8_lossy(words);
    let (code, detail) = words.split_once(' ').unwrap_or((&words, ""));
    let mut problem = Problem::new(100 + u16::from_le_bytes([*low, *high]) % 500, code, detail);
    problem.errors = detail
        .split_once(':')
        .map(|(field, message)| vec![FieldError { field: field.to_owned(), code: code.to_owned(), message: message.to_owned() }]);
    problem.order_id = code.split_once('#').map(|(_, order)| order.to_owned());

    let written = problem.to_json_string();
    let read = Problem::parse_from_json_string(&written).unwrap();
    assert_eq!(read, problem);
    let answer = faults::response(&problem);
    assert_eq!(answer.status().as_u16(), problem.status);
    assert_eq!(answer.content_type(), Some(faults::PROBLEM_JSON));
    let error = ApiError::of(read);
    let documented = ApiError::meta().responses.iter().any(|response| response.status == Some(problem.status));
    assert!(documented || matches!(error, ApiError::Internal(_)));
    assert_eq!(error.problem(), &problem);

    if let Ok(body) = serde_json::from_slice::<Value>(body) {
        for rules in RULES.iter() {
            let broken = rules.broken_by(&body);
            assert!((1..=20).contains(&broken.len()));
            assert!(broken.iter().all(|error| !error.code.is_empty() && !error.message.is_empty()));
        }
    }
}

/// Cursors: a place in a list, or 400; what was read is what was written.
///
/// # Panics
/// When that is not so.
pub fn cursor(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    match page::read(Some(u32::from(input.first().copied().unwrap_or(0))), Some(&text)) {
        Ok(place) => {
            assert!((2..=page::LIMIT_MAX + 1).contains(&place.limit));
            assert_eq!(next(place.before.unwrap()), text, "another text for the same place");
        }
        Err(error) => refused(&error),
    }
    match attention::read_cursor(&text) {
        Ok(place) => again(&place),
        Err(error) => refused(&error),
    }
    assert_eq!(page::opened(&page::opaque(&text)).ok().as_deref(), Some(&*text));
    let (since, rest) = crate::number(input);
    let subject = Uuid::from_slice(rest.get(..16).unwrap_or(&[7; 16])).unwrap();
    assert_eq!(page::read(None, Some(&next(subject))).unwrap().before, Some(subject));
    if let Ok(inner) = attention::read_cursor(&page::opaque(&text)) {
        again(&inner);
        again(&WaitingOn { since: Timestamp(since), subject, ..inner });
    }
}

/// The cursor that a list gives out after this id.
fn next(id: Uuid) -> String {
    let mut rows = vec![id, id];
    page::cut(&mut rows, veza_ports::storage::Page { limit: 2, before: None }, |id| *id).unwrap()
}

fn again(place: &WaitingOn) {
    assert_eq!(attention::read_cursor(&attention::cursor_after(place)).ok().as_ref(), Some(place));
}

fn refused(error: &ApiError) {
    assert_eq!((error.problem().status, error.problem().code.as_str()), (400, "bad_cursor"));
}
