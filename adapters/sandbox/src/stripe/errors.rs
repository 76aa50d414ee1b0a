//! Error bodies and wordings (stripe.md §6).

use crate::{
    core::Answer,
    json::{Json, object},
    script::Fault,
};

/// One error; `code` and `param` are absent when `None`, as on the wire.
pub(crate) fn error(status: u16, kind: &str, code: Option<&str>, param: Option<&str>, message: impl Into<String>) -> Answer {
    let mut fields: Vec<(&'static str, Json)> = Vec::new();
    if let Some(code) = code {
        fields.push(("code", code.into()));
        fields.push(("doc_url", format!("https://stripe.com/docs/error-codes/{}", code.replace('_', "-")).into()));
    }
    fields.push(("message", message.into().into()));
    if let Some(param) = param {
        fields.push(("param", param.into()));
    }
    fields.push(("type", kind.into()));
    Answer::json(status, object! { "error" => Json::Object(fields) }.pretty())
}

pub(crate) fn invalid(status: u16, code: Option<&str>, param: Option<&str>, message: impl Into<String>) -> Answer {
    error(status, "invalid_request_error", code, param, message)
}

pub(crate) fn unauthorized(key: Option<&str>) -> Answer {
    let message = match key {
        Some(key) => {
            let shown: String = key.chars().take(8).collect();
            format!("Invalid API Key provided: {shown}***")
        }
        None => "You did not provide an API key. You need to provide your API key in the Authorization header, using \
                 Bearer auth (e.g. 'Authorization: Bearer YOUR_SECRET_KEY')."
            .to_owned(),
    };
    invalid(401, None, None, message).with("www-authenticate", "Basic realm=\"Stripe\"")
}

pub(crate) fn missing(param: &str) -> Answer {
    invalid(400, Some("parameter_missing"), Some(param), format!("Missing required param: {param}."))
}

/// The object is named in the body: 400.
pub(crate) fn no_such_param(kind: &str, param: &str, id: &str) -> Answer {
    invalid(400, Some("resource_missing"), Some(param), format!("No such {kind}: '{id}'"))
}

/// The object is named in the path: 404.
pub(crate) fn no_such(kind: &str, id: &str) -> Answer {
    invalid(404, Some("resource_missing"), Some("id"), format!("No such {kind}: '{id}'"))
}

pub(crate) fn foreign_account(key: &str, account: &str) -> Answer {
    let shown: String = key.chars().take(8).collect();
    let message = format!(
        "The provided key '{shown}***' does not have access to account '{account}' (or that account does not exist). \
         Application access may have been revoked."
    );
    invalid(403, Some("account_invalid"), None, message)
}

pub(crate) fn balance_insufficient() -> Answer {
    let message = "You have insufficient available funds in your Stripe account. Try adding funds directly to your \
                   available balance by creating Charges using the 4000000000000077 test card. See: \
                   https://stripe.com/docs/testing#available-balance";
    invalid(400, Some("balance_insufficient"), None, message)
}

pub(crate) fn capability_missing() -> Answer {
    let message = "Your destination account needs to have at least one of the following capabilities enabled: transfers, \
                   crypto_transfers, legacy_payments";
    invalid(400, Some("insufficient_capabilities_for_transfer"), None, message)
}

pub(crate) fn idempotency(message: String) -> Answer {
    error(400, "idempotency_error", None, None, message)
}

pub(crate) fn key_in_use(key: &str) -> Answer {
    let message = format!(
        "There is currently another in-progress request using this Idempotent Key (that probably means you submitted \
         twice, and the other request is still going through): {key}. Please try again later."
    );
    invalid(409, Some("idempotency_key_in_use"), None, message)
}

/// How this side words a scripted fault.
pub(crate) fn of_fault(fault: Fault) -> Answer {
    match fault {
        Fault::RateLimited => invalid(
            429,
            Some("rate_limit"),
            None,
            "Request rate limit exceeded. Learn more about rate limits here https://stripe.com/docs/rate-limits.",
        ),
        Fault::LockTimeout | Fault::Busy => {
            let message = "This object cannot be accessed right now because another API request or Stripe process is \
                           currently accessing it. If you see this error intermittently, retry the request. If you see this \
                           error frequently and are making multiple concurrent requests to a single object, make your \
                           requests serially or at a lower rate. For more details, see \
                           https://stripe.com/docs/rate-limits#object-lock-timeouts.";
            invalid(429, Some("lock_timeout"), None, message)
        }
        Fault::KeyInUse => key_in_use("(scripted)"),
        Fault::ErrorIn200 => Answer { status: 200, ..of_fault(Fault::ErrorBeforeEffect) },
        Fault::NotFound => invalid(404, Some("resource_missing"), Some("id"), "No such object"),
        _ => error(
            500,
            "api_error",
            None,
            None,
            "Sorry! There was an error while processing your request. We have been notified of the problem.",
        ),
    }
}
