//! What a provider can get wrong, as pairs of a call and a fault.
//!
//! Left out on purpose: a provider that denies what it has (`not_found` on a read). Nothing can be right over a provider whose own
//! word about its own books is false.

use veza_sandbox::{Fault, Op};

/// Every pair.
pub const PAIRS: &[(Op, Fault)] = &[
    (Op::CreatePayment, Fault::AnswerLost),
    (Op::CreatePayment, Fault::RequestLost),
    (Op::CreatePayment, Fault::ErrorAfterEffect),
    (Op::CreatePayment, Fault::ErrorBeforeEffect),
    (Op::CreatePayment, Fault::BadGateway),
    (Op::CreatePayment, Fault::RateLimited),
    (Op::CreatePayment, Fault::Busy),
    (Op::CreatePayment, Fault::Garbled),
    (Op::CreatePayment, Fault::Html),
    (Op::CreatePayment, Fault::WrongJson),
    (Op::CreateRefund, Fault::AnswerLost),
    (Op::CreateRefund, Fault::AnswerLost),
    (Op::CreateRefund, Fault::RequestLost),
    (Op::CreateRefund, Fault::ErrorAfterEffect),
    (Op::CreateRefund, Fault::ErrorBeforeEffect),
    (Op::CreateRefund, Fault::RateLimited),
    (Op::CreateRefund, Fault::Busy),
    (Op::CreateRefund, Fault::Garbled),
    (Op::CreateRefund, Fault::RefundPending),
    (Op::CreateRefund, Fault::RefundPending),
    (Op::CreateRefund, Fault::RefundFailed),
    (Op::CreateRefund, Fault::RefundFailsLater),
    (Op::CreateRefund, Fault::RefundSucceedsLater),
    (Op::CreateRefund, Fault::RefundNotSupported),
    (Op::ReadPayment, Fault::AnswerLost),
    (Op::ReadPayment, Fault::Unavailable),
    (Op::ReadPayment, Fault::Html),
    (Op::ReadPayment, Fault::WrongJson),
    (Op::ReadRefund, Fault::AnswerLost),
    (Op::ReadRefund, Fault::RateLimited),
    (Op::ReadRefund, Fault::Html),
    (Op::ReadDispute, Fault::Unavailable),
    (Op::CreateTransfer, Fault::AnswerLost),
    (Op::CreateTransfer, Fault::AnswerLost),
    (Op::CreateTransfer, Fault::RequestLost),
    (Op::CreateTransfer, Fault::ErrorAfterEffect),
    (Op::CreateTransfer, Fault::ErrorBeforeEffect),
    (Op::CreateTransfer, Fault::ErrorSaved),
    (Op::CreateTransfer, Fault::RateLimited),
    (Op::CreateTransfer, Fault::LockTimeout),
    (Op::CreateTransfer, Fault::KeyInUse),
    (Op::CreateTransfer, Fault::BalanceInsufficient),
    (Op::CreateTransfer, Fault::CapabilityMissing),
    (Op::CreateTransfer, Fault::Garbled),
    (Op::CreateTransfer, Fault::Html),
    (Op::CreateTransfer, Fault::ReversedElsewhere),
    (Op::CreateReversal, Fault::AnswerLost),
    (Op::CreateReversal, Fault::AnswerLost),
    (Op::CreateReversal, Fault::RequestLost),
    (Op::CreateReversal, Fault::ErrorAfterEffect),
    (Op::CreateReversal, Fault::ErrorSaved),
    (Op::CreateReversal, Fault::RateLimited),
    (Op::CreateReversal, Fault::BalanceInsufficient),
    (Op::CreateReversal, Fault::Garbled),
    (Op::CreateReversal, Fault::ReversedElsewhere),
    (Op::ListTransfers, Fault::AnswerLost),
    (Op::ListTransfers, Fault::RateLimited),
    (Op::ListReversals, Fault::AnswerLost),
    (Op::ListReversals, Fault::Unavailable),
    (Op::ReadTransfer, Fault::AnswerLost),
    (Op::ReadTransfer, Fault::Html),
    (Op::ReadAccount, Fault::Unavailable),
    (Op::CreateAccount, Fault::AnswerLost),
    (Op::CreateAccount, Fault::ErrorAfterEffect),
    (Op::CreateAccountLink, Fault::RateLimited),
    (Op::ReadPayout, Fault::Unavailable),
];

/// The pair that two numbers name.
#[must_use]
pub fn pair(call: u8, fault: u8) -> (Op, Fault) {
    PAIRS[(usize::from(call) * 24 + usize::from(fault)) % PAIRS.len()]
}
