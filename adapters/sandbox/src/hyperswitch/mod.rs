//! The Hyperswitch side: payments, refunds, disputes (`contracts/hyperswitch.md`).

pub(crate) mod disputes;
pub(crate) mod errors;
pub(crate) mod methods;
pub(crate) mod payments;
pub(crate) mod refunds;
pub(crate) mod render;
pub(crate) mod request;
pub(crate) mod routes;
