//! A payment method that the PSP keeps, so that a renewal can be charged without the customer (spec/02-subscriptions §2).

/// What the PSP calls a kept method: its `payment_method_id` (contracts/hyperswitch.md §3).
///
/// It is the PSP's word and nothing can be read from it: that it is known does not say that it can still be charged. A
/// refused charge or a revocation ends its use; paying at a checkout that keeps the method brings another.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SavedMethod(pub String);
