//! The reading half: reconcile and audit depend on this alone.
//!
//! A read asks Hyperswitch to ask its connector (`force_sync`), and the plain read after it has the last word on two answers that come
//! from there: that there is nothing (a connector account that was deleted is the same 404 as an object that never was), and, of disputes,
//! that it can't be told (most connectors can't be asked about them, contracts/hyperswitch.md §9).

use crate::Hyperswitch;
use crate::dispute::DisputeWire;
use crate::http::CallError;
use crate::judge::{self, NO_SUCH_DISPUTE, NO_SUCH_OBJECT};
use crate::wire::{PaymentWire, RefundWire};
use async_trait::async_trait;
use serde::de::DeserializeOwned;
use veza_ports::payments::{HyperswitchReadClient, Payment, PspDispute, PspRefund, ReadError};

impl Hyperswitch {
    pub(crate) async fn read_payment(&self, payment_id: &str) -> Result<Option<PaymentWire>, ReadError> {
        let found: Option<PaymentWire> = self.found(&["payments", payment_id], NO_SUCH_OBJECT).await?;
        of_this_id(found, |payment| payment.is(payment_id))
    }

    pub(crate) async fn read_refund(&self, refund_id: &str) -> Result<Option<RefundWire>, ReadError> {
        let found: Option<RefundWire> = self.found(&["refunds", refund_id], NO_SUCH_OBJECT).await?;
        of_this_id(found, |refund| refund.is(refund_id))
    }

    async fn read_dispute(&self, dispute_id: &str) -> Result<Option<DisputeWire>, ReadError> {
        let path = ["disputes", dispute_id];
        let found: Option<DisputeWire> = match self.found(&path, NO_SUCH_DISPUTE).await {
            Err(error) if judge::says_fault(&error) => judge::read(self.http.get(&path).await, NO_SUCH_DISPUTE)?,
            found => found?,
        };
        of_this_id(found, |dispute| dispute.is(dispute_id))
    }

    /// What a synced read says, or, where it says that there is nothing, a plain one.
    async fn found<T: DeserializeOwned>(&self, path: &[&str], missing: &str) -> Result<Option<T>, ReadError> {
        match judge::read(self.http.get_synced(path).await, missing)? {
            None => judge::read(self.http.get(path).await, missing),
            found => Ok(found),
        }
    }
}

fn of_this_id<T>(found: Option<T>, is: impl Fn(&T) -> bool) -> Result<Option<T>, ReadError> {
    match found {
        Some(other) if !is(&other) => Err(ReadError::Unavailable(CallError::OtherObject.into())),
        found => Ok(found),
    }
}

#[async_trait]
impl HyperswitchReadClient for Hyperswitch {
    /// With its disputes, each by a read of its own: among a payment's they have no currency (`DisputeResponsePaymentsRetrieve`).
    async fn payment(&self, payment_id: &str) -> Result<Option<Payment>, ReadError> {
        let Some(wire) = self.read_payment(payment_id).await? else { return Ok(None) };
        let mut disputes = Vec::new();
        for id in wire.dispute_ids() {
            disputes.extend(self.dispute(id).await?);
        }
        Ok(Some(Payment { disputes, ..Payment::from(wire) }))
    }

    async fn refund(&self, refund_id: &str) -> Result<Option<PspRefund>, ReadError> {
        Ok(self.read_refund(refund_id).await?.map(PspRefund::from))
    }

    async fn dispute(&self, dispute_id: &str) -> Result<Option<PspDispute>, ReadError> {
        Ok(self.read_dispute(dispute_id).await?.map(PspDispute::from))
    }
}
