//! Routes that work without a token and show more with one.

use crate::http::auth::Caller;
use poem::http::header::AUTHORIZATION;
use poem::{Request, RequestBody, Result};
use poem_openapi::registry::Registry;
use poem_openapi::{ApiExtractor, ApiExtractorType, ExtractParamOptions};
use veza_domain::access::Actor;

/// Somebody, signed in or not. A token that is there has to be good: a stale one gets 401 and not silently less.
pub struct Visitor(Option<Caller>);

impl Visitor {
    /// As the rules see them; none for nobody in particular.
    #[must_use]
    pub fn actor(&self) -> Option<Actor> {
        self.0.as_ref().map(Caller::actor)
    }
}

impl<'a> ApiExtractor<'a> for Visitor {
    const TYPES: &'static [ApiExtractorType] = &[ApiExtractorType::SecurityScheme];

    type ParamType = ();
    type ParamRawType = ();

    fn register(registry: &mut Registry) {
        Caller::register(registry);
    }

    fn security_schemes() -> Vec<&'static str> {
        Caller::security_schemes()
    }

    fn has_security_fallback() -> bool {
        true
    }

    async fn from_request(request: &'a Request, body: &mut RequestBody, options: ExtractParamOptions<()>) -> Result<Self> {
        if request.headers().contains_key(AUTHORIZATION) {
            Caller::from_request(request, body, options).await.map(|caller| Self(Some(caller)))
        } else {
            Ok(Self(None))
        }
    }
}
