//! Requests that may be repeated under an `Idempotency-Key` (spec/05-marketplace): how their routes begin and answer.

use crate::http::auth::Caller;
use crate::problem::ApiError;
use crate::services::App;
use crate::usecases::idempotency::{self, Begun, Incoming, KEY_CHARS_MAX};
use poem::http::HeaderMap;
use poem::{Request, RequestBody};
use poem_openapi::registry::{MetaParamIn, MetaSchemaRef, Registry};
use poem_openapi::types::{ToJSON, Type};
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use veza_ports::storage::{IdempotencyRecord, Versioned};

/// The `Idempotency-Key` of a request, if it came with one. Every route that takes a key takes it as this.
///
/// The framework's `Header` leaves out what is not visible ASCII, and of several keys it takes the first: either way the request would be
/// carried out again each time it is repeated. Here both are refused, 400 `bad_idempotency_key`.
pub(super) struct IdempotencyKey(pub(super) Option<String>);

impl<'a> ApiExtractor<'a> for IdempotencyKey {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::Parameter];

    type ParamType = Option<String>;
    type ParamRawType = String;

    fn register(registry: &mut Registry) {
        <Option<String> as Type>::register(registry);
    }

    fn param_in() -> Option<MetaParamIn> {
        Some(MetaParamIn::Header)
    }

    fn param_schema_ref() -> Option<MetaSchemaRef> {
        Some(<Option<String> as Type>::schema_ref())
    }

    fn param_raw_type(&self) -> Option<&String> {
        self.0.as_ref()
    }

    async fn from_request(
        request: &'a Request,
        _body: &mut RequestBody,
        options: ExtractParamOptions<Option<String>>,
    ) -> poem::Result<Self> {
        Ok(Self(key_of(request.headers(), options.name)?))
    }
}

/// The one value of the header, which may have been sent several times.
fn key_of(headers: &HeaderMap, name: &str) -> Result<Option<String>, ApiError> {
    let mut values = headers.get_all(name).iter();
    let Some(first) = values.next() else { return Ok(None) };
    match first.to_str() {
        Ok(key) if values.all(|other| other == first) => Ok(Some(key.to_owned())),
        _ => Err(ApiError::bad_request(
            "bad_idempotency_key",
            format!("an Idempotency-Key is one key of 1 to {KEY_CHARS_MAX} visible ASCII characters"),
        )),
    }
}

/// Looks the key of a request up, if it came with one.
///
/// # Errors
/// As [`idempotency::begin`].
pub(super) async fn begin(
    app: &App,
    caller: &Caller,
    scope: &str,
    key: Option<&str>,
    body: &impl ToJSON,
) -> Result<Option<Begun>, ApiError> {
    match key {
        Some(key) => idempotency::begin(app, caller.id(), scope, key, body.to_json_string().as_bytes()).await.map(Some),
        None => Ok(None),
    }
}

/// Stores what a repetition is to get, if the request came with a key.
pub(super) async fn answer<T>(
    app: &App,
    incoming: Option<Incoming>,
    status: u16,
    answer: Result<T, ApiError>,
    body: impl Fn(&T) -> String,
) -> Result<T, ApiError> {
    if let Some(incoming) = incoming {
        match &answer {
            Ok(made) => incoming.answered(app, status, body(made)).await,
            // What was refused before anything was made has left no record behind.
            Err(error) if has_made_something(error) => incoming.answered(app, error.problem().status, idempotency::error_body(error)).await,
            Err(_) => {}
        }
    }
    answer
}

/// 502 and 503 come with what was made, where something was.
fn has_made_something(error: &ApiError) -> bool {
    let problem = error.problem();
    problem.status == 502 || problem.status == idempotency::TRY_AGAIN && problem.order_id.is_some()
}

/// Stores what a repetition is to get from now on, when an interrupted request was gone on with. After 503 the next one goes on again.
pub(super) async fn answer_again<T>(
    app: &App,
    stored: Versioned<IdempotencyRecord>,
    status: u16,
    went_on: Result<T, ApiError>,
    body: impl Fn(&T) -> String,
) -> Result<T, ApiError> {
    match &went_on {
        Ok(made) => idempotency::finish(app, stored, status, body(made)).await,
        Err(error) if error.problem().status == 502 => idempotency::finish(app, stored, 502, idempotency::error_body(error)).await,
        Err(_) => {}
    }
    went_on
}

/// The stored answer is not readable.
pub(super) fn lost() -> ApiError {
    ApiError::internal("internal", "the stored answer can't be read; look up what was made")
}

#[cfg(test)]
mod tests {
    use super::*;
    use poem::http::HeaderValue;

    const NAME: &str = "Idempotency-Key";

    fn key(values: &[&[u8]]) -> Result<Option<String>, String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_bytes(value).unwrap());
        }
        key_of(&headers, NAME).map_err(|error| error.problem().code.clone())
    }

    #[test]
    fn a_key_is_read_whole_or_refused() {
        assert_eq!(key(&[]), Ok(None));
        assert_eq!(key(&[b"k 1"]), Ok(Some("k 1".to_owned())));
        assert_eq!(key(&[b"k", b"k"]), Ok(Some("k".to_owned())), "said twice");
        let bad: [&[&[u8]]; 5] = [&[b"schl\xfcssel"], &["schl\u{fc}ssel".as_bytes()], &[b"k", b"l"], &[b"k", b"\xfc"], &[b"\xfc", b"k"]];
        for values in bad {
            assert_eq!(key(values), Err("bad_idempotency_key".to_owned()), "{values:?}");
        }
    }
}
