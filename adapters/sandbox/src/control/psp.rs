//! What the buyer, the bank and the operator of the PSP's dashboard do.

use crate::{
    hyperswitch::{
        disputes::{self, NewDispute},
        methods,
        payments::{self, Outcome},
        refunds,
    },
    model::{Behaviour, PaymentStatus, RefundStatus},
    script::Faults,
    state::State,
};

use super::{Control, ControlError, not_found};

impl Control {
    fn try_payment(&self, payment_id: &str, outcome: Outcome) -> Result<(), ControlError> {
        self.core.write(|state| match payment_status(state, payment_id)? {
            PaymentStatus::Succeeded
            | PaymentStatus::PartiallyCaptured
            | PaymentStatus::PartiallyCapturedAndCapturable
            | PaymentStatus::RequiresCapture => Err(ControlError::Refused("the payment is over, or authorized".to_owned())),
            PaymentStatus::Cancelled | PaymentStatus::Expired if outcome != Outcome::Approved => {
                Err(ControlError::Refused("the payment is over".to_owned()))
            }
            _ => {
                if let Some(payment) = state.payments.edit(payment_id) {
                    payment.customer_acceptance.get_or_insert_with(methods::acceptance);
                }
                payments::attempt(state, payment_id, outcome, false);
                Ok(())
            }
        })?
    }

    /// The customer pays, and agrees to what the payment wants kept; also resolves a payment in `processing`, and one that had failed, expired or was cancelled (a late
    /// success).
    pub fn pay(&self, payment_id: &str) -> Result<(), ControlError> {
        self.try_payment(payment_id, Outcome::Approved)
    }

    /// The bank declines.
    pub fn decline(&self, payment_id: &str) -> Result<(), ControlError> {
        self.try_payment(payment_id, Outcome::declined())
    }

    /// The session ends unpaid.
    pub fn expire(&self, payment_id: &str) -> Result<(), ControlError> {
        self.core.write(|state| match payment_status(state, payment_id)? {
            PaymentStatus::RequiresPaymentMethod | PaymentStatus::RequiresConfirmation | PaymentStatus::RequiresCustomerAction => {
                payments::set_status(state, payment_id, PaymentStatus::Expired);
                Ok(())
            }
            _ => Err(ControlError::Refused("the payment is past its session".to_owned())),
        })?
    }

    /// How a saved method takes the charges that come from now on.
    pub fn set_saved_method(&self, payment_method_id: &str, behaviour: Behaviour) -> Result<(), ControlError> {
        self.core.write(|state| {
            let method = state.saved_methods.edit(payment_method_id).ok_or_else(|| not_found("saved method", payment_method_id))?;
            method.behaviour = behaviour;
            Ok(())
        })?
    }

    /// The customer, or the bank, takes back the consent to a saved method (`mandate_revoked`).
    pub fn revoke_saved_method(&self, payment_method_id: &str) -> Result<(), ControlError> {
        self.core.write(|state| {
            if !state.saved_methods.contains(payment_method_id) {
                return Err(not_found("saved method", payment_method_id));
            }
            methods::revoke(state, payment_method_id).map_err(ControlError::Refused)
        })?
    }

    /// A captured payment turns out to have failed: what was not refunded or disputed is taken back.
    pub fn fail_payment(&self, payment_id: &str) -> Result<(), ControlError> {
        self.core.write(|state| {
            payment_status(state, payment_id)?;
            payments::fail_after_success(state, payment_id).map_err(ControlError::Refused)
        })?
    }

    /// A refund from the PSP's dashboard; answers its id.
    pub fn refund_from_dashboard(&self, payment_id: &str, amount: Option<i64>) -> Result<String, ControlError> {
        let request = refunds::Request { payment_id: payment_id.to_owned(), refund_id: None, amount, reason: None, metadata: None };
        self.core.write(|state| {
            payment_status(state, payment_id)?;
            refunds::open(state, request, &Faults::default(), true).map_err(|answer| ControlError::Refused(answer.body))
        })?
    }

    /// The cardholder disputes; answers the dispute's id.
    pub fn dispute(&self, payment_id: &str, amount: Option<i64>) -> Result<String, ControlError> {
        self.open_dispute(payment_id, NewDispute { amount, ..NewDispute::default() })
    }

    /// The same with all that the bank says about it.
    pub fn open_dispute(&self, payment_id: &str, new: NewDispute) -> Result<String, ControlError> {
        self.core.write(|state| {
            payment_status(state, payment_id)?;
            disputes::open(state, payment_id, new).map_err(ControlError::Refused)
        })?
    }

    /// Moves a dispute to `won`, `lost`, `challenged`, `accepted`, `cancelled` or `expired`, or back to `opened`.
    pub fn set_dispute(&self, dispute_id: &str, status: &str) -> Result<(), ControlError> {
        self.move_dispute(dispute_id, status, None)
    }

    /// The same, and to another stage: `pre_dispute`, `dispute`, `pre_arbitration`, `arbitration`, `dispute_reversal`.
    pub fn move_dispute(&self, dispute_id: &str, status: &str, stage: Option<&str>) -> Result<(), ControlError> {
        self.core.write(|state| {
            if !state.disputes.contains(dispute_id) {
                return Err(not_found("dispute", dispute_id));
            }
            disputes::set_status(state, dispute_id, status, stage.map(str::to_owned)).map_err(ControlError::Refused)
        })?
    }

    fn settle_refund(&self, refund_id: &str, succeeds: bool) -> Result<(), ControlError> {
        self.core.write(|state| {
            let refund = state.refunds.get(refund_id).ok_or_else(|| not_found("refund", refund_id))?;
            match (refund.status, succeeds) {
                (RefundStatus::Succeeded, true) | (RefundStatus::Failed, false) => {
                    return Err(ControlError::Refused(format!("the refund is {:?} already", refund.status)));
                }
                (RefundStatus::Failed, true) if !refunds::fits(state, refund_id) => {
                    return Err(ControlError::Refused("too little is left of the payment by now".to_owned()));
                }
                _ => {}
            }
            refunds::settle(state, refund_id, succeeds, None);
            Ok(())
        })?
    }

    /// A pending refund succeeds, or one that had failed succeeds after all.
    pub fn succeed_refund(&self, refund_id: &str) -> Result<(), ControlError> {
        self.settle_refund(refund_id, true)
    }

    /// A pending refund fails, or one that had succeeded fails after all.
    pub fn fail_refund(&self, refund_id: &str) -> Result<(), ControlError> {
        self.settle_refund(refund_id, false)
    }
}

fn payment_status(state: &State, payment_id: &str) -> Result<PaymentStatus, ControlError> {
    state.payments.get(payment_id).map(|payment| payment.status).ok_or_else(|| not_found("payment", payment_id))
}
