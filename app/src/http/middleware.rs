//! What every request passes through, outermost first: [`edge`] (client address, request id, limits, time-out, panics, headers,
//! the log line), then the [`crate::http::router`], which words the framework's errors ([`faults`], [`body_problem`]).

pub mod body_problem;
pub mod client_addr;
pub mod edge;
pub mod faults;
pub mod head;
pub mod hints;
pub mod rate_limit;
