//! Errors at the edge: RFC 9457 problem documents with a stable `code` (spec/08-api).

use poem_openapi::payload::Json;
use poem_openapi::{ApiResponse, Object};

tokio::task_local! {
    /// The id of the request that this task serves.
    pub static REQUEST_ID: String;
}

/// The id of the request that is being served; empty outside of one.
#[must_use]
pub fn request_id() -> String {
    REQUEST_ID.try_with(Clone::clone).unwrap_or_default()
}

/// What is wrong with one field of a request.
#[derive(Clone, Debug, PartialEq, Eq, Object)]
pub struct FieldError {
    /// Its path in the body, e.g. `items[0].product_id`.
    pub field: String,
    /// What is wrong, as a stable word.
    pub code: String,
    /// The same for a person.
    pub message: String,
}

/// A problem document (RFC 9457).
#[derive(Clone, Debug, PartialEq, Eq, Object)]
#[oai(skip_serializing_if_is_none)]
pub struct Problem {
    /// Names the kind of problem: `about:blank`, or a page that explains it.
    #[oai(rename = "type")]
    pub kind: String,
    /// The HTTP status in words.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// What happened, for a person.
    pub detail: String,
    /// What happened, as a stable word.
    pub code: String,
    /// Names this request in the logs.
    pub request_id: String,
    /// What is wrong with which field.
    pub errors: Option<Vec<FieldError>>,
    /// The order that the request has made, where it has made one.
    pub order_id: Option<String>,
    /// The refund that the request has made, where it has made one.
    pub refund_id: Option<String>,
    /// The plans that have what was asked for, with `plan_required`.
    pub plans: Option<Vec<String>>,
}

macro_rules! api_error {
    ($($(#[$doc:meta])* $name:ident = $status:literal $constructor:ident),+ $(,)?) => {
        /// Every error answer of the API. Boxed, so that a `Result` stays small.
        #[derive(Clone, Debug, ApiResponse)]
        pub enum ApiError {
            $($(#[$doc])* #[oai(status = $status, content_type = "application/problem+json")] $name(Json<Box<Problem>>)),+
        }

        impl ApiError {
            $($(#[$doc])* #[must_use] pub fn $constructor(code: &str, detail: impl Into<String>) -> Self {
                Self::$name(Json(Box::new(Problem::new($status, code, detail))))
            })+

            /// Its document.
            #[must_use]
            pub fn problem(&self) -> &Problem {
                match self { $(Self::$name(Json(problem)) => problem),+ }
            }

            /// The error whose document this is, by its status.
            #[must_use]
            pub fn of(problem: Problem) -> Self {
                let status = problem.status;
                let problem = Json(Box::new(problem));
                match status { $($status => Self::$name(problem),)+ _ => Self::Internal(problem) }
            }

            fn problem_mut(&mut self) -> &mut Problem {
                match self { $(Self::$name(Json(problem)) => problem),+ }
            }
        }
    };
}

api_error! {
    /// The request can't be read.
    BadRequest = 400 bad_request,
    /// Nobody is signed in.
    Unauthorized = 401 unauthorized,
    /// The one who is signed in may not.
    Forbidden = 403 forbidden,
    /// There is no such thing, or none that the caller may know of.
    NotFound = 404 not_found,
    /// It does not go with how things stand.
    Conflict = 409 conflict,
    /// The body is too large.
    TooLarge = 413 too_large,
    /// The body is of a type that is not read here.
    UnsupportedMedia = 415 unsupported_media,
    /// The request was read and makes no sense.
    Unprocessable = 422 unprocessable,
    /// Too many requests.
    TooMany = 429 too_many,
    /// A fault of ours.
    Internal = 500 internal,
    /// A provider refused.
    BadGateway = 502 bad_gateway,
    /// Something that is needed is away; try again.
    Unavailable = 503 unavailable,
}

impl Problem {
    /// A problem of this request.
    #[must_use]
    pub fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        let title = poem::http::StatusCode::from_u16(status).ok().and_then(|status| status.canonical_reason()).unwrap_or("Error");
        Self {
            kind: "about:blank".to_owned(),
            title: title.to_owned(),
            status,
            detail: detail.into(),
            code: code.to_owned(),
            request_id: request_id(),
            errors: None,
            order_id: None,
            refund_id: None,
            plans: None,
        }
    }
}

impl ApiError {
    /// 422 `validation_failed` with one field error.
    #[must_use]
    pub fn field(field: &str, code: &str, message: impl Into<String>) -> Self {
        Self::fields(vec![FieldError { field: field.to_owned(), code: code.to_owned(), message: message.into() }])
    }

    /// 422 `validation_failed` with field errors.
    #[must_use]
    pub fn fields(errors: Vec<FieldError>) -> Self {
        let mut error = Self::unprocessable("validation_failed", "the request has invalid fields");
        error.problem_mut().errors = Some(errors);
        error
    }

    /// 503 `storage_unavailable`: nothing was done, or it is safe to repeat.
    #[must_use]
    pub fn storage(error: &(dyn std::error::Error + 'static)) -> Self {
        tracing::error!(error, "storage unavailable");
        Self::unavailable("storage_unavailable", "the database can't be reached at the moment; try again")
    }

    /// This error with the order that was made.
    #[must_use]
    pub fn with_order(mut self, order_id: impl ToString) -> Self {
        self.problem_mut().order_id = Some(order_id.to_string());
        self
    }

    /// This error with the refund that was made.
    #[must_use]
    pub fn with_refund(mut self, refund_id: impl ToString) -> Self {
        self.problem_mut().refund_id = Some(refund_id.to_string());
        self
    }

    /// This error with the plans that would do.
    #[must_use]
    pub fn with_plans(mut self, plans: Vec<String>) -> Self {
        self.problem_mut().plans = Some(plans);
        self
    }

    /// This error with another code (the 422 of one field whose code is fixed by the specification).
    #[must_use]
    pub fn with_code(mut self, code: &str) -> Self {
        self.problem_mut().code = code.to_owned();
        self
    }
}

impl From<veza_ports::storage::StoreError> for ApiError {
    fn from(error: veza_ports::storage::StoreError) -> Self {
        match &error {
            veza_ports::storage::StoreError::Unavailable(_) => Self::storage(&error),
            veza_ports::storage::StoreError::Corrupt(what) => {
                tracing::error!(%what, "a stored row can't be read");
                Self::internal("internal", "a fault of ours; it is in the log")
            }
        }
    }
}

/// An error with all its causes, for logs and rows.
#[must_use]
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}
