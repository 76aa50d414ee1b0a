//! The creating half. A refusal is believed only once it is clear that no earlier call with the same id took effect.

use crate::Hyperswitch;
use crate::http::CallError;
use crate::judge;
use crate::wire::{PaymentBody, PaymentWire, RefundBody, RefundWire};
use async_trait::async_trait;
use serde::Serialize;
use veza_ports::payments::{IdempotencyKey, NewPayment, NewRefund, Payment, PaymentMethod, PaymentProvider, PspError, PspRefund};

/// The id is taken, by us or by someone else (§6).
const DUPLICATE: &str = "HE_01";

#[async_trait]
impl PaymentProvider for Hyperswitch {
    async fn create_payment(&self, key: &str, payment: &NewPayment) -> Result<Payment, PspError> {
        let key = IdempotencyKey::new(key)?;
        let body = json(&PaymentBody::new(payment, self.profile_id.as_deref()))?;
        match judge::created(self.http.post(&["payments"], key.as_str(), body).await) {
            Ok(created) => adopt_payment(created, payment),
            Err(PspError::Refused { code, .. }) if code == DUPLICATE => self.find_payment(payment).await,
            Err(PspError::Refused { code, message }) if matches!(payment.method, PaymentMethod::Saved(_)) => {
                self.find_charge(payment, code, message).await
            }
            Err(error) => Err(error),
        }
    }

    async fn create_refund(&self, key: &str, refund: &NewRefund) -> Result<PspRefund, PspError> {
        let key = IdempotencyKey::new(key)?;
        let body = json(&RefundBody::new(refund))?;
        match judge::created(self.http.post(&["refunds"], key.as_str(), body).await) {
            Ok(created) => adopt_refund(created, refund),
            Err(PspError::Refused { code, message }) => self.find_refund(refund, code, message).await,
            Err(error) => Err(error),
        }
    }
}

impl Hyperswitch {
    /// The payment that an earlier call with this id opened.
    async fn find_payment(&self, wanted: &NewPayment) -> Result<Payment, PspError> {
        match self.read_payment(&wanted.payment_id).await {
            Ok(Some(found)) => adopt_payment(found, wanted),
            Ok(None) => Err(PspError::Unknown(CallError::Contradiction(DUPLICATE.to_owned()).into())),
            Err(error) => Err(PspError::Unknown(error.into())),
        }
    }

    /// The charge that an earlier call with this id made, else the refusal.
    ///
    /// A charge moves money at once, and the method is looked at before the id: a repeat of one that succeeded may be refused
    /// because the method was revoked since. So here too only a read proves that there is none.
    async fn find_charge(&self, wanted: &NewPayment, code: String, message: String) -> Result<Payment, PspError> {
        match self.read_payment(&wanted.payment_id).await {
            Ok(Some(found)) if !found.is_untried() => adopt_payment(found, wanted),
            Ok(_) => Err(PspError::Refused { code, message }),
            Err(error) => Err(PspError::Unknown(error.into())),
        }
    }

    /// The refund that an earlier call with this id made, else the refusal.
    ///
    /// Most checks of §5 come before the one for a duplicate id, so a repeat of a refund that was carried out may be
    /// answered `IR_13` (nothing left), `IR_12` (too many), `IR_14` (the payment moved on) …: no refusal of a refund proves
    /// that there is none, only a read does.
    async fn find_refund(&self, wanted: &NewRefund, code: String, message: String) -> Result<PspRefund, PspError> {
        match self.read_refund(&wanted.refund_id.to_string()).await {
            Ok(Some(found)) => adopt_refund(found, wanted),
            Ok(None) if code == DUPLICATE => Err(PspError::Unknown(CallError::Contradiction(code).into())),
            Ok(None) => Err(PspError::Refused { code, message }),
            Err(error) => Err(PspError::Unknown(error.into())),
        }
    }
}

fn adopt_payment(found: PaymentWire, wanted: &NewPayment) -> Result<Payment, PspError> {
    match found.difference(wanted) {
        None => Ok(found.into()),
        Some(difference) => Err(PspError::NotOurs(difference)),
    }
}

fn adopt_refund(found: RefundWire, wanted: &NewRefund) -> Result<PspRefund, PspError> {
    match found.difference(wanted) {
        None => Ok(found.into()),
        Some(difference) => Err(PspError::NotOurs(difference)),
    }
}

fn json(body: &impl Serialize) -> Result<Vec<u8>, PspError> {
    serde_json::to_vec(body).map_err(|error| PspError::Unavailable(error.into()))
}
