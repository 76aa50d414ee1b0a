//! The reading half: reconcile and audit depend on this alone.

use crate::Hyperswitch;
use crate::dispute::DisputeWire;
use crate::http::CallError;
use crate::judge::{self, NO_SUCH_DISPUTE, NO_SUCH_OBJECT};
use crate::wire::{PaymentWire, RefundWire};
use async_trait::async_trait;
use veza_ports::payments::{HyperswitchReadClient, Payment, PspDispute, PspRefund, ReadError};

impl Hyperswitch {
    pub(crate) async fn read_payment(&self, payment_id: &str) -> Result<Option<PaymentWire>, ReadError> {
        let found: Option<PaymentWire> = judge::read(self.http.get_synced(&["payments", payment_id]).await, NO_SUCH_OBJECT)?;
        match found {
            Some(payment) if !payment.is(payment_id) => Err(ReadError::Unavailable(CallError::OtherObject.into())),
            found => Ok(found),
        }
    }

    pub(crate) async fn read_refund(&self, refund_id: &str) -> Result<Option<RefundWire>, ReadError> {
        let found: Option<RefundWire> = judge::read(self.http.get_synced(&["refunds", refund_id]).await, NO_SUCH_OBJECT)?;
        match found {
            Some(refund) if !refund.is(refund_id) => Err(ReadError::Unavailable(CallError::OtherObject.into())),
            found => Ok(found),
        }
    }

    async fn read_dispute(&self, dispute_id: &str) -> Result<Option<DisputeWire>, ReadError> {
        let found: Option<DisputeWire> = judge::read(self.http.get_synced(&["disputes", dispute_id]).await, NO_SUCH_DISPUTE)?;
        match found {
            Some(dispute) if !dispute.is(dispute_id) => Err(ReadError::Unavailable(CallError::OtherObject.into())),
            found => Ok(found),
        }
    }
}

#[async_trait]
impl HyperswitchReadClient for Hyperswitch {
    async fn payment(&self, payment_id: &str) -> Result<Option<Payment>, ReadError> {
        Ok(self.read_payment(payment_id).await?.map(Payment::from))
    }

    async fn refund(&self, refund_id: &str) -> Result<Option<PspRefund>, ReadError> {
        Ok(self.read_refund(refund_id).await?.map(PspRefund::from))
    }

    async fn dispute(&self, dispute_id: &str) -> Result<Option<PspDispute>, ReadError> {
        Ok(self.read_dispute(dispute_id).await?.map(PspDispute::from))
    }
}
