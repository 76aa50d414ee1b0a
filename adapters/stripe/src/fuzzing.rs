//! What the adapter makes of an answer, without HTTP: for `fuzz/`.

use crate::http::Answer;
use crate::judge::{self, NO_SUCH_OBJECT};
use crate::wire::listed::{PayoutWire, WholeTransfer};
use crate::{lists, service};
use reqwest::StatusCode;
use veza_ports::transfers::{ListedPayout, ListedTransfer, LookupError, NewReversal, NewTransfer, TransferError};

/// An answer as it came.
#[derive(Clone, Copy, Debug)]
pub struct Heard<'a> {
    /// HTTP status; what is none counts as 500.
    pub status: u16,
    /// `Stripe-Should-Retry`.
    pub should_retry: Option<bool>,
    /// `Idempotent-Replayed`.
    pub replayed: bool,
    /// The body.
    pub body: &'a [u8],
}

impl Heard<'_> {
    fn answer(self) -> Answer {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let Self { should_retry, replayed, body, .. } = self;
        Answer { status, should_retry, replayed, request_id: None, body: body.to_vec() }
    }
}

/// The answer to a transfer's creation: Connect's id.
/// # Errors
/// As [`create_transfer`](veza_ports::transfers::TransferService::create_transfer).
pub fn transfer_created(heard: Heard<'_>, transfer: &NewTransfer) -> Result<String, TransferError> {
    service::transfer_created(Ok(heard.answer()), transfer)
}

/// The answer to a reversal's creation: Connect's id.
/// # Errors
/// As [`create_reversal`](veza_ports::transfers::TransferService::create_reversal).
pub fn reversal_created(heard: Heard<'_>, reversal: &NewReversal) -> Result<String, TransferError> {
    service::reversal_created(Ok(heard.answer()), reversal)
}

/// The answer to a transfer's read, with the reversals that it embeds.
/// # Errors
/// As [`transfer`](veza_ports::transfers::TransferService::transfer).
pub fn transfer_read(heard: Heard<'_>) -> Result<Option<ListedTransfer>, LookupError> {
    let found: Option<WholeTransfer> = judge::read(Ok(heard.answer()), &[NO_SUCH_OBJECT])?;
    found.map(lists::embedded).transpose()
}

/// The answer to a payout's read.
/// # Errors
/// As [`payout`](veza_ports::transfers::TransferService::payout).
pub fn payout_read(heard: Heard<'_>) -> Result<Option<ListedPayout>, LookupError> {
    let found: Option<PayoutWire> = judge::read(Ok(heard.answer()), &[NO_SUCH_OBJECT])?;
    found.map(|payout| ListedPayout::try_from(payout).map_err(|error| LookupError(error.into()))).transpose()
}
