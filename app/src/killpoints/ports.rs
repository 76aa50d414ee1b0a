//! The providers' ports and the mailer, each call between two points: `before` nothing was said, `after` the answer is known to
//! nobody but this process.

use super::Plan;
use async_trait::async_trait;
use std::sync::Arc;
use veza_domain::ids::{PlacementId, UserId};
use veza_ports::distribution::{self, DistributorError, DistributorProvider, NewPlacement, PartnerPlacement};
use veza_ports::mail::{Mail, MailError, Mailer};
use veza_ports::payments::{
    HyperswitchReadClient, NewPayment, NewRefund, Payment, PaymentProvider, PspDispute, PspError, PspRefund, ReadError,
};
use veza_ports::transfers::{
    ConnectAccount, Found, ListedPayout, ListedTransfer, LookupError, NewReversal, NewTransfer, OnboardingLink, TransferError,
    TransferFilter, TransferPage, TransferService,
};

/// A port with points.
pub(super) struct Points<P: ?Sized> {
    pub(super) inner: Arc<P>,
    pub(super) plan: Arc<Plan>,
}

#[async_trait]
impl PaymentProvider for Points<dyn PaymentProvider> {
    async fn create_payment(&self, key: &str, payment: &NewPayment) -> Result<Payment, PspError> {
        self.plan.around("psp.create_payment", self.inner.create_payment(key, payment)).await
    }

    async fn create_refund(&self, key: &str, refund: &NewRefund) -> Result<PspRefund, PspError> {
        self.plan.around("psp.create_refund", self.inner.create_refund(key, refund)).await
    }
}

#[async_trait]
impl HyperswitchReadClient for Points<dyn HyperswitchReadClient> {
    async fn payment(&self, payment_id: &str) -> Result<Option<Payment>, ReadError> {
        self.plan.around("psp.read_payment", self.inner.payment(payment_id)).await
    }

    async fn refund(&self, refund_id: &str) -> Result<Option<PspRefund>, ReadError> {
        self.plan.around("psp.read_refund", self.inner.refund(refund_id)).await
    }

    async fn dispute(&self, dispute_id: &str) -> Result<Option<PspDispute>, ReadError> {
        self.plan.around("psp.read_dispute", self.inner.dispute(dispute_id)).await
    }
}

#[async_trait]
impl TransferService for Points<dyn TransferService> {
    async fn create_account(&self, key: &str, seller: UserId, email: &str) -> Result<ConnectAccount, TransferError> {
        self.plan.around("connect.create_account", self.inner.create_account(key, seller, email)).await
    }

    async fn onboarding_link(
        &self,
        key: &str,
        account_id: &str,
        return_url: &str,
        refresh_url: &str,
    ) -> Result<OnboardingLink, TransferError> {
        self.plan.around("connect.create_onboarding_link", self.inner.onboarding_link(key, account_id, return_url, refresh_url)).await
    }

    async fn account(&self, account_id: &str) -> Result<Option<ConnectAccount>, LookupError> {
        self.plan.around("connect.read_account", self.inner.account(account_id)).await
    }

    async fn create_transfer(&self, key: &str, transfer: &NewTransfer) -> Result<String, TransferError> {
        self.plan.around("connect.create_transfer", self.inner.create_transfer(key, transfer)).await
    }

    async fn create_reversal(&self, key: &str, reversal: &NewReversal) -> Result<String, TransferError> {
        self.plan.around("connect.create_reversal", self.inner.create_reversal(key, reversal)).await
    }

    async fn find_transfer(&self, transfer: &NewTransfer) -> Result<Found, LookupError> {
        self.plan.around("connect.find_transfer", self.inner.find_transfer(transfer)).await
    }

    async fn find_reversal(&self, reversal: &NewReversal) -> Result<Found, LookupError> {
        self.plan.around("connect.find_reversal", self.inner.find_reversal(reversal)).await
    }

    async fn transfer(&self, stripe_transfer_id: &str) -> Result<Option<ListedTransfer>, LookupError> {
        self.plan.around("connect.read_transfer", self.inner.transfer(stripe_transfer_id)).await
    }

    async fn transfers(&self, which: &TransferFilter, after: Option<&str>) -> Result<TransferPage, LookupError> {
        self.plan.around("connect.list_transfers", self.inner.transfers(which, after)).await
    }

    async fn payout(&self, account_id: &str, payout_id: &str) -> Result<Option<ListedPayout>, LookupError> {
        self.plan.around("connect.read_payout", self.inner.payout(account_id, payout_id)).await
    }
}

#[async_trait]
impl DistributorProvider for Points<dyn DistributorProvider> {
    async fn submit(&self, placement: &NewPlacement) -> Result<PartnerPlacement, DistributorError> {
        self.plan.around("distributor.submit", self.inner.submit(placement)).await
    }

    async fn find(&self, id: PlacementId) -> Result<Option<PartnerPlacement>, distribution::LookupError> {
        self.plan.around("distributor.find", self.inner.find(id)).await
    }

    async fn read(&self, partner_id: &str) -> Result<Option<PartnerPlacement>, distribution::LookupError> {
        self.plan.around("distributor.read", self.inner.read(partner_id)).await
    }

    async fn take_down(&self, id: PlacementId, partner_id: &str) -> Result<PartnerPlacement, DistributorError> {
        self.plan.around("distributor.take_down", self.inner.take_down(id, partner_id)).await
    }
}

#[async_trait]
impl Mailer for Points<dyn Mailer> {
    async fn check(&self) -> Result<(), MailError> {
        self.inner.check().await
    }

    async fn send(&self, mail: &Mail) -> Result<(), MailError> {
        self.plan.around("mail.send", self.inner.send(mail)).await
    }
}
