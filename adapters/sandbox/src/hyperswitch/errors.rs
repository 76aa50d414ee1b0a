//! Error bodies (hyperswitch.md §7): the usual shape, and the odd one of bodies that do not parse.

use crate::{
    core::Answer,
    json::{Json, object},
    script::{Fault, Op},
};

fn wrap(status: u16, error: Json) -> Answer {
    Answer::json(status, object! { "error" => error }.compact())
}

/// `{"error":{"type","message","code"}}`.
pub(crate) fn error(status: u16, code: &'static str, message: impl Into<String>) -> Answer {
    let kind = if status == 500 { "api" } else { "invalid_request" };
    wrap(status, object! { "type" => kind, "message" => message.into(), "code" => code })
}

/// The same with the extra key `reason`.
pub(crate) fn error_because(status: u16, code: &'static str, message: &str, reason: String) -> Answer {
    wrap(status, object! { "type" => "invalid_request", "message" => message, "code" => code, "reason" => reason })
}

/// Exception 1 of §7: the body does not parse. `error_type` in place of `type`.
pub(crate) fn unparsable(message: impl std::fmt::Display) -> Answer {
    let message = format!("Json deserialize error: {message}");
    wrap(400, object! { "error_type" => "invalid_request", "message" => message, "code" => "IR_06" })
}

/// Exception 2 of §7: blocked by the fraud list, with HTTP 200.
pub(crate) fn blocked() -> Answer {
    let message = "The payment is blocked";
    wrap(200, object! { "type" => "blocked", "message" => message, "code" => "HE_03", "reason" => "Blocked" })
}

/// Missing or wrong key.
pub(crate) fn unauthorized() -> Answer {
    error(401, "IR_01", "API key not provided or invalid API key used")
}

pub(crate) fn payment_not_found() -> Answer {
    error(404, "HE_02", "Payment does not exist in our records")
}

pub(crate) fn refund_not_found() -> Answer {
    error(404, "HE_02", "Refund does not exist in our records.")
}

pub(crate) fn dispute_not_found() -> Answer {
    error(404, "HE_04", "Dispute does not exist in our records")
}

/// HTTP 200 with the server's own fault in it.
pub(crate) fn fault_in_200() -> Answer {
    Answer { status: 200, ..error(500, "HE_00", "Something went wrong") }
}

/// The object is in the wrong state for the call.
pub(crate) fn wrong_state(action: &str, field: &str, status: &str, allowed: &str) -> Answer {
    let message = format!("You cannot {action} this Payment because it has status {status}. The allowed values for {field} are: {allowed}");
    error(400, "IR_14", message)
}

/// How this side words a scripted fault.
pub(crate) fn of_fault(op: Op, fault: Fault) -> Answer {
    match fault {
        Fault::ErrorIn200 => fault_in_200(),
        Fault::NotFound if op == Op::ReadDispute => dispute_not_found(),
        // Sic: `ResourceBusy` carries this text (§6).
        Fault::Busy | Fault::LockTimeout | Fault::KeyInUse => error(422, "HE_00", "There was an issue processing the webhook body"),
        Fault::NotFound => error(404, "HE_02", "Resource not found in our records"),
        _ => error(500, "HE_00", "Something went wrong"),
    }
}
