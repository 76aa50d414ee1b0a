//! A distributor's API, as a partner of the kind would have it: `POST /distributor/v1/releases` with an `Idempotency-Key`, reads by
//! reference and by the caller's own id, takedowns. A release goes live by the sandbox's clock: processed after
//! [`crate::SandboxConfig::release_step`], live after ten such steps, taken down one step after it was asked for.

mod releases;
pub(crate) mod routes;

pub(crate) use releases::{move_due, set_status};

use serde_json::json;

use crate::{core::Answer, script::Fault};

/// One error of this side.
pub(crate) fn error(status: u16, code: &str, message: &str) -> Answer {
    Answer::json(status, json!({"error": {"code": code, "message": message}}).to_string())
}

/// How this side words a scripted fault.
pub(crate) fn of_fault(fault: Fault) -> Answer {
    match fault {
        Fault::ErrorIn200 => Answer { status: 200, ..error(500, "internal", "Something went wrong") },
        Fault::NotFound => error(404, "not_found", "There is no such release"),
        Fault::RateLimited | Fault::LockTimeout | Fault::Busy => error(429, "rate_limited", "Too many requests"),
        Fault::KeyInUse => error(409, "key_in_use", "A request with this key is being worked on"),
        _ => error(500, "internal", "Something went wrong"),
    }
}
