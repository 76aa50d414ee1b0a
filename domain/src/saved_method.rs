//! A way to pay that a customer let the PSP keep, for charges without the customer.

/// The PSP's `payment_method_id` of a kept method; it can be charged for the customer that it belongs to, and for nobody else.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SavedMethod(pub String);
